//! The runtime: spawns the workers, runs the one event loop, performs effects.
//!
//! A thread of its own owns the [`Station`]; it waits for events and for nothing else.
//! Whoever wants to watch or to operate it joins the [`Hub`].
//!
//! On a stop the order is: no more frames, no more observations, then the store
//! writes what is queued, and only then does the process end. A station that is started again
//! ([`restart`]) ends in the same order, and its hub goes on.

pub mod announcer;
mod camera_controls;
mod camera_test;
mod commanded;
mod complaints;
mod configured;
pub mod desk;
mod effects;
mod elsewhere;
mod ending;
mod hub;
pub mod keeper;
mod look_rate;
mod portraits;
mod publish;
mod restart;
pub mod said;
pub mod say;
mod unwritten;

pub use configured::Configured;
pub use ending::both;
pub use hub::Hub;
pub use restart::{Again, Settings};

use rollcall_messages::Said as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, bounded, select};

use crate::announcer::{Announcer, AnnouncerRules};
use crate::camera_controls::ControlDesk;
use crate::camera_test::CameraTest;
use crate::complaints::Complaints;
use crate::desk::{DeskRules, RecordsDesk};
use crate::elsewhere::{Elsewhere, Unanswered, report_of};
use crate::hub::{Commanded, Wired};
use crate::keeper::{Duties, Keeper};
use crate::look_rate::LookRate;
use crate::publish::{Publisher, camera_view};
use crate::restart::{Ended, Standing};
use rollcall_camera::{
    CameraSettings, CameraState, CameraWorker, SourceOptions, SourceSpec, Wiring,
};
use rollcall_core::embedding::ModelId;
use rollcall_core::event::{CommandId, Event, Outcome, Receipt};
use rollcall_core::frame::{Frame, Moment};
use rollcall_core::notice::Notice;
use rollcall_core::station::Station;
use rollcall_protocol::{FrameAnswer, HealthView};
use rollcall_recognition::intake::Intake;
use rollcall_recognition::recogniser::Recogniser;
use rollcall_recognition::worker::{self, RecogniserReport};
use rollcall_store::worker::Taken;
use rollcall_store::{Patience, Store, StoreHandle, StoreRequest};
use rollcall_system::clock::Clock;
use rollcall_system::logging;
use rollcall_system::mailbox::Mailbox;
use rollcall_system::stop::StopFlag;
use rollcall_system::zone::Zone;

/// How often the station is told that time has passed.
const TICK: Duration = Duration::from_millis(250);

/// How often the database is asked whether another program has changed it.
const LOOK_FOR_CHANGES: Duration = Duration::from_secs(2);

/// Receipts that may wait for the main thread.
const RECEIPTS_WAITING: usize = 64;

/// Observations that may wait for the main thread; each holds a frame.
const OBSERVATIONS_WAITING: usize = 2;

/// How long the last receipts are waited for.
const LAST_RECEIPTS: Duration = Duration::from_secs(2);

/// Time between two publications of what changes with every picture.
const PUBLISH: Duration = Duration::from_millis(40);

/// What a station is built from.
pub struct Parts {
    /// Where pictures come from.
    pub source: SourceSpec,
    /// How they are played.
    pub source_options: SourceOptions,
    /// How a live camera is used.
    pub camera: CameraSettings,
    /// The networks.
    pub recogniser: Recogniser,
    /// The database.
    pub store: Store,
    /// What the configuration says.
    pub configured: Configured,
    /// Where the station's clock hangs.
    pub zone: Zone,
    /// Things the operator should know from the start.
    pub notices: Vec<Notice>,
    /// What is done every day.
    pub duties: Duties,
    /// A program that is run at each punch.
    pub announcer: AnnouncerRules,
    /// What the thread that reads the records needs to know.
    pub desk: DeskRules,
}

/// Whether a person is asked before being enrolled at the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The form asks, and enrols only with a yes: its day is noted.
    Asked,
    /// Nobody asks, so nothing is noted.
    NotAsked,
}

/// A station that runs on a thread of its own, watched or not.
pub struct Running {
    hub: Hub,
    stop: StopFlag,
    thread: JoinHandle<Result<()>>,
}

impl Running {
    /// Where front ends join it.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The flag that ends it.
    pub fn stop_flag(&self) -> &StopFlag {
        &self.stop
    }

    /// Whether it has ended by itself: its film is over, or it was told to.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it; everything decided is written before this returns.
    ///
    /// # Errors
    /// If a worker has died, or punches could not be written: somebody has to write down
    /// what the error says.
    pub fn finish(self) -> Result<()> {
        self.stop.request();
        self.thread
            .join()
            .unwrap_or_else(|_| anyhow::bail!("the station's thread has panicked; see the log"))
    }
}

