//! The instructions of a plan, and how each is carried out.

use super::plan::BufferId;
use crate::graph::{Activation, Binary, Pool};
use crate::kernels::aligned::Aligned;
use crate::kernels::depthwise::{Depthwise, DepthwiseTask};
use crate::kernels::direct::{Direct, DirectTask};
use crate::kernels::elementwise::{AffineTask, BinaryTask, CurveTask, Other};
use crate::kernels::finish::{Curve, Output};
use crate::kernels::plain::{self, Product, Unpack};
use crate::kernels::pointwise::{Pointwise, PointwiseTask};
use crate::kernels::pooling::{GlobalAverageTask, Keep, PoolTask};
use crate::kernels::resize::ResizeTask;
use crate::kernels::threads::Crew;
use crate::kernels::winograd::{Winograd, WinogradTask};
use crate::kernels::{Extent, Isa, Sink, Source, Task, execute};

/// One kernel and the buffers it works on.
#[derive(Debug)]
pub(crate) struct Instruction {
    pub(crate) operation: Operation,
    /// A residual comes last.
    pub(crate) inputs: Vec<BufferId>,
    pub(crate) output: BufferId,
}

/// What an instruction does.
#[derive(Debug)]
pub(crate) enum Operation {
    Pack(Extent),
    Unpack(Unpack),
    Pointwise {
        pointwise: Pointwise,
        after: After,
    },
    Direct {
        direct: Direct,
        after: After,
    },
    Winograd {
        winograd: Winograd,
        after: After,
    },
    Depthwise {
        depthwise: Depthwise,
        after: After,
    },
    Pool {
        pool: Pool,
        keep: Keep,
        from: Extent,
        to: Extent,
    },
    GlobalAverage(Extent),
    Resize {
        rows: Vec<u32>,
        columns: Vec<u32>,
        from: Extent,
        after: After,
    },
    Binary {
        binary: Binary,
        extent: Extent,
        per_channel: bool,
        after: After,
    },
    Affine {
        extent: Extent,
        scale: Aligned,
        shift: Aligned,
        after: After,
    },
    Curve {
        extent: Extent,
        after: After,
    },
    Map(Activation),
    PlainAffine {
        scale: Vec<f32>,
        shift: Vec<f32>,
        rest: usize,
    },
    PlainSlopes {
        slopes: Vec<f32>,
        rest: usize,
    },
    PlainBinary {
        binary: Binary,
        shape: Vec<usize>,
        operands: [PlainOperand; 2],
    },
    Copy {
        shape: Vec<usize>,
        strides: Vec<usize>,
        start: usize,
    },
    Product {
        product: Product,
        /// The right-hand matrix, unless it is computed.
        right: Option<Vec<f32>>,
    },
    Softmax {
        length: usize,
        stride: usize,
    },
    Join {
        run: usize,
        at: usize,
        whole: usize,
    },
}

impl Operation {
    /// The weights that are packed for it, if it has any to speak of.
    pub(crate) fn weights_mut(&mut self) -> Option<&mut Aligned> {
        match self {
            Self::Pointwise { pointwise, .. } => Some(pointwise.weights_mut()),
            Self::Direct { direct, .. } => Some(direct.weights_mut()),
            Self::Winograd { winograd, .. } => Some(winograd.weights_mut()),
            Self::Depthwise { depthwise, .. } => Some(depthwise.weights_mut()),
            _ => None,
        }
    }
}

/// What is done to a result before it is stored.
#[derive(Debug, Default)]
pub(crate) struct After {
    /// The instruction's last input is added first.
    pub(crate) residual: bool,
    pub(crate) curve: Curve,
    pub(crate) slopes: Aligned,
    /// Channels of the output, filled up to whole groups.
    pub(crate) channels: usize,
}

/// An operand of a broadcast function.
#[derive(Debug)]
pub(crate) struct PlainOperand {
    /// Its numbers, unless it is the instruction's next input.
    pub(crate) stored: Option<Vec<f32>>,
    pub(crate) strides: Vec<usize>,
}

/// What an operation runs with.
pub(crate) struct Context<'a> {
    pub(crate) crew: &'a Crew<'a>,
    pub(crate) isa: Isa,
    pub(crate) scratch: &'a mut [f32],
    pub(crate) scratch_each: usize,
}

impl Context<'_> {
    fn execute<T: Task>(&mut self, task: &T) {
        execute(self.crew, self.isa, task, self.scratch, self.scratch_each);
    }
}

impl Operation {
    /// Floats of scratch each thread needs.
    pub(crate) fn scratch(&self) -> usize {
        match self {
            Self::Direct { direct, .. } => direct.scratch(),
            Self::Winograd { winograd, .. } => winograd.scratch(),
            _ => 0,
        }
    }

