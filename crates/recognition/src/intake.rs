//! Frames of all cameras on their way to the one recogniser.
//!
//! # Invariants
//! - Of each camera the newest frame waits; an older one is handed back to whoever put the
//!   newer one in, so that nobody waits for an answer about it.
//! - The station's own camera has every second turn where both wait, the cameras elsewhere
//!   share the others one after the other: many of them, or one that is fast, delay a frame of
//!   the own camera by one look at most, and none of them is passed over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rollcall_core::camera_name::CameraName;
use rollcall_core::frame::Frame;
use rollcall_system::mailbox::{Mailbox, Received};

/// All frames that wait; clones share it.
#[derive(Debug, Clone)]
pub struct Intake {
    own: Mailbox<Arc<Frame>>,
    elsewhere: Arc<Mutex<Elsewhere>>,
}

#[derive(Debug, Default)]
struct Elsewhere {
    waiting: BTreeMap<CameraName, Arc<Frame>>,
    /// Who had the last turn of the cameras elsewhere.
    last: Option<CameraName>,
    /// Whether the last turn was the own camera's.
    own_was_last: bool,
    replaced: u64,
}

impl Intake {
    /// An intake whose own camera puts its frames into `own`.
    pub fn new(own: Mailbox<Arc<Frame>>) -> Self {
        Self {
            own,
            elsewhere: Arc::default(),
        }
    }

    /// Puts in a frame of a camera elsewhere; gives back the one of that camera that still
    /// waited. One of no such camera is given back itself.
    pub fn put(&self, frame: Arc<Frame>) -> Option<Arc<Frame>> {
        let Some(camera) = frame.camera.clone() else {
            return Some(frame);
        };
        let mut elsewhere = self.lock();
        let replaced = elsewhere.waiting.insert(camera, frame);
        elsewhere.replaced += u64::from(replaced.is_some());
        drop(elsewhere);
        self.own.nudge();
        replaced
    }

    /// How many frames of cameras elsewhere were replaced by newer ones.
    pub fn replaced_elsewhere(&self) -> u64 {
        self.lock().replaced
    }

    /// Waits up to `timeout` for the frame whose turn it is.
    pub fn take_timeout(&self, timeout: Duration) -> Received<Arc<Frame>> {
        if let Some(frame) = self.take_waiting() {
            return Received::Value(frame);
        }
        match self.own.take_timeout(timeout) {
            Received::Value(frame) => {
                self.lock().own_was_last = true;
                Received::Value(frame)
            }
            none => self.lock().take_next().map_or(none, Received::Value),
        }
    }

    fn take_waiting(&self) -> Option<Arc<Frame>> {
        let own_was_last = self.lock().own_was_last;
        if own_was_last && let Some(frame) = self.lock().take_next() {
            return Some(frame);
        }
        if let Some(frame) = self.own.try_take() {
            self.lock().own_was_last = true;
            return Some(frame);
        }
        self.lock().take_next()
    }

    fn lock(&self) -> MutexGuard<'_, Elsewhere> {
        // It is whole after every statement.
        self.elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Elsewhere {
    /// The frame of the camera after the one that had the last turn, in the order of names.
    fn take_next(&mut self) -> Option<Arc<Frame>> {
        let after = self.last.as_ref().and_then(|last| {
            let mut later = self.waiting.keys().filter(|name| *name > last);
            later.next()
        });
        let name = after.or_else(|| self.waiting.keys().next())?.clone();
        let frame = self.waiting.remove(&name)?;
        self.last = Some(name);
        self.own_was_last = false;
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;
    use rollcall_core::frame::{FrameId, Moment};

    fn frame(camera: Option<&str>, id: u64) -> Arc<Frame> {
        Arc::new(Frame {
            camera: camera.map(|name| CameraName::parse(name).unwrap()),
            id: FrameId(id),
            captured_at: Moment {
                monotonic: Duration::ZERO,
                wall: "2026-11-25T08:00:00+01:00".parse().unwrap(),
            },
            image: RgbImage::new(1, 1),
        })
    }

    fn taken(intake: &Intake) -> Option<(Option<String>, u64)> {
        match intake.take_timeout(Duration::ZERO) {
            Received::Value(frame) => {
                Some((frame.camera.as_ref().map(ToString::to_string), frame.id.0))
            }
            _ => None,
        }
    }

    #[test]
    fn the_newest_of_each_camera_waits_and_the_older_one_is_handed_back() {
        let intake = Intake::new(Mailbox::new());
        assert!(intake.put(frame(Some("a"), 1)).is_none());
        assert!(intake.put(frame(Some("b"), 2)).is_none());
        assert_eq!(intake.put(frame(Some("a"), 3)).unwrap().id.0, 1);
        assert_eq!(intake.replaced_elsewhere(), 1);
        assert_eq!(taken(&intake), Some((Some("a".into()), 3)));
        assert_eq!(taken(&intake), Some((Some("b".into()), 2)));
        assert_eq!(taken(&intake), None);
    }

    #[test]
    fn a_camera_that_is_fast_takes_no_turn_of_the_others() {
        let own = Mailbox::new();
        let intake = Intake::new(own.clone());
        let mut turns: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for round in 0..600 {
            // `fast` and the own camera have a new frame each time, the others now and then.
            own.put(frame(None, round));
            intake.put(frame(Some("fast"), round));
            if round % 3 == 0 {
                intake.put(frame(Some("slow-1"), round));
                intake.put(frame(Some("zz-slow-2"), round));
            }
            let (camera, _) = taken(&intake).unwrap();
            *turns.entry(camera).or_default() += 1;
        }
        assert_eq!(turns[&None], 300, "{turns:?}");
        for camera in ["fast", "slow-1", "zz-slow-2"] {
            assert_eq!(turns[&Some(camera.to_owned())], 100, "{turns:?}");
        }
    }

    #[test]
    fn a_frame_from_elsewhere_wakes_who_waits_for_the_own_camera() {
        let intake = Intake::new(Mailbox::new());
        let waiter = intake.clone();
        let thread = std::thread::spawn(move || waiter.take_timeout(Duration::from_secs(60)));
        intake.put(frame(Some("a"), 7));
        assert!(matches!(thread.join().unwrap(), Received::Value(frame) if frame.id.0 == 7));
    }

    #[test]
    fn the_last_frames_are_delivered_before_the_end() {
        let own = Mailbox::new();
        let intake = Intake::new(own.clone());
        own.put(frame(None, 1));
        intake.put(frame(Some("a"), 2));
        own.close();
        assert!(taken(&intake).is_some());
        assert!(taken(&intake).is_some());
        assert!(matches!(
            intake.take_timeout(Duration::ZERO),
            Received::Closed
        ));
    }
}
