//! From layers to a flat list of kernels over slots of one workspace.
//!
//! Pictures live in the engine's layout between kernels; a value that some layer
//! needs otherwise is converted once. Values whose lifetimes do not overlap
//! share a slot.

use std::collections::HashMap;

use super::layer::{Affine, Convolution, Finish, Kind, Layer, Network, Operand};
use super::operation::{After, Instruction, Operation, PlainOperand};
use super::slots::{Slot, assign_slots};
use crate::attributes::Reason;
use crate::error::EngineError;
use crate::graph::{ValueId, Window};
use crate::kernels::aligned::{Aligned, LINE, Shelf};
use crate::kernels::depthwise::Depthwise;
use crate::kernels::direct::{Direct, DirectSpec, InputLayout, Looks, phases_of_transposed};
use crate::kernels::packing::per_channel;
use crate::kernels::plain::{Order, Unpack, broadcast_strides, strides};
use crate::kernels::pointwise::Pointwise;
use crate::kernels::winograd::{self, Winograd, WinogradSpec};
use crate::kernels::{Extent, LANES};

/// A place for one value during an inference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BufferId(pub(crate) usize);

/// The buffer that stands for the network's input; it is not in the workspace.
pub(crate) const INPUT: BufferId = BufferId(0);

/// A network ready to run on one input shape.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) instructions: Vec<Instruction>,
    /// Where each buffer lies in the workspace; the input's entry is unused.
    pub(crate) slots: Vec<Slot>,
    /// The network's outputs, row-major, with their shapes.
    pub(crate) outputs: Vec<(BufferId, Vec<usize>)>,
    /// Floats of scratch each thread needs.
    pub(crate) scratch_each: usize,
    /// Floats of all slots.
    pub(crate) floats: usize,
}

