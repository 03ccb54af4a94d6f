//! The engine: runs an ONNX network on pictures of any suitable size.
//!
//! ```text
//! bytes ──onnx──► Graph ──specialise(input shape)──► Program ──► backend ──► outputs
//! ```
//!
//! Of the two backends, [`Backend::Fused`] is the one that runs; stock candle
//! operations, [`Backend::Reference`], are what it is tested against.
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
mod fused;
mod graph;
mod kernels;
mod onnx;
mod operators;
mod program;
mod reference;
mod relative;
mod shapes;
pub mod signature;
mod specialise;
#[cfg(test)]
mod tests;

use std::thread::available_parallelism;

use candle_core::{DType, Tensor};

pub use self::error::EngineError;
use self::fused::Fused;
use self::graph::Graph;
use self::reference::Reference;

/// How many input shapes an engine keeps ready: one per kind of camera, and one for stills.
/// They share packed weights and workspace.
const SHAPES_KEPT: usize = 4;

/// More threads than this only wait for each other on networks of this size.
const MAX_THREADS: usize = 16;

/// Runs one network, whatever the backend.
pub trait Network: Send {
    /// Runs the network on one NCHW f32 tensor; the outputs come in the order
    /// and shape of the ONNX graph's outputs.
    ///
    /// # Errors
    /// If the shape does not suit the network or a tensor operation fails.
    fn run(&mut self, input: &Tensor) -> Result<Vec<Tensor>, EngineError>;
}

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
    /// Fused kernels over a preallocated workspace: what a station runs.
    #[default]
    Fused,
    /// Stock candle operations, one after the other: slow, plain, the oracle of the tests.
    Reference,
}

/// The vector instructions that the fused backend uses on this CPU, for reports.
pub fn simd_name() -> &'static str {
    kernels::Isa::detect().name()
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
    let graph = read(model_name, bytes)?;
    let threads = match options.threads {
        0 => default_threads(),
        threads => threads.min(MAX_THREADS),
    };
    Ok(match options.backend {
        Backend::Fused => Box::new(Engine::new(graph, Fused::new(threads))?),
        Backend::Reference => Box::new(Engine::new(graph, Reference::default())?),
    })
}

fn read(model_name: &str, bytes: &[u8]) -> Result<Graph, EngineError> {
    let mut graph = onnx::read(model_name, bytes)?;
    relative::make_relative(&mut graph)?;
    Ok(graph)
}

/// All cores of a small machine; of a larger one, most: the camera and the
/// dashboard want theirs.
fn default_threads() -> usize {
    match available_parallelism().map_or(1, usize::from) {
        cores @ ..=2 => cores,
        cores => (cores - 1).min(4),
    }
}

/// What a backend does: it prepares a graph for an input shape, once, and runs it.
trait Prepare: Send {
    /// What is prepared.
    type Prepared: Send;

    /// # Errors
    /// If the shape does not suit the network, or the backend not the network.
    fn prepare(&mut self, graph: &Graph, shape: &[usize]) -> Result<Self::Prepared, EngineError>;

    /// Runs one contiguous picture of the prepared shape.
    ///
    /// # Errors
    /// If a tensor operation fails.
    fn run(
        &mut self,
        graph: &Graph,
        prepared: &mut Self::Prepared,
        picture: &Tensor,
    ) -> Result<Vec<Tensor>, EngineError>;
}

/// A network on one of the backends.
struct Engine<B: Prepare> {
    graph: Graph,
    backend: B,
    /// By input shape, the least recently used first.
    prepared: Vec<(Vec<usize>, B::Prepared)>,
}

impl<B: Prepare> Engine<B> {
    /// Also prepares the shape the file declares: what a backend cannot do is an
    /// error when the model is loaded and not when the first face appears.
    fn new(graph: Graph, mut backend: B) -> Result<Self, EngineError> {
        if let Some(declared) = relative::declared_picture(&graph) {
            backend.prepare(&graph, &declared)?;
        }
        Ok(Self {
            graph,
            backend,
            prepared: Vec::new(),
        })
    }

    fn run_one(&mut self, picture: &Tensor) -> Result<Vec<Tensor>, EngineError> {
        let kept = self
            .prepared
            .iter()
            .position(|(shape, _)| shape == picture.dims());
        if let Some(index) = kept {
            self.prepared[index..].rotate_left(1);
        } else {
            let prepared = self.backend.prepare(&self.graph, picture.dims())?;
            if self.prepared.len() == SHAPES_KEPT {
                self.prepared.remove(0);
            }
            self.prepared.push((picture.dims().to_vec(), prepared));
        }
        match self.prepared.last_mut() {
            Some((_, prepared)) => self.backend.run(&self.graph, prepared, picture),
            None => Ok(Vec::new()),
        }
    }

    fn input_error(&self, source: candle_core::Error) -> EngineError {
        EngineError::Tensor {
            model: self.graph.model.clone(),
            node: "input".into(),
            source: Box::new(source),
        }
    }
}

impl<B: Prepare> Network for Engine<B> {
    fn run(&mut self, input: &Tensor) -> Result<Vec<Tensor>, EngineError> {
        check_input(&self.graph.model, input)?;
        let batch = input.dims()[0];
        if batch == 1 && input.is_contiguous() {
            return self.run_one(input);
        }
        let mut runs = Vec::with_capacity(batch);
        for index in 0..batch {
            let picture = input
                .narrow(0, index, 1)
                .and_then(|picture| picture.contiguous())
                .map_err(|source| self.input_error(source))?;
            runs.push(self.run_one(&picture)?);
        }
        join_batch(&runs).map_err(|source| self.input_error(source))
    }
}

/// Checks what does not depend on the network.
fn check_input(model: &str, input: &Tensor) -> Result<(), EngineError> {
    if input.rank() == 4
        && input.elem_count() > 0
        && input.dtype() == DType::F32
        && input.device().is_cpu()
    {
        return Ok(());
    }
    Err(EngineError::Input {
        model: model.to_owned(),
        reason: format!(
            "it takes a batch of pictures as f32 (n, channels, height, width), not {:?} of {:?}",
            input.dims(),
            input.dtype()
        ),
    })
}

/// Puts the outputs of single pictures together again. Pictures are run one by
/// one because some files fix the batch to 1 in their reshapes.
fn join_batch(runs: &[Vec<Tensor>]) -> candle_core::Result<Vec<Tensor>> {
    let outputs = runs.first().map_or(0, Vec::len);
    (0..outputs)
        .map(|index| {
            let parts: Vec<&Tensor> = runs.iter().map(|run| &run[index]).collect();
            Tensor::cat(&parts, 0)
        })
        .collect()
}
