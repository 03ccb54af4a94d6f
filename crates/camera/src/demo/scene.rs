//! Draws the demonstration: a doorway, people, light and a noisy sensor.

use std::f32::consts::TAU;

use image::{Rgb, RgbImage, RgbaImage};

use super::super::CameraError;
use super::cast::{CutOut, cast};
use super::choreography::{CYCLE_SECS, Pose, poses_at};
use rollcall_system::random::SplitMix;

pub(super) const WIDTH: u32 = 640;
pub(super) const HEIGHT: u32 = 480;
/// Pictures per second of the scene; replaying it at another rate makes slow or quick motion.
pub(super) const FRAMES_PER_SECOND: f64 = 15.0;
/// Pictures until everybody has walked past.
pub(super) const PICTURES_PER_CYCLE: u64 = (CYCLE_SECS as f64 * FRAMES_PER_SECOND) as u64;

/// The drawn background is larger than the picture by this on every side, for the camera moves.
const MARGIN: u32 = 40;
/// A power of two, longer than a row of bytes.
const NOISE_LENGTH: usize = 1 << 13;
/// Standard deviation of the sensor noise, in steps of 256.
const NOISE_SIGMA: f32 = 3.0;

/// Everything that does not change from picture to picture.
#[derive(Debug)]
pub(super) struct Scene {
    seed: u64,
    background: RgbImage,
    cut_outs: Vec<CutOut>,
    noise: Vec<i8>,
}

/// Where the camera points: scene pixels relate to picture pixels by a shift and a zoom.
#[derive(Debug, Clone, Copy)]
struct View {
    centre: (f32, f32),
    zoom: f32,
}

impl Scene {
    pub(super) fn new(seed: u64) -> Result<Self, CameraError> {
        let cut_outs: Result<_, _> = cast().iter().map(|p| CutOut::load(&p.walk)).collect();
        let mut random = SplitMix::new(seed, 1);
        Ok(Self {
            seed,
            background: draw_background(),
            cut_outs: cut_outs?,
            noise: (0..NOISE_LENGTH)
                .map(|_| (NOISE_SIGMA * random.normal()).round() as i8)
                .collect(),
        })
    }

    /// Picture number `index`; the same number gives the same picture.
    pub(super) fn render(&self, index: u64) -> RgbImage {
        let secs = (index as f64 / FRAMES_PER_SECOND) as f32;
        let view = View::at(secs);
        let mut picture = self.render_background(view);
        for pose in poses_at(self.seed, secs) {
            if let Some(cut_out) = self.cut_outs.get(pose.person) {
                draw_person(&mut picture, cut_out, &pose, view);
            }
        }
        self.expose(&mut picture, index, secs);
        picture
    }

    /// The background through the camera's eye. The view is never turned, so where a column
    /// or row comes from is worked out once for all its pixels.
    fn render_background(&self, view: View) -> RgbImage {
        let margin = MARGIN as f32;
        let (width, height) = (self.background.width(), self.background.height());
        let columns: Vec<_> = (0..WIDTH)
            .map(|x| Between::new(view.scene_from_picture((x as f32, 0.0)).0 + margin, width))
            .collect();
        let bytes = self.background.as_raw();
        let stride = 3 * width as usize;
        let mut picture = RgbImage::new(WIDTH, HEIGHT);
        for (y, row) in picture.chunks_exact_mut(3 * WIDTH as usize).enumerate() {
            let rows = Between::new(view.scene_from_picture((0.0, y as f32)).1 + margin, height);
            let upper = &bytes[rows.before * stride..][..stride];
            let lower = &bytes[(rows.before + 1) * stride..][..stride];
            for (pixel, column) in row.chunks_exact_mut(3).zip(&columns) {
                let (left, right) = (3 * column.before, 3 * (column.before + 1));
                for (channel, byte) in pixel.iter_mut().enumerate() {
                    let upper = column.mix(upper[left + channel], upper[right + channel]);
                    let lower = column.mix(lower[left + channel], lower[right + channel]);
                    *byte = ((upper * (256 - rows.weight) + lower * rows.weight) >> 16) as u8;
                }
            }
        }
        picture
    }

