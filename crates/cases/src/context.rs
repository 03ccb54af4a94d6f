//! What every case starts from: where a station's records and settings are, and its clock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};

use rollcall_config::{self as config, Config, ConfigFile};
use rollcall_core::consent;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_store::{Author, Passphrase, Store};
use rollcall_system::clock::Clock;

use crate::error::CaseError;
use crate::languages::{Languages, Words};
use crate::networks::embedder_id;
use crate::review::ReviewRules;

/// The environment variable with the passphrase of backups.
pub const PASSPHRASE: &str = "ROLLCALL_BACKUP_PASSPHRASE";

/// Folders and files.
#[derive(Debug, Clone)]
pub struct Places {
    /// Folder of the database, the pictures and the log.
    pub data_dir: PathBuf,
    /// The configuration's file, if it is not in the data folder.
    pub config: Option<PathBuf>,
    /// Folder of the networks, if one was named.
    pub models_dir: Option<PathBuf>,
}

/// A station's places, settings and clock. It holds no connection and no lock.
#[derive(Clone)]
pub struct Context {
    /// Where everything is.
    pub places: Places,
    /// The settings in use.
    pub config: Config,
    /// The clock on the station's wall.
    pub clock: Clock,
    /// The languages of front ends.
    pub languages: Arc<dyn Languages>,
}

/// Looks up an environment variable.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Context {
    /// The folder of the records.
    pub fn data_dir(&self) -> &Path {
        &self.places.data_dir
    }

    /// The same station with its records in another folder, as a demonstration has.
    #[must_use]
    pub fn at(&self, data_dir: &Path) -> Self {
        let mut there = self.clone();
        there.places.data_dir = data_dir.to_path_buf();
        there
    }

    /// Reads the configuration as a start would: the file, and the environment over it.
    ///
    /// # Errors
    /// If a start would refuse it.
    pub fn read_config(&self) -> Result<Config, CaseError> {
        let Places {
            config, data_dir, ..
        } = &self.places;
        Ok(Config::load(config.as_deref(), data_dir, environment)?)
    }

    /// Where backups go.
    pub fn backup_folder(&self) -> PathBuf {
        // `join` takes an absolute folder as it is.
        self.data_dir().join(&self.config.backup.folder)
    }

    /// The file of the backups' passphrase, if there is to be one.
    pub fn passphrase_file(&self) -> Option<PathBuf> {
        let file = &self.config.backup.passphrase_file;
        (!file.is_empty()).then(|| PathBuf::from(file))
    }

    /// The passphrase of backups: from the environment, or the file of the configuration.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn passphrase(&self) -> Result<Option<Passphrase>, CaseError> {
        let found = environment(PASSPHRASE).and_then(|text| Passphrase::new(&text));
        if found.is_some() {
            return Ok(found);
        }
        let file = self.passphrase_file();
        Ok(file.map(|path| Passphrase::read(&path)).transpose()?)
    }

    /// The configuration's file, which need not be there.
    pub fn config_file(&self) -> ConfigFile {
        let named = self.places.config.clone();
        ConfigFile {
            path: named.unwrap_or_else(|| self.data_dir().join(config::FILE_NAME)),
        }
    }

    /// The words that front ends use where nobody says otherwise.
    ///
    /// # Errors
    /// If there are none for the configured language.
    pub fn words(&self) -> Result<Box<dyn Words>, CaseError> {
        let setting = &self.config.dashboard.language;
        self.languages
            .find(setting, self.data_dir())
            .map_err(CaseError::Language)
    }

    /// What is checked when a face is given a name afterwards.
    ///
    /// # Errors
    /// If the configured embedder is not there.
    pub fn review_rules(&self) -> Result<ReviewRules, CaseError> {
        let policies = self.config.policies();
        Ok(ReviewRules {
            model: embedder_id(self).ok_or(CaseError::NoEmbedder)?,
            matching: policies.matching,
            attendance: policies.attendance,
            consent_required: self.config.privacy.consent_required,
        })
    }

    /// What days are measured by.
    ///
    /// # Errors
    /// If shifts, schedules or holidays make no sense.
    pub fn work_plan(&self) -> Result<WorkPlan, CaseError> {
        Ok(self.config.work_plan(self.data_dir())?)
    }

    /// The day that it is at the station.
    pub fn today(&self) -> NaiveDate {
        let policy = self.config.policies().attendance;
        policy.local_day(&self.now())
    }

    /// The time at the station.
    pub fn now(&self) -> DateTime<FixedOffset> {
        self.clock.now().wall
    }

    /// Opens the database to read it.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn store_to_read(&self) -> Result<Store, CaseError> {
        Ok(Store::open_read_only(self.data_dir())?)
    }

    /// Opens the database to change what is in it.
    ///
    /// # Errors
    /// If there is none, or it cannot be written.
    pub fn store_to_change(&self) -> Result<Store, CaseError> {
        // A mistyped folder should not become a new, empty station.
        drop(self.store_to_read()?);
        Ok(Store::open_existing(self.data_dir())?)
    }

    /// Reads when somebody has agreed: "today" or a day that is not to come.
    ///
    /// # Errors
    /// If it is no such day.
    pub fn parse_consent(&self, text: &str) -> Result<NaiveDate, CaseError> {
        Ok(consent::parse(text, self.now().date_naive())?)
    }

    /// Who changes something, now.
    pub fn author<'a>(&self, operator: &'a str) -> Author<'a> {
        Author {
            name: operator,
            at: self.now(),
        }
    }
}
