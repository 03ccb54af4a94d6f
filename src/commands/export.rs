//! `rollcall attendance export`: tables for payroll.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use super::Context;
use super::attendance::filter;
use super::workdays::{Question, answer, parse_month, parse_week, today};
use crate::cli::{ExportArgs, ExportFormat, ExportView};
use crate::core::person::Person;
use crate::core::worktime::period::{PersonDays, WorkDay};
use crate::core::worktime::totals::Totals;
use crate::core::worktime::{DayState, Flag};
use crate::sheet::{Cell, Sheet, write_xlsx};
use crate::store::{AttendanceRow, EventFilter, Store};
use crate::whole_file;

/// Runs the command.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<()> {
    let filter = period(args)?;
    let store = context.store_to_read()?;
    let format = args.format();
    let views = match (args.view, format) {
        (Some(view), _) => vec![view],
        // A workbook has room for all of them.
        (None, ExportFormat::Xlsx) => {
            vec![ExportView::Events, ExportView::Days, ExportView::People]
        }
        (None, _) => vec![ExportView::Events],
    };
    let sheets = views
        .into_iter()
        .map(|view| sheet(view, &filter, &args.columns, &store, context))
        .collect::<Result<Vec<_>>>()?;
    let rows: usize = sheets.iter().map(|sheet| sheet.rows.len()).sum();
    let mut bytes = Vec::new();
    match format {
        ExportFormat::Csv => {
            for sheet in &sheets {
                sheet.write_csv(&mut bytes)?;
            }
        }
        ExportFormat::Xlsx => write_xlsx(&sheets, &mut bytes)?,
        ExportFormat::Json => {
            for sheet in &sheets {
                serde_json::to_writer_pretty(&mut bytes, &sheet.to_json())?;
                bytes.push(b'\n');
            }
        }
    }
    match &args.output {
        None => io::stdout().lock().write_all(&bytes)?,
        Some(path) => {
            write_whole(path, &bytes)?;
            eprintln!("{rows} rows written to {}", path.display());
        }
    }
    Ok(())
}

/// Writes the days that the dashboard shows into the data folder, and says where: the
/// events and the hours as a workbook.
pub(super) fn for_dashboard(from: NaiveDate, to: NaiveDate, context: &Context) -> Result<String> {
    let folder = context.data_dir().join("exports");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("attendance_{from}_{to}.xlsx"));
    let filter = EventFilter {
        from: Some(from),
        to: Some(to),
        code: None,
    };
    let store = context.store_to_read()?;
    let sheets = [ExportView::Events, ExportView::Days, ExportView::People]
        .into_iter()
        .map(|view| sheet(view, &filter, &[], &store, context))
        .collect::<Result<Vec<_>>>()?;
    let rows: usize = sheets.iter().map(|sheet| sheet.rows.len()).sum();
    let mut bytes = Vec::new();
    write_xlsx(&sheets, &mut bytes)?;
    write_whole(&path, &bytes)?;
    Ok(format!("{rows} rows written to {}", path.display()))
}

/// The days that were asked for, and the person.
fn period(args: &ExportArgs) -> Result<EventFilter> {
    let mut filter = filter(&args.range)?;
    if let Some(month) = &args.month {
        let (first, last) = parse_month(month)?;
        (filter.from, filter.to) = (Some(first), Some(last));
    }
    if let Some(week) = &args.week {
        let (monday, sunday) = parse_week(week)?;
        (filter.from, filter.to) = (Some(monday), Some(sunday));
    }
    Ok(filter)
}

fn sheet(
    view: ExportView,
    filter: &EventFilter,
    wanted: &[String],
    store: &Store,
    context: &Context,
) -> Result<Sheet> {
    let station = &context.config.station.name;
    let configured = &context.config.export;
    let (sheet, columns) = match view {
        ExportView::Events => (
            events(&store.attendance(filter)?, station),
            &configured.events,
        ),
        ExportView::Days => (
            days(&person_days(store, filter, context)?, station),
            &configured.days,
        ),
        ExportView::People => (
            people(&person_days(store, filter, context)?, station),
            &configured.people,
        ),
    };
    let columns = if wanted.is_empty() { columns } else { wanted };
    Ok(sheet.select(columns)?)
}

fn events(rows: &[AttendanceRow], station: &str) -> Sheet {
    let figure = |value: Option<f32>| value.map_or(Cell::Empty, |v| Cell::Number(v.into(), 3));
    let number = |value: Option<i64>| value.map_or(Cell::Empty, Cell::Whole);
    Sheet {
        name: "events",
        columns: vec![
            "event",
            "day",
            "code",
            "name",
            "date",
            "time",
            "utc_offset",
            "direction",
            "source",
            "similarity",
            "liveness",
            "voided",
            "voided_by",
            "void_reason",
            "clock",
            "clock_batch",
            "replaces",
            "operator",
            "reason",
            "station",
        ],
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    Cell::Whole(row.event),
                    Cell::Made(row.day.clone()),
                    Cell::Text(row.code.clone()),
                    Cell::Text(row.name.clone()),
                    Cell::Made(row.date.clone()),
                    Cell::Made(row.time.clone()),
                    Cell::Made(row.utc_offset.clone()),
                    Cell::Made(row.direction.clone()),
                    Cell::Made(row.source.clone()),
                    figure(row.similarity),
                    figure(row.liveness),
                    Cell::Made(yes_or_no(row.voided)),
                    Cell::text(row.voided_by.clone()),
                    Cell::text(row.void_reason.clone()),
                    Cell::text(row.clock.clone()),
                    number(row.clock_batch),
                    number(row.replaces),
                    Cell::text(row.operator.clone()),
                    Cell::text(row.reason.clone()),
                    Cell::Text(station.to_owned()),
                ]
            })
            .collect(),
    }
}

