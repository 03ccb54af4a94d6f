//! A message: a code, its arguments, and its English.
//!
//! # Bounds
//! However it came about, a message has at most [`MOST_ARGUMENTS`] arguments, no text of more
//! than [`LONGEST_TEXT`] bytes, and no message deeper in it than [`DEEPEST`]: texts are cut, and
//! what would be deeper becomes text. So whatever is said can be heard.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

use super::room::Text;
use super::value::{Value, decimal};

/// Most arguments of a message.
pub const MOST_ARGUMENTS: usize = 16;

/// Most bytes of an argument, and of the English of a message from elsewhere.
pub const LONGEST_TEXT: usize = 4096;

/// Most bytes of a code, and of the name of an argument.
const LONGEST_NAME: usize = 96;

/// How deep messages are in messages: a reason in a refusal in a notice.
const DEEPEST: usize = 4;

/// Something that is said to people; `Display` is English.
#[derive(Clone)]
pub struct Message {
    code: Known,
    /// By name.
    arguments: BTreeMap<String, Value>,
}

/// Where a message's words are.
#[derive(Clone)]
enum Known {
    /// In a room of this program.
    Here(Text),
    /// It brings its English along.
    Elsewhere { id: String, english: String },
}

/// What can be said to people.
pub trait Said {
    /// As a message.
    fn said(&self) -> Message;
}

impl<T: Said + ?Sized> Said for &T {
    fn said(&self) -> Message {
        (**self).said()
    }
}

impl Message {
    /// A message of a room; made by what [`room!`](crate::room!) declares.
    pub(crate) fn new<const N: usize>(text: Text, arguments: [(&'static str, Value); N]) -> Self {
        let arguments = arguments
            .into_iter()
            .map(|(name, value)| (name.to_owned(), bounded(value, DEEPEST)))
            .collect();
        Self {
            code: Known::Here(text),
            arguments,
        }
    }

    /// A message whose English does not stand in a catalogue, such as the comment beside a
    /// setting in the sample of the configuration.
    pub fn with_english(id: impl Into<String>, english: impl Into<String>) -> Self {
        Self {
            code: Known::Elsewhere {
                id: cut(id.into(), LONGEST_NAME),
                english: cut(english.into(), LONGEST_TEXT),
            },
            arguments: BTreeMap::new(),
        }
    }

    /// What a library or the operator said, which has no code and is not translated.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self::with_english("", text)
    }

    /// Its code; empty if it is somebody's own words.
    pub fn id(&self) -> &str {
        match &self.code {
            Known::Here(text) => text.id(),
            Known::Elsewhere { id, .. } => id,
        }
    }

    /// What it says besides, by name.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.arguments
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        matches!(&self.code, Known::Elsewhere { id, english } if id.is_empty() && english.is_empty())
    }

    /// In English.
    pub fn english(&self) -> String {
        match &self.code {
            Known::Here(text) => {
                let words = text.room().english().say(self, &Self::english);
                words.unwrap_or_else(|| text.id().to_owned())
            }
            Known::Elsewhere { id, english } if english.is_empty() => id.clone(),
            Known::Elsewhere { english, .. } => english.clone(),
        }
    }

    fn bounded(self, deepest: usize) -> Self {
        let arguments = self
            .arguments
            .into_iter()
            .take(MOST_ARGUMENTS)
            .map(|(name, value)| (cut(name, LONGEST_NAME), bounded(value, deepest)))
            .collect();
        let code = match self.code {
            Known::Elsewhere { id, english } => Known::Elsewhere {
                id: cut(id, LONGEST_NAME),
                english: cut(english, LONGEST_TEXT),
            },
            here @ Known::Here(_) => here,
        };
        Self { code, arguments }
    }
}

fn bounded(value: Value, deepest: usize) -> Value {
    match value {
        Value::Text(text) => Value::Text(cut(text, LONGEST_TEXT)),
        Value::Message(message) => match deepest.checked_sub(1) {
            Some(deepest) => Value::Message(Box::new(message.bounded(deepest))),
            None => Value::Text(cut(message.english(), LONGEST_TEXT)),
        },
        Value::Number(number) => decimal(number.number, number.decimals),
        whole @ Value::Whole(_) => whole,
    }
}

fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest - '…'.len_utf8()));
        text.push('…');
    }
    text
}

impl Default for Message {
    /// Nothing.
    fn default() -> Self {
        Self::verbatim("")
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.english())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("code", &self.id())
            .field("said", &self.english())
            .finish()
    }
}

impl PartialEq for Message {
    /// The same code with the same arguments; what has no code, by its words.
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
            && self.arguments == other.arguments
            && (!self.id().is_empty() || self.english() == other.english())
    }
}

impl Eq for Message {}

impl std::error::Error for Message {}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::new(text, [])
    }
}

impl Said for Message {
    fn said(&self) -> Message {
        self.clone()
    }
}

impl Said for Text {
    fn said(&self) -> Message {
        (*self).into()
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Message", 3)?;
        fields.serialize_field("code", self.id())?;
        fields.serialize_field("args", &self.arguments)?;
        fields.serialize_field("said", &self.english())?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default)]
            code: String,
            #[serde(default)]
            args: BTreeMap<String, Value>,
            said: String,
        }
        let Wire { code, args, said } = Wire::deserialize(from)?;
        let message = Self {
            code: Known::Elsewhere {
                id: code,
                english: said,
            },
            arguments: args,
        };
        Ok(message.bounded(DEEPEST))
    }
}
