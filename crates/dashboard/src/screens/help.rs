//! All keys, and what the marks mean.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

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
const KEYS: &[(&str, &str)] = &[
    ("0-9", english!("a PIN or badge, then Enter")),
    ("Enter", english!("open, change, start, read again")),
    ("Tab", english!("next period, next pane of a small window")),
    ("j k", english!("a line down, up; arrows too")),
    ("PgUp PgDn", english!("ten lines")),
    ("g G", english!("first and last line; Home and End too")),
    ("Esc", english!("back; ends an enrolment")),
    ("Ctrl-C", english!("end at once")),
];

const HELP: &[Hint] = &[(ESC, english!("back"), 0), (PAGES, english!("scroll"), 1)];

/// Keys, marks and facts.
pub(super) struct Help;

impl Behaviour for Help {
    fn name(&self) -> &'static str {
        english!("help")
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let block = panel(view.theme, view.theme.t("help"));
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
            theme
                .t("recognised; the number is the similarity, 1 is the same picture")
                .to_owned(),
        ),
        (
            marks.ellipsis.to_owned(),
            theme
                .t("looking: a name needs several frames that agree")
                .to_owned(),
        ),
        (
            theme.t("unknown").to_owned(),
            theme.fill(
                "nobody enrolled is similar enough (below {})",
                &[&threshold],
            ),
        ),
        (
            theme.t("come closer").to_owned(),
            theme.t("what the face must do to be recognised").to_owned(),
        ),
        (
            theme.t("live 0.98").to_owned(),
            theme.t("how likely it is no photograph, 0 to 1").to_owned(),
        ),
        (
            theme.fill("{} just now", &[&marks.arrow]),
            theme
                .t("checked in or out in the last 10 seconds, and saved")
                .to_owned(),
        ),
        (marks.dash.to_owned(), theme.t("not here today").to_owned()),
        (
            theme.t("dropped").to_owned(),
            theme
                .t("pictures that were not looked at; some always are")
                .to_owned(),
        ),
    ];
    definitions(view, &rows, 12, width)
}

/// What the station works with.
fn facts(view: View<'_>, width: u16) -> Vec<Line<'static>> {
    let templates = view.station.health.template_count;
    let rows = [
        (
            view.theme.t("networks").to_owned(),
            view.status.models.to_owned(),
        ),
        (view.theme.t("templates").to_owned(), templates.to_string()),
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
