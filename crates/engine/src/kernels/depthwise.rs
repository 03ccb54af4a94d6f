//! Convolution of every channel with a kernel of its own.

use super::aligned::Aligned;
use super::finish::Output;
use super::lanes::Lanes;
use super::packing::per_channel;
use super::{Extent, LANES, Sink, Source, Task};
use crate::graph::Window;

/// Neighbouring outputs done at once in the 3×3 loop: nine weights, four sums
/// and an input fill the registers.
const AT_ONCE: usize = 4;

/// A depthwise convolution prepared for one picture size.
#[derive(Debug)]
pub(crate) struct Depthwise {
    input: Extent,
    output: Extent,
    window: Window,
    /// Rows per part.
    rows: usize,
    /// `[⌈C/8⌉][kernel][8]`.
    weights: Aligned,
    bias: Aligned,
}

impl Depthwise {
    /// The packed weights, to be shared with another plan.
    pub(crate) fn weights_mut(&mut self) -> &mut Aligned {
        &mut self.weights
    }

    /// `weights` are `[channels][kernel height][kernel width]`.
    pub(crate) fn new(
        input: Extent,
        output: Extent,
        window: Window,
        weights: &[f32],
        bias: &[f32],
    ) -> Self {
        let taps = window.kernel[0] * window.kernel[1];
        let mut blocked = vec![0.0; output.blocks() * taps * LANES];
        for (index, &weight) in weights.iter().enumerate() {
            let (channel, tap) = (index / taps, index % taps);
            blocked[(channel / LANES * taps + tap) * LANES + channel % LANES] = weight;
        }
        Self {
            input,
            output,
            window,
            rows: (1024 / output.width).clamp(1, output.height),
            weights: Aligned::new(&blocked),
            bias: per_channel(bias, 0.0),
        }
    }

    fn row_parts(&self) -> usize {
        self.output.height.div_ceil(self.rows)
    }

    /// Whether the unrolled 3×3 loop fits.
    fn is_common(&self) -> bool {
        let window = &self.window;
        window.kernel == [3, 3]
            && window.dilations == [1, 1]
            && window.strides[0] == window.strides[1]
            && window.strides[0] <= 2
    }
}

/// A [`Depthwise`] on its way.
#[derive(Debug)]
pub(crate) struct DepthwiseTask<'a> {
    pub(crate) layer: &'a Depthwise,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for DepthwiseTask<'_> {
    fn parts(&self) -> usize {
        self.layer.output.blocks() * self.layer.row_parts()
    }

    fn fits(&self) -> bool {
        self.input.holds(self.layer.input.floats()) && self.output.holds(self.layer.output.floats())
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let layer = self.layer;
        let block = part / layer.row_parts();
        let first = part % layer.row_parts() * layer.rows;
        let rows = first..(first + layer.rows).min(layer.output.height);
        // SAFETY: rows and block lie inside; the rest is the caller's promise.
        unsafe {
            match (layer.is_common(), layer.window.strides[0]) {
                (true, 1) => self.rows_of_3x3::<L, 1>(block, rows),
                (true, 2) => self.rows_of_3x3::<L, 2>(block, rows),
                _ => {
                    for y in rows {
                        self.any_pixels::<L>(block, y, 0..layer.output.width);
                    }
                }
            }
        }
    }
}

