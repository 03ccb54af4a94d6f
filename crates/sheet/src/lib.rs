//! Tables on their way to payroll: one content, written row by row as CSV, XLSX or JSON.
//!
//! Invariants:
//! - A table is never held as a whole: a row is written and forgotten, so that a year of a
//!   large station needs no more memory than a day of a small one.
//! - No text that a person or an operator chose is ever run as a formula. CSV gets a
//!   leading apostrophe where a spreadsheet would see one; XLSX keeps text and formulas
//!   apart by itself.
//! - The columns of CSV and JSON have the same names whatever the language, since programs
//!   read them; a workbook is for people and has the operator's words.

mod csv_table;
mod json_table;
mod xlsx;

use rollcall_messages::Text;
use std::io;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

pub use csv_table::{CsvStyle, CsvTable};
pub use json_table::JsonTable;
pub use xlsx::{Page, PageSetup, Workbook};

/// What the bottom of a column says in a workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Nothing.
    None,
    /// The sum of its numbers or times.
    Sum,
    /// How many rows there are.
    Count,
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in CSV and JSON: lower case.
    pub name: &'static str,
    /// Its name in a workbook.
    pub heading: Text,
    /// Characters that are usually in it.
    pub width: u8,
    /// What its bottom says.
    pub total: Total,
}

/// A table without its rows: its name, and which columns it has in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Name of the table, e.g. of its page in a workbook.
    pub name: &'static str,
    columns: Vec<Column>,
    /// Of each column, its place among the cells of a row.
    places: Vec<usize>,
}

/// A value in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text that somebody chose.
    Text(String),
    /// Text that this program made: it may begin with a sign and is no formula.
    Made(String),
    /// A day.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// What a clock on the wall showed.
    Moment(NaiveDateTime),
    /// A length of time, in hours.
    Hours(Duration),
    /// A whole number.
    Whole(i64),
    /// A number with its digits after the point.
    Number(f64, usize),
}

/// Something that takes the rows of one table, in order.
pub trait Rows {
    /// Writes a row: a cell for each column that the layout was made of.
    ///
    /// # Errors
    /// If the output cannot be written or has no more room.
    fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError>;
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The configuration or the command line names a column that there is not.
    #[error("the table {sheet} has no column {column:?}; it has {known}")]
    NoSuchColumn {
        /// The table.
        sheet: &'static str,
        /// What was asked for.
        column: String,
        /// What there is.
        known: String,
    },
    /// The output cannot be written.
    #[error("cannot write the table: {0}")]
    Write(#[from] io::Error),
    /// The workbook cannot be made.
    #[error("cannot make the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The library that makes workbooks gives up where the disk is full.
    #[error("cannot make the workbook: there is no room on the disk of {folder}")]
    NoRoom {
        /// Where the pages are kept until they are put together.
        folder: String,
    },
}

impl Cell {
    /// A cell of what may be absent.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Cell::Empty, |text| Cell::Text(text.into()))
    }

    /// The text of a day, a time or a moment; none of anything else.
    fn as_time(&self) -> Option<String> {
        match self {
            Cell::Date(day) => Some(day.to_string()),
            Cell::Time(time) => Some(time.format("%H:%M:%S").to_string()),
            Cell::Moment(at) => Some(at.format("%Y-%m-%d %H:%M:%S").to_string()),
            _ => None,
        }
    }

    /// What is shown of a number, and its digits after the point.
    fn as_number(&self) -> Option<(f64, usize)> {
        match self {
            // A minute is 0.0167 hours: with two digits, days would not add up to their total.
            Cell::Hours(time) => Some((time.as_secs_f64() / 3600.0, 4)),
            Cell::Number(number, digits) => Some((*number, *digits)),
            _ => None,
        }
    }
}

impl Layout {
    /// All columns, or those in `chosen`, in that order.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn new(
        name: &'static str,
        columns: &[Column],
        chosen: &[String],
    ) -> Result<Self, SheetError> {
        let places: Vec<usize> = if chosen.is_empty() {
            (0..columns.len()).collect()
        } else {
            let place = |wanted: &String| {
                let place = columns.iter().position(|column| column.name == wanted);
                place.ok_or_else(|| SheetError::NoSuchColumn {
                    sheet: name,
                    column: wanted.clone(),
                    known: columns
                        .iter()
                        .map(|c| c.name)
                        .collect::<Vec<_>>()
                        .join(", "),
                })
            };
            chosen.iter().map(place).collect::<Result<_, _>>()?
        };
        Ok(Self {
            name,
            columns: places.iter().map(|&place| columns[place]).collect(),
            places,
        })
    }

    /// Its columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cells of its columns, in their order.
    fn pick<'a>(&self, cells: &'a [Cell]) -> impl Iterator<Item = &'a Cell> {
        self.places.iter().map(|&place| &cells[place])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Headings of the tables here.
    mod say {
        rollcall_messages::room! {
            pub(super) ROOM = "sheet", [("sheet.ftl", "heading = Heading")];
            texts: HEADING;
        }
    }

    const fn column(name: &'static str, heading: Text, total: Total) -> Column {
        Column {
            name,
            heading,
            width: 12,
            total,
        }
    }

    /// A table of every kind of cell.
    pub(crate) const COLUMNS: [Column; 9] = [
        column("event", say::HEADING, Total::None),
        column("name", say::HEADING, Total::Count),
        column("utc_offset", say::HEADING, Total::None),
        column("day", say::HEADING, Total::None),
        column("time", say::HEADING, Total::None),
        column("first_in", say::HEADING, Total::None),
        column("hours", say::HEADING, Total::Sum),
        column("similarity", say::HEADING, Total::None),
        column("note", say::HEADING, Total::None),
    ];

    pub(crate) fn row(name: &str) -> Vec<Cell> {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let time = NaiveTime::from_hms_opt(8, 2, 30).unwrap();
        vec![
            Cell::Whole(7),
            Cell::Text(name.into()),
            Cell::Made("-05:00".into()),
            Cell::Date(day),
            Cell::Time(time),
            Cell::Moment(day.and_time(time)),
            Cell::Hours(Duration::from_secs(8 * 3600 + 1800)),
            Cell::Number(0.7126, 3),
            Cell::Empty,
        ]
    }

    #[test]
    fn columns_are_chosen_and_ordered() {
        let wanted = ["name".to_owned(), "event".to_owned()];
        let chosen = Layout::new("events", &COLUMNS, &wanted).unwrap();
        let row = row("Ana");
        let picked: Vec<&Cell> = chosen.pick(&row).collect();
        assert_eq!(picked, [&Cell::Text("Ana".into()), &Cell::Whole(7)]);
        let error = Layout::new("events", &COLUMNS, &["nmae".to_owned()]).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("\"nmae\"; it has event, name"), "{words}");
    }
}
