//! BT.601 luma and chroma to RGB, and the raw layouts of cameras: YUYV, NV12, grey.
//!
//! ITU-R BT.601: R = Y + 1.402 (V − 128), G = Y − 0.344136 (U − 128) −
//! 0.714136 (V − 128), B = Y + 1.772 (U − 128), after "video" range luma
//! (16–235) and chroma (16–240) are stretched to 0–255. Fixed point with 16
//! fractional bits; the result is within one of the exact value.

use image::RgbImage;
use thiserror::Error;

use super::limits;

/// What the numbers 0–255 of luma and chroma stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YuvRange {
    /// 16–235 for luma and 16–240 for chroma: cameras and nearly all video.
    Video,
    /// 0–255: JPEG, and y4m files that say so.
    Full,
}

/// Size and memory layout of a picture that is not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSize {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Bytes from one line to the next; less than a line needs means that they touch.
    pub stride: usize,
}

/// A buffer that does not hold the picture it should.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RawError {
    /// A side is odd where the format needs pairs, is zero, or is larger than the limits allow.
    #[error("a {format} picture cannot be {width}x{height}")]
    Size {
        /// Name of the format.
        format: &'static str,
        /// Pixels in a line.
        width: u32,
        /// Lines.
        height: u32,
    },
    /// The buffer is shorter than the picture: the camera sent only a part.
    #[error("only {got} of {needed} bytes of the {format} picture arrived")]
    Short {
        /// Name of the format.
        format: &'static str,
        /// Bytes a whole picture needs.
        needed: usize,
        /// Bytes that arrived.
        got: usize,
    },
}

/// One pixel.
pub fn rgb_from_yuv([y, u, v]: [u8; 3], range: YuvRange) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let (luma, red_v, green_u, green_v, blue_u) = match range {
        // 255/219 on luma and 255/224 on chroma are part of the constants.
        YuvRange::Video => (
            (i32::from(y) - 16) * 76_309,
            104_597,
            25_675,
            53_279,
            132_201,
        ),
        YuvRange::Full => (i32::from(y) << 16, 91_881, 22_553, 46_802, 116_130),
    };
    let channel = |value: i32| ((value + HALF) >> 16).clamp(0, 255) as u8;
    [
        channel(luma + red_v * v),
        channel(luma - green_u * u - green_v * v),
        channel(luma + blue_u * u),
    ]
}

/// A packed 4:2:2 picture (bytes Y0 U Y1 V) as V4L2 delivers it; bytes after the
/// picture are ignored.
///
/// # Errors
/// When the size is impossible or the buffer is too short for it.
pub fn rgb_from_yuyv(buffer: &[u8], size: RawSize) -> Result<RgbImage, RawError> {
    let picture = Raw::new("YUYV", size, 2)?;
    let lines = picture.plane(buffer, 0, size.height as usize, size.width as usize * 2)?;
    picture.collect(lines, |line, rgb| {
        for pair in line.chunks_exact(4) {
            let &[y0, u, y1, v] = pair else { continue };
            rgb.extend(rgb_from_yuv([y0, u, v], YuvRange::Video));
            rgb.extend(rgb_from_yuv([y1, u, v], YuvRange::Video));
        }
    })
}

/// A 4:2:0 picture: a plane of luma, then one of U and V in turn for every two by two pixels.
///
/// # Errors
/// When the size is impossible or the buffer is too short for it.
pub fn rgb_from_nv12(buffer: &[u8], size: RawSize) -> Result<RgbImage, RawError> {
    let picture = Raw::new("NV12", size, 2)?;
    let (width, height) = (size.width as usize, size.height as usize);
    // The chroma plane begins where the luma plane's last line, padded, ends.
    let chroma_at = size.stride.clamp(width, width + limits::MAX_SIDE) * height;
    let luma = picture.plane(buffer, 0, height, width)?;
    let chroma = picture.plane(buffer, chroma_at, height.div_ceil(2), width)?;
    let lines = luma.into_iter().enumerate();
    let lines = lines.filter_map(|(y, line)| Some((line, *chroma.get(y / 2)?)));
    picture.collect(lines, |(luma, chroma), rgb| {
        for (ys, uv) in luma.chunks_exact(2).zip(chroma.chunks_exact(2)) {
            for y in ys {
                rgb.extend(rgb_from_yuv([*y, uv[0], uv[1]], YuvRange::Video));
            }
        }
    })
}

/// A picture of luma only, from black at 0 to white at 255, as infrared cameras send it.
///
/// # Errors
/// When the size is impossible or the buffer is too short for it.
pub fn rgb_from_grey(buffer: &[u8], size: RawSize) -> Result<RgbImage, RawError> {
    let picture = Raw::new("grey", size, 1)?;
    let lines = picture.plane(buffer, 0, size.height as usize, size.width as usize)?;
    picture.collect(lines, |line, rgb| {
        rgb.extend(line.iter().flat_map(|y| [*y; 3]));
    })
}

/// A picture whose size was checked.
struct Raw {
    format: &'static str,
    size: RawSize,
}

impl Raw {
    fn new(
        format: &'static str,
        size: RawSize,
        columns_in_pairs_of: usize,
    ) -> Result<Self, RawError> {
        let raw = Self { format, size };
        let (columns, rows) = (size.width as usize, size.height as usize);
        if limits::allows(columns, rows) && columns.is_multiple_of(columns_in_pairs_of) {
            Ok(raw)
        } else {
            Err(raw.impossible())
        }
    }

    fn impossible(&self) -> RawError {
        RawError::Size {
            format: self.format,
            width: self.size.width,
            height: self.size.height,
        }
    }

