//! Letters that are read from across a room, out of blocks.

use font8x8::{BASIC_FONTS, GREEK_FONTS, HIRAGANA_FONTS, LATIN_FONTS, UnicodeFonts};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_normalization::UnicodeNormalization;

use crate::theme::Charset;

/// Side of a letter in its own dots.
pub(crate) const GLYPH_SIDE: u16 = 8;

/// How many dots of a letter a cell holds, across and down, and what it shows of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// A dot is two cells wide and one high.
    Double,
    /// A cell is a dot wide and two high.
    Halves,
    /// A cell is two dots wide and two high.
    Quarters,
    /// A cell is a dot, on terminals without blocks.
    Plain,
}

impl Scale {
    /// Cells of a letter.
    fn cells(self) -> (u16, u16) {
        match self {
            Self::Double => (2 * GLYPH_SIDE, GLYPH_SIDE),
            Self::Halves => (GLYPH_SIDE, GLYPH_SIDE / 2),
            Self::Quarters => (GLYPH_SIDE / 2, GLYPH_SIDE / 2),
            Self::Plain => (GLYPH_SIDE, GLYPH_SIDE),
        }
    }
}

/// Draws `text` in the middle of `area`, as large as it fits; returns the rows it took.
/// Nothing is drawn if it does not fit at all or a letter is missing in the font.
pub(crate) fn draw_big(
    text: &str,
    area: Rect,
    charset: Charset,
    style: Style,
    buf: &mut Buffer,
) -> u16 {
    let Some(glyphs) = text.nfc().map(glyph).collect::<Option<Vec<_>>>() else {
        return 0;
    };
    let scales: &[Scale] = match charset {
        Charset::Unicode => &[Scale::Double, Scale::Halves, Scale::Quarters],
        Charset::Ascii => &[Scale::Plain],
    };
    let fits = |scale: &&Scale| {
        let (width, height) = scale.cells();
        usize::from(width) * glyphs.len() <= usize::from(area.width) && height <= area.height
    };
    let Some(scale) = scales.iter().find(fits).filter(|_| !glyphs.is_empty()) else {
        return 0;
    };
    let (width, height) = scale.cells();
    let left = area.x + (area.width - width * glyphs.len() as u16) / 2;
    for (index, rows) in glyphs.iter().enumerate() {
        let x = left + index as u16 * width;
        draw_glyph(rows, *scale, (x, area.y), charset, style, buf);
    }
    height
}

/// The eight rows of a letter; the lowest bit is the leftmost dot.
pub(crate) fn glyph(c: char) -> Option<[u8; 8]> {
    let found = |c| {
        BASIC_FONTS
            .get(c)
            .or_else(|| LATIN_FONTS.get(c))
            .or_else(|| GREEK_FONTS.get(c))
            .or_else(|| HIRAGANA_FONTS.get(c))
    };
    // A letter whose accent is missing is better than none: ő as o.
    found(c).or_else(|| c.nfd().next().filter(|base| *base != c).and_then(found))
}

fn draw_glyph(
    rows: &[u8; 8],
    scale: Scale,
    (left, top): (u16, u16),
    charset: Charset,
    style: Style,
    buf: &mut Buffer,
) {
    let dot = |x: u16, y: u16| rows[usize::from(y)] >> x & 1 == 1;
    let (width, height) = scale.cells();
    for y in 0..height {
        for x in 0..width {
            let symbol = match scale {
                Scale::Double => full(dot(x / 2, y), charset),
                Scale::Plain => full(dot(x, y), charset),
                Scale::Halves => match (dot(x, y * 2), dot(x, y * 2 + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                },
                Scale::Quarters => {
                    let at = |dx, dy| usize::from(dot(x * 2 + dx, y * 2 + dy));
                    let bits = at(0, 0) | at(1, 0) << 1 | at(0, 1) << 2 | at(1, 1) << 3;
                    super::picture::QUADRANTS[bits]
                }
            };
            if let Some(cell) = buf.cell_mut((left + x, top + y)) {
                cell.set_char(symbol);
                cell.set_style(style);
            }
        }
    }
}

fn full(is_dot: bool, charset: Charset) -> char {
    match (is_dot, charset) {
        (false, _) => ' ',
        (true, Charset::Unicode) => '█',
        (true, Charset::Ascii) => '#',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, width: u16, height: u16, charset: Charset) -> (u16, String) {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let rows = draw_big(text, area, charset, Style::new(), &mut buf);
        let text = buf
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        (rows, text)
    }

    #[test]
    fn a_name_is_as_large_as_it_fits() {
        for (width, height, rows) in [
            (80, 20, 8),
            (40, 20, 4),
            (20, 20, 4),
            (11, 20, 0),
            (80, 3, 0),
        ] {
            assert_eq!(
                drawn("Ana", width, height, Charset::Unicode).0,
                rows,
                "{width}x{height}"
            );
        }
        let (rows, text) = drawn("Ana", 80, 20, Charset::Ascii);
        assert_eq!(rows, 8);
        assert!(text.is_ascii() && text.contains('#'));
    }

    #[test]
    fn letters_with_accents_are_drawn_and_unknown_scripts_left_to_others() {
        assert!(drawn("José", 80, 20, Charset::Unicode).0 > 0);
        assert!(drawn("Jose\u{301} Ő", 80, 20, Charset::Unicode).0 > 0);
        assert_eq!(drawn("李小龍", 200, 50, Charset::Unicode).0, 0);
        assert_eq!(drawn("", 200, 50, Charset::Unicode).0, 0);
    }
}
