//! The engine: runs an ONNX network on pictures of any suitable size.
//!
//! ```text
//! bytes ──onnx──► Graph ──specialise(input shape)──► Program ──► backend ──► outputs
//! ```
//!
//! [`load`] checks the whole file once; an operator or attribute that is not
//! supported is an error there and never a wrong number later. The first run on
//! a new input shape works out all other shapes and keeps the result.
//!
//! Deliberately absent: training, integer networks, control flow, devices other
//! than the CPU.

mod attributes;
mod error;
mod folding;
mod graph;
mod onnx;
mod operators;
mod reference;
mod relative;
mod shapes;
mod specialise;
#[cfg(test)]
mod tests;

use candle_core::{DType, Tensor};

pub use self::error::EngineError;
use self::graph::Graph;
use self::specialise::Program;
use super::{InferenceError, Network};

/// How many input shapes an engine keeps ready. A station uses one per network;
/// enrolment from pictures tries a few more.
const SHAPES_KEPT: usize = 4;

/// How to run a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineOptions {
    /// How many threads work on one inference; 0 lets the engine choose.
    pub threads: usize,
    /// Which implementation runs it.
    pub backend: Backend,
}

/// The implementations of the engine. All give the same numbers up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// Stock candle operations, one after the other: slow, plain, the oracle of the tests.
    #[default]
    Reference,
}

impl Backend {
    /// Every backend, for those who compare them.
    pub const ALL: [Self; 1] = [Self::Reference];
}

/// Loads the ONNX model in `bytes`; `model_name` is its file name, for messages.
///
/// # Errors
/// If the bytes are no ONNX model, or one that the engine cannot run; the
/// message names the file and the node.
pub fn load(
    model_name: &str,
    bytes: &[u8],
    options: &EngineOptions,
) -> Result<Box<dyn Network>, EngineError> {
    let mut graph = onnx::read(model_name, bytes)?;
    relative::make_relative(&mut graph)?;
    match options.backend {
        Backend::Reference => Ok(Box::new(ReferenceNetwork::new(graph)?)),
    }
}

/// A network on stock candle operations.
struct ReferenceNetwork {
    graph: Graph,
    weights: reference::Weights,
    /// Programs by input shape, the least recently used first.
    programs: Vec<(Vec<usize>, Program)>,
}

impl ReferenceNetwork {
    fn new(graph: Graph) -> Result<Self, EngineError> {
        let weights = reference::Weights::of(&graph).map_err(|source| EngineError::Tensor {
            model: graph.model.clone(),
            node: "weights".into(),
            source: Box::new(source),
        })?;
        Ok(Self {
            graph,
            weights,
            programs: Vec::new(),
        })
    }

    fn run_one(&mut self, picture: &Tensor) -> Result<Vec<Tensor>, EngineError> {
        let kept = self
            .programs
            .iter()
            .position(|(shape, _)| shape == picture.dims());
        let (shape, program) = match kept {
            Some(index) => self.programs.remove(index),
            None => (
                picture.dims().to_vec(),
                specialise::specialise(&self.graph, picture.dims())?,
            ),
        };
        let outputs = reference::run(&self.graph, &self.weights, &program, picture);
        if self.programs.len() == SHAPES_KEPT {
            self.programs.remove(0);
        }
        self.programs.push((shape, program));
        outputs
    }

    fn input_error(&self, source: candle_core::Error) -> EngineError {
        EngineError::Tensor {
            model: self.graph.model.clone(),
            node: "input".into(),
            source: Box::new(source),
        }
    }
}

impl Network for ReferenceNetwork {
    fn run(&mut self, input: &Tensor) -> Result<Vec<Tensor>, InferenceError> {
        check_input(&self.graph.model, input)?;
        let mut runs = Vec::with_capacity(input.dims()[0]);
        for index in 0..input.dims()[0] {
            let picture = input
                .narrow(0, index, 1)
                .and_then(|picture| picture.contiguous())
                .map_err(|source| self.input_error(source))?;
            runs.push(self.run_one(&picture)?);
        }
        Ok(join_batch(runs).map_err(|source| self.input_error(source))?)
    }
}

/// Checks what does not depend on the network.
fn check_input(model: &str, input: &Tensor) -> Result<(), EngineError> {
    if input.rank() != 4 || input.elem_count() == 0 || input.dtype() != DType::F32 {
        return Err(EngineError::Input {
            model: model.to_owned(),
            reason: format!(
                "it takes a batch of pictures as f32 (n, channels, height, width), not {:?} of {:?}",
                input.dims(),
                input.dtype()
            ),
        });
    }
    Ok(())
}

/// Puts the outputs of single pictures together again. Pictures are run one by
/// one because some files fix the batch to 1 in their reshapes.
fn join_batch(mut runs: Vec<Vec<Tensor>>) -> candle_core::Result<Vec<Tensor>> {
    if runs.len() == 1 {
        return Ok(runs.remove(0));
    }
    let outputs = runs.first().map_or(0, Vec::len);
    (0..outputs)
        .map(|index| {
            let parts: Vec<&Tensor> = runs.iter().map(|run| &run[index]).collect();
            Tensor::cat(&parts, 0)
        })
        .collect()
}
