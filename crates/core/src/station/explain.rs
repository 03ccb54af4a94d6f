//! Why a face has the name it has, or none.

use std::time::Duration;

use super::{Camera, PunchReceipt, Station};
use crate::consensus::{Track, TrackId, Verdict};
use crate::day::Decision;
use crate::detection::Detection;
use crate::embedding::Cosine;
use crate::frame::Moment;
use crate::gallery::Judgement;
use crate::liveness::Liveness;
use crate::person::{PersonId, PersonName};
use crate::quality::{FaceQuality, QualityIssue};

/// Everything that the decision about a face in sight rests on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Explanation {
    /// Which face.
    pub track: TrackId,
    /// Who it is taken for.
    pub verdict: Verdict,
    /// The latest vote: similarity and margin that were asked for, and the doubt.
    pub judgement: Option<Judgement>,
    /// The most similar person.
    pub best: Option<(PersonName, Cosine)>,
    /// The next one.
    pub runner_up: Option<(PersonName, Cosine)>,
    /// The sides in the vote, the strongest first: for whom, how many votes, share of the weight.
    pub votes: Vec<(Option<PersonName>, usize, f32)>,
    /// How many a name needs.
    pub votes_needed: usize,
    /// Measures of the latest look.
    pub quality: FaceQuality,
    /// Why the latest look does not count.
    pub issue: Option<QualityIssue>,
    /// Whether the face is as live as it has to be.
    pub liveness: Liveness,
    /// Mean score of the liveness network.
    pub liveness_score: Option<f32>,
    /// What a punch would meet.
    pub punch: PunchState,
}

/// What stands between a face that has a name and a punch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PunchState {
    /// The face has no name.
    NoName,
    /// The person was deactivated.
    Inactive,
    /// A punch is being written.
    UnderWay,
    /// The latest punch is too recent.
    Cooldown {
        /// Time until the next can be made.
        left: Duration,
    },
    /// This mode knows one punch a day, and it is made.
    AlreadyPresent,
    /// The next look that confirms the name makes a punch, unless this visit has made one.
    Ready,
}

/// A face of the latest frame of a camera, and what has become of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceReport {
    /// Where it is.
    pub detection: Detection,
    /// Why it has its name or none.
    pub explanation: Explanation,
    /// When the frame was taken.
    pub seen_at: Moment,
    /// Whether the look that this very frame was has led to a punch.
    pub receipt: PunchReceipt,
}

impl Station {
    /// Why each face in sight has its name or none, the one followed longest first.
    pub fn explain(&self, now: &Moment) -> Vec<Explanation> {
        self.faces_in_sight()
            .map(|track| self.explain_track(&None, track, now))
            .collect()
    }

    /// The faces of the latest frame of a camera and what has become of them, the one followed
    /// longest first.
    pub fn report(&self, camera: &Camera, now: &Moment) -> Vec<FaceReport> {
        self.faces_at(camera)
            .map(|track| FaceReport {
                detection: track.detection,
                seen_at: track.last_seen,
                explanation: self.explain_track(camera, track, now),
                receipt: match track.verdict {
                    Verdict::Known(person) => self.receipt_of(person, &track.last_seen),
                    Verdict::Deciding | Verdict::Unknown => PunchReceipt::None,
                },
            })
            .collect()
    }

    /// What has become of the punch that a look at somebody, at that moment, has led to.
    pub fn receipt_of(&self, person: PersonId, seen_at: &Moment) -> PunchReceipt {
        self.punching.receipt_of(person, seen_at)
    }

    fn explain_track(&self, camera: &Camera, track: &Track, now: &Moment) -> Explanation {
        let candidate = track.candidate();
        let known =
            |id: PersonId, similarity: Cosine| Some((self.person(id)?.name.clone(), similarity));
        Explanation {
            track: track.id,
            verdict: track.verdict,
            judgement: track.judgement,
            best: candidate.and_then(|c| known(c.person, c.similarity)),
            runner_up: candidate
                .and_then(|c| c.runner_up)
                .and_then(|(id, similarity)| known(id, similarity)),
            votes: track
                .sides()
                .into_iter()
                .map(|side| {
                    let person = side.person.and_then(|id| self.person(id));
                    let name = person.map(|person| person.name.clone());
                    (name, side.votes, side.share)
                })
                .collect(),
            votes_needed: self.policies.consensus.votes_needed,
            quality: track.quality,
            issue: track.issue,
            liveness: self.liveness_at(camera, track),
            liveness_score: track.liveness.score(),
            punch: self.punch_state(track.verdict, now),
        }
    }

    fn punch_state(&self, verdict: Verdict, now: &Moment) -> PunchState {
        let Verdict::Known(id) = verdict else {
            return PunchState::NoName;
        };
        if !self.person(id).is_some_and(|person| person.active) {
            return PunchState::Inactive;
        }
        if self.punching.is_under_way_for(id) {
            return PunchState::UnderWay;
        }
        let day = self.days.get(&id).cloned().unwrap_or_default();
        match self.policies.attendance.decide(&day, now) {
            Decision::Cooldown { left } => PunchState::Cooldown { left },
            Decision::AlreadyPresent => PunchState::AlreadyPresent,
            Decision::Punch { .. } => PunchState::Ready,
        }
    }
}
