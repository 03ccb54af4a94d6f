//! One station per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StoreError;

/// Name of the lock file in the data folder.
const LOCK_FILE: &str = "station.lock";

/// Held by a running station; released when dropped, and by the kernel when the
/// process dies, so that a power cut leaves nothing to clean up.
#[derive(Debug)]
pub struct StationLock {
    _file: File,
}

impl StationLock {
    /// Takes the lock of an existing data folder.
    ///
    /// # Errors
    /// [`StoreError::StationRuns`] if another process has it.
    pub fn take(data_dir: &Path) -> Result<Self, StoreError> {
        let path = data_dir.join(LOCK_FILE);
        let failed = |source| StoreError::File {
            doing: "lock",
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::StationRuns {
                data_dir: data_dir.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
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
}
