//! Tests of the engine on tiny networks made in place.
//!
//! Every operator test runs in every [`Way`].
#![expect(
    clippy::cast_possible_wrap,
    reason = "the sizes in these tests are small"
)]

mod errors;
mod fusion;
mod naive;
mod operators;
mod windows;

use candle_core::{Device, Tensor};
use candle_onnx::onnx::attribute_proto::AttributeType;
use candle_onnx::onnx::tensor_proto::DataType;
use candle_onnx::onnx::tensor_shape_proto::{Dimension, dimension};
use candle_onnx::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use prost::Message;

use super::fused::Fused;
use super::kernels::Isa;
use super::reference::Reference;
use super::{Engine, EngineError, EngineOptions, Network, load, read};

/// The ways to run a network that must all give the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Reference,
    /// The fused backend with the CPU's vector instructions.
    Fused {
        threads: usize,
    },
    /// The fused backend with registers of eight floats where there are wider ones.
    FusedNarrow,
    /// The fused backend as on a CPU without any.
    FusedPlain,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [
        Self::Reference,
        Self::Fused { threads: 1 },
        Self::Fused { threads: 3 },
        Self::FusedNarrow,
        Self::FusedPlain,
    ];

    pub(super) fn load(self, bytes: &[u8]) -> Result<Box<dyn Network>, EngineError> {
        let graph = read("net.onnx", bytes)?;
        Ok(match self {
            Self::Reference => Box::new(Engine::new(graph, Reference::default())?),
            Self::Fused { threads } => Box::new(Engine::new(graph, Fused::new(threads))?),
            Self::FusedNarrow => Box::new(Engine::new(graph, Fused::with(Isa::narrow(), 2))?),
            Self::FusedPlain => Box::new(Engine::new(graph, Fused::with(Isa::PLAIN, 2))?),
        })
    }
}

/// An ONNX model in the making: its input is `x`, its output `y`.
#[derive(Clone)]
pub(super) struct Sketch {
    pub(super) proto: ModelProto,
}

impl Sketch {
    pub(super) fn new(input: &[i64]) -> Self {
        let graph = GraphProto {
            input: vec![described("x", input)],
            output: vec![described("y", &[])],
            ..GraphProto::default()
        };
        Self {
            proto: ModelProto {
                ir_version: 8,
                opset_import: vec![OperatorSetIdProto {
                    domain: String::new(),
                    version: 13,
                }],
                graph: Some(graph),
                ..ModelProto::default()
            },
        }
    }

    pub(super) fn opset(mut self, version: i64) -> Self {
        self.proto.opset_import[0].version = version;
        self
    }

    pub(super) fn graph(&mut self) -> &mut GraphProto {
        self.proto.graph.as_mut().unwrap()
    }

    pub(super) fn floats(mut self, name: &str, dims: &[i64], data: &[f32]) -> Self {
        self.graph().initializer.push(TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: DataType::Float as i32,
            float_data: data.to_vec(),
            ..TensorProto::default()
        });
        self
    }

    pub(super) fn ints(mut self, name: &str, data: &[i64]) -> Self {
        self.graph().initializer.push(TensorProto {
            name: name.into(),
            dims: vec![data.len() as i64],
            data_type: DataType::Int64 as i32,
            raw_data: data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            ..TensorProto::default()
        });
        self
    }

    pub(super) fn node(mut self, op: &str, inputs: &[&str], output: &str) -> Self {
        self.graph().node.push(NodeProto {
            name: format!("the_{output}"),
            op_type: op.into(),
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        });
        self
    }

    /// An attribute of the node added last.
    pub(super) fn with(mut self, name: &str, value: impl Into<Attribute>) -> Self {
        let mut attribute = value.into().0;
        attribute.name = name.into();
        let node = self.graph().node.last_mut().unwrap();
        node.attribute.push(attribute);
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.proto.encode_to_vec()
    }

    /// Shape and numbers of the output for an input of `dims` and `data`.
    pub(super) fn run(
        &self,
        way: Way,
        dims: &[usize],
        data: &[f32],
    ) -> Result<(Vec<usize>, Vec<f32>), String> {
        let mut network = way.load(&self.bytes()).map_err(|e| e.to_string())?;
        let input = Tensor::from_slice(data, dims, &Device::Cpu).unwrap();
        let outputs = network.run(&input).map_err(|e| e.to_string())?;
        let output = &outputs[0];
        let numbers = output.flatten_all().unwrap().to_vec1().unwrap();
        Ok((output.dims().to_vec(), numbers))
    }

    /// Checks the output in every way.
    pub(super) fn gives(&self, input: (&[usize], &[f32]), expected: (&[usize], &[f32])) {
        for way in Way::ALL {
            let (shape, numbers) = self.run(way, input.0, input.1).unwrap();
            assert_eq!(shape, expected.0, "shape on {way:?}");
            assert_close(&numbers, expected.1, way);
        }
    }

    /// The error of loading it, as text.
    pub(super) fn refused(&self) -> String {
        match load("net.onnx", &self.bytes(), &EngineOptions::default()) {
            Ok(_) => panic!("the model was accepted"),
            Err(error) => error.to_string(),
        }
    }
}

