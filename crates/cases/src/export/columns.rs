//! The columns of the exported tables, and what fills them.
//!
//! Invariant: a column keeps its name and its place; new ones go to the end, so that
//! whoever reads by place goes on reading the same.

use crate::say;
use rollcall_messages::Text;
use std::time::Duration;

use rollcall_core::attendance::Signature;
use rollcall_core::person::Person;
use rollcall_core::worktime::period::WorkDay;
use rollcall_core::worktime::totals::Totals;
use rollcall_core::worktime::{DayState, Flag};
use rollcall_sheet::{Cell, Column, Total};
use rollcall_store::NamedEvent;

const fn column(name: &'static str, heading: Text, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::None,
    }
}

const fn sum(name: &'static str, heading: Text, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::Sum,
    }
}

const fn counted(name: &'static str, heading: Text, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::Count,
    }
}

/// Those of a table with a row for each event.
pub(super) const EVENTS: &[Column] = &[
    column("event", say::COLUMN_EVENT, 9),
    column("day", say::COLUMN_DAY, 11),
    counted("code", say::COLUMN_CODE, 12),
    column("name", say::COLUMN_NAME, 26),
    column("date", say::COLUMN_DATE, 11),
    column("time", say::COLUMN_TIME, 9),
    column("utc_offset", say::COLUMN_UTC_OFFSET, 8),
    column("direction", say::COLUMN_DIRECTION, 9),
    column("source", say::COLUMN_SOURCE, 9),
    column("similarity", say::COLUMN_SIMILARITY, 8),
    column("liveness", say::COLUMN_LIVENESS, 8),
    column("voided", say::COLUMN_VOIDED, 7),
    column("voided_by", say::COLUMN_VOIDED_BY, 14),
    column("void_reason", say::COLUMN_REASON_FOR_VOIDING, 26),
    column("clock", say::COLUMN_CLOCK, 14),
    column("clock_batch", say::COLUMN_CLOCK_BATCH, 8),
    column("replaces", say::COLUMN_REPLACES, 9),
    column("operator", say::COLUMN_OPERATOR, 14),
    column("reason", say::COLUMN_REASON, 26),
    column("station", say::COLUMN_STATION, 16),
    column("voided_at", say::COLUMN_VOIDED_AT, 19),
    column("recorded_at", say::COLUMN_RECORDED_AT, 19),
];

/// Those of a table with a row for each person and day.
pub(super) const DAYS: &[Column] = &[
    column("day", say::COLUMN_DAY, 11),
    counted("code", say::COLUMN_CODE, 12),
    column("name", say::COLUMN_NAME, 26),
    column("team", say::COLUMN_TEAM, 14),
    column("shift", say::COLUMN_SHIFT, 12),
    column("state", say::COLUMN_STATE, 9),
    column("first_in", say::COLUMN_FIRST_IN, 19),
    column("last_out", say::COLUMN_LAST_OUT, 19),
    sum("hours", say::COLUMN_HOURS, 8),
    sum("break_hours", say::COLUMN_BREAK, 8),
    sum("overtime_hours", say::COLUMN_OVERTIME, 8),
    sum("late_minutes", say::COLUMN_MINUTES_LATE, 8),
    sum("early_minutes", say::COLUMN_MINUTES_EARLY, 8),
    sum("punches", say::COLUMN_PUNCHES, 8),
    column("check_out_missing", say::COLUMN_CHECK_OUT_MISSING, 8),
    column("look_at", say::COLUMN_TO_CHECK, 26),
    column("corrected", say::COLUMN_CORRECTED, 9),
    column("clock_doubtful", say::COLUMN_CLOCK_DOUBTFUL, 8),
    column("station", say::COLUMN_STATION, 16),
    column("corrected_by", say::COLUMN_CORRECTED_BY, 14),
    column("corrected_at", say::COLUMN_CORRECTED_AT, 19),
];

/// Those of a table with a row for each person.
pub(super) const PEOPLE: &[Column] = &[
    counted("code", say::COLUMN_CODE, 12),
    column("name", say::COLUMN_NAME, 26),
    column("team", say::COLUMN_TEAM, 14),
    column("from", say::COLUMN_FROM, 11),
    column("to", say::COLUMN_TO, 11),
    sum("days", say::COLUMN_DAYS, 7),
    sum("days_absent", say::COLUMN_DAYS_ABSENT, 7),
    sum("days_late", say::COLUMN_DAYS_LATE, 7),
    sum("days_early", say::COLUMN_DAYS_EARLY, 7),
    sum("hours", say::COLUMN_HOURS, 9),
    sum("overtime_hours", say::COLUMN_OVERTIME, 9),
    sum("late_minutes", say::COLUMN_MINUTES_LATE, 8),
    sum("early_minutes", say::COLUMN_MINUTES_EARLY, 8),
    sum("check_outs_missing", say::COLUMN_CHECK_OUTS_MISSING, 8),
    sum("days_flagged", say::COLUMN_DAYS_TO_CHECK, 8),
    sum("days_corrected", say::COLUMN_DAYS_CORRECTED, 8),
    sum("days_doubtful", say::COLUMN_DAYS_DOUBTFUL_CLOCK, 8),
    column("station", say::COLUMN_STATION, 16),
];

/// What a workbook says before its totals.
pub(super) const TOTAL: Text = say::COLUMN_TOTAL;

/// The names of its pages.
pub(super) const PAGES: [Text; 3] = [say::COLUMN_EVENTS, say::COLUMN_DAYS, say::COLUMN_PEOPLE];

