//! Convolution of any kernel, stride and dilation, and its transpose.
//!
//! For every output row the input rows it needs are copied side by side with
//! their padding into scratch, so that the microkernel never meets an edge. A
//! transposed convolution is one such convolution per phase of its stride: the
//! outputs `stride` apart read the same taps.

use super::aligned::Aligned;
use super::finish::Output;
use super::lanes::{Lanes, Row};
use super::microkernel::{Operands, Tap, Tile, accumulate, cover};
use super::packing::{OutBlock, Packed};
use super::pointwise::biased;
use super::{Extent, LANES, Sink, Source, Task};

/// How the input lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputLayout {
    /// Eight channels side by side.
    Blocked,
    /// One plane per channel, as pictures enter the network.
    Planar,
}

/// Which places of the input one output pixel looks at, for one direction:
/// `origin + at · stride + places[k]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Distance between the places that neighbouring outputs look at.
    pub(crate) stride: usize,
    /// Per tap of the kernel, its distance from the output's own place.
    pub(crate) places: Vec<isize>,
    /// How many outputs.
    pub(crate) count: usize,
    /// The first output of this phase, and the distance to the next.
    pub(crate) phase: usize,
    pub(crate) phase_step: usize,
}

impl Looks {
    /// Those of a convolution.
    pub(crate) fn of_conv(
        kernel: usize,
        stride: usize,
        dilation: usize,
        pad: usize,
        count: usize,
    ) -> Self {
        Self {
            stride,
            places: (0..kernel)
                .map(|k| (k * dilation).cast_signed() - pad.cast_signed())
                .collect(),
            count,
            phase: 0,
            phase_step: 1,
        }
    }

    /// Whether every place is next to the one before it.
    fn are_neighbours(&self) -> bool {
        self.places.windows(2).all(|pair| pair[1] == pair[0] + 1)
    }

    /// Columns of padding needed left of an input of `size`, and how many in all.
    fn padded(&self, size: usize) -> (usize, usize) {
        let first = self.places.iter().copied().min().unwrap_or(0);
        let last = self.places.iter().copied().max().unwrap_or(0);
        let left = (-first).max(0).cast_unsigned();
        let reach = ((self.count - 1) * self.stride).cast_signed() + last + left.cast_signed() + 1;
        (left, reach.max(0).cast_unsigned().max(size + left))
    }
}

/// A convolution prepared for one picture size.
#[derive(Debug)]
pub(crate) struct Direct {
    input: Extent,
    output: Extent,
    layout: InputLayout,
    rows: Looks,
    columns: Looks,
    /// Columns of padding left of the input, and the width of a row in scratch.
    left: usize,
    padded_width: usize,
    taps: Vec<Tap>,
    packed: Packed,
}

/// What a [`Direct`] is made from.
pub(crate) struct DirectSpec<'a> {
    pub(crate) input: Extent,
    pub(crate) output: Extent,
    pub(crate) layout: InputLayout,
    pub(crate) rows: Looks,
    pub(crate) columns: Looks,
    pub(crate) bias: &'a [f32],
}

impl Direct {
    /// The packed weights, to be shared with another plan.
    pub(crate) fn weights_mut(&mut self) -> &mut Aligned {
        &mut self.packed.weights
    }

