//! The station: everything that happens comes in as an [`Event`], everything to
//! be done about it goes out as an [`Effect`].
//!
//! Pure: the same events give the same effects. A punch is decided here, but it
//! is *shown* only after its receipt has come back from the database.
//!
//! Deliberately absent: clocks, threads, files, tensors and the terminal.

mod by_hand;
mod commands;
mod enrolling;
mod explain;
mod punching;
mod strangers;
mod watch;

use rollcall_messages::{Message, Said as _};
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

pub use self::explain::{Explanation, FaceReport, PunchState};
pub use self::punching::{PunchReceipt, UnwrittenPunch, VISIT_GAP};
pub use self::watch::Camera;

use self::commands::Commands;
use self::punching::Punching;
use self::watch::Watches;
use super::attendance::AttendanceEvent;
use super::calibration::{Likenesses, rounded};
use super::camera_name::CameraName;
use super::clock_trust::{ClockState, ClockWatch};
use super::consensus::{ConsensusPolicy, Track};
use super::day::{AttendancePolicy, PersonDay};
use super::embedding::{Cosine, ModelId};
use super::enrolment::{Choosing, Confirmation, Enrolment, EnrolmentPolicy, FrozenFace};
use super::event::{Effect, Event, Receipt, Snapshot, Ticket};
use super::frame::Moment;
use super::gallery::{Gallery, MatchPolicy};
use super::liveness::{Liveness, LivenessPolicy};
use super::notice::{Log, Notice};
use super::observation::Observation;
use super::person::{Person, PersonCode, PersonId, PersonName};
use super::pin::PinGuard;
use super::today::TodayRow;
use super::worktime::plan::WorkPlan;

/// The rules of a station.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policies {
    /// When a face is similar enough.
    pub matching: MatchPolicy,
    /// When votes become a name.
    pub consensus: ConsensusPolicy,
    /// How live a face has to be.
    pub liveness: LivenessPolicy,
    /// When a name becomes a punch.
    pub attendance: AttendancePolicy,
    /// How people are enrolled at the camera.
    pub enrolment: EnrolmentPolicy,
    /// Whether the station makes templates itself.
    pub adapts: bool,
}

/// What the station is doing besides taking attendance.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Nothing.
    Live,
    /// Holding fast the faces one of which shall be enrolled.
    Choosing(Box<Choosing>),
    /// Taking samples of a new person.
    Enrolling(Box<Enrolment>),
    /// Showing the samples, for somebody to confirm them.
    Confirming(Box<Confirmation>),
    /// Waiting for the database to confirm the new person.
    Saving {
        /// Who.
        name: PersonName,
        /// The face that was chosen.
        face: Option<FrozenFace>,
        /// The request.
        ticket: Ticket,
    },
}

/// The state machine.
#[derive(Debug)]
pub struct Station {
    policies: Policies,
    work_plan: WorkPlan,
    model: ModelId,
    mode: Mode,
    /// Where the enrolment that is going on takes place.
    enrolling_at: Camera,
    people: BTreeMap<PersonId, Person>,
    gallery: Gallery,
    watches: Watches,
    local_day: NaiveDate,
    days: HashMap<PersonId, PersonDay>,
    punching: Punching,
    log: Log,
    trouble: Option<Message>,
    /// Why the last snapshot could not be read; the next one ends it.
    unreadable: Option<Message>,
    retired_codes: Vec<PersonCode>,
    next_ticket: u64,
    clock: ClockWatch,
    /// None until the first snapshot says what was tried before.
    pin_guard: Option<PinGuard>,
    /// PINs that the database is looking for, and when they were entered.
    pins: BTreeMap<Ticket, Moment>,
    commands: Commands,
    revisions: Revisions,
}

/// Change with what they count, so that whoever shows it need not compare it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Of the people and their codes.
    pub people: u64,
    /// Of the attendance of the day.
    pub day: u64,
}

impl Station {
    /// A station that knows nobody until it is given a [`Snapshot`].
    pub fn new(policies: Policies, work_plan: WorkPlan, model: ModelId, now: &Moment) -> Self {
        Self {
            policies,
            work_plan,
            model,
            mode: Mode::Live,
            enrolling_at: None,
            people: BTreeMap::new(),
            gallery: Gallery::default(),
            watches: Watches::new(policies.consensus),
            local_day: policies.attendance.local_day(&now.wall),
            days: HashMap::new(),
            punching: Punching::default(),
            log: Log::default(),
            trouble: None,
            unreadable: None,
            retired_codes: Vec::new(),
            next_ticket: 0,
            clock: ClockWatch::default(),
            pin_guard: None,
            pins: BTreeMap::new(),
            commands: Commands::default(),
            revisions: Revisions::default(),
        }
    }

