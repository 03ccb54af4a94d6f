//! Convolution with a 1×1 kernel: a matrix product over pixels.

use super::finish::Output;
use super::lanes::Lanes;
use super::microkernel::{Operands, Tap, Tile, accumulate, cover};
use super::packing::{OutBlock, Packed};
use super::{Extent, LANES, Sink, Source, Task};

/// How many floats of input a part works on: they stay in the first-level cache
/// while the weights stream by.
const CHUNK_FLOATS: usize = 4096;

/// Tiles cover 6 or 3 pixels; a multiple of both leaves no small rest.
const CHUNK_UNIT: usize = 12;

/// A 1×1 convolution with stride 1, prepared for one picture size.
#[derive(Debug)]
pub(crate) struct Pointwise {
    pub(crate) pixels: usize,
    chunk: usize,
    taps: Vec<Tap>,
    packed: Packed,
}

impl Pointwise {
    /// `weights` are `[out channels][in channels]`.
    pub(crate) fn new(input: Extent, weights: &[f32], bias: &[f32]) -> Self {
        let pixels = input.pixels();
        let channels = input.channels;
        let taps = (0..input.blocks())
            .map(|block| Tap {
                offset: block * pixels * LANES,
                channels: LANES.min(channels - block * LANES),
            })
            .collect();
        let units = (CHUNK_FLOATS / channels / CHUNK_UNIT).max(2);
        Self {
            pixels,
            chunk: units * CHUNK_UNIT,
            taps,
            packed: Packed::new(bias, channels, |out, tap| weights[out * channels + tap]),
        }
    }
}

/// A [`Pointwise`] on its way.
#[derive(Debug)]
pub(crate) struct PointwiseTask<'a> {
    pub(crate) layer: &'a Pointwise,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for PointwiseTask<'_> {
    fn parts(&self) -> usize {
        self.layer.pixels.div_ceil(self.layer.chunk)
    }

    fn fits(&self) -> bool {
        let floats = |groups: usize| groups * self.layer.pixels * LANES;
        self.input.holds(floats(self.layer.taps.len()))
            && self.output.holds(floats(self.layer.packed.groups()))
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let first = part * self.layer.chunk;
        let count = self.layer.chunk.min(self.layer.pixels - first);
        for block in &self.layer.packed.blocks {
            let tiles = PointwiseTiles {
                task: self,
                block: *block,
                first,
            };
            // SAFETY: the pixels lie inside the picture; the rest is the caller's promise.
            unsafe { cover::<L, _>(&tiles, block.groups, count) }
        }
    }
}

struct PointwiseTiles<'a> {
    task: &'a PointwiseTask<'a>,
    block: OutBlock,
    first: usize,
}

impl Tile for PointwiseTiles<'_> {
    #[inline(always)]
    unsafe fn tile<L: Lanes, const GROUPS: usize, const PIXELS: usize>(&self, pixel: usize) {
        let layer = self.task.layer;
        let pixel = self.first + pixel;
        let operands = Operands {
            input: self.task.input,
            at: pixel * LANES,
            step: LANES,
            taps: &layer.taps,
            weights: Source::new(&layer.packed.weights),
            weights_at: self.block.weights,
        };
        // SAFETY: pixel and block lie inside the output, which has the layer's size.
        unsafe {
            let mut sums = biased::<L, GROUPS, PIXELS>(&layer.packed, self.block);
            accumulate(&operands, &mut sums);
            for group in 0..GROUPS {
                let block = self.block.first + group;
                for (index, sums) in sums.iter().enumerate() {
                    let at = (block * layer.pixels + pixel + index) * LANES;
                    self.task.output.put(block, at, sums[group]);
                }
            }
        }
    }
}

/// Sums that start with the bias.
#[inline(always)]
pub(crate) unsafe fn biased<L: Lanes, const GROUPS: usize, const PIXELS: usize>(
    packed: &Packed,
    block: OutBlock,
) -> [[L; GROUPS]; PIXELS] {
    let bias = Source::new(&packed.bias);
    // SAFETY: there is one bias per channel of the block.
    unsafe {
        let mut row = [L::splat(0.0); GROUPS];
        for (group, lanes) in row.iter_mut().enumerate() {
            *lanes = bias.lanes((block.first + group) * LANES);
        }
        [row; PIXELS]
    }
}
