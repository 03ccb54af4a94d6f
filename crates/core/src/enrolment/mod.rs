//! Enrolment at the camera: which frames of the person in front become templates.
//!
//! The face is chosen first and held fast ([`FrozenFace`]). The person is then asked to face
//! the camera and to turn a little to either side; every good look at that very face is a
//! sample. What was taken is shown ([`Confirmation`]) before anything is written.
//!
//! Invariants:
//! - Every sample shows the face that was chosen: it is seen on its track and looks like it,
//!   or looks still more like it after it was away.
//! - Nothing is written that nobody has confirmed.

mod choosing;
mod confirmation;
mod frozen;
pub mod identity;
mod pose;

use crate::say;
use rollcall_messages::{Message, Said};
use std::sync::Arc;
use std::time::Duration;

pub use self::choosing::Choosing;
pub use self::confirmation::Confirmation;
pub use self::frozen::{FrozenFace, IsNamed};
pub use self::pose::{POSE_PATIENCE, Pose};

use self::frozen::RETURNED;
use self::pose::PosePlan;
use super::consensus::Tracker;
use super::embedding::{Cosine, Embedding};
use super::frame::{Frame, Moment};
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
    /// The face it is about; the first good one that comes alone if none was chosen.
    pub face: Option<FrozenFace>,
    policy: EnrolmentPolicy,
    plan: PosePlan,
    /// Since when the person is asked for the pose that comes next.
    asked_since: Moment,
    last_progress: Moment,
}

/// What the person in front of the camera should do, or has just done.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Hint {
    /// Nobody is in the picture.
    NoFace,
    /// Two faces are about equally large.
    OneAtATime,
    /// The frame was refused.
    Quality(QualityIssue),
    /// This face is not the one that was chosen.
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

impl Said for Hint {
    fn said(&self) -> Message {
        match self {
            Self::NoFace => say::HINT_NO_FACE.into(),
            Self::OneAtATime => say::HINT_ONE_AT_A_TIME.into(),
            Self::Quality(issue) => issue.said(),
            Self::AnotherFace => say::HINT_ANOTHER_FACE.into(),
            Self::Kept => say::HINT_KEPT.into(),
            Self::Hold => say::HINT_HOLD.into(),
            Self::FaceTheCamera => say::HINT_FACE_THE_CAMERA.into(),
            Self::Turn(side) => say::hint_turn(side.text()),
        }
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said().fmt(f)
    }
}

/// How an enrolment goes on after a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// More samples are needed.
    Continue,
    /// All samples are there.
    Complete,
    /// No good frame for too long.
    GaveUp,
}

/// Of a sample that is less alike to the others, on average, it is doubtful whose face it is.
const OUTLIER: Cosine = Cosine(0.5);

/// Two faces of one frame that are so nearly as like the chosen one cannot be told apart.
const TWINS: f32 = 0.1;

/// A second face smaller than this share of the largest stands in the background.
const BYSTANDER_SHARE: f32 = 0.5;

impl Enrolment {
    /// Starts to look for samples of `face` at `now`.
    pub fn start(
        (name, code): (PersonName, PersonCode),
        face: Option<FrozenFace>,
        policy: EnrolmentPolicy,
        now: Moment,
    ) -> Self {
        Self {
            name,
            code,
            samples: Vec::with_capacity(policy.samples),
            wanted: policy.samples.max(1),
            hint: Hint::NoFace,
            face,
            policy,
            plan: PosePlan::default(),
            asked_since: now,
            last_progress: now,
        }
    }

    /// Takes in one frame, whose faces `tracker` has followed.
    pub fn observe(
        &mut self,
        observation: &Observation,
        tracker: &Tracker,
        now: &Moment,
    ) -> Progress {
        if let Some(progress) = self.give_up(now) {
            return progress;
        }
        match self.usable_face(observation, tracker, now) {
            Err(hint) => {
                if hint == Hint::NoFace {
                    // Nobody was there to be asked for a pose.
                    self.asked_since = *now;
                }
                self.hint = hint;
                Progress::Continue
            }
            Ok((face, embedding)) => {
                self.hold_fast(face, tracker);
                self.samples.push(EnrolmentSample {
                    frame: Arc::clone(&observation.frame),
                    bounding_box: face.detection.bounding_box,
                    embedding: embedding.clone(),
                    quality: face.quality,
                });
                self.last_progress = *now;
                self.asked_since = *now;
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
        tracker: &Tracker,
        now: &Moment,
    ) -> Result<(&'a FaceObservation, &'a Embedding), Hint> {
        let face = match &self.face {
            None => only_near_face(&observation.faces)?,
            Some(chosen) => self.find(chosen, &observation.faces, tracker)?,
        };
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
        if !self.samples.is_empty() && now.since(&self.last_progress) < self.policy.spacing {
            return Err(Hint::Hold);
        }
        self.ask_for_the_pose(face.quality.turn, now)?;
        Ok((face, embedding))
    }

    /// The chosen face among those of a frame: the one on its track, unless a close look
    /// shows another; or, if it was away, one that is clearly like it.
    fn find<'a>(
        &self,
        chosen: &FrozenFace,
        faces: &'a [FaceObservation],
        tracker: &Tracker,
    ) -> Result<&'a FaceObservation, Hint> {
        let likeness = |face: &FaceObservation| {
            let embedding = face.embedding.as_ref();
            embedding.map_or(-1.0, |e| chosen.look.embedding.similarity(e).0)
        };
        let mut tracks = tracker.in_sight();
        let track = tracks.find(|track| track.id == chosen.track);
        let on_track = faces.iter().find(|face| {
            let place = track.map(|track| track.detection);
            place == Some(face.detection)
        });
        let nearest = faces
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.ok_or(Hint::NoFace)?;
        let face = on_track.unwrap_or(nearest);
        let is_alone = faces
            .iter()
            .all(|other| std::ptr::eq(other, face) || likeness(other) < likeness(face) - TWINS);
        let Some(embedding) = &face.embedding else {
            // Who is not looked at closely is the chosen one only on the track.
            return match (on_track, faces) {
                (Some(face), _) | (None, [face]) => Ok(face),
                (None, _) => Err(Hint::AnotherFace),
            };
        };
        let samples = self.samples.iter().map(|sample| &sample.embedding);
        let is_shown = match on_track {
            Some(_) => chosen.is_shown_by(embedding, samples),
            None => likeness(face) >= RETURNED.0,
        };
        match (is_shown, is_alone) {
            (true, true) => Ok(face),
            (true, false) => Err(Hint::OneAtATime),
            (false, _) => Err(Hint::AnotherFace),
        }
    }

    /// Ties the enrolment to a face that a sample is taken of.
    fn hold_fast(&mut self, face: &FaceObservation, tracker: &Tracker) {
        let mut tracks = tracker.in_sight();
        let Some(track) = tracks.find(|track| track.detection == face.detection) else {
            return;
        };
        match &mut self.face {
            // It was away and is followed anew.
            Some(chosen) => chosen.track = track.id,
            None => self.face = FrozenFace::of(track),
        }
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
