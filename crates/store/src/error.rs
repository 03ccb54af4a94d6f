//! What can go wrong with the database, said so that an operator can act on it.

use rollcall_messages::Said as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rusqlite::ErrorCode;

use rollcall_core::attendance::EventId;
use rollcall_core::embedding::Cosine;
use rollcall_core::person::PersonId;
use rollcall_core::plausible::Implausible;
use rollcall_core::printable::WordingError;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A folder or file could not be made or read.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process takes attendance in this folder.
    #[error("another station is running in {}: end it, or name another folder with --data-dir", data_dir.display())]
    StationRuns {
        /// The data folder.
        data_dir: PathBuf,
    },
    /// Templates and pictures are sealed, and their key cannot be read.
    #[error("the templates and pictures of this station are encrypted, and their key {} cannot be read: {source}; put the key file back, or name it with ROLLCALL_KEY_FILE", path.display())]
    NoKey {
        /// Where the key was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A file that should hold a key holds something else.
    #[error("{} holds no key: a key is 64 hexadecimal digits", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
    },
    /// A key, but not that of this station.
    #[error("{} is not the key that the templates and pictures of this station are encrypted with", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// Nobody has said where the key of a restored station is.
    #[error(
        "its faces are encrypted; it says that their key is in {path:?} (fingerprint {fingerprint:?}). A backup does not decide which file is read: name the file yourself with --key-file"
    )]
    KeyNotNamed {
        /// Where the database in the archive says it is.
        path: PathBuf,
        /// Of the key.
        fingerprint: String,
    },
    /// A key that others can read protects nothing from them.
    #[error("others than its owner can read the key {} (mode {mode:03o}): take that away with `chmod 600`", path.display())]
    KeyReadable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A key that anybody would guess.
    #[error("the key in {} is always the same byte, which anybody would guess: name a file that is not there, and a key is made", path.display())]
    WeakKey {
        /// The file.
        path: PathBuf,
    },
    /// A key beside what it protects protects nothing.
    #[error("the key {} is, or would be, inside of the data folder; whoever takes the folder would have it too", path.display())]
    KeyInside {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing left to encrypt.
    #[error("templates and pictures are encrypted already")]
    AlreadySealed,
    /// There is nothing to decrypt.
    #[error("templates and pictures are not encrypted")]
    NotSealed,
    /// Sealed bytes that the key does not open: they were changed.
    #[error("it is encrypted and damaged, or was put there from elsewhere")]
    Unsealable,
    /// No sighting has this number.
    #[error("{}", self.said())]
    NoSuchSighting(i64),
    /// Nothing to read yet.
    #[error("there is no database at {}: start `rollcall` once, or name another folder with --data-dir", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The pictures are there and the database is not; an empty one would hide the loss.
    #[error("the database {} is missing or empty, yet pictures of people are in {}: restore a backup with `rollcall restore`, or begin anew with `rollcall run --start-fresh`", path.display(), faces.display())]
    Lost {
        /// Where the database should be.
        path: PathBuf,
        /// Where the pictures are.
        faces: PathBuf,
    },
    /// The log of a database is there and the database is not.
    #[error("the database {} is missing or empty, yet its log {} is there and may hold attendance: put the database back, restore a backup with `rollcall restore`, or begin anew with `rollcall run --start-fresh`", path.display(), log.display())]
    LogWithout {
        /// Where the database should be.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// A damaged database lies aside, and nothing has taken its place yet.
    #[error("the database {} was damaged or lost, and what is left of it lies aside as {}: restore a backup with `rollcall restore`, or begin anew with `rollcall run --start-fresh`", path.display(), aside.display())]
    Aside {
        /// Where the database should be.
        path: PathBuf,
        /// The damaged one.
        aside: PathBuf,
    },
    /// A backup, or a file that belongs to one, cannot be used.
    #[error("{}: {problem}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file holds something else.
    #[error("{} is not a database: move it away or restore it from a backup", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error("{} is a database of another program (application id {application_id:#x}): choose another --data-dir", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What the file says of itself.
        application_id: i32,
    },
    /// A database of a later Rollcall.
    #[error("{} was written by a later Rollcall (schema {found}, this one knows {known}): update this program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: i64,
        /// Version of this program.
        known: usize,
    },
    /// A database of an earlier Rollcall, opened for reading only.
    #[error("{} has an earlier schema ({found}; this program reads {known}): start `rollcall` once to bring it up to date", path.display())]
    Outdated {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: i64,
        /// Version of this program.
        known: usize,
    },
    /// Its tables, triggers or views are not those of this program.
    #[error("{} is not as this program makes it: {differences}. Somebody has changed it, and nothing in it can be relied on: restore a backup with `rollcall restore`", path.display())]
    ForeignSchema {
        /// The file.
        path: PathBuf,
        /// What is different.
        differences: String,
    },
    /// The database was deleted, moved or replaced while it was open.
    #[error("{}", self.said())]
    Vanished {
        /// Whether another file is in its place.
        is_replaced: bool,
        /// The file.
        path: PathBuf,
    },
    /// A database or an archive names a file that is not one of the station's pictures.
    #[error("{path:?} is not the path of a picture of this station; it was left alone")]
    PathOutside {
        /// The path.
        path: String,
    },
    /// The file is damaged.
    #[error("{}", self.said())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// Another process has been writing for too long.
    #[error("{}", self.said())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// No room.
    #[error("{}", self.said())]
    Full {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// No permission to write.
    #[error("{}", self.said())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// Anything else SQLite says.
    #[error("{}", self.said())]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// There was a token of this name before, and the audit trail names it.
    #[error("there is, or was, a token called {name:?}: choose another name")]
    TokenNameTaken {
        /// The name.
        name: String,
    },
    /// The name could not be read in the audit trail.
    #[error(
        "the name of a token has 1 to 32 characters, none of them a bracket or a control character"
    )]
    TokenName,
    /// Nobody has such a token.
    #[error(
        "there is no token called {name:?} that could be revoked; `rollcall token list` shows them"
    )]
    NoSuchToken {
        /// The name.
        name: String,
    },
    /// The code is in use.
    #[error("{}", self.said())]
    CodeTaken {
        /// The code.
        code: String,
        /// Who has it.
        holder: String,
    },
    /// The code was in use and its attendance still stands under it.
    #[error("{}", self.said())]
    CodeRetired {
        /// The code.
        code: String,
    },
    /// Nobody has this code.
    #[error("{}", self.said())]
    NoSuchCode {
        /// The code.
        code: String,
    },
    /// Nobody has this number, or the person was deleted.
    #[error("{}", self.said())]
    NoSuchPerson(PersonId),
    /// The face of a newcomer is that of somebody who is not active.
    #[error("{}", self.said())]
    DeactivatedFace {
        /// Name of the one who is not active.
        name: String,
        /// Code of the same.
        code: String,
        /// How alike they are.
        similarity: Cosine,
    },
    /// A person is recognised by templates; without one there is nothing to enrol.
    #[error("no template was given for {code}")]
    NoTemplates {
        /// The code.
        code: String,
    },
    /// A template is not, or no longer, one of the person's.
    #[error("{code} has no template {template}")]
    NoSuchTemplate {
        /// The person.
        code: String,
        /// The number.
        template: i64,
    },
    /// The PIN has to say who somebody is.
    #[error("{}", self.said())]
    PinTaken,
    /// The PIN could not be hashed.
    #[error("cannot hash the PIN: {0}")]
    PinHash(String),
    /// No such event.
    #[error("{}", self.said())]
    NoSuchEvent(EventId),
    /// It was taken back before.
    #[error("{}", self.said())]
    AlreadyVoided {
        /// The event.
        event: EventId,
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
    /// A punch like it stands already.
    #[error("{}", self.said())]
    SameEvent {
        /// The event.
        event: EventId,
    },
    /// A change that is none.
    #[error("{}", self.said())]
    NothingChanges {
        /// The event.
        event: EventId,
    },
    /// The clock was never that wrong.
    #[error("attendance event {} cannot be shifted that far; nothing was changed", event.0)]
    ShiftOutOfRange {
        /// The event.
        event: EventId,
    },
    /// A time that cannot be true.
    #[error(transparent)]
    Implausible(#[from] Implausible),
    /// Somebody can leave or come back today or on a day before.
    #[error("{}", self.said())]
    DayToCome {
        /// The day.
        day: NaiveDate,
    },
    /// A reason, a team or an operator that nobody could read, or that could forge a screen.
    #[error(transparent)]
    Wording(#[from] WordingError),
    /// A thread could not be started.
    #[error("cannot start the store's thread: {0}")]
    Thread(std::io::Error),
}

impl StoreError {
    /// Whether the same request can never succeed, however long one waits.
    /// Everything else (a full disk, a lock, a pulled card) may be mended.
    pub fn is_permanent(&self) -> bool {
        match self {
            StoreError::NoSuchPerson(_)
            | StoreError::NoSuchCode { .. }
            | StoreError::NoSuchEvent(_)
            | StoreError::NoSuchToken { .. }
            | StoreError::TokenName
            | StoreError::TokenNameTaken { .. }
            | StoreError::CodeTaken { .. }
            | StoreError::CodeRetired { .. }
            | StoreError::DeactivatedFace { .. }
            | StoreError::NoTemplates { .. }
            | StoreError::NoSuchTemplate { .. }
            | StoreError::AlreadyVoided { .. }
            | StoreError::SameEvent { .. }
            | StoreError::NothingChanges { .. }
            | StoreError::ShiftOutOfRange { .. }
            | StoreError::Implausible(_)
            | StoreError::DayToCome { .. }
            | StoreError::PinTaken
            | StoreError::PinHash(_)
            | StoreError::Wording(_) => true,
            StoreError::Sql { source, .. } => match source.sqlite_error_code() {
                Some(code) => code == ErrorCode::ConstraintViolation,
                // Not SQLite's: a value in a row is not what it should be.
                None => true,
            },
            _ => false,
        }
    }

    /// Gives an error of SQLite the file and the deed it is about.
    pub(super) fn of_sqlite(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::Locked { path, doing }
            }
            Some(ErrorCode::DiskFull) => StoreError::Full { path, doing },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreError::ReadOnly { path, doing }
            }
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt {
                path,
                detail: source.to_string(),
            },
            _ => StoreError::Sql {
                doing,
                path,
                source,
            },
        }
    }
}

/// What happens inside a transaction, before it is known to which file.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl Fault {
    pub(super) fn explain(self, doing: &'static str, path: &Path) -> StoreError {
        match self {
            Fault::Sql(source) => StoreError::of_sqlite(doing, path, source),
            Fault::Store(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}
