//! All keys, and what the marks mean.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use rollcall_messages::Text;

use super::Behaviour;
use crate::View;
use crate::app::{Action, App};
use crate::command::{self, Command, Motion};
use crate::command::{ALL, DEEDS};
use crate::input::Key;
use crate::screen::Screen;
use crate::widgets::hints::{ESC, Hint, PAGES};
use crate::widgets::panel;
use rollcall_core::frame::Moment;
use rollcall_protocol::StationView;

/// The last line that can be the first one shown.
const LAST_LINE: usize = 60;

/// From this width on, keys and marks stand side by side.
const SIDE_BY_SIDE: u16 = 76;

/// Keys that are no letters, or begin with more than one.
const KEYS: &[(&str, Text)] = &[
    ("0-9", say::HELP_PIN),
    ("Enter", say::HELP_ENTER),
    ("Tab", say::HELP_TAB),
    ("j k", say::HELP_LINES),
    ("PgUp PgDn", say::HELP_TEN_LINES),
    ("g G", say::HELP_FIRST_LAST),
    ("Esc", say::HELP_ESCAPE),
    ("Ctrl-C", say::HELP_END),
];

const HELP: &[Hint] = &[(ESC, say::HINT_BACK, 0), (PAGES, say::HINT_SCROLL, 1)];

/// Keys, marks and facts.
pub(super) struct Help;

impl Behaviour for Help {
    fn name(&self) -> Text {
        say::HELP
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let block = panel(view.theme, view.theme.t(say::HELP));
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

    fn hints(&self, _: View<'_>) -> &'static [Hint] {
        HELP
    }

    fn key(&self, app: &mut App, key: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        if let Some(motion) = Motion::of(key) {
            app.help_scroll = motion.from(app.help_scroll, LAST_LINE);
        } else if command::of_key(key) == Some(Command::Go(Screen::Help)) {
            app.back();
        } else {
            return None;
        }
        Some(Vec::new())
    }

    fn enter(&self, app: &mut App) {
        if app.screen != Screen::Help {
            app.behind_help = app.screen;
        }
        app.help_scroll = 0;
    }

    fn behind(&self, app: &App) -> Screen {
        app.behind_help
    }
}

fn draw_lines(frame: &mut Frame<'_>, view: View<'_>, lines: Vec<Line<'static>>, area: Rect) {
    let most = lines.len().saturating_sub(usize::from(area.height));
    let skipped = view.app.help_scroll.min(most);
    for (y, line) in (area.y..area.bottom()).zip(lines.into_iter().skip(skipped)) {
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn keys(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let theme = view.theme;
    let commands = ALL.iter().filter(|entry| entry.letter.is_some());
    let commands = commands.map(|entry| (entry.keys(), theme.t(entry.name).to_owned()));
    let deeds = DEEDS
        .iter()
        .map(|entry| (entry.deed.label(), theme.t(entry.name).to_owned()));
    let others = KEYS
        .iter()
        .map(|&(key, words)| (key.to_owned(), theme.t(words).to_owned()));
    let rows: Vec<_> = commands.chain(deeds).chain(others).collect();
    definitions(view, &rows, 9, width)
}

fn marks(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let theme = view.theme;
    let marks = theme.marks();
    let threshold = view.station.health.threshold;
    let rows = [
        (
            format!("Ana 0.71 {}", marks.tick),
            theme.t(say::HELP_RECOGNISED).to_owned(),
        ),
        (
            marks.ellipsis.to_owned(),
            theme.t(say::HELP_LOOKING).to_owned(),
        ),
        (
            theme.t(say::UNKNOWN).to_owned(),
            theme.say(&say::help_unknown(threshold)),
        ),
        (
            theme.t(say::COME_CLOSER).to_owned(),
            theme.t(say::HELP_COME_CLOSER).to_owned(),
        ),
        (
            theme.t(say::HELP_LIVE_SCORE).to_owned(),
            theme.t(say::HELP_LIVE).to_owned(),
        ),
        (
            theme.say(&say::arrow_just_now(marks.arrow)),
            theme.t(say::HELP_JUST_NOW).to_owned(),
        ),
        (
            marks.dash.to_owned(),
            theme.t(say::HELP_NOT_HERE).to_owned(),
        ),
        (
            theme.t(say::DROPPED_LABEL).to_owned(),
            theme.t(say::HELP_DROPPED).to_owned(),
        ),
    ];
    definitions(view, &rows, 12, width)
}

/// What the station works with.
fn facts(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let templates = view.station.health.template_count;
    let rows = [
        (
            view.theme.t(say::NETWORKS).to_owned(),
            view.status.models.to_owned(),
        ),
        (
            view.theme.t(say::TEMPLATES_LABEL).to_owned(),
            templates.to_string(),
        ),
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
