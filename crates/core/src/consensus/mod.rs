//! Tracks and votes: a name belongs to a face followed over several frames.
//!
//! A single frame is a vote, not a decision. A face is followed from frame to
//! frame by where it moves and by what it looks like; each good look votes for one
//! person or for "nobody we know", with the weight of its quality; a name needs
//! enough agreeing votes and a majority, and a tie gives no name. When the face under
//! a track changes, the track ends and another begins.
//!
//! Invariants:
//! - A name is on a face only while it is seen: since the last close look, which showed the
//!   face of the track, it was there in every frame, in its place and looking the same. What
//!   is seen after a gap or a leap has no name until a close look has told whose face it is.
//! - A close look that does not show the face of the track, or shows another person than the
//!   one it is named, begins another track.

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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct TrackId(pub u64);

/// When votes become a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConsensusPolicy {
    /// Agreeing votes that a verdict needs, at least 1.
    pub votes_needed: usize,
    /// How many of the latest votes are counted, at least `votes_needed`.
    pub window: usize,
    /// Age at which a vote no longer counts.
    pub max_vote_age: Duration,
    /// How long a face may be missing before its track ends.
    pub track_timeout: Duration,
    /// Similarity at which a face that has moved further than it could be followed is the same
    /// one all the same; none where frames are close enough to follow it by its place.
    pub same_anywhere: Option<Cosine>,
}

/// Frames further apart than this cannot be followed by place alone.
const FOLLOWED_BY_PLACE: Duration = Duration::from_millis(400);

/// A face that is so like the one of a track is it, wherever it is: of pairs of strangers one
/// in a hundred thousand is. As much as is asked of whoever returns to an enrolment.
const SAME_ANYWHERE: Cosine = Cosine(0.5);

impl Default for ConsensusPolicy {
    fn default() -> Self {
        Self {
            votes_needed: 3,
            window: 5,
            max_vote_age: Duration::from_secs(5),
            track_timeout: Duration::from_secs(2),
            same_anywhere: None,
        }
    }
}

impl ConsensusPolicy {
    /// The same for frames that come so far apart: votes and tracks live long enough for the
    /// votes that a name needs, which are not fewer.
    #[must_use]
    pub fn at_pace(self, gap: Duration) -> Self {
        let frames = |count: usize| gap * u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            max_vote_age: self.max_vote_age.max(frames(self.window + 1)),
            // One frame may be missing.
            track_timeout: self.track_timeout.max(frames(5) / 2),
            same_anywhere: (gap > FOLLOWED_BY_PLACE).then_some(SAME_ANYWHERE),
            ..self
        }
    }
}

/// What is known of the face of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// Whether the face has been the one of the last close look ever since.
    is_vouched: bool,
    motion: Motion,
    votes: Votes,
    last_look: Option<BestLook>,
    best: Option<BestLook>,
}

/// Follows faces and collects their votes.
#[derive(Debug, Clone)]
pub struct Tracker {
    policy: ConsensusPolicy,
    tracks: Vec<Track>,
    next_id: u64,
    /// When the latest frame was seen; none if that is too long ago to tell who is there.
    latest: Option<Moment>,
}

/// Below this similarity to both the last and the best look before, a face is another one
/// than that of the track: looks of one visit are far above it, of pairs of strangers two in
/// a thousand reach it.
const SAME_FACE: Cosine = Cosine(0.3);

/// Without a frame for so long, nobody is known to be in sight.
const BLIND: Duration = Duration::from_millis(1500);

impl Tracker {
    /// A tracker that follows nobody yet.
    pub fn new(policy: ConsensusPolicy) -> Self {
        Self {
            policy,
            tracks: Vec::new(),
            next_id: 0,
            latest: None,
        }
    }

    /// Counts votes by other rules from now on.
    pub fn set_policy(&mut self, policy: ConsensusPolicy) {
        self.policy = policy;
    }

