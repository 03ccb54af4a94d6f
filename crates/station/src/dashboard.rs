//! The station with its dashboard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{LocalResult, NaiveDateTime};
use crossbeam_channel::{Receiver, bounded};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid, getsid};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use super::camera_controls::{ControlDesk, LOOK_EVERY};
use super::camera_test::CameraTest;
use super::desk::{DeskRules, RecordsDesk};
use super::{Parts, Runtime, both};
use rollcall_camera::{CameraState, CameraStats};
use rollcall_core::correction::{Change, Correction, Deed, When};
use rollcall_core::event::{Event, Intent, Receipt};
use rollcall_core::frame::Frame;
use rollcall_core::notice::Notice;
use rollcall_dashboard::{
    Action, App, CameraFigures, CameraStatus, CorrectionDraft, DraftDeed, Health, Input,
    PreviewMode, PreviewPace, Question, Status, Terminal, TerminalError, UiOptions, input,
};

/// Keys and resizes that may wait for the main thread.
const INPUTS_WAITING: usize = 64;

/// How long keys are taken in before they are seen.
const KEYS_BEFORE_A_DRAWING: Duration = Duration::from_millis(50);

/// Without a new picture the screen is still drawn this often, for its clock.
const LEAST_DRAWS: Duration = Duration::from_millis(500);

/// What the dashboard needs besides the station.
pub struct DashboardOptions {
    /// What the screen looks like.
    pub ui: UiOptions,
    /// What the thread that reads the records needs to know.
    pub desk: DeskRules,
    /// Whether the terminal's bell sounds at a punch.
    pub bell: bool,
    /// Most pictures a second that are drawn.
    pub frames_per_second: u32,
    /// Kilobytes a second that the screen may take.
    pub preview_kbps: Option<u32>,
    /// Where pictures come from, in the operator's words.
    pub source: String,
    /// The networks in use, in one line.
    pub models: String,
}

/// Runs until the operator quits or a signal asks for the end.
///
/// # Errors
/// If there is no terminal, a worker cannot be started or dies, or punches are
/// left that could not be written.
pub fn run(parts: Parts, options: DashboardOptions) -> Result<()> {
    // The terminal first: without one, nothing is started.
    let asks = matches!(options.ui.preview, None | Some(PreviewMode::Pixels));
    let mut terminal = Terminal::open(asks)?;
    let controls = ControlDesk::of(&parts.source, &parts.camera)
        .context("starting the thread of the camera's controls")?;
    let runtime = Runtime::start(parts)?;
    let wants_shell = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTSTP, Arc::clone(&wants_shell))
        .context("registering a signal handler")?;
    let records = RecordsDesk::start(options.desk.clone(), *runtime.clock())
        .context("starting the thread that reads the records")?;
    let (has_pixels, cell) = terminal.pixels();
    let mut dashboard = Dashboard {
        app: App::new(UiOptions {
            has_pixels,
            cell,
            ..options.ui.clone()
        }),
        pace: PreviewPace::new(options.preview_kbps),
        last_picture: Duration::ZERO,
        options,
        runtime,
        controls,
        records,
        last_look_at_controls: None,
        camera_test: None,
        wants_shell,
        picture: None,
        last_draw: Duration::ZERO,
    };
    let run = dashboard.operate(&mut terminal);
    // The screen is given back before anything is printed.
    drop(terminal);
    both(run, dashboard.runtime.finish())
}

struct Dashboard {
    app: App,
    pace: PreviewPace,
    last_picture: Duration,
    options: DashboardOptions,
    runtime: Runtime,
    controls: ControlDesk,
    records: RecordsDesk,
    /// While they are on the screen.
    last_look_at_controls: Option<Duration>,
    /// While the operator has asked for one.
    camera_test: Option<CameraTest>,
    /// Set by Ctrl-Z and by the signal that it sends elsewhere.
    wants_shell: Arc<AtomicBool>,
    picture: Option<Arc<Frame>>,
    last_draw: Duration,
}

impl Dashboard {
    fn operate(&mut self, terminal: &mut Terminal) -> Result<()> {
        let (input_sender, inputs) = bounded(INPUTS_WAITING);
        input::spawn(self.runtime.stop_flag().clone(), input_sender)
            .context("starting the thread that reads the keyboard")?;
        self.draw(terminal)?;
        while !self.runtime.is_stopping() {
            if self.wants_shell.load(Ordering::SeqCst) {
                self.suspend(terminal)?;
            }
            let until_draw = self.until_next_draw();
            if let Some(input) = self.runtime.wait(&inputs, until_draw)? {
                self.take_in(input);
                self.take_in_what_waits(&inputs);
                // A key is answered at once, whatever the preview's pace.
                self.draw(terminal)?;
            } else if self.until_next_draw().is_zero() {
                self.draw(terminal)?;
            }
        }
        Ok(())
    }

