//! A line of text that somebody edits.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::input::Key;
use super::text;

/// More than any name or code may have, and little enough that pasting a book does no harm.
const LONGEST: usize = 120;

/// Editable text with a cursor.
///
/// Invariant: the cursor is always between two user-perceived characters, and
/// the text holds no control character and no direction override.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextField {
    text: String,
    /// In bytes from the start.
    cursor: usize,
}

impl TextField {
    /// What is in the field.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is in the field.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Does what `key` means in a line of text; `false` if it means nothing there.
    pub(crate) fn handle(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Backspace => self.delete(self.before_cursor(), self.cursor),
            Key::Delete => self.delete(self.cursor, self.after_cursor()),
            Key::Left => self.cursor = self.before_cursor(),
            Key::Right => self.cursor = self.after_cursor(),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Ctrl('u') => self.delete(0, self.cursor),
            Key::Ctrl('k') => self.delete(self.cursor, self.text.len()),
            _ => return false,
        }
        true
    }

    /// Types or pastes `text` at the cursor. Characters that could forge what
    /// the terminal shows are ignored, and so is what makes the text too long.
    pub(crate) fn insert(&mut self, text: &str) {
        let mut left = LONGEST * 8 - self.text.len().min(LONGEST * 8);
        let typed: String = text
            .chars()
            .filter(|&c| !c.is_control() && !overrides_direction(c))
            .take_while(|c| {
                let fits = c.len_utf8() <= left;
                left = left.saturating_sub(c.len_utf8());
                fits
            })
            .collect();
        let before = self.text.clone();
        self.text.insert_str(self.cursor, &typed);
        if self.text.graphemes(true).count() > LONGEST {
            self.text = before;
            return;
        }
        self.cursor += typed.len();
        self.snap_cursor();
    }

    /// Empties the field.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The part of the text that is shown in `width` cells so that the cursor is
    /// among them, and the cell of the cursor in it.
    pub(crate) fn window(&self, width: usize) -> (&str, usize) {
        let mut start = 0;
        // One cell is kept for a cursor behind the last character.
        while text::width(&self.text[start..self.cursor]) >= width.max(1) && start < self.cursor {
            start = next_boundary(&self.text, start);
        }
        let column = text::width(&self.text[start..self.cursor]);
        (text::head(&self.text[start..], width), column)
    }

    fn before_cursor(&self) -> usize {
        GraphemeCursor::new(self.cursor, self.text.len(), true)
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn after_cursor(&self) -> usize {
        next_boundary(&self.text, self.cursor)
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        self.snap_cursor();
    }

    /// Characters may join when something between them goes, or when a mark is
    /// typed after them; then the cursor moves behind the joined one.
    fn snap_cursor(&mut self) {
        let at_boundary = GraphemeCursor::new(self.cursor, self.text.len(), true)
            .is_boundary(&self.text, 0)
            .unwrap_or(false);
        if !at_boundary {
            self.cursor = self.after_cursor();
        }
    }
}

fn next_boundary(text: &str, from: usize) -> usize {
    GraphemeCursor::new(from, text.len(), true)
        .next_boundary(text, 0)
        .ok()
        .flatten()
        .unwrap_or(text.len())
}

fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_text(text: &str) -> TextField {
        let mut field = TextField::default();
        field.insert(text);
        field
    }

    fn keys(field: &mut TextField, keys: &[Key]) {
        for &key in keys {
            field.handle(key);
        }
    }

    #[test]
    fn edits_by_characters_people_see() {
        let mut field = with_text("Jose\u{301} 👩‍👧");
        field.handle(Key::Backspace);
        assert_eq!(field.text(), "Jose\u{301} ");
        keys(&mut field, &[Key::Backspace, Key::Backspace]);
        assert_eq!(field.text(), "Jos");
        keys(&mut field, &[Key::Home, Key::Delete, Key::Char('R')]);
        assert_eq!(field.text(), "Ros");
        keys(&mut field, &[Key::End, Key::Char('a'), Key::Ctrl('u')]);
        assert!(field.is_empty());
    }

    #[test]
    fn a_mark_joins_the_letter_before_the_cursor() {
        let mut field = with_text("e");
        field.handle(Key::Char('\u{301}'));
        field.handle(Key::Left);
        field.handle(Key::Char('x'));
        assert_eq!(field.text(), "xe\u{301}");
    }

    #[test]
    fn control_characters_are_ignored_in_a_paste() {
        let mut field = TextField::default();
        field.insert("A\u{1b}[31mna\n\u{202E}\t Torres\r");
        assert_eq!(field.text(), "A[31mna Torres");
        field.insert(&"x".repeat(1_000_000));
        assert!(field.text().len() < 2000);
    }

    #[test]
    fn the_cursor_stays_in_the_window() {
        let field = with_text("a long name that does not fit");
        assert_eq!(field.window(10), ("s not fit", 9));
        assert_eq!(with_text("李小龍").window(6), ("小龍", 4));
        assert_eq!(TextField::default().window(0), ("", 0));
    }

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            any::<char>().prop_map(Key::Char),
            prop_oneof![
                Just('\u{301}'),
                Just('\u{200D}'),
                Just('👩'),
                Just('🇪'),
                Just('क'),
                Just('\u{94D}'),
                Just('\r')
            ]
            .prop_map(Key::Char),
            prop::sample::select(vec![
                Key::Backspace,
                Key::Delete,
                Key::Left,
                Key::Right,
                Key::Home,
                Key::End,
                Key::Ctrl('k'),
            ]),
        ]
    }

    proptest! {
        #[test]
        fn no_keys_put_the_cursor_inside_a_character(
            typed in prop::collection::vec(any_key(), 0..80), width in 0usize..20,
        ) {
            let mut field = TextField::default();
            for key in typed {
                field.handle(key);
                let boundary = GraphemeCursor::new(field.cursor, field.text.len(), true)
                    .is_boundary(&field.text, 0);
                prop_assert_eq!(boundary, Ok(true), "{:?} at {}", field.text, field.cursor);
                prop_assert!(!field.text.contains(char::is_control));
                let (shown, column) = field.window(width);
                prop_assert!(text::width(shown) <= width);
                prop_assert!(column <= width);
            }
        }
    }
}
