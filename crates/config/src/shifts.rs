//! Settings of who is expected when.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, parse_time_of_day};
use rollcall_core::worktime::holiday::Holidays;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_core::worktime::shift::{Break, Shift};
use rollcall_core::worktime::timetable::{Schedule, Timetable};
use rollcall_system::read_bounded;
use rollcall_system::zone::Zone;

/// `[[shift]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftConfig {
    /// What schedules call it.
    pub name: String,
    /// `HH:MM`.
    pub start: String,
    /// `HH:MM`; before the start if it runs past midnight.
    pub end: String,
    /// Unpaid spans, `HH:MM-HH:MM`.
    #[serde(default)]
    pub breaks: Vec<String>,
    /// Minutes that are still on time.
    #[serde(default)]
    pub grace_mins: u64,
}

/// `[[schedule]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Name of the shift.
    pub shift: String,
    /// Weekdays, `mon` to `sun`.
    pub days: Vec<String>,
    /// The team it is for; without one it is for all teams that have none of their own.
    #[serde(default)]
    pub team: Option<String>,
    /// First day.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// Last day.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

impl Config {
    /// Who is expected when. Holidays are read from the file that is named; a relative
    /// path is inside `data_dir`.
    ///
    /// # Errors
    /// If a shift or schedule makes no sense, or the calendar cannot be read.
    pub fn timetable(&self, data_dir: &Path) -> Result<Timetable, ConfigError> {
        let calendar = self.holiday_bytes(data_dir)?;
        self.timetable_with(
            calendar.as_deref(),
            &data_dir.join(&self.attendance.holidays),
        )
    }

    /// What the calendar of holidays says, if one is named.
    pub(super) fn holiday_bytes(&self, data_dir: &Path) -> Result<Option<Vec<u8>>, ConfigError> {
        if self.attendance.holidays.is_empty() {
            return Ok(None);
        }
        let path = data_dir.join(&self.attendance.holidays);
        match read_bounded::file(&path, read_bounded::TEXT_BYTES) {
            Ok(calendar) => Ok(Some(calendar)),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    fn timetable_with(
        &self,
        holidays: Option<&[u8]>,
        path: &Path,
    ) -> Result<Timetable, ConfigError> {
        let mut timetable = self.shifts_and_schedules()?;
        if let Some(calendar) = holidays {
            let holidays = Holidays::parse(calendar, &self.zone());
            timetable.holidays = holidays.map_err(|error| ConfigError::Invalid {
                path: path.to_path_buf(),
                message: error.to_string(),
            })?;
        }
        Ok(timetable)
    }

    /// What days are measured by.
    ///
    /// # Errors
    /// As [`Config::timetable`].
    pub fn work_plan(&self, data_dir: &Path) -> Result<WorkPlan, ConfigError> {
        let calendar = self.holiday_bytes(data_dir)?;
        self.work_plan_with(
            calendar.as_deref(),
            &data_dir.join(&self.attendance.holidays),
        )
    }

    /// The same with a calendar that was read before, from `path`.
    pub(super) fn work_plan_with(
        &self,
        holidays: Option<&[u8]>,
        path: &Path,
    ) -> Result<WorkPlan, ConfigError> {
        Ok(WorkPlan {
            policy: self.policies().attendance,
            timetable: self.timetable_with(holidays, path)?,
            close_after: Duration::from_secs(3600 * self.attendance.close_after_hours),
            clock: Arc::new(self.zone()),
        })
    }

    /// Checks everything about attendance that needs no other file.
    pub(super) fn validate_attendance(
        &self,
        check: impl Fn(bool, &'static str, String, &'static str) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        check(
            (10..=86_400).contains(&self.attendance.cooldown_secs),
            "attendance.cooldown_secs",
            self.attendance.cooldown_secs.to_string(),
            "from 10 seconds to a day (86400)",
        )?;
        check(
            parse_time_of_day(&self.attendance.day_starts_at).is_some(),
            "attendance.day_starts_at",
            format!("{:?}", self.attendance.day_starts_at),
            "a time as \"HH:MM\"",
        )?;
        check(
            Zone::parse(&self.attendance.time_zone).is_some(),
            "attendance.time_zone",
            format!("{:?}", self.attendance.time_zone),
            "a name such as \"Europe/Madrid\", or empty for the machine's",
        )?;
        check(
            self.attendance.close_after_hours <= 24,
            "attendance.close_after_hours",
            self.attendance.close_after_hours.to_string(),
            "from 0 to 24",
        )?;
        self.shifts_and_schedules().map(|_| ())
    }

    /// What can be checked without another file.
    fn shifts_and_schedules(&self) -> Result<Timetable, ConfigError> {
        let day_starts_at =
            parse_time_of_day(&self.attendance.day_starts_at).unwrap_or(NaiveTime::MIN);
        let shifts = self
            .shift
            .iter()
            .map(|shift| shift.checked(day_starts_at))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, shift) in shifts.iter().enumerate() {
            if shifts[..index].iter().any(|other| other.name == shift.name) {
                return Err(wrong(format!("two shifts are called {:?}", shift.name)));
            }
        }
        let schedules = self
            .schedule
            .iter()
            .map(|schedule| schedule.checked(&shifts))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Timetable {
            shifts,
            schedules,
            holidays: Holidays::default(),
        })
    }
}

