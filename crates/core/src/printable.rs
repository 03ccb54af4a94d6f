//! Text of unknown origin on its way to a terminal, and at the door.
//!
//! A terminal obeys what it is sent: an escape sequence in a file name, a pack, an archive
//! or a network camera's answer could recolour, retitle or forge the screen, and an
//! invisible mark could turn a line around. Two rules keep that out:
//!
//! - *At every way out* (what commands print, errors, the log file, the dashboard's cells)
//!   such characters are replaced by [`printable`] and [`printable_line`]. They write
//!   `\u001b`, which JSON and TOML read back as the character it stands for.
//! - *At the door* names, teams, reasons and operators that hold one are refused
//!   ([`Wording::parse`]).
//!
//! Deliberately absent: letters of any script, and the joiners that some scripts need.

use crate::say;
use rollcall_messages::{Message, Said};
use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Longest reason, team or operator, in user-perceived characters.
const LONGEST_WORDING: usize = 500;

/// Whether a terminal would obey the character instead of showing it: control characters,
/// and those that reorder the rest of a line.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061C}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2066}'..='\u{206F}'
                | '\u{FFF9}'..='\u{FFFB}'
        )
}

/// Whether the character shows anything by itself. False for white space and for what
/// Unicode calls ignorable by default, with the blanks that pass for letters.
pub fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !is_hostile(c)
        && !matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200D}'
                | '\u{2060}'..='\u{2065}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// The text with every character that a terminal would obey spelled out; line breaks and
/// tabs stay.
///
/// ```
/// use rollcall_core::printable::printable;
///
/// assert_eq!(printable("red\u{1b}[31m.jpg"), "red\\u001b[31m.jpg");
/// assert_eq!(printable("محمد علي\n"), "محمد علي\n");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    spelled_out(text, |c| is_hostile(c) && !matches!(c, '\n' | '\t'))
}

/// The same for what has to stay in one line: line breaks and tabs are spelled out too, so
/// that no text can pass for a line of its own.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    spelled_out(text, is_hostile)
}

fn spelled_out(text: &str, is_kept_out: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_kept_out) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_kept_out(c) {
            // All of them are below U+10000.
            let _ = write!(shown, "\\u{:04x}", c as u32);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Why words are refused at the door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum WordingError {
    /// Nothing that could be read.
    Empty {
        /// e.g. "reason".
        what: &'static str,
    },
    /// It could forge what a terminal shows.
    Hostile {
        /// e.g. "reason".
        what: &'static str,
        /// The character.
        code_point: u32,
    },
    /// Nobody would read it.
    TooLong {
        /// e.g. "reason".
        what: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        longest: usize,
    },
}

impl Said for WordingError {
    fn said(&self) -> Message {
        match *self {
            Self::Empty { what } => say::wording_empty(say::name_of(what)),
            Self::Hostile { what, code_point } => {
                say::wording_control(say::name_of(what), format!("{code_point:04X}"))
            }
            Self::TooLong {
                what,
                length,
                longest,
            } => say::wording_too_long(say::name_of(what), length, longest),
        }
    }
}

/// A reason, a team or the name of an operator: NFC, trimmed, something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(String);

impl Wording {
    /// Checks what somebody typed; `what` says in an error which words are meant.
    ///
    /// # Errors
    /// If there is nothing to read in it, it is too long, or it holds a character that a
    /// terminal would obey.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, WordingError> {
        // A line break in a reason is a space to whoever reads it.
        let words = text.split([' ', '\n', '\r', '\t', '\u{A0}']);
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let words: String = words.join(" ").nfc().collect();
        if let Some(c) = words.chars().find(|&c| is_hostile(c)) {
            let code_point = c as u32;
            return Err(WordingError::Hostile { what, code_point });
        }
        if !words.chars().any(is_visible) {
            return Err(WordingError::Empty { what });
        }
        let length = words.graphemes(true).count();
        if length > LONGEST_WORDING || words.len() > LONGEST_WORDING * 8 {
            return Err(WordingError::TooLong {
                what,
                length: length.max(words.chars().count()),
                longest: LONGEST_WORDING,
            });
        }
        Ok(Self(words))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        for (hostile, shown) in [
            ("a\u{1b}]0;title\u{7}b", "a\\u001b]0;title\\u0007b"),
            ("c1 \u{9b}31m", "c1 \\u009b31m"),
            ("turned \u{202e}txt.exe", "turned \\u202etxt.exe"),
            ("isolated \u{2067}x\u{2069}", "isolated \\u2067x\\u2069"),
            (
                "marks \u{200e}\u{200f}\u{61c}",
                "marks \\u200e\\u200f\\u061c",
            ),
            (
                "back\u{8}space, delete\u{7f}",
                "back\\u0008space, delete\\u007f",
            ),
            ("return\rover", "return\\u000dover"),
        ] {
            assert_eq!(printable(hostile), shown);
            assert_eq!(printable_line(hostile), shown);
        }
        assert_eq!(printable("two\n\tlines"), "two\n\tlines");
        assert_eq!(printable_line("two\nlines"), "two\\u000alines");
    }

    #[test]
    fn what_people_write_is_left_alone() {
        for text in [
            "Ana Torres",
            "محمد علي",
            "李小龍",
            "क्‍ष",
            "👩‍👩‍👧",
            "«señor»",
            "می‌خواهم",
        ] {
            assert!(matches!(printable_line(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn words_are_kept_as_they_are_read() {
        let parse = |text: &str| Wording::parse("reason", text).map(Wording::into_string);
        assert_eq!(parse("  left\nat  five "), Ok("left at five".to_owned()));
        assert_eq!(parse("Jose\u{301}"), Ok("José".to_owned()));
        for text in [
            "",
            "  ",
            "\u{200b}",
            "\u{3164}",
            "\u{2800}\u{2800}",
            "\u{e0041}",
            "\u{feff}",
        ] {
            assert_eq!(
                parse(text),
                Err(WordingError::Empty { what: "reason" }),
                "{text:?}"
            );
        }
        for text in [
            "a\u{1b}[2J",
            "a\u{202e}b",
            "\u{200f}",
            "a\u{9b}m",
            "a\u{85}b",
        ] {
            assert!(
                matches!(parse(text), Err(WordingError::Hostile { .. })),
                "{text:?}"
            );
        }
        assert!(matches!(
            parse(&"x".repeat(501)),
            Err(WordingError::TooLong { .. })
        ));
    }
}
