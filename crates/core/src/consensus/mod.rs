//! Tracks and votes: a name belongs to a face followed over several frames.
//!
//! A single frame is a vote, not a decision. A face is followed from frame to
//! frame by where it moves and by what it looks like; each good look votes for one
//! person or for "nobody we know", with the weight of its quality; a name needs
//! enough agreeing votes and a majority, and a tie gives no name. When the face under
//! a track changes, the track ends and another begins.

mod ballots;
mod motion;
mod votes;

use std::sync::Arc;
use std::time::Duration;

pub use self::ballots::only_one_each;
pub use self::votes::Standing;

use self::ballots::{Ballot, ballots};
use self::motion::Motion;
use self::votes::Votes;
use super::detection::Detection;
use super::embedding::{Cosine, Embedding};
use super::frame::{Frame, Moment};
use super::gallery::{Candidate, Gallery, Judgement, MatchPolicy};
use super::geometry::BoundingBox;
use super::liveness::{LivenessEvidence, Side};
use super::observation::FaceObservation;
use super::person::PersonId;
use super::quality::{FaceQuality, QualityGate, QualityIssue};
use super::sighted::BestLook;

/// Number of a track within one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

/// When votes become a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsensusPolicy {
    /// Agreeing votes that a verdict needs, at least 1.
    pub votes_needed: usize,
    /// How many of the latest votes are counted, at least `votes_needed`.
    pub window: usize,
    /// Age at which a vote no longer counts.
    pub max_vote_age: Duration,
    /// How long a face may be missing before its track ends.
    pub track_timeout: Duration,
}

impl Default for ConsensusPolicy {
    fn default() -> Self {
        Self {
            votes_needed: 3,
            window: 5,
            max_vote_age: Duration::from_secs(5),
            track_timeout: Duration::from_secs(2),
        }
    }
}

/// What is known of the face of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not enough agreeing votes yet.
    Deciding,
    /// This person.
    Known(PersonId),
    /// Nobody in the gallery.
    Unknown,
}

/// A face followed over frames.
#[derive(Debug, Clone)]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// Where it was last seen.
    pub detection: Detection,
    /// How good it was then.
    pub quality: FaceQuality,
    /// When it was first seen.
    pub first_seen: Moment,
    /// When it was last seen.
    pub last_seen: Moment,
    /// Since when the verdict has been the same.
    pub verdict_since: Moment,
    /// Who it is.
    pub verdict: Verdict,
    /// What the latest vote was based on.
    pub judgement: Option<Judgement>,
    /// Why the latest frame did not count, if it did not.
    pub issue: Option<QualityIssue>,
    /// Whether it is a person or a picture of one.
    pub liveness: LivenessEvidence,
    named: Option<PersonId>,
    motion: Motion,
    votes: Votes,
    last_embedding: Option<Embedding>,
    best: Option<BestLook>,
}

/// Follows faces and collects their votes.
#[derive(Debug, Clone)]
pub struct Tracker {
    policy: ConsensusPolicy,
    tracks: Vec<Track>,
    next_id: u64,
}

/// Below this similarity two successive faces of a track are different people:
/// pictures of one person in one visit are far above it, strangers at 0 ± 0.1
/// far below.
const SAME_FACE: Cosine = Cosine(0.2);

impl Tracker {
    /// A tracker that follows nobody yet.
    pub fn new(policy: ConsensusPolicy) -> Self {
        Self {
            policy,
            tracks: Vec::new(),
            next_id: 0,
        }
    }

    /// The faces followed now, longest first.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Takes in the faces of one frame, seen at `now`, and returns the tracks that ended.
    pub fn observe(
        &mut self,
        frame: &Arc<Frame>,
        faces: &[FaceObservation],
        gallery: &Gallery,
        matching: &MatchPolicy,
        now: &Moment,
    ) -> Vec<Track> {
        let ended = self.expire(now);
        let owners = self.assign(faces, now);
        let votes = ballots(faces, gallery, matching);
        for ((face, track_index), ballot) in faces.iter().zip(owners).zip(votes) {
            self.tracks[track_index].update(face, &ballot, &self.policy, now);
            if ballot.judgement.is_some() {
                self.tracks[track_index].remember(frame, face);
            }
        }
        ended
    }

