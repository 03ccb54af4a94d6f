//! The whole of recognition on one picture: detect, align, measure, embed, judge.

use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use super::{FaceDetector, FaceEmbedder, InferenceError, LivenessModel};
use rollcall_core::align::{AlignedFace, align};
use rollcall_core::attention::appearance::Appearance;
use rollcall_core::attention::faces::{Attention, FaceAttention, Glance};
use rollcall_core::detection::Detection;
use rollcall_core::embedding::ModelId;
use rollcall_core::frame::Frame;
use rollcall_core::observation::{FaceObservation, Observation, StageTimes};
use rollcall_core::quality::{FaceQuality, QualityGate};

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

    /// Looks at a frame of a camera. `attention` says which faces are worth a close look;
    /// the others, and those too poor to vote, get no embedding.
    ///
    /// # Errors
    /// If a network fails.
    pub fn look_at(
        &mut self,
        frame: Arc<Frame>,
        attention: &mut FaceAttention,
    ) -> Result<Observation, InferenceError> {
        let started = Instant::now();
        let detections = self.detector.detect(&frame.image)?;
        let detect = started.elapsed();
        let started = Instant::now();
        let candidates = measure(&frame.image, &detections);
        let glances: Vec<Glance> = candidates
            .iter()
            .map(|candidate| Glance {
                bounding_box: candidate.detection.bounding_box,
                quality: candidate.quality.score(),
                is_good: QualityGate::RECOGNITION.check(&candidate.quality).is_ok(),
                appearance: Appearance::of(&candidate.aligned.image),
            })
            .collect();
        let chosen = attention.choose(&glances, frame.captured_at.monotonic);
        let aligning = started.elapsed();
        let (faces, mut times) = self.look_closely(&frame.image, candidates, &chosen)?;
        times.detect = detect;
        times.embed += aligning;
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
        let started = Instant::now();
        let candidates = measure(image, detections);
        let chosen: Vec<Attention> = candidates
            .iter()
            .map(|candidate| Attention {
                is_wanted: gate.check(&candidate.quality).is_ok(),
                is_followed: false,
            })
            .collect();
        let aligning = started.elapsed();
        let (faces, mut times) = self.look_closely(image, candidates, &chosen)?;
        times.embed += aligning;
        Ok((faces, times))
    }

    fn look_closely(
        &mut self,
        image: &RgbImage,
        candidates: Vec<Candidate>,
        chosen: &[Attention],
    ) -> Result<(Vec<FaceObservation>, StageTimes), InferenceError> {
        let mut times = StageTimes::default();
        let started = Instant::now();
        let aligned: Vec<AlignedFace> = candidates
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| chosen.is_wanted)
            .map(|(candidate, _)| candidate.aligned.clone())
            .collect();
        let mut embeddings = self.embedder.embed(&aligned)?.into_iter();
        times.embed = started.elapsed();

        let started = Instant::now();
        let mut faces = Vec::with_capacity(candidates.len());
        for (candidate, chosen) in candidates.into_iter().zip(chosen) {
            let liveness = match &mut self.liveness {
                Some(network) if chosen.is_wanted => {
                    Some(network.score(image, &candidate.detection.bounding_box)?)
                }
                _ => None,
            };
            faces.push(FaceObservation {
                detection: candidate.detection,
                quality: candidate.quality,
                is_followed: chosen.is_followed,
                embedding: if chosen.is_wanted {
                    embeddings.next()
                } else {
                    None
                },
                liveness,
            });
        }
        times.liveness = started.elapsed();
        Ok((faces, times))
    }
}

/// Turns the faces upright and measures them.
fn measure(image: &RgbImage, detections: &[Detection]) -> Vec<Candidate> {
    detections
        .iter()
        .filter_map(|detection| {
            let aligned = align(image, &detection.landmarks)?;
            Some(Candidate {
                detection: *detection,
                quality: FaceQuality::measure(detection, &aligned),
                aligned,
            })
        })
        .collect()
}
