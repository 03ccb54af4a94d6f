//! The only place that reads the time of day.

use std::time::Instant;

use chrono::Local;

use crate::core::frame::Moment;

/// Reads both clocks; copies count from the same start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// The present moment in the machine's local time zone.
    pub fn now(&self) -> Moment {
        Moment {
            monotonic: self.started.elapsed(),
            wall: Local::now().fixed_offset(),
        }
    }
}
