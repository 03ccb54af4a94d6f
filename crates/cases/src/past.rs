//! Changes that would measure days anew which have passed: said before they are done, and
//! asked about.
//!
//! Two ways lead there. A case changes something about a person: it asks, and says what that would
//! alter, until the request says that it is agreed to ([`foreseen`]). Or somebody has edited the
//! settings that days are measured by: a copy of those that were last agreed to lies with the
//! records, and whatever differs from it is said by the station, by reports and by `doctor`, until
//! somebody accepts it ([`accept`]).

use rollcall_config::{Config, Measuring};
use rollcall_core::person::Person;
use rollcall_core::worktime::alteration::Alteration;
use rollcall_store::{Author, Store};

use crate::context::Context;
use crate::error::CaseError;

/// The settings that were last agreed to, in the table of settings.
const ACCEPTED: &str = "measuring.accepted";

/// Those that were last noted in the audit trail without being agreed to.
const NOTICED: &str = "measuring.noticed";

/// How to agree.
const REMEDY: &str = "`rollcall config --accept` shows the days and agrees; \
    undo the edit to measure them as before";

/// Settings that are not those that were agreed to.
#[derive(Debug)]
pub struct ChangedSettings {
    /// Which ones, in words.
    differences: String,
    /// What they alter; `None` if that cannot be worked out.
    alteration: Option<Alteration>,
    in_use: Measuring,
}

impl ChangedSettings {
    /// What differs and what that does, and what to do, in a sentence or two.
    pub fn words(&self) -> String {
        let settings = &self.differences;
        match &self.alteration {
            Some(alteration) => format!("settings were changed ({settings}): {alteration}"),
            None => format!(
                "settings were changed ({settings}), and those of before are of another version"
            ),
        }
    }

    /// The same with what to do about it.
    pub fn advice(&self) -> String {
        format!("{}. {REMEDY}", self.words())
    }

    /// What they alter of days that have passed; `None` if that cannot be worked out.
    pub fn alteration(&self) -> Option<&Alteration> {
        self.alteration.as_ref()
    }

    /// Whether they alter nothing.
    pub fn is_harmless(&self) -> bool {
        self.alteration.as_ref().is_some_and(Alteration::is_none)
    }
}

/// What a change of people would do to the days before today.
///
/// # Errors
/// If the records or the settings cannot be read.
pub fn foreseen(
    store: &Store,
    context: &Context,
    change: &dyn Fn(&mut Person),
) -> Result<Alteration, CaseError> {
    let plan = context.work_plan()?;
    let now = context.clock.now().wall;
    Ok(store.alteration((&plan, &plan), change, &now)?)
}

/// Notes in the audit trail that days which have passed come out otherwise.
///
/// # Errors
/// If the records or the settings cannot be read, or the records not be written.
pub fn note(
    store: &mut Store,
    alteration: &Alteration,
    subject: &str,
    author: Author<'_>,
) -> Result<(), CaseError> {
    if !alteration.is_none() {
        store.note(author, "past.alter", subject, &alteration.to_string())?;
    }
    Ok(())
}

/// How the settings in use differ from those that were agreed to; `None` if they do not, or
/// nobody has agreed to any yet.
///
/// # Errors
/// If the records or the settings cannot be read.
pub fn changed_settings(
    store: &Store,
    context: &Context,
) -> Result<Option<ChangedSettings>, CaseError> {
    let Some((accepted, in_use)) = differing(store, context)? else {
        return Ok(None);
    };
    let now = context.clock.now().wall;
    let differences = differences(accepted.as_ref(), &in_use);
    let before = accepted.and_then(|accepted| accepted.work_plan().ok());
    let alteration = before
        .map(|before| -> Result<Alteration, CaseError> {
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
fn differing(
    store: &Store,
    context: &Context,
) -> Result<Option<(Option<Measuring>, Measuring)>, CaseError> {
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
///
/// # Errors
/// If the records or the settings cannot be read, or the records not be written.
pub fn take_notice(
    store: &mut Store,
    context: &Context,
    author: Author<'_>,
) -> Result<Option<String>, CaseError> {
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

fn keep(
    store: &mut Store,
    settings: &Measuring,
    why: &str,
    author: Author<'_>,
) -> Result<(), CaseError> {
    let value = settings.to_text();
    Ok(store.set_described_setting((ACCEPTED, &value), ("settings.accept", why), author)?)
}

/// Agrees to the settings in use, if they are still the ones that were shown.
///
/// # Errors
/// If the records cannot be written.
pub fn accept(
    store: &mut Store,
    changed: &ChangedSettings,
    author: Author<'_>,
) -> Result<(), CaseError> {
    keep(store, &changed.in_use, &changed.words(), author)
}

/// What it would alter to measure days by one configuration after the other.
///
/// # Errors
/// If the records or the settings cannot be read.
pub fn of_configs(
    store: &Store,
    context: &Context,
    (before, after): (&Config, &Config),
) -> Result<Alteration, CaseError> {
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
///
/// # Errors
/// If the records or the settings cannot be read, or the records not be written.
pub fn agree(
    store: &mut Store,
    context: &Context,
    (before, after): (&Config, &Config),
    (alteration, author): (&Alteration, Author<'_>),
) -> Result<(), CaseError> {
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
