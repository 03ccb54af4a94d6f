//! From the bytes of an ONNX file to a checked [`Graph`].
//!
//! The protobuf types are candle-onnx's. Nothing in a file is trusted: lengths,
//! names and the order of nodes are checked before use, so damaged or hostile
//! bytes end in an [`EngineError`] and never in a panic.

use std::collections::HashMap;

use candle_onnx::onnx::tensor_proto::{DataLocation, DataType};
use candle_onnx::onnx::tensor_shape_proto::dimension;
use candle_onnx::onnx::{
    GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, type_proto,
};
use prost::Message;

use super::attributes::{Attributes, Reason};
use super::error::EngineError;
use super::graph::{Constant, Data, Graph, Node, Op, Value, ValueId};
use super::operators;

/// Operator sets this engine knows the meaning of.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=23;

/// Reads a model; `model` is its file name, for messages.
///
/// # Errors
/// If the bytes are no ONNX model, or it contains something unsupported.
pub(crate) fn read(model: &str, bytes: &[u8]) -> Result<Graph, EngineError> {
    let proto = ModelProto::decode(bytes).map_err(|source| EngineError::Decode {
        model: model.to_owned(),
        source,
    })?;
    from_proto(model, &proto)
}

/// Checks a decoded model and turns it into a graph.
pub(crate) fn from_proto(model: &str, proto: &ModelProto) -> Result<Graph, EngineError> {
    let graph = proto
        .graph
        .as_ref()
        .ok_or_else(|| model_error(model, "it contains no graph"))?;
    let opset = proto
        .opset_import
        .iter()
        .find(|import| matches!(import.domain.as_str(), "" | "ai.onnx"))
        .map(|import| import.version)
        .ok_or_else(|| model_error(model, "it does not say which operator set it uses"))?;
    if !OPSETS.contains(&opset) {
        return Err(model_error(
            model,
            format!(
                "it uses operator set {opset}; {} to {} are supported",
                OPSETS.start(),
                OPSETS.end()
            ),
        ));
    }
    Reader::new(model, opset).read(graph)
}

/// What has been read so far.
struct Reader<'a> {
    model: &'a str,
    opset: i64,
    values: Vec<Value>,
    by_name: HashMap<&'a str, ValueId>,
    nodes: Vec<Node>,
}

impl<'a> Reader<'a> {
    fn new(model: &'a str, opset: i64) -> Self {
        Self {
            model,
            opset,
            values: Vec::new(),
            by_name: HashMap::new(),
            nodes: Vec::new(),
        }
    }

    fn read(mut self, graph: &'a GraphProto) -> Result<Graph, EngineError> {
        if !graph.sparse_initializer.is_empty() {
            return Err(self.error("sparse weights are not supported"));
        }
        for tensor in &graph.initializer {
            let constant = constant(tensor)
                .map_err(|reason| self.error(format!("weight {}: {reason}", tensor.name)))?;
            self.define(&tensor.name, Some(constant))?;
        }
        // Old files list the weights among the inputs, too.
        let mut inputs = graph
            .input
            .iter()
            .filter(|input| !self.by_name.contains_key(input.name.as_str()));
        let (Some(declared), None) = (inputs.next(), inputs.next()) else {
            return Err(self.error("a network with exactly one input is needed"));
        };
        let input_shape = declared_shape(declared)
            .map_err(|reason| self.error(format!("input {}: {reason}", declared.name)))?;
        let input = self.define(&declared.name, None)?;
        for (index, node) in graph.node.iter().enumerate() {
            self.read_node(index, node)?;
        }
        if graph.output.is_empty() {
            return Err(self.error("it has no output"));
        }
        let outputs = graph
            .output
            .iter()
            .map(|output| {
                self.by_name
                    .get(output.name.as_str())
                    .copied()
                    .ok_or_else(|| self.error(format!("no node makes output {}", output.name)))
            })
            .collect::<Result<_, _>>()?;
        Ok(Graph {
            model: self.model.to_owned(),
            values: self.values,
            nodes: self.nodes,
            input,
            input_shape,
            outputs,
        })
    }

