//! Convolution with a 1×1 kernel: a matrix product over pixels.

use super::aligned::Aligned;
use super::finish::Output;
use super::lanes::{Lanes, Row};
use super::microkernel::{Operands, Tap, Tile, accumulate, cover};
use super::packing::{OutBlock, Packed};
use super::{Extent, LANES, Sink, Source, Task};

/// How many floats of input a part works on: they stay in the first-level cache
/// while the weights stream by.
const CHUNK_FLOATS: usize = 4096;

/// How many parts a thread gets, so that one that is late can be helped.
const PARTS_PER_THREAD: usize = 4;

/// Tiles cover 12, 6 or 3 pixels; a multiple of all leaves no small rest.
const CHUNK_UNIT: usize = 12;

/// A 1×1 convolution with stride 1, prepared for one picture size.
#[derive(Debug)]
pub(crate) struct Pointwise {
    pub(crate) pixels: usize,
    /// Pixels that are worked on at a time.
    chunk: usize,
    /// Pixels of a part: some chunks that follow each other in memory, so that
    /// every thread reads on where it stopped.
    part: usize,
    taps: Vec<Tap>,
    packed: Packed,
}

impl Pointwise {
    /// The packed weights, to be shared with another plan.
    pub(crate) fn weights_mut(&mut self) -> &mut Aligned {
        &mut self.packed.weights
    }

    /// `weights` are `[out channels][in channels]`; `threads` share the work.
    pub(crate) fn new(input: Extent, weights: &[f32], bias: &[f32], threads: usize) -> Self {
        let pixels = input.pixels();
        let channels = input.channels;
        let taps = (0..input.blocks())
            .map(|block| Tap {
                offset: block * pixels * LANES,
                channels: LANES.min(channels - block * LANES),
            })
            .collect();
        let units = (CHUNK_FLOATS / channels / CHUNK_UNIT).max(2);
        let chunk = units * CHUNK_UNIT;
        let chunks = pixels.div_ceil(chunk);
        Self {
            pixels,
            chunk,
            part: chunks.div_ceil(threads * PARTS_PER_THREAD) * chunk,
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
        self.layer.pixels.div_ceil(self.layer.part)
    }

    fn fits(&self) -> bool {
        let floats = |groups: usize| groups * self.layer.pixels * LANES;
        self.input.holds(floats(self.layer.taps.len()))
            && self.output.holds(floats(self.layer.packed.groups()))
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let mut first = part * self.layer.part;
        let end = self.layer.pixels.min(first + self.layer.part);
        while first < end {
            let count = self.layer.chunk.min(end - first);
            for block in &self.layer.packed.blocks {
                let tiles = PointwiseTiles {
                    task: self,
                    block: *block,
                    first,
                };
                // SAFETY: the pixels lie inside the picture; the rest is the caller's promise.
                unsafe { cover::<L, _>(&tiles, block.groups, count) }
            }
            first += count;
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
    unsafe fn tile<L: Lanes, R: Row<L>, const PIXELS: usize>(&self, pixel: usize) {
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
            let mut sums = biased::<L, R, PIXELS>(&layer.packed, self.block);
            accumulate::<L, R, PIXELS>(&operands, &mut sums);
            for group in 0..R::GROUPS {
                let block = self.block.first + group;
                for (index, sums) in sums.iter().enumerate() {
                    let at = (block * layer.pixels + pixel + index) * LANES;
                    self.task.output.put(block, at, sums.group(group));
                }
            }
        }
    }
}

/// Sums that start with the bias.
#[inline(always)]
pub(crate) unsafe fn biased<L: Lanes, R: Row<L>, const PIXELS: usize>(
    packed: &Packed,
    block: OutBlock,
) -> [R; PIXELS] {
    let bias = Source::new(&packed.bias);
    // SAFETY: there is one bias per channel of the block.
    unsafe { [R::load(bias.at(block.first * LANES, R::GROUPS * LANES)); PIXELS] }
}
