//! What the face detectors share: options, the letterbox and suppression.
//!
//! A detector of a new family implements [`DetectorHead`]; everything around the
//! network is [`LetterboxedDetector`].

use std::fmt;
use std::str::FromStr;

use candle_core::Tensor;
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::manifest::{InputSpec, ModelFamily};
use super::preprocess::{DETECTOR_STRIDE, Letterbox};
use super::{FaceDetector, InferenceError};
use rollcall_core::detection::{Detection, non_maximum_suppression};
use rollcall_engine::Network;

/// The largest input side that is accepted. A canvas of this size takes some
/// gigabytes in the first layers; no camera of a station needs it.
pub const MAX_INPUT_SIDE: u32 = 2048;

/// The detectors one can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectorKind {
    /// SCRFD-2.5G: fast and accurate; weights for non-commercial research only.
    #[default]
    Scrfd,
    /// CenterFace: MIT.
    Centerface,
}

impl DetectorKind {
    /// All of them, for help texts.
    pub const ALL: [DetectorKind; 2] = [Self::Scrfd, Self::Centerface];

    /// The name used in the configuration.
    pub fn name(self) -> &'static str {
        self.family().name()
    }

    /// The detector of a family; `None` if that is one of other networks.
    pub fn of_family(family: ModelFamily) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.family() == family)
    }

    /// The family of its weights.
    pub fn family(self) -> ModelFamily {
        match self {
            Self::Scrfd => ModelFamily::Scrfd,
            Self::Centerface => ModelFamily::Centerface,
        }
    }
}

impl fmt::Display for DetectorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DetectorKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("{name:?} is no detector; there are scrfd and centerface"))
    }
}

/// How to look for faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectorOptions {
    /// The longer side of the picture is scaled to so many pixels; a multiple of 32.
    pub input_side: u32,
    /// Faces scored below are not reported; between 0 and 1.
    pub score_threshold: f32,
    /// Of two boxes that overlap more (intersection over union), the better is kept.
    pub nms_iou_threshold: f32,
}

impl DetectorOptions {
    /// What the authors of each family recommend, at a size a Raspberry Pi can follow.
    pub fn recommended(kind: DetectorKind) -> Self {
        Self {
            input_side: 320,
            score_threshold: 0.5,
            nms_iou_threshold: match kind {
                DetectorKind::Scrfd => 0.4,
                DetectorKind::Centerface => 0.3,
            },
        }
    }

    /// Says what is wrong with the options, if something is.
    ///
    /// # Errors
    /// The sentence to show to the user.
    pub fn validate(&self) -> Result<(), String> {
        let side = self.input_side;
        if side == 0 || !side.is_multiple_of(DETECTOR_STRIDE) || side > MAX_INPUT_SIDE {
            return Err(format!(
                "the detector's input side of {side} pixels is not a multiple of {DETECTOR_STRIDE} between {DETECTOR_STRIDE} and {MAX_INPUT_SIDE}"
            ));
        }
        for (name, value) in [
            ("score threshold", self.score_threshold),
            ("overlap threshold", self.nms_iou_threshold),
        ] {
            // Written so that NaN is refused as well.
            if !(value > 0.0 && value < 1.0) {
                return Err(format!(
                    "the detector's {name} of {value} is not between 0 and 1"
                ));
            }
        }
        Ok(())
    }
}

/// Turns the outputs of one family of networks into detections.
pub(super) trait DetectorHead: Send {
    /// All candidates scored at least `score_threshold`, in pixels of a canvas of
    /// `canvas_size` = (width, height), before suppression.
    fn decode(
        &self,
        outputs: &[Tensor],
        canvas_size: (u32, u32),
        score_threshold: f32,
    ) -> Result<Vec<Detection>, InferenceError>;
}

/// A detector network with its pre- and post-processing.
pub(super) struct LetterboxedDetector<H> {
    pub(super) model: String,
    pub(super) network: Box<dyn Network>,
    pub(super) head: H,
    pub(super) input: InputSpec,
    pub(super) options: DetectorOptions,
}

