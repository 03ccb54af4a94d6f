//! `rollcall backup` and `rollcall restore`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;

use super::table::print_json;
use super::{Context, operator};
use crate::cli::{BackupArgs, Outcome, RestoreArgs};
use crate::store::{
    BackupPlan, CheckedBackup, Manifest, Passphrase, SetAside, StationLock, back_up,
    describe_backup,
};

/// Passphrase of backups, where it shall not be in a file.
const PASSPHRASE: &str = "ROLLCALL_BACKUP_PASSPHRASE";

#[derive(Serialize)]
struct Report<'a> {
    archive: &'a Path,
    /// Whether something was written: a backup, or the restored files.
    done: bool,
    /// What a restore has moved away.
    moved_away: Vec<PathBuf>,
    manifest: &'a Manifest,
}

/// `rollcall backup`.
pub(super) fn back_up_now(args: &BackupArgs, context: &Context) -> Result<Outcome> {
    let plan = BackupPlan {
        folder: args.to.clone().unwrap_or_else(|| context.backup_folder()),
        passphrase: passphrase(args.passphrase_file.as_deref(), context)?,
        at: context.clock.now().wall,
    };
    let (archive, manifest) = back_up(context.data_dir(), &plan)?;
    if args.json {
        print_json(&Report {
            archive: &archive,
            done: true,
            moved_away: Vec::new(),
            manifest: &manifest,
        })?;
    } else {
        println!("{}: {}", archive.display(), describe_backup(&manifest));
        for picture in &manifest.missing {
            println!("not there any more, so not in it: {picture}");
        }
        println!("end of its audit trail: {}", manifest.trail_head);
    }
    Ok(Outcome::Done)
}

/// `rollcall restore`.
pub(super) fn restore(args: &RestoreArgs, context: &Context) -> Result<Outcome> {
    let data_dir = context.data_dir();
    let passphrase = passphrase(args.passphrase_file.as_deref(), context)?;
    let checked = CheckedBackup::open(&args.archive, data_dir, passphrase.as_ref())?;
    let manifest = checked.manifest.clone();
    if !args.dry_run && !args.yes {
        bail!(
            "{} is sound: {}. It would take the place of what is in {}, which would be moved \
             aside. Say --yes to do it",
            args.archive.display(),
            describe_backup(&manifest),
            data_dir.display()
        );
    }
    let aside = if args.dry_run {
        None
    } else {
        let lock = StationLock::take(data_dir)?;
        let operator = operator();
        Some(checked.install(data_dir, context.author(&operator), &lock)?)
    };
    report(args, &manifest, aside)
}

fn report(args: &RestoreArgs, manifest: &Manifest, aside: Option<SetAside>) -> Result<Outcome> {
    let done = aside.is_some();
    let moved_away = aside.map(|aside| aside.moved).unwrap_or_default();
    if args.json {
        print_json(&Report {
            archive: &args.archive,
            done,
            moved_away,
            manifest,
        })?;
        return Ok(Outcome::Done);
    }
    for path in &moved_away {
        println!("moved aside: {}", path.display());
    }
    let what = describe_backup(manifest);
    if done {
        println!("restored {what}");
    } else {
        println!(
            "{} is sound: {what}; nothing was changed",
            args.archive.display()
        );
    }
    Ok(Outcome::Done)
}

/// From the file named on the command line, the environment, or the file of the configuration.
fn passphrase(file: Option<&Path>, context: &Context) -> Result<Option<Passphrase>> {
    if let Some(path) = file {
        return Ok(Some(Passphrase::read(path)?));
    }
    if let Some(found) = std::env::var(PASSPHRASE)
        .ok()
        .and_then(|text| Passphrase::new(&text))
    {
        return Ok(Some(found));
    }
    Ok(context
        .passphrase_file()
        .map(|path| Passphrase::read(&path))
        .transpose()?)
}
