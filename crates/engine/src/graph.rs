//! A small typed graph: what an ONNX file says, checked once.
//!
//! Attributes are read into structs when the file is loaded, so nothing
//! downstream looks an attribute up by name or meets one it does not know.
//! Shapes are deliberately absent: they depend on the input and are worked out
//! by [`specialise`](super::specialise).

/// A value of the graph: its input, a constant, or the output of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueId(pub(crate) usize);

/// A network as read from its file. Nodes are in an order in which every node
/// comes after those it reads from.
#[derive(Debug)]
pub(crate) struct Graph {
    /// File name of the model, for messages.
    pub(crate) model: String,
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) input: ValueId,
    /// The declared input shape; `None` where the file leaves it open.
    pub(crate) input_shape: Vec<Option<usize>>,
    pub(crate) outputs: Vec<ValueId>,
}

impl Graph {
    pub(crate) fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }
}

/// A value's name in the file and, for weights, its contents.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) constant: Option<Constant>,
}

/// A weight or a small integer list stored in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Constant {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Data,
}

/// The numbers of a constant, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Float(Vec<f32>),
    Int(Vec<i64>),
}

/// One operation. Every supported operator has exactly one output.
#[derive(Debug)]
pub(crate) struct Node {
    /// Name and operator, for messages.
    pub(crate) label: String,
    pub(crate) op: Op,
    /// Inputs by position; `None` where an optional one is left out.
    pub(crate) inputs: Vec<Option<ValueId>>,
    pub(crate) output: ValueId,
}

/// What a node does, with its attributes checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Conv(Window),
    ConvTranspose {
        window: Window,
        output_padding: [usize; 2],
    },
    BatchNormalization {
        epsilon: f32,
    },
    Activation(Activation),
    /// `Clip` with its bounds given as inputs (opset 11 and later).
    ClipByInputs,
    PRelu,
    Binary(Binary),
    MaxPool(Pool),
    AveragePool(Pool),
    GlobalAveragePool,
    Resize(Resize),
    Reshape,
    Flatten {
        axis: i64,
    },
    /// Axes as an attribute (before opset 13); `None` reads them from an input.
    Squeeze(Option<Vec<i64>>),
    Unsqueeze(Option<Vec<i64>>),
    /// `None` reverses the axes.
    Transpose(Option<Vec<usize>>),
    MatMul,
    Gemm(Gemm),
    Softmax(Softmax),
    Concat {
        axis: i64,
    },
    /// Starts, ends and axes as attributes (before opset 10); `None` reads inputs.
    Slice(Option<SliceAttributes>),
    Identity,
    Shape,
    Gather {
        axis: i64,
    },
    Cast(ElementType),
}

/// Kernel, stride and padding of a convolution or pooling, as (height, width).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) kernel: [usize; 2],
    pub(crate) strides: [usize; 2],
    pub(crate) dilations: [usize; 2],
    /// Rows above and columns left of the picture.
    pub(crate) pads_before: [usize; 2],
    /// Rows below and columns right of the picture.
    pub(crate) pads_after: [usize; 2],
    pub(crate) groups: usize,
}

/// A pooling window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) window: Window,
    /// Round the output size up instead of down.
    pub(crate) ceil_mode: bool,
    /// Whether an average counts the padding as zeros.
    pub(crate) count_include_pad: bool,
}

/// An element-wise function without weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    Relu,
    LeakyRelu { slope: f32 },
    Sigmoid,
    Tanh,
    Clip { min: f32, max: f32 },
    HardSigmoid { alpha: f32, beta: f32 },
    HardSwish,
}

impl Activation {
    /// The function's value at `x`; the definition all backends are tested against.
    pub(crate) fn apply(self, x: f32) -> f32 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { slope } => {
                if x < 0.0 {
                    slope * x
                } else {
                    x
                }
            }
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Clip { min, max } => x.max(min).min(max),
            Self::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        }
    }
}

/// An element-wise function of two values, with numpy's broadcasting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
}

/// How a nearest-neighbour `Resize` finds its source pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resize {
    pub(crate) coordinates: Coordinates,
    pub(crate) rounding: Rounding,
    /// Where the factors are among the inputs: 1 before opset 11, then 2.
    pub(crate) scales_input: usize,
}

/// Where the centre of an output pixel lies in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coordinates {
    Asymmetric,
    HalfPixel,
}

/// How a source coordinate becomes a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    Floor,
    Ceil,
    PreferFloor,
    PreferCeil,
}

/// `alpha · A · B + beta · C`, either matrix transposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gemm {
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
    pub(crate) transpose_a: bool,
    pub(crate) transpose_b: bool,
}

/// Over which elements a softmax sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Softmax {
    /// Along one axis (opset 13 and later).
    Along(i64),
    /// Over this axis and all that follow (before opset 13).
    From(i64),
}

/// The bounds of a `Slice` given as attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SliceAttributes {
    pub(crate) starts: Vec<i64>,
    pub(crate) ends: Vec<i64>,
    pub(crate) axes: Option<Vec<i64>>,
}

/// The element types this engine tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ElementType {
    Float,
    Int,
}
