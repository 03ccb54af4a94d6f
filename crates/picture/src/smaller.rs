//! Pictures made smaller for whoever watches: many times a second, on a small machine.

use image::RgbImage;

/// Channels of a pixel.
const RGB: usize = 3;

/// The picture in `width` × `height` pixels, each the mean of those in its place. A side that
/// would grow stays as it is.
pub fn smaller(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let width = width.clamp(1, image.width().max(1));
    let height = height.clamp(1, image.height().max(1));
    let mut made = RgbImage::new(width, height);
    if image.width() == 0 || image.height() == 0 {
        return made;
    }
    let columns = borders(image.width(), width);
    let rows = borders(image.height(), height);
    let row_bytes = image.width() as usize * RGB;
    let mut sums = vec![[0_u64; RGB]; width as usize];
    let made_rows = made.chunks_exact_mut(width as usize * RGB);
    for (made_row, place) in made_rows.zip(rows.windows(2)) {
        sums.fill([0; RGB]);
        let from = &image.as_raw()[place[0] * row_bytes..place[1] * row_bytes];
        for row in from.chunks_exact(row_bytes) {
            for (sum, place) in sums.iter_mut().zip(columns.windows(2)) {
                for pixel in row[place[0] * RGB..place[1] * RGB].as_chunks::<RGB>().0 {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                }
            }
        }
        let places = made_row.as_chunks_mut::<RGB>().0.iter_mut();
        for ((pixel, sum), across) in places.zip(&sums).zip(columns.windows(2)) {
            let count = ((place[1] - place[0]) * (across[1] - across[0])) as u64;
            for (value, sum) in pixel.iter_mut().zip(sum) {
                // The mean of bytes is a byte.
                *value = ((sum + count / 2) / count) as u8;
            }
        }
    }
    made
}

/// Where each of `parts` parts of `length` pixels begins, and where the last one ends. Each has
/// at least one pixel.
fn borders(length: u32, parts: u32) -> Vec<usize> {
    let border = |part: u32| u64::from(part) * u64::from(length) / u64::from(parts);
    (0..=parts).map(|part| border(part) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn each_pixel_is_the_mean_of_its_place() {
        let image = RgbImage::from_fn(4, 2, |x, y| Rgb([x as u8 * 10, y as u8 * 100, 7]));
        let made = smaller(&image, 2, 1);
        assert_eq!(made.dimensions(), (2, 1));
        assert_eq!(made.get_pixel(0, 0).0, [5, 50, 7]);
        assert_eq!(made.get_pixel(1, 0).0, [25, 50, 7]);
    }

    #[test]
    fn nothing_grows_and_nothing_is_divided_by() {
        assert_eq!(smaller(&RgbImage::new(3, 2), 9, 9).dimensions(), (3, 2));
        assert_eq!(smaller(&RgbImage::new(3, 2), 0, 0).dimensions(), (1, 1));
        assert_eq!(smaller(&RgbImage::new(0, 0), 5, 5).dimensions(), (1, 1));
    }

    proptest! {
        #[test]
        fn brightness_stays(
            (width, height) in (1_u32..40, 1_u32..40),
            (to_width, to_height) in (1_u32..40, 1_u32..40),
            seed in any::<u8>(),
        ) {
            let image = RgbImage::from_fn(width, height, |x, y| {
                let value = (x * 31 + y * 17 + u32::from(seed)) as u8;
                Rgb([value, 255 - value, seed])
            });
            let made = smaller(&image, to_width, to_height);
            prop_assert_eq!(made.dimensions(), (to_width.min(width), to_height.min(height)));
            prop_assert!(made.pixels().all(|pixel| pixel.0[2] == seed));
            let range = |channel: usize, of: &RgbImage| {
                let values = of.pixels().map(|pixel| pixel.0[channel]);
                (values.clone().min(), values.max())
            };
            let (before, after) = (range(0, &image), range(0, &made));
            prop_assert!(before.0 <= after.0 && after.1 <= before.1);
        }
    }
}
