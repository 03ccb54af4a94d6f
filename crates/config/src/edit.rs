//! Single settings read from and written to the configuration file.
//!
//! Invariant: what is written is a configuration that the station accepts, and everything
//! else in the file stays as it was, comments and order too.

use rollcall_messages::Message;
use std::io;
use std::path::PathBuf;

use toml_edit::{DocumentMut, Item, Value};

use super::{Config, ConfigError, SAMPLE, settings};
use rollcall_protocol::SettingRow;
use rollcall_system::whole_file;

/// Whether a running station takes a setting on at once; otherwise it holds from the next
/// start. See [`Config::taken_on_by`].
pub fn applies_at_once(section: &str, key: &str) -> bool {
    match (section, key) {
        ("attendance", key) => key != "time_zone",
        ("station" | "enrolment" | "dashboard", _)
        | (
            "recognition",
            "threshold"
            | "threshold_per_tenfold"
            | "margin"
            | "votes_needed"
            | "votes_window"
            | "liveness_threshold"
            | "adapt",
        )
        | ("welcome", "banner_secs" | "bell")
        | ("privacy", "consent_required")
        | ("review", "keep_days") => true,
        _ => false,
    }
}

/// The configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it is, or will be.
    pub path: PathBuf,
}

impl ConfigFile {
    /// All settings that are one value, as the file has them.
    ///
    /// # Errors
    /// If the file cannot be read or is not valid.
    pub fn settings(
        &self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<SettingRow>, ConfigError> {
        let text = self.read()?;
        let config = Config::parse(&text, &self.path)?;
        let table = |config: &Config| toml::Table::try_from(config).unwrap_or_default();
        let (values, defaults) = (table(&config), table(&Config::default()));
        let mut found = Vec::new();
        for (section, key, variable) in settings() {
            let of = |table: &toml::Table| table.get(&section)?.get(&key).map(shown);
            // Tables of their own, such as the camera's controls, have other places.
            let (Some(Some(value)), Some(Some(default))) = (of(&values), of(&defaults)) else {
                continue;
            };
            found.push(SettingRow {
                help: help(&section, &key),
                overridden_by: environment(&variable).map(|_| variable),
                section,
                key,
                value,
                default,
            });
        }
        Ok(found)
    }

    /// Writes one setting; `None` takes it out, so that the default holds.
    ///
    /// # Errors
    /// If the station would refuse the configuration, or the file cannot be written.
    pub fn set(&self, section: &str, key: &str, value: Option<&str>) -> Result<(), ConfigError> {
        let (changed, _) = self.changed(section, key, value)?;
        whole_file::replace(&self.path, changed.as_bytes()).map_err(|source| ConfigError::Write {
            path: self.path.clone(),
            source,
        })
    }

    /// The configuration as it is, and as it would be with one setting changed.
    ///
    /// # Errors
    /// If the station would refuse either.
    pub fn foresee(
        &self,
        (section, key): (&str, &str),
        value: Option<&str>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<(Config, Config), ConfigError> {
        let (_, changed) = self.changed(section, key, value)?;
        let present = Config::parse(&self.read()?, &self.path)?;
        Ok((
            present.overridden_by(&environment)?,
            changed.overridden_by(&environment)?,
        ))
    }

    /// What the file would say with one setting changed, and the configuration that this is.
    ///
    /// # Errors
    /// If the station would refuse the configuration.
    pub fn changed(
        &self,
        section: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(String, Config), ConfigError> {
        let invalid = |message: String| ConfigError::Invalid {
            path: self.path.clone(),
            message,
        };
        let mut document: DocumentMut = self
            .read()?
            .parse()
            .map_err(|error: toml_edit::TomlError| invalid(error.to_string()))?;
        let table = document[section].or_insert(toml_edit::table());
        let table = table
            .as_table_like_mut()
            .ok_or_else(|| invalid(format!("{section} is no table")))?;
        match value {
            None => {
                table.remove(key);
            }
            Some(text) => {
                let new = self.parsed(section, key, text)?;
                match table.get_mut(key).and_then(Item::as_value_mut) {
                    // In its place, so that a comment behind it stays.
                    Some(old) => {
                        let decor = old.decor().clone();
                        *old = new;
                        *old.decor_mut() = decor;
                    }
                    None => {
                        table.insert(key, Item::Value(new));
                    }
                }
            }
        }
        let changed = document.to_string();
        let config = Config::parse(&changed, &self.path)?;
        config.validate()?;
        Ok((changed, config))
    }

    /// What was typed as a value of the type that the setting has.
    fn parsed(&self, section: &str, key: &str, text: &str) -> Result<Value, ConfigError> {
        let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
        let default = defaults.get(section).and_then(|table| table.get(key));
        let failed = |message: String| ConfigError::Invalid {
            path: self.path.clone(),
            message: format!("{section}.{key}: {message}"),
        };
        let Some(default) = default else {
            return Err(failed("no such setting".into()));
        };
        if default.is_str() {
            return Ok(Value::from(text));
        }
        text.parse()
            .map_err(|_| failed(format!("a {} is expected", default.type_str())))
    }

    fn read(&self) -> Result<String, ConfigError> {
        match rollcall_system::read_bounded::text(
            &self.path,
            rollcall_system::read_bounded::TEXT_BYTES,
        ) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(source) => Err(ConfigError::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }
}

/// A value as it is edited; nothing of what is no single value.
fn shown(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Table(_) => None,
        // Through the shortest decimal digits, or 0.412 would be 0.4120000004768372.
        toml::Value::Float(number) => Some((*number as f32).to_string()),
        other => Some(other.to_string()),
    }
}

/// What a setting is: in English the comment that stands above it in the sample.
fn help(section: &str, key: &str) -> Message {
    let id = format!("setting-{section}-{key}").replace(['_', '.'], "-");
    Message::with_english(id, comment(section, key))
}

fn comment(section: &str, key: &str) -> String {
    let (mut current, mut comment) = ("", Vec::new());
    for line in SAMPLE.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            (current, comment) = (name, Vec::new());
        } else if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim());
        } else if line.split('=').next().map(str::trim) == Some(key) && current == section {
            return comment.join(" ");
        } else {
            comment.clear();
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, ConfigFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        (folder, ConfigFile { path })
    }

