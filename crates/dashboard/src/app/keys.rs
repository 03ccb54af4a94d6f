//! What each key means where.

use super::{Action, App, Enrolling, Screen, next_preview};
use crate::command::{self, Command, Deed};
use crate::dialog::{Dialog, DialogStep, Leaving};
use crate::enrol_form::{ConsentQuestion, EnrolForm};
use crate::input::Key;
use crate::palette::{Palette, PaletteStep};
use crate::say;
use chrono::NaiveDateTime;
use rollcall_core::event::Intent;
use rollcall_core::frame::Moment;
use rollcall_core::pin::Pin;
use rollcall_messages::Text;
use rollcall_protocol as protocol;
use rollcall_protocol::Question;
use rollcall_protocol::ReportQuery;
use rollcall_protocol::{ModeView, StationView};

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
                DialogStep::Agree => return self.agreed(),
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
        let behaviour = self.screen.behaviour();
        if let Some(actions) = behaviour.key(self, key, station, now) {
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
        matches!(
            self.dialog,
            Some(Dialog::Leave | Dialog::Restart | Dialog::Agree(_))
        ) || self.correcting.signing().is_some()
            || self.screen.behaviour().is_asking(self)
    }

    /// One screen back. From the live screen there is none.
    pub(crate) fn back(&mut self) {
        self.show(self.screen.behaviour().behind(self));
    }

    /// Shows another screen as it was left.
    pub(crate) fn show(&mut self, screen: Screen) {
        if self.screen != screen {
            self.screen.behaviour().leave(self);
        }
        self.screen = screen;
    }

    /// Does what the dialog asks about.
    fn agreed(&mut self) -> Vec<Action> {
        match self.dialog.take() {
            Some(Dialog::Agree(asked)) => vec![ask(asked.agreed)],
            Some(Dialog::Restart) => vec![Action::Send(protocol::Command::Restart {
                by: self.operator().to_owned(),
            })],
            _ => Vec::new(),
        }
    }

    /// Says why something is not begun. Words that are typed for it lead nowhere.
    pub(crate) fn notice(&mut self, words: Text) {
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
        self.palette.is_some() || self.screen.behaviour().is_typing(self)
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
                let waiting = say::CHANGE_BEING_WRITTEN;
                self.remark = Some(Err(waiting.into()));
            }
            Command::Undo => {
                if let Some(question) = self.undo.pop() {
                    return vec![ask(question)];
                }
                let nothing = say::NOTHING_TO_UNDO;
                self.remark = Some(Err(nothing.into()));
            }
            Command::Restart => self.dialog = Some(Dialog::Restart),
            Command::Palette => self.palette = Some(Palette::default()),
            Command::Suspend => return vec![Action::Suspend],
        }
        Vec::new()
    }

    /// Shows a screen as one comes to it.
    fn go(&mut self, screen: Screen) {
        screen.behaviour().enter(self);
        self.show(screen);
    }

    /// The days that are on the screen, to be written into a file.
    pub(crate) fn export(&self, station: &StationView) -> Action {
        let today = station.local_day();
        let query = self.reports.query(today).unwrap_or(ReportQuery {
            from: today,
            to: today,
        });
        ask(Question::Export(query))
    }

    fn open_form(&mut self, station: &StationView) -> Vec<Action> {
        if matches!(self.enrolling, Enrolling::Form(_)) {
            // One that was refused waits there.
            self.show(Screen::Live);
        } else if let Some((_, name)) = station.enrolment.enroller.as_ref()
            && !self.is_enrolling(station)
        {
            let busy = say::enrolling_elsewhere(name);
            self.remark = Some(Err(busy));
        } else if matches!(station.mode(), ModeView::Live | ModeView::Choosing(_)) {
            self.show(Screen::Live);
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

    pub(super) fn paste(&mut self, text: &str, station: &StationView) {
        if self.dialog.is_some() || self.correcting.signing().is_some() {
            return;
        }
        if let Some(palette) = &mut self.palette {
            return palette.field.insert(text);
        }
        self.screen.behaviour().paste(self, text, station);
    }
}

/// What the station shall do.
pub(crate) fn intend(intent: Intent<NaiveDateTime>) -> Action {
    Action::Send(protocol::Command::Intent(intent))
}

/// What the records shall say or take in.
pub(crate) fn ask(question: Question) -> Action {
    Action::Send(protocol::Command::Ask(question))
}

/// Whether a number in letters and digits is more likely to have been typed than read: a
/// reader that sends no frame sends decimal or hexadecimal digits.
fn is_word(typed: &str) -> bool {
    typed.chars().all(|c| c.is_ascii_alphanumeric())
        && !typed.chars().all(|c| c.is_ascii_hexdigit())
}
