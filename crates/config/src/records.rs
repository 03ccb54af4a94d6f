//! Settings of what is kept: privacy, exports, backups, the log file.

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};
use rollcall_store::RetentionPolicy;

/// What is kept about people, and how long. Days; 0 keeps for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Whether a face is enrolled only with a date of consent.
    pub consent_required: bool,
    /// That an unknown face was seen.
    pub keep_sightings_days: u32,
    /// Pictures that people were enrolled with.
    pub keep_pictures_days: u32,
    /// Attendance events.
    pub keep_events_days: u32,
}

impl PrivacyConfig {
    /// How long each kind is kept, strangers' faces as `review` says.
    pub fn retention(&self, review: &ReviewConfig) -> RetentionPolicy {
        let days = |days: u32| (days > 0).then_some(days);
        RetentionPolicy {
            sightings: days(self.keep_sightings_days),
            // Zero keeps none: those of before it was zero go too.
            strangers: Some(review.keep_days),
            pictures: days(self.keep_pictures_days),
            events: days(self.keep_events_days),
        }
    }
}

/// Faces that were given no name, for somebody to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewConfig {
    /// Days after the day itself that such a face is kept; 0 keeps none at all.
    pub keep_days: u32,
}

impl Default for ReviewConfig {
    fn default() -> Self {
        Self { keep_days: 1 }
    }
}

/// Columns of exported tables, in their order; an empty list has all of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportConfig {
    /// One row for each event.
    pub events: Vec<String>,
    /// One row for each person and day.
    pub days: Vec<String>,
    /// One row for each person.
    pub people: Vec<String>,
}

/// Copies of everything, made by the station itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// Hours between two backups; 0 makes none.
    pub every_hours: u32,
    /// Newest backups that are kept.
    pub keep: usize,
    /// Where they go; a relative folder is inside the data folder.
    pub folder: String,
    /// File whose first line encrypts them; empty leaves them readable.
    pub passphrase_file: String,
}

/// What is written to the log file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// As for `RUST_LOG`, which overrides it.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info".into(),
        }
    }
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        Self {
            consent_required: true,
            keep_sightings_days: 30,
            keep_pictures_days: 0,
            keep_events_days: 0,
        }
    }
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            every_hours: 24,
            keep: 14,
            folder: "backups".into(),
            passphrase_file: String::new(),
        }
    }
}

impl Config {
    /// Checks the settings of this file.
    pub(super) fn validate_records(
        &self,
        check: impl Fn(bool, &'static str, String, &'static str) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        check(
            self.privacy.keep_events_days == 0 || self.privacy.keep_events_days >= 31,
            "privacy.keep_events_days",
            self.privacy.keep_events_days.to_string(),
            "0 (for good) or at least 31, so that no month is erased before it is paid",
        )?;
        check(
            (1..=1000).contains(&self.backup.keep),
            "backup.keep",
            self.backup.keep.to_string(),
            "from 1 to 1000",
        )?;
        check(
            !self.backup.folder.is_empty(),
            "backup.folder",
            format!("{:?}", self.backup.folder),
            "the name of a folder",
        )
    }
}
