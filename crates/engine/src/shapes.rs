//! The shape each operator makes: the part of ONNX's operator definitions that
//! is arithmetic on sizes. Every function refuses what does not fit.
#![expect(
    clippy::cast_possible_wrap,
    reason = "a size is at most MAX_ELEMENTS, far below i64::MAX"
)]

use super::attributes::Reason;
use super::graph::{Coordinates, Gemm, Pool, Resize, Rounding, Softmax, Window};
use super::program::Action;

/// No value may have more numbers than this (one gigabyte of floats), so that a
/// damaged file ends in a message and not in the kernel's out-of-memory killer.
const MAX_ELEMENTS: usize = 1 << 28;

/// `shape` itself if it has a size that fits into memory.
pub(crate) fn checked(shape: Vec<usize>) -> Result<Vec<usize>, Reason> {
    let count = shape
        .iter()
        .try_fold(1_usize, |count, &size| count.checked_mul(size));
    match count {
        Some(0) => Err(format!("its output of shape {shape:?} is empty")),
        Some(count) if count <= MAX_ELEMENTS => Ok(shape),
        _ => Err(format!("its output of shape {shape:?} is too large")),
    }
}

/// A shape as (batch, channels, height, width).
pub(crate) fn picture(shape: &[usize]) -> Result<[usize; 4], Reason> {
    <[usize; 4]>::try_from(shape)
        .map_err(|_| format!("it needs a batch of pictures, four dimensions, not {shape:?}"))
}

/// `axis` counted from the front; negative ones count from the back.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Reason> {
    let from_front = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| format!("there is no axis {axis} among {rank}"))
}

/// The window with the kernel's size filled in from the weights.
pub(crate) fn with_kernel(mut window: Window, weights: &[usize]) -> Result<Window, Reason> {
    let &[_, _, kernel_h, kernel_w] = weights else {
        return Err(format!(
            "weights of shape {weights:?} are not those of a two-dimensional convolution"
        ));
    };
    if window.kernel == [0, 0] {
        window.kernel = [kernel_h, kernel_w];
    }
    if window.kernel != [kernel_h, kernel_w] || window.kernel.contains(&0) {
        return Err(format!(
            "kernel_shape is {:?} but the weights have shape {weights:?}",
            window.kernel
        ));
    }
    Ok(window)
}

pub(crate) fn conv(
    window: &Window,
    x: &[usize],
    weights: &[usize],
    bias: Option<Vec<usize>>,
) -> Result<Vec<usize>, Reason> {
    let [batch, channels, height, width] = picture(x)?;
    let (out_channels, per_group) = (weights[0], weights[1]);
    if per_group.checked_mul(window.groups) != Some(channels)
        || !out_channels.is_multiple_of(window.groups)
    {
        return Err(format!(
            "weights of shape {weights:?} in {} groups do not fit an input of shape {x:?}",
            window.groups
        ));
    }
    check_bias(bias, out_channels)?;
    let sizes = [height, width];
    let mut out = vec![batch, out_channels];
    for (d, size) in sizes.into_iter().enumerate() {
        let padded = size + window.pads_before[d] + window.pads_after[d];
        let reach = window.dilations[d] * (window.kernel[d] - 1) + 1;
        if padded < reach {
            return Err(format!(
                "an input of shape {x:?} is smaller than the kernel {:?}",
                window.kernel
            ));
        }
        out.push((padded - reach) / window.strides[d] + 1);
    }
    Ok(out)
}

pub(crate) fn conv_transpose(
    window: &Window,
    output_padding: [usize; 2],
    x: &[usize],
    weights: &[usize],
    bias: Option<Vec<usize>>,
) -> Result<Vec<usize>, Reason> {
    let [batch, channels, height, width] = picture(x)?;
    if weights[0] != channels || !channels.is_multiple_of(window.groups) {
        return Err(format!(
            "weights of shape {weights:?} in {} groups do not fit an input of shape {x:?}",
            window.groups
        ));
    }
    let out_channels = weights[1]
        .checked_mul(window.groups)
        .ok_or("too many groups")?;
    check_bias(bias, out_channels)?;
    let sizes = [height, width];
    let mut out = vec![batch, out_channels];
    for (d, size) in sizes.into_iter().enumerate() {
        let full = (size - 1) * window.strides[d]
            + window.dilations[d] * (window.kernel[d] - 1)
            + 1
            + output_padding[d];
        let pads = window.pads_before[d] + window.pads_after[d];
        out.push(
            full.checked_sub(pads)
                .ok_or("its pads leave nothing over")?,
        );
    }
    Ok(out)
}

