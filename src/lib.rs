//! Rollcall: a face-recognition attendance station for the terminal.

pub mod clock;
pub mod config;
pub mod core;
pub mod inference;
pub mod mailbox;
pub mod stop;
pub mod ui;
