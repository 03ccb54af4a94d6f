//! Attendance events: the facts that people are paid by.
//!
//! Invariants:
//! - An event is added and may be voided; it is never changed or removed.
//! - A decision names the place it takes in the person's day ([`NewPunch::sequence`]);
//!   the database holds each place once, so the same decision cannot be written twice.
//!
//! When a face becomes an event is decided in [`super::day`].

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::camera_name::CameraName;
use super::clock_trust::{ClockMark, ClockReading};
use super::embedding::{Cosine, ModelId};
use super::person::PersonId;

/// Row number of an attendance event in the database.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct EventId(pub i64);

/// Whether a person came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Direction {
    /// Check-in.
    In,
    /// Check-out.
    Out,
}

impl Direction {
    /// What it is called.
    pub fn text(self) -> Text {
        match self {
            Self::In => say::DIRECTION_IN,
            Self::Out => say::DIRECTION_OUT,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for Direction {
    fn said(&self) -> Message {
        self.text().into()
    }
}

/// Where an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum EventSource {
    /// A recognised face.
    Camera,
    /// An operator.
    Manual,
    /// A PIN or badge.
    Pin,
    /// A file.
    Import,
    /// A rule, e.g. one that closes a forgotten check-out.
    Rule,
}

impl EventSource {
    /// What it is called.
    pub fn text(self) -> Text {
        match self {
            Self::Camera => say::SOURCE_CAMERA,
            Self::Manual => say::SOURCE_MANUAL,
            Self::Pin => say::SOURCE_PIN,
            Self::Import => say::SOURCE_IMPORT,
            Self::Rule => say::SOURCE_RULE,
        }
    }
}

impl fmt::Display for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for EventSource {
    fn said(&self) -> Message {
        self.text().into()
    }
}

/// Who took an event back, when and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Void {
    /// When it was voided.
    pub at: DateTime<FixedOffset>,
    /// Name of the operator.
    pub by: String,
    /// The operator's reason.
    pub reason: String,
}

/// A punch that has been decided and not yet written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPunch {
    /// The camera elsewhere that saw the person; none is the station's own, or no camera.
    pub camera: Option<CameraName>,
    /// Whose punch it is.
    pub person: PersonId,
    /// Local time with its offset from UTC.
    pub at: DateTime<FixedOffset>,
    /// The day it counts for.
    pub local_day: NaiveDate,
    /// Place in the person's day, from 1, counting voided events too.
    pub sequence: u32,
    /// In or out.
    pub direction: Direction,
    /// Where it comes from.
    pub source: EventSource,
    /// Similarity of the face, if a face decided.
    pub similarity: Option<Cosine>,
    /// Distance to the next best person, if there is one.
    pub margin: Option<f32>,
    /// Liveness of the face, 0..=1, if it was judged.
    pub liveness: Option<f32>,
    /// The model that recognised the face.
    pub model: Option<ModelId>,
    /// The clock that `at` was read from, if it was this station's.
    pub clock: Option<ClockReading>,
}

/// A punch as it stands in the database.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AttendanceEvent {
    /// Row number.
    pub id: EventId,
    /// Whose event it is.
    pub person: PersonId,
    /// Local time with its offset from UTC.
    pub at: DateTime<FixedOffset>,
    /// The day it counts for.
    pub local_day: NaiveDate,
    /// Place in the person's day, from 1, counting voided events too.
    pub sequence: u32,
    /// In or out.
    pub direction: Direction,
    /// Where it comes from.
    pub source: EventSource,
    /// Similarity of the face, if a face decided.
    pub similarity: Option<Cosine>,
    /// Distance to the next best person, if there was one.
    pub margin: Option<f32>,
    /// Liveness of the face, 0..=1, if it was judged.
    pub liveness: Option<f32>,
    /// Set if the event was taken back.
    pub void: Option<Void>,
    /// How the event came to be.
    pub provenance: Provenance,
}

/// How an event came to be, beyond its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Provenance {
    /// The clock that the time was read from, if it was a station's and was noted.
    pub clock: Option<ClockMark>,
    /// The voided event in whose place this one stands.
    pub replaces: Option<EventId>,
    /// Who made it, if somebody made it by hand.
    pub operator: Option<String>,
    /// Why, if somebody made it by hand.
    pub reason: Option<String>,
    /// When it was written down, which for a correction is long after its time; none of
    /// what is not written yet.
    pub recorded_at: Option<DateTime<FixedOffset>>,
    /// The camera elsewhere that saw the person; none is the station's own, or no camera.
    pub camera: Option<CameraName>,
}

/// What an operator has done to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intervention {
    /// It was added by hand.
    Added,
    /// It was put in the place of another one.
    Replaced,
    /// It was voided.
    Voided,
}

/// What was done to an event by hand, when, by whom and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    /// What.
    pub what: Intervention,
    /// When; none if that was not noted.
    pub at: Option<DateTime<FixedOffset>>,
    /// By whom.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

impl AttendanceEvent {
    /// What operators have done to the event, in order. What a rule has closed or a file
    /// has brought is none of it.
    pub fn signatures(&self) -> impl Iterator<Item = Signature<'_>> {
        let made = match (&self.provenance.operator, self.source) {
            (Some(by), EventSource::Manual) => Some(Signature {
                what: match self.provenance.replaces {
                    Some(_) => Intervention::Replaced,
                    None => Intervention::Added,
                },
                at: self.provenance.recorded_at,
                by,
                reason: self.provenance.reason.as_deref().unwrap_or_default(),
            }),
            _ => None,
        };
        let voided = self.void.as_ref().map(|void| Signature {
            what: Intervention::Voided,
            at: Some(void.at),
            by: &void.by,
            reason: &void.reason,
        });
        made.into_iter().chain(voided)
    }
}
