//! How days and times look in a column; the words of the core know it themselves.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A day as `YYYY-MM-DD`, which sorts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) NaiveDate);

impl ToSql for Day {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.format("%Y-%m-%d").to_string().into())
    }
}

impl FromSql for Day {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        NaiveDate::parse_from_str(value.as_str()?, "%Y-%m-%d")
            .map(Day)
            .map_err(FromSqlError::other)
    }
}

/// The day of a consent. Databases of earlier versions hold a time in its place, of which the
/// date counts as the clock showed it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConsentDay(pub(super) NaiveDate);

impl FromSql for ConsentDay {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d")
            .map(ConsentDay)
            .map_err(FromSqlError::other)
    }
}

/// A time as RFC 3339 text, with the offset the clock showed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp(pub(super) DateTime<FixedOffset>);

impl ToSql for Stamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_rfc3339().into())
    }
}

impl FromSql for Stamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        DateTime::parse_from_rfc3339(value.as_str()?)
            .map(Stamp)
            .map_err(FromSqlError::other)
    }
}

/// The time of an event from its two columns.
pub(super) fn event_time(at_utc_us: i64, utc_offset_secs: i32) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(utc_offset_secs)?;
    offset.timestamp_micros(at_utc_us).single()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_a_day_whichever_version_wrote_it() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let read = |text: &str| {
            database.query_row("SELECT ?1", [text], |row| {
                row.get::<_, ConsentDay>(0).map(|day| day.0.to_string())
            })
        };
        // Version 1 wrote a moment: where there was no midnight, the one after it.
        for text in [
            "2026-03-29",
            "2026-03-29T01:00:00+03:00",
            "2026-03-29T23:59:59-05:00",
        ] {
            assert_eq!(read(text).unwrap(), "2026-03-29");
        }
        for text in ["", "yes", "2026-03", "ññññññ"] {
            assert!(read(text).is_err(), "{text}");
        }
        let day = Day("2026-03-29".parse().unwrap());
        let written: String = database
            .query_row("SELECT ?1", [day], |row| row.get(0))
            .unwrap();
        assert_eq!(read(&written).unwrap(), "2026-03-29");
    }
}
