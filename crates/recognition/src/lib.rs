//! Networks: from pixels to detections, embeddings and liveness scores.
//!
//! Each model family has one file that knows its pre- and post-processing; what
//! runs the network is behind the narrow trait [`rollcall_engine::Network`], so that a
//! faster engine changes nothing here.

mod arcface;
mod centerface;
pub mod classify;
pub mod detector;
pub mod install;
pub mod intake;
mod liveness;
pub mod load;
pub mod manifest;
mod outputs;
pub mod package;
mod preprocess;
pub mod recogniser;
mod scrfd;
pub mod still;
pub mod worker;

use image::RgbImage;

use rollcall_core::align::AlignedFace;
use rollcall_core::detection::Detection;
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::geometry::BoundingBox;

/// Finds faces.
pub trait FaceDetector: Send {
    /// All faces in `image`, best score first, in pixels of `image`.
    ///
    /// # Errors
    /// If the network fails; a picture without a face is an empty list.
    fn detect(&mut self, image: &RgbImage) -> Result<Vec<Detection>, InferenceError>;
}

/// Turns aligned faces into embeddings.
pub trait FaceEmbedder: Send {
    /// One embedding per face, in order.
    ///
    /// # Errors
    /// If the network fails or its output is no embedding.
    fn embed(&mut self, faces: &[AlignedFace]) -> Result<Vec<Embedding>, InferenceError>;

    /// Which network this is; stored with every template.
    fn model_id(&self) -> &ModelId;

    /// Number of dimensions of its embeddings.
    fn dim(&self) -> usize;
}

/// Judges whether a face is a living person or a picture of one.
pub trait LivenessModel: Send {
    /// Probability, 0..=1, that the face in `bounding_box` is live. One frame is
    /// a hint; fuse several before deciding anything.
    ///
    /// # Errors
    /// If the network fails.
    fn score(
        &mut self,
        image: &RgbImage,
        bounding_box: &BoundingBox,
    ) -> Result<f32, InferenceError>;
}

/// What can go wrong between a picture and its embedding.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// A tensor operation failed.
    #[error("running {model}: {source}")]
    Tensor {
        /// File name of the model.
        model: String,
        /// What candle said.
        #[source]
        source: candle_core::Error,
    },
    /// The engine cannot run the network on this input.
    #[error(transparent)]
    Engine(#[from] rollcall_engine::EngineError),
    /// What the network was to look at makes no sense.
    #[error("running {model}: {reason}")]
    Input {
        /// File name of the model.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The network's outputs are not those of its family.
    #[error("{model}: {reason}")]
    Output {
        /// File name of the model.
        model: String,
        /// What was expected and found.
        reason: String,
    },
    /// The output of the embedder is no embedding.
    #[error("{model} gave no embedding: {source}")]
    Embedding {
        /// File name of the model.
        model: String,
        /// Why.
        #[source]
        source: rollcall_core::embedding::EmbeddingError,
    },
}