    /// Takes in the keys that came meanwhile: one drawing answers them all, or a held arrow
    /// and a badge reader would outrun the screen. Not without end, so that a flood of keys
    /// is seen, too.
    fn take_in_what_waits(&mut self, inputs: &Receiver<Input>) {
        let until = self.runtime.now().monotonic + KEYS_BEFORE_A_DRAWING;
        while !self.runtime.is_stopping()
            && !self.wants_shell.load(Ordering::SeqCst)
            && self.runtime.now().monotonic < until
            && let Ok(input) = inputs.try_recv()
        {
            self.take_in(input);
        }
    }

    /// Gives the terminal to the shell and stops, with all threads, until it says `fg`.
    fn suspend(&mut self, terminal: &mut Terminal) -> Result<()> {
        // Without a shell that watches us, nobody would ever say fg.
        let (own, parents) = (getsid(None)?, getsid(Some(getppid())));
        if parents != Ok(own) {
            self.wants_shell.store(false, Ordering::SeqCst);
            self.app.tell(Err("there is no shell to go to".to_owned()));
            return self.draw(terminal);
        }
        tracing::warn!("suspended: no attendance is taken until the shell says fg");
        terminal.suspended(self.options.ui.language, || -> std::io::Result<()> {
            // What was started with us, such as a script, stops too.
            kill(Pid::from_raw(0), Signal::SIGTSTP)?;
            emulate_default_handler(SIGTSTP)
        })?;
        self.wants_shell.store(false, Ordering::SeqCst);
        tracing::info!("resumed");
        self.draw(terminal)
    }

    fn take_in(&mut self, input: Input) {
        let now = self.runtime.now();
        for action in self.app.handle(input, self.runtime.station(), &now) {
            match action {
                Action::Intent(intent) => self.runtime.take_in(Event::Intent(intent)),
                Action::Correct(draft) => {
                    let event = match resolve(draft, &self.runtime) {
                        Ok(correction) => Event::Intent(Intent::Correct(Box::new(correction))),
                        Err(reason) => Event::Receipt(Receipt::Corrected(Err(reason))),
                    };
                    self.runtime.take_in(event);
                }
                Action::ChangeControl(change) => self.controls.change(change),
                Action::Ask(question) => self.ask(question),
                Action::TestCamera => {
                    let stats = self.runtime.camera_stats();
                    self.camera_test = Some(CameraTest::begin(now.monotonic, stats));
                    self.app.tell(Ok(CameraTest::announcement()));
                }
                Action::Suspend => self.wants_shell.store(true, Ordering::SeqCst),
                Action::Quit => self.runtime.stop_flag().request(),
                Action::TerminalLost(reason) => {
                    tracing::warn!("the terminal is gone: {reason}");
                    self.runtime.take_in(Event::Notice(Notice::Warning(reason)));
                    self.runtime.stop_flag().request();
                }
            }
        }
    }

    fn frame_interval(&self) -> Duration {
        Duration::from_secs(1) / self.options.frames_per_second.max(1)
    }

    /// Time until the screen is due: soon if a picture waits, else for the clock.
    fn until_next_draw(&self) -> Duration {
        let since = self.runtime.now().monotonic.saturating_sub(self.last_draw);
        let pace = self.frame_interval();
        let streaming = self.runtime.camera_stats().state.is_streaming();
        let due = if streaming { pace } else { LEAST_DRAWS };
        due.saturating_sub(since)
    }

