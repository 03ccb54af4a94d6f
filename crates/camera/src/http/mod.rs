//! Cameras in the network: Motion JPEG over HTTP, as IP cameras and streamers send it.
//!
//! An address answers with an endless stream (`multipart/x-mixed-replace`) or with one
//! picture (`image/jpeg`), which is then asked for again and again.
//!
//! # Invariants
//! - Nothing waits longer than a glance without looking at the stop flag, but for the
//!   system's own look-up of a name and the first handshake.
//! - Name, password and query of an address are sent to its host, and shown nowhere.
//!
//! Deliberately absent: TLS, for cameras have certificates that nobody can check, and
//! RTSP, which carries video that needs a decoder. Programs such as go2rtc speak both
//! and turn them into what is read here.

mod address;
mod body;
mod exchange;
mod trouble;

use std::time::{Duration, Instant};

use super::mjpeg::{Found, PictureFinder};
use super::pace::Pacer;
use super::{
    CameraError, Delivery, FrameRate, FrameSource, OpenSource, SourceDescription, SourceMeter,
    jpeg, limits,
};
use exchange::{Answer, Arrived, Body};
use rollcall_system::stop::StopFlag;

pub use address::StreamAddress;
pub use trouble::NetworkTrouble;

/// How often a single picture is asked for. Each one costs the camera a connection.
const SNAPSHOTS_PER_SECOND: f64 = 5.0;
/// For one whole picture.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(5);
/// How long is waited at once; the stop flag is looked at in between.
const GLANCE: Duration = Duration::from_millis(100);
/// A camera that sends faster than this can be decoded gets a picture through every so often.
const MOST_BYTES_SKIPPED: usize = 4 << 20;

/// Opens network cameras.
#[derive(Debug)]
pub struct HttpOpener {
    address: StreamAddress,
}

impl HttpOpener {
    /// Opens the camera at `address`.
    pub fn new(address: StreamAddress) -> Self {
        Self { address }
    }
}

impl OpenSource for HttpOpener {
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        let address = self.address.clone();
        let answer = exchange::ask(&address, stop).map_err(at(&address))?;
        match Kind::of(&answer.media_type) {
            Some(Kind::Stream) => Ok(Box::new(StreamSource {
                address,
                body: answer.body,
                finder: PictureFinder::default(),
                piece: Vec::new(),
                newest: None,
                stop: stop.clone(),
                meter: SourceMeter::default(),
            })),
            Some(Kind::Snapshot) => Ok(Box::new(SnapshotSource {
                address,
                first: Some(answer),
                pacer: Pacer::new(FrameRate(SNAPSHOTS_PER_SECOND), stop.clone()),
                stop: stop.clone(),
            })),
            None => Err(at(&address)(NetworkTrouble::OtherKind(answer.media_type))),
        }
    }

    fn comes_back(&self) -> bool {
        true
    }
}

/// What an address gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    Snapshot,
}

impl Kind {
    fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "image/jpeg" | "image/jpg" => Some(Self::Snapshot),
            // Where nothing is said, the pictures speak for themselves.
            ""
            | "application/octet-stream"
            | "video/mjpeg"
            | "video/x-mjpeg"
            | "video/x-motion-jpeg" => Some(Self::Stream),
            other if other.starts_with("multipart/") => Some(Self::Stream),
            _ => None,
        }
    }
}

/// Pictures one after the other through one connection.
struct StreamSource {
    address: StreamAddress,
    body: Body,
    finder: PictureFinder,
    /// What was read last.
    piece: Vec<u8>,
    /// The newest picture, until nothing newer is there.
    newest: Option<Vec<u8>>,
    stop: StopFlag,
    meter: SourceMeter,
}

impl FrameSource for StreamSource {
    fn describe(&self) -> SourceDescription {
        describe(&self.address)
    }

    fn meter(&self) -> SourceMeter {
        self.meter
    }

    /// The newest picture that has arrived. Older ones, which wait behind a slow decoder,
    /// are dropped: somebody at the door is shown as they are now.
    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        let mut skipped = 0;
        while !self.stop.is_requested() {
            match self.finder.take() {
                Some(Ok(picture)) => {
                    skipped += picture.len();
                    if self.newest.replace(picture).is_some() {
                        self.meter.dropped += 1;
                    }
                    continue;
                }
                Some(Err(reason)) => return Ok(Delivery::Damaged(reason)),
                None => {}
            }
            if let Some(picture) = self.newest.take_if(|_| skipped > MOST_BYTES_SKIPPED) {
                return Ok(decoded(Ok(picture)));
            }
            let patience = if self.newest.is_some() {
                Duration::ZERO
            } else {
                GLANCE
            };
            self.piece.clear();
            let arrived = self.body.read(patience, &mut self.piece);
            if let Ok(Arrived::Bytes) = arrived {
                self.finder.push(&self.piece);
                continue;
            }
            match (arrived, self.newest.take()) {
                // What follows the last picture is told with the next call.
                (_, Some(picture)) => return Ok(decoded(Ok(picture))),
                (Ok(Arrived::End), None) => return Err(at(&self.address)(NetworkTrouble::HungUp)),
                (Ok(_), None) => {}
                (Err(trouble), None) => return Err(at(&self.address)(trouble)),
            }
        }
        Ok(Delivery::End)
    }
}

/// One picture for each request.
struct SnapshotSource {
    address: StreamAddress,
    /// The answer with which it was opened.
    first: Option<Answer>,
    pacer: Pacer,
    stop: StopFlag,
}

impl SnapshotSource {
    fn picture(&mut self) -> Result<Found, NetworkTrouble> {
        let answer = match self.first.take() {
            Some(answer) => answer,
            None => exchange::ask(&self.address, &self.stop)?,
        };
        if Kind::of(&answer.media_type) != Some(Kind::Snapshot) {
            return Err(NetworkTrouble::OtherKind(answer.media_type));
        }
        let patience_ends = Instant::now() + SNAPSHOT_PATIENCE;
        let (mut body, mut picture) = (answer.body, Vec::new());
        while body.read(GLANCE, &mut picture)? != Arrived::End {
            if picture.len() > limits::MAX_COMPRESSED {
                return Ok(Err("the picture is too long".to_owned()));
            }
            if self.stop.is_requested() || Instant::now() > patience_ends {
                return Err(NetworkTrouble::Slow);
            }
        }
        Ok(Ok(picture))
    }
}

impl FrameSource for SnapshotSource {
    fn describe(&self) -> SourceDescription {
        describe(&self.address)
    }

    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        self.pacer.wait();
        if self.stop.is_requested() {
            return Ok(Delivery::End);
        }
        self.picture().map(decoded).map_err(at(&self.address))
    }
}

fn decoded(found: Found) -> Delivery {
    let image = found.and_then(|jpeg| jpeg::decode(&jpeg).map_err(|error| error.to_string()));
    match image {
        Ok(image) => Delivery::Image(image),
        Err(reason) => Delivery::Damaged(reason),
    }
}

fn describe(address: &StreamAddress) -> SourceDescription {
    SourceDescription {
        name: address.authority(),
        resolution: None,
        rate: None,
    }
}

/// For `map_err`.
fn at(address: &StreamAddress) -> impl FnOnce(NetworkTrouble) -> CameraError {
    let address = address.to_string();
    move |trouble| CameraError::Network { address, trouble }
}
