//! `rollcall models install`: networks that the operator has, into the data folder.

use anyhow::{Result, bail};

use super::Context;
use super::table::{Table, print_json};
use crate::cli::{InstallArgs, Outcome};
use crate::inference::install::{Listed, Request, Verdict, install, look};
use crate::inference::manifest::{Manifest, ModelKind};

/// Runs the command.
pub(super) fn run(args: &InstallArgs, manifest: &Manifest, context: &Context) -> Result<Outcome> {
    let folder = context.installed_models_dir();
    let request = Request {
        package: &args.package,
        id: args.id.as_ref(),
        day: context.clock.now().wall.date_naive(),
        known: manifest,
        folder: &folder,
    };
    let listed = if args.dry_run {
        look(&request)?
    } else {
        install(&request)?
    };
    if args.json {
        print_json(&listed)?;
    } else {
        print_table(&listed, args.dry_run)?;
    }
    let usable = |file: &Listed| {
        matches!(
            file.verdict,
            Verdict::Install { .. } | Verdict::Present { .. }
        )
    };
    if !listed.iter().any(usable) {
        bail!(
            "nothing in {} can be used; nothing was installed",
            args.package.display()
        );
    }
    if !args.dry_run && !args.json {
        print_advice(&listed, context);
    }
    Ok(Outcome::Done)
}

fn print_table(listed: &[Listed], dry_run: bool) -> Result<()> {
    let mut table = Table::new(&["File", "Size", "SHA-256", "What becomes of it"]);
    for file in listed {
        let verdict = match &file.verdict {
            Verdict::Install { id, title, kind } => {
                let done = if dry_run {
                    "would be installed"
                } else {
                    "installed"
                };
                format!("{done} as the {} {id}: {title}", kind.name())
            }
            Verdict::Present { id } => format!("there already, as {id}"),
            Verdict::NotOurs { reason } => format!("left out: {reason}"),
            Verdict::Unsupported { reason } => format!("cannot be run: {reason}"),
        };
        table.row([
            file.file.clone(),
            format!("{:.1} MB", file.size_bytes as f64 / 1e6),
            file.sha256[..16].to_owned(),
            verdict,
        ]);
    }
    Ok(table.print()?)
}

/// How to use what was installed, and what to know before.
fn print_advice(listed: &[Listed], context: &Context) {
    let mut installed = false;
    for file in listed {
        let Verdict::Install { id, kind, .. } = &file.verdict else {
            continue;
        };
        installed = true;
        match kind {
            ModelKind::Detector => println!("\nto use it: recognition.detector = \"{id}\""),
            ModelKind::Embedder => println!(
                "\nto use it: recognition.embedder = \"{id}\", then `rollcall people re-embed`; \
                 the default threshold was measured with another embedder, so measure this one \
                 with `rollcall eval`"
            ),
            ModelKind::Liveness => {}
        }
    }
    if installed {
        let folder = context.installed_models_dir();
        println!(
            "\nsettings go into {}; a running station takes them when it is started again.\n\
             Licence and input of each model are in {}: correct them if its publisher says otherwise. \
             InsightFace's models are for non-commercial research only.",
            context.config_file().path.display(),
            folder
                .join(crate::inference::manifest::MANIFEST_FILE)
                .display()
        );
    }
}
