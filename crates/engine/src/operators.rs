//! From an ONNX node to a checked [`Op`]: one function per group of operators.

use candle_onnx::onnx::NodeProto;

use super::attributes::{Attributes, Reason};
use super::graph::{
    Activation, Binary, Coordinates, ElementType, Gemm, Op, Pool, Resize, Rounding,
    SliceAttributes, Softmax, Window,
};

/// Kernels, strides, dilations and pads beyond this are no network of pictures
/// but a damaged file; the bound keeps size arithmetic far from overflow.
const MAX_WINDOW: usize = 4096;

/// Reads the operator and attributes of `node` as `opset` defines them.
///
/// # Errors
/// If the operator, an attribute or its value is not supported; the reason says which.
pub(crate) fn read(node: &NodeProto, opset: i64) -> Result<Op, Reason> {
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return Err(format!(
            "operator {} of domain {} is not supported",
            node.op_type, node.domain
        ));
    }
    let mut attributes = Attributes::of(node);
    let op = read_op(&node.op_type, opset, &mut attributes)?;
    attributes.finish()?;
    Ok(op)
}

fn read_op(op_type: &str, opset: i64, attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    Ok(match op_type {
        "Conv" => Op::Conv(window(attributes)?),
        "ConvTranspose" => conv_transpose(attributes)?,
        "BatchNormalization" => batch_normalization(attributes)?,
        "Relu" => Op::Activation(Activation::Relu),
        "LeakyRelu" => Op::Activation(Activation::LeakyRelu {
            slope: attributes.float_or("alpha", 0.01)?,
        }),
        "Sigmoid" => Op::Activation(Activation::Sigmoid),
        "Tanh" => Op::Activation(Activation::Tanh),
        "HardSigmoid" => Op::Activation(Activation::HardSigmoid {
            alpha: attributes.float_or("alpha", 0.2)?,
            beta: attributes.float_or("beta", 0.5)?,
        }),
        "HardSwish" => Op::Activation(Activation::HardSwish),
        "Clip" => clip(attributes, opset)?,
        "PRelu" => Op::PRelu,
        "Add" => Op::Binary(Binary::Add),
        "Sub" => Op::Binary(Binary::Sub),
        "Mul" => Op::Binary(Binary::Mul),
        "Div" => Op::Binary(Binary::Div),
        "MaxPool" => max_pool(attributes)?,
        "AveragePool" => average_pool(attributes)?,
        "GlobalAveragePool" => Op::GlobalAveragePool,
        "Resize" | "Upsample" => resize(attributes, op_type, opset)?,
        "Reshape" => reshape(attributes)?,
        "Flatten" => Op::Flatten {
            axis: attributes.int_or("axis", 1)?,
        },
        "Squeeze" => Op::Squeeze(attributes.ints("axes")?),
        "Unsqueeze" => Op::Unsqueeze(attributes.ints("axes")?),
        "Transpose" => transpose(attributes)?,
        "MatMul" => Op::MatMul,
        "Gemm" => Op::Gemm(Gemm {
            alpha: attributes.float_or("alpha", 1.0)?,
            beta: attributes.float_or("beta", 1.0)?,
            transpose_a: attributes.flag("transA")?,
            transpose_b: attributes.flag("transB")?,
        }),
        "Softmax" => Op::Softmax(if opset >= 13 {
            Softmax::Along(attributes.int_or("axis", -1)?)
        } else {
            Softmax::From(attributes.int_or("axis", 1)?)
        }),
        "Concat" => Op::Concat {
            axis: attributes.int("axis")?.ok_or("attribute axis is missing")?,
        },
        "Slice" => slice(attributes)?,
        "Identity" => Op::Identity,
        "Dropout" => dropout(attributes),
        "Shape" => Op::Shape,
        "Gather" => Op::Gather {
            axis: attributes.int_or("axis", 0)?,
        },
        "Cast" => cast(attributes)?,
        other => return Err(format!("operator {other} is not supported")),
    })
}

/// The attributes that convolution and pooling share.
fn window(attributes: &mut Attributes<'_>) -> Result<Window, Reason> {
    match attributes.text_or("auto_pad", "NOTSET")? {
        "NOTSET" => {}
        // VALID says "no padding", which is what absent pads say.
        "VALID" if attributes.ints("pads")?.is_none() => {}
        other => return Err(format!("auto_pad {other} is not supported; use pads")),
    }
    // A convolution may leave the kernel's size to its weights; zero stands for that.
    let kernel = attributes.sizes("kernel_shape", [0, 0])?;
    let strides = attributes.sizes("strides", [1, 1])?;
    let dilations = attributes.sizes("dilations", [1, 1])?;
    let [top, left, bottom, right] = attributes.sizes("pads", [0; 4])?;
    let groups = usize::try_from(attributes.int_or("group", 1)?)
        .ok()
        .filter(|&groups| groups > 0)
        .ok_or("attribute group is not positive")?;
    if strides.contains(&0) || dilations.contains(&0) {
        return Err("a stride or dilation is zero".into());
    }
    let all = [kernel, strides, dilations, [top, left], [bottom, right]];
    if let Some(size) = all.iter().flatten().find(|&&size| size > MAX_WINDOW) {
        return Err(format!(
            "a kernel, stride, dilation or pad of {size} is beyond the limit of {MAX_WINDOW}"
        ));
    }
    Ok(Window {
        kernel,
        strides,
        dilations,
        pads_before: [top, left],
        pads_after: [bottom, right],
        groups,
    })
}

