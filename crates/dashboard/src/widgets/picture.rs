//! A picture in character cells: where it goes and what each cell shows.

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::colour::ColourDepth;
use crate::theme::{Charset, Theme};
use rollcall_core::geometry::BoundingBox;

/// Where a picture lies on the screen, its aspect ratio kept. A cell counts as
/// one pixel wide and two high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    pub(crate) cells: Rect,
    frame_width: u32,
    frame_height: u32,
}

impl Placement {
    /// The largest place for a picture of this size in the middle of `area`;
    /// none if one of them is empty.
    pub(crate) fn fit(frame_width: u32, frame_height: u32, area: Rect) -> Option<Self> {
        Self::fit_cells(frame_width, frame_height, area, 2.0)
    }

    /// The same for cells that are `aspect` times as high as they are wide.
    pub(crate) fn fit_cells(
        frame_width: u32,
        frame_height: u32,
        area: Rect,
        aspect: f32,
    ) -> Option<Self> {
        if frame_width == 0 || frame_height == 0 || area.is_empty() {
            return None;
        }
        let (w, h) = (frame_width as f32, frame_height as f32);
        let cells_per_pixel = (f32::from(area.width) / w).min(f32::from(area.height) * aspect / h);
        let width = ((w * cells_per_pixel).round() as u16).clamp(1, area.width);
        let height = ((h * cells_per_pixel / aspect).round() as u16).clamp(1, area.height);
        Some(Self {
            cells: Rect {
                x: area.x + (area.width - width) / 2,
                y: area.y + (area.height - height) / 2,
                width,
                height,
            },
            frame_width,
            frame_height,
        })
    }

    /// The cells that a box in the picture touches; none if it lies outside.
    pub(super) fn cells_of(&self, box_in_frame: &BoundingBox) -> Option<Rect> {
        let inside = box_in_frame.clamped(self.frame_width, self.frame_height);
        if inside.area() <= 0.0 {
            return None;
        }
        let column = |x: f32| x / self.frame_width as f32 * f32::from(self.cells.width);
        let row = |y: f32| y / self.frame_height as f32 * f32::from(self.cells.height);
        let left = (column(inside.left) as u16).min(self.cells.width - 1);
        let top = (row(inside.top) as u16).min(self.cells.height - 1);
        let right = (column(inside.right).ceil() as u16).clamp(left + 1, self.cells.width);
        let bottom = (row(inside.bottom).ceil() as u16).clamp(top + 1, self.cells.height);
        Some(Rect {
            x: self.cells.x + left,
            y: self.cells.y + top,
            width: right - left,
            height: bottom - top,
        })
    }
}

/// The colours that are on the screen, so that a camera's noise does not repaint it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Steady {
    /// By how much a colour may be off before its cell is drawn again; 0 for not at all.
    pub(crate) tolerance: u8,
    size: (u16, u16),
    shown: Vec<[u8; 3]>,
}

impl Steady {
    /// Makes room for a picture of so many pixels; another size begins anew.
    fn begin(&mut self, width: u16, height: u16) {
        if self.size != (width, height) {
            self.size = (width, height);
            self.shown = vec![[0; 3]; usize::from(width) * usize::from(height)];
        }
    }

    /// The colour to draw: what is there, as long as it is near enough.
    fn settle(&mut self, x: u16, y: u16, colour: [u8; 3]) -> [u8; 3] {
        let Some(shown) = self
            .shown
            .get_mut(usize::from(y) * usize::from(self.size.0) + usize::from(x))
        else {
            return colour;
        };
        let off = shown.iter().zip(colour).map(|(a, b)| a.abs_diff(b)).max();
        if off.is_some_and(|off| off > self.tolerance) {
            *shown = colour;
        }
        *shown
    }
}

/// Draws a picture that stands still, as finely as every terminal of this kind can.
pub(crate) fn draw_picture(image: &RgbImage, theme: Theme, area: Rect, buf: &mut Buffer) {
    let (width, height) = image.dimensions();
    let Some(placement) = Placement::fit_cells(width, height, area, theme.cell_aspect) else {
        return;
    };
    if theme.depth == ColourDepth::Monochrome || theme.charset == Charset::Ascii {
        draw_ascii(image, placement, buf);
    } else {
        let mut steady = Steady::default();
        draw_half_blocks(image, placement, theme.depth, &mut steady, buf);
    }
}

