//! Winograd's minimal filtering F(4×4, 3×3) for dense 3×3 convolutions of stride 1.
//!
//! A tile of 4×4 outputs needs 36 products per pair of channels instead of 144
//! (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
//! A part transforms the 6×6 inputs of a few dozen tiles, multiplies them as 36
//! small pointwise convolutions, and transforms the sums back.

use super::aligned::Aligned;
use super::finish::Output;
use super::lanes::{Lanes, Row};
use super::microkernel::{Operands, Tap, Tile, accumulate, cover};
use super::packing::{MAX_BLOCK, OutBlock, Packed};
use super::{Extent, LANES, Sink, Source, Task};
use crate::graph::Window;

/// Outputs of a tile per direction, and the inputs they need.
const OUT: usize = 4;
const IN: usize = 6;
/// Products per tile and pair of channels.
const PRODUCTS: usize = IN * IN;

/// Floats between the planes of the products. Planes whose distance is a large
/// power of two would all fall into the same few sets of the cache.
const PLANE_GAP: usize = 16;

/// Transforms a kernel: G in the paper.
const KERNEL_TRANSFORM: [[f64; 3]; IN] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// Whether this kernel can do a convolution with `window` of a picture of size `input`.
pub(crate) fn suits(window: &Window, input: Extent) -> bool {
    let three_by_three = Window {
        kernel: [3, 3],
        strides: [1, 1],
        dilations: [1, 1],
        pads_before: [1, 1],
        pads_after: [1, 1],
        groups: 1,
    };
    *window == three_by_three && input.blocks() <= MAX_GROUPS
}

/// A 3×3 convolution with stride 1 and one pixel of padding, prepared for one
/// picture size.
#[derive(Debug)]
pub(crate) struct Winograd {
    input: Extent,
    output: Extent,
    pooled: bool,
    tiles_across: usize,
    tiles: usize,
    /// Tiles per part.
    chunk: usize,
    /// Weights of each block: 36 packed pointwise convolutions.
    packed: Packed,
}

/// What a [`Winograd`] is made from.
pub(crate) struct WinogradSpec<'a> {
    pub(crate) input: Extent,
    /// `[out channels][in channels][3][3]`.
    pub(crate) weights: &'a [f32],
    pub(crate) bias: &'a [f32],
    /// Whether only the largest of each 2×2 outputs is kept; height and width are even then.
    pub(crate) pooled: bool,
    /// How many threads share the work: it bounds how large the parts may be.
    pub(crate) threads: usize,
}

impl Winograd {
    /// The packed weights, to be shared with another plan.
    pub(crate) fn weights_mut(&mut self) -> &mut Aligned {
        &mut self.packed.weights
    }

    pub(crate) fn new(spec: &WinogradSpec<'_>) -> Self {
        let WinogradSpec {
            input,
            weights,
            bias,
            pooled,
            threads,
        } = *spec;
        let shrink = if pooled { 2 } else { 1 };
        let output = Extent {
            channels: bias.len(),
            height: input.height / shrink,
            width: input.width / shrink,
        };
        let tiles_across = input.width.div_ceil(OUT);
        let tiles = tiles_across * input.height.div_ceil(OUT);
        let channels = input.channels;
        let transformed: Vec<[f32; PRODUCTS]> = weights
            .as_chunks::<9>()
            .0
            .iter()
            .map(transform_kernel)
            .collect();
        let packed = Packed::new(bias, PRODUCTS * channels, |out, tap| {
            let (product, channel) = (tap / channels, tap % channels);
            transformed[out * channels + channel][product]
        });
        // Inputs and sums of a part should stay in the second-level cache.
        let best = match channels {
            0..=24 => 48,
            25..=48 => 36,
            _ => 24,
        };
        Self {
            input,
            output,
            pooled,
            tiles_across,
            tiles,
            chunk: chunk_of(tiles, best, threads),
            packed,
        }
    }

    /// Floats of scratch one part needs: transformed inputs, then sums.
    pub(crate) fn scratch(&self) -> usize {
        PRODUCTS * (self.input_plane(self.chunk) + sums_plane(self.chunk))
    }

    /// Floats of one product's inputs for `tiles` tiles.
    fn input_plane(&self, tiles: usize) -> usize {
        self.input.blocks() * tiles * LANES + PLANE_GAP
    }
}

