//! Damaged, hostile and unsupported models: each is an error with a message that
//! names the file and the node, never a panic.

use candle_core::{DType, Device, Tensor};
use candle_onnx::onnx::{NodeProto, TensorProto};

use super::{Sketch, Way};
use crate::{EngineError, EngineOptions, load};

fn relu() -> Sketch {
    Sketch::new(&[1, 1, 2, 2]).node("Relu", &["x"], "y")
}

fn conv(dims: &[i64], data: &[f32]) -> Sketch {
    Sketch::new(&[1, 1, 4, 4])
        .floats("w", dims, data)
        .node("Conv", &["x", "w"], "y")
}

#[test]
fn an_unknown_operator_names_the_node() {
    let net = Sketch::new(&[1, 1, 2, 2]).node("Einsum", &["x"], "y");
    assert_eq!(
        net.refused(),
        "net.onnx, node the_y (Einsum): operator Einsum is not supported"
    );
}

#[test]
fn a_node_without_a_name_is_called_by_its_place() {
    let mut net = relu();
    net.graph().node[0].name.clear();
    net.graph().node[0].op_type = "Einsum".into();
    assert_eq!(
        net.refused(),
        "net.onnx, node 0 (Einsum): operator Einsum is not supported"
    );
}

#[test]
fn an_operator_of_another_domain_is_refused() {
    let mut net = relu();
    net.graph().node[0].domain = "com.microsoft".into();
    assert!(
        net.refused()
            .contains("of domain com.microsoft is not supported")
    );
}

#[test]
fn an_unknown_attribute_names_itself() {
    let net = relu().with("beta", 2.0);
    assert_eq!(
        net.refused(),
        "net.onnx, node the_y (Relu): attribute beta is not supported"
    );
}

#[test]
fn an_attribute_of_the_wrong_type_says_so() {
    let net = conv(&[1, 1, 3, 3], &[0.0; 9]).with("strides", 2);
    assert!(
        net.refused()
            .contains("attribute strides is of type INT, not INTS")
    );
}

#[test]
fn unsupported_values_of_attributes_are_refused() {
    let weights = || conv(&[1, 1, 3, 3], &[0.0; 9]);
    let cases = [
        (
            weights().with("auto_pad", "SAME_UPPER"),
            "auto_pad SAME_UPPER",
        ),
        (
            weights().with("strides", vec![0, 1]),
            "a stride or dilation is zero",
        ),
        (
            weights().with("strides", vec![1]),
            "only 2 (two-dimensional",
        ),
        (
            weights().with("pads", vec![-1, 0, 0, 0]),
            "pads contains -1",
        ),
        (weights().with("pads", vec![1 << 40; 4]), "beyond the limit"),
        (weights().with("group", 0), "group is not positive"),
        (weights().with("group", i64::MAX), "do not fit"),
        (
            weights().with("kernel_shape", vec![5, 5]),
            "kernel_shape is [5, 5]",
        ),
        (
            Sketch::new(&[1, 1, 4, 4]).node("MaxPool", &["x"], "y"),
            "kernel_shape is missing",
        ),
        (
            Sketch::new(&[1, 1, 4, 4])
                .node("Transpose", &["x"], "y")
                .with("perm", vec![0, 1, 1, 3]),
            "is no permutation",
        ),
        (
            Sketch::new(&[1, 1, 4, 4])
                .node("Cast", &["x"], "y")
                .with("to", 10),
            "cast to element type 10",
        ),
        (
            Sketch::new(&[1, 1, 4, 4])
                .floats("f", &[4], &[1.0, 1.0, 2.0, 2.0])
                .node("Resize", &["x", "", "f"], "y")
                .with("mode", "linear"),
            "mode linear is not supported",
        ),
    ];
    for (net, reason) in cases {
        let message = net.refused();
        assert!(message.contains(reason), "{message:?} lacks {reason:?}");
        assert!(message.starts_with("net.onnx, node the_y ("), "{message}");
    }
}

#[test]
fn a_graph_that_hangs_in_the_air_is_refused() {
    let cases = [
        (
            relu().node("Relu", &["nowhere"], "z"),
            "its input nowhere is neither",
        ),
        (
            relu().node("Relu", &["x"], "y"),
            "the value y is defined twice",
        ),
        (
            relu().node("Relu", &[], "z"),
            "it needs 1 inputs; 0 are given",
        ),
        (
            relu().node("Relu", &["x", "x"], "z"),
            "it takes 1 inputs; 2 are given",
        ),
        (Sketch::new(&[1, 1, 2, 2]), "no node makes output y"),
        (
            Sketch::new(&[1, 2]).node("Relu", &["x"], "y"),
            "it has 2 dimensions",
        ),
        (
            Sketch::new(&[1, 1, 2, 2]).node("Shape", &["x"], "y"),
            "output y does not depend on the picture",
        ),
        (relu().opset(3), "it uses operator set 3"),
    ];
    for (net, reason) in cases {
        let message = net.refused();
        assert!(message.contains(reason), "{message:?} lacks {reason:?}");
    }
    let mut two_inputs = relu();
    let second = two_inputs.graph().input[0].clone();
    two_inputs
        .graph()
        .input
        .push(candle_onnx::onnx::ValueInfoProto {
            name: "second".into(),
            ..second
        });
    assert!(two_inputs.refused().contains("exactly one input"));
    let mut no_graph = relu();
    no_graph.proto.graph = None;
    assert!(no_graph.refused().contains("it contains no graph"));
    let mut no_outputs = relu();
    no_outputs.graph().output.clear();
    assert!(no_outputs.refused().contains("it has no output"));
    let mut nameless = relu();
    nameless.graph().node.push(NodeProto {
        op_type: "Relu".into(),
        input: vec!["x".into()],
        ..NodeProto::default()
    });
    assert!(nameless.refused().contains("it has no output"));
}

