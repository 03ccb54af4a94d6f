//! A dashboard in a terminal: keys become commands, views become drawings.
//!
//! It is a client of the station, wherever that runs, and all it can do to it is to give it
//! commands. Whatever happens to the terminal happens to the dashboard alone.

use crate::say;
use rollcall_messages::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, select};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid, getsid};
use rollcall_core::event::Seat;
use rollcall_core::frame::Frame;
use rollcall_protocol::{
    CameraView, Client, Command, Facts, Health, LinkState, PreviewWish, StationView, Told,
};
use rollcall_system::stop::StopFlag;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use crate::app::{Action, App, UiOptions};
use crate::input::{self, Input};
use crate::language::Language;
use crate::pace::PreviewPace;
use crate::status::{CameraFigures, CameraStatus, Status};
use crate::terminal::{Terminal, TerminalError};

/// Keys and resizes that may wait for the dashboard's thread.
const INPUTS_WAITING: usize = 64;

/// How long keys are taken in before they are seen.
const KEYS_BEFORE_A_DRAWING: Duration = Duration::from_millis(50);

/// Without a new picture the screen is still drawn this often, for its clock.
const LEAST_DRAWS: Duration = Duration::from_millis(500);

/// While the camera's controls are on the screen they are read again: automatic exposure
/// moves by itself.
const LOOK_AT_CONTROLS: Duration = Duration::from_secs(2);

/// Pixels across of a picture that is drawn in character cells.
const COARSE_PREVIEW: u32 = 320;

/// And of one that the terminal shows itself.
const FINE_PREVIEW: u32 = 640;

/// What a dashboard needs besides its client. How the station wants to be shown, its client
/// says.
pub struct SessionOptions {
    /// What the terminal is like, and what was asked for.
    pub ui: UiOptions,
    /// The language of a setting, as far as it is not the operator's own choice.
    pub language_of: Box<dyn Fn(&str) -> &'static Language>,
    /// Kilobytes a second that the screen may take, whatever the station's settings say.
    pub preview_kbps: Option<u32>,
    /// How long a greeting lasts at least.
    pub least_banner: Duration,
    /// Whether the terminal may be given to the shell for a while, which stops this process.
    pub may_stop: bool,
}

/// Why a dashboard has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The operator has left it.
    ByOperator,
    /// Somebody asked for the end from outside.
    Stopped,
    /// The terminal is gone, for this reason.
    TerminalLost(String),
    /// The station has ended, for a reason if that was not meant.
    StationEnded(Option<Message>),
}

/// Something that only a defect or a full process table causes.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The terminal cannot be used.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The system refuses what a dashboard needs.
    #[error("{what}: {source}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// Shows the station until somebody leaves or an end is asked for.
///
/// # Errors
/// If the terminal or the keyboard cannot be used.
pub fn run(
    terminal: &mut Terminal,
    client: Client,
    mut options: SessionOptions,
    stop: &StopFlag,
) -> Result<Left, SessionError> {
    let wants_shell = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTSTP, Arc::clone(&wants_shell)).map_err(|source| {
        let what = "registering a signal handler";
        SessionError::System { what, source }
    })?;
    (options.ui.has_pixels, options.ui.cell) = terminal.pixels();
    let facts = client.view().facts;
    options.follow(&facts);
    let mut session = Session {
        app: App::new(options.ui.clone()),
        pace: PreviewPace::new(options.budget(&facts)),
        facts,
        view: client.view(),
        client,
        options,
        stop,
        asked: BTreeMap::new(),
        last_look_at_controls: None,
        wants_shell,
        picture: None,
        picture_number: 0,
        last_picture: Duration::ZERO,
        last_draw: Duration::ZERO,
        wish: None,
        has_news: false,
        left: None,
        seat: Seat::default(),
        started: Instant::now(),
    };
    session.operate(terminal)
}

