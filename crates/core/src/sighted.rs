//! The best look at a face that is followed: what is kept of it where it matters
//! afterwards who it was.

use std::sync::Arc;

use super::embedding::Embedding;
use super::frame::Frame;
use super::geometry::BoundingBox;

/// A face in the frame in which it was seen best.
#[derive(Debug, Clone)]
pub struct BestLook {
    /// The frame.
    pub frame: Arc<Frame>,
    /// Where the face is in it.
    pub bounding_box: BoundingBox,
    /// The face as a vector.
    pub embedding: Embedding,
    /// How good it was, 0..=1.
    pub quality: f32,
}
