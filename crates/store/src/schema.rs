//! The shape of the database, as migrations that are only ever appended to.
//!
//! Invariant: a migration that was released is never edited; stations in the
//! field have run it. `user_version` counts the migrations a file has seen.

use rusqlite::{Connection, TransactionBehavior};

use super::error::{Fault, StoreError};
use super::{chain, coverage, exact_schema};

/// Marks the file as ours: "ROLL" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x524F_4C4C;

/// One step of the schema.
struct Migration {
    sql: &'static str,
    /// What SQL alone cannot do, e.g. a hash; runs after it in the same transaction.
    finish: fn(&Connection) -> Result<(), Fault>,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: include_str!("schema/001.sql"),
        finish: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema/002.sql"),
        finish: chain::adopt_version_1,
    },
    Migration {
        sql: include_str!("schema/003.sql"),
        finish: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema/004.sql"),
        finish: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema/005.sql"),
        finish: |_| Ok(()),
    },
    Migration {
        sql: include_str!("schema/006.sql"),
        finish: coverage::adopt,
    },
    Migration {
        sql: include_str!("schema/007.sql"),
        finish: |_| Ok(()),
    },
];

/// The version this program writes.
pub(super) const VERSION: usize = MIGRATIONS.len();

/// Whose file it is and how far it has been migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) application_id: i32,
    pub(super) version: i64,
    pub(super) empty: bool,
}

impl Identity {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application_id: connection.query_row("PRAGMA application_id", [], |r| r.get(0))?,
            version: connection.query_row("PRAGMA user_version", [], |r| r.get(0))?,
            empty: connection
                .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |r| r.get(0))?,
        })
    }

    /// Refuses a file of another program or of a later Rollcall.
    pub(super) fn check(self, path: &std::path::Path) -> Result<(), StoreError> {
        let path = path.to_path_buf();
        let fresh = self.empty && self.application_id == 0 && self.version == 0;
        if self.application_id != APPLICATION_ID && !fresh {
            return Err(StoreError::Foreign {
                path,
                application_id: self.application_id,
            });
        }
        if usize::try_from(self.version).is_ok_and(|v| v <= VERSION) {
            Ok(())
        } else {
            Err(StoreError::Newer {
                path,
                found: self.version,
                known: VERSION,
            })
        }
    }
}

/// Refuses a file of another program, of a later Rollcall, or whose tables, triggers and
/// views are not those of its version. Nothing is written.
pub(super) fn check(connection: &Connection, path: &std::path::Path) -> Result<Identity, Fault> {
    // Both of one state, whoever is migrating beside this.
    let transaction = connection.unchecked_transaction()?;
    check_within(&transaction, path)
}

fn check_within(transaction: &Connection, path: &std::path::Path) -> Result<Identity, Fault> {
    let identity = Identity::read(transaction)?;
    identity.check(path)?;
    let version = usize::try_from(identity.version).unwrap_or(VERSION);
    let differences = exact_schema::differences(transaction, version)?;
    if differences.is_empty() {
        Ok(identity)
    } else {
        Err(Fault::Store(StoreError::ForeignSchema {
            path: path.to_path_buf(),
            differences: exact_schema::in_words(&differences),
        }))
    }
}

/// Runs some of the migrations.
pub(super) fn run_migrations(
    connection: &Connection,
    steps: std::ops::Range<usize>,
) -> Result<(), Fault> {
    for migration in &MIGRATIONS[steps] {
        connection.execute_batch(migration.sql)?;
        (migration.finish)(connection)?;
    }
    Ok(())
}

/// Brings the database up to [`VERSION`], all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &std::path::Path) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Checked again: another process may have migrated while this one waited for the lock.
    let identity = check_within(&transaction, path)?;
    let done = usize::try_from(identity.version).unwrap_or(VERSION);
    run_migrations(&transaction, done..VERSION)?;
    if done < VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(())
}
