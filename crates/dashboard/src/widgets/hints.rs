//! The line at the bottom: which keys do what here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::View;
use crate::app::{Enrolling, Screen};
use crate::command::{Command, Deed};
use crate::dialog::Dialog;
use crate::enrol_form::ConsentQuestion;
use crate::person::Doing;
use crate::text;
use crate::theme::Theme;
use rollcall_protocol::ModeView;

/// One line; the hints that do not fit are left out, the help last of all. Which key it is
/// says `command`, so that no hint can be wrong.
pub(crate) struct Hints<'a>(pub(crate) View<'a>);

/// Whose key it is.
#[derive(Debug, Clone, Copy)]
enum What {
    Command(Command),
    Deed(Deed),
    /// A key that is no letter, or several.
    Key(&'static str),
}

use What::Key as K;

const fn c(command: Command) -> What {
    What::Command(command)
}

const fn go(screen: Screen) -> What {
    What::Command(Command::Go(screen))
}

const fn d(deed: Deed) -> What {
    What::Deed(deed)
}

impl What {
    fn label(self, theme: Theme) -> String {
        match self {
            Self::Command(command) => command.label(),
            Self::Deed(Deed::Yes) => theme.t(english!("y")).to_owned(),
            Self::Deed(deed) => deed.label(),
            Self::Key(name) => name.to_owned(),
        }
    }
}

/// A key, what it does, and its rank: larger ones go first.
type Hint = (What, &'static str, u8);

const ALL: What = c(Command::Palette);
const HELP_KEY: What = go(Screen::Help);
const FIND: What = c(Command::Find);
const ESC: What = K("Esc");
const PAGES: What = K("PgUp/PgDn");

const LIVE: &[Hint] = &[
    (c(Command::Enrol), english!("enrol"), 1),
    (go(Screen::People), english!("people"), 2),
    (go(Screen::Attendance), english!("table"), 3),
    (go(Screen::Review), english!("review"), 5),
    (go(Screen::Camera), english!("camera"), 6),
    (go(Screen::Log), english!("log"), 4),
    (go(Screen::Settings), english!("settings"), 6),
    (go(Screen::Doctor), english!("doctor"), 7),
    (go(Screen::Charts), english!("charts"), 8),
    (go(Screen::Calibration), english!("calibration"), 9),
    (go(Screen::Audit), english!("audit"), 9),
    (FIND, english!("find"), 6),
    (c(Command::Explain), english!("why"), 7),
    (c(Command::NextPreview), english!("preview"), 5),
    (c(Command::Undo), english!("undo"), 8),
    (ALL, english!("all"), 1),
    (HELP_KEY, english!("help"), 0),
    (c(Command::Back), english!("quit"), 0),
];

const LIST: &[Hint] = &[
    (ESC, english!("back"), 0),
    (K("Enter"), english!("open"), 2),
    (FIND, english!("filter"), 2),
    (PAGES, english!("scroll"), 4),
    (c(Command::Enrol), english!("enrol"), 3),
    (ALL, english!("all"), 3),
    (HELP_KEY, english!("help"), 0),
];

const TABLE: &[Hint] = &[
    (ESC, english!("back"), 0),
    (d(Deed::Correct), english!("correct"), 2),
    (K("Tab"), english!("period"), 2),
    (K("Left/Right"), english!("day"), 3),
    (K("< >"), english!("earlier, later"), 4),
    (d(Deed::Only), english!("who"), 3),
    (d(Deed::Export), english!("export"), 3),
    (FIND, english!("filter"), 4),
    (PAGES, english!("scroll"), 5),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 0),
];

const PERSON: &[Hint] = &[
    (ESC, english!("back"), 0),
    (d(Deed::Name), english!("name"), 2),
    (d(Deed::SwitchActive), english!("active"), 2),
    (d(Deed::Consent), english!("consent"), 3),
    (d(Deed::Pin), english!("PIN"), 3),
    (d(Deed::Forget), english!("forget adaptive"), 5),
    (d(Deed::Erase), english!("erase"), 4),
    (c(Command::Undo), english!("undo"), 4),
    (PAGES, english!("scroll"), 6),
    (ALL, english!("all"), 6),
    (HELP_KEY, english!("help"), 0),
];

const PAGE: &[Hint] = &[
    (ESC, english!("back"), 0),
    (FIND, english!("filter"), 2),
    (K("Enter"), english!("read again"), 3),
    (PAGES, english!("scroll"), 4),
    (ALL, english!("all"), 3),
    (HELP_KEY, english!("help"), 0),
];

const CALIBRATION: &[Hint] = &[
    (ESC, english!("back"), 0),
    (d(Deed::Propose), english!("write the threshold"), 1),
    (K("Enter"), english!("read again"), 3),
    (PAGES, english!("scroll"), 4),
    (ALL, english!("all"), 3),
    (HELP_KEY, english!("help"), 0),
];

const SETTINGS: &[Hint] = &[
    (ESC, english!("back"), 0),
    (K("Enter"), english!("change"), 1),
    (d(Deed::Propose), english!("default"), 2),
    (FIND, english!("filter"), 2),
    (c(Command::Undo), english!("undo"), 3),
    (PAGES, english!("scroll"), 5),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 0),
];

