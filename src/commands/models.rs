//! `rollcall models`: which networks there are, what one may do with them, and
//! whether they are what they should be.

use anyhow::Result;
use serde::Serialize;

use super::install_models;
use super::table::{Table, print_json};
use super::{Context, ModelsInUse};
use crate::cli::{JsonArgs, ModelsCommand, Outcome};
use crate::inference::manifest::Manifest;

#[derive(Serialize)]
struct ModelRow<'a> {
    id: &'a str,
    file: &'a str,
    title: &'a str,
    kind: &'static str,
    in_use: bool,
    size_bytes: u64,
    licence: &'a str,
    licence_note: Option<&'a str>,
    source: String,
    sha256: &'a str,
}

/// Runs the command.
pub(super) fn run(command: &ModelsCommand, context: &Context) -> Result<Outcome> {
    let manifest = context.manifest()?;
    match command {
        ModelsCommand::List(args) => list(&manifest, context, *args),
        ModelsCommand::Verify(args) => verify(&manifest, *args),
        ModelsCommand::Install(args) => install_models::run(args, &manifest, context),
    }
}

fn list(manifest: &Manifest, context: &Context, args: JsonArgs) -> Result<Outcome> {
    let used = ModelsInUse::of(&context.config, manifest)?;
    let rows: Vec<ModelRow<'_>> = manifest
        .models()
        .iter()
        .map(|model| ModelRow {
            id: model.id(),
            file: &model.file,
            title: &model.title,
            kind: model.kind.name(),
            in_use: used.contains(model),
            size_bytes: model.size_bytes,
            licence: &model.licence.declared,
            licence_note: model.licence.note.as_deref(),
            source: format!(
                "{} {} {}, {}",
                model.source.registry,
                model.source.package,
                model.source.version,
                model.source.member
            ),
            sha256: &model.sha256,
        })
        .collect();
    if args.json {
        print_json(&rows)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["Id", "What", "In use", "Size", "Licence", "Source"]);
    for row in &rows {
        table.row([
            row.id.to_owned(),
            row.kind.to_owned(),
            if row.in_use { "yes" } else { "no" }.to_owned(),
            format!("{:.1} MB", row.size_bytes as f64 / 1e6),
            row.licence.to_owned(),
            row.source.clone(),
        ]);
    }
    table.print()?;
    for row in &rows {
        if let Some(note) = row.licence_note {
            println!("\n{}: {note}", row.file);
        }
    }
    Ok(Outcome::Done)
}

fn verify(manifest: &Manifest, args: JsonArgs) -> Result<Outcome> {
    let results = manifest.verify();
    if args.json {
        print_json(&results)?;
    } else {
        for result in &results {
            match &result.problem {
                None => println!("ok    {}", result.file),
                Some(problem) => println!("BAD   {}: {problem}", result.file),
            }
        }
    }
    let all_good = results.iter().all(|r| r.ok);
    Ok(if all_good { Outcome::Done } else { Outcome::No })
}
