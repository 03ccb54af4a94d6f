//! How far the clock on the wall can be believed.
//!
//! A small computer may have no clock of its own: after a power cut it starts
//! with a wrong time and is set right minutes later, or never. Punches are taken
//! all the same, because people cannot wait, and are marked.
//!
//! Invariant: whatever the kernel says, a wall clock that moved apart from the
//! monotonic one is doubted until the kernel calls it synchronised *again*.
//!
//! Deliberately absent: asking the kernel, which the runtime does.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;

use super::frame::Moment;

/// What was known of the clock when an event was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockState {
    /// The kernel calls the clock synchronised with a time server.
    Synchronised,
    /// It does not.
    Unsynchronised,
    /// The clock was set during this run, and not by a time server.
    Jumped,
}

impl ClockState {
    /// Whether a time read from this clock may be wrong.
    pub fn is_doubtful(self) -> bool {
        self != ClockState::Synchronised
    }
}

impl fmt::Display for ClockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ClockState::Synchronised => "synchronised",
            ClockState::Unsynchronised => "unsynchronised",
            ClockState::Jumped => "jumped",
        })
    }
}

/// The clock at one event of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// What was known of it.
    pub state: ClockState,
    /// How often it had been set during this run. Events with the same number
    /// share one error and can be shifted together.
    pub jumps: u32,
}

/// The clock of an event in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockMark {
    /// What was known of it.
    pub state: ClockState,
    /// The batch of events that share one error of the clock.
    pub batch: i64,
}

/// Compares the two clocks and remembers what the kernel says.
#[derive(Debug, Clone, Default)]
pub struct ClockWatch {
    last: Option<Moment>,
    /// What the kernel has said since the last jump.
    synchronised: Option<bool>,
    /// Whether the clock was set since the kernel last called it synchronised.
    is_set_by_hand: bool,
    /// Whether the kernel was ever asked; a replayed film has no clock to doubt.
    is_asked: bool,
    jumps: u32,
}

/// Slewing and rounding stay far below this; a clock that is set for cause is not.
const LEAST_JUMP: TimeDelta = TimeDelta::seconds(2);

impl ClockWatch {
    /// Compares both clocks. If the wall clock was set since the last time,
    /// returns by how much.
    pub fn observe(&mut self, now: &Moment) -> Option<TimeDelta> {
        let last = self.last.replace(*now)?;
        let watched = now.monotonic.saturating_sub(last.monotonic);
        let jump = (now.wall - last.wall) - signed(watched);
        if jump.abs() < LEAST_JUMP {
            return None;
        }
        self.jumps += 1;
        self.is_set_by_hand = true;
        self.synchronised = None;
        Some(jump)
    }

    /// Takes in what the kernel says of its clock.
    pub fn report(&mut self, synchronised: bool) {
        self.is_asked = true;
        self.synchronised = Some(synchronised);
        if synchronised {
            self.is_set_by_hand = false;
        }
    }

    /// The clock as it stands; `None` if the kernel was never asked.
    pub fn reading(&self) -> Option<ClockReading> {
        let state = match self.synchronised {
            _ if !self.is_asked => return None,
            Some(true) => ClockState::Synchronised,
            _ if self.is_set_by_hand => ClockState::Jumped,
            _ => ClockState::Unsynchronised,
        };
        Some(ClockReading {
            state,
            jumps: self.jumps,
        })
    }
}

/// A span as an operator reads it, with its sign: `+1:02:03`.
pub fn say_shift(shift: TimeDelta) -> String {
    let sign = if shift < TimeDelta::zero() { '-' } else { '+' };
    let secs = shift.num_seconds().unsigned_abs();
    format!(
        "{sign}{}:{:02}:{:02}",
        secs / 3600,
        secs / 60 % 60,
        secs % 60
    )
}

/// Reads `+HH:MM:SS` or `-HH:MM`, hours unbounded; `None` if it is neither.
pub fn parse_shift(text: &str) -> Option<TimeDelta> {
    let (negative, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (false, rest),
        ("-", rest) => (true, rest),
        _ => return None,
    };
    let mut parts = rest.split(':').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i64>().ok()).flatten()
    });
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = match parts.next() {
        None => 0,
        Some(seconds) => seconds?,
    };
    // A century is more than any clock is wrong by, and keeps the sum in range.
    if parts.next().is_some() || minutes > 59 || seconds > 59 || hours > 876_600 {
        return None;
    }
    let total = hours * 3600 + minutes * 60 + seconds;
    Some(TimeDelta::seconds(if negative { -total } else { total }))
}

fn signed(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn moment(monotonic_secs: u64, wall: &str) -> Moment {
        Moment {
            monotonic: Duration::from_secs(monotonic_secs),
            wall: DateTime::parse_from_rfc3339(wall).unwrap(),
        }
    }

    fn state(watch: &ClockWatch) -> Option<ClockState> {
        watch.reading().map(|r| r.state)
    }

    #[test]
    fn a_clock_set_by_the_time_server_is_believed_afterwards() {
        let mut watch = ClockWatch::default();
        watch.observe(&moment(0, "1970-01-01T00:00:10Z"));
        assert_eq!(state(&watch), None, "nobody has asked the kernel yet");
        watch.report(false);
        assert_eq!(state(&watch), Some(ClockState::Unsynchronised));
        let jump = watch.observe(&moment(60, "2026-11-23T08:00:00Z"));
        assert!(jump.unwrap() > TimeDelta::days(20_000));
        assert_eq!(state(&watch), Some(ClockState::Jumped));
        watch.report(true);
        assert_eq!(state(&watch), Some(ClockState::Synchronised));
        assert_eq!(watch.reading().unwrap().jumps, 1);
    }

    #[test]
    fn a_clock_set_by_hand_is_doubted_until_a_time_server_agrees() {
        let mut watch = ClockWatch::default();
        watch.report(true);
        watch.observe(&moment(0, "2026-11-23T08:00:00Z"));
        // The kernel's earlier word does not cover the new time.
        let jump = watch.observe(&moment(1, "2026-11-23T07:00:01Z"));
        assert_eq!(jump, Some(TimeDelta::hours(-1)));
        assert_eq!(state(&watch), Some(ClockState::Jumped));
        watch.report(false);
        assert_eq!(state(&watch), Some(ClockState::Jumped));
        watch.report(true);
        assert_eq!(state(&watch), Some(ClockState::Synchronised));
    }

    #[test]
    fn neither_daylight_saving_nor_slewing_is_a_jump() {
        let mut watch = ClockWatch::default();
        watch.observe(&moment(0, "2026-10-25T02:59:59+02:00"));
        assert_eq!(watch.observe(&moment(1, "2026-10-25T02:00:00+01:00")), None);
        assert_eq!(
            watch.observe(&moment(3601, "2026-10-25T03:00:01+01:00")),
            None
        );
    }

    #[test]
    fn a_shift_reads_as_it_is_written() {
        for (text, secs) in [
            ("+00:00:01", 1),
            ("-01:30", -5400),
            ("+26:00:00", 93_600),
            ("-00:00:00", 0),
        ] {
            assert_eq!(parse_shift(text), Some(TimeDelta::seconds(secs)), "{text}");
        }
        for text in [
            "", "1:00", "+1", "+1:60", "+1:00:60", "+1:0:0:0", "+-1:00", "+:00", "+é:00", "é",
        ] {
            assert_eq!(parse_shift(text), None, "{text}");
        }
        assert_eq!(say_shift(TimeDelta::seconds(-3723)), "-1:02:03");
    }
}
