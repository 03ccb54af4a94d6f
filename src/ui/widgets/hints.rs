//! The line at the bottom: which keys do what here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::core::station::Mode;
use crate::ui::View;
use crate::ui::app::{Enrolling, Screen};
use crate::ui::listing::Focus;
use crate::ui::text;

/// One line; the hints that do not fit are left out, `?` and `q` last of all.
pub(crate) struct Hints<'a>(pub(crate) View<'a>);

/// A key, what it does, and its rank: larger ones go first.
type Hint = (&'static str, &'static str, u8);

const LIVE: &[Hint] = &[
    ("e", "enrol", 1),
    ("p", "people", 2),
    ("t", "table", 3),
    ("r", "review", 5),
    ("c", "camera", 6),
    ("l", "log", 4),
    ("/", "find", 6),
    ("w", "why", 7),
    ("v", "preview", 5),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const LIST: &[Hint] = &[
    ("Esc", "back", 1),
    ("/", "filter", 2),
    ("PgUp/PgDn", "scroll", 4),
    ("e", "enrol", 3),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const TABLE: &[Hint] = &[
    ("Esc", "back", 1),
    ("c", "correct", 2),
    ("Tab", "period", 2),
    ("Left/Right", "earlier, later", 3),
    ("i", "who", 3),
    ("/", "filter", 4),
    ("PgUp/PgDn", "scroll", 5),
    ("e", "enrol", 4),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const CORRECTION: &[Hint] = &[
    ("Enter", "do it", 0),
    ("Tab", "next line", 1),
    ("Left/Right", "choose", 2),
    ("Esc", "close", 0),
];

const FILTER: &[Hint] = &[("Enter", "keep the filter", 1), ("Esc", "take it away", 0)];

const SCROLL: &[Hint] = &[
    ("Esc", "back", 1),
    ("PgUp/PgDn", "scroll", 3),
    ("Home/End", "first, last", 4),
    ("?", "help", 2),
    ("q", "quit", 0),
];

const REVIEW: &[Hint] = &[
    ("Esc", "back", 1),
    ("a", "who was it", 2),
    ("i", "ignore", 3),
    ("d", "erase", 4),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const CAMERA: &[Hint] = &[
    ("Esc", "back", 1),
    ("Left/Right", "change", 2),
    ("PgUp/PgDn", "by ten", 4),
    ("d", "default", 3),
    ("?", "help", 0),
    ("q", "quit", 0),
];

const HELP: &[Hint] = &[
    ("Esc", "back", 0),
    ("PgUp/PgDn", "scroll", 1),
    ("q", "quit", 0),
];

const FORM: &[Hint] = &[
    ("Enter", "start", 0),
    ("Tab", "next field", 1),
    ("Esc", "close", 0),
];

const ENROLLING: &[Hint] = &[("Esc", "call it off", 0), ("v", "preview", 1)];

impl Widget for &Hints<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.0.theme;
        if let Some(words) = self.pin_entry() {
            let room = usize::from(area.width);
            buf.set_stringn(
                area.x,
                area.y,
                theme.fit(&words, room),
                room,
                theme.strong(),
            );
            return;
        }
        let mut hints = self.hints().to_vec();
        let needed = |hints: &[Hint]| -> usize {
            let words = hints
                .iter()
                .map(|(key, does, _)| text::width(key) + 3 + text::width(does));
            words.sum()
        };
        while needed(&hints) > usize::from(area.width) && hints.len() > 1 {
            let last = hints.iter().map(|h| h.2).max().unwrap_or(0);
            if last == 0 {
                break;
            }
            hints.retain(|h| h.2 != last);
        }
        let mut x = area.x;
        for (key, does, _) in hints {
            let room = |x: u16| usize::from(area.right().saturating_sub(x));
            (x, _) = buf.set_stringn(x, area.y, key, room(x), theme.heading());
            (x, _) = buf.set_stringn(x, area.y, format!(" {does}  "), room(x), theme.normal());
        }
    }
}

impl Hints<'_> {
    /// What there is to say of digits that are being typed.
    fn pin_entry(&self) -> Option<String> {
        let View { app, status, .. } = self.0;
        if app.screen != Screen::Live {
            return None;
        }
        match app.pin.digits(status.now.monotonic) {
            0 => app.pin_problem.clone(),
            digits => Some(format!(
                "PIN {}  Enter punches  Esc forgets it",
                "*".repeat(digits)
            )),
        }
    }

    fn hints(&self) -> &'static [Hint] {
        let View { app, station, .. } = self.0;
        match (app.screen, &app.enrolling, station.mode()) {
            (Screen::Attendance, ..) if app.correcting.form().is_some() => CORRECTION,
            (_, Enrolling::Form(_), _) => FORM,
            (Screen::Live, _, Mode::Enrolling(_)) => ENROLLING,
            (Screen::Live, ..) => LIVE,
            (Screen::People, ..) if app.people.focus == Focus::Filter => FILTER,
            (Screen::Attendance, ..) if app.attendance.focus == Focus::Filter => FILTER,
            (Screen::Attendance, ..) => TABLE,
            (Screen::People, ..) => LIST,
            (Screen::Review, ..) if app.review.form.is_some() => CORRECTION,
            (Screen::Review, ..) => REVIEW,
            (Screen::Log, ..) => SCROLL,
            (Screen::Camera, ..) => CAMERA,
            (Screen::Help, ..) => HELP,
        }
    }
}
