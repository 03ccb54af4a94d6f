//! Shifts: when somebody is expected, first on the clock's face, then as instants.
//!
//! Invariants:
//! - A planned shift never ends before it starts, not even where a clock change
//!   swallows its start.
//! - Wall times become instants in one place, [`instant`], so that a shift through a
//!   repeated hour has the hours that really pass.

use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta};
use chrono::{MappedLocalTime, TimeZone};

use super::plan::WallClock;

/// A span of wall time that is not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// Wall time of its start.
    pub starts_at: NaiveTime,
    /// Wall time of its end; before the start if it runs past midnight.
    pub ends_at: NaiveTime,
}

/// When somebody is expected, as a wall clock shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// What schedules call it.
    pub name: String,
    /// Wall time of its start.
    pub starts_at: NaiveTime,
    /// Wall time of its end; before the start if it runs past midnight.
    pub ends_at: NaiveTime,
    /// Unpaid spans inside of it.
    pub breaks: Vec<Break>,
    /// How much later or earlier than planned is still on time.
    pub grace: Duration,
}

/// Why a shift is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// Start and end are the same: it would have no hours, or 24.
    #[error("the shift {name:?} starts and ends at {at}")]
    Empty {
        /// The shift.
        name: String,
        /// The one time.
        at: NaiveTime,
    },
    /// A punch at its end would count for the next day, and the shift look forgotten.
    #[error(
        "the shift {name:?} runs past {day_starts_at}, when a new day starts; \
         choose a day_starts_at outside of every shift"
    )]
    CrossesDayStart {
        /// The shift.
        name: String,
        /// When the day starts.
        day_starts_at: NaiveTime,
    },
    /// A break that is not part of the shift.
    #[error("the break {starts_at} to {ends_at} is not inside the shift {name:?}")]
    BreakOutside {
        /// The shift.
        name: String,
        /// The break's start.
        starts_at: NaiveTime,
        /// The break's end.
        ends_at: NaiveTime,
    },
    /// An unpaid minute would be taken off twice.
    #[error("the shift {name:?} has breaks that overlap at {at}")]
    BreaksOverlap {
        /// The shift.
        name: String,
        /// Where the second one starts.
        at: NaiveTime,
    },
}

/// A span of real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// Its first instant.
    pub from: DateTime<FixedOffset>,
    /// The instant after its last.
    pub to: DateTime<FixedOffset>,
}

/// A shift of a certain day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlannedShift {
    /// From its start to its end.
    pub span: Span,
    /// Unpaid spans inside of it.
    pub breaks: Vec<Span>,
    /// How much later or earlier than planned is still on time.
    pub grace: Duration,
}

impl Shift {
    /// Checks that the shift can be planned when days start at `day_starts_at`.
    ///
    /// # Errors
    /// If it is empty, runs past the start of a day, or has a break outside of itself
    /// or over another.
    pub fn check(&self, day_starts_at: NaiveTime) -> Result<(), ShiftError> {
        let name = || self.name.clone();
        if self.starts_at == self.ends_at {
            return Err(ShiftError::Empty {
                name: name(),
                at: self.starts_at,
            });
        }
        let length = after(self.starts_at, self.ends_at);
        let to_day_start = after(self.starts_at, day_starts_at);
        if to_day_start > TimeDelta::zero() && to_day_start < length {
            return Err(ShiftError::CrossesDayStart {
                name: name(),
                day_starts_at,
            });
        }
        let mut breaks = self.breaks.clone();
        breaks.sort_by_key(|pause| after(self.starts_at, pause.starts_at));
        let mut free_from = TimeDelta::zero();
        for pause in breaks {
            let from = after(self.starts_at, pause.starts_at);
            let to = after(self.starts_at, pause.ends_at);
            if from >= to || to > length {
                return Err(ShiftError::BreakOutside {
                    name: name(),
                    starts_at: pause.starts_at,
                    ends_at: pause.ends_at,
                });
            }
            if from < free_from {
                return Err(ShiftError::BreaksOverlap {
                    name: name(),
                    at: pause.starts_at,
                });
            }
            free_from = to;
        }
        Ok(())
    }

    /// The shift of the attendance day `day`, which starts at `day_starts_at`.
    pub fn on(
        &self,
        day: NaiveDate,
        day_starts_at: NaiveTime,
        clock: &dyn WallClock,
    ) -> PlannedShift {
        let start = first_after(day.and_time(day_starts_at), self.starts_at);
        let wall = |time| clock.instant(first_after(start, time));
        let from = clock.instant(start);
        let to = wall(self.ends_at).max(from);
        let breaks = self
            .breaks
            .iter()
            .map(|pause| {
                let from = wall(pause.starts_at).clamp(from, to);
                Span {
                    from,
                    to: wall(pause.ends_at).clamp(from, to),
                }
            })
            .collect();
        PlannedShift {
            span: Span { from, to },
            breaks,
            grace: self.grace,
        }
    }
}

impl PlannedShift {
    /// Real time that is to be worked.
    #[must_use]
    pub fn target(&self) -> Duration {
        self.span
            .length()
            .saturating_sub(self.breaks.iter().map(Span::length).sum())
    }
}

impl Span {
    /// Real time it lasts; none if it is the wrong way round.
    #[must_use]
    pub fn length(&self) -> Duration {
        (self.to - self.from).to_std().unwrap_or_default()
    }

    /// Real time it has in common with `other`.
    #[must_use]
    pub fn overlap(&self, other: &Span) -> Duration {
        let common = Span {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        };
        common.length()
    }
}

/// The instant of a wall time, as RFC 5545 (3.3.5) has it: of a repeated time the
/// first, of a skipped one that which the clock would show had it not been changed.
pub fn instant<Z: TimeZone>(zone: &Z, wall: NaiveDateTime) -> DateTime<FixedOffset> {
    match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.fixed_offset(),
        MappedLocalTime::None => {
            // No clock change is longer than a day, so that the day before has the old offset.
            let day_before = wall - TimeDelta::days(1);
            let offset = zone.offset_from_utc_datetime(&day_before).fix();
            let utc = wall - TimeDelta::seconds(offset.local_minus_utc().into());
            zone.from_utc_datetime(&utc).fixed_offset()
        }
    }
}

/// Wall time from `from` to the next `to`, less than a day.
fn after(from: NaiveTime, to: NaiveTime) -> TimeDelta {
    let span = to - from;
    if span < TimeDelta::zero() {
        span + TimeDelta::days(1)
    } else {
        span
    }
}

/// The first time at or after `start` at which the clock's face shows `time`.
fn first_after(start: NaiveDateTime, time: NaiveTime) -> NaiveDateTime {
    let same_day = start.date().and_time(time);
    if same_day >= start {
        same_day
    } else {
        same_day.checked_add_days(Days::new(1)).unwrap_or(same_day)
    }
}
