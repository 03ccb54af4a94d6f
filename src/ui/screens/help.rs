//! All keys, and what the marks mean.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::ui::View;
use crate::ui::widgets::panel;

/// From this width on, keys and marks stand side by side.
const SIDE_BY_SIDE: u16 = 76;

const KEYS: &[(&str, &str)] = &[
    ("e", "enrol the face at the camera"),
    ("p", "people"),
    ("t", "attendance: Tab for day, week, month;"),
    ("", "arrows go back; i: in, late, absent"),
    ("r", "faces without a name: who was it?"),
    ("l", "log"),
    ("0-9", "a PIN or badge, then Enter"),
    ("w", "why each face has its name"),
    ("c", "camera; in the table: a correction"),
    ("/", "find a person, filter a list"),
    ("v", "preview: blocks, finer, dots, ASCII, off"),
    ("Tab", "next pane of a small window"),
    ("j k", "a line down, up; arrows too"),
    ("PgUp PgDn", "ten lines"),
    ("Home End", "first and last line"),
    ("Esc", "back; ends an enrolment"),
    ("?", "this help"),
    ("q Ctrl-C", "quit"),
];

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let block = panel(view.theme, "help");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if inner.width >= SIDE_BY_SIDE {
        let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
            .spacing(2)
            .areas(inner);
        let mut lines = keys(view, left.width);
        lines.push(Line::default());
        lines.extend(facts(view, left.width));
        draw_lines(frame, view, lines, left);
        draw_lines(frame, view, marks(view, right.width), right);
    } else {
        let mut lines = keys(view, inner.width);
        lines.push(Line::default());
        lines.extend(marks(view, inner.width));
        lines.push(Line::default());
        lines.extend(facts(view, inner.width));
        draw_lines(frame, view, lines, inner);
    }
}

fn draw_lines(frame: &mut Frame<'_>, view: View<'_>, lines: Vec<Line<'static>>, area: Rect) {
    let most = lines.len().saturating_sub(usize::from(area.height));
    let skipped = usize::from(view.app.help_scroll).min(most);
    for (y, line) in (area.y..area.bottom()).zip(lines.into_iter().skip(skipped)) {
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn keys(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let rows: Vec<_> = KEYS
        .iter()
        .map(|&(key, words)| (key.to_owned(), words.to_owned()))
        .collect();
    definitions(view, &rows, 9, width)
}

fn marks(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let marks = view.theme.marks();
    let threshold = view.station.threshold();
    let rows = [
        (
            format!("Ana 0.71 {}", marks.tick),
            "recognised; the number is the similarity, 1 is the same picture".to_owned(),
        ),
        (
            marks.ellipsis.to_owned(),
            "looking: a name needs several frames that agree".to_owned(),
        ),
        (
            "unknown".to_owned(),
            format!("nobody enrolled is similar enough (below {threshold})"),
        ),
        (
            "come closer".to_owned(),
            "what the face must do to be recognised".to_owned(),
        ),
        (
            "live 0.98".to_owned(),
            "how likely it is no photograph, 0 to 1".to_owned(),
        ),
        (
            format!("{} just now", marks.arrow),
            "checked in or out in the last 10 seconds, and saved".to_owned(),
        ),
        (marks.dash.to_owned(), "not here today".to_owned()),
        (
            "dropped".to_owned(),
            "pictures that were not looked at; some always are".to_owned(),
        ),
    ];
    definitions(view, &rows, 12, width)
}

/// What the station works with.
fn facts(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let templates = view.station.template_count();
    let rows = [
        ("networks".to_owned(), view.status.models.to_owned()),
        ("templates".to_owned(), templates.to_string()),
    ];
    definitions(view, &rows, 9, width)
}

/// Words on the left, what they mean on the right, broken where it is too long.
fn definitions(
    view: View<'_>,
    rows: &[(String, String)],
    term_width: usize,
    width: u16,
) -> Vec<Line<'static>> {
    let theme = view.theme;
    let room = usize::from(width).saturating_sub(term_width + 1);
    let mut lines = Vec::new();
    for (term, meaning) in rows {
        for (i, words) in theme.wrap(meaning, room).into_iter().enumerate() {
            let term = if i == 0 { term.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{term:<term_width$} "), theme.heading()),
                Span::raw(words),
            ]));
        }
    }
    lines
}
