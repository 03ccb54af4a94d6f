//! Leaves out channels that are the same for every picture.
//!
//! Training with weight decay leaves channels behind whose weights are zero: up
//! to two thirds of some of MobileFaceNet's layers. Such a channel has the same
//! value at every pixel of every picture, so its share of the next convolution
//! is a constant, which goes into that one's bias.

use super::layer::{Convolution, Kind, Network};
use crate::graph::ValueId;
use crate::kernels::finish::Curve;

/// Prunes wherever a dense convolution feeds another one, directly or through a
/// depthwise one, and nothing else reads what lies between.
pub(crate) fn prune(network: &mut Network) {
    for first in 0..network.layers.len() {
        let Some(path) = path_from(network, first) else {
            continue;
        };
        let constants = constants(network, &path);
        let may_prune = |value: &f32| *value == 0.0 || path.last_is_pointwise;
        let mut kept: Vec<usize> = (0..constants.len())
            .filter(|&channel| !constants[channel].as_ref().is_some_and(may_prune))
            .collect();
        if kept.is_empty() {
            // A picture has at least one channel.
            kept.push(0);
        }
        if kept.len() < constants.len() {
            apply(network, &path, &constants, &kept);
        }
    }
}

/// Layers between which channels can be left out.
struct Path {
    first: usize,
    depthwise: Option<usize>,
    last: usize,
    /// Without padding, a constant input is constant at the edges, too.
    last_is_pointwise: bool,
}

fn path_from(network: &Network, first: usize) -> Option<Path> {
    let conv = dense(network, first)?;
    if conv.finish.residual || !keeps_zero(&conv.finish.curve) {
        return None;
    }
    let mut last = only_reader(network, network.layers[first].output)?;
    let depthwise = is_depthwise(network, last).then_some(last);
    if depthwise.is_some() {
        last = only_reader(network, network.layers[last].output)?;
    }
    let last_conv = dense(network, last)?;
    Some(Path {
        first,
        depthwise,
        last,
        last_is_pointwise: last_conv.window.kernel == [1, 1]
            && last_conv.window.pads_before == [0, 0]
            && last_conv.window.pads_after == [0, 0],
    })
}

/// The layer as a convolution in one group.
fn dense(network: &Network, index: usize) -> Option<&Convolution> {
    match &network.layers[index].kind {
        Kind::Conv(conv) if conv.window.groups == 1 => Some(conv),
        _ => None,
    }
}

fn is_depthwise(network: &Network, index: usize) -> bool {
    let Kind::Conv(conv) = &network.layers[index].kind else {
        return false;
    };
    let channels = network.shape(network.layers[index].inputs[0])[1];
    let groups = conv.window.groups;
    groups > 1 && groups == channels && groups == conv.bias.len() && !conv.finish.residual
}

/// The layer that reads `value` as its first input, if there is just one.
fn only_reader(network: &Network, value: ValueId) -> Option<usize> {
    if network.outputs.contains(&value) {
        return None;
    }
    let mut readers = (0..network.layers.len()).flat_map(|index| {
        let inputs = network.layers[index].inputs.iter().enumerate();
        inputs.filter_map(move |(at, &input)| (input == value).then_some((index, at)))
    });
    match (readers.next(), readers.next()) {
        (Some((index, 0)), None) => Some(index),
        _ => None,
    }
}

fn keeps_zero(curve: &Curve) -> bool {
    at(curve, 0.0, 0.0) == 0.0
}

/// The curve at `x`; `slope` is its channel's, if it needs one.
fn at(curve: &Curve, x: f32, slope: f32) -> f32 {
    match *curve {
        Curve::Identity => x,
        Curve::Relu => x.max(0.0),
        Curve::Slopes => x.max(0.0) + slope * x.min(0.0),
        Curve::Clip { min, max } => x.max(min).min(max),
        Curve::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
        Curve::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
    }
}

/// For every channel between first and last, its value if that is always the same.
fn constants(network: &Network, path: &Path) -> Vec<Option<f32>> {
    let is_zero = |weights: &[f32]| weights.iter().all(|&weight| weight == 0.0);
    let Kind::Conv(first) = &network.layers[path.first].kind else {
        return Vec::new();
    };
    let row = first.weights.len() / first.bias.len();
    let dead: Vec<bool> = first
        .weights
        .chunks_exact(row)
        .zip(&first.bias)
        .map(|(weights, &bias)| bias == 0.0 && is_zero(weights))
        .collect();
    let depthwise = path.depthwise.map(|index| &network.layers[index].kind);
    let Some(Kind::Conv(depthwise)) = depthwise else {
        return dead.iter().map(|dead| dead.then_some(0.0)).collect();
    };
    let taps = depthwise.weights.len() / depthwise.bias.len();
    let kernels = depthwise.weights.chunks_exact(taps);
    dead.iter()
        .zip(kernels)
        .enumerate()
        .map(|(channel, (dead, kernel))| {
            let finish = &depthwise.finish;
            let slope = finish.slopes.get(channel).copied().unwrap_or(0.0);
            let value = at(&finish.curve, depthwise.bias[channel], slope);
            (*dead || is_zero(kernel)).then_some(value)
        })
        .collect()
}

fn apply(network: &mut Network, path: &Path, constants: &[Option<f32>], kept: &[usize]) {
    for index in [Some(path.first), path.depthwise].into_iter().flatten() {
        let output = network.layers[index].output;
        if let Kind::Conv(conv) = &mut network.layers[index].kind {
            keep_rows(conv, kept);
        }
        if let Some(shape) = network.shapes.get_mut(&output) {
            shape[1] = kept.len();
        }
    }
    if let Kind::Conv(last) = &mut network.layers[path.last].kind {
        keep_columns(last, constants, kept);
    }
}

/// Leaves only the output channels in `kept`.
fn keep_rows(conv: &mut Convolution, kept: &[usize]) {
    let row = conv.weights.len() / conv.bias.len();
    let rows = kept
        .iter()
        .map(|&channel| channel * row..(channel + 1) * row);
    conv.weights = rows.flat_map(|row| conv.weights[row].to_vec()).collect();
    conv.bias = kept.iter().map(|&channel| conv.bias[channel]).collect();
    if !conv.finish.slopes.is_empty() {
        let slopes = &conv.finish.slopes;
        conv.finish.slopes = kept.iter().map(|&channel| slopes[channel]).collect();
    }
    if conv.window.groups > 1 {
        conv.window.groups = kept.len();
    }
}

/// Leaves only the input channels in `kept`; the others go into the bias.
fn keep_columns(conv: &mut Convolution, constants: &[Option<f32>], kept: &[usize]) {
    let taps = conv.window.kernel[0] * conv.window.kernel[1];
    let mut weights = Vec::with_capacity(conv.bias.len() * kept.len() * taps);
    let rows = conv.weights.chunks_exact(constants.len() * taps);
    for (row, bias) in rows.zip(&mut conv.bias) {
        let mut next_kept = kept.iter().copied().peekable();
        for (channel, kernel) in row.chunks_exact(taps).enumerate() {
            if next_kept.next_if_eq(&channel).is_some() {
                weights.extend_from_slice(kernel);
            } else if let Some(value) = constants[channel] {
                *bias += value * kernel.iter().sum::<f32>();
            }
        }
    }
    conv.weights = weights;
}
