//! Passive liveness: one look at the face and what surrounds it.
//!
//! A hint to be fused over frames, not a verdict: live people score 0.65 to 1.0
//! with the odd 0.3, a photographed photograph about 0.1.

use image::RgbImage;
use image::imageops;

use super::manifest::{InputSpec, ModelEntry};
use super::outputs::read_outputs;
use super::preprocess::{resize, to_tensor};
use super::{InferenceError, LivenessModel};
use rollcall_core::geometry::BoundingBox;
use rollcall_engine::Network;

/// How much of the surroundings the network sees: the edge of a photograph or
/// of a telephone is what gives a presentation attack away.
const CROP_SCALE: f32 = 2.7;

/// Live, and two kinds of attack.
const CLASSES: usize = 3;

/// A liveness network with its pre- and post-processing.
pub(super) struct PassiveLiveness {
    pub(super) model: String,
    pub(super) network: Box<dyn Network>,
    pub(super) input: InputSpec,
    pub(super) side: u32,
}

impl PassiveLiveness {
    pub(super) fn new(entry: &ModelEntry, network: Box<dyn Network>, side: u32) -> Self {
        Self {
            model: entry.file.clone(),
            network,
            input: entry.input,
            side,
        }
    }
}

impl LivenessModel for PassiveLiveness {
    fn score(
        &mut self,
        image: &RgbImage,
        bounding_box: &BoundingBox,
    ) -> Result<f32, InferenceError> {
        let Some(crop) = surroundings(image, bounding_box) else {
            return Err(InferenceError::Input {
                model: self.model.clone(),
                reason: format!(
                    "{bounding_box:?} is no face in a picture of {}x{} pixels",
                    image.width(),
                    image.height()
                ),
            });
        };
        let cropped =
            imageops::crop_imm(image, crop.left, crop.top, crop.width, crop.height).to_image();
        let scaled = resize(&cropped, self.side, self.side);
        let tensor = to_tensor(&scaled, (self.side, self.side), &self.input).map_err(|source| {
            InferenceError::Tensor {
                model: self.model.clone(),
                source,
            }
        })?;
        let outputs = self.network.run(&tensor)?;
        let logits = read_outputs(&self.model, &outputs, &[vec![1, CLASSES]])?.concat();
        softmax_first(&logits).ok_or_else(|| InferenceError::Output {
            model: self.model.clone(),
            reason: format!("the logits {logits:?} are not all finite numbers"),
        })
    }
}

/// Whole pixels inside a picture.
#[derive(Debug, PartialEq, Eq)]
struct Crop {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The box scaled about its centre, shifted rather than cut where it reaches
/// over the border, and scaled less where it would not fit at all.
fn surroundings(image: &RgbImage, b: &BoundingBox) -> Option<Crop> {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let is_a_box = [b.left, b.top, b.right, b.bottom]
        .iter()
        .all(|v| v.is_finite())
        && b.area() > 0.0
        && b.clamped(image.width(), image.height()).area() > 0.0;
    if !is_a_box || width < 2.0 || height < 2.0 {
        return None;
    }
    let scale = CROP_SCALE
        .min((width - 1.0) / b.width())
        .min((height - 1.0) / b.height());
    let scaled = b.scaled(scale);
    // `max` before `min`: rounding may make the crop wider than the picture by a hair.
    let left = scaled.left.min(width - 1.0 - scaled.width()).max(0.0) as u32;
    let top = scaled.top.min(height - 1.0 - scaled.height()).max(0.0) as u32;
    Some(Crop {
        left,
        top,
        width: (scaled.width() as u32).clamp(1, image.width() - left),
        height: (scaled.height() as u32).clamp(1, image.height() - top),
    })
}

fn softmax_first(logits: &[f32]) -> Option<f32> {
    if !logits.iter().all(|v| v.is_finite()) {
        return None;
    }
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let powers: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
    Some(powers.first()? / powers.iter().sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{ColourOrder, InputSide};
    use candle_core::{Device, Tensor};
    use proptest::prelude::*;
    use rollcall_engine::EngineError;

    struct Fixed(Vec<f32>);

    impl Network for Fixed {
        fn run(&mut self, input: &Tensor) -> Result<Vec<Tensor>, EngineError> {
            assert_eq!(input.dims(), [1, 3, 128, 128]);
            let shape = (1, self.0.len());
            Ok(vec![
                Tensor::from_vec(self.0.clone(), shape, &Device::Cpu).unwrap(),
            ])
        }
    }

    fn liveness(logits: Vec<f32>) -> PassiveLiveness {
        PassiveLiveness {
            model: "l.onnx".into(),
            network: Box::new(Fixed(logits)),
            input: InputSpec {
                side: InputSide::Pixels(128),
                colour_order: ColourOrder::Bgr,
                mean: 0.0,
                scale: 1.0,
            },
            side: 128,
        }
    }

    const FACE: BoundingBox = BoundingBox::new(40.0, 40.0, 60.0, 60.0);

    #[test]
    fn the_first_class_is_live() {
        let image = RgbImage::new(100, 100);
        let score = |logits| liveness(logits).score(&image, &FACE);
        assert!((score(vec![0.0, 0.0, 0.0]).unwrap() - 1.0 / 3.0).abs() < 1e-6);
        assert!(score(vec![200.0, -200.0, 0.0]).unwrap() > 0.999);
        let error = score(vec![f32::NAN, 0.0, 0.0]).unwrap_err().to_string();
        assert!(error.contains("l.onnx"), "{error}");
        assert!(
            score(vec![0.0; 2])
                .unwrap_err()
                .to_string()
                .contains("shape")
        );
    }

    #[test]
    fn a_box_that_is_no_face_is_an_error() {
        let image = RgbImage::new(100, 100);
        for b in [
            BoundingBox::default(),
            BoundingBox::new(200.0, 200.0, 220.0, 220.0),
            BoundingBox::new(f32::NAN, 0.0, 10.0, 10.0),
        ] {
            assert!(liveness(vec![0.0; 3]).score(&image, &b).is_err(), "{b:?}");
        }
    }

    #[test]
    fn surroundings_are_shifted_into_the_picture() {
        let image = RgbImage::new(100, 100);
        let crop = |b| surroundings(&image, &b).unwrap();
        assert_eq!(
            crop(FACE),
            Crop {
                left: 23,
                top: 23,
                width: 54,
                height: 54
            }
        );
        let at_the_corner = crop(BoundingBox::new(0.0, 80.0, 20.0, 100.0));
        assert_eq!(
            at_the_corner,
            Crop {
                left: 0,
                top: 45,
                width: 54,
                height: 54
            }
        );
        let whole = crop(BoundingBox::new(0.0, 0.0, 100.0, 100.0));
        assert_eq!(
            whole,
            Crop {
                left: 0,
                top: 0,
                width: 99,
                height: 99
            }
        );
    }

    proptest! {
        #[test]
        fn a_crop_is_never_empty_nor_outside(
            size in (2u32..50, 2u32..50), left in -60f32..60.0, top in -60f32..60.0,
            w in 0.01f32..200.0, h in 0.01f32..200.0,
        ) {
            let image = RgbImage::new(size.0, size.1);
            if let Some(c) = surroundings(&image, &BoundingBox::new(left, top, left + w, top + h)) {
                prop_assert!(c.width > 0 && c.height > 0);
                prop_assert!(c.left + c.width <= size.0 && c.top + c.height <= size.1);
            }
        }
    }
}
