//! Workbooks: one page for each table, written row by row. A table that is longer than a page
//! may be goes on on a next one, and has its totals on the last.
//!
//! Days, times and hours are numbers with a format, so that a spreadsheet calculates with
//! them; the header stays in sight and has a filter, the bottom has the totals of what the
//! filter leaves, and a page prints across as many sheets as it needs with its header on
//! each. The rows of a page wait in a temporary file until the workbook is put together.

use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use rust_xlsxwriter::utility::cell_range;
use rust_xlsxwriter::{Format, Formula, Worksheet};

use super::{Cell, Layout, Rows, SheetError, Total};

/// Rows of a page besides the header, an empty one and the totals; Excel has no more. What is
/// longer goes on on a next page.
const MOST_ROWS: u32 = 1_048_573;

/// Characters that the name of a page may have.
const LONGEST_NAME: usize = 31;

/// ISO 216, as Excel numbers paper.
const A4: u8 = 9;

/// 30 December 1899, from which Excel counts its days, in days of the common era.
const DAY_ZERO: i32 = 693_594;

/// 1 March 1900: from this day on its count has no gap, for it takes 1900 for a leap year.
const FIRST_DAY: i32 = 61;

/// How times and numbers are shown.
#[derive(Debug, Clone)]
struct Formats {
    header: Format,
    date: Format,
    time: Format,
    moment: Format,
    hours: Format,
    /// By digits after the point, from none to three.
    numbers: [Format; 4],
    label: Format,
    total: Format,
    total_hours: Format,
}

/// A page's words besides its cells, in the operator's language.
#[derive(Debug, Clone)]
pub struct PageSetup {
    /// Name of the page.
    pub name: String,
    /// Headings of the columns, in the order of the layout.
    pub headings: Vec<String>,
    /// What stands before the totals.
    pub total: String,
}

/// A workbook that is being written.
pub struct Workbook {
    /// Its tables ask it for further pages while they are written.
    inner: Rc<RefCell<rust_xlsxwriter::Workbook>>,
    formats: Formats,
    folder: PathBuf,
    most_rows: u32,
}

/// One table that is being written, on as many pages as it needs.
pub struct Page {
    workbook: Rc<RefCell<rust_xlsxwriter::Workbook>>,
    layout: Layout,
    words: PageSetup,
    formats: Formats,
    folder: PathBuf,
    most_rows: u32,
    /// Those that are full.
    full: Vec<Worksheet>,
    sheet: Worksheet,
    /// Rows of `sheet`.
    rows: u32,
    /// Of each column, what its numbers add up to, and whether they are hours.
    sums: Vec<(f64, bool)>,
}

impl Workbook {
    /// A workbook whose pages are kept in `folder` until it is put together.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self, SheetError> {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        workbook.set_tempdir(folder)?;
        Ok(Self {
            inner: Rc::new(RefCell::new(workbook)),
            formats: Formats::new(),
            folder: folder.to_path_buf(),
            most_rows: MOST_ROWS,
        })
    }

    /// The first page of a table; [`Self::push`] takes it when its rows are written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn page(&mut self, layout: Layout, words: PageSetup) -> Result<Page, SheetError> {
        let sheet = self
            .inner
            .borrow_mut()
            .new_worksheet_with_constant_memory()?;
        let mut page = Page {
            workbook: Rc::clone(&self.inner),
            sums: vec![(0.0, false); layout.columns().len()],
            layout,
            words,
            formats: self.formats.clone(),
            folder: self.folder.clone(),
            most_rows: self.most_rows,
            full: Vec::new(),
            sheet,
            rows: 0,
        };
        page.begin()?;
        Ok(page)
    }

    /// Takes a table in when its rows are written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, mut page: Page) -> Result<(), SheetError> {
        let folder = self.folder.clone();
        guarded(&folder, || page.finish())?;
        let mut workbook = self.inner.borrow_mut();
        for sheet in page.full.into_iter().chain([page.sheet]) {
            workbook.push_worksheet(sheet);
        }
        Ok(())
    }

    /// Puts the workbook together.
    ///
    /// # Errors
    /// If `output` cannot be written.
    pub fn finish(self, output: &mut (impl Write + Send)) -> Result<(), SheetError> {
        let mut workbook = self.inner.borrow_mut();
        guarded(&self.folder, || Ok(workbook.save_to_writer(output)?))
    }
}

/// The library panics where a page's temporary file cannot be written.
fn guarded<T>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, SheetError>,
) -> Result<T, SheetError> {
    // What it leaves behind is not used any more.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(SheetError::NoRoom {
            folder: folder.display().to_string(),
        })
    })
}

