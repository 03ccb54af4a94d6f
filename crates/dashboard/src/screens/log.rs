//! The whole log.

use crate::say;
use ratatui::Frame;
use ratatui::layout::Rect;
use rollcall_messages::Text;

use super::Behaviour;
use crate::View;
use crate::app::LogView;
use crate::app::{Action, App};
use crate::command::Motion;
use crate::input::Key;
use crate::widgets::hints::{ALL, ESC, HELP_KEY, Hint, K, PAGES};
use crate::widgets::{LogLines, panel};
use rollcall_core::frame::Moment;
use rollcall_protocol::StationView;

const SCROLL: &[Hint] = &[
    (ESC, say::HINT_BACK, 0),
    (PAGES, say::HINT_SCROLL, 3),
    (K("g/G"), say::HINT_FIRST_LAST, 4),
    (ALL, say::HINT_ALL, 4),
    (HELP_KEY, say::HELP, 2),
];

/// What has happened in this run.
pub(super) struct Log;

impl Behaviour for Log {
    fn name(&self) -> Text {
        say::LOG
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let separator = view.theme.marks().separator;
        let written = view.station.log().written();
        let top = view.app.log.top(written);
        let title = match view.app.log {
            LogView::Following => view.theme.say(&say::log_newest_first(separator)),
            LogView::Held(_) => view
                .theme
                .say(&say::log_newer_above(separator, written - top)),
        };
        let block = panel(view.theme, &title);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        frame.render_widget(&LogLines { view, top }, inner);
    }

    fn hints(&self, _: View<'_>) -> &'static [Hint] {
        SCROLL
    }

    fn key(
        &self,
        app: &mut App,
        key: Key,
        station: &StationView,
        _: &Moment,
    ) -> Option<Vec<Action>> {
        let written = station.log().written();
        let oldest = station.log().first_kept().max(1);
        let top = app.log.top(written);
        let motion = Motion::of(key)?;
        // The newest line is the first one.
        let row = motion.from(
            (written - top) as usize,
            (written.max(oldest) - oldest) as usize,
        );
        app.log = match row {
            0 => LogView::Following,
            row => LogView::Held(written - row as u64),
        };
        Some(Vec::new())
    }

    fn enter(&self, app: &mut App) {
        app.log = LogView::Following;
    }
}
