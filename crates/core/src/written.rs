//! How words that are checked when they are read travel: as text, and checked again.
//!
//! A name that comes from another program is no better than one that was typed. Only a
//! person's name that the records hold may be older than today's rules, and has to be shown
//! nevertheless: so names are checked where they are to become one ([`typed`]).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::person::{PersonCode, PersonName};
use crate::pin::Pin;

macro_rules! checked_text {
    ($($word:ident by $text:ident),*) => {$(
        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.$text())
            }
        }
        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
            }
        }
    )*};
}
checked_text!(PersonCode by as_str, Pin by digits);

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::kept(&String::deserialize(from)?))
    }
}

/// A name that somebody wants to give, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// If it is none.
pub fn typed<'de, D: Deserializer<'de>>(from: D) -> Result<PersonName, D::Error> {
    PersonName::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Cosine;
    use crate::notice::Notice;
    use crate::person::{Expectation, Person, PersonId};

    /// Over the wire and back.
    fn carried<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn records_with_a_name_that_would_be_refused_today_are_seen_all_the_same() {
        let name = PersonName::kept("An\u{202e}a\u{1b}[2J");
        assert!(PersonName::parse(name.as_str()).is_err());
        let person = Person {
            id: PersonId(3),
            code: PersonCode::parse("E-3").unwrap(),
            name: name.clone(),
            team: None,
            active: true,
            created_at: "2026-03-01T08:00:00+01:00".parse().unwrap(),
            template_count: 1,
            expectation: Expectation::default(),
        };
        assert_eq!(carried(&person), person);
        for notice in [
            Notice::EnrolmentTimedOut { name: name.clone() },
            Notice::PunchRefused {
                name: Some(name.clone()),
                reason: rollcall_messages::Message::default(),
            },
            Notice::PunchRefused {
                name: None,
                reason: rollcall_messages::Message::default(),
            },
            Notice::NotRecognised {
                best: Some((name, Cosine(0.5))),
                threshold: Cosine(0.6),
                reason: crate::event::SightingReason::Unknown,
                camera: None,
            },
        ] {
            assert_eq!(carried(&notice), notice);
        }
    }
}
