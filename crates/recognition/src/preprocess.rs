//! From a picture to the input tensor of a network.
//!
//! Scaling follows `OpenCV` (`INTER_AREA` when shrinking to less than half,
//! `INTER_LINEAR` otherwise), because that is what the networks were trained and
//! published with; `script/golden.py` holds us to it. Bilinear sampling alone
//! looks at four pixels of a dozen megapixels and would alias faces away.

use std::borrow::Cow;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::manifest::{ColourOrder, InputSpec};
use rollcall_core::detection::Detection;
use rollcall_core::geometry::{BoundingBox, Landmarks, Point};

/// The coarsest stride of the detectors; their input sizes are multiples of it.
pub(super) const DETECTOR_STRIDE: u32 = 32;

/// How a detector's canvas lies over the frame: at the top-left corner, with a
/// scale per axis since widths are rounded to whole pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Letterbox {
    /// Size of the canvas, multiples of [`DETECTOR_STRIDE`].
    pub(super) canvas_size: (u32, u32),
    /// Size of the scaled picture inside the canvas.
    pub(super) picture_size: (u32, u32),
    /// Frame pixels per canvas pixel, along x and y.
    pub(super) frame_from_canvas: (f32, f32),
}

impl Letterbox {
    /// The smallest canvas that holds a picture of `width` × `height` pixels
    /// after scaling its longer side to `side`.
    ///
    /// Returns `None` for a picture without pixels.
    pub(super) fn new(width: u32, height: u32, side: u32) -> Option<Self> {
        if width == 0 || height == 0 {
            return None;
        }
        let scale = f64::from(side) / f64::from(width.max(height));
        let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let picture_size = (scaled(width), scaled(height));
        let rounded_up = |length: u32| length.div_ceil(DETECTOR_STRIDE) * DETECTOR_STRIDE;
        Some(Self {
            canvas_size: (rounded_up(picture_size.0), rounded_up(picture_size.1)),
            picture_size,
            frame_from_canvas: (
                width as f32 / picture_size.0 as f32,
                height as f32 / picture_size.1 as f32,
            ),
        })
    }

    /// The picture scaled onto its canvas; the rest of the canvas is black.
    pub(super) fn to_tensor(
        self,
        image: &RgbImage,
        input: &InputSpec,
    ) -> Result<Tensor, candle_core::Error> {
        let scaled = resize(image, self.picture_size.0, self.picture_size.1);
        to_tensor(&scaled, self.canvas_size, input)
    }

    /// Maps a detection from canvas pixels to frame pixels.
    pub(super) fn detection_in_frame(&self, detection: &Detection) -> Detection {
        let point = |p: Point| {
            Point::new(
                p.x * self.frame_from_canvas.0,
                p.y * self.frame_from_canvas.1,
            )
        };
        let b = &detection.bounding_box;
        let (top_left, bottom_right) = (
            point(Point::new(b.left, b.top)),
            point(Point::new(b.right, b.bottom)),
        );
        Detection {
            bounding_box: BoundingBox::new(top_left.x, top_left.y, bottom_right.x, bottom_right.y),
            score: detection.score,
            landmarks: Landmarks {
                points: detection.landmarks.points.map(point),
            },
        }
    }
}

