//! A made-up world for tests of the station: faces that walk past, a clock that
//! can be set, and a ledger that stands for the database.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "each test file uses its own part of it"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use image::RgbImage;
use rollcall::core::attendance::{AttendanceEvent, Direction, EventId, EventSource, NewPunch};
use rollcall::core::camera_name::CameraName;
use rollcall::core::correction::Correction;
use rollcall::core::detection::Detection;
use rollcall::core::embedding::{Embedding, ModelId};
use rollcall::core::enrolment::identity::AnotherPerson;
use rollcall::core::event::{
    CommandId, Effect, Event, Intent, Outcome, PunchOutcome, Receipt, Seat, Snapshot, Ticket,
};
use rollcall::core::frame::{Frame, FrameId, Moment};
use rollcall::core::gallery::Template;
use rollcall::core::geometry::{BoundingBox, Landmarks, Point};
use rollcall::core::observation::{FaceObservation, Observation, StageTimes};
use rollcall::core::person::{Expectation, Person, PersonCode, PersonId, PersonName, TemplateId};
use rollcall::core::quality::FaceQuality;
use rollcall::core::station::{Mode, Policies, Station};
use rollcall::core::worktime::plan::WorkPlan;
use rollcall::protocol::StationView;

/// Dimensions of the made-up embeddings: one axis per person, one for all that is unlike.
const DIM: usize = 64;

/// A quality that passes every gate.
pub const GOOD: FaceQuality = FaceQuality {
    eye_distance: 60.0,
    sharpness: 0.3,
    brightness: 120.0,
    contrast: 45.0,
    turn: 0.02,
    tilt_degrees: 1.0,
    mouth_contrast: 0.7,
    detector_score: 0.9,
};

/// A face in a made-up frame.
#[derive(Debug, Clone)]
pub struct Face {
    /// Similarity to each person, by the index of the person's axis.
    pub alike: Vec<(usize, f32)>,
    /// Left edge of its box.
    pub x: f32,
    /// Side of its box.
    pub size: f32,
    /// How good it is.
    pub quality: FaceQuality,
    /// How live it looks.
    pub liveness: Option<f32>,
    /// Whether the embedder was asked.
    pub is_examined: bool,
    /// Whether it is the face of the frame before, by place and appearance.
    pub is_followed: bool,
}

impl Face {
    /// A good face of the person with this axis.
    pub fn of(axis: usize, similarity: f32) -> Self {
        Self {
            alike: vec![(axis, similarity)],
            x: 200.0,
            size: 120.0,
            quality: GOOD,
            liveness: None,
            is_examined: true,
            is_followed: true,
        }
    }

    /// A good face of nobody enrolled.
    pub fn stranger() -> Self {
        Self {
            alike: vec![],
            ..Self::of(0, 0.0)
        }
    }

    pub fn at_x(self, x: f32) -> Self {
        Self { x, ..self }
    }

    /// With the head turned, in eye distances to the right of the picture.
    pub fn turned(self, turn: f32) -> Self {
        Self {
            quality: FaceQuality {
                turn,
                ..self.quality
            },
            ..self
        }
    }

    /// Seen without a close look, perhaps not the face of the frame before.
    pub fn glanced(self, is_followed: bool) -> Self {
        Self {
            is_examined: false,
            is_followed,
            ..self
        }
    }

    pub fn live(self, liveness: f32) -> Self {
        Self {
            liveness: Some(liveness),
            ..self
        }
    }

    fn observation(&self) -> FaceObservation {
        let mut values = vec![0f32; DIM];
        for &(axis, similarity) in &self.alike {
            values[axis] = similarity;
        }
        let rest = 1.0 - values.iter().map(|v| v * v).sum::<f32>();
        values[DIM - 1] = rest.max(0.0).sqrt();
        FaceObservation {
            detection: detection(self.x, 100.0, self.size),
            quality: self.quality,
            is_followed: self.is_followed,
            embedding: self
                .is_examined
                .then(|| Embedding::from_raw(values).unwrap()),
            liveness: self.liveness,
        }
    }
}

pub fn detection(left: f32, top: f32, size: f32) -> Detection {
    let at = |x: f32, y: f32| Point::new(left + x * size, top + y * size);
    Detection {
        bounding_box: BoundingBox::new(left, top, left + size, top + size),
        score: 0.9,
        landmarks: Landmarks {
            points: [
                at(0.3, 0.4),
                at(0.7, 0.4),
                at(0.5, 0.6),
                at(0.35, 0.8),
                at(0.65, 0.8),
            ],
        },
    }
}

