//! Cameras elsewhere: their pictures on the way to the recogniser, and the answers back.
//!
//! # Invariants
//! - Every picture that is taken in is answered once, or its answer is dropped with the
//!   station: seen, replaced by a newer one, or failed.
//! - A punch is answered with its receipt: the answer waits for it, up to [`RECEIPT_PATIENCE`].
//! - Memory is bounded: of at most [`MOST_CAMERAS`] cameras one picture waits and one is kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use rollcall_core::camera_name::CameraName;
use rollcall_core::consensus::Verdict;
use rollcall_core::frame::{Frame, FrameId, Moment};
use rollcall_core::observation::Observation;
use rollcall_core::station::{Mode, PunchReceipt, Station};
use rollcall_protocol::{
    AnswerTo, CameraElsewhere, EnrolmentStep, FrameAnswer, FrameReport, OfferedFrame, Refusal,
    RefusalCode, SeenFace,
};
use rollcall_recognition::intake::Intake;

use crate::say;

/// Cameras elsewhere at a time.
const MOST_CAMERAS: usize = 16;

/// A camera that has sent nothing for so long gives its place to another.
const SILENT: Duration = Duration::from_secs(60);

/// How long an answer waits for the receipt of its punch.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(2);

/// Where they come in; clones share it.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    intake: Intake,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    next: u64,
    answers: HashMap<FrameId, AnswerTo>,
    cameras: BTreeMap<CameraName, Camera>,
}

/// What is known of one of them.
struct Camera {
    latest: Moment,
    newest: Arc<Frame>,
    frames: u64,
    replaced: u64,
}

impl Elsewhere {
    pub(crate) fn new(intake: Intake) -> Self {
        Self {
            intake,
            shared: Arc::default(),
        }
    }

    /// Takes a picture in.
    pub(crate) fn offer(
        &self,
        offered: OfferedFrame,
        answer: AnswerTo,
        now: &Moment,
    ) -> Result<(), Refusal> {
        let mut shared = self.lock();
        let frame = shared.admit(offered, now)?;
        shared.answers.insert(frame.id, answer);
        // Under the lock, so that frames of one camera keep their order.
        let replaced = self.intake.put(frame);
        let answer = replaced.and_then(|frame| shared.replaced(&frame));
        drop(shared);
        if let Some(answer) = answer {
            answer(FrameAnswer::Replaced);
        }
        Ok(())
    }

    pub(crate) fn newest(&self, camera: &CameraName) -> Option<Arc<Frame>> {
        let shared = self.lock();
        let camera = shared.cameras.get(camera)?;
        Some(Arc::clone(&camera.newest))
    }

    /// Gives the answer to a picture, if somebody still waits for it.
    pub(crate) fn answer(&self, frame: FrameId, told: FrameAnswer) {
        let answer = self.lock().answers.remove(&frame);
        if let Some(answer) = answer {
            answer(told);
        }
    }

    /// Lets go of all who wait: nothing is answered any more.
    pub(crate) fn close(&self) {
        let waiting = std::mem::take(&mut self.lock().answers);
        drop(waiting);
    }

