//! What has changed between two views: how a view gets to another process.
//!
//! `view.apply(update)` for all updates of `new.since(&old)` makes `old` into `new`, up to
//! log lines that were forgotten meanwhile.

use std::sync::Arc;

use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::notice::LogEntry;
use rollcall_core::person::{Person, PersonCode, PersonId};
use serde::{Deserialize, Serialize};

use crate::view::{DayMeasure, EnrolmentView, Facts, HealthView, Sight, StationView};

/// A part of a view that has changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// The facts are these.
    Facts(Arc<Facts>),
    /// These people are new or changed.
    People(Vec<Arc<Person>>),
    /// These people are gone.
    PeopleGone(Vec<PersonId>),
    /// The codes of people who were deleted are these.
    RetiredCodes(Vec<PersonCode>),
    /// The day is another, or measured otherwise.
    Measure(Box<DayMeasure>),
    /// The events of these people today are these.
    Events(Vec<(PersonId, Arc<[AttendanceEvent]>)>),
    /// These people have no events today any more.
    EventsGone(Vec<PersonId>),
    /// The faces in front of the camera are these.
    Sight(Arc<Sight>),
    /// The enrolment is so far.
    Enrolment(Arc<EnrolmentView>),
    /// The station does so.
    Health(Arc<HealthView>),
    /// This happened since.
    Log {
        /// Number of the first of these events.
        first: u64,
        /// What happened, in order.
        entries: Vec<Arc<LogEntry>>,
    },
}

/// People, or their events, in one message: few enough to be read and written quickly.
const AT_ONCE: usize = 500;

impl StationView {
    /// What has to be applied to `old` to get to this view.
    pub fn since(&self, old: &Self) -> Vec<Update> {
        let mut updates = Vec::new();
        if is_other(&self.facts, &old.facts) {
            updates.push(Update::Facts(Arc::clone(&self.facts)));
        }
        self.people_since(old, &mut updates);
        self.day_since(old, &mut updates);
        if is_other(&self.sight, &old.sight) {
            updates.push(Update::Sight(Arc::clone(&self.sight)));
        }
        if is_other(&self.enrolment, &old.enrolment) {
            updates.push(Update::Enrolment(Arc::clone(&self.enrolment)));
        }
        if is_other(&self.health, &old.health) {
            updates.push(Update::Health(Arc::clone(&self.health)));
        }
        if self.log.written() != old.log.written() {
            let entries: Vec<_> = self.log.since(old.log.written()).cloned().collect();
            updates.push(Update::Log {
                first: self.log.written() + 1 - entries.len() as u64,
                entries,
            });
        }
        updates
    }

    fn people_since(&self, old: &Self, updates: &mut Vec<Update>) {
        let (new, old) = (&self.roster, &old.roster);
        if Arc::ptr_eq(new, old) {
            return;
        }
        let changed: Vec<_> = new
            .people
            .iter()
            .filter(|(id, person)| old.people.get(id).is_none_or(|p| is_other(person, p)))
            .map(|(_, person)| Arc::clone(person))
            .collect();
        updates.extend(
            changed
                .chunks(AT_ONCE)
                .map(|some| Update::People(some.to_vec())),
        );
        let gone: Vec<_> = old
            .people
            .keys()
            .filter(|id| !new.people.contains_key(id))
            .copied()
            .collect();
        if !gone.is_empty() {
            updates.push(Update::PeopleGone(gone));
        }
        if new.retired_codes != old.retired_codes {
            updates.push(Update::RetiredCodes(new.retired_codes.clone()));
        }
    }

    fn day_since(&self, old: &Self, updates: &mut Vec<Update>) {
        let (new, old) = (&self.day, &old.day);
        if Arc::ptr_eq(new, old) {
            return;
        }
        if new.measure != old.measure {
            updates.push(Update::Measure(Box::new(new.measure.clone())));
        }
        let is_known = |id: &PersonId, events: &Arc<[AttendanceEvent]>| {
            let before = old.events.get(id);
            before.is_some_and(|before| Arc::ptr_eq(before, events) || before == events)
        };
        let changed: Vec<_> = new
            .events
            .iter()
            .filter(|(id, events)| !is_known(id, events))
            .map(|(id, events)| (*id, Arc::clone(events)))
            .collect();
        updates.extend(
            changed
                .chunks(AT_ONCE)
                .map(|some| Update::Events(some.to_vec())),
        );
        let gone: Vec<_> = old
            .events
            .keys()
            .filter(|id| !new.events.contains_key(id))
            .copied()
            .collect();
        if !gone.is_empty() {
            updates.push(Update::EventsGone(gone));
        }
    }

    /// Takes in what has changed.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Facts(facts) => self.facts = facts,
            Update::People(people) => {
                let roster = Arc::make_mut(&mut self.roster);
                roster.people.extend(people.into_iter().map(|p| (p.id, p)));
            }
            Update::PeopleGone(gone) => {
                let roster = Arc::make_mut(&mut self.roster);
                for id in gone {
                    roster.people.remove(&id);
                }
            }
            Update::RetiredCodes(codes) => Arc::make_mut(&mut self.roster).retired_codes = codes,
            Update::Measure(measure) => Arc::make_mut(&mut self.day).measure = *measure,
            Update::Events(events) => Arc::make_mut(&mut self.day).events.extend(events),
            Update::EventsGone(gone) => {
                let day = Arc::make_mut(&mut self.day);
                for id in gone {
                    day.events.remove(&id);
                }
            }
            Update::Sight(sight) => self.sight = sight,
            Update::Enrolment(enrolment) => self.enrolment = enrolment,
            Update::Health(health) => self.health = health,
            Update::Log { first, entries } => {
                let log = Arc::make_mut(&mut self.log);
                log.skip_to(first.saturating_sub(1));
                for entry in entries {
                    log.append(entry);
                }
            }
        }
    }
}

fn is_other<T: PartialEq>(new: &Arc<T>, old: &Arc<T>) -> bool {
    !Arc::ptr_eq(new, old) && new != old
}
