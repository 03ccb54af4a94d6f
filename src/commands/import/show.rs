//! How a file was understood, for whoever decides whether to import it.

use anyhow::Result;

use super::super::table::print_json;
use crate::cli::ImportFileArgs;
use crate::import::Understood;

/// Prints all of it, as a run that writes nothing does.
pub(super) fn print(understood: &Understood, args: &ImportFileArgs) -> Result<()> {
    if args.json {
        return Ok(print_json(understood)?);
    }
    println!("{}", args.file.display());
    for (name, value) in &understood.facts {
        println!("  {name:<11} {value}");
    }
    println!("first rows:");
    for row in &understood.first_rows {
        println!("  {row}");
    }
    for remark in &understood.remarks {
        println!("note: {remark}");
    }
    println!("nothing was written; the same command without --dry-run imports it");
    Ok(())
}

/// Prints what was not taken as it stands, beside an import.
pub(super) fn remarks(understood: &Understood) {
    for remark in &understood.remarks {
        eprintln!("note: {remark}");
    }
}