impl ShiftConfig {
    fn checked(&self, day_starts_at: NaiveTime) -> Result<Shift, ConfigError> {
        let time = |text: &str| {
            parse_time_of_day(text.trim()).ok_or_else(|| {
                wrong(format!(
                    "the shift {:?} has {text:?} where a time as \"HH:MM\" belongs",
                    self.name
                ))
            })
        };
        let breaks = self
            .breaks
            .iter()
            .map(|text| {
                let (from, to) = text.split_once('-').unwrap_or((text, ""));
                Ok(Break {
                    starts_at: time(from)?,
                    ends_at: time(to)?,
                })
            })
            .collect::<Result<_, ConfigError>>()?;
        let shift = Shift {
            name: self.name.clone(),
            starts_at: time(&self.start)?,
            ends_at: time(&self.end)?,
            breaks,
            grace: Duration::from_mins(self.grace_mins.min(24 * 60)),
        };
        shift
            .check(day_starts_at)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(shift)
    }
}

impl ScheduleConfig {
    fn checked(&self, shifts: &[Shift]) -> Result<Schedule, ConfigError> {
        let shift = shifts
            .iter()
            .position(|shift| shift.name == self.shift)
            .ok_or_else(|| {
                wrong(format!(
                    "a schedule names the shift {:?}, which there is not",
                    self.shift
                ))
            })?;
        let weekdays = self
            .days
            .iter()
            .map(|day| {
                day.parse::<Weekday>().map_err(|_| {
                    wrong(format!(
                        "a schedule of {:?} names the day {day:?}; days are mon, tue, wed, thu, fri, sat, sun",
                        self.shift
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until < from
        {
            return Err(wrong(format!(
                "a schedule of {:?} ends on {until}, before it begins on {from}",
                self.shift
            )));
        }
        Ok(Schedule {
            team: self.team.clone(),
            shift,
            weekdays,
            from: self.from,
            until: self.until,
        })
    }
}

fn wrong(message: String) -> ConfigError {
    ConfigError::Timetable { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(text: &str) -> Result<Timetable, String> {
        let config = Config::parse(text, Path::new("config.toml")).map_err(|e| e.to_string())?;
        config.validate().map_err(|e| e.to_string())?;
        config
            .timetable(Path::new("/nowhere"))
            .map_err(|e| e.to_string())
    }

    const DAY: &str = "[[shift]]\nname = \"day\"\nstart = \"08:00\"\nend = \"17:00\"\n\
        breaks = [\"12:00-12:30\"]\ngrace_mins = 5\n";

    #[test]
    fn a_timetable_is_read() {
        let schedule = "[[schedule]]\nshift = \"day\"\ndays = [\"mon\", \"Friday\"]\n\
            team = \"office\"\nfrom = \"2026-01-01\"\n";
        let table = timetable(&format!("{DAY}{schedule}")).unwrap();
        assert_eq!(table.shifts[0].breaks.len(), 1);
        assert_eq!(table.schedules[0].weekdays, [Weekday::Mon, Weekday::Fri]);
        assert_eq!(table.schedules[0].team.as_deref(), Some("office"));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let night = "[attendance]\nday_starts_at = \"04:00\"\n[[shift]]\nname = \"night\"\n\
            start = \"22:00\"\nend = \"06:00\"\n";
        for (text, words) in [
            (DAY.replace("17:00", "25:00"), "where a time"),
            (DAY.replace("12:00-12:30", "12:00"), "where a time"),
            (DAY.replace("12:00-12:30", "18:00-18:30"), "not inside"),
            (format!("{DAY}{DAY}"), "two shifts"),
            (
                format!("{DAY}[[schedule]]\nshift = \"late\"\ndays = []\n"),
                "which there is not",
            ),
            (
                format!("{DAY}[[schedule]]\nshift = \"day\"\ndays = [\"mo\"]\n"),
                "names the day",
            ),
            (night.to_owned(), "choose a day_starts_at outside"),
            (DAY.replace("grace_mins", "grace"), "line 6"),
            (
                "[attendance]\nholidays = \"h.ics\"\n".to_owned(),
                "/nowhere/h.ics",
            ),
            (
                "[attendance]\ntime_zone = \"Mars/Base\"\n".to_owned(),
                "attendance.time_zone",
            ),
        ] {
            let message = timetable(&text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
