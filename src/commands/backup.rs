//! `rollcall backup` and `rollcall restore`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;

use super::table::print_json;
use super::{Context, operator, settings};
use crate::cli::{BackupArgs, Outcome, RestoreArgs};
use crate::config::Config;
use crate::store::{
    BackupPlan, CONFIGURATION_ASIDE, CheckedBackup, Manifest, Passphrase, RestorePlan,
    RestoredConfiguration, SetAside, StationLock, back_up, describe_backup,
};

/// Passphrase of backups, where it shall not be in a file.

#[derive(Serialize)]
struct Report<'a> {
    archive: &'a Path,
    /// Whether something was written: a backup, or the restored files.
    done: bool,
    /// What a restore has moved away.
    moved_away: Vec<PathBuf>,
    /// What an operator should know of a restored archive.
    warnings: &'a [String],
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
            warnings: &[],
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
    let warnings = warnings(&checked, args, context)?;
    if !args.dry_run && !args.yes {
        for warning in &warnings {
            println!("{warning}");
        }
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
        let plan = RestorePlan {
            author: context.author(&operator),
            configuration: if args.with_config {
                RestoredConfiguration::PutInForce
            } else {
                RestoredConfiguration::LaidAside
            },
            key_file: args.key_file.as_deref(),
        };
        Some(checked.install(data_dir, &plan, &lock)?)
    };
    report(args, &manifest, &warnings, aside)
}

/// What an operator should know before the backup takes effect.
fn warnings(checked: &CheckedBackup, args: &RestoreArgs, context: &Context) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    if let Some(broken) = &checked.broken {
        warnings.push(format!("its audit trail does not fit together: {broken}"));
    }
    if let Some(key) = &checked.key {
        warnings.push(format!(
            "its faces are encrypted; it says that their key is in \"{}\"",
            key.path.to_string_lossy().escape_debug()
        ));
    }
    if let Some(text) = &checked.configuration {
        let file = context.config_file().path;
        let present = std::fs::read_to_string(&file).unwrap_or_default();
        let changes = settings::changes(&present, text);
        if args.with_config {
            Config::check(text, Path::new("config.toml in the backup"))?;
            let count = changes.len();
            warnings.push(format!(
                "its configuration is put in force; {count} settings change:"
            ));
        } else if !changes.is_empty() {
            warnings.push(format!(
                "its configuration is laid beside yours as {CONFIGURATION_ASIDE}; \
                 --with-config puts it in force and would change {} settings:",
                changes.len()
            ));
        }
        warnings.extend(changes.iter().map(|change| format!("  {change}")));
    }
    Ok(warnings)
}

fn report(
    args: &RestoreArgs,
    manifest: &Manifest,
    warnings: &[String],
    aside: Option<SetAside>,
) -> Result<Outcome> {
    let done = aside.is_some();
    let moved_away = aside.map(|aside| aside.moved).unwrap_or_default();
    if args.json {
        print_json(&Report {
            archive: &args.archive,
            done,
            moved_away,
            warnings,
            manifest,
        })?;
        return Ok(Outcome::Done);
    }
    for warning in warnings {
        println!("{warning}");
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
pub(super) fn passphrase(file: Option<&Path>, context: &Context) -> Result<Option<Passphrase>> {
    if let Some(path) = file {
        return Ok(Some(Passphrase::read(path)?));
    }
    Ok(context.passphrase()?)
}
