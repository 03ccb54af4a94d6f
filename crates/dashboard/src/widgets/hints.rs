//! The line at the bottom: which keys do what here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::View;
use crate::app::{Enrolling, Screen};
use crate::person::Doing;
use crate::text;
use rollcall_core::station::Mode;

/// One line; the hints that do not fit are left out, `?` and `q` last of all.
pub(crate) struct Hints<'a>(pub(crate) View<'a>);

/// A key, what it does, and its rank: larger ones go first.
type Hint = (&'static str, &'static str, u8);

const LIVE: &[Hint] = &[
    ("e", english!("enrol"), 1),
    ("p", english!("people"), 2),
    ("t", english!("table"), 3),
    ("r", english!("review"), 5),
    ("c", english!("camera"), 6),
    ("l", english!("log"), 4),
    ("s", english!("settings"), 6),
    ("d", english!("doctor"), 7),
    ("b", english!("charts"), 8),
    ("g", english!("calibration"), 9),
    ("a", english!("audit"), 9),
    ("/", english!("find"), 6),
    ("w", english!("why"), 7),
    ("v", english!("preview"), 5),
    ("u", english!("undo"), 8),
    (":", english!("all"), 1),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const LIST: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("Enter", english!("open"), 2),
    ("/", english!("filter"), 2),
    ("PgUp/PgDn", english!("scroll"), 4),
    ("e", english!("enrol"), 3),
    (":", english!("all"), 3),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const TABLE: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("c", english!("correct"), 2),
    ("Tab", english!("period"), 2),
    ("Left/Right", english!("earlier, later"), 3),
    ("i", english!("who"), 3),
    ("x", english!("export"), 3),
    ("/", english!("filter"), 4),
    ("PgUp/PgDn", english!("scroll"), 5),
    (":", english!("all"), 4),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const PERSON: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("n", english!("name"), 2),
    ("x", english!("active"), 2),
    ("o", english!("consent"), 3),
    ("i", english!("PIN"), 3),
    ("f", english!("forget adaptive"), 5),
    ("D", english!("erase"), 4),
    ("u", english!("undo"), 4),
    ("PgUp/PgDn", english!("scroll"), 6),
    (":", english!("all"), 6),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const PAGE: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("/", english!("filter"), 2),
    ("Enter", english!("read again"), 3),
    ("PgUp/PgDn", english!("scroll"), 4),
    (":", english!("all"), 3),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const CALIBRATION: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("w", english!("write the threshold"), 1),
    ("Enter", english!("read again"), 3),
    ("PgUp/PgDn", english!("scroll"), 4),
    (":", english!("all"), 3),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const SETTINGS: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("Enter", english!("change"), 1),
    ("d", english!("default"), 2),
    ("/", english!("filter"), 2),
    ("u", english!("undo"), 3),
    ("PgUp/PgDn", english!("scroll"), 5),
    (":", english!("all"), 4),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const CHARTS: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("t", english!("table"), 2),
    ("p", english!("people"), 3),
    (":", english!("all"), 1),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const PALETTE: &[Hint] = &[
    ("Enter", english!("do it"), 0),
    ("Up/Down", english!("choose"), 1),
    ("Esc", english!("close"), 0),
];

const TYPING: &[Hint] = &[
    ("Enter", english!("do it"), 0),
    ("Esc", english!("close"), 0),
];

const YES_OR_NO: &[Hint] = &[("y", english!("yes"), 0), ("Esc", english!("no"), 0)];

const CORRECTION: &[Hint] = &[
    ("Enter", english!("do it"), 0),
    ("Tab", english!("next line"), 1),
    ("Left/Right", english!("choose"), 2),
    ("Esc", english!("close"), 0),
];

const FILTER: &[Hint] = &[
    ("Enter", english!("keep the filter"), 1),
    ("Esc", english!("take it away"), 0),
];

const SCROLL: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("PgUp/PgDn", english!("scroll"), 3),
    ("Home/End", english!("first, last"), 4),
    (":", english!("all"), 4),
    ("?", english!("help"), 2),
    ("q", english!("quit"), 0),
];

