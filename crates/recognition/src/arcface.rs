//! Embedders trained with `ArcFace` alignment (Deng et al., 2019): an aligned face
//! becomes a vector whose direction says who it is.

use candle_core::{DType, Device, Tensor};

use super::manifest::{InputSpec, ModelEntry};
use super::preprocess::{resize, to_tensor};
use super::{FaceEmbedder, InferenceError};
use rollcall_core::align::{ALIGNED_SIDE, AlignedFace};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_engine::Network;

/// Faces per run of the network, so that a picture of a hundred people does not
/// need a hundred times the memory.
const BATCH: usize = 8;

/// An embedder network with its pre- and post-processing.
pub(super) struct ArcFaceEmbedder {
    model: String,
    model_id: ModelId,
    network: Box<dyn Network>,
    input: InputSpec,
    dim: usize,
}

impl ArcFaceEmbedder {
    /// Runs the network once on a black picture to learn the size of its embeddings.
    pub(super) fn new(
        entry: &ModelEntry,
        mut network: Box<dyn Network>,
    ) -> Result<Self, InferenceError> {
        let side = ALIGNED_SIDE as usize;
        let black =
            Tensor::zeros((1, 3, side, side), DType::F32, &Device::Cpu).map_err(|source| {
                InferenceError::Tensor {
                    model: entry.file.clone(),
                    source,
                }
            })?;
        let outputs = network.run(&black)?;
        let dim = match outputs.iter().map(Tensor::dims).collect::<Vec<_>>()[..] {
            [&[1, dim]] if dim > 0 => dim,
            ref shapes => return Err(no_embedding(&entry.file, 1, shapes)),
        };
        Ok(Self {
            model: entry.file.clone(),
            model_id: entry.model_id(),
            network,
            input: entry.input,
            dim,
        })
    }

    fn embed_batch(&mut self, faces: &[AlignedFace]) -> Result<Vec<Embedding>, InferenceError> {
        let tensor = self.batch_tensor(faces).map_err(|e| self.tensor_error(e))?;
        let outputs = self.network.run(&tensor)?;
        let rows: Vec<Vec<f32>> = match &outputs[..] {
            [output] if output.dims() == [faces.len(), self.dim] => {
                output.to_vec2().map_err(|e| self.tensor_error(e))?
            }
            _ => {
                let shapes: Vec<&[usize]> = outputs.iter().map(Tensor::dims).collect();
                return Err(no_embedding(&self.model, faces.len(), &shapes));
            }
        };
        rows.into_iter()
            .map(|row| {
                Embedding::from_raw(row).map_err(|source| InferenceError::Embedding {
                    model: self.model.clone(),
                    source,
                })
            })
            .collect()
    }

    fn batch_tensor(&self, faces: &[AlignedFace]) -> Result<Tensor, candle_core::Error> {
        let size = (ALIGNED_SIDE, ALIGNED_SIDE);
        let tensors = faces
            .iter()
            .map(|face| to_tensor(&resize(&face.image, size.0, size.1), size, &self.input))
            .collect::<Result<Vec<_>, _>>()?;
        Tensor::cat(&tensors, 0)
    }

    fn tensor_error(&self, source: candle_core::Error) -> InferenceError {
        InferenceError::Tensor {
            model: self.model.clone(),
            source,
        }
    }
}

impl FaceEmbedder for ArcFaceEmbedder {
    fn embed(&mut self, faces: &[AlignedFace]) -> Result<Vec<Embedding>, InferenceError> {
        let mut embeddings = Vec::with_capacity(faces.len());
        for batch in faces.chunks(BATCH) {
            embeddings.extend(self.embed_batch(batch)?);
        }
        Ok(embeddings)
    }

    fn model_id(&self) -> &ModelId {
        &self.model_id
    }

    fn dim(&self) -> usize {
        self.dim
    }
}

fn no_embedding(model: &str, faces: usize, shapes: &[&[usize]]) -> InferenceError {
    InferenceError::Output {
        model: model.to_owned(),
        reason: format!(
            "one output of the shape [{faces}, dimensions] was expected, not {shapes:?}"
        ),
    }
}
