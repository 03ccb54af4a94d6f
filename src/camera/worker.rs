//! The thread that owns the source, and the one that watches it.
//!
//! The capturing thread may be stuck in a driver for ever, so nothing waits for
//! it without a limit: a second thread notices the silence, and
//! [`CameraWorker::finish`] lets go of a thread that does not end. All signals
//! are blocked in it, for a signal in the middle of a V4L2 call (a resized
//! terminal is enough) breaks the stream.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use nix::sys::signal::SigSet;

use super::monitor::Monitor;
use super::{
    CameraError, CameraState, CameraStats, Delivery, OpenSource, SourceOptions, SourceSpec,
};
use crate::clock::Clock;
use crate::core::frame::{Frame, FrameId};
use crate::mailbox::Mailbox;
use crate::stop::StopFlag;

const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(10);
const WATCH_EVERY: Duration = Duration::from_millis(250);
/// One damaged picture in this many is logged, so that a bad cable does not fill the disk.
const LOG_EVERY_DAMAGED: u64 = 100;

/// What the worker is connected to.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// Stamps the frames.
    pub clock: Clock,
    /// Ends the worker.
    pub stop: StopFlag,
    /// Each gets every frame; they are closed when no more will come.
    pub frames: Vec<Mailbox<Arc<Frame>>>,
    /// Gets each change of state. Where it is full the change is lost to it,
    /// but [`CameraWorker::stats`] always has the present state.
    pub states: Sender<CameraState>,
}

/// A running camera.
#[derive(Debug)]
pub struct CameraWorker {
    thread: JoinHandle<()>,
    /// Disconnected when the thread ends.
    ended: Receiver<()>,
    monitor: SharedMonitor,
    clock: Clock,
}

/// Starts the threads `camera` and `camera-watch` for the source that was asked for.
///
/// # Errors
/// When the system refuses another thread.
pub fn spawn(
    spec: &SourceSpec,
    options: SourceOptions,
    wiring: Wiring,
) -> io::Result<CameraWorker> {
    spawn_with(super::opener(spec, options), wiring)
}

/// The same for a source that is opened in a way of its own.
///
/// # Errors
/// When the system refuses another thread.
pub fn spawn_with(opener: Box<dyn OpenSource>, wiring: Wiring) -> io::Result<CameraWorker> {
    let (alive, ended) = bounded(0);
    let monitor = SharedMonitor::default();
    let clock = wiring.clock;
    spawn_watcher(monitor.clone(), wiring.clone(), ended.clone())?;
    let capture = Capture {
        monitor: monitor.clone(),
        wiring,
        next_id: FrameId(0),
        _alive: alive,
    };
    let thread = std::thread::Builder::new()
        .name("camera".to_owned())
        .spawn(move || capture.run(opener))?;
    Ok(CameraWorker {
        thread,
        ended,
        monitor,
        clock,
    })
}

impl CameraWorker {
    /// State and figures of this moment.
    pub fn stats(&self) -> CameraStats {
        let now = self.clock.now().monotonic;
        self.monitor.with(|monitor| monitor.stats(now))
    }

    /// Waits up to `timeout` for the thread to end, which somebody must have asked it to do;
    /// lets go of it if it does not. `true` if it ended.
    pub fn finish(self, timeout: Duration) -> bool {
        let ended = self.ended.recv_timeout(timeout) == Err(RecvTimeoutError::Disconnected);
        if !ended {
            tracing::warn!("the camera thread does not end; it is left behind");
            return false;
        }
        if self.thread.join().is_err() {
            tracing::error!("the camera thread panicked");
        }
        true
    }
}

#[derive(Debug, Clone)]
struct SharedMonitor(Arc<Mutex<Monitor>>);

impl Default for SharedMonitor {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Monitor::new())))
    }
}

