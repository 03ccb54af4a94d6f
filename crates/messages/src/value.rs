//! What stands in a message besides its words.

use std::borrow::Cow;

use fluent_bundle::FluentValue;
use fluent_bundle::types::{FluentNumber, FluentNumberOptions};
use serde::{Deserialize, Serialize};

use super::message::Message;
use super::room::Text;

/// Most digits behind the decimal mark.
const MOST_DECIMALS: u8 = 9;

/// An argument of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number, which plural rules look at.
    Whole(i64),
    /// A number with decimals.
    Number(Number),
    /// Another message, which is translated too.
    Message(Box<Message>),
    /// A name, a path, or what a library said.
    Text(String),
}

/// A number with as many decimals as are shown.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Number {
    /// The number.
    pub number: f64,
    /// Digits behind the decimal mark.
    #[serde(default)]
    pub decimals: u8,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.number.to_bits() == other.number.to_bits() && self.decimals == other.decimals
    }
}

impl Eq for Number {}

/// A number that is shown with so many decimals.
///
/// What is no number at all is shown as 0, since JSON has no word for it.
pub fn decimal(number: impl Into<f64>, decimals: u8) -> Value {
    let decimals = decimals.min(MOST_DECIMALS);
    let number = number.into();
    // As it is shown and as it travels.
    let shown = format!("{number:.*}", usize::from(decimals));
    let number = shown.parse().ok().filter(|n: &f64| n.is_finite());
    Value::Number(Number {
        number: number.unwrap_or_default(),
        decimals,
    })
}

impl Value {
    pub(crate) fn for_fluent<'a>(&'a self, nested: &dyn Fn(&Message) -> String) -> FluentValue<'a> {
        match self {
            Self::Whole(number) => FluentValue::from(*number),
            Self::Number(Number { number, decimals }) => {
                let options = FluentNumberOptions {
                    minimum_fraction_digits: (*decimals > 0).then_some(usize::from(*decimals)),
                    ..FluentNumberOptions::default()
                };
                FluentValue::Number(FluentNumber::new(*number, options))
            }
            Self::Message(message) => FluentValue::from(nested(message)),
            Self::Text(text) => FluentValue::from(text.as_str()),
        }
    }
}

macro_rules! whole {
    ($($number:ty),+) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }

        impl From<&$number> for Value {
            fn from(number: &$number) -> Self {
                Self::from(*number)
            }
        }
    )+};
}

whole!(u8, u16, u32, u64, usize, i32, i64);

macro_rules! words {
    ($($text:ty),+) => {$(
        impl From<$text> for Value {
            fn from(text: $text) -> Self {
                Self::Text(text.to_string())
            }
        }
    )+};
}

words!(
    &str,
    &&str,
    &String,
    char,
    &char,
    Cow<'_, str>,
    &Cow<'_, str>
);

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

impl From<&Message> for Value {
    fn from(message: &Message) -> Self {
        message.clone().into()
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Message::from(text).into()
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        decimal(number.number, number.decimals)
    }
}
