//! The messages of a room, and those of them that need no arguments.

use std::fmt;
use std::sync::LazyLock;

use super::catalogue::Catalogue;
use super::message::Message;
use super::value::Value;

/// A message that a room can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its name in catalogues and for programs.
    pub id: &'static str,
    /// The names of what it says besides.
    pub arguments: &'static [&'static str],
}

/// All messages of a room, with their English.
pub struct Room {
    name: &'static str,
    codes: &'static [Code],
    english: LazyLock<Catalogue>,
}

impl Room {
    /// Made by [`room!`](crate::room!).
    pub const fn new(
        name: &'static str,
        codes: &'static [Code],
        english: LazyLock<Catalogue>,
    ) -> Self {
        Self {
            name,
            codes,
            english,
        }
    }

    /// Which room it is.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it can say.
    pub fn codes(&self) -> &'static [Code] {
        self.codes
    }

    /// Its own words.
    pub fn english(&self) -> &Catalogue {
        &self.english
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.name).finish()
    }
}

/// Something that a room says in always the same words.
#[derive(Clone, Copy)]
pub struct Text {
    id: &'static str,
    room: &'static Room,
}

impl Text {
    /// Made by [`room!`](crate::room!).
    pub const fn new(id: &'static str, room: &'static Room) -> Self {
        Self { id, room }
    }

    /// Its code.
    pub fn id(self) -> &'static str {
        self.id
    }

    /// In English.
    pub fn english(self) -> &'static str {
        self.room.english.text(self.id).unwrap_or(self.id)
    }

    /// The message of this code with arguments.
    pub fn with<const N: usize>(self, arguments: [(&'static str, Value); N]) -> Message {
        Message::new(self, arguments)
    }

    pub(crate) fn room(self) -> &'static Room {
        self.room
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.english())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&self.id).finish()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Text {}

/// `CAMERA_LOST` or `camera_lost` as `camera-lost`.
pub const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let mut id = [b'-'; N];
    let mut at = 0;
    while at < N {
        let byte = name.as_bytes()[at];
        if byte != b'_' {
            id[at] = byte.to_ascii_lowercase();
        }
        at += 1;
    }
    id
}
