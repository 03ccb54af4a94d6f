//! What the audit trail covers besides attendance events: people with their faces, and the
//! settings.
//!
//! Every record whose action begins with `person.` carries the hash of the person that its
//! subject names, as the change left them: the row, and every template in full. So a code that
//! was swapped, a face that was added, a name, PIN, team or consent that was changed past this
//! program no longer fits. Records of `setting.`, `vault.`, `pin.` and `token.` carry the hash of
//! all settings and tokens.
//!
//! A person's hash begins with a salt that is erased with the person, so that nobody can find
//! an erased name by trying names.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::audit::AuditRecord;
use super::chain::{BrokenLink, GONE, append, hex, take_in_row};
use super::error::Fault;

/// Name in the trail of what a migration does.
const MIGRATION: &str = "rollcall";

/// What is hashed of a person. A later migration that adds a column leaves these lists as they
/// are, or every hash that was ever written is wrong.
const PERSON: &str = "SELECT salt, id, code, name, active, consent_at, created_at, deleted_at,
    team, pin_hash, expected_from, expected_from_is_stated FROM person";

/// What is hashed of each of their templates.
const TEMPLATE: &str = "SELECT person_id, id, kind, model, dim, quality, picture, created_at,
    embedding FROM template";

/// And of the days on which they were not active.
const PAUSE: &str = "SELECT person_id, from_day, until_day FROM pause";

/// What a record is about, besides an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covers {
    Person,
    Settings,
}

impl Covers {
    /// By the first word of what was done.
    pub(super) fn of_action(action: &str) -> Option<Self> {
        match action.split_once('.')?.0 {
            "person" => Some(Self::Person),
            "setting" | "settings" | "vault" | "pin" | "token" => Some(Self::Settings),
            _ => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Settings => "settings",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Settings]
            .into_iter()
            .find(|covers| covers.word() == word)
    }

    /// The hash of what a record about `subject` covers, as it stands now.
    pub(super) fn content(self, tx: &Connection, subject: &str) -> Result<String, Fault> {
        match self {
            Self::Person => content_of_person(tx, subject),
            Self::Settings => content_of_settings(tx),
        }
    }
}

/// The last record about each person and about the settings.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// By code in small letters: number of the record, and the hash in it.
    people: BTreeMap<String, (i64, String)>,
    settings: Option<(i64, String)>,
}

impl Covered {
    pub(super) fn take_in(&mut self, covers: Covers, subject: &str, record: i64, content: String) {
        match covers {
            Covers::Person => {
                self.people
                    .insert(subject.to_ascii_lowercase(), (record, content));
            }
            Covers::Settings => self.settings = Some((record, content)),
        }
    }

    /// The first thing that is not as its last record says.
    pub(super) fn compare(mut self, tx: &Connection) -> Result<Option<BrokenLink>, Fault> {
        if let Some(broken) = self.compare_people(tx)? {
            return Ok(Some(broken));
        }
        let settings = content_of_settings(tx)?;
        let broken = match self.settings {
            Some((record, content)) => (content != settings).then_some(record),
            None => (settings != hex(Sha256::new())).then_some(0),
        };
        Ok(broken.map(|record| BrokenLink::Settings { record }))
    }

    fn compare_people(&mut self, tx: &Connection) -> Result<Option<BrokenLink>, Fault> {
        let mut people = tx.prepare(&format!("{PERSON} ORDER BY id"))?;
        let mut templates = tx.prepare(&format!("{TEMPLATE} ORDER BY person_id, id"))?;
        let mut template_rows = templates.query([])?;
        let mut next = template_rows.next()?;
        let mut pauses = tx.prepare(&format!("{PAUSE} ORDER BY person_id, from_day"))?;
        let mut pause_rows = pauses.query([])?;
        let mut next_pause = pause_rows.next()?;
        let mut rows = people.query([])?;
        while let Some(row) = rows.next()? {
            let (id, code): (i64, String) = (row.get("id")?, row.get("code")?);
            let mut hasher = Sha256::new();
            take_in_row(&mut hasher, row)?;
            let mut has_templates = false;
            while let Some(template) = next
                && template.get::<_, i64>("person_id")? <= id
            {
                take_in_row(&mut hasher, template)?;
                has_templates = true;
                next = template_rows.next()?;
            }
            while let Some(pause) = next_pause
                && pause.get::<_, i64>("person_id")? <= id
            {
                take_in_row(&mut hasher, pause)?;
                next_pause = pause_rows.next()?;
            }
            let (content, code_key) = (hex(hasher), code.to_ascii_lowercase());
            match self.people.remove(&code_key) {
                Some((_, known)) if known == content => {}
                Some((record, _)) => return Ok(Some(BrokenLink::Person { code, record })),
                // The code that was drawn for them stands in no record: it would lead back.
                None if !has_templates && is_anonymised(row)? => {}
                None => return Ok(Some(BrokenLink::UnrecordedPerson { code })),
            }
        }
        let missing = self.people.iter().find(|(_, (_, content))| content != GONE);
        Ok(
            missing.map(|(code, (record, _))| BrokenLink::MissingPerson {
                code: code.clone(),
                record: *record,
            }),
        )
    }
}