/// The cells of [`EVENTS`].
pub(super) fn event(row: NamedEvent, station: &str) -> Vec<Cell> {
    let NamedEvent { code, name, event } = row;
    let figure = |value: Option<f32>| value.map_or(Cell::Empty, |v| Cell::Number(v.into(), 3));
    let number = |value: Option<i64>| value.map_or(Cell::Empty, Cell::Whole);
    let moment = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or(Cell::Empty, |at| Cell::Moment(at.naive_local()))
    };
    let provenance = event.provenance;
    let voided_at = event.void.as_ref().map(|void| void.at);
    let (voided_by, void_reason) = event.void.map(|v| (v.by, v.reason)).unzip();
    vec![
        Cell::Whole(event.id.0),
        Cell::Date(event.local_day),
        Cell::Text(code),
        Cell::Text(name),
        Cell::Date(event.at.date_naive()),
        Cell::Time(event.at.time()),
        Cell::Made(event.at.format("%:z").to_string()),
        Cell::Made(event.direction.to_string()),
        Cell::Made(event.source.to_string()),
        figure(event.similarity.map(|s| s.0)),
        figure(event.liveness),
        Cell::Made(yes_or_no(voided_by.is_some())),
        Cell::text(voided_by),
        Cell::text(void_reason),
        Cell::text(provenance.clock.map(|c| c.state.to_string())),
        number(provenance.clock.map(|c| c.batch)),
        number(provenance.replaces.map(|e| e.0)),
        Cell::text(provenance.operator),
        Cell::text(provenance.reason),
        Cell::Text(station.to_owned()),
        moment(voided_at),
        moment(provenance.recorded_at),
    ]
}

/// The cells of [`DAYS`].
pub(super) fn day(person: &Person, day: &WorkDay, station: &str) -> Vec<Cell> {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or(Cell::Empty, |at| Cell::Moment(at.naive_local()))
    };
    let report = &day.report;
    let flags: Vec<String> = report.flags.iter().map(ToString::to_string).collect();
    let punches = day.events.iter().filter(|e| e.void.is_none()).count();
    let last = last_correction(day);
    vec![
        Cell::Date(day.day),
        Cell::Text(person.code.to_string()),
        Cell::Text(person.name.to_string()),
        Cell::text(person.team.clone()),
        Cell::text(day.shift.as_deref().map(str::to_owned)),
        Cell::Made(report.state.to_string()),
        time(report.first_in),
        time(report.last_out),
        Cell::Hours(report.worked),
        Cell::Hours(report.breaks),
        Cell::Hours(report.overtime),
        minutes(report.late),
        minutes(report.early),
        Cell::Whole(punches as i64),
        Cell::Made(yes_or_no(is_unfinished(day))),
        Cell::Made(flags.join(", ")),
        Cell::Made(yes_or_no(is_corrected(day))),
        Cell::Made(yes_or_no(has_doubtful_time(day))),
        Cell::Text(station.to_owned()),
        Cell::text(last.map(|signature| signature.by)),
        time(last.and_then(|signature| signature.at)),
    ]
}

/// A person's days, added up one after the other.
#[derive(Debug)]
pub(super) struct PersonSums {
    person: Person,
    first: Cell,
    last: Cell,
    totals: Totals,
    unfinished: i64,
    corrected: i64,
    doubtful: i64,
}

impl PersonSums {
    /// Of no days.
    pub(super) fn of(person: &Person) -> Self {
        Self {
            person: person.clone(),
            first: Cell::Empty,
            last: Cell::Empty,
            totals: Totals::default(),
            unfinished: 0,
            corrected: 0,
            doubtful: 0,
        }
    }

    /// Adds the next day.
    pub(super) fn add(&mut self, day: &WorkDay) {
        if self.first == Cell::Empty {
            self.first = Cell::Date(day.day);
        }
        self.last = Cell::Date(day.day);
        self.totals.add(&day.report);
        self.unfinished += i64::from(is_unfinished(day));
        self.corrected += i64::from(is_corrected(day));
        self.doubtful += i64::from(has_doubtful_time(day));
    }

    /// The cells of [`PEOPLE`].
    pub(super) fn cells(&self, station: &str) -> Vec<Cell> {
        let (person, totals) = (&self.person, &self.totals);
        vec![
            Cell::Text(person.code.to_string()),
            Cell::Text(person.name.to_string()),
            Cell::text(person.team.clone()),
            self.first.clone(),
            self.last.clone(),
            Cell::Whole(totals.days_present.into()),
            Cell::Whole(totals.days_absent.into()),
            Cell::Whole(totals.days_late.into()),
            Cell::Whole(totals.days_early.into()),
            Cell::Hours(totals.worked),
            Cell::Hours(totals.overtime),
            minutes(totals.late),
            minutes(totals.early),
            Cell::Whole(self.unfinished),
            Cell::Whole(totals.days_flagged.into()),
            Cell::Whole(self.corrected),
            Cell::Whole(self.doubtful),
            Cell::Text(station.to_owned()),
        ]
    }
}

fn is_unfinished(day: &WorkDay) -> bool {
    day.report.flags.contains(&Flag::ForgottenCheckOut) || day.report.state == DayState::In
}

fn is_corrected(day: &WorkDay) -> bool {
    day.signatures().next().is_some()
}

/// Of several corrections the latest.
fn last_correction(day: &WorkDay) -> Option<Signature<'_>> {
    day.signatures().max_by_key(|signature| signature.at)
}

fn has_doubtful_time(day: &WorkDay) -> bool {
    let clocks = day.events.iter().filter_map(|e| e.provenance.clock);
    clocks.into_iter().any(|clock| clock.state.is_doubtful())
}

fn minutes(time: Duration) -> Cell {
    Cell::Whole((time.as_secs() / 60) as i64)
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}
