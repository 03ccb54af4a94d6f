//! A question or a word over the screen that has to be answered before anything else.
//!
//! Invariant: while it is shown no key does what it would do behind it.

use rollcall_protocol::Asked;

use super::command::is_yes;
use super::input::Key;
use rollcall_messages::Text;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Dialog {
    /// Whether the dashboard shall be left, and the station ended with it.
    Leave,
    /// Whether what it brings along is agreed to.
    Agree(Box<Asked>),
    /// Whether the station shall be started again, so that a setting is used.
    Restart,
    /// Why something could not be begun. Words typed for it end here.
    Notice(Text),
}

/// What leaving the dashboard means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leaving {
    /// The station runs in this process, and ends with it.
    #[default]
    EndsAttendance,
    /// The station goes on without the dashboard, which is left without a question.
    LeavesItRunning,
}

/// What a key led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DialogStep {
    Stay,
    Close,
    /// The dashboard is left.
    Leave,
    /// It is agreed to.
    Agree,
}

impl Dialog {
    pub(crate) fn handle(&self, key: Key) -> DialogStep {
        match self {
            Self::Leave if is_yes(key) => DialogStep::Leave,
            Self::Agree(_) | Self::Restart if is_yes(key) => DialogStep::Agree,
            Self::Leave | Self::Agree(_) | Self::Restart => DialogStep::Close,
            Self::Notice(_) if matches!(key, Key::Enter | Key::Esc) => DialogStep::Close,
            Self::Notice(_) => DialogStep::Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_leaves_and_typed_words_end_at_a_notice() {
        for (key, leave, notice) in [
            (Key::Char('y'), DialogStep::Leave, DialogStep::Stay),
            (Key::Char('q'), DialogStep::Close, DialogStep::Stay),
            (Key::Char('d'), DialogStep::Close, DialogStep::Stay),
            (Key::Enter, DialogStep::Close, DialogStep::Close),
            (Key::Esc, DialogStep::Close, DialogStep::Close),
        ] {
            assert_eq!(Dialog::Leave.handle(key), leave, "{key:?}");
            assert_eq!(
                Dialog::Notice(crate::say::NOT_NOW).handle(key),
                notice,
                "{key:?}"
            );
            let agreed = match leave {
                DialogStep::Leave => DialogStep::Agree,
                other => other,
            };
            assert_eq!(Dialog::Restart.handle(key), agreed, "{key:?}");
        }
    }
}