    /// Draws, unless the terminal still has something to read: attendance goes on without it.
    fn draw(&mut self, terminal: &mut Terminal) -> Result<()> {
        match terminal.is_ready() {
            Ok(true) => {}
            Ok(false) => {
                self.last_draw = self.runtime.now().monotonic;
                self.app.follow(self.runtime.station());
                return Ok(());
            }
            Err(error) => {
                self.lose(&error);
                return Ok(());
            }
        }
        let stats = self.runtime.camera_stats();
        let now = self.runtime.now().monotonic;
        self.pace.observe(now, terminal.written());
        self.app.set_tolerance(self.pace.tolerance());
        let since_picture = now.saturating_sub(self.last_picture);
        // Between two pictures the old one stays: its cells cost nothing.
        if since_picture >= self.pace.interval(self.frame_interval())
            && let Some(newest) = self.runtime.preview().try_take()
        {
            self.picture = Some(newest);
            self.last_picture = now;
        }
        if !shows_pictures(&stats.state) {
            self.picture = None;
        }
        self.app.follow(self.runtime.station());
        let moment = self.runtime.now();
        let frame_time = self.runtime.frame_time();
        self.app
            .observe(self.runtime.station(), &moment, frame_time);
        if self.app.take_news() && self.options.bell {
            terminal.ring()?;
        }
        if let Some(test) = &self.camera_test
            && let Some(outcome) = test.outcome(now, &stats)
        {
            self.app.tell(outcome);
            self.camera_test = None;
        }
        self.follow_controls();
        self.follow_records();
        let advice = stats.state.to_string();
        let now = self.runtime.now();
        let status = Status {
            now,
            source: &self.options.source,
            camera: camera_status(&stats, &advice),
            camera_figures: CameraFigures {
                sentence: &advice,
                damaged: stats.damaged,
                lost: stats.dropped,
                latency: stats.latency,
                reconnects: stats.reconnects,
                abandoned: stats.abandoned,
            },
            frame_time: self.runtime.frame_time(),
            looks_per_second: self.runtime.looks_per_second(),
            bytes_per_second: self.pace.bytes_per_second(),
            dropped: self.runtime.dropped_frames(),
            frame: self.picture.as_deref(),
            models: &self.options.models,
        };
        self.app.settle(self.runtime.station(), &now);
        match terminal.draw(&self.app, self.runtime.station(), &status) {
            Err(error @ TerminalError::Draw(_)) => self.lose(&error),
            drawn => drawn?,
        }
        self.last_draw = now.monotonic;
        Ok(())
    }
}

impl Dashboard {
    /// The connection broke: an orderly end, not an error.
    fn lose(&self, error: &TerminalError) {
        tracing::warn!("{error}; ending");
        self.runtime.stop_flag().request();
    }

    /// Takes in what the records say, and asks what the screen needs of them.
    fn follow_records(&mut self) {
        for answer in self.records.answers() {
            self.app.take(answer);
        }
        for question in self.app.due(self.runtime.station()) {
            self.ask(question);
        }
    }

    fn ask(&mut self, question: Question) {
        if let Some(busy) = self.records.ask(question) {
            self.app.take(busy);
        }
    }

    /// Shows the camera's controls while they are looked at; otherwise it is left alone.
    fn follow_controls(&mut self) {
        if !self.app.shows_camera() {
            self.last_look_at_controls = None;
            return;
        }
        let now = self.runtime.now().monotonic;
        let is_due = |last: Duration| now.saturating_sub(last) >= LOOK_EVERY;
        if self.last_look_at_controls.is_none_or(is_due) {
            self.last_look_at_controls = Some(now);
            self.controls.look();
        }
        let shown = self.controls.shown();
        self.app.show_controls(shown.rows, shown.remark);
    }
}

/// Finds the moments that the times of a draft mean.
fn resolve(draft: CorrectionDraft, runtime: &Runtime) -> Result<Correction, String> {
    let when = |local: NaiveDateTime| match runtime.clock().moments_of(local) {
        LocalResult::Single(at) => Ok(When {
            at,
            local_day: runtime.station().policies().attendance.local_day(&at),
        }),
        LocalResult::Ambiguous(..) => Err(format!(
            "{local} occurs twice, because the clocks were set back; correct it at the command line"
        )),
        LocalResult::None => Err(format!(
            "{local} does not occur: the clocks were set forward over it"
        )),
    };
    let deed = match draft.deed {
        DraftDeed::Add {
            code,
            at,
            direction,
        } => Deed::Add {
            code,
            when: when(at)?,
            direction,
        },
        DraftDeed::Void { event } => Deed::Void { event },
        DraftDeed::Disown { event } => Deed::Disown { event },
        DraftDeed::Change {
            event,
            at,
            code,
            direction,
        } => Deed::Change {
            event,
            change: Change {
                when: at.map(when).transpose()?,
                code,
                direction,
            },
        },
    };
    Ok(Correction {
        deed,
        operator: draft.operator,
        reason: draft.reason,
        // The station adds it, if it remembers it.
        face: None,
    })
}

/// The last picture stays on the screen at the end of a file, but a camera that
/// is gone must not look as if it still saw somebody.
fn shows_pictures(state: &CameraState) -> bool {
    state.is_streaming() || matches!(state, CameraState::Ended)
}

fn camera_status<'a>(stats: &CameraStats, sentence: &'a str) -> CameraStatus<'a> {
    let (health, advice) = match &stats.state {
        CameraState::Streaming(_) => (Health::Good, None),
        CameraState::Starting | CameraState::Ended | CameraState::Impaired(..) => {
            (Health::Warning, Some(sentence))
        }
        _ => (Health::Bad, Some(sentence)),
    };
    let size = stats.state.source().and_then(|source| source.resolution);
    CameraStatus {
        health,
        label: stats.state.word(),
        advice,
        size,
        frames_per_second: stats
            .state
            .is_streaming()
            .then_some(stats.frames_per_second as f32),
    }
}
