//! What a camera offers: the sizes, rates and encodings it can deliver, asked through
//! nokhwa, which knows the many ways drivers describe them.

use std::io;

use nokhwa::Camera;
use nokhwa::utils::{CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use serde::Serialize;

use super::super::CaptureRequest;
use super::{CameraError, VideoDevice, format};

/// One size and encoding, with the rates it comes at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// As cameras call it, e.g. `MJPEG`.
    pub format: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pictures per second, rounded, the most first.
    pub rates: Vec<u32>,
}

/// Asks `device` what it offers, the largest pictures first. The camera must not be in use.
///
/// # Errors
/// When the camera is busy, forbidden or gone, or does not say.
pub fn offers(device: &VideoDevice) -> Result<Vec<Offer>, CameraError> {
    let mut camera = match open(device) {
        // Another program may have left it in a format that nokhwa cannot read.
        Err(_) if reset_format(device).is_ok() => open(device),
        opened => opened,
    }?;
    let formats = camera
        .compatible_camera_formats()
        .map_err(|error| refused(device, &error))?;
    let mut offers: Vec<Offer> = Vec::new();
    for format in formats {
        let name = format.format().to_string();
        let same = |o: &&mut Offer| {
            (o.width, o.height, &o.format) == (format.width(), format.height(), &name)
        };
        match offers.iter_mut().find(same) {
            Some(offer) => offer.rates.push(format.frame_rate()),
            None => offers.push(Offer {
                format: name,
                width: format.width(),
                height: format.height(),
                rates: vec![format.frame_rate()],
            }),
        }
    }
    for offer in &mut offers {
        offer.rates.sort_unstable_by(|a, b| b.cmp(a));
        offer.rates.dedup();
    }
    offers.sort_by_key(|o| (std::cmp::Reverse((o.width, o.height)), o.format.clone()));
    Ok(offers)
}

fn reset_format(device: &VideoDevice) -> io::Result<()> {
    let handle = v4l::Device::with_path(device.device_file())?;
    format::negotiate(&handle, &CaptureRequest::default()).map(drop)
}

fn open(device: &VideoDevice) -> Result<Camera, CameraError> {
    const ANY: &[FrameFormat] = &[
        FrameFormat::MJPEG,
        FrameFormat::YUYV,
        FrameFormat::NV12,
        FrameFormat::GRAY,
    ];
    let wanted = RequestedFormat::with_formats(RequestedFormatType::None, ANY);
    Camera::new(CameraIndex::Index(device.number), wanted).map_err(|error| refused(device, &error))
}

/// nokhwa's errors are text that ends as the system's do.
fn refused(device: &VideoDevice, error: &nokhwa::NokhwaError) -> CameraError {
    let message = error.to_string();
    let number = message
        .rsplit_once("os error ")
        .and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
    match number {
        Some(errno) => {
            let error = io::Error::from_raw_os_error(errno);
            super::trouble(device, "asking what it offers", &error)
        }
        None => CameraError::Driver {
            camera: device.to_string(),
            doing: "asking what it offers",
            message,
        },
    }
}

#[cfg(test)]
mod tests {
    use nokhwa::NokhwaError;

    use super::*;

    fn device() -> VideoDevice {
        VideoDevice {
            number: 4_000_000,
            name: "HD Webcam".to_owned(),
            bus_path: None,
            serial: None,
            is_usb: true,
        }
    }

    #[test]
    fn a_camera_that_is_not_there_offers_nothing() {
        assert!(offers(&device()).is_err());
    }

    #[test]
    fn the_systems_number_is_found_in_the_text() {
        let busy = NokhwaError::GeneralError("cannot open: Resource busy (os error 16)".into());
        let error = refused(&device(), &busy);
        assert!(matches!(error, CameraError::Busy { .. }), "{error}");
        let other = NokhwaError::GeneralError("something else".into());
        let error = refused(&device(), &other);
        assert!(matches!(error, CameraError::Driver { .. }), "{error}");
    }
}
