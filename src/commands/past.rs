//! Changes that would measure days anew which have passed: said before they are done, and
//! asked about.
//!
//! Two ways lead there. A command changes something about a person: it says what that would
//! alter and goes on when it is told to ([`confirm`]). Or somebody has edited the settings that
//! days are measured by: a copy of those that were last agreed to lies with the records, and
//! whatever differs from it is said by the station, by reports and by `doctor`, until somebody
//! accepts it ([`accept`]).

use std::io::{IsTerminal, Write as _};

use anyhow::{Context as _, Result, bail};

use super::{Context, operator};
use crate::cli::Outcome;
use crate::config::{Config, Measuring};
use crate::core::person::Person;
use crate::core::worktime::alteration::Alteration;
use crate::store::{Author, Store};

/// The settings that were last agreed to, in the table of settings.
const ACCEPTED: &str = "measuring.accepted";

/// Those that were last noted in the audit trail without being agreed to.
const NOTICED: &str = "measuring.noticed";

/// How to agree.
const REMEDY: &str = "`rollcall config --accept` shows the days and agrees; \
    undo the edit to measure them as before";

/// Settings that are not those that were agreed to.
pub(super) struct ChangedSettings {
    /// Which ones, in words.
    differences: String,
    /// What they alter; `None` if that cannot be worked out.
    alteration: Option<Alteration>,
    in_use: Measuring,
}

impl ChangedSettings {
    /// What differs and what that does, and what to do, in a sentence or two.
    pub(super) fn words(&self) -> String {
        let settings = &self.differences;
        match &self.alteration {
            Some(alteration) => format!("settings were changed ({settings}): {alteration}"),
            None => format!(
                "settings were changed ({settings}), and those of before are of another version"
            ),
        }
    }

    /// The same with what to do about it.
    pub(super) fn advice(&self) -> String {
        format!("{}. {REMEDY}", self.words())
    }

    pub(super) fn is_harmless(&self) -> bool {
        self.alteration.as_ref().is_some_and(Alteration::is_none)
    }
}

/// What a change of people would do to the days before today.
pub(super) fn foreseen(
    store: &Store,
    context: &Context,
    change: &dyn Fn(&mut Person),
) -> Result<Alteration> {
    let plan = context.work_plan()?;
    let now = context.clock.now().wall;
    Ok(store.alteration((&plan, &plan), change, &now)?)
}

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

/// Notes in the audit trail that days which have passed come out otherwise.
pub(super) fn note(
    store: &mut Store,
    alteration: &Alteration,
    subject: &str,
    author: Author<'_>,
) -> Result<()> {
    if !alteration.is_none() {
        store.note(author, "past.alter", subject, &alteration.to_string())?;
    }
    Ok(())
}

/// How the settings in use differ from those that were agreed to; `None` if they do not, or
/// nobody has agreed to any yet.
pub(super) fn changed_settings(
    store: &Store,
    context: &Context,
) -> Result<Option<ChangedSettings>> {
    let Some((accepted, in_use)) = differing(store, context)? else {
        return Ok(None);
    };
    let now = context.clock.now().wall;
    let differences = differences(accepted.as_ref(), &in_use);
    let before = accepted.and_then(|accepted| accepted.work_plan().ok());
    let alteration = before
        .map(|before| -> Result<Alteration> {
            let after = in_use.work_plan()?;
            Ok(store.alteration((&before, &after), &|_| {}, &now)?)
        })
        .transpose()?;
    Ok(Some(ChangedSettings {
        differences,
        alteration,
        in_use,
    }))
}

/// The settings that were agreed to, if this version can read them, and those in use.
fn differing(store: &Store, context: &Context) -> Result<Option<(Option<Measuring>, Measuring)>> {
    let in_use = context.config.measuring(context.data_dir())?;
    let accepted = store.setting(ACCEPTED)?;
    let accepted = accepted.filter(|kept| *kept != in_use.to_text());
    Ok(accepted.map(|text| (Measuring::from_text(&text), in_use)))
}