/// Puts `image` at the top-left corner of a black canvas and normalises it into
/// a `[1, 3, height, width]` tensor. What does not fit the canvas is cut.
pub(super) fn to_tensor(
    image: &RgbImage,
    (width, height): (u32, u32),
    input: &InputSpec,
) -> Result<Tensor, candle_core::Error> {
    let (width, height) = (width as usize, height as usize);
    let plane = width * height;
    let mut data = vec![(0.0 - input.mean) * input.scale; 3 * plane];
    // One table look-up per value is as exact as the arithmetic and faster.
    let table: [f32; 256] = std::array::from_fn(|value| (value as f32 - input.mean) * input.scale);
    let (first, rest) = data.split_at_mut(plane);
    let (second, third) = rest.split_at_mut(plane);
    let (red, green, blue) = match input.colour_order {
        ColourOrder::Rgb => (first, second, third),
        ColourOrder::Bgr => (third, second, first),
    };
    let row_bytes = image.width() as usize * 3;
    if row_bytes > 0 && width > 0 {
        let planes = red
            .chunks_exact_mut(width)
            .zip(green.chunks_exact_mut(width))
            .zip(blue.chunks_exact_mut(width));
        for (row, ((red, green), blue)) in image.as_raw().chunks_exact(row_bytes).zip(planes) {
            let targets = red.iter_mut().zip(green).zip(blue);
            for (&[r, g, b], ((red, green), blue)) in row.as_chunks::<3>().0.iter().zip(targets) {
                *red = table[usize::from(r)];
                *green = table[usize::from(g)];
                *blue = table[usize::from(b)];
            }
        }
    }
    Tensor::from_vec(data, (1, 3, height, width), &Device::Cpu)
}

/// Scales a picture: by averaging areas when a side shrinks to less than half,
/// bilinearly otherwise. Sizes of zero give an empty picture.
pub(super) fn resize(image: &RgbImage, width: u32, height: u32) -> Cow<'_, RgbImage> {
    if image.dimensions() == (width, height) {
        return Cow::Borrowed(image);
    }
    if image.width() == 0 || image.height() == 0 || width == 0 || height == 0 {
        return Cow::Owned(RgbImage::new(width, height));
    }
    if image.dimensions() == (2 * width, 2 * height) {
        return Cow::Owned(halve(image));
    }
    let shrinks_much = image.width() > 2 * width || image.height() > 2 * height;
    let enlarges = image.width() < width || image.height() < height;
    Cow::Owned(if shrinks_much && !enlarges {
        resize_by_area(image, width, height)
    } else {
        resize_bilinear(image, width, height)
    })
}

/// What `resize_bilinear` gives for half the size, where each pixel is the mean of
/// four: a usual camera's frame on its way to the detector.
fn halve(image: &RgbImage) -> RgbImage {
    let row_bytes = image.width() as usize * 3;
    let mut out = Vec::with_capacity(image.as_raw().len() / 4);
    for rows in image.as_raw().chunks_exact(2 * row_bytes) {
        let (upper, lower) = rows.split_at(row_bytes);
        for (upper, lower) in upper
            .as_chunks::<6>()
            .0
            .iter()
            .zip(lower.as_chunks::<6>().0)
        {
            for channel in 0..3 {
                let sum = u16::from(upper[channel])
                    + u16::from(upper[channel + 3])
                    + u16::from(lower[channel])
                    + u16::from(lower[channel + 3]);
                out.push(((sum + 2) / 4) as u8);
            }
        }
    }
    picture_from_values(image.width() / 2, image.height() / 2, out)
}

/// Every pixel is the mean of the source area it covers.
fn resize_by_area(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let columns = cover(image.width(), width);
    let rows = cover(image.height(), height);
    let row_values = width as usize * 3;
    let mut sums = vec![0f32; row_values * height as usize];
    let mut row_sums = vec![0f32; row_values];
    let source_row_bytes = image.width() as usize * 3;
    for (source_row, share) in image.as_raw().chunks_exact(source_row_bytes).zip(&rows) {
        row_sums.fill(0.0);
        for (pixel, share) in source_row.chunks_exact(3).zip(&columns) {
            let at = share.first * 3;
            for channel in 0..3 {
                let value = f32::from(pixel[channel]);
                row_sums[at + channel] += value * share.weight_in_first;
                if share.weight_in_next > 0.0 {
                    row_sums[at + 3 + channel] += value * share.weight_in_next;
                }
            }
        }
        let at = share.first * row_values;
        add_scaled(
            &mut sums[at..at + row_values],
            &row_sums,
            share.weight_in_first,
        );
        if share.weight_in_next > 0.0 {
            let next = at + row_values;
            add_scaled(
                &mut sums[next..next + row_values],
                &row_sums,
                share.weight_in_next,
            );
        }
    }
    picture_from_values(
        width,
        height,
        sums.iter().map(|v| v.round() as u8).collect(),
    )
}