    /// The lines of a plane that begins at `start`, without their padding.
    fn plane<'a>(
        &self,
        buffer: &'a [u8],
        start: usize,
        lines: usize,
        bytes_per_line: usize,
    ) -> Result<Vec<&'a [u8]>, RawError> {
        // A driver that claims more would make the sum below overflow.
        let stride = self
            .size
            .stride
            .clamp(bytes_per_line, bytes_per_line + limits::MAX_SIDE);
        let needed = start + stride * (lines - 1) + bytes_per_line;
        let Some(plane) = buffer.get(start..needed) else {
            return Err(RawError::Short {
                format: self.format,
                needed,
                got: buffer.len(),
            });
        };
        Ok(plane
            .chunks(stride)
            .map(|line| &line[..bytes_per_line])
            .collect())
    }

    fn collect<L>(
        &self,
        lines: impl IntoIterator<Item = L>,
        push: impl Fn(L, &mut Vec<u8>),
    ) -> Result<RgbImage, RawError> {
        let RawSize { width, height, .. } = self.size;
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for line in lines {
            push(line, &mut rgb);
        }
        RgbImage::from_raw(width, height, rgb).ok_or_else(|| self.impossible())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the standard in floating point.
    fn exact([y, u, v]: [u8; 3], range: YuvRange) -> [f64; 3] {
        let (y, u, v) = (f64::from(y), f64::from(u) - 128.0, f64::from(v) - 128.0);
        let (y, u, v) = match range {
            YuvRange::Video => (
                (y - 16.0) * 255.0 / 219.0,
                u * 255.0 / 224.0,
                v * 255.0 / 224.0,
            ),
            YuvRange::Full => (y, u, v),
        };
        [
            y + 1.402 * v,
            y - 0.344_136 * u - 0.714_136 * v,
            y + 1.772 * u,
        ]
        .map(|c| c.clamp(0.0, 255.0))
    }

    #[test]
    fn fixed_point_is_within_one_of_the_formula() {
        for range in [YuvRange::Video, YuvRange::Full] {
            for y in (0..=255).step_by(15) {
                for u in (0..=255).step_by(15) {
                    for v in (0..=255).step_by(15) {
                        let got = rgb_from_yuv([y, u, v], range);
                        let want = exact([y, u, v], range);
                        for (g, w) in got.iter().zip(want) {
                            assert!((f64::from(*g) - w).abs() <= 1.0, "{y} {u} {v} {range:?}");
                        }
                    }
                }
            }
        }
    }

    fn size(width: u32, height: u32, stride: usize) -> RawSize {
        RawSize {
            width,
            height,
            stride,
        }
    }

    #[test]
    fn black_white_and_colour_of_a_yuyv_buffer_with_stale_bytes_after_it() {
        let buffer = [16, 128, 235, 128, 81, 90, 81, 240, 9, 9, 9];
        let image = rgb_from_yuyv(&buffer, size(2, 2, 0)).unwrap();
        assert_eq!(image.get_pixel(0, 0).0, [0, 0, 0]);
        assert_eq!(image.get_pixel(1, 0).0, [255, 255, 255]);
        let [r, g, b] = image.get_pixel(0, 1).0;
        assert!(r > 250 && g < 5 && b < 5, "{r} {g} {b}");
    }

    #[test]
    fn nv12_has_one_chroma_for_four_pixels_and_may_end_in_half_a_block() {
        // The left block grey, the right one red; three lines need two lines of chroma.
        let luma = [81_u8; 12];
        let chroma = [128, 128, 90, 240];
        let buffer = [&luma[..], &chroma, &chroma].concat();
        let image = rgb_from_nv12(&buffer, size(4, 3, 0)).unwrap();
        for y in 0..3 {
            assert_eq!(image.get_pixel(1, y).0, [76; 3]);
            let [r, g, _] = image.get_pixel(2, y).0;
            assert!(r > 240 && g < 10, "{r} {g}");
        }
    }

    #[test]
    fn padding_at_the_end_of_lines_is_left_out() {
        let grey = [1, 2, 9, 3, 4];
        let image = rgb_from_grey(&grey, size(2, 2, 3)).unwrap();
        assert_eq!(image.as_raw(), &[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
        let nv12 = [235, 16, 9, 235, 16, 9, 128, 128];
        let image = rgb_from_nv12(&nv12, size(2, 2, 3)).unwrap();
        assert_eq!(image.get_pixel(0, 1).0, [255; 3]);
        assert_eq!(image.get_pixel(1, 1).0, [0; 3]);
    }

    #[test]
    fn impossible_sizes_and_short_buffers_are_refused() {
        let is_size = |result| matches!(result, Err(RawError::Size { .. }));
        assert!(is_size(rgb_from_yuyv(&[0; 12], size(3, 2, 0))));
        assert!(is_size(rgb_from_yuyv(&[], size(0, 2, 0))));
        assert!(is_size(rgb_from_nv12(&[0; 12], size(3, 2, 0))));
        assert!(is_size(rgb_from_grey(&[], size(u32::MAX - 1, u32::MAX, 0))));
        let short = |format, needed, got| {
            Err(RawError::Short {
                format,
                needed,
                got,
            })
        };
        assert_eq!(rgb_from_yuyv(&[0; 7], size(2, 2, 0)), short("YUYV", 8, 7));
        assert_eq!(rgb_from_nv12(&[0; 5], size(2, 2, 0)), short("NV12", 6, 5));
        assert_eq!(rgb_from_grey(&[0; 4], size(2, 2, 3)), short("grey", 5, 4));
        assert!(rgb_from_grey(&[0; 4], size(2, 2, usize::MAX)).is_err());
    }
}
