//! What a person's days add up to.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};

use super::{DayReport, DayState};

/// Sums over some days of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Days with a check-in.
    pub days_present: u32,
    /// Days on which the person was expected and never came.
    pub days_absent: u32,
    /// Days on which the person came late.
    pub days_late: u32,
    /// Days on which the person left early.
    pub days_early: u32,
    /// Days that somebody has to look at before they are paid.
    pub days_flagged: u32,
    /// Paid time.
    pub worked: Duration,
    /// Work beyond the shifts.
    pub overtime: Duration,
    /// All lateness.
    pub late: Duration,
    /// All leaving early.
    pub early: Duration,
}

/// A week as ISO 8601 counts it: its year, which is not always that of its days, and its number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct IsoWeek {
    /// The week's year.
    pub year: i32,
    /// 1 to 53.
    pub week: u32,
}

impl std::fmt::Display for IsoWeek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-W{:02}", self.year, self.week)
    }
}

impl IsoWeek {
    /// The week of a day.
    pub fn of(day: NaiveDate) -> Self {
        let week = day.iso_week();
        Self {
            year: week.year(),
            week: week.week(),
        }
    }
}

impl Totals {
    /// Adds a day.
    pub fn add(&mut self, day: &DayReport) {
        self.days_present += u32::from(day.first_in.is_some());
        self.days_absent += u32::from(day.state == DayState::Absent);
        self.days_late += u32::from(!day.late.is_zero());
        self.days_early += u32::from(!day.early.is_zero());
        self.days_flagged += u32::from(!day.flags.is_empty());
        self.worked += day.worked;
        self.overtime += day.overtime;
        self.late += day.late;
        self.early += day.early;
    }

    /// Adds the sums of other days.
    pub fn merge(&mut self, other: &Self) {
        self.days_present += other.days_present;
        self.days_absent += other.days_absent;
        self.days_late += other.days_late;
        self.days_early += other.days_early;
        self.days_flagged += other.days_flagged;
        self.worked += other.worked;
        self.overtime += other.overtime;
        self.late += other.late;
        self.early += other.early;
    }

    /// The sums over all days.
    pub fn of<'a>(days: impl IntoIterator<Item = &'a DayReport>) -> Self {
        let mut totals = Self::default();
        for day in days {
            totals.add(day);
        }
        totals
    }
}

/// Paid time of every week in which there is any day.
pub fn worked_by_week<'a>(
    days: impl IntoIterator<Item = (NaiveDate, &'a DayReport)>,
) -> BTreeMap<IsoWeek, Duration> {
    let mut weeks = BTreeMap::new();
    for (day, report) in days {
        *weeks.entry(IsoWeek::of(day)).or_insert(Duration::ZERO) += report.worked;
    }
    weeks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_days_of_january_may_belong_to_the_old_year() {
        let of = |text: &str| IsoWeek::of(text.parse().unwrap()).to_string();
        assert_eq!(of("2027-01-03"), "2026-W53");
        assert_eq!(of("2027-01-04"), "2027-W01");
        assert_eq!(of("2024-12-30"), "2025-W01");
    }
}