/// What the station's thread owns.
struct Runtime {
    station: Station,
    clock: Clock,
    /// Ends the station for good.
    quit: StopFlag,
    /// Ends the threads of this start.
    stop: StopFlag,
    camera: CameraWorker,
    camera_states: Receiver<CameraState>,
    frames: Mailbox<Arc<Frame>>,
    recogniser: JoinHandle<()>,
    reports: Receiver<RecogniserReport>,
    model: ModelId,
    store: StoreHandle,
    receipts: Receiver<Receipt>,
    keeper: Keeper,
    announcer: Option<Announcer>,
    hub: Hub,
    commands: Receiver<Commanded>,
    publisher: Publisher,
    /// Answers that are given when what they are about can be seen.
    answers: Vec<(CommandId, Outcome)>,
    /// While somebody has asked for one.
    camera_test: Option<(CommandId, CameraTest)>,
    consent: Consent,
    keeps_strangers: bool,
    last_tick: Duration,
    last_publication: Duration,
    last_look_for_changes: Duration,
    frame_time: Option<Duration>,
    looks: LookRate,
    elsewhere: Elsewhere,
    unanswered: Unanswered,
    unreadable_frames: Complaints,
    source_ended: bool,
    /// Who wants it to be started again, and since when.
    restart: Option<(CommandId, Duration)>,
    /// Until when nothing is shown and no command taken: the people are not read yet.
    is_silent_until: Option<Duration>,
}

/// Starts a station. `beat` is called several times a second as long as its thread does its
/// work, and `again` when it is to be started once more.
///
/// # Errors
/// If a thread is refused, or the database cannot be read.
pub fn start(parts: Parts, again: Again, beat: Box<dyn FnMut() + Send>) -> Result<Running> {
    let (standing, hub) = Standing::of(&parts);
    let quit = standing.quit.clone();
    let mut runtime = Runtime::start(parts, &standing)?;
    // Whoever joins first sees a station, not an empty view.
    runtime.publish();
    let thread = std::thread::Builder::new()
        .name("station".into())
        .spawn(move || restart::run(runtime, standing, again, beat))
        .context("starting the station's thread")?;
    Ok(Running {
        hub,
        stop: quit,
        thread,
    })
}

impl Runtime {
    /// Starts all workers.
    fn start(parts: Parts, standing: &Standing) -> Result<Self> {
        let clock = standing.clock.in_zone(parts.zone);
        logging::report_panics(&parts.duties.data_dir, clock);
        let stop = StopFlag::new();
        let now = clock.now();
        let model = parts.recogniser.model_id().clone();
        let Configured {
            policies,
            work_plan,
            facts,
            consent,
            keeps_strangers,
        } = parts.configured;
        let mut station = Station::new(policies, work_plan, model.clone(), &now);
        station.take_over(standing.log.clone());
        for notice in parts.notices {
            station.handle(Event::Notice(notice), &now);
        }
        let (receipt_sender, receipts) = bounded(RECEIPTS_WAITING);
        let mut store = rollcall_store::spawn(
            parts.store,
            model.clone(),
            clock,
            receipt_sender,
            Patience::default(),
        )?;
        first_requests(&mut store, &parts.source, &station)?;
        let frames = Mailbox::new();
        let (state_sender, camera_states) = bounded(16);
        let (report_sender, reports) = bounded(OBSERVATIONS_WAITING);
        let intake = Intake::new(frames.clone());
        let elsewhere = Elsewhere::new(intake.clone());
        let recogniser = worker::spawn(parts.recogniser, intake, report_sender, stop.clone())
            .context("starting the recogniser's thread")?;
        let wiring = Wiring {
            clock,
            stop: stop.clone(),
            frames: frames.clone(),
            preview: standing.pictures.clone(),
            states: state_sender,
        };
        let camera = rollcall_camera::worker::spawn(
            &parts.source,
            parts.source_options,
            &parts.camera,
            wiring,
        )
        .context("starting the camera's thread")?;
        let keeper = Keeper::start(parts.duties, clock, stop.clone())
            .context("starting the keeper's thread")?;
        let controls = ControlDesk::of(&parts.source, &parts.camera)
            .context("starting the thread of the camera's controls")?;
        let records = RecordsDesk::start(parts.desk, clock)
            .context("starting the thread that reads the records")?;
        let hub = standing.hub.clone();
        hub.wire(Wired {
            records,
            controls,
            clock,
            elsewhere: elsewhere.clone(),
        });
        let announcer = Announcer::start(parts.announcer, &hub, stop.clone())
            .context("starting the announcer's thread")?;
        Ok(Self {
            station,
            clock,
            quit: standing.quit.clone(),
            stop,
            camera,
            camera_states,
            frames,
            recogniser,
            reports,
            model,
            store,
            receipts,
            keeper,
            announcer,
            hub,
            commands: standing.commands.clone(),
            publisher: Publisher::new(facts),
            answers: Vec::new(),
            camera_test: None,
            consent,
            keeps_strangers,
            last_tick: now.monotonic,
            last_publication: now.monotonic,
            last_look_for_changes: now.monotonic,
            frame_time: None,
            looks: LookRate::default(),
            elsewhere,
            unanswered: Unanswered::default(),
            unreadable_frames: Complaints::default(),
            source_ended: false,
            restart: None,
            is_silent_until: None,
        })
    }

