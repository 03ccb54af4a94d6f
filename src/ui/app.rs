//! What the operator is looking at and doing: screens, lists, the enrolment form.
//!
//! [`App::handle`] decides what a key means. It changes only the app; what shall
//! happen to the station goes out as [`Action`]s.

use std::cell::RefCell;

use super::camera_controls::{CameraControl, ControlChange, ControlKey, ControlsList};
use super::colour::ColourDepth;
use super::correcting::{Correcting, FormKey};
use super::correction_form::{CorrectionDraft, CorrectionForm};
use super::enrol_form::{ConsentQuestion, EnrolForm, FormStep};
use super::input::{Input, Key};
use super::listing::{Focus, Listing, filtered_people};
use super::pin_entry::{PinEntry, PinStep};
use super::reports::{Period, ReportQuery, Reports};
use super::review::{Review, ReviewKey};
use super::theme::{Charset, Theme};
use super::widgets::Steady;
use crate::core::event::Intent;
use crate::core::frame::Moment;
use crate::core::notice::Notice;
use crate::core::person::{PersonId, PersonName};
use crate::core::review::{ReviewDeed, Visitor};
use crate::core::station::{Mode, Station};
use crate::core::worktime::period::PersonDays;

/// What is known before the dashboard starts.
#[derive(Debug, Clone)]
pub struct UiOptions {
    /// Name of the station, for the status bar.
    pub station_name: String,
    /// Colours the terminal has.
    pub colours: ColourDepth,
    /// Characters the terminal has.
    pub charset: Charset,
    /// How the preview is drawn at first.
    pub preview: PreviewMode,
    /// Who signs corrections, unless another name is typed.
    pub operator: String,
    /// Whether people are asked before they are enrolled.
    pub ask_consent: bool,
}

/// How the preview is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewMode {
    /// Two pixels in each character cell. A terminal without Unicode or colour
    /// cannot show them and gets ASCII instead.
    HalfBlocks,
    /// Four pixels in each cell, in two colours; ASCII where half-blocks are too.
    Quadrants,
    /// Eight dots in each cell, without colour; ASCII without Unicode.
    Braille,
    /// Characters by brightness.
    Ascii,
    /// Not at all.
    Off,
}

/// What the runtime shall do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Give this to the station.
    Intent(Intent),
    /// Find out which moments this correction means, and give it to the station.
    Correct(CorrectionDraft),
    /// Do this about faces without a name.
    Review(ReviewDeed),
    /// Change a control of the camera.
    ChangeControl(ControlChange),
    /// End the program.
    Quit,
    /// Go on without a dashboard, or end: the terminal is gone, for this reason.
    TerminalLost(String),
}

/// What fills the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Live,
    People,
    Attendance,
    Review,
    Log,
    Camera,
    Help,
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
    Submitted {
        form: EnrolForm,
        name: PersonName,
        /// Lines in the station's log before; what comes after is the answer.
        log_lines: u64,
    },
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
    options: UiOptions,
    pub(crate) preview: PreviewMode,
    pub(crate) screen: Screen,
    /// Where Esc leads from the help.
    behind_help: Screen,
    pub(crate) pane: Pane,
    /// Whether the live screen says why each face has its name.
    pub(crate) explaining: bool,
    pub(crate) enrolling: Enrolling,
    pub(crate) correcting: Correcting,
    pub(crate) pin: PinEntry,
    /// Why the last digits were no PIN; until the next key.
    pub(crate) pin_problem: Option<String>,
    pub(crate) people: Listing,
    pub(crate) attendance: Listing,
    pub(crate) reports: Reports,
    pub(crate) review: Review,
    pub(crate) log: LogView,
    pub(crate) controls: ControlsList,
    pub(crate) help_scroll: u16,
    /// What the preview shows. Drawing writes it, which is why it is in a cell: all else
    /// that is drawn from is only read.
    pub(crate) steady: RefCell<Steady>,
}

/// Lines that Page Up and Page Down scroll by.
const PAGE: u16 = 10;

