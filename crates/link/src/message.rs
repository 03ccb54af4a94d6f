//! What is said over the socket.
//!
//! # What never changes
//! `hello`, `refused` and `bye` keep their names and the fields they have: they are what
//! programs of different major versions have to understand of each other.

use rollcall_messages::Message;
use std::fmt;

use rollcall_core::event::Seat;
use rollcall_protocol::{Command, PreviewWish, Reply, Update};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Counts what old programs cannot understand. 2: what is said to people is a code with
/// arguments and its English, where it was English alone.
pub const MAJOR: u32 = 2;

/// Counts what old programs can pass over.
pub const MINOR: u32 = 0;

/// This program's version.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// Bytes that a client may say before it is known.
pub(crate) const MOST_IN_HELLO: usize = 16 << 10;

/// Bytes of one message of a client.
pub(crate) const MOST_FROM_CLIENT: usize = 1 << 20;

/// Bytes of one message of a station, e.g. a report.
pub(crate) const MOST_FROM_STATION: usize = 64 << 20;

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) major: u32,
    #[serde(default)]
    pub(crate) minor: u32,
}

impl Version {
    /// That of this program.
    pub(crate) const OURS: Self = Self {
        major: MAJOR,
        minor: MINOR,
    };
}

/// What a client says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientHello {
    pub(crate) protocol: Version,
    #[serde(default)]
    pub(crate) build: String,
    /// What it can beyond its version.
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) operator: String,
    #[serde(default)]
    pub(crate) watches_only: bool,
    /// It only wants to know who is there, and leaves at once.
    #[serde(default)]
    pub(crate) only_asks: bool,
}

/// What a station says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StationHello {
    pub(crate) protocol: Version,
    #[serde(default)]
    pub(crate) build: String,
    /// What it can beyond its version.
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) station: String,
    #[serde(default)]
    pub(crate) data_dir: String,
    /// Nanoseconds on the station's monotonic clock.
    #[serde(default)]
    pub(crate) now: u64,
    #[serde(default)]
    pub(crate) seat: Seat,
}

/// Why a station does not talk to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// For programs; those below.
    pub(crate) code: String,
    /// For people, in English.
    pub(crate) said: String,
    /// The same for people of another language, since 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<Message>,
}

impl Refused {
    /// A refusal in words that have a code, or have none.
    pub(crate) fn new(code: &str, message: impl Into<Message>) -> Self {
        let message = message.into();
        Self {
            code: code.to_owned(),
            said: message.to_string(),
            message: Some(message),
        }
    }

    /// What was said.
    pub(crate) fn message(self) -> Message {
        last_words(self.said, self.message)
    }
}

/// What was said; a station of another version says it in English only.
pub(crate) fn last_words(said: String, message: Option<Message>) -> Message {
    message.unwrap_or_else(|| Message::verbatim(said))
}

/// Codes of [`Refused`].
pub(crate) mod code {
    /// One side has to be updated.
    pub(crate) const OTHER_PROTOCOL: &str = "other_protocol";
    /// Too many are connected.
    pub(crate) const FULL: &str = "full";
    /// The first message did not come in time.
    pub(crate) const LATE: &str = "late";
    /// Something was said that is no message.
    pub(crate) const UNREADABLE: &str = "unreadable";
    /// The machine has no thread left, for example.
    pub(crate) const UNAVAILABLE: &str = "unavailable";

    /// Whether it may be otherwise when it is tried again.
    pub(crate) fn passes(code: &str) -> bool {
        matches!(code, FULL | LATE | UNAVAILABLE)
    }
}

/// What a client says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromClient {
    Hello(ClientHello),
    Command { number: u64, command: Command },
    Preview(PreviewWish),
}

impl FromClient {
    /// The names of all messages.
    pub(crate) const NAMES: [&str; 3] = ["hello", "command", "preview"];
}

/// What a station says.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromStation {
    Hello(StationHello),
    Refused(Refused),
    Update(Update),
    /// All that has changed was said.
    Complete {},
    Told {
        number: u64,
        reply: Reply,
    },
    /// It still lives.
    Ping {},
    /// It ends.
    Bye {
        said: String,
        #[serde(default)]
        message: Option<Message>,
    },
}

/// The same as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToClient<'a> {
    Hello(&'a StationHello),
    Refused(&'a Refused),
    Update(&'a Update),
    Complete {},
    Told {
        number: u64,
        reply: &'a Reply,
    },
    Ping {},
    Bye {
        said: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a Message>,
    },
}

/// What can be read of a message that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    /// The name of the message.
    pub(crate) name: String,
    /// Its number, if it has one and wants an answer.
    pub(crate) number: Option<u64>,
}

/// The outline of a message; none if it is no message at all.
pub(crate) fn outline(message: &[u8]) -> Option<Outline> {
    serde_json::from_slice(message).ok()
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> Visitor<'de> for Named {
            type Value = Outline;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message with its name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
                use serde::de::Error as _;
                let Some((name, Numbered(number))) = map.next_entry()? else {
                    return Err(A::Error::custom("no name"));
                };
                if map.next_key::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("two names"));
                }
                Ok(Outline { name, number })
            }
        }
        from.deserialize_map(Named)
    }
}

/// The number in the contents of a message, whatever these are.
struct Numbered(Option<u64>);

impl<'de> Deserialize<'de> for Numbered {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Contents;
        impl<'de> Visitor<'de> for Contents {
            type Value = Numbered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the contents of a message")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numbered, A::Error> {
                let mut number = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "number" {
                        number = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Numbered(number))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbered, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Numbered(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }

            fn visit_unit<E>(self) -> Result<Numbered, E> {
                Ok(Numbered(None))
            }
        }
        from.deserialize_any(Contents)
    }
}

#[cfg(test)]
mod tests;
