//! Everything Rollcall remembers: one SQLite file and the pictures beside it.
//!
//! Invariants:
//! - Attendance events are added and voided, never changed or deleted; triggers
//!   in the database hold this against our own code too.
//! - One fact is one IMMEDIATE transaction, and its line in the audit trail is in it.
//! - The audit trail is a chain of hashes, in which a changed event shows.
//! - The audit trail holds codes, never names, so that a person can be erased.
//! - A database that cannot be trusted is refused, never re-created.
//!
//! All SQL of the program is in this module, as static text with bound parameters.
//! Deliberately absent: the clock (times are arguments) and every rule of
//! attendance, which is decided in [`rollcall_core`].

mod attendance;
mod audit;
mod backup;
mod chain;
mod clock_repair;
mod closing;
mod correction;
mod coverage;
mod error;
mod exact_schema;
mod export;
mod import;
mod lock;
mod modes;
mod people;
mod pictures;
mod pin;
mod presence;
mod privacy;
mod re_embedding;
mod read_only;
mod rescue;
mod restore;
mod said;
mod salvage;
pub mod say;
mod schema;
mod setting;
mod sighting;
mod sql;
mod stored_path;
mod templates;
mod token;
mod unpack;
mod vault;
pub mod worker;
mod workplace;

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use rollcall_core::embedding::ModelId;
use rollcall_core::event::Snapshot;
use rollcall_core::person::Person;

pub use attendance::EventFilter;
pub use audit::{AuditEntry, AuditFilter, AuditRow};
pub use backup::{
    BackupPlan, Manifest, Passphrase, back_up, backups, latest_backup, made_at, manifest_of_backup,
    rotate,
};
pub use chain::{BrokenLink, ChainReport};
pub use clock_repair::Calendar;
pub use error::StoreError;
pub use export::{AttendanceRow, AttendanceSink, MeasuredDays, NamedEvent, Wanted};
pub use import::{Imported, ImportedEvent, ImportedPerson};
pub use lock::StationLock;
pub use modes::readable_by_others;
pub use people::{GalleryRows, NewPerson, NewTemplate, PersonRow, SkippedTemplate};
pub use pin::PinTry;
pub use privacy::{
    Attendance, ErasureReceipt, PersonData, RetentionPolicy, RetentionReport, TemplateData,
};
pub use re_embedding::{ForeignTemplate, Replacement};
pub use restore::{
    CONFIGURATION_ASIDE, CheckedBackup, RestorePlan, RestoredConfiguration,
    describe as describe_backup, restore_leftovers,
};
pub use salvage::{SetAside, latest_aside, set_aside, start_fresh};
pub use sighting::{SightedFace, SightingRow, SightingState};
pub use token::{NewToken, Secret, TokenBook, TokenRow};
pub use vault::{KeyPlace, Sealed};
pub use worker::{Patience, StoreHandle, StoreRequest, spawn};

use error::Fault;
use presence::{Presence, beside};

/// Name of the database in the data folder.
pub const DATABASE_FILE: &str = "station.db";

/// Name of the folder of pictures in the data folder.
pub const PICTURES_FOLDER: &str = pictures::FOLDER;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Who changes something, and when.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// Name for the audit trail, e.g. `station` or the operator's login.
    pub name: &'a str,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// An open database and its folder of pictures.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    data_dir: PathBuf,
    path: PathBuf,
    /// SQLite's counter of other connections' commits, as last seen.
    data_version: Option<i64>,
    /// The number of this run's first batch of events, once one was needed.
    clock_batches: Option<i64>,
    vault: vault::Vault,
    presence: Presence,
}

/// Whether the key of a sealed station is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// It is read from where the database says.
    Read,
    /// The database may be a stranger's, who could name any file: nothing is read.
    Untouched,
}

