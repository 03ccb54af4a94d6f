//! SCRFD: anchor-free heads at three strides (Guo et al., "Sample and
//! Computation Redistribution for Efficient Face Detection", 2021).

use candle_core::Tensor;

use super::InferenceError;
use super::detector::DetectorHead;
use super::outputs::read_outputs;
use rollcall_core::detection::Detection;
use rollcall_core::geometry::{BoundingBox, Landmarks, Point};

const STRIDES: [u32; 3] = [8, 16, 32];
const ANCHORS_PER_CELL: usize = 2;
const BOX_VALUES: usize = 4;
const LANDMARK_VALUES: usize = 10;

/// The outputs are scores of the three strides, then boxes, then landmarks, each
/// `[1, cells × 2, values]`; some exports leave the first axis out. Distances are
/// in strides from the anchor, which is at the top-left corner of its cell.
pub(super) struct ScrfdHead {
    pub(super) model: String,
}

impl DetectorHead for ScrfdHead {
    fn decode(
        &self,
        outputs: &[Tensor],
        canvas_size: (u32, u32),
        score_threshold: f32,
    ) -> Result<Vec<Detection>, InferenceError> {
        let mut shapes = output_shapes(canvas_size);
        if outputs.first().is_some_and(|output| output.rank() == 2) {
            for shape in &mut shapes {
                shape.remove(0);
            }
        }
        let values = read_outputs(&self.model, outputs, &shapes)?;
        let mut found = Vec::new();
        for (level, stride) in STRIDES.into_iter().enumerate() {
            let (scores, boxes, landmarks) =
                (&values[level], &values[level + 3], &values[level + 6]);
            let columns = (canvas_size.0 / stride) as usize;
            for (anchor, &score) in scores.iter().enumerate() {
                // A score that is not a number fails this comparison.
                if score >= score_threshold {
                    let cell = anchor / ANCHORS_PER_CELL;
                    let anchor_centre = Point::new(
                        ((cell % columns) as u32 * stride) as f32,
                        ((cell / columns) as u32 * stride) as f32,
                    );
                    found.push(decode_anchor(
                        score,
                        anchor_centre,
                        stride as f32,
                        &boxes[anchor * BOX_VALUES..][..BOX_VALUES],
                        &landmarks[anchor * LANDMARK_VALUES..][..LANDMARK_VALUES],
                    ));
                }
            }
        }
        Ok(found)
    }
}

fn output_shapes((width, height): (u32, u32)) -> Vec<Vec<usize>> {
    [1, BOX_VALUES, LANDMARK_VALUES]
        .into_iter()
        .flat_map(|values| {
            STRIDES.map(|stride| {
                let cells = (width / stride) as usize * (height / stride) as usize;
                vec![1, cells * ANCHORS_PER_CELL, values]
            })
        })
        .collect()
}

fn decode_anchor(
    score: f32,
    anchor: Point,
    stride: f32,
    distances: &[f32],
    offsets: &[f32],
) -> Detection {
    Detection {
        bounding_box: BoundingBox::new(
            anchor.x - distances[0] * stride,
            anchor.y - distances[1] * stride,
            anchor.x + distances[2] * stride,
            anchor.y + distances[3] * stride,
        ),
        score,
        landmarks: Landmarks {
            points: std::array::from_fn(|i| {
                Point::new(
                    anchor.x + offsets[2 * i] * stride,
                    anchor.y + offsets[2 * i + 1] * stride,
                )
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    const CANVAS: (u32, u32) = (64, 32);

    fn head() -> ScrfdHead {
        ScrfdHead {
            model: "s.onnx".into(),
        }
    }

    /// Outputs that are zero but for `changes`: (output, position, value).
    fn outputs(changes: &[(usize, usize, f32)]) -> Vec<Tensor> {
        output_shapes(CANVAS)
            .into_iter()
            .enumerate()
            .map(|(index, shape)| {
                let mut data = vec![0f32; shape.iter().product()];
                for &(_, at, value) in changes.iter().filter(|c| c.0 == index) {
                    data[at] = value;
                }
                Tensor::from_vec(data, shape, &Device::Cpu).unwrap()
            })
            .collect()
    }

    #[test]
    fn distances_and_offsets_are_in_strides_from_the_anchor() {
        // Stride 16 has 4 × 2 cells; anchor 11 is the second of cell 5: column 1, row 1.
        let mut changes = vec![(1, 11, 0.8)];
        changes.extend(
            [1.0, 0.5, 2.0, 0.25]
                .iter()
                .enumerate()
                .map(|(i, v)| (4, 44 + i, *v)),
        );
        changes.extend([(7, 110, 0.5), (7, 119, -0.5)]);
        let found = head().decode(&outputs(&changes), CANVAS, 0.5).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].bounding_box,
            BoundingBox::new(0.0, 8.0, 48.0, 20.0)
        );
        assert_eq!(found[0].landmarks.left_eye(), Point::new(24.0, 16.0));
        assert_eq!(found[0].landmarks.right_mouth(), Point::new(16.0, 8.0));
    }

    #[test]
    fn the_axis_of_the_batch_may_be_left_out() {
        let with_batch = outputs(&[(0, 5, 0.9), (3, 21, 0.5)]);
        let without: Vec<Tensor> = with_batch.iter().map(|t| t.squeeze(0).unwrap()).collect();
        let found = head().decode(&without, CANVAS, 0.5).unwrap();
        assert_eq!(found, head().decode(&with_batch, CANVAS, 0.5).unwrap());
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn scores_below_the_threshold_or_not_a_number_are_dropped() {
        let changes = [(0, 0, 0.49), (0, 1, f32::NAN), (2, 3, 0.5)];
        assert_eq!(
            head()
                .decode(&outputs(&changes), CANVAS, 0.5)
                .unwrap()
                .len(),
            1
        );
    }

    #[test]
    fn outputs_of_another_network_are_an_error_that_names_the_file() {
        let error = head().decode(&outputs(&[])[..8], CANVAS, 0.5).unwrap_err();
        assert_eq!(error.to_string(), "s.onnx: 9 outputs were expected, not 8");
        let error = head().decode(&outputs(&[]), (64, 64), 0.5).unwrap_err();
        assert!(error.to_string().contains("shape"), "{error}");
    }
}