/// Draws two pixels in each cell: the upper one is the colour of "▀", the lower
/// one that of the ground behind it.
pub(crate) fn draw_half_blocks(
    image: &RgbImage,
    placement: Placement,
    depth: ColourDepth,
    steady: &mut Steady,
    buf: &mut Buffer,
) {
    let cells = placement.cells;
    let scaler = Scaler::new(image, u32::from(cells.width), u32::from(cells.height) * 2);
    steady.begin(cells.width, cells.height * 2);
    let mut colour = |x: u16, y: u16| {
        let mean = scaler.mean(u32::from(x), u32::from(y));
        let mean = steady.settle(x, y, mean);
        depth.nearest(dithered(mean, x, y, depth))
    };
    for y in 0..cells.height {
        for x in 0..cells.width {
            let Some(cell) = buf.cell_mut((cells.x + x, cells.y + y)) else {
                continue;
            };
            cell.set_char('▀');
            cell.fg = colour(x, y * 2).unwrap_or(Color::Reset);
            cell.bg = colour(x, y * 2 + 1).unwrap_or(Color::Reset);
        }
    }
}

/// The characters of a cell in quarters; bits: upper left, upper right, lower left, lower right.
pub(super) const QUADRANTS: [char; 16] = [
    ' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█',
];

/// Draws four pixels in each cell, in the two colours that its lighter and its darker ones
/// have on the average.
pub(crate) fn draw_quadrants(
    image: &RgbImage,
    placement: Placement,
    depth: ColourDepth,
    steady: &mut Steady,
    buf: &mut Buffer,
) {
    let cells = placement.cells;
    let (columns, rows) = (cells.width * 2, cells.height * 2);
    let scaler = Scaler::new(image, u32::from(columns), u32::from(rows));
    steady.begin(columns, rows);
    for y in 0..cells.height {
        for x in 0..cells.width {
            let quarter = |dx: u16, dy: u16, steady: &mut Steady| {
                let (x, y) = (x * 2 + dx, y * 2 + dy);
                steady.settle(x, y, scaler.mean(u32::from(x), u32::from(y)))
            };
            let quarters = [
                quarter(0, 0, steady),
                quarter(1, 0, steady),
                quarter(0, 1, steady),
                quarter(1, 1, steady),
            ];
            let middle = quarters.iter().map(|q| luma(*q)).sum::<u32>() / 4;
            let is_light = quarters.map(|quarter| luma(quarter) > middle);
            let bits = (0..4)
                .filter(|i| is_light[*i])
                .map(|i| 1 << i)
                .sum::<usize>();
            let Some(cell) = buf.cell_mut((cells.x + x, cells.y + y)) else {
                continue;
            };
            let colour = |light: bool| {
                let of_kind = quarters.iter().zip(is_light);
                let of_kind = of_kind.filter(|(_, is)| *is == light).map(|(q, _)| *q);
                let mean = mean_of(of_kind)?;
                depth.nearest(dithered(mean, x, y, depth))
            };
            cell.set_char(QUADRANTS[bits]);
            cell.fg = colour(true).unwrap_or(Color::Reset);
            cell.bg = colour(false).unwrap_or(Color::Reset);
        }
    }
}

/// Draws eight dots in each cell, lit by brightness with ordered dithering.
pub(crate) fn draw_braille(image: &RgbImage, placement: Placement, buf: &mut Buffer) {
    /// The bit of each dot in U+2800 to U+28FF, by row and column.
    const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let cells = placement.cells;
    let scaler = Scaler::new(
        image,
        u32::from(cells.width) * 2,
        u32::from(cells.height) * 4,
    );
    for y in 0..cells.height {
        for x in 0..cells.width {
            let mut bits = 0;
            for (dy, row) in DOTS.iter().enumerate() {
                for (dx, bit) in row.iter().enumerate() {
                    let (x, y) = (u32::from(x) * 2 + dx as u32, u32::from(y) * 4 + dy as u32);
                    let threshold = 8 + 16 * BAYER[y as usize % 4][x as usize % 4] as u32;
                    if luma(scaler.mean(x, y)) > threshold {
                        bits |= bit;
                    }
                }
            }
            let dots = char::from_u32(0x2800 + bits).unwrap_or(' ');
            if let Some(cell) = buf.cell_mut((cells.x + x, cells.y + y)) {
                cell.set_char(dots);
            }
        }
    }
}

/// Rec. 601 luma, 0 to 255.
fn luma(rgb: [u8; 3]) -> u32 {
    let [r, g, b] = rgb.map(u32::from);
    (299 * r + 587 * g + 114 * b) / 1000
}

