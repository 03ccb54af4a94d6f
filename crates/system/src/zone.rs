//! The time zone of the station: what a clock on its wall shows.

use chrono::{DateTime, FixedOffset, Local, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use rollcall_core::worktime::plan::WallClock;
use rollcall_core::worktime::shift::instant;

/// A time zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Zone {
    /// That of the machine.
    #[default]
    Machine,
    /// One of the IANA database, whatever the machine's is.
    Named(Tz),
}

impl Zone {
    /// The zone of this name, e.g. `Europe/Madrid`; the machine's if the name is empty.
    pub fn parse(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::Machine);
        }
        name.parse().ok().map(Self::Named)
    }

    /// Name of the machine's zone, e.g. to see later that it is another.
    pub fn machine_name() -> String {
        // As chrono finds it: the variable goes before the system's setting.
        let variable = std::env::var("TZ").ok();
        let named = variable.filter(|name| name.parse::<Tz>().is_ok());
        let named = named.or_else(|| iana_time_zone::get_timezone().ok());
        let known = named.filter(|name| name.parse::<Tz>().is_ok());
        known.unwrap_or_else(|| "UTC".to_owned())
    }

    /// A moment as a clock on the wall shows it.
    pub fn localise(self, moment: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self {
            Self::Machine => moment.with_timezone(&Local).fixed_offset(),
            Self::Named(zone) => moment.with_timezone(&zone).fixed_offset(),
        }
    }

    /// The moments at which a clock on the wall shows `local`: two in the hour that
    /// daylight saving repeats, none in the one it leaves out.
    pub fn moments_of(self, local: NaiveDateTime) -> LocalResult<DateTime<FixedOffset>> {
        match self {
            Self::Machine => Local
                .from_local_datetime(&local)
                .map(|at| at.fixed_offset()),
            Self::Named(zone) => zone.from_local_datetime(&local).map(|at| at.fixed_offset()),
        }
    }
}

impl WallClock for Zone {
    fn instant(&self, wall: NaiveDateTime) -> DateTime<FixedOffset> {
        match self {
            Self::Machine => instant(&Local, wall),
            Self::Named(zone) => instant(zone, wall),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_zone_changes_its_clock_by_its_own_rules() {
        let madrid = Zone::parse("Europe/Madrid").unwrap();
        let at = |text: &str| madrid.localise(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-10-25T00:30:00Z"), "2026-10-25 02:30:00 +02:00");
        assert_eq!(at("2026-10-25T01:30:00Z"), "2026-10-25 02:30:00 +01:00");
        let repeated = "2026-10-25T02:30:00".parse().unwrap();
        assert!(matches!(
            madrid.moments_of(repeated),
            LocalResult::Ambiguous(..)
        ));
        let skipped = "2026-03-29T02:30:00".parse().unwrap();
        assert!(matches!(madrid.moments_of(skipped), LocalResult::None));
    }

    #[test]
    fn an_unknown_name_is_none() {
        assert_eq!(Zone::parse("Europe/Atlantis"), None);
        assert_eq!(Zone::parse(""), Some(Zone::Machine));
    }
}
