//! The whole log.

use ratatui::Frame;
use ratatui::layout::Rect;

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
    (ESC, english!("back"), 0),
    (PAGES, english!("scroll"), 3),
    (K("g/G"), english!("first, last"), 4),
    (ALL, english!("all"), 4),
    (HELP_KEY, english!("help"), 2),
];

/// What has happened in this run.
pub(super) struct Log;

impl Behaviour for Log {
    fn name(&self) -> &'static str {
        english!("log")
    }

    fn draw(&self, frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
        let separator = view.theme.marks().separator;
        let written = view.station.log().written();
        let top = view.app.log.top(written);
        let title = match view.app.log {
            LogView::Following => view.theme.fill("log {} newest first", &[&separator]),
            LogView::Held(_) => view.theme.fill(
                "log {} {} newer above, Home shows them",
                &[&separator, &(written - top)],
            ),
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
