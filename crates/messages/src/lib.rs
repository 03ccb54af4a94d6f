//! What is said to people: codes with arguments, and catalogues that put them into words.
//!
//! A room declares its messages with [`room!`], and its English stands in a Fluent file. A
//! [`Message`] is a code and its arguments; its `Display` is English, which is what logs, the
//! command line, the database and the audit trail speak. A front end asks a [`Catalogue`] of
//! another language for the same code.
//!
//! # Invariants
//! - No sentence is ever recognised by its words.
//! - A code that is not declared, or is given too few arguments, does not compile. What a
//!   catalogue lacks is found by [`Catalogue::faults`], from the declarations.
//! - A message that came over a wire is bounded like one that was made here: see [`Message`].
//! - A message whose code is not known still says its English, which travels with it.
//!
//! Deliberately absent: which language somebody reads, and where catalogues lie.

mod catalogue;
mod facts;
mod message;
mod room;
mod value;

pub use catalogue::{Catalogue, CatalogueError, DECIMAL_MARK};
pub use message::{LONGEST_TEXT, MOST_ARGUMENTS, Message, Said};
pub use room::{Code, Room, Text, kebab};
pub use value::{Number, Value, decimal};

/// Declares the messages of a room.
///
/// `texts` are constants without arguments, `messages` are functions that take what the
/// sentence needs. The code is the name in kebab case: `CAMERA_LOST` and `camera_lost` are both
/// `camera-lost` in the catalogues.
///
/// ```
/// use rollcall_messages::room;
///
/// room! {
///     pub ROOM = "door", [("door.ftl", "
/// bell-rings = the bell rings
/// visitors-wait = { $count ->
///     [one] one visitor waits
///    *[other] { $count } visitors wait
/// } for { $name }
/// ")];
///     texts: BELL_RINGS;
///     messages: visitors_wait(count, name);
/// }
///
/// assert_eq!(BELL_RINGS.english(), "the bell rings");
/// assert_eq!(visitors_wait(1, "Ada").to_string(), "one visitor waits for Ada");
/// assert_eq!(visitors_wait(2, "Ada").to_string(), "2 visitors wait for Ada");
/// assert!(ROOM.english().faults(&[&ROOM]).is_empty());
/// ```
#[macro_export]
macro_rules! room {
    (
        $visibility:vis $room:ident = $name:literal, [$(($file:literal, $english:expr)),+ $(,)?];
        $(texts: $($text:ident),+ $(,)?;)?
        $(messages: $($message:ident($($argument:ident),+ $(,)?)),+ $(,)?;)?
    ) => {
        /// The messages of this room.
        #[allow(unreachable_pub, reason = "a test of the whole house looks at all rooms")]
        pub static $room: $crate::Room = $crate::Room::new(
            $name,
            &[
                $($($crate::Code { id: $crate::code_id!($text), arguments: &[] },)+)?
                $($($crate::Code {
                    id: $crate::code_id!($message),
                    arguments: &[$(stringify!($argument)),+],
                },)+)?
            ],
            ::std::sync::LazyLock::new(|| {
                $crate::Catalogue::built_in("en", &[$(($file, $english)),+])
            }),
        );
        $($(
            #[doc = concat!("The text `", stringify!($text), "`.")]
            $visibility const $text: $crate::Text =
                $crate::Text::new($crate::code_id!($text), &$room);
        )+)?
        $($(
            #[doc = concat!("The message `", stringify!($message), "`.")]
            $visibility fn $message(
                $($argument: impl ::std::convert::Into<$crate::Value>),+
            ) -> $crate::Message {
                const TEXT: $crate::Text =
                    $crate::Text::new($crate::code_id!($message), &$room);
                TEXT.with([$((stringify!($argument), $argument.into())),+])
            }
        )+)?
    };
}

/// The code that a name stands for, at compile time.
#[doc(hidden)]
#[macro_export]
macro_rules! code_id {
    ($name:ident) => {{
        const NAME: &str = stringify!($name);
        const BYTES: [u8; NAME.len()] = $crate::kebab(NAME);
        const ID: &str = match ::std::str::from_utf8(&BYTES) {
            Ok(id) => id,
            Err(_) => NAME,
        };
        ID
    }};
}

#[cfg(test)]
mod tests;
