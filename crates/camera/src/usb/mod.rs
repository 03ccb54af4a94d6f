//! USB cameras through V4L2.
//!
//! nokhwa says what a camera offers. Pictures are read one layer below it, with the
//! `v4l` crate that it is built on, because four things are only known there: how many bytes of a buffer are this picture and
//! not the remains of an older one, whether the driver calls it broken, its
//! number and its time. And only there can one wait with a limit, so that a
//! camera that falls silent does not take a thread with it.
//!
//! Deliberately absent: compressed video other than Motion JPEG, and cameras of
//! the multi-planar interface (the Raspberry Pi's ribbon cable), which deliver
//! raw Bayer data that need an image processor.

pub mod controls;
mod devices;
mod format;
mod offers;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::time::{ClockId, clock_gettime};
use v4l::buffer::{Flags as BufferFlags, Metadata, Type as BufferType};
use v4l::capability::Flags as Capability;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};

use super::{
    CameraChoice, CameraError, CameraSettings, Delivery, FrameSource, OpenSource, PixelFormat,
    SourceDescription, SourceMeter,
};
use format::Agreement;
use rollcall_system::stop::StopFlag;

pub use devices::VideoDevice;
pub use offers::{Offer, offers};

/// Buffers that are asked of the driver: one is being decoded, one filled, two are spare.
const BUFFERS: u32 = 4;

/// How long the driver is waited for before the stop flag is looked at again.
const POLL: Duration = Duration::from_millis(100);

/// How long a picture may take that the driver has announced.
const DEQUEUE_PATIENCE: Duration = Duration::from_secs(1);

/// The cameras that are connected, for listing and for diagnosis. None of them is opened.
pub fn list() -> Vec<VideoDevice> {
    devices::list_in(Path::new(devices::SYSFS))
}

/// The camera of `choice`, if it is connected.
///
/// # Errors
/// If it is not.
pub fn find(choice: &CameraChoice) -> Result<VideoDevice, CameraError> {
    devices::find(&list(), choice, None)
}

/// Opens [`UsbSource`]s, and finds the same camera again after it was unplugged.
#[derive(Debug)]
pub struct UsbOpener {
    choice: CameraChoice,
    settings: CameraSettings,
    /// What was open last.
    before: Mutex<Option<VideoDevice>>,
}

impl UsbOpener {
    /// Opens the camera of `choice`.
    pub fn new(choice: CameraChoice, settings: CameraSettings) -> Self {
        Self {
            choice,
            settings,
            before: Mutex::new(None),
        }
    }
}