impl SharedMonitor {
    fn with<T>(&self, ask: impl FnOnce(&mut Monitor) -> T) -> T {
        // Every method leaves the monitor valid, so a panic elsewhere has not torn it.
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wiring {
    fn report(&self, change: Option<CameraState>) {
        let Some(state) = change else { return };
        tracing::info!(state = state.word(), "{state}");
        if self.states.try_send(state).is_err() {
            tracing::debug!("nobody takes the camera's states");
        }
    }
}

fn spawn_watcher(monitor: SharedMonitor, wiring: Wiring, ended: Receiver<()>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("camera-watch".to_owned())
        .spawn(move || {
            while !wiring.stop.is_requested()
                && ended.recv_timeout(WATCH_EVERY) == Err(RecvTimeoutError::Timeout)
            {
                let now = wiring.clock.now().monotonic;
                wiring.report(monitor.with(|monitor| monitor.tick(now)));
            }
        })
        .map(drop)
}

/// What the capturing thread owns.
struct Capture {
    monitor: SharedMonitor,
    wiring: Wiring,
    next_id: FrameId,
    _alive: Sender<()>,
}

impl Drop for Capture {
    /// Also after a panic: whoever waits for frames must not wait for ever.
    fn drop(&mut self) {
        self.close(CameraState::Ended);
        for mailbox in &self.wiring.frames {
            mailbox.close();
        }
    }
}

impl Capture {
    fn run(mut self, mut opener: Box<dyn OpenSource>) {
        if let Err(error) = SigSet::all().thread_block() {
            tracing::warn!("cannot block signals in the camera thread: {error}");
        }
        let mut retry_after = FIRST_RETRY;
        while !self.wiring.stop.is_requested() {
            let frames_before = self.next_id;
            match self.capture_from(opener.as_mut()) {
                Ok(()) => return,
                Err(error) if opener.comes_back() => {
                    tracing::warn!("{error}");
                    self.close(CameraState::retrying_after(&error));
                    if self.next_id > frames_before {
                        retry_after = FIRST_RETRY;
                    }
                    self.wiring.stop.sleep(retry_after);
                    retry_after = (retry_after * 2).min(LAST_RETRY);
                }
                Err(error) => {
                    tracing::error!("{error}");
                    self.close(CameraState::Failed(error.to_string()));
                    return;
                }
            }
        }
    }

    /// Opens the source and passes its pictures on until it ends (`Ok`) or fails. The source
    /// is dropped before this returns: an open handle would stand in the way of the next.
    fn capture_from(&mut self, opener: &mut dyn OpenSource) -> Result<(), CameraError> {
        let mut source = opener.open(&self.wiring.stop)?;
        let now = self.wiring.clock.now().monotonic;
        self.monitor
            .with(|monitor| monitor.opened(source.describe(), now));
        while !self.wiring.stop.is_requested() {
            match source.next_image()? {
                Delivery::Image(image) => self.publish(image),
                Delivery::Damaged(reason) => self.note_damage(&reason),
                Delivery::End => return Ok(()),
            }
        }
        Ok(())
    }

    fn publish(&mut self, image: image::RgbImage) {
        let captured_at = self.wiring.clock.now();
        let size = image.dimensions();
        let change = self
            .monitor
            .with(|monitor| monitor.picture(size, captured_at.monotonic));
        self.wiring.report(change);
        let frame = Arc::new(Frame {
            id: self.next_id,
            captured_at,
            image,
        });
        self.next_id.0 += 1;
        for mailbox in &self.wiring.frames {
            mailbox.put(Arc::clone(&frame));
        }
    }

    fn note_damage(&self, reason: &str) {
        let now = self.wiring.clock.now().monotonic;
        let damaged = self.monitor.with(|monitor| {
            monitor.damaged();
            monitor.stats(now).damaged
        });
        if damaged % LOG_EVERY_DAMAGED == 1 {
            tracing::warn!(damaged, "a damaged picture was skipped: {reason}");
        }
    }

    fn close(&self, state: CameraState) {
        let change = self.monitor.with(|monitor| monitor.closed(state));
        self.wiring.report(change);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use image::RgbImage;

    use super::super::{FrameSource, SourceDescription};
    use super::*;
    use crate::mailbox::Received;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// What a fake source does, in order. After the last step it waits for the stop.
    enum Step {
        Picture,
        Damaged,
        Lose,
        End,
        /// Does not answer until this is disconnected, whatever happens: a hung driver.
        Hang(Receiver<()>),
    }

    /// One list of steps for each time it is opened; none left means absent.
    struct FakeOpener {
        openings: VecDeque<Vec<Step>>,
        comes_back: bool,
    }

    struct FakeSource {
        steps: VecDeque<Step>,
        stop: StopFlag,
    }

    impl OpenSource for FakeOpener {
        fn open(&mut self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
            let steps = self.openings.pop_front().ok_or(CameraError::Absent {
                camera: "fake".to_owned(),
            })?;
            Ok(Box::new(FakeSource {
                steps: steps.into(),
                stop: stop.clone(),
            }))
        }

        fn comes_back(&self) -> bool {
            self.comes_back
        }
    }

    impl FrameSource for FakeSource {
        fn describe(&self) -> SourceDescription {
            SourceDescription {
                name: "fake".to_owned(),
                resolution: None,
                rate: None,
            }
        }

        fn next_image(&mut self) -> Result<Delivery, CameraError> {
            match self.steps.pop_front() {
                Some(Step::Picture) => Ok(Delivery::Image(RgbImage::new(4, 3))),
                Some(Step::Damaged) => Ok(Delivery::Damaged("fake damage".to_owned())),
                Some(Step::Lose) => Err(CameraError::Lost {
                    camera: "fake".to_owned(),
                }),
                Some(Step::End) => Ok(Delivery::End),
                Some(Step::Hang(until)) => {
                    let _ = until.recv();
                    Ok(Delivery::End)
                }
                None => {
                    self.stop.sleep(PATIENCE);
                    Ok(Delivery::End)
                }
            }
        }
    }

    struct Station {
        worker: CameraWorker,
        stop: StopFlag,
        frames: Mailbox<Arc<Frame>>,
        states: Receiver<CameraState>,
    }

    impl Station {
        fn start(comes_back: bool, openings: Vec<Vec<Step>>) -> Self {
            let (sender, states) = bounded(16);
            let (stop, frames) = (StopFlag::new(), Mailbox::new());
            let opener = FakeOpener {
                openings: openings.into(),
                comes_back,
            };
            let wiring = Wiring {
                clock: Clock::start(),
                stop: stop.clone(),
                frames: vec![frames.clone()],
                states: sender,
            };
            let worker = spawn_with(Box::new(opener), wiring).unwrap();
            Self {
                worker,
                stop,
                frames,
                states,
            }
        }

        fn next_word(&self) -> &'static str {
            self.states.recv_timeout(PATIENCE).unwrap().word()
        }
    }

    #[test]
    fn a_source_that_ends_closes_the_mailbox_after_its_last_frame() {
        use Step::{Damaged, End, Picture};
        let station = Station::start(false, vec![vec![Picture, Damaged, Picture, End]]);
        assert_eq!(station.next_word(), "live");
        assert_eq!(station.next_word(), "ended");
        let Received::Value(frame) = station.frames.take_timeout(PATIENCE) else {
            panic!("the last frame is missing");
        };
        assert_eq!(frame.id, FrameId(1));
        assert!(matches!(
            station.frames.take_timeout(PATIENCE),
            Received::Closed
        ));
        let stats = station.worker.stats();
        assert_eq!((stats.frames, stats.damaged), (2, 1));
        assert!(station.worker.finish(PATIENCE));
    }

    #[test]
    fn a_lost_camera_is_opened_again_and_frames_are_numbered_on() {
        use Step::{Lose, Picture};
        let station = Station::start(true, vec![vec![Picture, Lose], vec![Picture]]);
        for word in ["live", "lost", "live"] {
            assert_eq!(station.next_word(), word);
        }
        // The second frame is put a moment after its state is reported.
        let mut newest = FrameId(0);
        while newest < FrameId(1) {
            if let Received::Value(frame) = station.frames.take_timeout(PATIENCE) {
                newest = frame.id;
            }
        }
        assert_eq!(station.worker.stats().reconnects, 1);
        station.stop.request();
        assert!(station.worker.finish(PATIENCE));
    }

    #[test]
    fn an_absent_camera_is_reported_once_and_looked_for_until_the_stop() {
        let station = Station::start(true, vec![]);
        assert_eq!(station.next_word(), "absent");
        station.stop.request();
        assert_eq!(station.next_word(), "ended");
        assert!(station.worker.finish(PATIENCE));
    }

    #[test]
    fn a_source_that_does_not_come_back_fails_for_good() {
        let station = Station::start(false, vec![vec![Step::Picture, Step::Lose]]);
        assert_eq!(station.next_word(), "live");
        assert_eq!(station.next_word(), "failed");
        assert!(station.worker.finish(PATIENCE));
        assert!(station.states.try_recv().is_err());
    }

    #[test]
    fn a_hung_driver_is_silent_and_is_left_behind() {
        let (release, hang) = bounded(0);
        let station = Station::start(true, vec![vec![Step::Picture, Step::Hang(hang)]]);
        assert_eq!(station.next_word(), "live");
        assert_eq!(station.next_word(), "silent");
        station.stop.request();
        assert!(!station.worker.finish(Duration::from_millis(50)));
        drop(release);
    }

    #[test]
    fn nobody_taking_the_states_does_not_hold_up_the_frames() {
        let (sender, states) = bounded(0);
        let frames = Mailbox::new();
        let wiring = Wiring {
            clock: Clock::start(),
            stop: StopFlag::new(),
            frames: vec![frames.clone()],
            states: sender,
        };
        let opener = FakeOpener {
            openings: vec![vec![Step::Picture, Step::End]].into(),
            comes_back: false,
        };
        let worker = spawn_with(Box::new(opener), wiring).unwrap();
        assert!(matches!(frames.take_timeout(PATIENCE), Received::Value(_)));
        assert!(worker.finish(PATIENCE));
        drop(states);
    }
}
