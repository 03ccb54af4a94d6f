//! Bars of numbers, on any terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::text;
use crate::theme::{Charset, Theme};

/// Eighths of a cell, from empty to full.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The same in ASCII, coarser.
const ASCII: [char; 9] = [' ', '.', '.', ':', ':', '-', '=', '#', '#'];

/// Widest bar.
const WIDEST: u16 = 8;

/// Upright bars with their labels below and the largest value above.
pub(crate) struct Bars<'a> {
    pub(crate) theme: Theme,
    pub(crate) values: Vec<u64>,
    /// What stands below a bar, if anything.
    pub(crate) label: &'a dyn Fn(usize) -> Option<String>,
    /// A value in words.
    pub(crate) say: &'a dyn Fn(u64) -> String,
}

impl Widget for &Bars<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let (count, most) = (self.values.len() as u16, self.values.iter().max());
        let (Some(&most), true) = (most, count > 0 && area.height >= 3) else {
            return;
        };
        let step = (area.width / count).clamp(1, WIDEST);
        let bar = step.saturating_sub(1).max(1);
        let height = area.height - 1;
        let labels_y = area.bottom() - 1;
        let mut label_free_from = area.x;
        for (index, &value) in self.values.iter().enumerate() {
            let x = area.x + index as u16 * step;
            if x >= area.right() {
                break;
            }
            // The top row of the tallest bars is left to their numbers.
            let eighths = scaled(value, most, u64::from(height - 1) * 8);
            self.draw_bar(Rect::new(x, area.y + 1, bar, height - 1), eighths, buf);
            if value > 0 {
                let said = (self.say)(value);
                if text::width(&said) <= usize::from(bar) || value == most {
                    let top = labels_y - 1 - (eighths.div_ceil(8) as u16).min(height - 1);
                    let room = usize::from(area.right() - x);
                    buf.set_stringn(x, top.max(area.y), said, room, self.theme.dim());
                }
            }
            if let Some(label) = (self.label)(index).filter(|_| x >= label_free_from) {
                let room = usize::from(area.right() - x);
                let (end, _) = buf.set_stringn(x, labels_y, label, room, self.theme.dim());
                label_free_from = end + 1;
            }
        }
    }
}

impl Bars<'_> {
    fn draw_bar(&self, area: Rect, eighths: u64, buf: &mut Buffer) {
        for (row, y) in (area.y..area.bottom()).rev().enumerate() {
            let here = eighths.saturating_sub(row as u64 * 8).min(8) as usize;
            for x in area.x..area.right() {
                if let Some(cell) = buf.cell_mut((x, y)).filter(|_| here > 0) {
                    cell.set_char(levels(self.theme)[here]);
                    cell.set_style(self.theme.heading());
                }
            }
        }
    }
}

/// One cell for each value; `most` is a full one.
pub(crate) fn sparkline(values: &[u64], most: u64, theme: Theme) -> String {
    let level = |value: &u64| levels(theme)[scaled(*value, most, 8) as usize];
    values.iter().map(level).collect()
}

fn levels(theme: Theme) -> &'static [char; 9] {
    match theme.charset {
        Charset::Unicode => &EIGHTHS,
        Charset::Ascii => &ASCII,
    }
}

/// `value` of `most` on a scale of `parts`; what is not nothing is at least one.
fn scaled(value: u64, most: u64, parts: u64) -> u64 {
    if value == 0 || most == 0 {
        return 0;
    }
    let exact = u128::from(value) * u128::from(parts) / u128::from(most);
    (exact as u64).clamp(1, parts.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColourDepth, Language};

    fn theme(charset: Charset) -> Theme {
        Theme {
            depth: ColourDepth::True,
            charset,
            language: Language::english(),
            cell_aspect: 2.0,
            has_pixels: false,
        }
    }

    #[test]
    fn values_become_heights() {
        let line = |charset| sparkline(&[0, 1, 50, 100], 100, theme(charset));
        assert_eq!(line(Charset::Unicode), " ▁▄█");
        assert!(line(Charset::Ascii).is_ascii());
        assert_eq!(sparkline(&[0, 0], 0, theme(Charset::Unicode)), "  ");
        assert_eq!(scaled(u64::MAX, u64::MAX, 8), 8);
    }

    #[test]
    fn bars_stand_over_their_labels_and_say_the_largest() {
        let area = Rect::new(0, 0, 12, 5);
        let mut buf = Buffer::empty(area);
        let bars = Bars {
            theme: theme(Charset::Unicode),
            values: vec![1, 4, 0],
            label: &|index| Some(format!("{index}{index}")),
            say: &|value| format!("{value}!"),
        };
        (&bars).render(area, &mut buf);
        let rows: Vec<String> = (0..5)
            .map(|y| (0..12).map(|x| buf[(x, y)].symbol()).collect())
            .collect();
        assert_eq!(rows[0], "    4!      ");
        assert_eq!(rows[4], "00  11  22  ");
        assert_eq!(rows[3].chars().next(), Some('▆'));
        assert_eq!(rows[1].chars().nth(4), Some('█'));
        let mut tiny = Buffer::empty(Rect::new(0, 0, 1, 1));
        (&bars).render(tiny.area, &mut tiny);
    }
}
