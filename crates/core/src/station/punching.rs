//! From names to punches.
//!
//! Invariants:
//! - A visit leads to one punch at most.
//! - Of one person one punch is under way at a time. Until it is known to be
//!   written, and where, the person's next one cannot be decided; who comes again
//!   meanwhile is held, with the time, and decided when the answer is there.
//! - What is under way or held is never dropped without a word.

use crate::say;
use rollcall_messages::{Message, Said};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::{Camera, Station};
use crate::adaptation::is_worth_keeping;
use crate::attendance::{AttendanceEvent, Direction, EventId, EventSource, NewPunch};
use crate::camera_name::CameraName;
use crate::consensus::Track;
use crate::day::{Decision, PersonDay};
use crate::embedding::{Cosine, Embedding};
use crate::event::{Effect, PunchOutcome, Ticket};
use crate::frame::Moment;
use crate::liveness::{Liveness, LivenessPolicy};
use crate::notice::Notice;
use crate::person::PersonId;

/// A person who was out of sight for longer than this has left; coming back is a new visit.
pub const VISIT_GAP: Duration = Duration::from_secs(10);

/// Visits that wait for an earlier punch of the same person; days of a busy door, and a
/// few megabytes. Beyond it a visit is refused aloud.
const MOST_HELD: usize = 20_000;

/// Faces of punches that are remembered: a megabyte.
const MOST_FACES: usize = 500;

/// What is decided and not yet known to be written.
#[derive(Debug, Default)]
pub(super) struct Punching {
    visits: HashMap<PersonId, Visit>,
    under_way: BTreeMap<Ticket, (Named, NewPunch)>,
    /// Oldest first.
    held: VecDeque<Named>,
    /// The faces that the latest punches were made of, oldest first: should one turn out to
    /// be somebody else's.
    faces: VecDeque<(PersonId, DateTime<FixedOffset>, Embedding)>,
    /// The day on which a person last gave the station a template.
    adapted_on: HashMap<PersonId, NaiveDate>,
    /// What has become of the latest punches, oldest first: for cameras that wait for it.
    answered: VecDeque<(PersonId, Moment, PunchReceipt)>,
}

/// What has become of the punch that a look has led to.
#[derive(Debug, Clone, PartialEq)]
pub enum PunchReceipt {
    /// It has led to none.
    None,
    /// It is decided, and not yet known to be on disk.
    Saving,
    /// It is on disk.
    Recorded {
        /// Its number.
        event: EventId,
        /// In or out.
        direction: Direction,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It is not written, for this reason.
    Refused(Message),
}

/// Receipts that are remembered: a camera asks within a second.
const MOST_ANSWERED: usize = 64;

/// A person in sight of the camera without a longer break.
#[derive(Debug, Clone, Copy)]
struct Visit {
    last_seen: Duration,
    /// Whether this visit has led to a punch; it leads to one at most.
    punched: bool,
}

/// Somebody at the moment a face or a PIN said who it is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    person: PersonId,
    seen_at: Moment,
    /// A face or a PIN.
    source: EventSource,
    /// The camera elsewhere that saw the face.
    camera: Option<CameraName>,
    similarity: Option<Cosine>,
    margin: Option<f32>,
    liveness: Option<f32>,
}

/// A punch that somebody has to write down by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnwrittenPunch {
    /// Whose.
    pub person: PersonId,
    /// When the person was recognised.
    pub at: DateTime<FixedOffset>,
    /// In or out; unknown while an earlier punch of the person was under way.
    pub direction: Option<Direction>,
}

impl Named {
    pub(super) fn by_pin(person: PersonId, entered_at: Moment) -> Self {
        Self {
            person,
            seen_at: entered_at,
            source: EventSource::Pin,
            camera: None,
            similarity: None,
            margin: None,
            liveness: None,
        }
    }
}

impl Punching {
    pub(super) fn unconfirmed(&self) -> usize {
        self.under_way.len() + self.held.len()
    }

    pub(super) fn unwritten(&self) -> Vec<UnwrittenPunch> {
        let under_way = self.under_way.values().map(|(_, punch)| UnwrittenPunch {
            person: punch.person,
            at: punch.at,
            direction: Some(punch.direction),
        });
        let held = self.held.iter().map(|face| UnwrittenPunch {
            person: face.person,
            at: face.seen_at.wall,
            direction: None,
        });
        under_way.chain(held).collect()
    }

