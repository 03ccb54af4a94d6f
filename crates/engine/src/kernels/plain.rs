//! What is left outside the engine's layout: packing, unpacking, and the small
//! row-major work at a network's tail. Ordinary safe loops.

use std::ops::Range;

use super::{Extent, LANES};
use crate::graph::{Activation, Binary, Gemm};

/// In which order an unpacked picture's numbers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Channel by channel: NCHW, ONNX's own.
    Planar,
    /// Pixel by pixel: NHWC, what detection heads transpose to.
    Interleaved,
}

/// From one plane per channel to the engine's layout.
pub(crate) fn pack(extent: Extent, from: &[f32], to: &mut [f32]) {
    let pixels = extent.pixels();
    for (block, to) in to.chunks_exact_mut(pixels * LANES).enumerate() {
        for lane in 0..LANES {
            let channel = block * LANES + lane;
            let to = to.iter_mut().skip(lane).step_by(LANES);
            if channel < extent.channels {
                let plane = &from[channel * pixels..(channel + 1) * pixels];
                to.zip(plane).for_each(|(to, &from)| *to = from);
            } else {
                to.for_each(|to| *to = 0.0);
            }
        }
    }
}

/// The channels `channels` of a picture in the engine's layout, in `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpack {
    pub(crate) extent: Extent,
    pub(crate) channels: Range<usize>,
    pub(crate) order: Order,
}

impl Unpack {
    pub(crate) fn run(&self, from: &[f32], to: &mut [f32]) {
        let pixels = self.extent.pixels();
        let wanted = &self.channels;
        for block in wanted.start / LANES..wanted.end.div_ceil(LANES) {
            let from = &from[block * pixels * LANES..][..pixels * LANES];
            let start = wanted.start.max(block * LANES);
            let end = wanted.end.min((block + 1) * LANES);
            let lanes = start - block * LANES..end - block * LANES;
            let at = start - wanted.start;
            match self.order {
                Order::Planar => {
                    let planes = to[at * pixels..].chunks_exact_mut(pixels);
                    for (lane, plane) in lanes.zip(planes) {
                        for (to, from) in plane.iter_mut().zip(from.chunks_exact(LANES)) {
                            *to = from[lane];
                        }
                    }
                }
                Order::Interleaved => {
                    let to = to.chunks_exact_mut(wanted.len());
                    for (to, from) in to.zip(from.chunks_exact(LANES)) {
                        to[at..at + lanes.len()].copy_from_slice(&from[lanes.clone()]);
                    }
                }
            }
        }
    }
}

pub(crate) fn activate(activation: Activation, from: &[f32], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = activation.apply(from);
    }
}

/// `x · scale + shift`, per channel of `[n, channels, rest]`.
pub(crate) fn affine(scale: &[f32], shift: &[f32], rest: usize, from: &[f32], to: &mut [f32]) {
    let runs = to.chunks_exact_mut(rest).zip(from.chunks_exact(rest));
    for (index, (to, from)) in runs.enumerate() {
        let channel = index % scale.len();
        for (to, from) in to.iter_mut().zip(from) {
            *to = from * scale[channel] + shift[channel];
        }
    }
}

/// Negative numbers times a slope, per channel of `[n, channels, rest]`.
pub(crate) fn slopes(slopes: &[f32], rest: usize, from: &[f32], to: &mut [f32]) {
    let runs = to.chunks_exact_mut(rest).zip(from.chunks_exact(rest));
    for (index, (to, from)) in runs.enumerate() {
        let slope = slopes[index % slopes.len()];
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from.max(0.0) + slope * from.min(0.0);
        }
    }
}

/// For every output, where its operand lies: the strides of a broadcast or a
/// permutation, outermost first.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d];
    }
    strides
}

/// The strides of an operand of shape `shape` stretched to `to`.
pub(crate) fn broadcast_strides(shape: &[usize], to: &[usize]) -> Vec<usize> {
    let own = strides(shape);
    let missing = to.len() - shape.len();
    (0..to.len())
        .map(|d| match d.checked_sub(missing) {
            Some(d) if shape[d] != 1 => own[d],
            _ => 0,
        })
        .collect()
}

/// Where element `index` of a value of shape `shape` lies in an operand with `strides`.
fn place(mut index: usize, shape: &[usize], strides: &[usize]) -> usize {
    let mut at = 0;
    for (size, stride) in shape.iter().zip(strides).rev() {
        at += index % size * stride;
        index /= size;
    }
    at
}

/// Copies elements by stride: permutations and slices.
pub(crate) fn copy(shape: &[usize], strides: &[usize], from: &[f32], to: &mut [f32]) {
    for (index, to) in to.iter_mut().enumerate() {
        *to = from[place(index, shape, strides)];
    }
}

/// An operand of a broadcast function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operand<'a> {
    pub(crate) numbers: &'a [f32],
    pub(crate) strides: &'a [usize],
}

pub(crate) fn binary(
    binary: Binary,
    shape: &[usize],
    a: Operand<'_>,
    b: Operand<'_>,
    to: &mut [f32],
) {
    for (index, to) in to.iter_mut().enumerate() {
        let x = a.numbers[place(index, shape, a.strides)];
        let y = b.numbers[place(index, shape, b.strides)];
        *to = match binary {
            Binary::Add => x + y,
            Binary::Sub => x - y,
            Binary::Mul => x * y,
            Binary::Div => x / y,
        };
    }
}

/// A product of two matrices, as the plan knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Product {
    pub(crate) gemm: Gemm,
    pub(crate) rows: usize,
    pub(crate) inner: usize,
    pub(crate) columns: usize,
}

/// `alpha · a · b`.
pub(crate) fn product(product: &Product, a: &[f32], b: &[f32], to: &mut [f32]) {
    let Product {
        gemm,
        rows,
        inner,
        columns,
    } = *product;
    for (row, to) in to.chunks_exact_mut(columns).take(rows).enumerate() {
        let a_at = |k: usize| {
            if gemm.transpose_a {
                a[k * rows + row]
            } else {
                a[row * inner + k]
            }
        };
        if gemm.transpose_b {
            for (to, b) in to.iter_mut().zip(b.chunks_exact(inner)) {
                let sum: f32 = b.iter().enumerate().map(|(k, b)| a_at(k) * b).sum();
                *to = gemm.alpha * sum;
            }
        } else {
            to.fill(0.0);
            for (k, b) in b.chunks_exact(columns).enumerate() {
                let factor = gemm.alpha * a_at(k);
                for (to, b) in to.iter_mut().zip(b) {
                    *to += factor * b;
                }
            }
        }
    }
}

/// Softmax over runs of `length` numbers that are `stride` apart.
pub(crate) fn softmax(length: usize, stride: usize, from: &[f32], to: &mut [f32]) {
    for start in (0..from.len()).step_by(length * stride) {
        for offset in start..start + stride {
            let places = || (0..length).map(|k| offset + k * stride);
            // Without the maximum, exponentials of large numbers overflow.
            let max = places()
                .map(|at| from[at])
                .fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for at in places() {
                to[at] = (from[at] - max).exp();
                sum += to[at];
            }
            places().for_each(|at| to[at] /= sum);
        }
    }
}

/// Copies one operand of a concatenation to its place. `run` is how many numbers
/// of it lie in a row, `at` where they begin in a row of the output of `whole`.
pub(crate) fn join(run: usize, at: usize, whole: usize, from: &[f32], to: &mut [f32]) {
    for (to, from) in to.chunks_exact_mut(whole).zip(from.chunks_exact(run)) {
        to[at..at + run].copy_from_slice(from);
    }
}