fn conv_transpose(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    if attributes.ints("output_shape")?.is_some() {
        return Err("attribute output_shape is not supported; use pads".into());
    }
    let output_padding = attributes.sizes("output_padding", [0, 0])?;
    let window = window(attributes)?;
    if (0..2).any(|d| output_padding[d] >= window.strides[d].max(window.dilations[d])) {
        return Err("output_padding must be smaller than the stride or dilation".into());
    }
    Ok(Op::ConvTranspose {
        window,
        output_padding,
    })
}

fn batch_normalization(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    let epsilon = attributes.float_or("epsilon", 1e-5)?;
    attributes.ignore(&["momentum"]);
    if attributes.flag("training_mode")? {
        return Err("training_mode is not supported".into());
    }
    if attributes.int_or("spatial", 1)? != 1 {
        return Err("spatial = 0 is not supported".into());
    }
    Ok(Op::BatchNormalization { epsilon })
}

fn clip(attributes: &mut Attributes<'_>, opset: i64) -> Result<Op, Reason> {
    if opset >= 11 {
        return Ok(Op::ClipByInputs);
    }
    Ok(Op::Activation(Activation::Clip {
        min: attributes.float_or("min", f32::NEG_INFINITY)?,
        max: attributes.float_or("max", f32::INFINITY)?,
    }))
}

fn max_pool(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    if attributes.flag("storage_order")? {
        return Err("storage_order = 1 is not supported".into());
    }
    Ok(Op::MaxPool(Pool {
        ceil_mode: attributes.flag("ceil_mode")?,
        count_include_pad: false,
        window: pool_window(attributes)?,
    }))
}

fn average_pool(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    Ok(Op::AveragePool(Pool {
        ceil_mode: attributes.flag("ceil_mode")?,
        count_include_pad: attributes.flag("count_include_pad")?,
        window: pool_window(attributes)?,
    }))
}

fn pool_window(attributes: &mut Attributes<'_>) -> Result<Window, Reason> {
    let window = window(attributes)?;
    if window.kernel.contains(&0) {
        return Err("attribute kernel_shape is missing or zero".into());
    }
    if (0..2).any(|d| window.pads_before[d].max(window.pads_after[d]) >= window.kernel[d]) {
        return Err("a pad is as large as the kernel: some windows would be empty".into());
    }
    Ok(window)
}

fn resize(attributes: &mut Attributes<'_>, op_type: &str, opset: i64) -> Result<Op, Reason> {
    let mode = attributes.text_or("mode", "nearest")?;
    if mode != "nearest" {
        return Err(format!(
            "mode {mode} is not supported; only nearest is supported"
        ));
    }
    // These only matter to cubic interpolation and cropping.
    attributes.ignore(&["cubic_coeff_a", "exclude_outside", "extrapolation_value"]);
    // Before opset 11 there was one rule, and it had no name.
    let before_11 = op_type == "Upsample" || opset < 11;
    let default = if before_11 {
        ("asymmetric", "floor")
    } else {
        ("half_pixel", "round_prefer_floor")
    };
    let coordinates = match attributes.text_or("coordinate_transformation_mode", default.0)? {
        "asymmetric" => Coordinates::Asymmetric,
        "half_pixel" => Coordinates::HalfPixel,
        other => {
            return Err(format!(
                "coordinate_transformation_mode {other} is not supported"
            ));
        }
    };
    let rounding = match attributes.text_or("nearest_mode", default.1)? {
        "floor" => Rounding::Floor,
        "ceil" => Rounding::Ceil,
        "round_prefer_floor" => Rounding::PreferFloor,
        "round_prefer_ceil" => Rounding::PreferCeil,
        other => return Err(format!("nearest_mode {other} is not supported")),
    };
    if op_type == "Upsample" && opset < 9 {
        return Err("Upsample with its factors as attributes (opset 8) is not supported".into());
    }
    Ok(Op::Resize(Resize {
        coordinates,
        rounding,
        scales_input: if before_11 { 1 } else { 2 },
    }))
}

fn reshape(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    if attributes.flag("allowzero")? {
        return Err("allowzero = 1 is not supported".into());
    }
    Ok(Op::Reshape)
}

fn transpose(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    let Some(perm) = attributes.ints("perm")? else {
        return Ok(Op::Transpose(None));
    };
    let axes: Vec<usize> = perm
        .iter()
        .filter_map(|&axis| usize::try_from(axis).ok())
        .collect();
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if axes.len() != perm.len() || !sorted.iter().copied().eq(0..perm.len()) {
        return Err(format!("perm {perm:?} is no permutation"));
    }
    Ok(Op::Transpose(Some(axes)))
}

fn slice(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    let axes = attributes.ints("axes")?;
    match (attributes.ints("starts")?, attributes.ints("ends")?) {
        (Some(starts), Some(ends)) => Ok(Op::Slice(Some(SliceAttributes { starts, ends, axes }))),
        (None, None) => Ok(Op::Slice(None)),
        _ => Err("only one of starts and ends is given".into()),
    }
}

/// At inference a dropout passes its input on.
fn dropout(attributes: &mut Attributes<'_>) -> Op {
    attributes.ignore(&["ratio", "seed", "is_test"]);
    Op::Identity
}

fn cast(attributes: &mut Attributes<'_>) -> Result<Op, Reason> {
    // The numbers of TensorProto.DataType.
    match attributes.int("to")? {
        Some(1) => Ok(Op::Cast(ElementType::Float)),
        Some(6 | 7) => Ok(Op::Cast(ElementType::Int)),
        Some(other) => Err(format!("a cast to element type {other} is not supported")),
        None => Err("attribute to is missing".into()),
    }
}
