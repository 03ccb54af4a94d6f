//! A picture as lines of text, for commands that print it and end.

use std::fmt::Write as _;

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::colour::ColourDepth;
use super::theme::Charset;
use super::widgets::{Placement, Steady, draw_ascii, draw_half_blocks};

/// The picture in at most `width` by `height` cells, in the colours and characters that
/// the terminal has.
pub fn picture_as_text(
    image: &RgbImage,
    (width, height): (u16, u16),
    colours: ColourDepth,
    charset: Charset,
) -> String {
    let area = Rect::new(0, 0, width, height);
    let Some(placement) = Placement::fit(image.width(), image.height(), area) else {
        return String::new();
    };
    let mut buffer = Buffer::empty(area);
    if colours == ColourDepth::Monochrome || charset == Charset::Ascii {
        draw_ascii(image, placement, &mut buffer);
    } else {
        draw_half_blocks(
            image,
            placement,
            colours,
            &mut Steady::default(),
            &mut buffer,
        );
    }
    let mut text = String::new();
    for y in placement.cells.rows() {
        let mut colours_before = None;
        for position in y.positions() {
            let Some(cell) = buffer.cell(position) else {
                continue;
            };
            if colours_before != Some((cell.fg, cell.bg)) {
                colours_before = Some((cell.fg, cell.bg));
                text.push_str(&sgr(cell.fg, cell.bg));
            }
            text.push_str(cell.symbol());
        }
        let is_coloured = colours_before.is_some_and(|(fg, _)| fg != Color::Reset);
        text.push_str(if is_coloured { "\x1b[0m\n" } else { "\n" });
    }
    text
}

/// The escape sequence (ECMA-48 SGR) for both colours; empty where none is set.
fn sgr(foreground: Color, background: Color) -> String {
    let mut text = String::new();
    for (layer, colour) in [(38, foreground), (48, background)] {
        // Writing to a string does not fail.
        let _ = match colour {
            Color::Rgb(r, g, b) => write!(text, "\x1b[{layer};2;{r};{g};{b}m"),
            Color::Indexed(index) => write!(text, "\x1b[{layer};5;{index}m"),
            other => match basic(other) {
                Some(index) => write!(text, "\x1b[{layer};5;{index}m"),
                None => Ok(()),
            },
        };
    }
    text
}

/// The place of the sixteen basic colours in the table of 256.
fn basic(colour: Color) -> Option<u8> {
    let order = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let index = order.iter().position(|c| *c == colour)?;
    u8::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn plain_terminals_get_characters_and_others_colours() {
        let image = RgbImage::from_pixel(64, 48, Rgb([255, 0, 0]));
        let text = |depth, charset| picture_as_text(&image, (16, 6), depth, charset);
        let plain = text(ColourDepth::Monochrome, Charset::Ascii);
        assert_eq!(plain.lines().count(), 6);
        assert!(!plain.contains('\x1b'), "{plain}");
        let coloured = text(ColourDepth::True, Charset::Unicode);
        assert!(coloured.contains("\x1b[38;2;255;0;0m"), "{coloured:?}");
        assert!(coloured.lines().all(|line| line.ends_with("\x1b[0m")));
        assert_eq!(
            picture_as_text(
                &RgbImage::new(0, 0),
                (9, 9),
                ColourDepth::Monochrome,
                Charset::Ascii
            ),
            ""
        );
    }

    #[test]
    fn the_basic_colours_keep_their_order() {
        assert_eq!(sgr(Color::Red, Color::White), "\x1b[38;5;1m\x1b[48;5;15m");
        assert_eq!(sgr(Color::Reset, Color::Reset), "");
    }
}