    /// Goes on with what was logged before, so that its numbers go on.
    pub fn take_over(&mut self, log: Log) {
        self.log = log;
    }

    /// Whether nothing is under way: no punch, no answer and no enrolment would be lost with
    /// this station.
    pub fn is_settled(&self) -> bool {
        let is_live = matches!(self.mode, Mode::Live);
        is_live && self.unconfirmed() == 0 && self.pins.is_empty() && self.commands.are_answered()
    }

    /// Takes in one event that happened at `now`.
    pub fn handle(&mut self, event: Event, now: &Moment) -> Vec<Effect> {
        let mut effects = self.watch_the_clock(now);
        effects.extend(self.turn_the_day(now));
        match event {
            Event::Observed(observation) => self.observed(&observation, now, &mut effects),
            Event::Command {
                id,
                operator,
                intent,
            } => {
                self.commands.begin(id);
                self.commanded(id.seat, operator, intent, now, &mut effects);
                self.commands.answer_now(&mut effects);
            }
            Event::Reconfigured(rules) => self.reconfigured(*rules, now, &mut effects),
            Event::SeatLeft(seat) => self.seat_left(seat, now, &mut effects),
            Event::Receipt(receipt) => self.answered(receipt, now, &mut effects),
            Event::Notice(notice) => self.log.push(now, notice),
            Event::ClockChecked { synchronised } => self.clock.report(synchronised),
            Event::Tick => self.time_passed(now, &mut effects),
        }
        effects
    }

    // What a view may read.

    /// Count the changes of people and day.
    pub fn revisions(&self) -> Revisions {
        self.revisions
    }

    /// Codes of people who were deleted; they are never given again.
    pub fn retired_codes(&self) -> &[PersonCode] {
        &self.retired_codes
    }

    /// The rules.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Who is expected when, and how hours are counted.
    pub fn work_plan(&self) -> &WorkPlan {
        &self.work_plan
    }

    /// What the station is doing.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The faces that the station's own camera follows now; some may be out of sight for a
    /// moment.
    pub fn tracks(&self) -> &[Track] {
        self.watches.own().tracker.tracks()
    }

    /// The faces that were seen in the latest frame of the station's own camera: those that a
    /// screen may show.
    pub fn faces_in_sight(&self) -> impl Iterator<Item = &Track> {
        self.watches.own().tracker.in_sight()
    }

    /// Width and height of the own camera's picture that was looked at last.
    pub fn picture_size(&self) -> Option<(u32, u32)> {
        self.watches.own().picture_size
    }

    /// The cameras elsewhere that have sent pictures lately.
    pub fn cameras_elsewhere(&self) -> impl Iterator<Item = &CameraName> {
        self.watches.names()
    }

    /// The faces that were seen in the latest frame of a camera.
    pub fn faces_at(&self, camera: &Camera) -> impl Iterator<Item = &Track> {
        let watch = self.watches.of(camera);
        watch.into_iter().flat_map(|watch| watch.tracker.in_sight())
    }

    /// Where the enrolment that is going on takes place.
    pub fn enrolling_at(&self) -> &Camera {
        &self.enrolling_at
    }

    /// All people, in the order of their enrolment.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// One person.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Similarity that a name needs among the people who are enrolled now.
    pub fn threshold(&self) -> Cosine {
        let people = self.gallery.people_count();
        self.policies.matching.threshold_among(people)
    }

    /// Of how many looks of strangers one is expected to be given a name, as the threshold
    /// and the number of people are now; by the reference figures. `None` without people.
    pub fn looks_to_a_false_name(&self) -> Option<f64> {
        let people = self.gallery.people_count();
        let usual = Likenesses {
            people,
            ..Likenesses::default()
        };
        let rate = usual.false_match_rate(self.threshold().0);
        (people > 0 && rate > 0.0).then(|| rounded(1.0 / rate))
    }

    /// Whether a face before the station's own camera is as live as it has to be.
    pub fn liveness_of(&self, track: &Track) -> Liveness {
        self.liveness_at(&None, track)
    }

