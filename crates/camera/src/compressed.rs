//! One compressed picture of a camera or a film, whichever of the two formats it has.

use std::path::Path;

use image::RgbImage;

use super::mjpeg::PNG_START;
use super::{jpeg, limits};
use rollcall_picture as picture;

/// Decodes a JPEG or PNG picture.
///
/// # Errors
/// In words, when it is not whole or is too large.
pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if !bytes.starts_with(&PNG_START) {
        return jpeg::decode(bytes).map_err(|error| error.to_string());
    }
    let side = |at: usize| {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    match (side(16), side(20)) {
        (Some(width), Some(height)) if limits::allows(width, height) => {
            picture::decode(bytes, Path::new("the picture")).map_err(|error| error.to_string())
        }
        (Some(width), Some(height)) => {
            Err(format!("a picture of {width}x{height} pixels is too large"))
        }
        _ => Err("the picture has no size".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;

    #[test]
    fn a_png_is_decoded_and_its_size_is_checked_before() {
        let mut png = Cursor::new(Vec::new());
        let image = RgbImage::from_pixel(7, 5, image::Rgb([1, 2, 3]));
        image.write_to(&mut png, ImageFormat::Png).unwrap();
        let mut png = png.into_inner();
        assert_eq!(decode(&png).unwrap(), image);
        assert!(decode(&png[..png.len() - 30]).is_err());
        png[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(decode(&png).unwrap_err().contains("too large"));
        assert!(decode(&png[..10]).is_err());
    }
}
