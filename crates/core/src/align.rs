//! Alignment: the face turned upright and scaled so that its landmarks lie
//! where the embedder was trained to find them.

use image::{Rgb, RgbImage};

use super::geometry::{Landmarks, Point, Similarity2d};

/// Side of an aligned face, in pixels.
pub const ALIGNED_SIDE: u32 = 112;

/// Where ArcFace expects the five landmarks in a 112 × 112 picture
/// (`InsightFace`, `arcface_dst`).
pub const ARCFACE_TEMPLATE: Landmarks = Landmarks {
    points: [
        Point::new(38.2946, 51.6963),
        Point::new(73.5318, 51.5014),
        Point::new(56.0252, 71.7366),
        Point::new(41.5493, 92.3655),
        Point::new(70.7299, 92.2041),
    ],
};

/// A face warped to [`ALIGNED_SIDE`] × [`ALIGNED_SIDE`] RGB pixels.
#[derive(Debug, Clone)]
pub struct AlignedFace {
    /// The pixels.
    pub image: RgbImage,
    /// The transform that produced them.
    pub crop_from_frame: Similarity2d,
}

/// Warps the face with the given landmarks out of `image`.
///
/// Returns `None` when the landmarks lie in one point or are not finite, so
/// that no transform exists.
pub fn align(image: &RgbImage, landmarks: &Landmarks) -> Option<AlignedFace> {
    let crop_from_frame = estimate_similarity(&landmarks.points, &ARCFACE_TEMPLATE.points)?;
    let frame_from_crop = crop_from_frame.inverse()?;
    Some(AlignedFace {
        image: warp(image, &frame_from_crop, ALIGNED_SIDE),
        crop_from_frame,
    })
}

/// Least-squares similarity transform that maps `from` onto `to`.
///
/// S. Umeyama, "Least-squares estimation of transformation parameters between
/// two point patterns", IEEE PAMI 13(4), 1991; in the plane and without
/// reflection it has this closed form.
pub fn estimate_similarity(from: &[Point; 5], to: &[Point; 5]) -> Option<Similarity2d> {
    let (from_mean, to_mean) = (mean(from), mean(to));
    let (mut dot_sum, mut cross_sum, mut variance) = (0.0, 0.0, 0.0);
    for (p, q) in from.iter().zip(to) {
        let (px, py) = (f64::from(p.x) - from_mean.0, f64::from(p.y) - from_mean.1);
        let (qx, qy) = (f64::from(q.x) - to_mean.0, f64::from(q.y) - to_mean.1);
        dot_sum += px * qx + py * qy;
        cross_sum += px * qy - py * qx;
        variance += px * px + py * py;
    }
    if !variance.is_finite() || variance < 1e-9 {
        return None;
    }
    let (a, b) = (dot_sum / variance, cross_sum / variance);
    Some(Similarity2d {
        a: a as f32,
        b: b as f32,
        tx: (to_mean.0 - (a * from_mean.0 - b * from_mean.1)) as f32,
        ty: (to_mean.1 - (b * from_mean.0 + a * from_mean.1)) as f32,
    })
}

/// Bilinear warp into a square of `side` pixels; outside of `image` is black.
///
/// Coordinates are those of pixel centres at integers, as `OpenCV`'s
/// `warpAffine` has them and the published landmarks assume.
fn warp(image: &RgbImage, frame_from_crop: &Similarity2d, side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let p = frame_from_crop.apply(Point::new(x as f32, y as f32));
        sample_bilinear(image, p)
    })
}

fn sample_bilinear(image: &RgbImage, p: Point) -> Rgb<u8> {
    let (x0, y0) = (p.x.floor(), p.y.floor());
    let (fx, fy) = (p.x - x0, p.y - y0);
    let (x0, y0) = (x0 as i64, y0 as i64);
    let [top_left, top_right, bottom_left, bottom_right] = neighbours(image, x0, y0);
    let mut out = [0u8; 3];
    for channel in 0..3 {
        let top = top_left[channel] * (1.0 - fx) + top_right[channel] * fx;
        let bottom = bottom_left[channel] * (1.0 - fx) + bottom_right[channel] * fx;
        out[channel] = (top * (1.0 - fy) + bottom * fy).round() as u8;
    }
    Rgb(out)
}

/// The pixel at `(x, y)`, the one right of it, and the two below; black outside.
fn neighbours(image: &RgbImage, x: i64, y: i64) -> [[f32; 3]; 4] {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let raw = image.as_raw();
    if (0..width - 1).contains(&x) && (0..height - 1).contains(&y) {
        // All four inside, as almost always: two runs of six bytes.
        let row_bytes = width as usize * 3;
        let at = y as usize * row_bytes + x as usize * 3;
        let (upper, lower) = (&raw[at..at + 6], &raw[at + row_bytes..at + row_bytes + 6]);
        let pixel = |bytes: &[u8]| [bytes[0], bytes[1], bytes[2]].map(f32::from);
        return [
            pixel(upper),
            pixel(&upper[3..]),
            pixel(lower),
            pixel(&lower[3..]),
        ];
    }
    let pixel = |x: i64, y: i64| match (u32::try_from(x), u32::try_from(y)) {
        (Ok(x), Ok(y)) if x < image.width() && y < image.height() => {
            image.get_pixel(x, y).0.map(f32::from)
        }
        _ => [0.0; 3],
    };
    [
        pixel(x, y),
        pixel(x + 1, y),
        pixel(x, y + 1),
        pixel(x + 1, y + 1),
    ]
}

fn mean(points: &[Point; 5]) -> (f64, f64) {
    let sum = points.iter().fold((0.0, 0.0), |(x, y), p| {
        (x + f64::from(p.x), y + f64::from(p.y))
    });
    (sum.0 / 5.0, sum.1 / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn landmarks_in_one_point_give_no_transform() {
        let image = RgbImage::new(10, 10);
        assert!(align(&image, &Landmarks::default()).is_none());
        let not_a_number = Landmarks {
            points: [Point::new(f32::NAN, 0.0); 5],
        };
        assert!(align(&image, &not_a_number).is_none());
    }

    #[test]
    fn a_face_already_in_place_is_copied_unchanged() {
        let image = RgbImage::from_fn(112, 112, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
        let aligned = align(&image, &ARCFACE_TEMPLATE).unwrap();
        let difference = image
            .as_raw()
            .iter()
            .zip(aligned.image.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(difference <= Some(1), "{difference:?}");
    }

    proptest! {
        #[test]
        fn a_known_transform_is_recovered(
            scale in 0.1f32..10.0, angle in -3.0f32..3.0, tx in -300f32..300.0, ty in -300f32..300.0,
        ) {
            let truth = Similarity2d { a: scale * angle.cos(), b: scale * angle.sin(), tx, ty };
            let to = ARCFACE_TEMPLATE.points.map(|p| truth.apply(p));
            let found = estimate_similarity(&ARCFACE_TEMPLATE.points, &to).unwrap();
            for p in ARCFACE_TEMPLATE.points {
                prop_assert!(found.apply(p).distance(truth.apply(p)) < 0.05 * scale.max(1.0));
            }
        }
    }
}
