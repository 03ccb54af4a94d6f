//! The templates' components in 20 bits each, and a coarse look at them.
//!
//! A component is a whole number `k` of 20 bits times the template's step (see
//! [`Embedding`]). Its upper 8 bits are kept apart from its lower 12: the upper
//! ones of all templates, 512 bytes each, are all that a search reads of most of
//! them, and they bound the similarity from both sides.
//!
//! # The bounds
//!
//! Let `k` be a template and `p` a probe, both vectors of whole numbers. The
//! template's upper bits are `c = ⌊k / 2¹²⌋`, and `h = 2c + 1` says where the
//! middle of their bucket is: `k = 2¹¹·h + r` with a rest `|r| ≤ 2¹¹`. The probe
//! is rounded to 15 bits: `p = 2⁵·q + d` with `|d| ≤ 2⁴`. Then
//!
//! ```text
//! k·p = 2¹¹ h·p + r·p
//!     = 2¹¹ h·(2⁵q + d) + r·p
//!     = 2¹⁶ h·q + (k − r)·d + r·p
//!     = 2¹⁶ h·q + r·(2⁵q) + k·d
//! ```
//!
//! The first term is what the coarse look computes, as `2 c·q + Σq` in whole
//! numbers. By Cauchy and Schwarz the other two are at most `‖r‖·‖2⁵q‖` and
//! `‖k‖·‖d‖`. `‖r‖` is kept with every template, the norms of the probe's parts
//! are computed once per search, and `‖k‖` times its step is the length of an
//! embedding, 1 within [`LENGTH_TOLERANCE`].

use crate::embedding::{COMPONENT_BITS, Embedding, LENGTH_TOLERANCE, dot};

/// Bits of a component below the coarse ones.
const FINE_BITS: u32 = COMPONENT_BITS - 8;

/// Bits of a probe's component that the coarse look leaves out; products of 8 and
/// 15 bits can be added up in 32.
const PROBE_REST_BITS: u32 = 5;

/// Templates of one allocation, so that a growing gallery never moves what it has
/// and never owns much more than it needs.
const BLOCK_ROWS: usize = 128;

/// Products that are summed in 32 bits: 2⁷ · 2¹⁴ · 512 = 2³⁰.
const SAFE_PRODUCTS: usize = 512;

/// Rounding of the bounds themselves, and of a similarity to `f32`: 2⁻²⁴ is half
/// the distance of two `f32` next to 1.
const ROUNDING: f64 = 1.0 / (1 << 23) as f64;

/// The components of many templates of one dimension.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Codes {
    dim: usize,
    blocks: Vec<Block>,
    /// What the templates' whole numbers are multiplied with.
    steps: Vec<f32>,
    /// `‖r‖` times the step, rounded up.
    rest_lengths: Vec<f32>,
}

/// The components of [`BLOCK_ROWS`] templates, row by row.
#[derive(Clone, PartialEq)]
struct Block {
    /// Bits 12 to 19, with the sign.
    coarse: Vec<i8>,
    /// Bits 4 to 11.
    middle: Vec<u8>,
    /// Bits 0 to 3: those of component `i` of a row in the lower half of byte `i`,
    /// those of component `i + ⌈dim / 2⌉` in its upper half.
    lowest: Vec<u8>,
}

/// A probe, prepared for many comparisons.
pub(super) struct Probe {
    /// The components in all their bits.
    exact: Vec<f32>,
    /// `q`, the components rounded to 15 bits.
    coarse: Vec<i16>,
    /// `Σq`.
    coarse_sum: i64,
    /// What `2⁵q` is multiplied with.
    step: f64,
    /// `‖2⁵q‖` times the step.
    coarse_length: f64,
    /// The part of the bound that is the same for all templates.
    slack: f64,
}

/// Between which values a similarity lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) lower: f64,
    pub(super) upper: f64,
}

