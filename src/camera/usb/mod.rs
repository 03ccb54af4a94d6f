//! USB cameras through V4L2.
//!
//! nokhwa opens the device and hands out raw buffers; everything else is done
//! here, because its own decoder panics on a damaged picture, its choice of a
//! "closest" format fails or picks 4K at two pictures per second, and its
//! errors are text.
//!
//! Deliberately absent: nokhwa's threaded camera (it swallows errors and may
//! never return when dropped), camera controls, and formats other than Motion
//! JPEG and YUYV, one of which every UVC camera has.

mod devices;

use std::io;
use std::path::Path;

use image::RgbImage;
use nokhwa::utils::{
    CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Buffer, Camera, NokhwaError};
use v4l::video::{Capture, capture::Parameters};

use super::{
    CameraChoice, CameraError, Delivery, FrameRate, FrameSource, OpenSource, SourceDescription,
    jpeg, yuv,
};
use crate::stop::StopFlag;

pub use devices::VideoDevice;

/// The cameras that are connected, for listing and for diagnosis. None of them is opened.
pub fn list() -> Vec<VideoDevice> {
    devices::list_in(Path::new(devices::SYSFS))
}

/// Opens [`UsbSource`]s, and finds the same camera again after it was unplugged.
#[derive(Debug, Clone)]
pub struct UsbOpener {
    choice: CameraChoice,
    /// What was open last.
    before: Option<VideoDevice>,
}

impl UsbOpener {
    /// Opens the camera of `choice`.
    pub fn new(choice: CameraChoice) -> Self {
        Self {
            choice,
            before: None,
        }
    }
}

impl OpenSource for UsbOpener {
    fn open(&mut self, _: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        let device = devices::find(&list(), &self.choice, self.before.as_ref())?;
        let source = UsbSource::open(device.clone())?;
        self.before = Some(device);
        Ok(Box::new(source))
    }

    fn comes_back(&self) -> bool {
        true
    }
}

/// An open camera that streams.
pub struct UsbSource {
    device: VideoDevice,
    camera: Camera,
}

impl UsbSource {
    /// Opens the camera in the first format of the ladder that it accepts, and starts it.
    ///
    /// # Errors
    /// When the camera is busy, forbidden or gone, or accepts no format.
    pub fn open(device: VideoDevice) -> Result<Self, CameraError> {
        let camera = match climb_down(&device) {
            // Another program may have left the device in a state that nokhwa refuses to
            // read (7.5 pictures per second, an exotic pixel format), whatever is asked for.
            Err(CameraError::NoFormat { .. }) if reset_format(&device).is_ok() => {
                climb_down(&device)
            }
            other => other,
        }?;
        Ok(Self { device, camera })
    }
}

impl FrameSource for UsbSource {
    fn describe(&self) -> SourceDescription {
        let format = self.camera.camera_format();
        SourceDescription {
            name: self.device.name.clone(),
            resolution: Some((format.width(), format.height())),
            rate: FrameRate::new(f64::from(format.frame_rate())),
        }
    }

    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        let buffer = self.camera.frame().map_err(|error| {
            let message = error.to_string();
            trouble_in(&message, &self.device.name).unwrap_or(CameraError::Driver {
                camera: self.device.name.clone(),
                doing: "reading a picture",
                message,
            })
        })?;
        Ok(match decode(&buffer) {
            Ok(image) => Delivery::Image(image),
            Err(reason) => Delivery::Damaged(reason),
        })
    }
}

/// Tries the formats one after the other.
fn climb_down(device: &VideoDevice) -> Result<Camera, CameraError> {
    let mut last_refusal = String::new();
    for format in format_ladder() {
        match open_as(device, format) {
            Ok(camera) => return Ok(camera),
            Err(error) => {
                let message = error.to_string();
                // Another format does not help against these.
                if let Some(trouble) = trouble_in(&message, &device.name) {
                    return Err(trouble);
                }
                last_refusal = message;
            }
        }
    }
    Err(CameraError::NoFormat {
        camera: device.name.clone(),
        tried: format!(
            "Motion JPEG and YUYV at 640x480, 1280x720 and 320x240; last answer: {last_refusal}"
        ),
    })
}

/// Puts the device into a format and rate that nokhwa can read; the driver picks what is nearest.
fn reset_format(device: &VideoDevice) -> io::Result<()> {
    let handle = v4l::Device::new(device.number as usize)?;
    for fourcc in [b"MJPG", b"YUYV"] {
        let wanted = v4l::Format::new(640, 480, v4l::FourCC::new(fourcc));
        if handle.set_format(&wanted)?.fourcc == wanted.fourcc {
            break;
        }
    }
    handle.set_params(&Parameters::with_fps(30)).map(drop)
}