    /// Takes attendance until the source or the station ends, or it is to be started again.
    fn run(mut self, beat: &mut dyn FnMut()) -> Ended {
        let run = self.operate(beat).and_then(|()| self.source_was_usable());
        let restart = self.restart.take().map(|(id, _)| id);
        let (log, finished) = self.finish();
        Ended {
            outcome: both(run, finished),
            restart,
            log,
        }
    }

    fn operate(&mut self, beat: &mut dyn FnMut()) -> Result<()> {
        while !self.quit.is_requested() && !self.is_finished() && !self.can_restart() {
            self.wait()?;
            beat();
        }
        if self.quit.is_requested() {
            self.restart = None;
        }
        // The last receipts are waited for here, so that they are shown, too.
        let patience_ends = self.now().monotonic + LAST_RECEIPTS;
        while self.station.unconfirmed() > 0 && self.now().monotonic < patience_ends {
            self.wait()?;
        }
        self.publish();
        Ok(())
    }

    fn source_was_usable(&self) -> Result<()> {
        match self.camera.stats().state {
            CameraState::Failed(reason) if self.source_ended => anyhow::bail!(reason),
            _ => Ok(()),
        }
    }

    fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Whether the source has ended and everything it led to is on disk.
    fn is_finished(&self) -> bool {
        self.source_ended && self.station.unconfirmed() == 0
    }

    /// Waits for the next event, not longer than to the next tick, and takes it in.
    fn wait(&mut self) -> Result<()> {
        let since_tick = self.now().monotonic.saturating_sub(self.last_tick);
        let until_tick = TICK.saturating_sub(since_tick);
        let (nothing, nobody) = (crossbeam_channel::never(), crossbeam_channel::never());
        // What is under way comes to its end before a new start; what is new waits for it.
        let commands = if self.takes_commands() {
            &self.commands
        } else {
            &nobody
        };
        let reports = if self.restart.is_none() {
            &self.reports
        } else {
            &nothing
        };
        select! {
            recv(commands) -> commanded => {
                // The hub outlives this.
                if let Ok(commanded) = commanded {
                    self.commanded(commanded);
                }
            }
            recv(reports) -> report => {
                match report {
                    Ok(report) => self.reported(report),
                    Err(_) if self.source_ended || self.quit.is_requested() => {
                        self.reports = crossbeam_channel::never();
                    }
                    Err(_) => anyhow::bail!("the recogniser's thread has died; see the log"),
                }
            }
            recv(self.receipts) -> receipt => {
                let receipt = receipt.context("the store's thread has died; see the log")?;
                self.take_in(Event::Receipt(receipt));
                self.answer_cameras();
            }
            recv(self.keeper.notices) -> notice => {
                match notice {
                    Ok(notice) => self.take_in(Event::Notice(notice)),
                    // It ends with the station.
                    Err(_) => self.keeper.notices = crossbeam_channel::never(),
                }
            }
            recv(self.camera_states) -> state => {
                match state {
                    Ok(state) => self.take_in(Event::Notice(camera_notice(&state))),
                    Err(_) => self.camera_states = crossbeam_channel::never(),
                }
            }
            default(until_tick) => {}
        }
        self.tick_if_due()?;
        self.publish_if_due();
        Ok(())
    }

    fn publish_if_due(&mut self) {
        let now = self.now().monotonic;
        if self.is_silent(now) {
            return;
        }
        let is_due = now.saturating_sub(self.last_publication) >= PUBLISH;
        let has_news = self.publisher.written() != self.station.log().written();
        if is_due || has_news || !self.answers.is_empty() {
            self.publish();
        }
    }

