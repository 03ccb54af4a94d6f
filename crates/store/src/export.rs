//! Attendance as rows, for tables and for `--json`.

use chrono::{DateTime, FixedOffset};
use rusqlite::params;
use serde::Serialize;

use super::attendance::{event, event_columns};
use super::error::StoreError;
use super::sql::Day;
use super::{EventFilter, Store};
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::worktime::period::{PersonDays, measure};
use rollcall_core::worktime::plan::WorkPlan;

/// One event, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttendanceRow {
    /// Number of the event, e.g. to void it.
    pub event: i64,
    /// The day it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// Code of the person.
    pub code: String,
    /// Name of the person.
    pub name: String,
    /// Date the clock showed, `YYYY-MM-DD`; after midnight it may differ from `day`.
    pub date: String,
    /// Time the clock showed, `HH:MM:SS`.
    pub time: String,
    /// Its offset from UTC, `+HH:MM`.
    pub utc_offset: String,
    /// `in` or `out`.
    pub direction: String,
    /// `camera`, `manual`, `pin` or `import`.
    pub source: String,
    /// Similarity of the face, if a face decided.
    pub similarity: Option<f32>,
    /// Liveness of the face, if judged.
    pub liveness: Option<f32>,
    /// Whether the event was taken back.
    pub voided: bool,
    /// By whom.
    pub voided_by: Option<String>,
    /// Why.
    pub void_reason: Option<String>,
    /// `synchronised`, `unsynchronised` or `jumped`, if the clock was noted.
    pub clock: Option<String>,
    /// Batch of events that share one error of the clock.
    pub clock_batch: Option<i64>,
    /// The voided event in whose place this one stands.
    pub replaces: Option<i64>,
    /// Who made the event by hand.
    pub operator: Option<String>,
    /// Why it was made by hand.
    pub reason: Option<String>,
}

impl AttendanceRow {
    /// What there is to say of the event beyond its columns, in a few words.
    pub fn remark(&self) -> String {
        let mut words = Vec::new();
        if self.voided {
            words.push("voided".to_owned());
        }
        if let Some(event) = self.replaces {
            words.push(format!("replaces {event}"));
        }
        if let (Some(state), Some(batch)) = (&self.clock, self.clock_batch)
            && state != "synchronised"
        {
            words.push(format!("clock {state}, batch {batch}"));
        }
        words.join("; ")
    }
}

impl Store {
    /// The measured days of everybody who is active or has a day that passes the filter,
    /// by the clock of `now`; a filter without days has none.
    ///
    /// Who was deleted appears with the days that are left of them, which payroll still needs.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn days(
        &self,
        filter: &EventFilter,
        plan: &WorkPlan,
        now: &DateTime<FixedOffset>,
    ) -> Result<Vec<PersonDays>, StoreError> {
        let (Some(from), Some(to)) = (filter.from, filter.to) else {
            return Ok(Vec::new());
        };
        let (mut people, events) = (self.everybody_ever()?, self.events(filter)?);
        if let Some(code) = &filter.code {
            people.retain(|person| person.code == *code);
        }
        let mut days = measure(plan, people, events, (from, to), now);
        days.retain(|person| person.person.active || !person.days.is_empty());
        Ok(days)
    }

    /// The events that pass the filter with code and name of their person, voided
    /// ones too, by day and time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn attendance_events(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<(String, String, AttendanceEvent)>, StoreError> {
        self.read("listing attendance", |tx| {
            let rows = tx
                .prepare_cached(concat!(
                    "SELECT ",
                    event_columns!(),
                    ", p.code, p.name FROM attendance_event e JOIN person p ON p.id = e.person_id
                     WHERE (?1 IS NULL OR e.local_day >= ?1) AND (?2 IS NULL OR e.local_day <= ?2)
                       AND (?3 IS NULL OR p.code = ?3)
                     ORDER BY e.local_day, e.at_utc_us, e.person_id, e.sequence"
                ))?
                .query_map(
                    params![filter.from.map(Day), filter.to.map(Day), filter.code],
                    |row| Ok((row.get("code")?, row.get("name")?, event(row)?)),
                )?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    /// The same in words.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn attendance(&self, filter: &EventFilter) -> Result<Vec<AttendanceRow>, StoreError> {
        let events = self.attendance_events(filter)?;
        Ok(events.into_iter().map(in_words).collect())
    }
}

fn in_words((code, name, event): (String, String, AttendanceEvent)) -> AttendanceRow {
    let provenance = event.provenance;
    let (voided_by, void_reason) = event.void.map(|v| (v.by, v.reason)).unzip();
    AttendanceRow {
        event: event.id.0,
        day: event.local_day.to_string(),
        code,
        name,
        date: event.at.format("%Y-%m-%d").to_string(),
        time: event.at.format("%H:%M:%S").to_string(),
        utc_offset: event.at.format("%:z").to_string(),
        direction: event.direction.to_string(),
        source: event.source.to_string(),
        similarity: event.similarity.map(|s| s.0),
        liveness: event.liveness,
        voided: voided_by.is_some(),
        voided_by,
        void_reason,
        clock: provenance.clock.map(|c| c.state.to_string()),
        clock_batch: provenance.clock.map(|c| c.batch),
        replaces: provenance.replaces.map(|e| e.0),
        operator: provenance.operator,
        reason: provenance.reason,
    }
}
