//! A database that cannot be trusted is set aside, and nothing starts in its
//! place unless the operator says so.
//!
//! Invariants:
//! - The damaged files are renamed, never changed: somebody may still read them. That holds
//!   from before they were opened: [`Store::open`] folds no write-ahead log into a database
//!   that it has not found sound, and the log's index, which SQLite builds again whenever it
//!   looks, is kept as it was.
//! - While a damaged database lies aside and no other is there, [`Store::open`]
//!   refuses, so that a second start does not become a silent fresh one.

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::error::StoreError;
use super::presence::beside;
use super::{DATABASE_FILE, PICTURES_FOLDER, StationLock, Store};
use rollcall_system::read_bounded;

/// What is put behind the name of a file that was set aside, before the time.
const ASIDE: &str = ".aside-";

/// What is put behind the name of a copy of a database that was deleted while it was open.
pub(super) const RESCUED: &str = ".rescued-";

/// Behind the name of such a copy that is not whole yet.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Behind the name of the index of a log as it was before a damaged database was opened.
const INDEX_BEFORE: &str = "-shm.before";

/// The files of a database besides itself.
const JOURNALS: [&str; 3] = ["-shm", "-wal", "-journal"];

/// An index is 32 KB for every 4,096 pages of the log, and the log is a few megabytes.
const LARGEST_INDEX: u64 = 16 << 20;

/// What was moved out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The database in its new place.
    pub database: PathBuf,
    /// Everything that was moved, new names.
    pub moved: Vec<PathBuf>,
}

/// Renames the database and its journals. Pictures stay where they are.
///
/// # Errors
/// If there is no database or a file cannot be renamed.
pub fn set_aside(
    data_dir: &Path,
    at: DateTime<FixedOffset>,
    _lock: &StationLock,
) -> Result<SetAside, StoreError> {
    move_away(data_dir, &[DATABASE_FILE], at)
}

/// Moves database and pictures away and makes an empty database in their place.
///
/// # Errors
/// If a file cannot be renamed, or the new database cannot be made.
pub fn start_fresh(
    data_dir: &Path,
    at: DateTime<FixedOffset>,
    _lock: &StationLock,
) -> Result<SetAside, StoreError> {
    let set_aside = move_away(data_dir, &[PICTURES_FOLDER, DATABASE_FILE], at)?;
    Store::make(data_dir)?;
    Ok(set_aside)
}

/// Moves everything away that a restored backup brings.
pub(super) fn make_room(
    data_dir: &Path,
    names: &[&str],
    at: DateTime<FixedOffset>,
) -> Result<SetAside, StoreError> {
    move_away(data_dir, names, at)
}

/// The index of the log of a database that was not closed; it says nothing that the log does
/// not say, but belongs to what a crash left.
pub(super) fn index_of_log(database: &Path) -> Option<Vec<u8>> {
    let log = std::fs::metadata(beside(database, "-wal")).ok()?;
    if log.len() == 0 {
        return None;
    }
    read_bounded::file(&beside(database, "-shm"), LARGEST_INDEX).ok()
}

/// Keeps it until the database is set aside.
pub(super) fn keep_index(database: &Path, index: Option<Vec<u8>>) {
    let path = beside(database, INDEX_BEFORE);
    let Some(index) = index.filter(|_| !path.exists()) else {
        return;
    };
    if let Err(error) = rollcall_system::whole_file::replace(&path, &index) {
        tracing::warn!(%error, path = %path.display(), "the index of the log was not kept");
    }
}

/// The database that was set aside or rescued last, if any was.
pub fn latest_aside(data_dir: &Path) -> Option<PathBuf> {
    let prefixes = [ASIDE, RESCUED].map(|tail| format!("{DATABASE_FILE}{tail}"));
    let mut found: Vec<PathBuf> = std::fs::read_dir(data_dir)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            // The journals beside it have the same name and a little more.
            name.is_some_and(|n| {
                prefixes.iter().any(|prefix| n.starts_with(prefix))
                    && !JOURNALS.iter().any(|tail| n.ends_with(tail))
                    && !n.ends_with(UNFINISHED)
            })
        })
        .collect();
    found.sort_by_key(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok());
    found.pop()
}

fn move_away(
    data_dir: &Path,
    names: &[&str],
    at: DateTime<FixedOffset>,
) -> Result<SetAside, StoreError> {
    let stamp = at.to_utc().format("%Y%m%dT%H%M%SZ").to_string();
    // Twice in one second is possible; overwriting what lies aside is not.
    let suffix = std::iter::once(stamp.clone())
        .chain((2..1000).map(|number| format!("{stamp}-{number}")))
        .map(|stamp| format!("{ASIDE}{stamp}"))
        .find(|suffix| {
            let is_free = |name: &&str| !data_dir.join(format!("{name}{suffix}")).exists();
            names.iter().all(is_free)
        })
        .ok_or_else(|| StoreError::File {
            doing: "find a free name to set aside",
            path: data_dir.to_path_buf(),
            source: std::io::ErrorKind::AlreadyExists.into(),
        })?;
    let mut moved = Vec::new();
    for name in names {
        // The journals belong to the database: with them it can be read again.
        let with_journals = [JOURNALS[0], JOURNALS[1], JOURNALS[2], INDEX_BEFORE, ""];
        let tails = if *name == DATABASE_FILE {
            &with_journals[..]
        } else {
            &[""]
        };
        for tail in tails {
            // In the place of the index that was built when somebody looked.
            let as_tail = if *tail == INDEX_BEFORE { "-shm" } else { tail };
            let from = data_dir.join(format!("{name}{tail}"));
            let to = data_dir.join(format!("{name}{suffix}{as_tail}"));
            match std::fs::rename(&from, &to) {
                Ok(()) if moved.contains(&to) => {}
                Ok(()) => moved.push(to),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => {
                    return Err(StoreError::File {
                        doing: "set aside",
                        path: from,
                        source,
                    });
                }
            }
        }
    }
    Ok(SetAside {
        database: data_dir.join(format!("{DATABASE_FILE}{suffix}")),
        moved,
    })
}
