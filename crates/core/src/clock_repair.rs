//! Putting right the times of events that were made while the clock was wrong.

use chrono::{DateTime, FixedOffset, TimeDelta};

/// Which events share the error. Both, if given, must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockSpan {
    /// First and last time, as the events say it.
    pub between: Option<(DateTime<FixedOffset>, DateTime<FixedOffset>)>,
    /// Number of the batch.
    pub batch: Option<i64>,
}

/// A repair somebody has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRepair {
    /// Which events.
    pub span: ClockSpan,
    /// What is added to their times.
    pub shift: TimeDelta,
    /// Who asks for it.
    pub operator: String,
    /// Why.
    pub reason: String,
}