fn open_as(device: &VideoDevice, format: CameraFormat) -> Result<Camera, NokhwaError> {
    let formats = [format.format()];
    let request = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &formats);
    let mut camera = Camera::new(CameraIndex::Index(device.number), request)?;
    camera.open_stream()?;
    Ok(camera)
}

/// What is asked for, best first. 640x480 is what the detector sees at most; Motion JPEG
/// leaves room on the bus for a second camera. Rates that dim rooms force come last.
fn format_ladder() -> impl Iterator<Item = CameraFormat> {
    let sizes = [(640, 480), (1280, 720), (320, 240)];
    let rates = [30, 25, 15, 10];
    sizes.into_iter().flat_map(move |(width, height)| {
        [FrameFormat::MJPEG, FrameFormat::YUYV]
            .into_iter()
            .flat_map(move |format| {
                rates.map(|rate| CameraFormat::new(Resolution::new(width, height), format, rate))
            })
    })
}

/// The trouble that the driver's words speak of: `os error N`, N as in errno(3).
fn trouble_in(message: &str, camera: &str) -> Option<CameraError> {
    let camera = camera.to_owned();
    match os_error_in(message)? {
        // ENOENT, ENXIO: the device file is gone.
        2 | 6 => Some(CameraError::Absent { camera }),
        // EACCES, EPERM.
        13 | 1 => Some(CameraError::Forbidden { camera }),
        // EBUSY.
        16 => Some(CameraError::Busy { camera }),
        // EIO, ENODEV, EPROTO, ESHUTDOWN: what an unplugged or resetting device answers.
        5 | 19 | 71 | 108 => Some(CameraError::Lost { camera }),
        _ => None,
    }
}

fn os_error_in(message: &str) -> Option<i32> {
    let (_, after) = message.rsplit_once("os error ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn decode(buffer: &Buffer) -> Result<RgbImage, String> {
    let (width, height) = (buffer.resolution().width(), buffer.resolution().height());
    match buffer.source_frame_format() {
        FrameFormat::MJPEG => jpeg::decode(buffer.buffer()).map_err(|error| error.to_string()),
        FrameFormat::YUYV => {
            yuv::rgb_from_yuyv(buffer.buffer(), width, height).map_err(|error| error.to_string())
        }
        other => Err(format!("the camera sent {other}, which was not asked for")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::jpeg::tests::{jpeg, picture};
    use super::*;

    #[test]
    fn the_drivers_words_are_understood() {
        for (message, expected) in [
            (
                "Could not open device 0: V4L2 Error: No such file or directory (os error 2)",
                "absent",
            ),
            (
                "Could not open device stream: Device or resource busy (os error 16)",
                "busy",
            ),
            ("V4L2 Error: Permission denied (os error 13)", "forbidden"),
            (
                "Could not capture frame: No such device (os error 19)",
                "lost",
            ),
        ] {
            let error = trouble_in(message, "cam").unwrap();
            assert_eq!(
                super::super::CameraState::retrying_after(&error).word(),
                expected
            );
        }
        for message in [
            "",
            "os error ",
            "os error x",
            "Failed to Fufill",
            "Invalid argument (os error 22)",
        ] {
            assert!(trouble_in(message, "cam").is_none(), "{message}");
        }
    }

    #[test]
    fn the_ladder_begins_with_what_suits_the_detector_and_asks_nothing_twice() {
        let ladder: Vec<_> = format_ladder().collect();
        let best = CameraFormat::new(Resolution::new(640, 480), FrameFormat::MJPEG, 30);
        assert_eq!(ladder[0], best);
        for (i, format) in ladder.iter().enumerate() {
            assert!(!ladder[..i].contains(format), "{format}");
        }
    }

    #[test]
    fn buffers_are_decoded_by_their_format() {
        let size = Resolution::new(16, 8);
        let mut mjpeg = jpeg(&picture(16, 8));
        mjpeg.resize(9000, 0xd9);
        let image = decode(&Buffer::new(size, &mjpeg, FrameFormat::MJPEG)).unwrap();
        assert_eq!(image.dimensions(), (16, 8));
        let image = decode(&Buffer::new(size, &[128; 300], FrameFormat::YUYV)).unwrap();
        assert_eq!(image.dimensions(), (16, 8));
        for (bytes, format) in [
            (&mjpeg[..200], FrameFormat::MJPEG),
            (&[128; 255], FrameFormat::YUYV),
            (&[128; 999], FrameFormat::NV12),
        ] {
            assert!(
                decode(&Buffer::new(size, bytes, format)).is_err(),
                "{format}"
            );
        }
    }

    #[test]
    fn a_camera_that_is_not_there_is_absent() {
        let mut opener = UsbOpener::new(CameraChoice::Number(4_000_000_000));
        let error = opener.open(&StopFlag::new()).map(drop).unwrap_err();
        assert!(matches!(error, CameraError::Absent { .. }), "{error}");
        assert!(opener.comes_back());
    }
}
