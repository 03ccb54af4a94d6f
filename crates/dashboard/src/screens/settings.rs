//! The settings: what each is, and what it may become.

use crate::say;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use rollcall_messages::Text;

use super::Behaviour;
use super::{draw_filter, draw_words};
use crate::View;
use crate::app::{Action, App, ask};
use crate::command::{Command, Deed};
use crate::input::Key;
use crate::listing::first_shown;
use crate::settings::SettingsKey;
use crate::text;
use crate::widgets::hints::{ALL, ESC, FILTER, FIND, HELP_KEY, Hint, K, PAGES, TYPING, c, d};
use crate::widgets::hours;
use crate::widgets::panel;
use rollcall_core::frame::Moment;
use rollcall_core::worktime::alteration::Alteration;
use rollcall_protocol::SettingRow;
use rollcall_protocol::{Question, StationView};

/// Lines in which the selected setting is explained; a low window shows two of them.
const HELP_LINES: u16 = 4;
const LOW: u16 = 16;

const SETTINGS: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (K("Enter"), say::HINT_CHANGE, 1),
    (d(Deed::Propose), say::HINT_DEFAULT, 2),
    (FIND, say::FILTER_LABEL, 2),
    (c(Command::Undo), say::HINT_UNDO, 3),
    (PAGES, say::HINT_SCROLL, 5),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

/// What can be set.
pub(super) struct SettingsScreen;

impl Behaviour for SettingsScreen {
    fn name(&self) -> Text {
        say::SETTINGS
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let theme = view.theme;
        let settings = &view.app.settings;
        let block = panel(theme, theme.t(say::SETTINGS));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let help_lines = if area.height < LOW { 2 } else { HELP_LINES };
        let [filter, rows, help] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(help_lines),
        ])
        .areas(inner);
        draw_filter(frame, view, &settings.filter, filter);
        let shown = match settings.shown() {
            None => return draw_words(frame, view, theme.t(say::READING_RECORDS), rows),
            Some(Err(error)) => return draw_words(frame, view, &theme.say(error), rows),
            Some(Ok(shown)) => shown,
        };
        let Some((selected, setting)) = settings.selected() else {
            let words = theme.t(say::NOTHING_MATCHES);
            return draw_words(frame, view, words, rows);
        };
        draw_rows(frame, view, &shown, selected, rows);
        if let Some((_, alteration)) = &settings.asked {
            return draw_question(frame, view, alteration, help);
        }
        let mut lines = theme.wrap(&theme.sentence(&setting.help), usize::from(help.width));
        if let Some(variable) = &setting.overridden_by {
            let words = theme.say(&say::setting_overridden(variable));
            lines.insert(0, words);
        }
        for (y, words) in (help.y..help.bottom()).zip(lines) {
            let line = Line::styled(words, theme.dim());
            frame.render_widget(line, Rect::new(help.x, y, help.width, 1));
        }
    }

    fn hints(&self, view: View<'_>) -> &'static [Hint] {
        let settings = &view.app.settings;
        if settings.filter.is_typing() {
            FILTER
        } else if settings.editing.is_some() {
            TYPING
        } else {
            SETTINGS
        }
    }

    fn key(&self, app: &mut App, key: Key, _: &StationView, _: &Moment) -> Option<Vec<Action>> {
        let operator = app.operator().to_owned();
        match app.settings.handle(key, &operator) {
            SettingsKey::Pass => None,
            SettingsKey::Taken => Some(Vec::new()),
            SettingsKey::Change(change) => Some(vec![ask(Question::ChangeSetting(change))]),
        }
    }

    fn is_typing(&self, app: &App) -> bool {
        app.settings.editing.is_some() || app.settings.filter.is_typing()
    }

    fn paste(&self, app: &mut App, text: &str, _: &StationView) {
        app.settings.paste(text);
    }

    fn due(&self, app: &mut App, _: &StationView) -> Option<Question> {
        app.settings.is_due().then_some(Question::Settings)
    }

    fn enter(&self, app: &mut App) {
        app.settings.ask_again();
    }
}

/// What a change would do to days that have passed, and whether that is meant.
fn draw_question(frame: &mut Frame<'_>, view: View<'_>, alteration: &Alteration, area: Rect) {
    let theme = view.theme;
    let Some((first, last)) = alteration.span() else {
        return;
    };
    let (before, after) = alteration.totals();
    let mut sentences = vec![
        theme.t(say::PRESS_TO_ALTER).to_owned(),
        theme.say(&say::alters_days(
            alteration.day_count(),
            alteration.people.len(),
            first.to_string(),
            last.to_string(),
        )),
    ];
    if before.days_absent != after.days_absent {
        sentences.push(theme.say(&say::alters_absent(after.days_absent, before.days_absent)));
    }
    if before.worked != after.worked {
        let times = [hours(after.worked), hours(before.worked)];
        sentences.push(theme.say(&say::alters_hours(&times[0], &times[1])));
    }
    if before.late != after.late {
        let times = [hours(after.late), hours(before.late)];
        sentences.push(theme.say(&say::alters_late(&times[0], &times[1])));
    }
    let lines = theme.wrap(&sentences.join(". "), usize::from(area.width));
    for (y, words) in (area.y..area.bottom()).zip(lines) {
        let line = Line::styled(words, theme.warning());
        frame.render_widget(line, Rect::new(area.x, y, area.width, 1));
    }
}

fn draw_rows(
    frame: &mut Frame<'_>,
    view: View<'_>,
    rows: &[&SettingRow],
    selected: usize,
    area: Rect,
) {
    let theme = view.theme;
    let name = |row: &SettingRow| format!("{}.{}", row.section, row.key);
    let widest = rows.iter().map(|row| text::width(&name(row))).max();
    let width = usize::from(area.width);
    let name_width = widest.unwrap_or(0).min(width * 3 / 5);
    let room = width.saturating_sub(name_width + 3);
    let first = first_shown(rows.len(), selected, usize::from(area.height));
    for (y, (index, row)) in (area.y..area.bottom()).zip(rows.iter().enumerate().skip(first)) {
        let is_selected = index == selected;
        let editing = view.app.settings.editing.as_ref().filter(|_| is_selected);
        let label = theme.fit(&name(row), name_width);
        let gap = " ".repeat(name_width + 1 - text::width(&label));
        let mark = if is_selected { "> " } else { "  " };
        let name_style = if is_selected {
            theme.strong()
        } else {
            theme.normal()
        };
        let value = if let Some(field) = editing {
            let (shown, column) = field.window(room);
            let x = area.x + (2 + name_width + 1 + column) as u16;
            frame.set_cursor_position((x.min(area.right().saturating_sub(1)), y));
            Span::styled(theme.text(shown).into_owned(), theme.strong())
        } else {
            let is_default = row.value == row.default;
            let words = match row.value.as_str() {
                "" => theme.t(say::SETTING_EMPTY),
                value => value,
            };
            let style = if is_default {
                theme.dim()
            } else {
                theme.heading()
            };
            Span::styled(theme.fit(words, room), style)
        };
        let spans = vec![
            Span::styled(mark, theme.heading()),
            Span::styled(format!("{label}{gap}"), name_style),
            value,
        ];
        frame.render_widget(Line::from(spans), Rect::new(area.x, y, area.width, 1));
    }
}
