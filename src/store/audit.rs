//! Who did what, and when. It only grows.
//!
//! Invariant: no names of people in it, only codes; a name could not be erased here.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::error::{Fault, StoreError};
use super::sql::Stamp;
use super::{Author, Store};

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

impl Store {
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
                .query_map([limit], |row| {
                    Ok(AuditEntry {
                        at: row.get("at")?,
                        actor: row.get("actor")?,
                        action: row.get("action")?,
                        subject: row.get("subject")?,
                        detail: row.get("detail")?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(entries)
        })
    }
}

/// Adds a line within the transaction of the fact it is about.
pub(super) fn append(
    tx: &Connection,
    author: Author<'_>,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        Stamp(author.at),
        author.name,
        action,
        subject,
        detail
    ])?;
    Ok(())
}
