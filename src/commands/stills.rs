//! Faces in pictures from the disk, as `enrol` and `identify` need them.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;

use crate::core::observation::FaceObservation;
use crate::core::quality::QualityGate;
use crate::inference::recogniser::Recogniser;
use crate::inference::still::find_faces_in_still;
use crate::picture;
use crate::store::NewTemplate;

/// Any face that can be embedded at all; a still picture is all there is.
const ANY_QUALITY: QualityGate = QualityGate {
    min_eye_distance: 6.0,
    min_sharpness: 0.0,
    brightness: (5.0, 252.0),
    min_contrast: 3.0,
    max_turn: 2.0,
    max_tilt_degrees: 180.0,
    min_mouth_contrast: 0.0,
    min_detector_score: 0.0,
};

/// A picture and the faces in it.
pub(super) struct Still {
    pub(super) image: RgbImage,
    /// Largest first.
    pub(super) faces: Vec<FaceObservation>,
}

/// Opens a picture and embeds every face in it.
pub(super) fn look_at(path: &Path, recogniser: &mut Recogniser) -> Result<Still> {
    examine(picture::open(path)?, recogniser)
}

/// Embeds every face in a picture.
pub(super) fn examine(image: RgbImage, recogniser: &mut Recogniser) -> Result<Still> {
    let detections = find_faces_in_still(recogniser.detector.as_mut(), &image)?;
    let (mut faces, _) = recogniser.examine(&image, &detections, &ANY_QUALITY)?;
    let area = |face: &FaceObservation| face.detection.bounding_box.area();
    faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
    Ok(Still { image, faces })
}

impl Still {
    /// What is kept of one of its faces.
    pub(super) fn template_of(
        &self,
        face: &FaceObservation,
        recogniser: &Recogniser,
    ) -> Result<NewTemplate> {
        let portrait = picture::portrait(&self.image, &face.detection.bounding_box);
        Ok(NewTemplate {
            embedding: face
                .embedding
                .clone()
                .context("the face is too poor to embed")?,
            model: recogniser.model_id().clone(),
            quality: face.quality.score(),
            jpeg: Some(picture::encode_jpeg(&portrait, picture::PORTRAIT_QUALITY)?),
        })
    }
}
