//! What happened, newest on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::View;

/// The lines of the log from one on backwards, long ones broken.
pub(crate) struct LogLines<'a> {
    pub(crate) view: View<'a>,
    /// The line on top, counted from the first ever written, which is 1.
    pub(crate) top: u64,
}

/// "08:02:11 "
const TIME_WIDTH: u16 = 9;

impl Widget for &LogLines<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        let log = self.view.station.log();
        let text_width = area.width.saturating_sub(TIME_WIDTH);
        let newer = log.written().saturating_sub(self.top) as usize;
        let mut y = area.y;
        for entry in log.iter().rev().skip(newer) {
            if y >= area.bottom() {
                return;
            }
            let time = entry.at.wall.format("%H:%M:%S").to_string();
            buf.set_stringn(area.x, y, time, usize::from(area.width), theme.dim());
            let style = theme.severity(entry.notice.severity());
            let words = theme.sentence(&entry.notice);
            for line in theme.wrap(&words, usize::from(text_width)) {
                if y < area.bottom() {
                    let x = area.x + TIME_WIDTH.min(area.width);
                    buf.set_stringn(x, y, line, usize::from(text_width), style);
                }
                y += 1;
            }
        }
    }
}
