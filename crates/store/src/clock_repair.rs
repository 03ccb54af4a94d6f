//! Shifting a batch of events that were made while the clock was wrong.
//!
//! Only events whose clock was doubtful are shifted, each as a correction: voided
//! and replaced. The replacement bears no doubt any more, so that the same repair
//! asked for twice finds nothing to do.

use chrono::{DateTime, FixedOffset};
use rusqlite::params;

use super::attendance::{event, event_columns};
use super::correction::{Stated, add, void};
use super::error::{Fault, StoreError};
use super::{Author, Store, audit};
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::clock_repair::{ClockRepair, ClockSpan};
use rollcall_core::clock_trust::say_shift;
use rollcall_core::correction::{Corrected, When};
use rollcall_core::day::AttendancePolicy;
use rollcall_core::printable::Wording;

/// Tells the local time and the day of a moment.
pub struct Calendar<'a> {
    /// When a day starts.
    pub policy: AttendancePolicy,
    /// Gives a moment the offset that the zone has at it: at the wrong time it was another.
    pub localise: &'a dyn Fn(DateTime<FixedOffset>) -> DateTime<FixedOffset>,
}

impl Store {
    /// The standing events of a doubtful clock that a repair would shift, oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn doubtful_events(&self, span: &ClockSpan) -> Result<Vec<AttendanceEvent>, StoreError> {
        self.read("looking for events of a doubtful clock", |tx| {
            doubtful(tx, span)
        })
    }

    /// Shifts all of them, or none.
    ///
    /// # Errors
    /// If the reason or the operator is blank, a shifted time is out of range or
    /// would double a punch, or the database cannot be written.
    pub fn repair_clock(
        &mut self,
        repair: &ClockRepair,
        calendar: &Calendar<'_>,
        at: DateTime<FixedOffset>,
    ) -> Result<Vec<Corrected>, StoreError> {
        let stated = Wording::parse("reason", &repair.reason)?;
        let operator = Wording::parse("name of the operator", &repair.operator)?;
        let author = Author {
            name: operator.as_str(),
            at,
        };
        let shift = say_shift(repair.shift);
        let reason = format!("clock shifted by {shift}: {}", stated.as_str());
        self.write("shifting events", |tx| {
            let events = doubtful(tx, &repair.span)?;
            // All of them first, so that a shifted event never meets one yet to be shifted.
            let voided: Vec<AttendanceEvent> = events
                .iter()
                .map(|old| void(tx, old.id, &reason, author))
                .collect::<Result<_, _>>()?;
            let mut done = Vec::with_capacity(voided.len());
            for old in voided {
                let at = old
                    .at
                    .checked_add_signed(repair.shift)
                    .ok_or(StoreError::ShiftOutOfRange { event: old.id })?;
                let at = (calendar.localise)(at);
                let stated = Stated {
                    person: old.person,
                    when: When {
                        at,
                        local_day: calendar.policy.local_day(&at),
                    },
                    direction: old.direction,
                    replaces: Some(old.id),
                };
                let added = add(tx, &stated, &reason, author)?;
                done.push(Corrected {
                    voided: Some(old),
                    added: Some(added),
                    disowned: false,
                });
            }
            if !done.is_empty() {
                let detail = format!("{} events by {shift}: {}", done.len(), stated.as_str());
                audit::append(tx, author, "clock.repair", "attendance", &detail)?;
            }
            Ok(done)
        })
    }
}

fn doubtful(tx: &rusqlite::Connection, span: &ClockSpan) -> Result<Vec<AttendanceEvent>, Fault> {
    let (from, to) = span.between.unzip();
    let events = tx
        .prepare_cached(concat!(
            "SELECT ",
            event_columns!(),
            " FROM attendance_event e
             WHERE e.void_at IS NULL AND e.clock_state IN ('unsynchronised', 'jumped')
               AND (?1 IS NULL OR e.at_utc_us >= ?1) AND (?2 IS NULL OR e.at_utc_us <= ?2)
               AND (?3 IS NULL OR e.clock_batch = ?3)
             ORDER BY e.id"
        ))?
        .query_map(
            params![
                from.map(|t| t.timestamp_micros()),
                to.map(|t| t.timestamp_micros()),
                span.batch
            ],
            event,
        )?
        .collect::<Result<_, _>>()?;
    Ok(events)
}
