//! The whole log.

use crate::say;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::View;
use crate::app::LogView;
use crate::widgets::{LogLines, panel};

pub(super) fn draw(frame: &mut Frame<'_>, view: View<'_>, area: Rect) {
    let separator = view.theme.marks().separator;
    let written = view.station.log().written();
    let top = view.app.log.top(written);
    let title = match view.app.log {
        LogView::Following => view.theme.say(&say::log_newest_first(&separator)),
        LogView::Held(_) => view.theme.say(&say::log_newer_above(&separator, &(written - top))),
    };
    let block = panel(view.theme, &title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    frame.render_widget(&LogLines { view, top }, inner);
}
