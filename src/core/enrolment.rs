//! Enrolment at the camera: which frames of the person in front become templates.

use std::sync::Arc;
use std::time::Duration;

use super::embedding::{Cosine, Embedding};
use super::frame::{Frame, Moment};
use super::gallery::{Candidate, Gallery, MatchPolicy};
use super::geometry::BoundingBox;
use super::observation::{FaceObservation, Observation};
use super::person::{PersonCode, PersonName};
use super::quality::{FaceQuality, QualityGate, QualityIssue, is_cut_off};

/// How enrolment at the camera goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrolmentPolicy {
    /// Samples to take.
    pub samples: usize,
    /// Least time between two samples, so that they differ.
    pub spacing: Duration,
    /// Time without a new sample after which enrolment gives up.
    pub patience: Duration,
}

impl Default for EnrolmentPolicy {
    fn default() -> Self {
        Self {
            samples: 5,
            spacing: Duration::from_millis(400),
            patience: Duration::from_secs(60),
        }
    }
}

/// A frame that was good enough to keep.
#[derive(Debug, Clone)]
pub struct EnrolmentSample {
    /// The whole picture.
    pub frame: Arc<Frame>,
    /// Where the face is in it.
    pub bounding_box: BoundingBox,
    /// The face as a vector.
    pub embedding: Embedding,
    /// How good it is.
    pub quality: FaceQuality,
}

/// An enrolment under way.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// Who is being enrolled.
    pub name: PersonName,
    /// Under which code.
    pub code: PersonCode,
    /// What has been kept so far.
    pub samples: Vec<EnrolmentSample>,
    /// How many samples are wanted.
    pub wanted: usize,
    /// What the person should do now.
    pub hint: Hint,
    policy: EnrolmentPolicy,
    last_progress: Moment,
}

/// What the person in front of the camera should do, or has just done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hint {
    /// Nobody is in the picture.
    NoFace,
    /// Two faces are about equally large.
    OneAtATime,
    /// The frame was refused.
    Quality(QualityIssue),
    /// This face is not the one the first samples were taken of.
    AnotherFace,
    /// A frame was kept.
    Kept,
    /// Wait a moment: the next frame would be the same again.
    Hold,
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Hint::NoFace => f.pad("no face: stand in front of the camera"),
            Hint::OneAtATime => f.pad("one at a time"),
            Hint::Quality(issue) => issue.fmt(f),
            Hint::AnotherFace => f.pad("this is another face than before"),
            Hint::Kept => f.pad("good, once more"),
            Hint::Hold => f.pad("good, move your head a little"),
        }
    }
}

/// How an enrolment goes on after a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// More samples are needed.
    Continue,
    /// All samples are there.
    Complete,
    /// The face is already enrolled as somebody.
    Clash(Candidate),
    /// No good frame for too long.
    GaveUp,
}

/// Two samples of one person in one visit are at least this alike.
const CONSISTENT: Cosine = Cosine(0.4);

/// A second face smaller than this share of the largest stands in the background.
const BYSTANDER_SHARE: f32 = 0.5;

impl Enrolment {
    /// Starts to look for samples at `now`.
    pub fn start(name: PersonName, code: PersonCode, policy: EnrolmentPolicy, now: Moment) -> Self {
        Self {
            name,
            code,
            samples: Vec::with_capacity(policy.samples),
            wanted: policy.samples.max(1),
            hint: Hint::NoFace,
            policy,
            last_progress: now,
        }
    }

    /// Takes in one frame.
    pub fn observe(
        &mut self,
        observation: &Observation,
        gallery: &Gallery,
        matching: &MatchPolicy,
        now: &Moment,
    ) -> Progress {
        if let Some(progress) = self.give_up(now) {
            return progress;
        }
        match self.usable_face(observation, now) {
            Err(hint) => {
                self.hint = hint;
                Progress::Continue
            }
            Ok((face, embedding)) => {
                if let Some(clash) = clash(embedding, gallery, matching) {
                    return Progress::Clash(clash);
                }
                self.samples.push(EnrolmentSample {
                    frame: Arc::clone(&observation.frame),
                    bounding_box: face.detection.bounding_box,
                    embedding: embedding.clone(),
                    quality: face.quality,
                });
                self.last_progress = *now;
                self.hint = Hint::Kept;
                if self.samples.len() >= self.wanted {
                    Progress::Complete
                } else {
                    Progress::Continue
                }
            }
        }
    }

    /// Ends an enrolment that has made no progress for too long.
    pub fn give_up(&self, now: &Moment) -> Option<Progress> {
        (now.since(&self.last_progress) > self.policy.patience).then_some(Progress::GaveUp)
    }

    /// The face to take a sample of, or why this frame gives none.
    fn usable_face<'a>(
        &self,
        observation: &'a Observation,
        now: &Moment,
    ) -> Result<(&'a FaceObservation, &'a Embedding), Hint> {
        let face = only_near_face(&observation.faces)?;
        let image = &observation.frame.image;
        if is_cut_off(&face.detection, image.width(), image.height()) {
            return Err(Hint::Quality(QualityIssue::OutOfFrame));
        }
        QualityGate::ENROLMENT
            .check(&face.quality)
            .map_err(Hint::Quality)?;
        let embedding = face
            .embedding
            .as_ref()
            .ok_or(Hint::Quality(QualityIssue::Unclear))?;
        let differs = |s: &EnrolmentSample| s.embedding.similarity(embedding) < CONSISTENT;
        if self.samples.iter().any(differs) {
            return Err(Hint::AnotherFace);
        }
        if !self.samples.is_empty() && now.since(&self.last_progress) < self.policy.spacing {
            return Err(Hint::Hold);
        }
        Ok((face, embedding))
    }
}

/// The nearest face, if no other is about as near.
fn only_near_face(faces: &[FaceObservation]) -> Result<&FaceObservation, Hint> {
    let area = |f: &FaceObservation| f.detection.bounding_box.area();
    let nearest = faces
        .iter()
        .max_by(|a, b| area(a).total_cmp(&area(b)))
        .ok_or(Hint::NoFace)?;
    let near = |f: &&FaceObservation| area(f) >= BYSTANDER_SHARE * area(nearest);
    if faces.iter().filter(near).count() > 1 {
        return Err(Hint::OneAtATime);
    }
    Ok(nearest)
}

fn clash(embedding: &Embedding, gallery: &Gallery, matching: &MatchPolicy) -> Option<Candidate> {
    // The margin does not matter here: a face like two enrolled people is enrolled all the same.
    gallery
        .search(embedding)
        .filter(|candidate| candidate.similarity >= matching.threshold)
}