/// The days on which somebody came or was expected.
///
/// Today is not over: without a last day it is in the table of events and not yet in
/// those of days.
fn person_days(store: &Store, filter: &EventFilter, context: &Context) -> Result<Vec<PersonDays>> {
    let today = today(context);
    let yesterday = today.pred_opt().unwrap_or(today);
    let to = filter.to.unwrap_or(yesterday);
    let first = store.first_day()?.unwrap_or(to);
    let question = Question {
        from: filter.from.unwrap_or(first),
        to,
        person: filter.code.clone(),
        team: None,
    };
    answer(&question, store, context)
}

fn is_unfinished(day: &WorkDay) -> bool {
    day.report.flags.contains(&Flag::ForgottenCheckOut) || day.report.state == DayState::In
}

fn has_doubtful_time(day: &WorkDay) -> bool {
    let clocks = day.events.iter().filter_map(|e| e.provenance.clock);
    clocks.into_iter().any(|clock| clock.state.is_doubtful())
}

fn days(people: &[PersonDays], station: &str) -> Sheet {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or(Cell::Empty, |at| {
            Cell::Made(at.format("%Y-%m-%d %H:%M:%S").to_string())
        })
    };
    let mut rows: Vec<(&Person, &WorkDay)> = people
        .iter()
        .flat_map(|person| person.days.iter().map(|day| (&person.person, day)))
        .collect();
    rows.sort_by_key(|(person, day)| (day.day, person.id));
    Sheet {
        name: "days",
        columns: vec![
            "day",
            "code",
            "name",
            "team",
            "shift",
            "state",
            "first_in",
            "last_out",
            "hours",
            "break_hours",
            "overtime_hours",
            "late_minutes",
            "early_minutes",
            "punches",
            "check_out_missing",
            "look_at",
            "corrected",
            "clock_doubtful",
            "station",
        ],
        rows: rows
            .into_iter()
            .map(|(person, day)| {
                let report = &day.report;
                let flags: Vec<String> = report.flags.iter().map(ToString::to_string).collect();
                let punches = day.events.iter().filter(|e| e.void.is_none()).count();
                vec![
                    Cell::Made(day.day.to_string()),
                    Cell::Text(person.code.to_string()),
                    Cell::Text(person.name.to_string()),
                    Cell::text(person.team.clone()),
                    Cell::text(day.shift.as_deref().map(str::to_owned)),
                    Cell::Made(report.state.to_string()),
                    time(report.first_in),
                    time(report.last_out),
                    hours(report.worked),
                    hours(report.breaks),
                    hours(report.overtime),
                    minutes(report.late),
                    minutes(report.early),
                    Cell::Whole(punches as i64),
                    Cell::Made(yes_or_no(is_unfinished(day))),
                    Cell::Made(flags.join(", ")),
                    Cell::Made(yes_or_no(day.is_corrected())),
                    Cell::Made(yes_or_no(has_doubtful_time(day))),
                    Cell::Text(station.to_owned()),
                ]
            })
            .collect(),
    }
}

fn people(people: &[PersonDays], station: &str) -> Sheet {
    Sheet {
        name: "people",
        columns: vec![
            "code",
            "name",
            "team",
            "from",
            "to",
            "days",
            "days_absent",
            "days_late",
            "days_early",
            "hours",
            "overtime_hours",
            "late_minutes",
            "early_minutes",
            "check_outs_missing",
            "days_flagged",
            "days_corrected",
            "days_doubtful",
            "station",
        ],
        rows: people
            .iter()
            .filter(|person| !person.days.is_empty())
            .map(|PersonDays { person, days }| {
                let edge = |day: Option<&WorkDay>| {
                    day.map_or(Cell::Empty, |day| Cell::Made(day.day.to_string()))
                };
                let count = |is: fn(&WorkDay) -> bool| {
                    Cell::Whole(days.iter().filter(|day| is(day)).count() as i64)
                };
                let totals = Totals::of(days.iter().map(|day| &day.report));
                vec![
                    Cell::Text(person.code.to_string()),
                    Cell::Text(person.name.to_string()),
                    Cell::text(person.team.clone()),
                    edge(days.first()),
                    edge(days.last()),
                    Cell::Whole(totals.days_present.into()),
                    Cell::Whole(totals.days_absent.into()),
                    Cell::Whole(totals.days_late.into()),
                    Cell::Whole(totals.days_early.into()),
                    hours(totals.worked),
                    hours(totals.overtime),
                    minutes(totals.late),
                    minutes(totals.early),
                    count(is_unfinished),
                    Cell::Whole(totals.days_flagged.into()),
                    count(WorkDay::is_corrected),
                    count(has_doubtful_time),
                    Cell::Text(station.to_owned()),
                ]
            })
            .collect(),
    }
}

fn hours(time: Duration) -> Cell {
    // A minute is 0.0167 hours: with two digits, days would not add up to their total.
    Cell::Number(time.as_secs_f64() / 3600.0, 4)
}

fn minutes(time: Duration) -> Cell {
    Cell::Whole((time.as_secs() / 60) as i64)
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// Half a file would look like a whole one to payroll.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    whole_file::replace(path, bytes).with_context(|| format!("writing {}", path.display()))
}
