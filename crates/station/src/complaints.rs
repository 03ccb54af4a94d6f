//! A complaint that comes with every frame, told once a minute.

use std::time::Duration;

use rollcall_messages::Message;

use crate::say;

/// Time between two of them.
const EVERY: Duration = Duration::from_secs(60);

/// Holds back what would fill the log and hide everything else on the screen.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    told_at: Option<Duration>,
    held_back: u64,
}

impl Complaints {
    /// What is to be told now, if anything. `now` is on the monotonic clock.
    pub(super) fn take_in(&mut self, complaint: &str, now: Duration) -> Option<Message> {
        let is_due = self
            .told_at
            .is_none_or(|told_at| now.saturating_sub(told_at) >= EVERY);
        if !is_due {
            self.held_back += 1;
            return None;
        }
        self.told_at = Some(now);
        Some(match std::mem::take(&mut self.held_back) {
            0 => Message::verbatim(complaint),
            before => say::complaint_repeated(complaint, before),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_rest_once_a_minute_with_their_number() {
        let mut complaints = Complaints::default();
        let mut told = Vec::new();
        // Thirty a second for three minutes.
        for frame in 0..30 * 180_u32 {
            let now = Duration::from_millis(u64::from(frame) * 1000 / 30);
            told.extend(complaints.take_in("no memory", now));
        }
        let told: Vec<String> = told.iter().map(Message::to_string).collect();
        assert_eq!(
            told,
            [
                "no memory",
                "no memory (and 1799 times since it was last said)",
                "no memory (and 1799 times since it was last said)",
            ]
        );
    }
}
