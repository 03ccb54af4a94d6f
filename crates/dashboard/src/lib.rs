//! The dashboard: what a key means and how a state is drawn.
//!
//! [`App`] is the operator's side: which screen, which row, what has been typed.
//! The [`Station`] and the [`Status`] are read and never written here. Drawing is
//! a function of the three, so every screen can be tested without a terminal.
//!
//! Deliberately absent: decisions about attendance, and any access to files,
//! cameras or the database. No other room uses `ratatui` or `crossterm`.

/// Marks a sentence that the dashboard looks up in its language later, so that the
/// catalogues can be checked against the sources.
macro_rules! english {
    ($sentence:literal) => {
        $sentence
    };
}

mod app;
mod camera_controls;
mod colour;
mod command;
mod correcting;
mod correction_form;
mod dialog;
mod enrol_form;
mod field;
mod filter;
mod graphics;
pub mod input;
mod language;
mod listing;
mod meter;
mod pace;
mod page;
mod palette;
mod person;
mod pin_entry;
pub mod plain;
mod records;
mod reports;
mod review;
mod screens;
mod settings;
mod snapshot;
mod status;
pub mod terminal;
mod text;
mod theme;
mod trends;
mod welcome;
mod widgets;

use ratatui::Frame;

pub use app::{Action, App, PreviewMode, UiOptions};
pub use camera_controls::{CameraControl, ControlChange, ControlStep};
pub use colour::ColourDepth;
pub use correction_form::{CorrectionDraft, DraftDeed};
pub use dialog::Leaving;
pub use input::{Input, Key};
pub use language::{Language, LanguageError};
pub use meter::Written;
pub use pace::PreviewPace;
pub use records::{
    Answer, Done, PageKind, PageLine, PersonChange, PersonDeed, PersonFile, Question,
    SettingChange, SettingRow, TemplateFacts,
};
pub use reports::ReportQuery;
pub use snapshot::picture_as_text;
pub use status::{CameraFigures, CameraStatus, Health, Status};
pub use terminal::{Terminal, TerminalError};
pub use theme::Charset;

use rollcall_core::station::Station;
use theme::Theme;

/// Draws the dashboard into `frame`, whatever its size.
pub fn draw(frame: &mut Frame<'_>, app: &App, station: &Station, status: &Status<'_>) {
    app.canvas.set(None);
    let view = View {
        app,
        station,
        status,
        theme: app.theme(),
    };
    screens::draw(frame, view);
}

/// Everything a widget may read.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    app: &'a App,
    station: &'a Station,
    status: &'a Status<'a>,
    theme: Theme,
}