fn check_bias(bias: Option<Vec<usize>>, channels: usize) -> Result<(), Reason> {
    match bias {
        Some(shape) if shape != [channels] => Err(format!(
            "a bias of shape {shape:?} does not fit {channels} channels"
        )),
        _ => Ok(()),
    }
}

/// Checks that `weights` has one number per channel of `x`.
pub(crate) fn per_channel(x: &[usize], weights: &[usize]) -> Result<(), Reason> {
    if x.len() < 2 || weights != &x[1..2] {
        return Err(format!(
            "weights of shape {weights:?} do not fit an input of shape {x:?}"
        ));
    }
    Ok(())
}

pub(crate) fn pool(pool: &Pool, x: &[usize]) -> Result<Vec<usize>, Reason> {
    let [batch, channels, height, width] = picture(x)?;
    let window = &pool.window;
    let sizes = [height, width];
    let mut out = vec![batch, channels];
    for (d, size) in sizes.into_iter().enumerate() {
        let padded = size + window.pads_before[d] + window.pads_after[d];
        let reach = window.dilations[d] * (window.kernel[d] - 1) + 1;
        // With ceil_mode a window may hang over the end, as long as it starts inside.
        let room = padded.checked_sub(reach);
        let count = match room {
            Some(room) if pool.ceil_mode => {
                let count = room.div_ceil(window.strides[d]) + 1;
                let starts_outside =
                    (count - 1) * window.strides[d] >= size + window.pads_before[d];
                count - usize::from(starts_outside)
            }
            Some(room) => room / window.strides[d] + 1,
            None => {
                return Err(format!(
                    "an input of shape {x:?} is smaller than the kernel {:?}",
                    window.kernel
                ));
            }
        };
        out.push(count);
    }
    Ok(out)
}

pub(crate) fn resize(
    resize: &Resize,
    x: &[usize],
    factors: Option<&[f32]>,
    sizes: Option<&[i64]>,
) -> Result<(Action, Vec<usize>), Reason> {
    let [batch, channels, height, width] = picture(x)?;
    // An empty list stands for an absent one: opset 11 could not leave inputs out.
    let factors = factors.filter(|factors| !factors.is_empty());
    let sizes = sizes.filter(|sizes| !sizes.is_empty());
    let (out, scales) = match (factors, sizes) {
        (Some(&[n, c, h, w]), None) if n == 1.0 && c == 1.0 && h > 0.0 && w > 0.0 => {
            let out = [height as f32 * h, width as f32 * w].map(|size| size.floor() as usize);
            (out, [f64::from(h), f64::from(w)])
        }
        (None, Some(&[n, c, h, w])) if n == batch as i64 && c == channels as i64 => {
            let out = [h, w].map(|size| usize::try_from(size).unwrap_or(0));
            let scales = [out[0] as f64 / height as f64, out[1] as f64 / width as f64];
            (out, scales)
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err("exactly one of scales and sizes must be given".into());
        }
        _ => {
            return Err(format!(
                "scales {factors:?} and sizes {sizes:?} do not fit an input of shape {x:?}"
            ));
        }
    };
    let shape = checked(vec![batch, channels, out[0], out[1]])?;
    let action = Action::Resize {
        rows: sources(resize, scales[0], height, out[0]),
        columns: sources(resize, scales[1], width, out[1]),
    };
    Ok((action, shape))
}

/// Which of `len` input pixels each of `out` output pixels repeats.
fn sources(resize: &Resize, scale: f64, len: usize, out: usize) -> Vec<u32> {
    (0..out)
        .map(|index| {
            let at = match resize.coordinates {
                Coordinates::Asymmetric => index as f64 / scale,
                Coordinates::HalfPixel => (index as f64 + 0.5) / scale - 0.5,
            };
            let nearest = match resize.rounding {
                Rounding::Floor => at.floor(),
                Rounding::Ceil => at.ceil(),
                Rounding::PreferFloor => (at - 0.5).ceil(),
                Rounding::PreferCeil => (at + 0.5).floor(),
            };
            nearest.clamp(0.0, (len - 1) as f64) as u32
        })
        .collect()
}

