//! Tables on their way to payroll: one content, written as CSV, XLSX or JSON.
//!
//! Invariant: no text that a person or an operator chose is ever run as a formula.
//! CSV gets a leading apostrophe where a spreadsheet would see one; XLSX keeps
//! text and formulas apart by itself.

mod xlsx;

use std::borrow::Cow;
use std::io::{self, Write};

pub use xlsx::write_xlsx;

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Name of the table, e.g. of its page in a workbook.
    pub name: &'static str,
    /// Names of the columns: lower case, fit for JSON.
    pub columns: Vec<&'static str>,
    /// As many cells in each as there are columns.
    pub rows: Vec<Vec<Cell>>,
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
    /// A whole number.
    Whole(i64),
    /// A number with its digits after the point.
    Number(f64, usize),
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
}

impl Cell {
    /// A cell of what may be absent.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Cell::Empty, |text| Cell::Text(text.into()))
    }
}

impl Sheet {
    /// Keeps the named columns in that order; all of them if none is named.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn select(self, columns: &[String]) -> Result<Self, SheetError> {
        if columns.is_empty() {
            return Ok(self);
        }
        let places: Vec<usize> = columns
            .iter()
            .map(|column| {
                let place = self.columns.iter().position(|c| c == column);
                place.ok_or_else(|| SheetError::NoSuchColumn {
                    sheet: self.name,
                    column: column.clone(),
                    known: self.columns.join(", "),
                })
            })
            .collect::<Result<_, _>>()?;
        let pick = |row: &Vec<Cell>| places.iter().map(|&i| row[i].clone()).collect();
        Ok(Self {
            name: self.name,
            columns: places.iter().map(|&i| self.columns[i]).collect(),
            rows: self.rows.iter().map(pick).collect(),
        })
    }

    /// Writes the table as CSV (RFC 4180, UTF-8) with a header.
    ///
    /// # Errors
    /// If `output` cannot be written.
    pub fn write_csv(&self, output: impl Write) -> Result<(), SheetError> {
        let mut table = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(output);
        let written = |result: csv::Result<()>| result.map_err(io::Error::from);
        written(table.write_record(&self.columns))?;
        for row in &self.rows {
            written(table.write_record(row.iter().map(|cell| in_csv(cell).into_owned())))?;
        }
        Ok(table.flush()?)
    }

    /// The table as JSON: a list of objects named like the columns.
    pub fn to_json(&self) -> serde_json::Value {
        let row = |row: &Vec<Cell>| {
            let fields = self.columns.iter().zip(row);
            fields
                .map(|(name, cell)| ((*name).to_owned(), in_json(cell)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        self.rows
            .iter()
            .map(row)
            .collect::<Vec<serde_json::Value>>()
            .into()
    }
}

fn in_csv(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => "".into(),
        // Also behind white space: a spreadsheet may trim it before it looks.
        Cell::Text(text) if is_like_a_formula(text) => format!("'{text}").into(),
        Cell::Text(text) | Cell::Made(text) => text.into(),
        Cell::Whole(number) => number.to_string().into(),
        Cell::Number(number, digits) => format!("{number:.digits$}").into(),
    }
}

fn is_like_a_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n'])
        || text.trim_start().starts_with([
            '=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
        ])
}

fn in_json(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Empty => serde_json::Value::Null,
        Cell::Text(text) | Cell::Made(text) => text.as_str().into(),
        Cell::Whole(number) => (*number).into(),
        Cell::Number(number, digits) => {
            let scale = 10f64.powi(*digits as i32);
            ((number * scale).round() / scale).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        Sheet {
            name: "events",
            columns: vec!["event", "name", "utc_offset", "similarity", "note"],
            rows: vec![vec![
                Cell::Whole(7),
                Cell::Text(text.into()),
                Cell::Made("-05:00".into()),
                Cell::Number(0.7126, 3),
                Cell::Empty,
            ]],
        }
    }

    fn csv_of(sheet: &Sheet) -> String {
        let mut bytes = vec![];
        sheet.write_csv(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_table_reads_as_rfc_4180_says() {
        assert_eq!(
            csv_of(&sheet("O\"Neil, Ana")),
            "event,name,utc_offset,similarity,note\r\n7,\"O\"\"Neil, Ana\",-05:00,0.713,\r\n"
        );
    }

    #[test]
    fn a_name_is_never_run_as_a_formula() {
        for name in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1+1",
        ] {
            let table = csv_of(&sheet(name));
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[1], format!("'{name}"));
        }
        assert!(csv_of(&sheet("محمد علي")).contains(",محمد علي,"));
    }

    #[test]
    fn columns_are_chosen_and_ordered() {
        let wanted = ["name".to_owned(), "event".to_owned()];
        let chosen = sheet("Ana").select(&wanted).unwrap();
        assert_eq!(csv_of(&chosen), "name,event\r\nAna,7\r\n");
        assert_eq!(
            chosen.to_json().to_string(),
            r#"[{"event":7,"name":"Ana"}]"#
        );
        let error = sheet("Ana").select(&["nmae".to_owned()]).unwrap_err();
        assert!(
            error.to_string().contains("\"nmae\"; it has event, name"),
            "{error}"
        );
    }

    #[test]
    fn a_workbook_has_a_page_for_each_table() {
        let mut bytes = vec![];
        let second = Sheet {
            name: "days",
            ..sheet("=1+1")
        };
        write_xlsx(&[sheet("Ana"), second], &mut bytes).unwrap();
        // A zip file whose directory names both pages.
        assert!(bytes.starts_with(b"PK\x03\x04"));
        for page in [
            &b"xl/worksheets/sheet1.xml"[..],
            b"xl/worksheets/sheet2.xml",
        ] {
            assert!(bytes.windows(page.len()).any(|w| w == page));
        }
    }
}