    #[test]
    fn a_setting_is_written_in_its_place_and_the_rest_stays() {
        let (_folder, file) = file(
            "# ours\n[dashboard]\n# slow link\nframes_per_second = 5 # few\n\n[camera]\nsource = \"usb\"\n",
        );
        file.set("dashboard", "frames_per_second", Some("8"))
            .unwrap();
        file.set("dashboard", "language", Some("es")).unwrap();
        file.set("camera", "source", None).unwrap();
        file.set("welcome", "command", Some("[\"true\"]")).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file.path).unwrap(),
            "# ours\n[dashboard]\n# slow link\nframes_per_second = 8 # few\nlanguage = \"es\"\n\n[camera]\n\n[welcome]\ncommand = [\"true\"]\n"
        );
    }

    #[test]
    fn what_the_station_would_refuse_is_not_written() {
        let (_folder, file) = file("[dashboard]\nframes_per_second = 5\n");
        for (section, key, value) in [
            ("dashboard", "frames_per_second", "900"),
            ("dashboard", "frames_per_second", "many"),
            ("dashboard", "colour", "red"),
            ("recognition", "liveness", "perhaps"),
        ] {
            file.set(section, key, Some(value)).unwrap_err();
        }
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert_eq!(text, "[dashboard]\nframes_per_second = 5\n");
    }

    #[test]
    fn every_setting_says_what_it_is() {
        let (_folder, file) = file("[recognition]\nthreshold = 0.45\n");
        let settings = file
            .settings(|name| (name == "ROLLCALL_LOG_FILTER").then(|| "debug".to_owned()))
            .unwrap();
        for setting in &settings {
            assert!(
                !setting.help.to_string().is_empty(),
                "{}.{}",
                setting.section,
                setting.key
            );
        }
        let of = |key: &str| settings.iter().find(|s| s.key == key).unwrap();
        assert_eq!(
            (
                of("threshold").value.as_str(),
                of("threshold").default.as_str()
            ),
            ("0.45", "0.412")
        );
        assert_eq!(
            of("filter").overridden_by.as_deref(),
            Some("ROLLCALL_LOG_FILTER")
        );
        assert!(settings.iter().all(|s| s.key != "controls"));
    }
}
