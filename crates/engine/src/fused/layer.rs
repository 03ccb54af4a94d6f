//! The fast backend's own graph: layers that know their weights.
//!
//! A [`Layer`] is one node of a [`Program`](super::super::program::Program)
//! before the [passes](super::passes), and several nodes fused into one after.

use std::collections::HashMap;

use crate::graph::{Activation, Binary, Pool, ValueId, Window};
use crate::kernels::Extent;
use crate::kernels::finish::Curve;
use crate::kernels::plain::Product;
use crate::kernels::pooling::Keep;

/// A network for one input shape.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) layers: Vec<Layer>,
    pub(crate) shapes: HashMap<ValueId, Vec<usize>>,
    pub(crate) input: ValueId,
    pub(crate) outputs: Vec<ValueId>,
    /// What the next new value will be called.
    pub(crate) next_value: usize,
}

impl Network {
    pub(crate) fn shape(&self, id: ValueId) -> &[usize] {
        // Every value of a layer was given a shape before the layer was added.
        self.shapes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// A value that is not in the file.
    pub(crate) fn new_value(&mut self, shape: Vec<usize>) -> ValueId {
        let id = ValueId(self.next_value);
        self.next_value += 1;
        self.shapes.insert(id, shape);
        id
    }

    /// The size of a value that is a batch of one picture.
    pub(crate) fn extent(&self, id: ValueId) -> Option<Extent> {
        match *self.shape(id) {
            [1, channels, height, width] => Some(Extent {
                channels,
                height,
                width,
            }),
            _ => None,
        }
    }
}

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// Name and operator of the node it comes from, for messages.
    pub(crate) label: String,
    pub(crate) kind: Kind,
    /// What it reads, weights excluded; a residual comes last.
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) output: ValueId,
}

/// What a layer computes.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    // Pictures, in the engine's layout.
    Conv(Convolution),
    ConvTranspose(Convolution),
    Pool {
        pool: Pool,
        keep: Keep,
    },
    GlobalAverage,
    Resize {
        rows: Vec<u32>,
        columns: Vec<u32>,
        finish: Finish,
    },
    /// Two pictures of the same size.
    Binary {
        binary: Binary,
        finish: Finish,
    },
    /// A picture and one number per channel.
    PerChannel {
        binary: Binary,
        finish: Finish,
    },
    Affine {
        affine: Affine,
        finish: Finish,
    },
    Curve(Finish),
    /// The channels from this one on of a picture that several layers were merged to.
    Channels {
        first: usize,
    },
    /// Pictures on top of each other; all but the last have a multiple of eight channels.
    Stack,

    // Any layout.
    Map(Activation),

    // Row-major numbers.
    Reshape,
    PlainAffine(Affine),
    PlainSlopes(Vec<f32>),
    PlainBinary {
        binary: Binary,
        operands: [Operand; 2],
    },
    Transpose(Vec<usize>),
    Product {
        product: Product,
        right: Operand,
    },
    Softmax {
        length: usize,
        stride: usize,
    },
    Concat {
        axis: usize,
    },
    Slice(Vec<(usize, usize)>),
}

impl Kind {
    /// Whether it wants its input row-major, or does not care.
    pub(crate) fn reads_numbers(&self) -> bool {
        matches!(
            self,
            Self::Map(_)
                | Self::Reshape
                | Self::PlainAffine(_)
                | Self::PlainSlopes(_)
                | Self::PlainBinary { .. }
                | Self::Transpose(_)
                | Self::Product { .. }
                | Self::Softmax { .. }
                | Self::Concat { .. }
                | Self::Slice(_)
        )
    }

    /// What is done to the layer's result on its way out, if it can take that along.
    pub(crate) fn finish_mut(&mut self) -> Option<&mut Finish> {
        match self {
            Self::Conv(conv) | Self::ConvTranspose(conv) => Some(&mut conv.finish),
            Self::Resize { finish, .. }
            | Self::Binary { finish, .. }
            | Self::PerChannel { finish, .. }
            | Self::Affine { finish, .. }
            | Self::Curve(finish) => Some(finish),
            _ => None,
        }
    }
}

/// A convolution with its weights as the file has them.
#[derive(Debug, Clone)]
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) weights: Vec<f32>,
    /// One per output channel; zeros if the file has none.
    pub(crate) bias: Vec<f32>,
    pub(crate) finish: Finish,
    /// Of each 2×2 outputs only the largest is kept.
    pub(crate) pooled: bool,
}

/// `x · scale + shift`, one of each per channel.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

/// What is done to a result on its way out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finish {
    /// The layer's last input is added first.
    pub(crate) residual: bool,
    pub(crate) curve: Curve,
    /// One per channel if the curve needs them.
    pub(crate) slopes: Vec<f32>,
}

/// An operand of a row-major layer.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    /// The layer's next input.
    Input,
    /// Numbers stored in the file, and their shape.
    Stored {
        numbers: Vec<f32>,
        shape: Vec<usize>,
    },
}
