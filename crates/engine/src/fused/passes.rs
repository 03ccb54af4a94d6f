//! Rewrites that make fewer layers of many without changing what they compute.

use std::collections::HashMap;

use super::layer::{Affine, Finish, Kind, Layer, Network, Operand};
use super::prune;
use crate::graph::{Binary, ValueId, Window};
use crate::kernels::finish::Curve;
use crate::kernels::pooling::Keep;
use crate::kernels::winograd;

/// Weights smaller than this count as zero. See [`flush_tiny_weights`].
const TINY: f32 = 1e-20;

/// Applies all passes.
pub(crate) fn optimise(network: &mut Network) {
    // A layer that took its reader along may take the next one, too.
    while fuse_once(network) {}
    while merge_siblings(network) {}
    flush_tiny_weights(network);
    prune::prune(network);
}

/// Sets weights to zero that weight decay has driven almost there.
///
/// Dead channels end up with weights around 1e-36. They change no result, but
/// products with them are subnormal, and those take a CPU a hundred cycles
/// each: MobileFaceNet would be ten times slower.
fn flush_tiny_weights(network: &mut Network) {
    let flush = |weights: &mut [f32]| {
        for weight in weights.iter_mut().filter(|weight| weight.abs() < TINY) {
            *weight = 0.0;
        }
    };
    for layer in &mut network.layers {
        if let Kind::Conv(conv) | Kind::ConvTranspose(conv) = &mut layer.kind {
            flush(&mut conv.weights);
            flush(&mut conv.bias);
        }
        if let Some(finish) = layer.kind.finish_mut() {
            flush(&mut finish.slopes);
        }
    }
}

/// Fuses one layer with its only reader; false if there is none to fuse.
fn fuse_once(network: &mut Network) -> bool {
    let readers = readers(network);
    for index in 0..network.layers.len() {
        let output = network.layers[index].output;
        let Some(&[reader]) = readers.get(&output).map(Vec::as_slice) else {
            continue;
        };
        if network.outputs.contains(&output) {
            continue;
        }
        let fused = fold_affine(network, index, reader)
            || fuse_curve(network, index, reader)
            || fuse_addition(network, index, reader)
            || fuse_pooling(network, index, reader);
        if fused {
            return true;
        }
    }
    false
}

/// Which layers read each value, once for every time they do.
fn readers(network: &Network) -> HashMap<ValueId, Vec<usize>> {
    let mut readers: HashMap<ValueId, Vec<usize>> = HashMap::new();
    for (index, layer) in network.layers.iter().enumerate() {
        for &id in &layer.inputs {
            readers.entry(id).or_default().push(index);
        }
    }
    readers
}

/// Lets the first of two layers make what the second made.
fn absorb(network: &mut Network, index: usize, reader: usize) -> Layer {
    let absorbed = network.layers.remove(reader);
    network.layers[index].output = absorbed.output;
    absorbed
}

/// Batch normalisation and scaling become part of the weights before them.
fn fold_affine(network: &mut Network, index: usize, reader: usize) -> bool {
    let affine = match &network.layers[reader].kind {
        Kind::Affine { affine, .. } | Kind::PlainAffine(affine) => affine.clone(),
        _ => return false,
    };
    let layer = &mut network.layers[index];
    let folded = match &mut layer.kind {
        Kind::Conv(conv) if is_bare(&conv.finish) => {
            scale_rows(&affine, &mut conv.weights, &mut conv.bias);
            true
        }
        Kind::ConvTranspose(conv) if is_bare(&conv.finish) => {
            // Weights are [in][out / groups][kernel]: output channels are not outermost.
            let per_group = conv.bias.len() / conv.window.groups;
            let in_per_group = network
                .shapes
                .get(&layer.inputs[0])
                .map_or(1, |shape| shape[1] / conv.window.groups);
            let taps = conv.window.kernel[0] * conv.window.kernel[1];
            for (row, weights) in conv.weights.chunks_exact_mut(taps).enumerate() {
                let group = row / per_group / in_per_group;
                let scale = affine.scale[group * per_group + row % per_group];
                scale_all(weights, scale);
            }
            scale_rows(&affine, &mut [], &mut conv.bias);
            true
        }
        _ => false,
    };
    if !folded {
        return fold_affine_into_product(network, index, reader, &affine);
    }
    let absorbed = absorb(network, index, reader);
    // An affine layer may have taken a curve along; it is ours now.
    if let (Kind::Affine { finish, .. }, Some(own)) =
        (absorbed.kind, network.layers[index].kind.finish_mut())
    {
        *own = finish;
        let residual = own.residual;
        if residual {
            network.layers[index].inputs.extend(absorbed.inputs.last());
        }
    }
    true
}

