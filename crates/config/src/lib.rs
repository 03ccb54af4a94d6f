//! Configuration: command line over environment over `config.toml` over defaults.
//!
//! Every setting has its default here and nowhere else; `config.sample.toml`
//! shows them all and a test keeps the two equal. A key that is not known, a
//! value of the wrong type or out of range is an error that says where.

mod camera;
mod dashboard;
mod edit;
mod measuring;
mod records;
mod server;
mod shifts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use rollcall_core::consensus::ConsensusPolicy;
use rollcall_core::day::{AttendanceMode, AttendancePolicy};
use rollcall_core::embedding::Cosine;
use rollcall_core::enrolment::EnrolmentPolicy;
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::liveness::{LivenessDemand, LivenessPolicy};
use rollcall_core::station::Policies;
use rollcall_protocol::ScreenSettings;
use rollcall_recognition::manifest::{ModelFamily, ModelName};
use rollcall_system::read_bounded;
use rollcall_system::zone::Zone;

pub use dashboard::{DashboardConfig, WelcomeConfig};
pub use edit::{ConfigFile, applies_at_once};
pub use measuring::Measuring;
pub use records::{BackupConfig, ExportConfig, LogConfig, PrivacyConfig, ReviewConfig};
pub use server::ServerConfig;
pub use shifts::{ScheduleConfig, ShiftConfig};

/// Name of the configuration file inside the data folder.
pub const FILE_NAME: &str = "config.toml";

/// The sample that documents every setting.
pub const SAMPLE: &str = include_str!("../../../config.sample.toml");

/// All settings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The station as a whole.
    pub station: StationConfig,
    /// Where pictures come from.
    pub camera: CameraConfig,
    /// How faces are found and told apart.
    pub recognition: RecognitionConfig,
    /// When a recognised face becomes a punch.
    pub attendance: AttendanceConfig,
    /// How people are enrolled at the camera.
    pub enrolment: EnrolmentConfig,
    /// What is kept about people, and how long.
    pub privacy: PrivacyConfig,
    /// Faces that were given no name.
    pub review: ReviewConfig,
    /// Columns of exported tables.
    pub export: ExportConfig,
    /// Copies of everything, made by the station itself.
    pub backup: BackupConfig,
    /// What the terminal shows.
    pub dashboard: DashboardConfig,
    /// How whoever punched is greeted.
    pub welcome: WelcomeConfig,
    /// Serving over HTTP.
    pub server: ServerConfig,
    /// What is written to the log file.
    pub log: LogConfig,
    /// When people are expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shift: Vec<ShiftConfig>,
    /// Who is expected in which shift on which days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<ScheduleConfig>,
}

/// The station as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StationConfig {
    /// Name on the screen.
    pub name: String,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraConfig {
    /// As for `--source`.
    pub source: String,
    /// Width and height to ask a camera for, `WIDTHxHEIGHT`.
    pub resolution: String,
    /// Pictures a second to ask a camera for.
    pub frames_per_second: f64,
    /// `auto`, or the only pixel format to ask for.
    pub format: String,
    /// Degrees by which a camera's picture is turned clockwise.
    pub rotate: u32,
    /// Whether left and right of a camera's picture are exchanged.
    pub mirror: bool,
    /// The part of a camera's picture that is looked at, `X,Y,WIDTH,HEIGHT`; empty for all.
    pub crop: String,
    /// Controls of the camera by name, set each time it is opened.
    pub controls: BTreeMap<String, i64>,
}

/// What is done with the liveness network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LivenessChoice {
    /// It is not run.
    Off,
    /// Its score is shown and stored with the punch; it decides nothing.
    #[serde(alias = "warn")]
    Show,
    /// A face that looks like a picture, or moves like a flat one, does not punch.
    Require,
    /// As `require`, and the head has to be turned to the side that the screen says.
    Challenge,
}

