//! Plain tables and JSON on standard output.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::core::printable::printable_line;
use crate::print::Printable;

/// A table with a heading, its columns as wide as they need to be.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column headings.
    pub(super) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![headings.iter().map(|h| (*h).to_owned()).collect()],
        }
    }

    /// Adds a row of as many cells as there are headings.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let shown = |cell: String| printable_line(&cell).into_owned();
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// Prints the table.
    pub(super) fn print(&self) -> io::Result<()> {
        io::stdout().lock().write_all(self.render().as_bytes())
    }

    fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|c| {
                let cells = self.rows.iter().filter_map(|row| row.get(c));
                cells.map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - cell.width() + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Prints `value` as JSON. What a terminal would obey is escaped, which a reader of JSON
/// undoes.
pub(super) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = Printable::new(BufWriter::new(io::stdout().lock()));
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&["Code", "Name", "State"]);
        table.row(["P-1".into(), "李小龍".into(), "in".into()]);
        table.row(["P-22".into(), "Bruno Díaz".into(), "out".into()]);
        table.row(["P-3".into(), "two\nlines\u{1b}[2J".into(), String::new()]);
        assert_eq!(
            table.render(),
            "Code  Name                     State\n\
             P-1   李小龍                   in\n\
             P-22  Bruno Díaz               out\n\
             P-3   two\\u000alines\\u001b[2J\n"
        );
    }
}