/// How many tiles a part gets, at most `most`, so that `threads` threads that take
/// part after part are done soonest.
fn chunk_of(tiles: usize, most: usize, threads: usize) -> usize {
    let time = |chunk: usize| {
        // Reading the weights costs a part about as much as six tiles do.
        let cost = |count: usize| count.next_multiple_of(6) + 6;
        let mut busy = vec![0; threads];
        let mut left = tiles;
        while left > 0 {
            let count = chunk.min(left);
            if let Some(first_free) = busy.iter_mut().min() {
                *first_free += cost(count);
            }
            left -= count;
        }
        busy.into_iter().max()
    };
    // Of those that are equally soon, the largest.
    (1..=most / 6)
        .rev()
        .map(|six| six * 6)
        .min_by_key(|&chunk| time(chunk))
        .unwrap_or(most)
}

/// Floats of one product's sums for `tiles` tiles of the widest block.
fn sums_plane(tiles: usize) -> usize {
    MAX_BLOCK * tiles * LANES + PLANE_GAP
}

fn transform_kernel(kernel: &[f32; 9]) -> [f32; PRODUCTS] {
    let mut rows = [[0.0_f64; 3]; IN];
    for (row, g) in rows.iter_mut().zip(&KERNEL_TRANSFORM) {
        for (column, value) in row.iter_mut().enumerate() {
            *value = (0..3)
                .map(|k| g[k] * f64::from(kernel[k * 3 + column]))
                .sum();
        }
    }
    let mut product = [0.0; PRODUCTS];
    for (index, value) in product.iter_mut().enumerate() {
        let (row, g) = (&rows[index / IN], &KERNEL_TRANSFORM[index % IN]);
        *value = (0..3).map(|k| row[k] * g[k]).sum::<f64>() as f32;
    }
    product
}

/// A [`Winograd`] on its way.
#[derive(Debug)]
pub(crate) struct WinogradTask<'a> {
    pub(crate) layer: &'a Winograd,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for WinogradTask<'_> {
    fn parts(&self) -> usize {
        self.layer.tiles.div_ceil(self.layer.chunk)
    }

    fn fits(&self) -> bool {
        self.input.holds(self.layer.input.floats()) && self.output.holds(self.layer.output.floats())
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, scratch: Sink<'_>) {
        let layer = self.layer;
        let first = part * layer.chunk;
        let count = layer.chunk.min(layer.tiles - first);
        let plane = layer.input_plane(count);
        // SAFETY: `scratch()` has room for both; the rest is the caller's promise.
        unsafe {
            let inputs = scratch.part(0, PRODUCTS * plane);
            let sums = scratch.part(PRODUCTS * plane, PRODUCTS * sums_plane(count));
            self.transform_inputs::<L>(first, count, inputs);
            for block in &layer.packed.blocks {
                self.multiply::<L>(*block, count, inputs.as_source(), sums);
                self.transform_sums::<L>(*block, first, count, sums.as_source());
            }
        }
    }
}