fn scale_all(weights: &mut [f32], scale: f32) {
    for weight in weights {
        *weight *= scale;
    }
}

fn scale_rows(affine: &Affine, weights: &mut [f32], bias: &mut [f32]) {
    let row = weights.len() / bias.len();
    if row > 0 {
        for (weights, scale) in weights.chunks_exact_mut(row).zip(&affine.scale) {
            scale_all(weights, *scale);
        }
    }
    for ((bias, scale), shift) in bias.iter_mut().zip(&affine.scale).zip(&affine.shift) {
        *bias = *bias * scale + shift;
    }
}

/// A product's columns can be scaled in its stored matrix; a shift cannot go there.
fn fold_affine_into_product(
    network: &mut Network,
    index: usize,
    reader: usize,
    affine: &Affine,
) -> bool {
    let Kind::Product {
        product,
        right: Operand::Stored { numbers, .. },
    } = &mut network.layers[index].kind
    else {
        return false;
    };
    let columns = product.columns;
    if affine.scale.len() != columns || affine.scale.iter().all(|&scale| scale == 1.0) {
        return false;
    }
    for (at, number) in numbers.iter_mut().enumerate() {
        let column = if product.gemm.transpose_b {
            at / product.inner
        } else {
            at % columns
        };
        *number *= affine.scale[column];
    }
    if let Kind::PlainAffine(affine) = &mut network.layers[reader].kind {
        affine.scale.fill(1.0);
    }
    true
}

fn is_bare(finish: &Finish) -> bool {
    !finish.residual && finish.curve == Curve::Identity
}

/// An activation is done before the numbers before it are ever stored.
fn fuse_curve(network: &mut Network, index: usize, reader: usize) -> bool {
    let Kind::Curve(curve) = &network.layers[reader].kind else {
        return false;
    };
    if curve.residual {
        return false;
    }
    let (curve, slopes) = (curve.curve, curve.slopes.clone());
    let Some(finish) = network.layers[index].kind.finish_mut() else {
        return false;
    };
    if finish.curve != Curve::Identity {
        return false;
    }
    finish.curve = curve;
    finish.slopes = slopes;
    absorb(network, index, reader);
    true
}

/// An addition is done before its first operand is ever stored, provided the
/// second one is known by then: the layer then moves to where the addition was.
fn fuse_addition(network: &mut Network, index: usize, reader: usize) -> bool {
    let Kind::Binary {
        binary: Binary::Add,
        finish: after,
    } = &network.layers[reader].kind
    else {
        return false;
    };
    let after = after.clone();
    let can_take = match &mut network.layers[index].kind {
        Kind::Conv(conv) => is_bare(&conv.finish),
        Kind::Resize { finish, .. } => is_bare(finish),
        _ => false,
    };
    if !can_take || after.residual {
        return false;
    }
    let output = network.layers[index].output;
    let operands = &network.layers[reader].inputs;
    let Some(&residual) = operands.iter().find(|&&id| id != output) else {
        return false;
    };
    let addition = network.layers.remove(reader);
    let mut layer = network.layers.remove(index);
    layer.inputs.push(residual);
    layer.output = addition.output;
    if let Some(finish) = layer.kind.finish_mut() {
        *finish = Finish {
            residual: true,
            ..after
        };
    }
    // Between the two, nothing reads the layer: the addition was its only reader.
    network.layers.insert(reader - 1, layer);
    true
}

