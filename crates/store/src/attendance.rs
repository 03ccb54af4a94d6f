//! Attendance events in the database.
//!
//! Invariant: the same decision is written once. Its key is the place it takes
//! in the person's day; a retry after a crash finds its own row, and a decision
//! made on a stale picture of the day finds another's and is sent back.

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{Fault, StoreError};
use super::export::{NamedEvent, named_event};
use super::sql::{Day, Stamp, event_time};
use super::stored_path::StoredPath;
use super::{Author, Store, audit, people};
use rollcall_core::attendance::{
    AttendanceEvent, EventId, EventSource, NewPunch, Provenance, Void,
};
use rollcall_core::clock_trust::ClockMark;
use rollcall_core::correction::When;
use rollcall_core::embedding::Cosine;
use rollcall_core::event::PunchOutcome;
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_core::plausible;

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

/// The columns [`event`] reads, in its order; others may only follow.
macro_rules! event_columns {
    () => {
        "e.id, e.person_id, e.local_day, e.sequence, e.at_utc_us, e.utc_offset_secs, e.direction, \
         e.source, e.similarity, e.margin, e.liveness, e.void_at, e.void_by, e.void_reason, \
         e.clock_state, e.clock_batch, e.replaces, e.operator, e.reason, e.created_at, e.camera"
    };
}
pub(super) use event_columns;

impl EventFilter {
    /// All events of one day.
    pub fn of_day(day: NaiveDate) -> Self {
        Self {
            from: Some(day),
            to: Some(day),
            code: None,
        }
    }
}

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
        let batches = self.clock_batches()?;
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
                None => {
                    let event = NewEvent::of(punch, author, batches);
                    Ok(PunchOutcome::Recorded(insert(
                        tx,
                        &event,
                        author,
                        "attendance.record",
                    )?))
                }
                Some(event) if is_same_decision(&event, punch) => {
                    Ok(PunchOutcome::AlreadyRecorded(event))
                }
                Some(_) => Ok(PunchOutcome::Superseded {
                    day: of_person(tx, punch.person, punch.local_day)?,
                }),
            }
        })
    }

    /// The number of this run's first batch of events with one error of the clock.
    fn clock_batches(&mut self) -> Result<i64, StoreError> {
        if let Some(first) = self.clock_batches {
            return Ok(first);
        }
        let first = self.read("numbering the batches of the clock", |tx| {
            Ok(tx.query_row(
                "SELECT coalesce(max(clock_batch), 0) + 1 FROM attendance_event",
                [],
                |row| row.get(0),
            )?)
        })?;
        self.clock_batches = Some(first);
        Ok(first)
    }

    /// Number of events of all time, voided ones too.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn event_count(&self) -> Result<u64, StoreError> {
        self.read("counting events", |tx| {
            Ok(
                tx.query_row("SELECT count(*) FROM attendance_event", [], |row| {
                    row.get(0)
                })?,
            )
        })
    }

    /// When the station saw somebody last, by its clock of then, which was not in doubt.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn latest_seen(&self) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
        self.read("looking for the latest punch", |tx| {
            let latest = tx
                .prepare_cached(
                    "SELECT at_utc_us, utc_offset_secs FROM attendance_event
                     WHERE source IN ('camera', 'pin') AND void_at IS NULL
                       AND coalesce(clock_state, 'synchronised') = 'synchronised'
                     ORDER BY at_utc_us DESC LIMIT 1",
                )?
                .query_row([], |row| Ok(event_time(row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(latest.flatten())
        })
    }

    /// Standing events that were stated and cannot have happened as of `now`, or count for a
    /// day that is not theirs.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn stated_at_impossible_times(
        &self,
        now: &DateTime<FixedOffset>,
    ) -> Result<Vec<AttendanceEvent>, StoreError> {
        self.read("looking for impossible times", |tx| {
            let mut statement = tx.prepare_cached(concat!(
                "SELECT ",
                event_columns!(),
                " FROM attendance_event e
                 WHERE e.source IN ('manual', 'import') AND e.void_at IS NULL ORDER BY e.id"
            ))?;
            let mut found = Vec::new();
            for stated in statement.query_map([], event)? {
                let stated = stated?;
                let when = When {
                    at: stated.at,
                    local_day: stated.local_day,
                };
                if plausible::punch(&when, now).is_err() {
                    found.push(stated);
                }
            }
            Ok(found)
        })
    }

    /// The first day on which there is an event.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn first_day(&self) -> Result<Option<NaiveDate>, StoreError> {
        self.read("looking for the first event", |tx| {
            let day: Option<Day> =
                tx.query_row("SELECT min(local_day) FROM attendance_event", [], |row| {
                    row.get(0)
                })?;
            Ok(day.map(|Day(day)| day))
        })
    }

    /// The events after the one of this number that pass the filter, voided ones too, in the
    /// order in which they were written down, as many as asked for.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn events_page(
        &self,
        filter: &EventFilter,
        after: EventId,
        limit: u32,
    ) -> Result<Vec<NamedEvent>, StoreError> {
        self.read("reading a page of events", |tx| {
            let events = tx
                .prepare_cached(concat!(
                    "SELECT ",
                    event_columns!(),
                    ", p.code, p.name FROM attendance_event e JOIN person p ON p.id = e.person_id
                     WHERE e.id > ?4
                       AND e.local_day BETWEEN coalesce(?1, '0000') AND coalesce(?2, '9999-99')
                       AND (?3 IS NULL OR p.code = ?3)
                     ORDER BY e.id LIMIT ?5"
                ))?
                .query_map(
                    params![
                        filter.from.map(Day),
                        filter.to.map(Day),
                        filter.code,
                        after,
                        limit
                    ],
                    named_event,
                )?
                .collect::<Result<_, _>>()?;
            Ok(events)
        })
    }

    /// The events that pass the filter, voided ones too, by day and time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<AttendanceEvent>, StoreError> {
        self.read("reading events", |tx| {
            let events = tx
                .prepare_cached(concat!(
                    "SELECT ",
                    event_columns!(),
                    " FROM attendance_event e
                     WHERE e.local_day BETWEEN coalesce(?1, '0000') AND coalesce(?2, '9999-99')
                       AND (?3 IS NULL OR e.person_id = (SELECT id FROM person WHERE code = ?3))
                     ORDER BY e.local_day, e.at_utc_us, e.person_id, e.sequence"
                ))?
                .query_map(
                    params![filter.from.map(Day), filter.to.map(Day), filter.code],
                    event,
                )?
                .collect::<Result<_, _>>()?;
            Ok(events)
        })
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

