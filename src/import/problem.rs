//! Why a file is not imported, in words that say what to do.

use std::fmt::Write as _;

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Line in the file, or number of the entry, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// What the rows of a file are counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unit {
    /// Lines of a text.
    #[default]
    Line,
    /// Entries of a list that has no lines of its own.
    Entry,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Unit::Line => "line",
            Unit::Entry => "entry",
        })
    }
}

/// Why a file is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The header lacks a column.
    #[error(
        "no column is known as {column:?}; the first line has {found}: say which it is with \
         --map {column}=HEADER, or --map {column}=#2 for the second column"
    )]
    NoColumn {
        /// What is missing.
        column: &'static str,
        /// What there is.
        found: String,
    },
    /// The file can be read in more than one way, or something is not in it.
    #[error("{what}: {answer}")]
    Question {
        /// What is not certain.
        what: String,
        /// The option that says it.
        answer: String,
    },
    /// It is another kind of file.
    #[error("{0}")]
    OtherKind(String),
    /// There is nothing in the file.
    #[error("it holds no rows")]
    Empty,
    /// Some rows cannot be used.
    #[error("{} of its {unit}s cannot be used, so nothing was imported:{}", .bad.len(), listed(*.unit, .bad))]
    Rows {
        /// What they are counted in.
        unit: Unit,
        /// Which, and why.
        bad: Vec<BadLine>,
    },
}

impl ImportError {
    pub(super) fn question(what: impl Into<String>, answer: impl Into<String>) -> Self {
        Self::Question {
            what: what.into(),
            answer: answer.into(),
        }
    }
}

/// Rows of a long list of mistakes that are shown.
const SHOWN: usize = 20;

fn listed(unit: Unit, lines: &[BadLine]) -> String {
    let mut text = String::new();
    for bad in lines.iter().take(SHOWN) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {unit} {}: {}", bad.line, bad.problem);
    }
    if lines.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", lines.len() - SHOWN);
    }
    text
}
