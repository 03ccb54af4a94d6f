//! What a station and its front ends say to each other: the one vocabulary.
//!
//! A front end gives [`Command`]s and gets one [`Reply`] to each, reads the newest
//! [`StationView`], and follows the station's events, which are numbered. It is the same
//! whether the station runs in the same process or behind a socket: both are a [`Client`].
//!
//! # Invariants
//! - Nobody waits for a front end. Views and pictures are replaced by newer ones, events are
//!   kept in a ring, and who falls behind is told how many were missed.
//! - A command is answered exactly once, also if the connection breaks: then by
//!   [`RefusalCode::ConnectionLost`].
//! - What comes over the wire is bounded before it is read and checked as if it was typed.
//!
//! Deliberately absent: threads, sockets and decisions.

mod client;
mod command;
mod frames;
mod jpeg;
mod records;
pub mod say;
mod update;
mod view;

pub use client::{Client, Guest, Host, Link, LinkState, OUTSTANDING, Peer, PreviewWish, Told};
pub use command::{
    CameraControl, Command, ControlChange, ControlStep, CorrectionDraft, Refusal, RefusalCode,
    Reply,
};
pub use frames::{
    AnswerTo, EnrolmentStep, FrameAnswer, FrameDoor, FrameReport, OfferedFrame, SeenFace,
};
pub use jpeg::{Portrait, with_room_for_pictures};
pub use records::{
    Agreement, Answer, Asked, Done, PageKind, PageLine, PersonChange, PersonDeed, PersonFile,
    Question, ReportQuery, SettingChange, SettingRow, TemplateFacts,
};
pub use update::Update;
pub use view::{
    CameraElsewhere, CameraView, ChoosingView, ConfirmingView, DayMeasure, DayView, EnrollingView,
    EnrolmentView, FaceView, Facts, Health, HealthView, ModeView, PreviewMode, Roster,
    ScreenSettings, Sight, StationView, TrackView,
};