/// The shape a `Reshape` asks for: 0 keeps a dimension, -1 takes what is left.
///
/// A file made for one picture size may carry a fixed length where its author
/// could have written -1. If such a target does not fit, its largest entry, the
/// one that counts positions, adapts.
pub(crate) fn reshape(x: &[usize], target: &[i64]) -> Result<Vec<usize>, Reason> {
    let misfit = || format!("an input of shape {x:?} cannot take the shape {target:?}");
    let total: usize = x.iter().product();
    let mut shape = Vec::with_capacity(target.len());
    let mut open = None;
    for (index, &size) in target.iter().enumerate() {
        shape.push(match size {
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            0 => *x.get(index).ok_or_else(misfit)?,
            size => usize::try_from(size).map_err(|_| misfit())?,
        });
    }
    let product = |shape: &[usize]| {
        shape
            .iter()
            .try_fold(1_usize, |product, &size| product.checked_mul(size))
    };
    if open.is_none() && product(&shape) != Some(total) {
        open = (0..shape.len()).max_by_key(|&index| shape[index]);
    }
    if let Some(open) = open {
        shape[open] = 1;
        let rest = product(&shape).filter(|&rest| rest > 0 && total.is_multiple_of(rest));
        shape[open] = total / rest.ok_or_else(misfit)?;
    }
    if product(&shape) == Some(total) {
        Ok(shape)
    } else {
        Err(misfit())
    }
}

pub(crate) fn flatten(x: &[usize], at: i64) -> Result<Vec<usize>, Reason> {
    // Unlike other axes, this one may point behind the last dimension.
    let at = if at == x.len() as i64 {
        x.len()
    } else {
        axis(at, x.len())?
    };
    Ok(vec![x[..at].iter().product(), x[at..].iter().product()])
}

pub(crate) fn squeeze(x: &[usize], axes: Option<&[i64]>) -> Result<Vec<usize>, Reason> {
    let dropped: Vec<usize> = match axes {
        None => (0..x.len()).filter(|&d| x[d] == 1).collect(),
        Some(axes) => axes
            .iter()
            .map(|&a| axis(a, x.len()))
            .collect::<Result<_, _>>()?,
    };
    if let Some(&d) = dropped.iter().find(|&&d| x[d] != 1) {
        return Err(format!("dimension {d} of {x:?} is not 1"));
    }
    Ok((0..x.len())
        .filter(|d| !dropped.contains(d))
        .map(|d| x[d])
        .collect())
}

pub(crate) fn unsqueeze(x: &[usize], axes: &[i64]) -> Result<Vec<usize>, Reason> {
    let rank = x.len() + axes.len();
    let mut added = axes
        .iter()
        .map(|&a| axis(a, rank))
        .collect::<Result<Vec<_>, _>>()?;
    added.sort_unstable();
    added.dedup();
    if added.len() != axes.len() {
        return Err(format!("axes {axes:?} name one dimension twice"));
    }
    let mut kept = x.iter();
    Ok((0..rank)
        .filter_map(|d| {
            if added.contains(&d) {
                Some(1)
            } else {
                kept.next().copied()
            }
        })
        .collect())
}

pub(crate) fn transpose(x: &[usize], perm: &[usize]) -> Result<Vec<usize>, Reason> {
    if perm.len() != x.len() {
        return Err(format!("perm {perm:?} does not fit the shape {x:?}"));
    }
    Ok(perm.iter().map(|&d| x[d]).collect())
}

/// Numpy's broadcasting: dimensions are aligned at the end, and 1 stretches.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Reason> {
    let rank = a.len().max(b.len());
    let at =
        |shape: &[usize], d: usize| (d + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|d| match (at(a, d), at(b, d)) {
            (x, y) if x == y || y == 1 => Ok(x),
            (1, y) => Ok(y),
            _ => Err(format!("the shapes {a:?} and {b:?} do not fit together")),
        })
        .collect()
}

