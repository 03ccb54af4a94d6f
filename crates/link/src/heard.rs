//! What a client makes of what a station says.
//!
//! A station is believed about its records, not about sizes: whatever it says, what is kept
//! of it stays bounded, and what cannot be understood is passed over.

use crate::say;
use rollcall_messages::Message as Said;
use std::io::{self, Cursor, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use image::{ImageFormat, ImageReader, Limits, RgbImage};
use rollcall_core::frame::{Frame, FrameId, Moment};
use rollcall_protocol::{
    Refusal, RefusalCode, Reply, StationView, Told, Update, with_room_for_pictures,
};

use crate::message::{FromStation, last_words, outline};
use crate::wire::{Kind, Message, PictureHeader};

/// No picture that a station sends is larger.
const MOST_ACROSS: u32 = 8192;

/// Bytes of a picture that is shown in a terminal.
const MOST_IN_PICTURE: usize = 16 << 20;

/// Bytes of all faces in a message when they are decoded, e.g. of visitors to review.
const MOST_IN_PORTRAITS: u64 = 192 << 20;

/// Bytes of records, as they were sent, that are kept.
const MOST_KEPT: usize = 256 << 20;

/// Something a station has said.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The view is whole, and this is it.
    View(StationView),
    /// A command is answered.
    Told(Told),
    /// A picture.
    Picture(PictureHeader, RgbImage),
    /// Nothing that changes anything.
    Nothing,
    /// It says no more, for this reason.
    Over(Said),
}

/// Follows what a station says on one connection.
#[derive(Debug)]
pub(crate) struct Listener {
    /// What has been said so far; shown when it is complete.
    view: StationView,
    /// Bytes that were said about it since they were last counted.
    said: usize,
    /// Bytes of it that are kept at most.
    most: usize,
    /// Whether it was already remarked that something is not understood.
    has_remarked: bool,
}

impl Default for Listener {
    fn default() -> Self {
        Self::keeping(MOST_KEPT)
    }
}

impl Listener {
    fn keeping(most: usize) -> Self {
        Self {
            view: StationView::default(),
            said: 0,
            most,
            has_remarked: false,
        }
    }

    /// Takes in a message.
    pub(crate) fn hear(&mut self, message: Message<'_>) -> Heard {
        match message.kind {
            Kind::Picture => picture(message.bytes),
            Kind::Json => {
                let read = || serde_json::from_slice(message.bytes);
                match with_room_for_pictures(MOST_IN_PORTRAITS, read) {
                    Ok(said) => self.understand(said, message.bytes.len()),
                    Err(error) => self.pass_over(message.bytes, &error),
                }
            }
        }
    }

    fn understand(&mut self, said: FromStation, bytes: usize) -> Heard {
        match said {
            FromStation::Update(update) => self.apply(update, bytes),
            FromStation::Complete {} => Heard::View(self.view.clone()),
            FromStation::Told { number, reply } => Heard::Told(Told { number, reply }),
            FromStation::Ping {} | FromStation::Hello(_) => Heard::Nothing,
            FromStation::Bye { said, message } => Heard::Over(last_words(said, message)),
            FromStation::Refused(refused) => Heard::Over(refused.message()),
        }
    }

    fn apply(&mut self, update: Update, bytes: usize) -> Heard {
        self.view.apply(update);
        self.said = self.said.saturating_add(bytes);
        if self.said > self.most {
            // Most of it was replaced since, so what is there is counted.
            self.said = size_of(&self.view);
            if self.said > self.most / 2 {
                return Heard::Over(say::LINK_TOO_MUCH.into());
            }
        }
        Heard::Nothing
    }

    /// What a newer station says that this program does not know is no reason to part. A
    /// reply is one all the same.
    fn pass_over(&mut self, message: &[u8], error: &serde_json::Error) -> Heard {
        let Some(outline) = outline(message) else {
            return Heard::Over(say::LINK_UNREADABLE.into());
        };
        if !self.has_remarked {
            self.has_remarked = true;
            tracing::warn!(
                what = %outline.name,
                %error,
                "the station says something that this version does not understand"
            );
        }
        match outline.number {
            Some(number) if outline.name == "told" => Heard::Told(Told {
                number,
                reply: Reply::Refused(Refusal::new(RefusalCode::Unknown, say::LINK_NOT_UNDERSTOOD)),
            }),
            _ => Heard::Nothing,
        }
    }
}

fn picture(message: &[u8]) -> Heard {
    let decoded = PictureHeader::split(message)
        .filter(|(_, jpeg)| jpeg.len() <= MOST_IN_PICTURE)
        .and_then(|(header, jpeg)| Some((header, decode(jpeg)?)));
    match decoded {
        Some((header, picture)) => Heard::Picture(header, picture),
        // The next one is on its way.
        None => Heard::Nothing,
    }
}

fn decode(jpeg: &[u8]) -> Option<RgbImage> {
    let mut reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_ACROSS);
    limits.max_image_height = Some(MOST_ACROSS);
    limits.max_alloc = Some(64 << 20);
    reader.limits(limits);
    Some(reader.decode().ok()?.into_rgb8())
}

/// Bytes of a view as it travels.
fn size_of(view: &StationView) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    for update in view.since(&StationView::default()) {
        if serde_json::to_writer(&mut count, &update).is_err() {
            return usize::MAX;
        }
    }
    count.0
}

/// A command that nobody has answered when the connection broke.
pub(crate) fn lost(number: u64) -> Told {
    let refusal = Refusal::new(RefusalCode::ConnectionLost, say::CONNECTION_BROKE);
    Told {
        number,
        reply: Reply::Refused(refusal),
    }
}

/// A picture as front ends have it, taken when its header says.
pub(crate) fn frame(header: PictureHeader, image: RgbImage, now: Moment) -> Arc<Frame> {
    let captured = Duration::from_nanos(header.captured).min(now.monotonic);
    let age = TimeDelta::from_std(now.monotonic.saturating_sub(captured)).unwrap_or_default();
    let wall = now.wall.checked_sub_signed(age).unwrap_or(now.wall);
    Arc::new(Frame {
        camera: None,
        id: FrameId(header.number),
        captured_at: Moment {
            monotonic: captured,
            wall,
        },
        image,
    })
}

#[cfg(test)]
mod tests;
