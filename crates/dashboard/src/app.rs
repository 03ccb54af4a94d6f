//! What the operator is looking at and doing: screens, lists, forms.
//!
//! [`App::handle`] decides what a key means. It changes only the app; what shall
//! happen to the station and to the records goes out as [`Action`]s.

mod answers;
mod keys;
mod kiosk;

pub(crate) use keys::{ask, intend};

use rollcall_core::event::Outcome;
use rollcall_messages::Message;
use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::camera_controls::ControlsList;
use super::colour::ColourDepth;
use super::correcting::Correcting;
use super::dialog::{Dialog, Leaving};
use super::enrol_form::EnrolForm;
use super::graphics::Canvas;
use super::input::Input;
use super::language::Language;
use super::listing::Listing;
use super::page::Page;
use super::palette::Palette;
use super::person::PersonScreen;
use super::pin_entry::PinEntry;
use super::reports::Reports;
use super::review::Review;
use super::screen::Screen;
use super::settings::Settings;
use super::theme::{Charset, Theme, USUAL_ASPECT};
use super::trends::{Trends, Weeks};
use super::welcome::{Greeting, Welcome};
use super::widgets::Steady;
use rollcall_core::consensus::TrackId;
use rollcall_core::event::Seat;
use rollcall_core::frame::Moment;
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_protocol::Question;
use rollcall_protocol::{Command, PreviewMode, StationView};

/// What is known before the dashboard starts.
#[derive(Debug, Clone)]
pub struct UiOptions {
    /// Name of the station, for the status bar.
    pub station_name: String,
    /// Colours the terminal has.
    pub colours: ColourDepth,
    /// Characters the terminal has.
    pub charset: Charset,
    /// The operator's language.
    pub language: &'static Language,
    /// How the preview is drawn at first; none for the best that the terminal has.
    pub preview: Option<PreviewMode>,
    /// Whether the terminal shows pictures.
    pub has_pixels: bool,
    /// Width and height of its character cells in pixels, if it tells them.
    pub cell: Option<(u16, u16)>,
    /// Who signs corrections, unless another name is typed.
    pub operator: String,
    /// Whether people are asked before they are enrolled.
    pub ask_consent: bool,
    /// How long a banner greets whoever has punched; zero for none.
    pub banner: Duration,
    /// What leaving the dashboard means.
    pub leaving: Leaving,
    /// Whether it is for the people at the door, who operate nothing.
    pub is_kiosk: bool,
}

impl Default for UiOptions {
    /// English, in full colour, nothing asked and nobody greeted.
    fn default() -> Self {
        Self {
            station_name: "Rollcall".into(),
            colours: ColourDepth::True,
            charset: Charset::Unicode,
            language: Language::english(),
            preview: None,
            has_pixels: false,
            cell: None,
            operator: "operator".into(),
            ask_consent: false,
            banner: Duration::ZERO,
            leaving: Leaving::EndsAttendance,
            is_kiosk: false,
        }
    }
}

/// What shall be done about a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Give this to the station; its reply is taken in by [`App::answered`].
    Send(Command),
    /// Give the terminal to the shell until it is given back.
    Suspend,
    /// Leave the dashboard; see [`Leaving`].
    Quit,
    /// Go on without a dashboard, or end: the terminal is gone, for this reason.
    TerminalLost(String),
}

/// What a window too small for all of the live screen shows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Camera,
    Today,
    Log,
}

/// Where a person is being enrolled.
#[derive(Debug, Clone)]
pub(crate) enum Enrolling {
    /// Nowhere.
    No,
    /// Name and code are being typed.
    Form(EnrolForm),
    /// The station is taking samples or saving them. The form is kept for the
    /// case that it refuses.
    Submitted { form: EnrolForm, code: PersonCode },
}

/// Where the log screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogView {
    /// The newest line is on top.
    Following,
    /// This line (counted from the first ever written) stays on top while others come.
    Held(u64),
}