impl DepthwiseTask<'_> {
    /// Rows of a 3×3 kernel: unrolled where the whole window lies inside.
    #[inline(always)]
    unsafe fn rows_of_3x3<L: Lanes, const STRIDE: usize>(
        &self,
        block: usize,
        rows: std::ops::Range<usize>,
    ) {
        let layer = self.layer;
        let [pad_y, pad_x] = layer.window.pads_before;
        let (height, width) = (layer.input.height, layer.input.width);
        // The outputs whose window does not hang over the left or right edge.
        let inside_from = pad_x.div_ceil(STRIDE).min(layer.output.width);
        let inside_to = match (width + pad_x).checked_sub(3) {
            Some(last) => (last / STRIDE + 1).clamp(inside_from, layer.output.width),
            None => inside_from,
        };
        // SAFETY: the unrolled loop is only entered where all nine inputs lie inside.
        unsafe {
            let bias: L = Source::new(&layer.bias).lanes(block * LANES);
            let mut weights = [bias; 9];
            for (tap, weight) in weights.iter_mut().enumerate() {
                *weight = Source::new(&layer.weights).lanes((block * 9 + tap) * LANES);
            }
            for y in rows {
                let top = (y * STRIDE).cast_signed() - pad_y.cast_signed();
                if top < 0 || top + 3 > height.cast_signed() {
                    self.any_pixels::<L>(block, y, 0..layer.output.width);
                    continue;
                }
                self.any_pixels::<L>(block, y, 0..inside_from);
                let line = (block * height + top.cast_unsigned()) * width;
                let mut x = inside_from;
                while x + AT_ONCE <= inside_to {
                    let at = (line + x * STRIDE - pad_x) * LANES;
                    let sums = self.sums_of_3x3::<L, STRIDE, AT_ONCE>(at, &weights, bias);
                    self.put(block, y, x, sums);
                    x += AT_ONCE;
                }
                while x < inside_to {
                    let at = (line + x * STRIDE - pad_x) * LANES;
                    let sums = self.sums_of_3x3::<L, STRIDE, 1>(at, &weights, bias);
                    self.put(block, y, x, sums);
                    x += 1;
                }
                self.any_pixels::<L>(block, y, inside_to..layer.output.width);
            }
        }
    }

    /// The sums of neighbouring outputs whose first window starts at float `at`.
    #[inline(always)]
    unsafe fn sums_of_3x3<L: Lanes, const STRIDE: usize, const COUNT: usize>(
        &self,
        at: usize,
        weights: &[L; 9],
        bias: L,
    ) -> [L; COUNT] {
        let mut sums = [bias; COUNT];
        for ky in 0..3 {
            for kx in 0..3 {
                for (index, sum) in sums.iter_mut().enumerate() {
                    let pixel = ky * self.layer.input.width + index * STRIDE + kx;
                    // SAFETY: the caller vouches for the windows.
                    unsafe {
                        let x: L = self.input.lanes(at + pixel * LANES);
                        *sum = sum.fma(x, weights[ky * 3 + kx]);
                    }
                }
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn put<L: Lanes, const COUNT: usize>(
        &self,
        block: usize,
        y: usize,
        x: usize,
        sums: [L; COUNT],
    ) {
        let Extent { height, width, .. } = self.layer.output;
        for (index, sum) in sums.into_iter().enumerate() {
            let at = ((block * height + y) * width + x + index) * LANES;
            // SAFETY: the caller vouches for the place.
            unsafe { self.output.put(block, at, sum) }
        }
    }

    /// Any kernel, any stride, any edge: one pixel at a time.
    #[inline(always)]
    unsafe fn any_pixels<L: Lanes>(&self, block: usize, y: usize, xs: std::ops::Range<usize>) {
        let layer = self.layer;
        let [kernel_h, kernel_w] = layer.window.kernel;
        let rows = inside(&layer.window, 0, y, layer.input.height);
        for x in xs {
            let columns = inside(&layer.window, 1, x, layer.input.width);
            // SAFETY: `inside` gives only taps that lie in the picture.
            unsafe {
                let mut sum: L = Source::new(&layer.bias).lanes(block * LANES);
                for ky in rows.clone() {
                    let iy = place(&layer.window, 0, y, ky);
                    for kx in columns.clone() {
                        let ix = place(&layer.window, 1, x, kx);
                        let pixel = (block * layer.input.height + iy) * layer.input.width + ix;
                        let tap = (block * kernel_h + ky) * kernel_w + kx;
                        let weight: L = Source::new(&layer.weights).lanes(tap * LANES);
                        let value: L = self.input.lanes(pixel * LANES);
                        sum = sum.fma(value, weight);
                    }
                }
                self.put(block, y, x, [sum]);
            }
        }
    }
}

/// Which taps of the window of output `at` fall into a picture of `size`.
#[inline(always)]
pub(crate) fn inside(window: &Window, d: usize, at: usize, size: usize) -> std::ops::Range<usize> {
    let (start, dilation) = (at * window.strides[d], window.dilations[d]);
    let pad = window.pads_before[d];
    let first = pad.saturating_sub(start).div_ceil(dilation);
    let end = (size + pad).saturating_sub(start).div_ceil(dilation);
    let end = end.min(window.kernel[d]);
    first.min(end)..end
}

/// Where tap `k` of output `at` falls; it must fall inside.
#[inline(always)]
pub(crate) fn place(window: &Window, d: usize, at: usize, k: usize) -> usize {
    at * window.strides[d] + k * window.dilations[d] - window.pads_before[d]
}
