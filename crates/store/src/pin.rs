//! PINs in the database: Argon2id hashes under one salt of this station.
//!
//! One salt, not one for each person, because the number alone has to find the
//! person: with a salt each, one try would cost as many hashes as there are
//! people. Whoever steals the file still pays a hash for every guess, but six
//! digits are a million guesses: a PIN does not protect what a password must.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Fault, StoreError};
use super::{Author, Store, audit, chain, people};
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_core::pin::{Pin, PinTries};

/// Setting with the salt, in hexadecimal digits.
const SALT: &str = "pin.salt";

/// Setting with the wrong PINs that count, and the time of the last.
const TRIES: &str = "pin.tries";

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
            let salted = tx
                .prepare_cached(
                    "INSERT INTO setting (key, value) VALUES (?1, lower(hex(randomblob(16))))
                     ON CONFLICT (key) DO NOTHING",
                )?
                .execute([SALT])?;
            if salted == 1 {
                audit::append(tx, author, "setting.set", SALT, "")?;
            }
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

    /// Tries a PIN that somebody has typed. Where too many wrong ones were tried, it is not
    /// looked at. A right one forgives one wrong one; a wrong one is for the caller to note
    /// with [`Store::note_wrong_pin`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn try_pin(&mut self, pin: &Pin, author: Author<'_>) -> Result<PinTry, StoreError> {
        let tries = self.pin_tries()?;
        if let Some(left) = tries.closed_for(&author.at) {
            return Ok(PinTry::Closed(left));
        }
        let Some(holder) = self.person_of_pin(pin)? else {
            return Ok(PinTry::Nobody);
        };
        if tries.wrong > 0 {
            let forgiven = self.write("forgiving a wrong PIN", |tx| {
                keep_tries(tx, &tries.after_right())?;
                audit::append(tx, author, "pin.right", "station", "")
            });
            if let Err(error) = forgiven {
                tracing::warn!(%error, "a wrong PIN was not forgiven");
            }
        }
        Ok(PinTry::Holder(holder))
    }

    /// Counts a wrong PIN, for this run and the next ones.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn note_wrong_pin(&mut self, author: Author<'_>) -> Result<(), StoreError> {
        self.write("noting a wrong PIN", |tx| {
            let tries = tries(tx)?.after_wrong(author.at);
            keep_tries(tx, &tries)?;
            let wait = tries.closed_for(&author.at).unwrap_or_default();
            let detail = match wait.as_secs() {
                0 => format!("wrong try {}", tries.wrong),
                secs => format!("wrong try {}; none is taken for {secs} s", tries.wrong),
            };
            audit::append(tx, author, "pin.wrong", "station", &detail)
        })
    }

    /// The wrong PINs that count at the moment.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn pin_tries(&self) -> Result<PinTries, StoreError> {
        self.read("counting wrong PINs", |tx| tries(tx))
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

/// What became of a PIN that somebody has tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinTry {
    /// It is this person's.
    Holder(PersonId),
    /// It is nobody's.
    Nobody,
    /// None is taken for so long.
    Closed(Duration),
}

/// Count and time, as they are kept.
pub(super) fn tries(tx: &Connection) -> Result<PinTries, Fault> {
    let kept: Option<String> = tx
        .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
        .query_row([TRIES], |row| row.get(0))
        .optional()?;
    let parsed = kept.as_deref().and_then(|text| {
        let (wrong, at) = text.split_once(' ')?;
        Some(PinTries {
            wrong: wrong.parse().ok()?,
            last_at: Some(DateTime::parse_from_rfc3339(at).ok()?),
        })
    });
    Ok(parsed.unwrap_or_default())
}

fn keep_tries(tx: &Connection, tries: &PinTries) -> Result<(), Fault> {
    let Some(at) = tries.last_at else {
        return Ok(());
    };
    tx.prepare_cached(
        "INSERT INTO setting (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![
        TRIES,
        format!("{} {}", tries.wrong, at.to_rfc3339())
    ])?;
    Ok(())
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
