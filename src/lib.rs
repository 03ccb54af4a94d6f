//! Rollcall: a face-recognition attendance station for the terminal.

pub mod camera;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod core;
pub mod eval;
pub mod import;
pub mod inference;
pub mod logging;
pub mod mailbox;
pub mod picture;
mod random;
pub mod read_bounded;
pub mod runtime;
pub mod sheet;
pub mod stop;
pub mod store;
pub mod ui;
pub mod whole_file;
pub mod zone;