pub(super) fn of_person(
    tx: &Connection,
    person: PersonId,
    day: NaiveDate,
) -> Result<Vec<AttendanceEvent>, Fault> {
    let events = tx
        .prepare_cached(concat!(
            "SELECT ",
            event_columns!(),
            " FROM attendance_event e WHERE e.person_id = ?1 AND e.local_day = ?2
             ORDER BY e.sequence"
        ))?
        .query_map(params![person, Day(day)], event)?
        .collect::<Result<_, _>>()?;
    Ok(events)
}

/// Reads every event without keeping any: an error if there is one that cannot be read.
pub(super) fn check_all(tx: &Connection) -> Result<(), Fault> {
    let mut statement = tx.prepare(concat!(
        "SELECT ",
        event_columns!(),
        ", e.picture FROM attendance_event e"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        event(row)?;
        if let Some(picture) = row.get::<_, Option<String>>("picture")? {
            StoredPath::parse(&picture)?;
        }
    }
    Ok(())
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

/// Reads a row that begins with the columns above. By place: looking up twenty names for
/// each of thousands of rows takes longer than reading them.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<AttendanceEvent> {
    let at = event_time(row.get(4)?, row.get(5)?)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(4, 0))?;
    let void = match row.get::<_, Option<Stamp>>(11)? {
        Some(Stamp(at)) => Some(Void {
            at,
            by: row.get(12)?,
            reason: row.get(13)?,
        }),
        None => None,
    };
    let clock = match row.get(14)? {
        Some(state) => Some(ClockMark {
            state,
            batch: row.get::<_, Option<i64>>(15)?.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(AttendanceEvent {
        id: row.get(0)?,
        person: row.get(1)?,
        at,
        local_day: row.get::<_, Day>(2)?.0,
        sequence: row.get(3)?,
        direction: row.get(6)?,
        source: row.get(7)?,
        similarity: row.get::<_, Option<f32>>(8)?.map(Cosine),
        margin: row.get(9)?,
        liveness: row.get(10)?,
        void,
        provenance: Provenance {
            clock,
            replaces: row.get(16)?,
            operator: row.get(17)?,
            reason: row.get(18)?,
            // A row whose note cannot be read is still a punch.
            recorded_at: row.get::<_, Stamp>(19).ok().map(|Stamp(at)| at),
            camera: row.get(20)?,
        },
    })
}

/// An event about to be written.
pub(super) struct NewEvent<'a> {
    pub(super) punch: &'a NewPunch,
    pub(super) provenance: Provenance,
}

impl<'a> NewEvent<'a> {
    /// A punch that a station has decided, in the first or a later batch of its run.
    fn of(punch: &'a NewPunch, author: Author<'_>, first_batch: i64) -> Self {
        let clock = plausible::clock_of(punch, &author.at).map(|clock| ClockMark {
            state: clock.state,
            batch: first_batch + i64::from(clock.jumps),
        });
        Self {
            punch,
            provenance: Provenance {
                clock,
                ..Provenance::default()
            },
        }
    }
}

/// Writes an event and its record in the audit trail: the one way in for all of them. What
/// somebody states has to be plausible; what the station saw is kept and marked.
pub(super) fn insert(
    tx: &Connection,
    event: &NewEvent<'_>,
    author: Author<'_>,
    action: &str,
) -> Result<AttendanceEvent, Fault> {
    let NewEvent { punch, provenance } = event;
    if matches!(punch.source, EventSource::Manual | EventSource::Import) {
        let when = When {
            at: punch.at,
            local_day: punch.local_day,
        };
        plausible::punch(&when, &author.at).map_err(StoreError::from)?;
    }
    tx.prepare_cached(
        "INSERT INTO attendance_event (person_id, local_day, sequence, at_utc_us, utc_offset_secs,
            direction, source, similarity, margin, liveness, model, created_at,
            clock_state, clock_batch, replaces, operator, reason, camera)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
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
        Stamp(author.at),
        provenance.clock.map(|c| c.state),
        provenance.clock.map(|c| c.batch),
        provenance.replaces,
        provenance.operator,
        provenance.reason,
        punch.camera,
    ])?;
    let id = EventId(tx.last_insert_rowid());
    let detail = provenance.reason.as_deref().unwrap_or("");
    audit::append_event(tx, author, action, id, detail)?;
    by_event_id(tx, id)
}

/// The next place in a person's day.
pub(super) fn next_sequence(
    tx: &Connection,
    person: PersonId,
    day: NaiveDate,
) -> Result<u32, Fault> {
    let sequence = tx
        .prepare_cached(
            "SELECT coalesce(max(sequence), 0) + 1 FROM attendance_event
             WHERE person_id = ?1 AND local_day = ?2",
        )?
        .query_row(params![person, Day(day)], |row| row.get(0))?;
    Ok(sequence)
}

pub(super) fn by_event_id(tx: &Connection, id: EventId) -> Result<AttendanceEvent, Fault> {
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
