//! Nearest-neighbour resizing, with an addition where the network adds anyway.

use super::finish::Output;
use super::lanes::Lanes;
use super::{Extent, LANES, Sink, Source, Task};

/// A resizing on its way; one part per row of one group of channels.
#[derive(Debug)]
pub(crate) struct ResizeTask<'a> {
    /// For every output row and column, which one of the input it repeats.
    pub(crate) rows: &'a [u32],
    pub(crate) columns: &'a [u32],
    pub(crate) from: Extent,
    pub(crate) input: Source<'a>,
    pub(crate) output: Output<'a>,
}

impl Task for ResizeTask<'_> {
    fn parts(&self) -> usize {
        self.from.blocks() * self.rows.len()
    }

    fn fits(&self) -> bool {
        let inside = |table: &[u32], size: usize| table.iter().all(|&at| (at as usize) < size);
        self.input.holds(self.from.floats())
            && inside(self.rows, self.from.height)
            && inside(self.columns, self.from.width)
            && self.output.holds(self.parts() * self.columns.len() * LANES)
    }

    #[inline(always)]
    unsafe fn run<L: Lanes>(&self, part: usize, _scratch: Sink<'_>) {
        let (block, y) = (part / self.rows.len(), part % self.rows.len());
        let line = (block * self.from.height + self.rows[y] as usize) * self.from.width;
        for (x, &column) in self.columns.iter().enumerate() {
            // SAFETY: the tables were made for this input and output.
            unsafe {
                let value: L = self.input.lanes((line + column as usize) * LANES);
                self.output
                    .put(block, (part * self.columns.len() + x) * LANES, value);
            }
        }
    }
}
