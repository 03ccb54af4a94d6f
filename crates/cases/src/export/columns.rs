//! The columns of the exported tables, and what fills them.
//!
//! Invariant: a column keeps its name and its place; new ones go to the end, so that
//! whoever reads by place goes on reading the same.

use std::time::Duration;

use rollcall_core::attendance::Signature;
use rollcall_core::person::Person;
use rollcall_core::worktime::period::WorkDay;
use rollcall_core::worktime::totals::Totals;
use rollcall_core::worktime::{DayState, Flag};
use rollcall_sheet::{Cell, Column, Total};
use rollcall_store::NamedEvent;

/// Marks a heading that a workbook has in the operator's language.
const fn english(heading: &'static str) -> &'static str {
    heading
}

const fn column(name: &'static str, heading: &'static str, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::None,
    }
}

const fn sum(name: &'static str, heading: &'static str, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::Sum,
    }
}

const fn counted(name: &'static str, heading: &'static str, width: u8) -> Column {
    Column {
        name,
        heading,
        width,
        total: Total::Count,
    }
}

/// Those of a table with a row for each event.
pub(super) const EVENTS: &[Column] = &[
    column("event", english("Event"), 9),
    column("day", english("Day"), 11),
    counted("code", english("Code"), 12),
    column("name", english("Name"), 26),
    column("date", english("Date"), 11),
    column("time", english("Time"), 9),
    column("utc_offset", english("UTC offset"), 8),
    column("direction", english("Direction"), 9),
    column("source", english("Source"), 9),
    column("similarity", english("Similarity"), 8),
    column("liveness", english("Liveness"), 8),
    column("voided", english("Voided"), 7),
    column("voided_by", english("Voided by"), 14),
    column("void_reason", english("Reason for voiding"), 26),
    column("clock", english("Clock"), 14),
    column("clock_batch", english("Clock batch"), 8),
    column("replaces", english("Replaces"), 9),
    column("operator", english("Operator"), 14),
    column("reason", english("Reason"), 26),
    column("station", english("Station"), 16),
    column("voided_at", english("Voided at"), 19),
    column("recorded_at", english("Recorded at"), 19),
];

/// Those of a table with a row for each person and day.
pub(super) const DAYS: &[Column] = &[
    column("day", english("Day"), 11),
    counted("code", english("Code"), 12),
    column("name", english("Name"), 26),
    column("team", english("Team"), 14),
    column("shift", english("Shift"), 12),
    column("state", english("State"), 9),
    column("first_in", english("First in"), 19),
    column("last_out", english("Last out"), 19),
    sum("hours", english("Hours"), 8),
    sum("break_hours", english("Break"), 8),
    sum("overtime_hours", english("Overtime"), 8),
    sum("late_minutes", english("Minutes late"), 8),
    sum("early_minutes", english("Minutes early"), 8),
    sum("punches", english("Punches"), 8),
    column("check_out_missing", english("Check-out missing"), 8),
    column("look_at", english("To check"), 26),
    column("corrected", english("Corrected"), 9),
    column("clock_doubtful", english("Clock doubtful"), 8),
    column("station", english("Station"), 16),
    column("corrected_by", english("Corrected by"), 14),
    column("corrected_at", english("Corrected at"), 19),
];

/// Those of a table with a row for each person.
pub(super) const PEOPLE: &[Column] = &[
    counted("code", english("Code"), 12),
    column("name", english("Name"), 26),
    column("team", english("Team"), 14),
    column("from", english("From"), 11),
    column("to", english("To"), 11),
    sum("days", english("Days"), 7),
    sum("days_absent", english("Days absent"), 7),
    sum("days_late", english("Days late"), 7),
    sum("days_early", english("Days early"), 7),
    sum("hours", english("Hours"), 9),
    sum("overtime_hours", english("Overtime"), 9),
    sum("late_minutes", english("Minutes late"), 8),
    sum("early_minutes", english("Minutes early"), 8),
    sum("check_outs_missing", english("Check-outs missing"), 8),
    sum("days_flagged", english("Days to check"), 8),
    sum("days_corrected", english("Days corrected"), 8),
    sum("days_doubtful", english("Days with a doubtful clock"), 8),
    column("station", english("Station"), 16),
];

/// What a workbook says before its totals.
pub(super) const TOTAL: &str = english("Total");

/// The names of its pages.
pub(super) const PAGES: [&str; 3] = [english("Events"), english("Days"), english("People")];

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
