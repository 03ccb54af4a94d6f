//! How good a face is to recognise, in measures the person can act on.

use std::fmt;

use image::RgbImage;

use super::align::{ALIGNED_SIDE, AlignedFace};
use super::detection::Detection;

/// Measures of one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceQuality {
    /// Distance between the eyes in the frame, in pixels.
    pub eye_distance: f32,
    /// Energy of the Laplacian of the aligned face relative to its contrast;
    /// near 0 for a smear, above 0.1 for a crisp face. Independent of the light.
    pub sharpness: f32,
    /// Mean luma of the aligned face, 0..=255.
    pub brightness: f32,
    /// Standard deviation of that luma.
    pub contrast: f32,
    /// How far the head is turned: offset of the nose from the middle of the
    /// eyes along their line, in eye distances. 0 is frontal, 0.5 is past the eye.
    pub turn: f32,
    /// Tilt of the line through the eyes, in degrees.
    pub tilt_degrees: f32,
    /// Score of the detector, 0..=1.
    pub detector_score: f32,
}

/// Why a face is not good enough, as something to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QualityIssue {
    /// Too few pixels between the eyes.
    TooSmall,
    /// Part of the face is outside of the picture.
    OutOfFrame,
    /// Too little light.
    TooDark,
    /// Too much light.
    TooBright,
    /// Fog, backlight or a dirty lens.
    LowContrast,
    /// Motion or focus.
    Blurred,
    /// The head is turned away.
    Turned,
    /// The head lies on one shoulder.
    Tilted,
    /// The detector is not sure it is a face.
    Unclear,
}

impl fmt::Display for QualityIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            QualityIssue::TooSmall => "come closer",
            QualityIssue::OutOfFrame => "move to the middle of the picture",
            QualityIssue::TooDark => "too dark: turn on a light",
            QualityIssue::TooBright => "too bright: move out of the light",
            QualityIssue::LowContrast => "too little contrast: check light and lens",
            QualityIssue::Blurred => "hold still",
            QualityIssue::Turned => "turn to the camera",
            QualityIssue::Tilted => "hold your head upright",
            QualityIssue::Unclear => "show your whole face",
        })
    }
}

/// The least a face must offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityGate {
    /// Least distance between the eyes, in pixels.
    pub min_eye_distance: f32,
    /// Least sharpness.
    pub min_sharpness: f32,
    /// Darkest and brightest mean luma.
    pub brightness: (f32, f32),
    /// Least contrast.
    pub min_contrast: f32,
    /// Largest turn of the head, in eye distances.
    pub max_turn: f32,
    /// Largest tilt, in degrees.
    pub max_tilt_degrees: f32,
    /// Least detector score.
    pub min_detector_score: f32,
}

impl QualityGate {
    /// For a vote on who somebody is: refuses only what would mislead the embedder.
    pub const RECOGNITION: QualityGate = QualityGate {
        min_eye_distance: 12.0,
        min_sharpness: 0.01,
        brightness: (25.0, 240.0),
        min_contrast: 10.0,
        max_turn: 0.45,
        max_tilt_degrees: 40.0,
        min_detector_score: 0.5,
    };

    /// For a template, with which everything later is compared.
    pub const ENROLMENT: QualityGate = QualityGate {
        min_eye_distance: 24.0,
        min_sharpness: 0.02,
        brightness: (45.0, 225.0),
        min_contrast: 18.0,
        max_turn: 0.3,
        max_tilt_degrees: 25.0,
        min_detector_score: 0.6,
    };

