//! Reading what other systems wrote: people, punches and embeddings.
//!
//! Pure but for the bytes it is given. A file goes through three steps, each of which may
//! answer with a question: [`text`] (which encoding), [`grid`] (which separator) and
//! [`columns`] (what is what, by the words that systems use). Then its kind is read:
//! [`people`](people()), [`attendance`](attendance()), [`embeddings`].
//!
//! Invariants:
//! - A file is understood as a whole or refused with every row that is wrong, so that an
//!   operator mends it once.
//! - What can be read in one way is taken; what can be read in several is a question that
//!   names the option which answers it. Nothing is guessed from one row for another.
//! - [`Understood`] says how the file was read, before anything is written.
//!
//! Deliberately absent: what becomes of the rows; that is the store's.

mod attendance;
mod columns;
mod dates;
mod directions;
pub mod embeddings;
mod grid;
mod hints;
mod people;
mod problem;
mod roster;
mod text;
mod understood;

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::core::day::AttendancePolicy;

pub use attendance::attendance;
pub use columns::{Column, Field};
pub use dates::DateForm;
pub use hints::{By, Directions, Hints};
pub use people::people;
pub use problem::{BadLine, ImportError, Unit};
pub use roster::{FreeCodes, Roster};
pub use understood::Understood;

/// What an operator's calendar says: which moment a local time is, and its day.
pub struct Calendar<'a> {
    /// Reads a local time, with or without its offset.
    pub parse_time: &'a dyn Fn(&str) -> Result<DateTime<FixedOffset>, String>,
    /// The day on which it is read.
    pub today: NaiveDate,
    /// The day a moment counts for.
    pub local_day: &'a dyn Fn(&DateTime<FixedOffset>) -> NaiveDate,
    /// By which a sighting becomes a punch.
    pub rule: &'a AttendancePolicy,
    /// The name of the zone of times without an offset.
    pub zone: &'a str,
}

/// Rows of a file with the lines they stand in.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// What was read.
    pub rows: Vec<T>,
    /// Line of each row, from 1.
    pub lines: Vec<u64>,
    /// What `lines` counts.
    pub unit: Unit,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            lines: Vec::new(),
            unit: Unit::Line,
        }
    }
}

/// The rows of a file, and how it was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    /// What was read.
    pub rows: Rows<T>,
    /// How.
    pub understood: Understood,
}

/// All rows, if there are any and none is bad.
fn finish<T>(found: Rows<T>, bad: Vec<BadLine>, unit: Unit) -> Result<Rows<T>, ImportError> {
    if !bad.is_empty() {
        Err(ImportError::Rows { unit, bad })
    } else if found.rows.is_empty() {
        Err(ImportError::Empty)
    } else {
        Ok(found)
    }
}

/// People and punches come in tables.
fn refuse_arrays(bytes: &[u8]) -> Result<(), ImportError> {
    match text::kind_of(bytes)? {
        text::Kind::Npy | text::Kind::Npz => Err(ImportError::OtherKind(
            "it holds arrays, which only import embeddings reads".into(),
        )),
        text::Kind::Json => Err(ImportError::OtherKind(
            "it is JSON: save the table as CSV".into(),
        )),
        text::Kind::Text => Ok(()),
    }
}

/// The encoding of this name, e.g. `windows-1252`.
pub fn encoding_named(name: &str) -> Option<&'static encoding_rs::Encoding> {
    encoding_rs::Encoding::for_label(name.as_bytes())
}

#[cfg(test)]
mod tests;
