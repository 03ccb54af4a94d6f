//! The plain backend: every step as stock candle operations.
//!
//! It is slow on purpose, because nothing in it is clever: each step is one
//! short function that can be compared with the operator's definition. The fast
//! backend is tested against it. Nothing is fused, reordered or kept in place.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor};

use super::Prepare;
use super::error::EngineError;
use super::graph::{Activation, Binary, Constant, Data, Gemm, Graph, Pool, ValueId, Window};
use super::program::{Action, Program, Step};
use super::specialise::specialise;

/// The plain backend.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    /// The stored weights as candle tensors, made when first needed.
    weights: HashMap<ValueId, Tensor>,
}

impl Prepare for Reference {
    type Prepared = Program;

    fn prepare(
        &mut self,
        graph: &Graph,
        shape: &[usize],
    ) -> std::result::Result<Program, EngineError> {
        if self.weights.is_empty() {
            self.weights = weights(graph).map_err(|source| EngineError::Tensor {
                model: graph.model.clone(),
                node: "weights".into(),
                source: Box::new(source),
            })?;
        }
        specialise(graph, shape)
    }

    fn run(
        &mut self,
        graph: &Graph,
        program: &mut Program,
        input: &Tensor,
    ) -> std::result::Result<Vec<Tensor>, EngineError> {
        let fail = |label: &str, source| EngineError::Tensor {
            model: graph.model.clone(),
            node: label.to_owned(),
            source: Box::new(source),
        };
        let missing = || candle_core::Error::Msg("an input is missing".into());
        let mut readers_left = count_readers(graph, program);
        let mut values: HashMap<ValueId, Tensor> = HashMap::from([(graph.input, input.clone())]);
        for step in &program.steps {
            let output = step
                .inputs
                .iter()
                .map(|id| values.get(id).or_else(|| self.weights.get(id)).cloned())
                .collect::<Option<Vec<_>>>()
                .ok_or_else(missing)
                .and_then(|inputs| apply(step, &inputs, program.shape(step.output)))
                .map_err(|source| fail(&step.label, source))?;
            values.insert(step.output, output);
            for id in &step.inputs {
                if let Some(left) = readers_left.get_mut(id) {
                    *left -= 1;
                    if *left == 0 {
                        values.remove(id);
                    }
                }
            }
        }
        let output = |id: &ValueId| values.get(id).cloned().ok_or_else(missing);
        graph
            .outputs
            .iter()
            .map(|id| output(id).map_err(|source| fail(&graph.value(*id).name, source)))
            .collect()
    }
}

fn weights(graph: &Graph) -> Result<HashMap<ValueId, Tensor>> {
    let mut weights = HashMap::new();
    for (index, value) in graph.values.iter().enumerate() {
        if let Some(Constant {
            shape,
            data: Data::Float(data),
        }) = &value.constant
        {
            // An empty tensor marks an input left out; candle has no use for it.
            if !data.is_empty() {
                let tensor = Tensor::from_slice(data, shape.as_slice(), &Device::Cpu)?;
                weights.insert(ValueId(index), tensor);
            }
        }
    }
    Ok(weights)
}

/// How often each value is read, so that it can be dropped after the last time.
fn count_readers(graph: &Graph, program: &Program) -> HashMap<ValueId, usize> {
    let mut readers = HashMap::new();
    let of_steps = program.steps.iter().flat_map(|step| &step.inputs);
    for &id in of_steps.chain(&graph.outputs) {
        *readers.entry(id).or_insert(0) += 1;
    }
    readers
}

