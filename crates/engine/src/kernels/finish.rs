//! What happens to a sum before it is stored: residual, then activation.

use super::lanes::Lanes;
use super::{LANES, Sink, Source};

/// An element-wise function that vectors can do without tables or exponentials.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Curve {
    #[default]
    Identity,
    Relu,
    /// Negative numbers are multiplied by a slope of their channel.
    Slopes,
    Clip {
        min: f32,
        max: f32,
    },
    HardSigmoid {
        alpha: f32,
        beta: f32,
    },
    HardSwish,
}

impl Curve {
    /// Whether it keeps the order of numbers, whatever its parameters.
    pub(crate) fn never_falls(self) -> bool {
        matches!(self, Self::Identity | Self::Relu | Self::Clip { .. })
    }

    /// The curve at `x`; `slopes` are those of the eight channels.
    #[inline(always)]
    pub(crate) unsafe fn apply<L: Lanes>(self, x: L, slopes: Source<'_>, channel: usize) -> L {
        // SAFETY: the caller vouches for the CPU and for eight slopes at `channel`.
        unsafe {
            let zero = L::splat(0.0);
            let one = L::splat(1.0);
            match self {
                Self::Identity => x,
                Self::Relu => x.max(zero),
                Self::Slopes => x.max(zero).fma(x.min(zero), slopes.lanes(channel)),
                Self::Clip { min, max } => x.max(L::splat(min)).min(L::splat(max)),
                Self::HardSigmoid { alpha, beta } => {
                    let line = L::splat(beta).fma(x, L::splat(alpha));
                    line.max(zero).min(one)
                }
                Self::HardSwish => {
                    let line = L::splat(0.5).fma(x, L::splat(1.0 / 6.0));
                    x.mul(line.max(zero).min(one))
                }
            }
        }
    }
}

/// Where sums go, and what is done to them on the way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output<'a> {
    pub(crate) sink: Sink<'a>,
    /// A picture of the same size that is added before the curve.
    pub(crate) residual: Option<Source<'a>>,
    pub(crate) curve: Curve,
    /// One slope per channel where the curve needs them, else empty.
    pub(crate) slopes: Source<'a>,
    /// How many channels the output has, filled up to whole groups of eight.
    pub(crate) channels: usize,
}

impl Output<'_> {
    /// Whether there is room for `floats`, and as much residual and as many
    /// slopes as that needs.
    pub(crate) fn holds(&self, floats: usize) -> bool {
        self.sink.holds(floats)
            && self.residual.is_none_or(|residual| residual.holds(floats))
            && (self.curve != Curve::Slopes || self.slopes.holds(self.channels))
    }

    /// Stores the sums of the channels from `8 · block` on at float `at`.
    #[inline(always)]
    pub(crate) unsafe fn put<L: Lanes>(&self, block: usize, at: usize, sum: L) {
        // SAFETY: the caller vouches for the CPU and that `at` lies inside the output
        // and belongs to its part; a residual has the output's size.
        unsafe {
            let sum = match self.residual {
                Some(residual) => sum.add(residual.lanes(at)),
                None => sum,
            };
            let value = self.curve.apply(sum, self.slopes, block * LANES);
            self.sink.put(at, value);
        }
    }
}
