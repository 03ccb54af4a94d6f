//! People of another system.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::columns::{Columns, Field, plain};
use super::dates::{Dates, Stamp};
use super::grid::{self, Grid, Record};
use super::hints::Hints;
use super::problem::{BadLine, ImportError, Unit};
use super::roster::Roster;
use super::text;
use super::understood::Understood;
use super::{Calendar, Read, Rows, finish};
use crate::core::consent;
use crate::core::person::{PersonCode, PersonName};
use crate::core::plausible;
use crate::core::printable::Wording;
use crate::store::ImportedPerson;

const WANTED: [Field; 7] = [
    Field::Code,
    Field::Name,
    Field::FirstName,
    Field::LastName,
    Field::Team,
    Field::Consent,
    Field::ExpectedFrom,
];

/// Reads people. Those of a file without codes have the code of the one who is called so,
/// or the next that is free.
///
/// # Errors
/// If the file is no such table or can be read in several ways; every bad line is listed.
pub fn people(
    bytes: &[u8],
    calendar: &Calendar<'_>,
    roster: &Roster,
    hints: &Hints,
) -> Result<Read<ImportedPerson>, ImportError> {
    super::refuse_arrays(bytes)?;
    let text = text::decode(bytes, hints.encoding)?;
    let find = |grid: &Grid| Columns::find(grid, &WANTED, hints);
    let grid = grid::read(&text.text, hints, |grid| names_of(&find(grid)?).map(drop))?;
    let columns = find(&grid)?;
    let names = names_of(&columns)?;
    let rows = columns.rows(&grid);
    let consents = days_of(&columns, Field::Consent, rows, hints)?;
    let first_days = days_of(&columns, Field::ExpectedFrom, rows, hints)?;
    let mut understood = Understood::table(text.encoding, &grid, &columns);
    understood.columns(&columns, &columns.found);
    if let Some(consents) = &consents {
        understood.fact("days", consents.describe());
    }
    let mut reader = Reader {
        columns: &columns,
        names,
        consents,
        first_days,
        calendar,
        roster: roster.clone(),
        prefix: &hints.code_prefix,
        lines: HashMap::new(),
        numbered: 0,
    };
    let mut found = Rows::default();
    let mut bad = Vec::new();
    for record in rows {
        match reader.person(record) {
            Ok(person) => {
                understood.row(|| describe(&person));
                found.rows.push(person);
                found.lines.push(record.line);
            }
            Err(problem) => bad.push(BadLine {
                line: record.line,
                problem,
            }),
        }
    }
    understood.remark_on(
        reader.numbered,
        "had no code and was given the next free one",
    );
    understood.fact("rows", found.rows.len().to_string());
    finish(found, bad, Unit::Line).map(|rows| Read { rows, understood })
}

fn describe(person: &ImportedPerson) -> String {
    let team = person.team.as_deref().unwrap_or("no team");
    let consent = match person.consent_at {
        Some(day) => format!("agreed on {day}"),
        None => "no consent noted".into(),
    };
    format!("{}  {}  ({team}, {consent})", person.code, person.name)
}

/// Where the name is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    /// In one column.
    Whole(usize),
    /// In a column of first names and one of last names.
    Parts {
        /// First names.
        first: usize,
        /// Last names.
        last: usize,
    },
}

/// The columns of the name, if there are any.
pub(super) fn names_if_any(columns: &Columns) -> Option<Names> {
    let place = |field| columns.get(field);
    match (
        place(Field::Name),
        place(Field::FirstName),
        place(Field::LastName),
    ) {
        (Some(name), Some(_), Some(_)) | (Some(name), None, None) => Some(Names::Whole(name)),
        // "nombre" and "apellidos"; "Name" and "Vorname".
        (Some(first), None, Some(last))
        | (Some(last), Some(first), None)
        | (None, Some(first), Some(last)) => Some(Names::Parts { first, last }),
        (None, Some(only), None) => Some(Names::Whole(only)),
        (None, None, _) => None,
    }
}

fn names_of(columns: &Columns) -> Result<Names, ImportError> {
    names_if_any(columns).ok_or_else(|| match columns.require(Field::Name) {
        Err(error) => error,
        Ok(_) => ImportError::Empty,
    })
}

impl Names {
    /// The name of a row; empty if it has none.
    pub(super) fn name(self, record: &Record) -> String {
        match self {
            Self::Whole(place) => record.cell(place).to_owned(),
            Self::Parts { first, last } => {
                let (first, last) = (record.cell(first), record.cell(last));
                let (a, b) = (plain(first), plain(last));
                // A whole name beside one of its parts.
                if a.ends_with(&b) {
                    first.to_owned()
                } else if b.starts_with(&a) {
                    last.to_owned()
                } else {
                    format!("{first} {last}")
                }
            }
        }
    }
}

