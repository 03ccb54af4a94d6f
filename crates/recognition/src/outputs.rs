//! The outputs of a network as plain numbers, after their shapes are checked.

use candle_core::{DType, Tensor};

use super::InferenceError;

/// Turns every output into a flat vector in row-major order.
///
/// # Errors
/// If the number of outputs or the shape of one is not that of `shapes`.
pub(super) fn read_outputs(
    model: &str,
    outputs: &[Tensor],
    shapes: &[Vec<usize>],
) -> Result<Vec<Vec<f32>>, InferenceError> {
    if outputs.len() != shapes.len() {
        return Err(InferenceError::Output {
            model: model.to_owned(),
            reason: format!(
                "{} outputs were expected, not {}",
                shapes.len(),
                outputs.len()
            ),
        });
    }
    outputs
        .iter()
        .zip(shapes)
        .enumerate()
        .map(|(index, (output, shape))| {
            if output.dims() != shape {
                return Err(InferenceError::Output {
                    model: model.to_owned(),
                    reason: format!(
                        "output {index} has the shape {:?}, expected was {shape:?}",
                        output.dims()
                    ),
                });
            }
            output
                .to_dtype(DType::F32)
                .and_then(|t| t.flatten_all())
                .and_then(|t| t.to_vec1())
                .map_err(|source| InferenceError::Tensor {
                    model: model.to_owned(),
                    source,
                })
        })
        .collect()
}