fn apply(step: &Step, inputs: &[Tensor], shape: &[usize]) -> Result<Tensor> {
    let x = &inputs[0];
    match &step.action {
        Action::Conv(window) => conv(window, x, &inputs[1], inputs.get(2)),
        Action::ConvTranspose(window) => {
            conv_transpose(window, x, &inputs[1], inputs.get(2), shape)
        }
        Action::BatchNormalization { epsilon } => batch_normalization(inputs, *epsilon),
        Action::Activation(activation) => activate(*activation, x),
        Action::PRelu => x
            .relu()?
            .add(&x.neg()?.relu()?.broadcast_mul(&inputs[1])?.neg()?),
        Action::Binary(Binary::Add) => x.broadcast_add(&inputs[1]),
        Action::Binary(Binary::Sub) => x.broadcast_sub(&inputs[1]),
        Action::Binary(Binary::Mul) => x.broadcast_mul(&inputs[1]),
        Action::Binary(Binary::Div) => x.broadcast_div(&inputs[1]),
        Action::MaxPool(pool) => max_pool(pool, x, shape),
        Action::AveragePool(pool) => average_pool(pool, x, shape),
        Action::GlobalAveragePool => x.mean_keepdim((2, 3)),
        Action::Resize { rows, columns } => {
            let rows = Tensor::new(rows.as_slice(), x.device())?;
            let columns = Tensor::new(columns.as_slice(), x.device())?;
            x.index_select(&rows, 2)?.index_select(&columns, 3)
        }
        Action::Reshape => x.reshape(shape),
        Action::Transpose(perm) => x.permute(perm.as_slice())?.contiguous(),
        Action::MatMul => x.broadcast_matmul(&inputs[1]),
        Action::Gemm(gemm) => multiply(gemm, x, &inputs[1], inputs.get(2)),
        Action::Softmax { length, stride } => {
            let runs = x.reshape(((), *length, *stride))?;
            candle_nn::ops::softmax(&runs, 1)?.reshape(shape)
        }
        Action::Concat { axis } => Tensor::cat(inputs, *axis),
        Action::Slice(ranges) => ranges
            .iter()
            .enumerate()
            .try_fold(x.clone(), |x, (axis, &(start, count))| {
                x.narrow(axis, start, count)
            })?
            .contiguous(),
    }
}

fn conv(window: &Window, x: &Tensor, weights: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let x = pad(window, x, 0.0)?;
    // Candle knows one stride and one dilation for both directions. Where they
    // differ, the kernel is spread out and the surplus outputs are dropped.
    let [dilation_h, dilation_w] = window.dilations;
    let (weights, dilation) = if dilation_h == dilation_w {
        (weights.clone(), dilation_h)
    } else {
        let spread = spread(weights, 2, dilation_h)?;
        (self::spread(&spread, 3, dilation_w)?, 1)
    };
    let [stride_h, stride_w] = window.strides;
    let y = if stride_h == stride_w {
        x.conv2d(&weights, 0, stride_h, dilation, window.groups)?
    } else {
        let y = x.conv2d(&weights, 0, 1, dilation, window.groups)?;
        every(&every(&y, 2, stride_h)?, 3, stride_w)?
    };
    add_bias(&y, bias)
}

/// A transposed convolution is a convolution of the input spread out by the
/// stride with the kernel turned by half a turn.
fn conv_transpose(
    window: &Window,
    x: &Tensor,
    weights: &Tensor,
    bias: Option<&Tensor>,
    shape: &[usize],
) -> Result<Tensor> {
    let x = spread(&spread(x, 2, window.strides[0])?, 3, window.strides[1])?;
    let kernel = spread(
        &spread(weights, 2, window.dilations[0])?,
        3,
        window.dilations[1],
    )?;
    let kernel = turn(&turn(&kernel, 2)?, 3)?;
    let (_, _, reach_h, reach_w) = kernel.dims4()?;
    let mut x = x;
    for (axis, reach) in [(2, reach_h), (3, reach_w)] {
        // A pad of the transposed convolution cuts from the full result, and the
        // shape already contains the output padding, which only adds at the end.
        let before = reach - 1;
        let cut = window.pads_before[axis - 2];
        x = x.pad_with_zeros(axis, before, reach - 1)?;
        let needed = shape[axis] + reach - 1;
        let available = x.dim(axis)?;
        let missing = (cut + needed).saturating_sub(available);
        x = x
            .pad_with_zeros(axis, 0, missing)?
            .narrow(axis, cut, needed)?;
    }
    let groups = window.groups;
    let (x_channels, kernel_channels) = (x.dim(1)? / groups, kernel.dim(0)? / groups);
    let parts = (0..groups)
        .map(|group| {
            let x = x.narrow(1, group * x_channels, x_channels)?.contiguous()?;
            let kernel = kernel
                .narrow(0, group * kernel_channels, kernel_channels)?
                .transpose(0, 1)?
                .contiguous()?;
            x.conv2d(&kernel, 0, 1, 1, 1)
        })
        .collect::<Result<Vec<_>>>()?;
    add_bias(&Tensor::cat(&parts, 1)?, bias)
}

