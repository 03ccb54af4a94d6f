//! Turns the picture of a camera that hangs upside down or looks at too much.
//!
//! Cropping comes first and is given in the camera's own pixels, so that it does
//! not change when the picture is turned later.

use image::{RgbImage, imageops};

/// What is done with every picture of a live camera, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureLayout {
    /// The part of the picture that is looked at.
    pub crop: Option<Crop>,
    /// How far the picture is turned clockwise.
    pub rotation: Rotation,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
}

/// A part of a picture, in pixels of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width, at least [`Crop::LEAST_SIDE`].
    pub width: u32,
    /// Height, at least [`Crop::LEAST_SIDE`].
    pub height: u32,
}

/// A turn clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    /// As it is.
    #[default]
    None,
    /// By 90°.
    Right,
    /// By 180°: the camera hangs from the ceiling.
    Half,
    /// By 270°.
    Left,
}

impl Crop {
    /// A smaller picture holds no face that could be recognised.
    pub const LEAST_SIDE: u32 = 64;

    /// Reads `X,Y,WIDTH,HEIGHT`.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u32> = text
            .split(',')
            .map(|number| number.trim().parse().ok())
            .collect::<Option<_>>()?;
        let &[x, y, width, height] = &numbers[..] else {
            return None;
        };
        let sides = [width, height];
        let is_large_enough = sides.iter().all(|side| *side >= Self::LEAST_SIDE);
        is_large_enough.then_some(Self {
            x,
            y,
            width,
            height,
        })
    }
}

impl Rotation {
    /// A turn by this many degrees; `None` if that is no quarter turn.
    pub fn from_degrees(degrees: u32) -> Option<Self> {
        match degrees {
            0 => Some(Self::None),
            90 => Some(Self::Right),
            180 => Some(Self::Half),
            270 => Some(Self::Left),
            _ => None,
        }
    }
}

impl PictureLayout {
    /// The picture as it is to be looked at. A crop that reaches over the edge is
    /// cut there; one that lies outside is an error with the size to choose from.
    ///
    /// # Errors
    /// If nothing of the picture would be left.
    pub fn apply(&self, image: RgbImage) -> Result<RgbImage, String> {
        let image = match self.crop {
            Some(crop) => cropped(&image, crop)?,
            None => image,
        };
        let mut image = match self.rotation {
            Rotation::None => image,
            Rotation::Right => imageops::rotate90(&image),
            Rotation::Half => imageops::rotate180(&image),
            Rotation::Left => imageops::rotate270(&image),
        };
        if self.mirrored {
            imageops::flip_horizontal_in_place(&mut image);
        }
        Ok(image)
    }
}

fn cropped(image: &RgbImage, crop: Crop) -> Result<RgbImage, String> {
    let (width, height) = image.dimensions();
    let kept_width = crop.width.min(width.saturating_sub(crop.x));
    let kept_height = crop.height.min(height.saturating_sub(crop.y));
    if kept_width < Crop::LEAST_SIDE || kept_height < Crop::LEAST_SIDE {
        return Err(format!(
            "camera.crop leaves less than {0}x{0} pixels of the {width}x{height} picture",
            Crop::LEAST_SIDE
        ));
    }
    Ok(imageops::crop_imm(image, crop.x, crop.y, kept_width, kept_height).to_image())
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// 100x80 with a white pixel at the upper left of the part that begins at 10, 5.
    fn picture() -> RgbImage {
        let mut image = RgbImage::new(100, 80);
        image.put_pixel(10, 5, Rgb([255; 3]));
        image
    }

    fn white_pixel(image: &RgbImage) -> (u32, u32) {
        let found = image.enumerate_pixels().find(|(_, _, p)| p.0 == [255; 3]);
        found.map(|(x, y, _)| (x, y)).unwrap()
    }

    #[test]
    fn crop_then_turn_then_mirror() {
        let crop = Crop::parse("10, 5,70,64");
        for (degrees, mirrored, size, white) in [
            (0, false, (70, 64), (0, 0)),
            (0, true, (70, 64), (69, 0)),
            (90, false, (64, 70), (63, 0)),
            (90, true, (64, 70), (0, 0)),
            (180, false, (70, 64), (69, 63)),
            (270, false, (64, 70), (0, 69)),
        ] {
            let layout = PictureLayout {
                crop,
                rotation: Rotation::from_degrees(degrees).unwrap(),
                mirrored,
            };
            let image = layout.apply(picture()).unwrap();
            assert_eq!(image.dimensions(), size, "{degrees} {mirrored}");
            assert_eq!(white_pixel(&image), white, "{degrees} {mirrored}");
        }
    }

    #[test]
    fn a_crop_is_cut_at_the_edge_and_refused_outside() {
        let with = |text: &str| PictureLayout {
            crop: Crop::parse(text),
            ..PictureLayout::default()
        };
        let image = with("10,5,9999,9999").apply(picture()).unwrap();
        assert_eq!(image.dimensions(), (90, 75));
        for outside in ["100,0,64,64", "40,0,64,64", "4294967295,0,4294967295,64"] {
            let message = with(outside).apply(picture()).unwrap_err();
            assert!(message.contains("100x80"), "{message}");
        }
    }

    #[test]
    fn only_whole_crops_are_read() {
        for text in ["", "1,2,3", "1,2,64,63", "-1,2,64,64", "1,2,64,64,5", "a"] {
            assert_eq!(Crop::parse(text), None, "{text}");
        }
        assert_eq!(Rotation::from_degrees(45), None);
    }
}
