//! The operator going through faces without a name.

use super::field::TextField;
use super::input::Key;
use super::listing::{filtered_people, first_shown};
use rollcall_core::attendance::Direction;
use rollcall_core::person::Person;
use rollcall_core::review::{Assignment, ReviewDeed, Visitor};
use rollcall_core::station::Station;

/// The state of the review screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Review {
    visitors: Option<Result<Vec<Visitor>, String>>,
    selected: usize,
    /// Lines in the log when the visitors were last asked for.
    asked: Option<u64>,
    /// What is about to be done, until it is confirmed.
    pub(crate) question: Option<ReviewDeed>,
    pub(crate) form: Option<AssignForm>,
    /// What was done last, or why not.
    pub(crate) remark: Option<Result<String, String>>,
}

/// Which line of the form the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignField {
    Who,
    Sample,
    Punch,
}

/// The form in which a visitor becomes somebody.
#[derive(Debug, Clone)]
pub(crate) struct AssignForm {
    pub(crate) who: TextField,
    pub(crate) focus: AssignField,
    pub(crate) add: bool,
    pub(crate) punch: Option<Direction>,
}

/// What a key led to.
#[derive(Debug)]
pub(crate) enum ReviewKey {
    /// It means something else.
    Pass,
    Taken,
    Do(ReviewDeed),
}

impl AssignForm {
    fn open() -> Self {
        Self {
            who: TextField::default(),
            focus: AssignField::Who,
            add: false,
            punch: None,
        }
    }

    /// The people that what is typed may mean; the first is taken.
    pub(crate) fn matches<'a>(&self, station: &'a Station) -> Vec<&'a Person> {
        filtered_people(station, self.who.text())
    }

    fn handle(&mut self, key: Key) {
        let step = |focus| match focus {
            AssignField::Who => AssignField::Sample,
            AssignField::Sample => AssignField::Punch,
            AssignField::Punch => AssignField::Who,
        };
        match (key, self.focus) {
            (Key::Tab | Key::Down, focus) => self.focus = step(focus),
            (Key::BackTab | Key::Up, focus) => self.focus = step(step(focus)),
            (Key::Left | Key::Right | Key::Char(' '), AssignField::Sample) => self.add = !self.add,
            (Key::Left | Key::Right | Key::Char(' '), AssignField::Punch) => {
                self.punch = match self.punch {
                    None => Some(Direction::In),
                    Some(Direction::In) => Some(Direction::Out),
                    Some(Direction::Out) => None,
                };
            }
            (key, AssignField::Who) => {
                self.who.handle(key);
            }
            _ => {}
        }
    }
}

impl Review {
    /// Whether the visitors have to be read: at first, and whenever something happened.
    pub(crate) fn is_due(&mut self, station: &Station) -> bool {
        let written = station.log().written();
        let is_awaited = self.asked.is_some() && self.visitors.is_none();
        if is_awaited || self.asked == Some(written) {
            return false;
        }
        self.asked = Some(written);
        true
    }

    pub(crate) fn show(&mut self, visitors: Result<Vec<Visitor>, String>) {
        self.visitors = Some(visitors);
    }

    pub(crate) fn told(&mut self, remark: Result<String, String>) {
        if remark.is_ok() {
            self.form = None;
        }
        self.remark = Some(remark);
        // What is shown is not true any more.
        self.asked = None;
    }

    /// Leaves the screen; next time everything is read again.
    pub(crate) fn leave(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn visitors(&self) -> Option<&Result<Vec<Visitor>, String>> {
        self.visitors.as_ref()
    }

    pub(crate) fn selected(&self) -> Option<(usize, &Visitor)> {
        let Some(Ok(visitors)) = &self.visitors else {
            return None;
        };
        let row = self.selected.min(visitors.len().checked_sub(1)?);
        Some((row, visitors.get(row)?))
    }

    /// The first row to show in `height` lines.
    pub(crate) fn first_shown(&self, rows: usize, height: usize) -> usize {
        first_shown(rows, self.selected.min(rows.saturating_sub(1)), height)
    }

    pub(crate) fn handle(&mut self, key: Key, station: &Station, operator: &str) -> ReviewKey {
        if let Some(deed) = self.question.take() {
            return match key {
                Key::Char('y') => ReviewKey::Do(deed),
                _ => ReviewKey::Taken,
            };
        }
        let chosen = self
            .selected()
            .map(|(_, visitor)| visitor.sightings.clone());
        if let Some(form) = &mut self.form {
            match key {
                Key::Esc => self.form = None,
                Key::Enter => return self.assign(chosen, station, operator),
                key => form.handle(key),
            }
            return ReviewKey::Taken;
        }
        let by = || operator.to_owned();
        match (key, chosen) {
            (Key::Up | Key::Char('k'), _) => self.selected = self.selected.saturating_sub(1),
            (Key::Down | Key::Char('j'), _) => self.selected = self.next_row(1),
            (Key::PageUp, _) => self.selected = self.selected.saturating_sub(10),
            (Key::PageDown, _) => self.selected = self.next_row(10),
            (Key::Char('a'), Some(_)) => self.form = Some(AssignForm::open()),
            (Key::Char('i'), Some(sightings)) => {
                self.question = Some(ReviewDeed::Ignore {
                    sightings,
                    by: by(),
                });
            }
            (Key::Char('d'), Some(sightings)) => {
                self.question = Some(ReviewDeed::Delete {
                    sightings,
                    by: by(),
                });
            }
            _ => return ReviewKey::Pass,
        }
        self.remark = None;
        ReviewKey::Taken
    }

    fn next_row(&self, step: usize) -> usize {
        let rows = self.visitors.as_ref().and_then(|v| v.as_ref().ok());
        let last = rows.map_or(0, |rows| rows.len().saturating_sub(1));
        (self.selected + step).min(last)
    }

    fn assign(&mut self, chosen: Option<Vec<i64>>, station: &Station, operator: &str) -> ReviewKey {
        let (Some(form), Some(sightings)) = (&self.form, chosen) else {
            return ReviewKey::Taken;
        };
        let matches = form.matches(station);
        let Some(person) = matches.first().filter(|_| !form.who.is_empty()) else {
            self.remark = Some(Err("type a part of a name or code".to_owned()));
            return ReviewKey::Taken;
        };
        ReviewKey::Do(ReviewDeed::Assign(Assignment {
            sightings,
            code: person.code.clone(),
            add: form.add,
            punch: form.punch,
            reason: None,
            by: operator.to_owned(),
        }))
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(form) = &mut self.form {
            form.who.insert(text);
        }
    }
}