impl Codes {
    /// Room for templates of `dim` components.
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim,
            ..Self::default()
        }
    }

    /// Components of a template.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Number of templates.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let block = |b: &Block| b.coarse.capacity() + b.middle.capacity() + b.lowest.capacity();
        self.blocks.iter().map(block).sum::<usize>()
            + self.blocks.capacity() * size_of::<Block>()
            + (self.steps.capacity() + self.rest_lengths.capacity()) * size_of::<f32>()
    }

    /// Adds a template of [`Self::dim`] components behind the last one.
    pub(super) fn push(&mut self, embedding: &Embedding) {
        let (whole, step) = embedding.fixed_point();
        let row = self.len();
        if row == self.blocks.len() * BLOCK_ROWS {
            self.blocks.push(Block::new(self.dim));
        }
        let rest_squares: f64 = whole.iter().map(|&k| f64::from(rest(k)).powi(2)).sum();
        self.steps.push(step as f32);
        // The next larger f32, because rounding to nearest may have gone down.
        let rest_length = (rest_squares.sqrt() * step) as f32;
        self.rest_lengths.push(rest_length.next_up());
        let dim = self.dim;
        self.blocks[row / BLOCK_ROWS].write(row % BLOCK_ROWS, dim, &whole);
    }

    /// Removes a template; the last one takes its place.
    pub(super) fn swap_remove(&mut self, row: usize) {
        let last = self.len() - 1;
        if row != last {
            let moved = self.whole(last);
            let dim = self.dim;
            self.blocks[row / BLOCK_ROWS].write(row % BLOCK_ROWS, dim, &moved);
        }
        self.steps.swap_remove(row);
        self.rest_lengths.swap_remove(row);
        self.blocks.truncate(self.len().div_ceil(BLOCK_ROWS));
    }

    /// Calls `visit` with every template's row and, for each probe, its bounds. The
    /// coarse bits are read from memory once, whatever the number of probes.
    pub(super) fn look(&self, probes: &[Probe], mut visit: impl FnMut(usize, usize, Bounds)) {
        let rows = self
            .blocks
            .iter()
            .flat_map(|b| b.coarse.chunks_exact(self.dim));
        let scales = self.steps.iter().zip(&self.rest_lengths);
        for (row, (coarse, (&step, &rest_length))) in rows.zip(scales).enumerate() {
            for (number, probe) in probes.iter().enumerate() {
                let middle = probe.middle(coarse) * f64::from(step);
                let error = f64::from(rest_length) * probe.coarse_length + probe.slack;
                let bounds = Bounds {
                    lower: middle - error,
                    upper: middle + error,
                };
                visit(row, number, bounds);
            }
        }
    }

    /// The similarity of a template and a probe: the same number, to the last bit,
    /// as [`Embedding::similarity`] of the embeddings they were made of.
    pub(super) fn similarity(&self, row: usize, probe: &Probe) -> f32 {
        // An f32 holds 20 bits, so neither this nor `dot` rounds.
        let whole: Vec<f32> = self.whole(row).iter().map(|&k| k as f32).collect();
        (dot(&whole, &probe.exact) * f64::from(self.steps[row])) as f32
    }

    /// The embedding that was added.
    pub(super) fn embedding(&self, row: usize) -> Embedding {
        Embedding::of_fixed_point(&self.whole(row), f64::from(self.steps[row]))
    }

    /// The whole numbers of a template.
    fn whole(&self, row: usize) -> Vec<i32> {
        self.blocks[row / BLOCK_ROWS].read(row % BLOCK_ROWS, self.dim)
    }
}

impl Block {
    fn new(dim: usize) -> Self {
        Self {
            coarse: vec![0; BLOCK_ROWS * dim],
            middle: vec![0; BLOCK_ROWS * dim],
            lowest: vec![0; BLOCK_ROWS * dim.div_ceil(2)],
        }
    }

    fn write(&mut self, row: usize, dim: usize, whole: &[i32]) {
        let half = dim.div_ceil(2);
        let coarse = &mut self.coarse[row * dim..][..dim];
        let middle = &mut self.middle[row * dim..][..dim];
        for ((&k, coarse), middle) in whole.iter().zip(coarse).zip(middle) {
            *coarse = (k >> FINE_BITS) as i8;
            *middle = (k >> 4) as u8;
        }
        let lowest = &mut self.lowest[row * half..][..half];
        for (i, byte) in lowest.iter_mut().enumerate() {
            let upper = whole.get(half + i).copied().unwrap_or(0);
            *byte = (whole[i] & 15) as u8 | ((upper & 15) << 4) as u8;
        }
    }

