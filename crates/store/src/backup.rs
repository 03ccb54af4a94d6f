//! Backups: database, pictures and configuration in one archive.
//!
//! The archive is a tar file, so that anybody can look into it without this
//! program; with a passphrase it is that file encrypted by age (scrypt), which
//! the `age` command line tool opens too.
//!
//! Invariants:
//! - A backup has its final name only when it is whole, checked and on disk.
//! - The copy of the database is consistent while the station goes on writing
//!   (SQLite's online backup), and it was checked before it was packed.
//! - The manifest comes first and has the SHA-256 of everything that follows.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::stored_path::StoredPath;
use super::workplace::{self, Workplace};
use super::{DATABASE_FILE, Store, schema, unpack};
use rollcall_system::read_bounded;

/// Name of the manifest in the archive.
pub(super) const MANIFEST: &str = "manifest.json";

/// The layout of archives that this program writes.
pub(super) const FORMAT: u32 = 1;

/// Name of the configuration in the data folder and in the archive.
pub(super) const CONFIGURATION: &str = "config.toml";

/// The first line of a file is a passphrase; nobody types more than this.
const LARGEST_PASSPHRASE_FILE: u64 = 64 << 10;

/// Larger than any configuration.
pub(super) const LARGEST_CONFIGURATION: u64 = 4 << 20;

/// scrypt work factor of our own archives, as a power of two: 128 MB of memory, and about a
/// second on a Raspberry Pi, which has to open them too.
const WORK_FACTOR: u8 = 17;

/// Begin of the names of the folders in which backups are made.
const WORKPLACE: &str = ".rollcall-backup-";

const PREFIX: &str = "rollcall-";
const PLAIN: &str = ".tar";
const ENCRYPTED: &str = ".tar.age";

/// Pages copied between two looks whether somebody waits; about a megabyte.
const PAGES_A_STEP: i32 = 256;

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Layout of the archive.
    pub format: u32,
    /// Version of the program that made it.
    pub rollcall: String,
    /// Version of the database's schema.
    pub schema: usize,
    /// When it was made.
    pub made_at: DateTime<FixedOffset>,
    /// People who were not deleted.
    pub people: usize,
    /// Attendance events, voided ones too.
    pub events: u64,
    /// Records of the audit trail.
    pub trail_records: u64,
    /// Hash of the last of them.
    pub trail_head: String,
    /// Pictures that the database refers to and that were not there any more.
    pub missing: Vec<String>,
    /// Everything that follows in the archive.
    pub files: Vec<ManifestFile>,
}

/// A file in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative to the data folder.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Where a backup goes and how.
#[derive(Debug, Clone)]
pub struct BackupPlan {
    /// The folder of the archives; made if there is none.
    pub folder: PathBuf,
    /// Encrypts the archive.
    pub passphrase: Option<Passphrase>,
    /// When it is made.
    pub at: DateTime<FixedOffset>,
}

/// A passphrase, which is never printed.
#[derive(Clone)]
pub struct Passphrase(pub(super) age::secrecy::SecretString);

impl Passphrase {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// If the file cannot be read or its first line is empty.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let text = read_bounded::file(path, LARGEST_PASSPHRASE_FILE)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
            .map_err(|e| failed("read the passphrase from", path, e))?;
        Self::new(text.lines().next().unwrap_or_default()).ok_or_else(|| StoreError::Archive {
            path: path.to_path_buf(),
            problem: "its first line, the passphrase, is empty".into(),
        })
    }

    /// `None` if it is empty, which would only look like protection.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned().into()))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Makes a backup of `data_dir`, also while a station is running there.