fn add_bias(y: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
        None => Ok(y.clone()),
    }
}

fn batch_normalization(inputs: &[Tensor], epsilon: f32) -> Result<Tensor> {
    let x = &inputs[0];
    let mut shape = vec![1; x.rank()];
    shape[1] = x.dim(1)?;
    let per_channel = |index: usize| inputs[index].reshape(shape.as_slice());
    let (scale, shift, mean) = (per_channel(1)?, per_channel(2)?, per_channel(3)?);
    let deviation = (per_channel(4)? + f64::from(epsilon))?.sqrt()?;
    x.broadcast_sub(&mean)?
        .broadcast_div(&deviation)?
        .broadcast_mul(&scale)?
        .broadcast_add(&shift)
}

fn activate(activation: Activation, x: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Relu => x.relu(),
        Activation::LeakyRelu { slope } => candle_nn::ops::leaky_relu(x, f64::from(slope)),
        Activation::Sigmoid => candle_nn::ops::sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::Clip { min, max } => x.maximum(min)?.minimum(max),
        Activation::HardSigmoid { alpha, beta } => x
            .affine(f64::from(alpha), f64::from(beta))?
            .clamp(0_f32, 1_f32),
        Activation::HardSwish => x * x.affine(1.0 / 6.0, 0.5)?.clamp(0_f32, 1_f32)?,
    }
}

fn max_pool(pool: &Pool, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    taps(pool, &pad_for(pool, x, f32::NEG_INFINITY, shape)?, shape)?
        .into_iter()
        .reduce(|a, b| a?.maximum(&b?))
        .unwrap_or_else(|| x.zeros_like())
}

fn average_pool(pool: &Pool, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let sum = |x: &Tensor| -> Result<Tensor> {
        taps(pool, x, shape)?
            .into_iter()
            .reduce(|a, b| a?.add(&b?))
            .unwrap_or_else(|| x.zeros_like())
    };
    // The picture of ones, summed in the same way, counts what each window covers.
    let ones = Tensor::ones((1, 1, x.dim(2)?, x.dim(3)?), DType::F32, x.device())?;
    let ones = if pool.count_include_pad {
        pad(&pool.window, &ones, 1.0)?
    } else {
        pad(&pool.window, &ones, 0.0)?
    };
    let counts = sum(&pad_to_reach(pool, &ones, 0.0, shape)?)?;
    sum(&pad_for(pool, x, 0.0, shape)?)?.broadcast_div(&counts)
}

/// The padded picture as seen by each position of the window.
fn taps(pool: &Pool, padded: &Tensor, shape: &[usize]) -> Result<Vec<Result<Tensor>>> {
    let window = &pool.window;
    let select = |x: &Tensor, axis: usize, k: usize| -> Result<Tensor> {
        let d = axis - 2;
        let indices: Vec<u32> = (0..shape[axis])
            .map(|index| (index * window.strides[d] + k * window.dilations[d]) as u32)
            .collect();
        x.index_select(&Tensor::new(indices, x.device())?, axis)
    };
    let mut taps = Vec::with_capacity(window.kernel[0] * window.kernel[1]);
    for ky in 0..window.kernel[0] {
        let rows = select(padded, 2, ky)?;
        for kx in 0..window.kernel[1] {
            taps.push(select(&rows, 3, kx));
        }
    }
    Ok(taps)
}