/// How faces are found and told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecognitionConfig {
    /// The detector: a family or the id of an installed model.
    pub detector: ModelName,
    /// The embedder: a family or the id of an installed model.
    pub embedder: ModelName,
    /// Longer side of the detector's input, in pixels; a multiple of 32.
    pub detector_size: u32,
    /// Least score of a detection, 0..1.
    pub detector_threshold: f32,
    /// Least similarity of a match, −1..1.
    pub threshold: f32,
    /// By how much that rises with every tenfold of people who are enrolled.
    pub threshold_per_tenfold: f32,
    /// Least distance in similarity between the best person and the runner-up.
    pub margin: f32,
    /// Agreeing frames that a name needs.
    pub votes_needed: usize,
    /// Latest frames that are counted.
    pub votes_window: usize,
    /// What is done with the liveness network.
    pub liveness: LivenessChoice,
    /// Least mean score of the liveness network, if it is required.
    pub liveness_threshold: f32,
    /// Whether the station makes templates itself, to follow faces that change.
    pub adapt: bool,
    /// Threads of the networks; 0 chooses.
    pub threads: usize,
}

/// When a recognised face becomes a punch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttendanceConfig {
    /// What later sightings of a day mean.
    pub mode: AttendanceMode,
    /// Seconds after a punch in which the camera makes no other for the same person.
    pub cooldown_secs: u64,
    /// Local time at which a new day starts, `HH:MM`.
    pub day_starts_at: String,
    /// IANA name of the station's time zone; empty for the machine's.
    pub time_zone: String,
    /// Calendar of holidays (iCalendar); a relative path is inside the data folder.
    pub holidays: String,
    /// Hours after the end of a shift at which an open check-in is taken for forgotten.
    pub close_after_hours: u64,
}

/// How people are enrolled at the camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnrolmentConfig {
    /// Pictures to take of a person.
    pub samples: usize,
}

impl Default for StationConfig {
    fn default() -> Self {
        Self {
            name: "Rollcall".into(),
        }
    }
}

impl Default for CameraConfig {
    fn default() -> Self {
        Self {
            source: "usb".into(),
            resolution: "640x480".into(),
            frames_per_second: 30.0,
            format: "auto".into(),
            rotate: 0,
            mirror: false,
            crop: String::new(),
            controls: BTreeMap::new(),
        }
    }
}

impl Default for RecognitionConfig {
    fn default() -> Self {
        Self {
            detector: ModelName::of_family(ModelFamily::Scrfd),
            embedder: ModelName::of_family(ModelFamily::Arcface),
            detector_size: 320,
            detector_threshold: 0.5,
            // False match rate 1e-4 between two strangers, true match rate 97.8 %
            // (all pairs of 7,701 LFW pictures, one picture against one).
            threshold: 0.412,
            // From FMR 1e-4 to 1e-5 in the same comparison: so many more strangers are one
            // more mistake, so much more similarity is none.
            threshold_per_tenfold: 0.065,
            margin: 0.05,
            votes_needed: 3,
            votes_window: 5,
            liveness: LivenessChoice::Show,
            adapt: false,
            liveness_threshold: 0.5,
            threads: 0,
        }
    }
}

impl Default for AttendanceConfig {
    fn default() -> Self {
        Self {
            mode: AttendanceMode::Toggle,
            cooldown_secs: 300,
            day_starts_at: "00:00".into(),
            time_zone: String::new(),
            holidays: String::new(),
            close_after_hours: 4,
        }
    }
}

