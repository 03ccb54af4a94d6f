//! The recogniser's thread: newest frame in, observation out.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};

use super::InferenceError;
use super::recogniser::Recogniser;
use crate::core::frame::Frame;
use crate::core::observation::Observation;
use crate::mailbox::{Mailbox, Received};
use crate::stop::StopFlag;

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
            while !stop.is_requested() {
                let report = match frames.take_timeout(PATIENCE) {
                    Received::Value(frame) => match recogniser.look_at(frame) {
                        Ok(observation) => RecogniserReport::Observed(observation),
                        Err(error) => RecogniserReport::Failed(error),
                    },
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
