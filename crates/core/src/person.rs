//! People, and the names and codes an operator may give them.

use crate::say;
use rollcall_messages::{Message, Said};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, FixedOffset, NaiveDate};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::printable::{is_hostile, is_visible};

/// Row number of a person in the database.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct PersonId(pub i64);

/// Row number of a template in the database.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct TemplateId(pub i64);

/// Longest name, in user-perceived characters.
pub const LONGEST_NAME: usize = 80;
/// Longest code, in characters.
pub const LONGEST_CODE: usize = 32;

/// Why a name or a code is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum NameError {
    /// Nothing but white space.
    Empty {
        /// "name" or "code".
        what: &'static str,
    },
    /// Too long to show.
    TooLong {
        /// "name" or "code".
        what: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        longest: usize,
    },
    /// A control or direction-override character, which could forge what a terminal shows.
    Control {
        /// "name" or "code".
        what: &'static str,
        /// The offending character.
        code_point: u32,
    },
    /// The code becomes the name of a folder and a column for payroll.
    CodeCharacter {
        /// The offending character.
        character: char,
    },
}

impl Said for NameError {
    fn said(&self) -> Message {
        match *self {
            Self::Empty { what } => say::wording_empty(say::name_of(what)),
            Self::TooLong {
                what,
                length,
                longest,
            } => say::wording_too_long(say::name_of(what), length, longest),
            Self::Control { what, code_point } => {
                say::wording_control(say::name_of(what), format!("{code_point:04X}"))
            }
            Self::CodeCharacter { character } => say::code_character(format!("{character:?}")),
        }
    }
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

    /// A name as a database keeps it: it was checked at the door, perhaps by an earlier
    /// program that let through what this one refuses, and must stay readable.
    pub fn kept(text: &str) -> Self {
        Self(text.to_owned())
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
///
/// `e-017` and `E-017` are one code: wherever two are compared, hashed or sorted, letters
/// count without their case. All of them are ASCII, so that folding needs no tables. The text
/// is kept as it was first written.
#[derive(Debug, Clone)]
pub struct PersonCode(String);

impl PersonCode {
    /// The bytes that codes are compared by.
    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for PersonCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for PersonCode {}

impl Hash for PersonCode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.folded() {
            state.write_u8(byte);
        }
        // As for any text, so that two codes side by side are not taken for others.
        state.write_u8(0xff);
    }
}

impl Ord for PersonCode {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl PartialOrd for PersonCode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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

    /// Checks what an operator typed; the text is kept as typed.
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
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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
    /// On which days the person is expected.
    pub expectation: Expectation,
}

/// On which days a person is expected, as far as that is the person's and not the shifts':
/// from the first day on, but for the days of being deactivated.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Expectation {
    /// First day; `None` is the day of enrolment.
    pub from: Option<NaiveDate>,
    /// When the person was not active.
    pub pauses: Vec<Pause>,
}

/// Days on which a person was not active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pause {
    /// The first of them.
    pub from: NaiveDate,
    /// The day on which the person was active again; `None` if that has not come.
    pub until: Option<NaiveDate>,
}

impl Expectation {
    /// Of somebody who was erased: no day.
    pub fn never() -> Self {
        Self {
            from: None,
            pauses: vec![Pause {
                from: NaiveDate::MIN,
                until: None,
            }],
        }
    }

    /// What becomes of it if the person is not expected from this day on.
    pub fn pause_from(&mut self, day: NaiveDate) {
        self.pauses.retain(|pause| pause.from < day);
        let reaching = self
            .pauses
            .iter_mut()
            .find(|pause| pause.until.is_none_or(|until| until >= day));
        match reaching {
            Some(pause) => pause.until = None,
            None => self.pauses.push(Pause {
                from: day,
                until: None,
            }),
        }
    }

    /// Whether the person is expected on a day, if it was enrolled on `enrolled`.
    pub fn includes(&self, day: NaiveDate, enrolled: NaiveDate) -> bool {
        let is_paused =
            |pause: &Pause| pause.from <= day && pause.until.is_none_or(|until| day < until);
        day >= self.from.unwrap_or(enrolled) && !self.pauses.iter().any(is_paused)
    }
}

/// Whether two names of teams are of one team, however they are written.
pub fn is_same_team(one: &str, other: &str) -> bool {
    let folded = |text: &str| text.trim().nfc().collect::<String>().to_lowercase();
    one == other || folded(one) == folded(other)
}

fn refuse_control(what: &'static str, text: &str) -> Result<(), NameError> {
    // Right-to-left letters are welcome; marks that reorder the rest of the line are not.
    match text.chars().find(|&c| is_hostile(c)) {
        Some(c) => Err(NameError::Control {
            what,
            code_point: c as u32,
        }),
        None => Ok(()),
    }
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
        for invisible in [
            "\u{3164}",
            "\u{2800}",
            "\u{200D}\u{FE0F}",
            "\u{E0041}\u{AD}",
        ] {
            assert_eq!(
                PersonName::parse(invisible),
                Err(NameError::Empty { what: "name" }),
                "{invisible:?}"
            );
        }
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
    fn one_code_written_in_two_ways_is_one_wherever_codes_are_compared() {
        use std::collections::{BTreeSet, HashMap};
        let code = |text: &str| PersonCode::parse(text).unwrap();
        assert_eq!(code("e-017"), code("E-017"));
        assert_ne!(code("E-017"), code("E-0171"));
        assert_eq!(code("e-017").as_str(), "e-017", "as it was written");
        let by_code = HashMap::from([(code("AbC"), 1)]);
        assert_eq!(by_code.get(&code("aBc")), Some(&1));
        let sorted = BTreeSet::from([code("b"), code("A"), code("a"), code("C"), code("B")]);
        // Which of the two spellings is kept is the set's own affair.
        let sorted = sorted.iter().map(|code| code.as_str().to_lowercase());
        assert_eq!(sorted.collect::<Vec<String>>(), ["a", "b", "c"]);
    }

    #[test]
    fn teams_are_the_same_however_they_are_written() {
        assert!(is_same_team("B\u{fc}ro", " bu\u{308}RO"));
        assert!(is_same_team("Night", "night"));
        assert!(!is_same_team("Night", "Nights"));
    }

    #[test]
    fn the_past_of_somebody_who_left_stays() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let enrolled = day("2026-03-01");
        let expectation = Expectation {
            from: None,
            pauses: vec![
                Pause {
                    from: day("2026-05-04"),
                    until: Some(day("2026-06-01")),
                },
                Pause {
                    from: day("2026-09-01"),
                    until: None,
                },
            ],
        };
        for (date, expected) in [
            ("2026-02-28", false),
            ("2026-03-01", true),
            ("2026-05-03", true),
            ("2026-05-04", false),
            ("2026-05-31", false),
            ("2026-06-01", true),
            ("2026-08-31", true),
            ("2026-09-01", false),
            ("2030-01-01", false),
        ] {
            assert_eq!(
                expectation.includes(day(date), enrolled),
                expected,
                "{date}"
            );
        }
        let earlier = Expectation {
            from: Some(day("2024-01-01")),
            ..Expectation::default()
        };
        assert!(earlier.includes(day("2024-01-01"), enrolled));
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
