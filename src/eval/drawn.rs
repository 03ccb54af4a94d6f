//! Frames drawn from a picture, as a camera of 640x480 would see it: a flat sheet in front
//! of a room, moved, turned and lit; or, filling the frame, the scene itself.

use image::{Rgb, RgbImage, imageops};

use crate::random::SplitMix;

/// Width and height of the frames, in pixels.
pub(super) const FRAME: (u32, u32) = (640, 480);

/// Distance of the picture plane in pixels: a webcam's field of view of 53 degrees.
const FOCAL: f32 = 640.0;

/// Where a sheet is and how it is lit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Its middle right of and below that of the frame, in pixels.
    pub(super) offset: (f32, f32),
    /// Height it would have in the frame, in pixels, were it not turned.
    pub(super) height: f32,
    /// Turn about the vertical, in radians.
    pub(super) yaw: f32,
    /// Turn in the plane of the frame, in radians.
    pub(super) roll: f32,
    /// Brightness, as a factor.
    pub(super) gain: f32,
    /// Standard deviation of the blur, in pixels; 0 for none.
    pub(super) blur: f32,
}

impl Default for Pose {
    fn default() -> Self {
        Self {
            offset: (0.0, 0.0),
            height: FRAME.1 as f32,
            yaw: 0.0,
            roll: 0.0,
            gain: 1.0,
            blur: 0.0,
        }
    }
}

/// The sheet in front of `room`. What of the sheet leaves the frame is not seen.
pub(super) fn draw(sheet: &RgbImage, room: &RgbImage, pose: &Pose) -> RgbImage {
    let mut frame = room.clone();
    let (sin_yaw, cos_yaw) = pose.yaw.sin_cos();
    let (sin_roll, cos_roll) = pose.roll.sin_cos();
    // Unit vectors along the sheet's width and height, and its middle, in units of focal
    // lengths; the camera looks along z.
    let across = [cos_yaw * cos_roll, sin_roll, -sin_yaw * cos_roll];
    let down = [-cos_yaw * sin_roll, cos_roll, sin_yaw * sin_roll];
    let middle = [pose.offset.0 / FOCAL, pose.offset.1 / FOCAL, 1.0];
    let normal = cross(across, down);
    let size = pose.height / FOCAL;
    let aspect = sheet.width() as f32 / sheet.height() as f32;
    for (x, y, pixel) in frame.enumerate_pixels_mut() {
        let ray = [
            (x as f32 - FRAME.0 as f32 / 2.0) / FOCAL,
            (y as f32 - FRAME.1 as f32 / 2.0) / FOCAL,
            1.0,
        ];
        let towards = dot(ray, normal);
        if towards.abs() < 1e-6 {
            continue;
        }
        let reach = dot(middle, normal) / towards;
        let at = [0, 1, 2].map(|i| reach * ray[i] - middle[i]);
        let u = dot(at, across) / (size * aspect) + 0.5;
        let v = dot(at, down) / size + 0.5;
        if let Some(colour) = sample(sheet, u, v) {
            *pixel = Rgb(colour.map(|c| (c * pose.gain).clamp(0.0, 255.0) as u8));
        }
    }
    if pose.blur > 0.0 {
        imageops::fast_blur(&frame, pose.blur)
    } else {
        frame
    }
}

/// A room that says nothing: the picture itself, blurred beyond recognition.
pub(super) fn room(of: &RgbImage) -> RgbImage {
    let small = imageops::thumbnail(of, 8, 6);
    imageops::resize(&small, FRAME.0, FRAME.1, imageops::FilterType::Triangle)
}

/// The noise of a sensor, in place.
pub(super) fn add_noise(frame: &mut RgbImage, deviation: f32, random: &mut SplitMix) {
    for pixel in frame.pixels_mut() {
        let noise = deviation * random.normal();
        for channel in &mut pixel.0 {
            *channel = (f32::from(*channel) + noise).clamp(0.0, 255.0) as u8;
        }
    }
}

/// Bilinear; `None` outside.
fn sample(sheet: &RgbImage, u: f32, v: f32) -> Option<[f32; 3]> {
    let (width, height) = (sheet.width(), sheet.height());
    if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) || width < 2 || height < 2 {
        return None;
    }
    let (x, y) = (u * (width - 1) as f32, v * (height - 1) as f32);
    let (left, top) = ((x as u32).min(width - 2), (y as u32).min(height - 2));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let at = |dx: u32, dy: u32| sheet.get_pixel(left + dx, top + dy).0.map(f32::from);
    let (a, b, c, d) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
    Some([0, 1, 2].map(|i| {
        let above = a[i] + (b[i] - a[i]) * fx;
        let below = c[i] + (d[i] - c[i]) * fx;
        above + (below - above) * fy
    }))
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_is_straight_in_front_is_seen_as_it_is() {
        let sheet = RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, 9]));
        let room = RgbImage::from_pixel(FRAME.0, FRAME.1, Rgb([255, 255, 255]));
        let frame = draw(&sheet, &room, &Pose::default());
        let middle = frame.get_pixel(320, 240).0;
        assert!(
            middle[0].abs_diff(126) < 6 && middle[1].abs_diff(117) < 6,
            "{middle:?}"
        );
        let pose = Pose {
            height: 120.0,
            ..Pose::default()
        };
        let frame = draw(&sheet, &room, &pose);
        assert_eq!(frame.get_pixel(2, 2).0, [255; 3], "the room is around it");
        let seen = |frame: &RgbImage| frame.pixels().filter(|p| p.0[2] == 9).count() as f32;
        assert!((seen(&frame) / (160.0 * 120.0) - 1.0).abs() < 0.05);
        let turned = draw(&sheet, &room, &Pose { yaw: 1.0, ..pose });
        let ratio = seen(&turned) / seen(&frame);
        assert!((ratio / 1f32.cos() - 1.0).abs() < 0.1, "{ratio}");
    }
}