/// Adopts the people and settings of a database whose trail did not cover them.
pub(super) fn adopt(tx: &Connection) -> Result<(), Fault> {
    let people: Vec<(String, String)> = tx
        .prepare("SELECT code, coalesce(deleted_at, created_at) FROM person ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (code, at) in &people {
        if !is_anonymised_code(tx, code)? {
            let content = content_of_person(tx, code)?;
            write(tx, at, "person.adopt", code, (Covers::Person, &content))?;
        }
    }
    let has_settings: bool = tx.query_row("SELECT count(*) > 0 FROM setting", [], |r| r.get(0))?;
    if has_settings {
        let at: Option<String> = tx
            .query_row("SELECT at FROM audit ORDER BY id DESC LIMIT 1", [], |r| {
                r.get(0)
            })
            .optional()?;
        let at = at.unwrap_or_else(|| "1970-01-01T00:00:00+00:00".to_owned());
        let content = content_of_settings(tx)?;
        write(
            tx,
            &at,
            "setting.adopt",
            "all",
            (Covers::Settings, &content),
        )?;
    }
    Ok(())
}

fn write(
    tx: &Connection,
    at: &str,
    action: &str,
    subject: &str,
    (covers, content): (Covers, &str),
) -> Result<(), Fault> {
    let record = AuditRecord {
        at,
        actor: MIGRATION,
        action,
        subject,
        detail: "as found when the trail began to cover it",
        content: Some(content),
        covers: Some(covers),
    };
    append(tx, &record)
}

/// The person with this code; [`GONE`] if nobody has it.
fn content_of_person(tx: &Connection, code: &str) -> Result<String, Fault> {
    tx.prepare_cached(
        "UPDATE person SET salt = lower(hex(randomblob(16)))
         WHERE code = ?1 AND salt IS NULL AND deleted_at IS NULL",
    )?
    .execute([code])?;
    let mut hasher = Sha256::new();
    let id: Option<i64> = tx
        .prepare_cached(&format!("{PERSON} WHERE code = ?1"))?
        .query_row([code], |row| {
            take_in_row(&mut hasher, row)?;
            row.get("id")
        })
        .optional()?;
    let Some(id) = id else {
        return Ok(GONE.to_owned());
    };
    let mut templates =
        tx.prepare_cached(&format!("{TEMPLATE} WHERE person_id = ?1 ORDER BY id"))?;
    let mut rows = templates.query(params![id])?;
    while let Some(row) = rows.next()? {
        take_in_row(&mut hasher, row)?;
    }
    let mut pauses =
        tx.prepare_cached(&format!("{PAUSE} WHERE person_id = ?1 ORDER BY from_day"))?;
    let mut rows = pauses.query(params![id])?;
    while let Some(row) = rows.next()? {
        take_in_row(&mut hasher, row)?;
    }
    Ok(hex(hasher))
}

fn content_of_settings(tx: &Connection) -> Result<String, Fault> {
    let mut hasher = Sha256::new();
    let mut settings = tx.prepare_cached("SELECT key, value FROM setting ORDER BY key")?;
    let mut rows = settings.query([])?;
    while let Some(row) = rows.next()? {
        take_in_row(&mut hasher, row)?;
    }
    drop(rows);
    take_in_tokens(tx, &mut hasher)?;
    Ok(hex(hasher))
}

/// The tokens, which are settings of a kind. A database without any has the hash that it had
/// before there were tokens; one that is being migrated has no table for them yet.
fn take_in_tokens(tx: &Connection, hasher: &mut Sha256) -> Result<(), Fault> {
    let has_table: bool = tx
        .prepare_cached(
            "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'token'",
        )?
        .query_row([], |row| row.get(0))?;
    if !has_table {
        return Ok(());
    }
    let mut tokens = tx.prepare_cached(
        "SELECT id, name, hash, scopes, camera, created_at, created_by, expires_at, revoked_at
         FROM token ORDER BY id",
    )?;
    let mut rows = tokens.query([])?;
    while let Some(row) = rows.next()? {
        take_in_row(hasher, row)?;
    }
    Ok(())
}

/// Whether nothing is left of the person but a code that was drawn at random.
fn is_anonymised(row: &Row<'_>) -> rusqlite::Result<bool> {
    let code: String = row.get("code")?;
    let is_empty = |column| {
        row.get_ref(column)
            .map(|v| v == rusqlite::types::ValueRef::Null)
    };
    Ok(code.starts_with("anon-")
        && row.get::<_, String>("name")? == super::people::ERASED_NAME
        && !is_empty("deleted_at")?
        && is_empty("salt")?
        && is_empty("team")?
        && is_empty("pin_hash")?
        && is_empty("consent_at")?)
}

fn is_anonymised_code(tx: &Connection, code: &str) -> Result<bool, Fault> {
    let found = tx
        .prepare_cached(&format!("{PERSON} WHERE code = ?1"))?
        .query_row([code], is_anonymised)?;
    Ok(found)
}
