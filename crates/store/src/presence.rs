//! Whether the database that a connection writes to is still the one in the data folder.
//!
//! SQLite goes on writing to a file that was deleted or moved, and says that all is well; what
//! is written then is gone with the process. So each fact is only believed to be written when
//! the files are found where they were, before it and after it.
//!
//! The files are asked about by name, never opened: closing any descriptor of a database
//! would take away the locks that SQLite holds on it in this process.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::StationLock;
use super::error::StoreError;

/// Device and number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inode(u64, u64);

impl Inode {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }
}

/// What was there when the database was opened.
#[derive(Debug)]
pub(super) struct Presence {
    database: Option<Inode>,
    /// The write-ahead log, while the database has one.
    log: Option<(PathBuf, Inode)>,
    /// The station's lock, once it has one.
    lock: Option<Arc<StationLock>>,
}

impl Presence {
    /// Notes the files as they are, of a database that has just been opened.
    pub(super) fn note(database: &Path) -> Self {
        let log = beside(database, "-wal");
        Self {
            database: Inode::of(database),
            log: Inode::of(&log).map(|inode| (log, inode)),
            lock: None,
        }
    }

    pub(super) fn hold(&mut self, lock: Arc<StationLock>) {
        self.lock = Some(lock);
    }

    /// The lock goes on to the connection that takes the place of this one.
    pub(super) fn release(&mut self) -> Option<Arc<StationLock>> {
        self.lock.take()
    }

    /// An error if one of the files is gone, or another is in its place.
    pub(super) fn check(&self, database: &Path) -> Result<(), StoreError> {
        if Inode::of(database) != self.database {
            return Err(StoreError::Vanished {
                is_replaced: database.exists(),
                path: database.to_path_buf(),
            });
        }
        if let Some((path, inode)) = &self.log
            && Inode::of(path) != Some(*inode)
        {
            return Err(StoreError::Vanished {
                is_replaced: false,
                path: path.clone(),
            });
        }
        match &self.lock {
            Some(lock) => lock.require(),
            None => Ok(()),
        }
    }

    /// Whether the file has no name any more, in this folder or another.
    pub(super) fn is_deleted(&self) -> bool {
        let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
        // Asked through the link, which opens and closes nothing.
        let found = open
            .flatten()
            .filter_map(|entry| std::fs::metadata(entry.path()).ok());
        let mut ours = found.filter(|file| self.database == Some(Inode(file.dev(), file.ino())));
        ours.any(|file| file.nlink() == 0)
    }
}

/// The name of a database with something behind it.
pub(super) fn beside(database: &Path, tail: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(tail);
    PathBuf::from(name)
}
