//! What every day of every person is measured by, in one value, so that the screen,
//! the reports and payroll's export cannot count differently.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, TimeZone};

use super::shift::{PlannedShift, instant};
use super::timetable::Timetable;
use super::{DayReport, DayRules, day_report};
use crate::attendance::AttendanceEvent;
use crate::day::AttendancePolicy;
use crate::person::Person;

/// The clock on the station's wall.
pub trait WallClock: Debug + Send + Sync {
    /// One instant for a wall time, whatever daylight saving does; see [`instant`].
    fn instant(&self, wall: NaiveDateTime) -> DateTime<FixedOffset>;
}

impl<Z: TimeZone + Debug + Send + Sync> WallClock for Z {
    fn instant(&self, wall: NaiveDateTime) -> DateTime<FixedOffset> {
        instant(self, wall)
    }
}

/// Who is expected when, and how hours are counted.
#[derive(Debug, Clone)]
pub struct WorkPlan {
    /// What sightings mean, and when a day starts.
    pub policy: AttendancePolicy,
    /// Shifts, schedules and holidays.
    pub timetable: Timetable,
    /// How long after a shift an open check-in is taken for forgotten.
    pub close_after: Duration,
    /// The zone in which all of this is meant.
    pub clock: Arc<dyn WallClock>,
}

/// One day of one team.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DayPlan {
    /// Name of the shift, and when it is; none on a free day.
    pub shift: Option<(Arc<str>, PlannedShift)>,
    /// When the next attendance day starts.
    pub ends: DateTime<FixedOffset>,
}

/// Measures many days: what is planned for a team on a day is worked out once.
#[derive(Debug)]
pub struct Planner<'a> {
    plan: &'a WorkPlan,
    days: HashMap<NaiveDate, TeamDays>,
}

/// The plans of a day: of those in no team, and by team.
type TeamDays = (Option<DayPlan>, HashMap<String, DayPlan>);

impl WorkPlan {
    /// A plan in which nobody is expected, so that hours are all that is counted.
    pub fn without_shifts(policy: AttendancePolicy, clock: Arc<dyn WallClock>) -> Self {
        Self {
            policy,
            timetable: Timetable::default(),
            close_after: Duration::ZERO,
            clock,
        }
    }

    /// When the attendance day `day` is over.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<FixedOffset> {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        self.clock.instant(next.and_time(self.policy.day_starts_at))
    }

    /// What is planned for somebody of this team.
    pub fn day(&self, day: NaiveDate, team: Option<&str>) -> DayPlan {
        let shift = self.timetable.shift_on(day, team).map(|shift| {
            let planned = shift.on(day, self.policy.day_starts_at, &*self.clock);
            (Arc::from(shift.name.as_str()), planned)
        });
        DayPlan {
            shift,
            ends: self.end_of(day),
        }
    }

    /// Measures days by this plan.
    pub fn planner(&self) -> Planner<'_> {
        Planner {
            plan: self,
            days: HashMap::new(),
        }
    }
}

impl DayPlan {
    /// What the day adds up to as of `now`.
    pub fn report(
        &self,
        events: &[AttendanceEvent],
        policy: &AttendancePolicy,
        close_after: Duration,
        now: &DateTime<FixedOffset>,
    ) -> DayReport {
        let rules = DayRules {
            mode: policy.mode,
            shift: self.shift.as_ref().map(|(_, planned)| planned),
            close_after,
            day_ends: self.ends,
        };
        day_report(events, &rules, now)
    }

    /// What the day adds up to for somebody, and the name of the shift; nobody is expected
    /// before being enrolled, or after leaving.
    pub fn report_of(
        &self,
        (person, day): (&Person, NaiveDate),
        events: &[AttendanceEvent],
        (policy, close_after): (&AttendancePolicy, Duration),
        now: &DateTime<FixedOffset>,
    ) -> (DayReport, Option<Arc<str>>) {
        let enrolled = policy.local_day(&person.created_at);
        let is_expected = person.expectation.includes(day, enrolled);
        if is_expected || !events.is_empty() {
            let name = self.shift.as_ref().map(|(name, _)| name.clone());
            return (self.report(events, policy, close_after, now), name);
        }
        let free = Self {
            shift: None,
            ends: self.ends,
        };
        (free.report(events, policy, close_after, now), None)
    }
}

impl Planner<'_> {
    /// What is planned for a team on a day.
    pub fn day(&mut self, day: NaiveDate, team: Option<&str>) -> &DayPlan {
        let (teamless, teams) = self.days.entry(day).or_default();
        let Some(team) = team else {
            return teamless.get_or_insert_with(|| self.plan.day(day, None));
        };
        match teams.entry(team.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(self.plan.day(day, Some(team))),
        }
    }

    /// What a day of a person adds up to as of `now`, and the name of the shift.
    ///
    /// Nobody is expected before being enrolled, or after leaving; who has come all the
    /// same is measured by the shift.
    pub fn report(
        &mut self,
        person: &Person,
        day: NaiveDate,
        events: &[AttendanceEvent],
        now: &DateTime<FixedOffset>,
    ) -> (DayReport, Option<Arc<str>>) {
        let (policy, close_after) = (self.plan.policy, self.plan.close_after);
        let plan = self.day(day, person.team.as_deref());
        plan.report_of((person, day), events, (&policy, close_after), now)
    }
}
