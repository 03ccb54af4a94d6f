//! What specialising a graph makes: steps in which every shape is known.

use std::collections::HashMap;

use super::graph::{Activation, Binary, Gemm, Pool, ValueId, Window};

/// A graph made ready for one input shape.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    /// The shape of every value the steps read or write.
    pub(crate) shapes: HashMap<ValueId, Vec<usize>>,
}

impl Program {
    pub(crate) fn shape(&self, id: ValueId) -> &[usize] {
        // Every value of a step was given a shape before the step was added.
        self.shapes.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// One operation of a program.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Name and operator of the node it comes from, for messages.
    pub(crate) label: String,
    pub(crate) action: Action,
    /// Only those inputs that hold pictures or weights.
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) output: ValueId,
}

/// What a step computes; everything that depended on a shape is a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Conv(Window),
    ConvTranspose(Window),
    BatchNormalization {
        epsilon: f32,
    },
    Activation(Activation),
    PRelu,
    Binary(Binary),
    MaxPool(Pool),
    AveragePool(Pool),
    GlobalAveragePool,
    /// For every output row and column, which one of the input it repeats.
    Resize {
        rows: Vec<u32>,
        columns: Vec<u32>,
    },
    /// The same numbers in another shape.
    Reshape,
    Transpose(Vec<usize>),
    MatMul,
    Gemm(Gemm),
    /// Over each run of `length` numbers that are `stride` apart.
    Softmax {
        length: usize,
        stride: usize,
    },
    Concat {
        axis: usize,
    },
    /// Per axis, the first index and how many.
    Slice(Vec<(usize, usize)>),
}
