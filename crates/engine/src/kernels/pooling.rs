//! Maximum and average of windows, and the average of a whole picture.

use super::depthwise::{inside, place};
use super::lanes::Lanes;
use super::{Extent, LANES, Sink, Source, Task};
use crate::graph::Pool;

/// What a pooling keeps of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Maximum,
    Average,
}

/// A pooling on its way; one part per row of one group of channels.
#[derive(Debug)]
pub(crate) struct PoolTask<'a> {
    pub(crate) pool: Pool,
    pub(crate) keep: Keep,
    pub(crate) from: Extent,
    pub(crate) to: Extent,
    pub(crate) input: Source<'a>,
    pub(crate) output: Sink<'a>,
}

impl Task for PoolTask<'_> {
    fn parts(&self) -> usize {
        self.to.blocks() * self.to.height
    }

    fn fits(&self) -> bool {
        self.input.holds(self.from.floats()) && self.output.holds(self.to.floats())
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let (block, y) = (part / self.to.height, part % self.to.height);
        let window = &self.pool.window;
        let rows = inside(window, 0, y, self.from.height);
        for x in 0..self.to.width {
            let columns = inside(window, 1, x, self.from.width);
            // SAFETY: `inside` gives only taps in the picture, and at least one,
            // because pads are smaller than the kernel.
            unsafe {
                let at = |ky: usize, kx: usize| {
                    let (iy, ix) = (place(window, 0, y, ky), place(window, 1, x, kx));
                    ((block * self.from.height + iy) * self.from.width + ix) * LANES
                };
                let mut kept = match self.keep {
                    Keep::Maximum => L::splat(f32::NEG_INFINITY),
                    Keep::Average => L::splat(0.0),
                };
                for ky in rows.clone() {
                    for kx in columns.clone() {
                        let value = self.input.lanes::<L>(at(ky, kx));
                        kept = match self.keep {
                            Keep::Maximum => kept.max(value),
                            Keep::Average => kept.add(value),
                        };
                    }
                }
                if self.keep == Keep::Average {
                    let count = self.counted(0, y, rows.len()) * self.counted(1, x, columns.len());
                    kept = kept.mul(L::splat(1.0 / count as f32));
                }
                let to = ((block * self.to.height + y) * self.to.width + x) * LANES;
                self.output.put(to, kept);
            }
        }
    }
}

impl PoolTask<'_> {
    /// Over how many places an average is taken in direction `d`.
    #[inline(always)]
    fn counted(&self, d: usize, at: usize, taps_inside: usize) -> usize {
        if !self.pool.count_include_pad {
            return taps_inside;
        }
        // Padding counts, but what `ceil_mode` adds behind it does not.
        let window = &self.pool.window;
        let size = [self.from.height, self.from.width][d];
        let padded = size + window.pads_before[d] + window.pads_after[d];
        let room = (padded - at * window.strides[d]).div_ceil(window.dilations[d]);
        room.min(window.kernel[d])
    }
}

/// The average of each channel; one part per group of channels.
#[derive(Debug)]
pub(crate) struct GlobalAverageTask<'a> {
    pub(crate) from: Extent,
    pub(crate) input: Source<'a>,
    pub(crate) output: Sink<'a>,
}

impl Task for GlobalAverageTask<'_> {
    fn parts(&self) -> usize {
        self.from.blocks()
    }

    fn fits(&self) -> bool {
        self.input.holds(self.from.floats()) && self.output.holds(self.from.blocks() * LANES)
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let pixels = self.from.pixels();
        // SAFETY: all pixels of the group lie inside.
        unsafe {
            // Four sums at a time: one alone would wait for each addition.
            let mut sums = [L::splat(0.0); 4];
            for pixel in 0..pixels {
                let value = self.input.lanes((part * pixels + pixel) * LANES);
                sums[pixel % 4] = sums[pixel % 4].add(value);
            }
            let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
            self.output
                .put(part * LANES, sum.mul(L::splat(1.0 / pixels as f32)));
        }
    }
}
