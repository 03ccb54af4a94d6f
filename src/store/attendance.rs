//! Attendance events in the database.
//!
//! Invariant: the same decision is written once. Its key is the place it takes
//! in the person's day; a retry after a crash finds its own row, and a decision
//! made on a stale picture of the day finds another's and is sent back.

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{Fault, StoreError};
use super::sql::{Day, Stamp, event_time};
use super::{Author, Store, audit, people};
use crate::core::attendance::{AttendanceEvent, Direction, EventId, EventSource, NewPunch, Void};
use crate::core::embedding::Cosine;
use crate::core::event::PunchOutcome;
use crate::core::person::PersonCode;

/// A punch an operator adds by hand; it takes the next free place in the day.
#[derive(Debug, Clone, PartialEq)]
pub struct ManualPunch {
    /// Whose punch it is.
    pub code: PersonCode,
    /// Local time with its offset from UTC.
    pub at: DateTime<FixedOffset>,
    /// The day it counts for.
    pub local_day: NaiveDate,
    /// In or out.
    pub direction: Direction,
    /// Why it is added.
    pub reason: String,
}

/// Which events to read; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// Only this person, also if deleted.
    pub code: Option<PersonCode>,
}

/// The columns [`event`] reads.
macro_rules! event_columns {
    () => {
        "e.id, e.person_id, e.local_day, e.sequence, e.at_utc_us, e.utc_offset_secs, e.direction, \
         e.source, e.similarity, e.margin, e.liveness, e.void_at, e.void_by, e.void_reason"
    };
}
pub(super) use event_columns;

impl Store {
    /// Writes a punch that the station has decided.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPerson`] if the person was deleted; otherwise if the
    /// database cannot be written.
    pub fn record(
        &mut self,
        punch: &NewPunch,
        author: Author<'_>,
    ) -> Result<PunchOutcome, StoreError> {
        self.write("recording a punch", |tx| {
            people::require(tx, punch.person)?;
            let existing = tx
                .prepare_cached(concat!(
                    "SELECT ",
                    event_columns!(),
                    " FROM attendance_event e
                     WHERE e.person_id = ?1 AND e.local_day = ?2 AND e.sequence = ?3"
                ))?
                .query_row(
                    params![punch.person, Day(punch.local_day), punch.sequence],
                    event,
                )
                .optional()?;
            match existing {
                None => Ok(PunchOutcome::Recorded(insert(tx, punch, author)?)),
                Some(event) if is_same_decision(&event, punch) => {
                    Ok(PunchOutcome::AlreadyRecorded(event))
                }
                Some(_) => Ok(PunchOutcome::Superseded),
            }
        })
    }

    /// Adds a punch by hand, at the next free place of the day.
    ///
    /// # Errors
    /// If nobody has the code, the reason is blank, or the database cannot be written.
    pub fn add_manual(
        &mut self,
        manual: &ManualPunch,
        author: Author<'_>,
    ) -> Result<AttendanceEvent, StoreError> {
        refuse_blank("reason", &manual.reason)?;
        self.write("adding a punch by hand", |tx| {
            let person = people::by_code(tx, &manual.code)?;
            let sequence = tx
                .prepare_cached(
                    "SELECT coalesce(max(sequence), 0) + 1 FROM attendance_event
                     WHERE person_id = ?1 AND local_day = ?2",
                )?
                .query_row(params![person.id, Day(manual.local_day)], |row| row.get(0))?;
            let punch = NewPunch {
                person: person.id,
                at: manual.at,
                local_day: manual.local_day,
                sequence,
                direction: manual.direction,
                source: EventSource::Manual,
                similarity: None,
                margin: None,
                liveness: None,
                model: None,
            };
            let added = insert(tx, &punch, author)?;
            let subject = added.id.0.to_string();
            audit::append(tx, author, "attendance.add", &subject, &manual.reason)?;
            Ok(added)
        })
    }

    /// Takes an event back. It stays readable, with who did it and why.
    ///
    /// # Errors
    /// If there is no such event, it was voided before, or the reason is blank.
    pub fn void(
        &mut self,
        id: EventId,
        reason: &str,
        author: Author<'_>,
    ) -> Result<AttendanceEvent, StoreError> {
        refuse_blank("reason", reason)?;
        refuse_blank("name of the operator", author.name)?;
        self.write("voiding an attendance event", |tx| {
            if let Some(void) = by_event_id(tx, id)?.void {
                return Err(Fault::Store(StoreError::AlreadyVoided {
                    event: id,
                    by: void.by,
                    reason: void.reason,
                }));
            }
            tx.prepare_cached(
                "UPDATE attendance_event SET void_at = ?2, void_by = ?3, void_reason = ?4
                 WHERE id = ?1",
            )?
            .execute(params![id, Stamp(author.at), author.name, reason])?;
            audit::append(tx, author, "attendance.void", &id.0.to_string(), reason)?;
            by_event_id(tx, id)
        })
    }

