//! What a person's day adds up to against its shift.
//!
//! Invariants:
//! - Hours are real elapsed time and never negative, whatever a clock did.
//! - All is counted in whole minutes: a punch counts for the minute that the clock showed,
//!   its seconds stay in the event only. What is printed is what was counted, days add up
//!   to their total, and two rows that print alike are alike.
//! - An unpaid break is taken off where it was worked through and nowhere else, so
//!   that somebody who punches out for it does not lose it twice.
//! - Nothing is guessed silently: every event that does not pair is a [`Flag`], and a
//!   closing that the rules propose is returned as such ([`DayReport::closing`]).
//!
//! Deliberately absent: writing the proposed closing; this room writes nothing.

pub mod alteration;
pub mod holiday;
pub mod period;
pub mod plan;
pub mod shift;
pub mod timetable;
pub mod totals;

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike};

use self::shift::{PlannedShift, Span};
use crate::attendance::{AttendanceEvent, Direction, EventSource};
use crate::day::AttendanceMode;
use crate::day_order::sort_as_lived;

/// What somebody has to look at before the hours are paid.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// The check-out is missing, or was put there by a rule.
    ForgottenCheckOut,
    /// A check-out without a check-in before it; it counts no hours.
    CheckOutAlone,
    /// A second check-in while in; the first one counts.
    CheckInTwice,
    /// A check-out that the clock puts before its check-in; it counts no hours.
    ClockWentBack,
    /// More than 24 hours, or a time that is nowhere near the day: a punch counts for a day
    /// that is not its own.
    NotOneDay,
}

impl Flag {
    /// What the operator is told.
    pub fn text(self) -> Text {
        match self {
            Self::ForgottenCheckOut => say::FLAG_FORGOTTEN_CHECK_OUT,
            Self::CheckOutAlone => say::FLAG_CHECK_OUT_ALONE,
            Self::CheckInTwice => say::FLAG_CHECKED_IN_TWICE,
            Self::ClockWentBack => say::FLAG_CLOCK_WENT_BACK,
            Self::NotOneDay => say::FLAG_MORE_THAN_A_DAY,
        }
    }
}

impl std::fmt::Display for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for Flag {
    fn said(&self) -> Message {
        self.text().into()
    }
}

/// Where a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayState {
    /// Nothing planned and nobody came.
    Free,
    /// The shift has not started, or is within its grace.
    Expected,
    /// The grace is over and the person has not come.
    Overdue,
    /// The shift is over and the person never came.
    Absent,
    /// The last event is a check-in.
    In,
    /// The last event is a check-out, or the day is closed.
    Out,
}

impl std::fmt::Display for DayState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Free => "free",
            Self::Expected => "expected",
            Self::Overdue => "overdue",
            Self::Absent => "absent",
            Self::In => "in",
            Self::Out => "out",
        })
    }
}

/// What the day is measured by.
#[derive(Debug, Clone, Copy)]
pub struct DayRules<'a> {
    /// What later sightings of a day mean.
    pub mode: AttendanceMode,
    /// The shift, unless the day is free or a holiday.
    pub shift: Option<&'a PlannedShift>,
    /// How long after a shift an open check-in is taken for forgotten.
    pub close_after: Duration,
    /// When the next attendance day starts.
    pub day_ends: DateTime<FixedOffset>,
}

/// What a person's day adds up to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DayReport {
    /// First check-in, to the minute.
    pub first_in: Option<DateTime<FixedOffset>>,
    /// Last check-out, to the minute.
    pub last_out: Option<DateTime<FixedOffset>>,
    /// Spans between check-in and check-out, in the order in which they were lived.
    pub sessions: Vec<Span>,
    /// Paid time.
    pub worked: Duration,
    /// Unpaid breaks that fell into sessions.
    pub breaks: Duration,
    /// How long after the planned start the person came, if beyond the grace.
    pub late: Duration,
    /// How long before the planned end the person left, if beyond the grace.
    pub early: Duration,
    /// Worked beyond the shift; on a free day all that was worked.
    pub overtime: Duration,
    /// Where the person stands.
    pub state: DayState,
    /// What somebody has to look at.
    pub flags: BTreeSet<Flag>,
    /// When a forgotten check-out is to be closed, as an event of source
    /// [`EventSource::Rule`].
    pub closing: Option<DateTime<FixedOffset>>,
}

/// Adds up the standing events of one person's day as of `now`.
pub fn day_report(
    events: &[AttendanceEvent],
    rules: &DayRules<'_>,
    now: &DateTime<FixedOffset>,
) -> DayReport {
    let mut standing: Vec<AttendanceEvent> = events
        .iter()
        .filter(|e| e.void.is_none())
        .cloned()
        .collect();
    // By the exact times; the minutes would not tell two punches of one minute apart.
    sort_as_lived(&mut standing);
    for event in &mut standing {
        event.at = to_minute(event.at);
    }
    let now = &to_minute(*now);
    let mut pairing = Pairing::new(rules.mode);
    for event in &standing {
        pairing.take(event);
    }
    let closing = pairing.close(rules, now);
    let in_sessions: Duration = pairing.sessions.iter().map(Span::length).sum();
    let breaks = rules.shift.map_or(Duration::ZERO, |shift| {
        let overlap = |pause| pairing.sessions.iter().map(move |s| s.overlap(pause));
        shift.breaks.iter().flat_map(overlap).sum()
    });
    let worked = in_sessions.saturating_sub(breaks);
    if in_sessions > LONGEST_DAY {
        pairing.flags.insert(Flag::NotOneDay);
    }
    let mut report = DayReport {
        first_in: pairing.first_in,
        last_out: pairing.last_out,
        sessions: pairing.sessions,
        worked,
        breaks,
        late: Duration::ZERO,
        early: Duration::ZERO,
        overtime: Duration::ZERO,
        state: state(&standing, closing.is_some(), rules, now),
        flags: pairing.flags,
        closing,
    };
    if rules.mode == AttendanceMode::Presence {
        // One sighting says that somebody came and nothing about hours.
        report.late = lateness(&report, rules.shift);
        return report;
    }
    let target = rules.shift.map_or(Duration::ZERO, PlannedShift::target);
    report.overtime = worked.saturating_sub(target);
    report.late = lateness(&report, rules.shift);
    report.early = earliness(&report, rules.shift, now);
    report
}

