//! How words that are checked when they are read travel: as text, and checked again.
//!
//! A name that comes from another program is no better than one that was typed.

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
checked_text!(PersonCode by as_str, PersonName by as_str, Pin by digits);
