//! The one inner loop behind pointwise, direct and Winograd convolutions: the
//! sums of a few pixels times one to three groups of eight output channels.
//!
//! Sixteen registers hold at most twelve accumulators beside the weights and
//! the broadcast input: 6 pixels × 2 groups is the best shape on AVX2 (more
//! would spill to memory and run at half the speed); 3 × 3 serves odd numbers
//! of groups and 8 × 1 single ones.

use super::lanes::Lanes;
use super::{LANES, Source};

/// A run of input channels at one place of the kernel's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tap {
    /// Distance of its first channel from the output pixel's origin, in floats.
    pub(crate) offset: usize,
    /// How many channels: eight, or fewer in the last group.
    pub(crate) channels: usize,
}

/// Where a microkernel reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operands<'a> {
    pub(crate) input: Source<'a>,
    /// The first pixel's origin, in floats.
    pub(crate) at: usize,
    /// Distance between neighbouring pixels, in floats.
    pub(crate) step: usize,
    pub(crate) taps: &'a [Tap],
    pub(crate) weights: Source<'a>,
    /// Where the block's weights start.
    pub(crate) weights_at: usize,
}

/// Adds the products of all taps to the sums of `PIXELS` pixels × `GROUPS` groups.
#[inline(always)]
pub(crate) unsafe fn accumulate<L: Lanes, const GROUPS: usize, const PIXELS: usize>(
    operands: &Operands<'_>,
    sums: &mut [[L; GROUPS]; PIXELS],
) {
    let mut sums_in_registers = *sums;
    let mut weights_at = operands.weights_at;
    for tap in operands.taps {
        let at = operands.at + tap.offset;
        // SAFETY: the plan made taps and weights for this input, so they lie inside.
        unsafe {
            if tap.channels == LANES {
                for channel in 0..LANES {
                    step(operands, at + channel, weights_at, &mut sums_in_registers);
                    weights_at += GROUPS * LANES;
                }
            } else {
                for channel in 0..tap.channels {
                    step(operands, at + channel, weights_at, &mut sums_in_registers);
                    weights_at += GROUPS * LANES;
                }
            }
        }
    }
    *sums = sums_in_registers;
}

/// One input channel of every pixel times its weights.
#[inline(always)]
unsafe fn step<L: Lanes, const GROUPS: usize, const PIXELS: usize>(
    operands: &Operands<'_>,
    at: usize,
    weights_at: usize,
    sums: &mut [[L; GROUPS]; PIXELS],
) {
    // SAFETY: as in `accumulate`.
    unsafe {
        let mut weights = [L::splat(0.0); GROUPS];
        for (group, weights) in weights.iter_mut().enumerate() {
            *weights = operands.weights.lanes(weights_at + group * LANES);
        }
        for (pixel, sums) in sums.iter_mut().enumerate() {
            let x = L::splat(*operands.input.at(at + pixel * operands.step, 1));
            for (sum, &weights) in sums.iter_mut().zip(&weights) {
                *sum = sum.fma(x, weights);
            }
        }
    }
}

/// Receives the sums of one tile.
pub(crate) trait Tile {
    /// `PIXELS` pixels from `pixel` on, `GROUPS` groups of channels.
    ///
    /// # Safety
    /// As [`Task::run`](super::Task::run).
    unsafe fn tile<L: Lanes, const GROUPS: usize, const PIXELS: usize>(&self, pixel: usize);
}

/// Covers `count` pixels with tiles of the shapes that suit `groups`.
#[inline(always)]
pub(crate) unsafe fn cover<L: Lanes, T: Tile>(tiles: &T, groups: usize, count: usize) {
    let mut pixel = 0;
    // SAFETY: every tile lies within `count`; the rest is the caller's promise.
    unsafe {
        match groups {
            3 => {
                while pixel + 3 <= count {
                    tiles.tile::<L, 3, 3>(pixel);
                    pixel += 3;
                }
                match count - pixel {
                    2 => tiles.tile::<L, 3, 2>(pixel),
                    1 => tiles.tile::<L, 3, 1>(pixel),
                    _ => {}
                }
            }
            2 => {
                // Eight left are better done as four and four than as six and two.
                while pixel + 6 <= count && count - pixel != 8 {
                    tiles.tile::<L, 2, 6>(pixel);
                    pixel += 6;
                }
                if count - pixel >= 4 {
                    tiles.tile::<L, 2, 4>(pixel);
                    pixel += 4;
                }
                match count - pixel {
                    4 => tiles.tile::<L, 2, 4>(pixel),
                    3 => tiles.tile::<L, 2, 3>(pixel),
                    2 => tiles.tile::<L, 2, 2>(pixel),
                    1 => tiles.tile::<L, 2, 1>(pixel),
                    _ => {}
                }
            }
            _ => {
                while pixel + 8 <= count {
                    tiles.tile::<L, 1, 8>(pixel);
                    pixel += 8;
                }
                if count - pixel >= 4 {
                    tiles.tile::<L, 1, 4>(pixel);
                    pixel += 4;
                }
                while pixel < count {
                    tiles.tile::<L, 1, 1>(pixel);
                    pixel += 1;
                }
            }
        }
    }
}