/// Nobody works longer in one day, not even in the one that has 25 hours.
const LONGEST_DAY: Duration = Duration::from_hours(24);

/// The minute that a clock on the wall showed.
pub fn to_minute(at: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let past = TimeDelta::new(at.second().into(), at.nanosecond() % 1_000_000_000);
    past.and_then(|past| at.checked_sub_signed(past))
        .unwrap_or(at)
}

/// Check-ins and check-outs being matched, one event after the other.
struct Pairing {
    mode: AttendanceMode,
    first_in: Option<DateTime<FixedOffset>>,
    last_out: Option<DateTime<FixedOffset>>,
    open_since: Option<DateTime<FixedOffset>>,
    sessions: Vec<Span>,
    flags: BTreeSet<Flag>,
}

impl Pairing {
    fn new(mode: AttendanceMode) -> Self {
        Self {
            mode,
            first_in: None,
            last_out: None,
            open_since: None,
            sessions: Vec::new(),
            flags: BTreeSet::new(),
        }
    }

    fn take(&mut self, event: &AttendanceEvent) {
        match event.direction {
            Direction::In => {
                self.first_in.get_or_insert(event.at);
                if self.open_since.is_some() {
                    self.flags.insert(Flag::CheckInTwice);
                } else {
                    self.open_since = Some(event.at);
                }
            }
            Direction::Out => {
                if event.source == EventSource::Rule {
                    self.flags.insert(Flag::ForgottenCheckOut);
                }
                self.check_out(event.at);
            }
        }
    }

    fn check_out(&mut self, at: DateTime<FixedOffset>) {
        self.last_out = Some(at);
        let from = match (self.open_since.take(), self.sessions.last()) {
            (Some(from), _) => from,
            // Each later sighting moves the check-out.
            (None, Some(last)) if self.mode == AttendanceMode::FirstInLastOut => last.to,
            (None, _) => {
                self.flags.insert(Flag::CheckOutAlone);
                return;
            }
        };
        if at < from {
            self.flags.insert(Flag::ClockWentBack);
            return;
        }
        match self.sessions.last_mut() {
            Some(last) if last.to == from => last.to = at,
            _ => self.sessions.push(Span { from, to: at }),
        }
    }

    /// Counts an open check-in up to `now`, or closes it if it has been forgotten.
    fn close(
        &mut self,
        rules: &DayRules<'_>,
        now: &DateTime<FixedOffset>,
    ) -> Option<DateTime<FixedOffset>> {
        if self.mode == AttendanceMode::Presence {
            return None;
        }
        let from = self.open_since?;
        let forgotten_at = rules.shift.map_or(rules.day_ends, |shift| {
            rules.day_ends.min(shift.span.to + rules.close_after)
        });
        // Somebody who came back after that is in until the day ends.
        let forgotten_at = if from < forgotten_at {
            forgotten_at
        } else {
            rules.day_ends
        };
        if *now < forgotten_at {
            if from <= *now {
                self.sessions.push(Span { from, to: *now });
            }
            return None;
        }
        // Without a shift nobody knows how long; none is less wrong than all night.
        let to = rules.shift.map_or(from, |shift| shift.span.to.max(from));
        self.flags.insert(Flag::ForgottenCheckOut);
        self.check_out(to);
        Some(to)
    }
}

fn state(
    standing: &[AttendanceEvent],
    closed: bool,
    rules: &DayRules<'_>,
    now: &DateTime<FixedOffset>,
) -> DayState {
    match (standing.last().map(|e| e.direction), rules.shift) {
        (Some(Direction::In), _) if !closed && *now < rules.day_ends => DayState::In,
        (Some(_), _) => DayState::Out,
        (None, None) => DayState::Free,
        (None, Some(shift)) if *now >= shift.span.to => DayState::Absent,
        (None, Some(shift)) if *now > shift.span.from + shift.grace => DayState::Overdue,
        (None, Some(_)) => DayState::Expected,
    }
}

fn lateness(report: &DayReport, shift: Option<&PlannedShift>) -> Duration {
    match (report.first_in, shift) {
        (Some(came), Some(shift)) => beyond_grace(
            Span {
                from: shift.span.from,
                to: came.min(shift.span.to),
            },
            shift.grace,
        ),
        _ => Duration::ZERO,
    }
}

/// Nobody has left early while the shift runs: they may come back from lunch.
fn earliness(
    report: &DayReport,
    shift: Option<&PlannedShift>,
    now: &DateTime<FixedOffset>,
) -> Duration {
    match (report.last_out, shift) {
        (Some(left), Some(shift)) if report.state == DayState::Out && *now >= shift.span.to => {
            beyond_grace(
                Span {
                    from: left.max(shift.span.from),
                    to: shift.span.to,
                },
                shift.grace,
            )
        }
        _ => Duration::ZERO,
    }
}

/// All of the span if it is longer than the grace, else nothing.
fn beyond_grace(span: Span, grace: Duration) -> Duration {
    Some(span.length())
        .filter(|length| *length > grace)
        .unwrap_or_default()
}
