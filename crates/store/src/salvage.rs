//! A database that cannot be trusted is set aside, and nothing starts in its
//! place unless the operator says so.
//!
//! Invariants:
//! - The damaged files are renamed, never changed: somebody may still read them.
//! - While a damaged database lies aside and no other is there, [`Store::open`]
//!   refuses, so that a second start does not become a silent fresh one.

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::error::StoreError;
use super::{DATABASE_FILE, PICTURES_FOLDER, StationLock, Store};

/// What is put behind the name of a file that was set aside, before the time.
const ASIDE: &str = ".aside-";

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

/// The database that was set aside last, if any was.
pub fn latest_aside(data_dir: &Path) -> Option<PathBuf> {
    let prefix = format!("{DATABASE_FILE}{ASIDE}");
    let mut found: Vec<PathBuf> = std::fs::read_dir(data_dir)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            // The journals beside it have the same name and a little more.
            name.is_some_and(|n| {
                n.starts_with(&prefix) && !n.ends_with("-wal") && !n.ends_with("-shm")
            })
        })
        .collect();
    found.sort();
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
        for tail in if *name == DATABASE_FILE {
            &["-shm", "-wal", ""][..]
        } else {
            &[""]
        } {
            let from = data_dir.join(format!("{name}{tail}"));
            let to = data_dir.join(format!("{name}{suffix}{tail}"));
            match std::fs::rename(&from, &to) {
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
