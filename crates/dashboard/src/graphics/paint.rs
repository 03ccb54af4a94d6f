//! The picture with its faces marked, in pixels: what is painted on it, no picture hides.

use image::{Rgb, RgbImage, imageops};

use crate::widgets::{GLYPH_SIDE, glyph};
use rollcall_core::geometry::BoundingBox;

/// A face to be marked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FaceMark {
    /// In the camera's picture.
    pub(crate) bounding_box: BoundingBox,
    /// Who it is, or what to do.
    pub(crate) label: String,
    pub(crate) colour: [u8; 3],
}

/// The picture scaled to `width` by `height` pixels, with boxes and labels.
pub(crate) fn paint(image: &RgbImage, (width, height): (u32, u32), faces: &[FaceMark]) -> RgbImage {
    let mut painted = imageops::thumbnail(image, width.max(1), height.max(1));
    let scale_x = width as f32 / image.width().max(1) as f32;
    let scale_y = height as f32 / image.height().max(1) as f32;
    for face in faces {
        let b = face.bounding_box.clamped(image.width(), image.height());
        if b.area() <= 0.0 {
            continue;
        }
        let corners = [
            (b.left * scale_x) as i64,
            (b.top * scale_y) as i64,
            (b.right * scale_x) as i64,
            (b.bottom * scale_y) as i64,
        ];
        outline(&mut painted, corners, face.colour);
        write_label(&mut painted, corners, &face.label, face.colour);
    }
    painted
}

/// Pixels of a line, in small pictures and in large ones.
fn thickness(image: &RgbImage) -> i64 {
    i64::from(image.width() / 200).max(1)
}

fn outline(image: &mut RgbImage, [left, top, right, bottom]: [i64; 4], colour: [u8; 3]) {
    let line = thickness(image);
    fill(image, [left, top, right, top + line], colour);
    fill(image, [left, bottom - line, right, bottom], colour);
    fill(image, [left, top, left + line, bottom], colour);
    fill(image, [right - line, top, right, bottom], colour);
}

fn fill(image: &mut RgbImage, [left, top, right, bottom]: [i64; 4], colour: [u8; 3]) {
    let clamp = |at: i64, most: u32| at.clamp(0, i64::from(most)) as u32;
    for y in clamp(top, image.height())..clamp(bottom, image.height()) {
        for x in clamp(left, image.width())..clamp(right, image.width()) {
            image.put_pixel(x, y, Rgb(colour));
        }
    }
}

/// Below the box, or where there is no room in it: light letters on a dark ground. Letters
/// that the font lacks are left out; the list beside the picture has the whole name.
fn write_label(
    image: &mut RgbImage,
    [left, _, right, bottom]: [i64; 4],
    label: &str,
    colour: [u8; 3],
) {
    let glyphs: Vec<[u8; 8]> = label.chars().filter_map(glyph).collect();
    if glyphs.is_empty() {
        return;
    }
    let side = i64::from(GLYPH_SIDE);
    // As large as the picture lets it be read, but no wider than the picture.
    let dot = (i64::from(image.height()) / 120)
        .min(i64::from(image.width()) / (side * glyphs.len() as i64 + 2))
        .max(1);
    let (width, height) = (dot * side * glyphs.len() as i64, dot * (side + 2));
    let most = (i64::from(image.width()) - width).max(0);
    let x = ((left + right - width) / 2).clamp(0, most);
    let y = bottom.min(i64::from(image.height()) - height).max(0);
    fill(
        image,
        [x - dot, y, x + width + dot, y + height],
        [16, 16, 16],
    );
    for (index, rows) in glyphs.iter().enumerate() {
        for (row, bits) in rows.iter().enumerate() {
            for column in (0..side).filter(|column| bits >> column & 1 == 1) {
                let left = x + (index as i64 * side + column) * dot;
                let top = y + (row as i64 + 1) * dot;
                fill(image, [left, top, left + dot, top + dot], colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: [u8; 3] = [0, 200, 0];

    fn painted(bounding_box: BoundingBox, label: &str) -> RgbImage {
        let image = RgbImage::from_pixel(640, 480, Rgb([100, 100, 100]));
        let face = FaceMark {
            bounding_box,
            label: label.into(),
            colour: GREEN,
        };
        paint(&image, (320, 240), &[face])
    }

    #[test]
    fn the_box_and_the_name_are_in_the_picture() {
        let image = painted(BoundingBox::new(200.0, 100.0, 400.0, 300.0), "Ana 0.71");
        assert_eq!(image.dimensions(), (320, 240));
        for (x, y) in [(100, 60), (199, 100), (150, 50)] {
            assert_eq!(image.get_pixel(x, y).0, GREEN, "{x},{y}");
        }
        assert_eq!(
            image.get_pixel(150, 100).0,
            [100; 3],
            "inside of the box nothing changes"
        );
        let below = (0..320)
            .filter(|x| image.get_pixel(*x, 156).0 == [16; 3])
            .count();
        assert!(below > 20, "the ground of the label: {below}");
    }

    #[test]
    fn labels_stay_in_the_picture_whatever_they_say() {
        for (bounding_box, label) in [
            (
                BoundingBox::new(600.0, 440.0, 700.0, 500.0),
                "Maximiliana-Guadalupe Featherstonehaugh 0.71",
            ),
            (BoundingBox::new(-50.0, -50.0, 20.0, 20.0), "李小龍"),
            (BoundingBox::new(f32::NAN, 0.0, 5.0, 5.0), "x"),
            (BoundingBox::new(0.0, 0.0, 640.0, 480.0), ""),
        ] {
            painted(bounding_box, label);
        }
        let tiny = RgbImage::new(1, 1);
        paint(&tiny, (1, 1), &[]);
    }
}
