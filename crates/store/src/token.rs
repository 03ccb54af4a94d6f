//! Tokens: who may send and ask over the network.
//!
//! Invariants:
//! - The token itself is shown once and is nowhere afterwards; here is its SHA-256. A token is
//!   256 random bits, so a plain hash is right: there is nothing to guess.
//! - A token is compared with every one that is valid, each in constant time.
//! - Tokens are made and revoked, never changed; triggers hold it, and the audit trail has the
//!   hash of the whole table with that of the settings ([`super::coverage`]).

use std::fmt;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore as _;
use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::chain::as_hex;
use super::error::{Fault, StoreError};
use super::sql::Stamp;
use super::{Author, Store, audit};
use rollcall_core::camera_name::CameraName;
use rollcall_core::printable::is_hostile;
use rollcall_core::token::{Permit, Scope};

/// What a token begins with, so that somebody who finds one knows what it is.
const PREFIX: &str = "rc_";

/// Bytes of chance in a token.
const BYTES: usize = 32;

/// Longest name of a token, in characters.
const LONGEST_NAME: usize = 32;

/// The columns [`token_row`] reads.
macro_rules! columns {
    () => {
        "name, scopes, camera, created_at, created_by, expires_at, revoked_at"
    };
}

/// A token in clear, for whoever it is made for. It is in no log: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The words to hand over.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its name, which stands in the audit trail.
    pub name: String,
    /// What it is good for.
    pub permit: Permit,
    /// When it ends, if it does.
    pub expires_at: Option<DateTime<FixedOffset>>,
}

/// A token as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Its name.
    pub name: String,
    /// What it is good for.
    #[serde(flatten, serialize_with = "permit_in_words")]
    pub permit: Permit,
    /// When it was made.
    pub created_at: DateTime<FixedOffset>,
    /// By whom.
    pub created_by: String,
    /// When it ends, if it does.
    pub expires_at: Option<DateTime<FixedOffset>>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<FixedOffset>>,
}

fn permit_in_words<S: Serializer>(permit: &Permit, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct as _;
    let mut fields = to.serialize_struct("Permit", 2)?;
    fields.serialize_field("scopes", &permit.scopes)?;
    fields.serialize_field("camera", &permit.camera)?;
    fields.end()
}

impl TokenRow {
    /// Whether it is good for anything at this time.
    pub fn is_valid(&self, now: &DateTime<FixedOffset>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| *now < end)
    }
}

/// All tokens that are not revoked, to look them up without asking the database each time.
#[derive(Debug, Clone, Default)]
pub struct TokenBook {
    rows: Vec<([u8; 32], TokenRow)>,
}

impl TokenBook {
    /// The token that was shown, if it is valid now. How long this takes says nothing about
    /// which one it is, or how near to one.
    pub fn find(&self, shown: &str, now: &DateTime<FixedOffset>) -> Option<&TokenRow> {
        let hash: [u8; 32] = Sha256::digest(shown.as_bytes()).into();
        let mut found = None;
        for (known, row) in &self.rows {
            if bool::from(known.ct_eq(&hash)) {
                found = Some(row);
            }
        }
        found.filter(|row| row.is_valid(now))
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody has a token.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Store {
    /// Makes a token and gives it away, once.
    ///
    /// # Errors
    /// If there was one of this name before, it is good for nothing, or the database cannot be
    /// written.
    pub fn create_token(
        &mut self,
        new: &NewToken,
        author: Author<'_>,
    ) -> Result<Secret, StoreError> {
        let name = checked_name(&new.name)?;
        let secret = draw();
        let hash: [u8; 32] = Sha256::digest(secret.0.as_bytes()).into();
        let scopes = words(&new.permit.scopes);
        self.write("making a token", |tx| {
            if row_of(tx, name)?.is_some() {
                let name = name.to_owned();
                return Err(StoreError::TokenNameTaken { name }.into());
            }
            tx.prepare_cached(
                "INSERT INTO token (name, hash, scopes, camera, created_at, created_by, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                name,
                hash,
                scopes,
                new.permit.camera,
                Stamp(author.at),
                author.name,
                new.expires_at.map(Stamp),
            ])?;
            audit::append(tx, author, "token.create", name, &described(new))
        })?;
        Ok(secret)
    }

    /// Revokes a token, for good.
    ///
    /// # Errors
    /// If there is none of this name, it is revoked already, or the database cannot be written.
    pub fn revoke_token(&mut self, name: &str, author: Author<'_>) -> Result<(), StoreError> {
        self.write("revoking a token", |tx| {
            let missing = || StoreError::NoSuchToken {
                name: name.to_owned(),
            };
            let row = row_of(tx, name)?.ok_or_else(missing)?;
            if row.revoked_at.is_some() {
                return Err(missing().into());
            }
            tx.prepare_cached("UPDATE token SET revoked_at = ?2 WHERE name = ?1")?
                .execute(params![name, Stamp(author.at)])?;
            audit::append(tx, author, "token.revoke", &row.name, "")
        })
    }

    /// All tokens, also those that are revoked, in the order in which they were made.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.read("listing tokens", |tx| {
            let rows = tx
                .prepare_cached(concat!("SELECT ", columns!(), " FROM token ORDER BY id"))?
                .query_map([], token_row)?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    /// The tokens that may be shown.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn token_book(&self) -> Result<TokenBook, StoreError> {
        self.read("reading tokens", |tx| {
            let rows = tx
                .prepare_cached(concat!(
                    "SELECT ",
                    columns!(),
                    ", hash FROM token WHERE revoked_at IS NULL ORDER BY id"
                ))?
                .query_map([], |row| Ok((row.get("hash")?, token_row(row)?)))?
                .collect::<Result<_, _>>()?;
            Ok(TokenBook { rows })
        })
    }
}

fn token_row(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let scopes: String = row.get("scopes")?;
    // A word of a later version gives nothing to whoever shows the token here.
    let scopes = scopes.split(' ').filter_map(|word| word.parse().ok());
    let stamp = |column| {
        row.get::<_, Option<Stamp>>(column)
            .map(|stamp| stamp.map(|Stamp(at)| at))
    };
    Ok(TokenRow {
        name: row.get("name")?,
        permit: Permit::new(scopes, row.get::<_, Option<CameraName>>("camera")?),
        created_at: row.get::<_, Stamp>("created_at")?.0,
        created_by: row.get("created_by")?,
        expires_at: stamp("expires_at")?,
        revoked_at: stamp("revoked_at")?,
    })
}

fn row_of(tx: &Connection, name: &str) -> Result<Option<TokenRow>, Fault> {
    let row = tx
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM token WHERE name = ?1"
        ))?
        .query_row([name], token_row)
        .optional()?;
    Ok(row)
}

fn checked_name(name: &str) -> Result<&str, StoreError> {
    let name = name.trim();
    let is_good = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !name
            .chars()
            .any(|c| is_hostile(c) || matches!(c, '(' | ')'));
    is_good.then_some(name).ok_or(StoreError::TokenName)
}

fn words(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    words.join(" ")
}

fn described(new: &NewToken) -> String {
    let scopes = words(&new.permit.scopes);
    let camera = new.permit.camera.as_ref();
    let camera = camera.map_or_else(String::new, |camera| format!(", camera {camera}"));
    let end = new.expires_at;
    let end = end.map_or_else(String::new, |end| format!(", until {}", end.to_rfc3339()));
    format!("{scopes}{camera}{end}")
}

fn draw() -> Secret {
    let mut bytes = [0; BYTES];
    OsRng.fill_bytes(&mut bytes);
    Secret(format!("{PREFIX}{}", as_hex(&bytes)))
}