    /// How the cameras do that have sent something lately.
    pub(crate) fn view(&self, now: &Moment) -> Vec<CameraElsewhere> {
        let shared = self.lock();
        let lately = shared.cameras.iter();
        lately
            .filter(|(_, camera)| now.since(&camera.latest) <= SILENT)
            .map(|(name, camera)| CameraElsewhere {
                name: name.clone(),
                latest: camera.latest.wall,
                size: camera.newest.image.dimensions(),
                frames: camera.frames,
                replaced: camera.replaced,
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // It is whole after every statement.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// A frame made of what was offered, if its camera has a place.
    fn admit(&mut self, offered: OfferedFrame, now: &Moment) -> Result<Arc<Frame>, Refusal> {
        if self.cameras.len() >= MOST_CAMERAS {
            self.cameras
                .retain(|_, camera| now.since(&camera.latest) <= SILENT);
        }
        let is_free = self.cameras.len() < MOST_CAMERAS;
        if !is_free && !self.cameras.contains_key(&offered.camera) {
            return Err(Refusal::new(
                RefusalCode::Busy,
                say::too_many_cameras(MOST_CAMERAS),
            ));
        }
        let before = self.cameras.get(&offered.camera);
        self.next += 1;
        let frame = Arc::new(Frame {
            camera: Some(offered.camera.clone()),
            id: FrameId(self.next),
            captured_at: in_order(offered.captured_at, before.map(|b| b.latest), now),
            image: offered.image,
        });
        let (frames, replaced) = before.map_or((0, 0), |b| (b.frames, b.replaced));
        self.cameras.insert(
            offered.camera,
            Camera {
                latest: frame.captured_at,
                newest: Arc::clone(&frame),
                frames: frames + 1,
                replaced,
            },
        );
        Ok(frame)
    }

    fn replaced(&mut self, frame: &Frame) -> Option<AnswerTo> {
        if let Some(camera) = &frame.camera
            && let Some(camera) = self.cameras.get_mut(camera)
        {
            camera.replaced += 1;
        }
        self.answers.remove(&frame.id)
    }
}

/// Tracks are followed forwards: a frame is never of the same moment as the one before or an
/// earlier one, and never of a moment to come.
fn in_order(captured: Moment, before: Option<Moment>, now: &Moment) -> Moment {
    let captured = if captured.monotonic > now.monotonic {
        *now
    } else {
        captured
    };
    match before {
        Some(before) if captured.monotonic <= before.monotonic => {
            let next = before.monotonic + Duration::from_micros(1);
            let step = next.saturating_sub(captured.monotonic);
            Moment {
                monotonic: captured.monotonic + step,
                wall: later(captured.wall, step),
            }
        }
        _ => captured,
    }
}

fn later(wall: DateTime<FixedOffset>, by: Duration) -> DateTime<FixedOffset> {
    chrono::TimeDelta::from_std(by).map_or(wall, |by| wall + by)
}

/// Answers that wait for the receipts of punches.
#[derive(Default)]
pub(crate) struct Unanswered {
    waiting: Vec<(FrameId, FrameReport, Moment)>,
}

impl Unanswered {
    /// Answers a picture that was looked at, at once or with the receipt of its punch.
    pub(crate) fn seen(
        &mut self,
        observation: &Observation,
        station: &Station,
        (elsewhere, now): (&Elsewhere, &Moment),
    ) {
        let took = observation.times.total();
        let report = report_of(&observation.frame, station, Some(took), now);
        if is_saving(&report) {
            self.waiting.push((observation.frame.id, report, *now));
        } else {
            elsewhere.answer(observation.frame.id, FrameAnswer::Seen(Box::new(report)));
        }
    }

    /// Answers those whose receipts have come, or have not come for too long.
    pub(crate) fn look(&mut self, station: &Station, elsewhere: &Elsewhere, now: &Moment) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for (frame, mut report, since) in waiting {
            for face in &mut report.faces {
                renew(face, station);
            }
            if is_saving(&report) && now.since(&since) < RECEIPT_PATIENCE {
                self.waiting.push((frame, report, since));
            } else {
                elsewhere.answer(frame, FrameAnswer::Seen(Box::new(report)));
            }
        }
    }
}

fn is_saving(report: &FrameReport) -> bool {
    let mut faces = report.faces.iter();
    faces.any(|face| face.report.receipt == PunchReceipt::Saving)
}

fn renew(face: &mut SeenFace, station: &Station) {
    if face.report.receipt == PunchReceipt::Saving
        && let Verdict::Known(person) = face.report.explanation.verdict
    {
        face.report.receipt = station.receipt_of(person, &face.report.seen_at);
    }
}

/// What a picture of a camera elsewhere shows; one that was passed over took no time.
pub(crate) fn report_of(
    frame: &Frame,
    station: &Station,
    took: Option<Duration>,
    now: &Moment,
) -> FrameReport {
    let faces = if took.is_some() {
        station.report(&frame.camera, now)
    } else {
        Vec::new()
    };
    let faces = faces.into_iter().map(|report| {
        let person = match report.explanation.verdict {
            Verdict::Known(person) => station.person(person),
            Verdict::Deciding | Verdict::Unknown => None,
        };
        SeenFace {
            person: person.map(|person| (person.code.clone(), person.name.clone())),
            report,
        }
    });
    FrameReport {
        size: frame.image.dimensions(),
        was_looked_at: took.is_some(),
        faces: faces.collect(),
        enrolment: enrolment_at(frame, station),
        took: took.unwrap_or_default(),
    }
}

fn enrolment_at(frame: &Frame, station: &Station) -> Option<EnrolmentStep> {
    if *station.enrolling_at() != frame.camera {
        return None;
    }
    match station.mode() {
        Mode::Enrolling(enrolment) => Some(EnrolmentStep {
            name: enrolment.name.clone(),
            taken: enrolment.samples.len(),
            wanted: enrolment.wanted,
            hint: Some(enrolment.hint),
        }),
        Mode::Confirming(asked) => Some(EnrolmentStep {
            name: asked.name.clone(),
            taken: asked.portraits.len(),
            wanted: asked.portraits.len(),
            hint: None,
        }),
        Mode::Live | Mode::Choosing(_) | Mode::Saving { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;
    use rollcall_system::clock::Clock;
    use rollcall_system::mailbox::{Mailbox, Received};

    fn offered(camera: &str, captured_at: Moment) -> OfferedFrame {
        OfferedFrame {
            camera: CameraName::parse(camera).unwrap(),
            captured_at,
            image: RgbImage::new(2, 2),
        }
    }

    fn told() -> (AnswerTo, crossbeam_channel::Receiver<FrameAnswer>) {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let answer: AnswerTo = Box::new(move |answer| {
            // Some tests do not wait for it.
            let _ = sender.send(answer);
        });
        (answer, receiver)
    }

    #[test]
    fn a_newer_picture_answers_the_one_that_waited() {
        let elsewhere = Elsewhere::new(Intake::new(Mailbox::new()));
        let now = Clock::start().now();
        let (first, first_told) = told();
        let (second, second_told) = told();
        elsewhere.offer(offered("gate", now), first, &now).unwrap();
        elsewhere.offer(offered("gate", now), second, &now).unwrap();
        assert!(matches!(first_told.try_recv(), Ok(FrameAnswer::Replaced)));
        let Received::Value(frame) = elsewhere.intake.take_timeout(Duration::ZERO) else {
            panic!("the newer one waits");
        };
        assert!(frame.captured_at.monotonic > now.monotonic, "in order");
        elsewhere.answer(frame.id, FrameAnswer::Failed("x".into()));
        elsewhere.answer(frame.id, FrameAnswer::Failed("twice".into()));
        assert!(matches!(second_told.try_recv(), Ok(FrameAnswer::Failed(why)) if why == "x"));
        assert!(second_told.try_recv().is_err(), "answered once");
        let view = elsewhere.view(&now);
        assert_eq!((view[0].frames, view[0].replaced), (2, 1));
    }

    #[test]
    fn there_is_an_end_to_cameras_until_one_is_silent() {
        let elsewhere = Elsewhere::new(Intake::new(Mailbox::new()));
        let now = Clock::start().now();
        for number in 0..MOST_CAMERAS {
            let frame = offered(&format!("camera-{number}"), now);
            elsewhere.offer(frame, told().0, &now).unwrap();
        }
        let one_more = elsewhere.offer(offered("one-more", now), told().0, &now);
        assert_eq!(one_more.unwrap_err().code, RefusalCode::Busy);
        elsewhere
            .offer(offered("camera-0", now), told().0, &now)
            .unwrap();
        let later = Moment {
            monotonic: now.monotonic + SILENT + Duration::from_secs(1),
            ..now
        };
        elsewhere
            .offer(offered("one-more", later), told().0, &later)
            .unwrap();
        assert_eq!(elsewhere.view(&later).len(), 1);
    }
}
