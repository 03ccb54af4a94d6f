//! Changes that would measure days anew which have passed: said at the command line, and asked
//! about.

use std::io::{IsTerminal, Write as _};

use anyhow::{Context as _, Result, bail};

use super::{Context, operator};
use crate::cases::past::{self, changed_settings};
use crate::cli::Outcome;
use crate::core::worktime::alteration::Alteration;
use crate::store::Store;

/// Says what would be altered and asks, unless nothing would or it was agreed to with `--yes`.
///
/// # Errors
/// If nobody agrees.
pub(super) fn confirm(alteration: &Alteration, yes: bool) -> Result<()> {
    if alteration.is_none() {
        return Ok(());
    }
    eprintln!("{alteration}");
    for (code, person) in &alteration.people {
        eprintln!("  {code}: {person}");
    }
    if yes {
        return Ok(());
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        eprint!("Alter them? [y/N] ");
        std::io::stderr().flush().context("asking")?;
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .context("reading the answer")?;
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        bail!("nothing was changed");
    }
    bail!("nothing was changed: it would alter days that have passed; add --yes to agree")
}

/// The same at the command line.
pub(super) fn say_notice(store: &mut Store, context: &Context) {
    let login = operator();
    match past::take_notice(store, context, context.author(&login)) {
        Ok(Some(advice)) => eprintln!("note: {advice}"),
        Ok(None) => {}
        // Whatever needs these settings will say what is wrong with them.
        Err(error) => tracing::debug!(%error, "settings were not compared"),
    }
}

/// Before a report: says on standard error if it measures its days by settings that nobody has
/// agreed to.
pub(super) fn warn(store: &Store, context: &Context) {
    match changed_settings(store, context) {
        Ok(Some(changed)) if !changed.is_harmless() => eprintln!("note: {}", changed.advice()),
        Ok(_) => {}
        // What is wrong with the settings the report itself will say.
        Err(error) => tracing::debug!(%error, "settings were not compared"),
    }
}

/// `config --accept`: agrees to the settings in use.
pub(super) fn accept(yes: bool, context: &Context) -> Result<Outcome> {
    let mut store = context.store_to_change()?;
    let login = operator();
    let author = context.author(&login);
    let Some(changed) = changed_settings(&store, context)? else {
        past::take_notice(&mut store, context, author)?;
        println!("the settings in use are those that were agreed to");
        return Ok(Outcome::Done);
    };
    eprintln!("{}", changed.words());
    if let Some(alteration) = changed.alteration() {
        confirm(alteration, yes)?;
    }
    past::accept(&mut store, &changed, author)?;
    println!("agreed: days are measured by the settings in use");
    Ok(Outcome::Done)
}
