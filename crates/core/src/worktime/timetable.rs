//! Who is expected when: shifts, and which team has which on which days.

use chrono::{Datelike, NaiveDate, Weekday};

use super::holiday::Holidays;
use super::shift::Shift;
use crate::person::is_same_team;

/// Which shift a team has on some weekdays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The team; `None` is for everybody whose team has no schedule of its own.
    pub team: Option<String>,
    /// Place of the shift in [`Timetable::shifts`].
    pub shift: usize,
    /// On these days.
    pub weekdays: Vec<Weekday>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Until this day, itself included.
    pub until: Option<NaiveDate>,
}

/// All that is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timetable {
    /// The shifts.
    pub shifts: Vec<Shift>,
    /// Who has them when.
    pub schedules: Vec<Schedule>,
    /// Days on which nobody is expected.
    pub holidays: Holidays,
}

impl Schedule {
    fn is_in_effect(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Timetable {
    /// The shift that somebody of this team has on a day; none on a holiday and on days
    /// that no schedule names.
    ///
    /// If the team has a schedule of its own in effect, only its schedules count. Of
    /// several that name the day the one that came into effect last counts, of equals
    /// the one that is written last.
    pub fn shift_on(&self, day: NaiveDate, team: Option<&str>) -> Option<&Shift> {
        if self.holidays.name_of(day).is_some() {
            return None;
        }
        let in_effect = || self.schedules.iter().filter(|s| s.is_in_effect(day));
        let is_own = |schedule: &&Schedule| match (&schedule.team, team) {
            (Some(theirs), Some(own)) => is_same_team(theirs, own),
            _ => false,
        };
        let has_own = in_effect().any(|schedule| is_own(&schedule));
        in_effect()
            .filter(|schedule| {
                if has_own {
                    is_own(schedule)
                } else {
                    schedule.team.is_none()
                }
            })
            .filter(|schedule| schedule.weekdays.contains(&day.weekday()))
            // The last of equal ones.
            .max_by_key(|schedule| schedule.from)
            .and_then(|schedule| self.shifts.get(schedule.shift))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use chrono::NaiveTime;

    const WORKDAYS: [Weekday; 5] = [
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
    ];

    fn shift(name: &str) -> Shift {
        Shift {
            name: name.into(),
            starts_at: NaiveTime::from_hms_opt(8, 0, 0).unwrap(),
            ends_at: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
            breaks: vec![],
            grace: Duration::ZERO,
        }
    }

    fn schedule(team: Option<&str>, shift: usize, weekdays: &[Weekday]) -> Schedule {
        Schedule {
            team: team.map(str::to_owned),
            shift,
            weekdays: weekdays.to_vec(),
            from: None,
            until: None,
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn timetable(schedules: Vec<Schedule>) -> Timetable {
        Timetable {
            shifts: vec![shift("day"), shift("late"), shift("summer")],
            schedules,
            holidays: Holidays::default(),
        }
    }

    fn on<'a>(timetable: &'a Timetable, date: &str, team: Option<&str>) -> Option<&'a str> {
        let shift = timetable.shift_on(day(date), team)?;
        Some(shift.name.as_str())
    }

    #[test]
    fn a_team_of_its_own_schedule_has_no_other() {
        let table = timetable(vec![
            schedule(None, 0, &WORKDAYS),
            schedule(Some("Shop"), 1, &[Weekday::Sat]),
        ]);
        // 23 November 2026 is a Monday.
        assert_eq!(on(&table, "2026-11-23", None), Some("day"));
        assert_eq!(on(&table, "2026-11-23", Some("office")), Some("day"));
        assert_eq!(on(&table, "2026-11-23", Some("shop")), None);
        assert_eq!(on(&table, "2026-11-28", Some("shop")), Some("late"));
        assert_eq!(on(&table, "2026-11-28", None), None);
    }

    #[test]
    fn the_schedule_that_came_last_counts_while_it_is_in_effect() {
        let summer = Schedule {
            from: Some(day("2026-07-01")),
            until: Some(day("2026-08-31")),
            ..schedule(None, 2, &WORKDAYS)
        };
        let table = timetable(vec![summer, schedule(None, 0, &WORKDAYS)]);
        assert_eq!(on(&table, "2026-06-30", None), Some("day"));
        assert_eq!(on(&table, "2026-07-01", None), Some("summer"));
        assert_eq!(on(&table, "2026-08-31", None), Some("summer"));
        assert_eq!(on(&table, "2026-09-01", None), Some("day"));
    }

    #[test]
    fn nobody_is_expected_on_a_holiday() {
        let mut table = timetable(vec![schedule(None, 0, &WORKDAYS)]);
        let ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\n\
            SUMMARY:Christmas\nEND:VEVENT\nEND:VCALENDAR\n";
        table.holidays = Holidays::parse(ics.as_bytes(), &chrono::Utc).unwrap();
        assert_eq!(on(&table, "2026-12-25", None), None);
        assert_eq!(on(&table, "2026-12-24", None), Some("day"));
    }

    #[test]
    fn without_a_schedule_every_day_is_free() {
        assert_eq!(on(&Timetable::default(), "2026-11-23", None), None);
    }
}
