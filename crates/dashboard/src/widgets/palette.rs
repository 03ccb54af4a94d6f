//! The command palette over the screen.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use super::panel;
use crate::View;
use crate::listing::first_shown;
use crate::palette::Palette;
use crate::text;

/// Largest size, its frame included.
const WIDEST: u16 = 64;
const TALLEST: u16 = 18;

/// The panel with its frame.
pub(crate) struct PalettePanel<'a> {
    pub(crate) view: View<'a>,
    pub(crate) palette: &'a Palette,
}

impl PalettePanel<'_> {
    /// Where it lies in `area`.
    pub(crate) fn place(&self, area: Rect) -> Rect {
        let found = self.palette.found(self.view.theme).len() as u16;
        let width = area.width.saturating_sub(4).min(WIDEST);
        let height = (found + 3).clamp(4, TALLEST).min(area.height);
        Rect {
            x: area.x + (area.width - width) / 2,
            y: area.y,
            width,
            height,
        }
    }

    /// Where the terminal's cursor belongs.
    pub(crate) fn cursor(&self, place: Rect) -> Position {
        let room = usize::from(place.width.saturating_sub(4));
        let column = self.palette.field.window(room).1 as u16;
        let right = place.right().saturating_sub(2);
        Position::new((place.x + 3 + column).min(right), place.y + 1)
    }
}

impl Widget for &PalettePanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.view.theme;
        Clear.render(area, buf);
        let block = panel(theme, theme.t(say::ALL_COMMANDS));
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        let (shown, _) = self.palette.field.window(width.saturating_sub(2));
        buf.set_stringn(inner.x, inner.y, ">", width, theme.heading());
        let typed = theme.text(shown);
        buf.set_stringn(
            inner.x + 2,
            inner.y,
            typed,
            width.saturating_sub(2),
            theme.strong(),
        );
        let found = self.palette.found(theme);
        let rows = Rect {
            y: inner.y + 1,
            height: inner.height.saturating_sub(1),
            ..inner
        };
        if found.is_empty() {
            let words = theme.fit(theme.t(say::NO_COMMAND), width);
            buf.set_stringn(rows.x, rows.y, words, width, theme.dim());
            return;
        }
        let selected = self.palette.selected(found.len());
        let first = first_shown(found.len(), selected, usize::from(rows.height));
        for (y, (index, entry)) in (rows.y..rows.bottom()).zip(found.iter().enumerate().skip(first))
        {
            let keys = entry.keys();
            let room = width.saturating_sub(text::width(&keys) + 1);
            let name = theme.fit(theme.t(entry.name), room);
            let gap = " ".repeat(width.saturating_sub(text::width(&name) + text::width(&keys)));
            let style = if index == selected {
                theme.selected()
            } else {
                theme.normal()
            };
            buf.set_stringn(rows.x, y, format!("{name}{gap}{keys}"), width, style);
        }
    }
}
