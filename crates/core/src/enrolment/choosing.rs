//! Whose face an enrolment will be of: chosen among those that were there when it was asked
//! for, or the next one that comes alone.

use std::time::Duration;

use super::frozen::{self, FrozenFace};
use super::only_near_face;
use crate::consensus::{TrackId, Tracker};
use crate::frame::Moment;
use crate::observation::Observation;
use crate::quality::QualityGate;

/// After this long nobody is choosing any more.
const PATIENCE: Duration = Duration::from_secs(600);

/// The faces to choose from.
#[derive(Debug, Clone)]
pub struct Choosing {
    /// As they were when the enrolment was asked for, the largest first.
    pub faces: Vec<FrozenFace>,
    /// Whether the next face that comes alone shall be the one.
    pub waits: bool,
    since: Moment,
}

impl Choosing {
    /// Holds fast the faces in sight.
    pub fn start(tracker: &Tracker, now: &Moment) -> Self {
        Self {
            faces: frozen::in_sight(tracker),
            waits: false,
            since: *now,
        }
    }

    /// Goes back to a face that was chosen before.
    pub(crate) fn again(face: FrozenFace, now: &Moment) -> Self {
        Self {
            faces: vec![face],
            waits: false,
            since: *now,
        }
    }

    /// Lets those faces go and waits for one that comes alone.
    pub fn wait(&mut self, now: &Moment) {
        self.faces.clear();
        self.waits = true;
        self.since = *now;
    }

    /// Takes in a frame that `tracker` has followed the faces of.
    pub fn observe(&mut self, observation: &Observation, tracker: &Tracker) {
        if !self.waits || !self.faces.is_empty() {
            return;
        }
        let Ok(face) = only_near_face(&observation.faces) else {
            return;
        };
        if face.embedding.is_none() || QualityGate::ENROLMENT.check(&face.quality).is_err() {
            return;
        }
        let mut tracks = tracker.in_sight();
        let track = tracks.find(|track| track.detection == face.detection);
        if let Some(face) = track.and_then(FrozenFace::of) {
            self.faces.push(face);
            self.waits = false;
        }
    }

    /// The face that was seen on this track.
    pub fn face(&self, track: TrackId) -> Option<&FrozenFace> {
        self.faces.iter().find(|face| face.track == track)
    }

    /// Whether the operator has gone away over it.
    pub fn is_over(&self, now: &Moment) -> bool {
        now.since(&self.since) > PATIENCE
    }
}
