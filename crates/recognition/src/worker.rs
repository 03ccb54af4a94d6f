//! The recogniser's thread: newest frame in, observation out.
//!
//! Which frames are looked at is decided by [`Attention`], which of their faces closely by
//! [`FaceAttention`], for each camera by itself. Of frames of the own camera that are not
//! looked at there is nothing to report; who has sent one from elsewhere waits for an answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};

use super::InferenceError;
use super::intake::Intake;
use super::recogniser::Recogniser;
use rollcall_core::attention::Attention;
use rollcall_core::attention::faces::FaceAttention;
use rollcall_core::camera_name::CameraName;
use rollcall_core::frame::Frame;
use rollcall_core::observation::Observation;
use rollcall_system::mailbox::Received;
use rollcall_system::stop::StopFlag;

/// What the thread reports.
#[derive(Debug)]
pub enum RecogniserReport {
    /// A frame was looked at.
    Observed(Observation),
    /// A frame of a camera elsewhere is as the one before: it was not looked at.
    PassedOver(Arc<Frame>),
    /// A frame could not be looked at.
    Failed(Arc<Frame>, InferenceError),
    /// The source has ended and every frame taken from it has been reported.
    Finished,
}

/// How long a wait lasts before the stop flag is looked at again.
const PATIENCE: Duration = Duration::from_millis(100);

/// Cameras elsewhere whose last frames are remembered.
const MOST_CAMERAS: usize = 64;

/// A camera elsewhere that has sent nothing for so long is looked at anew.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// What is known of one camera's last frames.
#[derive(Default)]
struct Gaze {
    attention: Attention,
    faces: FaceAttention,
    latest: Duration,
}

/// What is known of all of them.
#[derive(Default)]
struct Gazes {
    own: Gaze,
    elsewhere: HashMap<CameraName, Gaze>,
}

impl Gazes {
    fn at(&mut self, frame: &Frame) -> &mut Gaze {
        let now = frame.captured_at.monotonic;
        let Some(camera) = &frame.camera else {
            return &mut self.own;
        };
        if !self.elsewhere.contains_key(camera) && self.elsewhere.len() >= MOST_CAMERAS {
            self.elsewhere
                .retain(|_, gaze| now.saturating_sub(gaze.latest) <= FORGOTTEN);
        }
        let gaze = self.elsewhere.entry(camera.clone()).or_default();
        gaze.latest = now;
        gaze
    }
}

/// Starts the thread. It ends when `frames` is closed and empty, or on a stop.
///
/// An observation is a fact and waits for its reader; meanwhile new frames
/// replace each other in the mailbox.
///
/// # Errors
/// If the system refuses another thread.
pub fn spawn(
    mut recogniser: Recogniser,
    frames: Intake,
    reports: Sender<RecogniserReport>,
    stop: StopFlag,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("recogniser".into())
        .spawn(move || {
            let mut gazes = Gazes::default();
            let mut tally = Tally::default();
            while !stop.is_requested() {
                let report = match frames.take_timeout(PATIENCE) {
                    Received::Value(frame) => {
                        match look(&mut recogniser, &mut gazes, &mut tally, frame) {
                            Some(report) => report,
                            None => continue,
                        }
                    }
                    Received::TimedOut => continue,
                    Received::Closed => {
                        deliver(&reports, RecogniserReport::Finished, &stop);
                        return;
                    }
                };
                if !deliver(&reports, report, &stop) {
                    return;
                }
            }
        })
}

/// Looks at a frame if it is worth it.
fn look(
    recogniser: &mut Recogniser,
    gazes: &mut Gazes,
    tally: &mut Tally,
    frame: Arc<Frame>,
) -> Option<RecogniserReport> {
    let gaze = gazes.at(&frame);
    let taken_at = frame.captured_at.monotonic;
    tally.count_frame(taken_at);
    if !gaze.attention.is_drawn_to(&frame.image, taken_at) {
        let is_waited_for = frame.camera.is_some();
        return is_waited_for.then_some(RecogniserReport::PassedOver(frame));
    }
    Some(
        match recogniser.look_at(Arc::clone(&frame), &mut gaze.faces) {
            Ok(observation) => {
                if !observation.faces.is_empty() {
                    gaze.attention.found_faces(taken_at);
                }
                tally.count_look(&observation);
                RecogniserReport::Observed(observation)
            }
            Err(error) => RecogniserReport::Failed(frame, error),
        },
    )
}

/// How often each network ran, for the log.
#[derive(Debug, Default)]
struct Tally {
    since: Option<Duration>,
    frames: u32,
    looks: u32,
    embedded: usize,
}

/// How often the tally is logged.
const TALLY_EVERY: Duration = Duration::from_secs(60);

impl Tally {
    fn count_frame(&mut self, now: Duration) {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.saturating_sub(since);
        if elapsed >= TALLY_EVERY {
            let rate = |count: f64| format!("{:.1}", count / elapsed.as_secs_f64());
            tracing::info!(
                frames = rate(self.frames.into()),
                detector = rate(self.looks.into()),
                embedder = rate(self.embedded as f64),
                "runs a second"
            );
            *self = Self {
                since: Some(now),
                ..Self::default()
            };
        }
        self.frames += 1;
    }

    fn count_look(&mut self, observation: &Observation) {
        self.looks += 1;
        let embedded = observation.faces.iter().filter(|f| f.embedding.is_some());
        self.embedded += embedded.count();
    }
}

/// Waits for the reader, but not beyond a stop; `false` if nobody reads any more.
fn deliver(
    reports: &Sender<RecogniserReport>,
    mut report: RecogniserReport,
    stop: &StopFlag,
) -> bool {
    loop {
        match reports.send_timeout(report, PATIENCE) {
            Ok(()) => return true,
            Err(SendTimeoutError::Timeout(unsent)) if !stop.is_requested() => report = unsent,
            Err(_) => return false,
        }
    }
}