/// How one source line is shared between the target lines it touches: when
/// shrinking, at most two.
struct Share {
    first: usize,
    weight_in_first: f32,
    weight_in_next: f32,
}

fn cover(source_length: u32, target_length: u32) -> Vec<Share> {
    let target_per_source = f64::from(target_length) / f64::from(source_length);
    (0..source_length)
        .map(|index| {
            let start = f64::from(index) * target_per_source;
            let end = f64::from(index + 1) * target_per_source;
            // The clamp holds rounding errors at the last line inside the picture.
            let first = (start.floor() as usize).min(target_length as usize - 1);
            let border = (first + 1) as f64;
            let reaches_over = end > border && first + 1 < target_length as usize;
            Share {
                first,
                weight_in_first: (end.min(border) - start) as f32,
                weight_in_next: if reaches_over {
                    (end - border) as f32
                } else {
                    0.0
                },
            }
        })
        .collect()
}

fn add_scaled(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value * weight;
    }
}

/// Every pixel is interpolated between the four source pixels around its centre.
fn resize_bilinear(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let columns = interpolate(image.width(), width);
    let rows = interpolate(image.height(), height);
    let row_bytes = image.width() as usize * 3;
    let source = image.as_raw();
    let mut out = Vec::with_capacity(width as usize * height as usize * 3);
    for y in &rows {
        let upper = &source[y.first * row_bytes..][..row_bytes];
        let lower = &source[y.next * row_bytes..][..row_bytes];
        for x in &columns {
            for channel in 0..3 {
                let (left, right) = (x.first * 3 + channel, x.next * 3 + channel);
                let mix = |row: &[u8]| {
                    f32::from(row[left]) * (1.0 - x.fraction) + f32::from(row[right]) * x.fraction
                };
                let value = mix(upper) * (1.0 - y.fraction) + mix(lower) * y.fraction;
                // Adding a half and cutting rounds a value that is never negative.
                out.push((value + 0.5) as u8);
            }
        }
    }
    picture_from_values(width, height, out)
}

/// The two source lines a target line lies between.
struct Between {
    first: usize,
    next: usize,
    fraction: f32,
}

fn interpolate(source_length: u32, target_length: u32) -> Vec<Between> {
    let source_per_target = f64::from(source_length) / f64::from(target_length);
    let last = f64::from(source_length - 1);
    (0..target_length)
        .map(|index| {
            // Pixel centres are at half-integers.
            let centre = (f64::from(index) + 0.5) * source_per_target - 0.5;
            let centre = centre.clamp(0.0, last);
            let first = centre.floor();
            Between {
                first: first as usize,
                next: (first + 1.0).min(last) as usize,
                fraction: (centre - first) as f32,
            }
        })
        .collect()
}

