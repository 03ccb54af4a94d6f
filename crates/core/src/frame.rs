//! One picture from a camera and the moment it was taken.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use image::RgbImage;

use super::camera_name::CameraName;

/// Number of a frame within one run of the station, counted from zero.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct FrameId(pub u64);

/// A point in time, read from both clocks at once.
///
/// The wall clock says what to write down; it may jump (NTP, a flat battery,
/// an operator). The monotonic clock says how much time has really passed, but
/// means nothing after a restart. Decisions that compare two moments of the
/// same run use `monotonic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Moment {
    /// Time since the station started.
    pub monotonic: Duration,
    /// Local wall-clock time with its offset from UTC.
    pub wall: DateTime<FixedOffset>,
}

impl Moment {
    /// Time from `earlier` to `self` on the monotonic clock; zero if `earlier` is later.
    pub fn since(&self, earlier: &Moment) -> Duration {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// One picture from a camera.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The camera elsewhere that took it; none is the station's own.
    pub camera: Option<CameraName>,
    /// Number of the frame within this run.
    pub id: FrameId,
    /// When the frame left the camera.
    pub captured_at: Moment,
    /// Pixels, 8-bit RGB, upright and unmirrored.
    pub image: RgbImage,
}
