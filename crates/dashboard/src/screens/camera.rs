//! How the camera is, and its controls.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use rollcall_messages::Text;
use rollcall_messages::decimal;

use super::Behaviour;
use crate::View;
use crate::app::{Action, App};
use crate::camera_controls::ControlKey;
use crate::command::Deed;
use crate::input::Key;
use crate::listing::first_shown;
use crate::widgets::hints::{ALL, ESC, HELP_KEY, Hint, K, d};
use crate::widgets::panel;
use rollcall_core::frame::Moment;
use rollcall_protocol as protocol;
use rollcall_protocol::CameraControl;
use rollcall_protocol::StationView;

/// Lines of the sentence that says how the camera is; a low window shows two of them.
const SENTENCE_LINES: u16 = 4;
const LOW: u16 = 14;
/// Columns of a control's value and of its range.
const VALUE_WIDTH: usize = 14;
const RANGE_WIDTH: usize = 26;
/// From this width on, the ranges are shown.
const WITH_RANGES: u16 = 66;

const CAMERA: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (K("Left/Right"), say::HINT_CHANGE, 2),
    (K("< >"), say::HINT_BY_TEN, 4),
    (d(Deed::Propose), say::HINT_DEFAULT, 3),
    (K("Enter"), say::HINT_TEST, 3),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

/// The camera and its controls.
pub(super) struct Camera;

impl Behaviour for Camera {
    fn name(&self) -> Text {
        say::CAMERA
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let separator = view.theme.marks().separator;
        let block = panel(
            view.theme,
            &view
                .theme
                .say(&say::camera_titled(separator, view.status.source)),
        );
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let sentence_height = if area.height < LOW { 2 } else { SENTENCE_LINES };
        let [sentence, figures, _, rows, remark] = Layout::vertical([
            Constraint::Length(sentence_height),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(inner);
        draw_sentence(frame, view, sentence);
        let words = view
            .theme
            .fit(&figures_in_words(view), usize::from(figures.width));
        frame.render_widget(Line::raw(words), figures);
        draw_rows(frame, view, rows);
        let words = view.theme.fit(
            &view.theme.sentence(&view.app.controls.remark),
            usize::from(remark.width),
        );
        frame.render_widget(Line::styled(words, view.theme.dim()), remark);
    }

    fn hints(&self, _: View<'_>) -> &'static [Hint] {
        CAMERA
    }

    fn key(&self, app: &mut App, key: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        if key == Key::Enter {
            app.tell(Ok(say::CAMERA_TESTING.into()));
            return Some(vec![Action::Send(protocol::Command::TestCamera)]);
        }
        match app.controls.handle(key) {
            ControlKey::Pass => None,
            ControlKey::Taken => Some(Vec::new()),
            ControlKey::Change(change) => {
                Some(vec![Action::Send(protocol::Command::ChangeControl(change))])
            }
        }
    }
}

fn draw_sentence(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let theme = view.theme;
    let lines = theme.wrap(
        &theme.sentence(&view.status.camera_figures.sentence),
        usize::from(area.width),
    );
    for (y, words) in (area.y..area.bottom()).zip(lines) {
        let line = Line::styled(words, theme.strong());
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

/// What matters most first, for the end of a long line is cut off.
fn figures_in_words(view: View<'_>) -> String {
    let theme = view.theme;
    let figures = &view.status.camera_figures;
    let rate = view.status.camera.frames_per_second;
    let rate = rate.map(|rate| theme.say(&say::camera_rate(decimal(rate, 1))));
    let latency = figures
        .latency
        .map(|latency| theme.say(&say::camera_latency(latency.as_millis() as u64)));
    let counted = [
        (theme.t(say::CAMERA_BROKEN), figures.damaged),
        (theme.t(say::CAMERA_LOST_PICTURES), figures.lost),
        (theme.t(say::CAMERA_RECONNECTS), figures.reconnects),
        (theme.t(say::CAMERA_STUCK_THREADS), figures.abandoned),
    ];
    let counted = counted.into_iter().filter(|(_, count)| *count > 0);
    let counted = counted.map(|(what, count)| format!("{what} {count}"));
    let parts: Vec<String> = rate.into_iter().chain(counted).chain(latency).collect();
    parts.join(", ")
}

fn draw_rows(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let controls = &view.app.controls;
    let selected = controls.selected();
    let first = first_shown(controls.rows.len(), selected, usize::from(area.height));
    let shown = controls.rows.iter().enumerate().skip(first);
    for (y, (index, control)) in (area.y..area.bottom()).zip(shown) {
        let line = row(view, control, index == selected, area.width);
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn row(view: View<'_>, control: &CameraControl, is_selected: bool, width: u16) -> Line<'static> {
    let theme = view.theme;
    let range_width = if width >= WITH_RANGES { RANGE_WIDTH } else { 0 };
    let title_width = usize::from(width).saturating_sub(4 + VALUE_WIDTH + range_width);
    let style = match (control.is_changeable, is_selected) {
        (false, _) => theme.dim(),
        (true, true) => theme.strong(),
        (true, false) => theme.normal(),
    };
    let padded = |text: &str, width: usize| {
        let words = theme.fit(text, width);
        let gap = width.saturating_sub(crate::text::width(&words));
        format!("{words}{}", " ".repeat(gap))
    };
    let span = |text: String, style: Style| Span::styled(text, style);
    let mark = if is_selected { "> " } else { "  " };
    let mut spans = vec![
        span(mark.to_owned(), theme.heading()),
        span(padded(&control.title, title_width), style),
        span(format!(" {}", padded(&control.value, VALUE_WIDTH)), style),
    ];
    if range_width > 0 {
        let range = if control.is_changeable {
            theme.say(&control.range)
        } else {
            theme.t(say::CONTROL_AUTOMATIC).to_owned()
        };
        spans.push(span(
            format!(" {}", theme.fit(&range, range_width)),
            theme.dim(),
        ));
    }
    Line::from(spans)
}