impl App {
    /// A dashboard that shows the live screen.
    pub fn new(options: UiOptions) -> Self {
        Self {
            preview: options.preview,
            options,
            screen: Screen::Live,
            behind_help: Screen::Live,
            pane: Pane::Camera,
            explaining: false,
            enrolling: Enrolling::No,
            correcting: Correcting::No,
            pin: PinEntry::default(),
            pin_problem: None,
            people: Listing::default(),
            attendance: Listing::default(),
            reports: Reports::default(),
            review: Review::default(),
            log: LogView::Following,
            controls: ControlsList::default(),
            help_scroll: 0,
            steady: RefCell::default(),
        }
    }

    /// Does what `input` means at `now` and says what shall be done about it.
    pub fn handle(&mut self, input: Input, station: &Station, now: &Moment) -> Vec<Action> {
        self.follow(station);
        match input {
            Input::Key(key) => self.key(key, station, now),
            Input::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Input::Resized => Vec::new(),
            Input::Lost(reason) => vec![Action::TerminalLost(reason)],
        }
    }

    /// By how much the preview's colours may be off before they are drawn again.
    pub fn set_tolerance(&mut self, tolerance: u8) {
        self.steady.get_mut().tolerance = tolerance;
    }

    /// Takes in what the station has done since; to be called before drawing.
    ///
    /// A refused enrolment brings the form back, with what was typed and the reason.
    pub fn follow(&mut self, station: &Station) {
        self.correcting.follow(station);
        let Enrolling::Submitted {
            form,
            name,
            log_lines,
        } = &self.enrolling
        else {
            return;
        };
        let answer = station.log().since(*log_lines).find_map(|entry| {
            let (who, refused) = match &entry.notice {
                Notice::Enrolled { name, .. } | Notice::EnrolmentCancelled { name } => {
                    (name, false)
                }
                Notice::EnrolmentRefused { name, .. } | Notice::EnrolmentTimedOut { name } => {
                    (name, true)
                }
                _ => return None,
            };
            (who == name).then(|| refused.then(|| entry.notice.to_string()))
        });
        self.enrolling = match answer {
            None => return,
            Some(None) => Enrolling::No,
            Some(Some(reason)) => {
                self.screen = Screen::Live;
                Enrolling::Form(form.clone().refused(reason))
            }
        };
    }

    /// The days that have to be read now for the screen, if any.
    pub fn report_due(&mut self, station: &Station) -> Option<ReportQuery> {
        if self.screen == Screen::Attendance {
            self.reports.due(station)
        } else {
            None
        }
    }

    /// Takes the days that were read, or why they could not be.
    pub fn show_report(&mut self, query: ReportQuery, days: Result<Vec<PersonDays>, String>) {
        self.reports.take(query, days);
    }

    /// Whether the faces without a name have to be read now for the screen.
    pub fn visitors_due(&mut self, station: &Station) -> bool {
        self.screen == Screen::Review && self.review.is_due(station)
    }

    /// Takes the faces without a name, or why they could not be read.
    pub fn show_visitors(&mut self, visitors: Result<Vec<Visitor>, String>) {
        self.review.show(visitors);
    }

    /// Takes what came of a [`ReviewDeed`].
    pub fn show_reviewed(&mut self, told: Result<String, String>) {
        self.review.told(told);
    }

    /// Whether the camera's controls are on the screen, and worth being read.
    pub fn shows_camera(&self) -> bool {
        self.screen == Screen::Camera
    }

    /// Takes the camera's controls as they are, and what there is to say of them.
    pub fn show_controls(&mut self, controls: Vec<CameraControl>, remark: String) {
        self.controls.show(controls, remark);
    }

    /// The name for the status bar.
    pub(crate) fn station_name(&self) -> &str {
        &self.options.station_name
    }

    pub(crate) fn theme(&self) -> Theme {
        Theme {
            depth: self.options.colours,
            charset: self.options.charset,
        }
    }

