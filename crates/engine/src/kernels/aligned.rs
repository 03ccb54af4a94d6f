//! Floats that start on a cache line.
//!
//! A vector load that straddles two cache lines costs twice as much, and in an
//! ordinary `Vec` every second one would.

use std::ops::Deref;

/// A cache line, in floats and in bytes.
pub(crate) const LINE: usize = 16;
const LINE_BYTES: usize = LINE * size_of::<f32>();

/// A list of floats whose first one lies at the start of a cache line.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    floats: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn new(contents: &[f32]) -> Self {
        let mut floats = vec![0.0; contents.len() + LINE];
        let start = line_offset(&floats);
        floats[start..start + contents.len()].copy_from_slice(contents);
        Self {
            floats,
            start,
            len: contents.len(),
        }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.floats[self.start..self.start + self.len]
    }
}

/// How many floats to skip so that a cache line starts.
pub(crate) fn line_offset(floats: &[f32]) -> usize {
    floats.as_ptr().align_offset(LINE_BYTES).min(LINE)
}
