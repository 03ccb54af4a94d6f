//! `rollcall attendance report`, `who`, `late`, `absent`: hours against shifts.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Serialize;

use super::Context;
use super::table::{Table, print_json};
use super::workdays::{Question, answer};
use crate::cli::{DayArgs, JsonArgs, ReportArgs};
use crate::core::attendance::{AttendanceEvent, Intervention};
use crate::core::worktime::period::PersonDays;
use crate::core::worktime::totals::{Totals, worked_by_week};
use crate::core::worktime::{DayState, Flag};

#[derive(Serialize)]
struct DayRow<'a> {
    day: NaiveDate,
    code: &'a str,
    name: &'a str,
    team: Option<&'a str>,
    shift: Option<&'a str>,
    state: DayState,
    first_in: Option<DateTime<FixedOffset>>,
    last_out: Option<DateTime<FixedOffset>>,
    worked_minutes: u64,
    break_minutes: u64,
    late_minutes: u64,
    early_minutes: u64,
    overtime_minutes: u64,
    flags: Vec<Flag>,
    corrections: Vec<CorrectionRow<'a>>,
}

/// What an operator has done to an event of the day.
#[derive(Serialize)]
struct CorrectionRow<'a> {
    event: i64,
    what: Intervention,
    at: Option<DateTime<FixedOffset>>,
    by: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct TotalRow<'a> {
    code: &'a str,
    name: &'a str,
    team: Option<&'a str>,
    days_present: u32,
    days_absent: u32,
    days_late: u32,
    days_early: u32,
    days_flagged: u32,
    worked_minutes: u64,
    late_minutes: u64,
    early_minutes: u64,
    overtime_minutes: u64,
    /// By ISO week.
    worked_minutes_by_week: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    from: NaiveDate,
    to: NaiveDate,
    people: Vec<TotalRow<'a>>,
    days: Vec<DayRow<'a>>,
}

/// Prints hours, lateness, absence and overtime: of one day or one person day by day, else
/// the sums by person.
pub(super) fn run(args: &ReportArgs, context: &Context) -> Result<()> {
    let question = Question::of_report(args, context)?;
    let people = answer(&question, &context.store_to_read()?, context)?;
    if args.json {
        return Ok(print_json(&ReportJson {
            from: question.from,
            to: question.to,
            people: people.iter().map(total_row).collect(),
            days: day_rows(&people).collect(),
        })?);
    }
    if question.from == question.to || question.person.is_some() {
        print_days(day_rows(&people))?;
    }
    if question.from != question.to {
        print_totals(&people)?;
    }
    Ok(())
}

/// Prints who is in now.
pub(super) fn who(args: JsonArgs, context: &Context) -> Result<()> {
    let people = answer(
        &Question::today(context),
        &context.store_to_read()?,
        context,
    )?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.state == DayState::In)
        .collect();
    print_list(rows, args.json)
}

/// Prints who came late, or is late and has not come yet.
pub(super) fn late(args: &DayArgs, context: &Context) -> Result<()> {
    let people = answer(
        &Question::day(args, context),
        &context.store_to_read()?,
        context,
    )?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.late_minutes > 0 || row.state == DayState::Overdue)
        .collect();
    print_list(rows, args.json)
}

/// Prints who was expected and never came.
pub(super) fn absent(args: &DayArgs, context: &Context) -> Result<()> {
    let people = answer(
        &Question::day(args, context),
        &context.store_to_read()?,
        context,
    )?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.state == DayState::Absent)
        .collect();
    print_list(rows, args.json)
}

fn minutes(time: Duration) -> u64 {
    time.as_secs() / 60
}

fn day_rows(people: &[PersonDays]) -> impl Iterator<Item = DayRow<'_>> {
    people.iter().flat_map(|person| {
        person.days.iter().map(|day| DayRow {
            day: day.day,
            code: person.person.code.as_str(),
            name: person.person.name.as_str(),
            team: person.person.team.as_deref(),
            shift: day.shift.as_deref(),
            state: day.report.state,
            first_in: day.report.first_in,
            last_out: day.report.last_out,
            worked_minutes: minutes(day.report.worked),
            break_minutes: minutes(day.report.breaks),
            late_minutes: minutes(day.report.late),
            early_minutes: minutes(day.report.early),
            overtime_minutes: minutes(day.report.overtime),
            flags: day.report.flags.iter().copied().collect(),
            corrections: day.events.iter().flat_map(corrections).collect(),
        })
    })
}

