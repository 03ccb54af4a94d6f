//! How often and how finely the preview is drawn, so that a slow link keeps up.
//!
//! Invariant: only the preview gives way. Keys, tables and the log are drawn at once.

use std::time::Duration;

use rollcall_system::outlet::Written;

/// Rates are measured over so long.
const WINDOW: Duration = Duration::from_secs(1);

/// A link that is full for this share of the time is too slow.
const FULL_LINK: f32 = 0.25;

/// Below this share of the budget there is room for more.
const ROOM: f32 = 0.6;

/// Windows with room before the preview becomes richer: not at once, or it would swing.
const PATIENCE: u32 = 4;

/// What each level costs less than the one before: pictures come so many tenths as rarely,
/// and colours that differ by no more than this count as the same.
const LEVELS: [(u32, u8); 8] = [
    (10, 6),
    (10, 12),
    (15, 16),
    (20, 20),
    (30, 24),
    (50, 28),
    (80, 32),
    (120, 36),
];

/// Chooses the level from what was written.
#[derive(Debug, Clone)]
pub struct PreviewPace {
    /// Bytes a second that the screen may take; none for as many as the link takes.
    budget: Option<f32>,
    level: usize,
    since: Option<(Duration, Written)>,
    rate: Option<f32>,
    windows_with_room: u32,
}

impl PreviewPace {
    /// For at most so many kilobytes a second, or as many as the link takes.
    pub fn new(budget_kbps: Option<u32>) -> Self {
        Self {
            budget: budget_kbps.map(|kilobytes| kilobytes as f32 * 1000.0),
            level: 0,
            since: None,
            rate: None,
            windows_with_room: 0,
        }
    }

    /// Takes in what has been written until `now`.
    pub fn observe(&mut self, now: Duration, written: Written) {
        let Some((at, before)) = self.since else {
            self.since = Some((now, written));
            return;
        };
        let passed = now.saturating_sub(at);
        if passed < WINDOW {
            return;
        }
        self.since = Some((now, written));
        let seconds = passed.as_secs_f32();
        let rate = written.bytes.saturating_sub(before.bytes) as f32 / seconds;
        let blocked = written.blocked.saturating_sub(before.blocked).as_secs_f32() / seconds;
        self.rate = Some(rate);
        let share = self.budget.map_or(0.0, |budget| rate / budget);
        if share > 1.0 || blocked > FULL_LINK {
            self.windows_with_room = 0;
            self.level = (self.level + 1).min(LEVELS.len() - 1);
        } else if share < ROOM && blocked < FULL_LINK * ROOM {
            self.windows_with_room += 1;
            if self.windows_with_room >= PATIENCE {
                self.windows_with_room = 0;
                self.level = self.level.saturating_sub(1);
            }
        } else {
            self.windows_with_room = 0;
        }
    }

    /// Bytes a second, lately.
    pub fn bytes_per_second(&self) -> Option<f32> {
        self.rate
    }

    /// Time between two pictures, if it is `wanted` on a link that keeps up.
    pub fn interval(&self, wanted: Duration) -> Duration {
        wanted * LEVELS[self.level].0 / 10
    }

    /// By how much a colour may be off before its cell is drawn again.
    pub fn tolerance(&self) -> u8 {
        LEVELS[self.level].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of a link: bytes written and share of the time blocked in each.
    fn run(pace: &mut PreviewPace, from: u64, seconds: u64, bytes: u64, blocked: f32) -> u64 {
        for second in from..=from + seconds {
            let written = Written {
                bytes: second * bytes,
                blocked: Duration::from_secs(second).mul_f32(blocked),
            };
            pace.observe(Duration::from_secs(second), written);
        }
        from + seconds
    }

    const WANTED: Duration = Duration::from_millis(100);

    #[test]
    fn over_the_budget_the_preview_gives_way_and_comes_back() {
        let mut pace = PreviewPace::new(Some(40));
        let now = run(&mut pace, 0, 3, 60_000, 0.0);
        assert_eq!(pace.bytes_per_second(), Some(60_000.0));
        assert!(pace.tolerance() > 6 && pace.interval(WANTED) > WANTED);
        let least = {
            let mut pace = pace.clone();
            run(&mut pace, now, 60, 60_000, 0.0);
            pace.interval(WANTED)
        };
        assert_eq!(least, WANTED * 12, "once in 1.2 seconds at the least");
        let mut calm = PreviewPace {
            since: None,
            ..pace
        };
        run(&mut calm, 100, 60, 10_000, 0.0);
        assert_eq!((calm.interval(WANTED), calm.tolerance()), (WANTED, 6));
    }

    #[test]
    fn a_link_that_is_full_is_relieved_without_a_budget() {
        let mut pace = PreviewPace::new(None);
        run(&mut pace, 0, 5, 1_000_000, 0.0);
        assert_eq!(pace.interval(WANTED), WANTED, "a fast link may be used");
        let mut pace = PreviewPace::new(None);
        run(&mut pace, 0, 5, 1_000, 0.5);
        assert!(pace.interval(WANTED) > WANTED);
    }

    #[test]
    fn near_the_budget_nothing_swings() {
        let mut pace = PreviewPace::new(Some(100));
        run(&mut pace, 0, 60, 80_000, 0.0);
        assert_eq!(pace.tolerance(), 6);
    }
}
