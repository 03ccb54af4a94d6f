//! Which parts fill the window, and where each goes.

mod attendance;
mod camera;
mod help;
mod live;
mod log;
mod people;
mod review;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::View;
use super::app::Screen;
use super::field::TextField;
use super::listing::Focus;
use super::widgets::{Hints, StatusBar, TroubleBanner};

/// Below this the window shows only that it is too small.
const LEAST_WIDTH: u16 = 40;
const LEAST_HEIGHT: u16 = 12;

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>) {
    let area = frame.area();
    if area.width < LEAST_WIDTH || area.height < LEAST_HEIGHT {
        return draw_too_small(frame, view);
    }
    let banner = TroubleBanner(view);
    let [top, alarm, body, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(banner.height()),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(&StatusBar(view), top);
    frame.render_widget(&banner, alarm);
    frame.render_widget(&Hints(view), bottom);
    match view.app.screen {
        Screen::Live => live::draw(frame, view, body),
        Screen::People => people::draw(frame, view, body),
        Screen::Attendance => attendance::draw(frame, view, body),
        Screen::Review => review::draw(frame, view, body),
        Screen::Log => log::draw(frame, view, body),
        Screen::Camera => camera::draw(frame, view, body),
        Screen::Help => help::draw(frame, view, body),
    }
}

fn draw_too_small(frame: &mut Frame<'_>, view: View<'_>) {
    let area = frame.area();
    let words = format!(
        "This window is {}x{}; the dashboard needs {LEAST_WIDTH}x{LEAST_HEIGHT}. Attendance goes on.",
        area.width, area.height
    );
    let lines = view.theme.wrap(&words, usize::from(area.width));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        Line::raw(line).render(Rect::new(area.x, y, area.width, 1), frame.buffer_mut());
    }
}

/// Draws the line of a list's filter, and the cursor while it is typed.
fn draw_filter(
    frame: &mut Frame<'_>,
    view: View<'_>,
    filter: &TextField,
    focus: Focus,
    area: Rect,
) {
    let theme = view.theme;
    let label = "filter ";
    let room = usize::from(area.width).saturating_sub(label.len());
    let (shown, column) = filter.window(room);
    let value = if filter.is_empty() && focus == Focus::Rows {
        Span::styled("/ types a part of a name or code", theme.dim())
    } else {
        Span::raw(theme.text(shown).into_owned())
    };
    let label_style = match focus {
        Focus::Filter => theme.strong(),
        Focus::Rows => theme.dim(),
    };
    let line = Line::from(vec![Span::styled(label, label_style), value]);
    frame.render_widget(line, area);
    if focus == Focus::Filter {
        let x =
            area.x + (label.len() + column).min(usize::from(area.width.saturating_sub(1))) as u16;
        frame.set_cursor_position((x, area.y));
    }
}
