//! A scripted source under the real threads.

use std::collections::VecDeque;
use std::sync::Mutex;

use image::RgbImage;

use super::super::{CameraError, Delivery, FrameSource, SourceDescription};
use super::*;
use rollcall_core::frame::FrameId;
use rollcall_system::mailbox::Received;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a fake source does, in order. After the last step it waits for the stop.
enum Step {
    Picture,
    Damaged,
    Lose,
    End,
    /// Does not answer until this is disconnected, whatever happens: a hung driver.
    Hang(Receiver<()>),
    /// Sends nothing, but ends when it is asked to.
    Silence,
    Panic,
}

/// One list of steps for each time it is opened; none left means absent.
struct FakeOpener {
    openings: Mutex<VecDeque<Vec<Step>>>,
    comes_back: bool,
}

struct FakeSource {
    steps: VecDeque<Step>,
    stop: StopFlag,
}

impl OpenSource for FakeOpener {
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        let next = self.openings.lock().unwrap().pop_front();
        let steps = next.ok_or(CameraError::Absent {
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
                Ok(Delivery::Image(RgbImage::new(9, 9)))
            }
            Some(Step::Panic) => panic!("as a library may"),
            Some(Step::Silence) | None => {
                self.stop.sleep(PATIENCE);
                Ok(Delivery::End)
            }
        }
    }
}

/// Short enough that the tests need not wait, long enough for a thread to be started.
const SHORT: CameraPatience = CameraPatience {
    opening: Duration::from_secs(5),
    first_picture: Duration::from_millis(600),
    next_picture: Duration::from_millis(600),
    release: Duration::from_millis(200),
};

fn capture(comes_back: bool, openings: Vec<Vec<Step>>) -> Capture {
    Capture {
        opener: Arc::new(FakeOpener {
            openings: Mutex::new(openings.into()),
            comes_back,
        }),
        layout: PictureLayout::default(),
        patience: SHORT,
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
        let wiring = Wiring {
            clock: Clock::start(),
            stop: stop.clone(),
            frames: frames.clone(),
            preview: Latest::new(),
            states: sender,
        };
        let worker = spawn_with(capture(comes_back, openings), wiring).unwrap();
        Self {
            worker,
            stop,
            frames,
            states,
        }
    }

    fn next_word(&self) -> &'static str {
        self.states.recv_timeout(PATIENCE).unwrap().word().english()
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
fn a_silent_camera_is_closed_and_opened_again() {
    use Step::{Picture, Silence};
    let station = Station::start(true, vec![vec![Picture, Silence], vec![Picture, Silence]]);
    for word in ["live", "silent", "live"] {
        assert_eq!(station.next_word(), word);
    }
    let stats = station.worker.stats();
    assert_eq!((stats.reconnects, stats.abandoned), (1, 0));
    station.stop.request();
    assert!(station.worker.finish(PATIENCE));
}

#[test]
fn a_hung_driver_is_left_behind_and_what_it_delivers_later_is_thrown_away() {
    use Step::{Hang, Picture, Silence};
    let (release, hang) = bounded(0);
    let station = Station::start(
        true,
        vec![vec![Picture, Hang(hang)], vec![Picture, Silence]],
    );
    for word in ["live", "silent", "live"] {
        assert_eq!(station.next_word(), word);
    }
    let stats = station.worker.stats();
    assert_eq!((stats.frames, stats.abandoned), (2, 1));
    drop(release);
    // The late picture is 9x9; had it counted, the state would have told of its size.
    assert_eq!(station.next_word(), "silent");
    assert_eq!(station.worker.stats().frames, 2);
    station.stop.request();
    assert!(station.worker.finish(PATIENCE));
}

#[test]
fn only_so_many_threads_are_left_behind() {
    let mut releases = Vec::new();
    let openings = (0..6).map(|_| {
        let (release, hang) = bounded(0);
        releases.push(release);
        vec![Step::Hang(hang)]
    });
    let openings = openings.collect();
    let station = Station::start(true, openings);
    assert_eq!(station.next_word(), "silent");
    assert_eq!(station.next_word(), "trouble");
    assert_eq!(station.worker.stats().abandoned, 4);
    // Once the driver lets go of them, it goes on.
    releases.clear();
    assert_eq!(station.next_word(), "live");
    station.stop.request();
    assert!(station.worker.finish(PATIENCE));
}

#[test]
fn a_panic_in_a_library_costs_one_session() {
    use Step::{Panic, Picture};
    let station = Station::start(true, vec![vec![Picture, Panic], vec![Picture]]);
    for word in ["live", "trouble", "live"] {
        assert_eq!(station.next_word(), word);
    }
    station.stop.request();
    assert!(station.worker.finish(PATIENCE));
}

#[test]
fn a_hung_driver_does_not_hold_up_the_end() {
    let (release, hang) = bounded(0);
    let station = Station::start(true, vec![vec![Step::Picture, Step::Hang(hang)]]);
    assert_eq!(station.next_word(), "live");
    station.stop.request();
    assert!(station.worker.finish(PATIENCE));
    drop(release);
}

#[test]
fn nobody_taking_the_states_does_not_hold_up_the_frames() {
    let (sender, states) = bounded(0);
    let frames = Mailbox::new();
    let wiring = Wiring {
        clock: Clock::start(),
        stop: StopFlag::new(),
        frames: frames.clone(),
        preview: Latest::new(),
        states: sender,
    };
    let capture = capture(false, vec![vec![Step::Picture, Step::End]]);
    let worker = spawn_with(capture, wiring).unwrap();
    assert!(matches!(frames.take_timeout(PATIENCE), Received::Value(_)));
    assert!(worker.finish(PATIENCE));
    drop(states);
}
