//! Attendance as rows, for tables and for `--json`.

use chrono::{DateTime, Datelike, FixedOffset, Months, NaiveDate};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::attendance::{event, event_columns, of_day, of_person};
use super::error::{Fault, StoreError};
use super::sql::Day;
use super::{EventFilter, Store, people};
use rollcall_core::attendance::AttendanceEvent;
use rollcall_core::person::Person;
use rollcall_core::plausible::FIRST_YEAR;
use rollcall_core::worktime::alteration::Alteration;
use rollcall_core::worktime::period::{PersonDays, WorkDay, measure, measure_day};
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
    /// When it was voided.
    pub voided_at: Option<DateTime<FixedOffset>>,
    /// When it was written down.
    pub recorded_at: Option<DateTime<FixedOffset>>,
}

impl AttendanceRow {
    /// What there is to say of the event beyond its columns, in a few words.
    pub fn remark(&self) -> String {
        let mut words = Vec::new();
        let on = |at: Option<DateTime<FixedOffset>>| {
            at.map_or_else(String::new, |at| {
                format!(" {}", at.format("%Y-%m-%d %H:%M"))
            })
        };
        if self.voided {
            let by = self.voided_by.as_deref().unwrap_or_default();
            words.push(format!("voided{} by {by}", on(self.voided_at)));
        }
        if let Some(event) = self.replaces {
            words.push(format!("replaces {event}"));
        }
        if let (Some(by), "manual") = (&self.operator, self.source.as_str()) {
            words.push(format!("made{} by {by}", on(self.recorded_at)));
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

    /// What days that have passed would come out as by another plan, or if people were as
    /// `change` makes them. A month at a time, so that memory does not grow with the history.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn alteration(
        &self,
        (before, after): (&WorkPlan, &WorkPlan),
        change: &dyn Fn(&mut Person),
        now: &DateTime<FixedOffset>,
    ) -> Result<Alteration, StoreError> {
        let mut alteration = Alteration::default();
        let people = self.everybody_ever()?;
        let mut changed = people.clone();
        changed.iter_mut().for_each(change);
        let first = first_expected(people.iter().chain(&changed));
        let first = self.first_day()?.into_iter().chain(first).min();
        let today = before
            .policy
            .local_day(now)
            .min(after.policy.local_day(now));
        let (Some(first), Some(last)) = (first, today.pred_opt()) else {
            return Ok(alteration);
        };
        let mut from = first;
        while from <= last {
            let next = (from.with_day(1).unwrap_or(from)).checked_add_months(Months::new(1));
            let next = next.unwrap_or(NaiveDate::MAX);
            let to = last.min(next.pred_opt().unwrap_or(last));
            let events = self.events(&EventFilter {
                from: Some(from),
                to: Some(to),
                code: None,
            })?;
            alteration.add(
                &measure(before, people.clone(), events.clone(), (from, to), now),
                &measure(after, changed.clone(), events, (from, to), now),
            );
            from = next;
        }
        Ok(alteration)
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
                .prepare_cached(EVENTS_BY_DAY)?
                .query_map(
                    params![filter.from.map(Day), filter.to.map(Day), filter.code],
                    |row| {
                        let NamedEvent { code, name, event } = named_event(row)?;
                        Ok((code, name, event))
                    },
                )?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    /// Hands a year of a large station over piece by piece: the events that pass the filter
    /// in the order of [`Store::attendance_events`], then the measured days of everybody,
    /// day by day and in the order of enrolment within a day. All of it is one state of the
    /// database, and no more than a day is held at a time.
    ///
    /// # Errors
    /// If the database cannot be read, or what `sink` says.
    pub fn stream<E: From<StoreError>>(
        &self,
        wanted: &Wanted<'_>,
        sink: &mut dyn AttendanceSink<Error = E>,
    ) -> Result<(), E> {
        let doing = "reading the attendance";
        let explain = |fault: Fault| E::from(fault.explain(doing, &self.path));
        let tx = self
            .connection
            .unchecked_transaction()
            .map_err(|error| explain(error.into()))?;
        if wanted.events {
            stream_events(&tx, wanted.filter, sink, &explain)?;
        }
        if let Some(days) = &wanted.days {
            let mut people = people::all_ever(&tx).map_err(explain)?;
            if let Some(code) = &wanted.filter.code {
                people.retain(|person| person.code == *code);
            }
            stream_days(&tx, &people, days, sink, &explain)?;
        }
        Ok(())
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

/// The first day on which anybody is expected; nobody remembers what was before the first year
/// of records, whatever a clock said when somebody was enrolled.
fn first_expected<'a>(people: impl Iterator<Item = &'a Person>) -> Option<NaiveDate> {
    let first = people.map(|person| {
        let enrolled = person.created_at.date_naive();
        person.expectation.from.unwrap_or(enrolled)
    });
    let floor = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).unwrap_or_default();
    first.min().map(|first| first.max(floor))
}

/// What [`Store::stream`] is to hand over.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which days, and whose.
    pub filter: &'a EventFilter,
    /// Whether the events are wanted.
    pub events: bool,
    /// Which days are measured, if any are wanted.
    pub days: Option<MeasuredDays<'a>>,
}

/// Days that are to be measured.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredDays<'a> {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// What they are measured by.
    pub plan: &'a WorkPlan,
    /// The time as of which.
    pub now: &'a DateTime<FixedOffset>,
}

