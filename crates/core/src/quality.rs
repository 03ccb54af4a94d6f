//! How good a face is to recognise, in measures the person can act on.

use crate::say;
use rollcall_messages::{Message, Said, Text};
use std::fmt;

use image::RgbImage;

use super::align::{ALIGNED_SIDE, AlignedFace};
use super::detection::Detection;

/// Measures of one face.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FaceQuality {
    /// Distance between the eyes in the frame, in pixels.
    pub eye_distance: f32,
    /// Standard deviation of the Laplacian of the aligned face, without the part
    /// that rounding to 8 bits causes, relative to its contrast: 0 for a smear,
    /// above 0.1 for a crisp face, whatever the light. Below 0.03 the similarity
    /// to a crisp picture of the same person falls under the threshold.
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
    /// Contrast of mouth and chin relative to that of the whole face: a bare face has
    /// 0.36 and more (99 of 100 pictures of Labeled Faces in the Wild), a plain mask 0.37
    /// and less, whatever its colour.
    pub mouth_contrast: f32,
    /// Score of the detector, 0..=1.
    pub detector_score: f32,
}

/// Why a face is not good enough, as something to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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
    /// Mouth and chin are covered.
    Covered,
    /// The detector is not sure it is a face.
    Unclear,
}

impl QualityIssue {
    /// What the person should do.
    pub fn text(self) -> Text {
        match self {
            Self::TooSmall => say::QUALITY_TOO_SMALL,
            Self::OutOfFrame => say::QUALITY_OUT_OF_FRAME,
            Self::TooDark => say::QUALITY_TOO_DARK,
            Self::TooBright => say::QUALITY_TOO_BRIGHT,
            Self::LowContrast => say::QUALITY_LOW_CONTRAST,
            Self::Blurred => say::QUALITY_BLURRED,
            Self::Turned => say::QUALITY_TURNED,
            Self::Tilted => say::QUALITY_TILTED,
            Self::Covered => say::QUALITY_COVERED,
            Self::Unclear => say::QUALITY_UNCLEAR,
        }
    }
}

impl fmt::Display for QualityIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for QualityIssue {
    fn said(&self) -> Message {
        self.text().into()
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
    /// Least contrast of mouth and chin, relative to the face's.
    pub min_mouth_contrast: f32,
    /// Least detector score.
    pub min_detector_score: f32,
}

impl QualityGate {
    /// For a vote on who somebody is: refuses only what would mislead the embedder.
    pub const RECOGNITION: QualityGate = QualityGate {
        min_eye_distance: 12.0,
        min_sharpness: 0.03,
        brightness: (25.0, 240.0),
        min_contrast: 10.0,
        max_turn: 0.45,
        max_tilt_degrees: 40.0,
        // Who is masked is refused by the similarity, if at all.
        min_mouth_contrast: 0.0,
        min_detector_score: 0.5,
    };

