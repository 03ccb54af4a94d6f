//! `rollcall attendance export`: tables for payroll, written as they are read.
//!
//! Invariant: neither the rows nor the bytes of a table are ever held as a whole; of a year
//! there is a day in memory, and of each person the sums.

mod columns;

use crate::say;
use rollcall_messages::Message;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use self::columns::{DAYS, EVENTS, PAGES, PEOPLE, PersonSums, TOTAL};
use super::Context;
use super::attendance::filter;
use super::station::language;
use super::workdays::{parse_month, parse_week, require_person, today};
use crate::cli::{CsvArgs, ExportArgs, ExportFormat, ExportView};
use crate::core::person::{Person, PersonId};
use crate::core::worktime::period::WorkDay;
use crate::print::Printable;
use crate::sheet::{Column, CsvStyle, CsvTable, JsonTable, Layout, PageSetup, Rows, Workbook};
use crate::store::{AttendanceSink, EventFilter, MeasuredDays, NamedEvent, Store, Wanted};
use crate::ui::Language;
use crate::whole_file::Output;

/// What a workbook has a page for.
const ALL_VIEWS: [ExportView; 3] = [ExportView::Events, ExportView::Days, ExportView::People];

/// Runs the command.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<()> {
    let store = context.store_to_read()?;
    let export = Export {
        store: &store,
        context,
        filter: period(args)?,
        columns: &args.columns,
    };
    let Some(path) = &args.output else {
        let mut out: Box<dyn Write + Send> = Box::new(BufWriter::new(io::stdout()));
        if io::stdout().is_terminal() {
            // Data is written as it is, but a terminal is no place for all of it.
            out = Box::new(Printable::new(out));
        }
        export.write(args, &mut out, &std::env::temp_dir())?;
        return out.flush().context("writing to standard output");
    };
    let writing = || format!("writing {}", path.display());
    let mut output = Output::create(path).with_context(writing)?;
    // Beside the output: the system's folder for temporary files may be in memory.
    let folder = output
        .folder()
        .map_or_else(std::env::temp_dir, Path::to_path_buf);
    let rows = export.write(args, &mut output, &folder)?;
    output.finish().with_context(writing)?;
    eprintln!("{rows} rows written to {}", path.display());
    Ok(())
}

/// Writes the days that the dashboard shows into the data folder, and says where: the
/// events and the hours as a workbook.
pub(super) fn for_dashboard(from: NaiveDate, to: NaiveDate, context: &Context) -> Result<Message> {
    let folder = context.data_dir().join("exports");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("attendance_{from}_{to}.xlsx"));
    let export = Export {
        store: &context.store_to_read()?,
        context,
        filter: EventFilter {
            from: Some(from),
            to: Some(to),
            code: None,
        },
        columns: &[],
    };
    let writing = || format!("writing {}", path.display());
    let mut output = Output::create(&path).with_context(writing)?;
    let rows = export.write_workbook(&ALL_VIEWS, &mut output, &folder)?;
    output.finish().with_context(writing)?;
    Ok(say::rows_written(rows, path.display().to_string()))
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

/// What is exported from where.
struct Export<'a> {
    store: &'a Store,
    context: &'a Context,
    filter: EventFilter,
    /// Names of the columns; none for the configured ones.
    columns: &'a [String],
}

impl Export<'_> {
    /// Writes what is asked for, and says how many rows it has.
    fn write(
        &self,
        args: &ExportArgs,
        output: &mut (impl Write + Send),
        folder: &Path,
    ) -> Result<u64> {
        let view = args.view.unwrap_or(ExportView::Events);
        match args.format() {
            ExportFormat::Csv => {
                let style = style(&args.style, self.context)?;
                let buffered = BufWriter::new(output);
                let mut table = CsvTable::begin(self.layout(view)?, style, buffered)?;
                let rows = self.fill(Tables::only(view, &mut table))?;
                table.finish()?.flush()?;
                Ok(rows)
            }
            ExportFormat::Json => {
                let mut buffered = BufWriter::new(output);
                let mut serializer = JsonTable::serializer(&mut buffered);
                let mut table = JsonTable::begin(self.layout(view)?, &mut serializer)?;
                let rows = self.fill(Tables::only(view, &mut table))?;
                table.finish()?;
                writeln!(buffered)?;
                buffered.flush()?;
                Ok(rows)
            }
            ExportFormat::Xlsx => match args.view {
                Some(view) => self.write_workbook(&[view], output, folder),
                None => self.write_workbook(&ALL_VIEWS, output, folder),
            },
        }
    }

    fn write_workbook(
        &self,
        views: &[ExportView],
        output: &mut (impl Write + Send),
        folder: &Path,
    ) -> Result<u64> {
        let language = language(self.context)?;
        let mut workbook = Workbook::new(folder)?;
        let mut page = |view: ExportView| {
            if !views.contains(&view) {
                return Ok(None);
            }
            let layout = self.layout(view)?;
            let words = PageSetup {
                name: page_name(view, language),
                headings: layout
                    .columns()
                    .iter()
                    .map(|column| language.text(column.heading).to_owned())
                    .collect(),
                total: language.text(TOTAL).to_owned(),
            };
            // A page is large.
            anyhow::Ok(Some(Box::new(workbook.page(layout, words)?)))
        };
        let mut events = page(ExportView::Events)?;
        let mut days = page(ExportView::Days)?;
        let mut people = page(ExportView::People)?;
        let tables = Tables {
            events: events.as_deref_mut().map(|page| page as &mut dyn Rows),
            days: days.as_deref_mut().map(|page| page as &mut dyn Rows),
            people: people.as_deref_mut().map(|page| page as &mut dyn Rows),
        };
        let rows = self.fill(tables)?;
        for page in [events, days, people].into_iter().flatten() {
            workbook.push(*page)?;
        }
        workbook.finish(output)?;
        Ok(rows)
    }

    fn layout(&self, view: ExportView) -> Result<Layout> {
        let configured = &self.context.config.export;
        let (name, all, chosen): (_, &[Column], _) = match view {
            ExportView::Events => ("events", EVENTS, &configured.events),
            ExportView::Days => ("days", DAYS, &configured.days),
            ExportView::People => ("people", PEOPLE, &configured.people),
        };
        let chosen = if self.columns.is_empty() {
            chosen
        } else {
            self.columns
        };
        Ok(Layout::new(name, all, chosen)?)
    }

    /// Reads everything once, and hands each table its rows.
    fn fill(&self, tables: Tables<'_>) -> Result<u64> {
        let plan = self.context.work_plan()?;
        let now = self.context.clock.now().wall;
        let measures_days = tables.days.is_some() || tables.people.is_some();
        let days = if measures_days {
            let (from, to) = self.days()?;
            let plan = &plan;
            let now = &now;
            Some(MeasuredDays {
                from,
                to,
                plan,
                now,
            })
        } else {
            None
        };
        let wanted = Wanted {
            filter: &self.filter,
            events: tables.events.is_some(),
            days,
        };
        let mut sink = Sink {
            tables,
            station: &self.context.config.station.name,
            sums: BTreeMap::new(),
            rows: 0,
        };
        self.store.stream(&wanted, &mut sink)?;
        sink.finish()
    }

    /// The first and the last of the days that are measured.
    ///
    /// Today is not over: without a last day it is in the table of events and not yet in
    /// those of days.
    fn days(&self) -> Result<(NaiveDate, NaiveDate)> {
        if let Some(code) = &self.filter.code {
            require_person(code, self.store)?;
        }
        let today = today(self.context);
        let yesterday = today.pred_opt().unwrap_or(today);
        let to = self.filter.to.unwrap_or(yesterday);
        let from = match self.filter.from {
            Some(from) => from,
            None => self.store.first_day()?.unwrap_or(to),
        };
        Ok((from, to))
    }
}

