//! One opening of a source, in a thread of its own, and what all sessions share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use image::RgbImage;
use nix::sys::signal::SigSet;

use super::super::monitor::{CameraPatience, Monitor};
use super::super::{
    CameraError, CameraState, CameraStats, Delivery, FrameSource, OpenSource, PictureLayout,
};
use super::Wiring;
use rollcall_core::frame::{Frame, FrameId};
use rollcall_core::picture_condition::PictureMeasures;
use rollcall_system::clock::Clock;
use rollcall_system::stop::StopFlag;

/// So many damaged pictures in a row may be an accident.
const DAMAGED_IN_A_ROW: u64 = 30;
/// After that each is waited for: a source of nothing but garbage must not keep the machine
/// busy with it.
const DAMAGE_PAUSE: Duration = Duration::from_millis(20);

/// Number of a session; only the latest one may deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionId(u64);

/// What the present session delivers into, and who else may look at it.
#[derive(Debug, Clone)]
pub(super) struct Present(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    wiring: Wiring,
    delivery: Mutex<Delivering>,
}

#[derive(Debug)]
struct Delivering {
    monitor: Monitor,
    present: Option<SessionId>,
    sessions: u64,
    next_frame: FrameId,
}

/// The thread is not the present session any more; its source is of no use to anybody.
struct Superseded;

impl Present {
    pub(super) fn new(wiring: Wiring, patience: CameraPatience) -> Self {
        Self(Arc::new(Shared {
            wiring,
            delivery: Mutex::new(Delivering {
                monitor: Monitor::new(patience),
                present: None,
                sessions: 0,
                next_frame: FrameId(0),
            }),
        }))
    }

    pub(super) fn stats(&self, now: Duration) -> CameraStats {
        self.with(|delivering| delivering.monitor.stats(now))
    }

    pub(super) fn clock(&self) -> Clock {
        self.0.wiring.clock
    }

    pub(super) fn stop(&self) -> &StopFlag {
        &self.0.wiring.stop
    }

    /// Time has passed; `true` if the source has taken longer than it may.
    pub(super) fn tick(&self) -> bool {
        let now = self.clock().now().monotonic;
        self.with(|delivering| {
            let change = delivering.monitor.tick(now);
            self.report(change);
            delivering.monitor.is_overdue(now)
        })
    }

    /// Ends the present session's right to deliver.
    pub(super) fn close(&self, state: CameraState) {
        self.with(|delivering| {
            delivering.present = None;
            let change = delivering.monitor.closed(state);
            self.report(change);
        });
    }

    /// Why no whole picture has come for so long.
    pub(super) fn silence(&self) -> CameraError {
        self.with(|delivering| delivering.monitor.silence())
    }

    pub(super) fn count_abandoned(&self) {
        self.with(|delivering| delivering.monitor.abandoned());
    }

    /// No frame will come any more.
    pub(super) fn close_mailboxes(&self) {
        self.0.wiring.frames.close();
    }

    fn begin(&self) -> SessionId {
        let now = self.clock().now().monotonic;
        self.with(|delivering| {
            delivering.sessions += 1;
            let id = SessionId(delivering.sessions);
            delivering.present = Some(id);
            delivering.monitor.opening(now);
            id
        })
    }

    /// Lets the session `id` tell something, if it is still the present one.
    fn deliver<T>(
        &self,
        id: SessionId,
        tell: impl FnOnce(&mut Delivering) -> T,
    ) -> Result<T, Superseded> {
        self.with(|delivering| {
            if delivering.present == Some(id) {
                Ok(tell(delivering))
            } else {
                Err(Superseded)
            }
        })
    }

    /// States are reported under the lock, so that they arrive in their order; the channel
    /// never blocks.
    fn report(&self, change: Option<CameraState>) {
        let Some(state) = change else { return };
        tracing::info!(state = state.word().english(), "{state}");
        if self.0.wiring.states.try_send(state).is_err() {
            tracing::debug!("nobody takes the camera's states");
        }
    }

    fn with<T>(&self, tell: impl FnOnce(&mut Delivering) -> T) -> T {
        // Every method leaves the monitor valid, so a panic elsewhere has not torn it.
        let lock = self.0.delivery.lock();
        tell(&mut lock.unwrap_or_else(PoisonError::into_inner))
    }
}