    fn key(&mut self, key: Key, station: &Station, now: &Moment) -> Vec<Action> {
        if key == Key::Ctrl('c') {
            return vec![Action::Quit];
        }
        match self.correcting.handle(key, station) {
            FormKey::NoForm => {}
            FormKey::Taken => return Vec::new(),
            FormKey::Submitted(draft) => return vec![Action::Correct(draft)],
        }
        if let Enrolling::Form(form) = &mut self.enrolling {
            return match form.handle(key, station) {
                FormStep::Stay => Vec::new(),
                FormStep::Close => {
                    self.enrolling = Enrolling::No;
                    Vec::new()
                }
                FormStep::Submit(intent) => self.submit(intent, station),
            };
        }
        if matches!(station.mode(), Mode::Enrolling(_)) && matches!(key, Key::Esc | Key::Char('q'))
        {
            self.enrolling = Enrolling::No;
            return vec![Action::Intent(Intent::CancelEnrolment)];
        }
        if self.screen == Screen::Live {
            self.pin_problem = None;
            match self.pin.handle(key, now.monotonic) {
                PinStep::Pass => {}
                PinStep::Taken => return Vec::new(),
                PinStep::Entered(Ok(pin)) => return vec![Action::Intent(Intent::EnterPin(pin))],
                PinStep::Entered(Err(problem)) => {
                    self.pin_problem = Some(problem.to_string());
                    return Vec::new();
                }
            }
        }
        if self.screen == Screen::Review {
            match self.review.handle(key, station, &self.options.operator) {
                ReviewKey::Pass => self.review.leave(),
                ReviewKey::Taken => return Vec::new(),
                ReviewKey::Do(deed) => return vec![Action::Review(deed)],
            }
        }
        if self.screen == Screen::Camera {
            match self.controls.handle(key) {
                ControlKey::Pass => {}
                ControlKey::Taken => return Vec::new(),
                ControlKey::Change(change) => return vec![Action::ChangeControl(change)],
            }
        }
        if self.key_of_screen(key, station, now) {
            return Vec::new();
        }
        match key {
            Key::Char('q') => return vec![Action::Quit],
            Key::Char('e') => self.open_form(station),
            Key::Char('p') => self.screen = Screen::People,
            Key::Char('t') => {
                self.screen = Screen::Attendance;
                self.reports.period = Period::Today;
            }
            Key::Char('c') => self.screen = Screen::Camera,
            Key::Char('r') => self.screen = Screen::Review,
            Key::Char('l') => {
                self.screen = Screen::Log;
                self.log = LogView::Following;
            }
            Key::Char('?') if self.screen != Screen::Help => {
                self.behind_help = self.screen;
                self.screen = Screen::Help;
                self.help_scroll = 0;
            }
            Key::Char('v') => self.preview = self.preview.next(),
            Key::Esc if self.screen == Screen::Help => self.screen = self.behind_help,
            Key::Esc => self.screen = Screen::Live,
            _ => {}
        }
        Vec::new()
    }

    /// Does what `key` means on this screen only; `false` if it means nothing special.
    fn key_of_screen(&mut self, key: Key, station: &Station, now: &Moment) -> bool {
        match self.screen {
            Screen::Live => self.key_of_live(key),
            Screen::People => {
                let rows = people_ids(station, &self.people);
                self.people.handle(key, &rows)
            }
            Screen::Attendance => {
                let filter = self.attendance.filter.text();
                let rows = self.reports.ids(station, now, filter);
                if self.attendance.focus == Focus::Rows {
                    if key == Key::Char('c') {
                        self.correct(&rows, station);
                        return true;
                    }
                    if self.reports.handle(key, station.local_day()) {
                        return true;
                    }
                }
                self.attendance.handle(key, &rows)
            }
            Screen::Log => self.key_of_log(key, station),
            Screen::Camera | Screen::Review => false,
            Screen::Help => {
                let scroll = self.help_scroll;
                self.help_scroll = match key {
                    Key::Up | Key::Char('k') => scroll.saturating_sub(1),
                    Key::Down | Key::Char('j') => scroll.saturating_add(1).min(PAGE * 5),
                    Key::PageUp => scroll.saturating_sub(PAGE),
                    Key::PageDown => scroll.saturating_add(PAGE).min(PAGE * 5),
                    Key::Home => 0,
                    Key::Char('?' | 'h') => {
                        self.screen = self.behind_help;
                        0
                    }
                    _ => return false,
                };
                true
            }
        }
    }

