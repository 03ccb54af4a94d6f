//! The form in which a new person's name and code are typed, beside the face they are for.
//!
//! Invariant: the face that is enrolled is the one that the form shows. The station holds
//! it fast; the form says which it is.

use super::command::is_yes;
use super::field::TextField;
use super::input::Key;
use super::text;
use crate::say;
use chrono::NaiveDateTime;
use rollcall_core::consensus::TrackId;
use rollcall_core::event::Intent;
use rollcall_core::person::{NameError, PersonCode, PersonName};
use rollcall_messages::{Message, Said as _};
use rollcall_protocol::{ChoosingView, FaceView, ModeView, StationView};

/// Which field the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FormField {
    #[default]
    Name,
    Code,
}

/// What has been typed so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnrolForm {
    pub(crate) name: TextField,
    pub(crate) code: TextField,
    pub(crate) focus: FormField,
    /// The face that is shown.
    face: Option<TrackId>,
    /// Why the last attempt failed; shown until the next one.
    pub(crate) refusal: Option<Message>,
    attempted: bool,
    /// Whether consent is asked for before a face is enrolled, and is being asked.
    pub(crate) consent: ConsentQuestion,
}

/// Whether the person in front has been asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ConsentQuestion {
    /// Nobody asks: the configuration does not want it.
    #[default]
    No,
    /// It will be asked when everything else is right.
    Later,
    /// It is being asked.
    Now,
}

/// What a key led to.
#[derive(Debug)]
pub(crate) enum FormStep {
    /// The form stays.
    Stay,
    /// The form was given up.
    Close,
    /// The form stays, and another face is to be found.
    FindFace(Intent<NaiveDateTime>),
    /// Everything is right.
    Submit(Intent<NaiveDateTime>),
}

impl EnrolForm {
    /// An empty form.
    pub(crate) fn asking(consent: ConsentQuestion) -> Self {
        Self {
            consent,
            ..Self::default()
        }
    }

    pub(crate) fn handle(&mut self, key: Key, station: &StationView) -> FormStep {
        if self.consent == ConsentQuestion::Now {
            if is_yes(key) {
                return self.submit(station);
            }
            // Anything but a clear yes is none.
            self.consent = ConsentQuestion::Later;
            self.refusal = Some(say::ENROL_WITHOUT_CONSENT.into());
            return FormStep::Stay;
        }
        match key {
            Key::Esc => return FormStep::Close,
            Key::Enter => return self.submit(station),
            Key::PageDown => self.step_face(1, station),
            Key::PageUp => self.step_face(-1, station),
            Key::Ctrl('n') => {
                self.face = None;
                return FormStep::FindFace(Intent::AwaitFace);
            }
            Key::Tab | Key::BackTab | Key::Up | Key::Down => {
                self.focus = match self.focus {
                    FormField::Name => FormField::Code,
                    FormField::Code => FormField::Name,
                };
            }
            key => {
                self.focused().handle(key);
            }
        }
        FormStep::Stay
    }

    /// The same form after the station has refused it.
    pub(crate) fn refused(mut self, reason: Message) -> Self {
        self.refusal = Some(reason);
        if self.consent == ConsentQuestion::Now {
            self.consent = ConsentQuestion::Later;
        }
        self
    }

    /// Takes in which faces are there, right before they are drawn.
    pub(crate) fn settle(&mut self, station: &StationView) {
        let choosing = choosing(station);
        if self.shown_face(station).is_none() {
            let first = choosing.and_then(|choosing| choosing.faces.first());
            self.face = first.map(|face| face.track);
        }
    }

    /// Which face is shown.
    pub(crate) fn face(&self) -> Option<TrackId> {
        self.face
    }

