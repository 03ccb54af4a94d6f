//! Optional encryption at rest of what shows or describes a face.
//!
//! Each template and picture is sealed by itself with XChaCha20-Poly1305
//! (draft-irtf-cfrg-xchacha-03): a random nonce of 24 bytes, the ciphertext, a tag of 16.
//! What it is (template or picture) is authenticated with it, so that one cannot be put in
//! the place of the other. The key is in a file outside of the data folder; the database
//! notes where, and the key's fingerprint, so that a wrong or missing key is said and never
//! mistaken for damage.
//!
//! Invariant: whoever opens a sealed station without its key is refused; nothing is ever
//! written unsealed beside what is sealed.
//!
//! Deliberately absent: names, times and events, which are needed to read reports and
//! are not sealed; the passphrase of a backup seals all.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::error::{Fault, StoreError};
use super::stored_path::StoredPath;
use super::{
    Author, DATABASE_FILE, StationLock, Store, audit, file_error, modes, open_to_read, pictures,
    schema,
};
use rollcall_core::person::{PersonCode, TemplateId};
use rollcall_system::read_bounded;

/// What sealed bytes begin with; neither a template nor a JPEG can.
const MAGIC: &[u8; 8] = b"ROLLSEA1";

const NONCE: usize = 24;

/// Where the key is looked for instead of where the database says.
pub(super) const KEY_FILE_VARIABLE: &str = "ROLLCALL_KEY_FILE";

const SETTING: &str = "vault";

/// What bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Template,
    Picture,
}

impl Content {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Template => b"template",
            Self::Picture => b"picture",
        }
    }
}

/// Seals and opens; without a key it lets everything through.
#[derive(Clone, Default)]
pub(super) struct Vault {
    cipher: Option<Arc<XChaCha20Poly1305>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.cipher.is_some() {
            "sealed"
        } else {
            "open"
        };
        write!(f, "Vault({state})")
    }
}

/// Where the key of a station is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlace {
    /// The file.
    pub path: PathBuf,
    /// First digits of the SHA-256 of the key.
    pub fingerprint: String,
}

/// What sealing or unsealing a station came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Templates that were changed.
    pub templates: usize,
    /// Pictures that were changed.
    pub pictures: usize,
}

impl Vault {
    /// The vault of a database, with its key if it has one.
    pub(super) fn of(
        connection: &Connection,
        data_dir: &Path,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let place = key_place(connection)
            .map_err(|e| StoreError::of_sqlite("looking for the key", path, e))?;
        let Some(place) = place else {
            return Ok(Self::default());
        };
        let file = std::env::var_os(KEY_FILE_VARIABLE).map_or(place.path, PathBuf::from);
        let key = read_key(&file, data_dir)?;
        if fingerprint(&key) != place.fingerprint {
            return Err(StoreError::WrongKey { path: file });
        }
        Ok(Self::with(&key))
    }

    fn with(key: &[u8; 32]) -> Self {
        Self {
            cipher: Some(Arc::new(XChaCha20Poly1305::new(Key::from_slice(key)))),
        }
    }

    pub(super) fn is_sealed(&self) -> bool {
        self.cipher.is_some()
    }

    pub(super) fn seal<'b>(
        &self,
        content: Content,
        bytes: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, StoreError> {
        let Some(cipher) = &self.cipher else {
            return Ok(Cow::Borrowed(bytes));
        };
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload {
            msg: bytes,
            aad: content.label(),
        };
        // Fails only beyond 256 GiB.
        let sealed = cipher
            .encrypt(&nonce, payload)
            .map_err(|_| StoreError::Unsealable)?;
        Ok(Cow::Owned([&MAGIC[..], &nonce, &sealed].concat()))
    }

    /// What was sealed, or bytes that never were.
    pub(super) fn open<'b>(
        &self,
        content: Content,
        bytes: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, StoreError> {
        let Some(sealed) = bytes.strip_prefix(MAGIC) else {
            return Ok(Cow::Borrowed(bytes));
        };
        let (Some(cipher), Some((nonce, ciphertext))) =
            (&self.cipher, sealed.split_at_checked(NONCE))
        else {
            return Err(StoreError::Unsealable);
        };
        let payload = Payload {
            msg: ciphertext,
            aad: content.label(),
        };
        let opened = cipher.decrypt(XNonce::from_slice(nonce), payload);
        opened.map(Cow::Owned).map_err(|_| StoreError::Unsealable)
    }
}