    /// Whether a face before a camera is as live as it has to be.
    fn liveness_at(&self, camera: &Camera, track: &Track) -> Liveness {
        let policy = self.liveness_policy(camera);
        track.liveness.judge(&policy, track.challenge())
    }

    /// Only the own camera's picture is mirrored by the configuration.
    fn liveness_policy(&self, camera: &Camera) -> LivenessPolicy {
        LivenessPolicy {
            mirrored: self.policies.liveness.mirrored && camera.is_none(),
            ..self.policies.liveness
        }
    }

    /// Number of templates that faces are compared with.
    pub fn template_count(&self) -> usize {
        self.gallery.len()
    }

    /// The day that is being written.
    pub fn local_day(&self) -> NaiveDate {
        self.local_day
    }

    /// What happened, latest last.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What is wrong with the database at the moment, if anything is.
    pub fn trouble(&self) -> Option<&Message> {
        self.trouble.as_ref().or(self.unreadable.as_ref())
    }

    /// Whether punches wait because nothing can be written.
    pub fn writing_fails(&self) -> bool {
        self.trouble.is_some()
    }

    /// How many codes somebody has or had.
    pub fn codes_given(&self) -> usize {
        self.people.len() + self.retired_codes.len()
    }

    /// Whether somebody has or had this code: it stands in records and is never given again.
    pub fn is_code_taken(&self, code: &PersonCode) -> bool {
        let people = self.people.values().map(|person| &person.code);
        let mut codes = people.chain(&self.retired_codes);
        codes.any(|taken| taken == code)
    }

    /// How far the clock can be believed; `None` if the kernel was never asked.
    pub fn clock(&self) -> Option<ClockState> {
        self.clock.reading().map(|reading| reading.state)
    }

    /// Punches that are decided and not yet on disk.
    pub fn unconfirmed(&self) -> usize {
        self.punching.unconfirmed()
    }

    /// What those are, to tell the operator when the station ends before they are written.
    pub fn unwritten(&self) -> Vec<UnwrittenPunch> {
        self.punching.unwritten()
    }

