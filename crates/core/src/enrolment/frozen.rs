//! The face that an enrolment is about, held fast from the moment it was asked for.

use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use image::imageops::crop_imm;

use crate::consensus::{Track, TrackId, Tracker};
use crate::embedding::{Cosine, Embedding};
use crate::gallery::Candidate;
use crate::geometry::BoundingBox;
use crate::sighted::BestLook;

/// A look that is older does not show who is there now.
const FRESH: Duration = Duration::from_secs(1);

/// Two looks at one person in one visit are at least this alike.
pub(super) const CONSISTENT: Cosine = Cosine(0.4);

/// A turned head may be less like the frozen face, if it is like a sample.
const TURNED: Cosine = Cosine(0.3);

/// Somebody who was out of sight has to be more alike to be the same person again.
pub(super) const RETURNED: Cosine = Cosine(0.5);

/// By how much of its size a portrait is larger than the face.
const PORTRAIT_SCALE: f32 = 1.6;

/// A face as it was seen when an enrolment was asked for.
#[derive(Debug, Clone)]
pub struct FrozenFace {
    /// The track it was seen on. Names the face while it is chosen.
    pub track: TrackId,
    /// The look that is held fast.
    pub look: BestLook,
    /// The face with some room around it.
    pub portrait: Arc<RgbImage>,
    /// The most similar person, and whether the face has that name.
    pub candidate: Option<(Candidate, IsNamed)>,
}

/// Whether a face is given the name of the person it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum IsNamed {
    /// It is.
    Yes,
    /// It is not similar enough, or somebody else is as similar.
    No,
}

impl FrozenFace {
    /// The face of a track, if it was looked at closely just before it was seen last.
    pub(super) fn of(track: &Track) -> Option<Self> {
        let look = track.last_look()?;
        if track.last_seen.since(&look.frame.captured_at) > FRESH {
            return None;
        }
        let candidate = track.judgement.and_then(|judgement| {
            let is_named = match judgement.known() {
                Some(_) => IsNamed::Yes,
                None => IsNamed::No,
            };
            Some((judgement.candidate?, is_named))
        });
        Some(Self {
            track: track.id,
            look: look.clone(),
            portrait: Arc::new(portrait(&look.frame.image, &look.bounding_box)),
            candidate,
        })
    }

    /// Whether a close look shows this face; `samples` are looks that do.
    pub(super) fn is_shown_by<'a>(
        &self,
        face: &Embedding,
        mut samples: impl Iterator<Item = &'a Embedding>,
    ) -> bool {
        let likeness = self.look.embedding.similarity(face);
        likeness >= CONSISTENT
            || (likeness >= TURNED && samples.any(|sample| sample.similarity(face) >= RETURNED))
    }
}

/// The faces in sight that can be frozen, the largest first.
pub(super) fn in_sight(tracker: &Tracker) -> Vec<FrozenFace> {
    let mut faces: Vec<FrozenFace> = tracker.in_sight().filter_map(FrozenFace::of).collect();
    let area = |face: &FrozenFace| face.look.bounding_box.area();
    faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
    faces
}

/// Cuts a face out of a picture, with some room around it.
pub(super) fn portrait(image: &RgbImage, face: &BoundingBox) -> RgbImage {
    let cut = face
        .scaled(PORTRAIT_SCALE)
        .clamped(image.width(), image.height());
    let (left, top) = (cut.left.floor() as u32, cut.top.floor() as u32);
    let (width, height) = (cut.width().ceil() as u32, cut.height().ceil() as u32);
    crop_imm(image, left, top, width.max(1), height.max(1)).to_image()
}