pub(crate) fn matmul(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Reason> {
    let misfit = || format!("matrices of shapes {a:?} and {b:?} cannot be multiplied");
    let ([batch_a @ .., rows, inner_a], [batch_b @ .., inner_b, columns]) = (a, b) else {
        return Err(misfit());
    };
    if inner_a != inner_b {
        return Err(misfit());
    }
    let mut shape = broadcast(batch_a, batch_b)?;
    shape.extend([*rows, *columns]);
    Ok(shape)
}

pub(crate) fn gemm(
    gemm: &Gemm,
    a: &[usize],
    b: &[usize],
    c: Option<Vec<usize>>,
) -> Result<Vec<usize>, Reason> {
    let misfit = || format!("matrices of shapes {a:?} and {b:?} cannot be multiplied");
    let (&[a0, a1], &[b0, b1]) = (a, b) else {
        return Err(misfit());
    };
    let (rows, inner_a) = if gemm.transpose_a { (a1, a0) } else { (a0, a1) };
    let (inner_b, columns) = if gemm.transpose_b { (b1, b0) } else { (b0, b1) };
    if inner_a != inner_b {
        return Err(misfit());
    }
    let shape = vec![rows, columns];
    match c {
        Some(c) if broadcast(&shape, &c)? != shape => Err(format!(
            "a bias of shape {c:?} does not fit a product of shape {shape:?}"
        )),
        _ => Ok(shape),
    }
}

pub(crate) fn softmax(softmax: Softmax, x: &[usize]) -> Result<Action, Reason> {
    Ok(match softmax {
        Softmax::Along(at) => {
            let at = axis(at, x.len())?;
            Action::Softmax {
                length: x[at],
                stride: x[at + 1..].iter().product(),
            }
        }
        Softmax::From(at) => Action::Softmax {
            length: flatten(x, at)?[1],
            stride: 1,
        },
    })
}

pub(crate) fn concat(at: i64, all: &[Vec<usize>]) -> Result<(Action, Vec<usize>), Reason> {
    let mut shape = all.first().ok_or("it has no inputs")?.clone();
    let at = axis(at, shape.len())?;
    for other in &all[1..] {
        let fits =
            other.len() == shape.len() && (0..shape.len()).all(|d| d == at || other[d] == shape[d]);
        if !fits {
            return Err(format!(
                "the shapes {all:?} cannot be joined along axis {at}"
            ));
        }
        shape[at] += other[at];
    }
    Ok((Action::Concat { axis: at }, shape))
}

/// The bounds of a `Slice` as the file gives them.
pub(crate) struct SliceBounds {
    pub(crate) starts: Vec<i64>,
    pub(crate) ends: Vec<i64>,
    pub(crate) axes: Option<Vec<i64>>,
    pub(crate) steps: Option<Vec<i64>>,
}

pub(crate) fn slice(x: &[usize], bounds: &SliceBounds) -> Result<(Action, Vec<usize>), Reason> {
    let SliceBounds {
        starts,
        ends,
        axes,
        steps,
    } = bounds;
    let axes = axes
        .clone()
        .unwrap_or_else(|| (0..starts.len() as i64).collect());
    if ends.len() != starts.len() || axes.len() != starts.len() {
        return Err("starts, ends and axes differ in number".into());
    }
    if let Some(steps) = steps.as_ref().filter(|steps| steps.iter().any(|&s| s != 1)) {
        return Err(format!("steps of {steps:?} are not supported, only 1"));
    }
    let mut ranges: Vec<(usize, usize)> = x.iter().map(|&size| (0, size)).collect();
    for ((&start, &end), &at) in starts.iter().zip(ends).zip(&axes) {
        let at = axis(at, x.len())?;
        // Bounds may count from the back and may lie outside.
        let clamp = |bound: i64| {
            let size = x[at] as i64;
            let bound = if bound < 0 {
                bound.saturating_add(size)
            } else {
                bound
            };
            bound.clamp(0, size) as usize
        };
        let (start, end) = (clamp(start), clamp(end));
        ranges[at] = (start, end.saturating_sub(start));
    }
    let shape = ranges.iter().map(|&(_, count)| count).collect();
    Ok((Action::Slice(ranges), shape))
}