impl WinogradTask<'_> {
    /// The top left output pixel of a tile.
    #[inline(always)]
    fn origin(&self, tile: usize) -> (usize, usize) {
        let across = self.layer.tiles_across;
        (tile / across * OUT, tile % across * OUT)
    }

    /// Bᵀ·d·B of every tile and group of channels.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "it indexes the other dimension")]
    unsafe fn transform_inputs<L: Lanes>(&self, first: usize, count: usize, inputs: Sink<'_>) {
        let plane = self.layer.input_plane(count);
        let mut edge = [0.0_f32; PRODUCTS * LANES];
        for block in 0..self.layer.input.blocks() {
            for tile in 0..count {
                let (y, x) = self.origin(first + tile);
                // SAFETY: the tile lies inside the picture and the planes inside the scratch.
                unsafe {
                    let (from, stride) = self.inputs_of(block, y, x, &mut edge);
                    let mut columns = [[L::splat(0.0); IN]; IN];
                    for (column, half) in columns.iter_mut().enumerate() {
                        let from = from.add(column * LANES);
                        *half = transform_input([
                            L::load(from),
                            L::load(from.add(stride)),
                            L::load(from.add(2 * stride)),
                            L::load(from.add(3 * stride)),
                            L::load(from.add(4 * stride)),
                            L::load(from.add(5 * stride)),
                        ]);
                    }
                    let at = (block * count + tile) * LANES;
                    for row in 0..IN {
                        let whole = transform_input([
                            columns[0][row],
                            columns[1][row],
                            columns[2][row],
                            columns[3][row],
                            columns[4][row],
                            columns[5][row],
                        ]);
                        for (column, value) in whole.into_iter().enumerate() {
                            inputs.put((row * IN + column) * plane + at, value);
                        }
                    }
                }
            }
        }
    }

    /// Where the 6×6 inputs of a tile lie, and the distance between their rows:
    /// in the picture itself, or, at its edges, padded in `edge`.
    #[inline(always)]
    unsafe fn inputs_of(
        &self,
        block: usize,
        y: usize,
        x: usize,
        edge: &mut [f32; PRODUCTS * LANES],
    ) -> (*const f32, usize) {
        let Extent { height, width, .. } = self.layer.input;
        let plane = block * height * width;
        // SAFETY: rows and columns are cut to those inside the picture.
        unsafe {
            if y >= 1 && x >= 1 && y + IN - 1 <= height && x + IN - 1 <= width {
                let at = (plane + (y - 1) * width + x - 1) * LANES;
                let floats = ((IN - 1) * width + IN) * LANES;
                return (self.input.at(at, floats), width * LANES);
            }
            // The tile's inputs start one pixel before it.
            edge.fill(0.0);
            let (left, right) = (x.saturating_sub(1), (x + IN - 1).min(width));
            let count = (right - left) * LANES;
            for row in y.saturating_sub(1)..(y + IN - 1).min(height) {
                let at = (plane + row * width + left) * LANES;
                let to = ((row + 1 - y) * IN + (left + 1 - x)) * LANES;
                edge[to..to + count]
                    .as_mut_ptr()
                    .copy_from_nonoverlapping(self.input.at(at, count), count);
            }
        }
        (edge.as_ptr(), IN * LANES)
    }

    /// The 36 products of one block of output channels.
    #[inline(always)]
    unsafe fn multiply<L: Lanes>(
        &self,
        block: OutBlock,
        count: usize,
        inputs: Source<'_>,
        sums: Sink<'_>,
    ) {
        let channels = self.layer.input.channels;
        let mut taps = [Tap {
            offset: 0,
            channels: 0,
        }; MAX_GROUPS];
        let groups = self.layer.input.blocks();
        for (group, tap) in taps[..groups].iter_mut().enumerate() {
            *tap = Tap {
                offset: group * count * LANES,
                channels: LANES.min(channels - group * LANES),
            };
        }
        for product in 0..PRODUCTS {
            let tiles = ProductTiles {
                operands: Operands {
                    input: inputs,
                    at: product * self.layer.input_plane(count),
                    step: LANES,
                    taps: &taps[..groups],
                    weights: Source::new(&self.layer.packed.weights),
                    weights_at: block.weights + product * channels * block.groups * LANES,
                },
                sums,
                plane_at: product * sums_plane(count),
                count,
            };
            // SAFETY: all planes lie inside the scratch; the rest is the caller's promise.
            unsafe { cover::<L, _>(&tiles, block.groups, count) }
        }
    }

    /// Aᵀ·m·A of every tile, and off to the output.
    #[inline(always)]
    unsafe fn transform_sums<L: Lanes>(
        &self,
        block: OutBlock,
        first: usize,
        count: usize,
        sums: Source<'_>,
    ) {
        let plane = sums_plane(count);
        for group in 0..block.groups {
            let channels = block.first + group;
            // SAFETY: the tile's sums lie inside the planes, and there is a bias for
            // every channel.
            unsafe {
                let bias: L = Source::new(&self.layer.packed.bias).lanes(channels * LANES);
                for tile in 0..count {
                    let at = (group * count + tile) * LANES;
                    let mut columns = [[L::splat(0.0); OUT]; IN];
                    for (column, half) in columns.iter_mut().enumerate() {
                        let product = |row: usize| (row * IN + column) * plane + at;
                        *half = transform_sum([
                            sums.lanes(product(0)),
                            sums.lanes(product(1)),
                            sums.lanes(product(2)),
                            sums.lanes(product(3)),
                            sums.lanes(product(4)),
                            sums.lanes(product(5)),
                        ]);
                    }
                    let place = self.origin(first + tile);
                    if self.layer.pooled {
                        self.put_pooled(channels, place, &columns, bias);
                    } else {
                        self.put_tile(channels, place, &columns, bias);
                    }
                }
            }
        }
    }

    /// Stores the outputs of the tile at `(y, x)` from its half-transformed sums.
    #[inline(always)]
    unsafe fn put_tile<L: Lanes>(
        &self,
        channels: usize,
        (y, x): (usize, usize),
        columns: &[[L; OUT]; IN],
        bias: L,
    ) {
        let Extent { height, width, .. } = self.layer.output;
        let (rows_inside, columns_inside) = (OUT.min(height - y), OUT.min(width - x));
        for row in 0..OUT {
            if row >= rows_inside {
                break;
            }
            // SAFETY: rows and columns are cut to those inside the output.
            unsafe {
                let whole = transform_row(columns, row);
                let at = ((channels * height + y + row) * width + x) * LANES;
                for (column, value) in whole.into_iter().enumerate() {
                    if column < columns_inside {
                        self.output
                            .put(channels, at + column * LANES, value.add(bias));
                    }
                }
            }
        }
    }

    /// Stores the largest of each 2×2 outputs of the tile at `(y, x)`.
    #[inline(always)]
    unsafe fn put_pooled<L: Lanes>(
        &self,
        channels: usize,
        (y, x): (usize, usize),
        columns: &[[L; OUT]; IN],
        bias: L,
    ) {
        let Extent { height, width, .. } = self.layer.output;
        let (y, x) = (y / 2, x / 2);
        let (rows_inside, columns_inside) = ((OUT / 2).min(height - y), (OUT / 2).min(width - x));
        for row in 0..OUT / 2 {
            if row >= rows_inside {
                break;
            }
            // SAFETY: rows and columns are cut to those inside the output.
            unsafe {
                let upper = transform_row(columns, 2 * row);
                let lower = transform_row(columns, 2 * row + 1);
                let at = ((channels * height + y + row) * width + x) * LANES;
                for column in 0..OUT / 2 {
                    if column < columns_inside {
                        let (left, right) = (2 * column, 2 * column + 1);
                        let largest = upper[left].max(upper[right]);
                        let largest = largest.max(lower[left].max(lower[right]));
                        self.output
                            .put(channels, at + column * LANES, largest.add(bias));
                    }
                }
            }
        }
    }
}