impl SessionOptions {
    /// Takes on what the station says of itself and of how it wants to be shown.
    fn follow(&mut self, facts: &Facts) {
        let ui = &mut self.ui;
        ui.ask_consent = facts.asks_consent;
        if !facts.station_name.is_empty() {
            ui.station_name.clone_from(&facts.station_name);
        }
        ui.language = (self.language_of)(&facts.screen.language);
        ui.preview = facts.screen.preview;
        ui.banner = Duration::from_secs(facts.screen.banner_secs).max(self.least_banner);
    }

    fn budget(&self, facts: &Facts) -> Option<u32> {
        let kbps = self.preview_kbps.unwrap_or(facts.screen.preview_kbps);
        (kbps > 0).then_some(kbps)
    }
}

struct Session<'a> {
    app: App,
    /// What the options are of.
    facts: Arc<Facts>,
    client: Client,
    view: StationView,
    pace: PreviewPace,
    options: SessionOptions,
    stop: &'a StopFlag,
    /// Commands whose replies are awaited.
    asked: BTreeMap<u64, Command>,
    /// While the camera's controls are on the screen.
    last_look_at_controls: Option<Duration>,
    /// Set by Ctrl-Z and by the signal that it sends elsewhere.
    wants_shell: Arc<AtomicBool>,
    picture: Option<Arc<Frame>>,
    picture_number: u64,
    last_picture: Duration,
    last_draw: Duration,
    /// Which pictures the station was asked for last.
    wish: Option<PreviewWish>,
    has_news: bool,
    /// Why it ends, as soon as it shall.
    left: Option<Left>,
    /// Which front end this is at the moment.
    seat: Seat,
    /// By this the drawing is paced: the station's clock is another after a new start.
    started: Instant,
}