    /// For a template, with which everything later is compared.
    pub const ENROLMENT: QualityGate = QualityGate {
        min_eye_distance: 24.0,
        min_sharpness: 0.06,
        brightness: (45.0, 225.0),
        min_contrast: 18.0,
        max_turn: 0.3,
        max_tilt_degrees: 25.0,
        min_mouth_contrast: 0.34,
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
                quality.mouth_contrast < self.min_mouth_contrast,
                QualityIssue::Covered,
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
            mouth_contrast: contrast_of(&aligned.image, MOUTH)
                / contrast_of(&aligned.image, FACE).max(1.0),
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

/// Parts of an aligned face: left, top, right, bottom.
const MOUTH: [u32; 4] = [40, 86, 72, 108];
const FACE: [u32; 4] = [16, 30, 96, 108];

/// Standard deviation of the luma of part of an aligned face.
fn contrast_of(aligned: &RgbImage, [left, top, right, bottom]: [u32; 4]) -> f32 {
    let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    let values: Vec<f32> = places
        .map(|(x, y)| luma(aligned.get_pixel(x, y).0))
        .collect();
    mean_and_deviation(&values).1
}

/// ITU-R BT.601.
fn luma(pixel: [u8; 3]) -> f32 {
    let [r, g, b] = pixel.map(f32::from);
    0.299 * r + 0.587 * g + 0.114 * b
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
            values.push(luma(aligned.get_pixel(x + margin, y + margin).0));
        }
    }
    Luma {
        side: side as usize,
        values,
    }
}

impl Luma {
    /// Standard deviation of the response of the 4-neighbour Laplacian.
    fn laplacian_deviation(&self) -> f32 {
        let at = |x: usize, y: usize| self.values[y * self.side + x];
        let mut responses = Vec::with_capacity(self.values.len());
        for y in 1..self.side - 1 {
            for x in 1..self.side - 1 {
                let ring = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                responses.push(ring - 4.0 * at(x, y));
            }
        }
        // Rounding adds a variance of 1/12 to each pixel; the weights' squares add up to 20.
        let of_rounding = 20.0 / 12.0;
        let variance = mean_and_deviation(&responses).1.powi(2);
        (variance - of_rounding).max(0.0).sqrt()
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

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::align::ARCFACE_TEMPLATE;
    use crate::geometry::{BoundingBox, Landmarks, Point, Similarity2d};

    fn measure(shade: impl Fn(f32, f32) -> f32, landmarks: Landmarks) -> FaceQuality {
        let image = RgbImage::from_fn(ALIGNED_SIDE, ALIGNED_SIDE, |x, y| {
            Rgb([shade(x as f32, y as f32).round().clamp(0.0, 255.0) as u8; 3])
        });
        let aligned = AlignedFace {
            image,
            crop_from_frame: Similarity2d::IDENTITY,
        };
        let detection = Detection {
            bounding_box: BoundingBox::new(10.0, 10.0, 100.0, 110.0),
            score: 0.9,
            landmarks,
        };
        FaceQuality::measure(&detection, &aligned)
    }

    /// Waves of this length in pixels around a middle grey.
    fn waves(length: f32) -> FaceQuality {
        let shade = move |x: f32, y: f32| 120.0 + 40.0 * (x / length).sin() * (y / length).cos();
        measure(shade, ARCFACE_TEMPLATE)
    }

    #[test]
    fn the_finer_the_detail_the_sharper() {
        let (fine, coarse, smear) = (waves(1.5), waves(5.0), waves(25.0));
        assert!(fine.sharpness > coarse.sharpness && coarse.sharpness > smear.sharpness);
        assert!(QualityGate::ENROLMENT.check(&fine).is_ok(), "{fine:?}");
        assert_eq!(
            QualityGate::RECOGNITION.check(&smear),
            Err(QualityIssue::Blurred)
        );
    }

    #[test]
    fn sharpness_does_not_depend_on_the_light() {
        let lit = |gain: f32| {
            let shade =
                move |x: f32, y: f32| gain * (120.0 + 80.0 * (x / 2.0).sin() * (y / 2.0).cos());
            measure(shade, ARCFACE_TEMPLATE).sharpness
        };
        assert!(
            (lit(0.4) / lit(1.2) - 1.0).abs() < 0.1,
            "{} {}",
            lit(0.4),
            lit(1.2)
        );
    }

    #[test]
    fn light_and_contrast_are_measured() {
        let flat = measure(|_, _| 30.0, ARCFACE_TEMPLATE);
        assert!((flat.brightness - 30.0).abs() < 0.5 && flat.contrast < 0.1);
        assert_eq!(flat.sharpness, 0.0);
        assert_eq!(
            QualityGate::ENROLMENT.check(&flat),
            Err(QualityIssue::TooDark)
        );
    }

    #[test]
    fn a_plain_lower_half_is_covered() {
        let face = |x: f32, y: f32| 120.0 + 60.0 * (x / 1.5).sin() * (y / 1.5).cos();
        let masked = |x: f32, y: f32| if y > 72.0 { 200.0 } else { face(x, y) };
        let check = |quality: &FaceQuality| QualityGate::ENROLMENT.check(quality);
        assert!(check(&measure(face, ARCFACE_TEMPLATE)).is_ok());
        let masked = measure(masked, ARCFACE_TEMPLATE);
        assert_eq!(check(&masked), Err(QualityIssue::Covered));
        assert!(QualityGate::RECOGNITION.check(&masked).is_ok());
    }

    #[test]
    fn turn_is_measured_along_the_eyes_and_tilt_across() {
        let turned = |nose_shift: f32, angle: f32| {
            let mut points = ARCFACE_TEMPLATE.points;
            points[2].x += nose_shift;
            let rotation = Similarity2d {
                a: angle.cos(),
                b: angle.sin(),
                tx: 0.0,
                ty: 0.0,
            };
            measure(
                |x, _| x,
                Landmarks {
                    points: points.map(|p| rotation.apply(p)),
                },
            )
        };
        let frontal = turned(0.0, 0.0);
        assert!(frontal.turn.abs() < 0.02 && frontal.tilt_degrees.abs() < 1.0);
        let tilted_and_turned = turned(17.6, 0.5);
        assert!((tilted_and_turned.turn - frontal.turn - 0.5).abs() < 0.01);
        assert!((tilted_and_turned.tilt_degrees - 28.6).abs() < 1.0);
        assert!(turned(-17.6, 0.0).turn < -0.4);
    }

    #[test]
    fn a_face_over_the_border_is_cut_off() {
        let at = |left: f32| Detection {
            bounding_box: BoundingBox::new(left, 50.0, left + 100.0, 150.0),
            score: 0.9,
            landmarks: Landmarks {
                points: [Point::default(); 5],
            },
        };
        assert!(!is_cut_off(&at(-10.0), 640, 480));
        assert!(is_cut_off(&at(-20.0), 640, 480));
        assert!(is_cut_off(&at(560.0), 640, 480));
    }
}