impl Rows for Page {
    fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        let folder = self.folder.clone();
        guarded(&folder, || {
            if self.rows == self.most_rows {
                self.turn()?;
            }
            self.rows += 1;
            self.write(cells)
        })
    }
}

impl Page {
    /// Name, headings and print set-up of the sheet.
    fn begin(&mut self) -> Result<(), SheetError> {
        let name = self.name_of(self.full.len());
        let sheet = &mut self.sheet;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_landscape().set_paper_size(A4);
        sheet.set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
        sheet.set_footer("&L&A&R&P / &N");
        let columns = self.layout.columns().iter().zip(&self.words.headings);
        for ((column, heading), number) in columns.zip(0u16..) {
            // The arrow of the filter covers the end of a heading.
            let width = usize::from(column.width).max(heading.chars().count() + 3);
            sheet.set_column_width(number, width as f64)?;
            sheet.write_string_with_format(0, number, heading, &self.formats.header)?;
        }
        Ok(())
    }

    /// "Events", "Events (2)" …
    fn name_of(&self, index: usize) -> String {
        if index == 0 {
            return self.words.name.clone();
        }
        let number = format!(" ({})", index + 1);
        let room = LONGEST_NAME - number.len();
        let name: String = self.words.name.chars().take(room).collect();
        name + &number
    }

    /// Goes on on a next sheet.
    fn turn(&mut self) -> Result<(), SheetError> {
        self.filter()?;
        let next = self
            .workbook
            .borrow_mut()
            .new_worksheet_with_constant_memory()?;
        self.full.push(std::mem::replace(&mut self.sheet, next));
        self.rows = 0;
        self.begin()
    }

    fn filter(&mut self) -> Result<(), SheetError> {
        let last_column = (self.layout.columns().len() as u16).saturating_sub(1);
        self.sheet.autofilter(0, 0, self.rows, last_column)?;
        Ok(())
    }

    /// The cells of a column on all sheets, for a formula on the last.
    fn ranges(&self, column: u16) -> String {
        let full = (0..self.full.len()).map(|index| {
            let name = self.name_of(index).replace('\'', "''");
            let cells = cell_range(1, column, self.most_rows, column);
            format!("'{name}'!{cells},")
        });
        full.collect::<String>() + &cell_range(1, column, self.rows, column)
    }

    fn write(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        let Self {
            layout,
            sheet,
            formats,
            rows,
            sums,
            ..
        } = self;
        for ((cell, sum), column) in layout.pick(cells).zip(sums).zip(0u16..) {
            match shown(cell, formats) {
                Shown::Nothing => {}
                // As a string, whatever it begins with.
                Shown::Text(text) => {
                    sheet.write_string(*rows, column, text)?;
                }
                Shown::Number(number, format) => {
                    sum.0 += number;
                    sum.1 |= matches!(cell, Cell::Hours(_));
                    sheet.write_number_with_format(*rows, column, number, format)?;
                }
            }
        }
        Ok(())
    }

    /// The filter and the totals below the last row.
    fn finish(&mut self) -> Result<(), SheetError> {
        self.filter()?;
        if self.rows == 0 {
            return Ok(());
        }
        // A row apart, so that sorting and filtering leave it alone.
        let row = self.rows + 2;
        let all_rows = self.full.len() as f64 * f64::from(self.most_rows) + f64::from(self.rows);
        let ranges: Vec<String> = (0..self.sums.len() as u16)
            .map(|n| self.ranges(n))
            .collect();
        let mut is_labelled = false;
        for ((column, &(sum, is_hours)), number) in
            self.layout.columns().iter().zip(&self.sums).zip(0u16..)
        {
            let range = &ranges[usize::from(number)];
            // Of what the filter shows: 109 adds up, 103 counts.
            let (formula, result) = match column.total {
                Total::Sum => (format!("=SUBTOTAL(109,{range})"), sum),
                Total::Count => (format!("=SUBTOTAL(103,{range})"), all_rows),
                Total::None => {
                    if !is_labelled {
                        let (label, format) = (&self.words.total, &self.formats.label);
                        self.sheet
                            .write_string_with_format(row, number, label, format)?;
                        is_labelled = true;
                    }
                    continue;
                }
            };
            let format = if is_hours {
                &self.formats.total_hours
            } else {
                &self.formats.total
            };
            let formula = Formula::new(formula).set_result(result.to_string());
            self.sheet
                .write_formula_with_format(row, number, formula, format)?;
        }
        Ok(())
    }
}