impl OpenSource for UsbOpener {
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        // The lock is never held while a driver is spoken to.
        let lock = || self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().clone();
        let device = devices::find(&list(), &self.choice, before.as_ref())?;
        let source = UsbSource::open(device.clone(), &self.settings, stop.clone())?;
        *lock() = Some(device);
        Ok(Box::new(source))
    }

    fn comes_back(&self) -> bool {
        true
    }

    /// Every camera with the time at which its device file last changed: plugging in
    /// makes a file, and a change of its owner or mode changes the time.
    fn surroundings(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for device in list() {
            device.hash(&mut hasher);
            if let Ok(file) = fs::metadata(device.device_file()) {
                (file.ctime(), file.ctime_nsec()).hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

/// An open camera that streams.
pub struct UsbSource {
    device: VideoDevice,
    agreed: Agreement,
    /// `None` only while being dropped.
    stream: Option<Stream<'static>>,
    stop: StopFlag,
    /// The picture that was read last, still encoded.
    data: Vec<u8>,
    last_sequence: Option<u32>,
    meter: SourceMeter,
}

impl UsbSource {
    /// Opens the camera in the first format of the ladder that it has, sets its
    /// controls, and starts it.
    ///
    /// # Errors
    /// When the camera is busy, forbidden or gone, or has no format that is read.
    pub fn open(
        device: VideoDevice,
        settings: &CameraSettings,
        stop: StopFlag,
    ) -> Result<Self, CameraError> {
        let trouble = |doing| {
            let device = device.clone();
            move |error| trouble(&device, doing, &error)
        };
        let handle = v4l::Device::with_path(device.device_file()).map_err(trouble("opening it"))?;
        let capabilities = handle
            .query_caps()
            .map_err(trouble("asking what it can do"))?;
        let needed = Capability::VIDEO_CAPTURE | Capability::STREAMING;
        let unsupported = |tried: String| CameraError::NoFormat {
            camera: device.to_string(),
            tried,
        };
        if !capabilities.capabilities.contains(needed) {
            return Err(unsupported("it is no camera that streams".to_owned()));
        }
        let agreed = format::negotiate(&handle, &settings.capture)
            .map_err(trouble("agreeing on a format"))?
            .ok_or_else(|| unsupported(formats_tried(settings)))?;
        controls::apply_settings(&handle, &device, settings);
        let mut stream = Stream::with_buffers(&handle, BufferType::VideoCapture, BUFFERS)
            .map_err(trouble("asking for buffers"))?;
        stream.set_timeout(DEQUEUE_PATIENCE);
        let mut source = Self {
            device,
            agreed,
            stream: Some(stream),
            stop,
            data: Vec::new(),
            last_sequence: None,
            meter: SourceMeter::default(),
        };
        source.start()?;
        Ok(source)
    }

    /// Hands the buffers to the driver and starts the stream.
    fn start(&mut self) -> Result<(), CameraError> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        // The first buffer stays here, for `next` begins by giving it back. The driver may
        // have granted fewer than were asked for, and refuses the ones that do not exist.
        for index in 1..BUFFERS as usize {
            if CaptureStream::queue(stream, index).is_err() {
                break;
            }
        }
        stream
            .start()
            .map_err(|error| trouble(&self.device, "starting the stream", &error))
    }

    /// Waits until the driver has a picture; `false` if the station stops first.
    fn wait_for_picture(&self) -> io::Result<bool> {
        let Some(stream) = &self.stream else {
            return Ok(false);
        };
        let handle = stream.handle();
        while !self.stop.is_requested() {
            if handle.poll(PollFlags::POLLIN.bits(), POLL.as_millis() as i32)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Copies the newest picture that the driver has. Older ones, which wait behind a slow
    /// decoder, are dropped: somebody at the door is shown as they are now.
    fn take_newest(&mut self) -> io::Result<BufferState> {
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let handle = stream.handle();
        let mut newest = BufferState::default();
        for spare in (0..BUFFERS).rev() {
            let (buffer, metadata) = CaptureStream::next(stream)?;
            self.data.clear();
            let used = (metadata.bytesused as usize).min(buffer.len());
            self.data.extend_from_slice(&buffer[..used]);
            newest = BufferState::of(metadata);
            self.meter.dropped += lost_between(self.last_sequence, newest.sequence);
            self.last_sequence = Some(newest.sequence);
            if spare == 0 || handle.poll(PollFlags::POLLIN.bits(), 0)? == 0 {
                break;
            }
            self.meter.dropped += 1;
        }
        Ok(newest)
    }

    fn decode(&mut self, state: &BufferState) -> Delivery {
        if state.is_broken {
            return Delivery::Damaged("the driver says that data of it are missing".to_owned());
        }
        match format::decode(&self.data, &self.agreed) {
            Ok(image) => {
                self.meter.latency = monotonic_now().and_then(|now| now.checked_sub(state.stamp));
                Delivery::Image(image)
            }
            Err(reason) => Delivery::Damaged(reason),
        }
    }
}

impl FrameSource for UsbSource {
    fn describe(&self) -> SourceDescription {
        SourceDescription {
            name: self.device.name.clone(),
            resolution: Some((self.agreed.width, self.agreed.height)),
            rate: self.agreed.rate,
        }
    }

    fn meter(&self) -> SourceMeter {
        self.meter
    }

    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        let arrived = self
            .wait_for_picture()
            .map_err(|error| trouble(&self.device, "waiting for a picture", &error))?;
        if !arrived {
            return Ok(Delivery::End);
        }
        let state = self
            .take_newest()
            .map_err(|error| trouble(&self.device, "reading a picture", &error))?;
        Ok(self.decode(&state))
    }
}

impl Drop for UsbSource {
    fn drop(&mut self) {
        // The stream panics if the driver refuses to stop, as one in trouble may; the camera
        // is let go of either way.
        let stream = self.stream.take();
        if std::panic::catch_unwind(AssertUnwindSafe(|| drop(stream))).is_err() {
            tracing::warn!(camera = %self.device, "the driver did not stop the stream");
        }
    }
}

/// What the driver says of a buffer.
#[derive(Debug, Clone, Copy, Default)]
struct BufferState {
    sequence: u32,
    is_broken: bool,
    /// On the monotonic clock.
    stamp: Duration,
}

impl BufferState {
    fn of(metadata: &Metadata) -> Self {
        let seconds = u64::try_from(metadata.timestamp.sec).unwrap_or(0);
        let micros = u64::try_from(metadata.timestamp.usec).unwrap_or(0);
        Self {
            sequence: metadata.sequence,
            is_broken: metadata.flags.contains(BufferFlags::ERROR),
            stamp: Duration::from_secs(seconds) + Duration::from_micros(micros),
        }
    }
}

/// Pictures that the driver numbered and did not deliver. A number that goes back is that
/// of a stream which began anew.
fn lost_between(last: Option<u32>, sequence: u32) -> u64 {
    let gap = last.map_or(0, |last| sequence.wrapping_sub(last.wrapping_add(1)));
    if gap < u32::MAX / 2 {
        u64::from(gap)
    } else {
        0
    }
}

/// The clock that the driver stamps pictures with.
fn monotonic_now() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .ok()
        .map(Duration::from)
}

fn formats_tried(settings: &CameraSettings) -> String {
    match settings.capture.format {
        Some(format) => format!("only {format}, as camera.format says; try \"auto\""),
        None => PixelFormat::LADDER.map(|f| f.to_string()).join(", "),
    }
}

/// What the operator has to know about an error of the driver.
fn trouble(device: &VideoDevice, doing: &'static str, error: &io::Error) -> CameraError {
    let camera = device.to_string();
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENXIO) => CameraError::Absent { camera },
        Some(Errno::EACCES | Errno::EPERM) => CameraError::Forbidden { camera },
        Some(Errno::EBUSY) => CameraError::Busy { camera },
        Some(Errno::ENODEV | Errno::ESHUTDOWN) => CameraError::Lost { camera },
        _ => CameraError::Driver {
            camera,
            doing,
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::CameraState;
    use super::*;

    fn device() -> VideoDevice {
        VideoDevice {
            number: 4,
            name: "HD Webcam".to_owned(),
            bus_path: None,
            serial: None,
            is_usb: true,
        }
    }

    #[test]
    fn the_drivers_errors_are_understood() {
        for (errno, expected) in [
            (Errno::ENOENT, "absent"),
            (Errno::EBUSY, "busy"),
            (Errno::EACCES, "forbidden"),
            (Errno::ENODEV, "lost"),
            (Errno::EINVAL, "trouble"),
        ] {
            let error = trouble(&device(), "opening it", &errno.into());
            let message = error.to_string();
            assert!(message.contains("/dev/video4"), "{message}");
            let state = CameraState::retrying_after(&error);
            assert_eq!(state.word().english(), expected, "{message}");
        }
    }

    #[test]
    fn gaps_in_the_numbers_are_lost_pictures() {
        for (last, sequence, lost) in [
            (None, 7, 0),
            (Some(7), 8, 0),
            (Some(7), 10, 2),
            (Some(u32::MAX), 1, 1),
            (Some(7), 0, 0),
            (Some(7), 7, 0),
        ] {
            assert_eq!(lost_between(last, sequence), lost, "{last:?} {sequence}");
        }
    }

    #[test]
    fn a_camera_that_is_not_there_is_absent() {
        let choice = CameraChoice::Number(4_000_000_000);
        let opener = UsbOpener::new(choice, CameraSettings::default());
        let error = opener.open(&StopFlag::new()).map(drop).unwrap_err();
        assert!(matches!(error, CameraError::Absent { .. }), "{error}");
        assert!(opener.comes_back());
        assert_eq!(opener.surroundings(), opener.surroundings());
    }
}
