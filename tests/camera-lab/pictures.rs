//! Makes what the lab's webcam sends: somebody who moves a little before a wall, as JPEG
//! files and as raw YUYV, and the portrait that he is enrolled with.
//!
//! Usage: `cargo run --example camera-lab-pictures FOLDER`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// Pictures before they begin anew; no two of them are the same.
const PICTURES: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(
        env::args()
            .nth(1)
            .ok_or("usage: camera-lab-pictures FOLDER")?,
    );
    fs::create_dir_all(&folder)?;
    let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faces");
    fs::copy(faces.join("obama2.jpg"), folder.join("portrait"))?;
    let person = image::open(faces.join("obama.jpg"))?.into_rgb8();
    let height = 400;
    let width = person.width() * height / person.height();
    let person = imageops::resize(&person, width, height, FilterType::Triangle);
    for number in 0..PICTURES {
        let mut picture = wall();
        let left = (WIDTH - width) / 2 + number * 3;
        imageops::overlay(&mut picture, &person, i64::from(left), 60);
        let name = folder.join(format!("{number:02}"));
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&picture)?;
        fs::write(name.with_extension("jpg"), jpeg)?;
        fs::write(name.with_extension("yuyv"), yuyv(&picture))?;
    }
    Ok(())
}

/// A wall with a pattern, for a plain one would look like a covered lens.
fn wall() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let level = if (x / 40 + y / 40) % 2 == 0 { 120 } else { 150 };
        Rgb([level, level, level - 10])
    })
}

/// ITU-R BT.601 in video range, two pixels sharing their chroma.
fn yuyv(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(picture.len() * 2 / 3);
    for pair in picture.as_raw().chunks_exact(6) {
        let [left, right] = [0, 3].map(|at| [0, 1, 2].map(|c| f32::from(pair[at + c])));
        let luma = |[r, g, b]: [f32; 3]| 16.0 + 0.257 * r + 0.504 * g + 0.098 * b;
        let [r, g, b] = [0, 1, 2].map(|c| f32::midpoint(left[c], right[c]));
        let u = 128.0 - 0.148 * r - 0.291 * g + 0.439 * b;
        let v = 128.0 + 0.439 * r - 0.368 * g - 0.071 * b;
        bytes.extend([luma(left), u, luma(right), v].map(|value| value.round() as u8));
    }
    bytes
}
