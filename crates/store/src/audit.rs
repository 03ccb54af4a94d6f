//! Who did what, and when. It only grows.
//!
//! Invariants:
//! - No names of people in it, only codes; a name could not be erased here.
//! - Every attendance event that is added or voided has its record, which
//!   carries the hash of the row; see [`super::chain`]. So has every change of a person,
//!   their faces or a setting; see [`super::coverage`].

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::coverage::Covers;
use super::error::{Fault, StoreError};
use super::restore::RESTORE;
use super::sql::Day;
use super::{Author, Store, chain};
use rollcall_core::attendance::EventId;
use rollcall_core::person::PersonCode;
use rollcall_core::printable::Wording;

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When, in RFC 3339.
    pub at: String,
    /// Who.
    pub actor: String,
    /// What, e.g. `person.rename`.
    pub action: String,
    /// To what: a code, the number of an event, the key of a setting.
    pub subject: String,
    /// What else there is to say.
    pub detail: String,
}

/// A line of the trail with its number, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place in the trail.
    pub record: i64,
    /// The line.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// The attendance event that it is about.
    pub event: Option<i64>,
    /// Code of the person that it is about.
    pub code: Option<String>,
}

/// Which lines of the trail to read; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// First day, as the clock showed it then.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// About this person: the person, or an event of theirs.
    pub code: Option<PersonCode>,
    /// This action, e.g. `person.rename`, or a group of them, e.g. `attendance`.
    pub action: Option<String>,
    /// By this operator.
    pub by: Option<String>,
    /// Only the last of those.
    pub last: Option<u32>,
}

impl Store {
    /// The lines that pass the filter, oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn audit_rows(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        self.read("reading the audit trail", |tx| {
            let mut rows: Vec<AuditRow> = tx
                .prepare_cached(
                    "SELECT a.id, a.at, a.actor, a.action, a.subject, a.detail,
                         CASE WHEN a.content IS NOT NULL THEN CAST(a.subject AS INTEGER) END AS event,
                         coalesce(owner.code, named.code) AS code
                     FROM audit a
                     LEFT JOIN attendance_event e
                         ON a.content IS NOT NULL AND e.id = CAST(a.subject AS INTEGER)
                     LEFT JOIN person owner ON owner.id = e.person_id
                     LEFT JOIN person named ON a.content IS NULL AND named.code = a.subject
                     WHERE substr(a.at, 1, 10) BETWEEN coalesce(?1, '0000') AND coalesce(?2, '9999-99')
                       AND (?3 IS NULL OR owner.code = ?3 OR (a.content IS NULL AND a.subject = ?3 COLLATE NOCASE))
                       AND (?4 IS NULL OR a.action = ?4 OR substr(a.action, 1, length(?4) + 1) = ?4 || '.')
                       AND (?5 IS NULL OR a.actor = ?5 COLLATE NOCASE)
                     ORDER BY a.id DESC LIMIT coalesce(?6, -1)",
                )?
                .query_map(
                    params![
                        filter.from.map(Day),
                        filter.to.map(Day),
                        filter.code,
                        filter.action,
                        filter.by,
                        filter.last
                    ],
                    |row| {
                        Ok(AuditRow {
                            record: row.get("id")?,
                            entry: entry(row)?,
                            event: row.get("event")?,
                            code: row.get("code")?,
                        })
                    },
                )?
                .collect::<Result<_, _>>()?;
            rows.reverse();
            Ok(rows)
        })
    }

    /// Notes something that changes no other table, e.g. that the station started.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn note(
        &mut self,
        author: Author<'_>,
        action: &str,
        subject: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.write("writing the audit trail", |tx| {
            append(tx, author, action, subject, detail)
        })
    }

    /// The latest entries, latest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn audit_trail(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read("reading the audit trail", |tx| {
            let entries = tx
                .prepare_cached(
                    "SELECT at, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?1",
                )?
                .query_map([limit], entry)?
                .collect::<Result<_, _>>()?;
            Ok(entries)
        })
    }
}

impl Store {
    /// When a backup was last restored here, in RFC 3339.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn last_restore(&self) -> Result<Option<String>, StoreError> {
        self.read("looking for the last restore", |tx| {
            let at = tx
                .prepare_cached("SELECT at FROM audit WHERE action = ?1 ORDER BY id DESC LIMIT 1")?
                .query_row([RESTORE], |row| row.get(0))
                .optional()?;
            Ok(at)
        })
    }
}

/// A record as it is hashed and written.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuditRecord<'a> {
    pub(super) at: &'a str,
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    pub(super) subject: &'a str,
    pub(super) detail: &'a str,
    /// Hash of what the record is about, as it left it.
    pub(super) content: Option<&'a str>,
    /// What that is; none is the attendance event that `subject` names.
    pub(super) covers: Option<Covers>,
}

/// The lines about one subject, oldest first.
pub(super) fn about(tx: &Connection, subject: &str) -> Result<Vec<AuditEntry>, Fault> {
    let entries = tx
        .prepare_cached(
            "SELECT at, actor, action, subject, detail FROM audit
             WHERE subject = ?1 COLLATE NOCASE AND (content IS NULL OR covers IS NOT NULL) ORDER BY id",
        )?
        .query_map([subject], entry)?
        .collect::<Result<_, _>>()?;
    Ok(entries)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}

/// Whoever signs has a name that can be read: a login or a variable may hold anything.
fn checked(author: Author<'_>) -> Result<Wording, StoreError> {
    Ok(Wording::parse("name of the operator", author.name)?)
}

/// Adds a line within the transaction of the fact it is about, after it: a line about a person
/// or a setting (see [`Covers::of_action`]) has the hash of what the change has left.
pub(super) fn append(
    tx: &Connection,
    author: Author<'_>,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<(), Fault> {
    let covers = Covers::of_action(action);
    let content = covers
        .map(|covers| covers.content(tx, subject))
        .transpose()?;
    let actor = checked(author)?;
    let record = AuditRecord {
        at: &author.at.to_rfc3339(),
        actor: actor.as_str(),
        action,
        subject,
        detail,
        content: content.as_deref(),
        covers,
    };
    chain::append(tx, &record)
}

/// Adds the line of a person whose code is about to be nobody's.
pub(super) fn append_gone(
    tx: &Connection,
    author: Author<'_>,
    action: &str,
    code: &str,
) -> Result<(), Fault> {
    let record = AuditRecord {
        at: &author.at.to_rfc3339(),
        actor: author.name,
        action,
        subject: code,
        detail: "",
        content: Some(chain::GONE),
        covers: Some(Covers::Person),
    };
    chain::append(tx, &record)
}

/// Adds the line of a deed that has just added or voided `event`.
pub(super) fn append_event(
    tx: &Connection,
    author: Author<'_>,
    action: &str,
    event: EventId,
    detail: &str,
) -> Result<(), Fault> {
    let content = chain::content_of(tx, event)?;
    let actor = checked(author)?;
    let record = AuditRecord {
        at: &author.at.to_rfc3339(),
        actor: actor.as_str(),
        action,
        subject: &event.0.to_string(),
        detail,
        content: Some(&content),
        covers: None,
    };
    chain::append(tx, &record)
}
