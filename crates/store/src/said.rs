//! What front ends are told of the store's errors.
//!
//! What can go wrong while a station runs, or is asked for at a dashboard, has a code. What
//! only the command line meets, such as a key that is not there, is said in English.

use std::path::Path;

use rollcall_messages::{Message, Said};

use crate::error::StoreError;
use crate::say;

impl Said for StoreError {
    fn said(&self) -> Message {
        match self {
            Self::Vanished {
                is_replaced: true,
                path,
            } => say::database_replaced(shown(path)),
            Self::Vanished { path, .. } => say::database_gone(shown(path)),
            Self::Corrupt { path, detail } => say::database_corrupt(shown(path), detail),
            Self::Locked { path, doing } => say::database_locked(shown(path), *doing),
            Self::Full { path, doing } => say::disk_full(shown(path), *doing),
            Self::ReadOnly { path, doing } => say::database_read_only(shown(path), *doing),
            Self::Sql {
                doing,
                path,
                source,
            } => say::sql_failed(*doing, shown(path), source.to_string()),
            Self::CodeTaken { code, holder } => say::code_taken(code, holder),
            Self::CodeRetired { code } => say::code_retired(code),
            Self::NoSuchCode { code } => say::no_such_code(code),
            Self::NoSuchPerson(person) => say::no_such_person(person.0),
            Self::NoSuchSighting(number) => say::no_such_sighting(number),
            Self::DeactivatedFace {
                name,
                code,
                similarity,
            } => say::deactivated_face(name, code, similarity),
            Self::PinTaken => say::PIN_TAKEN.into(),
            Self::Wording(error) => error.said(),
            error => of_an_event(error),
        }
    }
}

fn of_an_event(error: &StoreError) -> Message {
    match error {
        StoreError::NoSuchEvent(event) => say::no_such_event(event.0),
        StoreError::AlreadyVoided { event, by, reason } => say::already_voided(event.0, by, reason),
        StoreError::SameEvent { event } => say::same_event(event.0),
        StoreError::NothingChanges { event } => say::nothing_changes(event.0),
        StoreError::DayToCome { day } => say::day_to_come(day.to_string()),
        // These have words of their own.
        other => Message::verbatim(other.to_string()),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