/// How the days of a column are written, if it has any.
fn days_of(
    columns: &Columns,
    field: Field,
    rows: &[Record],
    hints: &Hints,
) -> Result<Option<Dates>, ImportError> {
    let Some(place) = columns.get(field) else {
        return Ok(None);
    };
    let cells = rows
        .iter()
        .map(|record| record.cell(place))
        .filter(|cell| !cell.is_empty() && !is_today(cell));
    let days = cells.map(|cell| Stamp::split(cell).date);
    if days.clone().next().is_none() {
        return Ok(None);
    }
    Dates::of(&days, hints.dates.as_ref(), &columns.title(place)).map(Some)
}

fn is_today(text: &str) -> bool {
    text.eq_ignore_ascii_case("today")
}

struct Reader<'a> {
    columns: &'a Columns,
    names: Names,
    consents: Option<Dates>,
    first_days: Option<Dates>,
    calendar: &'a Calendar<'a>,
    roster: Roster,
    prefix: &'a str,
    /// Lines of what must not be there twice.
    lines: HashMap<String, (u64, String)>,
    numbered: usize,
}

impl Reader<'_> {
    fn person(&mut self, record: &Record) -> Result<ImportedPerson, String> {
        if let Some(problem) = self.columns.uneven(record) {
            return Err(problem);
        }
        let name =
            PersonName::parse(&self.names.name(record)).map_err(|error| error.to_string())?;
        let code = match self.columns.get(Field::Code) {
            Some(place) => {
                let code =
                    PersonCode::parse(record.cell(place)).map_err(|error| error.to_string())?;
                self.refuse_twice(code.as_str().to_ascii_lowercase(), &name, record.line)?;
                code
            }
            None => self.code_for(&name, record.line)?,
        };
        let cell = |field| {
            self.columns
                .get(field)
                .map(|place| record.cell(place))
                .filter(|cell| !cell.is_empty())
        };
        Ok(ImportedPerson {
            code,
            consent_at: cell(Field::Consent)
                .map(|text| self.consent(text))
                .transpose()?,
            team: cell(Field::Team).map(team).transpose()?,
            expected_from: cell(Field::ExpectedFrom)
                .map(|text| self.first_day(text))
                .transpose()?,
            name,
        })
    }

    fn code_for(&mut self, name: &PersonName, line: u64) -> Result<PersonCode, String> {
        // Without codes the same name is the same person, or two that cannot be told apart.
        self.refuse_twice(plain(name.as_str()), &name.clone(), line)?;
        match self.roster.with_name(name.as_str()) {
            Ok((code, known)) if known == name => Ok(code.clone()),
            Ok((code, known)) => Err(format!(
                "{name} may be {known} ({code}); give the file a column of codes, or write the names alike"
            )),
            Err(_) if self.roster.has_name(name.as_str()) => Err(format!(
                "several people are called {name}; give the file a column of codes"
            )),
            Err(_) => {
                self.numbered += 1;
                self.roster
                    .free_code(self.prefix)
                    .map_err(|error| error.to_string())
            }
        }
    }

    /// The same code with the same name may stand twice; with another it is a mistake.
    fn refuse_twice(&mut self, key: String, name: &PersonName, line: u64) -> Result<(), String> {
        let has_codes = self.columns.get(Field::Code).is_some();
        match self.lines.get(&key) {
            Some((first, other)) if !has_codes => Err(format!(
                "{other} stands in line {first} already, and without codes they cannot be told apart"
            )),
            Some((first, other)) if other != name.as_str() => {
                Err(format!("its code belongs to {other} in line {first}"))
            }
            _ => {
                self.lines.insert(key, (line, name.to_string()));
                Ok(())
            }
        }
    }

    fn first_day(&self, text: &str) -> Result<NaiveDate, String> {
        let dates = self.first_days.as_ref();
        let day = dates.and_then(|dates| dates.day(Stamp::split(text).date));
        let day = day.ok_or_else(|| format!("{text:?} is no day; write it as 2026-11-23"))?;
        plausible::first_day(day).map_err(|error| error.to_string())?;
        Ok(day)
    }

    fn consent(&self, text: &str) -> Result<NaiveDate, String> {
        if is_today(text) {
            return Ok(self.calendar.today);
        }
        let day = self
            .consents
            .as_ref()
            .and_then(|dates| dates.day(Stamp::split(text).date));
        let day =
            day.ok_or_else(|| format!("the consent {text:?} is no day; write it as 2026-11-23"))?;
        consent::check(day, self.calendar.today).map_err(|error| error.to_string())
    }
}
fn team(text: &str) -> Result<String, String> {
    let team = Wording::parse("team", text).map_err(|error| error.to_string())?;
    Ok(team.into_string())
}