impl Default for EnrolmentConfig {
    fn default() -> Self {
        Self { samples: 5 }
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read, or was asked for and is not there.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the configuration {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not valid; the message names line and column.
    #[error("the configuration {} is not valid: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        message: String,
    },
    /// An environment variable is not valid.
    #[error("the environment variable {variable}={value:?} is not valid: {message}")]
    Environment {
        /// Its name.
        variable: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        message: String,
    },
    /// Shifts and schedules make no sense.
    #[error("the configuration is not valid: {message}")]
    Timetable {
        /// What is wrong with which.
        message: String,
    },
    /// A value makes no sense.
    #[error("{key} = {value} is out of range: {expected}")]
    OutOfRange {
        /// Section and key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl Config {
    /// Reads the file (`explicit`, or `config.toml` in `data_dir` if it is there),
    /// then lets the environment override single settings.
    ///
    /// # Errors
    /// If the file or a variable is not valid, or an explicit file is missing.
    pub fn load(
        explicit: Option<&Path>,
        data_dir: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let path = explicit.map_or_else(|| data_dir.join(FILE_NAME), Path::to_path_buf);
        let config = match read_bounded::text(&path, read_bounded::TEXT_BYTES) {
            Ok(text) => Self::parse(&text, &path)?,
            Err(error) if explicit.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Self::default()
            }
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        let config = config.overridden_by(environment)?;
        config.validate()?;
        Ok(config)
    }

    /// Reads a configuration that is about to be written to `path`.
    ///
    /// # Errors
    /// If the station would refuse it.
    pub fn check(text: &str, path: &Path) -> Result<(), ConfigError> {
        Self::parse(text, path)?.validate()
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Invalid {
            path: path.to_path_buf(),
            message: error.to_string(),
        })
    }

    /// `ROLLCALL_<SECTION>_<KEY>` overrides `key` of `[section]`.
    fn overridden_by(
        self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut config = self;
        for (section, key, variable) in settings() {
            let Some(value) = environment(&variable) else {
                continue;
            };
            let failed = |message: String| ConfigError::Environment {
                variable: variable.clone(),
                value: value.clone(),
                message,
            };
            let mut table = toml::Table::try_from(&config).map_err(|e| failed(e.to_string()))?;
            let slot = table
                .get_mut(&section)
                .and_then(toml::Value::as_table_mut)
                .and_then(|t| t.get_mut(&key))
                .ok_or_else(|| failed("no such setting".into()))?;
            *slot = if slot.is_str() {
                toml::Value::String(value.clone())
            } else {
                value
                    .parse()
                    .map_err(|_| failed(format!("a {} is expected", slot.type_str())))?
            };
            config = table
                .try_into()
                .map_err(|e: toml::de::Error| failed(e.message().to_owned()))?;
        }
        Ok(config)
    }

    /// Checks every value that its type does not.
    ///
    /// # Errors
    /// The first value that makes no sense.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.camera.validate()?;
        let r = &self.recognition;
        let check = |ok: bool, key, value: String, expected| {
            if ok {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange {
                    key,
                    value,
                    expected,
                })
            }
        };
        check(
            (64..=1920).contains(&r.detector_size) && r.detector_size.is_multiple_of(32),
            "recognition.detector_size",
            r.detector_size.to_string(),
            "a multiple of 32 from 64 to 1920",
        )?;
        check(
            r.detector_threshold > 0.0 && r.detector_threshold < 1.0,
            "recognition.detector_threshold",
            r.detector_threshold.to_string(),
            "between 0 and 1",
        )?;
        check(
            r.threshold > 0.0 && r.threshold < 1.0,
            "recognition.threshold",
            r.threshold.to_string(),
            "between 0 and 1; 0.335, 0.412 and 0.475 give false match rates of 1e-3, 1e-4 and 1e-5",
        )?;
        check(
            (0.0..=0.5).contains(&r.threshold_per_tenfold),
            "recognition.threshold_per_tenfold",
            r.threshold_per_tenfold.to_string(),
            "from 0 to 0.5",
        )?;
        check(
            (0.0..1.0).contains(&r.liveness_threshold),
            "recognition.liveness_threshold",
            r.liveness_threshold.to_string(),
            "from 0 up to but not including 1",
        )?;
        check(
            (0.0..1.0).contains(&r.margin),
            "recognition.margin",
            r.margin.to_string(),
            "from 0 to below 1",
        )?;
        check(
            (1..=50).contains(&r.votes_needed),
            "recognition.votes_needed",
            r.votes_needed.to_string(),
            "from 1 to 50",
        )?;
        check(
            (r.votes_needed..2 * r.votes_needed).contains(&r.votes_window),
            "recognition.votes_window",
            r.votes_window.to_string(),
            "at least votes_needed and less than twice that, so that the votes needed are a majority",
        )?;
        check(
            r.threads <= 64,
            "recognition.threads",
            r.threads.to_string(),
            "from 0 (choose) to 64",
        )?;
        self.validate_attendance(check)?;
        check(
            (1..=20).contains(&self.enrolment.samples),
            "enrolment.samples",
            self.enrolment.samples.to_string(),
            "from 1 to 20",
        )?;
        self.validate_records(check)?;
        self.validate_dashboard(check)?;
        self.validate_server(check)?;
        check(
            !self.station.name.is_empty()
                && self.station.name.chars().count() <= 40
                && !self.station.name.chars().any(char::is_control),
            "station.name",
            format!("{:?}", self.station.name),
            "1 to 40 characters, none of them a control character",
        )
    }

    /// The time zone of the station.
    pub fn zone(&self) -> Zone {
        Zone::parse(&self.attendance.time_zone).unwrap_or_default()
    }

    /// How front ends show the station.
    pub fn screen(&self) -> ScreenSettings {
        ScreenSettings {
            language: self.dashboard.language.clone(),
            preview: self.dashboard.preview,
            preview_kbps: self.dashboard.preview_kbps,
            frames_per_second: self.dashboard.frames_per_second,
            banner_secs: self.welcome.banner_secs,
            bell: self.welcome.bell,
        }
    }

    /// This configuration, as far as a station that runs with `running` can take it on: the
    /// rest holds from the next start.
    #[must_use]
    pub fn taken_on_by(mut self, running: &Self) -> Self {
        // The clock of every thread, and networks that are loaded or not.
        self.attendance
            .time_zone
            .clone_from(&running.attendance.time_zone);
        self.recognition.liveness = running.recognition.liveness;
        self.camera.clone_from(&running.camera);
        self
    }

    /// The rules of the station.
    pub fn policies(&self) -> Policies {
        Policies {
            matching: MatchPolicy {
                threshold: Cosine(self.recognition.threshold),
                per_tenfold: self.recognition.threshold_per_tenfold,
                min_margin: self.recognition.margin,
            },
            consensus: ConsensusPolicy {
                votes_needed: self.recognition.votes_needed,
                window: self.recognition.votes_window,
                ..ConsensusPolicy::default()
            },
            liveness: LivenessPolicy {
                demand: match self.recognition.liveness {
                    LivenessChoice::Off | LivenessChoice::Show => LivenessDemand::Nothing,
                    LivenessChoice::Require => LivenessDemand::LooksLive,
                    LivenessChoice::Challenge => LivenessDemand::TurnsTheHead,
                },
                threshold: self.recognition.liveness_threshold,
                mirrored: self.camera.mirror,
            },
            attendance: AttendancePolicy {
                mode: self.attendance.mode,
                cooldown: Duration::from_secs(self.attendance.cooldown_secs),
                day_starts_at: parse_time_of_day(&self.attendance.day_starts_at)
                    .unwrap_or(NaiveTime::MIN),
            },
            adapts: self.recognition.adapt,
            enrolment: EnrolmentPolicy {
                samples: self.enrolment.samples,
                mirrored: self.camera.mirror,
                ..EnrolmentPolicy::default()
            },
        }
    }
}

fn parse_time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

/// Section, key and environment variable of every setting.
fn settings() -> Vec<(String, String, String)> {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut settings = Vec::new();
    for (section, keys) in &defaults {
        for key in keys.as_table().into_iter().flat_map(toml::Table::keys) {
            let variable = format!("ROLLCALL_{section}_{key}").to_uppercase();
            settings.push((section.clone(), key.clone(), variable));
        }
    }
    settings
}

#[cfg(test)]
mod tests;
