//! Rollcall: a face-recognition attendance station for the terminal.

pub mod clock;
pub mod core;
pub mod eval;
pub mod inference;
pub mod mailbox;
pub mod picture;
pub mod stop;