    /// Whether the face is good enough.
    ///
    /// # Errors
    /// The first reason to refuse it, the one that helps most when mended.
    pub fn check(&self, quality: &FaceQuality) -> Result<(), QualityIssue> {
        let rules = [
            (
                quality.eye_distance < self.min_eye_distance,
                QualityIssue::TooSmall,
            ),
            (
                quality.brightness < self.brightness.0,
                QualityIssue::TooDark,
            ),
            (
                quality.brightness > self.brightness.1,
                QualityIssue::TooBright,
            ),
            (quality.turn.abs() > self.max_turn, QualityIssue::Turned),
            (
                quality.tilt_degrees.abs() > self.max_tilt_degrees,
                QualityIssue::Tilted,
            ),
            (
                quality.contrast < self.min_contrast,
                QualityIssue::LowContrast,
            ),
            (
                quality.sharpness < self.min_sharpness,
                QualityIssue::Blurred,
            ),
            (
                quality.detector_score < self.min_detector_score,
                QualityIssue::Unclear,
            ),
        ];
        match rules.iter().find(|(broken, _)| *broken) {
            Some((_, issue)) => Err(*issue),
            None => Ok(()),
        }
    }
}

impl FaceQuality {
    /// Measures a face from its detection and its aligned picture.
    pub fn measure(detection: &Detection, aligned: &AlignedFace) -> Self {
        let landmarks = &detection.landmarks;
        let (left, right, nose) = (
            landmarks.left_eye(),
            landmarks.right_eye(),
            landmarks.nose(),
        );
        let eye_distance = landmarks.eye_distance().max(f32::EPSILON);
        let (along_x, along_y) = (
            (right.x - left.x) / eye_distance,
            (right.y - left.y) / eye_distance,
        );
        let middle = (
            f32::midpoint(left.x, right.x),
            f32::midpoint(left.y, right.y),
        );
        let turn = ((nose.x - middle.0) * along_x + (nose.y - middle.1) * along_y) / eye_distance;
        let luma = central_luma(&aligned.image);
        let (mean, deviation) = mean_and_deviation(&luma.values);
        Self {
            eye_distance,
            sharpness: luma.laplacian_deviation() / deviation.max(1.0),
            brightness: mean,
            contrast: deviation,
            turn,
            tilt_degrees: along_y.atan2(along_x).to_degrees(),
            detector_score: detection.score,
        }
    }

    /// One figure from 0 (useless) to 1 (a passport photograph), to rank samples of one person.
    pub fn score(&self) -> f32 {
        let size = (self.eye_distance / 60.0).min(1.0);
        let frontal = (1.0 - self.turn.abs() / 0.5).clamp(0.0, 1.0);
        let crisp = (self.sharpness / 0.15).min(1.0);
        let lit = (1.0 - (self.brightness - 125.0).abs() / 125.0)
            .clamp(0.0, 1.0)
            .sqrt();
        (size * frontal * crisp * lit).powf(0.25) * self.detector_score.clamp(0.0, 1.0)
    }
}

/// Luma of the middle of an aligned face, where there is skin and no background.
struct Luma {
    side: usize,
    values: Vec<f32>,
}

fn central_luma(aligned: &RgbImage) -> Luma {
    let margin = ALIGNED_SIDE / 7;
    let side = ALIGNED_SIDE - 2 * margin;
    let mut values = Vec::with_capacity((side * side) as usize);
    for y in 0..side {
        for x in 0..side {
            let [r, g, b] = aligned.get_pixel(x + margin, y + margin).0.map(f32::from);
            // ITU-R BT.601.
            values.push(0.299 * r + 0.587 * g + 0.114 * b);
        }
    }
    Luma {
        side: side as usize,
        values,
    }
}

impl Luma {
    fn laplacian_deviation(&self) -> f32 {
        let at = |x: usize, y: usize| self.values[y * self.side + x];
        let mut responses = Vec::with_capacity(self.values.len());
        for y in 1..self.side - 1 {
            for x in 1..self.side - 1 {
                let ring = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                responses.push(ring - 4.0 * at(x, y));
            }
        }
        mean_and_deviation(&responses).1
    }
}

fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

/// Whether the face's box reaches noticeably over the border of a picture of this size.
pub fn is_cut_off(detection: &Detection, width: u32, height: u32) -> bool {
    let inside = detection.bounding_box.clamped(width, height).area();
    inside < 0.85 * detection.bounding_box.area()
}
