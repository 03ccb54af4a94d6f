//! What a station does about a database that cannot be trusted: it sets it
//! aside, says what can be done, and does not start.

use anyhow::{Context as _, Error, Result, anyhow};

use super::Context;
use crate::store::{StationLock, StoreError, latest_aside, latest_backup, set_aside, start_fresh};

/// Sets a damaged database aside and says what to do; any other error stays as it is.
pub(super) fn set_aside_if_damaged(error: Error, context: &Context) -> Error {
    let is_damaged = matches!(
        error.downcast_ref::<StoreError>(),
        Some(StoreError::Corrupt { .. } | StoreError::NotADatabase { .. })
    );
    if !is_damaged {
        return match error.downcast_ref::<StoreError>() {
            Some(
                StoreError::Aside { .. } | StoreError::Lost { .. } | StoreError::LogWithout { .. },
            ) => {
                anyhow!("{error}\n{}", advice(context))
            }
            _ => error,
        };
    }
    let data_dir = context.data_dir();
    let done = StationLock::take(data_dir)
        .and_then(|lock| set_aside(data_dir, context.clock.now().wall, &lock));
    match done {
        Ok(aside) => anyhow!(
            "{error}\nit was set aside, unchanged, as {}\n{}",
            aside.database.display(),
            advice(context)
        ),
        Err(failed) => anyhow!("{error}\nit could not be set aside: {failed}"),
    }
}

/// Moves what is damaged away and begins with an empty database, because the
/// operator has said so. A sound database is never given up.
pub(super) fn begin_anew(context: &Context) -> Result<()> {
    let data_dir = context.data_dir();
    let lock = StationLock::take(data_dir)?;
    let is_lost =
        latest_aside(data_dir).is_some() && !data_dir.join(crate::store::DATABASE_FILE).exists();
    if !is_lost {
        match crate::store::Store::open(data_dir) {
            Err(
                StoreError::Corrupt { .. }
                | StoreError::NotADatabase { .. }
                | StoreError::Lost { .. }
                | StoreError::LogWithout { .. },
            ) => {}
            Err(error) => return Err(error.into()),
            Ok(store) => anyhow::bail!(
                "--start-fresh is for a lost or damaged database; {} is sound",
                store.path().display()
            ),
        }
    }
    let moved = start_fresh(data_dir, context.clock.now().wall, &lock)
        .context("beginning with an empty database")?;
    for path in moved.moved {
        println!("moved away: {}", path.display());
    }
    Ok(())
}

fn advice(context: &Context) -> String {
    let folder = context.backup_folder();
    match latest_backup(&folder) {
        Some(backup) => format!(
            "the last backup is {}: try it with `rollcall restore {} --dry-run`",
            backup.display(),
            backup.display()
        ),
        None => format!(
            "no backup is in {}; restore one from elsewhere with `rollcall restore FILE`, \
             or begin with an empty database: `rollcall run --start-fresh`",
            folder.display()
        ),
    }
}
