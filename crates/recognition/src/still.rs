//! Faces in pictures that people bring, rather than in frames of the camera.
//!
//! A detector sees a picture at one size. In a tight crop the face is larger
//! than any it was trained on; in a photograph of a hall it is smaller. When
//! the first look finds nothing, this looks again: from further away (the
//! picture inside a grey border) and then from nearer (parts of the picture).
//! One look that finds a face is enough, so that a good portrait costs no more
//! than a frame does, and the poster in its background is not searched for.

use image::{Rgb, RgbImage, imageops};

use super::preprocess::resize;
use super::{FaceDetector, InferenceError};
use rollcall_core::detection::{Detection, non_maximum_suppression};
use rollcall_core::geometry::{BoundingBox, Landmarks, Point};

/// Border on every side, in sizes of the picture. One finds nearly all faces cut
/// at brow and chin, two the rest.
const BORDERS: [u32; 2] = [1, 2];

/// Neither black nor white nor a copy of the edge: measured on crops down to 65 %
/// of the face box, grey borders are the ones that let most faces be found.
const BORDER_COLOUR: Rgb<u8> = Rgb([127; 3]);

/// A picture is shrunk to this before a border is put around it; its face is large anyway.
const BORDERED_SIDE: u32 = 640;

/// How often each side is divided when looking from nearer.
const DIVISIONS: [u32; 2] = [2, 3];

/// Parts smaller than this show a detector nothing that the whole did not.
const SMALLEST_PART: u32 = 320;

/// How much larger a part is than its share, so that a face on the line between
/// two parts is whole in one of them.
const PART_OVERLAP: f32 = 1.4;

/// Overlap above which detections of two parts are the same face.
const SAME_FACE_IOU: f32 = 0.4;

