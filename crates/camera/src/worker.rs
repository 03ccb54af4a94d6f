//! The threads around a source: one that is in the driver, and one that looks after it.
//!
//! A capturing thread may be stuck in a driver for ever, so nothing waits for it
//! without a limit. The supervisor opens the source in a thread of its own, a
//! *session*; it notices silence, ends the session and starts the next one, and
//! leaves a thread behind that does not end. What such a thread still delivers,
//! should it wake, is thrown away: frames count only from the present session.
//!
//! All signals are blocked in both, for a signal in the middle of a V4L2 call (a
//! resized terminal is enough) breaks the stream.

mod back_off;
mod session;
mod supervisor;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::monitor::CameraPatience;
use super::{
    CameraSettings, CameraState, CameraStats, OpenSource, PictureLayout, SourceOptions, SourceSpec,
};
use rollcall_core::frame::Frame;
use rollcall_system::clock::Clock;
use rollcall_system::latest::Latest;
use rollcall_system::mailbox::Mailbox;
use rollcall_system::stop::StopFlag;
use session::Present;
use supervisor::Supervisor;

/// How often a station without a camera of its own looks whether it ends.
const WITHOUT: Duration = Duration::from_millis(100);

/// What the worker is connected to.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// Stamps the frames.
    pub clock: Clock,
    /// Ends the worker.
    pub stop: StopFlag,
    /// Gets every frame that shows something new; closed when no more will come.
    pub frames: Mailbox<Arc<Frame>>,
    /// Gets every frame, also those of a camera that is frozen; closed likewise.
    pub preview: Latest<Arc<Frame>>,
    /// Gets each change of state. Where it is full the change is lost to it,
    /// but [`CameraWorker::stats`] always has the present state.
    pub states: Sender<CameraState>,
}

/// What is to be captured and how.
pub struct Capture {
    /// Opens the source.
    pub opener: Arc<dyn OpenSource>,
    /// What is done with every picture.
    pub layout: PictureLayout,
    /// When the source has taken too long.
    pub patience: CameraPatience,
}

/// A running camera.
#[derive(Debug)]
pub struct CameraWorker {
    supervisor: JoinHandle<()>,
    /// Disconnected when the supervisor ends.
    ended: Receiver<()>,
    present: Present,
    clock: Clock,
}

/// Starts the threads for the source that was asked for.
///
/// # Errors
/// When the system refuses another thread.
pub fn spawn(
    spec: &SourceSpec,
    options: SourceOptions,
    settings: &CameraSettings,
    wiring: Wiring,
) -> io::Result<CameraWorker> {
    let Some(opener) = super::opener(spec, options, settings) else {
        return spawn_without(wiring);
    };
    // A recording is played as it was made.
    let layout = if opener.comes_back() {
        settings.layout
    } else {
        PictureLayout::default()
    };
    let capture = Capture {
        opener,
        layout,
        patience: CameraPatience::default(),
    };
    spawn_with(capture, wiring)
}

/// A worker that has nothing to do until the stop.
fn spawn_without(wiring: Wiring) -> io::Result<CameraWorker> {
    let (alive, ended) = bounded(0);
    let clock = wiring.clock;
    let present = Present::new(wiring, CameraPatience::default());
    let waiting = present.clone();
    let supervisor = std::thread::Builder::new()
        .name("camera-watch".to_owned())
        .spawn(move || {
            session::block_signals();
            waiting.close(CameraState::Elsewhere);
            while !waiting.stop().sleep(WITHOUT) {}
            waiting.close(CameraState::Ended);
            waiting.close_mailboxes();
            drop(alive);
        })?;
    Ok(CameraWorker {
        supervisor,
        ended,
        present,
        clock,
    })
}

/// The same for a source that is opened in a way of its own.
///
/// # Errors
/// When the system refuses another thread.
pub fn spawn_with(capture: Capture, wiring: Wiring) -> io::Result<CameraWorker> {
    let (alive, ended) = bounded(0);
    let clock = wiring.clock;
    let present = Present::new(wiring, capture.patience);
    let supervisor = Supervisor::new(capture, present.clone(), alive);
    let supervisor = std::thread::Builder::new()
        .name("camera-watch".to_owned())
        .spawn(move || supervisor.run())?;
    Ok(CameraWorker {
        supervisor,
        ended,
        present,
        clock,
    })
}

impl CameraWorker {
    /// State and figures of this moment.
    pub fn stats(&self) -> CameraStats {
        self.present.stats(self.clock.now().monotonic)
    }

    /// Waits up to `timeout` for the threads to end, which somebody must have asked them to
    /// do; lets go of them if they do not. `true` if they ended.
    pub fn finish(self, timeout: Duration) -> bool {
        let ended = self.ended.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected);
        if !ended {
            tracing::warn!("the camera's threads do not end; they are left behind");
            return false;
        }
        if self.supervisor.join().is_err() {
            tracing::error!("the camera's supervisor panicked");
        }
        true
    }
}