const REVIEW: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("a", english!("who was it"), 2),
    ("i", english!("ignore"), 3),
    ("d", english!("erase"), 4),
    (":", english!("all"), 4),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const CAMERA: &[Hint] = &[
    ("Esc", english!("back"), 1),
    ("Left/Right", english!("change"), 2),
    ("PgUp/PgDn", english!("by ten"), 4),
    ("d", english!("default"), 3),
    ("m", english!("test"), 3),
    (":", english!("all"), 4),
    ("?", english!("help"), 0),
    ("q", english!("quit"), 0),
];

const HELP: &[Hint] = &[
    ("Esc", english!("back"), 0),
    ("PgUp/PgDn", english!("scroll"), 1),
    ("q", english!("quit"), 0),
];

const FORM: &[Hint] = &[
    ("Enter", english!("start"), 0),
    ("Tab", english!("next field"), 1),
    ("Esc", english!("close"), 0),
];

const ENROLLING: &[Hint] = &[
    ("Esc", english!("call it off"), 0),
    ("v", english!("preview"), 1),
];

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
                .map(|(key, does, _)| text::width(key) + 3 + text::width(theme.t(does)));
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
            let does = theme.t(does);
            let room = |x: u16| usize::from(area.right().saturating_sub(x));
            (x, _) = buf.set_stringn(x, area.y, key, room(x), theme.heading());
            (x, _) = buf.set_stringn(x, area.y, format!(" {does}  "), room(x), theme.normal());
        }
    }
}

impl Hints<'_> {
    /// What there is to say of digits that are being typed.
    fn pin_entry(&self) -> Option<String> {
        let View {
            app, status, theme, ..
        } = self.0;
        if app.screen != Screen::Live {
            return None;
        }
        match app.pin.digits(status.now.monotonic) {
            0 => app
                .pin_problem
                .as_ref()
                .map(|problem| theme.sentence(problem)),
            digits => Some(theme.fill(
                "PIN {}  Enter punches  Esc forgets it",
                &[&"*".repeat(digits)],
            )),
        }
    }

    fn hints(&self) -> &'static [Hint] {
        let View { app, station, .. } = self.0;
        if app.palette.is_some() {
            return PALETTE;
        }
        match (app.screen, &app.enrolling, station.mode()) {
            (Screen::Attendance, ..) if app.correcting.form().is_some() => CORRECTION,
            (_, Enrolling::Form(_), _) => FORM,
            (Screen::Live, _, Mode::Enrolling(_)) => ENROLLING,
            (Screen::Live, ..) => LIVE,
            (Screen::People, ..) if app.people.filter.is_typing() => FILTER,
            (Screen::Attendance, ..) if app.attendance.filter.is_typing() => FILTER,
            (Screen::Settings, ..) if app.settings.filter.is_typing() => FILTER,
            (Screen::Calibration | Screen::Audit | Screen::Doctor, ..)
                if app.page.filter.is_typing() =>
            {
                FILTER
            }
            (Screen::Attendance, ..) => TABLE,
            (Screen::People, ..) => LIST,
            (Screen::Person, ..) => match app.person.doing {
                Doing::Reading => PERSON,
                Doing::Typing(..) => TYPING,
                Doing::Confirming(_) => YES_OR_NO,
            },
            (Screen::Review, ..) if app.review.form.is_some() => CORRECTION,
            (Screen::Review, ..) => REVIEW,
            (Screen::Calibration, ..) if app.page.is_confirming => YES_OR_NO,
            (Screen::Calibration, ..) => CALIBRATION,
            (Screen::Audit | Screen::Doctor, ..) => PAGE,
            (Screen::Settings, ..) if app.settings.editing.is_some() => TYPING,
            (Screen::Settings, ..) => SETTINGS,
            (Screen::Charts, ..) => CHARTS,
            (Screen::Log, ..) => SCROLL,
            (Screen::Camera, ..) => CAMERA,
            (Screen::Help, ..) => HELP,
        }
    }
}
