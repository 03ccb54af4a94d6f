//! The whole of recognition on one picture: detect, align, measure, embed, judge.

use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use super::{FaceDetector, FaceEmbedder, InferenceError, LivenessModel};
use crate::core::align::{AlignedFace, align};
use crate::core::detection::Detection;
use crate::core::embedding::ModelId;
use crate::core::frame::Frame;
use crate::core::observation::{FaceObservation, Observation, StageTimes};
use crate::core::quality::{FaceQuality, QualityGate};

/// The networks of one station.
pub struct Recogniser {
    /// Finds faces.
    pub detector: Box<dyn FaceDetector>,
    /// Tells them apart.
    pub embedder: Box<dyn FaceEmbedder>,
    /// Judges whether they are live, if wanted.
    pub liveness: Option<Box<dyn LivenessModel>>,
}

/// A detected face, turned upright and measured.
struct Candidate {
    detection: Detection,
    aligned: AlignedFace,
    quality: FaceQuality,
}

impl Recogniser {
    /// Which network makes the embeddings.
    pub fn model_id(&self) -> &ModelId {
        self.embedder.model_id()
    }

    /// Looks at a frame of a camera. Faces too poor to vote are not embedded.
    ///
    /// # Errors
    /// If a network fails.
    pub fn look_at(&mut self, frame: Arc<Frame>) -> Result<Observation, InferenceError> {
        let started = Instant::now();
        let detections = self.detector.detect(&frame.image)?;
        let detect = started.elapsed();
        let (faces, mut times) =
            self.examine(&frame.image, &detections, &QualityGate::RECOGNITION)?;
        times.detect = detect;
        Ok(Observation {
            frame,
            faces,
            times,
        })
    }

    /// Measures and embeds detected faces; those below `gate` get no embedding.
    /// A face whose landmarks lie in one point is left out.
    ///
    /// # Errors
    /// If a network fails.
    pub fn examine(
        &mut self,
        image: &RgbImage,
        detections: &[Detection],
        gate: &QualityGate,
    ) -> Result<(Vec<FaceObservation>, StageTimes), InferenceError> {
        let mut times = StageTimes::default();
        let started = Instant::now();
        let candidates: Vec<Candidate> = detections
            .iter()
            .filter_map(|detection| {
                let aligned = align(image, &detection.landmarks)?;
                Some(Candidate {
                    detection: *detection,
                    quality: FaceQuality::measure(detection, &aligned),
                    aligned,
                })
            })
            .collect();
        let good: Vec<AlignedFace> = candidates
            .iter()
            .filter(|c| gate.check(&c.quality).is_ok())
            .map(|c| c.aligned.clone())
            .collect();
        let mut embeddings = self.embedder.embed(&good)?.into_iter();
        times.embed = started.elapsed();

        let started = Instant::now();
        let mut faces = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let passed = gate.check(&candidate.quality).is_ok();
            let liveness = match &mut self.liveness {
                Some(network) if passed => {
                    Some(network.score(image, &candidate.detection.bounding_box)?)
                }
                _ => None,
            };
            faces.push(FaceObservation {
                detection: candidate.detection,
                quality: candidate.quality,
                embedding: if passed { embeddings.next() } else { None },
                liveness,
            });
        }
        times.liveness = started.elapsed();
        Ok((faces, times))
    }
}
