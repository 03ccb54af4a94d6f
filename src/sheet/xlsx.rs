//! Workbooks: one page for each table, written row by row.
//!
//! Days, times and hours are numbers with a format, so that a spreadsheet calculates with
//! them; the header stays in sight and has a filter, the bottom has the totals of what the
//! filter leaves, and a page prints across as many sheets as it needs with its header on
//! each. The rows of a page wait in a temporary file until the workbook is put together.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use rust_xlsxwriter::utility::cell_range;
use rust_xlsxwriter::{Format, Formula, Worksheet};

use super::{Cell, Layout, Rows, SheetError, Total};

/// Rows of a page besides the header, an empty one and the totals; Excel has no more.
const MOST_ROWS: u32 = 1_048_573;

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
    inner: rust_xlsxwriter::Workbook,
    formats: Formats,
    folder: PathBuf,
}

/// One page that is being written.
pub struct Page {
    layout: Layout,
    words: PageSetup,
    sheet: Worksheet,
    formats: Formats,
    folder: PathBuf,
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
            inner: workbook,
            formats: Formats::new(),
            folder: folder.to_path_buf(),
        })
    }

    /// A new page; [`Self::push`] takes it when its rows are written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn page(&mut self, layout: Layout, words: PageSetup) -> Result<Page, SheetError> {
        let mut page = self.inner.new_worksheet_with_constant_memory()?;
        page.set_name(&words.name)?;
        page.set_freeze_panes(1, 0)?;
        page.set_landscape().set_paper_size(A4);
        page.set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
        page.set_footer("&L&A&R&P / &N");
        for ((column, heading), number) in layout.columns().iter().zip(&words.headings).zip(0u16..)
        {
            // The arrow of the filter covers the end of a heading.
            let width = usize::from(column.width).max(heading.chars().count() + 3);
            page.set_column_width(number, width as f64)?;
            page.write_string_with_format(0, number, heading, &self.formats.header)?;
        }
        Ok(Page {
            sums: vec![(0.0, false); layout.columns().len()],
            layout,
            words,
            sheet: page,
            formats: self.formats.clone(),
            folder: self.folder.clone(),
            rows: 0,
        })
    }

    /// Takes a page in when its rows are written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&mut self, mut page: Page) -> Result<(), SheetError> {
        let folder = self.folder.clone();
        guarded(&folder, || page.finish())?;
        self.inner.push_worksheet(page.sheet);
        Ok(())
    }

    /// Puts the workbook together.
    ///
    /// # Errors
    /// If `output` cannot be written.
    pub fn finish(mut self, output: &mut (impl Write + Send)) -> Result<(), SheetError> {
        let folder = self.folder.clone();
        guarded(&folder, || Ok(self.inner.save_to_writer(output)?))
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
        if self.rows == MOST_ROWS {
            return Err(SheetError::TooLong {
                sheet: self.layout.name,
                most: MOST_ROWS,
            });
        }
        self.rows += 1;
        let folder = self.folder.clone();
        guarded(&folder, || self.write(cells))
    }
}

impl Page {
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
        let last_column = (self.layout.columns().len() as u16).saturating_sub(1);
        self.sheet.autofilter(0, 0, self.rows, last_column)?;
        if self.rows == 0 {
            return Ok(());
        }
        // A row apart, so that sorting and filtering leave it alone.
        let row = self.rows + 2;
        let mut is_labelled = false;
        for ((column, &(sum, is_hours)), number) in
            self.layout.columns().iter().zip(&self.sums).zip(0u16..)
        {
            let range = cell_range(1, number, self.rows, number);
            // Of what the filter shows: 109 adds up, 103 counts.
            let (formula, result) = match column.total {
                Total::Sum => (format!("=SUBTOTAL(109,{range})"), sum),
                Total::Count => (format!("=SUBTOTAL(103,{range})"), f64::from(self.rows)),
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
