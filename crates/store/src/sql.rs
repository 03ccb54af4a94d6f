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
