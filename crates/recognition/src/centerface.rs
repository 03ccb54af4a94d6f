//! CenterFace: a face is the peak of a heat map (Xu et al., "CenterFace: Joint
//! Face Detection and Alignment Using Face as Point", 2019).

use candle_core::Tensor;

use super::InferenceError;
use super::detector::DetectorHead;
use super::outputs::read_outputs;
use rollcall_core::detection::Detection;
use rollcall_core::geometry::{BoundingBox, Landmarks, Point};

const STRIDE: u32 = 4;

/// The outputs are, on cells of 4 pixels, `[1, channels, rows, columns]`: heat,
/// log (height, width), centre offsets (y, x) and five landmarks (y, x) relative
/// to the box.
///
/// Boxes are not cut at the border of the picture as the published code does it:
/// the landmarks are relative to the whole box.
pub(super) struct CenterFaceHead {
    pub(super) model: String,
}

impl DetectorHead for CenterFaceHead {
    fn decode(
        &self,
        outputs: &[Tensor],
        canvas_size: (u32, u32),
        score_threshold: f32,
    ) -> Result<Vec<Detection>, InferenceError> {
        let columns = (canvas_size.0 / STRIDE) as usize;
        let rows = (canvas_size.1 / STRIDE) as usize;
        let shapes = [1, 2, 2, 10].map(|channels| vec![1, channels, rows, columns]);
        let values = read_outputs(&self.model, outputs, &shapes)?;
        let cells = rows * columns;
        // A score that is not a number fails the comparison.
        Ok((0..cells)
            .filter(|&cell| values[0][cell] >= score_threshold)
            .map(|cell| {
                let at = |output: usize, channel: usize| values[output][channel * cells + cell];
                decode_cell(
                    Point::new((cell % columns) as f32, (cell / columns) as f32),
                    at,
                )
            })
            .collect())
    }
}

/// `at` gives the value of an output's channel in this cell.
fn decode_cell(cell: Point, at: impl Fn(usize, usize) -> f32) -> Detection {
    let stride = STRIDE as f32;
    let (height, width) = (at(1, 0).exp() * stride, at(1, 1).exp() * stride);
    let top = (cell.y + at(2, 0) + 0.5) * stride - height / 2.0;
    let left = (cell.x + at(2, 1) + 0.5) * stride - width / 2.0;
    Detection {
        bounding_box: BoundingBox::new(left, top, left + width, top + height),
        score: at(0, 0),
        landmarks: Landmarks {
            points: std::array::from_fn(|i| {
                Point::new(left + at(3, 2 * i + 1) * width, top + at(3, 2 * i) * height)
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    const CANVAS: (u32, u32) = (64, 32);
    const CELLS: usize = 16 * 8;

    fn head() -> CenterFaceHead {
        CenterFaceHead {
            model: "c.onnx".into(),
        }
    }

    /// Outputs that are zero but for `changes`: (output, channel, cell, value).
    fn outputs(changes: &[(usize, usize, usize, f32)]) -> Vec<Tensor> {
        [1, 2, 2, 10]
            .into_iter()
            .enumerate()
            .map(|(index, channels)| {
                let mut data = vec![0f32; channels * CELLS];
                for &(_, channel, cell, value) in changes.iter().filter(|c| c.0 == index) {
                    data[channel * CELLS + cell] = value;
                }
                Tensor::from_vec(data, (1, channels, 8, 16), &Device::Cpu).unwrap()
            })
            .collect()
    }

    #[test]
    fn sizes_are_logarithms_and_landmarks_relative_to_the_box() {
        // Cell 18 is column 2, row 1; its centre is at (10, 6).
        let changes = [
            (0, 0, 18, 0.9),
            (1, 0, 18, 2f32.ln()),
            (2, 1, 18, 0.5),
            (3, 0, 18, 0.25),
            (3, 1, 18, 0.5),
        ];
        let found = head().decode(&outputs(&changes), CANVAS, 0.5).unwrap();
        assert_eq!(found.len(), 1);
        let b = found[0].bounding_box;
        assert!(
            (b.left - 10.0).abs() < 1e-5 && (b.right - 14.0).abs() < 1e-5,
            "{b:?}"
        );
        assert!(
            (b.top - 2.0).abs() < 1e-5 && (b.bottom - 10.0).abs() < 1e-5,
            "{b:?}"
        );
        assert!(
            found[0]
                .landmarks
                .left_eye()
                .distance(Point::new(12.0, 4.0))
                < 1e-5
        );
    }

    #[test]
    fn scores_not_a_number_are_dropped() {
        let changes = [(0, 0, 3, f32::NAN), (0, 0, 4, 0.3)];
        assert!(
            head()
                .decode(&outputs(&changes), CANVAS, 0.5)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn outputs_of_another_size_are_an_error_that_names_the_file() {
        let error = head().decode(&outputs(&[]), (64, 64), 0.5).unwrap_err();
        assert!(error.to_string().starts_with("c.onnx: output 0"), "{error}");
    }
}
