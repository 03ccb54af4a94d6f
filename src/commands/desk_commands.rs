//! Commands that the dashboard runs too, on its thread for the records.

use std::path::Path;

use anyhow::Result;
use chrono::NaiveDate;

use super::{Context, calibrate, doctor, export, setting_check};
use crate::config::{ConfigFile, Setting};
use crate::runtime::desk::DeskCommands;
use crate::ui::PageLine;

/// The commands on the station's own data folder.
pub(super) struct StationCommands {
    context: Context,
}

impl StationCommands {
    /// For a station whose records are in `data_dir`, which in a demonstration is not the
    /// configured one.
    pub(super) fn on(context: &Context, data_dir: &Path) -> Self {
        let mut context = context.clone();
        context.places.data_dir = data_dir.to_path_buf();
        Self { context }
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

    fn write_threshold(&self) -> Result<String> {
        calibrate::write_proposed(&self.context)
    }

    fn export(&self, from: NaiveDate, to: NaiveDate) -> Result<String> {
        export::for_dashboard(from, to, &self.context)
    }

    fn settings(&self) -> Result<Vec<Setting>> {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(self.config_file().settings(environment)?)
    }

    fn set(&self, section: &str, key: &str, value: Option<&str>) -> Result<()> {
        let file = self.config_file();
        // The default is what the program comes with; that works, or nothing does.
        if value.is_some() {
            let (_, config) = file.changed(section, key, value)?;
            setting_check::check(section, key, &config, &self.context)?;
        }
        Ok(file.set(section, key, value)?)
    }
}