/// Takes what [`Store::stream`] hands over.
pub trait AttendanceSink {
    /// Why it takes no more.
    type Error;

    /// An event with code and name of its person.
    ///
    /// # Errors
    /// If it takes no more.
    fn event(&mut self, event: NamedEvent) -> Result<(), Self::Error>;

    /// A day of a person on which there is something to say.
    ///
    /// # Errors
    /// If it takes no more.
    fn day(&mut self, person: &Person, day: &WorkDay) -> Result<(), Self::Error>;
}

/// An event with the code and the name of its person.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedEvent {
    /// Code of the person.
    pub code: String,
    /// Name of the person.
    pub name: String,
    /// The event.
    pub event: AttendanceEvent,
}

/// By the index of the days, so that SQLite sorts a day at a time and not a year.
const EVENTS_BY_DAY: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", p.code, p.name FROM attendance_event e JOIN person p ON p.id = e.person_id
     WHERE e.local_day BETWEEN coalesce(?1, '0000') AND coalesce(?2, '9999-99')
       AND (?3 IS NULL OR p.code = ?3)
     ORDER BY e.local_day, e.at_utc_us, e.person_id, e.sequence"
);

pub(super) fn named_event(row: &Row<'_>) -> rusqlite::Result<NamedEvent> {
    Ok(NamedEvent {
        code: row.get("code")?,
        name: row.get("name")?,
        event: event(row)?,
    })
}

fn stream_events<E>(
    tx: &Connection,
    filter: &EventFilter,
    sink: &mut dyn AttendanceSink<Error = E>,
    explain: &dyn Fn(Fault) -> E,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| explain(error.into());
    let mut statement = tx.prepare_cached(EVENTS_BY_DAY).map_err(failed)?;
    let mut rows = statement
        .query(params![
            filter.from.map(Day),
            filter.to.map(Day),
            filter.code
        ])
        .map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        sink.event(named_event(row).map_err(failed)?)?;
    }
    Ok(())
}

fn stream_days<E>(
    tx: &Connection,
    people: &[Person],
    days: &MeasuredDays<'_>,
    sink: &mut dyn AttendanceSink<Error = E>,
    explain: &dyn Fn(Fault) -> E,
) -> Result<(), E> {
    // No day lies in the future, whatever is asked for.
    let last = days.to.min(days.plan.policy.local_day(days.now));
    for day in days.from.iter_days().take_while(|day| *day <= last) {
        let events = match people {
            [only] => of_person(tx, only.id, day),
            _ => of_day(tx, day),
        };
        let events = events.map_err(explain)?;
        for (person, day) in measure_day(days.plan, people, events, day, days.now) {
            sink.day(person, &day)?;
        }
    }
    Ok(())
}

fn in_words((code, name, event): (String, String, AttendanceEvent)) -> AttendanceRow {
    let provenance = event.provenance;
    let voided_at = event.void.as_ref().map(|void| void.at);
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
        voided_at,
        recorded_at: provenance.recorded_at,
    }
}
