//! Commands that the dashboard runs too, on its thread for the records.

use rollcall_messages::Message;
use std::path::Path;

use anyhow::Result;
use chrono::NaiveDate;

use super::{Context, calibrate, doctor, export, past, setting_check, station};
use crate::camera::SourceSpec;
use crate::config::{Config, ConfigFile};
use crate::core::worktime::alteration::Alteration;
use crate::protocol::{PageLine, SettingChange, SettingRow};
use crate::runtime::desk::{DeskCommands, Reconfiguration};
use crate::store::Store;

/// The commands on the station's own data folder.
pub(super) struct StationCommands {
    context: Context,
    source: SourceSpec,
    is_demo: bool,
}

impl StationCommands {
    /// For a station whose records are in `data_dir`, which in a demonstration is not the
    /// configured one.
    pub(super) fn on(context: &Context, data_dir: &Path, source: &SourceSpec) -> Self {
        let mut context = context.clone();
        context.places.data_dir = data_dir.to_path_buf();
        Self {
            context,
            source: source.clone(),
            is_demo: matches!(source, SourceSpec::Demo { .. }),
        }
    }

    /// The configuration before and after a change.
    fn configs(&self, change: &SettingChange) -> Result<(Config, Config)> {
        let environment = |name: &str| std::env::var(name).ok();
        let setting = (change.section.as_str(), change.key.as_str());
        let value = change.value.as_deref();
        Ok(self.config_file().foresee(setting, value, environment)?)
    }

    fn config_file(&self) -> ConfigFile {
        ConfigFile {
            path: self.context.config_file(),
        }
    }
}

impl DeskCommands for StationCommands {
    fn doctor(&self) -> Vec<PageLine> {
        doctor::lines(&self.context)
    }

    fn calibration(&self) -> Result<Vec<PageLine>> {
        calibrate::page(&self.context)
    }

    fn write_threshold(&self) -> Result<Message> {
        calibrate::write_proposed(&self.context)
    }

    fn export(&self, from: NaiveDate, to: NaiveDate) -> Result<Message> {
        export::for_dashboard(from, to, &self.context)
    }

    fn settings(&self) -> Result<Vec<SettingRow>> {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(self.config_file().settings(environment)?)
    }

    fn reconfiguration(&self) -> Result<Reconfiguration> {
        let places = &self.context.places;
        let read = Config::load(places.config.as_deref(), &places.data_dir, |name| {
            std::env::var(name).ok()
        })?;
        let mut context = self.context.clone();
        context.config = read.taken_on_by(&self.context.config);
        let consent = station::consent(&context, self.is_demo);
        Ok(Reconfiguration {
            policies: context.config.policies(),
            work_plan: context.config.work_plan(context.data_dir())?,
            facts: station::facts(&self.source, consent, &context),
            consent,
            keeps_strangers: context.config.review.keep_days > 0,
        })
    }

    fn foresee(&self, change: &SettingChange) -> Result<Alteration> {
        // The default is what the program comes with; that works, or nothing does.
        if change.value.is_some() {
            let value = change.value.as_deref();
            let (_, config) = self
                .config_file()
                .changed(&change.section, &change.key, value)?;
            setting_check::check(&change.section, &change.key, &config, &self.context)?;
        }
        let (before, after) = self.configs(change)?;
        let store = self.context.store_to_read()?;
        past::of_configs(&store, &self.context, (&before, &after))
    }

    fn set(&self, change: &SettingChange, alteration: &Alteration) -> Result<()> {
        let (before, after) = self.configs(change)?;
        let value = change.value.as_deref();
        self.config_file()
            .set(&change.section, &change.key, value)?;
        let author = self.context.author(&change.by);
        let mut store = Store::open_existing(self.context.data_dir())?;
        let configs = (&before, &after);
        past::agree(&mut store, &self.context, configs, (alteration, author))
    }
}
