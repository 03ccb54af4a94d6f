//! What the recogniser says about one frame.

use std::sync::Arc;
use std::time::Duration;

use super::detection::Detection;
use super::embedding::Embedding;
use super::frame::Frame;
use super::quality::FaceQuality;

/// All faces of one frame.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The frame that was looked at.
    pub frame: Arc<Frame>,
    /// The faces in it, best detector score first.
    pub faces: Vec<FaceObservation>,
    /// How long each stage took.
    pub times: StageTimes,
}

/// One face of one frame.
#[derive(Debug, Clone)]
pub struct FaceObservation {
    /// Where it is.
    pub detection: Detection,
    /// How good it is.
    pub quality: FaceQuality,
    /// Whether it was there in the frame before, in this place and looking the same, so that
    /// it is the same face even without a close look.
    pub is_followed: bool,
    /// The face as a vector; absent if it was too poor to embed, or known well enough.
    pub embedding: Option<Embedding>,
    /// Probability that it is live, 0..=1; absent if it was not judged.
    pub liveness: Option<f32>,
}

/// How long each stage of recognition took for one frame, all faces together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageTimes {
    /// Detector.
    pub detect: Duration,
    /// Alignment, quality and embedder.
    pub embed: Duration,
    /// Liveness network.
    pub liveness: Duration,
}

impl StageTimes {
    /// All stages together.
    pub fn total(&self) -> Duration {
        self.detect + self.embed + self.liveness
    }
}
