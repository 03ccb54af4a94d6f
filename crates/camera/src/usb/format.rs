//! Agreeing with a camera on size, rate and pixel format, and decoding what it sends.
//!
//! The driver answers every request with what is nearest, so a request never
//! fails for being impossible, and a format that another program left behind
//! does not matter: it is always set anew.

use std::io;

use image::RgbImage;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC, Fraction};

use super::super::{CaptureRequest, FrameRate, PixelFormat, jpeg, yuv};

/// What the camera agreed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Agreement {
    pub(super) format: PixelFormat,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes from one line to the next; zero for compressed pictures.
    pub(super) stride: u32,
    /// `None` if the camera does not say.
    pub(super) rate: Option<FrameRate>,
}

/// Asks for the formats one after the other; `None` if the camera has none of them.
pub(super) fn negotiate(
    device: &Device,
    request: &CaptureRequest,
) -> io::Result<Option<Agreement>> {
    let (width, height) = request.resolution;
    let ladder = PixelFormat::LADDER
        .into_iter()
        .filter(|format| request.format.is_none_or(|wanted| wanted == *format));
    for format in ladder {
        let wanted = Format::new(width, height, FourCC::new(&format.fourcc()));
        let got = device.set_format(&wanted)?;
        if got.fourcc == wanted.fourcc {
            return Ok(Some(Agreement {
                format,
                width: got.width,
                height: got.height,
                stride: got.stride,
                rate: set_rate(device, request.rate),
            }));
        }
    }
    Ok(None)
}

/// Asks for a rate. A camera that cannot choose one keeps its own.
fn set_rate(device: &Device, rate: FrameRate) -> Option<FrameRate> {
    let thousandths = (rate.frames_per_second() * 1000.0).round() as u32;
    let wanted = Parameters::new(Fraction::new(1000, thousandths.max(1)));
    let Fraction {
        numerator,
        denominator,
    } = device.set_params(&wanted).ok()?.interval;
    FrameRate::from_ratio(denominator, numerator)
}

/// The picture in `data`, which is as long as the camera said it was.
pub(super) fn decode(data: &[u8], agreed: &Agreement) -> Result<RgbImage, String> {
    let size = yuv::RawSize {
        width: agreed.width,
        height: agreed.height,
        stride: agreed.stride as usize,
    };
    match agreed.format {
        PixelFormat::Mjpeg => jpeg::decode(data).map_err(|error| error.to_string()),
        PixelFormat::Yuyv => yuv::rgb_from_yuyv(data, size).map_err(|error| error.to_string()),
        PixelFormat::Nv12 => yuv::rgb_from_nv12(data, size).map_err(|error| error.to_string()),
        PixelFormat::Grey => yuv::rgb_from_grey(data, size).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::{jpeg, picture};

    fn agreed(format: PixelFormat) -> Agreement {
        Agreement {
            format,
            width: 16,
            height: 8,
            stride: 0,
            rate: None,
        }
    }

    #[test]
    fn data_are_decoded_by_their_format() {
        let mjpeg = jpeg(&picture(16, 8));
        for (data, format) in [
            (&mjpeg[..], PixelFormat::Mjpeg),
            (&[128; 256], PixelFormat::Yuyv),
            (&[128; 192], PixelFormat::Nv12),
            (&[128; 128], PixelFormat::Grey),
        ] {
            let image = decode(data, &agreed(format)).unwrap();
            assert_eq!(image.dimensions(), (16, 8), "{format}");
            // An end marker alone may be missing.
            let cut_off = &data[..data.len() - 9];
            assert!(decode(cut_off, &agreed(format)).is_err(), "{format}");
        }
    }
}
