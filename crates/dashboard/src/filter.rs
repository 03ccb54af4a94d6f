//! The filter of a list: a part of what is looked for, typed after `/`.

use super::command::{self, Command};
use super::field::TextField;
use super::input::Key;

/// What is typed, and whether it is being typed now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    field: TextField,
    is_typing: bool,
}

/// What a key led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterKey {
    /// It means something else.
    Pass,
    /// It was taken.
    Taken,
    /// It was taken, and other rows may pass now.
    Changed,
}

impl Filter {
    /// What is typed.
    pub(crate) fn text(&self) -> &str {
        self.field.text()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.field.is_empty()
    }

    /// Whether the keys go to it.
    pub(crate) fn is_typing(&self) -> bool {
        self.is_typing
    }

    /// From now on the keys go to it.
    pub(crate) fn begin(&mut self) {
        self.is_typing = true;
    }

    /// Takes what was pasted, if the keys go to it.
    pub(crate) fn paste(&mut self, text: &str) {
        if self.is_typing {
            self.field.insert(text);
        }
    }

    /// What is shown of it in `width` cells, and the cell of the cursor.
    pub(crate) fn window(&self, width: usize) -> (&str, usize) {
        self.field.window(width)
    }

    pub(crate) fn handle(&mut self, key: Key) -> FilterKey {
        match (key, self.is_typing) {
            (key, false) if command::of_key(key) == Some(Command::Find) => self.begin(),
            (Key::Enter | Key::Tab, true) => self.is_typing = false,
            (Key::Esc, true) => {
                *self = Self::default();
                return FilterKey::Changed;
            }
            (Key::Esc, false) if !self.is_empty() => {
                *self = Self::default();
                return FilterKey::Changed;
            }
            (key, true) if self.field.handle(key) => return FilterKey::Changed,
            _ => return FilterKey::Pass,
        }
        FilterKey::Taken
    }
}
