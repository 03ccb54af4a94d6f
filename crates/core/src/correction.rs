//! What an operator can put right, and what has to be said with it.
//!
//! Invariants:
//! - A correction has a reason and the name of who made it.
//! - Nothing is overwritten: an event is voided and another stands in its place.
//!   Taking a correction back is another correction.

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::attendance::{AttendanceEvent, Direction, EventId};
use super::embedding::{Embedding, ModelId};
use super::person::PersonCode;

/// A correction somebody has asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// What shall be done.
    pub deed: Deed,
    /// Who asks for it.
    pub operator: String,
    /// Why, for whoever reads it later.
    pub reason: String,
    /// The face that led to the event of [`Deed::Disown`], as long as the station remembers
    /// it, and the network that described it.
    pub face: Option<(Embedding, ModelId)>,
}

/// What a correction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Adds a punch that was never made.
    Add {
        /// Whose punch it is.
        code: PersonCode,
        /// When.
        when: When,
        /// In or out.
        direction: Direction,
    },
    /// Takes an event back.
    Void {
        /// The event.
        event: EventId,
    },
    /// Takes an event back because it was somebody else's face, which shall not be taken
    /// for this person again.
    Disown {
        /// The event.
        event: EventId,
    },
    /// Takes an event back and puts another in its place.
    Change {
        /// The event.
        event: EventId,
        /// What shall be different.
        change: Change,
    },
}

/// A time and the day it counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Local time with its offset from UTC.
    pub at: DateTime<FixedOffset>,
    /// The day it counts for.
    pub local_day: NaiveDate,
}

/// What shall be different about an event; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Another time.
    pub when: Option<When>,
    /// Another person.
    pub code: Option<PersonCode>,
    /// Another direction.
    pub direction: Option<Direction>,
}

/// What a correction has done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corrected {
    /// The event that stands no more.
    pub voided: Option<AttendanceEvent>,
    /// The event that stands now.
    pub added: Option<AttendanceEvent>,
    /// Whether a face is remembered as not being the person's.
    pub disowned: bool,
}