    /// Ends tracks whose face has been missing for too long, and returns them.
    pub fn expire(&mut self, now: &Moment) -> Vec<Track> {
        let timeout = self.policy.track_timeout;
        let (live, ended) = std::mem::take(&mut self.tracks)
            .into_iter()
            .partition(|track| now.since(&track.last_seen) <= timeout);
        self.tracks = live;
        ended
    }

    /// Forgets all votes, because the gallery they were cast on has changed.
    pub fn recount(&mut self, now: &Moment) {
        for track in &mut self.tracks {
            track.votes.clear();
            track.set_verdict(Verdict::Deciding, now);
        }
    }

    /// The index of the track of each face; a new one where none fits. Those that
    /// belong together best come first, each track at most once.
    fn assign(&mut self, faces: &[FaceObservation], now: &Moment) -> Vec<usize> {
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (f, face) in faces.iter().enumerate() {
            for (t, track) in self.tracks.iter().enumerate() {
                let expected = track.expected_at(now);
                if let Some(closeness) = closeness(&expected, &face.detection.bounding_box) {
                    // Where two people cross, looks tell more than places.
                    pairs.push((closeness + track.resemblance(face), f, t));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut track_of_face = vec![None; faces.len()];
        let mut taken = vec![false; self.tracks.len()];
        for (_, f, t) in pairs {
            if track_of_face[f].is_none() && !taken[t] && self.tracks[t].may_be(&faces[f]) {
                track_of_face[f] = Some(t);
                taken[t] = true;
            }
        }
        let mut assigned = Vec::with_capacity(faces.len());
        for (face, track) in faces.iter().zip(track_of_face) {
            assigned.push(track.unwrap_or_else(|| self.start_track(face, now)));
        }
        assigned
    }

    fn start_track(&mut self, face: &FaceObservation, now: &Moment) -> usize {
        self.tracks.push(Track {
            id: TrackId(self.next_id),
            detection: face.detection,
            quality: face.quality,
            first_seen: *now,
            last_seen: *now,
            verdict_since: *now,
            verdict: Verdict::Deciding,
            judgement: None,
            issue: None,
            liveness: LivenessEvidence::default(),
            named: None,
            motion: Motion::default(),
            votes: Votes::default(),
            last_embedding: None,
            best: None,
        });
        self.next_id += 1;
        self.tracks.len() - 1
    }
}

impl Track {
    /// False when the face is clearly somebody else than the one followed so far.
    fn may_be(&self, face: &FaceObservation) -> bool {
        self.similarity_to(face)
            .is_none_or(|similarity| similarity >= SAME_FACE)
    }

    fn expected_at(&self, now: &Moment) -> BoundingBox {
        let ahead = now.since(&self.last_seen);
        self.motion.expected(&self.detection.bounding_box, ahead)
    }

    /// How much a face looks like the one followed so far, 0..=1; 0 if that is not known.
    fn resemblance(&self, face: &FaceObservation) -> f32 {
        self.similarity_to(face)
            .map_or(0.0, |similarity| similarity.0.max(0.0))
    }

    fn similarity_to(&self, face: &FaceObservation) -> Option<Cosine> {
        let before = self.last_embedding.as_ref()?;
        let after = face.embedding.as_ref().filter(|_| is_telling(face))?;
        Some(before.similarity(after))
    }

    fn update(
        &mut self,
        face: &FaceObservation,
        ballot: &Ballot,
        policy: &ConsensusPolicy,
        now: &Moment,
    ) {
        self.motion.moved(
            &self.detection.bounding_box,
            &face.detection.bounding_box,
            now.since(&self.last_seen),
        );
        self.detection = face.detection;
        self.quality = face.quality;
        self.last_seen = *now;
        self.issue = ballot.issue;
        self.liveness
            .look(now.monotonic, &face.detection.landmarks, face.liveness);
        if let Some(judgement) = ballot.judgement {
            self.judgement = Some(judgement);
            self.last_embedding.clone_from(&face.embedding);
            let person = judgement.known().map(|candidate| candidate.person);
            self.votes
                .cast(now.monotonic, person, face.quality.score(), policy);
        }
        self.votes.age(now.monotonic, policy);
        let verdict = self.votes.verdict(policy);
        if let Verdict::Known(person) = verdict {
            self.named = Some(person);
        }
        self.set_verdict(verdict, now);
    }

    /// Keeps a look that is better than those before. A frame is only shared, not copied.
    fn remember(&mut self, frame: &Arc<Frame>, face: &FaceObservation) {
        let quality = face.quality.score();
        let is_better = self.best.as_ref().is_none_or(|best| best.quality < quality);
        if let (true, Some(embedding)) = (is_better, &face.embedding) {
            self.best = Some(BestLook {
                frame: Arc::clone(frame),
                bounding_box: face.detection.bounding_box,
                embedding: embedding.clone(),
                quality,
            });
        }
    }

    /// The best look at the face so far, if any was good enough to be compared.
    pub fn best_look(&self) -> Option<&BestLook> {
        self.best.as_ref()
    }

    /// The face as it was last compared.
    pub fn last_embedding(&self) -> Option<&Embedding> {
        self.last_embedding.as_ref()
    }

    /// The most similar person of the latest vote, similar enough or not.
    pub fn candidate(&self) -> Option<Candidate> {
        self.judgement?.candidate
    }

    /// How the votes stand, the strongest side first.
    pub fn sides(&self) -> Vec<Standing> {
        self.votes.sides()
    }

    /// The side that this face would be asked to turn to: nobody can know it beforehand.
    pub fn challenge(&self) -> Side {
        // The low bits of a clock are as good as a coin.
        if (self.first_seen.monotonic.as_micros() / 7).is_multiple_of(2) {
            Side::Left
        } else {
            Side::Right
        }
    }

    /// Who this face was last known to be. Stays when votes grow old, and when a mask or a
    /// hand makes the face vote for nobody: a face that is clearly another's starts a track
    /// of its own.
    pub fn named(&self) -> Option<PersonId> {
        self.named
    }

    /// Who this face is, if the latest frame has itself voted so.
    pub fn confirmed(&self) -> Option<PersonId> {
        let Verdict::Known(person) = self.verdict else {
            return None;
        };
        let (at, latest) = self.votes.latest()?;
        let voted_now = at == self.last_seen.monotonic && latest == Some(person);
        (voted_now && self.issue.is_none()).then_some(person)
    }

    /// Whether at least one frame was good enough to vote.
    pub fn was_ever_judged(&self) -> bool {
        self.judgement.is_some()
    }

    fn set_verdict(&mut self, verdict: Verdict, now: &Moment) {
        if self.verdict != verdict {
            self.verdict = verdict;
            self.verdict_since = *now;
        }
    }
}

fn is_telling(face: &FaceObservation) -> bool {
    QualityGate::RECOGNITION.check(&face.quality).is_ok()
}

/// How well a face continues a track, or `None` if it cannot: by overlap, or,
/// for a face that moved further than its size between two slow frames, by
/// distance in units of its size.
fn closeness(before: &BoundingBox, after: &BoundingBox) -> Option<f32> {
    let iou = before.iou(after);
    if iou > 0.15 {
        return Some(1.0 + iou);
    }
    let size = before.area().max(after.area()).sqrt();
    let ratio = before.area().min(after.area()).sqrt() / size.max(f32::EPSILON);
    let distance = before.centre().distance(after.centre()) / size.max(f32::EPSILON);
    (distance < 1.0 && ratio > 0.5).then_some(1.0 - distance)
}
