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
    pub(crate) fn set(&mut self, wish: &PreviewWish, now: Instant) {
        let interval = wish.interval();
        if interval != self.interval {
            self.interval = interval;
            self.due = interval.map(|_| now);
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

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn wish(rate: f32) -> PreviewWish {
        PreviewWish { width: 160, rate }
    }

    /// Pictures in a second if the writer looks when it said it would, and every `news`.
    fn in_a_second(rate: f32, news: Duration) -> usize {
        let start = Instant::now();
        let mut preview = Preview::default();
        preview.set(&wish(rate), start);
        let (mut passed, mut shown, mut next_news) = (Duration::ZERO, 0, news);
        // A rate is no exact number of nanoseconds: the next second begins a little earlier.
        while passed < 995 * MS {
            if preview.is_due(start + passed) {
                shown += 1;
                preview.shown(shown, start + passed);
            }
            let looks = preview.until_next(start + passed).unwrap();
            passed = next_news.min(passed + looks);
            if passed == next_news {
                next_news += news;
            }
        }
        shown as usize
    }

    #[test]
    fn pictures_come_as_often_as_they_are_wanted() {
        for (rate, expected) in [(10.0, 10), (5.0, 5), (1.0, 1), (25.0, 25)] {
            // However often something else is new.
            for news in [MS, 7 * MS, 66 * MS, 900 * MS] {
                assert_eq!(in_a_second(rate, news), expected, "{rate} {news:?}");
            }
        }
    }

    #[test]
    fn what_was_missed_is_not_made_up_for() {
        let start = Instant::now();
        let mut preview = Preview::default();
        preview.set(&wish(10.0), start);
        preview.shown(1, start);
        // Its reader was away for a minute.
        let back = start + Duration::from_secs(60);
        assert!(preview.is_due(back));
        preview.shown(2, back);
        assert!(!preview.is_due(back + 99 * MS));
        assert!(preview.is_due(back + 101 * MS));
    }

    #[test]
    fn none_are_due_that_are_not_wanted() {
        let start = Instant::now();
        let mut preview = Preview::default();
        assert!(!preview.is_due(start) && preview.until_next(start).is_none());
        preview.set(&wish(10.0), start);
        assert!(preview.is_due(start));
        preview.set(&PreviewWish::NONE, start);
        assert!(!preview.is_due(start) && preview.until_next(start).is_none());
    }
}