    fn key_of_live(&mut self, key: Key) -> bool {
        match key {
            Key::Char('/') => {
                self.screen = Screen::People;
                self.people.focus = Focus::Filter;
            }
            Key::Char('w') => self.explaining = !self.explaining,
            Key::Esc if self.explaining => self.explaining = false,
            Key::Tab | Key::Right => {
                self.pane = match self.pane {
                    Pane::Camera => Pane::Today,
                    Pane::Today => Pane::Log,
                    Pane::Log => Pane::Camera,
                };
            }
            Key::BackTab | Key::Left => {
                self.pane = match self.pane {
                    Pane::Camera => Pane::Log,
                    Pane::Today => Pane::Camera,
                    Pane::Log => Pane::Today,
                };
            }
            _ => return false,
        }
        true
    }

    fn key_of_log(&mut self, key: Key, station: &Station) -> bool {
        let written = station.log().written();
        let oldest = written + 1 - (station.log().iter().len() as u64).min(written + 1);
        let oldest = oldest.max(1);
        let top = self.log.top(written);
        let page = u64::from(PAGE);
        let top = match key {
            Key::Up | Key::Char('k') => top + 1,
            Key::Down | Key::Char('j') => top.saturating_sub(1),
            Key::PageUp => top + page,
            Key::PageDown => top.saturating_sub(page),
            Key::Home => written,
            Key::End => oldest,
            _ => return false,
        };
        self.log = if top >= written {
            LogView::Following
        } else {
            LogView::Held(top.max(oldest))
        };
        true
    }

    fn open_form(&mut self, station: &Station) {
        if matches!(station.mode(), Mode::Live) {
            self.screen = Screen::Live;
            let consent = if self.options.ask_consent {
                ConsentQuestion::Later
            } else {
                ConsentQuestion::No
            };
            self.enrolling = Enrolling::Form(EnrolForm::asking(consent));
        }
    }

    /// Opens the form for the selected person's day. Of several days none is meant, so
    /// that the first step is to choose one.
    fn correct(&mut self, rows: &[PersonId], station: &Station) {
        let Some(&person) = rows.get(self.attendance.selected_row(rows)) else {
            return;
        };
        let (day, events) = match self.reports.period {
            Period::Today => (station.local_day(), station.events_of(person).to_vec()),
            Period::Day => {
                let today = station.local_day();
                let day = self.reports.query(today).map_or(today, |query| query.from);
                (day, self.reports.events_of(person, today))
            }
            Period::Week | Period::Month => {
                self.reports.period = Period::Day;
                return;
            }
        };
        if !matches!(self.correcting, Correcting::Submitted { .. }) {
            let operator = &self.options.operator;
            let form = CorrectionForm::open(person, (day, events), station, operator);
            self.correcting = Correcting::Form(Box::new(form));
        }
    }

    fn submit(&mut self, intent: Intent, station: &Station) -> Vec<Action> {
        if let (Intent::Enrol { name, .. }, Enrolling::Form(form)) = (&intent, &self.enrolling) {
            self.enrolling = Enrolling::Submitted {
                form: form.clone(),
                name: name.clone(),
                log_lines: station.log().written(),
            };
        }
        vec![Action::Intent(intent)]
    }

    fn paste(&mut self, text: &str) {
        if let Correcting::Form(form) = &mut self.correcting {
            return form.paste(text);
        }
        match (&mut self.enrolling, self.screen) {
            (Enrolling::Form(form), _) => form.paste(text),
            (_, Screen::Review) => self.review.paste(text),
            (_, Screen::People) if self.people.focus == Focus::Filter => {
                self.people.filter.insert(text);
            }
            (_, Screen::Attendance) if self.attendance.focus == Focus::Filter => {
                self.attendance.filter.insert(text);
            }
            _ => {}
        }
    }
}

impl PreviewMode {
    fn next(self) -> Self {
        match self {
            PreviewMode::HalfBlocks => PreviewMode::Quadrants,
            PreviewMode::Quadrants => PreviewMode::Braille,
            PreviewMode::Braille => PreviewMode::Ascii,
            PreviewMode::Ascii => PreviewMode::Off,
            PreviewMode::Off => PreviewMode::HalfBlocks,
        }
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

fn people_ids(station: &Station, listing: &Listing) -> Vec<PersonId> {
    let people = filtered_people(station, &listing.filter);
    people.into_iter().map(|person| person.id).collect()
}

#[cfg(test)]
mod tests;