impl<H: DetectorHead> FaceDetector for LetterboxedDetector<H> {
    fn detect(&mut self, image: &RgbImage) -> Result<Vec<Detection>, InferenceError> {
        let side = self.options.input_side;
        let Some(letterbox) = Letterbox::new(image.width(), image.height(), side) else {
            return Ok(Vec::new());
        };
        let tensor =
            letterbox
                .to_tensor(image, &self.input)
                .map_err(|source| InferenceError::Tensor {
                    model: self.model.clone(),
                    source,
                })?;
        let outputs = self.network.run(&tensor)?;
        let mut candidates = self.head.decode(
            &outputs,
            letterbox.canvas_size,
            self.options.score_threshold,
        )?;
        candidates.retain(is_finite);
        let kept = non_maximum_suppression(candidates, self.options.nms_iou_threshold);
        Ok(kept
            .iter()
            .map(|detection| letterbox.detection_in_frame(detection))
            .collect())
    }
}

/// Networks on hostile pictures may overflow; such a box would poison every
/// comparison after it.
fn is_finite(detection: &Detection) -> bool {
    let b = &detection.bounding_box;
    [b.left, b.top, b.right, b.bottom]
        .iter()
        .all(|v| v.is_finite())
        && detection
            .landmarks
            .points
            .iter()
            .all(|p| p.x.is_finite() && p.y.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{ColourOrder, FreeSide, InputSide};
    use rollcall_core::geometry::{BoundingBox, Landmarks};
    use rollcall_engine::EngineError;

    /// Gives back what it is told to, whatever the picture.
    struct Told(Vec<Detection>);

    impl DetectorHead for Told {
        fn decode(
            &self,
            _: &[Tensor],
            _: (u32, u32),
            _: f32,
        ) -> Result<Vec<Detection>, InferenceError> {
            Ok(self.0.clone())
        }
    }

    struct Silent;

    impl Network for Silent {
        fn run(&mut self, _: &Tensor) -> Result<Vec<Tensor>, EngineError> {
            Ok(Vec::new())
        }
    }

    fn detector(candidates: Vec<Detection>) -> LetterboxedDetector<Told> {
        LetterboxedDetector {
            model: "told.onnx".into(),
            network: Box::new(Silent),
            head: Told(candidates),
            input: InputSpec {
                side: InputSide::Free(FreeSide::MultipleOf32),
                colour_order: ColourOrder::Rgb,
                mean: 0.0,
                scale: 1.0,
            },
            options: DetectorOptions::recommended(DetectorKind::Scrfd),
        }
    }

    fn candidate(left: f32, score: f32) -> Detection {
        Detection {
            bounding_box: BoundingBox::new(left, 0.0, left + 10.0, 10.0),
            score,
            landmarks: Landmarks::default(),
        }
    }

    #[test]
    fn boxes_are_suppressed_and_given_in_frame_pixels() {
        let candidates = vec![
            candidate(0.0, 0.6),
            candidate(1.0, 0.9),
            candidate(50.0, 0.7),
            candidate(f32::INFINITY, 0.99),
        ];
        let found = detector(candidates)
            .detect(&RgbImage::new(640, 480))
            .unwrap();
        let lefts: Vec<f32> = found.iter().map(|d| d.bounding_box.left).collect();
        assert_eq!(lefts, [2.0, 100.0]);
    }

    #[test]
    fn a_picture_without_pixels_has_no_face() {
        let mut detector = detector(vec![candidate(0.0, 0.9)]);
        assert!(detector.detect(&RgbImage::new(0, 0)).unwrap().is_empty());
        assert!(detector.detect(&RgbImage::new(5, 0)).unwrap().is_empty());
    }

    #[test]
    fn options_that_cannot_work_are_refused() {
        let good = DetectorOptions::recommended(DetectorKind::Centerface);
        assert_eq!(good.validate(), Ok(()));
        for input_side in [0, 100, 4096] {
            let bad = DetectorOptions { input_side, ..good };
            assert!(bad.validate().unwrap_err().contains("32"));
        }
        for threshold in [0.0, 1.0, -1.0, f32::NAN] {
            let bad = DetectorOptions {
                score_threshold: threshold,
                ..good
            };
            assert!(bad.validate().unwrap_err().contains("score"));
            let bad = DetectorOptions {
                nms_iou_threshold: threshold,
                ..good
            };
            assert!(bad.validate().unwrap_err().contains("overlap"));
        }
    }

    #[test]
    fn detectors_have_names() {
        for kind in DetectorKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert!(
            "retina"
                .parse::<DetectorKind>()
                .unwrap_err()
                .contains("scrfd")
        );
    }
}
