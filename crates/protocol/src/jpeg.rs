//! Small pictures inside messages: JPEG in base64.

use std::io::Cursor;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, ImageReader, Limits, RgbImage};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Faces in messages are looked at by people: no artefacts, few bytes.
const QUALITY: u8 = 85;

/// No face in a message is larger.
const MOST_PIXELS: u32 = 2048;

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
    let picture = reader.decode().map_err(|e| e.to_string())?;
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
        visitors: &Result<Vec<Visitor>, String>,
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
    ) -> Result<Result<Vec<Visitor>, String>, D::Error> {
        let read = Result::<Vec<Wire>, String>::deserialize(from)?;
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