impl Store {
    /// Uses the key in `key_file` from now on, for the station in `data_dir` that was sealed
    /// with it, and notes that it is there.
    ///
    /// # Errors
    /// If nothing is sealed, or the file holds no key or another one.
    pub(super) fn name_key(
        &mut self,
        key_file: &Path,
        data_dir: &Path,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        let place = self.key_place()?.ok_or(StoreError::NotSealed)?;
        let path = std::path::absolute(key_file).map_err(|e| file_error("find", key_file, e))?;
        let key = read_key(&path, data_dir)?;
        if fingerprint(&key) != place.fingerprint {
            return Err(StoreError::WrongKey { path });
        }
        if path != place.path {
            self.write("noting where the key is", |tx| {
                tx.prepare_cached("UPDATE setting SET value = ?2 WHERE key = ?1")?
                    .execute(params![
                        SETTING,
                        format!("{} {}", place.fingerprint, path.display())
                    ])?;
                let detail = path.display().to_string();
                audit::append(tx, author, "vault.key", "vault", &detail)
            })?;
        }
        self.vault = Vault::with(&key);
        Ok(())
    }

    /// Where the database in a folder says that its key is, without reading that; none also if
    /// the database cannot be read.
    pub(super) fn key_place_in(data_dir: &Path) -> Option<KeyPlace> {
        let path = data_dir.join(DATABASE_FILE);
        let connection = open_to_read(&path).ok()?;
        schema::check(&connection, &path).ok()?;
        key_place(&connection).ok()?
    }

    /// Where the key is, if templates and pictures are sealed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn key_place(&self) -> Result<Option<KeyPlace>, StoreError> {
        self.read("looking for the key", |tx| Ok(key_place(tx)?))
    }

    /// A picture that the database refers to, by its path in the data folder.
    ///
    /// # Errors
    /// If it is no path of a picture, or cannot be read or opened.
    pub fn picture(&self, relative: &str) -> Result<Vec<u8>, StoreError> {
        let path = StoredPath::parse(relative)?;
        let bytes = path
            .read(&self.data_dir)
            .map_err(|e| file_error("read", &path.shown_in(&self.data_dir), e))?;
        Ok(self.vault.open(Content::Picture, &bytes)?.into_owned())
    }

    /// Seals all templates and pictures with the key in `key_file`, which is made if it is
    /// not there. All or none; the unsealed pictures are removed at the end.
    ///
    /// # Errors
    /// If the station is sealed already, the file is inside of the data folder or holds no
    /// key, or something cannot be read or written.
    pub fn seal(
        &mut self,
        key_file: &Path,
        _lock: &StationLock,
        author: Author<'_>,
    ) -> Result<Sealed, StoreError> {
        if self.vault.is_sealed() {
            return Err(StoreError::AlreadySealed);
        }
        let key_file =
            std::path::absolute(key_file).map_err(|e| file_error("find", key_file, e))?;
        if lies_in(&key_file, &self.data_dir) {
            return Err(StoreError::KeyInside { path: key_file });
        }
        let key = read_or_make_key(&key_file, &self.data_dir)?;
        let place = format!("{} {}", fingerprint(&key), key_file.display());
        self.move_to(Vault::with(&key), Some(&place), author)
    }

    /// Takes the seals away again.
    ///
    /// # Errors
    /// If nothing is sealed, or something cannot be read or written.
    pub fn unseal(
        &mut self,
        _lock: &StationLock,
        author: Author<'_>,
    ) -> Result<Sealed, StoreError> {
        if !self.vault.is_sealed() {
            return Err(StoreError::NotSealed);
        }
        self.move_to(Vault::default(), None, author)
    }

    fn move_to(
        &mut self,
        to: Vault,
        place: Option<&str>,
        author: Author<'_>,
    ) -> Result<Sealed, StoreError> {
        let (from, data_dir) = (self.vault.clone(), self.data_dir.clone());
        let (mut written, mut replaced) = (Vec::new(), Vec::new());
        let done = self.write("sealing templates and pictures", |tx| {
            let mut done = Sealed::default();
            let mut owners = BTreeSet::new();
            for row in rows(tx)? {
                let opened = from.open(Content::Template, &row.embedding)?;
                let embedding = to.seal(Content::Template, &opened)?;
                let mut picture = None;
                // A picture that is missing, torn or elsewhere is left to `doctor`.
                if let Some(old) = row.picture
                    && let Ok(path) = StoredPath::parse(&old)
                    && let Ok(bytes) = path.read(&data_dir)
                {
                    let opened = from.open(Content::Picture, &bytes)?;
                    let sealed = to.seal(Content::Picture, &opened)?;
                    let new = pictures::write(&data_dir, &row.code, author.at, &sealed)?;
                    written.push(new.clone());
                    replaced.push(old);
                    picture = Some(new);
                    done.pictures += 1;
                }
                tx.prepare_cached(
                    "UPDATE template SET embedding = ?2, picture = coalesce(?3, picture) WHERE id = ?1",
                )?
                .execute(params![row.id, embedding, picture])?;
                done.templates += 1;
                owners.insert(row.code);
            }
            move_sightings(tx, &from, &to)?;
            match place {
                Some(place) => tx.execute(
                    "INSERT INTO setting (key, value) VALUES (?1, ?2)",
                    params![SETTING, place],
                )?,
                None => tx.execute("DELETE FROM setting WHERE key = ?1", [SETTING])?,
            };
            let action = if place.is_some() { "vault.seal" } else { "vault.unseal" };
            let detail = format!("{} templates, {} pictures", done.templates, done.pictures);
            audit::append(tx, author, action, "vault", &detail)?;
            let action = if place.is_some() { "person.seal" } else { "person.unseal" };
            for code in &owners {
                audit::append(tx, author, action, code.as_str(), "")?;
            }
            Ok(done)
        });
        match &done {
            Ok(_) => {
                pictures::remove(&data_dir, &replaced);
                self.vault = to;
                self.empty_log();
            }
            Err(_) => pictures::remove(&data_dir, &written),
        }
        done
    }
}

