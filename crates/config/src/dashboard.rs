//! Settings of what the terminal shows and of how people are greeted.

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};
use rollcall_protocol::PreviewMode;

/// What the terminal shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DashboardConfig {
    /// How the preview is drawn; `auto`, which is none of them, for pixels where the terminal
    /// shows them, half-blocks where it has Unicode, else ASCII.
    #[serde(with = "auto")]
    pub preview: Option<PreviewMode>,
    /// Kilobytes a second that the dashboard may write; 0 for any.
    pub preview_kbps: u32,
    /// Most pictures a second that are drawn.
    pub frames_per_second: u32,
    /// `auto`, `en`, or the code of a language with a catalogue.
    pub language: String,
}

/// How whoever punched is greeted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WelcomeConfig {
    /// Seconds of the banner over the whole screen; 0 shows none.
    pub banner_secs: u64,
    /// Whether the terminal's bell sounds.
    pub bell: bool,
    /// A program and its arguments; empty for none.
    pub command: Vec<String>,
    /// Seconds after which that program is ended.
    pub command_timeout_secs: u64,
}

impl Default for DashboardConfig {
    fn default() -> Self {
        Self {
            preview: None,
            preview_kbps: 0,
            frames_per_second: 12,
            language: "auto".into(),
        }
    }
}

impl Default for WelcomeConfig {
    fn default() -> Self {
        Self {
            banner_secs: 0,
            bell: false,
            command: Vec::new(),
            command_timeout_secs: 5,
        }
    }
}

impl Config {
    /// Checks the settings of this file.
    pub(super) fn validate_dashboard(
        &self,
        check: impl Fn(bool, &'static str, String, &'static str) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        check(
            (1..=60).contains(&self.dashboard.frames_per_second),
            "dashboard.frames_per_second",
            self.dashboard.frames_per_second.to_string(),
            "from 1 to 60",
        )?;
        let language = &self.dashboard.language;
        check(
            (2..=8).contains(&language.len())
                && language.bytes().all(|b| b.is_ascii_alphanumeric()),
            "dashboard.language",
            format!("{language:?}"),
            "\"auto\" or the code of a language, such as \"es\"",
        )?;
        check(
            self.welcome.banner_secs <= 60,
            "welcome.banner_secs",
            self.welcome.banner_secs.to_string(),
            "from 0 (none) to 60",
        )?;
        check(
            (1..=600).contains(&self.welcome.command_timeout_secs),
            "welcome.command_timeout_secs",
            self.welcome.command_timeout_secs.to_string(),
            "from 1 to 600",
        )?;
        check(
            self.welcome
                .command
                .first()
                .is_none_or(|program| !program.is_empty()),
            "welcome.command",
            format!("{:?}", self.welcome.command),
            "a program and its arguments, or nothing",
        )
    }
}

/// `auto` in the place of none.
mod auto {
    use rollcall_protocol::PreviewMode;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        Auto,
        #[serde(untagged)]
        Mode(PreviewMode),
    }

    #[expect(clippy::ref_option, reason = "what serde calls with")]
    pub(super) fn serialize<S: Serializer>(
        mode: &Option<PreviewMode>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        mode.map_or(Word::Auto, Word::Mode).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PreviewMode>, D::Error> {
        Ok(match Word::deserialize(from)? {
            Word::Auto => None,
            Word::Mode(mode) => Some(mode),
        })
    }
}
