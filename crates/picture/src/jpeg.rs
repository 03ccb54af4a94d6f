//! Motion JPEG pictures of cameras and video files.
//!
//! Four things set them apart from picture files. Bytes may follow the end of
//! the picture. A picture may be half sent, and still have an end marker; or be
//! whole, and have none. And the Huffman tables are often left out, because everyone
//! uses those of ITU-T T.81, annex K.3. So the picture is first walked marker by marker,
//! which finds its end and what it lacks, then code by code ([`entropy`]), which
//! finds whether all of it is there, and only then decoded, strictly.
//!
//! What this cannot find: bytes that were replaced by others that make sense, since
//! JPEG has no checksum. The caller must not pass on more bytes than arrived.

mod entropy;
mod markers;

use image::RgbImage;
use thiserror::Error;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::limits;
use entropy::Ending;
pub use markers::{Anatomy, Walk, dissect};

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const HUFFMAN_TABLES: u8 = 0xc4;

/// Why a JPEG picture was not decoded.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum JpegError {
    /// The data end before the picture does.
    #[error("the picture was cut off after {0} bytes")]
    CutOff(usize),
    /// The markers make no sense.
    #[error("not a JPEG picture: {0}")]
    Malformed(&'static str),
    /// The picture is larger than the limits allow.
    #[error("a picture of {0}x{1} pixels is too large")]
    TooLarge(usize, usize),
    /// The compressed data are damaged.
    #[error("the compressed data are damaged: {0}")]
    Damaged(String),
}

/// Decodes the picture at the start of `buffer`; what follows its end marker is ignored.
///
/// # Errors
/// When the picture is cut off, malformed, damaged or too large.
pub fn decode(buffer: &[u8]) -> Result<RgbImage, JpegError> {
    let anatomy = dissect(buffer)?;
    let picture = &buffer[..anatomy.length];
    let scan = anatomy
        .first_scan
        .ok_or(JpegError::Malformed("it has no image data"))?;
    if anatomy.has_huffman_tables && anatomy.has_end {
        return decode_complete(picture, Ending::Marked);
    }
    let (head, tail) = picture.split_at(scan);
    let tables = if anatomy.has_huffman_tables {
        &[]
    } else {
        STANDARD_HUFFMAN_TABLES
    };
    if anatomy.has_end {
        return decode_complete(&[head, tables, tail].concat(), Ending::Marked);
    }
    let closed = [head, tables, tail, &[0xff, END_OF_IMAGE]].concat();
    match decode_complete(&closed, Ending::Unmarked) {
        Err(JpegError::Damaged(_)) => Err(JpegError::CutOff(picture.len())),
        decoded => decoded,
    }
}

/// Checks that all of a photograph is there, which its decoder would not say. Returns the
/// bytes that the decoder keeps of it besides the pixels.
///
/// # Errors
/// When blocks or scans are missing or make no sense.
pub fn check_photograph(bytes: &[u8]) -> Result<u64, JpegError> {
    let ending = match dissect(bytes) {
        Ok(anatomy) if anatomy.has_end => Ending::Marked,
        // Other programs leave bytes between segments; `entropy` steps over them.
        Ok(_) | Err(JpegError::Malformed(_)) => Ending::Unmarked,
        Err(error) => return Err(error),
    };
    match (entropy::check(bytes, ending), ending) {
        (Err(JpegError::Damaged(_)), Ending::Unmarked) => Err(JpegError::CutOff(bytes.len())),
        (checked, _) => checked,
    }
}

