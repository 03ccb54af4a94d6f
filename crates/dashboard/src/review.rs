//! The operator going through unknown faces.
//!
//! Invariant: what is done is done about the face that was on the screen when the form or
//! the question was opened. The list is read again whenever something happens and may
//! change its order; the selection, the form and the question name sightings, not rows.

use super::command::{Deed, Motion, is_yes};
use super::correction_form::MISPLACED_TEXT;
use super::field::TextField;
use super::input::Key;
use super::listing::{filtered_people, first_shown};
use crate::say;
use rollcall_core::attendance::Direction;
use rollcall_core::person::{Person, PersonCode};
use rollcall_core::review::{Assignment, ReviewDeed, Visitor};
use rollcall_messages::Message;
use rollcall_protocol::StationView;

/// The state of the review screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Review {
    visitors: Option<Result<Vec<Visitor>, Message>>,
    /// The sightings of the selected visitor, as they were shown.
    selected: Vec<i64>,
    /// Lines in the log when the visitors were last asked for.
    asked: Option<u64>,
    /// What is about to be done, until it is confirmed.
    pub(crate) question: Option<ReviewQuestion>,
    pub(crate) form: Option<AssignForm>,
    /// What was done last, or why not.
    pub(crate) remark: Option<Result<Message, Message>>,
}

/// What is about to be done, and about whom.
#[derive(Debug, Clone)]
pub(crate) struct ReviewQuestion {
    pub(crate) deed: ReviewDeed,
    /// The face that was selected when the question was asked.
    pub(crate) visitor: Visitor,
}

/// Which line of the form the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignField {
    Who,
    /// That it is another person than one it resembles.
    Another,
    Sample,
    Punch,
}

/// The form in which a visitor becomes somebody.
#[derive(Debug, Clone)]
pub(crate) struct AssignForm {
    /// The face that was selected when the form was opened.
    pub(crate) visitor: Visitor,
    pub(crate) who: TextField,
    /// Whom what is typed means; decided when it was typed.
    pub(crate) meant: Meant,
    pub(crate) focus: AssignField,
    pub(crate) another_person: bool,
    pub(crate) add: bool,
    pub(crate) punch: Option<Direction>,
    /// Whether it was sent and its answer is awaited.
    is_sent: bool,
}

