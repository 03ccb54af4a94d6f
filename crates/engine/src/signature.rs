//! What a network takes and gives, read from its graph without running it.

use super::error::EngineError;
use super::graph::{Activation, Binary, Constant, Data, Graph, Op, ValueId};
use super::program::{Action, Program};
use super::specialise::specialise;

/// Nodes at the start of a network among which its normalisation is looked for.
const FIRST_NODES: usize = 8;

/// What is known of a network before it is run.
pub struct Signature {
    graph: Graph,
}

/// One output of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSignature {
    /// Its shape for the picture asked about.
    pub shape: Vec<usize>,
    /// Whether a sigmoid makes it, so that its values are probabilities.
    pub is_probability: bool,
}

impl Signature {
    /// Reads the ONNX model in `bytes`; `model_name` is its file name, for messages.
    ///
    /// # Errors
    /// If the bytes are no ONNX model, or one that the engine cannot run.
    pub fn read(model_name: &str, bytes: &[u8]) -> Result<Self, EngineError> {
        Ok(Self {
            graph: super::read(model_name, bytes)?,
        })
    }

    /// Channels, height and width of the picture that the file declares; `None`
    /// where it leaves one open.
    pub fn declared_picture(&self) -> [Option<usize>; 3] {
        let shape = &self.graph.input_shape;
        [1, 2, 3].map(|axis| shape.get(axis).copied().flatten())
    }

    /// The outputs for a picture of `height` and `width` with three channels.
    ///
    /// # Errors
    /// If such a picture does not suit the network.
    pub fn outputs(
        &self,
        height: usize,
        width: usize,
    ) -> Result<Vec<OutputSignature>, EngineError> {
        let program = specialise(&self.graph, &[1, 3, height, width])?;
        let outputs = self.graph.outputs.iter();
        Ok(outputs
            .map(|&id| OutputSignature {
                shape: program.shape(id).to_vec(),
                is_probability: self.ends_in_sigmoid(id),
            })
            .collect())
    }

    /// Multiplications of all convolutions for a picture of `height` and `width`:
    /// by these the members of a family are told apart and named.
    ///
    /// # Errors
    /// If such a picture does not suit the network.
    pub fn convolution_products(&self, height: usize, width: usize) -> Result<u64, EngineError> {
        let program = specialise(&self.graph, &[1, 3, height, width])?;
        let steps = program.steps.iter();
        Ok(steps
            .filter(|step| matches!(step.action, Action::Conv(_)))
            .filter_map(|step| Some((*step.inputs.get(1)?, step.output)))
            .map(|(weights, output)| self.products(&program, weights, output))
            .sum())
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        let constants = self.graph.values.iter().filter_map(|v| v.constant.as_ref());
        constants
            .map(|constant| match &constant.data {
                Data::Float(numbers) => numbers.len(),
                Data::Int(_) => 0,
            })
            .sum()
    }

    /// Whether the network begins with subtracting and multiplying, and so takes
    /// pixel values as they are. (InsightFace's own tools decide by the same sign.)
    pub fn normalises_its_input(&self) -> bool {
        let first = || {
            self.graph
                .nodes
                .iter()
                .take(FIRST_NODES)
                .map(|node| &node.op)
        };
        first().any(|op| *op == Op::Binary(Binary::Sub))
            && first().any(|op| *op == Op::Binary(Binary::Mul))
    }

    /// Every output cell multiplies each weight of its channel once.
    fn products(&self, program: &Program, weights: ValueId, output: ValueId) -> u64 {
        let weights = self.graph.value(weights).constant.as_ref();
        let count = weights.map_or(0, |c: &Constant| c.shape.iter().product::<usize>());
        let cells: usize = program.shape(output).iter().skip(2).product();
        (count * cells) as u64
    }

    fn ends_in_sigmoid(&self, mut id: ValueId) -> bool {
        // A node comes after those it reads from, so this walk ends.
        while let Some(node) = self.graph.nodes.iter().find(|node| node.output == id) {
            match (&node.op, node.inputs.first()) {
                (Op::Activation(Activation::Sigmoid), _) => return true,
                (
                    Op::Reshape
                    | Op::Transpose(_)
                    | Op::Flatten { .. }
                    | Op::Squeeze(_)
                    | Op::Unsqueeze(_)
                    | Op::Identity,
                    Some(&Some(input)),
                ) => id = input,
                _ => return false,
            }
        }
        false
    }
}
