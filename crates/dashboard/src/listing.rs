//! A list that is filtered and moved through: which row the keys act on.

use super::command::Motion;
use super::filter::{Filter, FilterKey};
use super::input::Key;
use super::text;
use rollcall_core::person::{Person, PersonId};
use rollcall_protocol::StationView;

/// The state of a list of people.
///
/// The selection is a person, not a row: it stays with that person while rows
/// come, go and change their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) filter: Filter,
    selected: Option<PersonId>,
    /// The row that person was in when the list was drawn last.
    row: usize,
}

impl Listing {
    /// Does what `key` means in a list of `rows`; `false` if it means nothing there.
    pub(crate) fn handle(&mut self, key: Key, rows: &[PersonId]) -> bool {
        // The rows move under the filter, too.
        let moves = matches!(key, Key::Up | Key::Down | Key::PageUp | Key::PageDown);
        if !moves && self.filter.handle(key) != FilterKey::Pass {
            return true;
        }
        (moves || !self.filter.is_typing()) && self.step(key, rows)
    }

    /// The row the keys act on; the first if its person is not among `rows`.
    pub(crate) fn selected_row(&self, rows: &[PersonId]) -> usize {
        let row = rows.iter().position(|id| Some(*id) == self.selected);
        row.unwrap_or(0)
    }

    /// Whom the keys act on; nobody if the person that was shown as selected is gone.
    pub(crate) fn selected(&self, rows: &[PersonId]) -> Option<PersonId> {
        match self.selected {
            Some(person) => rows.contains(&person).then_some(person),
            None => rows.first().copied(),
        }
    }

    /// Ties the selection to a person among the `rows` that are drawn now: if the one before
    /// is not among them, to the one in that place.
    pub(crate) fn settle(&mut self, rows: &[PersonId]) {
        // They are being read.
        if rows.is_empty() {
            return;
        }
        if !self.selected.is_some_and(|person| rows.contains(&person)) {
            let row = self.row.min(rows.len().saturating_sub(1));
            self.selected = rows.get(row).copied();
        }
        self.row = self.selected_row(rows);
    }

    fn step(&mut self, key: Key, rows: &[PersonId]) -> bool {
        let last = rows.len().saturating_sub(1);
        let row = self.selected_row(rows);
        let Some(motion) = Motion::of(key) else {
            return false;
        };
        self.selected = rows.get(motion.from(row, last)).copied();
        true
    }
}

/// The people that pass the filter, by name.
pub(crate) fn filtered_people<'a>(station: &'a StationView, filter: &str) -> Vec<&'a Person> {
    let wanted = text::folded(filter);
    let mut people: Vec<_> = station
        .people()
        .filter(|person| passes(person, &wanted))
        .map(|person| (text::folded(person.name.as_str()), person))
        .collect();
    people.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.code.cmp(&b.1.code)));
    people.into_iter().map(|(_, person)| person).collect()
}

/// The first of `rows` to show in `height` lines: the selected one is in the
/// middle, as far as there are rows around it.
pub(crate) fn first_shown(rows: usize, selected: usize, height: usize) -> usize {
    selected
        .saturating_sub(height / 2)
        .min(rows.saturating_sub(height))
}

/// Whether a person's name or code contains what is wanted, which is folded already.
pub(crate) fn passes(person: &Person, wanted: &str) -> bool {
    let wanted = wanted.trim();
    text::folded(person.name.as_str()).contains(wanted)
        || text::folded(person.code.as_str()).contains(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl IntoIterator<Item = i64>) -> Vec<PersonId> {
        numbers.into_iter().map(PersonId).collect()
    }

    #[test]
    fn the_selection_stays_with_its_person() {
        let mut listing = Listing::default();
        let rows = ids(1..=30);
        for (key, row) in [
            (Key::Down, 1),
            (Key::PageDown, 11),
            (Key::End, 29),
            (Key::Down, 29),
            (Key::Char('k'), 28),
            (Key::Home, 0),
            (Key::Up, 0),
            (Key::Char('j'), 1),
        ] {
            assert!(listing.handle(key, &rows));
            assert_eq!(listing.selected_row(&rows), row, "after {key:?}");
        }
        assert_eq!(listing.selected_row(&ids([9, 5, 2])), 2, "person 2 moved");
        assert_eq!(listing.selected_row(&ids([9, 5])), 0, "person 2 is gone");
        assert!(listing.handle(Key::Down, &[]), "an empty list is no trap");
    }

    #[test]
    fn a_key_acts_on_whom_the_screen_showed_or_on_nobody() {
        let mut listing = Listing::default();
        assert_eq!(listing.selected(&[]), None);
        listing.settle(&ids([3, 2, 1]));
        // Somebody punches between drawing and the key, and is on top now.
        assert_eq!(listing.selected(&ids([1, 3, 2])), Some(PersonId(3)));
        assert_eq!(listing.selected(&ids([1, 2])), None, "3 is gone");
        listing.handle(Key::Down, &ids([3, 2, 1]));
        listing.settle(&ids([3, 2, 1]));
        listing.settle(&ids([3, 1]));
        let next = listing.selected(&ids([3, 1]));
        assert_eq!(next, Some(PersonId(1)), "in the place of who is gone");
    }

    #[test]
    fn typing_a_filter_takes_letters_that_are_keys_elsewhere() {
        let mut listing = Listing::default();
        let rows = ids(1..=3);
        for key in [Key::Char('/'), Key::Char('j'), Key::Char('q'), Key::Down] {
            assert!(listing.handle(key, &rows));
        }
        assert_eq!(listing.filter.text(), "jq");
        assert_eq!(listing.selected_row(&rows), 1);
        listing.handle(Key::Enter, &rows);
        assert!(!listing.filter.is_typing());
        listing.handle(Key::Esc, &rows);
        assert!(listing.filter.is_empty(), "Esc takes the filter away first");
        assert!(!listing.handle(Key::Esc, &rows), "then it goes back");
    }

    #[test]
    fn the_selected_row_is_in_sight() {
        for rows in 0..40 {
            for height in 1..20 {
                for selected in 0..rows {
                    let first = first_shown(rows, selected, height);
                    assert!((first..first + height).contains(&selected));
                    assert!(first == 0 || first + height <= rows);
                }
            }
        }
    }
}
