//! What a face detector reports, and the suppression of overlapping reports.

use super::geometry::{BoundingBox, Landmarks};

/// One detected face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where the face is, in pixels of the picture that was searched.
    pub bounding_box: BoundingBox,
    /// Confidence of the detector, 0..=1.
    pub score: f32,
    /// The five landmarks, in the same pixels as the box.
    pub landmarks: Landmarks,
}

/// Greedy non-maximum suppression: keeps the best-scoring detection of every
/// group whose intersection over union exceeds `iou_threshold`.
///
/// The result is sorted by score, best first; equal scores keep their order.
pub fn non_maximum_suppression(
    mut detections: Vec<Detection>,
    iou_threshold: f32,
) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::with_capacity(detections.len());
    for candidate in detections {
        let overlaps = kept
            .iter()
            .any(|better| better.bounding_box.iou(&candidate.bounding_box) > iou_threshold);
        if !overlaps {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arbitrary_detection() -> impl Strategy<Value = Detection> {
        (0f32..200.0, 0f32..200.0, 1f32..80.0, 1f32..80.0, 0f32..1.0).prop_map(
            |(left, top, w, h, score)| Detection {
                bounding_box: BoundingBox::new(left, top, left + w, top + h),
                score,
                landmarks: Landmarks::default(),
            },
        )
    }

    proptest! {
        #[test]
        fn suppression_is_idempotent_and_keeps_the_best(
            detections in prop::collection::vec(arbitrary_detection(), 0..40), iou in 0.1f32..0.9,
        ) {
            let best = detections.iter().map(|d| d.score).fold(f32::MIN, f32::max);
            let once = non_maximum_suppression(detections.clone(), iou);
            prop_assert_eq!(&non_maximum_suppression(once.clone(), iou), &once);
            if let Some(first) = once.first() {
                prop_assert_eq!(first.score, best);
            }
            for (i, a) in once.iter().enumerate() {
                for b in &once[i + 1..] {
                    prop_assert!(a.bounding_box.iou(&b.bounding_box) <= iou);
                }
            }
        }
    }
}
