//! The form in which an operator puts right the punches of one person's day.
//!
//! What it gives out is a [`CorrectionDraft`] in the time of the clock on the
//! wall; which moment that is, only the runtime can say.

use crate::say;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rollcall_messages::Said as _;
use rollcall_messages::{Message, Text};

use super::field::TextField;
use super::input::Key;
use rollcall_core::attendance::{AttendanceEvent, Direction, EventId, EventSource};
use rollcall_core::correction::{Change, Deed};
use rollcall_core::person::{Person, PersonCode, PersonId};
use rollcall_protocol::{CorrectionDraft, StationView};

/// Why text changes nothing in a line that offers a choice.
pub(crate) const MISPLACED_TEXT: Text = say::CORRECT_NO_TYPING;

/// What can be done here, one after the other with the arrow keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Add,
    Change(EventId),
    Void(EventId),
    /// It was somebody else's face.
    Disown(EventId),
}

/// Which line the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CorrectionField {
    Choice,
    Time,
    Direction,
    Person,
    Reason,
    Operator,
}

/// What a key led to.
#[derive(Debug)]
pub(crate) enum CorrectionStep {
    Stay,
    Close,
    Submit(CorrectionDraft),
}

/// The form.
#[derive(Debug, Clone)]
pub(crate) struct CorrectionForm {
    pub(crate) person: PersonId,
    /// The day that is put right, and its events as they stood when the form was opened.
    pub(crate) day: NaiveDate,
    events: Vec<AttendanceEvent>,
    choices: Vec<Choice>,
    choice: usize,
    pub(crate) focus: CorrectionField,
    pub(crate) time: TextField,
    pub(crate) direction: Direction,
    pub(crate) code: TextField,
    pub(crate) reason: TextField,
    pub(crate) operator: TextField,
    /// What is wrong with what was sent, or why it was refused.
    pub(crate) refusal: Option<Message>,
}

impl CorrectionForm {
    /// The form for the events of `person` on a day, the latest one first.
    pub(crate) fn open(
        person: PersonId,
        (day, events): (NaiveDate, Vec<AttendanceEvent>),
        station: &StationView,
        operator: &str,
    ) -> Self {
        let standing = events.iter().rev();
        let standing = standing.filter(|e| e.void.is_none());
        let mut choices: Vec<Choice> = standing
            .flat_map(|e| {
                let is_face = e.source == EventSource::Camera;
                let disown = is_face.then_some(Choice::Disown(e.id));
                [Choice::Change(e.id), Choice::Void(e.id)]
                    .into_iter()
                    .chain(disown)
            })
            .collect();
        choices.push(Choice::Add);
        let mut form = Self {
            person,
            day,
            events,
            choices,
            choice: 0,
            focus: CorrectionField::Choice,
            time: TextField::default(),
            direction: Direction::In,
            code: TextField::default(),
            reason: TextField::default(),
            operator: TextField::default(),
            refusal: None,
        };
        form.operator.insert(operator);
        form.fill_in(station);
        form
    }

    pub(crate) fn choice(&self) -> Choice {
        self.choices[self.choice]
    }

    /// The event that is changed or voided.
    pub(crate) fn event(&self) -> Option<&AttendanceEvent> {
        let id = match self.choice() {
            Choice::Add => return None,
            Choice::Change(id) | Choice::Void(id) | Choice::Disown(id) => id,
        };
        self.events.iter().find(|e| e.id == id)
    }

