//! Check-outs that the rules put in place of forgotten ones, as events that can be
//! seen and corrected like any other.
//!
//! Invariant: a day is closed once. Whoever takes the rule's event back has the last
//! word; it is not made again.

use chrono::NaiveDate;

use super::attendance::{NewEvent, insert, next_sequence, of_person};
use super::error::StoreError;
use super::{Author, Store};
use rollcall_core::attendance::{AttendanceEvent, Direction, EventSource, NewPunch, Provenance};
use rollcall_core::worktime::period::PersonDays;
use rollcall_core::worktime::plan::WorkPlan;

/// What the audit trail and the event say.
const REASON: &str = "no check-out by the end of the day";

impl Store {
    /// Closes the forgotten check-outs from the day `from` to the day `to`, all of which
    /// have to be over, and returns the codes with the new events.
    ///
    /// # Errors
    /// If the database cannot be read or written; days closed before that stay closed.
    pub fn close_forgotten(
        &mut self,
        plan: &WorkPlan,
        (from, to): (NaiveDate, NaiveDate),
        author: Author<'_>,
    ) -> Result<Vec<(String, AttendanceEvent)>, StoreError> {
        let filter = super::EventFilter {
            from: Some(from),
            to: Some(to),
            code: None,
        };
        let mut closed = Vec::new();
        for PersonDays { person, days } in self.days(&filter, plan, &author.at)? {
            for day in days {
                if day.report.closing.is_none() || has_been_closed(&day.events) {
                    continue;
                }
                let made = self.write("closing a forgotten check-out", |tx| {
                    // Read again: a correction may have come in between.
                    let events = of_person(tx, person.id, day.day)?;
                    let (report, _) = plan.planner().report(&person, day.day, &events, &author.at);
                    let Some(at) = report.closing.filter(|_| !has_been_closed(&events)) else {
                        return Ok(None);
                    };
                    let event = NewEvent {
                        punch: &NewPunch {
                            camera: None,
                            person: person.id,
                            at,
                            local_day: day.day,
                            sequence: next_sequence(tx, person.id, day.day)?,
                            direction: Direction::Out,
                            source: EventSource::Rule,
                            similarity: None,
                            margin: None,
                            liveness: None,
                            model: None,
                            clock: None,
                        },
                        provenance: Provenance {
                            operator: Some(author.name.to_owned()),
                            reason: Some(REASON.to_owned()),
                            ..Provenance::default()
                        },
                    };
                    insert(tx, &event, author, "attendance.close").map(Some)
                })?;
                closed.extend(made.map(|event| (person.code.to_string(), event)));
            }
        }
        Ok(closed)
    }
}

fn has_been_closed(events: &[AttendanceEvent]) -> bool {
    events.iter().any(|event| event.source == EventSource::Rule)
}
