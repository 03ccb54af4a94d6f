//! The dashboard: what a key means and how a state is drawn.
//!
//! [`App`] is the operator's side: which screen, which row, what has been typed.
//! The [`StationView`] and the [`Status`] are read and never written here. Drawing is
//! a function of the three, so every screen can be tested without a terminal.
//!
//! Deliberately absent: decisions about attendance, and any access to files,
//! cameras or the database. No other room uses `ratatui` or `crossterm`.

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
pub mod headless;
pub mod input;
mod language;
mod listing;
mod pace;
mod page;
mod palette;
mod period;
mod person;
mod pin_entry;
pub mod plain;
mod printer;
mod reports;
mod review;
pub mod say;
mod screen;
mod screens;
pub mod session;
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
use ratatui::buffer::Buffer;

pub use app::{Action, App, UiOptions};
pub use colour::ColourDepth;
pub use dialog::Leaving;
pub use input::{Input, Key};
pub use language::{BUILT_IN, Language, LanguageError};
pub use pace::PreviewPace;
pub use snapshot::picture_as_text;
pub use status::{CameraFigures, CameraStatus, Status};
pub use terminal::{Terminal, TerminalError};
pub use theme::Charset;

use rollcall_core::printable::is_hostile;
use rollcall_protocol::StationView;
use theme::Theme;

/// Draws the dashboard into `frame`, whatever its size.
pub fn draw(frame: &mut Frame<'_>, app: &App, station: &StationView, status: &Status<'_>) {
    app.canvas.set(None);
    let view = View {
        app,
        station,
        status,
        theme: app.theme(),
    };
    screens::draw(frame, view);
    keep_out_hostile(frame.buffer_mut());
}

/// The last step before the terminal: whatever a widget has put into a cell, nothing in it
/// is obeyed. Words are spelled out before ([`Theme::text`]); this is for what has none.
fn keep_out_hostile(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().contains(is_hostile) {
            let shown: String = cell.symbol().chars().filter(|&c| !is_hostile(c)).collect();
            // A cell that shows nothing at all would shift its line.
            cell.set_symbol(if shown.is_empty() { " " } else { &shown });
        }
    }
}

/// Everything a widget may read.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    app: &'a App,
    station: &'a StationView,
    status: &'a Status<'a>,
    theme: Theme,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_in_a_cell_is_obeyed() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a\u{202e}b\u{61c}", Style::new());
        buffer.content[5].set_symbol("\u{9b}");
        buffer.content[6].set_symbol("e\u{301}");
        keep_out_hostile(&mut buffer);
        let row: String = buffer
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert!(!row.contains(is_hostile), "{row:?}");
        assert_eq!(row.trim_end(), "ab    e\u{301}");
    }
}
