//! The line at the bottom: which keys do what here.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use rollcall_messages::Text;

use crate::View;
use crate::command::{Command, Deed};
use crate::dialog::Dialog;
use crate::screen::Screen;
use crate::text;
use crate::theme::Theme;

/// One line; the hints that do not fit are left out, the help last of all. Which key it is
/// says `command`, so that no hint can be wrong.
pub(crate) struct Hints<'a>(pub(crate) View<'a>);

/// Whose key it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Command(Command),
    Deed(Deed),
    /// A key that is no letter, or several.
    Key(&'static str),
}

pub(crate) use What::Key as K;

pub(crate) const fn c(command: Command) -> What {
    What::Command(command)
}

pub(crate) const fn go(screen: Screen) -> What {
    What::Command(Command::Go(screen))
}

pub(crate) const fn d(deed: Deed) -> What {
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
pub(crate) type Hint = (What, Text, u8);

pub(crate) const ALL: What = c(Command::Palette);
pub(crate) const HELP_KEY: What = go(Screen::Help);
pub(crate) const FIND: What = c(Command::Find);
pub(crate) const ESC: What = K("Esc");
pub(crate) const PAGES: What = K("PgUp/PgDn");

const PALETTE: &[Hint] = &[
    (K("Enter"), say::HINT_RUN, 0),
    (K("Up/Down"), say::HINT_CHOOSE, 1),
    (ESC, say::HINT_CLOSE, 0),
];

pub(crate) const TYPING: &[Hint] = &[(K("Enter"), say::HINT_SAVE, 0), (ESC, say::HINT_CLOSE, 0)];

pub(crate) const YES_OR_NO: &[Hint] = &[(d(Deed::Yes), say::YES, 0), (ESC, say::NO, 0)];

const SIGNING: &[Hint] = &[
    (d(Deed::Yes), say::HINT_SIGN, 0),
    (ESC, say::HINT_BACK_TO_FORM, 0),
];

const NOTICE: &[Hint] = &[(K("Enter"), say::HINT_GO_ON, 0)];

pub(crate) const FILTER: &[Hint] = &[
    (K("Enter"), say::HINT_KEEP_FILTER, 1),
    (ESC, say::HINT_REMOVE, 0),
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
                text::width(&what.label(theme)) + 3 + text::width(theme.t(*does))
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
            digits => Some(theme.say(&say::pin_typed("*".repeat(digits.min(40))))),
        }
    }

    fn hints(&self) -> &'static [Hint] {
        let app = self.0.app;
        match &app.dialog {
            Some(Dialog::Leave | Dialog::Restart | Dialog::Agree(_)) => return YES_OR_NO,
            Some(Dialog::Notice(_)) => return NOTICE,
            None => {}
        }
        if app.correcting.signing().is_some() {
            return SIGNING;
        }
        if app.palette.is_some() {
            return PALETTE;
        }
        app.screen.behaviour().hints(self.0)
    }
}