///
/// # Errors
/// If the database is missing, damaged or does not fit its audit trail, or
/// something cannot be read or written.
pub fn back_up(data_dir: &Path, plan: &BackupPlan) -> Result<(PathBuf, Manifest), StoreError> {
    let folder = &plan.folder;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| failed("make the folder of backups", folder, e))?;
    workplace::remove_leftovers(folder, WORKPLACE);
    let workplace = Workplace::make(folder, WORKPLACE)?;
    let copy = workplace.path().join(DATABASE_FILE);
    copy_database(data_dir, &copy)?;
    let snapshot = Store::open_read_only(workplace.path())?;
    snapshot.check()?;
    let mut sources = vec![Source::File {
        name: DATABASE_FILE,
        path: copy,
    }];
    let configuration = data_dir.join(CONFIGURATION);
    if configuration.is_file() {
        sources.push(Source::File {
            name: CONFIGURATION,
            path: configuration,
        });
    }
    let mut missing = Vec::new();
    for picture in snapshot.pictures()? {
        match StoredPath::parse(&picture) {
            // A person may have been deleted since the database was copied.
            Ok(path) if path.open(data_dir).is_ok() => sources.push(Source::Picture(path)),
            _ => missing.push(picture),
        }
    }
    let contents = Contents { data_dir, sources };
    let manifest = manifest_of(&snapshot, &contents, missing, plan.at)?;
    drop(snapshot);
    let unfinished = workplace.path().join("archive");
    write_archive(&unfinished, &manifest, &contents, plan.passphrase.as_ref())?;
    let name = format!(
        "{PREFIX}{}{}",
        plan.at.to_utc().format("%Y%m%dT%H%M%S%3fZ"),
        if plan.passphrase.is_some() {
            ENCRYPTED
        } else {
            PLAIN
        }
    );
    let path = folder.join(name);
    std::fs::rename(&unfinished, &path).map_err(|e| failed("name the backup", &path, e))?;
    sync_folder(folder)?;
    Ok((path, manifest))
}

/// The backups in a folder, oldest first.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn backups(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed("list the backups in", folder, e)),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|n| {
                n.starts_with(PREFIX) && (n.ends_with(PLAIN) || n.ends_with(ENCRYPTED))
            })
        })
        .collect();
    // The time is in the name, and sorts.
    found.sort();
    Ok(found)
}

/// The newest backup in a folder, if there is one.
pub fn latest_backup(folder: &Path) -> Option<PathBuf> {
    backups(folder).ok()?.pop()
}

/// What a backup says of itself, read without unpacking it. Not checked against the rest.
///
/// # Errors
/// If it cannot be read or decrypted.
pub fn manifest_of_backup(
    archive: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<Manifest, StoreError> {
    unpack::manifest_of(archive, passphrase)
}

/// When a backup was made, by its name.
pub fn made_at(backup: &Path) -> Option<DateTime<chrono::Utc>> {
    let name = backup.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    let stamp = name.split_once('.')?.0;
    let naive = chrono::NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%S%3fZ").ok()?;
    Some(naive.and_utc())
}

/// Removes all but the newest `keep` backups and says which.
///
/// # Errors
/// If one cannot be removed.
pub fn rotate(folder: &Path, keep: usize) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = backups(folder)?;
    let surplus = found.len().saturating_sub(keep);
    found.truncate(surplus);
    for path in &found {
        std::fs::remove_file(path).map_err(|e| failed("remove the old backup", path, e))?;
    }
    Ok(found)
}

/// A file on its way into the archive.
enum Source {
    /// The copy of the database, or the configuration.
    File { name: &'static str, path: PathBuf },
    /// A picture that the database names.
    Picture(StoredPath),
}

/// All of them, and the folder that pictures are in.
struct Contents<'a> {
    data_dir: &'a Path,
    sources: Vec<Source>,
}

impl Contents<'_> {
    fn open(&self, source: &Source) -> io::Result<File> {
        match source {
            Source::File { path, .. } => read_bounded::open(path),
            Source::Picture(path) => path.open(self.data_dir),
        }
    }

    fn measure(&self, source: &Source) -> Result<ManifestFile, StoreError> {
        let (size, sha256) = self
            .open(source)
            .and_then(measure_open)
            .map_err(|e| failed("read", &source.path(self.data_dir), e))?;
        Ok(ManifestFile {
            path: source.name(),
            size,
            sha256,
        })
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::File { name, .. } => (*name).to_owned(),
            Self::Picture(path) => path.to_string(),
        }
    }

    fn path(&self, data_dir: &Path) -> PathBuf {
        match self {
            Self::File { path, .. } => path.clone(),
            Self::Picture(path) => path.shown_in(data_dir),
        }
    }
}

