//! What the operator says about a file that cannot be guessed.

use chrono::NaiveDate;
use encoding_rs::Encoding;

use super::columns::{Column, Field};
use super::dates::DateForm;

/// By what a punch names its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By the code.
    Code,
    /// By the name.
    Name,
}

/// Where the direction of a punch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// From the file, whatever it says.
    Stated,
    /// From the order of a person's punches in a day, by the station's own rule.
    Alternate,
}

/// All that was stated; empty, everything is found out or asked for.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Which column is what.
    pub map: Vec<(Field, Column)>,
    /// What separates the columns.
    pub separator: Option<u8>,
    /// The encoding of the text.
    pub encoding: Option<&'static Encoding>,
    /// How days are written.
    pub dates: Option<DateForm>,
    /// How times of day are written, as `strftime` has it.
    pub times: Option<String>,
    /// The day of punches that say none.
    pub day: Option<NaiveDate>,
    /// Words that mean "in".
    pub words_in: Vec<String>,
    /// Words that mean "out".
    pub words_out: Vec<String>,
    /// Where directions come from.
    pub directions: Option<Directions>,
    /// By what people are named.
    pub by: Option<By>,
    /// Whose all the faces of the file are.
    pub name: Option<String>,
    /// Whose each face is, one name a vector.
    pub names: Option<Vec<String>>,
    /// Begin of the codes of people who have none.
    pub code_prefix: String,
    /// The name of the file, without its folder.
    pub file_name: String,
}
