//! What a running station does when its database was deleted, moved or replaced under it.
//!
//! Invariants:
//! - Nothing more is written until the very file is back. Another one in its place is taken
//!   only by a new start, which an operator has to want.
//! - What was deleted is still open: it is copied beside its old place, so that no punch that
//!   was shown as done is lost with it. What was moved is made whole, without its log.
//! - A connection to a file that is not there any more removes nothing by name when it is
//!   closed: the name may belong to another database by then.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;

use super::backup::failed;
use super::error::StoreError;
use super::presence::beside;
use super::{DATABASE_FILE, StationLock, Store, make_file, salvage};

/// Pages copied at a time.
const PAGES_A_STEP: i32 = 1024;

impl Store {
    /// Keeps the station's lock as long as this connection writes.
    pub fn hold(&mut self, lock: Arc<StationLock>) {
        self.presence.hold(lock);
    }

    /// Saves what the open file holds, once it has been missed; says where the copy of a file
    /// is that was deleted.
    ///
    /// # Errors
    /// If the copy cannot be written.
    pub(super) fn let_go(
        &mut self,
        at: DateTime<FixedOffset>,
    ) -> Result<Option<PathBuf>, StoreError> {
        self.close_quietly();
        if let Err(error) = self.fold_log() {
            tracing::warn!(%error, "the log was not folded into the database that is missing");
        }
        if self.presence.is_deleted() {
            self.copy_beside(at).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Goes on, if the database is where it was. If only its log was deleted, what that held
    /// is folded into the database, which is then opened anew.
    ///
    /// # Errors
    /// As long as it is not there.
    pub(super) fn take_up_again(&mut self) -> Result<(), StoreError> {
        let missing = match self.presence.check(&self.path) {
            Err(StoreError::Vanished { path, is_replaced }) => (path, is_replaced),
            other => return other,
        };
        let (path, is_replaced) = missing;
        if path == self.path {
            return Err(StoreError::Vanished { path, is_replaced });
        }
        self.fold_log()?;
        self.close_quietly();
        let explain = |e| StoreError::of_sqlite("opening the database again", &path, e);
        // Closed before it is opened again: both would share one index of two logs.
        drop(std::mem::replace(
            &mut self.connection,
            Connection::open_in_memory().map_err(explain)?,
        ));
        let mut again = Self::open_existing(&self.data_dir)?;
        if let Some(lock) = self.presence.release() {
            again.presence.hold(lock);
        }
        *self = again;
        tracing::warn!("the log of the database was removed; it was made again, nothing is lost");
        Ok(())
    }

    fn close_quietly(&self) {
        let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if let Err(error) = self.connection.set_db_config(keep_log, true) {
            tracing::warn!(%error, "the log of the database cannot be kept");
        }
    }

    /// Writes what is in the log into the database file, wherever that is.
    fn fold_log(&self) -> Result<(), StoreError> {
        let doing = "folding the log into the database";
        let is_busy: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|e| StoreError::of_sqlite(doing, &self.path, e))?;
        if is_busy {
            return Err(StoreError::Locked {
                path: self.path.clone(),
                doing,
            });
        }
        Ok(())
    }

    fn copy_beside(&self, at: DateTime<FixedOffset>) -> Result<PathBuf, StoreError> {
        let stamp = at.to_utc().format("%Y%m%dT%H%M%SZ");
        let name = format!("{DATABASE_FILE}{}{stamp}", salvage::RESCUED);
        let path = self.data_dir.join(name);
        let doing = "rescuing the database that was deleted";
        let explain = |e| StoreError::of_sqlite(doing, &path, e);
        // Under another name until it is whole.
        let unfinished = beside(&path, salvage::UNFINISHED);
        let _ = std::fs::remove_file(&unfinished);
        make_file(&unfinished)?;
        let mut target = Connection::open(&unfinished).map_err(explain)?;
        Backup::new(&self.connection, &mut target)
            .and_then(|copy| copy.run_to_completion(PAGES_A_STEP, Duration::ZERO, None))
            .map_err(explain)?;
        target
            .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
            .map_err(explain)?;
        target.close().map_err(|(_, e)| explain(e))?;
        std::fs::rename(&unfinished, &path).map_err(|e| failed("name the copy", &path, e))?;
        Ok(path)
    }
}