/// One row of a tile's outputs from its half-transformed sums.
#[inline(always)]
unsafe fn transform_row<L: Lanes>(columns: &[[L; OUT]; IN], row: usize) -> [L; OUT] {
    // SAFETY: the caller vouches for the CPU.
    unsafe {
        transform_sum([
            columns[0][row],
            columns[1][row],
            columns[2][row],
            columns[3][row],
            columns[4][row],
            columns[5][row],
        ])
    }
}

/// Groups of eight input channels a part can list its taps for without allocating.
const MAX_GROUPS: usize = 256;

struct ProductTiles<'a> {
    operands: Operands<'a>,
    sums: Sink<'a>,
    plane_at: usize,
    count: usize,
}

impl Tile for ProductTiles<'_> {
    #[inline(always)]
    unsafe fn tile<L: Lanes, R: Row<L>, const PIXELS: usize>(&self, pixel: usize) {
        let operands = Operands {
            at: self.operands.at + pixel * LANES,
            ..self.operands
        };
        // SAFETY: tiles and groups lie inside the planes.
        unsafe {
            let mut sums = [R::zero(); PIXELS];
            accumulate::<L, R, PIXELS>(&operands, &mut sums);
            for group in 0..R::GROUPS {
                for (index, sums) in sums.iter().enumerate() {
                    let at = self.plane_at + (group * self.count + pixel + index) * LANES;
                    self.sums.put(at, sums.group(group));
                }
            }
        }
    }
}

/// Bᵀ·d of one column.
#[inline(always)]
unsafe fn transform_input<L: Lanes>(d: [L; IN]) -> [L; IN] {
    // SAFETY: the caller vouches for the CPU.
    unsafe {
        let (two, four) = (L::splat(2.0), L::splat(4.0));
        let (minus_four, minus_five) = (L::splat(-4.0), L::splat(-5.0));
        let even = d[4].fma(d[2], minus_four);
        let odd = d[3].fma(d[1], minus_four);
        let near = d[4].sub(d[2]);
        let far = d[3].sub(d[1]).mul(two);
        [
            d[4].fma(d[2], minus_five).fma(d[0], four),
            even.add(odd),
            even.sub(odd),
            near.add(far),
            near.sub(far),
            d[5].fma(d[3], minus_five).fma(d[1], four),
        ]
    }
}

/// Aᵀ·m of one column.
#[inline(always)]
unsafe fn transform_sum<L: Lanes>(m: [L; IN]) -> [L; OUT] {
    // SAFETY: the caller vouches for the CPU.
    unsafe {
        let (inner, inner_odd) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (outer, outer_odd) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(inner).add(outer),
            inner_odd.fma(outer_odd, L::splat(2.0)),
            inner.fma(outer, L::splat(4.0)),
            inner_odd.fma(outer_odd, L::splat(8.0)).add(m[5]),
        ]
    }
}
