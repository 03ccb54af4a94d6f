//! Reading what other systems wrote: CSV files of people, punches and embeddings.
//!
//! Pure but for the bytes it is given. A file is understood as a whole or refused
//! with every line that is wrong, so that an operator mends it once.
//!
//! Layouts that are understood, each with a header unless said otherwise; columns
//! in any order, other columns ignored:
//! - people: `code`, `name`, optionally `team` and `consent` (a date);
//! - attendance: `code`, `direction` (in, out), and `time` as a local time with or
//!   without offset, or `date` and `time` and optionally `utc_offset`; optionally
//!   `day`, the day the punch counts for. What this program exports is one of them;
//! - embeddings: see [`embeddings`].

pub mod embeddings;
mod table;

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::core::attendance::Direction;
use crate::core::consent;
use crate::core::correction::When;
use crate::core::person::{PersonCode, PersonName};
use crate::core::printable::Wording;
use crate::store::{ImportedEvent, ImportedPerson};

use table::Table;
pub use table::{BadLine, ImportError};

/// What an operator's calendar says: which moment a local time is, and its day.
pub struct Calendar<'a> {
    /// Reads a local time, with or without its offset.
    pub parse_time: &'a dyn Fn(&str) -> Result<DateTime<FixedOffset>, String>,
    /// The day on which it is read.
    pub today: NaiveDate,
    /// The day a moment counts for.
    pub local_day: &'a dyn Fn(&DateTime<FixedOffset>) -> NaiveDate,
}

/// Rows of a file with the lines they stand in.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// What was read.
    pub rows: Vec<T>,
    /// Line of each row, from 1.
    pub lines: Vec<u64>,
}

/// Reads people.
///
/// # Errors
/// If the file is no such table; every bad line is listed.
pub fn people(bytes: &[u8], calendar: &Calendar<'_>) -> Result<Rows<ImportedPerson>, ImportError> {
    let table = Table::read(bytes, &["code", "name"])?;
    table.rows(|row| {
        let code = PersonCode::parse(row.required("code")?).map_err(|e| e.to_string())?;
        let name = PersonName::parse(row.required("name")?).map_err(|e| e.to_string())?;
        let consent_at = row
            .optional("consent")
            .map(|text| consent::parse(text, calendar.today).map_err(|e| e.to_string()))
            .transpose()?;
        Ok(ImportedPerson {
            code,
            name,
            team: row.optional("team").map(team).transpose()?,
            consent_at,
        })
    })
}

fn team(text: &str) -> Result<String, String> {
    let team = Wording::parse("team", text).map_err(|error| error.to_string())?;
    Ok(team.into_string())
}

/// Reads punches.
///
/// # Errors
/// If the file is no such table; every bad line is listed.
pub fn attendance(
    bytes: &[u8],
    calendar: &Calendar<'_>,
) -> Result<Rows<ImportedEvent>, ImportError> {
    let table = Table::read(bytes, &["code", "direction", "time"])?;
    table.rows(|row| {
        if row.optional("voided") == Some("yes") {
            return Err("it was voided: take the voided events out of the file".into());
        }
        let code = PersonCode::parse(row.required("code")?).map_err(|e| e.to_string())?;
        let direction = match row.required("direction")?.to_ascii_lowercase().as_str() {
            "in" => Direction::In,
            "out" => Direction::Out,
            other => return Err(format!("the direction {other:?} is neither in nor out")),
        };
        let time = row.required("time")?;
        let text = match row.optional("date") {
            Some(date) => format!("{date} {time}{}", row.optional("utc_offset").unwrap_or("")),
            None => time.to_owned(),
        };
        let at = (calendar.parse_time)(&text)?;
        let local_day = match row.optional("day") {
            Some(day) => day
                .parse()
                .map_err(|_| format!("{day:?} is no day; write it as 2026-11-23"))?,
            None => (calendar.local_day)(&at),
        };
        Ok(ImportedEvent {
            code,
            when: When { at, local_day },
            direction,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar<'static> {
        Calendar {
            parse_time: &|text| {
                let text = text.trim().replacen('T', " ", 1);
                let text = if text.contains('+') {
                    text
                } else {
                    format!("{text}+01:00")
                };
                ["%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M%:z"]
                    .iter()
                    .find_map(|format| DateTime::parse_from_str(&text, format).ok())
                    .ok_or_else(|| format!("{text:?} is no time"))
            },
            local_day: &|at| at.date_naive(),
            today: NaiveDate::from_ymd_opt(2026, 11, 25).unwrap(),
        }
    }

    #[test]
    fn people_are_read_in_any_order_of_columns() {
        let file = "\u{FEFF}Name,Room,CODE,team,consent\r\n\"Torres, Ana\",7,E-1,Night,2026-11-01\r\nBruno,,E-2,,\r\n";
        let read = people(file.as_bytes(), &calendar()).unwrap();
        assert_eq!(read.lines, [2, 3]);
        assert_eq!(read.rows[0].name.as_str(), "Torres, Ana");
        assert_eq!(read.rows[0].team.as_deref(), Some("Night"));
        assert!(read.rows[0].consent_at.is_some() && read.rows[1].consent_at.is_none());
        let to_come = "code,name,consent\nE-1,Ana,2026-11-26\n";
        let error = people(to_come.as_bytes(), &calendar()).unwrap_err();
        assert!(error.to_string().contains("still to come"), "{error}");
    }

    #[test]
    fn every_bad_line_is_listed() {
        let file = "code,name\nE-1,Ana\n../x,Bruno\nE-3,\nE-4,Dora,more\n";
        let error = people(file.as_bytes(), &calendar())
            .unwrap_err()
            .to_string();
        for line in ["line 3", "line 4", "line 5"] {
            assert!(error.contains(line), "{error}");
        }
        assert!(!error.contains("line 2"), "{error}");
        let windows = "code,name\r\nE-1,Ana\r\n\r\n../x,Bruno\r\n";
        let error = people(windows.as_bytes(), &calendar()).unwrap_err();
        assert!(error.to_string().contains("line 4:"), "{error}");
        let error = people(b"name;code\nAna;E-1\n", &calendar()).unwrap_err();
        assert!(error.to_string().contains("no column \"code\""), "{error}");
        assert!(people(b"", &calendar()).is_err());
        assert!(people(b"code,name\nE-1,\xff\xfe\n", &calendar()).is_err());
    }

    #[test]
    fn attendance_reads_what_this_program_exports() {
        let file = "event,day,code,name,date,time,utc_offset,direction,voided\r\n\
            1,2026-11-23,E-1,Ana,2026-11-24,01:30:00,+01:00,out,no\r\n";
        let read = attendance(file.as_bytes(), &calendar()).unwrap();
        assert_eq!(
            read.rows[0].when.at.to_rfc3339(),
            "2026-11-24T01:30:00+01:00"
        );
        assert_eq!(read.rows[0].when.local_day.to_string(), "2026-11-23");
        let file = "code,time,direction\nE-1,2026-11-23 08:00,IN\nE-1,yesterday,in\nE-1,2026-11-23 08:00,up\n";
        let error = attendance(file.as_bytes(), &calendar())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 3") && error.contains("line 4"),
            "{error}"
        );
    }
}
