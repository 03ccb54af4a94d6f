//! What comes from other systems: people and attendance.
//!
//! Invariants:
//! - Importing the same file twice adds nothing the second time, and a file with a mistake
//!   in it adds nothing at all.
//! - A line costs the same however many came before it, of the same person too.
//! - Somebody whose history is imported is expected from its first day on, unless an operator
//!   has stated another: without it the history would know no absence.

use std::collections::HashMap;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use super::attendance::{NewEvent, insert, next_sequence};
use super::error::{Fault, StoreError};
use super::sql::{Day, Stamp};
use super::{Author, Store, audit, people};
use rollcall_core::attendance::{Direction, EventSource, NewPunch, Provenance};
use rollcall_core::correction::When;
use rollcall_core::person::{Person, PersonCode, PersonId, PersonName, is_same_team};
use rollcall_core::plausible;
use rollcall_core::printable::Wording;

/// A person of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPerson {
    /// Unique code.
    pub code: PersonCode,
    /// Display name.
    pub name: PersonName,
    /// The group that schedules are chosen by; `None` says nothing about it.
    pub team: Option<String>,
    /// First day on which the person is expected; `None` says nothing about it.
    pub expected_from: Option<NaiveDate>,
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
    /// Of those the rows that say something new of what was there.
    pub changed: usize,
}

/// What a row came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Added,
    Changed,
    Known,
}

impl Imported {
    fn count(&mut self, outcome: Outcome) {
        self.added += usize::from(outcome == Outcome::Added);
        self.known += usize::from(outcome != Outcome::Added);
        self.changed += usize::from(outcome == Outcome::Changed);
    }
}

impl ImportedPerson {
    /// What the row makes of somebody who is there: as [`Store::import_people`] will.
    pub fn apply_to(&self, known: &mut Person) {
        if let Some(team) = self.new_team(known) {
            known.team = Some(team.to_owned());
        }
        if let Some(day) = self.new_first_day(known) {
            known.expectation.from = Some(day);
        }
    }

    fn new_team(&self, known: &Person) -> Option<&str> {
        let stated = self.team.as_deref()?.trim();
        let is_known = |team: &str| is_same_team(team, stated);
        (!stated.is_empty() && !known.team.as_deref().is_some_and(is_known)).then_some(stated)
    }

    fn new_first_day(&self, known: &Person) -> Option<NaiveDate> {
        self.expected_from
            .filter(|day| known.expectation.from != Some(*day))
    }
}

impl Store {
    /// Adds people without templates; they can be enrolled or given a PIN later. Of somebody
    /// who is there, another team or first day is taken over, and a consent if none was noted.
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
                imported.count(add_person(tx, person, author)?);
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
            let mut people_of_codes = PeopleOfCodes::default();
            let mut first_days: HashMap<PersonId, (Person, NaiveDate)> = HashMap::new();
            for (number, event) in events.iter().enumerate() {
                row = number;
                let person = people_of_codes.find(tx, &event.code)?;
                let outcome = add_event(tx, person.id, event, source, author)?;
                imported.count(outcome);
                if outcome == Outcome::Added {
                    let day = event.when.local_day;
                    let (_, first) = first_days.entry(person.id).or_insert((person, day));
                    *first = day.min(*first);
                }
            }
            for (person, first) in first_days.into_values() {
                expect_from_first_day(tx, &person, first, author)?;
            }
            Ok(imported)
        };
        let result = self.write("importing attendance", |tx| work(tx));
        result.map_err(|error| (row, error))
    }
}

/// Everybody that a file names, looked up once.
#[derive(Default)]
struct PeopleOfCodes {
    known: HashMap<PersonCode, Person>,
}

impl PeopleOfCodes {
    fn find(&mut self, tx: &Connection, code: &PersonCode) -> Result<Person, Fault> {
        if let Some(person) = self.known.get(code) {
            return Ok(person.clone());
        }
        let person = people::by_code(tx, code)?;
        self.known.insert(code.clone(), person.clone());
        Ok(person)
    }
}

/// Nobody was there before the first day of a history; from it on a day without a punch is one
/// of absence. What an operator stated stays.
fn expect_from_first_day(
    tx: &Connection,
    person: &Person,
    first: NaiveDate,
    author: Author<'_>,
) -> Result<(), Fault> {
    let enrolled = person.created_at.date_naive();
    if person.expectation.from.unwrap_or(enrolled) <= first {
        return Ok(());
    }
    let changed = tx
        .prepare_cached(
            "UPDATE person SET expected_from = ?2
             WHERE id = ?1 AND expected_from_is_stated = 0",
        )?
        .execute(params![person.id, Day(first)])?;
    if changed > 0 {
        let detail = format!("from {first}, the first day that was imported");
        let code = person.code.as_str();
        audit::append(tx, author, "person.expected", code, &detail)?;
    }
    Ok(())
}

fn change_person(
    tx: &Connection,
    known: &Person,
    new: &ImportedPerson,
    author: Author<'_>,
) -> Result<Outcome, Fault> {
    let mut outcome = Outcome::Known;
    if let Some(team) = new.new_team(known) {
        people::set_team(tx, known, Some(team), author)?;
        outcome = Outcome::Changed;
    }
    if let Some(day) = new.new_first_day(known) {
        people::set_expected_from(tx, known, day, author)?;
        outcome = Outcome::Changed;
    }
    if let Some(consent_at) = new.consent_at {
        let has_consent: bool = tx
            .prepare_cached("SELECT consent_at IS NOT NULL FROM person WHERE id = ?1")?
            .query_row([known.id], |row| row.get(0))?;
        if !has_consent {
            people::set_consent(tx, known, consent_at, author)?;
            outcome = Outcome::Changed;
        }
    }
    Ok(outcome)
}

fn add_person(tx: &Connection, new: &ImportedPerson, author: Author<'_>) -> Result<Outcome, Fault> {
    people::check_consent(new.consent_at, author)?;
    if let Some(day) = new.expected_from {
        plausible::first_day(day).map_err(StoreError::from)?;
    }
    match people::by_code(tx, &new.code) {
        Ok(known) if known.name == new.name => return change_person(tx, &known, new, author),
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
    let team = new.team.as_deref().map(|team| Wording::parse("team", team));
    let team = team.transpose().map_err(StoreError::from)?;
    tx.prepare_cached(
        "INSERT INTO person (code, name, team, consent_at, created_at, expected_from,
            expected_from_is_stated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6 IS NOT NULL)",
    )?
    .execute(params![
        new.code,
        new.name,
        team.as_ref().map(Wording::as_str),
        new.consent_at.map(Day),
        Stamp(author.at),
        new.expected_from.map(Day),
    ])?;
    audit::append(tx, author, "person.import", new.code.as_str(), "")?;
    Ok(Outcome::Added)
}

/// A punch that is there already, standing or voided, is known.
fn add_event(
    tx: &Connection,
    person: PersonId,
    new: &ImportedEvent,
    source: &str,
    author: Author<'_>,
) -> Result<Outcome, Fault> {
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
        return Ok(Outcome::Known);
    }
    let punch = NewPunch {
        camera: None,
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
    Ok(Outcome::Added)
}