pub fn wall(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// A station, its clock and its ledger.
pub struct World {
    pub station: Station,
    pub ledger: Ledger,
    pub policies: Policies,
    work_plan: WorkPlan,
    /// Corrections that were asked for.
    pub corrections: Vec<(Ticket, Correction)>,
    /// What the station has answered to whom, in order.
    pub replies: Vec<(CommandId, Outcome)>,
    /// Whose templates the station has made itself.
    pub adapted: Vec<PersonId>,
    /// What was stated of people who were enrolled.
    pub stated: Vec<AnotherPerson>,
    /// Sightings that were reported.
    pub sightings: usize,
    /// Effects not yet answered, while `answering` is off.
    pub unanswered: Vec<Effect>,
    /// Whether the ledger answers at once.
    pub answering: bool,
    monotonic: Duration,
    wall: DateTime<FixedOffset>,
    next_frame: u64,
    next_command: u64,
}

/// Where the operator of the tests sits.
pub const SEAT: Seat = Seat(1);

/// Stands for the database: keeps each place in a day once.
#[derive(Default)]
pub struct Ledger {
    pub people: Vec<Person>,
    pub templates: Vec<Template>,
    pub events: Vec<AttendanceEvent>,
    pub pins: Vec<(rollcall::core::pin::Pin, PersonId)>,
    /// Wrong PINs that were tried before.
    pub pin_tries: rollcall::core::pin::PinTries,
}

impl World {
    pub fn new(policies: Policies, start: &str) -> Self {
        let zone = *wall(start).offset();
        let plan = WorkPlan::without_shifts(policies.attendance, Arc::new(zone));
        Self::with_plan(policies, plan, start)
    }

    pub fn with_plan(policies: Policies, work_plan: WorkPlan, start: &str) -> Self {
        let wall = wall(start);
        let monotonic = Duration::ZERO;
        let now = Moment { monotonic, wall };
        let mut world = Self {
            station: Station::new(policies, work_plan.clone(), model(), &now),
            ledger: Ledger::default(),
            policies,
            work_plan,
            corrections: Vec::new(),
            replies: Vec::new(),
            adapted: Vec::new(),
            stated: Vec::new(),
            sightings: 0,
            unanswered: Vec::new(),
            answering: true,
            monotonic,
            wall,
            next_frame: 0,
            next_command: 0,
        };
        world.reload();
        world
    }

    pub fn now(&self) -> Moment {
        Moment {
            monotonic: self.monotonic,
            wall: self.wall,
        }
    }

    /// Lets both clocks run.
    pub fn advance(&mut self, seconds: f64) {
        self.monotonic += Duration::from_secs_f64(seconds);
        self.wall += TimeDelta::milliseconds((seconds * 1000.0).round() as i64);
    }

    /// Sets the wall clock only.
    pub fn set_wall(&mut self, text: &str) {
        self.wall = wall(text);
    }

    /// Adds a person to the ledger; the axis is the number of people before.
    pub fn add_person(&mut self, name: &str, code: &str) -> PersonId {
        let axis = self.ledger.people.len();
        let id = PersonId(axis as i64 + 1);
        let mut values = vec![0f32; DIM];
        values[axis] = 1.0;
        self.ledger.people.push(Person {
            id,
            code: PersonCode::parse(code).unwrap(),
            name: PersonName::parse(name).unwrap(),
            active: true,
            created_at: self.wall,
            team: None,
            template_count: 1,
            expectation: Expectation::default(),
        });
        self.ledger.templates.push(Template {
            id: TemplateId(id.0),
            person: id,
            embedding: Embedding::from_raw(values).unwrap(),
        });
        self.reload();
        id
    }

    /// A check-in that another program wrote; the station has not read it.
    pub fn add_other_punch(&mut self, person: PersonId, at: &str) {
        let at = wall(at);
        self.ledger.record(
            Ticket(u64::MAX),
            &NewPunch {
                camera: None,
                person,
                at,
                local_day: at.date_naive(),
                sequence: 1,
                direction: Direction::In,
                source: EventSource::Manual,
                similarity: None,
                margin: None,
                liveness: None,
                model: None,
                clock: None,
            },
        );
    }

    /// What was written on earlier days; the station has not read it. `punches` are
    /// RFC 3339 times, in, out, in …
    pub fn add_past_day(&mut self, person: PersonId, punches: &[&str]) {
        for (sequence, at) in (1..).zip(punches) {
            let at = wall(at);
            let direction = if sequence % 2 == 1 {
                Direction::In
            } else {
                Direction::Out
            };
            self.ledger.record(
                Ticket(u64::MAX),
                &NewPunch {
                    camera: None,
                    person,
                    at,
                    local_day: at.date_naive(),
                    sequence,
                    direction,
                    source: EventSource::Camera,
                    similarity: None,
                    margin: None,
                    liveness: None,
                    model: None,
                    clock: None,
                },
            );
        }
    }

    /// Power cut: the station forgets, the ledger does not, the clock starts anew.
    pub fn restart(&mut self) {
        self.monotonic = Duration::ZERO;
        self.station = Station::new(self.policies, self.work_plan.clone(), model(), &self.now());
        self.unanswered.clear();
        self.reload();
    }

    /// Gives the station the ledger as it stands.
    pub fn reload(&mut self) {
        let snapshot = self.ledger.snapshot(self.station.local_day());
        self.handle(Event::Receipt(Receipt::Snapshot(Box::new(snapshot))));
    }

    pub fn see(&mut self, faces: &[Face]) {
        self.see_by(None, faces);
    }

    /// A frame of a camera elsewhere.
    pub fn see_at(&mut self, camera: &str, faces: &[Face]) {
        self.see_by(Some(CameraName::parse(camera).unwrap()), faces);
    }

    fn see_by(&mut self, camera: Option<CameraName>, faces: &[Face]) {
        self.next_frame += 1;
        let frame = Frame {
            camera,
            id: FrameId(self.next_frame),
            captured_at: self.now(),
            image: RgbImage::new(640, 480),
        };
        self.handle(Event::Observed(Observation {
            frame: Arc::new(frame),
            faces: faces.iter().map(Face::observation).collect(),
            times: StageTimes::default(),
        }));
    }

    /// Confirms the samples that are shown; `another_than` is stated not to be this person.
    pub fn confirm(&mut self, another_than: Option<PersonId>) {
        let Mode::Confirming(asked) = self.station.mode() else {
            panic!("nothing to confirm but {:?}", self.station.mode());
        };
        let code = asked.code.clone();
        self.intend(Intent::ConfirmEnrolment { code, another_than });
    }

    /// Shows the same faces for some time, five frames a second.
    pub fn see_for(&mut self, faces: &[Face], seconds: f64) {
        let frames = (seconds * 5.0).round() as usize;
        for _ in 0..frames {
            self.see(faces);
            self.advance(0.2);
        }
    }

    /// Nobody is there; the station ticks along.
    pub fn wait(&mut self, seconds: f64) {
        let mut left = seconds;
        while left > 0.0 {
            let step = left.min(1.0);
            self.advance(step);
            self.handle(Event::Tick);
            left -= step;
        }
    }

    /// Gives the station a command of the operator's.
    pub fn intend(&mut self, intent: Intent) -> CommandId {
        self.intend_at(SEAT, intent)
    }

    /// Gives the station a command from some front end.
    pub fn intend_at(&mut self, seat: Seat, intent: Intent) -> CommandId {
        self.next_command += 1;
        let number = self.next_command;
        let id = CommandId { seat, number };
        self.handle(Event::Command {
            id,
            operator: format!("operator {}", seat.0),
            intent,
        });
        id
    }

    /// All answers to one command: there must never be two.
    pub fn answers_to(&self, id: CommandId) -> Vec<&Outcome> {
        let of_it = self.replies.iter().filter(|(command, _)| *command == id);
        of_it.map(|(_, outcome)| outcome).collect()
    }

    /// What front ends see now.
    pub fn view(&self) -> StationView {
        StationView::of(&self.station, &self.now())
    }

    /// Gives the station an event and, unless `answering` is off, answers its effects.
    pub fn handle(&mut self, event: Event) {
        let now = self.now();
        let mut effects = self.station.handle(event, &now);
        while !effects.is_empty() {
            let effect = effects.remove(0);
            if let Effect::Reply { command, outcome } = effect {
                self.replies.push((command, outcome));
                continue;
            }
            if !self.answering {
                self.unanswered.push(effect);
                continue;
            }
            if let Some(receipt) = self.perform(effect) {
                effects.extend(self.station.handle(Event::Receipt(receipt), &now));
            }
        }
    }

    /// Performs what was held back.
    pub fn answer_all(&mut self) {
        self.answering = true;
        for effect in std::mem::take(&mut self.unanswered) {
            if let Some(receipt) = self.perform(effect) {
                self.handle(Event::Receipt(receipt));
            }
        }
    }

    pub fn perform(&mut self, effect: Effect) -> Option<Receipt> {
        match effect {
            Effect::RecordPunch { ticket, punch } => Some(self.ledger.record(ticket, &punch)),
            Effect::RecordSighting(_) => {
                self.sightings += 1;
                None
            }
            // Tests of corrections answer them on their own.
            Effect::Correct { ticket, correction } => {
                self.corrections.push((ticket, *correction));
                None
            }
            Effect::Adapt { person, .. } => {
                self.adapted.push(person);
                Some(Receipt::Adapted)
            }
            Effect::Note { .. } | Effect::Reply { .. } => None,
            Effect::CheckPin { ticket, pin } => Some(Receipt::PinChecked {
                ticket,
                holder: Ok(self
                    .ledger
                    .pins
                    .iter()
                    .find(|(p, _)| *p == pin)
                    .map(|(_, id)| *id)),
            }),
            Effect::Reload { local_day } => {
                Some(Receipt::Snapshot(Box::new(self.ledger.snapshot(local_day))))
            }
            Effect::Enrol {
                ticket,
                name,
                code,
                samples,
                stated,
            } => {
                self.stated.extend(stated);
                let id = PersonId(self.ledger.people.len() as i64 + 1);
                let person = Person {
                    id,
                    code,
                    name,
                    active: true,
                    created_at: self.wall,
                    team: None,
                    template_count: samples.len(),
                    expectation: Expectation::default(),
                };
                let templates: Vec<Template> = samples
                    .into_iter()
                    .enumerate()
                    .map(|(i, sample)| Template {
                        id: TemplateId(1000 * id.0 + i as i64),
                        person: id,
                        embedding: sample.embedding,
                    })
                    .collect();
                self.ledger.people.push(person.clone());
                self.ledger.templates.extend(templates.clone());
                Some(Receipt::Enrolled {
                    ticket,
                    person,
                    templates,
                })
            }
        }
    }

    /// "name direction HH:MM:SS" of every standing event, in the order they were made.
    pub fn punches(&self) -> Vec<String> {
        self.ledger
            .events
            .iter()
            .filter(|e| e.void.is_none())
            .map(|e| {
                let person = self
                    .ledger
                    .people
                    .iter()
                    .find(|p| p.id == e.person)
                    .unwrap();
                format!(
                    "{} {} {}",
                    person.name,
                    e.direction,
                    e.at.format("%H:%M:%S")
                )
            })
            .collect()
    }

    /// The log as text.
    pub fn log(&self) -> Vec<String> {
        self.station
            .log()
            .iter()
            .map(|e| e.notice.to_string())
            .collect()
    }
}

impl Ledger {
    pub fn record(&mut self, ticket: Ticket, punch: &NewPunch) -> Receipt {
        let holder = self.events.iter().find(|e| {
            (e.person, e.local_day, e.sequence) == (punch.person, punch.local_day, punch.sequence)
        });
        let outcome = match holder {
            Some(event) if event.at == punch.at => PunchOutcome::AlreadyRecorded(event.clone()),
            Some(_) => PunchOutcome::Superseded {
                day: self
                    .events
                    .iter()
                    .filter(|e| (e.person, e.local_day) == (punch.person, punch.local_day))
                    .cloned()
                    .collect(),
            },
            None => {
                let event = AttendanceEvent {
                    id: EventId(self.events.len() as i64 + 1),
                    person: punch.person,
                    at: punch.at,
                    local_day: punch.local_day,
                    sequence: punch.sequence,
                    direction: punch.direction,
                    source: punch.source,
                    similarity: punch.similarity,
                    margin: punch.margin,
                    liveness: punch.liveness,
                    void: None,
                    provenance: rollcall::core::attendance::Provenance {
                        camera: punch.camera.clone(),
                        ..Default::default()
                    },
                };
                self.events.push(event.clone());
                PunchOutcome::Recorded(event)
            }
        };
        Receipt::Punch { ticket, outcome }
    }

    fn snapshot(&self, local_day: chrono::NaiveDate) -> Snapshot {
        let mut last_before: Vec<AttendanceEvent> = Vec::new();
        for event in self
            .events
            .iter()
            .filter(|e| e.local_day < local_day && e.void.is_none())
        {
            last_before.retain(|e| e.person != event.person);
            last_before.push(event.clone());
        }
        Snapshot {
            people: self.people.clone(),
            templates: self.templates.iter().cloned().collect(),
            local_day,
            events: self
                .events
                .iter()
                .filter(|e| e.local_day == local_day)
                .cloned()
                .collect(),
            last_before,
            retired_codes: Vec::new(),
            pin_tries: self.pin_tries,
        }
    }
}

pub fn model() -> ModelId {
    ModelId::from_sha256("0123456789abcdef0123456789abcdef")
}