fn mean_of(colours: impl Iterator<Item = [u8; 3]>) -> Option<[u8; 3]> {
    let (mut sum, mut count) = ([0u32; 3], 0);
    for colour in colours {
        for (total, value) in sum.iter_mut().zip(colour) {
            *total += u32::from(value);
        }
        count += 1;
    }
    (count > 0).then(|| sum.map(|total| (total / count) as u8))
}

/// From dark to light on a dark terminal.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Draws each cell as a character by its brightness.
pub(crate) fn draw_ascii(image: &RgbImage, placement: Placement, buf: &mut Buffer) {
    let cells = placement.cells;
    let scaler = Scaler::new(image, u32::from(cells.width), u32::from(cells.height));
    for y in 0..cells.height {
        for x in 0..cells.width {
            let luma = luma(scaler.mean(u32::from(x), u32::from(y)));
            let step = luma as usize * RAMP.len() / 256;
            if let Some(cell) = buf.cell_mut((cells.x + x, cells.y + y)) {
                cell.set_char(char::from(RAMP[step]));
            }
        }
    }
}

/// Averages areas of a picture.
struct Scaler<'a> {
    image: &'a RgbImage,
    columns: u32,
    rows: u32,
}

/// Pixels looked at in each direction of an area. More do not change what is
/// seen, and a large camera picture would cost a Pi its frame rate.
const SAMPLES: u32 = 8;

impl<'a> Scaler<'a> {
    fn new(image: &'a RgbImage, columns: u32, rows: u32) -> Self {
        Self {
            image,
            columns,
            rows,
        }
    }

    /// Mean colour of the part of the picture under pixel `x`, `y` of the result.
    fn mean(&self, x: u32, y: u32) -> [u8; 3] {
        let (left, right) = span(x, self.columns, self.image.width());
        let (top, bottom) = span(y, self.rows, self.image.height());
        let step_x = (right - left).div_ceil(SAMPLES).max(1) as usize;
        let step_y = (bottom - top).div_ceil(SAMPLES).max(1) as usize;
        let row_length = self.image.width() as usize * 3;
        let raw = self.image.as_raw();
        let mut sum = [0u32; 3];
        let mut count = 0;
        for row in (top..bottom).step_by(step_y) {
            let start = row as usize * row_length;
            let pixels = &raw[start + left as usize * 3..start + right as usize * 3];
            for pixel in pixels.chunks_exact(3).step_by(step_x) {
                for (total, &value) in sum.iter_mut().zip(pixel) {
                    *total += u32::from(value);
                }
                count += 1;
            }
        }
        sum.map(|total| (total / count.max(1)) as u8)
    }
}

/// The pixels `from..to` under cell `index` of `cells`; at least one.
fn span(index: u32, cells: u32, pixels: u32) -> (u32, u32) {
    let at = |i: u32| (u64::from(i) * u64::from(pixels) / u64::from(cells)) as u32;
    let from = at(index).min(pixels - 1);
    (from, at(index + 1).clamp(from + 1, pixels))
}

