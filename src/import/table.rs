//! A CSV file with a header, and its mistakes with their lines.

use std::collections::HashMap;

use super::Rows;

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Line in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a file is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The header lacks a column.
    #[error("the first line has no column {column:?}; it has {found}")]
    NoColumn {
        /// What is missing.
        column: &'static str,
        /// What there is.
        found: String,
    },
    /// There is nothing in the file.
    #[error("it holds no rows")]
    Empty,
    /// Some lines cannot be used.
    #[error("{} of its lines cannot be used, so nothing was imported:{}", .0.len(), listed(.0))]
    Lines(Vec<BadLine>),
}

/// Lines of a long list of mistakes that are shown.
const SHOWN: usize = 20;

fn listed(lines: &[BadLine]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for bad in lines.iter().take(SHOWN) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  line {}: {}", bad.line, bad.problem);
    }
    if lines.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", lines.len() - SHOWN);
    }
    text
}

/// A table with its header.
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    columns: HashMap<String, usize>,
}

/// One row, its cells found by the name of their column.
pub(super) struct Row<'t> {
    columns: &'t HashMap<String, usize>,
    record: csv::StringRecord,
}

impl<'a> Table<'a> {
    /// Reads the header and checks that it has the `required` columns.
    pub(super) fn read(bytes: &'a [u8], required: &[&'static str]) -> Result<Self, ImportError> {
        let bytes = without_mark(bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader
            .headers()
            .map_err(|e| ImportError::Lines(vec![bad_csv(bytes, &e)]))?;
        let columns: HashMap<String, usize> = header
            .iter()
            .enumerate()
            .map(|(place, name)| (name.trim().to_lowercase(), place))
            .collect();
        for &column in required {
            if !columns.contains_key(column) {
                return Err(ImportError::NoColumn {
                    column,
                    found: header.iter().collect::<Vec<_>>().join(", "),
                });
            }
        }
        Ok(Self { bytes, columns })
    }

    /// Reads every row, or lists every line that cannot be read.
    pub(super) fn rows<T>(
        &self,
        read: impl Fn(&Row<'_>) -> Result<T, String>,
    ) -> Result<Rows<T>, ImportError> {
        let mut found = Rows {
            rows: Vec::new(),
            lines: Vec::new(),
        };
        let mut bad = Vec::new();
        for record in csv::Reader::from_reader(self.bytes).into_records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    bad.push(bad_csv(self.bytes, &error));
                    continue;
                }
            };
            let line = line_of(self.bytes, record.position());
            let row = Row {
                columns: &self.columns,
                record,
            };
            match read(&row) {
                Ok(value) => {
                    found.rows.push(value);
                    found.lines.push(line);
                }
                Err(problem) => bad.push(BadLine { line, problem }),
            }
        }
        finish(found, bad)
    }
}

impl Row<'_> {
    /// The cell of a column, if it is there and not blank.
    pub(super) fn optional(&self, column: &str) -> Option<&str> {
        let cell = self.record.get(*self.columns.get(column)?)?.trim();
        // What protects a spreadsheet from a formula is not part of the text.
        let cell = match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
            _ => cell,
        };
        (!cell.is_empty()).then_some(cell)
    }

    /// The cell of a column that must not be blank.
    pub(super) fn required(&self, column: &str) -> Result<&str, String> {
        self.optional(column)
            .ok_or_else(|| format!("the {column} is empty"))
    }
}

/// All rows, if there are any and none is bad.
pub(super) fn finish<T>(found: Rows<T>, bad: Vec<BadLine>) -> Result<Rows<T>, ImportError> {
    if !bad.is_empty() {
        Err(ImportError::Lines(bad))
    } else if found.rows.is_empty() {
        Err(ImportError::Empty)
    } else {
        Ok(found)
    }
}

pub(super) fn bad_csv(bytes: &[u8], error: &csv::Error) -> BadLine {
    let line = line_of(bytes, error.position());
    let problem = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} cells; {expected_len} were expected")
        }
        _ => error.to_string(),
    };
    BadLine { line, problem }
}

/// The line of a record. The reader's own count is that of the end of the record
/// before, which with CR LF or blank lines is not where this one begins.
pub(super) fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let ends = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    position.line() + ends.filter(|b| **b == b'\n').count() as u64
}

/// Spreadsheets begin UTF-8 files with a mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