/// Pads as the window says and, for `ceil_mode`, as far as the last window reaches.
fn pad_for(pool: &Pool, x: &Tensor, value: f32, shape: &[usize]) -> Result<Tensor> {
    pad_to_reach(pool, &pad(&pool.window, x, value)?, value, shape)
}

fn pad_to_reach(pool: &Pool, x: &Tensor, value: f32, shape: &[usize]) -> Result<Tensor> {
    let window = &pool.window;
    (2..4).try_fold(x.clone(), |x, axis| {
        let d = axis - 2;
        let reach = (shape[axis] - 1) * window.strides[d]
            + (window.kernel[d] - 1) * window.dilations[d]
            + 1;
        let missing = reach.saturating_sub(x.dim(axis)?);
        surround(&x, axis, [0, missing], value)
    })
}

fn pad(window: &Window, x: &Tensor, value: f32) -> Result<Tensor> {
    (2..4).try_fold(x.clone(), |x, axis| {
        let d = axis - 2;
        surround(
            &x,
            axis,
            [window.pads_before[d], window.pads_after[d]],
            value,
        )
    })
}

fn surround(x: &Tensor, axis: usize, counts: [usize; 2], value: f32) -> Result<Tensor> {
    let border = |count: usize| {
        let mut shape = x.dims().to_vec();
        shape[axis] = count;
        Tensor::full(value, shape, x.device())
    };
    let [before, after] = counts;
    let mut parts = vec![x.clone()];
    if before > 0 {
        parts.insert(0, border(before)?);
    }
    if after > 0 {
        parts.push(border(after)?);
    }
    if parts.len() == 1 {
        return Ok(x.clone());
    }
    Tensor::cat(&parts, axis)
}

/// Puts `step - 1` zeros between neighbours along `axis`.
fn spread(x: &Tensor, axis: usize, step: usize) -> Result<Tensor> {
    if step == 1 {
        return Ok(x.clone());
    }
    let len = x.dim(axis)?;
    let spaced = x
        .unsqueeze(axis + 1)?
        .pad_with_zeros(axis + 1, 0, step - 1)?
        .flatten(axis, axis + 1)?;
    spaced.narrow(axis, 0, (len - 1) * step + 1)?.contiguous()
}

/// Every `step`-th element along `axis`.
fn every(x: &Tensor, axis: usize, step: usize) -> Result<Tensor> {
    let indices: Vec<u32> = (0..x.dim(axis)? as u32).step_by(step).collect();
    x.index_select(&Tensor::new(indices, x.device())?, axis)
}

/// Reverses the order along `axis`.
fn turn(x: &Tensor, axis: usize) -> Result<Tensor> {
    let indices: Vec<u32> = (0..x.dim(axis)? as u32).rev().collect();
    x.index_select(&Tensor::new(indices, x.device())?, axis)
}

fn multiply(gemm: &Gemm, a: &Tensor, b: &Tensor, c: Option<&Tensor>) -> Result<Tensor> {
    let transposed = |x: &Tensor, transpose: bool| -> Result<Tensor> {
        if transpose {
            x.transpose(D::Minus2, D::Minus1)?.contiguous()
        } else {
            Ok(x.clone())
        }
    };
    let product = transposed(a, gemm.transpose_a)?.matmul(&transposed(b, gemm.transpose_b)?)?;
    let product = product.affine(f64::from(gemm.alpha), 0.0)?;
    match c {
        Some(c) => product.broadcast_add(&c.affine(f64::from(gemm.beta), 0.0)?),
        None => Ok(product),
    }
}
