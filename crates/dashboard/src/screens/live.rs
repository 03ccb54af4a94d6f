//! The live screen: preview, faces, today's table and the log.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::View;
use crate::app::{Enrolling, Pane};
use crate::widgets::{
    AttendanceTable, Detail, EnrolFormPanel, EnrolProgress, Explain, Faces, LogLines, Preview,
    panel, rows_for_width, today_title,
};
use rollcall_protocol::ModeView;
use rollcall_protocol::PreviewMode;

/// From this width on, preview and table stand side by side.
const SIDE_BY_SIDE: u16 = 64;
/// From this height on, they stand one above the other in a narrower window.
const STACKED: u16 = 20;
/// Least width of the preview, frame included, beside the table.
const LEAST_PREVIEW_WIDTH: u16 = 28;
/// Least height of the list of faces, frame included.
const LEAST_FACES_HEIGHT: u16 = 4;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    if area.width >= SIDE_BY_SIDE {
        draw_side_by_side(frame, view, area);
    } else if area.height >= STACKED {
        draw_stacked(frame, view, area);
    } else {
        draw_one_pane(frame, view, area);
    }
}

fn draw_side_by_side(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    // A preview wider than this would only get margins, so the table gets the room.
    let widest = (area.height.saturating_sub(LEAST_FACES_HEIGHT)) * 8 / 3;
    let width = (area.width * 45 / 100).min(widest).max(LEAST_PREVIEW_WIDTH);
    let [left, right] =
        Layout::horizontal([Constraint::Length(width), Constraint::Fill(1)]).areas(area);
    draw_camera(frame, view, left);
    let log_height = (right.height / 3).clamp(3, 12);
    let [top, bottom] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(log_height)]).areas(right);
    if view.app.explaining {
        frame.render_widget(&Explain(view), right);
    } else {
        draw_today(frame, view, top);
        draw_log(frame, view, bottom);
    }
    draw_enrolment(frame, view, right, top.height);
}

fn draw_stacked(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let preview_height = rows_for_width(view, area.width).min(area.height / 2) + LEAST_FACES_HEIGHT;
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(preview_height),
        Constraint::Fill(1),
        Constraint::Length(area.height / 6 + 1),
    ])
    .areas(area);
    draw_camera(frame, view, top);
    let below = Rect {
        y: middle.y,
        height: area.bottom() - middle.y,
        ..area
    };
    if view.app.explaining {
        frame.render_widget(&Explain(view), below);
    } else {
        draw_today(frame, view, middle);
        draw_log(frame, view, bottom);
    }
    draw_enrolment(frame, view, below, middle.height);
}

/// A window too small for more than one thing: Tab changes which.
fn draw_one_pane(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let [tabs, pane] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let shown = if is_enrolling(view) {
        Pane::Camera
    } else {
        view.app.pane
    };
    draw_tabs(frame, view, shown, tabs);
    match shown {
        _ if view.app.explaining => frame.render_widget(&Explain(view), pane),
        Pane::Camera => frame.render_widget(&Preview(view), pane),
        Pane::Today => draw_today(frame, view, pane),
        Pane::Log => draw_log(frame, view, pane),
    }
    draw_enrolment(frame, view, area, 0);
}

fn draw_tabs(frame: &mut Frame<'_>, view: View<'_>, shown: Pane, area: Rect) {
    let theme = view.theme;
    let mut spans = vec![Span::styled("Tab ", theme.heading())];
    for (pane, name) in [
        (Pane::Camera, theme.t(say::CAMERA)),
        (Pane::Today, theme.t(say::TODAY)),
        (Pane::Log, theme.t(say::LOG)),
    ] {
        // Brackets, because a colour alone says nothing.
        spans.push(if pane == shown {
            Span::styled(format!("[{name}]"), theme.strong())
        } else {
            Span::styled(format!(" {name} "), theme.dim())
        });
    }
    frame.render_widget(Line::from(spans), area);
}

fn draw_camera(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let wanted = match view.app.preview {
        PreviewMode::Off => LEAST_FACES_HEIGHT + 1,
        _ => rows_for_width(view, area.width),
    };
    let height = wanted.min(area.height.saturating_sub(LEAST_FACES_HEIGHT));
    let [preview, faces] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(&Preview(view), preview);
    frame.render_widget(&Faces(view), faces);
}

fn draw_today(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let block = panel(view.theme, &today_title(view));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = view.station.today(&view.status.now);
    if rows.is_empty() {
        let words = view.theme.wrap(
            view.theme
                .t(say::NOBODY_ENROLLED_LIVE),
            usize::from(inner.width),
        );
        for (y, line) in (inner.y..inner.bottom()).zip(words) {
            frame.render_widget(Line::raw(line), Rect::new(inner.x, y, inner.width, 1));
        }
        return;
    }
    let table = AttendanceTable {
        view,
        rows: &rows,
        selected: None,
        detail: Detail::Glance,
    };
    frame.render_widget(&table, inner);
}

fn draw_log(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let block = panel(view.theme, view.theme.t(say::LOG));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let lines = LogLines {
        view,
        top: view.station.log().written(),
    };
    frame.render_widget(&lines, inner);
}

/// Draws the form or the progress over part of `area`, the preview stays in
/// sight: over the `table_height` lines of the table, which start at the top, or
/// without a table at the bottom.
fn draw_enrolment(frame: &mut Frame<'_>, view: View<'_>, area: Rect, table_height: u16) {
    let place = |needed: u16| {
        let height = needed.max(table_height).min(area.height);
        let y = match table_height {
            0 => area.bottom() - height,
            _ => area.y,
        };
        Rect { y, height, ..area }
    };
    if let Enrolling::Form(form) = &view.app.enrolling {
        let form = EnrolFormPanel { view, form };
        let place = place(form.height(area.width));
        frame.render_widget(&form, place);
        if let Some(cursor) = form.cursor(place) {
            frame.set_cursor_position(cursor);
        }
    } else if is_enrolling(view) {
        let progress = EnrolProgress(view);
        let place = place(progress.height(area.width));
        frame.render_widget(&progress, place);
    }
}

fn is_enrolling(view: View<'_>) -> bool {
    let is_idle = matches!(view.station.mode(), ModeView::Live | ModeView::Choosing(_));
    matches!(view.app.enrolling, Enrolling::Form(_)) || !is_idle
}
