//! `rollcall attendance report`, `who`, `late`, `absent`: hours against shifts.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Days, FixedOffset, Months, NaiveDate};
use serde::Serialize;

use super::Context;
use super::table::{Table, print_json};
use crate::cli::{DayArgs, JsonArgs, ReportArgs};
use crate::core::attendance::AttendanceEvent;
use crate::core::person::{Person, PersonCode, PersonId};
use crate::core::worktime::totals::{Totals, worked_by_week};
use crate::core::worktime::{DayReport, DayRules, DayState, Flag, day_report};
use crate::store::EventFilter;

/// Days and people that are asked for.
#[derive(Debug, Default)]
struct Question {
    from: NaiveDate,
    to: NaiveDate,
    person: Option<PersonCode>,
    team: Option<String>,
}

/// One person's days, those without anything left out.
struct PersonReport {
    person: Person,
    team: Option<String>,
    days: Vec<DayOfPerson>,
}

struct DayOfPerson {
    day: NaiveDate,
    shift: Option<String>,
    report: DayReport,
}

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
    let question = Question::of(args, context)?;
    let people = answer(&question, context)?;
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
    let people = answer(&Question::today(context), context)?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.state == DayState::In)
        .collect();
    print_list(rows, args.json)
}

/// Prints who came late, or is late and has not come yet.
pub(super) fn late(args: &DayArgs, context: &Context) -> Result<()> {
    let people = answer(&Question::day(args, context), context)?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.late_minutes > 0 || row.state == DayState::Overdue)
        .collect();
    print_list(rows, args.json)
}

/// Prints who was expected and never came.
pub(super) fn absent(args: &DayArgs, context: &Context) -> Result<()> {
    let people = answer(&Question::day(args, context), context)?;
    let rows: Vec<DayRow<'_>> = day_rows(&people)
        .filter(|row| row.state == DayState::Absent)
        .collect();
    print_list(rows, args.json)
}

impl Question {
    fn of(args: &ReportArgs, context: &Context) -> Result<Self> {
        let today = today(context);
        let (from, to) = if let Some(day) = args.day {
            (day, day)
        } else if let Some(week) = &args.week {
            let monday = NaiveDate::parse_from_str(&format!("{week}-1"), "%G-W%V-%u")
                .with_context(|| format!("--week {week:?}: write it as 2026-W47"))?;
            (monday, monday + Days::new(6))
        } else if let Some(month) = &args.month {
            let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d")
                .with_context(|| format!("--month {month:?}: write it as 2026-11"))?;
            (first, first + Months::new(1) - Days::new(1))
        } else if let Some(from) = args.from {
            (from, args.to.unwrap_or(today))
        } else {
            (today, today)
        };
        anyhow::ensure!(
            from <= to,
            "the first day {from} is after the last one {to}"
        );
        Ok(Self {
            from,
            to,
            person: args.person.as_deref().map(PersonCode::parse).transpose()?,
            team: args.team.clone(),
        })
    }

    fn today(context: &Context) -> Self {
        let today = today(context);
        Self {
            from: today,
            to: today,
            ..Self::default()
        }
    }

    fn day(args: &DayArgs, context: &Context) -> Self {
        let day = args.day.unwrap_or_else(|| today(context));
        Self {
            from: day,
            to: day,
            ..Self::default()
        }
    }
}

fn today(context: &Context) -> NaiveDate {
    let policy = context.config.policies().attendance;
    policy.local_day(&context.clock.now().wall)
}

/// The days of everybody who is asked for; no day lies in the future.
fn answer(question: &Question, context: &Context) -> Result<Vec<PersonReport>> {
    let store = context.store_to_read()?;
    let timetable = context.config.timetable(context.data_dir())?;
    let policy = context.config.policies().attendance;
    let zone = context.config.zone();
    let now = context.clock.now().wall;
    let last = question.to.min(policy.local_day(&now));
    let filter = EventFilter {
        from: Some(question.from),
        to: Some(last),
        code: question.person.clone(),
    };
    let mut events: HashMap<(PersonId, NaiveDate), Vec<AttendanceEvent>> = HashMap::new();
    for (_, _, event) in store.attendance_events(&filter)? {
        let day = events.entry((event.person, event.local_day)).or_default();
        day.push(event);
    }
    let teams = store.teams()?;
    let mut people = Vec::new();
    for person in store.everybody()? {
        let team = teams.get(&person.id).cloned();
        let is_asked_for = question
            .person
            .as_ref()
            .is_none_or(|code| *code == person.code)
            && question.team.as_ref().is_none_or(|asked| {
                team.as_ref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(asked))
            });
        if !is_asked_for {
            continue;
        }
        let enrolled_on = policy.local_day(&person.created_at);
        let mut days = Vec::new();
        for day in question.from.iter_days().take_while(|day| *day <= last) {
            let own = events.remove(&(person.id, day)).unwrap_or_default();
            // Nobody is expected before being enrolled, or after leaving.
            let is_employed = person.active && day >= enrolled_on;
            let shift = timetable
                .shift_on(day, team.as_deref())
                .filter(|_| is_employed || !own.is_empty());
            let planned = shift.map(|shift| zone.plan(shift, day, policy.day_starts_at));
            let rules = DayRules {
                mode: policy.mode,
                shift: planned.as_ref(),
                close_after: Duration::from_secs(
                    3600 * context.config.attendance.close_after_hours,
                ),
                day_ends: zone.instant((day + Days::new(1)).and_time(policy.day_starts_at)),
            };
            let report = day_report(&own, &rules, &now);
            if report.state != DayState::Free {
                days.push(DayOfPerson {
                    day,
                    shift: shift.map(|shift| shift.name.clone()),
                    report,
                });
            }
        }
        people.push(PersonReport { person, team, days });
    }
    if let (Some(code), true) = (&question.person, people.is_empty()) {
        anyhow::bail!("nobody has the code {code}");
    }
    Ok(people)
}

fn minutes(time: Duration) -> u64 {
    time.as_secs() / 60
}

fn day_rows(people: &[PersonReport]) -> impl Iterator<Item = DayRow<'_>> {
    people.iter().flat_map(|person| {
        person.days.iter().map(|day| DayRow {
            day: day.day,
            code: person.person.code.as_str(),
            name: person.person.name.as_str(),
            team: person.team.as_deref(),
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
        })
    })
}

fn total_row(person: &PersonReport) -> TotalRow<'_> {
    let totals = Totals::of(person.days.iter().map(|day| &day.report));
    let weeks = worked_by_week(person.days.iter().map(|day| (day.day, &day.report)));
    TotalRow {
        code: person.person.code.as_str(),
        name: person.person.name.as_str(),
        team: person.team.as_deref(),
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
        "Day", "Code", "Name", "Shift", "In", "Out", "Hours", "Late", "Early", "Over", "State",
        "Look at",
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
        ]);
    }
    Ok(table.print()?)
}

fn print_totals(people: &[PersonReport]) -> Result<()> {
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