const CHARTS: &[Hint] = &[
    (ESC, english!("back"), 0),
    (go(Screen::Attendance), english!("table"), 2),
    (go(Screen::People), english!("people"), 3),
    (ALL, english!("all"), 1),
    (HELP_KEY, english!("help"), 0),
];

const PALETTE: &[Hint] = &[
    (K("Enter"), english!("run"), 0),
    (K("Up/Down"), english!("choose"), 1),
    (ESC, english!("close"), 0),
];

const TYPING: &[Hint] = &[
    (K("Enter"), english!("save"), 0),
    (ESC, english!("close"), 0),
];

const YES_OR_NO: &[Hint] = &[(d(Deed::Yes), english!("yes"), 0), (ESC, english!("no"), 0)];

const SIGNING: &[Hint] = &[
    (d(Deed::Yes), english!("sign it"), 0),
    (ESC, english!("back to the form"), 0),
];

const NOTICE: &[Hint] = &[(K("Enter"), english!("go on"), 0)];

const CORRECTION: &[Hint] = &[
    (K("Enter"), english!("check and sign"), 0),
    (K("Tab"), english!("next line"), 1),
    (K("Left/Right"), english!("choose"), 2),
    (ESC, english!("close"), 0),
];

const ASSIGNING: &[Hint] = &[
    (K("Enter"), english!("save"), 0),
    (K("Tab"), english!("next line"), 1),
    (K("Left/Right"), english!("choose"), 2),
    (ESC, english!("close"), 0),
];

const FILTER: &[Hint] = &[
    (K("Enter"), english!("keep the filter"), 1),
    (ESC, english!("take it away"), 0),
];

const SCROLL: &[Hint] = &[
    (ESC, english!("back"), 0),
    (PAGES, english!("scroll"), 3),
    (K("g/G"), english!("first, last"), 4),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 2),
];

const REVIEW: &[Hint] = &[
    (ESC, english!("back"), 0),
    (d(Deed::Name), english!("who was it"), 2),
    (d(Deed::Ignore), english!("ignore"), 3),
    (d(Deed::Erase), english!("erase"), 4),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 0),
];

const CAMERA: &[Hint] = &[
    (ESC, english!("back"), 0),
    (K("Left/Right"), english!("change"), 2),
    (K("< >"), english!("by ten"), 4),
    (d(Deed::Propose), english!("default"), 3),
    (K("Enter"), english!("test"), 3),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 0),
];

const HELP: &[Hint] = &[(ESC, english!("back"), 0), (PAGES, english!("scroll"), 1)];

const FORM: &[Hint] = &[
    (K("Enter"), english!("start"), 0),
    (K("Tab"), english!("next field"), 1),
    (ESC, english!("close"), 0),
    (PAGES, english!("another face"), 2),
    (K("Ctrl-N"), english!("wait for a face"), 3),
];

const CONFIRMING: &[Hint] = &[
    (d(Deed::Yes), english!("save"), 1),
    (ESC, english!("cancel"), 1),
];

const ENROLLING: &[Hint] = &[
    (ESC, english!("call it off"), 0),
    (c(Command::NextPreview), english!("preview"), 1),
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
            let words = hints.iter().map(|(what, does, _)| {
                text::width(&what.label(theme)) + 3 + text::width(theme.t(does))
            });
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
        for (what, does, _) in hints {
            let (key, does) = (what.label(theme), theme.t(does));
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
                &[&"*".repeat(digits.min(40))],
            )),
        }
    }

    fn hints(&self) -> &'static [Hint] {
        let View { app, station, .. } = self.0;
        match &app.dialog {
            Some(Dialog::Leave) => return YES_OR_NO,
            Some(Dialog::Notice(_)) => return NOTICE,
            None => {}
        }
        if app.correcting.signing().is_some() {
            return SIGNING;
        }
        if app.palette.is_some() {
            return PALETTE;
        }
        match (app.screen, &app.enrolling, station.mode()) {
            (Screen::Attendance, ..) if app.correcting.form().is_some() => CORRECTION,
            (Screen::Live, Enrolling::Form(form), _) if form.consent == ConsentQuestion::Now => {
                YES_OR_NO
            }
            (Screen::Live, Enrolling::Form(_), _) => FORM,
            (Screen::Live, _, ModeView::Enrolling(_)) => ENROLLING,
            (Screen::Live, _, ModeView::Confirming(_)) => CONFIRMING,
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
            (Screen::Review, ..) if app.review.question.is_some() => YES_OR_NO,
            (Screen::Review, ..) if app.review.form.is_some() => ASSIGNING,
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
