//! Whether a time can be true: the one check that every way in asks, before somebody is paid
//! by a punch of 1899 or measured by one of 9999.
//!
//! Invariants:
//! - What somebody states (by hand, in a file, as a consent) is refused if it cannot be true,
//!   and the reason names what to do.
//! - What the station has seen itself is never refused: the person has stood there. Its time
//!   is marked as doubtful instead, so that it can be put right.
//!
//! Deliberately absent: the clock; "now" is an argument.

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, TimeDelta};

use super::attendance::{EventSource, NewPunch};
use super::clock_trust::{ClockReading, ClockState};
use super::consent::{self, ConsentError};
use super::correction::When;

/// First year of which somebody may have records. Clocks that have lost their time start at
/// 1900, 1970, 1980 or 2000; none starts in the middle of what people remember.
pub const FIRST_YEAR: i32 = 2001;

/// No station ran before this year: a clock that says so has never been set.
pub const YEAR_OF_ROLLCALL: i32 = 2026;

/// How far two clocks may differ before a time of one is the other's future.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a time cannot be true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Implausible {
    /// It is still to come.
    #[error(
        "{} is still to come: it is {} now; correct the time, or set the clock of this machine",
        at.format("%Y-%m-%d %H:%M"), now.format("%Y-%m-%d %H:%M")
    )]
    Future {
        /// The time.
        at: DateTime<FixedOffset>,
        /// The clock.
        now: DateTime<FixedOffset>,
    },
    /// It is older than any record.
    #[error(
        "{} is before {FIRST_YEAR}, as of a clock that was never set; correct the time",
        at.format("%Y-%m-%d %H:%M")
    )]
    TooOld {
        /// The time.
        at: DateTime<FixedOffset>,
    },
    /// It counts for a day that it is not near.
    #[error(
        "a punch of {} cannot count for the day {day}: name its own day, the one before or the \
         one after",
        at.format("%Y-%m-%d %H:%M")
    )]
    OtherDay {
        /// The time.
        at: DateTime<FixedOffset>,
        /// The day.
        day: NaiveDate,
    },
    /// A day on which nobody can have agreed.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// A first or last day that is none.
    #[error("{day} is before {FIRST_YEAR}; correct the day")]
    OldDay {
        /// The day.
        day: NaiveDate,
    },
}

/// Whether a punch can have happened at this time and count for this day.
///
/// # Errors
/// If not; in words for whoever stated it.
pub fn punch(when: &When, now: &DateTime<FixedOffset>) -> Result<(), Implausible> {
    let When { at, local_day } = *when;
    if at.year() < FIRST_YEAR {
        return Err(Implausible::TooOld { at });
    }
    if at > *now + TOLERANCE {
        return Err(Implausible::Future { at, now: *now });
    }
    let date = at.date_naive();
    let nearest = date.checked_sub_days(Days::new(1)).unwrap_or(date);
    let farthest = date.checked_add_days(Days::new(1)).unwrap_or(date);
    if (nearest..=farthest).contains(&local_day) {
        Ok(())
    } else {
        Err(Implausible::OtherDay { at, day: local_day })
    }
}

/// Whether somebody can have agreed on this day.
///
/// # Errors
/// If not; in words.
pub fn consent(day: NaiveDate, today: NaiveDate) -> Result<(), Implausible> {
    consent::check(day, today)?;
    Ok(())
}

/// Whether somebody can be expected from this day on; that may be one to come.
///
/// # Errors
/// If not; in words.
pub fn first_day(day: NaiveDate) -> Result<(), Implausible> {
    if day.year() < FIRST_YEAR {
        return Err(Implausible::OldDay { day });
    }
    Ok(())
}

/// The clock of a punch as it is to be noted, which is written at `now`: a punch that the
/// station has seen is kept whatever its time is, and marked if that cannot be true.
pub fn clock_of(punch: &NewPunch, now: &DateTime<FixedOffset>) -> Option<ClockReading> {
    let is_seen = matches!(punch.source, EventSource::Camera | EventSource::Pin);
    let is_possible = punch.at.year() >= YEAR_OF_ROLLCALL && punch.at <= *now + TOLERANCE;
    if !is_seen || is_possible {
        return punch.clock;
    }
    let (state, jumps) = match punch.clock {
        Some(reading) if reading.state.is_doubtful() => (reading.state, reading.jumps),
        Some(reading) => (ClockState::Unsynchronised, reading.jumps),
        None => (ClockState::Unsynchronised, 0),
    };
    Some(ClockReading { state, jumps })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attendance::Direction;
    use crate::person::PersonId;

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    const NOW: &str = "2026-11-25T12:00:00+01:00";

    fn stated(time: &str, day: &str) -> Result<(), Implausible> {
        let when = When {
            at: at(time),
            local_day: day.parse().unwrap(),
        };
        punch(&when, &at(NOW))
    }

    #[test]
    fn what_cannot_have_happened_is_refused_in_words() {
        for (time, word) in [
            ("1899-12-31T08:00:00+01:00", "never set"),
            ("1970-01-01T00:00:00Z", "never set"),
            ("2000-01-01T08:00:00+01:00", "never set"),
            ("2026-11-25T12:06:00+01:00", "still to come"),
            ("2063-01-01T08:00:00+01:00", "still to come"),
            ("9999-12-31T23:59:00Z", "still to come"),
        ] {
            let error = stated(time, &time[..10]).unwrap_err().to_string();
            assert!(error.contains(word), "{time}: {error}");
        }
        // Two clocks need not agree to the minute.
        stated("2026-11-25T12:04:00+01:00", "2026-11-25").unwrap();
        stated("2001-01-01T08:00:00+01:00", "2001-01-01").unwrap();
    }

    #[test]
    fn a_night_belongs_to_the_day_beside_it_and_to_no_other() {
        let night = "2026-11-11T02:00:00+01:00";
        for day in ["2026-11-10", "2026-11-11", "2026-11-12"] {
            stated(night, day).unwrap();
        }
        for day in ["2026-11-09", "2026-11-13", "2020-01-01"] {
            assert!(matches!(
                stated(night, day),
                Err(Implausible::OtherDay { .. })
            ));
        }
    }

    #[test]
    fn what_the_camera_saw_is_marked_and_never_refused() {
        let seen = |time: &str, source, clock| {
            let punch = NewPunch {
                camera: None,
                person: PersonId(1),
                at: at(time),
                local_day: at(time).date_naive(),
                sequence: 1,
                direction: Direction::In,
                source,
                similarity: None,
                margin: None,
                liveness: None,
                model: None,
                clock,
            };
            clock_of(&punch, &at(NOW)).map(|clock| clock.state)
        };
        let synchronised = Some(ClockReading {
            state: ClockState::Synchronised,
            jumps: 0,
        });
        let good = "2026-11-25T11:59:00+01:00";
        assert_eq!(
            seen(good, EventSource::Camera, synchronised),
            Some(ClockState::Synchronised)
        );
        assert_eq!(seen(good, EventSource::Camera, None), None);
        for time in ["1970-01-01T00:10:00Z", "2063-01-01T08:00:00Z"] {
            for clock in [None, synchronised] {
                for source in [EventSource::Camera, EventSource::Pin] {
                    assert_eq!(
                        seen(time, source, clock),
                        Some(ClockState::Unsynchronised),
                        "{time}"
                    );
                }
            }
        }
    }
}