/// Plans the fused layers of a network for `threads` threads. Weights that are on the `shelf`
/// are taken from there.
///
/// # Errors
/// If a layer cannot be done in the engine's layout.
pub(crate) fn plan(
    model: &str,
    mut network: Network,
    threads: usize,
    shelf: &mut Shelf,
) -> Result<Plan, EngineError> {
    let layers = std::mem::take(&mut network.layers);
    let network = &network;
    let input: usize = network.shape(network.input).iter().product();
    let mut planner = Planner {
        network,
        threads,
        lengths: vec![input],
        homes: HashMap::from([((network.input, Layout::RowMajor), INPUT)]),
        views: HashMap::new(),
        instructions: Vec::new(),
        shelf,
    };
    // The weights as they are in the file go as soon as they are packed.
    for layer in layers {
        planner.add(&layer).map_err(|reason| EngineError::Node {
            model: model.to_owned(),
            node: layer.label.clone(),
            reason,
        })?;
    }
    let outputs: Vec<_> = network
        .outputs
        .iter()
        .map(|&id| (planner.row_major(id), network.shape(id).to_vec()))
        .collect();
    let kept: Vec<BufferId> = outputs.iter().map(|&(buffer, _)| buffer).collect();
    let (slots, floats) = assign_slots(&planner.lengths, &planner.instructions, &kept);
    let scratch_each = planner
        .instructions
        .iter()
        .map(|instruction| instruction.operation.scratch())
        .max()
        .unwrap_or(0)
        .next_multiple_of(LINE);
    Ok(Plan {
        instructions: planner.instructions,
        slots,
        outputs,
        scratch_each,
        floats,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Layout {
    /// The engine's own.
    Blocked,
    RowMajor,
}

struct Planner<'a> {
    network: &'a Network,
    threads: usize,
    /// Floats of each buffer.
    lengths: Vec<usize>,
    /// Where each value is, in which layout.
    homes: HashMap<(ValueId, Layout), BufferId>,
    /// Values that are some channels of another one: which, and from which on.
    views: HashMap<ValueId, (ValueId, usize)>,
    instructions: Vec<Instruction>,
    shelf: &'a mut Shelf,
}

impl Planner<'_> {
    fn add(&mut self, layer: &Layer) -> Result<(), Reason> {
        match &layer.kind {
            Kind::Conv(conv) => self.conv(layer, conv),
            Kind::ConvTranspose(conv) => self.conv_transpose(layer, conv),
            Kind::Pool { pool, keep } => {
                let (from, to) = (self.extent(layer.inputs[0])?, self.extent(layer.output)?);
                let (pool, keep) = (*pool, *keep);
                self.picture(
                    layer,
                    Operation::Pool {
                        pool,
                        keep,
                        from,
                        to,
                    },
                )
            }
            Kind::GlobalAverage => {
                let from = self.extent(layer.inputs[0])?;
                self.picture(layer, Operation::GlobalAverage(from))
            }
            Kind::Resize {
                rows,
                columns,
                finish,
            } => {
                let from = self.extent(layer.inputs[0])?;
                let operation = Operation::Resize {
                    rows: rows.clone(),
                    columns: columns.clone(),
                    from,
                    after: after(finish, from.channels),
                };
                self.picture(layer, operation)
            }
            Kind::Binary { binary, finish } => {
                let extent = self.extent(layer.output)?;
                let operation = Operation::Binary {
                    binary: *binary,
                    extent,
                    per_channel: false,
                    after: after(finish, extent.channels),
                };
                self.picture(layer, operation)
            }
            Kind::PerChannel { binary, finish } => {
                let extent = self.extent(layer.output)?;
                let operation = Operation::Binary {
                    binary: *binary,
                    extent,
                    per_channel: true,
                    after: after(finish, extent.channels),
                };
                self.picture(layer, operation)
            }
            Kind::Affine { affine, finish } => {
                let extent = self.extent(layer.output)?;
                let operation = Operation::Affine {
                    extent,
                    scale: per_channel(&affine.scale, 0.0),
                    shift: per_channel(&affine.shift, 0.0),
                    after: after(finish, extent.channels),
                };
                self.picture(layer, operation)
            }
            Kind::Curve(finish) => {
                let extent = self.extent(layer.output)?;
                let after = after(finish, extent.channels);
                self.picture(layer, Operation::Curve { extent, after })
            }
            Kind::Stack => self.stack(layer),
            Kind::Channels { first } => {
                self.views.insert(layer.output, (layer.inputs[0], *first));
                Ok(())
            }
            Kind::Map(activation) => self.map(layer, Operation::Map(*activation)),
            _ => self.row_major_layer(layer),
        }
    }

    fn extent(&self, id: ValueId) -> Result<Extent, Reason> {
        self.network.extent(id).ok_or_else(|| {
            format!(
                "it needs one picture, not a value of shape {:?}",
                self.network.shape(id)
            )
        })
    }

    fn new_buffer(&mut self, floats: usize) -> BufferId {
        self.lengths.push(floats);
        BufferId(self.lengths.len() - 1)
    }

    fn emit(&mut self, mut operation: Operation, inputs: Vec<BufferId>, output: BufferId) {
        if let Some(weights) = operation.weights_mut() {
            self.shelf.share(weights);
        }
        self.instructions.push(Instruction {
            operation,
            inputs,
            output,
        });
    }

    /// The buffer that has `id` in the engine's layout.
    fn blocked(&mut self, id: ValueId) -> Result<BufferId, Reason> {
        if let Some(&buffer) = self.homes.get(&(id, Layout::Blocked)) {
            return Ok(buffer);
        }
        let extent = self.extent(id)?;
        let from = self.row_major(id);
        let to = self.new_buffer(extent.floats());
        self.emit(Operation::Pack(extent), vec![from], to);
        self.homes.insert((id, Layout::Blocked), to);
        Ok(to)
    }

    /// The buffer that has `id` row-major.
    fn row_major(&mut self, id: ValueId) -> BufferId {
        if let Some(&buffer) = self.homes.get(&(id, Layout::RowMajor)) {
            return buffer;
        }
        let to = self.home_of_numbers(id);
        if let Some((unpack, from)) = self.unpacking(id, Order::Planar) {
            self.emit(unpack, vec![from], to);
        }
        to
    }

    /// How to get a picture that is in the engine's layout, itself or as part of
    /// another one, out of the buffer it is in.
    fn unpacking(&self, id: ValueId, order: Order) -> Option<(Operation, BufferId)> {
        let (whole, first) = self.views.get(&id).copied().unwrap_or((id, 0));
        let from = self.homes.get(&(whole, Layout::Blocked))?;
        let part = self.network.extent(id)?;
        let unpack = Unpack {
            extent: self.network.extent(whole)?,
            channels: first..first + part.channels,
            order,
        };
        Some((Operation::Unpack(unpack), *from))
    }

    /// A new home for a layer's output in the engine's layout.
    fn home_of_picture(&mut self, id: ValueId) -> Result<BufferId, Reason> {
        let floats = self.extent(id)?.floats();
        let buffer = self.new_buffer(floats);
        self.homes.insert((id, Layout::Blocked), buffer);
        Ok(buffer)
    }

    fn home_of_numbers(&mut self, id: ValueId) -> BufferId {
        let buffer = self.new_buffer(self.network.shape(id).iter().product());
        self.homes.insert((id, Layout::RowMajor), buffer);
        buffer
    }

    /// A layer from pictures to a picture, all in the engine's layout.
    fn picture(&mut self, layer: &Layer, operation: Operation) -> Result<(), Reason> {
        let inputs = layer
            .inputs
            .iter()
            .map(|&id| self.blocked(id))
            .collect::<Result<Vec<_>, _>>()?;
        let output = self.home_of_picture(layer.output)?;
        self.emit(operation, inputs, output);
        Ok(())
    }

    /// A layer that works on numbers one by one, wherever they are.
    fn map(&mut self, layer: &Layer, operation: Operation) -> Result<(), Reason> {
        let id = layer.inputs[0];
        if self.homes.contains_key(&(id, Layout::RowMajor)) || self.views.contains_key(&id) {
            let input = self.row_major(id);
            let output = self.home_of_numbers(layer.output);
            self.emit(operation, vec![input], output);
            return Ok(());
        }
        self.picture(layer, operation)
    }

    fn stack(&mut self, layer: &Layer) -> Result<(), Reason> {
        let output = self.home_of_picture(layer.output)?;
        let whole = self.extent(layer.output)?.floats();
        let mut at = 0;
        for &id in &layer.inputs {
            let run = self.extent(id)?.floats();
            let input = self.blocked(id)?;
            self.emit(Operation::Join { run, at, whole }, vec![input], output);
            at += run;
        }
        Ok(())
    }

    fn conv(&mut self, layer: &Layer, conv: &Convolution) -> Result<(), Reason> {
        let (input, output) = (self.extent(layer.inputs[0])?, self.extent(layer.output)?);
        let window = &conv.window;
        let after = after(&conv.finish, output.channels);
        let is_first = layer.inputs[0] == self.network.input && window.groups == 1;
        if is_first && !self.homes.contains_key(&(layer.inputs[0], Layout::Blocked)) {
            // The first layer reads the picture as it comes.
            let direct = direct(conv, input, output, InputLayout::Planar);
            let mut inputs = vec![INPUT];
            for &id in &layer.inputs[1..] {
                inputs.push(self.blocked(id)?);
            }
            let home = self.home_of_picture(layer.output)?;
            self.emit(Operation::Direct { direct, after }, inputs, home);
            return Ok(());
        }
        let operation = if is_depthwise(conv, input, output) {
            let depthwise = Depthwise::new(input, output, *window, &conv.weights, &conv.bias);
            Operation::Depthwise { depthwise, after }
        } else if window.groups > 1 {
            let direct = direct(
                &without_groups(conv, input),
                input,
                output,
                InputLayout::Blocked,
            );
            Operation::Direct { direct, after }
        } else if is_pointwise(window) {
            let pointwise = Pointwise::new(input, &conv.weights, &conv.bias, self.threads);
            Operation::Pointwise { pointwise, after }
        } else if winograd::suits(window, input) {
            let spec = WinogradSpec {
                input,
                weights: &conv.weights,
                bias: &conv.bias,
                pooled: conv.pooled,
                threads: self.threads,
            };
            let winograd = Winograd::new(&spec);
            Operation::Winograd { winograd, after }
        } else {
            let direct = direct(conv, input, output, InputLayout::Blocked);
            Operation::Direct { direct, after }
        };
        self.picture(layer, operation)
    }

    fn conv_transpose(&mut self, layer: &Layer, conv: &Convolution) -> Result<(), Reason> {
        let (input, output) = (self.extent(layer.inputs[0])?, self.extent(layer.output)?);
        let from = self.blocked(layer.inputs[0])?;
        let home = self.home_of_picture(layer.output)?;
        let window = &conv.window;
        let of = |d: usize, size: usize| {
            let (kernel, stride) = (window.kernel[d], window.strides[d]);
            phases_of_transposed(
                kernel,
                stride,
                window.dilations[d],
                window.pads_before[d],
                size,
            )
        };
        let per_group = output.channels / window.groups;
        let in_per_group = input.channels / window.groups;
        for (rows, row_taps) in of(0, output.height) {
            for (columns, column_taps) in of(1, output.width) {
                let weight = |out: usize, channel: usize, row: usize, column: usize| {
                    if out / per_group != channel / in_per_group {
                        return 0.0;
                    }
                    let at = (channel * per_group + out % per_group) * window.kernel[0];
                    let at = (at + row_taps[row]) * window.kernel[1] + column_taps[column];
                    conv.weights[at]
                };
                let spec = DirectSpec {
                    input,
                    output,
                    layout: InputLayout::Blocked,
                    rows: rows.clone(),
                    columns,
                    bias: &conv.bias,
                };
                let direct = Direct::new(spec, weight);
                let after = after(&conv.finish, output.channels);
                self.emit(Operation::Direct { direct, after }, vec![from], home);
            }
        }
        Ok(())
    }

    fn row_major_layer(&mut self, layer: &Layer) -> Result<(), Reason> {
        let id = layer.inputs[0];
        if matches!(&layer.kind, Kind::Transpose(perm) if perm == &[0, 2, 3, 1]) {
            // Unpacking pixel by pixel is the transposition.
            if let Some((unpack, from)) = self.unpacking(id, Order::Interleaved) {
                let output = self.home_of_numbers(layer.output);
                self.emit(unpack, vec![from], output);
                return Ok(());
            }
        }
        let inputs: Vec<BufferId> = layer.inputs.iter().map(|&id| self.row_major(id)).collect();
        if matches!(layer.kind, Kind::Reshape) {
            // The same numbers in the same order: no work at all.
            self.homes
                .insert((layer.output, Layout::RowMajor), inputs[0]);
            return Ok(());
        }
        let shape = self.network.shape(layer.output).to_vec();
        if let Kind::Concat { axis } = layer.kind {
            let output = self.home_of_numbers(layer.output);
            let whole = shape[axis..].iter().product();
            let mut at = 0;
            for (&id, input) in layer.inputs.iter().zip(inputs) {
                let run = self.network.shape(id)[axis..].iter().product();
                self.emit(Operation::Join { run, at, whole }, vec![input], output);
                at += run;
            }
            return Ok(());
        }
        let operation = self.row_major_operation(layer, shape)?;
        let output = self.home_of_numbers(layer.output);
        self.emit(operation, inputs, output);
        Ok(())
    }

    fn row_major_operation(&self, layer: &Layer, shape: Vec<usize>) -> Result<Operation, Reason> {
        let input = self.network.shape(layer.inputs[0]);
        let rest = || shape.iter().skip(2).product();
        Ok(match &layer.kind {
            Kind::PlainAffine(Affine { scale, shift }) => Operation::PlainAffine {
                scale: scale.clone(),
                shift: shift.clone(),
                rest: rest(),
            },
            Kind::PlainSlopes(slopes) => Operation::PlainSlopes {
                slopes: slopes.clone(),
                rest: rest(),
            },
            Kind::PlainBinary { binary, operands } => {
                let mut dynamic = layer.inputs.iter();
                let operands = operands.clone().map(|operand| match operand {
                    Operand::Input => PlainOperand {
                        stored: None,
                        strides: dynamic.next().map_or_else(Vec::new, |&id| {
                            broadcast_strides(self.network.shape(id), &shape)
                        }),
                    },
                    Operand::Stored {
                        numbers,
                        shape: own,
                    } => PlainOperand {
                        stored: Some(numbers),
                        strides: broadcast_strides(&own, &shape),
                    },
                });
                Operation::PlainBinary {
                    binary: *binary,
                    shape,
                    operands,
                }
            }
            Kind::Transpose(perm) => {
                let own = strides(input);
                Operation::Copy {
                    strides: perm.iter().map(|&d| own[d]).collect(),
                    shape,
                    start: 0,
                }
            }
            Kind::Slice(ranges) => {
                let own = strides(input);
                let start = ranges.iter().zip(&own).map(|(range, s)| range.0 * s).sum();
                Operation::Copy {
                    shape,
                    strides: own,
                    start,
                }
            }
            Kind::Product { product, right } => Operation::Product {
                product: *product,
                right: match right {
                    Operand::Input => None,
                    Operand::Stored { numbers, .. } => Some(numbers.clone()),
                },
            },
            Kind::Softmax { length, stride } => Operation::Softmax {
                length: *length,
                stride: *stride,
            },
            _ => return Err("it is not supported in this place".into()),
        })
    }
}

fn after(finish: &Finish, channels: usize) -> After {
    After {
        residual: finish.residual,
        curve: finish.curve,
        slopes: if finish.slopes.is_empty() {
            Aligned::default()
        } else {
            per_channel(&finish.slopes, 0.0)
        },
        channels: channels.next_multiple_of(LANES),
    }
}

fn direct(conv: &Convolution, input: Extent, output: Extent, layout: InputLayout) -> Direct {
    let window = &conv.window;
    let looks = |d: usize, count: usize| {
        let (kernel, stride) = (window.kernel[d], window.strides[d]);
        Looks::of_conv(
            kernel,
            stride,
            window.dilations[d],
            window.pads_before[d],
            count,
        )
    };
    let spec = DirectSpec {
        input,
        output,
        layout,
        rows: looks(0, output.height),
        columns: looks(1, output.width),
        bias: &conv.bias,
    };
    Direct::new(spec, |out, channel, row, column| {
        let at = (out * input.channels + channel) * window.kernel[0] + row;
        conv.weights[at * window.kernel[1] + column]
    })
}

fn is_depthwise(conv: &Convolution, input: Extent, output: Extent) -> bool {
    let groups = conv.window.groups;
    groups > 1 && groups == input.channels && groups == output.channels
}

fn is_pointwise(window: &Window) -> bool {
    window.kernel == [1, 1]
        && window.strides == [1, 1]
        && window.pads_before == [0, 0]
        && window.pads_after == [0, 0]
}

/// The same convolution in one group: weights between groups are zero. Grouped
/// convolutions that are not depthwise are rare enough for this.
fn without_groups(conv: &Convolution, input: Extent) -> Convolution {
    let groups = conv.window.groups;
    let (in_group, out_group) = (input.channels / groups, conv.bias.len() / groups);
    let taps = conv.window.kernel[0] * conv.window.kernel[1];
    let mut weights = vec![0.0; conv.bias.len() * input.channels * taps];
    for (out, from) in conv.weights.chunks_exact(in_group * taps).enumerate() {
        let first = out / out_group * in_group;
        let at = (out * input.channels + first) * taps;
        weights[at..at + from.len()].copy_from_slice(from);
    }
    Convolution {
        window: Window {
            groups: 1,
            ..conv.window
        },
        weights,
        ..conv.clone()
    }
}
