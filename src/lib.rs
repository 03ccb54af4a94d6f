//! Rollcall: a face-recognition attendance station for the terminal.
//!
//! The rooms are crates of their own under `crates/`; Cargo holds which of them may know
//! which. They are gathered here under one roof for the commands, the tests and the benches.

// What is printed goes through `rollcall_system::print`.
#[macro_use]
extern crate rollcall_system;

pub mod cli;
pub mod commands;
pub mod eval;
pub mod import;

pub use rollcall_camera as camera;
pub use rollcall_cases as cases;
pub use rollcall_cases::say;
pub use rollcall_config as config;
pub use rollcall_core as core;
pub use rollcall_dashboard as ui;
pub use rollcall_engine as engine;
pub use rollcall_link as link;
pub use rollcall_messages as messages;
pub use rollcall_picture as picture;
pub use rollcall_protocol as protocol;
pub use rollcall_recognition as inference;
pub use rollcall_server as server;
pub use rollcall_sheet as sheet;
pub use rollcall_station as runtime;
pub use rollcall_store as store;
pub use rollcall_system::{
    clock, latest, logging, mailbox, print, random, read_bounded, service_manager, stop,
    whole_file, zone,
};
