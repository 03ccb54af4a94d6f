//! One station per data folder.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rollcall_system::lock_file;

use super::StoreError;

/// Name of the lock file in the data folder.
const LOCK_FILE: &str = "station.lock";

/// Held by a running station; released when dropped, and by the kernel when the
/// process dies, so that a power cut leaves nothing to clean up.
#[derive(Debug)]
pub struct StationLock {
    data_dir: PathBuf,
    /// Replaced when the file was deleted and made again.
    file: Mutex<File>,
}

impl StationLock {
    /// Takes the lock of an existing data folder.
    ///
    /// # Errors
    /// [`StoreError::StationRuns`] if another process has it.
    pub fn take(data_dir: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            data_dir: data_dir.to_path_buf(),
            file: Mutex::new(locked(data_dir)?),
        })
    }

    /// Makes sure that the lock still keeps other stations out: a lock file that was deleted
    /// or replaced locks nothing. It is taken again if nobody else has taken it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::StationRuns`] if another station is in the folder now.
    pub(super) fn require(&self) -> Result<(), StoreError> {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.data_dir.join(LOCK_FILE);
        let found = std::fs::symlink_metadata(&path).ok();
        let held = file.metadata().ok();
        let is_ours = found
            .zip(held)
            .is_some_and(|(found, held)| (found.dev(), found.ino()) == (held.dev(), held.ino()));
        if !is_ours {
            *file = locked(&self.data_dir)?;
            tracing::warn!(path = %path.display(), "the lock file was removed; it was made again");
        }
        Ok(())
    }
}

fn locked(data_dir: &Path) -> Result<File, StoreError> {
    let path = data_dir.join(LOCK_FILE);
    let failed = |source| StoreError::File {
        doing: "lock",
        path: path.clone(),
        source,
    };
    let held = lock_file::take(&path).map_err(failed)?;
    held.ok_or_else(|| StoreError::StationRuns {
        data_dir: data_dir.to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_station_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = StationLock::take(dir.path()).unwrap();
        assert!(matches!(
            StationLock::take(dir.path()),
            Err(StoreError::StationRuns { .. })
        ));
        drop(first);
        StationLock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_lock_file_that_was_removed_is_made_again_unless_another_station_was_quicker() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_FILE);
        let first = StationLock::take(dir.path()).unwrap();
        first.require().unwrap();
        std::fs::remove_file(&path).unwrap();
        first.require().unwrap();
        assert!(matches!(
            StationLock::take(dir.path()),
            Err(StoreError::StationRuns { .. })
        ));
        std::fs::remove_file(&path).unwrap();
        let second = StationLock::take(dir.path()).unwrap();
        assert!(matches!(
            first.require(),
            Err(StoreError::StationRuns { .. })
        ));
        drop(second);
        first.require().unwrap();
    }

    #[test]
    fn a_lock_file_that_is_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, dir.path().join(LOCK_FILE)).unwrap();
        StationLock::take(dir.path()).unwrap_err();
        assert!(!elsewhere.exists());
    }
}
