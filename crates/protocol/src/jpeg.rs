//! Small pictures inside messages: JPEG in base64.
//!
//! JPEG of a single colour is small however large it is, so that a message that is bounded
//! can hold pictures that are not. Whoever reads messages of others says how much room there
//! is for all pictures of one, by [`with_room_for_pictures`].

use std::cell::Cell;
use std::io::Cursor;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Faces in messages are looked at by people: no artefacts, few bytes.
const QUALITY: u8 = 85;

/// No face in a message is larger.
const MOST_PIXELS: u32 = 2048;

thread_local! {
    /// Bytes of pixels that may still be decoded on this thread.
    static ROOM: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Reads something whose pictures take at most so many bytes together. One that would take
/// more is an error.
pub fn with_room_for_pictures<T>(bytes: u64, read: impl FnOnce() -> T) -> T {
    let before = ROOM.replace(bytes);
    let read = read();
    ROOM.set(before);
    read
}

fn encode(picture: &RgbImage) -> Result<String, image::ImageError> {
    let mut bytes = Vec::new();
    if !picture.is_empty() {
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture)?;
    }
    Ok(BASE64_STANDARD.encode(bytes))
}

fn decode(text: &str) -> Result<RgbImage, String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|e| e.to_string())?;
    if bytes.is_empty() {
        return Ok(RgbImage::new(0, 0));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions();
    let bytes = u64::from(width) * u64::from(height) * 3;
    let room = ROOM.get().checked_sub(bytes);
    ROOM.set(room.ok_or("there is no room for so many pictures")?);
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    Ok(picture.into_rgb8())
}

/// A small picture, mostly of a face.
#[derive(Debug, Clone)]
pub struct Portrait(pub Arc<RgbImage>);

impl PartialEq for Portrait {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Serialize for Portrait {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encode(&self.0).map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Portrait {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let picture = decode(&text).map_err(D::Error::custom)?;
        Ok(Self(Arc::new(picture)))
    }
}

/// A list of pictures, for `#[serde(with)]`.
pub(crate) mod list {
    use super::{Arc, Deserialize, Deserializer, Portrait, RgbImage, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        pictures: &[Arc<RgbImage>],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(pictures.iter().map(|picture| Portrait(Arc::clone(picture))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Arc<RgbImage>>, D::Error> {
        let pictures = Vec::<Portrait>::deserialize(from)?;
        Ok(pictures
            .into_iter()
            .map(|Portrait(picture)| picture)
            .collect())
    }
}

/// Faces without a name, for `#[serde(with)]`.
pub(crate) mod visitors {
    use chrono::{DateTime, FixedOffset};
    use rollcall_core::embedding::Cosine;
    use rollcall_core::review::Visitor;
    use rollcall_messages::Message;

    use super::{Arc, Deserialize, Deserializer, Portrait, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Wire {
        sightings: Vec<i64>,
        first: DateTime<FixedOffset>,
        last: DateTime<FixedOffset>,
        reason: String,
        nearest: Option<(String, Cosine)>,
        picture: Option<Portrait>,
    }

    pub(crate) fn serialize<S: Serializer>(
        visitors: &Result<Vec<Visitor>, Message>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let wire = |visitor: &Visitor| Wire {
            sightings: visitor.sightings.clone(),
            first: visitor.first,
            last: visitor.last,
            reason: visitor.reason.clone(),
            nearest: visitor.nearest.clone(),
            picture: visitor
                .picture
                .clone()
                .map(|picture| Portrait(Arc::new(picture))),
        };
        let visitors = visitors
            .as_ref()
            .map(|list| list.iter().map(wire).collect::<Vec<_>>());
        visitors.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Result<Vec<Visitor>, Message>, D::Error> {
        let read = Result::<Vec<Wire>, Message>::deserialize(from)?;
        let visitor = |wire: Wire| Visitor {
            sightings: wire.sightings,
            first: wire.first,
            last: wire.last,
            reason: wire.reason,
            nearest: wire.nearest,
            picture: wire
                .picture
                .map(|Portrait(picture)| Arc::unwrap_or_clone(picture)),
        };
        Ok(read.map(|list| list.into_iter().map(visitor).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portraits_travel() {
        let colour = |x: u32, y: u32| image::Rgb([x as u8 * 3, y as u8 * 2, 80]);
        for (width, height) in [(0, 0), (1, 1), (64, 80)] {
            let portrait = Portrait(Arc::new(RgbImage::from_fn(width, height, colour)));
            let text = serde_json::to_string(&portrait).unwrap();
            let read: Portrait = serde_json::from_str(&text).unwrap();
            assert_eq!(read.0.dimensions(), (width, height));
            let apart = read.0.as_raw().iter().zip(portrait.0.as_raw());
            assert!(apart.map(|(a, b)| a.abs_diff(*b)).all(|apart| apart < 12));
        }
    }

    #[test]
    fn a_message_has_only_so_much_room_for_pictures() {
        let portrait = Portrait(Arc::new(RgbImage::new(100, 100)));
        let text = serde_json::to_string(&vec![portrait; 10]).unwrap();
        let read = || serde_json::from_str::<Vec<Portrait>>(&text).map(|read| read.len());
        assert_eq!(read().unwrap(), 10);
        assert_eq!(with_room_for_pictures(300_000, read).unwrap(), 10);
        let error = with_room_for_pictures(299_999, read).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no room for so many pictures")
        );
        // It is for one message.
        assert_eq!(read().unwrap(), 10);
    }

    #[test]
    fn a_picture_that_is_none_or_too_large_is_an_error() {
        let large = serde_json::to_string(&Portrait(Arc::new(RgbImage::new(2049, 1)))).unwrap();
        for text in [&large, "\"%\"", "\"AAAA\"", "7"] {
            assert!(serde_json::from_str::<Portrait>(text).is_err(), "{text}");
        }
    }
}