    /// The face that is shown, if the station holds it.
    pub(crate) fn shown_face<'a>(&self, station: &'a StationView) -> Option<&'a FaceView> {
        choosing(station)?.face(self.face?)
    }

    fn step_face(&mut self, step: isize, station: &StationView) {
        let Some(choosing) = choosing(station) else {
            return;
        };
        let count = choosing.faces.len() as isize;
        let is_shown = |face: &FaceView| Some(face.track) == self.face;
        if let Some(place) = choosing.faces.iter().position(is_shown) {
            let next = (place as isize + step).rem_euclid(count) as usize;
            self.face = choosing.faces.get(next).map(|face| face.track);
        }
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        self.focused().insert(pasted);
    }

    /// What is wrong with the name; nothing while it has not been typed yet.
    pub(crate) fn name_problem(&self) -> Option<Message> {
        let checked = self.parsed_name();
        let untouched = self.name.is_empty() && !self.attempted;
        checked.err().filter(|_| !untouched).map(|e| e.said())
    }

    /// What is wrong with the code.
    pub(crate) fn code_problem(&self, station: &StationView) -> Option<Message> {
        match self.parsed_code(station) {
            Ok(code) => code_clash(&code, station),
            Err(error) => Some(error.said()),
        }
    }

    /// The code of somebody who has the same name already: allowed, but worth knowing.
    pub(crate) fn namesake(&self, station: &StationView) -> Option<PersonCode> {
        let wanted = text::folded(self.parsed_name().ok()?.as_str());
        station
            .people()
            .find(|person| text::folded(person.name.as_str()) == wanted)
            .map(|person| person.code.clone())
    }

    fn submit(&mut self, station: &StationView) -> FormStep {
        self.attempted = true;
        match (self.parsed_name(), self.parsed_code(station)) {
            (Err(_), _) => self.focus = FormField::Name,
            (Ok(_), Err(_)) => self.focus = FormField::Code,
            (Ok(name), Ok(code)) => {
                if code_clash(&code, station).is_none() {
                    self.refusal = None;
                    let Some(face) = self.shown_face(station).map(|face| face.track) else {
                        return Self::find_face(station);
                    };
                    if self.consent == ConsentQuestion::Later {
                        self.consent = ConsentQuestion::Now;
                        return FormStep::Stay;
                    }
                    let face = Some(face);
                    return FormStep::Submit(Intent::Enrol {
                        name,
                        code,
                        face,
                        camera: None,
                    });
                }
                self.focus = FormField::Code;
            }
        }
        FormStep::Stay
    }

    /// What Enter does while there is no face to enrol.
    fn find_face(station: &StationView) -> FormStep {
        match choosing(station) {
            // It came after the screen was drawn: first it is shown.
            Some(choosing) if choosing.waits || !choosing.faces.is_empty() => FormStep::Stay,
            Some(_) => FormStep::FindFace(Intent::AwaitFace),
            None => FormStep::FindFace(Intent::ChooseFace),
        }
    }

    fn parsed_name(&self) -> Result<PersonName, NameError> {
        PersonName::parse(self.name.text())
    }

    /// An empty field means the suggested code.
    fn parsed_code(&self, station: &StationView) -> Result<PersonCode, NameError> {
        if self.code.is_empty() {
            PersonCode::parse(&suggested_code(station))
        } else {
            PersonCode::parse(self.code.text())
        }
    }

    fn focused(&mut self) -> &mut TextField {
        match self.focus {
            FormField::Name => &mut self.name,
            FormField::Code => &mut self.code,
        }
    }
}

/// The faces to choose from.
pub(crate) fn choosing(station: &StationView) -> Option<&ChoosingView> {
    match station.mode() {
        ModeView::Choosing(choosing) => Some(choosing),
        _ => None,
    }
}

/// The next free code in the pattern of the person enrolled last: after "E-017"
/// comes "E-018". The first person is "P-001".
pub(crate) fn suggested_code(station: &StationView) -> String {
    let last = station.people().last().map(|person| &person.code);
    let code = PersonCode::after(last, station.codes_given(), |code| {
        station.is_code_taken(code)
    });
    code.map(|code| code.to_string()).unwrap_or_default()
}

fn code_clash(code: &PersonCode, station: &StationView) -> Option<Message> {
    let holder = station.people().find(|p| p.code == *code);
    match holder {
        Some(holder) => Some(say::enrol_code_belongs(code, &holder.name)),
        None => station
            .is_code_taken(code)
            .then(|| say::enrol_code_was_deleted(code)),
    }
}