impl Session<'_> {
    fn operate(&mut self, terminal: &mut Terminal) -> Result<Left, SessionError> {
        let (input_sender, inputs) = bounded(INPUTS_WAITING);
        let ends = StopFlag::new();
        input::spawn(ends.clone(), input_sender).map_err(|source| {
            let what = "starting the thread that reads the keyboard";
            SessionError::System { what, source }
        })?;
        let news = self.client.news().clone();
        self.draw(terminal)?;
        let left = loop {
            if let Some(left) = self.left.take() {
                break left;
            }
            if self.stop.is_requested() {
                break Left::Stopped;
            }
            if self.wants_shell.load(Ordering::SeqCst) {
                self.suspend(terminal)?;
            }
            let until_draw = self.until_next_draw();
            select! {
                recv(inputs) -> input => {
                    match input {
                        Ok(input) => {
                            self.take_in(input);
                            self.take_in_what_waits(&inputs);
                            // A key is answered at once, whatever the preview's pace.
                            self.draw(terminal)?;
                        }
                        // A closed input is a lost terminal.
                        Err(_) => self.lose("the terminal is gone".to_owned()),
                    }
                }
                recv(news) -> _ => {
                    self.has_news = true;
                    self.take_in_replies();
                }
                default(until_draw) => {}
            }
            if let LinkState::Ended(why) = self.client.state() {
                self.left.get_or_insert(Left::StationEnded(why));
            }
            if self.until_next_draw().is_zero() {
                self.draw(terminal)?;
            }
        };
        ends.request();
        Ok(left)
    }

    /// Takes in the keys that came meanwhile: one drawing answers them all, or a held arrow
    /// and a badge reader would outrun the screen. Not without end, so that a flood of keys
    /// is seen, too.
    fn take_in_what_waits(&mut self, inputs: &Receiver<Input>) {
        let until = self.elapsed() + KEYS_BEFORE_A_DRAWING;
        while self.left.is_none()
            && !self.stop.is_requested()
            && !self.wants_shell.load(Ordering::SeqCst)
            && self.elapsed() < until
            && let Ok(input) = inputs.try_recv()
        {
            self.take_in(input);
        }
    }

    /// Gives the terminal to the shell and stops, with all threads, until it says `fg`.
    fn suspend(&mut self, terminal: &mut Terminal) -> Result<(), SessionError> {
        self.wants_shell.store(false, Ordering::SeqCst);
        if !self.options.may_stop {
            let why = say::END_MEANS_SERVICE;
            self.app.tell(Err(why.into()));
            return self.draw(terminal);
        }
        // Without a shell that watches us, nobody would ever say fg.
        let (own, parents) = (getsid(None), getsid(Some(getppid())));
        if own.is_err() || parents != own {
            self.app.tell(Err(say::NO_SHELL.into()));
            return self.draw(terminal);
        }
        terminal.suspended(self.options.ui.language, || -> std::io::Result<()> {
            // What was started with us, such as a script, stops too.
            kill(Pid::from_raw(0), Signal::SIGTSTP)?;
            emulate_default_handler(SIGTSTP)
        })?;
        self.wants_shell.store(false, Ordering::SeqCst);
        self.draw(terminal)
    }

    fn take_in(&mut self, input: Input) {
        let now = self.client.now();
        self.view = self.newest();
        for action in self.app.handle(input, &self.view, &now) {
            match action {
                Action::Send(command) => self.send(command),
                Action::Suspend => self.wants_shell.store(true, Ordering::SeqCst),
                Action::Quit => self.left = Some(Left::ByOperator),
                Action::TerminalLost(reason) => self.lose(reason),
            }
        }
    }

    fn send(&mut self, command: Command) {
        let number = self.client.send(command.clone());
        self.asked.insert(number, command);
    }

    fn take_in_replies(&mut self) {
        let now = self.client.now();
        for Told { number, reply } in self.client.replies() {
            if let Some(command) = self.asked.remove(&number) {
                self.app.answered(&command, reply, &now);
            }
        }
    }

    /// The newest view, and whether it is old.
    fn newest(&mut self) -> StationView {
        self.app.set_lost(match self.client.state() {
            LinkState::Lost(why) => Some(why),
            LinkState::Connected | LinkState::Ended(_) => None,
        });
        let view = self.client.view();
        let seat = self.client.seat();
        if seat != self.seat {
            // Attached anew, perhaps to a service that has been started again.
            self.seat = seat;
            self.app.join(seat, &view);
            self.picture_number = 0;
            self.wish = None;
        }
        if view.facts != self.facts {
            let budget = self.options.budget(&view.facts);
            if budget != self.options.budget(&self.facts) {
                self.pace = PreviewPace::new(budget);
            }
            self.facts = Arc::clone(&view.facts);
            self.options.follow(&self.facts);
            self.app.set_options(self.options.ui.clone());
        }
        view
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn frame_interval(&self) -> Duration {
        Duration::from_secs(1) / self.facts.screen.frames_per_second.max(1)
    }

    /// Time until the screen is due: soon if there is something new, else for the clock.
    fn until_next_draw(&self) -> Duration {
        let since = self.elapsed().saturating_sub(self.last_draw);
        let is_moving = self.has_news || self.view.health.camera.is_streaming;
        let due = if is_moving {
            self.frame_interval()
        } else {
            LEAST_DRAWS
        };
        due.saturating_sub(since)
    }

    /// Draws, unless the terminal still has something to read.
    fn draw(&mut self, terminal: &mut Terminal) -> Result<(), SessionError> {
        let (now, elapsed) = (self.client.now(), self.elapsed());
        self.has_news = false;
        self.last_draw = elapsed;
        self.view = self.newest();
        self.take_in_replies();
        self.app.follow(&self.view);
        match terminal.is_ready() {
            Ok(true) => {}
            Ok(false) => {
                // Nobody looks, so nothing is wanted to look at.
                self.wish_for(PreviewWish::NONE);
                return Ok(());
            }
            Err(error) => {
                self.lose(error.to_string());
                return Ok(());
            }
        }
        self.pace.observe(elapsed, terminal.written());
        self.app.set_tolerance(self.pace.tolerance());
        self.take_picture(elapsed);
        self.app.observe(&now, self.view.health.frame_time);
        if self.app.take_news() && self.facts.screen.bell {
            terminal.ring()?;
        }
        self.look_at_controls(elapsed);
        for question in self.app.due(&self.view) {
            self.send(Command::Ask(question));
        }
        self.app.settle(&self.view, &now);
        let (facts, health) = (Arc::clone(&self.view.facts), Arc::clone(&self.view.health));
        let camera = &health.camera;
        let status = Status {
            now,
            source: &facts.source,
            camera: camera_status(camera),
            camera_figures: CameraFigures {
                sentence: &camera.sentence,
                damaged: camera.damaged,
                lost: camera.lost,
                latency: camera.latency,
                reconnects: camera.reconnects,
                abandoned: camera.abandoned,
            },
            frame_time: health.frame_time,
            looks_per_second: health.looks_per_second,
            bytes_per_second: self.pace.bytes_per_second(),
            dropped: health.dropped_frames,
            frame: self.picture.as_deref(),
            models: &facts.models,
        };
        match terminal.draw(&self.app, &self.view, &status) {
            Err(error @ TerminalError::Draw(_)) => self.lose(error.to_string()),
            drawn => drawn?,
        }
        Ok(())
    }

    /// Takes the newest picture, if one is due and shown.
    fn take_picture(&mut self, now: Duration) {
        let camera = &self.view.health.camera;
        let interval = self.pace.interval(self.frame_interval());
        // The last picture stays on the screen at the end of a film, but a camera that is
        // gone must not look as if it still saw somebody.
        let shows = (camera.is_streaming || camera.has_ended)
            && self.client.state() == LinkState::Connected;
        let wish = match self.app.preview_width(FINE_PREVIEW, COARSE_PREVIEW) {
            Some(width) => PreviewWish {
                width,
                rate: 1.0 / interval.as_secs_f32().max(0.01),
            },
            None => PreviewWish::NONE,
        };
        self.wish_for(wish);
        // Between two pictures the old one stays: its cells cost nothing.
        if now.saturating_sub(self.last_picture) >= interval
            && let Some((number, newest)) = self.client.picture(self.picture_number)
        {
            self.picture = Some(newest);
            self.picture_number = number;
            self.last_picture = now;
        }
        if !shows {
            self.picture = None;
        }
    }

    fn wish_for(&mut self, wish: PreviewWish) {
        // The pace of a link wavers; not every change is worth a message.
        let is_alike = |last: PreviewWish| {
            last.width == wish.width && (last.rate - wish.rate).abs() <= 0.25 * last.rate.max(0.1)
        };
        if !self.wish.is_some_and(is_alike) {
            self.wish = Some(wish);
            self.client.wish(wish);
        }
    }

    /// The terminal is gone: an orderly end of the dashboard, not an error.
    fn lose(&mut self, reason: String) {
        tracing::warn!("the terminal is gone: {reason}");
        self.left = Some(Left::TerminalLost(reason));
    }

    /// Reads the camera's controls while they are looked at; otherwise it is left alone.
    fn look_at_controls(&mut self, now: Duration) {
        if !self.app.shows_camera() {
            self.last_look_at_controls = None;
            return;
        }
        let is_due = |last: Duration| now.saturating_sub(last) >= LOOK_AT_CONTROLS;
        let is_awaited = self.asked.values().any(|c| *c == Command::ReadControls);
        if self.last_look_at_controls.is_none_or(is_due) && !is_awaited {
            self.last_look_at_controls = Some(now);
            self.send(Command::ReadControls);
        }
    }
}

fn camera_status(camera: &CameraView) -> CameraStatus<'_> {
    CameraStatus {
        health: camera.health,
        label: &camera.label,
        advice: (camera.health != Health::Good).then_some(&camera.sentence),
        size: camera.size,
        frames_per_second: camera.is_streaming.then_some(camera.frames_per_second),
    }
}
