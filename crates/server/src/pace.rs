//! How often a camera may send: an even pace, with room for one picture that comes early.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rollcall_core::camera_name::CameraName;

/// Cameras that are remembered; one that is silent is forgotten.
const MOST_CAMERAS: usize = 256;

/// The paces of all cameras.
#[derive(Debug)]
pub(crate) struct Paces {
    /// Time between two pictures.
    interval: Duration,
    /// When the next one is due, by the "generic cell rate algorithm" (ITU-T I.371).
    due: Mutex<HashMap<CameraName, Instant>>,
}

impl Paces {
    /// Paces of so many pictures a second at most.
    pub(crate) fn new(frames_per_second: f64) -> Self {
        Self {
            interval: Duration::from_secs_f64(1.0 / frames_per_second.clamp(0.01, 1000.0)),
            due: Mutex::default(),
        }
    }

    /// Counts a picture that comes now.
    ///
    /// # Errors
    /// How long to wait, if it comes too early.
    pub(crate) fn count(&self, camera: &CameraName, now: Instant) -> Result<(), Duration> {
        // Whole after every statement.
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= MOST_CAMERAS {
            due.retain(|_, due| *due > now);
        }
        let next = due.get(camera).copied().unwrap_or(now).max(now);
        let early = next.duration_since(now);
        if let Some(wait) = early.checked_sub(self.interval)
            && !wait.is_zero()
        {
            return Err(wait);
        }
        // Where every place is taken by somebody who sends, a stranger waits.
        if due.len() >= MOST_CAMERAS && !due.contains_key(camera) {
            return Err(self.interval);
        }
        due.insert(camera.clone(), next + self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_pace_passes_and_a_faster_one_is_held_to_it() {
        let paces = Paces::new(5.0);
        let gate = CameraName::parse("gate").unwrap();
        let start = Instant::now();
        let passed = |millis: u64| paces.count(&gate, start + Duration::from_millis(millis));
        for frame in 0..50 {
            assert!(passed(frame * 200).is_ok(), "{frame}");
        }
        // Twenty a second for ten seconds.
        let start = 20_000;
        let count = (0..200).filter(|n| passed(start + n * 50).is_ok()).count();
        assert!((50..=52).contains(&count), "{count}");
        let wait = (0..3).find_map(|_| passed(40_000).err()).unwrap();
        assert!(wait <= Duration::from_millis(200), "{wait:?}");
        let other = CameraName::parse("hall").unwrap();
        assert!(paces.count(&other, Instant::now()).is_ok(), "each its own");
    }
}
