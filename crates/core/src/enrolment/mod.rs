//! Enrolment at the camera: which frames of the person in front become templates.
//!
//! The person is asked to face the camera and then to turn a little to either side;
//! every good look is a sample. Samples that do not show the same face as the others are
//! dropped, and the one that was taken of somebody else first does not spoil the rest.

mod pose;

use std::sync::Arc;
use std::time::Duration;

pub use self::pose::{POSE_PATIENCE, Pose};

use self::pose::PosePlan;
use super::embedding::{Cosine, Embedding};
use super::frame::{Frame, Moment};
use super::gallery::{Candidate, Gallery, MatchPolicy};
use super::geometry::BoundingBox;
use super::liveness::Side;
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
    /// Whether the picture shows left and right exchanged.
    pub mirrored: bool,
}

impl Default for EnrolmentPolicy {
    fn default() -> Self {
        Self {
            samples: 5,
            spacing: Duration::from_millis(400),
            patience: Duration::from_secs(60),
            mirrored: false,
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
    plan: PosePlan,
    /// Since when the person is asked for the pose that comes next.
    asked_since: Moment,
    /// Good looks in a row that did not show the face of the samples.
    others: Vec<Embedding>,
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
    /// Face the camera.
    FaceTheCamera,
    /// Turn the head a little to this side.
    Turn(Side),
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
            Hint::FaceTheCamera => f.pad("look into the camera"),
            Hint::Turn(side) => write!(f, "turn your head a little to the {side}"),
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

/// Of a sample that is less alike to the others, on average, it is doubtful whose face it is.
const OUTLIER: Cosine = Cosine(0.5);

/// So many good looks in a row at one other face mean that the first sample was wrong.
const INSISTING: usize = 3;

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
            plan: PosePlan::default(),
            asked_since: now,
            others: Vec::new(),
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
                if hint == Hint::NoFace {
                    // Nobody was there to be asked for a pose.
                    self.asked_since = *now;
                }
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
                self.asked_since = *now;
                self.others.clear();
                self.hint = Hint::Kept;
                self.drop_an_outlier();
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
        &mut self,
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
            // Not looked at closely this time: what was said before stands.
            .ok_or(self.hint)?;
        if !self.is_face_of_the_samples(embedding) {
            return Err(Hint::AnotherFace);
        }
        if !self.samples.is_empty() && now.since(&self.last_progress) < self.policy.spacing {
            return Err(Hint::Hold);
        }
        self.ask_for_the_pose(face.quality.turn, now)?;
        Ok((face, embedding))
    }

    fn pose_of(&self, turn: f32) -> Pose {
        Pose::of(turn, self.policy.mirrored)
    }

    /// Whether a head turned so far is what is wanted now, or has to do.
    fn ask_for_the_pose(&mut self, turn: f32, now: &Moment) -> Result<(), Hint> {
        let taken: Vec<Pose> = self
            .samples
            .iter()
            .map(|sample| self.pose_of(sample.quality.turn))
            .collect();
        let Some(wanted) = self.plan.next(&taken) else {
            return Ok(());
        };
        if self.pose_of(turn) == wanted {
            return Ok(());
        }
        if now.since(&self.asked_since) >= POSE_PATIENCE {
            self.plan.give_up(wanted);
            self.asked_since = *now;
        }
        Err(match wanted {
            Pose::Frontal => Hint::FaceTheCamera,
            Pose::Turned(side) => Hint::Turn(side),
        })
    }

    /// Whether a face is that of the samples. One that insists on being another takes the
    /// place of a single sample: that one may have been of somebody who walked past.
    fn is_face_of_the_samples(&mut self, face: &Embedding) -> bool {
        let alike = |other: &Embedding| other.similarity(face) >= CONSISTENT;
        if self.samples.iter().all(|sample| alike(&sample.embedding)) {
            return true;
        }
        if !self.others.iter().all(alike) {
            self.others.clear();
        }
        self.others.push(face.clone());
        if self.samples.len() == 1 && self.others.len() >= INSISTING {
            self.samples.clear();
            return true;
        }
        false
    }

    /// Drops the sample that is least like the others, if it is hardly like them.
    fn drop_an_outlier(&mut self) {
        if self.samples.len() < 3 {
            return;
        }
        let mean_similarity = |index: usize| {
            let own = &self.samples[index].embedding;
            let others = self.samples.iter().enumerate();
            let sum: f32 = others
                .filter(|(other, _)| *other != index)
                .map(|(_, sample)| sample.embedding.similarity(own).0)
                .sum();
            sum / (self.samples.len() - 1) as f32
        };
        let least = (0..self.samples.len())
            .map(|index| (mean_similarity(index), index))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, index)) = least.filter(|(similarity, _)| *similarity < OUTLIER.0) {
            self.samples.remove(index);
        }
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
        .filter(|c| c.similarity >= matching.threshold_among(gallery.people_count()))
}
