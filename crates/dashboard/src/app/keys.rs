//! What each key means where.

use rollcall_messages::Text;
use crate::say;
use super::{Action, App, Enrolling, LogView, Pane, Screen, next_preview};
use crate::camera_controls::ControlKey;
use crate::command::{self, Command, Deed, Motion};
use crate::correcting::{Correcting, FormKey};
use crate::correction_form::CorrectionForm;
use crate::dialog::{Dialog, DialogStep, Leaving};
use crate::enrol_form::{ConsentQuestion, EnrolForm, FormStep};
use crate::input::Key;
use crate::listing::{Listing, filtered_people};
use crate::page::PageKey;
use crate::palette::{Palette, PaletteStep};
use crate::person::{Doing, PersonKey};
use crate::pin_entry::PinStep;
use crate::reports::Period;
use crate::review::ReviewKey;
use crate::settings::SettingsKey;
use chrono::NaiveDateTime;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonId;
use rollcall_core::pin::Pin;
use rollcall_protocol as protocol;
use rollcall_protocol::Question;
use rollcall_protocol::ReportQuery;
use rollcall_protocol::{ModeView, StationView};

/// The last line of the help that can be the first one shown.
const LAST_HELP_LINE: usize = 60;

impl App {
    pub(super) fn key(&mut self, key: Key, station: &StationView, now: &Moment) -> Vec<Action> {
        if key == Key::Ctrl('c') {
            return vec![Action::Quit];
        }
        if key == Key::Ctrl('z') {
            return vec![Action::Suspend];
        }
        self.remark = None;
        let key = self.in_own_language(key);
        // Whoever takes the banner away does not mean what the key would do behind it.
        if self.greeting(now).is_some() {
            self.welcome.dismiss();
            if matches!(key, Key::Esc | Key::Enter | Key::Char(' ')) {
                return Vec::new();
            }
        }
        if let Some(dialog) = &self.dialog {
            match dialog.handle(key) {
                DialogStep::Stay => return Vec::new(),
                DialogStep::Close => {
                    self.dialog = None;
                    return Vec::new();
                }
                DialogStep::Leave => {
                    self.dialog = None;
                    return vec![Action::Quit];
                }
            }
        }
        if let Some(palette) = &mut self.palette {
            let theme = self.options.theme();
            match palette.handle(key, theme) {
                PaletteStep::Stay => return Vec::new(),
                PaletteStep::Close => {
                    self.palette = None;
                    return Vec::new();
                }
                PaletteStep::Run(command) => {
                    self.palette = None;
                    return self.perform(command, station);
                }
            }
        }
        // A form that comes back with a refusal takes no keys that are meant elsewhere.
        if self.screen == Screen::Attendance {
            match self.correcting.handle(key, station) {
                FormKey::NoForm => {}
                FormKey::Taken => return Vec::new(),
                FormKey::Submitted(draft) => return vec![intend(Intent::Correct(Box::new(draft)))],
            }
        }
        if let (Enrolling::Form(form), Screen::Live) = (&mut self.enrolling, self.screen) {
            return match form.handle(key, station) {
                FormStep::Stay => Vec::new(),
                FormStep::Close => {
                    self.enrolling = Enrolling::No;
                    vec![intend(Intent::CancelEnrolment)]
                }
                FormStep::FindFace(intent) => vec![intend(intent)],
                FormStep::Submit(intent) => self.submit(intent),
            };
        }
        if self.screen == Screen::Live
            && let Some(actions) = self.key_of_enrolment(key, station)
        {
            return actions;
        }
        if let Some(actions) = self.key_of_screen(key, station, now) {
            return actions;
        }
        match (key, command::of_key(key), Deed::of(key)) {
            (Key::Esc, ..) => {
                self.back();
                Vec::new()
            }
            (_, Some(command), _) => self.perform(command, station),
            (.., Some(deed)) if deed.is_on(self.screen) => {
                self.notice(say::NOTHING_TO_DO_IT_TO);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The letter that means yes in the operator's language, where a question is asked.
    fn in_own_language(&self, key: Key) -> Key {
        let Key::Char(typed) = key else {
            return key;
        };
        let yes = self.theme().t(say::YES_KEY).chars().next();
        let lower = Key::Char(typed.to_ascii_lowercase());
        let is_yes = typed.to_lowercase().next() == yes || command::is_yes(lower);
        if self.is_asking() && is_yes {
            command::YES
        } else {
            key
        }
    }

    /// Whether a yes or no is waited for.
    fn is_asking(&self) -> bool {
        let is_consent_asked = matches!(&self.enrolling, Enrolling::Form(form)
            if form.consent == ConsentQuestion::Now && self.screen == Screen::Live);
        self.dialog == Some(Dialog::Leave)
            || self.asked.is_some() && self.screen == Screen::Live
            || self.correcting.signing().is_some()
            || is_consent_asked
            || matches!(self.person.doing, Doing::Confirming(_)) && self.screen == Screen::Person
            || self.review.question.is_some() && self.screen == Screen::Review
            || self.page.is_confirming && self.screen == Screen::Calibration
    }

    /// One screen back. From the live screen there is none.
    fn back(&mut self) {
        let screen = match self.screen {
            Screen::Help => self.behind_help,
            Screen::Person => Screen::People,
            _ => Screen::Live,
        };
        if self.screen == Screen::Review {
            self.review.leave();
        }
        self.screen = screen;
    }

    /// Says why something is not begun. Words that are typed for it lead nowhere.
    fn notice(&mut self, words: Text) {
        self.dialog = Some(Dialog::Notice(words));
    }

    /// Does what a badge means that was held to a reader: a punch on every screen, also in
    /// the middle of a form, of which nothing is touched. Where a PIN is asked for it is
    /// that; and what is more likely to have been typed is typed.
    pub(super) fn badge(
        &mut self,
        typed: &str,
        station: &StationView,
        now: &Moment,
    ) -> Vec<Action> {
        let is_for_field = self.screen == Screen::Person && self.person.is_typing_pin();
        let is_for_text = self.is_typing() && is_word(typed);
        match Pin::parse(typed) {
            Ok(pin) if !is_for_field && !is_for_text => {
                vec![intend(Intent::EnterPin(pin))]
            }
            _ => {
                let keys = typed.chars().map(Key::Char).chain([Key::Enter]);
                keys.flat_map(|key| self.key(key, station, now)).collect()
            }
        }
    }

    /// Whether keys go into a text.
    fn is_typing(&self) -> bool {
        self.palette.is_some()
            || self.correcting.form().is_some() && self.screen == Screen::Attendance
            || match self.screen {
                Screen::Live => matches!(self.enrolling, Enrolling::Form(_)),
                Screen::People => self.people.filter.is_typing(),
                Screen::Attendance => self.attendance.filter.is_typing(),
                Screen::Person => matches!(self.person.doing, Doing::Typing(..)),
                Screen::Review => self.review.form.is_some(),
                Screen::Settings => {
                    self.settings.editing.is_some() || self.settings.filter.is_typing()
                }
                Screen::Calibration | Screen::Audit | Screen::Doctor => {
                    self.page.filter.is_typing()
                }
                _ => false,
            }
    }

    /// Does what `key` means while samples are taken or shown.
    fn key_of_enrolment(&mut self, key: Key, station: &StationView) -> Option<Vec<Action>> {
        let is_back = key == Key::Esc || command::of_key(key) == Some(Command::Back);
        if !self.is_enrolling(station) {
            return None;
        }
        let intent = match station.mode() {
            ModeView::Enrolling(_) | ModeView::Confirming(_) if is_back => {
                self.enrolling = Enrolling::No;
                Intent::CancelEnrolment
            }
            ModeView::Confirming(_) if command::is_yes(key) => {
                // What was on the screen, even if something else is asked by now.
                let (code, another_than) = self.asked.clone()?;
                Intent::ConfirmEnrolment { code, another_than }
            }
            _ => return None,
        };
        Some(vec![intend(intent)])
    }

    /// Does what a command says, wherever it was given.
    fn perform(&mut self, command: Command, station: &StationView) -> Vec<Action> {
        match command {
            Command::Go(screen) => self.go(screen),
            Command::Enrol => return self.open_form(station),
            Command::Find => {
                self.go(Screen::People);
                self.people.filter.begin();
            }
            Command::Back if self.screen != Screen::Live => self.back(),
            Command::Back | Command::Quit if self.leaving() == Leaving::LeavesItRunning => {
                return vec![Action::Quit];
            }
            Command::Back | Command::Quit => self.dialog = Some(Dialog::Leave),
            Command::Report(period) => {
                self.go(Screen::Attendance);
                self.reports.period = period;
            }
            Command::Export => return vec![self.export(station)],
            Command::Explain => {
                self.go(Screen::Live);
                self.explaining = !self.explaining;
            }
            Command::NextPreview => self.preview = next_preview(self.preview, self.has_pixels()),
            Command::Preview(mode) => self.preview = mode,
            Command::Undo if self.changing > 0 => {
                self.remark = Some(Err(say::CHANGE_BEING_WRITTEN.into()));
            }
            Command::Undo => {
                if let Some(question) = self.undo.pop() {
                    return vec![ask(question)];
                }
                self.remark = Some(Err(say::NOTHING_TO_UNDO.into()));
            }
            Command::Palette => self.palette = Some(Palette::default()),
            Command::Suspend => return vec![Action::Suspend],
        }
        Vec::new()
    }

    fn go(&mut self, screen: Screen) {
        if screen == Screen::Help {
            if self.screen != Screen::Help {
                self.behind_help = self.screen;
            }
            self.help_scroll = 0;
        }
        if self.screen == Screen::Review && screen != Screen::Review {
            self.review.leave();
        }
        match screen {
            Screen::Attendance => self.reports.period = Period::Today,
            Screen::Log => self.log = LogView::Following,
            Screen::Settings => self.settings.ask_again(),
            _ => {}
        }
        if let Some(kind) = screen.page() {
            self.page.open(kind);
        }
        self.screen = screen;
    }

    /// The days that are on the screen, to be written into a file.
    fn export(&self, station: &StationView) -> Action {
        let today = station.local_day();
        let query = self.reports.query(today).unwrap_or(ReportQuery {
            from: today,
            to: today,
        });
        ask(Question::Export(query))
    }

    /// Does what `key` means on this screen only; `None` if it means nothing special.
    fn key_of_screen(
        &mut self,
        key: Key,
        station: &StationView,
        now: &Moment,
    ) -> Option<Vec<Action>> {
        let nothing = || Some(Vec::new());
        let operator = self.options.operator.clone();
        let is_taken = match self.screen {
            Screen::Live => return self.key_of_live(key, now),
            Screen::People => {
                let rows = people_ids(station, &self.people);
                let selected = self.people.selected(&rows);
                if let (Key::Enter, false, Some(person)) = (
                    key,
                    self.people.filter.is_typing(),
                    selected.and_then(|id| station.person(id)),
                ) {
                    self.person.open(person.code.clone());
                    self.screen = Screen::Person;
                    return nothing();
                }
                self.people.handle(key, &rows)
            }
            Screen::Person => match self.person.handle(key, &operator) {
                PersonKey::Pass => false,
                PersonKey::Taken => true,
                PersonKey::Do(deed) => {
                    return Some(vec![ask(Question::ChangePerson(deed))]);
                }
            },
            Screen::Attendance => {
                let filter = self.attendance.filter.text();
                let rows = self.reports.ids(station, now, filter);
                if !self.attendance.filter.is_typing() {
                    match Deed::of(key) {
                        Some(Deed::Correct) => {
                            self.correct(&rows, station);
                            return nothing();
                        }
                        Some(Deed::Export) => return Some(vec![self.export(station)]),
                        _ if self.reports.handle(key, station.local_day()) => return nothing(),
                        _ => {}
                    }
                }
                self.attendance.handle(key, &rows)
            }
            Screen::Review => match self.review.handle(key, station, &operator) {
                ReviewKey::Pass => false,
                ReviewKey::Taken => true,
                ReviewKey::Do(deed) => return Some(vec![ask(Question::Review(deed))]),
            },
            Screen::Calibration | Screen::Audit | Screen::Doctor => match self.page.handle(key) {
                PageKey::Pass => false,
                PageKey::Taken => true,
                PageKey::WriteThreshold => {
                    let shown = self.page.lines();
                    return Some(vec![ask(Question::WriteThreshold(shown))]);
                }
            },
            Screen::Settings => match self.settings.handle(key, &operator) {
                SettingsKey::Pass => false,
                SettingsKey::Taken => true,
                SettingsKey::Change(change) => {
                    return Some(vec![ask(Question::ChangeSetting(change))]);
                }
            },
            Screen::Camera if key == Key::Enter => return Some(vec![self.test_camera()]),
            Screen::Camera => match self.controls.handle(key) {
                ControlKey::Pass => false,
                ControlKey::Taken => true,
                ControlKey::Change(change) => {
                    return Some(vec![Action::Send(protocol::Command::ChangeControl(change))]);
                }
            },
            Screen::Charts => false,
            Screen::Log => self.key_of_log(key, station),
            Screen::Help => self.key_of_help(key),
        };
        is_taken.then(Vec::new)
    }

    fn test_camera(&mut self) -> Action {
        self.tell(Ok(say::CAMERA_TESTING.into()));
        Action::Send(protocol::Command::TestCamera)
    }

    fn key_of_help(&mut self, key: Key) -> bool {
        if let Some(motion) = Motion::of(key) {
            self.help_scroll = motion.from(self.help_scroll, LAST_HELP_LINE);
        } else if command::of_key(key) == Some(Command::Go(Screen::Help)) {
            self.back();
        } else {
            return false;
        }
        true
    }

    fn key_of_live(&mut self, key: Key, now: &Moment) -> Option<Vec<Action>> {
        self.pin_problem = None;
        match self.pin.handle(key, now.monotonic) {
            PinStep::Pass => {}
            PinStep::Taken => return Some(Vec::new()),
            PinStep::Entered(Ok(pin)) => {
                return Some(vec![intend(Intent::EnterPin(pin))]);
            }
            PinStep::Entered(Err(problem)) => {
                self.pin_problem = Some(problem.to_string());
                return Some(Vec::new());
            }
        }
        match key {
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
            _ => return None,
        }
        Some(Vec::new())
    }

    fn key_of_log(&mut self, key: Key, station: &StationView) -> bool {
        let written = station.log().written();
        let oldest = station.log().first_kept().max(1);
        let top = self.log.top(written);
        let Some(motion) = Motion::of(key) else {
            return false;
        };
        // The newest line is the first one.
        let row = motion.from(
            (written - top) as usize,
            (written.max(oldest) - oldest) as usize,
        );
        self.log = match row {
            0 => LogView::Following,
            row => LogView::Held(written - row as u64),
        };
        true
    }

    fn open_form(&mut self, station: &StationView) -> Vec<Action> {
        if matches!(self.enrolling, Enrolling::Form(_)) {
            // One that was refused waits there.
            self.screen = Screen::Live;
        } else if let Some((_, name)) = station.enrolment.enroller.as_ref()
            && !self.is_enrolling(station)
        {
            let busy = say::enrolling_elsewhere(name);
            self.remark = Some(Err(busy));
        } else if matches!(station.mode(), ModeView::Live | ModeView::Choosing(_)) {
            self.screen = Screen::Live;
            let consent = if self.options.ask_consent {
                ConsentQuestion::Later
            } else {
                ConsentQuestion::No
            };
            self.enrolling = Enrolling::Form(EnrolForm::asking(consent));
            // The face is the one that is there now, not whoever stands there later.
            return vec![intend(Intent::ChooseFace)];
        } else {
            self.notice(say::ENROLLING_ALREADY);
        }
        Vec::new()
    }

    /// Opens the form for the marked day of the selected person, whether there is anything
    /// in it or not, or says why it cannot be opened.
    fn correct(&mut self, rows: &[PersonId], station: &StationView) {
        if matches!(self.correcting, Correcting::Submitted { .. }) {
            return self.notice(say::CORRECTION_SAVING);
        }
        let Some(person) = self.attendance.selected(rows) else {
            return self.notice(say::NOBODY_TO_CORRECT);
        };
        let today = station.local_day();
        let events = match self.reports.period {
            Period::Today => station.events_of(person).to_vec(),
            Period::Day | Period::Week | Period::Month => self.reports.events_of(person, today),
        };
        let day = (self.reports.marked(today), events);
        let form = CorrectionForm::open(person, day, station, &self.options.operator);
        self.correcting = Correcting::Form(Box::new(form));
    }

    fn submit(&mut self, intent: Intent<NaiveDateTime>) -> Vec<Action> {
        if let (Intent::Enrol { code, .. }, Enrolling::Form(form)) = (&intent, &self.enrolling) {
            self.enrolling = Enrolling::Submitted {
                form: form.clone(),
                code: code.clone(),
            };
        }
        vec![intend(intent)]
    }

    pub(super) fn paste(&mut self, text: &str, station: &StationView) {
        if self.dialog.is_some() || self.correcting.signing().is_some() {
            return;
        }
        if let Some(palette) = &mut self.palette {
            return palette.field.insert(text);
        }
        if let (Correcting::Form(form), Screen::Attendance) = (&mut self.correcting, self.screen) {
            return form.paste(text);
        }
        match (&mut self.enrolling, self.screen) {
            (Enrolling::Form(form), Screen::Live) => form.paste(text),
            (_, Screen::Review) => self.review.paste(text, station),
            (_, Screen::Settings) => self.settings.paste(text),
            (_, Screen::Person) => self.person.paste(text),
            (_, Screen::Calibration | Screen::Audit | Screen::Doctor) => {
                self.page.filter.paste(text);
            }
            (_, Screen::People) => self.people.filter.paste(text),
            (_, Screen::Attendance) => self.attendance.filter.paste(text),
            _ => {}
        }
    }
}

fn intend(intent: Intent<NaiveDateTime>) -> Action {
    Action::Send(protocol::Command::Intent(intent))
}

fn ask(question: Question) -> Action {
    Action::Send(protocol::Command::Ask(question))
}

pub(super) fn people_ids(station: &StationView, listing: &Listing) -> Vec<PersonId> {
    let people = filtered_people(station, listing.filter.text());
    people.into_iter().map(|person| person.id).collect()
}

/// Whether a number in letters and digits is more likely to have been typed than read: a
/// reader that sends no frame sends decimal or hexadecimal digits.
fn is_word(typed: &str) -> bool {
    typed.chars().all(|c| c.is_ascii_alphanumeric())
        && !typed.chars().all(|c| c.is_ascii_hexdigit())
}
