//! Temporary folders that hold a copy of everything while a backup is made or unpacked.
//!
//! Invariants:
//! - Only their owner can look into them, whatever the umask is.
//! - They go when the work ends. What a power cut or a kill leaves is removed by the next
//!   start, backup or restore; whether somebody is still at work in one shows by its lock.

use std::fs::{File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::backup::failed;
use super::error::StoreError;

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Workplace {
    folder: TempDir,
    /// Locked as long as somebody works here; the kernel unlocks it when the process dies.
    _lock: File,
}

impl Workplace {
    /// Makes one inside of `parent` whose name begins with `prefix`.
    pub(super) fn make(parent: &Path, prefix: &str) -> Result<Self, StoreError> {
        let explain = |e| failed("make a temporary folder in", parent, e);
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(explain)?;
        let lock = File::open(folder.path()).map_err(explain)?;
        // A file system without locks leaves it to the age of the folder.
        if let Err(TryLockError::Error(error)) = lock.try_lock() {
            tracing::debug!(%error, "the temporary folder is not locked");
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders that nobody is at work in.
pub(super) fn remove_leftovers(parent: &Path, prefix: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours || is_in_use(&entry.path()) {
            continue;
        }
        match std::fs::remove_dir_all(entry.path()) {
            Ok(()) => tracing::warn!(path = %entry.path().display(), "a leftover was removed"),
            Err(error) => {
                tracing::warn!(%error, path = %entry.path().display(), "leftover not removed");
            }
        }
    }
}

/// Folders that are there although nobody may be at work in them, for a report.
pub(super) fn leftovers(parent: &Path, prefix: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !is_in_use(path))
        .collect()
}

fn is_in_use(folder: &Path) -> bool {
    match File::open(folder).map(|lock| lock.try_lock()) {
        Ok(Ok(())) => false,
        Ok(Err(TryLockError::WouldBlock)) => true,
        // No locks here: a young one may belong to another process.
        _ => std::fs::metadata(folder)
            .and_then(|found| found.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() < A_DAY)),
    }
}

const A_DAY: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_works_in_is_removed_and_the_rest_stays() {
        let parent = tempfile::tempdir().unwrap();
        let at_work = Workplace::make(parent.path(), ".work-").unwrap();
        let mode = std::fs::metadata(at_work.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        let left = parent.path().join(".work-left");
        std::fs::create_dir_all(left.join("deep")).unwrap();
        std::fs::write(left.join("deep/station.db"), "names").unwrap();
        std::fs::create_dir(parent.path().join("other")).unwrap();
        assert_eq!(
            leftovers(parent.path(), ".work-"),
            std::slice::from_ref(&left)
        );
        remove_leftovers(parent.path(), ".work-");
        assert!(!left.exists());
        assert!(at_work.path().exists() && parent.path().join("other").exists());
        let path = at_work.path().to_path_buf();
        drop(at_work);
        assert!(!path.exists());
    }
}