    pub(super) fn is_under_way_for(&self, person: PersonId) -> bool {
        self.under_way
            .values()
            .any(|(face, _)| face.person == person)
    }

    /// Whether this very look has led to a punch that is not yet written.
    fn is_waiting(&self, face: &Named) -> bool {
        let mut waiting = self
            .under_way
            .values()
            .map(|(named, _)| named)
            .chain(&self.held);
        waiting.any(|named| named.person == face.person && named.seen_at == face.seen_at)
    }

    /// What has become of the punch that a look at somebody has led to.
    pub(super) fn receipt_of(&self, person: PersonId, seen_at: &Moment) -> PunchReceipt {
        let mut waiting = self
            .under_way
            .values()
            .map(|(named, _)| named)
            .chain(&self.held);
        if waiting.any(|named| named.person == person && named.seen_at == *seen_at) {
            return PunchReceipt::Saving;
        }
        let mut answered = self.answered.iter().rev();
        answered
            .find(|(who, at, _)| *who == person && at == seen_at)
            .map_or(PunchReceipt::None, |(_, _, receipt)| receipt.clone())
    }

    fn remember_receipt(&mut self, face: &Named, receipt: PunchReceipt) {
        if self.answered.len() == MOST_ANSWERED {
            self.answered.pop_front();
        }
        self.answered
            .push_back((face.person, face.seen_at, receipt));
    }

    fn remember_face(&mut self, face: &Named, embedding: Embedding) {
        if self.faces.len() == MOST_FACES {
            self.faces.pop_front();
        }
        self.faces
            .push_back((face.person, face.seen_at.wall, embedding));
    }

    /// The face that an event was made of, while it is remembered.
    pub(super) fn face_of(&self, event: &AttendanceEvent) -> Option<&Embedding> {
        // The database keeps microseconds; the clock may know more.
        let is_of = |person: PersonId, at: &DateTime<FixedOffset>| {
            person == event.person && at.timestamp_micros() == event.at.timestamp_micros()
        };
        let mut faces = self.faces.iter();
        faces.find_map(|(person, at, face)| is_of(*person, at).then_some(face))
    }

    fn take_held(&mut self, person: PersonId) -> Option<Named> {
        let index = self.held.iter().position(|face| face.person == person)?;
        self.held.remove(index)
    }
}

impl Station {
    /// Decides about everybody who was recognised in the frame of `seen_at`.
    pub(super) fn punch_known_faces(
        &mut self,
        camera: &Camera,
        seen_at: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let liveness = self.liveness_policy(camera);
        let Some(watch) = self.watches.of(camera) else {
            return;
        };
        let visits = &mut self.punching.visits;
        visits.retain(|_, visit| seen_at.monotonic.saturating_sub(visit.last_seen) <= VISIT_GAP);
        let in_sight = watch.tracker.tracks().iter();
        let in_sight = in_sight.filter(|track| track.last_seen == *seen_at);
        // Whoever was named and turns away is still there: the visit goes on.
        for person in in_sight.clone().filter_map(Track::named) {
            if let Some(visit) = visits.get_mut(&person) {
                visit.last_seen = visit.last_seen.max(seen_at.monotonic);
            }
        }
        let faces: Vec<(Named, Track)> = in_sight
            .filter_map(|track| Some((named_face(track, camera, &liveness)?, track.clone())))
            .collect();
        for (face, track) in faces {
            self.visited(face.clone(), effects);
            let is_punch = self.punching.is_waiting(&face);
            if let (true, Some(embedding)) = (is_punch, track.last_embedding()) {
                self.punching.remember_face(&face, embedding.clone());
                self.adapt_to(&track, embedding, effects);
            }
        }
    }