/// Where the rows go.
struct Tables<'t> {
    events: Option<&'t mut dyn Rows>,
    days: Option<&'t mut dyn Rows>,
    people: Option<&'t mut dyn Rows>,
}

impl<'t> Tables<'t> {
    fn only(view: ExportView, rows: &'t mut dyn Rows) -> Self {
        let mut tables = Self {
            events: None,
            days: None,
            people: None,
        };
        *match view {
            ExportView::Events => &mut tables.events,
            ExportView::Days => &mut tables.days,
            ExportView::People => &mut tables.people,
        } = Some(rows);
        tables
    }
}

/// Turns what is read into rows.
struct Sink<'s, 't> {
    tables: Tables<'t>,
    station: &'s str,
    /// In the order of enrolment.
    sums: BTreeMap<PersonId, PersonSums>,
    rows: u64,
}

impl AttendanceSink for Sink<'_, '_> {
    type Error = anyhow::Error;

    fn event(&mut self, event: NamedEvent) -> Result<()> {
        if let Some(table) = &mut self.tables.events {
            table.row(&columns::event(event, self.station))?;
            self.rows += 1;
        }
        Ok(())
    }

    fn day(&mut self, person: &Person, day: &WorkDay) -> Result<()> {
        if let Some(table) = &mut self.tables.days {
            table.row(&columns::day(person, day, self.station))?;
            self.rows += 1;
        }
        if self.tables.people.is_some() {
            let sums = self.sums.entry(person.id);
            sums.or_insert_with(|| PersonSums::of(person)).add(day);
        }
        Ok(())
    }
}

impl Sink<'_, '_> {
    /// Writes the sums; says how many rows all tables have.
    fn finish(mut self) -> Result<u64> {
        if let Some(table) = &mut self.tables.people {
            for sums in self.sums.values() {
                table.row(&sums.cells(self.station))?;
                self.rows += 1;
            }
        }
        Ok(self.rows)
    }
}

fn page_name(view: ExportView, language: &Language) -> String {
    let [events, days, people] = PAGES;
    let name = match view {
        ExportView::Events => events,
        ExportView::Days => days,
        ExportView::People => people,
    };
    language.text(name).to_owned()
}

/// How the CSV is written: as asked, else as the spreadsheets of a country have it.
fn style(args: &CsvArgs, context: &Context) -> Result<CsvStyle> {
    let style = match &args.for_excel {
        None => CsvStyle::default(),
        Some(asked) => {
            let locale = match asked.as_str() {
                "auto" => own_locale(context),
                asked => asked.to_owned(),
            };
            CsvStyle::for_excel(&locale).with_context(|| {
                format!(
                    "--for-excel does not know how {locale:?} writes numbers; \
                     say it with --separator, --decimal and --bom"
                )
            })?
        }
    };
    Ok(CsvStyle {
        separator: args.separator.unwrap_or(style.separator),
        decimal: args.decimal.unwrap_or(style.decimal),
        bom: args.bom || style.bom,
    })
}

/// The language of the dashboard, with the country of the environment if that has the same.
fn own_locale(context: &Context) -> String {
    let environment = ["LC_ALL", "LC_NUMERIC", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let setting = &context.config.dashboard.language;
    match setting.as_str() {
        "auto" if matches!(environment.as_str(), "" | "C" | "POSIX" | "C.UTF-8") => "en".into(),
        setting if setting == "auto" || environment.starts_with(setting) => environment,
        setting => setting.to_owned(),
    }
}
