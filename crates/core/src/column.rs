//! How the words of this room look in a column of SQLite.
//!
//! Only the store speaks SQL; these few lines stand here because a trait may be given to a
//! type by its own crate only. They are there with the feature `sqlite`.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::attendance::{Direction, EventId, EventSource};
use crate::camera_name::CameraName;
use crate::clock_trust::ClockState;
use crate::embedding::ModelId;
use crate::gallery::TemplateKind;
use crate::person::{PersonCode, PersonId, PersonName, TemplateId};

macro_rules! row_number {
    ($($id:ident),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }
        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map($id)
            }
        }
    )*};
}
row_number!(PersonId, TemplateId, EventId);

macro_rules! text {
    ($($word:ident),*) => {$(
        impl ToSql for $word {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
    )*};
}
text!(CameraName, PersonCode, PersonName, ModelId);

impl FromSql for CameraName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        CameraName::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}

impl FromSql for PersonCode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        PersonCode::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}

impl FromSql for PersonName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(PersonName::kept(value.as_str()?))
    }
}

impl ToSql for TemplateKind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            TemplateKind::Enrolled => "enrolled",
            TemplateKind::Adaptive => "adaptive",
            TemplateKind::Negative => "negative",
        }
        .into())
    }
}

impl FromSql for TemplateKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "enrolled" => Ok(TemplateKind::Enrolled),
            "adaptive" => Ok(TemplateKind::Adaptive),
            "negative" => Ok(TemplateKind::Negative),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Direction {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
        .into())
    }
}

impl FromSql for Direction {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "in" => Ok(Direction::In),
            "out" => Ok(Direction::Out),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for EventSource {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            EventSource::Camera => "camera",
            EventSource::Manual => "manual",
            EventSource::Pin => "pin",
            EventSource::Import => "import",
            EventSource::Rule => "rule",
        }
        .into())
    }
}

impl FromSql for EventSource {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "camera" => Ok(EventSource::Camera),
            "manual" => Ok(EventSource::Manual),
            "pin" => Ok(EventSource::Pin),
            "import" => Ok(EventSource::Import),
            "rule" => Ok(EventSource::Rule),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for ClockState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            ClockState::Synchronised => "synchronised",
            ClockState::Unsynchronised => "unsynchronised",
            ClockState::Jumped => "jumped",
        }
        .into())
    }
}

impl FromSql for ClockState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "synchronised" => Ok(ClockState::Synchronised),
            "unsynchronised" => Ok(ClockState::Unsynchronised),
            "jumped" => Ok(ClockState::Jumped),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