fn decode_complete(picture: &[u8], ending: Ending) -> Result<RgbImage, JpegError> {
    let damaged = |error: zune_jpeg::errors::DecodeErrors| JpegError::Damaged(format!("{error:?}"));
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(limits::MAX_SIDE)
        .set_max_height(limits::MAX_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder
        .dimensions()
        .ok_or(JpegError::Malformed("it has no size"))?;
    if !limits::allows(width, height) {
        return Err(JpegError::TooLarge(width, height));
    }
    entropy::check(picture, ending)?;
    let rgb = decoder.decode().map_err(damaged)?;
    RgbImage::from_raw(width as u32, height as u32, rgb)
        .ok_or(JpegError::Malformed("its colours cannot be read as RGB"))
}

/// The DHT segments of ITU-T T.81, tables K.3 to K.6.
#[rustfmt::skip]
const STANDARD_HUFFMAN_TABLES: &[u8] = &[
    // DC luma
    0xff, 0xc4, 0x00, 0x1f, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b,
    // AC luma
    0xff, 0xc4, 0x00, 0xb5, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04,
    0x04, 0x00, 0x00, 0x01, 0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41,
    0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1,
    0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19,
    0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
    0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
    0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84,
    0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2,
    0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9,
    0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7,
    0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3,
    0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    // DC chroma
    0xff, 0xc4, 0x00, 0x1f, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b,
    // AC chroma
    0xff, 0xc4, 0x00, 0xb5, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04,
    0x04, 0x00, 0x01, 0x02, 0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12,
    0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1,
    0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1,
    0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43,
    0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63,
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82,
    0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
    0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5,
    0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3,
    0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    use super::*;

    /// A picture in which no two rows or columns are alike, so that a shift shows.
    pub(super) fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 90])
        })
    }

    pub(super) fn jpeg(image: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode_image(image)
            .unwrap();
        bytes
    }

    /// The same picture as a camera sends it: without its Huffman tables.
    fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let mut out = jpeg[..2].to_vec();
        let mut at = 2;
        while jpeg[at + 1] != START_OF_SCAN {
            let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            if jpeg[at + 1] != HUFFMAN_TABLES {
                out.extend(&jpeg[at..end]);
            }
            at = end;
        }
        out.extend(&jpeg[at..]);
        out
    }

    #[test]
    fn stale_bytes_after_the_end_do_not_matter() {
        let image = picture(48, 32);
        let bytes = jpeg(&image);
        let whole = decode(&bytes).unwrap();
        let far_off = whole
            .as_raw()
            .iter()
            .zip(image.as_raw())
            .filter(|(a, b)| a.abs_diff(**b) > 24);
        assert_eq!(far_off.count(), 0);
        let mut buffer = bytes.clone();
        buffer.extend(&bytes[100..]);
        buffer.resize(20_000, 0);
        assert_eq!(decode(&buffer).unwrap(), whole);
        assert_eq!(dissect(&buffer).unwrap().length, bytes.len());
    }

    #[test]
    fn missing_huffman_tables_are_the_standard_ones() {
        let bytes = jpeg(&picture(64, 48));
        let bare = without_tables(&bytes);
        assert!(bare.len() < bytes.len() - 400);
        assert_eq!(decode(&bare).unwrap(), decode(&bytes).unwrap());
    }

    #[test]
    fn grey_pictures_become_grey_rgb() {
        let grey = image::GrayImage::from_pixel(16, 16, image::Luma([77]));
        let mut bytes = Vec::new();
        JpegEncoder::new(&mut bytes).encode_image(&grey).unwrap();
        let image = decode(&bytes).unwrap();
        assert_eq!(image.dimensions(), (16, 16));
        assert!(
            image
                .pixels()
                .all(|p| p.0.iter().all(|c| c.abs_diff(77) < 3))
        );
    }

    #[test]
    fn no_part_of_a_picture_is_taken_for_the_whole() {
        let bytes = jpeg(&picture(64, 48));
        let whole = decode(&bytes).unwrap();
        // The last byte of the data may hold nothing but filling.
        for length in 0..bytes.len() - 3 {
            let error = decode(&bytes[..length]).unwrap_err();
            assert!(matches!(error, JpegError::CutOff(_)), "{length}: {error}");
        }
        for length in bytes.len() - 2..bytes.len() {
            assert_eq!(decode(&bytes[..length]).unwrap(), whole);
        }
    }

    #[test]
    fn a_picture_cut_off_by_the_next_one_is_refused() {
        let bytes = jpeg(&picture(64, 48));
        let half = [&bytes[..bytes.len() - 60], &bytes[..]].concat();
        assert!(matches!(decode(&half), Err(JpegError::CutOff(_))));
    }

    #[test]
    fn a_whole_picture_without_an_end_marker_is_read() {
        let bytes = jpeg(&picture(64, 48));
        let whole = decode(&bytes).unwrap();
        let open = &bytes[..bytes.len() - 2];
        for behind in [
            &b""[..],
            &[0; 9],
            b"\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n",
        ] {
            assert_eq!(decode(&[open, behind].concat()).unwrap(), whole);
            // Another one begins behind it.
            assert_eq!(decode(&[open, behind, &bytes].concat()).unwrap(), whole);
        }
        let bare = without_tables(&bytes);
        assert_eq!(decode(&bare[..bare.len() - 2]).unwrap(), whole);
    }

    #[test]
    fn an_enormous_size_in_the_header_is_refused_before_anything_is_allocated() {
        let mut bytes = jpeg(&picture(16, 16));
        let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0x1f, 0xff, 0x1f, 0xff]);
        assert_eq!(decode(&bytes), Err(JpegError::TooLarge(0x1fff, 0x1fff)));
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
        assert!(decode(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode(&bytes);
            let _ = decode(&[&[0xff, START_OF_IMAGE], &bytes[..], &[0xff, END_OF_IMAGE]].concat());
        }

        #[test]
        fn flipped_bytes_do_not_panic(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = jpeg(&picture(24, 24));
            for (at, value) in flips {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = decode(&bytes);
        }
    }
}