impl Formats {
    fn new() -> Self {
        let of = |format: &str| Format::new().set_num_format(format);
        Self {
            header: Format::new().set_bold(),
            date: of("yyyy-mm-dd"),
            time: of("hh:mm:ss"),
            moment: of("yyyy-mm-dd hh:mm:ss"),
            hours: of("[h]:mm"),
            numbers: ["0", "0.0", "0.00", "0.000"].map(of),
            label: Format::new().set_bold(),
            total: Format::new().set_bold(),
            total_hours: of("[h]:mm").set_bold(),
        }
    }
}

/// What a cell becomes.
enum Shown<'a> {
    Nothing,
    Text(std::borrow::Cow<'a, str>),
    Number(f64, &'a Format),
}

fn shown<'a>(cell: &'a Cell, formats: &'a Formats) -> Shown<'a> {
    let as_text = || Shown::Text(cell.as_time().unwrap_or_default().into());
    match cell {
        Cell::Empty => Shown::Nothing,
        Cell::Text(text) | Cell::Made(text) => Shown::Text(text.into()),
        Cell::Date(day) => match days(*day) {
            Some(days) => Shown::Number(days, &formats.date),
            None => as_text(),
        },
        Cell::Time(time) => Shown::Number(part_of_day(*time), &formats.time),
        Cell::Moment(at) => match days(at.date()) {
            Some(days) => Shown::Number(days + part_of_day(at.time()), &formats.moment),
            None => as_text(),
        },
        Cell::Hours(time) => Shown::Number(time.as_secs_f64() / 86_400.0, &formats.hours),
        Cell::Whole(number) => Shown::Number(*number as f64, &formats.numbers[0]),
        Cell::Number(number, digits) => {
            let format = &formats.numbers[(*digits).min(formats.numbers.len() - 1)];
            Shown::Number(*number, format)
        }
    }
}

/// A day as Excel counts it; none before it counts right and after it ends.
fn days(day: NaiveDate) -> Option<f64> {
    let count = day.num_days_from_ce() - DAY_ZERO;
    (count >= FIRST_DAY && day.year() <= 9999).then(|| f64::from(count))
}

fn part_of_day(time: NaiveTime) -> f64 {
    f64::from(time.num_seconds_from_midnight()) / 86_400.0
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};

    use super::super::tests::{COLUMNS, row};
    use super::*;

    #[test]
    fn a_table_that_is_longer_than_a_page_goes_on_and_is_summed_up_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut workbook = Workbook::new(folder.path()).unwrap();
        workbook.most_rows = 3;
        let layout = Layout::new("events", &COLUMNS, &[]).unwrap();
        let words = PageSetup {
            name: "It's a long name of a page".into(),
            headings: COLUMNS
                .iter()
                .map(|c| c.heading.english().to_owned())
                .collect(),
            total: "Total".into(),
        };
        let mut page = workbook.page(layout, words).unwrap();
        for number in 0..8 {
            page.row(&row(&format!("Ana {number}"))).unwrap();
        }
        workbook.push(page).unwrap();
        let mut bytes = Vec::new();
        workbook.finish(&mut bytes).unwrap();

        let mut read: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let names = read.sheet_names();
        let first = "It's a long name of a page";
        assert_eq!(names[0], first);
        assert_eq!(names[1..], [format!("{first} (2)"), format!("{first} (3)")]);
        let mut people = Vec::new();
        for (name, height) in names.iter().zip([4, 4, 5]) {
            let sheet = read.worksheet_range(name).unwrap();
            assert_eq!(sheet.height(), height, "{name}: only the last has totals");
            let heading = COLUMNS[1].heading.english().to_owned();
            assert_eq!(sheet[(0, 1)], Data::String(heading), "{name}");
            people.extend((1..sheet.height()).filter_map(|at| match &sheet[(at, 1)] {
                Data::String(name) => Some(name.clone()),
                _ => None,
            }));
        }
        let expected: Vec<String> = (0..8).map(|number| format!("Ana {number}")).collect();
        assert_eq!(people, expected, "each row once");
        let formulas = read.worksheet_formula(&names[2]).unwrap();
        let hours = formulas.get_value((4, 6)).unwrap();
        let quoted = "'It''s a long name of a page'!G2:G4,'It''s a long name of a page (2)'!G2:G4";
        assert_eq!(*hours, format!("SUBTOTAL(109,{quoted},G2:G3)"));
        let last = read.worksheet_range(&names[2]).unwrap();
        let sum = last.get_value((4, 6)).unwrap();
        let days = match sum {
            Data::Float(days) => *days,
            Data::DateTime(time) => time.as_f64(),
            other => panic!("{other:?}"),
        };
        assert!((days * 24.0 - 8.0 * 8.5).abs() < 1e-6, "{days}");
    }
}
