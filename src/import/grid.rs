//! A text as rows and cells: which character separates them, and which line each row is.
//!
//! Invariants:
//! - A separator is taken only if the reader of the kind can make sense of the table with it,
//!   and with no other. Two that both make sense are a question.
//! - Rows without anything in them, as spreadsheets leave behind, are no rows.

use csv::StringRecord;

use super::hints::Hints;
use super::problem::{BadLine, ImportError, Unit};

/// Separators that are tried.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Rows by which a separator is chosen.
const SAMPLE: usize = 200;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// Its line, from 1.
    pub(super) line: u64,
    /// Its cells, trimmed.
    cells: StringRecord,
}

impl Record {
    /// A cell; empty if the row ends before it.
    pub(super) fn cell(&self, column: usize) -> &str {
        let cell = self.cells.get(column).unwrap_or_default();
        // What protects a spreadsheet from a formula is not part of the text.
        match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
            _ => cell,
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Cells up to the last one that holds something.
    pub(super) fn used(&self) -> usize {
        let blank = self.cells.iter().rev().take_while(|cell| cell.is_empty());
        self.cells.len() - blank.count()
    }
}

/// A table without a decision on its header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    /// The rows that hold something, a header among them.
    pub(super) records: Vec<Record>,
    /// What separates the cells.
    pub(super) separator: u8,
    /// Rows that held nothing.
    pub(super) blank: usize,
}

impl Grid {
    /// Columns of the widest row.
    pub(super) fn width(&self) -> usize {
        self.records.iter().map(Record::len).max().unwrap_or(0)
    }
}

/// The name of a separator.
pub(super) fn separator_name(separator: u8) -> &'static str {
    match separator {
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        b'|' => "bar",
        _ => "another character",
    }
}

/// Reads the table with the one separator that `makes_sense`.
pub(super) fn read(
    text: &str,
    hints: &Hints,
    makes_sense: impl Fn(&Grid) -> Result<(), ImportError>,
) -> Result<Grid, ImportError> {
    let (text, above, stated) = without_excel_line(text);
    let separator = match hints.separator.or(stated) {
        Some(separator) => separator,
        None => choose(text, above, makes_sense)?,
    };
    let grid = parse(text, above, separator, usize::MAX)?;
    if grid.records.is_empty() {
        return Err(ImportError::Empty);
    }
    Ok(grid)
}

/// Excel writes and reads `sep=;` as a first line.
fn without_excel_line(text: &str) -> (&str, u64, Option<u8>) {
    let Some((first, rest)) = text.split_once('\n') else {
        return (text, 0, None);
    };
    match first.trim_end_matches('\r').as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => (rest, 1, Some(*separator)),
        _ => (text, 0, None),
    }
}

fn choose(
    text: &str,
    above: u64,
    makes_sense: impl Fn(&Grid) -> Result<(), ImportError>,
) -> Result<u8, ImportError> {
    let mut sensible: Vec<Grid> = Vec::new();
    // What to say if none makes sense: the trouble with the one that has the most columns.
    let mut trouble: Option<(usize, ImportError)> = None;
    for separator in SEPARATORS {
        if separator != b',' && !text.as_bytes().contains(&separator) {
            continue;
        }
        let grid = match parse(text, above, separator, SAMPLE) {
            Ok(grid) => grid,
            Err(error) => {
                trouble.get_or_insert((0, error));
                continue;
            }
        };
        match makes_sense(&grid) {
            Ok(()) => sensible.push(grid),
            Err(error) => {
                let width = grid.records.first().map_or(0, Record::len);
                if trouble.as_ref().is_none_or(|(widest, _)| width > *widest) {
                    trouble = Some((width, error));
                }
            }
        }
    }
    if sensible.len() > 1 && sensible.iter().any(is_even) {
        sensible.retain(is_even);
    }
    match (sensible.as_slice(), trouble) {
        ([only], _) => Ok(only.separator),
        ([], Some((_, error))) => Err(error),
        ([], None) => Err(ImportError::Empty),
        (several, _) => {
            let names: Vec<_> = several
                .iter()
                .map(|grid| separator_name(grid.separator))
                .collect();
            Err(ImportError::question(
                format!("its columns could be separated by {}", names.join(" or ")),
                format!("say which, e.g. --separator {}", names[0]),
            ))
        }
    }
}

/// Whether all rows have the same number of cells.
fn is_even(grid: &Grid) -> bool {
    grid.records
        .windows(2)
        .all(|pair| pair[0].len() == pair[1].len())
}

fn parse(text: &str, above: u64, separator: u8, most: usize) -> Result<Grid, ImportError> {
    // An end-of-file mark of DOS.
    let text = text.trim_end_matches('\u{1a}');
    let mut grid = Grid {
        records: Vec::new(),
        separator,
        blank: 0,
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    for record in reader.records().take(most) {
        let cells = record.map_err(|error| ImportError::Rows {
            unit: Unit::Line,
            bad: vec![BadLine {
                line: above + line_of(text.as_bytes(), error.position()),
                problem: error.to_string(),
            }],
        })?;
        if cells.iter().all(str::is_empty) {
            grid.blank += 1;
            continue;
        }
        let line = above + line_of(text.as_bytes(), cells.position());
        grid.records.push(Record { line, cells });
    }
    Ok(grid)
}

/// The line of a record. The reader's own count is that of the end of the record
/// before, which with CR LF or blank lines is not where this one begins.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let rest = bytes.get(position.byte() as usize..).unwrap_or_default();
    let ends = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    position.line() + ends.filter(|b| **b == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(grid: &Grid) -> Result<(), ImportError> {
        match grid.width() {
            2.. => Ok(()),
            _ => Err(ImportError::Empty),
        }
    }

    #[test]
    fn the_separator_is_the_one_that_makes_sense() {
        for separator in SEPARATORS {
            let s = separator as char;
            let text = format!("code{s}name\r\n\r\nE-1{s}Ana\r\n{s}\r\n");
            let grid = read(&text, &Hints::default(), wide).unwrap();
            assert_eq!((grid.separator, grid.blank), (separator, 1));
            assert_eq!(grid.records[1].line, 3);
            assert_eq!(grid.records[1].cell(1), "Ana");
        }
        let both = "a;b,c;d\ne;f,g;h\n";
        let error = read(both, &Hints::default(), wide).unwrap_err().to_string();
        assert!(error.contains("--separator comma"), "{error}");
        let stated = Hints {
            separator: Some(b';'),
            ..Hints::default()
        };
        assert_eq!(read(both, &stated, wide).unwrap().width(), 3);
    }

    #[test]
    fn a_first_line_of_excel_says_the_separator_and_counts_as_a_line() {
        let grid = read("sep=|\r\na|b,c\r\nd|e\r\n", &Hints::default(), wide).unwrap();
        assert_eq!((grid.separator, grid.records[0].line), (b'|', 2));
    }
}
