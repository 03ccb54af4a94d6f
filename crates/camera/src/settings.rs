//! What the operator prefers of a live camera: format, rate, controls, and how its
//! pictures are turned.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::FrameRate;
use super::layout::PictureLayout;

/// How a live camera is to be used. A file or the demonstration ignores it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CameraSettings {
    /// Size, rate and pixel format to ask for.
    pub capture: CaptureRequest,
    /// What is done with every picture.
    pub layout: PictureLayout,
    /// Controls by name, set each time the camera is opened.
    pub controls: BTreeMap<String, i64>,
    /// A file of controls that were changed while Rollcall ran; they go over `controls`.
    pub controls_file: Option<PathBuf>,
}

/// What a camera is asked for; it answers with what is nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaptureRequest {
    /// Width and height in pixels.
    pub resolution: (u32, u32),
    /// Pictures per second.
    pub rate: FrameRate,
    /// Only this format; otherwise the first of [`PixelFormat::LADDER`] that the camera has.
    pub format: Option<PixelFormat>,
}

impl Default for CaptureRequest {
    /// 640x480 is what the detector sees at most, and every webcam has it.
    fn default() -> Self {
        Self {
            resolution: (640, 480),
            rate: FrameRate::CAMERA,
            format: None,
        }
    }
}

/// The pixel formats of cameras that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// One JPEG per picture.
    Mjpeg,
    /// Packed 4:2:2.
    Yuyv,
    /// A plane of luma, then one of interleaved chroma at half the size.
    Nv12,
    /// Luma only: infrared cameras.
    Grey,
}

impl PixelFormat {
    /// Best first: Motion JPEG leaves room on the bus for a second camera.
    pub const LADDER: [Self; 4] = [Self::Mjpeg, Self::Yuyv, Self::Nv12, Self::Grey];

    /// The code by which V4L2 knows it.
    pub fn fourcc(self) -> [u8; 4] {
        match self {
            Self::Mjpeg => *b"MJPG",
            Self::Yuyv => *b"YUYV",
            Self::Nv12 => *b"NV12",
            Self::Grey => *b"GREY",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mjpeg => "mjpeg",
            Self::Yuyv => "yuyv",
            Self::Nv12 => "nv12",
            Self::Grey => "grey",
        }
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PixelFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::LADDER
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is none of mjpeg, yuyv, nv12 and grey"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_they_are_written() {
        for format in PixelFormat::LADDER {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("MJPEG".parse(), Ok(PixelFormat::Mjpeg));
        assert!("h264".parse::<PixelFormat>().is_err());
    }
}
