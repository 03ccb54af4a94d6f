//! Tracks and votes: a name belongs to a face followed over several frames.
//!
//! A single frame is a vote, not a decision. A face is followed from frame to
//! frame by overlap; each good frame votes for one person or for "nobody we
//! know"; a name needs enough agreeing votes and a majority, and a tie gives no
//! name. When the face under a track changes, its votes are thrown away.

use std::collections::VecDeque;
use std::time::Duration;

use super::detection::Detection;
use super::embedding::{Cosine, Embedding};
use super::frame::Moment;
use super::gallery::{Candidate, Gallery, Identity, MatchPolicy};
use super::geometry::BoundingBox;
use super::observation::FaceObservation;
use super::person::PersonId;
use super::quality::{FaceQuality, QualityGate, QualityIssue};

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
    /// The best candidate of the latest vote, above the threshold or not.
    pub candidate: Option<Candidate>,
    /// Why the latest frame did not count, if it did not.
    pub issue: Option<QualityIssue>,
    /// Mean liveness over the track, if it is judged.
    pub liveness: Option<f32>,
    named: Option<PersonId>,
    votes: VecDeque<Vote>,
    liveness_samples: u32,
    last_embedding: Option<Embedding>,
}

/// One frame's opinion: a person or nobody we know.
#[derive(Debug, Clone, Copy)]
struct Vote {
    at: Duration,
    person: Option<PersonId>,
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

    /// The index of the track of each face; a new one where none fits. Best
    /// overlap first, each track at most once.
    fn assign(&mut self, faces: &[FaceObservation], now: &Moment) -> Vec<usize> {
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (f, face) in faces.iter().enumerate() {
            for (t, track) in self.tracks.iter().enumerate() {
                let closeness =
                    closeness(&track.detection.bounding_box, &face.detection.bounding_box);
                if let Some(closeness) = closeness {
                    pairs.push((closeness, f, t));
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
            candidate: None,
            issue: None,
            liveness: None,
            named: None,
            votes: VecDeque::new(),
            liveness_samples: 0,
            last_embedding: None,
        });
        self.next_id += 1;
        self.tracks.len() - 1
    }
}

impl Track {
    /// False when the face is clearly somebody else than the one followed so far.
    fn may_be(&self, face: &FaceObservation) -> bool {
        match (&self.last_embedding, &face.embedding) {
            (Some(before), Some(after)) if is_telling(face) => {
                before.similarity(after) >= SAME_FACE
            }
            _ => true,
        }
    }

    fn update(
        &mut self,
        face: &FaceObservation,
        ballot: &Ballot,
        policy: &ConsensusPolicy,
        now: &Moment,
    ) {
        self.detection = face.detection;
        self.quality = face.quality;
        self.last_seen = *now;
        self.issue = ballot.issue;
        if let Some(liveness) = face.liveness {
            self.liveness_samples += 1;
            let mean = self.liveness.unwrap_or(liveness);
            self.liveness = Some(mean + (liveness - mean) / self.liveness_samples as f32);
        }
        if let Some(person) = ballot.vote.counted() {
            self.candidate = ballot.candidate;
            self.last_embedding.clone_from(&face.embedding);
            self.votes.push_back(Vote {
                at: now.monotonic,
                person,
            });
        }
        while self.votes.len() > policy.window {
            self.votes.pop_front();
        }
        self.votes
            .retain(|vote| now.monotonic.saturating_sub(vote.at) <= policy.max_vote_age);
        let verdict = self.count_votes(policy);
        if let Verdict::Known(person) = verdict {
            self.named = Some(person);
        }
        self.set_verdict(verdict, now);
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
        let latest = self.votes.back()?;
        let voted_now = latest.at == self.last_seen.monotonic && latest.person == Some(person);
        (voted_now && self.issue.is_none()).then_some(person)
    }

    /// Whether at least one frame was good enough to vote.
    pub fn was_ever_judged(&self) -> bool {
        self.candidate.is_some() || self.last_embedding.is_some()
    }

    /// The side that has both the votes needed and more than half of all votes.
    fn count_votes(&self, policy: &ConsensusPolicy) -> Verdict {
        for vote in &self.votes {
            let agreeing = self
                .votes
                .iter()
                .filter(|v| v.person == vote.person)
                .count();
            if agreeing >= policy.votes_needed && 2 * agreeing > self.votes.len() {
                return vote.person.map_or(Verdict::Unknown, Verdict::Known);
            }
        }
        Verdict::Deciding
    }

    fn set_verdict(&mut self, verdict: Verdict, now: &Moment) {
        if self.verdict != verdict {
            self.verdict = verdict;
            self.verdict_since = *now;
        }
    }
}

/// What one face of a frame has to say.
struct Ballot {
    candidate: Option<Candidate>,
    vote: Choice,
    issue: Option<QualityIssue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Abstain,
    Nobody,
    For(PersonId),
}

impl Choice {
    /// What is counted: a person or nobody; an abstention is not.
    #[expect(clippy::option_option, reason = "abstaining is not voting for nobody")]
    fn counted(self) -> Option<Option<PersonId>> {
        match self {
            Choice::Abstain => None,
            Choice::Nobody => Some(None),
            Choice::For(person) => Some(Some(person)),
        }
    }
}

/// The vote of every face. One person cannot be in a frame twice: the more
/// similar face keeps the vote, the other one votes for nobody.
fn ballots(faces: &[FaceObservation], gallery: &Gallery, matching: &MatchPolicy) -> Vec<Ballot> {
    let mut ballots = first_choices(faces, gallery, matching);
    for i in 0..ballots.len() {
        let Choice::For(person) = ballots[i].vote else {
            continue;
        };
        let similarity = |b: &Ballot| b.candidate.map_or(Cosine(-1.0), |c| c.similarity);
        let mine = similarity(&ballots[i]);
        let beaten = ballots.iter().enumerate().any(|(j, other)| {
            j != i && other.vote == Choice::For(person) && (similarity(other), i) > (mine, j)
        });
        if beaten {
            ballots[i].vote = Choice::Nobody;
        }
    }
    ballots
}

/// What each face would vote for on its own. All of them are looked up in one
/// pass over the gallery.
fn first_choices(
    faces: &[FaceObservation],
    gallery: &Gallery,
    matching: &MatchPolicy,
) -> Vec<Ballot> {
    let issues = faces
        .iter()
        .map(|face| QualityGate::RECOGNITION.check(&face.quality).err());
    let probes: Vec<Option<&Embedding>> = faces
        .iter()
        .zip(issues.clone())
        .map(|(face, issue)| face.embedding.as_ref().filter(|_| issue.is_none()))
        .collect();
    let voting: Vec<&Embedding> = probes.iter().copied().flatten().collect();
    let mut candidates = gallery.search_all(&voting).into_iter();
    probes
        .iter()
        .zip(issues)
        .map(|(probe, issue)| {
            if probe.is_none() {
                return Ballot {
                    candidate: None,
                    vote: Choice::Abstain,
                    issue,
                };
            }
            let candidate = candidates.next().flatten();
            let vote = match matching.identify(candidate) {
                Identity::Known(known) => Choice::For(known.person),
                Identity::Unknown(_) => Choice::Nobody,
            };
            Ballot {
                candidate,
                vote,
                issue: None,
            }
        })
        .collect()
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
