//! The recogniser's thread: newest frame in, observation out.
//!
//! Which frames are looked at is decided by [`Attention`], which of their faces closely by
//! [`FaceAttention`]; of frames that are not looked at there is nothing to report.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};

use super::InferenceError;
use super::recogniser::Recogniser;
use rollcall_core::attention::Attention;
use rollcall_core::attention::faces::FaceAttention;
use rollcall_core::frame::Frame;
use rollcall_core::observation::Observation;
use rollcall_system::mailbox::{Mailbox, Received};
use rollcall_system::stop::StopFlag;

/// What the thread reports.
#[derive(Debug)]
pub enum RecogniserReport {
    /// A frame was looked at.
    Observed(Observation),
    /// A frame could not be looked at.
    Failed(InferenceError),
    /// The source has ended and every frame taken from it has been reported.
    Finished,
}

/// How long a wait lasts before the stop flag is looked at again.
const PATIENCE: Duration = Duration::from_millis(100);

/// Starts the thread. It ends when `frames` is closed and empty, or on a stop.
///
/// An observation is a fact and waits for its reader; meanwhile new frames
/// replace each other in the mailbox.
///
/// # Errors
/// If the system refuses another thread.
pub fn spawn(
    mut recogniser: Recogniser,
    frames: Mailbox<Arc<Frame>>,
    reports: Sender<RecogniserReport>,
    stop: StopFlag,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("recogniser".into())
        .spawn(move || {
            let mut attention = Attention::default();
            let mut face_attention = FaceAttention::default();
            let mut tally = Tally::default();
            while !stop.is_requested() {
                let report = match frames.take_timeout(PATIENCE) {
                    Received::Value(frame) => {
                        let taken_at = frame.captured_at.monotonic;
                        tally.count_frame(taken_at);
                        if !attention.is_drawn_to(&frame.image, taken_at) {
                            continue;
                        }
                        match recogniser.look_at(frame, &mut face_attention) {
                            Ok(observation) => {
                                if !observation.faces.is_empty() {
                                    attention.found_faces(taken_at);
                                }
                                tally.count_look(&observation);
                                RecogniserReport::Observed(observation)
                            }
                            Err(error) => RecogniserReport::Failed(error),
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