    /// Follows a face that changes, once a day.
    fn adapt_to(&mut self, track: &Track, face: &Embedding, effects: &mut Vec<Effect>) {
        let (Some(person), Some(judgement)) = (track.confirmed(), &track.judgement) else {
            return;
        };
        let today = Some(&self.local_day);
        if !self.policies.adapts || self.punching.adapted_on.get(&person) == today {
            return;
        }
        let liveness = track.liveness.score();
        let gallery = &self.gallery;
        if is_worth_keeping(gallery, person, judgement, face, &track.quality, liveness) {
            self.punching.adapted_on.insert(person, self.local_day);
            effects.push(Effect::Adapt {
                person,
                embedding: face.clone(),
                quality: track.quality.score(),
            });
        }
    }

    /// Decides about somebody who asked for it by hand: this may be the second punch of a
    /// visit.
    pub(super) fn punch_again(&mut self, named: Named, effects: &mut Vec<Effect>) {
        if let Some(visit) = self.punching.visits.get_mut(&named.person) {
            visit.punched = false;
        }
        self.visited(named, effects);
    }

    fn visited(&mut self, face: Named, effects: &mut Vec<Effect>) {
        let visit = self.punching.visits.entry(face.person).or_insert(Visit {
            last_seen: face.seen_at.monotonic,
            punched: false,
        });
        visit.last_seen = visit.last_seen.max(face.seen_at.monotonic);
        if visit.punched || !self.people.get(&face.person).is_some_and(|p| p.active) {
            return;
        }
        let person = face.person;
        let punched = if self.punching.is_under_way_for(person) {
            self.hold(face);
            true
        } else {
            let day = self.day_of(&face, None);
            self.decide(face, &day, effects)
        };
        if let Some(visit) = self.punching.visits.get_mut(&person) {
            visit.punched = punched;
        }
    }

    /// Keeps somebody who came again before the punch before was written.
    fn hold(&mut self, face: Named) {
        if self.punching.held.len() < MOST_HELD {
            self.punching.held.push_back(face);
            return;
        }
        let name = self.people.get(&face.person).map(|p| p.name.clone());
        let reason = say::TOO_MUCH_WAITS.into();
        self.log
            .push(&face.seen_at, Notice::PunchRefused { name, reason });
    }

    /// The day of `face`: `better` if it is that one, else as far as the station knows it,
    /// which of a day that is over is only the cooldown. If that is wrong, the database
    /// says so.
    fn day_of(&self, face: &Named, better: Option<&(NaiveDate, PersonDay)>) -> PersonDay {
        let local_day = self.policies.attendance.local_day(&face.seen_at.wall);
        if let Some((_, known)) = better.filter(|(day, _)| *day == local_day) {
            return known.clone();
        }
        let mut day = self.days.get(&face.person).cloned().unwrap_or_default();
        if local_day != self.local_day {
            day.roll_over();
        }
        day
    }

    /// Punches if `day` asks for it; whether it does.
    fn decide(&mut self, face: Named, day: &PersonDay, effects: &mut Vec<Effect>) -> bool {
        let Decision::Punch {
            direction,
            sequence,
        } = self.policies.attendance.decide(day, &face.seen_at)
        else {
            return false;
        };
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let punch = NewPunch {
            person: face.person,
            at: face.seen_at.wall,
            local_day: self.policies.attendance.local_day(&face.seen_at.wall),
            sequence,
            direction,
            source: face.source,
            camera: face.camera.clone(),
            similarity: face.similarity,
            margin: face.margin,
            liveness: face.liveness,
            model: (face.source == EventSource::Camera).then(|| self.model.clone()),
            clock: self.clock.reading(),
        };
        self.punching
            .under_way
            .insert(ticket, (face, punch.clone()));
        effects.push(Effect::RecordPunch { ticket, punch });
        true
    }

    /// Decides about somebody who had to wait; whether there is a punch. Meanwhile somebody
    /// may have entered a later event by hand. In front of it nothing can be decided, since
    /// it would turn the later one's direction: the operator is told.
    fn decide_late(
        &mut self,
        face: Named,
        day: &PersonDay,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let later = day.events().iter().rev().find(|event| event.void.is_none());
        let Some(later) = later.filter(|event| event.at > face.seen_at.wall) else {
            return self.decide(face, day, effects);
        };
        let reason = say::seen_before(
            face.seen_at.wall.format("%H:%M:%S").to_string(),
            later.direction.text(),
            later.at.format("%H:%M:%S").to_string(),
        );
        let refused = PunchReceipt::Refused(reason.clone());
        self.punching.remember_receipt(&face, refused);
        let name = self.people.get(&face.person).map(|p| p.name.clone());
        self.log.push(now, Notice::PunchRefused { name, reason });
        false
    }