/// The dashboard's own state.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) options: UiOptions,
    pub(crate) preview: PreviewMode,
    pub(crate) screen: Screen,
    /// Where Esc leads from the help.
    pub(crate) behind_help: Screen,
    pub(crate) pane: Pane,
    /// Whether the live screen says why each face has its name.
    pub(crate) explaining: bool,
    pub(crate) enrolling: Enrolling,
    /// Whose samples the screen asks about, and whom they are taken for.
    pub(crate) asked: Option<(PersonCode, Option<PersonId>)>,
    pub(crate) correcting: Correcting,
    pub(crate) pin: PinEntry,
    /// Why the last digits were no PIN; until the next key.
    pub(crate) pin_problem: Option<Message>,
    pub(crate) people: Listing,
    pub(crate) person: PersonScreen,
    pub(crate) attendance: Listing,
    pub(crate) reports: Reports,
    pub(crate) review: Review,
    pub(crate) page: Page,
    pub(crate) settings: Settings,
    pub(crate) log: LogView,
    pub(crate) controls: ControlsList,
    pub(crate) help_scroll: usize,
    pub(crate) palette: Option<Palette>,
    /// What has to be answered before anything else.
    pub(crate) dialog: Option<Dialog>,
    /// What came of the last deed; until the next key.
    pub(crate) remark: Option<Outcome>,
    /// When it is forgotten without one.
    remark_ends: Option<Duration>,
    /// Events of the station that were looked at.
    events: u64,
    /// Which front end this is.
    seat: Seat,
    /// Why the station cannot be heard, while it cannot.
    lost: Option<Message>,
    /// What takes the last deeds back, the latest one last.
    undo: Vec<Question>,
    /// Changes whose answers are awaited; which of them is the last one is not known yet.
    changing: usize,
    welcome: Welcome,
    pub(crate) trends: Trends,
    /// The weeks of the charts.
    pub(crate) weeks: Weeks,
    /// What the preview shows. Drawing writes it, which is why it is in a cell: all else
    /// that is drawn from is only read.
    pub(crate) steady: RefCell<Steady>,
    /// Where the terminal shall show the picture itself; written by drawing, too.
    pub(crate) canvas: Cell<Option<Canvas>>,
}

/// How long it is said what became of a PIN or badge.
const PIN_REMARK: Duration = Duration::from_secs(8);

/// Deeds that can be taken back, one after the other.
const MOST_UNDO: usize = 20;

impl App {
    /// A dashboard that shows the live screen.
    pub fn new(options: UiOptions) -> Self {
        Self {
            preview: options.first_preview(),
            options,
            screen: Screen::Live,
            behind_help: Screen::Live,
            pane: Pane::Camera,
            explaining: false,
            enrolling: Enrolling::No,
            asked: None,
            correcting: Correcting::No,
            pin: PinEntry::default(),
            pin_problem: None,
            people: Listing::default(),
            person: PersonScreen::default(),
            attendance: Listing::default(),
            reports: Reports::default(),
            review: Review::default(),
            page: Page::default(),
            settings: Settings::default(),
            log: LogView::Following,
            controls: ControlsList::default(),
            help_scroll: 0,
            palette: None,
            dialog: None,
            remark: None,
            remark_ends: None,
            events: 0,
            seat: Seat::default(),
            lost: None,
            undo: Vec::new(),
            changing: 0,
            welcome: Welcome::default(),
            trends: Trends::default(),
            weeks: Weeks::default(),
            steady: RefCell::default(),
            canvas: Cell::default(),
        }
    }

    /// Does what `input` means at `now` and says what shall be done about it.
    pub fn handle(&mut self, input: Input, station: &StationView, now: &Moment) -> Vec<Action> {
        self.follow(station);
        if self.options.is_kiosk {
            return self.handle_at_the_door(input, now);
        }
        match input {
            Input::Key(key) => {
                let actions = self.key(key, station, now);
                let is_change = |action: &&Action| match action {
                    Action::Send(Command::Ask(question)) => question.is_change(),
                    _ => false,
                };
                self.changing += actions.iter().filter(is_change).count();
                actions
            }
            Input::Paste(text) => {
                self.paste(&text, station);
                Vec::new()
            }
            Input::Badge(typed) => self.badge(&typed, station, now),
            Input::Resized => Vec::new(),
            Input::Lost(reason) => vec![Action::TerminalLost(reason)],
        }
    }

    /// By how much the preview's colours may be off before they are drawn again.
    pub fn set_tolerance(&mut self, tolerance: u8) {
        self.steady.get_mut().tolerance = tolerance;
    }

    /// Tells which front end this is, and what has happened before it was there.
    pub fn join(&mut self, seat: Seat, station: &StationView) {
        self.seat = seat;
        if station.log().written() < self.events {
            // It is another station, whose clock is another, too.
            self.events = 0;
            self.trends = Trends::default();
        }
        self.remark_ends = None;
        self.follow(station);
        self.welcome.dismiss();
        self.welcome.take_news();
    }

    /// Takes on other options while it runs. A way of drawing that was chosen by a key stays,
    /// unless the options want another than before.
    pub fn set_options(&mut self, options: UiOptions) {
        if options.preview != self.options.preview {
            self.preview = options.first_preview();
        }
        self.options = options;
    }

    /// Tells why the station cannot be heard, while it cannot.
    pub fn set_lost(&mut self, why: Option<Message>) {
        self.lost = why;
    }

    pub(crate) fn lost(&self) -> Option<&Message> {
        self.lost.as_ref()
    }

    /// Takes in what has happened since; to be called before drawing.
    pub fn follow(&mut self, station: &StationView) {
        for entry in station.log().since(self.events) {
            self.welcome.take(entry);
            self.trends.take(entry);
        }
        self.events = station.log().written();
    }

