//! `rollcall attendance`: who came and went. Corrections are in `correction`.

use anyhow::Result;
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, clock_repair, correction, export, report};
use crate::cli::{AttendanceCommand, JsonArgs, Outcome, RangeArgs};
use crate::core::attendance::AttendanceEvent;
use crate::core::day::{DaySummary, Presence, summarise};
use crate::core::person::{Person, PersonCode};
use crate::store::{AttendanceRow, EventFilter};

#[derive(Serialize)]
struct TodayRow {
    code: String,
    name: String,
    state: Presence,
    first_in: Option<DateTime<FixedOffset>>,
    last_out: Option<DateTime<FixedOffset>>,
    worked_minutes: u64,
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
    let now = context.clock.now().wall;
    let day = context.config.policies().attendance.local_day(&now);
    let events = store.day_events(day)?;
    let people = store.everybody()?;
    let mut rows: Vec<TodayRow> = people
        .iter()
        .filter_map(|person| today_row(person, &events, &now))
        .collect();
    rows.sort_by(|a, b| {
        b.first_in
            .is_some()
            .cmp(&a.first_in.is_some())
            .then(a.first_in.cmp(&b.first_in))
    });
    if args.json {
        return Ok(print_json(&rows)?);
    }
    let mut table = Table::new(&["Code", "Name", "In", "Out", "Hours", "State"]);
    for row in &rows {
        table.row([
            row.code.clone(),
            row.name.clone(),
            time(row.first_in),
            time(row.last_out),
            format!("{}:{:02}", row.worked_minutes / 60, row.worked_minutes % 60),
            match row.state {
                Presence::Absent => "absent",
                Presence::In => "in",
                Presence::Out => "out",
            }
            .to_owned(),
        ]);
    }
    Ok(table.print()?)
}

/// The row of everybody active, and of everybody with an event.
fn today_row(
    person: &Person,
    events: &[AttendanceEvent],
    now: &DateTime<FixedOffset>,
) -> Option<TodayRow> {
    let own: Vec<&AttendanceEvent> = events.iter().filter(|e| e.person == person.id).collect();
    if own.is_empty() && !person.active {
        return None;
    }
    let DaySummary {
        first_in,
        last_out,
        worked,
        presence,
    } = summarise(own.iter().copied(), now);
    Some(TodayRow {
        code: person.code.to_string(),
        name: person.name.to_string(),
        state: presence,
        first_in,
        last_out,
        worked_minutes: worked.as_secs() / 60,
        events: own
            .iter()
            .map(|event| TodayEvent {
                event: event.id.0,
                at: event.at,
                direction: event.direction.to_string(),
                source: event.source.to_string(),
                similarity: event.similarity.map(|s| s.0),
                voided: event.void.is_some(),
            })
            .collect(),
    })
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
