//! Element-wise work that no convolution could take along.

use super::finish::Output;
use super::lanes::Lanes;
use super::{Extent, LANES, Sink, Source, Task};
use crate::graph::Binary;

/// The second operand of an element-wise function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Other<'a> {
    /// A picture of the same size.
    Picture(Source<'a>),
    /// One number per channel.
    PerChannel(Source<'a>),
}

/// `a ∘ b`, then a curve; one part per group of channels.
#[derive(Debug)]
pub(crate) struct BinaryTask<'a> {
    pub(crate) binary: Binary,
    pub(crate) extent: Extent,
    pub(crate) input: Source<'a>,
    pub(crate) other: Other<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for BinaryTask<'_> {
    fn parts(&self) -> usize {
        self.extent.blocks()
    }

    fn fits(&self) -> bool {
        let other_fits = match self.other {
            Other::Picture(picture) => picture.holds(self.extent.floats()),
            Other::PerChannel(numbers) => numbers.holds(self.extent.blocks() * LANES),
        };
        let floats = self.extent.floats();
        other_fits && self.input.holds(floats) && self.output.holds(floats)
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let pixels = self.extent.pixels();
        for pixel in 0..pixels {
            let at = (part * pixels + pixel) * LANES;
            // SAFETY: both operands have the layer's size.
            unsafe {
                let a: L = self.input.lanes(at);
                let b: L = match self.other {
                    Other::Picture(picture) => picture.lanes(at),
                    Other::PerChannel(numbers) => numbers.lanes(part * LANES),
                };
                let value = match self.binary {
                    Binary::Add => a.add(b),
                    Binary::Sub => a.sub(b),
                    Binary::Mul => a.mul(b),
                    Binary::Div => a.div(b),
                };
                self.output.put(part, at, value);
            }
        }
    }
}

/// `a · scale + shift` per channel, then a curve; one part per group of channels.
#[derive(Debug)]
pub(crate) struct AffineTask<'a> {
    pub(crate) extent: Extent,
    pub(crate) scale: Source<'a>,
    pub(crate) shift: Source<'a>,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for AffineTask<'_> {
    fn parts(&self) -> usize {
        self.extent.blocks()
    }

    fn fits(&self) -> bool {
        let floats = self.extent.floats();
        let channels = self.extent.blocks() * LANES;
        self.scale.holds(channels)
            && self.shift.holds(channels)
            && self.input.holds(floats)
            && self.output.holds(floats)
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let pixels = self.extent.pixels();
        // SAFETY: the input has the layer's size, and there is one number per channel.
        unsafe {
            let scale: L = self.scale.lanes(part * LANES);
            let shift: L = self.shift.lanes(part * LANES);
            for pixel in 0..pixels {
                let at = (part * pixels + pixel) * LANES;
                let value = shift.fma(self.input.lanes(at), scale);
                self.output.put(part, at, value);
            }
        }
    }
}

/// A curve alone; one part per group of channels.
#[derive(Debug)]
pub(crate) struct CurveTask<'a> {
    pub(crate) extent: Extent,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for CurveTask<'_> {
    fn parts(&self) -> usize {
        self.extent.blocks()
    }

    fn fits(&self) -> bool {
        self.input.holds(self.extent.floats()) && self.output.holds(self.extent.floats())
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let pixels = self.extent.pixels();
        for pixel in 0..pixels {
            let at = (part * pixels + pixel) * LANES;
            // SAFETY: input and output have the layer's size.
            unsafe { self.output.put(part, at, self.input.lanes::<L>(at)) }
        }
    }
}
