//! Tables for payroll, written as they are read.
//!
//! Invariant: neither the rows nor the bytes of a table are ever held as a whole; of a year
//! there is a day in memory, and of each person the sums.

mod columns;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use rollcall_core::person::{Person, PersonCode, PersonId};
use rollcall_core::worktime::period::WorkDay;
use rollcall_sheet::{
    Column, CsvStyle, CsvTable, JsonTable, Layout, PageSetup, Rows, SheetError, Workbook,
};
use rollcall_store::{AttendanceSink, EventFilter, MeasuredDays, NamedEvent, Store, Wanted};
use rollcall_system::whole_file::Output;

use self::columns::{DAYS, EVENTS, PAGES, PEOPLE, PersonSums, TOTAL};
use crate::context::Context;
use crate::error::CaseError;
use crate::languages::Words;

/// What a workbook has a page for.
const ALL_VIEWS: [View; 3] = [View::Events, View::Days, View::People];

/// Where exports go that name no file, in the data folder.
const FOLDER: &str = "exports";

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Rows of all its tables.
    pub rows: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// Writes these days into the data folder: the events and the hours as a workbook.
///
/// # Errors
/// If the records cannot be read or the file cannot be written.
pub fn to_data_folder(
    from: NaiveDate,
    to: NaiveDate,
    context: &Context,
) -> Result<Exported, CaseError> {
    let folder = context.data_dir().join(FOLDER);
    let failed = |doing, path: &Path| {
        let path = path.to_path_buf();
        move |source| CaseError::File {
            doing,
            path,
            source,
        }
    };
    std::fs::create_dir_all(&folder).map_err(failed("making", &folder))?;
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
    let mut output = Output::create(&path).map_err(failed("writing", &path))?;
    let rows = export.write(&Form::Workbook(None), &mut output, &folder)?;
    output.finish().map_err(failed("writing", &path))?;
    Ok(Exported { rows, path })
}

/// Refuses a code that nobody has or had.
///
/// # Errors
/// If nobody has or had it, or the records cannot be read.
pub fn require_person(code: &PersonCode, store: &Store) -> Result<(), CaseError> {
    let is_known = store.everybody_ever()?.iter().any(|p| p.code == *code);
    if is_known {
        Ok(())
    } else {
        Err(CaseError::NoSuchCode(code.clone()))
    }
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A row for each event.
    Events,
    /// A row for each person and day.
    Days,
    /// A row for each person.
    People,
}

/// How it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// One table as CSV.
    Csv(View, CsvStyle),
    /// One table as JSON.
    Json(View),
    /// A workbook with a page for the one table, or for all of them.
    Workbook(Option<View>),
}

/// What is exported from where.
pub struct Export<'a> {
    /// The records.
    pub store: &'a Store,
    /// The station.
    pub context: &'a Context,
    /// Which days, of whom.
    pub filter: EventFilter,
    /// Names of the columns; none for the configured ones.
    pub columns: &'a [String],
}

impl Export<'_> {
    /// Writes what is asked for, and says how many rows it has. Pages of a workbook wait in
    /// `folder` until they are put together.
    ///
    /// # Errors
    /// If the records cannot be read, a column is not there, or the output cannot be written.
    pub fn write(
        &self,
        form: &Form,
        output: &mut (impl Write + Send),
        folder: &Path,
    ) -> Result<u64, CaseError> {
        match form {
            Form::Csv(view, style) => {
                let buffered = BufWriter::new(output);
                let mut table = CsvTable::begin(self.layout(*view)?, *style, buffered)?;
                let rows = self.fill(Tables::only(*view, &mut table))?;
                table.finish()?.flush().map_err(SheetError::Write)?;
                Ok(rows)
            }
            Form::Json(view) => {
                let mut buffered = BufWriter::new(output);
                let mut serializer = JsonTable::serializer(&mut buffered);
                let mut table = JsonTable::begin(self.layout(*view)?, &mut serializer)?;
                let rows = self.fill(Tables::only(*view, &mut table))?;
                table.finish()?;
                writeln!(buffered).map_err(SheetError::Write)?;
                buffered.flush().map_err(SheetError::Write)?;
                Ok(rows)
            }
            Form::Workbook(Some(view)) => self.write_workbook(&[*view], output, folder),
            Form::Workbook(None) => self.write_workbook(&ALL_VIEWS, output, folder),
        }
    }

    fn write_workbook(
        &self,
        views: &[View],
        output: &mut (impl Write + Send),
        folder: &Path,
    ) -> Result<u64, CaseError> {
        let words = self.context.words()?;
        let mut workbook = Workbook::new(folder)?;
        let mut page = |view: View| {
            if !views.contains(&view) {
                return Ok(None);
            }
            let layout = self.layout(view)?;
            let setup = PageSetup {
                name: page_name(view, &*words),
                headings: layout
                    .columns()
                    .iter()
                    .map(|column| words.text(column.heading))
                    .collect(),
                total: words.text(TOTAL),
            };
            // A page is large.
            Ok::<_, CaseError>(Some(Box::new(workbook.page(layout, setup)?)))
        };
        let mut events = page(View::Events)?;
        let mut days = page(View::Days)?;
        let mut people = page(View::People)?;
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

    fn layout(&self, view: View) -> Result<Layout, CaseError> {
        let configured = &self.context.config.export;
        let (name, all, chosen): (_, &[Column], _) = match view {
            View::Events => ("events", EVENTS, &configured.events),
            View::Days => ("days", DAYS, &configured.days),
            View::People => ("people", PEOPLE, &configured.people),
        };
        let chosen = if self.columns.is_empty() {
            chosen
        } else {
            self.columns
        };
        Ok(Layout::new(name, all, chosen)?)
    }

    /// Reads everything once, and hands each table its rows.
    fn fill(&self, tables: Tables<'_>) -> Result<u64, CaseError> {
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
    fn days(&self) -> Result<(NaiveDate, NaiveDate), CaseError> {
        if let Some(code) = &self.filter.code {
            require_person(code, self.store)?;
        }
        let today = self.context.today();
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
    fn only(view: View, rows: &'t mut dyn Rows) -> Self {
        let mut tables = Self {
            events: None,
            days: None,
            people: None,
        };
        *match view {
            View::Events => &mut tables.events,
            View::Days => &mut tables.days,
            View::People => &mut tables.people,
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
    type Error = CaseError;

    fn event(&mut self, event: NamedEvent) -> Result<(), CaseError> {
        if let Some(table) = &mut self.tables.events {
            table.row(&columns::event(event, self.station))?;
            self.rows += 1;
        }
        Ok(())
    }

    fn day(&mut self, person: &Person, day: &WorkDay) -> Result<(), CaseError> {
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
    fn finish(mut self) -> Result<u64, CaseError> {
        if let Some(table) = &mut self.tables.people {
            for sums in self.sums.values() {
                table.row(&sums.cells(self.station))?;
                self.rows += 1;
            }
        }
        Ok(self.rows)
    }
}

fn page_name(view: View, words: &dyn Words) -> String {
    let [events, days, people] = PAGES;
    let name = match view {
        View::Events => events,
        View::Days => days,
        View::People => people,
    };
    words.text(name)
}
