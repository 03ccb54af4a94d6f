//! Cameras in the network: Motion JPEG over HTTP, as IP cameras and streamers send it.
//!
//! An address answers with an endless stream (`multipart/x-mixed-replace`) or with one
//! picture (`image/jpeg`, `image/png`), which is then asked for again and again.
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
mod coding;
mod exchange;
mod trouble;

use std::time::{Duration, Instant};

use super::mjpeg::{Found, PictureFinder};
use super::pace::Pacer;
use super::{
    CameraError, Delivery, FrameRate, FrameSource, OpenSource, SourceDescription, SourceMeter,
    compressed, limits,
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
/// So much without the beginning of a picture is told.
const MOST_FRUITLESS_BYTES: usize = 64 << 10;
/// So much of an answer is shown where it is not what it should be.
const FIRST_WORDS: usize = 40;
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
        match Kind::of(&answer) {
            Some(Kind::Stream) => Ok(Box::new(StreamSource {
                address,
                body: answer.body,
                finder: PictureFinder::default(),
                piece: Vec::new(),
                newest: None,
                fruitless: Fruitless::default(),
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
    fn of(answer: &Answer) -> Option<Self> {
        match answer.media_type.as_str() {
            "image/jpeg" | "image/jpg" | "image/pjpeg" | "image/png" | "image/x-png" => {
                Some(Self::Snapshot)
            }
            // Where nothing is said, the pictures speak for themselves.
            "" | "application/octet-stream" if answer.length.is_some() => Some(Self::Snapshot),
            ""
            | "application/octet-stream"
            | "text/plain"
            | "video/jpeg"
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
    fruitless: Fruitless,
    stop: StopFlag,
    meter: SourceMeter,
}

/// What has come since there was a picture in it.
#[derive(Debug, Default)]
struct Fruitless {
    bytes: usize,
    has_pictures: bool,
    /// The first words of the body, for whoever has to find out what it is.
    start: Vec<u8>,
}

impl Fruitless {
    /// Takes note of a piece; what to say if there was too much.
    fn take_in(&mut self, piece: &[u8]) -> Option<String> {
        let wanted = FIRST_WORDS - self.start.len();
        self.start
            .extend_from_slice(&piece[..piece.len().min(wanted)]);
        self.bytes += piece.len();
        if self.bytes < MOST_FRUITLESS_BYTES {
            return None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        Some(format!(
            "no picture begins in {} KB; the answer begins with {}",
            bytes >> 10,
            self.start_in_words()
        ))
    }

    fn found_picture(&mut self) {
        self.bytes = 0;
        self.has_pictures = true;
    }

    fn start_in_words(&self) -> String {
        format!(
            "{:?}",
            exchange::printable(&String::from_utf8_lossy(&self.start))
        )
    }
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
                    self.fruitless.found_picture();
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
                let too_much = self.fruitless.take_in(&self.piece);
                match too_much.filter(|_| !self.finder.has_begun()) {
                    Some(reason) => return Ok(Delivery::Damaged(reason)),
                    None => continue,
                }
            }
            match (arrived, self.newest.take()) {
                // What follows the last picture is told with the next call.
                (_, Some(picture)) => return Ok(decoded(Ok(picture))),
                (Ok(Arrived::End), None) => return self.last(),
                (Ok(_), None) => {}
                (Err(trouble), None) => return Err(at(&self.address)(trouble)),
            }
        }
        Ok(Delivery::End)
    }
}

impl StreamSource {
    /// The connection has ended: a last picture may only lack its end marker.
    fn last(&mut self) -> Result<Delivery, CameraError> {
        if let Some(Ok(picture)) = self.finder.give_up() {
            self.fruitless.found_picture();
            return Ok(decoded(Ok(picture)));
        }
        Err(at(&self.address)(if self.fruitless.has_pictures {
            NetworkTrouble::HungUp
        } else {
            NetworkTrouble::NoPicture(self.fruitless.start_in_words())
        }))
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
        if Kind::of(&answer) != Some(Kind::Snapshot) {
            return Err(NetworkTrouble::OtherKind(answer.media_type));
        }
        let patience_ends = Instant::now() + SNAPSHOT_PATIENCE;
        let (mut body, mut finder) = (answer.body, PictureFinder::default());
        let (mut piece, mut length) = (Vec::new(), 0_usize);
        loop {
            piece.clear();
            let arrived = body.read(GLANCE, &mut piece)?;
            finder.push(&piece);
            length += piece.len();
            // The picture says where it ends; some cameras leave the connection open.
            if let Some(found) = finder.take() {
                return Ok(found);
            }
            let is_all = |announced| announced <= length as u64;
            let is_over = match arrived {
                Arrived::End => true,
                Arrived::Nothing => answer.length.is_some_and(is_all),
                Arrived::Bytes => false,
            };
            if is_over {
                let without_end = finder.give_up();
                return Ok(without_end.unwrap_or_else(|| Err("it sends no picture".to_owned())));
            }
            if length > limits::MAX_COMPRESSED {
                return Ok(Err("the picture is too long".to_owned()));
            }
            if self.stop.is_requested() || Instant::now() > patience_ends {
                return Err(NetworkTrouble::Slow);
            }
        }
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
    match found.and_then(|picture| compressed::decode(&picture)) {
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
