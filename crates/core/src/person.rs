//! People, and the names and codes an operator may give them.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Row number of a person in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub i64);

/// Row number of a template in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub i64);

/// Longest name, in user-perceived characters.
pub const LONGEST_NAME: usize = 80;
/// Longest code, in characters.
pub const LONGEST_CODE: usize = 32;

/// Why a name or a code is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("the {what} is empty")]
    Empty {
        /// "name" or "code".
        what: &'static str,
    },
    /// Too long to show.
    #[error("the {what} has {length} characters; at most {longest} are allowed")]
    TooLong {
        /// "name" or "code".
        what: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        longest: usize,
    },
    /// A control or direction-override character, which could forge what a terminal shows.
    #[error("the {what} holds the control character U+{code_point:04X}")]
    Control {
        /// "name" or "code".
        what: &'static str,
        /// The offending character.
        code_point: u32,
    },
    /// The code becomes the name of a folder and a column for payroll.
    #[error(
        "the code holds {character:?}; letters, digits, '-', '_' and '.' are allowed, and it starts with a letter or digit"
    )]
    CodeCharacter {
        /// The offending character.
        character: char,
    },
}

/// A person's display name: NFC, trimmed, no control characters, 1 to [`LONGEST_NAME`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonName(String);

impl PersonName {
    /// Checks and normalises what an operator typed.
    ///
    /// # Errors
    /// If it is empty, too long or holds a control or direction-override character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name: String = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .nfc()
            .collect();
        refuse_control("name", text)?;
        if !name.chars().any(is_visible) {
            return Err(NameError::Empty { what: "name" });
        }
        let length = name.graphemes(true).count();
        // The second bound stops a single "character" of a thousand combining marks.
        if length > LONGEST_NAME || name.len() > LONGEST_NAME * 8 {
            return Err(NameError::TooLong {
                what: "name",
                length: length.max(name.chars().count()),
                longest: LONGEST_NAME,
            });
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A person's code (employee number): unique, safe as a folder name and in a CSV.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonCode(String);

impl PersonCode {
    /// A free code that goes on from `last`: P-041 after P-040. `given` is how many codes
    /// there are or were, so that the search ends. `None` if `last` leaves no room to count.
    pub fn after(
        last: Option<&Self>,
        given: usize,
        is_taken: impl Fn(&Self) -> bool,
    ) -> Option<Self> {
        let last = last.map_or("P-000", Self::as_str);
        let digits = last.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (prefix, number) = last.split_at(last.len() - digits);
        let (prefix, width, start) = match number.parse::<u32>() {
            Ok(number) => (prefix, digits, u64::from(number)),
            // No digits at the end, or more than anybody counts to.
            Err(_) => ("P-", 3, 0),
        };
        // Free is one of as many codes as were ever given, and one more.
        (1..=given as u64 + 1)
            .map(|step| start + step)
            .filter_map(|number| Self::parse(&format!("{prefix}{number:0width$}")).ok())
            .find(|code| !is_taken(code))
    }

    /// Checks what an operator typed. Codes differ in more than case only if
    /// the database says so; the text is kept as typed.
    ///
    /// # Errors
    /// If it is empty, too long or holds anything but ASCII letters, digits, `-`, `_` and `.`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let code = text.trim();
        if code.is_empty() {
            return Err(NameError::Empty { what: "code" });
        }
        refuse_control("code", code)?;
        let length = code.chars().count();
        if length > LONGEST_CODE {
            return Err(NameError::TooLong {
                what: "code",
                length,
                longest: LONGEST_CODE,
            });
        }
        let allowed = |(i, c): (usize, char)| {
            c.is_ascii_alphanumeric() || (i > 0 && matches!(c, '-' | '_' | '.'))
        };
        if let Some(character) = code
            .chars()
            .enumerate()
            .find(|&c| !allowed(c))
            .map(|(_, c)| c)
        {
            return Err(NameError::CodeCharacter { character });
        }
        Ok(Self(code.to_owned()))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Somebody the station knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Row number.
    pub id: PersonId,
    /// Unique code.
    pub code: PersonCode,
    /// Display name.
    pub name: PersonName,
    /// Whose schedule the person has.
    pub team: Option<String>,
    /// Whether the person is recognised; an inactive person is kept but not greeted.
    pub active: bool,
    /// When the person was enrolled.
    pub created_at: DateTime<FixedOffset>,
    /// Number of templates, of whichever model.
    pub template_count: usize,
}

fn refuse_control(what: &'static str, text: &str) -> Result<(), NameError> {
    match text
        .chars()
        .find(|&c| c.is_control() || is_direction_override(c))
    {
        Some(c) => Err(NameError::Control {
            what,
            code_point: c as u32,
        }),
        None => Ok(()),
    }
}

/// Right-to-left *letters* are welcome; invisible overrides that reorder the
/// rest of the line are not.
fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// False for white space and for characters that show nothing on their own.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(
            c,
            '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_people_have_are_accepted() {
        for (typed, kept) in [
            ("Ana Torres", "Ana Torres"),
            ("  Bruno   Díaz ", "Bruno Díaz"),
            ("Jose\u{301}", "José"),
            ("محمد علي", "محمد علي"),
            ("李小龍", "李小龍"),
            ("O'Neil-Smith, Jr.", "O'Neil-Smith, Jr."),
        ] {
            assert_eq!(PersonName::parse(typed).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn names_that_would_break_the_screen_are_refused() {
        assert_eq!(
            PersonName::parse(" \t "),
            Err(NameError::Control {
                what: "name",
                code_point: 9
            })
        );
        assert_eq!(
            PersonName::parse("   "),
            Err(NameError::Empty { what: "name" })
        );
        assert_eq!(
            PersonName::parse("\u{200B}"),
            Err(NameError::Empty { what: "name" })
        );
        assert!(matches!(
            PersonName::parse("a\u{1b}[31mb"),
            Err(NameError::Control {
                code_point: 0x1b,
                ..
            })
        ));
        assert!(matches!(
            PersonName::parse("a\u{202E}b"),
            Err(NameError::Control {
                code_point: 0x202E,
                ..
            })
        ));
        assert!(matches!(
            PersonName::parse(&"x".repeat(81)),
            Err(NameError::TooLong { length: 81, .. })
        ));
        let one_character_many_marks = format!("e{}", "\u{301}".repeat(2000));
        assert!(matches!(
            PersonName::parse(&one_character_many_marks),
            Err(NameError::TooLong { .. })
        ));
    }

    #[test]
    fn a_code_is_safe_as_a_folder_name() {
        assert_eq!(PersonCode::parse(" E-017 ").unwrap().as_str(), "E-017");
        for bad in ["", "../x", ".", "..", "-rf", "a/b", "a b", "ñ", "a\0b"] {
            assert!(PersonCode::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(PersonCode::parse(&"9".repeat(33)).is_err());
    }
}
