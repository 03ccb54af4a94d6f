//! The settings that days are measured by, as one value that can be kept and compared.
//!
//! They have no dates: whoever edits them measures the past anew. A copy of those that were
//! last agreed to is therefore kept with the records, whole, so that what a change alters can
//! be worked out and said, also when the file was edited while nothing ran.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{AttendanceConfig, Config, ConfigError, ScheduleConfig, ShiftConfig};
use rollcall_core::day::AttendanceMode;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_system::zone::Zone;

/// All that a day's hours, lateness and absence depend on besides its punches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measuring {
    mode: AttendanceMode,
    day_starts_at: String,
    /// Never empty: of the machine's zone its name.
    time_zone: String,
    close_after_hours: u64,
    /// What the calendar of holidays says; empty without one.
    #[serde(default)]
    holidays: String,
    #[serde(default)]
    shift: Vec<ShiftConfig>,
    #[serde(default)]
    schedule: Vec<ScheduleConfig>,
}

impl Config {
    /// The settings that days are measured by.
    ///
    /// # Errors
    /// If the calendar of holidays cannot be read.
    pub fn measuring(&self, data_dir: &Path) -> Result<Measuring, ConfigError> {
        let attendance = &self.attendance;
        Ok(Measuring {
            mode: attendance.mode,
            day_starts_at: attendance.day_starts_at.clone(),
            time_zone: if attendance.time_zone.is_empty() {
                Zone::machine_name()
            } else {
                attendance.time_zone.clone()
            },
            close_after_hours: attendance.close_after_hours,
            holidays: self
                .holiday_bytes(data_dir)?
                .map_or_else(String::new, |calendar| {
                    String::from_utf8_lossy(&calendar).into_owned()
                }),
            shift: self.shift.clone(),
            schedule: self.schedule.clone(),
        })
    }
}

impl Measuring {
    /// As text, to be kept.
    pub fn to_text(&self) -> String {
        // A struct of texts and numbers can be written always.
        toml::to_string(self).unwrap_or_default()
    }

    /// What [`Measuring::to_text`] has written; `None` of another version of the program.
    pub fn from_text(text: &str) -> Option<Self> {
        toml::from_str(text).ok()
    }

    /// What days are measured by under these settings.
    ///
    /// # Errors
    /// If they make no sense to this version of the program.
    pub fn work_plan(&self) -> Result<WorkPlan, ConfigError> {
        let config = Config {
            attendance: AttendanceConfig {
                mode: self.mode,
                day_starts_at: self.day_starts_at.clone(),
                time_zone: self.time_zone.clone(),
                close_after_hours: self.close_after_hours,
                ..AttendanceConfig::default()
            },
            shift: self.shift.clone(),
            schedule: self.schedule.clone(),
            ..Config::default()
        };
        let holidays = Some(self.holidays.as_bytes()).filter(|text| !text.is_empty());
        config.work_plan_with(holidays, Path::new("the accepted calendar of holidays"))
    }

    /// The settings that `new` has otherwise, by name and, where it is short, with both values.
    pub fn differences(&self, new: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |name: &str, old: &str, new: &str| {
            if old != new {
                found.push(format!("{name} {old} \u{2192} {new}"));
            }
        };
        let mode = |mode: AttendanceMode| {
            let written = toml::Value::try_from(mode).ok();
            let written = written.as_ref().and_then(toml::Value::as_str);
            written.unwrap_or_default().to_owned()
        };
        compare("attendance.mode", &mode(self.mode), &mode(new.mode));
        compare(
            "attendance.day_starts_at",
            &self.day_starts_at,
            &new.day_starts_at,
        );
        compare("attendance.time_zone", &self.time_zone, &new.time_zone);
        let hours = |hours: u64| format!("{hours} h");
        compare(
            "attendance.close_after_hours",
            &hours(self.close_after_hours),
            &hours(new.close_after_hours),
        );
        for (is_same, name) in [
            (self.shift == new.shift, "the shifts"),
            (self.schedule == new.schedule, "the schedules"),
            (self.holidays == new.holidays, "the calendar of holidays"),
        ] {
            if !is_same {
                found.push(name.to_owned());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "[attendance]\ntime_zone = \"Europe/Madrid\"\nholidays = \"h.ics\"\n\
        [[shift]]\nname = \"day\"\nstart = \"08:00\"\nend = \"17:00\"\nbreaks = [\"12:00-12:30\"]\n\
        [[schedule]]\nshift = \"day\"\ndays = [\"mon\"]\nteam = \"office\"\nfrom = \"2026-01-01\"\n";
    const CALENDAR: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\n\
        SUMMARY:Christmas\nEND:VEVENT\nEND:VCALENDAR\n";

    fn measuring(text: &str) -> Measuring {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("h.ics"), CALENDAR).unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let config = Config::load(None, folder.path(), |_| None).unwrap();
        config.measuring(folder.path()).unwrap()
    }

    #[test]
    fn what_was_kept_measures_as_the_file_did() {
        let settings = measuring(SETTINGS);
        let kept = Measuring::from_text(&settings.to_text()).unwrap();
        assert_eq!(kept, settings);
        let plan = kept.work_plan().unwrap();
        assert_eq!(plan.timetable.shifts.len(), 1);
        let christmas = "2026-12-25".parse().unwrap();
        assert!(plan.timetable.holidays.name_of(christmas).is_some());
        assert_eq!(Measuring::from_text("[of = another version"), None);
    }

    #[test]
    fn differences_are_named_and_other_settings_are_none() {
        let old = measuring(SETTINGS);
        let other = format!("{SETTINGS}[dashboard]\nlanguage = \"es\"\n");
        assert!(old.differences(&measuring(&other)).is_empty());
        let new = measuring(
            &SETTINGS
                .replace("Madrid", "Lisbon")
                .replace("08:00", "09:00"),
        );
        assert_eq!(
            old.differences(&new),
            [
                "attendance.time_zone Europe/Madrid \u{2192} Europe/Lisbon",
                "the shifts"
            ]
        );
    }

    #[test]
    fn the_machine_s_zone_has_a_name() {
        assert!(!measuring("").time_zone.is_empty());
        measuring("").work_plan().unwrap();
    }
}
