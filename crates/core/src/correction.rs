//! What an operator can put right, and what has to be said with it.
//!
//! Invariants:
//! - A correction has a reason and the name of who made it.
//! - Nothing is overwritten: an event is voided and another stands in its place.
//!   Taking a correction back is another correction.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use super::attendance::{AttendanceEvent, Direction, EventId};
use super::day::AttendancePolicy;
use super::embedding::{Embedding, ModelId};
use super::person::PersonCode;

/// A correction somebody has asked for; `W` as in [`Deed`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Correction<W = When> {
    /// What shall be done.
    pub deed: Deed<W>,
    /// Who asks for it.
    pub operator: String,
    /// Why, for whoever reads it later.
    pub reason: String,
    /// The face that led to the event of [`Deed::Disown`], as long as the station remembers
    /// it, and the network that described it.
    #[serde(skip)]
    pub face: Option<(Embedding, ModelId)>,
}

impl<W> Correction<W> {
    /// The same with its times resolved.
    ///
    /// # Errors
    /// As `resolve`.
    pub fn resolved<T, E>(self, resolve: impl Fn(W) -> Result<T, E>) -> Result<Correction<T>, E> {
        Ok(Correction {
            deed: self.deed.resolved(resolve)?,
            operator: self.operator,
            reason: self.reason,
            face: self.face,
        })
    }
}

/// What a correction does; `W` says when: a moment and its day, or what a clock on the wall
/// shows, as long as it is not resolved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed<W = When> {
    /// Adds a punch that was never made.
    Add {
        /// Whose punch it is.
        code: PersonCode,
        /// When.
        when: W,
        /// In or out.
        direction: Direction,
    },
    /// Takes an event back.
    Void {
        /// The event.
        event: EventId,
    },
    /// Takes an event back because it was somebody else's face, which shall not be taken
    /// for this person again.
    Disown {
        /// The event.
        event: EventId,
    },
    /// Takes an event back and puts another in its place.
    Change {
        /// The event.
        event: EventId,
        /// What shall be different.
        change: Change<W>,
    },
}

impl<W> Deed<W> {
    /// The same with its times resolved.
    ///
    /// # Errors
    /// As `resolve`.
    pub fn resolved<T, E>(self, resolve: impl Fn(W) -> Result<T, E>) -> Result<Deed<T>, E> {
        Ok(match self {
            Self::Add {
                code,
                when,
                direction,
            } => Deed::Add {
                code,
                when: resolve(when)?,
                direction,
            },
            Self::Void { event } => Deed::Void { event },
            Self::Disown { event } => Deed::Disown { event },
            Self::Change { event, change } => Deed::Change {
                event,
                change: Change {
                    when: change.when.map(resolve).transpose()?,
                    code: change.code,
                    direction: change.direction,
                },
            },
        })
    }
}

/// A time and the day it counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct When {
    /// Local time with its offset from UTC.
    pub at: DateTime<FixedOffset>,
    /// The day it counts for.
    pub local_day: NaiveDate,
}

/// A new time is too far from the day that somebody has stated for the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {} counts for {stated}, which somebody has stated, and its new time is on {natural}; \
     say with --day which of the two it counts for", event.0
)]
pub struct UnclearDay {
    /// The event.
    pub event: EventId,
    /// The day that it counts for.
    pub stated: NaiveDate,
    /// The day of the new time.
    pub natural: NaiveDate,
}

impl When {
    /// The event moved to another time. It counts for the day of that time, unless somebody
    /// has stated another day than that of its old time: a stated day stays.
    ///
    /// # Errors
    /// If the new time is more than a day away from the stated day, where either could be
    /// meant.
    pub fn moved(
        event: &AttendanceEvent,
        at: DateTime<FixedOffset>,
        policy: &AttendancePolicy,
    ) -> Result<Self, UnclearDay> {
        let (stated, natural) = (event.local_day, policy.local_day(&at));
        let local_day = if !is_day_stated(event, policy) {
            natural
        } else if (natural - stated).num_days().abs() <= 1 {
            stated
        } else {
            return Err(UnclearDay {
                event: event.id,
                stated,
                natural,
            });
        };
        Ok(Self { at, local_day })
    }
}

