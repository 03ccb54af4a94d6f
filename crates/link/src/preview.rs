//! The rhythm in which a front end gets pictures.

use std::time::{Duration, Instant};

use rollcall_protocol::PreviewWish;

/// When the next picture is due.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    last: u64,
    interval: Option<Duration>,
    due: Option<Instant>,
}

impl Preview {
    /// Takes over what is wanted.
    pub(crate) fn set(&mut self, wish: &PreviewWish) {
        let interval = wish.interval();
        if interval != self.interval {
            self.interval = interval;
            self.due = interval.map(|_| Instant::now());
        }
    }

    /// The number of the last one.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Whether another may go.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// A picture goes. The rhythm is kept, unless it was lost.
    pub(crate) fn shown(&mut self, number: u64, now: Instant) {
        self.last = number;
        self.due = self.interval.zip(self.due).map(|(interval, due)| {
            let next = due + interval;
            if next < now { now + interval } else { next }
        });
    }

    /// The time until it has to be looked for a picture again.
    pub(crate) fn until_next(&self, now: Instant) -> Option<Duration> {
        let (due, interval) = self.due.zip(self.interval)?;
        let left = due.saturating_duration_since(now);
        // One that is due and not there yet may come at any moment.
        Some(if left.is_zero() { interval / 4 } else { left })
    }
}