    /// The lines that mean something for what is chosen.
    pub(crate) fn fields(&self) -> &'static [CorrectionField] {
        use CorrectionField::{Choice as What, Direction, Operator, Person, Reason, Time};
        match self.choice() {
            Choice::Add => &[What, Time, Direction, Reason, Operator],
            Choice::Change(_) => &[What, Time, Direction, Person, Reason, Operator],
            Choice::Void(_) | Choice::Disown(_) => &[What, Reason, Operator],
        }
    }

    pub(crate) fn handle(&mut self, key: Key, station: &StationView) -> CorrectionStep {
        match (key, self.focus) {
            (Key::Esc, _) => return CorrectionStep::Close,
            (Key::Enter, _) => return self.submit(station),
            (Key::Tab | Key::Down, _) => self.step_focus(1),
            (Key::BackTab | Key::Up, _) => self.step_focus(self.fields().len() - 1),
            (Key::Left, CorrectionField::Choice) => {
                self.step_choice(self.choices.len() - 1, station);
            }
            (Key::Right, CorrectionField::Choice) => self.step_choice(1, station),
            (Key::Left | Key::Right, CorrectionField::Direction) => {
                self.direction = match self.direction {
                    Direction::In => Direction::Out,
                    Direction::Out => Direction::In,
                };
            }
            (key, _) => match self.focused() {
                Some(field) => {
                    field.handle(key);
                }
                // What is typed here was meant for another line, and must not change this one.
                None if matches!(key, Key::Char(_)) => self.note_misplaced_text(),
                None => {}
            },
        }
        CorrectionStep::Stay
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        match self.focused() {
            Some(field) => field.insert(pasted),
            None => self.note_misplaced_text(),
        }
    }

    fn note_misplaced_text(&mut self) {
        self.refusal = Some(MISPLACED_TEXT.into());
    }

    /// The same form after it was refused.
    pub(crate) fn refused(mut self, reason: Message) -> Self {
        self.refusal = Some(reason);
        self
    }

    fn step_focus(&mut self, step: usize) {
        let fields = self.fields();
        let now = fields.iter().position(|&f| f == self.focus).unwrap_or(0);
        self.focus = fields[(now + step) % fields.len()];
    }

    fn step_choice(&mut self, step: usize, station: &StationView) {
        self.choice = (self.choice + step) % self.choices.len();
        self.fill_in(station);
    }

    /// Shows what the chosen event says now.
    fn fill_in(&mut self, station: &StationView) {
        self.time.clear();
        self.code.clear();
        let Some(event) = self.event() else {
            return;
        };
        let (time, direction) = (event.at.format("%H:%M:%S").to_string(), event.direction);
        self.direction = direction;
        self.time.insert(&time);
        if let Some(person) = station.person(self.person) {
            self.code.insert(person.code.as_str());
        }
    }

    fn submit(&mut self, station: &StationView) -> CorrectionStep {
        match self.draft(station) {
            Ok(draft) => {
                self.refusal = None;
                CorrectionStep::Submit(draft)
            }
            Err((field, problem)) => {
                self.focus = field;
                self.refusal = Some(problem);
                CorrectionStep::Stay
            }
        }
    }

    fn draft(&self, station: &StationView) -> Result<CorrectionDraft, (CorrectionField, Message)> {
        let person = station
            .person(self.person)
            .ok_or_else(|| (CorrectionField::Choice, say::CORRECT_PERSON_GONE.into()))?;
        let deed = match self.choice() {
            Choice::Add => Deed::Add {
                code: person.code.clone(),
                when: self.moment(station)?,
                direction: self.direction,
            },
            Choice::Void(event) => Deed::Void { event },
            Choice::Disown(event) => Deed::Disown { event },
            Choice::Change(event) => {
                let code = PersonCode::parse(self.code.text())
                    .map_err(|e| (CorrectionField::Person, e.said()))?;
                let old = self.event();
                let is_new_time = |at: &NaiveDateTime| {
                    old.is_none_or(|old| at.time() != whole_seconds(old.at.time()))
                };
                let when = Some(self.moment(station)?).filter(is_new_time);
                let code = (code != person.code).then_some(code);
                let direction = old
                    .is_none_or(|old| old.direction != self.direction)
                    .then_some(self.direction);
                if let Some(code) = &code
                    && person_of(station, code).is_none()
                {
                    let nobody = say::nobody_has_code(code);
                    return Err((CorrectionField::Person, nobody));
                }
                if when.is_none() && code.is_none() && direction.is_none() {
                    let nothing = say::CORRECT_NOTHING_CHANGED;
                    return Err((CorrectionField::Time, nothing.into()));
                }
                let change = Change {
                    when,
                    code,
                    direction,
                };
                Deed::Change { event, change }
            }
        };
        let filled = |field: &TextField, which, empty: Text| {
            let text = field.text().trim().to_owned();
            if text.is_empty() {
                Err((which, empty.into()))
            } else {
                Ok(text)
            }
        };
        Ok(CorrectionDraft {
            deed,
            reason: filled(
                &self.reason,
                CorrectionField::Reason,
                say::CORRECT_REASON_EMPTY,
            )?,
            operator: filled(
                &self.operator,
                CorrectionField::Operator,
                say::CORRECT_OPERATOR_EMPTY,
            )?,
            // The station adds it, if it remembers it.
            face: None,
        })
    }

    /// The typed time of day on the day that is put right.
    fn moment(&self, station: &StationView) -> Result<NaiveDateTime, (CorrectionField, Message)> {
        let text = self.time.text().trim();
        let time = ["%H:%M:%S", "%H:%M"]
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
            .ok_or_else(|| {
                let problem = say::correct_no_time(format!("{text:?}"));
                (CorrectionField::Time, problem)
            })?;
        let day = self.day;
        // Before the day starts it is the night at its end.
        let date = if time < station.policy().day_starts_at {
            day.succ_opt().unwrap_or(day)
        } else {
            day
        };
        Ok(date.and_time(time))
    }

    fn focused(&mut self) -> Option<&mut TextField> {
        match self.focus {
            CorrectionField::Choice | CorrectionField::Direction => None,
            CorrectionField::Time => Some(&mut self.time),
            CorrectionField::Person => Some(&mut self.code),
            CorrectionField::Reason => Some(&mut self.reason),
            CorrectionField::Operator => Some(&mut self.operator),
        }
    }
}

/// Who has a code, however it is written.
pub(crate) fn person_of<'a>(station: &'a StationView, code: &PersonCode) -> Option<&'a Person> {
    station.people().find(|person| person.code == *code)
}

/// The form shows no fractions; what is not touched must not look changed.
fn whole_seconds(time: NaiveTime) -> NaiveTime {
    use chrono::Timelike;
    time.with_nanosecond(0).unwrap_or(time)
}