    /// `weight(out, in, row tap, column tap)` gives the weights.
    pub(crate) fn new(
        spec: DirectSpec<'_>,
        weight: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Self {
        let DirectSpec {
            input,
            output,
            layout,
            rows,
            columns,
            bias,
        } = spec;
        let (left, padded_width) = columns.padded(input.width);
        let (groups, per_group) = match layout {
            InputLayout::Blocked => (input.blocks(), LANES),
            InputLayout::Planar => (input.channels, 1),
        };
        let mut taps = Vec::new();
        let mut order = Vec::new();
        for group in 0..groups {
            let channels = per_group.min(input.channels - group * per_group);
            for row in 0..rows.places.len() {
                let line = group * rows.places.len() + row;
                if layout == InputLayout::Planar && columns.are_neighbours() {
                    // In a plane, neighbouring columns lie side by side as channels do
                    // elsewhere: one tap serves a whole row of the kernel.
                    let column_at = (columns.places[0] + left.cast_signed()).cast_unsigned();
                    taps.push(Tap {
                        offset: line * padded_width + column_at,
                        channels: columns.places.len(),
                    });
                    order.extend((0..columns.places.len()).map(|column| (group, row, column)));
                    continue;
                }
                for (column, place) in columns.places.iter().enumerate() {
                    let column_at = (place + left.cast_signed()).cast_unsigned();
                    taps.push(Tap {
                        offset: (line * padded_width + column_at) * per_group,
                        channels,
                    });
                    order.extend(
                        (0..channels).map(|channel| (group * per_group + channel, row, column)),
                    );
                }
            }
        }
        let packed = Packed::new(bias, order.len(), |out, tap| {
            let (channel, row, column) = order[tap];
            weight(out, channel, row, column)
        });
        Self {
            input,
            output,
            layout,
            rows,
            columns,
            left,
            padded_width,
            taps,
            packed,
        }
    }

    /// Floats of scratch one part needs.
    pub(crate) fn scratch(&self) -> usize {
        let (groups, per_group) = self.lines();
        groups * self.rows.places.len() * self.padded_width * per_group
    }

    /// Groups of channels, and how many lie side by side.
    fn lines(&self) -> (usize, usize) {
        match self.layout {
            InputLayout::Blocked => (self.input.blocks(), LANES),
            InputLayout::Planar => (self.input.channels, 1),
        }
    }
}

/// A [`Direct`] on its way.
#[derive(Debug)]
pub(crate) struct DirectTask<'a> {
    pub(crate) layer: &'a Direct,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl DirectTask<'_> {
    /// Copies the input rows that output row `row` looks at, with their padding.
    #[inline(always)]
    unsafe fn gather(&self, row: usize, scratch: Sink<'_>) {
        let layer = self.layer;
        let (groups, per_group) = layer.lines();
        let width = layer.input.width * per_group;
        let padded = layer.padded_width * per_group;
        let left = layer.left * per_group;
        let mut line = 0;
        for group in 0..groups {
            for place in &layer.rows.places {
                let from = (row * layer.rows.stride).cast_signed() + place;
                // SAFETY: the line lies inside the scratch that `scratch()` asked for,
                // and the row inside the input.
                unsafe {
                    let to = scratch.at(line * padded, padded);
                    if from < 0 || from >= layer.input.height.cast_signed() {
                        to.write_bytes(0, padded);
                    } else {
                        let at = (group * layer.input.height + from.cast_unsigned()) * width;
                        to.write_bytes(0, left);
                        to.add(left)
                            .copy_from_nonoverlapping(self.input.at(at, width), width);
                        to.add(left + width).write_bytes(0, padded - left - width);
                    }
                }
                line += 1;
            }
        }
    }
}

impl Task for DirectTask<'_> {
    fn parts(&self) -> usize {
        self.layer.rows.count
    }

    fn fits(&self) -> bool {
        let (groups, per_group) = self.layer.lines();
        self.input
            .holds(groups * per_group * self.layer.input.pixels())
            && self.output.holds(self.layer.output.floats())
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, scratch: Sink<'_>) {
        // SAFETY: the part's row lies inside; the rest is the caller's promise.
        unsafe {
            self.gather(part, scratch);
            for block in &self.layer.packed.blocks {
                let tiles = DirectTiles {
                    task: self,
                    input: scratch.as_source(),
                    block: *block,
                    row: part,
                };
                cover::<L, _>(&tiles, block.groups, self.layer.columns.count);
            }
        }
    }
}

struct DirectTiles<'a> {
    task: &'a DirectTask<'a>,
    input: Source<'a>,
    block: OutBlock,
    row: usize,
}

impl Tile for DirectTiles<'_> {
    #[inline(always)]
    unsafe fn tile<L: Lanes, R: Row<L>, const PIXELS: usize>(&self, pixel: usize) {
        let layer = self.task.layer;
        let step = layer.columns.stride * layer.lines().1;
        let operands = Operands {
            input: self.input,
            at: pixel * step,
            step,
            taps: &layer.taps,
            weights: Source::new(&layer.packed.weights),
            weights_at: self.block.weights,
        };
        let y = layer.rows.phase + self.row * layer.rows.phase_step;
        // SAFETY: row, pixel and block lie inside the output, which has the layer's size.
        unsafe {
            let mut sums = biased::<L, R, PIXELS>(&layer.packed, self.block);
            accumulate::<L, R, PIXELS>(&operands, &mut sums);
            for group in 0..R::GROUPS {
                let block = self.block.first + group;
                for (index, sums) in sums.iter().enumerate() {
                    let x = layer.columns.phase + (pixel + index) * layer.columns.phase_step;
                    let at = ((block * layer.output.height + y) * layer.output.width + x) * LANES;
                    self.task.output.put(block, at, sums.group(group));
                }
            }
        }
    }
}

/// For a transposed convolution: what the outputs of each phase of one
/// direction look at, with the kernel's tap for every place.
pub(crate) fn phases_of_transposed(
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: usize,
    size: usize,
) -> Vec<(Looks, Vec<usize>)> {
    (0..stride.min(size))
        .map(|phase| {
            // Output `o` gets input `i` through tap `k` where o + pad = i·stride + k·dilation.
            let reached: Vec<(isize, usize)> = (0..kernel)
                .map(|k| {
                    (
                        (phase + pad).cast_signed() - (k * dilation).cast_signed(),
                        k,
                    )
                })
                .filter(|(distance, _)| distance.rem_euclid(stride.cast_signed()) == 0)
                .map(|(distance, k)| (distance.div_euclid(stride.cast_signed()), k))
                .collect();
            let looks = Looks {
                stride: 1,
                places: reached.iter().map(|&(place, _)| place).collect(),
                count: (size - phase).div_ceil(stride),
                phase,
                phase_step: stride,
            };
            (looks, reached.iter().map(|&(_, k)| k).collect())
        })
        .collect()
}
