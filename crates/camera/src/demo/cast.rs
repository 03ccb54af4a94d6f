//! The people of the demonstration. Origin and licence: `assets/demo/README.md`.

use image::{RgbaImage, imageops};

use super::super::CameraError;

/// Somebody who walks through the demonstration.
#[derive(Debug, Clone, Copy)]
pub struct DemoPerson {
    /// Full name.
    pub name: &'static str,
    /// Personnel code.
    pub code: &'static str,
    /// JPEG file to enrol the person from; a stranger has one too, cut from the walking picture.
    pub portrait: &'static [u8],
    /// Whether the demonstration enrols the person beforehand; the others are strangers.
    pub enrolled: bool,
    pub(super) walk: WalkingPicture,
}

/// The picture that is pasted into the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkingPicture {
    name: &'static str,
    picture: &'static [u8],
    mask: &'static [u8],
    /// Left, top, right, bottom of the face in the picture.
    face: [f32; 4],
}

/// Strangers first, in the order in which they appear.
pub fn cast() -> &'static [DemoPerson] {
    &CAST
}

macro_rules! person {
    ($name:literal, $code:literal, $file:literal, $portrait:literal, enrolled: $enrolled:literal, face: $face:expr) => {
        DemoPerson {
            name: $name,
            code: $code,
            portrait: include_bytes!(concat!("../../../../assets/demo/", $portrait)),
            enrolled: $enrolled,
            walk: WalkingPicture {
                name: $file,
                picture: include_bytes!(concat!("../../../../assets/demo/", $file, ".jpg")),
                mask: include_bytes!(concat!("../../../../assets/demo/", $file, "-mask.png")),
                face: $face,
            },
        }
    };
}

// Face boxes are what `assets/demo/cut_out.py` prints.
#[rustfmt::skip]
static CAST: [DemoPerson; 6] = [
    person!("Eileen Collins", "D-05", "collins", "collins.jpg", enrolled: false, face: [132.0, 55.0, 222.0, 177.0]),
    person!("Niels Bohr", "D-06", "bohr", "bohr.jpg", enrolled: false, face: [125.0, 52.0, 209.0, 167.0]),
    person!("Barack Obama", "D-01", "obama", "obama-portrait.jpg", enrolled: true, face: [215.0, 90.0, 365.0, 290.0]),
    person!("Joe Biden", "D-02", "biden", "biden-portrait.jpg", enrolled: true, face: [212.0, 81.0, 356.0, 281.0]),
    person!("Marie Curie", "D-03", "curie", "curie-portrait.jpg", enrolled: true, face: [109.0, 48.0, 198.0, 154.0]),
    person!("Albert Einstein", "D-04", "einstein", "einstein-portrait.jpg", enrolled: true, face: [123.0, 52.0, 214.0, 168.0]),
];

/// A person ready to be pasted at any size.
#[derive(Debug)]
pub(super) struct CutOut {
    /// The picture with its opacity, then halved again and again.
    levels: Vec<RgbaImage>,
    /// Centre of the face in the first level.
    pub(super) face_centre: (f32, f32),
    /// Height of the face in the first level.
    pub(super) face_height: f32,
    /// Mean colour of the lowest rows, for the coat that goes on below the picture.
    pub(super) coat: [f32; 3],
}

impl CutOut {
    pub(super) fn load(walk: &WalkingPicture) -> Result<Self, CameraError> {
        let decode = |bytes| {
            image::load_from_memory(bytes).map_err(|error| CameraError::BuiltIn {
                name: walk.name,
                message: error.to_string(),
            })
        };
        let mut picture = decode(walk.picture)?.into_rgba8();
        let mask = decode(walk.mask)?.into_luma8();
        for (pixel, opacity) in picture.pixels_mut().zip(mask.pixels()) {
            pixel.0[3] = opacity.0[0];
        }
        let [left, top, right, bottom] = walk.face;
        Ok(Self {
            coat: coat_colour(&picture),
            levels: halvings(picture),
            face_centre: (left.midpoint(right), top.midpoint(bottom)),
            face_height: bottom - top,
        })
    }

    /// The smallest level that need not be enlarged to be drawn at `scale` of the first
    /// level, and its own scale. Drawing from a much larger one would alias.
    pub(super) fn level_for(&self, scale: f32) -> (&RgbaImage, f32) {
        let mut level = 0;
        let mut level_scale = 1.0;
        while level + 1 < self.levels.len() && scale <= level_scale / 2.0 {
            level += 1;
            level_scale /= 2.0;
        }
        (&self.levels[level], level_scale)
    }
}

fn halvings(picture: RgbaImage) -> Vec<RgbaImage> {
    let mut levels = vec![picture];
    for _ in 0..2 {
        let last = &levels[levels.len() - 1];
        let (width, height) = (last.width() / 2, last.height() / 2);
        levels.push(imageops::resize(
            last,
            width,
            height,
            imageops::FilterType::Triangle,
        ));
    }
    levels
}

fn coat_colour(picture: &RgbaImage) -> [f32; 3] {
    const ROWS: u32 = 10;
    let mut sum = [0.0; 3];
    let mut weight = 1e-3;
    for (_, y, pixel) in picture.enumerate_pixels() {
        if y + ROWS >= picture.height() {
            let opacity = f32::from(pixel.0[3]);
            weight += opacity;
            for (sum, channel) in sum.iter_mut().zip(pixel.0) {
                *sum += opacity * f32::from(channel);
            }
        }
    }
    sum.map(|s| s / weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_decodes_and_fits_its_mask() {
        for person in cast() {
            let walk = &person.walk;
            let picture = image::load_from_memory(walk.picture).unwrap();
            let mask = image::load_from_memory(walk.mask).unwrap().into_luma8();
            assert_eq!(
                (picture.width(), picture.height()),
                mask.dimensions(),
                "{}",
                person.name
            );
            let cut_out = CutOut::load(walk).unwrap();
            let (x, y) = cut_out.face_centre;
            assert_eq!(
                mask.get_pixel(x as u32, y as u32).0,
                [255],
                "{}",
                person.name
            );
            assert_eq!(mask.get_pixel(0, 0).0, [0], "{}", person.name);
            assert!(image::load_from_memory(person.portrait).is_ok());
        }
    }

    #[test]
    fn four_are_enrolled_and_two_are_not_and_codes_differ() {
        assert_eq!(cast().iter().filter(|p| p.enrolled).count(), 4);
        assert!(cast()[..2].iter().all(|p| !p.enrolled));
        let codes: std::collections::HashSet<_> = cast().iter().map(|p| p.code).collect();
        assert_eq!(codes.len(), cast().len());
    }
}