    fn read(&self, row: usize, dim: usize) -> Vec<i32> {
        let half = dim.div_ceil(2);
        let coarse = &self.coarse[row * dim..][..dim];
        let middle = &self.middle[row * dim..][..dim];
        let lowest = &self.lowest[row * half..][..half];
        let lowest_bits = lowest
            .iter()
            .map(|b| b & 15)
            .chain(lowest.iter().map(|b| b >> 4));
        coarse
            .iter()
            .zip(middle)
            .zip(lowest_bits)
            .map(|((&c, &m), l)| i32::from(c) << FINE_BITS | i32::from(m) << 4 | i32::from(l))
            .collect()
    }
}

impl Probe {
    /// Prepares `embedding`.
    pub(super) fn new(embedding: &Embedding) -> Self {
        let (whole, step) = embedding.fixed_point();
        let half = 1 << (PROBE_REST_BITS - 1);
        let coarse: Vec<i16> = whole
            .iter()
            .map(|&p| ((p + half) >> PROBE_REST_BITS) as i16)
            .collect();
        let rests = whole.iter().zip(&coarse);
        let rest_squares: f64 = rests
            .map(|(&p, &q)| f64::from(p - (i32::from(q) << PROBE_REST_BITS)).powi(2))
            .sum();
        let coarse_squares: f64 = coarse.iter().map(|&q| f64::from(q).powi(2)).sum();
        Self {
            exact: embedding.as_slice().to_vec(),
            coarse_sum: coarse.iter().map(|&q| i64::from(q)).sum(),
            coarse,
            step,
            coarse_length: coarse_squares.sqrt() * f64::from(1 << PROBE_REST_BITS) * step,
            slack: rest_squares.sqrt() * step * (1.0 + LENGTH_TOLERANCE) + ROUNDING,
        }
    }

    /// The middle of the bounds of the similarity with a template of step 1.
    fn middle(&self, coarse: &[i8]) -> f64 {
        let whole = 2 * coarse_dot(coarse, &self.coarse) + self.coarse_sum;
        let unit = f64::from(1 << (FINE_BITS - 1 + PROBE_REST_BITS));
        whole as f64 * unit * self.step
    }
}

/// What the upper bits of a component leave over, seen from the middle of their bucket.
fn rest(k: i32) -> i32 {
    k - ((k >> FINE_BITS << FINE_BITS) + (1 << (FINE_BITS - 1)))
}

/// The kernel of the search: `c·q`.
fn coarse_dot(c: &[i8], q: &[i16]) -> i64 {
    c.chunks(SAFE_PRODUCTS)
        .zip(q.chunks(SAFE_PRODUCTS))
        .map(|(c, q)| i64::from(coarse_dot_in_32_bits(c, q)))
        .sum()
}

/// `c·q` of up to [`SAFE_PRODUCTS`] components. In this shape, a sum over a chunk
/// of fixed size within the sum over all chunks, the compiler makes 16-bit
/// multiply-and-add instructions of it on x86-64 and aarch64; a single sum is six
/// times slower.
#[inline(never)]
fn coarse_dot_in_32_bits(c: &[i8], q: &[i16]) -> i32 {
    let (c_chunks, c_rest) = c.as_chunks::<32>();
    let (q_chunks, q_rest) = q.as_chunks::<32>();
    let product = |(&c, &q): (&i8, &i16)| i32::from(c) * i32::from(q);
    let mut sum: i32 = c_rest.iter().zip(q_rest).map(product).sum();
    for (c, q) in c_chunks.iter().zip(q_chunks) {
        let mut of_chunk = 0;
        for i in 0..32 {
            of_chunk += i32::from(c[i]) * i32::from(q[i]);
        }
        sum += of_chunk;
    }
    sum
}