fn picture_from_values(width: u32, height: u32, values: Vec<u8>) -> RgbImage {
    // The values were counted out above, so that the fallback is never taken.
    RgbImage::from_raw(width, height, values).unwrap_or_else(|| RgbImage::new(width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::InputSide;
    use image::Rgb;
    use proptest::prelude::*;

    fn input(colour_order: ColourOrder) -> InputSpec {
        InputSpec {
            side: InputSide::Pixels(2),
            colour_order,
            mean: 127.5,
            scale: 1.0 / 128.0,
        }
    }

    #[test]
    fn a_canvas_is_as_small_as_multiples_of_32_allow() {
        let landscape = Letterbox::new(640, 480, 320).unwrap();
        assert_eq!(landscape.canvas_size, (320, 256));
        assert_eq!(landscape.picture_size, (320, 240));
        assert_eq!(landscape.frame_from_canvas, (2.0, 2.0));
        let line = Letterbox::new(10_000, 1, 320).unwrap();
        assert_eq!((line.canvas_size, line.picture_size), ((320, 32), (320, 1)));
        assert!(Letterbox::new(0, 480, 320).is_none());
    }

    #[test]
    fn channels_are_ordered_and_normalised_and_the_rest_is_black() {
        let image = RgbImage::from_pixel(1, 1, Rgb([0, 128, 255]));
        let values = |order| -> Vec<f32> {
            let tensor = to_tensor(&image, (2, 1), &input(order)).unwrap();
            assert_eq!(tensor.dims(), [1, 3, 1, 2]);
            tensor.flatten_all().unwrap().to_vec1().unwrap()
        };
        let (low, mid, high) = (-127.5 / 128.0, 0.5 / 128.0, 127.5 / 128.0);
        assert_eq!(values(ColourOrder::Rgb), [low, low, mid, low, high, low]);
        assert_eq!(values(ColourOrder::Bgr), [high, low, mid, low, low, low]);
    }

    #[test]
    fn shrinking_a_chessboard_gives_grey_not_one_of_its_colours() {
        let board = RgbImage::from_fn(300, 210, |x, y| Rgb([((x + y) % 2 * 255) as u8; 3]));
        let small = resize(&board, 60, 42);
        assert!(
            small
                .pixels()
                .all(|p| p.0.iter().all(|v| v.abs_diff(127) <= 6))
        );
    }

    #[test]
    fn halving_averages_blocks_of_four() {
        let image = RgbImage::from_fn(4, 2, |x, y| Rgb([(x * 10 + y * 100) as u8; 3]));
        let half = resize(&image, 2, 1);
        assert_eq!(half.get_pixel(0, 0).0, [55; 3]);
        assert_eq!(half.get_pixel(1, 0).0, [75; 3]);
    }

    proptest! {
        #[test]
        fn a_picture_of_one_colour_keeps_it_at_any_size(
            from in (1u32..90, 1u32..90), to in (1u32..90, 1u32..90), colour in any::<[u8; 3]>(),
        ) {
            let image = RgbImage::from_pixel(from.0, from.1, Rgb(colour));
            let scaled = resize(&image, to.0, to.1);
            prop_assert_eq!(scaled.dimensions(), to);
            prop_assert!(scaled.pixels().all(|p| p.0 == colour));
        }

        #[test]
        fn halving_equals_interpolating(
            seed in any::<u32>(), size in (1u32..20, 1u32..20),
        ) {
            let mut state = seed;
            let image = RgbImage::from_fn(size.0 * 2, size.1 * 2, |_, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Rgb(state.to_be_bytes()[..3].try_into().unwrap())
            });
            prop_assert_eq!(halve(&image), resize_bilinear(&image, size.0, size.1));
        }

        #[test]
        fn scaling_keeps_the_mean_when_shrinking_much(
            seed in any::<u32>(), factor in 3u32..7, size in (2u32..12, 2u32..12),
        ) {
            let mut state = seed;
            let image = RgbImage::from_fn(size.0 * factor, size.1 * factor, |_, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Rgb([(state >> 24) as u8; 3])
            });
            let mean = |i: &RgbImage| {
                i.as_raw().iter().map(|v| f64::from(*v)).sum::<f64>() / i.as_raw().len() as f64
            };
            prop_assert!((mean(&image) - mean(&resize(&image, size.0, size.1))).abs() < 0.6);
        }

        #[test]
        fn a_canvas_corner_maps_to_the_frame_corner(w in 1u32..5000, h in 1u32..5000) {
            let letterbox = Letterbox::new(w, h, 320).unwrap();
            let picture = letterbox.picture_size;
            let whole = Detection {
                bounding_box: BoundingBox::new(0.0, 0.0, picture.0 as f32, picture.1 as f32),
                score: 1.0,
                landmarks: Landmarks::default(),
            };
            let mapped = letterbox.detection_in_frame(&whole).bounding_box;
            prop_assert!((mapped.right - w as f32).abs() < 0.01 && (mapped.bottom - h as f32).abs() < 0.01);
        }
    }
}