#[test]
fn weights_that_contradict_themselves_are_refused() {
    type Change = fn(&mut TensorProto);
    let broken = |change: Change| {
        let mut net = conv(&[1, 1, 3, 3], &[0.0; 9]);
        change(&mut net.graph().initializer[0]);
        net.refused()
    };
    let cases: [(Change, &str); 7] = [
        (|t| t.float_data.truncate(8), "it holds 8 numbers"),
        (|t| t.dims = vec![1, 1, 3, -3], "a dimension is -3"),
        (
            |t| t.dims = vec![i64::MAX, i64::MAX, 3, 3],
            "its size overflows",
        ),
        (
            |t| t.raw_data = vec![0; 35],
            "35 bytes are no multiple of 4",
        ),
        (
            |t| t.data_type = 16,
            "element type BFLOAT16 is not supported",
        ),
        (|t| t.data_type = 99, "element type 99 is unknown"),
        (|t| t.data_location = 1, "in another file"),
    ];
    for (change, reason) in cases {
        let message = broken(change);
        assert!(message.contains(reason), "{message:?} lacks {reason:?}");
        assert!(
            message.starts_with("reading net.onnx: weight w"),
            "{message}"
        );
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_at_load() {
    let cases = [
        (
            conv(&[1, 2, 3, 3], &[0.0; 18]),
            "do not fit an input of shape [1, 1, 4, 4]",
        ),
        (
            conv(&[1, 1, 5, 5], &[0.0; 25]),
            "is smaller than the kernel [5, 5]",
        ),
        (
            conv(&[1, 9], &[0.0; 9]),
            "not those of a two-dimensional convolution",
        ),
        (
            Sketch::new(&[1, 2, 4, 4])
                .floats("b", &[3, 1, 1], &[0.0; 3])
                .node("Add", &["x", "b"], "y"),
            "do not fit together",
        ),
        (
            Sketch::new(&[1, 2, 4, 4])
                .ints("s", &[5, -1])
                .node("Reshape", &["x", "s"], "y"),
            "cannot take the shape [5, -1]",
        ),
        (
            Sketch::new(&[1, 1, 4, 4])
                .floats("f", &[4], &[1.0, 1.0, 1e9, 1e9])
                .node("Resize", &["x", "", "f"], "y"),
            "is too large",
        ),
        (
            Sketch::new(&[1, 1, 4, 4])
                .node("Relu", &["x"], "s")
                .node("Reshape", &["x", "s"], "y"),
            "input 1 depends on the picture",
        ),
    ];
    for (net, reason) in cases {
        let message = net.refused();
        assert!(message.contains(reason), "{message:?} lacks {reason:?}");
    }
}

#[test]
fn every_truncation_of_a_model_is_an_error_or_a_model() {
    // Cutting may leave a valid shorter message; it must never panic.
    let bytes = conv(&[1, 1, 3, 3], &[0.5; 9]).bytes();
    for end in 0..bytes.len() {
        let _ = load("net.onnx", &bytes[..end], &EngineOptions::default());
    }
}

#[test]
fn no_flipped_byte_of_a_model_panics() {
    let bytes = Sketch::new(&[1, 1, 4, 4])
        .floats("w", &[1, 1, 3, 3], &[0.5; 9])
        .ints("s", &[1, -1])
        .node("Conv", &["x", "w"], "a")
        .with("pads", vec![1, 1, 1, 1])
        .node("MaxPool", &["a"], "b")
        .with("kernel_shape", vec![2, 2])
        .with("ceil_mode", 1)
        .node("Reshape", &["b", "s"], "y")
        .bytes();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut hostile = bytes.clone();
            hostile[at] ^= flip;
            let _ = load("net.onnx", &hostile, &EngineOptions::default());
        }
    }
}

#[test]
fn an_input_that_does_not_suit_is_refused_when_running() {
    for way in Way::ALL {
        let net = conv(&[1, 1, 3, 3], &[0.0; 9]);
        let mut network = way.load(&net.bytes()).unwrap();
        let mut message = |dims: &[usize], dtype| {
            let input = Tensor::zeros(dims, dtype, &Device::Cpu).unwrap();
            network.run(&input).unwrap_err().to_string()
        };
        assert!(
            message(&[1, 1, 2, 2], DType::F32).starts_with(
                "net.onnx, node the_y (Conv): an input of shape [1, 1, 2, 2] is smaller"
            )
        );
        assert!(
            message(&[1, 3, 4, 4], DType::F32)
                .contains("do not fit an input of shape [1, 3, 4, 4]")
        );
        assert!(message(&[1, 4], DType::F32).contains("it takes a batch of pictures"));
        assert!(message(&[1, 1, 4, 4], DType::F64).contains("F64"));
        assert!(message(&[0, 1, 4, 4], DType::F32).contains("[0, 1, 4, 4]"));
    }
}

#[test]
fn a_decoding_error_keeps_its_source() {
    let garbage = load("net.onnx", &[0x3a, 0xff], &EngineOptions::default());
    assert!(matches!(garbage, Err(EngineError::Decode { .. })));
}
