//! What was understood of a file, for `--dry-run` and for remarks beside an import.

use super::columns::{Columns, Field};
use super::grid::{Grid, separator_name};

/// Rows that are shown.
const SHOWN: usize = 5;

/// How a file was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Understood {
    /// What was found out, by name.
    pub facts: Vec<(String, String)>,
    /// What is not taken as it stands, and why.
    pub remarks: Vec<String>,
    /// The first rows, as they will be imported.
    pub first_rows: Vec<String>,
}

impl Understood {
    pub(super) fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push((name.to_owned(), value.into()));
    }

    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// A remark on so many rows, if there are any.
    pub(super) fn remark_on(&mut self, rows: usize, what: &str) {
        match rows {
            0 => {}
            1 => self.remark(format!("1 row {what}")),
            many => self.remark(format!("{many} rows {what}")),
        }
    }

    pub(super) fn row(&mut self, row: impl FnOnce() -> String) {
        if self.first_rows.len() < SHOWN {
            self.first_rows.push(row());
        }
    }

    /// What a table looks like.
    pub(super) fn table(encoding: &str, grid: &Grid, columns: &Columns) -> Self {
        let mut understood = Self::default();
        understood.fact("encoding", encoding);
        understood.fact("separator", separator_name(grid.separator));
        let header = match (columns.has_header(), grid.records.first()) {
            (true, Some(record)) => format!("line {}", record.line),
            _ => "none".into(),
        };
        understood.fact("header", header);
        understood.remark_on(grid.blank, "held nothing");
        understood
    }

    /// Which columns are what, and which are not used.
    pub(super) fn columns(&mut self, columns: &Columns, used: &[(Field, usize)]) {
        let named: Vec<String> = used
            .iter()
            .map(|(field, place)| format!("{} = {}", field.name(), columns.title(*place)))
            .collect();
        self.fact("columns", named.join(", "));
        let is_used = |place: usize| used.iter().any(|(_, used)| *used == place);
        let others: Vec<String> = (0..columns.headers.len())
            .filter(|place| !is_used(*place) && !columns.headers[*place].is_empty())
            .map(|place| columns.title(place))
            .collect();
        if !others.is_empty() && others.len() <= 20 {
            self.fact("not used", others.join(", "));
        }
    }
}