fn copy_database(data_dir: &Path, copy: &Path) -> Result<(), StoreError> {
    // Of this schema and of this program, or it is an error already.
    let source = Store::open_read_only(data_dir)?;
    let doing = "copying the database";
    let explain = |e| StoreError::of_sqlite(doing, copy, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(copy, flags).map_err(explain)?;
    {
        let backup = Backup::new(&source.connection, &mut target).map_err(explain)?;
        backup
            .run_to_completion(PAGES_A_STEP, Duration::from_millis(1), None)
            .map_err(explain)?;
    }
    // One file, without a journal beside it.
    target
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(explain)?;
    std::fs::set_permissions(copy, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(|e| failed("protect", copy, e))
}

fn manifest_of(
    snapshot: &Store,
    contents: &Contents<'_>,
    missing: Vec<String>,
    at: DateTime<FixedOffset>,
) -> Result<Manifest, StoreError> {
    let trail = snapshot.verify_chain()?;
    if let Some(broken) = trail.broken {
        // Kept all the same: the only copy of a record is worth more than a clean one.
        tracing::warn!(%broken, "the backup holds a broken audit trail");
    }
    let measured = contents.sources.iter();
    let files = measured
        .map(|source| contents.measure(source))
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Manifest {
        format: FORMAT,
        rollcall: env!("CARGO_PKG_VERSION").into(),
        schema: schema::VERSION,
        made_at: at,
        people: snapshot.everybody()?.len(),
        events: snapshot.event_count()?,
        trail_records: trail.records,
        trail_head: trail.head,
        missing,
        files,
    })
}

fn write_archive(
    path: &Path,
    manifest: &Manifest,
    contents: &Contents<'_>,
    passphrase: Option<&Passphrase>,
) -> Result<(), StoreError> {
    let attempt = || -> io::Result<()> {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let output = BufWriter::new(&file);
        match passphrase {
            None => {
                pack(output, manifest, contents)?.flush()?;
            }
            Some(Passphrase(passphrase)) => {
                let mut recipient = age::scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK_FACTOR);
                let recipients = std::iter::once(&recipient as &dyn age::Recipient);
                let encryptor =
                    age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
                let encrypted = pack(encryptor.wrap_output(output)?, manifest, contents)?;
                encrypted.finish()?.flush()?;
            }
        }
        file.sync_all()
    };
    attempt().map_err(|e| failed("write the backup", path, e))
}

fn pack<W: Write>(output: W, manifest: &Manifest, contents: &Contents<'_>) -> io::Result<W> {
    let mut archive = tar::Builder::new(output);
    let header = |size| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(size);
        header.set_mtime(u64::try_from(manifest.made_at.timestamp()).unwrap_or_default());
        header
    };
    let json = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(json.len() as u64), MANIFEST, json.as_slice())?;
    for (source, file) in contents.sources.iter().zip(&manifest.files) {
        // Of the length that was measured, whatever happens to the file meanwhile;
        // a change of its content shows in the hash when it is restored.
        let bytes = contents.open(source)?.take(file.size);
        archive.append_data(&mut header(file.size), &file.path, bytes)?;
    }
    archive.into_inner()
}

/// Size and SHA-256 of a file.
pub(super) fn measure(path: &Path) -> Result<(u64, String), StoreError> {
    read_bounded::open(path)
        .and_then(measure_open)
        .map_err(|e| failed("read", path, e))
}

fn measure_open(mut file: File) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
    Ok((size, super::chain::hex(hasher)))
}

pub(super) fn failed(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        doing,
        path: path.to_path_buf(),
        source,
    }
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| failed("sync", folder, e))
}

/// Whether a path in an archive is one that a backup may hold.
pub(super) fn is_expected(path: &str) -> bool {
    matches!(path, DATABASE_FILE | CONFIGURATION) || StoredPath::parse(path).is_ok()
}
