//! Small facts about this station that are not worth a table.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Fault, StoreError};
use super::{Author, Store, audit};

impl Store {
    /// The value of a setting, if it was ever set.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.read("reading a setting", |tx| {
            Ok(tx
                .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()?)
        })
    }

    /// Sets a setting whose value is too long for the audit trail, which says `detail` of it.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn set_described_setting(
        &mut self,
        (key, value): (&str, &str),
        (action, detail): (&str, &str),
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("writing a setting", |tx| {
            put(tx, key, value)?;
            audit::append(tx, author, action, key, detail)
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn set_setting(
        &mut self,
        key: &str,
        value: &str,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("writing a setting", |tx| {
            put(tx, key, value)?;
            audit::append(tx, author, "setting.set", key, value)
        })
    }
}

fn put(tx: &Connection, key: &str, value: &str) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO setting (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, value])?;
    Ok(())
}