fn corrections(event: &AttendanceEvent) -> impl Iterator<Item = CorrectionRow<'_>> {
    event.signatures().map(|signature| CorrectionRow {
        event: event.id.0,
        what: signature.what,
        at: signature.at,
        by: signature.by,
        reason: signature.reason,
    })
}

/// "2026-11-25 10:30 by olga", of several corrections the latest.
fn last_correction(rows: &[CorrectionRow<'_>]) -> String {
    let Some(last) = rows.iter().max_by_key(|row| row.at) else {
        return String::new();
    };
    match last.at {
        Some(at) => format!("{} by {}", at.format("%Y-%m-%d %H:%M"), last.by),
        None => format!("by {}", last.by),
    }
}

fn total_row(person: &PersonDays) -> TotalRow<'_> {
    let totals = Totals::of(person.days.iter().map(|day| &day.report));
    let weeks = worked_by_week(person.days.iter().map(|day| (day.day, &day.report)));
    TotalRow {
        code: person.person.code.as_str(),
        name: person.person.name.as_str(),
        team: person.person.team.as_deref(),
        days_present: totals.days_present,
        days_absent: totals.days_absent,
        days_late: totals.days_late,
        days_early: totals.days_early,
        days_flagged: totals.days_flagged,
        worked_minutes: minutes(totals.worked),
        late_minutes: minutes(totals.late),
        early_minutes: minutes(totals.early),
        overtime_minutes: minutes(totals.overtime),
        worked_minutes_by_week: weeks
            .into_iter()
            .map(|(week, worked)| (week.to_string(), minutes(worked)))
            .collect(),
    }
}

fn print_list(rows: Vec<DayRow<'_>>, json: bool) -> Result<()> {
    if json {
        return Ok(print_json(&rows)?);
    }
    print_days(rows.into_iter())
}

fn print_days<'a>(rows: impl Iterator<Item = DayRow<'a>>) -> Result<()> {
    let mut table = Table::new(&[
        "Day",
        "Code",
        "Name",
        "Shift",
        "In",
        "Out",
        "Hours",
        "Late",
        "Early",
        "Over",
        "State",
        "Look at",
        "Corrected",
    ]);
    for row in rows {
        let flags: Vec<String> = row.flags.iter().map(ToString::to_string).collect();
        table.row([
            row.day.to_string(),
            row.code.to_owned(),
            row.name.to_owned(),
            row.shift.unwrap_or("-").to_owned(),
            time(row.first_in),
            time(row.last_out),
            hours(row.worked_minutes),
            hours_or_dash(row.late_minutes),
            hours_or_dash(row.early_minutes),
            hours_or_dash(row.overtime_minutes),
            row.state.to_string(),
            flags.join(", "),
            last_correction(&row.corrections),
        ]);
    }
    Ok(table.print()?)
}

fn print_totals(people: &[PersonDays]) -> Result<()> {
    let mut table = Table::new(&[
        "Code", "Name", "Team", "Present", "Absent", "Late", "Early", "Hours", "Over", "Look at",
    ]);
    for row in people.iter().map(total_row) {
        table.row([
            row.code.to_owned(),
            row.name.to_owned(),
            row.team.unwrap_or("-").to_owned(),
            row.days_present.to_string(),
            row.days_absent.to_string(),
            row.days_late.to_string(),
            row.days_early.to_string(),
            hours(row.worked_minutes),
            hours_or_dash(row.overtime_minutes),
            match row.days_flagged {
                0 => String::new(),
                days => format!("{days} days"),
            },
        ]);
    }
    Ok(table.print()?)
}

fn time(at: Option<DateTime<FixedOffset>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.format("%H:%M").to_string())
}

fn hours(minutes: u64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn hours_or_dash(minutes: u64) -> String {
    match minutes {
        0 => "-".to_owned(),
        minutes => hours(minutes),
    }
}
