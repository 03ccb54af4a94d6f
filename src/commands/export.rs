//! `rollcall attendance export`: tables for payroll.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use super::Context;
use super::attendance::filter;
use crate::cli::{ExportArgs, ExportFormat, ExportView};
use crate::core::attendance::AttendanceEvent;
use crate::core::day::{Presence, summarise};
use crate::core::person::PersonId;
use crate::sheet::{Cell, Sheet, write_xlsx};
use crate::store::{AttendanceRow, EventFilter, Store};

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
        .map(|view| sheet(view, &filter, args, &store, context))
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

/// The days that were asked for, and the person.
fn period(args: &ExportArgs) -> Result<EventFilter> {
    let mut filter = filter(&args.range)?;
    if let Some(month) = &args.month {
        let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d")
            .with_context(|| format!("--month {month:?}: write it as 2026-11"))?;
        let next = first.checked_add_months(chrono::Months::new(1));
        filter.from = Some(first);
        filter.to = next.and_then(|next| next.pred_opt());
    }
    if let Some(week) = &args.week {
        let monday = NaiveDate::parse_from_str(&format!("{week}-1"), "%G-W%V-%u")
            .with_context(|| format!("--week {week:?}: write it as 2026-W47"))?;
        filter.from = Some(monday);
        filter.to = monday.checked_add_days(chrono::Days::new(6));
    }
    Ok(filter)
}

fn sheet(
    view: ExportView,
    filter: &EventFilter,
    args: &ExportArgs,
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
    let columns = if args.columns.is_empty() {
        columns
    } else {
        &args.columns
    };
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

/// One person's day.
struct PersonDay {
    day: NaiveDate,
    code: String,
    name: String,
    events: Vec<AttendanceEvent>,
}

fn person_days(store: &Store, filter: &EventFilter, context: &Context) -> Result<Vec<PersonDay>> {
    // Today is not over: it is in the table of events and not yet in those of days.
    let now = context.clock.now().wall;
    let today = context.config.policies().attendance.local_day(&now);
    let mut days: BTreeMap<(NaiveDate, PersonId), PersonDay> = BTreeMap::new();
    for (code, name, event) in store.attendance_events(filter)? {
        if event.void.is_some() || (event.local_day == today && filter.to.is_none()) {
            continue;
        }
        days.entry((event.local_day, event.person))
            .or_insert_with(|| PersonDay {
                day: event.local_day,
                code,
                name,
                events: Vec::new(),
            })
            .events
            .push(event);
    }
    Ok(days.into_values().collect())
}

impl PersonDay {
    /// Hours between check-ins and check-outs. A check-in without a check-out
    /// adds nothing: nobody knows when the person left.
    fn hours(&self) -> f64 {
        let last = self.events.iter().map(|e| e.at).max();
        last.map_or(0.0, |last| {
            summarise(&self.events, &last).worked.as_secs_f64() / 3600.0
        })
    }

    fn is_open(&self) -> bool {
        let last = self.events.iter().map(|e| e.at).max();
        last.is_some_and(|last| summarise(&self.events, &last).presence == Presence::In)
    }

    fn is_corrected(&self) -> bool {
        self.events.iter().any(|e| e.provenance.operator.is_some())
    }

    fn has_doubtful_time(&self) -> bool {
        let clocks = self.events.iter().filter_map(|e| e.provenance.clock);
        clocks.into_iter().any(|clock| clock.state.is_doubtful())
    }
}

fn days(days: &[PersonDay], station: &str) -> Sheet {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or(Cell::Empty, |at| {
            Cell::Made(at.format("%Y-%m-%d %H:%M:%S").to_string())
        })
    };
    Sheet {
        name: "days",
        columns: vec![
            "day",
            "code",
            "name",
            "first_in",
            "last_out",
            "hours",
            "punches",
            "check_out_missing",
            "corrected",
            "clock_doubtful",
            "station",
        ],
        rows: days
            .iter()
            .map(|day| {
                let last = day.events.iter().map(|e| e.at).max().unwrap_or_default();
                let summary = summarise(&day.events, &last);
                vec![
                    Cell::Made(day.day.to_string()),
                    Cell::Text(day.code.clone()),
                    Cell::Text(day.name.clone()),
                    time(summary.first_in),
                    time(summary.last_out),
                    Cell::Number(day.hours(), 2),
                    Cell::Whole(day.events.len() as i64),
                    Cell::Made(yes_or_no(day.is_open())),
                    Cell::Made(yes_or_no(day.is_corrected())),
                    Cell::Made(yes_or_no(day.has_doubtful_time())),
                    Cell::Text(station.to_owned()),
                ]
            })
            .collect(),
    }
}

fn people(days: &[PersonDay], station: &str) -> Sheet {
    let mut by_code: BTreeMap<&str, Vec<&PersonDay>> = BTreeMap::new();
    for day in days {
        by_code.entry(&day.code).or_default().push(day);
    }
    let count = |days: &[&PersonDay], is: fn(&PersonDay) -> bool| {
        Cell::Whole(days.iter().filter(|day| is(day)).count() as i64)
    };
    Sheet {
        name: "people",
        columns: vec![
            "code",
            "name",
            "from",
            "to",
            "days",
            "hours",
            "check_outs_missing",
            "days_corrected",
            "days_doubtful",
            "station",
        ],
        rows: by_code
            .into_iter()
            .map(|(code, days)| {
                let edge = |day: Option<&&PersonDay>| {
                    day.map_or(Cell::Empty, |day| Cell::Made(day.day.to_string()))
                };
                vec![
                    Cell::Text(code.to_owned()),
                    Cell::text(days.first().map(|day| day.name.clone())),
                    edge(days.first()),
                    edge(days.last()),
                    Cell::Whole(days.len() as i64),
                    Cell::Number(days.iter().map(|day| day.hours()).sum(), 2),
                    count(&days, PersonDay::is_open),
                    count(&days, PersonDay::is_corrected),
                    count(&days, PersonDay::has_doubtful_time),
                    Cell::Text(station.to_owned()),
                ]
            })
            .collect(),
    }
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// Half a file would look like a whole one to payroll.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("creating a file in {}", folder.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .with_context(|| format!("writing {}", path.display()))?;
    file.persist(path)
        .with_context(|| format!("creating {}", path.display()))?;
    Ok(())
}
