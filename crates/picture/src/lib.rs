//! Pictures that people bring: for enrolment, identification, evaluation, replay.
//!
//! What is inside a file is told by its contents, never by its name. Sizes are
//! checked before memory is taken for them, since a header of 33 bytes can
//! announce a picture of a gigabyte. Camera frames come through [`jpeg`] only.

pub mod jpeg;
pub mod limits;

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use rollcall_core::geometry::BoundingBox;

/// Pictures with more pixels are refused; the largest telephones make 50 million
/// in their everyday mode.
pub const MAX_PIXELS: u64 = 100_000_000;

/// Memory a decoder may take. A Raspberry Pi has one gigabyte for everything.
const MAX_DECODER_BYTES: u64 = 512 << 20;

/// Larger files are not read into memory.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Why a picture cannot be used. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The operating system refuses.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What was given.
        path: PathBuf,
    },
    /// The bytes are no picture of a format that is known.
    #[error("{} is no picture: JPEG, PNG, WebP, TIFF, BMP and GIF are read", path.display())]
    NotAPicture {
        /// The file.
        path: PathBuf,
    },
    /// The picture has no pixels.
    #[error("{} has {width}x{height} pixels: there is nothing in it", path.display())]
    NoPixels {
        /// The file.
        path: PathBuf,
        /// Width by its header.
        width: u32,
        /// Height by its header.
        height: u32,
    },
    /// The picture would need more memory than is sensible.
    #[error(
        "{} has {width}x{height} pixels; up to {} million are read, so scale it down first",
        path.display(), MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width by its header.
        width: u32,
        /// Height by its header.
        height: u32,
    },
    /// The file itself is too large.
    #[error("{} has {} MB; files up to {} MB are read", path.display(), bytes >> 20, MAX_FILE_BYTES >> 20)]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The file ends before the picture does.
    #[error("{} is truncated: the picture ends before its last line", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// The contents are damaged or of a kind that is not supported.
    #[error("decoding {}: {source}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        #[source]
        source: Box<ImageError>,
    },
    /// A picture cannot be written as JPEG.
    #[error("encoding a picture of {width}x{height} pixels as JPEG: {source}")]
    Encode {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// What the encoder said.
        #[source]
        source: Box<ImageError>,
    },
}

/// Reads a picture, upright, as 8-bit RGB.
///
/// EXIF orientation is applied; grey, 16-bit and CMYK pictures are converted;
/// transparent parts become white, as they look on the paper of a pass
/// photograph; of an animation the first picture is taken.
///
/// # Errors
/// If the file cannot be read, is no picture, is damaged or is too large.
pub fn open(path: &Path) -> Result<RgbImage, PictureError> {
    let read_error = |source| PictureError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(read_error)?;
    // Opening a pipe would wait for a writer for ever.
    if !metadata.is_file() {
        return Err(PictureError::NotAFile {
            path: path.to_owned(),
        });
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(PictureError::FileTooLarge {
            path: path.to_owned(),
            bytes: metadata.len(),
        });
    }
    decode(&fs::read(path).map_err(read_error)?, path)
}

/// Decodes the contents of a picture file as [`open`] does; `path` is for messages.
///
/// # Errors
/// If the bytes are no picture, or one that is damaged or too large.
pub fn decode(bytes: &[u8], path: &Path) -> Result<RgbImage, PictureError> {
    let explain = |source| explain(source, path);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|source| explain(ImageError::IoError(source)))?;
    let format = reader.format().ok_or_else(|| PictureError::NotAPicture {
        path: path.to_owned(),
    })?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits.clone());
    let mut decoder = match reader.into_decoder() {
        Ok(decoder) => decoder,
        Err(error) => return Err(refuse_header(error, bytes, format, path)),
    };
    let (width, height) = decoder.dimensions();
    check_size(width, height, decoder.total_bytes(), path)?;
    if format == ImageFormat::Jpeg && !jpeg_has_an_end(bytes) {
        return Err(PictureError::Truncated {
            path: path.to_owned(),
        });
    }
    let orientation = decoder.orientation().map_err(explain)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok(flatten(picture))
}

