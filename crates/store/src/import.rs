//! What comes from other systems: people and attendance.
//!
//! Invariant: importing the same file twice adds nothing the second time, and a
//! file with a mistake in it adds nothing at all.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::attendance::{NewEvent, insert, next_sequence};
use super::error::{Fault, StoreError};
use super::sql::{Day, Stamp};
use super::{Author, Store, audit, people};
use rollcall_core::attendance::{Direction, EventSource, NewPunch, Provenance};
use rollcall_core::correction::When;
use rollcall_core::person::{PersonCode, PersonId, PersonName};

/// A person of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPerson {
    /// Unique code.
    pub code: PersonCode,
    /// Display name.
    pub name: PersonName,
    /// The group that schedules are chosen by.
    pub team: Option<String>,
    /// When the person agreed to be recognised, if that was noted.
    pub consent_at: Option<NaiveDate>,
}

/// A punch of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedEvent {
    /// Whose punch it is.
    pub code: PersonCode,
    /// When.
    pub when: When,
    /// In or out.
    pub direction: Direction,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Rows that are new.
    pub added: usize,
    /// Rows that were there before.
    pub known: usize,
}

impl Store {
    /// Adds people without templates; they can be enrolled or given a PIN later.
    ///
    /// # Errors
    /// If a code belongs to somebody with another name or to somebody deleted;
    /// the number of the row in `people` is given with it, and nothing is added.
    pub fn import_people(
        &mut self,
        people: &[ImportedPerson],
        author: Author<'_>,
    ) -> Result<Imported, (usize, StoreError)> {
        let mut row = 0;
        let mut work = |tx: &Connection| {
            let mut imported = Imported::default();
            for (number, person) in people.iter().enumerate() {
                row = number;
                if add_person(tx, person, author)? {
                    imported.added += 1;
                } else {
                    imported.known += 1;
                }
            }
            Ok(imported)
        };
        let result = self.write("importing people", |tx| work(tx));
        result.map_err(|error| (row, error))
    }

    /// Adds punches. One that stands already, or was voided, is not added again.
    ///
    /// # Errors
    /// If nobody has a code; the number of the row in `events` is given with it,
    /// and nothing is added.
    pub fn import_events(
        &mut self,
        events: &[ImportedEvent],
        source: &str,
        author: Author<'_>,
    ) -> Result<Imported, (usize, StoreError)> {
        let mut row = 0;
        let mut work = |tx: &Connection| {
            let mut imported = Imported::default();
            for (number, event) in events.iter().enumerate() {
                row = number;
                if add_event(tx, event, source, author)? {
                    imported.added += 1;
                } else {
                    imported.known += 1;
                }
            }
            Ok(imported)
        };
        let result = self.write("importing attendance", |tx| work(tx));
        result.map_err(|error| (row, error))
    }
}

/// `false` if the person is there already.
fn add_person(tx: &Connection, new: &ImportedPerson, author: Author<'_>) -> Result<bool, Fault> {
    match people::by_code(tx, &new.code) {
        Ok(known) if known.name == new.name => return Ok(false),
        Ok(known) => {
            return Err(Fault::Store(StoreError::CodeTaken {
                code: new.code.to_string(),
                holder: known.name.to_string(),
            }));
        }
        Err(Fault::Store(StoreError::NoSuchCode { .. })) => {}
        Err(fault) => return Err(fault),
    }
    people::refuse_taken(tx, &new.code)?;
    tx.prepare_cached(
        "INSERT INTO person (code, name, team, consent_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        new.code,
        new.name,
        new.team,
        new.consent_at.map(Day),
        Stamp(author.at)
    ])?;
    audit::append(tx, author, "person.import", new.code.as_str(), "")?;
    Ok(true)
}

/// `false` if the event is there already, standing or voided.
fn add_event(
    tx: &Connection,
    new: &ImportedEvent,
    source: &str,
    author: Author<'_>,
) -> Result<bool, Fault> {
    let person: PersonId = people::by_code(tx, &new.code)?.id;
    let twin: Option<i64> = tx
        .prepare_cached(
            "SELECT id FROM attendance_event
             WHERE person_id = ?1 AND at_utc_us = ?2 AND direction = ?3 LIMIT 1",
        )?
        .query_row(
            params![person, new.when.at.timestamp_micros(), new.direction],
            |row| row.get(0),
        )
        .optional()?;
    if twin.is_some() {
        return Ok(false);
    }
    let punch = NewPunch {
        person,
        at: new.when.at,
        local_day: new.when.local_day,
        sequence: next_sequence(tx, person, new.when.local_day)?,
        direction: new.direction,
        source: EventSource::Import,
        similarity: None,
        margin: None,
        liveness: None,
        model: None,
        clock: None,
    };
    let event = NewEvent {
        punch: &punch,
        provenance: Provenance {
            operator: Some(author.name.to_owned()),
            reason: Some(format!("imported from {source}")),
            ..Provenance::default()
        },
    };
    insert(tx, &event, author, "attendance.import")?;
    Ok(true)
}
