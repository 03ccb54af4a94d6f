//! The database as the rest of the program sees it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    clippy::cloned_ref_to_slice_refs,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod attendance;
mod backup;
mod chain;
mod clock;
mod closing;
mod correction;
mod import;
mod missing;
mod opening;
mod people;
mod privacy;
mod restore;
mod review;
mod trail;
mod vault;
mod worker;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rollcall::core::attendance::{AttendanceEvent, Direction, EventId, EventSource, NewPunch};
use rollcall::core::correction::{Correction, Deed};
use rollcall::core::embedding::{Cosine, Embedding, ModelId};
use rollcall::core::person::{PersonCode, PersonId, PersonName};
use rollcall::store::{Author, NewPerson, NewTemplate, Store, StoreError};
use tempfile::TempDir;

/// A fresh station in a folder of its own.
fn station() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn operator() -> Author<'static> {
    Author {
        name: "olga",
        at: time("2026-11-23T12:00:00+01:00"),
    }
}

fn model() -> ModelId {
    ModelId::from_sha256("0123456789abcdef")
}

fn code(text: &str) -> PersonCode {
    PersonCode::parse(text).unwrap()
}

fn template(values: &[f32]) -> NewTemplate {
    NewTemplate {
        embedding: Embedding::from_raw(values.to_vec()).unwrap(),
        model: model(),
        quality: 0.9,
        jpeg: Some(b"\xff\xd8 a picture \xff\xd9".to_vec()),
    }
}

fn person(code_text: &str, name: &str) -> NewPerson {
    NewPerson {
        name: PersonName::parse(name).unwrap(),
        code: code(code_text),
        consent_at: Some(operator().at.date_naive()),
        templates: vec![template(&[1.0, 0.0]), template(&[0.8, 0.6])],
    }
}

fn enrolled(store: &mut Store, code: &str) -> PersonId {
    let (person, _) = store.add_person(&person(code, "Ana"), operator()).unwrap();
    person.id
}

fn punch(person: PersonId, sequence: u32, at: &str) -> NewPunch {
    let at = time(at);
    NewPunch {
        camera: None,
        person,
        at,
        local_day: at.date_naive(),
        sequence,
        direction: if sequence % 2 == 1 {
            Direction::In
        } else {
            Direction::Out
        },
        source: EventSource::Camera,
        similarity: Some(Cosine(0.71)),
        margin: Some(0.4),
        liveness: None,
        model: Some(model()),
        clock: None,
    }
}

fn correction(deed: Deed, reason: &str) -> Correction {
    Correction {
        deed,
        operator: operator().name.into(),
        reason: reason.into(),
        face: None,
    }
}

fn void(store: &mut Store, event: EventId, reason: &str) -> Result<AttendanceEvent, StoreError> {
    let deed = Deed::Void { event };
    let done = store.correct(&correction(deed, reason), operator().at)?;
    Ok(done.voided.unwrap())
}