    /// Whether the enrolment that is going on was begun here.
    pub(crate) fn is_enrolling(&self, station: &StationView) -> bool {
        let enroller = station.enrolment.enroller.as_ref();
        enroller.is_none_or(|(seat, _)| *seat == self.seat)
    }

    /// Ties the selection of the lists to the people that are drawn now; to be called right
    /// before drawing. A key is meant for what was on the screen, whatever comes between.
    pub fn settle(&mut self, station: &StationView, now: &Moment) {
        self.asked = None;
        self.screen.behaviour().settle(self, station, now);
    }

    /// Takes in how long a frame takes now, for the charts, and forgets what has been said
    /// long enough.
    pub fn observe(&mut self, now: &Moment, frame_time: Option<Duration>) {
        if self.remark_ends.is_some_and(|ends| ends <= now.monotonic) {
            self.remark = None;
            self.remark_ends = None;
        }
        self.trends.observe(now.monotonic, frame_time);
    }

    /// Says what came of something; until the next key.
    pub fn tell(&mut self, remark: Outcome) {
        self.remark = Some(remark);
        self.remark_ends = None;
    }

    /// Whether somebody has punched since this was asked last.
    pub fn take_news(&mut self) -> bool {
        self.welcome.take_news()
    }

    /// What has to be read now for the screen.
    pub fn due(&mut self, station: &StationView) -> Vec<Question> {
        let question = self.screen.behaviour().due(self, station);
        question.into_iter().collect()
    }

    /// Whether the camera's controls are on the screen, and worth being read.
    pub fn shows_camera(&self) -> bool {
        self.screen == Screen::Camera
    }

    /// How many pixels across a picture should have that is shown now; none if none is.
    pub fn preview_width(&self, fine: u32, coarse: u32) -> Option<u32> {
        match self.preview {
            _ if self.screen != Screen::Live => None,
            PreviewMode::Off => None,
            PreviewMode::Pixels => Some(fine),
            PreviewMode::HalfBlocks
            | PreviewMode::Quadrants
            | PreviewMode::Braille
            | PreviewMode::Ascii => Some(coarse),
        }
    }

    /// The face that is being enrolled.
    pub(crate) fn chosen_face(&self, station: &StationView) -> Option<TrackId> {
        match &self.enrolling {
            Enrolling::Form(form) => form.face(),
            _ => station.mode().chosen_face().map(|face| face.track),
        }
    }

    /// The name for the status bar.
    pub(crate) fn station_name(&self) -> &str {
        &self.options.station_name
    }

    /// Whom the banner greets now, if anybody.
    pub(crate) fn greeting(&self, now: &Moment) -> Option<&Greeting> {
        self.welcome.greeting(now.monotonic, self.options.banner)
    }

    /// Whether it is for the people at the door.
    pub(crate) fn is_kiosk(&self) -> bool {
        self.options.is_kiosk
    }

    /// Who signs what is done here, unless another name is typed.
    pub(crate) fn operator(&self) -> &str {
        &self.options.operator
    }

    /// What leaving the dashboard means.
    pub(crate) fn leaving(&self) -> Leaving {
        self.options.leaving
    }

    pub(crate) fn has_pixels(&self) -> bool {
        self.options.has_pixels
    }

    pub(crate) fn theme(&self) -> Theme {
        self.options.theme()
    }
}

impl UiOptions {
    fn first_preview(&self) -> PreviewMode {
        self.preview.unwrap_or(if self.has_pixels {
            PreviewMode::Pixels
        } else {
            PreviewMode::HalfBlocks
        })
    }

    fn theme(&self) -> Theme {
        Theme {
            depth: self.colours,
            charset: self.charset,
            language: self.language,
            cell_aspect: self.cell.map_or(USUAL_ASPECT, |(width, height)| {
                f32::from(height) / f32::from(width.max(1))
            }),
            has_pixels: self.has_pixels,
        }
    }
}

/// The way of drawing the preview that comes after this one.
fn next_preview(mode: PreviewMode, has_pixels: bool) -> PreviewMode {
    match mode {
        PreviewMode::HalfBlocks => PreviewMode::Quadrants,
        PreviewMode::Quadrants => PreviewMode::Braille,
        PreviewMode::Braille => PreviewMode::Ascii,
        PreviewMode::Ascii => PreviewMode::Off,
        PreviewMode::Off if has_pixels => PreviewMode::Pixels,
        PreviewMode::Off | PreviewMode::Pixels => PreviewMode::HalfBlocks,
    }
}

impl LogView {
    /// The line on top, counted from the first ever written, which is 1.
    pub(crate) fn top(self, written: u64) -> u64 {
        match self {
            LogView::Following => written,
            LogView::Held(line) => line.min(written),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