/// A maximum over 2×2 is taken before the larger picture is ever stored.
fn fuse_pooling(network: &mut Network, index: usize, reader: usize) -> bool {
    let Kind::Pool {
        pool,
        keep: Keep::Maximum,
    } = &network.layers[reader].kind
    else {
        return false;
    };
    let input = network.layers[index].inputs[0];
    let (Some(extent), true) = (network.extent(input), is_halving(&pool.window)) else {
        return false;
    };
    // The network's own input comes as planes, which another kernel reads.
    if input == network.input || extent.height % 2 + extent.width % 2 > 0 {
        return false;
    }
    let Kind::Conv(conv) = &mut network.layers[index].kind else {
        return false;
    };
    // The maximum moves before the curve, which therefore must not fall.
    let suits = winograd::suits(&conv.window, extent)
        && !conv.finish.residual
        && !conv.pooled
        && conv.finish.curve.never_falls();
    if suits {
        conv.pooled = true;
        absorb(network, index, reader);
    }
    suits
}

fn is_halving(window: &Window) -> bool {
    *window
        == Window {
            kernel: [2, 2],
            strides: [2, 2],
            dilations: [1, 1],
            pads_before: [0, 0],
            pads_after: [0, 0],
            groups: window.groups,
        }
}

/// Makes one convolution of several that look at the same picture through the
/// same window, as the heads of a detector do: each alone has too few channels
/// to use the vector units well. False if there are none.
fn merge_siblings(network: &mut Network) -> bool {
    let readers = readers(network);
    for first in 0..network.layers.len() {
        let siblings: Vec<usize> = (first..network.layers.len())
            .filter(|&index| are_siblings(network, &readers, first, index))
            .collect();
        if siblings.len() > 1 {
            merge(network, &siblings);
            return true;
        }
    }
    false
}

/// Whether the convolutions `a` and `b` (which may be the same) can be merged.
fn are_siblings(
    network: &Network,
    readers: &HashMap<ValueId, Vec<usize>>,
    a: usize,
    b: usize,
) -> bool {
    let (a, b) = (&network.layers[a], &network.layers[b]);
    let (Kind::Conv(conv), Kind::Conv(other)) = (&a.kind, &b.kind) else {
        return false;
    };
    let is_dense = other.window.groups == 1 && is_bare(&other.finish) && !other.pooled;
    // What is merged comes apart as row-major numbers.
    let mut readers = readers.get(&b.output).into_iter().flatten();
    a.inputs == b.inputs
        && conv.window == other.window
        && is_dense
        && readers.all(|&reader| network.layers[reader].kind.reads_numbers())
}

fn merge(network: &mut Network, siblings: &[usize]) {
    let mut weights = Vec::new();
    let mut bias = Vec::new();
    let mut parts = Vec::with_capacity(siblings.len());
    for &index in siblings {
        let layer = &network.layers[index];
        if let Kind::Conv(conv) = &layer.kind {
            let first = bias.len();
            parts.push((layer.label.clone(), layer.output, first));
            weights.extend_from_slice(&conv.weights);
            bias.extend_from_slice(&conv.bias);
        }
    }
    let mut shape = network.shape(parts[0].1).to_vec();
    shape[1] = bias.len();
    let whole = network.new_value(shape);
    for &index in siblings[1..].iter().rev() {
        network.layers.remove(index);
    }
    let merged = &mut network.layers[siblings[0]];
    merged.output = whole;
    if let Kind::Conv(conv) = &mut merged.kind {
        conv.weights = weights;
        conv.bias = bias;
    }
    let after = siblings[0] + 1;
    let parts = parts.into_iter().map(|(label, output, first)| Layer {
        label,
        kind: Kind::Channels { first },
        inputs: vec![whole],
        output,
    });
    network.layers.splice(after..after, parts);
}
