//! Keeps a source open: starts sessions, ends those that hang, and waits in between.

use rollcall_messages::Said as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};

use super::super::monitor::CameraPatience;
use super::super::{CameraError, CameraState, OpenSource, PictureLayout};
use super::Capture;
use super::back_off::BackOff;
use super::session::{Present, Session, block_signals};

/// How often the session and the surroundings are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The shortest time between two sessions, whatever happens around: a device that resets
/// itself all the time must not keep the station busy.
const LEAST_PAUSE: Duration = Duration::from_millis(250);
/// So many threads may be stuck at a time. A driver that has swallowed them is beyond help,
/// and each holds a few megabytes.
const MOST_STUCK: usize = 4;

/// Owns the sessions.
pub(super) struct Supervisor {
    opener: Arc<dyn OpenSource>,
    layout: PictureLayout,
    patience: CameraPatience,
    present: Present,
    back_off: BackOff,
    /// The outcomes of threads that were left behind; disconnected once they end after all.
    stuck: Vec<Receiver<Result<(), CameraError>>>,
    _alive: Sender<()>,
}

impl Drop for Supervisor {
    /// Also after a panic: whoever waits for frames must not wait for ever.
    fn drop(&mut self) {
        self.present.close(CameraState::Ended);
        self.present.close_mailboxes();
    }
}

impl Supervisor {
    pub(super) fn new(capture: Capture, present: Present, alive: Sender<()>) -> Self {
        Self {
            opener: capture.opener,
            layout: capture.layout,
            patience: capture.patience,
            present,
            back_off: BackOff::new(),
            stuck: Vec::new(),
            _alive: alive,
        }
    }

    /// Runs until the stop is requested, or a source that does not come back has ended.
    pub(super) fn run(mut self) {
        block_signals();
        let mut last_trouble = String::new();
        while !self.present.stop().is_requested() {
            let surroundings = self.opener.surroundings();
            let frames_before = self.frames();
            let error = match self.run_session() {
                Ok(()) => return,
                Err(error) => error,
            };
            if !self.opener.comes_back() {
                tracing::error!("{error}");
                self.present.close(CameraState::Failed(error.said()));
                return;
            }
            // A camera that is absent over a weekend is tried some thousand times.
            if error.to_string() != last_trouble {
                tracing::warn!("{error}");
                last_trouble = error.to_string();
            }
            self.present.close(CameraState::retrying_after(&error));
            if self.frames() > frames_before {
                last_trouble.clear();
                self.back_off.reset();
            }
            self.pause(surroundings);
        }
    }

    /// One session from its start to its end. `Ok` if nothing is left to be done.
    fn run_session(&mut self) -> Result<(), CameraError> {
        self.stuck
            .retain(|outcome| matches!(outcome.try_recv(), Err(TryRecvError::Empty)));
        if self.stuck.len() >= MOST_STUCK {
            return Err(CameraError::Stuck {
                threads: self.stuck.len(),
            });
        }
        let session = Session::start(Arc::clone(&self.opener), self.layout, self.present.clone())
            .map_err(|source| CameraError::Thread { source })?;
        loop {
            match session.outcome.recv_timeout(LOOK_EVERY) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Disconnected) => return Err(CameraError::Panicked),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let is_overdue = self.present.tick();
            if self.present.stop().is_requested() {
                self.end(session);
                return Ok(());
            }
            if is_overdue && self.opener.comes_back() {
                self.end(session);
                return Err(self.present.silence());
            }
        }
    }

    /// Asks the session to end and leaves it behind if it does not.
    fn end(&mut self, session: Session) {
        session.stop.request();
        let outcome = session.outcome.recv_timeout(self.patience.release);
        if matches!(outcome, Err(RecvTimeoutError::Timeout)) {
            tracing::warn!("a thread is stuck in the camera's driver; it is left behind");
            self.present.count_abandoned();
            self.stuck.push(session.outcome);
        }
    }

    /// Waits until the camera is worth trying again: at the latest when the back-off says
    /// so, and at once when something has changed since `surroundings`.
    fn pause(&mut self, surroundings: u64) {
        let began = Instant::now();
        let wait = self.back_off.after_failure();
        while began.elapsed() < wait {
            if self.present.stop().sleep(LOOK_EVERY) {
                return;
            }
            if began.elapsed() >= LEAST_PAUSE && self.opener.surroundings() != surroundings {
                self.back_off.reset();
                return;
            }
        }
    }

    fn frames(&self) -> u64 {
        let now = self.present.clock().now().monotonic;
        self.present.stats(now).frames
    }
}
