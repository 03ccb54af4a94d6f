//! PINs in the database: Argon2id hashes under one salt of this station.
//!
//! One salt, not one for each person, because the number alone has to find the
//! person: with a salt each, one try would cost as many hashes as there are
//! people. Whoever steals the file still pays a hash for every guess, but six
//! digits are a million guesses: a PIN does not protect what a password must.

use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Fault, StoreError};
use super::{Author, Store, audit, chain, people};
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_core::pin::Pin;

/// Setting with the salt, in hexadecimal digits.
const SALT: &str = "pin.salt";

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

impl Store {
    /// Gives a person a PIN, in the place of the one before.
    ///
    /// # Errors
    /// If nobody has the code, the PIN is somebody's already, or the database
    /// cannot be written.
    pub fn set_pin(
        &mut self,
        code: &PersonCode,
        pin: &Pin,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("setting a PIN", |tx| {
            let person = people::by_code(tx, code)?;
            tx.prepare_cached(
                "INSERT INTO setting (key, value) VALUES (?1, lower(hex(randomblob(16))))
                 ON CONFLICT (key) DO NOTHING",
            )?
            .execute([SALT])?;
            let hash = hash(&salt(tx)?.unwrap_or_default(), pin)?;
            if holder(tx, &hash)?.is_some_and(|holder| holder != person.id) {
                return Err(StoreError::PinTaken.into());
            }
            tx.prepare_cached("UPDATE person SET pin_hash = ?2 WHERE id = ?1")?
                .execute(params![person.id, hash])?;
            audit::append(tx, author, "person.pin.set", person.code.as_str(), "")
        })
    }

    /// Takes a person's PIN away.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn clear_pin(&mut self, code: &PersonCode, author: Author<'_>) -> Result<(), StoreError> {
        self.write("taking a PIN away", |tx| {
            let person = people::by_code(tx, code)?;
            tx.prepare_cached("UPDATE person SET pin_hash = NULL WHERE id = ?1")?
                .execute([person.id])?;
            audit::append(tx, author, "person.pin.clear", person.code.as_str(), "")
        })
    }

    /// Whose PIN this is.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn person_of_pin(&self, pin: &Pin) -> Result<Option<PersonId>, StoreError> {
        self.read("looking for a PIN", |tx| match salt(tx)? {
            None => Ok(None),
            Some(salt) => holder(tx, &hash(&salt, pin)?),
        })
    }
}

fn salt(tx: &Connection) -> Result<Option<String>, Fault> {
    let salt = tx
        .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
        .query_row([SALT], |row| row.get(0))
        .optional()?;
    Ok(salt)
}

fn holder(tx: &Connection, hash: &str) -> Result<Option<PersonId>, Fault> {
    let holder = tx
        .prepare_cached("SELECT id FROM person WHERE pin_hash = ?1 AND deleted_at IS NULL")?
        .query_row([hash], |row| row.get(0))
        .optional()?;
    Ok(holder)
}

fn hash(salt: &str, pin: &Pin) -> Result<String, StoreError> {
    let failed = |e: argon2::Error| StoreError::PinHash(e.to_string());
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(failed)?;
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(pin.digits().as_bytes(), salt.as_bytes(), &mut output)
        .map_err(failed)?;
    Ok(chain::as_hex(&output))
}