    /// Changing light and the noise of a cheap sensor.
    fn expose(&self, picture: &mut RgbImage, index: u64, secs: f32) {
        let wave = |period_secs: f32| (TAU * secs / period_secs).sin();
        let brightness = 0.94 + 0.12 * wave(23.0) + 0.04 * wave(7.3);
        let warmth = 0.05 * wave(31.0);
        let gains = [
            brightness * (1.0 + warmth),
            brightness,
            brightness * (1.0 - warmth),
        ];
        // 8 fractional bits: this runs on every byte of every picture.
        let gains = gains.map(|gain| (gain * 256.0) as i32);
        let mut random = SplitMix::new(self.seed, 2 + index);
        for row in picture.chunks_exact_mut(3 * WIDTH as usize) {
            let offset = random.next_u64() as usize;
            for (i, byte) in row.iter_mut().enumerate() {
                let noise = self.noise[(offset.wrapping_add(i)) % NOISE_LENGTH];
                let lit = (i32::from(*byte) * gains[i % 3]) >> 8;
                *byte = (lit + i32::from(noise)).clamp(0, 255) as u8;
            }
        }
    }
}

/// A place between two whole-numbered ones, with 8 fractional bits.
#[derive(Debug, Clone, Copy)]
struct Between {
    before: usize,
    weight: u32,
}

impl Between {
    /// `at` among `count` whole-numbered places; outside of them the nearest is taken.
    fn new(at: f32, count: u32) -> Self {
        let at = at.clamp(0.0, count as f32 - 1.01);
        Self {
            before: at as usize,
            weight: (at.fract() * 256.0) as u32,
        }
    }

    /// 256 times the value between two others.
    fn mix(self, before: u8, after: u8) -> u32 {
        u32::from(before) * (256 - self.weight) + u32::from(after) * self.weight
    }
}

impl View {
    fn at(secs: f32) -> Self {
        let wave = |period_secs: f32| (TAU * secs / period_secs).sin();
        Self {
            centre: (
                WIDTH as f32 / 2.0 + 9.0 * wave(19.0),
                HEIGHT as f32 / 2.0 + 4.0 * wave(13.0),
            ),
            zoom: 1.0 + 0.03 * wave(29.0),
        }
    }

    fn scene_from_picture(self, (x, y): (f32, f32)) -> (f32, f32) {
        (
            (x - WIDTH as f32 / 2.0) / self.zoom + self.centre.0,
            (y - HEIGHT as f32 / 2.0) / self.zoom + self.centre.1,
        )
    }

    fn picture_from_scene(self, (x, y): (f32, f32)) -> (f32, f32) {
        (
            (x - self.centre.0) * self.zoom + WIDTH as f32 / 2.0,
            (y - self.centre.1) * self.zoom + HEIGHT as f32 / 2.0,
        )
    }
}

fn draw_person(picture: &mut RgbImage, cut_out: &CutOut, pose: &Pose, view: View) {
    let scale = pose.face_height * view.zoom / cut_out.face_height;
    let (source, source_scale) = cut_out.level_for(scale);
    let (face_x, face_y) = view.picture_from_scene(pose.face_centre);
    let (sin, cos) = pose.tilt.sin_cos();
    let reach = (source.width() as f32 / source_scale) * scale;
    let left = (face_x - reach).max(0.0) as u32;
    let right = (face_x + reach).clamp(0.0, WIDTH as f32) as u32;
    let top = (face_y - 1.2 * pose.face_height).max(0.0) as u32;
    for y in top..HEIGHT {
        for x in left..right {
            let (dx, dy) = (x as f32 - face_x, y as f32 - face_y);
            let (dx, dy) = (cos * dx + sin * dy, cos * dy - sin * dx);
            let u = (dx / scale + cut_out.face_centre.0) * source_scale;
            let v = (dy / scale + cut_out.face_centre.1) * source_scale;
            let [r, g, b, a] = sample_with_coat(source, cut_out.coat, (u, v));
            let opacity = a / 255.0 * pose.opacity;
            if opacity > 0.0 {
                let under = picture.get_pixel_mut(x, y);
                for (under, over) in under.0.iter_mut().zip([r, g, b]) {
                    *under = (f32::from(*under) * (1.0 - opacity) + over * opacity) as u8;
                }
            }
        }
    }
}

