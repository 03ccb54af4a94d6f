//! The line at the bottom: which keys do what here.

use rollcall_messages::Text;
use crate::say;
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
            Self::Deed(Deed::Yes) => theme.t(say::YES_KEY).to_owned(),
            Self::Deed(deed) => deed.label(),
            Self::Key(name) => name.to_owned(),
        }
    }
}

/// A key, what it does, and its rank: larger ones go first.
type Hint = (What, Text, u8);

const ALL: What = c(Command::Palette);
const HELP_KEY: What = go(Screen::Help);
const FIND: What = c(Command::Find);
const ESC: What = K("Esc");
const PAGES: What = K("PgUp/PgDn");

const LIVE: &[Hint] = &[
    (c(Command::Enrol), say::HINT_ENROL, 1),
    (go(Screen::People), say::PEOPLE, 2),
    (go(Screen::Attendance), say::HINT_TABLE, 3),
    (go(Screen::Review), say::REVIEW, 5),
    (go(Screen::Camera), say::CAMERA, 6),
    (go(Screen::Log), say::LOG, 4),
    (go(Screen::Settings), say::SETTINGS, 6),
    (go(Screen::Doctor), say::DOCTOR, 7),
    (go(Screen::Charts), say::CHARTS, 8),
    (go(Screen::Calibration), say::CALIBRATION, 9),
    (go(Screen::Audit), say::AUDIT, 9),
    (FIND, say::HINT_FIND, 6),
    (c(Command::Explain), say::HINT_WHY, 7),
    (c(Command::NextPreview), say::HINT_PREVIEW, 5),
    (c(Command::Undo), say::HINT_UNDO, 8),
    (ALL, say::HINT_ALL, 1),
    (HELP_KEY, say::HELP, 0),
    (c(Command::Back), say::QUIT, 0),
];

const LIST: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (K("Enter"), say::HINT_OPEN, 2),
    (FIND, say::FILTER_LABEL, 2),
    (PAGES, say::HINT_SCROLL, 4),
    (c(Command::Enrol), say::HINT_ENROL, 3),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

const TABLE: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Correct), say::HINT_CORRECT, 2),
    (K("Tab"), say::HINT_PERIOD, 2),
    (K("Left/Right"), say::DAY, 3),
    (K("< >"), say::HINT_EARLIER_LATER, 4),
    (d(Deed::Only), say::HINT_WHO, 3),
    (d(Deed::Export), say::HINT_EXPORT, 3),
    (FIND, say::FILTER_LABEL, 4),
    (PAGES, say::HINT_SCROLL, 5),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

const PERSON: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Name), say::HINT_NAME, 2),
    (d(Deed::SwitchActive), say::ACTIVE, 2),
    (d(Deed::Consent), say::CONSENT, 3),
    (d(Deed::Pin), say::PIN_LABEL, 3),
    (d(Deed::Forget), say::HINT_FORGET_ADAPTIVE, 5),
    (d(Deed::Erase), say::HINT_ERASE, 4),
    (c(Command::Undo), say::HINT_UNDO, 4),
    (PAGES, say::HINT_SCROLL, 6),
    (ALL, say::HINT_ALL, 6),
    (HELP_KEY, say::HELP, 0),
];

const PAGE: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (FIND, say::FILTER_LABEL, 2),
    (K("Enter"), say::HINT_READ_AGAIN, 3),
    (PAGES, say::HINT_SCROLL, 4),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

const CALIBRATION: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Propose), say::HINT_WRITE_THRESHOLD, 1),
    (K("Enter"), say::HINT_READ_AGAIN, 3),
    (PAGES, say::HINT_SCROLL, 4),
    (ALL, say::HINT_ALL, 3),
    (HELP_KEY, say::HELP, 0),
];

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

const CHARTS: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (go(Screen::Attendance), say::HINT_TABLE, 2),
    (go(Screen::People), say::PEOPLE, 3),
    (ALL, say::HINT_ALL, 1),
    (HELP_KEY, say::HELP, 0),
];

const PALETTE: &[Hint] = &[
    (K("Enter"), say::HINT_RUN, 0),
    (K("Up/Down"), say::HINT_CHOOSE, 1),
    (ESC, say::HINT_CLOSE, 0),
];

const TYPING: &[Hint] = &[
    (K("Enter"), say::HINT_SAVE, 0),
    (ESC, say::HINT_CLOSE, 0),
];

const YES_OR_NO: &[Hint] = &[(d(Deed::Yes), say::YES, 0), (ESC, say::NO, 0)];

const SIGNING: &[Hint] = &[
    (d(Deed::Yes), say::HINT_SIGN, 0),
    (ESC, say::HINT_BACK_TO_FORM, 0),
];

const NOTICE: &[Hint] = &[(K("Enter"), say::HINT_GO_ON, 0)];

const CORRECTION: &[Hint] = &[
    (K("Enter"), say::HINT_CHECK_AND_SIGN, 0),
    (K("Tab"), say::HINT_NEXT_LINE, 1),
    (K("Left/Right"), say::HINT_CHOOSE, 2),
    (ESC, say::HINT_CLOSE, 0),
];

const ASSIGNING: &[Hint] = &[
    (K("Enter"), say::HINT_SAVE, 0),
    (K("Tab"), say::HINT_NEXT_LINE, 1),
    (K("Left/Right"), say::HINT_CHOOSE, 2),
    (ESC, say::HINT_CLOSE, 0),
];

const FILTER: &[Hint] = &[
    (K("Enter"), say::HINT_KEEP_FILTER, 1),
    (ESC, say::HINT_REMOVE, 0),
];

const SCROLL: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (PAGES, say::HINT_SCROLL, 3),
    (K("g/G"), say::HINT_FIRST_LAST, 4),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 2),
];

const REVIEW: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (d(Deed::Name), say::HINT_WHO_WAS_IT, 2),
    (d(Deed::Ignore), say::HINT_IGNORE, 3),
    (d(Deed::Erase), say::HINT_ERASE, 4),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

const CAMERA: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (K("Left/Right"), say::HINT_CHANGE, 2),
    (K("< >"), say::HINT_BY_TEN, 4),
    (d(Deed::Propose), say::HINT_DEFAULT, 3),
    (K("Enter"), say::HINT_TEST, 3),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 0),
];

const HELP: &[Hint] = &[(ESC, say::HINT_BACK, 0), (PAGES, say::HINT_SCROLL, 1)];

const FORM: &[Hint] = &[
    (K("Enter"), say::HINT_START, 0),
    (K("Tab"), say::HINT_NEXT_FIELD, 1),
    (ESC, say::HINT_CLOSE, 0),
    (PAGES, say::HINT_OTHER_FACE, 2),
    (K("Ctrl-N"), say::HINT_WAIT_FACE, 3),
];

const CONFIRMING: &[Hint] = &[
    (d(Deed::Yes), say::HINT_SAVE, 1),
    (ESC, say::HINT_CANCEL, 1),
];

const ENROLLING: &[Hint] = &[
    (ESC, say::HINT_CALL_OFF, 0),
    (c(Command::NextPreview), say::HINT_PREVIEW, 1),
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
            digits => Some(theme.say(&say::pin_typed(&"*".repeat(digits.min(40))))),
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