    /// All events of a day, voided ones too, in the order of time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn day_events(&self, local_day: NaiveDate) -> Result<Vec<AttendanceEvent>, StoreError> {
        self.read("reading the events of a day", |tx| of_day(tx, local_day))
    }
}

pub(super) fn of_day(tx: &Connection, day: NaiveDate) -> Result<Vec<AttendanceEvent>, Fault> {
    let events = tx
        .prepare_cached(concat!(
            "SELECT ",
            event_columns!(),
            " FROM attendance_event e WHERE e.local_day = ?1
             ORDER BY e.at_utc_us, e.person_id, e.sequence"
        ))?
        .query_map([Day(day)], event)?
        .collect::<Result<_, _>>()?;
    Ok(events)
}

/// The last standing event of each person before `day`.
pub(super) fn last_before(tx: &Connection, day: NaiveDate) -> Result<Vec<AttendanceEvent>, Fault> {
    let events = tx
        .prepare_cached(concat!(
            "SELECT ",
            event_columns!(),
            " FROM person p JOIN attendance_event e ON e.id = (
                 SELECT b.id FROM attendance_event b
                 WHERE b.person_id = p.id AND b.local_day < ?1 AND b.void_at IS NULL
                 ORDER BY b.local_day DESC, b.sequence DESC LIMIT 1)
             WHERE p.deleted_at IS NULL ORDER BY p.id"
        ))?
        .query_map([Day(day)], event)?
        .collect::<Result<_, _>>()?;
    Ok(events)
}

/// Reads a row of the columns above.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<AttendanceEvent> {
    let at = event_time(row.get("at_utc_us")?, row.get("utc_offset_secs")?)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(4, 0))?;
    let void = match row.get::<_, Option<Stamp>>("void_at")? {
        Some(Stamp(at)) => Some(Void {
            at,
            by: row.get("void_by")?,
            reason: row.get("void_reason")?,
        }),
        None => None,
    };
    Ok(AttendanceEvent {
        id: row.get("id")?,
        person: row.get("person_id")?,
        at,
        local_day: row.get::<_, Day>("local_day")?.0,
        sequence: row.get("sequence")?,
        direction: row.get("direction")?,
        source: row.get("source")?,
        similarity: row.get::<_, Option<f32>>("similarity")?.map(Cosine),
        margin: row.get("margin")?,
        liveness: row.get("liveness")?,
        void,
    })
}

fn insert(tx: &Connection, punch: &NewPunch, author: Author<'_>) -> Result<AttendanceEvent, Fault> {
    tx.prepare_cached(
        "INSERT INTO attendance_event (person_id, local_day, sequence, at_utc_us, utc_offset_secs,
            direction, source, similarity, margin, liveness, model, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        punch.person,
        Day(punch.local_day),
        punch.sequence,
        punch.at.timestamp_micros(),
        punch.at.offset().local_minus_utc(),
        punch.direction,
        punch.source,
        punch.similarity.map(|s| s.0),
        punch.margin,
        punch.liveness,
        punch.model,
        Stamp(author.at)
    ])?;
    by_event_id(tx, EventId(tx.last_insert_rowid()))
}

fn by_event_id(tx: &Connection, id: EventId) -> Result<AttendanceEvent, Fault> {
    tx.prepare_cached(concat!(
        "SELECT ",
        event_columns!(),
        " FROM attendance_event e WHERE e.id = ?1"
    ))?
    .query_row([id], event)
    .optional()?
    .ok_or(Fault::Store(StoreError::NoSuchEvent(id)))
}

/// The database keeps microseconds; the clock may know more.
fn is_same_decision(event: &AttendanceEvent, punch: &NewPunch) -> bool {
    event.at.timestamp_micros() == punch.at.timestamp_micros()
        && event.direction == punch.direction
        && event.source == punch.source
}

fn refuse_blank(what: &'static str, text: &str) -> Result<(), StoreError> {
    if text.trim().is_empty() {
        Err(StoreError::Blank(what))
    } else {
        Ok(())
    }
}
