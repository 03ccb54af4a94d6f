//! What operators can do with a station's records and settings: each case is decided here,
//! once, for every front end. The command line, the station's desk and whatever speaks HTTP ask
//! the same functions.
//!
//! A case takes a typed request and gives an [`Outcome`]: it is done, with the facts; or it
//! asks, because something has to be agreed to first; or it is refused by a [`CaseError`], which
//! has a code for programs.
//!
//! # Invariants
//! - What is refused or asked about has changed nothing.
//! - Whatever alters days that have passed is agreed to and stands in the audit trail.
//! - An agreement is a part of the request: nothing is remembered between two requests.
//!
//! Deliberately absent: terminals, prompts, arguments, sockets and threads. How an outcome is
//! said is the business of whoever has asked.

pub mod calibration;
mod context;
pub mod doctor;
pub mod enrolment;
mod error;
pub mod export;
mod languages;
mod networks;
pub mod past;
pub mod people;
pub mod review;
pub mod say;
pub mod settings;

#[cfg(test)]
mod fixture;

pub use context::{Context, PASSPHRASE, Places};
pub use error::CaseError;
pub use languages::{EnglishOnly, Languages, Words};
pub use networks::{KnownPeople, Look, ModelsInUse, embedder_id, models_dir};
pub use rollcall_protocol::Agreement;

/// What comes of a request that is not refused.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Outcome<T> {
    /// It is done.
    Done(T),
    /// Nothing has changed: it is done when the request says that this is agreed to.
    Asks(Agreement),
}