/// The cut-out at a point; below its lowest row the coat goes on down to the floor.
fn sample_with_coat(source: &RgbaImage, coat: [f32; 3], (u, v): (f32, f32)) -> [f32; 4] {
    let (width, height) = (source.width().cast_signed(), source.height().cast_signed());
    let lowest = (height - 2) as f32;
    let below = (v - lowest).max(0.0);
    let mut sample = bilinear(u, v.min(lowest), |x, y| {
        if (0..width).contains(&x) && y >= 0 {
            let y = y.min(height - 1);
            source.get_pixel(x as u32, y as u32).0.map(f32::from)
        } else {
            [0.0; 4]
        }
    });
    if below > 0.0 {
        let plain = (below / (0.03 * height as f32)).min(1.0);
        let shade = 1.0 - 0.35 * (below / height as f32).min(1.0);
        for (channel, coat) in sample.iter_mut().zip(coat) {
            *channel = (*channel * (1.0 - plain) + coat * plain) * shade;
        }
    }
    sample
}

/// Bilinear interpolation between whole-numbered points.
fn bilinear<const N: usize>(x: f32, y: f32, at: impl Fn(i32, i32) -> [f32; N]) -> [f32; N] {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let (x0, y0) = (x0 as i32, y0 as i32);
    let (a, b) = (at(x0, y0), at(x0 + 1, y0));
    let (c, d) = (at(x0, y0 + 1), at(x0 + 1, y0 + 1));
    std::array::from_fn(|i| {
        let upper = a[i] + (b[i] - a[i]) * fx;
        let lower = c[i] + (d[i] - c[i]) * fx;
        upper + (lower - upper) * fy
    })
}

/// A wall with a doorway into a corridor, a floor, and a notice board.
fn draw_background() -> RgbImage {
    let (width, height) = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN);
    let mut wall = RgbImage::from_fn(width, height, |x, y| {
        let light = 1.0 - 0.25 * y as f32 / height as f32 - 0.12 * x as f32 / width as f32;
        shade([206, 200, 186], light)
    });
    let corridor = |_: u32, y: u32| shade([176, 190, 200], 1.1 - 0.4 * y as f32 / height as f32);
    let floor = |_: u32, y: u32| shade([122, 104, 86], 0.55 + 0.6 * y as f32 / height as f32);
    let even = |colour: [u8; 3]| move |_: u32, _: u32| Rgb(colour);
    fill(&mut wall, [0, 430, width, height], floor);
    fill(&mut wall, [222, 70, 498, 440], even([112, 84, 60]));
    fill(&mut wall, [236, 84, 484, 440], corridor);
    fill(&mut wall, [320, 130, 400, 400], even([150, 164, 176]));
    fill(&mut wall, [236, 400, 484, 440], floor);
    fill(&mut wall, [60, 130, 170, 230], even([122, 94, 64]));
    fill(&mut wall, [67, 137, 163, 223], even([168, 146, 110]));
    fill(&mut wall, [76, 146, 112, 190], even([236, 234, 226]));
    fill(&mut wall, [120, 152, 154, 200], even([226, 226, 180]));
    fill(&mut wall, [560, 210, 576, 234], even([232, 232, 232]));
    wall
}

fn shade(colour: [u8; 3], light: f32) -> Rgb<u8> {
    Rgb(colour.map(|c| (f32::from(c) * light) as u8))
}

/// Fills the rectangle left, top, right, bottom.
fn fill(
    image: &mut RgbImage,
    [left, top, right, bottom]: [u32; 4],
    colour: impl Fn(u32, u32) -> Rgb<u8>,
) {
    for y in top..bottom.min(image.height()) {
        for x in left..right.min(image.width()) {
            image.put_pixel(x, y, colour(x, y));
        }
    }
}
