//! One flag that tells every worker to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Shared by all workers; once requested, a stop stays requested.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every worker to end.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Sleeps for `duration` or until a stop is asked for; `true` if it was.
    pub fn sleep(&self, duration: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(20);
        let mut left = duration;
        while !self.is_requested() && !left.is_zero() {
            let step = left.min(STEP);
            std::thread::sleep(step);
            left = left.saturating_sub(step);
        }
        self.is_requested()
    }

    /// The flag itself, for the signal handler to set.
    pub fn as_atomic(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
