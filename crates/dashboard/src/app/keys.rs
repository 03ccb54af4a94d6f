//! What each key means where.

use super::{Action, App, Enrolling, LogView, Pane, Screen};
use crate::camera_controls::ControlKey;
use crate::command::{self, Command};
use crate::correcting::{Correcting, FormKey};
use crate::correction_form::CorrectionForm;
use crate::enrol_form::{ConsentQuestion, EnrolForm, FormStep};
use crate::input::Key;
use crate::listing::{Listing, filtered_people};
use crate::page::PageKey;
use crate::palette::{Palette, PaletteStep};
use crate::person::PersonKey;
use crate::pin_entry::PinStep;
use crate::records::Question;
use crate::reports::{Period, ReportQuery};
use crate::review::ReviewKey;
use crate::settings::SettingsKey;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::person::PersonId;
use rollcall_core::station::{Mode, Station};

/// Lines that Page Up and Page Down scroll by.
const PAGE: u16 = 10;

impl App {
    pub(super) fn key(&mut self, key: Key, station: &Station, now: &Moment) -> Vec<Action> {
        if key == Key::Ctrl('c') {
            return vec![Action::Quit];
        }
        if key == Key::Ctrl('z') {
            return vec![Action::Suspend];
        }
        self.remark = None;
        // Whoever takes the banner away does not mean what the key would do behind it.
        if self.greeting(now).is_some() {
            self.welcome.dismiss();
            if matches!(key, Key::Esc | Key::Enter | Key::Char(' ')) {
                return Vec::new();
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
        if let Some(actions) = self.key_of_screen(key, station, now) {
            return actions;
        }
        match (key, command::of_key(key)) {
            (Key::Esc, _) => {
                self.screen = match self.screen {
                    Screen::Help => self.behind_help,
                    Screen::Person => Screen::People,
                    _ => Screen::Live,
                };
                Vec::new()
            }
            (_, Some(command)) => self.perform(command, station),
            _ => Vec::new(),
        }
    }

    /// Does what a command says, wherever it was given.
    fn perform(&mut self, command: Command, station: &Station) -> Vec<Action> {
        match command {
            Command::Go(screen) => self.go(screen),
            Command::Enrol => self.open_form(station),
            Command::Find => {
                self.go(Screen::People);
                self.people.filter.begin();
            }
            Command::Report(period) => {
                self.go(Screen::Attendance);
                self.reports.period = period;
            }
            Command::Export => return vec![self.export(station)],
            Command::Explain => {
                self.go(Screen::Live);
                self.explaining = !self.explaining;
            }
            Command::NextPreview => self.preview = self.preview.next(self.has_pixels()),
            Command::Preview(mode) => self.preview = mode,
            Command::Undo => {
                if let Some(question) = self.undo.pop() {
                    return vec![Action::Ask(question)];
                }
                let nothing =
                    english!("nothing to undo; punches are put right with c in the table");
                self.remark = Some(Err(nothing.to_owned()));
            }
            Command::Palette => self.palette = Some(Palette::default()),
            Command::Suspend => return vec![Action::Suspend],
            Command::Quit => return vec![Action::Quit],
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
    fn export(&self, station: &Station) -> Action {
        let today = station.local_day();
        let query = self.reports.query(today).unwrap_or(ReportQuery {
            from: today,
            to: today,
        });
        Action::Ask(Question::Export(query))
    }

    /// Does what `key` means on this screen only; `None` if it means nothing special.
    fn key_of_screen(&mut self, key: Key, station: &Station, now: &Moment) -> Option<Vec<Action>> {
        let nothing = || Some(Vec::new());
        let operator = self.options.operator.clone();
        let is_taken = match self.screen {
            Screen::Live => return self.key_of_live(key, now),
            Screen::People => {
                let rows = people_ids(station, &self.people);
                let selected = rows.get(self.people.selected_row(&rows));
                if let (Key::Enter, false, Some(person)) = (
                    key,
                    self.people.filter.is_typing(),
                    selected.and_then(|id| station.person(*id)),
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
                    return Some(vec![Action::Ask(Question::ChangePerson(deed))]);
                }
            },
            Screen::Attendance => {
                let filter = self.attendance.filter.text();
                let rows = self.reports.ids(station, now, filter);
                if !self.attendance.filter.is_typing() {
                    match key {
                        Key::Char('c') => {
                            self.correct(&rows, station);
                            return nothing();
                        }
                        Key::Char('x') => return Some(vec![self.export(station)]),
                        key if self.reports.handle(key, station.local_day()) => return nothing(),
                        _ => {}
                    }
                }
                self.attendance.handle(key, &rows)
            }
            Screen::Review => match self.review.handle(key, station, &operator) {
                ReviewKey::Pass => false,
                ReviewKey::Taken => true,
                ReviewKey::Do(deed) => return Some(vec![Action::Ask(Question::Review(deed))]),
            },
            Screen::Calibration | Screen::Audit | Screen::Doctor => match self.page.handle(key) {
                PageKey::Pass => false,
                PageKey::Taken => true,
                PageKey::WriteThreshold => {
                    return Some(vec![Action::Ask(Question::WriteThreshold)]);
                }
            },
            Screen::Settings => match self.settings.handle(key, &operator) {
                SettingsKey::Pass => false,
                SettingsKey::Taken => true,
                SettingsKey::Change(change) => {
                    return Some(vec![Action::Ask(Question::ChangeSetting(change))]);
                }
            },
            Screen::Camera if key == Key::Char('m') => return Some(vec![Action::TestCamera]),
            Screen::Camera => match self.controls.handle(key) {
                ControlKey::Pass => false,
                ControlKey::Taken => true,
                ControlKey::Change(change) => return Some(vec![Action::ChangeControl(change)]),
            },
            Screen::Charts => false,
            Screen::Log => self.key_of_log(key, station),
            Screen::Help => self.key_of_help(key),
        };
        is_taken.then(Vec::new)
    }

    fn key_of_help(&mut self, key: Key) -> bool {
        let scroll = self.help_scroll;
        self.help_scroll = match key {
            Key::Up | Key::Char('k') => scroll.saturating_sub(1),
            Key::Down | Key::Char('j') => scroll.saturating_add(1).min(PAGE * 6),
            Key::PageUp => scroll.saturating_sub(PAGE),
            Key::PageDown => scroll.saturating_add(PAGE).min(PAGE * 6),
            Key::Home => 0,
            Key::Char('?') | Key::F(1) => {
                self.screen = self.behind_help;
                0
            }
            _ => return false,
        };
        true
    }

    fn key_of_live(&mut self, key: Key, now: &Moment) -> Option<Vec<Action>> {
        self.pin_problem = None;
        match self.pin.handle(key, now.monotonic) {
            PinStep::Pass => {}
            PinStep::Taken => return Some(Vec::new()),
            PinStep::Entered(Ok(pin)) => {
                return Some(vec![Action::Intent(Intent::EnterPin(pin))]);
            }
            PinStep::Entered(Err(problem)) => {
                self.pin_problem = Some(problem.to_string());
                return Some(Vec::new());
            }
        }
        match key {
            Key::Char('/') => {
                self.screen = Screen::People;
                self.people.filter.begin();
            }
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

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(palette) = &mut self.palette {
            return palette.field.insert(text);
        }
        if let Correcting::Form(form) = &mut self.correcting {
            return form.paste(text);
        }
        match (&mut self.enrolling, self.screen) {
            (Enrolling::Form(form), _) => form.paste(text),
            (_, Screen::Review) => self.review.paste(text),
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

fn people_ids(station: &Station, listing: &Listing) -> Vec<PersonId> {
    let people = filtered_people(station, listing.filter.text());
    people.into_iter().map(|person| person.id).collect()
}