impl Store {
    /// Opens the database in `data_dir` for writing. A new folder (0700) and
    /// file (0600) are made if there is none, the schema is brought up to date,
    /// and pictures that a crash left without a template are removed.
    ///
    /// # Errors
    /// If the file is no database, damaged, of another program or a later
    /// Rollcall, locked, or cannot be written; or if it is missing while its
    /// pictures are there or a damaged one was set aside.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(data_dir, BUSY_TIMEOUT)
    }

    /// Like [`Store::open`], with another patience for locks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(data_dir: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        prepare_folder(data_dir)?;
        restore::remove_leftovers(data_dir);
        refuse_silent_start(data_dir, &path)?;
        make_file(&path)?;
        Self::open_file(data_dir, path, busy_timeout, Key::Read)
    }

    /// As [`Store::open`], where a database has to be there: a running station whose database
    /// is gone must not be given an empty one.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::Missing`].
    pub fn open_existing(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        refuse_silent_start(data_dir, &path)?;
        if std::fs::metadata(&path).map_or(true, |m| m.len() == 0) {
            return Err(StoreError::Missing { path });
        }
        Self::open_file(data_dir, path, BUSY_TIMEOUT, Key::Read)
    }

    /// Opens a database that was unpacked from an archive, without its key.
    fn open_unpacked(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(DATABASE_FILE);
        Self::open_file(folder, path, BUSY_TIMEOUT, Key::Untouched)
    }

    /// Makes a new database where the operator has said that there shall be one.
    fn make(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        make_file(&path)?;
        Self::open_file(data_dir, path, BUSY_TIMEOUT, Key::Read)
    }

    fn open_file(
        data_dir: &Path,
        path: PathBuf,
        busy_timeout: Duration,
        key: Key,
    ) -> Result<Self, StoreError> {
        let doing = "opening the database";
        let index = salvage::index_of_log(&path);
        let checked = open_checked(&path, busy_timeout);
        if let Err(StoreError::Corrupt { .. } | StoreError::NotADatabase { .. }) = &checked {
            salvage::keep_index(&path, index);
        }
        let mut connection = checked?;
        set_up_writer(&connection).map_err(|e| StoreError::of_sqlite(doing, &path, e))?;
        schema::migrate(&mut connection, &path)
            .map_err(|f| f.explain("bringing the schema up to date", &path))?;
        let vault = match key {
            Key::Read => vault::Vault::of(&connection, data_dir, &path)?,
            Key::Untouched => vault::Vault::default(),
        };
        let mut store = Self {
            connection,
            vault,
            data_dir: data_dir.to_path_buf(),
            presence: Presence::note(&path),
            path,
            data_version: None,
            clock_batches: None,
        };
        store.remove_orphaned_pictures()?;
        modes::close(&store.data_dir);
        Ok(store)
    }

    /// Opens the database for reading, also while a dashboard is writing to it, and where
    /// its folder cannot be written.
    ///
    /// # Errors
    /// If there is none, or it is damaged, foreign, or of another schema.
    pub fn open_read_only(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        if std::fs::metadata(&path).map_or(true, |m| m.len() == 0) {
            // "None yet" only where there was none.
            refuse_silent_start(data_dir, &path)?;
            return Err(StoreError::Missing { path });
        }
        let doing = "opening the database for reading";
        let explain = |e| StoreError::of_sqlite(doing, &path, e);
        let connection = open_to_read(&path).map_err(explain)?;
        let identity = schema::check(&connection, &path).map_err(|f| f.explain(doing, &path))?;
        if usize::try_from(identity.version) != Ok(schema::VERSION) {
            return Err(StoreError::Outdated {
                path,
                found: identity.version,
                known: schema::VERSION,
            });
        }
        let vault = vault::Vault::of(&connection, data_dir, &path)?;
        Ok(Self {
            connection,
            vault,
            data_dir: data_dir.to_path_buf(),
            presence: Presence::note(&path),
            path,
            data_version: None,
            clock_batches: None,
        })
    }

    /// Looks through the audit trail of a database that is not opened because its schema was
    /// changed: where that was done, more may have been.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn trail_of_changed(data_dir: &Path) -> Result<ChainReport, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        let doing = "reading the audit trail";
        let connection = open_to_read(&path).map_err(|e| StoreError::of_sqlite(doing, &path, e))?;
        chain::verify(&connection).map_err(|fault| fault.explain(doing, &path))
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks through the whole file for damage.
    ///
    /// # Errors
    /// If there is any.
    pub fn check(&self) -> Result<(), StoreError> {
        quick_check(&self.connection, &self.path)
    }

    /// Whether another connection has written since this was last asked.
    ///
    /// # Errors
    /// If the database cannot be read, or is no longer where it was.
    pub fn changed_elsewhere(&mut self) -> Result<bool, StoreError> {
        self.presence.check(&self.path)?;
        let version = self
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(|e| StoreError::of_sqlite("looking for changes", &self.path, e))?;
        Ok(self
            .data_version
            .replace(version)
            .is_some_and(|before| before != version))
    }

    /// Everybody who was not deleted, in the order of enrolment.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn everybody(&self) -> Result<Vec<Person>, StoreError> {
        self.read("listing people", |tx| people::all(tx))
    }

    /// The same with those who were deleted, who are in no team and not active: their
    /// events remain.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn everybody_ever(&self) -> Result<Vec<Person>, StoreError> {
        self.read("listing people of all time", |tx| people::all_ever(tx))
    }

    /// What a station needs to know to go on with `local_day`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn snapshot(&self, local_day: NaiveDate, model: &ModelId) -> Result<Snapshot, StoreError> {
        self.read("reading the state of the day", |tx| {
            let gallery = templates::gallery(tx, model, templates::Whose::Active, &self.vault)?;
            for skipped in &gallery.skipped {
                tracing::warn!(template = skipped.id.0, reason = %skipped.reason, "template left out");
            }
            Ok(Snapshot {
                people: people::all(tx)?,
                templates: gallery.templates,
                local_day,
                events: attendance::of_day(tx, local_day)?,
                last_before: attendance::last_before(tx, local_day)?,
                retired_codes: people::retired_codes(tx)?,
                pin_tries: pin::tries(tx)?,
            })
        })
    }

    /// One fact, all or nothing.
    fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.presence.check(&self.path)?;
        let attempt = || -> Result<T, Fault> {
            // IMMEDIATE: waiting for the lock happens here and not half-way.
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        let result = attempt().map_err(|fault| fault.explain(doing, &self.path))?;
        // A file that was taken away meanwhile has this in it, and nobody will find it.
        self.presence.check(&self.path)?;
        Ok(result)
    }

    /// Several queries that see the same state.
    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let attempt = || -> Result<T, Fault> {
            let transaction = self.connection.unchecked_transaction()?;
            work(&transaction)
        };
        attempt().map_err(|fault| fault.explain(doing, &self.path))
    }
}

