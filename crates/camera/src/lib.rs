//! Where pictures come from: a USB camera, one in the network, files, or the built-in demonstration.
//!
//! A [`FrameSource`] hands out one picture after the other at its own pace; the
//! [`worker`] numbers and stamps them and puts them into mailboxes, in which
//! the newest picture wins. Sources know nothing of frames, clocks of the
//! station, mailboxes or retries; the worker knows nothing of files or drivers.
//!
//! # Invariants
//! - A picture known to be damaged is counted and skipped. It never ends a
//!   source, and no part of it is passed on.
//! - No file and no driver can make a parser here panic or allocate more than
//!   the limits in [`limits`] allow.
//! - Nobody waits without end for a thread that may be stuck in a driver.
//!
//! Deliberately absent: compressed video other than Motion JPEG (a video
//! decoder is a large attack surface for little gain), sound, and seeking.

pub mod avi;
mod compressed;
pub mod demo;
#[cfg(test)]
mod drawn;
mod error;
pub mod http;
mod layout;
pub mod mjpeg;
mod monitor;
mod pace;
pub mod replay;
pub mod say;
mod settings;
mod spec;
mod state;
pub mod usb;
pub mod worker;
pub mod y4m;
pub mod yuv;

use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;

use rollcall_system::stop::StopFlag;

pub use rollcall_picture::{jpeg, limits};

pub use error::CameraError;
pub use layout::{Crop, PictureLayout, Rotation};
pub use monitor::{CameraPatience, CameraStats};
pub use settings::{CameraSettings, CaptureRequest, PixelFormat};
pub use spec::{
    CameraChoice, FrameRate, Repeat, SourceOptions, SourceSpec, credentials_hidden,
    without_credentials,
};
pub use state::CameraState;
pub use worker::{CameraWorker, Capture, Wiring};

/// What a source says of itself, for the status bar and the log.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceDescription {
    /// Short name: the camera's own, the file's, or `demo`.
    pub name: String,
    /// Width and height in pixels, where they are known before the first picture.
    pub resolution: Option<(u32, u32)>,
    /// Pictures per second that the source means to deliver, where it knows.
    pub rate: Option<FrameRate>,
}

/// Figures of an open source that its pictures do not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceMeter {
    /// Pictures that the camera or the driver lost, or that were out of date when they came.
    pub dropped: u64,
    /// Time from the driver's stamp of the latest picture to its being decoded.
    pub latency: Option<Duration>,
}

/// What a source had next.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// A whole picture, upright and unmirrored.
    Image(RgbImage),
    /// A picture that could not be decoded, and why. The next one may be whole.
    Damaged(String),
    /// The source has ended; asking again gives the same answer.
    End,
}

/// Something that delivers pictures at its own pace.
///
/// A source lives and dies on the thread that opened it (a V4L2 stream is not
/// to be moved), hence no `Send` here; [`OpenSource`] is what crosses threads.
pub trait FrameSource {
    /// Name, resolution and rate.
    fn describe(&self) -> SourceDescription;

    /// What only the source itself knows; zero where it cannot.
    fn meter(&self) -> SourceMeter {
        SourceMeter::default()
    }

    /// Blocks until the next picture is due and there.
    ///
    /// # Errors
    /// When the source cannot go on: the camera is gone, the file unreadable.
    fn next_image(&mut self) -> Result<Delivery, CameraError>;
}

/// Opens a source, and opens it again after it was lost.
///
/// Shared between threads: one that is stuck in a driver may still hold it while
/// the next one opens the camera again.
pub trait OpenSource: Send + Sync {
    /// Opens the source; its sleeps and waits end early once `stop` is requested.
    ///
    /// # Errors
    /// When the camera is absent, busy or forbidden, or the file is unusable.
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError>;

    /// Whether opening again may help: a cable can be plugged back in, a broken
    /// file stays broken.
    fn comes_back(&self) -> bool;

    /// A number that changes when something happened that makes it worth trying
    /// at once, such as a device that appeared. Cheap enough to ask four times a second.
    fn surroundings(&self) -> u64 {
        0
    }
}

/// The opener for what the operator asked for; none if that is no camera at all.
pub fn opener(
    spec: &SourceSpec,
    options: SourceOptions,
    settings: &CameraSettings,
) -> Option<Arc<dyn OpenSource>> {
    Some(match spec {
        SourceSpec::Usb(choice) => Arc::new(usb::UsbOpener::new(choice.clone(), settings.clone())),
        SourceSpec::Http(address) => Arc::new(http::HttpOpener::new(address.clone())),
        SourceSpec::Replay(path) => Arc::new(replay::ReplayOpener::new(path.clone(), options)),
        SourceSpec::Demo { seed } => Arc::new(demo::DemoOpener::new(*seed, options)),
        SourceSpec::None => return None,
    })
}