/// The value of an attribute, made from the type that fits it.
pub(super) struct Attribute(AttributeProto);

impl From<i64> for Attribute {
    fn from(i: i64) -> Self {
        Self(AttributeProto {
            r#type: AttributeType::Int as i32,
            i,
            ..AttributeProto::default()
        })
    }
}

impl From<f32> for Attribute {
    fn from(f: f32) -> Self {
        Self(AttributeProto {
            r#type: AttributeType::Float as i32,
            f,
            ..AttributeProto::default()
        })
    }
}

impl From<&str> for Attribute {
    fn from(s: &str) -> Self {
        Self(AttributeProto {
            r#type: AttributeType::String as i32,
            s: s.into(),
            ..AttributeProto::default()
        })
    }
}

impl From<Vec<i64>> for Attribute {
    fn from(ints: Vec<i64>) -> Self {
        Self(AttributeProto {
            r#type: AttributeType::Ints as i32,
            ints,
            ..AttributeProto::default()
        })
    }
}

fn described(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|&size| Dimension {
            value: Some(dimension::Value::DimValue(size)),
            ..Dimension::default()
        })
        .collect();
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: DataType::Float as i32,
                shape: Some(TensorShapeProto { dim }),
            })),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// Numbers that look random, between -1 and 1, the same every time.
pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

pub(super) fn assert_close(numbers: &[f32], expected: &[f32], way: Way) {
    assert_eq!(numbers.len(), expected.len());
    let scale = expected.iter().fold(1.0_f32, |m, x| m.max(x.abs()));
    for (index, (a, b)) in numbers.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= 1e-5 * scale,
            "number {index} on {way:?}: {a} instead of {b}"
        );
    }
}

#[test]
fn a_batch_is_run_picture_by_picture() {
    let net = Sketch::new(&[1, 1, 1, 2])
        .ints("flat", &[1, -1])
        .node("Relu", &["x"], "r")
        .node("Reshape", &["r", "flat"], "y");
    net.gives(
        (&[2, 1, 1, 2], &[1., -2., -3., 4.]),
        (&[2, 2], &[1., 0., 0., 4.]),
    );
}

#[test]
fn an_engine_serves_many_input_shapes_in_turn() {
    let net = Sketch::new(&[1, 1, -1, -1]).node("Relu", &["x"], "y");
    for way in Way::ALL {
        let mut network = way.load(&net.bytes()).unwrap();
        for round in 0..3 {
            for size in 1..8 {
                let input = Tensor::full(size as f32, (1, 1, size, size), &Device::Cpu).unwrap();
                let output = network.run(&input).unwrap().remove(0);
                assert_eq!(output.dims(), [1, 1, size, size], "round {round}");
                let numbers: Vec<f32> = output.flatten_all().unwrap().to_vec1().unwrap();
                assert!(numbers.iter().all(|&x| x == size as f32));
            }
        }
    }
}

#[test]
fn an_error_of_the_engine_tells_its_source() {
    let Err(error) = load("net.onnx", b"\xff\xff\xff", &EngineOptions::default()) else {
        panic!("garbage was accepted");
    };
    assert!(matches!(error, EngineError::Decode { .. }));
    assert!(
        error
            .to_string()
            .starts_with("reading net.onnx: it is no ONNX file")
    );
}