/// A connection to a database that has passed every check and was not written to: a file that
/// is not ours or damaged stays as it is, and so does its write-ahead log.
fn open_checked(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let doing = "opening the database";
    let explain = |e| StoreError::of_sqlite(doing, path, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(explain)?;
    connection.busy_timeout(busy_timeout).map_err(explain)?;
    be_wary(&connection).map_err(explain)?;
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(keep_log, true).map_err(explain)?;
    schema::check(&connection, path).map_err(|f| f.explain(doing, path))?;
    quick_check(&connection, path)?;
    connection.set_db_config(keep_log, false).map_err(explain)?;
    Ok(connection)
}

/// A connection to read with, which nothing has been checked of.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = read_only::connect(path, BUSY_TIMEOUT)?;
    be_wary(&connection)?;
    Ok(connection)
}

/// The file may be a stranger's: what its schema says is not trusted with functions that reach
/// outside of it, and its inner tables are not written by SQL.
fn be_wary(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

fn set_up_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    // Erased faces must not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        // A file system without shared memory falls back to a rollback journal: slower, as safe.
        tracing::warn!(mode, "the database is not in WAL mode");
    }
    // A receipt means that the punch survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")
}

fn quick_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |r| r.get(0))
        .map_err(|e| StoreError::of_sqlite("checking the database", path, e))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::Corrupt {
            path: path.to_path_buf(),
            detail: found,
        })
    }
}