/// What a clock on the wall shows at a time of day that is stated without a date: in the
/// attendance day `day`, which may end after midnight.
pub fn time_in_day(day: NaiveDate, time: NaiveTime, policy: &AttendancePolicy) -> NaiveDateTime {
    let date = if time < policy.day_starts_at {
        day.succ_opt().unwrap_or(day)
    } else {
        day
    };
    date.and_time(time)
}

/// The same for an event that is moved: in its day, or, if another day than that of its
/// time was stated, on the date that it has.
pub fn time_of_moved(
    event: &AttendanceEvent,
    time: NaiveTime,
    policy: &AttendancePolicy,
) -> NaiveDateTime {
    if is_day_stated(event, policy) {
        event.at.date_naive().and_time(time)
    } else {
        time_in_day(event.local_day, time, policy)
    }
}

fn is_day_stated(event: &AttendanceEvent, policy: &AttendancePolicy) -> bool {
    policy.local_day(&event.at) != event.local_day
}

/// What shall be different about an event; `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change<W = When> {
    /// Another time.
    pub when: Option<W>,
    /// Another person.
    pub code: Option<PersonCode>,
    /// Another direction.
    pub direction: Option<Direction>,
}

impl<W> Default for Change<W> {
    fn default() -> Self {
        Self {
            when: None,
            code: None,
            direction: None,
        }
    }
}

/// What a correction has done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corrected {
    /// The event that stands no more.
    pub voided: Option<AttendanceEvent>,
    /// The event that stands now.
    pub added: Option<AttendanceEvent>,
    /// Whether a face is remembered as not being the person's.
    pub disowned: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attendance::{EventSource, Provenance};
    use crate::day::AttendanceMode;
    use crate::person::PersonId;

    fn policy(day_starts_at: &str) -> AttendancePolicy {
        AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: Duration::ZERO,
            day_starts_at: day_starts_at.parse().unwrap(),
        }
    }

    fn at(text: &str) -> DateTime<FixedOffset> {
        format!("{text}:00+01:00").parse().unwrap()
    }

    fn event(time: &str, day: &str) -> AttendanceEvent {
        AttendanceEvent {
            id: EventId(7),
            person: PersonId(1),
            at: at(time),
            local_day: day.parse().unwrap(),
            sequence: 1,
            direction: Direction::Out,
            source: EventSource::Manual,
            similarity: None,
            margin: None,
            liveness: None,
            void: None,
            provenance: Provenance::default(),
        }
    }

    fn day_of_moved(event: &AttendanceEvent, time: &str) -> Option<String> {
        let moved = When::moved(event, at(time), &policy("00:00")).ok()?;
        Some(moved.local_day.to_string())
    }

    #[test]
    fn a_stated_day_stays_when_the_time_is_moved() {
        let night = event("2026-05-06T01:00", "2026-05-05");
        for time in [
            "2026-05-06T00:30",
            "2026-05-05T23:50",
            "2026-05-06T08:00",
            "2026-05-04T22:00",
        ] {
            assert_eq!(
                day_of_moved(&night, time).as_deref(),
                Some("2026-05-05"),
                "{time}"
            );
        }
        assert_eq!(day_of_moved(&night, "2026-05-09T01:00"), None);
        let ordinary = event("2026-05-05T08:00", "2026-05-05");
        assert_eq!(
            day_of_moved(&ordinary, "2026-05-09T08:00").as_deref(),
            Some("2026-05-09")
        );
    }

    #[test]
    fn a_time_without_a_date_is_in_the_day_of_the_event() {
        let moved = |event: &AttendanceEvent, time: &str, starts: &str| {
            time_of_moved(event, time.parse().unwrap(), &policy(starts)).to_string()
        };
        let ordinary = event("2026-05-05T08:00", "2026-05-05");
        assert_eq!(
            moved(&ordinary, "08:30:00", "00:00:00"),
            "2026-05-05 08:30:00"
        );
        // After midnight, in a day that ends at four.
        let late = event("2026-05-06T01:00", "2026-05-05");
        assert_eq!(moved(&late, "23:30:00", "04:00:00"), "2026-05-05 23:30:00");
        assert_eq!(moved(&late, "02:00:00", "04:00:00"), "2026-05-06 02:00:00");
        // The same event where days end at midnight: its day was stated.
        assert_eq!(moved(&late, "02:00:00", "00:00:00"), "2026-05-06 02:00:00");
    }
}
