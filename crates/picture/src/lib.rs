//! Pictures that people bring: for enrolment, identification, evaluation, replay.
//!
//! What is inside a file is told by its contents, never by its name. Sizes are
//! checked before memory is taken for them, since a header of 33 bytes can
//! announce a picture of a gigabyte: a picture and what its decoder keeps of it stay below
//! 300 MB, for a Raspberry Pi may have one gigabyte for everything.
//! What is larger than faces need is scaled down as soon as it is decoded.
//!
//! A JPEG picture of which a part is missing is refused as a camera's is: its decoder would
//! fill the part with grey and say nothing.

pub mod jpeg;
pub mod limits;
mod smaller;

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage,
};

use jpeg::JpegError;
use rollcall_core::geometry::BoundingBox;
use rollcall_system::read_bounded;

pub use smaller::smaller;

/// Pictures with more pixels are refused; the largest telephones make 50 million
/// in their everyday mode.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Memory for the pixels of a picture as they are decoded, and for what its decoder keeps
/// besides or what they are converted to.
const MAX_DECODER_BYTES: u64 = 256 << 20;

/// Larger files are not read into memory.
const MAX_FILE_BYTES: u64 = 80 << 20;

/// A picture with more pixels is scaled down: a face of an eightieth of its width still has
/// the 50 pixels that a template needs.
const KEPT_PIXELS: u64 = 16_000_000;

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
        "{} has {width}x{height} pixels and takes {} MB to read; up to {} million pixels and \
         {} MB are read, so scale it down first",
        path.display(), bytes.div_ceil(1 << 20), MAX_PIXELS / 1_000_000, MAX_DECODER_BYTES >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width by its header.
        width: u32,
        /// Height by its header.
        height: u32,
        /// Memory for it.
        bytes: u64,
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
    /// The file is as long as it should be, but not all of the picture is in it.
    #[error("{} is damaged: {reason}; use another copy of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: JpegError,
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
    let metadata = std::fs::metadata(path).map_err(read_error)?;
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
    let bytes = read_bounded::file(path, MAX_FILE_BYTES).map_err(read_error)?;
    decode(&bytes, path)
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
    let besides = match format {
        ImageFormat::Jpeg => check_jpeg(bytes, path)?,
        _ => 0,
    };
    let converted = bytes_to_convert(decoder.color_type(), u64::from(width) * u64::from(height));
    // A conversion begins when the decoder is done.
    check_size(
        width,
        height,
        decoder.total_bytes() + besides.max(converted),
        path,
    )?;
    let orientation = decoder.orientation().map_err(explain)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    let mut upright = DynamicImage::ImageRgb8(scaled_down(flatten(picture)));
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// Checks that all of a JPEG picture is there. Returns the bytes that its decoder keeps of it
/// besides the pixels.
fn check_jpeg(bytes: &[u8], path: &Path) -> Result<u64, PictureError> {
    jpeg::check_photograph(bytes).map_err(|reason| {
        let path = path.to_owned();
        match reason {
            JpegError::CutOff(_) => PictureError::Truncated { path },
            reason => PictureError::Damaged { path, reason },
        }
    })
}

/// Memory for eight bits of each colour besides the pixels as they were decoded.
fn bytes_to_convert(colour: ColorType, pixels: u64) -> u64 {
    match colour {
        ColorType::Rgb8 | ColorType::Rgba8 => 0,
        colour if colour.has_alpha() => pixels * 4,
        _ => pixels * 3,
    }
}

/// Halves a picture until it is not larger than faces need.
fn scaled_down(mut picture: RgbImage) -> RgbImage {
    while u64::from(picture.width()) * u64::from(picture.height()) > KEPT_PIXELS {
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        // What is so narrow has no face in it.
        if width == 0 || height == 0 {
            break;
        }
        picture = halved(&picture, width, height);
    }
    picture
}

/// Each pixel the mean of four; the last row and column of an odd size are left out.
fn halved(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let row_bytes = picture.width() as usize * 3;
    let mut small = Vec::with_capacity(width as usize * height as usize * 3);
    for rows in picture.as_raw().chunks_exact(2 * row_bytes) {
        let (upper, lower) = rows.split_at(row_bytes);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            small.extend((0..3).map(|c| {
                let sum = [a[c], a[c + 3], b[c], b[c + 3]].map(u16::from);
                ((sum.iter().sum::<u16>() + 2) / 4) as u8
            }));
        }
    }
    small.resize(width as usize * height as usize * 3, 0);
    RgbImage::from_raw(width, height, small).unwrap_or_default()
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
            bytes,
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
                bytes: u64::from(width) * u64::from(height) * 3,
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

/// Transparent parts become white. Works in place where the pixels have eight bits.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha = picture.into_rgba8();
    let (width, height) = with_alpha.dimensions();
    let over_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let mut bytes = with_alpha.into_raw();
    let pixels = bytes.len() / 4;
    for pixel in 0..pixels {
        let alpha = bytes[pixel * 4 + 3];
        for colour in 0..3 {
            bytes[pixel * 3 + colour] = over_white(bytes[pixel * 4 + colour], alpha);
        }
    }
    bytes.truncate(pixels * 3);
    RgbImage::from_raw(width, height, bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests;
