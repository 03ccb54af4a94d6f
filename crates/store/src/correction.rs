//! Corrections: events are added and voided by hand, never changed.
//!
//! Invariant: a change is one transaction that voids the old event and adds the
//! new one, which names the old; nobody ever sees one without the other.

use rusqlite::{Connection, OptionalExtension, params};

use super::attendance::{NewEvent, by_event_id, insert, next_sequence};
use super::error::{Fault, StoreError};
use super::sql::Stamp;
use super::vault::{Content, Vault};
use super::{Author, Store, audit, people};
use rollcall_core::attendance::{
    AttendanceEvent, Direction, EventId, EventSource, NewPunch, Provenance,
};
use rollcall_core::correction::{Change, Corrected, Correction, Deed, When};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::gallery::TemplateKind;
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_core::printable::Wording;

impl Store {
    /// Carries out a correction, all of it or nothing.
    ///
    /// # Errors
    /// If the reason or the operator is blank, the event or the person is not
    /// there, the event is voided already, or the correction would change nothing
    /// or double a punch; otherwise if the database cannot be written.
    pub fn correct(
        &mut self,
        correction: &Correction,
        at: chrono::DateTime<chrono::FixedOffset>,
    ) -> Result<Corrected, StoreError> {
        let reason = Wording::parse("reason", &correction.reason)?;
        let operator = Wording::parse("name of the operator", &correction.operator)?;
        let author = Author {
            name: operator.as_str(),
            at,
        };
        let reason = reason.as_str();
        let vault = self.vault.clone();
        self.write("correcting attendance", |tx| match &correction.deed {
            Deed::Add {
                code,
                when,
                direction,
            } => {
                let person = people::by_code(tx, code)?.id;
                let stated = Stated {
                    person,
                    when: *when,
                    direction: *direction,
                    replaces: None,
                };
                Ok(Corrected {
                    added: Some(add(tx, &stated, reason, author)?),
                    ..Corrected::default()
                })
            }
            Deed::Void { event } => Ok(Corrected {
                voided: Some(void(tx, *event, reason, author)?),
                ..Corrected::default()
            }),
            Deed::Disown { event } => {
                let voided = void(tx, *event, reason, author)?;
                if let Some((face, model)) = &correction.face {
                    disown(tx, &vault, &voided, (face, model), author)?;
                }
                Ok(Corrected {
                    voided: Some(voided),
                    added: None,
                    disowned: correction.face.is_some(),
                })
            }
            Deed::Change { event, change } => replace(tx, *event, change, reason, author),
        })
    }

    /// One event, voided or not.
    ///
    /// # Errors
    /// If there is no such event.
    pub fn event(&self, id: EventId) -> Result<AttendanceEvent, StoreError> {
        self.read("looking up an attendance event", |tx| by_event_id(tx, id))
    }
}

/// Remembers that a face is not the person of the event it was taken for.
fn disown(
    tx: &Connection,
    vault: &Vault,
    event: &AttendanceEvent,
    (face, model): (&Embedding, &ModelId),
    author: Author<'_>,
) -> Result<(), Fault> {
    let bytes = face.to_le_bytes();
    tx.prepare_cached(
        "INSERT INTO template (person_id, embedding, dim, model, quality, created_at, kind)
         VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)",
    )?
    .execute(params![
        event.person,
        vault.seal(Content::Template, &bytes)?,
        face.dim(),
        model,
        Stamp(author.at),
        TemplateKind::Negative
    ])?;
    let code: PersonCode = tx
        .prepare_cached("SELECT code FROM person WHERE id = ?1")?
        .query_row([event.person], |row| row.get(0))?;
    let detail = format!("event {}", event.id.0);
    audit::append(tx, author, "person.not-this-face", code.as_str(), &detail)
}

/// A punch as somebody states it.
pub(super) struct Stated {
    pub(super) person: PersonId,
    pub(super) when: When,
    pub(super) direction: Direction,
    pub(super) replaces: Option<EventId>,
}

/// Adds a stated punch at the next free place of its day.
pub(super) fn add(
    tx: &Connection,
    stated: &Stated,
    reason: &str,
    author: Author<'_>,
) -> Result<AttendanceEvent, Fault> {
    refuse_double(tx, stated)?;
    let punch = NewPunch {
        camera: None,
        person: stated.person,
        at: stated.when.at,
        local_day: stated.when.local_day,
        sequence: next_sequence(tx, stated.person, stated.when.local_day)?,
        direction: stated.direction,
        source: EventSource::Manual,
        similarity: None,
        margin: None,
        liveness: None,
        model: None,
        clock: None,
    };
    let event = NewEvent {
        punch: &punch,
        provenance: Provenance {
            clock: None,
            replaces: stated.replaces,
            operator: Some(author.name.to_owned()),
            reason: Some(reason.to_owned()),
            recorded_at: Some(author.at),
            camera: None,
        },
    };
    let action = if stated.replaces.is_some() {
        "attendance.replace"
    } else {
        "attendance.add"
    };
    insert(tx, &event, author, action)
}

/// Takes an event back. It stays readable, with who did it and why.
pub(super) fn void(
    tx: &Connection,
    id: EventId,
    reason: &str,
    author: Author<'_>,
) -> Result<AttendanceEvent, Fault> {
    if let Some(void) = by_event_id(tx, id)?.void {
        return Err(Fault::Store(StoreError::AlreadyVoided {
            event: id,
            by: void.by,
            reason: void.reason,
        }));
    }
    tx.prepare_cached(
        "UPDATE attendance_event SET void_at = ?2, void_by = ?3, void_reason = ?4 WHERE id = ?1",
    )?
    .execute(params![id, Stamp(author.at), author.name, reason])?;
    audit::append_event(tx, author, "attendance.void", id, reason)?;
    by_event_id(tx, id)
}

fn replace(
    tx: &Connection,
    id: EventId,
    change: &Change,
    reason: &str,
    author: Author<'_>,
) -> Result<Corrected, Fault> {
    let old = by_event_id(tx, id)?;
    let stated = Stated {
        person: match &change.code {
            Some(code) => people::by_code(tx, code)?.id,
            None => old.person,
        },
        when: change.when.unwrap_or(When {
            at: old.at,
            local_day: old.local_day,
        }),
        direction: change.direction.unwrap_or(old.direction),
        replaces: Some(id),
    };
    let is_same = stated.person == old.person
        && stated.when.at == old.at
        && stated.when.local_day == old.local_day
        && stated.direction == old.direction;
    if is_same {
        return Err(StoreError::NothingChanges { event: id }.into());
    }
    let voided = void(tx, id, reason, author)?;
    let added = add(tx, &stated, reason, author)?;
    Ok(Corrected {
        voided: Some(voided),
        added: Some(added),
        disowned: false,
    })
}

/// A command given twice, or a form sent twice, is one punch; nor do the same hours count on
/// two days.
fn refuse_double(tx: &Connection, stated: &Stated) -> Result<(), Fault> {
    let twin = tx
        .prepare_cached(
            "SELECT id FROM attendance_event
             WHERE person_id = ?1 AND at_utc_us = ?2 AND direction = ?3 AND void_at IS NULL",
        )?
        .query_row(
            params![
                stated.person,
                stated.when.at.timestamp_micros(),
                stated.direction
            ],
            |row| row.get(0),
        )
        .optional()?;
    match twin {
        Some(event) => Err(StoreError::SameEvent { event }.into()),
        None => Ok(()),
    }
}
