//! Parts of screens. A widget reads what it is given and writes only cells.

mod attendance_table;
mod bars;
mod big_text;
mod correction_form;
mod dialog;
mod enrol_form;
mod enrol_progress;
mod explain;
mod faces;
pub(super) mod hints;
mod log;
mod overlay;
mod palette;
mod people_table;
mod person_detail;
mod picture;
mod preview;
mod report_table;
mod status_bar;
mod welcome;

pub(super) use attendance_table::{AttendanceTable, Detail, hours, state_word, today_title};
pub(super) use bars::{Bars, sparkline};
pub(super) use big_text::draw_big;
pub(crate) use big_text::{GLYPH_SIDE, glyph};
pub(super) use correction_form::CorrectionFormPanel;
pub(super) use dialog::DialogPanel;
pub(super) use enrol_form::EnrolFormPanel;
pub(super) use enrol_progress::EnrolProgress;
pub(super) use explain::Explain;
pub(super) use faces::Faces;
pub(super) use hints::Hints;
pub(super) use log::LogLines;
pub(crate) use overlay::marks;
pub(super) use palette::PalettePanel;
pub(super) use people_table::PeopleTable;
pub(super) use person_detail::PersonDetail;
pub(crate) use picture::Steady;
pub(super) use picture::{Placement, draw_ascii, draw_half_blocks, draw_picture};
pub(super) use preview::{Preview, rows_for_width};
pub(super) use report_table::{PersonReport, ReportTable, times_and_remarks};
pub(super) use status_bar::{StatusBar, TroubleBanner};
pub(super) use welcome::WelcomeBanner;

use ratatui::layout::Constraint;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;
use rollcall_messages::Text;

use super::theme::Theme;

/// A frame with a title around part of a screen.
pub(super) fn panel(theme: Theme, title: &str) -> Block<'static> {
    Block::bordered()
        .border_set(theme.marks().border)
        .border_style(theme.dim())
        .title(Line::from(Span::styled(
            format!(" {} ", theme.text(title)),
            theme.heading(),
        )))
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
struct Column<K> {
    kind: K,
    heading: Text,
    /// `None` takes what the others leave.
    width: Option<u16>,
    /// Columns with a larger number go first where there is no room.
    rank: u8,
}

/// Cells the flexible column (the name) gets at least before others go.
const LEAST_FLEXIBLE: u16 = 12;

/// The columns that fit in `width` with one cell between them, each with its own width.
fn columns_that_fit<K: Copy>(all: &[Column<K>], width: u16) -> Vec<(Column<K>, u16)> {
    let mut columns = all.to_vec();
    loop {
        let gaps = columns.len().saturating_sub(1) as u16;
        let fixed: u16 = columns.iter().filter_map(|c| c.width).sum();
        let left = width.saturating_sub(fixed + gaps);
        let least_important = columns.iter().map(|c| c.rank).max().unwrap_or(0);
        if left >= LEAST_FLEXIBLE || least_important == 0 {
            return columns
                .into_iter()
                .map(|c| (c, c.width.unwrap_or(left)))
                .collect();
        }
        columns.retain(|c| c.rank != least_important);
    }
}

fn lengths<K>(columns: &[(Column<K>, u16)]) -> Vec<Constraint> {
    columns
        .iter()
        .map(|(_, width)| Constraint::Length(*width))
        .collect()
}
