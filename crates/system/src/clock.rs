//! The only place that reads the time of day.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, Utc};
use nix::time::{ClockId, clock_gettime};
use rtime_clock::adjtime::{Timex, adjtimex};

use crate::zone::Zone;
use rollcall_core::frame::Moment;

/// Reads both clocks; copies count from the same start.
///
/// The monotonic one goes on while the machine is suspended, which the standard
/// library's does not: somebody who comes back after a night in which a laptop
/// slept must not find the cooldown of the evening still running.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    monotonic: ClockId,
    started: Duration,
    zone: Zone,
}

impl Clock {
    /// A clock whose monotonic time starts now, in the machine's time zone.
    pub fn start() -> Self {
        Self::start_in(Zone::Machine)
    }

    /// A clock whose monotonic time starts now.
    pub fn start_in(zone: Zone) -> Self {
        let monotonic = if read(ClockId::CLOCK_BOOTTIME).is_some() {
            ClockId::CLOCK_BOOTTIME
        } else {
            // A sandbox that does not allow the other one.
            ClockId::CLOCK_MONOTONIC
        };
        Self {
            monotonic,
            started: read(monotonic).unwrap_or_default(),
            zone,
        }
    }

    /// The same clock, with its monotonic time, on a wall in another zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// The present moment in the station's time zone.
    pub fn now(&self) -> Moment {
        Moment {
            monotonic: read(self.monotonic)
                .unwrap_or_default()
                .saturating_sub(self.started),
            wall: self.zone.localise(Utc::now()),
        }
    }

    /// Whether the kernel calls the clock synchronised with a time server. A
    /// kernel that does not say is not.
    pub fn is_synchronised(&self) -> bool {
        let mut clock = Timex::new();
        matches!(adjtimex(&mut clock), Ok(state) if state != TIME_ERROR)
            && clock.0.status & STA_UNSYNC == 0
    }

    /// Whether data may be erased by this clock: one that was never set, or was set
    /// to the far future, would erase too much.
    pub fn is_believable(&self) -> bool {
        self.is_synchronised()
    }

    /// The same moment as a clock on the wall here shows it.
    pub fn localise(&self, moment: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        self.zone.localise(moment.to_utc())
    }

    /// The moments at which a clock on the wall here shows `local`: two in the
    /// hour that daylight saving repeats, none in the one it leaves out.
    pub fn moments_of(&self, local: NaiveDateTime) -> LocalResult<DateTime<FixedOffset>> {
        self.zone.moments_of(local)
    }
}

/// `None` if the system does not have this clock; one that it has never fails.
fn read(clock: ClockId) -> Option<Duration> {
    clock_gettime(clock).ok().map(Duration::from)
}

/// adjtimex(2): the clock is not synchronised.
const TIME_ERROR: i32 = 5;

/// adjtimex(2): the flag of the same meaning.
const STA_UNSYNC: i32 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spent_suspended_counts() {
        let clock = Clock::start();
        assert_eq!(clock.monotonic, ClockId::CLOCK_BOOTTIME);
        let since_boot = || read(ClockId::CLOCK_BOOTTIME).unwrap();
        let before = since_boot();
        let moment = clock.started + clock.now().monotonic;
        assert!(before <= moment && moment <= since_boot());
    }
}
