//! The days of many people, measured: what every report and export is made of.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::plan::{Planner, WorkPlan};
use super::{DayReport, DayState};
use crate::attendance::{AttendanceEvent, Signature};
use crate::person::{Person, PersonId};

/// One person's days of a period, those on which there is nothing to say left out.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct PersonDays {
    /// Who.
    pub person: Person,
    /// In order.
    pub days: Vec<WorkDay>,
}

/// One day of one person.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
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

impl WorkDay {
    /// What operators have done to its events.
    pub fn signatures(&self) -> impl Iterator<Item = Signature<'_>> {
        self.events.iter().flat_map(AttendanceEvent::signatures)
    }
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
                work_day(&mut planner, &person, day, events, now)
            });
            let days = days.collect();
            PersonDays { person, days }
        })
        .collect()
}

/// Measures one day of all people as of `now`: what [`measure`] says of it, for whoever
/// cannot hold a year. `events` are those of the day.
pub fn measure_day<'p>(
    plan: &WorkPlan,
    people: &'p [Person],
    events: Vec<AttendanceEvent>,
    day: NaiveDate,
    now: &DateTime<FixedOffset>,
) -> Vec<(&'p Person, WorkDay)> {
    if day > plan.policy.local_day(now) {
        return Vec::new();
    }
    let mut by_person: HashMap<PersonId, Vec<AttendanceEvent>> = HashMap::new();
    for event in events {
        by_person.entry(event.person).or_default().push(event);
    }
    let mut planner = plan.planner();
    people
        .iter()
        .filter_map(|person| {
            let events = by_person.remove(&person.id).unwrap_or_default();
            let day = work_day(&mut planner, person, day, events, now)?;
            Some((person, day))
        })
        .collect()
}

/// None if there is nothing to say about it.
fn work_day(
    planner: &mut Planner<'_>,
    person: &Person,
    day: NaiveDate,
    events: Vec<AttendanceEvent>,
    now: &DateTime<FixedOffset>,
) -> Option<WorkDay> {
    let (report, shift) = planner.report(person, day, &events, now);
    (report.state != DayState::Free).then_some(WorkDay {
        day,
        shift,
        report,
        events,
    })
}