    /// Carries it out. `input(i)` is the i-th of `count` inputs.
    pub(crate) fn run<'a>(
        &'a self,
        context: &mut Context<'_>,
        inputs: &Inputs<'a>,
        to: &'a mut [f32],
    ) {
        let from = inputs.get(0);
        let input = Source::new(from);
        match self {
            Self::Pack(extent) => plain::pack(*extent, from, to),
            Self::Unpack(unpack) => unpack.run(from, to),
            Self::Pointwise { pointwise, after } => context.execute(&PointwiseTask {
                layer: pointwise,
                input,
                output: output(after, inputs, to),
            }),
            Self::Direct { direct, after } => context.execute(&DirectTask {
                layer: direct,
                input,
                output: output(after, inputs, to),
            }),
            Self::Winograd { winograd, after } => context.execute(&WinogradTask {
                layer: winograd,
                input,
                output: output(after, inputs, to),
            }),
            Self::Depthwise { depthwise, after } => context.execute(&DepthwiseTask {
                layer: depthwise,
                input,
                output: output(after, inputs, to),
            }),
            Self::Pool {
                pool,
                keep,
                from,
                to: extent,
            } => context.execute(&PoolTask {
                pool: *pool,
                keep: *keep,
                from: *from,
                to: *extent,
                input,
                output: Sink::new(to),
            }),
            Self::GlobalAverage(from) => context.execute(&GlobalAverageTask {
                from: *from,
                input,
                output: Sink::new(to),
            }),
            Self::Resize {
                rows,
                columns,
                from,
                after,
            } => context.execute(&ResizeTask {
                rows,
                columns,
                from: *from,
                input,
                output: output(after, inputs, to),
            }),
            Self::Binary {
                binary,
                extent,
                per_channel,
                after,
            } => {
                let other = Source::new(inputs.get(1));
                context.execute(&BinaryTask {
                    binary: *binary,
                    extent: *extent,
                    input,
                    other: if *per_channel {
                        Other::PerChannel(other)
                    } else {
                        Other::Picture(other)
                    },
                    output: output(after, inputs, to),
                });
            }
            Self::Affine {
                extent,
                scale,
                shift,
                after,
            } => context.execute(&AffineTask {
                extent: *extent,
                scale: Source::new(scale),
                shift: Source::new(shift),
                input,
                output: output(after, inputs, to),
            }),
            Self::Curve { extent, after } => context.execute(&CurveTask {
                extent: *extent,
                input,
                output: output(after, inputs, to),
            }),
            _ => self.run_row_major(inputs, to),
        }
    }

    /// The small work outside the engine's layout.
    fn run_row_major(&self, inputs: &Inputs<'_>, to: &mut [f32]) {
        let from = inputs.get(0);
        match self {
            Self::Map(activation) => plain::activate(*activation, from, to),
            Self::PlainAffine { scale, shift, rest } => {
                plain::affine(scale, shift, *rest, from, to);
            }
            Self::PlainSlopes { slopes, rest } => plain::slopes(slopes, *rest, from, to),
            Self::PlainBinary {
                binary,
                shape,
                operands: [a, b],
            } => {
                // The inputs are those operands that are not stored, in order.
                let second = usize::from(a.stored.is_none());
                let a_numbers = a.stored.as_deref().unwrap_or_else(|| inputs.get(0));
                let b_numbers = b.stored.as_deref().unwrap_or_else(|| inputs.get(second));
                plain::binary(
                    *binary,
                    shape,
                    plain::Operand {
                        numbers: a_numbers,
                        strides: &a.strides,
                    },
                    plain::Operand {
                        numbers: b_numbers,
                        strides: &b.strides,
                    },
                    to,
                );
            }
            Self::Copy {
                shape,
                strides,
                start,
            } => plain::copy(shape, strides, &from[*start..], to),
            Self::Product { product, right } => {
                let right = match right {
                    Some(right) => right.as_slice(),
                    None => inputs.get(1),
                };
                plain::product(product, from, right, to);
            }
            Self::Softmax { length, stride } => plain::softmax(*length, *stride, from, to),
            Self::Join { run, at, whole } => plain::join(*run, *at, *whole, from, to),
            _ => {}
        }
    }
}

fn output<'a>(after: &'a After, inputs: &Inputs<'a>, to: &'a mut [f32]) -> Output<'a> {
    Output {
        sink: Sink::new(to),
        residual: after.residual.then(|| Source::new(inputs.last())),
        curve: after.curve,
        slopes: Source::new(&after.slopes),
        channels: after.channels,
    }
}

/// The inputs of one instruction: parts of the workspace on either side of the
/// output, or the network's input.
pub(crate) struct Inputs<'a> {
    pub(crate) instruction: &'a Instruction,
    pub(crate) slots: &'a [super::slots::Slot],
    pub(crate) network_input: &'a [f32],
    /// The workspace before and after the output's slot.
    pub(crate) before: &'a [f32],
    pub(crate) after: &'a [f32],
    pub(crate) after_start: usize,
}

impl<'a> Inputs<'a> {
    fn get(&self, index: usize) -> &'a [f32] {
        self.buffer(self.instruction.inputs[index])
    }

    fn last(&self) -> &'a [f32] {
        self.get(self.instruction.inputs.len() - 1)
    }

    fn buffer(&self, buffer: BufferId) -> &'a [f32] {
        if buffer == super::plan::INPUT {
            return self.network_input;
        }
        let slot = self.slots[buffer.0];
        match slot.start.checked_sub(self.after_start) {
            Some(start) => &self.after[start..start + slot.len],
            None => &self.before[slot.start..slot.start + slot.len],
        }
    }
}
