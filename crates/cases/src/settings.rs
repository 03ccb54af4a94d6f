//! Single settings: which there are, and changing one.

mod check;

use chrono::{DateTime, FixedOffset};

use rollcall_camera::{SourceSpec, without_credentials};
use rollcall_config::{Config, applies_at_once};
use rollcall_core::worktime::alteration::Alteration;
use rollcall_protocol::{Agreement, SettingChange, SettingRow};
use rollcall_store::{Author, Store};

use crate::context::{Context, environment};
use crate::error::CaseError;
use crate::networks::ModelsInUse;
use crate::{Outcome, past};

/// A setting that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its new value, without a password.
    pub said: String,
    /// Whether a running station takes it on; otherwise it holds from the next start.
    pub is_in_use: bool,
    /// The change that takes it back.
    pub undo: SettingChange,
}

/// All settings that are one value, as the configuration file has them.
///
/// # Errors
/// If the file cannot be read or is not valid.
pub fn rows(context: &Context) -> Result<Vec<SettingRow>, CaseError> {
    Ok(context.config_file().settings(environment)?)
}

/// The same for a screen, which may have an audience: an address may hold a password.
///
/// # Errors
/// As [`rows`].
pub fn shown_rows(context: &Context) -> Result<Vec<SettingRow>, CaseError> {
    let mut rows = rows(context)?;
    for row in &mut rows {
        row.value = without_credentials(&row.value);
    }
    Ok(rows)
}

/// Changes a setting. What alters days that have passed has to be agreed to.
///
/// # Errors
/// If there is no such setting, a station would refuse it, or it cannot be written.
pub fn change(
    context: &Context,
    change: &SettingChange,
    at: DateTime<FixedOffset>,
) -> Result<Outcome<Changed>, CaseError> {
    let SettingChange {
        section,
        key,
        value,
        by,
        is_agreed,
    } = change;
    let row = rows(context)?
        .into_iter()
        .find(|row| row.section == *section && row.key == *key)
        .ok_or_else(|| CaseError::NoSuchSetting {
            section: section.clone(),
            key: key.clone(),
        })?;
    let file = context.config_file();
    // The default is what the program comes with; that works, or nothing does.
    if value.is_some() {
        let (_, config) = file.changed(section, key, value.as_deref())?;
        check::check(section, key, &config, context)?;
    }
    let (before, after) = file.foresee((section, key), value.as_deref(), environment)?;
    let alteration = past::of_configs(&context.store_to_read()?, context, (&before, &after))?;
    if !alteration.is_none() && !is_agreed {
        return Ok(Outcome::Asks(Agreement::AltersThePast(alteration)));
    }
    file.set(section, key, value.as_deref())?;
    let said = without_credentials(value.as_ref().unwrap_or(&row.default));
    let author = Author { name: by, at };
    note(
        context,
        (&before, &after),
        (&alteration, author),
        (&format!("{section}.{key}"), &said),
    )?;
    Ok(Outcome::Done(Changed {
        said,
        is_in_use: applies_at_once(section, key),
        undo: SettingChange {
            value: (row.value != row.default).then_some(row.value),
            is_agreed: false,
            ..change.clone()
        },
    }))
}

/// Writes down what was changed, and that it was agreed to.
fn note(
    context: &Context,
    configs: (&Config, &Config),
    (alteration, author): (&Alteration, Author<'_>),
    (setting, said): (&str, &str),
) -> Result<(), CaseError> {
    let mut store = Store::open_existing(context.data_dir())?;
    past::agree(&mut store, context, configs, (alteration, author))?;
    Ok(store.note(author, "config.set", setting, said)?)
}

/// The configuration as a start would have it now, if a start would not refuse it: what it names
/// is there, and what it says makes sense.
///
/// # Errors
/// If a start would refuse it.
pub fn startable(context: &Context) -> Result<Config, CaseError> {
    let config = context.read_config()?;
    let there = Context {
        config: config.clone(),
        ..context.clone()
    };
    there.work_plan()?;
    there.words()?;
    // A camera that is not there is tried again and again; a film that is not there is the end.
    if let SourceSpec::Replay(_) = config.camera.source.parse()? {
        check::source(&config.camera.source)?;
    }
    let manifest = there.manifest()?;
    let used = ModelsInUse::of(&config, &manifest)?;
    for entry in [Some(used.detector), Some(used.embedder), used.liveness]
        .into_iter()
        .flatten()
    {
        manifest.read(entry)?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