    /// The faces followed now, longest first; some may be out of sight for a moment.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Those that were seen in the latest frame.
    pub fn in_sight(&self) -> impl Iterator<Item = &Track> {
        let tracks = self.tracks.iter();
        tracks.filter(|track| self.latest == Some(track.last_seen))
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
        let before = self.latest.replace(*now);
        let votes = ballots(faces, gallery, matching);
        let owners = self.assign(faces, &votes, now);
        for ((face, track_index), ballot) in faces.iter().zip(owners).zip(votes) {
            let track = &mut self.tracks[track_index];
            let was_there = before == Some(track.last_seen);
            track.vouch(face.is_followed && was_there, &ballot);
            track.update(face, &ballot, &self.policy, now);
            if ballot.judgement.is_some() {
                track.remember(frame, face);
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
        if self.latest.is_some_and(|latest| now.since(&latest) > BLIND) {
            self.latest = None;
        }
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
    fn assign(&mut self, faces: &[FaceObservation], votes: &[Ballot], now: &Moment) -> Vec<usize> {
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (f, face) in faces.iter().enumerate() {
            for (t, track) in self.tracks.iter().enumerate() {
                let expected = track.expected_at(now);
                let near = closeness(&expected, &face.detection.bounding_box);
                if let Some(closeness) = near.or_else(|| track.leapt_to(face, &self.policy)) {
                    // Where two people cross, looks tell more than places.
                    pairs.push((closeness + track.resemblance(face), f, t));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut track_of_face = vec![None; faces.len()];
        let mut taken = vec![false; self.tracks.len()];
        for (_, f, t) in pairs {
            let is_free = track_of_face[f].is_none() && !taken[t];
            if is_free && self.tracks[t].may_be(&faces[f], &votes[f]) {
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
            is_vouched: false,
            motion: Motion::default(),
            votes: Votes::default(),
            last_look: None,
            best: None,
        });
        self.next_id += 1;
        self.tracks.len() - 1
    }
}

impl Track {
    /// False when the face is somebody else than the one followed so far: by its looks, or
    /// because it is recognised as another person.
    fn may_be(&self, face: &FaceObservation, ballot: &Ballot) -> bool {
        let known = ballot.judgement.and_then(|judgement| judgement.known());
        let is_another = match (self.named, known) {
            (Some(named), Some(known)) => named != known.person,
            _ => false,
        };
        !is_another
            && self
                .similarity_to(face)
                .is_none_or(|similarity| similarity >= SAME_FACE)
    }

    /// No closeness at all, if the face is so like the one of the track that it is it.
    fn leapt_to(&self, face: &FaceObservation, policy: &ConsensusPolicy) -> Option<f32> {
        let needed = policy.same_anywhere?;
        (self.similarity_to(face)? >= needed).then_some(0.0)
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

    /// By the more similar of the last look and the best one.
    fn similarity_to(&self, face: &FaceObservation) -> Option<Cosine> {
        let now = face.embedding.as_ref().filter(|_| is_telling(face))?;
        let looks = self.last_look.iter().chain(&self.best);
        looks
            .map(|look| look.embedding.similarity(now))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Whether the face may keep the name of the track: it has just been compared, or
    /// followed without a break since.
    fn vouch(&mut self, is_followed: bool, ballot: &Ballot) {
        self.is_vouched = ballot.judgement.is_some() || (self.is_vouched && is_followed);
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
            let person = judgement.known().map(|candidate| candidate.person);
            self.votes
                .cast(now.monotonic, person, face.quality.score(), policy);
        }
        self.votes.age(now.monotonic, policy);
        let verdict = self.votes.verdict(policy);
        match verdict {
            Verdict::Known(_) if !self.is_vouched => self.set_verdict(Verdict::Deciding, now),
            Verdict::Known(person) => {
                self.named = Some(person);
                self.set_verdict(verdict, now);
            }
            Verdict::Deciding | Verdict::Unknown => self.set_verdict(verdict, now),
        }
    }

    /// Keeps the look, and for longer if it is better than those before. A frame is only
    /// shared, not copied.
    fn remember(&mut self, frame: &Arc<Frame>, face: &FaceObservation) {
        let Some(embedding) = &face.embedding else {
            return;
        };
        let look = BestLook {
            frame: Arc::clone(frame),
            bounding_box: face.detection.bounding_box,
            embedding: embedding.clone(),
            quality: face.quality.score(),
        };
        let is_better = |best: &BestLook| best.quality < look.quality;
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some(look.clone());
        }
        self.last_look = Some(look);
    }

    /// The best look at the face so far, if any was good enough to be compared.
    pub fn best_look(&self) -> Option<&BestLook> {
        self.best.as_ref()
    }

    /// The latest look that was good enough to be compared.
    pub fn last_look(&self) -> Option<&BestLook> {
        self.last_look.as_ref()
    }

    /// The face as it was last compared.
    pub fn last_embedding(&self) -> Option<&Embedding> {
        self.last_look.as_ref().map(|look| &look.embedding)
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

    /// Who this face was last known to be, if it is known to be the same face still. Stays
    /// when votes grow old, and when a mask or a hand makes the face vote for nobody.
    pub fn named(&self) -> Option<PersonId> {
        self.named.filter(|_| self.is_vouched)
    }

    /// Whether the face of this track ever had a name.
    pub fn was_ever_named(&self) -> bool {
        self.named.is_some()
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