/// A session as the supervisor sees it.
pub(super) struct Session {
    /// Asks it to end.
    pub(super) stop: StopFlag,
    /// Gets its outcome; disconnected without one if the thread panicked.
    pub(super) outcome: Receiver<Result<(), CameraError>>,
}

impl Session {
    /// Starts a thread that opens the source and delivers from it.
    pub(super) fn start(
        opener: Arc<dyn OpenSource>,
        layout: PictureLayout,
        present: Present,
    ) -> io::Result<Self> {
        let stop = StopFlag::new();
        let (sender, outcome) = bounded(1);
        let id = present.begin();
        let captor = Captor {
            id,
            present,
            layout,
            stop: stop.clone(),
        };
        thread::Builder::new()
            .name("camera".to_owned())
            .spawn(move || captor.run(opener.as_ref(), &sender))?;
        Ok(Self { stop, outcome })
    }
}

/// What the capturing thread owns.
struct Captor {
    id: SessionId,
    present: Present,
    layout: PictureLayout,
    stop: StopFlag,
}

impl Captor {
    fn run(self, opener: &dyn OpenSource, outcome: &Sender<Result<(), CameraError>>) {
        block_signals();
        let result = self.capture_from(opener);
        // A supervisor that has given up on this thread does not listen any more.
        let _ = outcome.send(result);
    }

    /// Opens the source and passes its pictures on until it ends (`Ok`) or fails. The source
    /// is dropped before this returns: an open handle would stand in the way of the next.
    fn capture_from(&self, opener: &dyn OpenSource) -> Result<(), CameraError> {
        let mut source = opener.open(&self.stop)?;
        let is_live = opener.comes_back();
        let now = self.present.clock().now().monotonic;
        let opened = self.present.deliver(self.id, |delivering| {
            delivering.monitor.opened(source.describe(), now);
        });
        if opened.is_err() {
            return Ok(());
        }
        let mut damaged_in_a_row = 0;
        while !self.stop.is_requested() {
            let image = match source.next_image()? {
                Delivery::Image(image) => self.layout.apply(image),
                Delivery::Damaged(reason) => Err(reason),
                Delivery::End => return Ok(()),
            };
            let delivered = match image {
                Ok(image) => {
                    damaged_in_a_row = 0;
                    self.publish(image, is_live, source.as_ref())
                }
                Err(reason) => {
                    damaged_in_a_row += 1;
                    self.note_damage(&reason)
                }
            };
            if delivered.is_err() {
                return Ok(());
            }
            if damaged_in_a_row > DAMAGED_IN_A_ROW {
                self.stop.sleep(DAMAGE_PAUSE);
            }
        }
        Ok(())
    }

    fn publish(
        &self,
        image: RgbImage,
        is_live: bool,
        source: &dyn FrameSource,
    ) -> Result<(), Superseded> {
        let captured_at = self.present.clock().now();
        let now = captured_at.monotonic;
        let size = image.dimensions();
        // A recording may stand still or be dark; nobody can mend it.
        let measures = is_live.then(|| PictureMeasures::of(&image));
        let meter = source.meter();
        self.present.deliver(self.id, |delivering| {
            let frame = Arc::new(Frame {
                camera: None,
                id: delivering.next_frame,
                captured_at,
                image,
            });
            delivering.next_frame.0 += 1;
            let monitor = &mut delivering.monitor;
            monitor.meter(meter);
            if let Some(measures) = measures {
                monitor.look(&measures, now);
            }
            let change = monitor.picture(size, now);
            self.present.report(change);
            let wiring = &self.present.0.wiring;
            wiring.preview.put(Arc::clone(&frame));
            // A frozen picture would keep somebody in sight who has long left.
            if !monitor.is_frozen() {
                wiring.frames.put(frame);
            }
        })
    }

    fn note_damage(&self, reason: &str) -> Result<(), Superseded> {
        self.present.deliver(self.id, |delivering| {
            delivering.monitor.damaged(reason);
        })?;
        // The log counts those that are alike.
        tracing::warn!("a damaged picture was skipped: {reason}");
        Ok(())
    }
}

pub(super) fn block_signals() {
    if let Err(error) = SigSet::all().thread_block() {
        tracing::warn!("cannot block signals in a thread of the camera: {error}");
    }
}