    fn read_node(&mut self, index: usize, node: &'a NodeProto) -> Result<(), EngineError> {
        let label = label(index, node);
        self.read_labelled(&label, node)
            .map_err(|reason| EngineError::Node {
                model: self.model.to_owned(),
                node: label,
                reason,
            })
    }

    fn read_labelled(&mut self, label: &str, node: &'a NodeProto) -> Result<(), Reason> {
        // Optional further outputs (masks, indices) may be named empty or left unused,
        // but a reader of one must not be left without it: it is simply never defined.
        let output = node
            .output
            .first()
            .filter(|name| !name.is_empty())
            .ok_or("it has no output")?;
        if node.op_type == "Constant" {
            let constant = constant_of_node(node)?;
            self.define(output, Some(constant))
                .map_err(|e| e.to_string())?;
            return Ok(());
        }
        let op = operators::read(node, self.opset)?;
        let inputs = node
            .input
            .iter()
            .map(|name| self.resolve(name))
            .collect::<Result<Vec<_>, _>>()?;
        check_arity(&op, &inputs)?;
        let output = self.define(output, None).map_err(|e| e.to_string())?;
        self.nodes.push(Node {
            label: label.to_owned(),
            op,
            inputs,
            output,
        });
        Ok(())
    }

    /// The value called `name`; an empty name stands for an input left out.
    fn resolve(&self, name: &str) -> Result<Option<ValueId>, Reason> {
        if name.is_empty() {
            return Ok(None);
        }
        match self.by_name.get(name) {
            Some(&id) => Ok(Some(id)),
            None => Err(format!(
                "its input {name} is neither a weight nor made by an earlier node"
            )),
        }
    }

    fn define(
        &mut self,
        name: &'a str,
        constant: Option<Constant>,
    ) -> Result<ValueId, EngineError> {
        let id = ValueId(self.values.len());
        if self.by_name.insert(name, id).is_some() {
            return Err(self.error(format!("the value {name} is defined twice")));
        }
        self.values.push(Value {
            name: name.to_owned(),
            constant,
        });
        Ok(id)
    }

    fn error(&self, reason: impl Into<String>) -> EngineError {
        model_error(self.model, reason)
    }
}

fn model_error(model: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Model {
        model: model.to_owned(),
        reason: reason.into(),
    }
}

/// What a message calls a node: exporters often leave the name empty.
fn label(index: usize, node: &NodeProto) -> String {
    if node.name.is_empty() {
        format!("{index} ({})", node.op_type)
    } else {
        format!("{} ({})", node.name, node.op_type)
    }
}

/// Checks that the inputs an operator cannot do without are there.
fn check_arity(op: &Op, inputs: &[Option<ValueId>]) -> Result<(), Reason> {
    let (needed, allowed) = match op {
        Op::Conv(_) | Op::ConvTranspose { .. } | Op::Gemm(_) => (2, 3),
        Op::BatchNormalization { .. } => (5, 5),
        Op::PRelu | Op::Binary(_) | Op::MatMul | Op::Reshape | Op::Gather { .. } => (2, 2),
        Op::ClipByInputs | Op::Identity => (1, 3),
        Op::Resize(resize) if resize.scales_input == 1 => (2, 2),
        Op::Resize(_) => (1, 4),
        Op::Squeeze(_) => (1, 2),
        Op::Unsqueeze(axes) => (if axes.is_some() { 1 } else { 2 }, 2),
        Op::Slice(None) => (3, 5),
        Op::Concat { .. } => (inputs.len().max(1), inputs.len()),
        Op::Slice(Some(_))
        | Op::Activation(_)
        | Op::MaxPool(_)
        | Op::AveragePool(_)
        | Op::GlobalAveragePool
        | Op::Flatten { .. }
        | Op::Transpose(_)
        | Op::Softmax(_)
        | Op::Shape
        | Op::Cast(_) => (1, 1),
    };
    let given = inputs.iter().take_while(|input| input.is_some()).count();
    if given < needed {
        return Err(format!("it needs {needed} inputs; {given} are given"));
    }
    if inputs.len() > allowed {
        return Err(format!(
            "it takes {allowed} inputs; {} are given",
            inputs.len()
        ));
    }
    Ok(())
}

