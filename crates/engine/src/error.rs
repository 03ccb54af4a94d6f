//! What can go wrong between the bytes of a model and its outputs.

/// A model that cannot be loaded, or an input it cannot run on.
///
/// Every message names the model file, and the node where there is one.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The bytes are no protobuf message of an ONNX model.
    #[error("reading {model}: it is no ONNX file, or a truncated one: {source}")]
    Decode {
        /// File name of the model.
        model: String,
        /// What the protobuf decoder said.
        #[source]
        source: prost::DecodeError,
    },
    /// The file is an ONNX model, but the graph as a whole cannot be used.
    #[error("reading {model}: {reason}")]
    Model {
        /// File name of the model.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// One node of the graph cannot be used.
    #[error("{model}, node {node}: {reason}")]
    Node {
        /// File name of the model.
        model: String,
        /// Name and operator of the node.
        node: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The input does not suit the network.
    #[error("running {model}: {reason}")]
    Input {
        /// File name of the model.
        model: String,
        /// What was given and what is needed.
        reason: String,
    },
    /// A tensor operation failed while the network ran.
    #[error("running {model}, node {node}: {source}")]
    Tensor {
        /// File name of the model.
        model: String,
        /// Name and operator of the node.
        node: String,
        /// What candle said; boxed because it is several times as large as the rest.
        #[source]
        source: Box<candle_core::Error>,
    },
}
