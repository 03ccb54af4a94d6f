//! How long to wait before a camera is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(10);

/// Twice as long after each failure, and from the beginning after a success.
#[derive(Debug)]
pub(super) struct BackOff {
    next: Duration,
}

impl BackOff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// The wait after one more failure.
    pub(super) fn after_failure(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LAST);
        wait
    }

    /// Something worked, or something happened that gives hope.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_ten_seconds_and_begins_again() {
        let mut back_off = BackOff::new();
        let waits: Vec<u128> = (0..7)
            .map(|_| back_off.after_failure().as_millis())
            .collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        back_off.reset();
        assert_eq!(back_off.after_failure(), FIRST);
    }
}
