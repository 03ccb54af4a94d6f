//! What each drawing shows and neither the station nor the operator decides.

use rollcall_messages::Message;
use std::time::Duration;

use rollcall_core::frame::{Frame, Moment};
use rollcall_protocol::Health;

/// Figures of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// When this is drawn.
    pub now: Moment,
    /// Where pictures come from, in the operator's words, e.g. "usb" or "demo".
    pub source: &'a str,
    /// How the camera is.
    pub camera: CameraStatus<'a>,
    /// What it has done since the station started.
    pub camera_figures: CameraFigures<'a>,
    /// How long the recogniser took for its latest frame.
    pub frame_time: Option<Duration>,
    /// Frames a second that the detector looks at: fewer than there are while nobody is there.
    pub looks_per_second: Option<f32>,
    /// Bytes a second that are written to the terminal.
    pub bytes_per_second: Option<f32>,
    /// Frames that no recogniser had time for.
    pub dropped: u64,
    /// The newest picture.
    pub frame: Option<&'a Frame>,
    /// The networks in use, in one line.
    pub models: &'a str,
}

/// How the camera is.
#[derive(Debug, Clone, Copy)]
pub struct CameraStatus<'a> {
    /// Whether somebody must do something about it.
    pub health: Health,
    /// Its state in one or two words, e.g. "live", "starting", "lost".
    pub label: &'a Message,
    /// What is the matter and what to do about it, if anything.
    pub advice: Option<&'a Message>,
    /// Width and height of its pictures.
    pub size: Option<(u32, u32)>,
    /// Pictures a second.
    pub frames_per_second: Option<f32>,
}

/// What the camera has done since the station started.
#[derive(Debug, Clone, Copy)]
pub struct CameraFigures<'a> {
    /// Its state in one sentence.
    pub sentence: &'a Message,
    /// Pictures that could not be decoded.
    pub damaged: u64,
    /// Pictures that camera or driver lost.
    pub lost: u64,
    /// From the driver's stamp to the decoded picture.
    pub latency: Option<Duration>,
    /// How often it was opened again.
    pub reconnects: u64,
    /// Threads that are stuck in its driver.
    pub abandoned: u64,
}
