//! A picture in character cells: where it goes and what each cell shows.

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::core::geometry::BoundingBox;
use crate::ui::colour::ColourDepth;

/// Where a picture lies on the screen, its aspect ratio kept. A cell counts as
/// one pixel wide and two high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Placement {
    pub(in crate::ui) cells: Rect,
    frame_width: u32,
    frame_height: u32,
}

impl Placement {
    /// The largest place for a picture of this size in the middle of `area`;
    /// none if one of them is empty.
    pub(in crate::ui) fn fit(frame_width: u32, frame_height: u32, area: Rect) -> Option<Self> {
        if frame_width == 0 || frame_height == 0 || area.is_empty() {
            return None;
        }
        let (w, h) = (frame_width as f32, frame_height as f32);
        let cells_per_pixel = (f32::from(area.width) / w).min(f32::from(area.height) * 2.0 / h);
        let width = ((w * cells_per_pixel).round() as u16).clamp(1, area.width);
        let height = ((h * cells_per_pixel / 2.0).round() as u16).clamp(1, area.height);
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

/// Draws two pixels in each cell: the upper one is the colour of "▀", the lower
/// one that of the ground behind it.
pub(in crate::ui) fn draw_half_blocks(
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

/// From dark to light on a dark terminal.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Draws each cell as a character by its brightness.
pub(in crate::ui) fn draw_ascii(image: &RgbImage, placement: Placement, buf: &mut Buffer) {
    let cells = placement.cells;
    let scaler = Scaler::new(image, u32::from(cells.width), u32::from(cells.height));
    for y in 0..cells.height {
        for x in 0..cells.width {
            let [r, g, b] = scaler.mean(u32::from(x), u32::from(y)).map(u32::from);
            // Rec. 601 luma in thousandths.
            let luma = (299 * r + 587 * g + 114 * b) / 1000;
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

/// With 16 colours a face is a blot unless neighbours alternate between the two
/// nearest colours: ordered dithering with Bayer's 4×4 matrix.
fn dithered(rgb: [u8; 3], x: u16, y: u16, depth: ColourDepth) -> [u8; 3] {
    const BAYER: [[i16; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
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
