//! BT.601 luma and chroma to RGB, and the YUYV layout of USB cameras.
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

/// A YUYV picture that is not one.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum YuyvError {
    /// Width is odd, a side is zero, or the picture is larger than the limits allow.
    #[error("a YUYV picture cannot be {0}x{1}")]
    Size(u32, u32),
    /// The buffer is shorter than the picture: the camera sent only a part.
    #[error("only {got} of {needed} bytes of the YUYV picture arrived")]
    Short {
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
/// picture are ignored, for the buffer is as long as the driver mapped it.
///
/// # Errors
/// When the size is impossible or the buffer is too short for it.
pub fn rgb_from_yuyv(buffer: &[u8], width: u32, height: u32) -> Result<RgbImage, YuyvError> {
    let (columns, rows) = (width as usize, height as usize);
    if !limits::allows(columns, rows) || columns % 2 != 0 {
        return Err(YuyvError::Size(width, height));
    }
    let needed = columns * rows * 2;
    let Some(picture) = buffer.get(..needed) else {
        return Err(YuyvError::Short {
            needed,
            got: buffer.len(),
        });
    };
    let mut rgb = Vec::with_capacity(columns * rows * 3);
    for pair in picture.chunks_exact(4) {
        let &[y0, u, y1, v] = pair else { continue };
        rgb.extend(rgb_from_yuv([y0, u, v], YuvRange::Video));
        rgb.extend(rgb_from_yuv([y1, u, v], YuvRange::Video));
    }
    RgbImage::from_raw(width, height, rgb).ok_or(YuyvError::Size(width, height))
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

    #[test]
    fn black_white_and_colour_of_a_yuyv_buffer_with_stale_bytes_after_it() {
        let buffer = [16, 128, 235, 128, 81, 90, 81, 240, 9, 9, 9];
        let image = rgb_from_yuyv(&buffer, 2, 2).unwrap();
        assert_eq!(image.get_pixel(0, 0).0, [0, 0, 0]);
        assert_eq!(image.get_pixel(1, 0).0, [255, 255, 255]);
        let [r, g, b] = image.get_pixel(0, 1).0;
        assert!(r > 250 && g < 5 && b < 5, "{r} {g} {b}");
    }

    #[test]
    fn impossible_sizes_and_short_buffers_are_refused() {
        assert_eq!(rgb_from_yuyv(&[0; 12], 3, 2), Err(YuyvError::Size(3, 2)));
        assert_eq!(rgb_from_yuyv(&[], 0, 2), Err(YuyvError::Size(0, 2)));
        assert_eq!(
            rgb_from_yuyv(&[], u32::MAX - 1, u32::MAX),
            Err(YuyvError::Size(u32::MAX - 1, u32::MAX))
        );
        let short = YuyvError::Short { needed: 8, got: 7 };
        assert_eq!(rgb_from_yuyv(&[0; 7], 2, 2), Err(short));
    }
}