    /// Shows everybody what has changed.
    fn publish(&mut self) {
        let now = self.now();
        self.last_publication = now.monotonic;
        let health = HealthView {
            camera: camera_view(&self.camera.stats()),
            frame_time: self.frame_time,
            looks_per_second: self.looks.per_second(),
            dropped_frames: self.frames.replaced(),
            elsewhere: self.elsewhere.view(&now),
            ..HealthView::of(&self.station)
        };
        if let Some(view) = self.publisher.news(&self.station, health, &now) {
            self.hub.publish(view);
        }
        for (command, outcome) in self.answers.drain(..) {
            self.hub.reply_with(command, outcome);
        }
    }

    /// Gives the station an event that happened now, and performs what follows.
    fn take_in(&mut self, event: Event) {
        let now = self.now();
        for effect in self.station.handle(event, &now) {
            self.perform(effect);
        }
    }

    fn reported(&mut self, report: RecogniserReport) {
        match report {
            RecogniserReport::Observed(observation) if observation.frame.camera.is_some() => {
                let seen = observation.clone();
                self.take_in(Event::Observed(observation));
                let told = (&self.elsewhere, &self.now());
                self.unanswered.seen(&seen, &self.station, told);
            }
            RecogniserReport::PassedOver(frame) => {
                let report = report_of(&frame, &self.station, None, &self.now());
                self.elsewhere
                    .answer(frame.id, FrameAnswer::Seen(Box::new(report)));
            }
            RecogniserReport::Observed(observation) => {
                self.looks.count(observation.frame.captured_at.monotonic);
                let time = observation.times.total();
                self.frame_time = Some(self.frame_time.map_or(time, |mean| (mean * 7 + time) / 8));
                self.take_in(Event::Observed(observation));
            }
            RecogniserReport::Failed(frame, error) => {
                if frame.camera.is_some() {
                    let failed = FrameAnswer::Failed(error.to_string());
                    self.elsewhere.answer(frame.id, failed);
                }
                let now = self.now().monotonic;
                if let Some(told) = self.unreadable_frames.take_in(&error.to_string(), now) {
                    tracing::error!("{told}");
                    self.take_in(Event::Notice(Notice::Warning(told)));
                }
            }
            RecogniserReport::Finished => self.source_ended = true,
        }
    }

    /// Tells cameras elsewhere what has become of the punches that they wait for.
    fn answer_cameras(&mut self) {
        let now = self.now();
        self.unanswered.look(&self.station, &self.elsewhere, &now);
    }

    fn tick_if_due(&mut self) -> Result<()> {
        let now = self.now().monotonic;
        if now.saturating_sub(self.last_tick) < TICK {
            return Ok(());
        }
        self.last_tick = now;
        let left = self.hub.take_left();
        if !left.is_empty() {
            // What they had asked for before they left comes before their leaving.
            let waiting = self.commands.len();
            let before: Vec<_> = self.commands.try_iter().take(waiting).collect();
            for commanded in before {
                self.commanded(commanded);
            }
        }
        for seat in left {
            self.take_in(Event::SeatLeft(seat));
        }
        self.finish_camera_test(now);
        anyhow::ensure!(
            self.store.flush(),
            "the store's thread has died; see the log"
        );
        // Behind a database in trouble they would only pile up; its end reloads by itself.
        if !self.station.writing_fails()
            && now.saturating_sub(self.last_look_for_changes) >= LOOK_FOR_CHANGES
        {
            self.last_look_for_changes = now;
            self.ask(StoreRequest::ReloadIfChanged {
                local_day: self.station.local_day(),
            });
        }
        self.take_in(Event::ClockChecked {
            synchronised: self.clock.is_synchronised(),
        });
        self.take_in(Event::Tick);
        self.answer_cameras();
        Ok(())
    }
}

fn camera_notice(state: &CameraState) -> Notice {
    match state {
        CameraState::Streaming(_)
        | CameraState::Starting
        | CameraState::Elsewhere
        | CameraState::Ended => Notice::Camera(state.said()),
        _ => Notice::Warning(state.said()),
    }
}

/// What a store is asked for before anything else.
fn first_requests(store: &mut StoreHandle, source: &SourceSpec, station: &Station) -> Result<()> {
    let first = [
        StoreRequest::Note {
            action: "station.start",
            detail: format!("rollcall {}, source {source}", env!("CARGO_PKG_VERSION")),
        },
        StoreRequest::Reload {
            local_day: station.local_day(),
        },
    ];
    for request in first {
        anyhow::ensure!(
            matches!(store.send(request), Taken::Yes),
            "the store takes no requests"
        );
    }
    Ok(())
}