fn declared_shape(input: &ValueInfoProto) -> Result<Vec<Option<usize>>, Reason> {
    let Some(type_proto::Value::TensorType(tensor)) =
        input.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err("it is no tensor".into());
    };
    if tensor.elem_type != DataType::Float as i32 {
        return Err("its elements are not 32-bit floats".into());
    }
    let Some(shape) = &tensor.shape else {
        return Ok(vec![None; 4]);
    };
    if shape.dim.len() != 4 {
        return Err(format!(
            "it has {} dimensions; a batch of pictures has 4",
            shape.dim.len()
        ));
    }
    Ok(shape
        .dim
        .iter()
        .map(|dim| match dim.value {
            Some(dimension::Value::DimValue(size)) => {
                usize::try_from(size).ok().filter(|&size| size > 0)
            }
            _ => None,
        })
        .collect())
}

fn constant_of_node(node: &NodeProto) -> Result<Constant, Reason> {
    let mut attributes = Attributes::of(node);
    let found = if let Some(tensor) = attributes.tensor("value")? {
        constant(tensor)?
    } else if let Some(value) = attributes.int("value_int")? {
        Constant {
            shape: vec![],
            data: Data::Int(vec![value]),
        }
    } else if let Some(values) = attributes.ints("value_ints")? {
        Constant {
            shape: vec![values.len()],
            data: Data::Int(values),
        }
    } else if let Some(value) = attributes.float("value_float")? {
        Constant {
            shape: vec![],
            data: Data::Float(vec![value]),
        }
    } else if let Some(values) = attributes.floats("value_floats")? {
        Constant {
            shape: vec![values.len()],
            data: Data::Float(values),
        }
    } else {
        return Err("a constant of this kind is not supported".into());
    };
    attributes.finish()?;
    Ok(found)
}

/// Reads a tensor stored in the file.
fn constant(tensor: &TensorProto) -> Result<Constant, Reason> {
    if tensor.data_location == DataLocation::External as i32 {
        return Err("its numbers are in another file, which is not supported".into());
    }
    if tensor.segment.is_some() {
        return Err("tensors in segments are not supported".into());
    }
    let shape = tensor
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).map_err(|_| format!("a dimension is {dim}")))
        .collect::<Result<Vec<_>, _>>()?;
    let count = shape
        .iter()
        .try_fold(1_usize, |count, &dim| count.checked_mul(dim))
        .ok_or("its size overflows")?;
    let raw = tensor.raw_data.as_slice();
    let data = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) if raw.is_empty() => Data::Float(tensor.float_data.clone()),
        Ok(DataType::Float) => Data::Float(from_raw(raw, f32::from_le_bytes)?),
        Ok(DataType::Double) if raw.is_empty() => {
            Data::Float(tensor.double_data.iter().map(|&x| x as f32).collect())
        }
        Ok(DataType::Double) => Data::Float(
            from_raw(raw, f64::from_le_bytes)?
                .into_iter()
                .map(|x| x as f32)
                .collect(),
        ),
        Ok(DataType::Int64) if raw.is_empty() => Data::Int(tensor.int64_data.clone()),
        Ok(DataType::Int64) => Data::Int(from_raw(raw, i64::from_le_bytes)?),
        Ok(DataType::Int32) if raw.is_empty() => {
            Data::Int(tensor.int32_data.iter().map(|&x| i64::from(x)).collect())
        }
        Ok(DataType::Int32) => Data::Int(
            from_raw(raw, i32::from_le_bytes)?
                .into_iter()
                .map(i64::from)
                .collect(),
        ),
        Ok(other) => {
            return Err(format!(
                "element type {} is not supported",
                other.as_str_name()
            ));
        }
        Err(_) => return Err(format!("element type {} is unknown", tensor.data_type)),
    };
    let found = match &data {
        Data::Float(values) => values.len(),
        Data::Int(values) => values.len(),
    };
    if found != count {
        return Err(format!(
            "it holds {found} numbers; its shape {shape:?} needs {count}"
        ));
    }
    Ok(Constant { shape, data })
}

fn from_raw<const N: usize, T>(raw: &[u8], read: fn([u8; N]) -> T) -> Result<Vec<T>, Reason> {
    let (numbers, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(format!("its {} bytes are no multiple of {N}", raw.len()));
    }
    Ok(numbers.iter().map(|&bytes| read(bytes)).collect())
}