/// JPEG quality of kept portraits: no block edges that an embedder would see.
pub const PORTRAIT_QUALITY: u8 = 92;

/// How much wider and higher than the face box a kept portrait is: enough to
/// detect and align the face again, and little of whoever stands beside.
const PORTRAIT_SCALE: f32 = 2.0;

/// Cuts a portrait out of `image`: the face with some room around it.
pub fn portrait(image: &RgbImage, face: &BoundingBox) -> RgbImage {
    let cut = face
        .scaled(PORTRAIT_SCALE)
        .clamped(image.width(), image.height());
    let (left, top) = (cut.left.floor() as u32, cut.top.floor() as u32);
    let (width, height) = (cut.width().ceil() as u32, cut.height().ceil() as u32);
    image::imageops::crop_imm(image, left, top, width.max(1), height.max(1)).to_image()
}

/// Encodes a picture as JPEG; `quality` is 1..=100 and clamped to it.
///
/// # Errors
/// If a side is zero or longer than the 65535 pixels that JPEG knows.
pub fn encode_jpeg(image: &RgbImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100))
        .encode_image(image)
        .map_err(|source| PictureError::Encode {
            width: image.width(),
            height: image.height(),
            source: Box::new(source),
        })?;
    Ok(bytes)
}

fn check_size(width: u32, height: u32, bytes: u64, path: &Path) -> Result<(), PictureError> {
    let path = || path.to_owned();
    if width == 0 || height == 0 {
        return Err(PictureError::NoPixels {
            path: path(),
            width,
            height,
        });
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS || bytes > MAX_DECODER_BYTES {
        return Err(PictureError::TooLarge {
            path: path(),
            width,
            height,
        });
    }
    Ok(())
}

/// A decoder that refuses a header does so with its own words; where the size is
/// the reason, ours say more.
fn refuse_header(
    error: ImageError,
    bytes: &[u8],
    format: ImageFormat,
    path: &Path,
) -> PictureError {
    if let ImageError::Limits(_) = error {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.no_limits();
        if let Ok((width, height)) = reader.into_dimensions() {
            return PictureError::TooLarge {
                path: path.to_owned(),
                width,
                height,
            };
        }
    }
    explain(error, path)
}

fn explain(error: ImageError, path: &Path) -> PictureError {
    let path = path.to_owned();
    match error {
        // All bytes are in memory: the only failure of reading them is their end.
        ImageError::IoError(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated { path }
        }
        // A format that is recognised but whose decoder is not built in.
        ImageError::Unsupported(ref unsupported)
            if matches!(
                unsupported.kind(),
                image::error::UnsupportedErrorKind::Format(_)
            ) =>
        {
            PictureError::NotAPicture { path }
        }
        source => PictureError::Decode {
            path,
            source: Box::new(source),
        },
    }
}

/// `false` if the entropy-coded data runs into the end of the file. The decoder
/// would fill the missing part with grey and say nothing.
fn jpeg_has_an_end(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    let mut at = 2;
    // Segments before the scan may hold thumbnails with an end of their own.
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2) {
        if marker == 0xFF {
            // Fill bytes may precede a marker.
            at += 1;
            continue;
        }
        let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
            return false;
        };
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == START_OF_SCAN {
            // Within the scan, FF is always followed by a zero or a marker.
            return bytes
                .get(at..)
                .is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xFF, 0xD9]));
        }
    }
    // Not a layout that this understands: leave the judgement to the decoder.
    true
}

fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha = picture.into_rgba8();
    let over_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    RgbImage::from_fn(with_alpha.width(), with_alpha.height(), |x, y| {
        let [r, g, b, alpha] = with_alpha.get_pixel(x, y).0;
        image::Rgb([r, g, b].map(|value| over_white(value, alpha)))
    })
}

#[cfg(test)]
mod tests;