/// Bayer's matrix for ordered dithering.
const BAYER: [[i16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// With 16 colours a face is a blot unless neighbours alternate between the two
/// nearest colours: ordered dithering with Bayer's 4×4 matrix.
fn dithered(rgb: [u8; 3], x: u16, y: u16, depth: ColourDepth) -> [u8; 3] {
    if depth != ColourDepth::Sixteen {
        return rgb;
    }
    let offset = (BAYER[usize::from(y % 4)][usize::from(x % 4)] - 8) * 5;
    rgb.map(|v| (i16::from(v) + offset).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn the_aspect_ratio_is_kept() {
        let area = Rect::new(0, 0, 34, 20);
        let placed = Placement::fit(640, 480, area).unwrap().cells;
        assert_eq!(placed, Rect::new(0, 3, 34, 13));
        let tall = Placement::fit(480, 640, area).unwrap().cells;
        assert_eq!(tall, Rect::new(2, 0, 30, 20));
        assert_eq!(Placement::fit(0, 480, area), None);
        assert_eq!(Placement::fit(640, 480, Rect::new(3, 3, 0, 5)), None);
    }

    #[test]
    fn boxes_land_on_their_part_of_the_picture() {
        let placement = Placement::fit(400, 200, Rect::new(10, 5, 40, 10)).unwrap();
        let cells = |l, t, r, b| placement.cells_of(&BoundingBox::new(l, t, r, b));
        assert_eq!(
            cells(100.0, 40.0, 200.0, 120.0),
            Some(Rect::new(20, 7, 10, 4))
        );
        assert_eq!(
            cells(-50.0, -50.0, 1000.0, 1000.0),
            Some(placement.cells),
            "clipped to the picture"
        );
        assert_eq!(cells(500.0, 0.0, 600.0, 50.0), None);
        assert_eq!(cells(f32::NAN, 0.0, 5.0, 5.0), None);
    }

    #[test]
    fn a_cell_shows_the_mean_of_its_part() {
        let image = RgbImage::from_fn(8, 8, |x, _| Rgb([if x < 4 { 0 } else { 200 }, 10, 30]));
        let scaler = Scaler::new(&image, 2, 2);
        assert_eq!(scaler.mean(0, 1), [0, 10, 30]);
        assert_eq!(scaler.mean(1, 0), [200, 10, 30]);
        assert_eq!(Scaler::new(&image, 1, 1).mean(0, 0), [100, 10, 30]);
        let single = RgbImage::from_pixel(1, 1, Rgb([7, 8, 9]));
        assert_eq!(
            Scaler::new(&single, 50, 50).mean(49, 49),
            [7, 8, 9],
            "a picture smaller than the screen is stretched"
        );
    }

    #[test]
    fn brightness_becomes_density() {
        let image = RgbImage::from_fn(2, 2, |x, _| Rgb([if x == 0 { 0 } else { 255 }; 3]));
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        let placement = Placement::fit(2, 2, buf.area).unwrap();
        draw_ascii(&image, placement, &mut buf);
        assert_eq!(buf[(0, 0)].symbol(), " ");
        assert_eq!(buf[(1, 0)].symbol(), "@");
    }

    #[test]
    fn noise_does_not_repaint_and_movement_does() {
        let mut steady = Steady {
            tolerance: 6,
            ..Steady::default()
        };
        let mut drawn = |level: u8| {
            let image = RgbImage::from_pixel(8, 8, Rgb([level; 3]));
            let mut buf = Buffer::empty(Rect::new(0, 0, 4, 2));
            let placement = Placement::fit(8, 8, buf.area).unwrap();
            draw_half_blocks(&image, placement, ColourDepth::True, &mut steady, &mut buf);
            buf[(1, 1)].fg
        };
        let first = drawn(100);
        assert_eq!(drawn(105), first);
        assert_eq!(
            drawn(95),
            first,
            "it is compared with what is shown, not with the last"
        );
        assert_eq!(drawn(110), Color::Rgb(110, 110, 110));
    }

    #[test]
    fn quarters_show_an_edge_within_a_cell() {
        // The left half of each cell is light.
        let image = RgbImage::from_fn(8, 8, |x, _| Rgb([if x % 4 < 2 { 250 } else { 10 }; 3]));
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        let placement = Placement::fit(8, 8, buf.area).unwrap();
        let mut steady = Steady::default();
        draw_quadrants(&image, placement, ColourDepth::True, &mut steady, &mut buf);
        let cell = &buf[(0, 0)];
        assert_eq!(cell.symbol(), "▌");
        assert_eq!(
            (cell.fg, cell.bg),
            (Color::Rgb(250, 250, 250), Color::Rgb(10, 10, 10))
        );
    }

    #[test]
    fn dots_are_as_dense_as_the_picture_is_bright() {
        let dots = |level: u8| {
            let image = RgbImage::from_pixel(64, 64, Rgb([level; 3]));
            let mut buf = Buffer::empty(Rect::new(0, 0, 8, 4));
            let placement = Placement::fit(64, 64, buf.area).unwrap();
            draw_braille(&image, placement, &mut buf);
            let lit = |symbol: &str| {
                symbol
                    .chars()
                    .map(|c| (c as u32 - 0x2800).count_ones())
                    .sum::<u32>()
            };
            buf.content()
                .iter()
                .map(|cell| lit(cell.symbol()))
                .sum::<u32>()
        };
        assert_eq!((dots(0), dots(255)), (0, 256));
        assert_eq!(dots(128), 128);
    }

    #[test]
    fn dithering_mixes_two_colours_around_their_middle() {
        let grey = RgbImage::from_pixel(64, 64, Rgb([128; 3]));
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 4));
        let placement = Placement::fit(64, 64, buf.area).unwrap();
        let mut steady = Steady::default();
        draw_half_blocks(
            &grey,
            placement,
            ColourDepth::Sixteen,
            &mut steady,
            &mut buf,
        );
        let colours: std::collections::HashSet<Color> =
            buf.content().iter().map(|c| c.fg).collect();
        assert!(colours.contains(&Color::Gray) && colours.contains(&Color::DarkGray));
    }
}
