//! The days of many people, measured: what every report and export is made of.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::plan::WorkPlan;
use super::{DayReport, DayState};
use crate::attendance::AttendanceEvent;
use crate::person::{Person, PersonId};

/// One person's days of a period, those on which there is nothing to say left out.
#[derive(Debug, Clone)]
pub struct PersonDays {
    /// Who.
    pub person: Person,
    /// In order.
    pub days: Vec<WorkDay>,
}

/// One day of one person.
#[derive(Debug, Clone)]
pub struct WorkDay {
    /// Which.
    pub day: NaiveDate,
    /// Name of the shift.
    pub shift: Option<Arc<str>>,
    /// What it adds up to.
    pub report: DayReport,
    /// The events it was counted from, voided ones too.
    pub events: Vec<AttendanceEvent>,
}

/// Measures the days from `from` to `to` as of `now`; no day lies in the future.
pub fn measure(
    plan: &WorkPlan,
    people: Vec<Person>,
    events: Vec<AttendanceEvent>,
    (from, to): (NaiveDate, NaiveDate),
    now: &DateTime<FixedOffset>,
) -> Vec<PersonDays> {
    let last = to.min(plan.policy.local_day(now));
    let mut by_day: HashMap<(PersonId, NaiveDate), Vec<AttendanceEvent>> = HashMap::new();
    for event in events {
        let day = by_day.entry((event.person, event.local_day)).or_default();
        day.push(event);
    }
    let mut planner = plan.planner();
    let days = || from.iter_days().take_while(|day| *day <= last);
    people
        .into_iter()
        .map(|person| {
            let days = days().filter_map(|day| {
                let events = by_day.remove(&(person.id, day)).unwrap_or_default();
                let (report, shift) = planner.report(&person, day, &events, now);
                (report.state != DayState::Free).then_some(WorkDay {
                    day,
                    shift,
                    report,
                    events,
                })
            });
            let days = days.collect();
            PersonDays { person, days }
        })
        .collect()
}
