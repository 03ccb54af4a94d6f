//! The one inner loop behind pointwise, direct and Winograd convolutions: the
//! sums of a few pixels times one to three groups of eight output channels.
//!
//! Sixteen registers hold at most twelve accumulators beside the weights and
//! the broadcast input: 6 pixels × 2 groups is the best shape on AVX2 (more
//! would spill to memory and run at half the speed); 3 × 3 serves odd numbers
//! of groups and 8 × 1 single ones. AVX-512 has twice the registers, of twice
//! the size: 12 pixels of two or three groups.

use super::lanes::{Lanes, Row};
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

/// Adds the products of all taps to the sums of `PIXELS` pixels.
#[inline(always)]
pub(crate) unsafe fn accumulate<L: Lanes, R: Row<L>, const PIXELS: usize>(
    operands: &Operands<'_>,
    sums: &mut [R; PIXELS],
) {
    let mut kept = *sums;
    let mut weights_at = operands.weights_at;
    for tap in operands.taps {
        let at = operands.at + tap.offset;
        // SAFETY: the plan made taps and weights for this input, so they lie inside.
        unsafe {
            // Loops of known length are unrolled: whole groups, and the three
            // columns of a kernel over a plane.
            match tap.channels {
                LANES => {
                    for channel in 0..LANES {
                        step::<L, R, PIXELS>(operands, at + channel, weights_at, &mut kept);
                        weights_at += R::GROUPS * LANES;
                    }
                }
                3 => {
                    for channel in 0..3 {
                        step::<L, R, PIXELS>(operands, at + channel, weights_at, &mut kept);
                        weights_at += R::GROUPS * LANES;
                    }
                }
                channels => {
                    for channel in 0..channels {
                        step::<L, R, PIXELS>(operands, at + channel, weights_at, &mut kept);
                        weights_at += R::GROUPS * LANES;
                    }
                }
            }
        }
    }
    *sums = kept;
}

/// One input channel of every pixel times its weights.
#[inline(always)]
unsafe fn step<L: Lanes, R: Row<L>, const PIXELS: usize>(
    operands: &Operands<'_>,
    at: usize,
    weights_at: usize,
    sums: &mut [R; PIXELS],
) {
    // SAFETY: as in `accumulate`.
    unsafe {
        let weights = R::load(operands.weights.at(weights_at, R::GROUPS * LANES));
        for (pixel, sum) in sums.iter_mut().enumerate() {
            let x = *operands.input.at(at + pixel * operands.step, 1);
            *sum = sum.fma(x, weights);
        }
    }
}

/// Receives the sums of one tile.
pub(crate) trait Tile {
    /// `PIXELS` pixels from `pixel` on, the groups of channels of one `R`.
    ///
    /// # Safety
    /// As [`Task::run`](super::Task::run).
    unsafe fn tile<L: Lanes, R: Row<L>, const PIXELS: usize>(&self, pixel: usize);
}

/// Covers `count` pixels with tiles of the shapes that suit `groups`.
#[inline(always)]
pub(crate) unsafe fn cover<L: Lanes, T: Tile>(tiles: &T, groups: usize, count: usize) {
    let mut pixel = 0;
    // SAFETY: every tile lies within `count`; the rest is the caller's promise.
    unsafe {
        match groups {
            3 => {
                while L::HOLDS_TWELVE_PIXELS && pixel + 12 <= count {
                    tiles.tile::<L, L::Three, 12>(pixel);
                    pixel += 12;
                }
                while L::HOLDS_TWELVE_PIXELS && pixel + 6 <= count {
                    tiles.tile::<L, L::Three, 6>(pixel);
                    pixel += 6;
                }
                while pixel + 3 <= count {
                    tiles.tile::<L, L::Three, 3>(pixel);
                    pixel += 3;
                }
                match count - pixel {
                    2 => tiles.tile::<L, L::Three, 2>(pixel),
                    1 => tiles.tile::<L, L::Three, 1>(pixel),
                    _ => {}
                }
            }
            2 => {
                while L::HOLDS_TWELVE_PIXELS && pixel + 12 <= count {
                    tiles.tile::<L, L::Two, 12>(pixel);
                    pixel += 12;
                }
                // Eight left are better done as four and four than as six and two.
                while pixel + 6 <= count && count - pixel != 8 {
                    tiles.tile::<L, L::Two, 6>(pixel);
                    pixel += 6;
                }
                if count - pixel >= 4 {
                    tiles.tile::<L, L::Two, 4>(pixel);
                    pixel += 4;
                }
                match count - pixel {
                    4 => tiles.tile::<L, L::Two, 4>(pixel),
                    3 => tiles.tile::<L, L::Two, 3>(pixel),
                    2 => tiles.tile::<L, L::Two, 2>(pixel),
                    1 => tiles.tile::<L, L::Two, 1>(pixel),
                    _ => {}
                }
            }
            _ => {
                while pixel + 8 <= count {
                    tiles.tile::<L, [L; 1], 8>(pixel);
                    pixel += 8;
                }
                if count - pixel >= 4 {
                    tiles.tile::<L, [L; 1], 4>(pixel);
                    pixel += 4;
                }
                while pixel < count {
                    tiles.tile::<L, [L; 1], 1>(pixel);
                    pixel += 1;
                }
            }
        }
    }
}