    /// Takes in what became of a punch, and decides about those that waited for it.
    pub(super) fn punch_answered(
        &mut self,
        ticket: Ticket,
        outcome: PunchOutcome,
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some((face, punch)) = self.punching.under_way.remove(&ticket) else {
            return;
        };
        self.revisions.day += 1;
        // What the next one of the person is decided on.
        let mut day = None;
        let mut came_too_early = false;
        let mut outcome_in_words = Err(say::PUNCHED_ALREADY.into());
        match outcome {
            PunchOutcome::Recorded(event) | PunchOutcome::AlreadyRecorded(event) => {
                outcome_in_words = Ok(self.log_punch(&event, now));
                let recorded = PunchReceipt::Recorded {
                    event: event.id,
                    direction: event.direction,
                    at: event.at,
                };
                self.punching.remember_receipt(&face, recorded);
                let known = self.days.entry(event.person).or_default();
                if event.local_day == self.local_day {
                    known.insert(event, &face.seen_at);
                } else {
                    known.witness(&event, &face.seen_at);
                    let mut ended = known.clone();
                    ended.roll_over();
                    ended.insert(event, &face.seen_at);
                    day = Some((punch.local_day, ended));
                }
            }
            PunchOutcome::Superseded { day: events } => {
                let known = self.days.get(&face.person).cloned().unwrap_or_default();
                let truth = known.reloaded(events, None, now);
                if punch.local_day == self.local_day {
                    self.days.insert(face.person, truth.clone());
                }
                if self.decide_late(face.clone(), &truth, now, effects) {
                    if let Some(Effect::RecordPunch { ticket: next, .. }) = effects.last() {
                        self.commands.await_another(ticket, *next);
                    }
                    return;
                }
                came_too_early = true;
                day = Some((punch.local_day, truth));
            }
            PunchOutcome::Refused(reason) => {
                let name = self.people.get(&face.person).map(|p| p.name.clone());
                let receipt = PunchReceipt::Refused(reason.clone());
                self.punching.remember_receipt(&face, receipt);
                let refused = Notice::PunchRefused { name, reason };
                outcome_in_words = Err(refused.said());
                self.log.push(now, refused);
            }
        }
        self.commands.answer(ticket, outcome_in_words, effects);
        while let Some(face) = self.punching.take_held(face.person) {
            let day = self.day_of(&face, day.as_ref());
            if self.decide_late(face, &day, now, effects) {
                return;
            }
            came_too_early = true;
        }
        if came_too_early && let Some(visit) = self.punching.visits.get_mut(&face.person) {
            // Should the person still be there when it is time, the visit counts after all.
            visit.punched = false;
        }
    }

    /// Says that a punch is on disk.
    fn log_punch(&mut self, event: &AttendanceEvent, now: &Moment) -> Message {
        let Some(person) = self.people.get(&event.person) else {
            return Message::default();
        };
        let punched = Notice::Punched {
            person: person.id,
            name: person.name.clone(),
            direction: event.direction,
            at: event.at,
            similarity: event.similarity,
            liveness: event.liveness,
            camera: event.provenance.camera.clone(),
        };
        let said = punched.said();
        self.log.push(now, punched);
        said
    }
}

/// The face of a track whose name this very frame has confirmed, if it is as live as it
/// has to be.
fn named_face(track: &Track, camera: &Camera, policy: &LivenessPolicy) -> Option<Named> {
    let person = track.confirmed()?;
    if track.liveness.judge(policy, track.challenge()) != Liveness::Live {
        return None;
    }
    let candidate = track.candidate().filter(|c| c.person == person)?;
    Some(Named {
        person,
        seen_at: track.last_seen,
        source: EventSource::Camera,
        camera: camera.clone(),
        similarity: Some(candidate.similarity),
        margin: candidate.margin(),
        liveness: track.liveness.score(),
    })
}