fn file_error(doing: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File {
        doing,
        path: path.to_path_buf(),
        source,
    }
}

fn prepare_folder(data_dir: &Path) -> Result<(), StoreError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|e| file_error("make the folder", data_dir, e))
}

/// An empty database in the place of one that is lost would hide the loss.
fn refuse_silent_start(data_dir: &Path, path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return Err(StoreError::NotADatabase {
                path: path.to_path_buf(),
            });
        }
        Ok(metadata) if metadata.len() > 0 => return Ok(()),
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(file_error("look at", path, e)),
    }
    let log = beside(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|m| m.len() > 0) {
        // SQLite would delete the log of a database that is empty.
        return Err(StoreError::LogWithout {
            path: path.to_path_buf(),
            log,
        });
    }
    if let Some(aside) = salvage::latest_aside(data_dir) {
        return Err(StoreError::Aside {
            path: path.to_path_buf(),
            aside,
        });
    }
    let faces = data_dir.join(pictures::FOLDER);
    if pictures::holds_any(&faces) {
        return Err(StoreError::Lost {
            path: path.to_path_buf(),
            faces,
        });
    }
    Ok(())
}

/// Makes an empty file if there is none. One that is there is not opened: when it is closed
/// again, the system takes away the locks that SQLite holds on it in this process, and another
/// process would take the write-ahead log of a running station for one that nobody needs.
fn make_file(path: &Path) -> Result<(), StoreError> {
    // SQLite gives its journal files the mode of the database.
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(file_error("make the database", path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_core::embedding::Embedding;
    use rollcall_core::person::{PersonCode, PersonName};

    fn newcomer(code: &str) -> NewPerson {
        NewPerson {
            name: PersonName::parse("Ana").unwrap(),
            code: PersonCode::parse(code).unwrap(),
            consent_at: None,
            templates: vec![NewTemplate {
                embedding: Embedding::from_raw(vec![1.0; 512]).unwrap(),
                model: ModelId::from_sha256("ab"),
                quality: 1.0,
                jpeg: Some(vec![0xff; 64]),
            }],
        }
    }

    /// SQLite says "full" for its own limit as it does for that of the disk.
    #[test]
    fn a_full_disk_leaves_nothing_behind_and_is_no_lasting_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let author = Author {
            name: "olga",
            at: DateTime::parse_from_rfc3339("2026-11-23T08:00:00+01:00").unwrap(),
        };
        let pages = |store: &Store, limit: i64| {
            let pragma = format!("PRAGMA max_page_count = {limit}");
            let set: i64 = store
                .connection
                .query_row(&pragma, [], |r| r.get(0))
                .unwrap();
            set
        };
        // SQLite sets no limit below what is in use.
        pages(&store, 1);
        let mut people = 0;
        let error = loop {
            match store.add_person(&newcomer(&format!("E-{people}")), author) {
                Ok(_) => people += 1,
                Err(error) => break error,
            }
            assert!(people < 1000, "the limit was never met");
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.to_string().contains("make room"));
        assert!(!error.is_permanent());
        assert_eq!(store.people().unwrap().len(), people);
        let folders = std::fs::read_dir(folder.path().join(pictures::FOLDER)).unwrap();
        assert_eq!(folders.count(), people, "a picture was left behind");

        pages(&store, 1_000_000);
        store.add_person(&newcomer("E-last"), author).unwrap();
        store.check().unwrap();
    }

    #[test]
    fn a_punch_is_on_disk_before_it_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let pragma = |name: &str| {
            let sql = format!("PRAGMA {name}");
            let value: rusqlite::types::Value =
                store.connection.query_row(&sql, [], |r| r.get(0)).unwrap();
            value
        };
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
        assert_eq!(pragma("synchronous"), 2i64.into());
        assert_eq!(pragma("foreign_keys"), 1i64.into());
    }
}