/// Whom a part of a name or code means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Meant {
    /// Nothing was typed.
    #[default]
    Nothing,
    Nobody,
    One(PersonCode),
    /// So many people.
    Several(usize),
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
    fn open(visitor: Visitor) -> Self {
        Self {
            visitor,
            who: TextField::default(),
            meant: Meant::Nothing,
            focus: AssignField::Who,
            another_person: false,
            add: false,
            punch: None,
            is_sent: false,
        }
    }

    /// Finds the one person that what is typed means. People who come or go afterwards do
    /// not change it.
    fn settle(&mut self, station: &StationView) {
        let typed = self.who.text().trim();
        let code = PersonCode::parse(typed).ok();
        let is_code = |person: &&&Person| Some(&person.code) == code.as_ref();
        let matches = filtered_people(station, typed);
        self.meant = match (matches.as_slice(), matches.iter().find(is_code)) {
            _ if typed.is_empty() => Meant::Nothing,
            ([], _) => Meant::Nobody,
            ([one], _) | (_, Some(one)) => Meant::One(one.code.clone()),
            (several, None) => Meant::Several(several.len()),
        };
    }

    fn handle(&mut self, key: Key) {
        let step = |focus| match focus {
            AssignField::Who => AssignField::Sample,
            AssignField::Sample => AssignField::Punch,
            AssignField::Punch => AssignField::Another,
            AssignField::Another => AssignField::Who,
        };
        match (key, self.focus) {
            (Key::Tab | Key::Down, focus) => self.focus = step(focus),
            (Key::BackTab | Key::Up, focus) => self.focus = step(step(step(focus))),
            (Key::Left | Key::Right, AssignField::Sample) => self.add = !self.add,
            (Key::Left | Key::Right, AssignField::Another) => {
                self.another_person = !self.another_person;
            }
            (Key::Left | Key::Right, AssignField::Punch) => {
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
    pub(crate) fn is_due(&mut self, station: &StationView) -> bool {
        let written = station.log().written();
        let is_awaited = self.asked.is_some() && self.visitors.is_none();
        if is_awaited || self.asked == Some(written) {
            return false;
        }
        self.asked = Some(written);
        true
    }

    /// Takes what was read. The selection stays with its face; if that is gone, it goes to
    /// the one in its place.
    pub(crate) fn show(&mut self, visitors: Result<Vec<Visitor>, Message>) {
        let row = self.selected().map_or(0, |(row, _)| row);
        self.visitors = Some(visitors);
        if self.selected().is_none() {
            self.select(row);
        }
    }

    pub(crate) fn told(&mut self, remark: Result<Message, Message>) {
        // Another form may have been opened meanwhile; the answer is not its.
        match &mut self.form {
            Some(form) if form.is_sent && remark.is_ok() => self.form = None,
            Some(form) => form.is_sent = false,
            None => {}
        }
        self.remark = Some(remark);
        // What is shown is not true any more.
        self.asked = None;
    }

    /// Something is to be agreed to first: the form can be sent again.
    pub(crate) fn asked(&mut self) {
        if let Some(form) = &mut self.form {
            form.is_sent = false;
        }
    }

    /// Leaves the screen; next time everything is read again.
    pub(crate) fn leave(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn visitors(&self) -> Option<&Result<Vec<Visitor>, Message>> {
        self.visitors.as_ref()
    }

    /// The visitor that the keys act on, and the row it is in now.
    pub(crate) fn selected(&self) -> Option<(usize, &Visitor)> {
        let Some(Ok(visitors)) = &self.visitors else {
            return None;
        };
        let shared = |visitor: &Visitor| {
            let sightings = visitor.sightings.iter();
            sightings.filter(|s| self.selected.contains(s)).count()
        };
        // The visitor may have been seen again, or the group have been split.
        let rows = visitors.iter().enumerate();
        rows.rev()
            .max_by_key(|(_, visitor)| shared(visitor))
            .filter(|(_, visitor)| shared(visitor) > 0)
    }

    fn select(&mut self, row: usize) {
        let visitors = self.visitors.as_ref().and_then(|v| v.as_ref().ok());
        let visitor = visitors.and_then(|v| v.get(row.min(v.len().saturating_sub(1))));
        self.selected = visitor.map_or_else(Vec::new, |visitor| visitor.sightings.clone());
    }

    /// The first row to show in `height` lines.
    pub(crate) fn first_shown(&self, rows: usize, height: usize) -> usize {
        let row = self.selected().map_or(0, |(row, _)| row);
        first_shown(rows, row, height)
    }

    /// The visitor that a form or question is about; else the selected one.
    pub(crate) fn subject(&self) -> Option<&Visitor> {
        let asked = self.question.as_ref().map(|question| &question.visitor);
        let edited = self.form.as_ref().map(|form| &form.visitor);
        let selected = || self.selected().map(|(_, visitor)| visitor);
        asked.or(edited).or_else(selected)
    }

    pub(crate) fn handle(&mut self, key: Key, station: &StationView, operator: &str) -> ReviewKey {
        if let Some(question) = self.question.take() {
            return if is_yes(key) {
                ReviewKey::Do(question.deed)
            } else {
                ReviewKey::Taken
            };
        }
        if let Some(form) = &mut self.form {
            match key {
                Key::Esc => self.form = None,
                Key::Enter => return self.assign(operator),
                // What is typed here was meant for another line, and must not change this one.
                Key::Char(_) if form.focus != AssignField::Who => {
                    self.remark = Some(Err(MISPLACED_TEXT.into()));
                }
                key => {
                    let before = form.who.text().to_owned();
                    form.handle(key);
                    if form.who.text() != before {
                        form.settle(station);
                    }
                }
            }
            return ReviewKey::Taken;
        }
        let by = || operator.to_owned();
        let (row, visitor) = match self.selected() {
            Some((row, visitor)) => (row, Some(visitor.clone())),
            None => (0, None),
        };
        if let Some(motion) = Motion::of(key) {
            self.select(motion.from(row, self.last_row()));
            self.remark = None;
            return ReviewKey::Taken;
        }
        match (Deed::of(key), visitor) {
            (Some(Deed::Name), Some(visitor)) => self.form = Some(AssignForm::open(visitor)),
            (Some(Deed::Ignore), Some(visitor)) => {
                let deed = ReviewDeed::Ignore {
                    sightings: visitor.sightings.clone(),
                    by: by(),
                };
                self.question = Some(ReviewQuestion { deed, visitor });
            }
            (Some(Deed::Erase), Some(visitor)) => {
                let deed = ReviewDeed::Delete {
                    sightings: visitor.sightings.clone(),
                    by: by(),
                };
                self.question = Some(ReviewQuestion { deed, visitor });
            }
            _ => return ReviewKey::Pass,
        }
        self.remark = None;
        ReviewKey::Taken
    }

    fn last_row(&self) -> usize {
        let rows = self.visitors.as_ref().and_then(|v| v.as_ref().ok());
        rows.map_or(0, |rows| rows.len().saturating_sub(1))
    }

    fn assign(&mut self, operator: &str) -> ReviewKey {
        let Some(form) = self.form.as_mut().filter(|form| !form.is_sent) else {
            return ReviewKey::Taken;
        };
        let code = match &form.meant {
            Meant::One(code) => code.clone(),
            Meant::Several(_) => {
                self.remark = Some(Err(say::SEVERAL_MATCH.into()));
                return ReviewKey::Taken;
            }
            Meant::Nothing | Meant::Nobody => {
                self.remark = Some(Err(say::TYPE_PART.into()));
                return ReviewKey::Taken;
            }
        };
        form.is_sent = true;
        ReviewKey::Do(ReviewDeed::Assign(Assignment {
            sightings: form.visitor.sightings.clone(),
            code,
            add: form.add,
            another_person: form.another_person,
            punch: form.punch,
            reason: None,
            by: operator.to_owned(),
        }))
    }

    pub(crate) fn paste(&mut self, text: &str, station: &StationView) {
        match &mut self.form {
            Some(form) if form.focus == AssignField::Who => {
                form.who.insert(text);
                form.settle(station);
            }
            Some(_) => self.remark = Some(Err(MISPLACED_TEXT.into())),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::viewed;

    fn visitor(sightings: &[i64]) -> Visitor {
        let at = "2026-11-23T08:00:00+01:00".parse().unwrap();
        Visitor {
            sightings: sightings.to_vec(),
            first: at,
            last: at,
            reason: "unknown".into(),
            nearest: None,
            picture: None,
        }
    }

    fn review(visitors: &[&[i64]]) -> Review {
        let mut review = Review::default();
        review.show(Ok(visitors.iter().map(|v| visitor(v)).collect()));
        review
    }

    fn reread(review: &mut Review, visitors: &[&[i64]]) {
        review.show(Ok(visitors.iter().map(|v| visitor(v)).collect()));
    }

    fn write(review: &mut Review, station: &StationView, keys: &str) -> ReviewKey {
        let mut last = ReviewKey::Pass;
        for c in keys.chars() {
            let key = match c {
                '\n' => Key::Enter,
                '~' => Key::Delete,
                c => Key::Char(c),
            };
            last = review.handle(key, station, "olga");
        }
        last
    }

    fn sightings_of(key: ReviewKey) -> Vec<i64> {
        match key {
            ReviewKey::Do(
                ReviewDeed::Ignore { sightings, .. }
                | ReviewDeed::Delete { sightings, .. }
                | ReviewDeed::Assign(Assignment { sightings, .. }),
            ) => sightings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_done_is_done_about_the_face_that_was_shown() {
        let station = viewed(&["P-001", "P-002"]);
        for keys in ["nP-002\n", "iy", "~y"] {
            let mut review = review(&[&[7, 8], &[5]]);
            write(&mut review, &station, &keys[..1]);
            // Somebody else has come often meanwhile and leads the list now.
            reread(&mut review, &[&[21, 20, 19, 18], &[5], &[8, 7, 22]]);
            let shown = review.subject().unwrap().sightings.clone();
            let done = write(&mut review, &station, &keys[1..]);
            assert_eq!(
                (sightings_of(done), shown),
                (vec![7, 8], vec![7, 8]),
                "{keys:?}"
            );
        }
    }

    #[test]
    fn the_selection_stays_with_its_face() {
        let station = viewed(&[]);
        let mut review = review(&[&[7, 8], &[5], &[4]]);
        review.handle(Key::Down, &station, "olga");
        reread(&mut review, &[&[9, 11], &[7, 8], &[4], &[5, 12]]);
        assert_eq!(review.selected().unwrap().1.sightings, [5, 12]);
        // It was assigned elsewhere: the one in its place is selected, and is shown.
        reread(&mut review, &[&[9, 11], &[7, 8], &[4]]);
        assert_eq!(review.selected().unwrap().1.sightings, [4]);
        reread(&mut review, &[]);
        assert!(review.selected().is_none());
        assert!(matches!(write(&mut review, &station, "~"), ReviewKey::Pass));
    }

    #[test]
    fn a_name_means_whom_it_meant_when_it_was_typed() {
        let before = viewed(&["P-001"]);
        let mut review = review(&[&[7]]);
        write(&mut review, &before, "nPerson");
        // Somebody whose name begins the same is enrolled before Enter is pressed.
        let after = viewed(&["A-001", "P-001"]);
        let ReviewKey::Do(ReviewDeed::Assign(done)) = write(&mut review, &after, "\n") else {
            panic!("not assigned")
        };
        assert_eq!(done.code.as_str(), "P-001");
        assert!(
            matches!(write(&mut review, &after, "\n"), ReviewKey::Taken),
            "Enter once more sends it no second time"
        );
        review.told(Ok(Message::verbatim("done")));
        write(&mut review, &after, "nPerson");
        assert!(
            matches!(write(&mut review, &after, "\n"), ReviewKey::Taken),
            "two people match"
        );
        assert!(review.remark.as_ref().is_some_and(Result::is_err));
        let assigned = write(&mut review, &after, " 2\n");
        assert_eq!(sightings_of(assigned), [7]);
    }

    #[test]
    fn the_answer_to_one_form_does_not_close_another() {
        let station = viewed(&["P-001"]);
        let mut review = review(&[&[7], &[5]]);
        write(&mut review, &station, "nP-001\n");
        review.handle(Key::Esc, &station, "olga");
        review.handle(Key::Down, &station, "olga");
        write(&mut review, &station, "nPer");
        review.told(Ok(Message::verbatim("7 was Person 1")));
        assert_eq!(review.form.as_ref().unwrap().visitor.sightings, [5]);
    }
}