fn differences(accepted: Option<&Measuring>, in_use: &Measuring) -> String {
    let found = accepted.map_or_else(Vec::new, |accepted| accepted.differences(in_use));
    found.join(", ")
}

/// At the start of a station or of a command that changes records: takes over the first settings
/// and those that alter nothing. Of others it notes once in the audit trail what they alter, and
/// says each time that nobody has agreed.
pub(super) fn take_notice(store: &mut Store, context: &Context) -> Result<Option<String>> {
    let login = operator();
    let author = context.author(&login);
    let Some((accepted, in_use)) = differing(store, context)? else {
        if store.setting(ACCEPTED)?.is_none() {
            let first = context.config.measuring(context.data_dir())?;
            keep(store, &first, "the first ones", author)?;
        }
        return Ok(None);
    };
    let text = in_use.to_text();
    if store.setting(NOTICED)?.as_ref() == Some(&text) {
        let settings = differences(accepted.as_ref(), &in_use);
        return Ok(Some(format!(
            "days that have passed are measured by settings that nobody has agreed to \
             ({settings}). {REMEDY}"
        )));
    }
    let Some(changed) = changed_settings(store, context)? else {
        return Ok(None);
    };
    if changed.is_harmless() {
        keep(store, &changed.in_use, &changed.words(), author)?;
        return Ok(None);
    }
    let words = changed.words();
    store.set_described_setting((NOTICED, &text), ("settings.edited", &words), author)?;
    Ok(Some(changed.advice()))
}

fn keep(store: &mut Store, settings: &Measuring, why: &str, author: Author<'_>) -> Result<()> {
    let value = settings.to_text();
    Ok(store.set_described_setting((ACCEPTED, &value), ("settings.accept", why), author)?)
}

/// The same at the command line.
pub(super) fn say_notice(store: &mut Store, context: &Context) {
    match take_notice(store, context) {
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
    drop(context.store_to_read()?);
    let mut store = Store::open_existing(context.data_dir())?;
    let login = operator();
    let author = context.author(&login);
    let Some(changed) = changed_settings(&store, context)? else {
        take_notice(&mut store, context)?;
        println!("the settings in use are those that were agreed to");
        return Ok(Outcome::Done);
    };
    eprintln!("{}", changed.words());
    if let Some(alteration) = &changed.alteration {
        confirm(alteration, yes)?;
    }
    keep(&mut store, &changed.in_use, &changed.words(), author)?;
    println!("agreed: days are measured by the settings in use");
    Ok(Outcome::Done)
}

/// What it would alter to measure days by one configuration after the other.
pub(super) fn of_configs(
    store: &Store,
    context: &Context,
    (before, after): (&Config, &Config),
) -> Result<Alteration> {
    let (before, after) = (
        before.measuring(context.data_dir())?,
        after.measuring(context.data_dir())?,
    );
    if before == after {
        return Ok(Alteration::default());
    }
    let plans = (before.work_plan()?, after.work_plan()?);
    let now = context.clock.now().wall;
    Ok(store.alteration((&plans.0, &plans.1), &|_| {}, &now)?)
}

/// Agrees to what the program itself has changed after it had asked, unless something else was
/// changed before that nobody has agreed to.
pub(super) fn agree(
    store: &mut Store,
    context: &Context,
    (before, after): (&Config, &Config),
    (alteration, author): (&Alteration, Author<'_>),
) -> Result<()> {
    let (before, after) = (
        before.measuring(context.data_dir())?,
        after.measuring(context.data_dir())?,
    );
    let accepted = store.setting(ACCEPTED)?;
    if before == after || accepted.is_some_and(|accepted| accepted != before.to_text()) {
        return Ok(());
    }
    keep(store, &after, &alteration.to_string(), author)
}
