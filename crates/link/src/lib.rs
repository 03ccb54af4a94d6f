//! A station's protocol over a Unix socket: the server beside a station, and the client of a
//! front end that runs in another process.
//!
//! Both ends are a [`rollcall_protocol::Client`]: [`Server`] joins the station once for every
//! connection, and [`attach`] makes a client whose link is the socket. A front end cannot
//! tell the two apart.
//!
//! # What is said
//! Messages are JSON with names for all fields; pictures are JPEG. Each is written in parts
//! of at most 64 kB, with their length before them (module `wire`). The first message both ways is
//! `hello`, with the version of the protocol. Another major version is refused in words that
//! say which side to update. What a newer minor version adds is left unread: unknown fields
//! and unknown messages are passed over, unknown commands are answered as such.
//!
//! The station says what has changed since the last round, then `complete`; the client shows
//! a view only when it is complete. `ping` says that the station still lives, `bye` that
//! it ends in good order.
//!
//! # Invariants
//! - The station waits for no front end. A connection holds the newest view and one part of
//!   a message; what a slow reader missed is never queued, only the difference to what it
//!   has read is sent when it reads again.
//! - No length is believed: what is read is bounded before memory is taken for it.
//! - A command is answered exactly once, also when the connection breaks.
//! - A live socket is never taken over; whose socket it is, the kernel says.
//!
//! # A front end that is frozen
//! Who reads nothing for 30 seconds is cut off. It would cost nothing to feed, but it holds
//! a seat, and perhaps an enrolment that nobody else can begin meanwhile. A client that wakes
//! up again finds its station by itself within a fraction of a second, so that nothing is lost by it.
//!
//! Deliberately absent: an asynchronous runtime, decisions, and authorisation beyond what the
//! folder and the mode of the socket say; who was at the other end is passed on to the station.

mod client;
mod connection;
mod error;
mod heard;
mod message;
mod pictures;
mod place;
mod preview;
pub mod say;
mod server;
mod session;
mod socket;
mod wire;

pub use client::{Hello, attach};
pub use error::LinkError;
pub use message::{MAJOR, MINOR};
pub use place::{Found, Place, Places};
pub use server::Server;
