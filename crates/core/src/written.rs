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