/// All faces in a still picture, best score first, in pixels of `image`.
///
/// # Errors
/// If the network fails; a picture without a face is an empty list.
pub fn find_faces_in_still(
    detector: &mut dyn FaceDetector,
    image: &RgbImage,
) -> Result<Vec<Detection>, InferenceError> {
    let found = detector.detect(image)?;
    if !found.is_empty() || image.width() == 0 || image.height() == 0 {
        return Ok(found);
    }
    for border in BORDERS {
        let found = find_from_further_away(detector, image, border)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    for divisions in DIVISIONS {
        let found = find_from_nearer(detector, image, divisions)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn find_from_further_away(
    detector: &mut dyn FaceDetector,
    image: &RgbImage,
    border: u32,
) -> Result<Vec<Detection>, InferenceError> {
    let (width, height) = image.dimensions();
    let shrink = (width.max(height) as f32 / BORDERED_SIDE as f32).max(1.0);
    let small_length = |length: u32| ((length as f32 / shrink).round() as u32).max(1);
    let small = resize(image, small_length(width), small_length(height));
    let (left, top) = (small.width() * border, small.height() * border);
    let mut bordered = RgbImage::from_pixel(
        small.width() + 2 * left,
        small.height() + 2 * top,
        BORDER_COLOUR,
    );
    imageops::replace(&mut bordered, &*small, i64::from(left), i64::from(top));

    let scale = (
        width as f32 / small.width() as f32,
        height as f32 / small.height() as f32,
    );
    let in_picture =
        |p: Point| Point::new((p.x - left as f32) * scale.0, (p.y - top as f32) * scale.1);
    let found = detector.detect(&bordered)?;
    Ok(found
        .iter()
        .map(|d| map_points(d, in_picture))
        // Nobody is in the border itself.
        .filter(|d| d.bounding_box.clamped(width, height).area() > 0.0)
        .collect())
}

fn find_from_nearer(
    detector: &mut dyn FaceDetector,
    image: &RgbImage,
    divisions: u32,
) -> Result<Vec<Detection>, InferenceError> {
    let (width, height) = image.dimensions();
    if width.max(height) / divisions < SMALLEST_PART {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (top, part_height) in parts(height, divisions) {
        for (left, part_width) in parts(width, divisions) {
            let part = imageops::crop_imm(image, left, top, part_width, part_height).to_image();
            let origin = Point::new(left as f32, top as f32);
            let in_picture = |p: Point| Point::new(p.x + origin.x, p.y + origin.y);
            found.extend(
                detector
                    .detect(&part)?
                    .iter()
                    .map(|d| map_points(d, in_picture))
                    .filter(|d| is_whole(d, (left, top, part_width, part_height), image)),
            );
        }
    }
    Ok(non_maximum_suppression(found, SAME_FACE_IOU))
}

/// Start and length of overlapping parts that cover `length`.
fn parts(length: u32, divisions: u32) -> Vec<(u32, u32)> {
    let share = length as f32 / divisions as f32;
    let part = ((share * PART_OVERLAP).ceil() as u32).clamp(1, length);
    let steps = (divisions - 1).max(1);
    (0..divisions)
        .map(|index| ((length - part) * index / steps, part))
        .collect()
}

/// `false` for a face cut by a side of the part that is not a side of the
/// picture: the neighbouring part shows it whole.
fn is_whole(
    detection: &Detection,
    (left, top, part_width, part_height): (u32, u32, u32, u32),
    image: &RgbImage,
) -> bool {
    let b = &detection.bounding_box;
    let (right, bottom) = (left + part_width, top + part_height);
    (left == 0 || b.left >= left as f32)
        && (top == 0 || b.top >= top as f32)
        && (right == image.width() || b.right <= right as f32)
        && (bottom == image.height() || b.bottom <= bottom as f32)
}

fn map_points(detection: &Detection, map: impl Fn(Point) -> Point) -> Detection {
    let b = &detection.bounding_box;
    let top_left = map(Point::new(b.left, b.top));
    let bottom_right = map(Point::new(b.right, b.bottom));
    Detection {
        bounding_box: BoundingBox::new(top_left.x, top_left.y, bottom_right.x, bottom_right.y),
        score: detection.score,
        landmarks: Landmarks {
            points: detection.landmarks.points.map(map),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds the white squares whose side is within a range of the picture's
    /// longer side, as a detector finds faces.
    struct SquareDetector {
        smallest: f32,
        largest: f32,
        looks: usize,
    }

    impl FaceDetector for SquareDetector {
        fn detect(&mut self, image: &RgbImage) -> Result<Vec<Detection>, InferenceError> {
            self.looks += 1;
            let white: Vec<(u32, u32)> = image
                .enumerate_pixels()
                .filter(|(_, _, p)| p.0[0] > 250)
                .map(|(x, y, _)| (x, y))
                .collect();
            let Some(&first) = white.first() else {
                return Ok(Vec::new());
            };
            let last = white[white.len() - 1];
            let b = BoundingBox::new(
                first.0 as f32,
                first.1 as f32,
                (last.0 + 1) as f32,
                (last.1 + 1) as f32,
            );
            let share = b.width() / image.width().max(image.height()) as f32;
            let found = Detection {
                bounding_box: b,
                score: 0.9,
                landmarks: Landmarks {
                    points: [b.centre(); 5],
                },
            };
            let is_seen = (self.smallest..=self.largest).contains(&share);
            Ok(if is_seen { vec![found] } else { Vec::new() })
        }
    }

    fn detector(smallest: f32, largest: f32) -> SquareDetector {
        SquareDetector {
            smallest,
            largest,
            looks: 0,
        }
    }

    fn picture(size: (u32, u32), left: u32, top: u32, side: u32) -> RgbImage {
        RgbImage::from_fn(size.0, size.1, |x, y| {
            let inside = (left..left + side).contains(&x) && (top..top + side).contains(&y);
            Rgb([if inside { 255 } else { 20 }; 3])
        })
    }

    fn assert_near(found: &[Detection], left: f32, top: f32, side: f32) {
        assert_eq!(found.len(), 1, "{found:?}");
        let b = found[0].bounding_box;
        let off = (b.left - left).abs().max((b.top - top).abs());
        assert!(off < 4.0 && (b.width() - side).abs() < 8.0, "{b:?}");
        let centre = found[0].landmarks.nose();
        assert!(centre.distance(b.centre()) < 1e-3);
    }

    #[test]
    fn a_face_found_at_once_is_not_looked_for_again() {
        let mut detector = detector(0.05, 0.6);
        let found = find_faces_in_still(&mut detector, &picture((200, 100), 20, 30, 40)).unwrap();
        assert_near(&found, 20.0, 30.0, 40.0);
        assert_eq!(detector.looks, 1);
    }

    #[test]
    fn a_face_that_fills_the_picture_is_found_from_further_away() {
        let image = picture((1300, 1000), 150, 10, 980);
        let found = find_faces_in_still(&mut detector(0.05, 0.5), &image).unwrap();
        assert_near(&found, 150.0, 10.0, 980.0);
        let found = find_faces_in_still(&mut detector(0.05, 0.2), &image).unwrap();
        assert_near(&found, 150.0, 10.0, 980.0);
    }

    #[test]
    fn a_tiny_face_is_found_from_nearer_and_once() {
        // In the middle, where all four parts overlap.
        let image = picture((1400, 1100), 680, 530, 40);
        let found = find_faces_in_still(&mut detector(0.035, 0.5), &image).unwrap();
        assert_near(&found, 680.0, 530.0, 40.0);
        let image = picture((1400, 1100), 5, 1050, 30);
        let found = find_faces_in_still(&mut detector(0.035, 0.5), &image).unwrap();
        assert_near(&found, 5.0, 1050.0, 30.0);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let mut detector = detector(0.05, 0.5);
        let empty = RgbImage::new(50, 40);
        assert!(
            find_faces_in_still(&mut detector, &empty)
                .unwrap()
                .is_empty()
        );
        let no_pixels = RgbImage::new(0, 0);
        assert!(
            find_faces_in_still(&mut detector, &no_pixels)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn parts_cover_everything() {
        for (length, divisions) in [(1, 2), (2, 3), (640, 2), (3001, 3)] {
            let parts = parts(length, divisions);
            assert_eq!(parts[0].0, 0);
            let (start, part) = parts[parts.len() - 1];
            assert_eq!(start + part, length);
            assert!(parts.windows(2).all(|w| w[1].0 <= w[0].0 + w[0].1));
        }
    }
}
