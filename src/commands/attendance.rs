//! `rollcall attendance`: who came and went. Corrections are in `correction`.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::table::{Table, print_json};
use super::workdays::{Question, answer};
use super::{Context, clock_repair, correction, export, past, report};
use crate::cli::{AttendanceCommand, JsonArgs, Outcome, RangeArgs};
use crate::core::person::PersonCode;
use crate::core::worktime::period::PersonDays;
use crate::core::worktime::{DayState, Flag};
use crate::store::{AttendanceRow, EventFilter};

#[derive(Serialize)]
struct TodayRow {
    code: String,
    name: String,
    state: DayState,
    first_in: Option<DateTime<FixedOffset>>,
    last_out: Option<DateTime<FixedOffset>>,
    worked_minutes: u64,
    late_minutes: u64,
    flags: Vec<Flag>,
    events: Vec<TodayEvent>,
}

#[derive(Serialize)]
struct TodayEvent {
    event: i64,
    at: DateTime<FixedOffset>,
    direction: String,
    source: String,
    similarity: Option<f32>,
    voided: bool,
}

/// Runs the command.
pub(super) fn run(command: &AttendanceCommand, context: &Context) -> Result<Outcome> {
    if let AttendanceCommand::Today(_)
    | AttendanceCommand::Report(_)
    | AttendanceCommand::Who(_)
    | AttendanceCommand::Late(_)
    | AttendanceCommand::Absent(_)
    | AttendanceCommand::Export(_) = command
    {
        past::warn(&context.store_to_read()?, context);
    }
    match command {
        AttendanceCommand::Today(args) => today(*args, context)?,
        AttendanceCommand::List { range, json } => {
            let rows = context.store_to_read()?.attendance(&filter(range)?)?;
            if *json {
                print_json(&rows)?;
            } else {
                print_events(&rows)?;
            }
        }
        AttendanceCommand::Report(args) => report::run(args, context)?,
        AttendanceCommand::Who(args) => report::who(*args, context)?,
        AttendanceCommand::Late(args) => report::late(args, context)?,
        AttendanceCommand::Absent(args) => report::absent(args, context)?,
        AttendanceCommand::Export(args) => export::run(args, context)?,
        AttendanceCommand::Add(args) => correction::add(args, context)?,
        AttendanceCommand::Void(args) => correction::void(args, context)?,
        AttendanceCommand::Change(args) => correction::change(args, context)?,
        AttendanceCommand::RepairClock(args) => clock_repair::run(args, context)?,
    }
    Ok(Outcome::Done)
}

pub(super) fn filter(range: &RangeArgs) -> Result<EventFilter> {
    if let (Some(from), Some(to)) = (range.from, range.to) {
        anyhow::ensure!(from <= to, "--from {from} is after --to {to}");
    }
    Ok(EventFilter {
        from: range.from,
        to: range.to,
        code: range.code.as_deref().map(PersonCode::parse).transpose()?,
    })
}

fn today(args: JsonArgs, context: &Context) -> Result<()> {
    let store = context.store_to_read()?;
    let people = answer(&Question::today(context), &store, context)?;
    let mut rows: Vec<TodayRow> = people.iter().map(today_row).collect();
    rows.sort_by(|a, b| {
        b.first_in
            .is_some()
            .cmp(&a.first_in.is_some())
            .then(a.first_in.cmp(&b.first_in))
    });
    if args.json {
        return Ok(print_json(&rows)?);
    }
    let mut table = Table::new(&["Code", "Name", "In", "Out", "Hours", "Late", "State"]);
    for row in &rows {
        let flagged = if row.flags.is_empty() { "" } else { " !" };
        table.row([
            row.code.clone(),
            row.name.clone(),
            time(row.first_in),
            time(row.last_out),
            format!("{}:{:02}", row.worked_minutes / 60, row.worked_minutes % 60),
            match row.late_minutes {
                0 => "-".to_owned(),
                late => format!("{}:{:02}", late / 60, late % 60),
            },
            format!("{}{flagged}", row.state),
        ]);
    }
    Ok(table.print()?)
}

fn today_row(person: &PersonDays) -> TodayRow {
    let PersonDays { person, days } = person;
    let today = days.first();
    let report = today.map(|day| &day.report);
    let minutes = |time: Option<Duration>| time.unwrap_or_default().as_secs() / 60;
    TodayRow {
        code: person.code.to_string(),
        name: person.name.to_string(),
        state: report.map_or(DayState::Free, |report| report.state),
        first_in: report.and_then(|report| report.first_in),
        last_out: report.and_then(|report| report.last_out),
        worked_minutes: minutes(report.map(|report| report.worked)),
        late_minutes: minutes(report.map(|report| report.late)),
        flags: report.map_or_else(Vec::new, |report| report.flags.iter().copied().collect()),
        events: today
            .iter()
            .flat_map(|day| &day.events)
            .map(|event| TodayEvent {
                event: event.id.0,
                at: event.at,
                direction: event.direction.to_string(),
                source: event.source.to_string(),
                similarity: event.similarity.map(|s| s.0),
                voided: event.void.is_some(),
            })
            .collect(),
    }
}

fn time(at: Option<DateTime<FixedOffset>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.format("%H:%M").to_string())
}

fn print_events(rows: &[AttendanceRow]) -> Result<()> {
    let mut table = Table::new(&[
        "Event",
        "Day",
        "Time",
        "Code",
        "Name",
        "Direction",
        "Source",
        "Note",
    ]);
    for row in rows {
        table.row([
            row.event.to_string(),
            row.day.clone(),
            row.time.clone(),
            row.code.clone(),
            row.name.clone(),
            row.direction.clone(),
            row.source.clone(),
            row.remark(),
        ]);
    }
    Ok(table.print()?)
}
