//! Makes a source that could deliver at once deliver at its rate.

use std::time::Instant;

use super::FrameRate;
use rollcall_system::stop::StopFlag;

/// Sleeps until the next picture is due.
///
/// Due times lie on a grid, so sleeping a little too long does not add up. A
/// consumer that is late by more than a period starts a new grid: a replay that
/// was held up goes on at its rate, not in a burst. The monotonic clock is read
/// here only to sleep; what a frame is stamped with comes from the worker.
#[derive(Debug)]
pub(super) struct Pacer {
    rate: FrameRate,
    due: Option<Instant>,
    stop: StopFlag,
}

impl Pacer {
    pub(super) fn new(rate: FrameRate, stop: StopFlag) -> Self {
        Self {
            rate,
            due: None,
            stop,
        }
    }

    pub(super) fn rate(&self) -> FrameRate {
        self.rate
    }

    /// Returns at once the first time, then once per period; early when the station stops.
    pub(super) fn wait(&mut self) {
        let now = Instant::now();
        let due = match self.due {
            Some(due) if now < due + self.rate.period() => due,
            _ => now,
        };
        self.stop.sleep(due.saturating_duration_since(now));
        self.due = Some(due + self.rate.period());
    }
}
