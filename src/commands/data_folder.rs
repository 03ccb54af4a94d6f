//! Which folder a station writes to, so that the demonstration and real
//! attendance never mix.
//!
//! A folder belongs to the demonstration if a demonstration made its database.
//! `--demo` in a folder of a real station goes to a folder `demo` inside it; real
//! work in a folder of the demonstration sets the demonstration's files aside
//! first. Commands that only read take the folder as it is.

use crate::say;
use rollcall_messages::Message;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Context;
use crate::store::{Author, DATABASE_FILE, PICTURES_FOLDER, StationLock, Store};

/// Setting of a database that a demonstration made.
const DEMO_SETTING: &str = "demo";

/// Folder inside the data folder for a demonstration beside real work.
const DEMO_FOLDER: &str = "demo";

/// Demonstrations that are kept beside each other.
const MOST_ASIDE: u32 = 100;

/// A data folder that is ours to write to.
pub(super) struct DataFolder {
    pub(super) path: PathBuf,
    /// What the operator should know about the choice.
    pub(super) remark: Option<Message>,
}

/// The folder for a demonstration.
pub(super) fn for_demo(context: &Context) -> Result<DataFolder> {
    let folder = context.data_dir();
    if !has_database(folder) || is_demo(folder)? {
        return mark_as_demo(folder.to_path_buf(), None, context);
    }
    let inside = folder.join(DEMO_FOLDER);
    let remark = say::demo_refused(folder.display().to_string(), inside.display().to_string());
    mark_as_demo(inside, Some(remark), context)
}

/// The folder for real attendance.
pub(super) fn for_work(context: &Context) -> Result<DataFolder> {
    let folder = context.data_dir();
    let remark = if has_database(folder) && is_demo(folder)? {
        let aside = set_aside(folder)?;
        Some(say::demo_moved(aside.display().to_string()))
    } else {
        None
    };
    Ok(DataFolder {
        path: folder.to_path_buf(),
        remark,
    })
}

fn has_database(folder: &Path) -> bool {
    folder.join(DATABASE_FILE).exists()
}

fn is_demo(folder: &Path) -> Result<bool> {
    // Opened for writing: an older schema is brought up to date, and a damaged file is refused.
    Ok(Store::open(folder)?.setting(DEMO_SETTING)?.is_some())
}

fn mark_as_demo(path: PathBuf, remark: Option<Message>, context: &Context) -> Result<DataFolder> {
    let mut store = Store::open(&path)?;
    if store.setting(DEMO_SETTING)?.is_none() {
        let author = Author {
            name: "demo",
            at: context.clock.now().wall,
        };
        store.set_setting(DEMO_SETTING, "1", author)?;
    }
    Ok(DataFolder { path, remark })
}

/// Moves the demonstration's files into a new folder inside `folder`.
fn set_aside(folder: &Path) -> Result<PathBuf> {
    // Not from under a demonstration that is running.
    let _lock = StationLock::take(folder)?;
    let aside = std::iter::once(folder.join(DEMO_FOLDER))
        .chain((2..=MOST_ASIDE).map(|number| folder.join(format!("{DEMO_FOLDER}-{number}"))))
        .find(|candidate| !has_database(candidate))
        .with_context(|| {
            format!(
                "{} holds {MOST_ASIDE} old demonstrations; delete some",
                folder.display()
            )
        })?;
    std::fs::create_dir_all(&aside).with_context(|| format!("making {}", aside.display()))?;
    let wal = format!("{DATABASE_FILE}-wal");
    let shm = format!("{DATABASE_FILE}-shm");
    // The database last: while it is there, an interrupted move is simply done again.
    for name in [PICTURES_FOLDER, &shm, &wal, DATABASE_FILE] {
        let (from, to) = (folder.join(name), aside.join(name));
        if from.exists() {
            std::fs::rename(&from, &to)
                .with_context(|| format!("moving {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(aside)
}
