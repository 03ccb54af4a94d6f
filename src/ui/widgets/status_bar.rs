//! The line on top: station, camera, speed, date and time; and the alarm below
//! it while the database cannot be written.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::ui::View;
use crate::ui::status::Health;
use crate::ui::text;

/// One line; what matters least goes first where it is too long.
pub(crate) struct StatusBar<'a>(pub(crate) View<'a>);

/// A part of the line.
struct Part {
    words: String,
    style: Style,
    /// Parts with a larger number go first.
    rank: u8,
}

impl Widget for &StatusBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let separator = format!(" {} ", self.0.theme.marks().separator);
        let width = usize::from(area.width);
        let mut left = self.left();
        let mut clock = self.clock();
        let used = |parts: &[Part]| {
            let words: usize = parts.iter().map(|p| text::width(&p.words)).sum();
            words + text::width(&separator) * parts.len().saturating_sub(1)
        };
        while used(&left) + 2 + text::width(&clock[0]) > width {
            let last = left.iter().map(|p| p.rank).max().unwrap_or(0);
            if clock.len() > 1 && last <= CLOCK_RANK {
                clock.remove(0);
            } else if last == 0 {
                break;
            } else {
                left.retain(|p| p.rank != last);
            }
        }
        let mut x = area.x;
        for (i, part) in left.iter().enumerate() {
            let room = |x: u16| usize::from(area.right().saturating_sub(x));
            if i > 0 {
                (x, _) = buf.set_stringn(x, area.y, &separator, room(x), self.0.theme.dim());
            }
            let words = self.0.theme.fit(&part.words, room(x));
            (x, _) = buf.set_stringn(x, area.y, words, room(x), part.style);
        }
        let clock_width = text::width(&clock[0]) as u16;
        let x = area.right().saturating_sub(clock_width).max(area.x);
        buf.set_stringn(x, area.y, &clock[0], width, self.0.theme.strong());
    }
}

/// Before parts of this rank go, the date is shortened.
const CLOCK_RANK: u8 = 3;

impl StatusBar<'_> {
    fn left(&self) -> Vec<Part> {
        let View {
            app, status, theme, ..
        } = self.0;
        let camera = &status.camera;
        let part = |rank, style, words| Part { words, style, rank };
        let mut parts = vec![
            part(7, theme.heading(), "Rollcall".to_owned()),
            part(
                2,
                theme.strong(),
                theme.text(app.station_name()).into_owned(),
            ),
        ];
        if app.station_name() == "Rollcall" {
            parts.remove(0);
        }
        let health = match camera.health {
            Health::Good => theme.good(),
            Health::Warning => theme.warning(),
            Health::Bad => theme.bad(),
        };
        let dot = theme.marks().dot;
        parts.push(part(
            0,
            health,
            format!("{dot} camera {}", theme.text(camera.label)),
        ));
        if camera.health == Health::Good {
            if let Some((width, height)) = camera.size {
                parts.push(part(6, theme.normal(), format!("{width}x{height}")));
            }
            if let Some(rate) = camera.frames_per_second {
                parts.push(part(4, theme.normal(), format!("{rate:.1} fps")));
            }
        }
        if let Some(time) = status.frame_time {
            let milliseconds = time.as_millis();
            parts.push(part(3, theme.normal(), format!("{milliseconds} ms/frame")));
        }
        if status.dropped > 0 {
            let dropped = format!("{} dropped", status.dropped);
            parts.push(part(5, theme.normal(), dropped));
        }
        parts
    }

    /// Date and time, from long to short.
    fn clock(&self) -> Vec<String> {
        let wall = &self.0.status.now.wall;
        ["%-d %b %Y %H:%M:%S", "%-d %b %H:%M:%S", "%H:%M:%S"]
            .map(|format| wall.format(format).to_string())
            .to_vec()
    }
}

/// Says loudly that the database cannot be written.
pub(crate) struct TroubleBanner<'a>(pub(crate) View<'a>);

impl TroubleBanner<'_> {
    /// Lines it needs.
    pub(crate) fn height(&self) -> u16 {
        u16::from(self.0.station.trouble().is_some())
    }
}

impl Widget for &TroubleBanner<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        let Some(trouble) = station.trouble() else {
            return;
        };
        let waiting = match station.unconfirmed() {
            0 => "nothing waits".to_owned(),
            1 => "1 punch waits".to_owned(),
            n => format!("{n} punches wait"),
        };
        let width = usize::from(area.width);
        // The number must not be cut off by a long message, so it is measured first.
        let mut tail = String::new();
        let _ = write!(tail, ", {waiting} ");
        let head = format!(" CANNOT WRITE: {trouble}");
        let head = theme.fit(&head, width.saturating_sub(text::width(&tail)));
        buf.set_style(area, theme.alarm());
        buf.set_stringn(
            area.x,
            area.y,
            format!("{head}{tail}"),
            width,
            theme.alarm(),
        );
    }
}