/// Faces that wait for somebody to look at them.
fn move_sightings(tx: &Connection, from: &Vault, to: &Vault) -> Result<(), Fault> {
    type Row = (i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let rows: Vec<Row> = tx
        .prepare(
            "SELECT id, embedding, picture FROM sighting
             WHERE embedding IS NOT NULL OR picture IS NOT NULL",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let moved = |content, bytes: Option<Vec<u8>>| -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let opened = from.open(content, &bytes)?;
        Ok(Some(to.seal(content, &opened)?.into_owned()))
    };
    for (id, embedding, picture) in rows {
        tx.prepare_cached("UPDATE sighting SET embedding = ?2, picture = ?3 WHERE id = ?1")?
            .execute(params![
                id,
                moved(Content::Template, embedding)?,
                moved(Content::Picture, picture)?
            ])?;
    }
    Ok(())
}

struct SealedRow {
    id: TemplateId,
    code: PersonCode,
    embedding: Vec<u8>,
    picture: Option<String>,
}

fn rows(tx: &Connection) -> Result<Vec<SealedRow>, Fault> {
    let rows = tx
        .prepare(
            "SELECT t.id, p.code, t.embedding, t.picture FROM template t
             JOIN person p ON p.id = t.person_id ORDER BY t.id",
        )?
        .query_map([], |row| {
            Ok(SealedRow {
                id: row.get(0)?,
                code: row.get(1)?,
                embedding: row.get(2)?,
                picture: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn key_place(connection: &Connection) -> rusqlite::Result<Option<KeyPlace>> {
    let value: Option<String> = connection
        .prepare("SELECT value FROM setting WHERE key = ?1")?
        .query_row([SETTING], |row| row.get(0))
        .optional()?;
    Ok(value.and_then(|value| {
        let (fingerprint, path) = value.split_once(' ')?;
        Some(KeyPlace {
            path: PathBuf::from(path),
            fingerprint: fingerprint.to_owned(),
        })
    }))
}

/// Sixteen hexadecimal digits; of a random key they give nothing away.
fn fingerprint(key: &[u8; 32]) -> String {
    hex(&Sha256::digest(key)[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Whether a file that may not be there yet is or would be below `folder`, links followed.
fn lies_in(file: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = real(folder);
    // The file itself may be a link, and so may the folder that it is in.
    real(file).starts_with(&folder) || file.parent().is_some_and(|p| real(p).starts_with(&folder))
}

/// More than a key and the white space around it.
const LARGEST_KEY_FILE: u64 = 4096;

/// A key that protects something: of this size, not everybody's to read, not beside what it
/// protects, and not one that anybody would guess.
fn read_key(path: &Path, data_dir: &Path) -> Result<[u8; 32], StoreError> {
    let no_key = |source| StoreError::NoKey {
        path: path.to_path_buf(),
        source,
    };
    let bad_key = || StoreError::BadKey {
        path: path.to_path_buf(),
    };
    if lies_in(path, data_dir) {
        let path = path.to_path_buf();
        return Err(StoreError::KeyInside { path });
    }
    let file = read_bounded::open(path).map_err(no_key)?;
    let mode = file.metadata().map_err(no_key)?.permissions().mode() & 0o777;
    if mode & modes::OTHERS != 0 {
        let path = path.to_path_buf();
        return Err(StoreError::KeyReadable { path, mode });
    }
    let bytes = read_bounded::stream(file, LARGEST_KEY_FILE).map_err(no_key)?;
    let digits = bytes.trim_ascii();
    let mut key = [0; 32];
    let is_hex = digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit);
    if !is_hex {
        return Err(bad_key());
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
        *byte = value(pair[0]) << 4 | value(pair[1]);
    }
    if key.iter().all(|byte| *byte == key[0]) {
        let path = path.to_path_buf();
        return Err(StoreError::WeakKey { path });
    }
    Ok(key)
}

fn read_or_make_key(path: &Path, data_dir: &Path) -> Result<[u8; 32], StoreError> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let key: [u8; 32] = XChaCha20Poly1305::generate_key(&mut OsRng).into();
            writeln!(file, "{}", hex(&key))
                .and_then(|()| file.sync_all())
                .map_err(|e| file_error("write the key into", path, e))?;
            Ok(key)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => read_key(path, data_dir),
        Err(e) => Err(file_error("make the key file", path, e)),
    }
}