    /// Today's rows: everybody with an event, the latest event first, then the
    /// active people without one, by name.
    pub fn today(&self, now: &Moment) -> Vec<TodayRow<'_>> {
        let mut planner = self.work_plan.planner();
        let report = |person: &Person, events: &[AttendanceEvent]| {
            planner.report(person, self.local_day, events, &now.wall).0
        };
        TodayRow::all(self.people.values(), |id| self.events_of(id), report)
    }

    /// All events of one person today, voided ones too.
    pub fn events_of(&self, person: PersonId) -> &[AttendanceEvent] {
        self.days.get(&person).map_or(&[], PersonDay::events)
    }

    // Events.

    /// Takes on other rules. Whoever is in sight is judged anew by them.
    fn reconfigured(
        &mut self,
        (policies, work_plan): (Policies, WorkPlan),
        now: &Moment,
        effects: &mut Vec<Effect>,
    ) {
        self.policies = policies;
        self.work_plan = work_plan;
        self.watches.set_policy(policies.consensus);
        self.watches.recount(now);
        self.revisions.day += 1;
        // Days may start at another time now.
        effects.extend(self.turn_the_day(now));
    }

    fn observed(&mut self, observation: &Observation, now: &Moment, effects: &mut Vec<Effect>) {
        let camera = &observation.frame.camera;
        // What counts is when somebody stood there, not when we got round to it.
        let captured = observation.frame.captured_at;
        let seen_at = if captured.monotonic < now.monotonic {
            captured
        } else {
            *now
        };
        let watch = self.watches.with_frame_of(camera, &seen_at);
        watch.picture_size = Some(observation.frame.image.dimensions());
        let ended = watch.tracker.observe(
            &observation.frame,
            &observation.faces,
            &self.gallery,
            &self.policies.matching,
            &seen_at,
        );
        self.punch_known_faces(camera, &seen_at, effects);
        self.report_unknown(camera, ended, now, effects);
        if *camera == self.enrolling_at {
            self.enrol_from(observation, now, effects);
        }
    }

    fn time_passed(&mut self, now: &Moment, effects: &mut Vec<Effect>) {
        let ended: Vec<(Camera, Vec<Track>)> = self
            .watches
            .all_mut()
            .map(|(camera, watch)| (camera, watch.tracker.expire(now)))
            .collect();
        for (camera, ended) in ended {
            self.report_unknown(&camera, ended, now, effects);
        }
        self.watches.forget_silent(now);
        self.end_stale_enrolment(now, effects);
    }

    fn answered(&mut self, receipt: Receipt, now: &Moment, effects: &mut Vec<Effect>) {
        match receipt {
            Receipt::Punch { ticket, outcome } => {
                self.punch_answered(ticket, outcome, now, effects);
            }
            Receipt::Enrolled {
                ticket,
                person,
                templates,
            } => {
                let enrolled = Notice::Enrolled {
                    name: person.name.clone(),
                    code: person.code.clone(),
                    samples: templates.len(),
                };
                let said = enrolled.said();
                self.log.push(now, enrolled);
                let lookalike = self.lookalike_of(&templates);
                for template in &templates {
                    self.gallery.insert(template);
                }
                if let Some((other, similarity)) = lookalike {
                    let name = person.name.clone();
                    self.log.push(
                        now,
                        Notice::Lookalikes {
                            name,
                            other,
                            similarity,
                        },
                    );
                }
                self.people.insert(person.id, person);
                self.watches.recount(now);
                self.end_saving(ticket);
                self.revisions.people += 1;
                self.commands.answer(ticket, Ok(said.clone()), effects);
                self.commands.answer_enrolment(Ok(said), effects);
            }
            Receipt::EnrolmentRefused { ticket, reason } => {
                self.commands.answer(ticket, Err(reason.clone()), effects);
                self.enrolment_refused(ticket, reason, now, effects);
            }
            Receipt::PinChecked { ticket, holder } => {
                self.pin_checked(ticket, holder, now, effects);
            }
            Receipt::Corrected { ticket, outcome } => {
                self.corrected(ticket, outcome, now, effects);
            }
            Receipt::Adapted => effects.push(Effect::Reload {
                local_day: self.local_day,
            }),
            Receipt::Snapshot(snapshot) => self.snapshot_taken(*snapshot, now),
            Receipt::Unreadable(message) => {
                if self.unreadable.as_ref() != Some(&message) {
                    self.log.push(now, Notice::StoreUnreadable(message.clone()));
                    self.unreadable = Some(message);
                }
            }
            Receipt::Trouble(message) => {
                if self.trouble.as_ref() != Some(&message) {
                    self.log.push(now, Notice::StoreTrouble(message.clone()));
                    self.trouble = Some(message);
                }
            }
            Receipt::Recovered => {
                if self.trouble.take().is_some() {
                    self.log.push(now, Notice::StoreRecovered);
                }
            }
        }
    }

    fn snapshot_taken(&mut self, snapshot: Snapshot, now: &Moment) {
        self.unreadable = None;
        self.pin_guard
            .get_or_insert_with(|| PinGuard::resumed(&snapshot.pin_tries, now));
        self.revisions.people += 1;
        self.revisions.day += 1;
        self.retired_codes = snapshot.retired_codes;
        self.people = snapshot.people.into_iter().map(|p| (p.id, p)).collect();
        // Votes are for faces of the gallery. What else was written elsewhere, a token or a
        // correction, is no reason to look anew.
        if self.gallery != snapshot.templates {
            self.gallery = snapshot.templates;
            self.watches.recount(now);
        }
        if snapshot.local_day != self.local_day {
            // The day turned while the answer was under way, and with it came another question.
            return;
        }
        let mut events: HashMap<PersonId, Vec<AttendanceEvent>> = HashMap::new();
        for event in snapshot.events {
            events.entry(event.person).or_default().push(event);
        }
        let mut days = HashMap::new();
        for &person in self.people.keys() {
            let before = snapshot.last_before.iter().find(|e| e.person == person);
            let known = self.days.remove(&person).unwrap_or_default();
            let events = events.remove(&person).unwrap_or_default();
            days.insert(person, known.reloaded(events, before, now));
        }
        self.days = days;
    }

    fn turn_the_day(&mut self, now: &Moment) -> Vec<Effect> {
        let today = self.policies.attendance.local_day(&now.wall);
        if today == self.local_day {
            return Vec::new();
        }
        self.local_day = today;
        self.revisions.day += 1;
        for day in self.days.values_mut() {
            day.roll_over();
        }
        self.log.push(now, Notice::NewDay(today));
        // A clock that was set back returns to a day that has events already.
        vec![Effect::Reload { local_day: today }]
    }
}
