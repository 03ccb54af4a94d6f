//! The table of the present day.

use super::attendance::AttendanceEvent;
use super::person::{Person, PersonId};
use super::worktime::DayReport;

/// One row of it.
#[derive(Debug, Clone)]
pub struct TodayRow<'a> {
    /// Whose row it is.
    pub person: &'a Person,
    /// What the day adds up to so far.
    pub report: DayReport,
    /// The latest event that stands.
    pub last_event: Option<&'a AttendanceEvent>,
}

impl<'a> TodayRow<'a> {
    /// Everybody with an event, the latest event first, then the active people without one,
    /// by name.
    pub fn all(
        people: impl Iterator<Item = &'a Person>,
        events_of: impl Fn(PersonId) -> &'a [AttendanceEvent],
        mut report: impl FnMut(&Person, &[AttendanceEvent]) -> DayReport,
    ) -> Vec<Self> {
        let mut rows: Vec<Self> = people
            .filter_map(|person| {
                let events = events_of(person.id);
                let last_event = events.iter().rev().find(|e| e.void.is_none());
                (person.active || last_event.is_some()).then(|| Self {
                    person,
                    report: report(person, events),
                    last_event,
                })
            })
            .collect();
        rows.sort_by(|a, b| {
            let time = |row: &Self| row.last_event.map(|e| e.at);
            time(b)
                .cmp(&time(a))
                .then_with(|| a.person.name.cmp(&b.person.name))
        });
        rows
    }
}
