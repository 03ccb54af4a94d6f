//! A look at how the running camera does, over ten seconds, for the camera screen.
//! `rollcall camera test` looks closer, but needs the camera for itself.

use crate::say;
use rollcall_core::event::Outcome;
use rollcall_messages::decimal;
use std::time::Duration;

use rollcall_camera::CameraStats;

/// How long it lasts.
const LASTS: Duration = Duration::from_secs(10);

/// A test under way: when it began, and how far the counts were.
#[derive(Debug, Clone)]
pub(super) struct CameraTest {
    began: Duration,
    before: CameraStats,
}

impl CameraTest {
    pub(super) fn begin(now: Duration, before: CameraStats) -> Self {
        Self { began: now, before }
    }

    /// What came out of it, once it is over; an error if somebody should look.
    pub(super) fn outcome(&self, now: Duration, after: &CameraStats) -> Option<Outcome> {
        let lasted = now.saturating_sub(self.began);
        if lasted < LASTS {
            return None;
        }
        let pictures = after.frames.saturating_sub(self.before.frames);
        let rate = pictures as f64 / lasted.as_secs_f64();
        let broken = after.damaged.saturating_sub(self.before.damaged);
        let lost = after.dropped.saturating_sub(self.before.dropped);
        let reconnects = after.reconnects.saturating_sub(self.before.reconnects);
        let is_good = pictures > 0 && broken == 0 && reconnects == 0 && after.state.is_streaming();
        let said = say::camera_gave(decimal(rate, 1), broken, lost, reconnects);
        Some(if is_good { Ok(said) } else { Err(said) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_camera::{CameraState, SourceDescription};

    fn stats(frames: u64, damaged: u64, state: CameraState) -> CameraStats {
        CameraStats {
            state,
            frames,
            damaged,
            damage: None,
            dropped: 3,
            latency: None,
            reconnects: 0,
            abandoned: 0,
            frames_per_second: 0.0,
        }
    }

    fn streaming() -> CameraState {
        CameraState::Streaming(SourceDescription {
            name: "HD Webcam".into(),
            resolution: Some((640, 480)),
            rate: None,
        })
    }

    #[test]
    fn ten_seconds_tell_how_the_camera_does() {
        let at = Duration::from_secs;
        let test = CameraTest::begin(at(100), stats(1000, 2, streaming()));
        assert_eq!(test.outcome(at(109), &stats(1140, 2, streaming())), None);
        let good = test.outcome(at(110), &stats(1150, 2, streaming()));
        let said = "the camera gave 15.0 pictures/s; 0 broken, 0 lost, 0 reconnects";
        assert_eq!(
            good.map(|good| good.unwrap().to_string()).as_deref(),
            Some(said)
        );
        for bad in [
            stats(1150, 3, streaming()),
            stats(1000, 2, streaming()),
            stats(1150, 2, CameraState::Silent),
        ] {
            let outcome = test.outcome(at(110), &bad);
            assert!(matches!(outcome, Some(Err(_))), "{outcome:?}");
        }
    }
}
