//! Floats that start on a cache line.
//!
//! A vector load that straddles two cache lines costs twice as much, and in an
//! ordinary `Vec` every second one would.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Weak};

/// A cache line, in floats and in bytes.
pub(crate) const LINE: usize = 16;
const LINE_BYTES: usize = LINE * size_of::<f32>();

/// A list of floats whose first one lies at the start of a cache line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aligned {
    floats: Arc<Vec<f32>>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn new(contents: &[f32]) -> Self {
        let mut floats = vec![0.0; contents.len() + LINE];
        let start = line_offset(&floats);
        floats[start..start + contents.len()].copy_from_slice(contents);
        Self {
            floats: Arc::new(floats),
            start,
            len: contents.len(),
        }
    }

    /// Whether every bit is the same.
    fn equals(&self, other: &Self) -> bool {
        self.len == other.len
            && self
                .iter()
                .zip(&**other)
                .all(|(a, b)| a.to_bits() == b.to_bits())
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for float in &**self {
            float.to_bits().hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// The lists of a network that are in use: the plans for several input shapes hold the same
/// weights once.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    by_digest: HashMap<u64, Held>,
}

/// A list, for as long as somebody has it.
#[derive(Debug)]
struct Held {
    floats: Weak<Vec<f32>>,
    start: usize,
    len: usize,
}

impl Shelf {
    /// Lets `list` share the memory of an equal one.
    pub(crate) fn share(&mut self, list: &mut Aligned) {
        let digest = list.digest();
        let known = self.by_digest.get(&digest).and_then(|held| {
            Some(Aligned {
                floats: held.floats.upgrade()?,
                start: held.start,
                len: held.len,
            })
        });
        match known {
            Some(known) if known.equals(list) => *list = known,
            // Another list with the same digest keeps its place.
            Some(_) => {}
            None => {
                let held = Held {
                    floats: Arc::downgrade(&list.floats),
                    start: list.start,
                    len: list.len,
                };
                self.by_digest.insert(digest, held);
            }
        }
    }

    /// Forgets the lists that nobody has any more.
    pub(crate) fn tidy(&mut self) {
        self.by_digest
            .retain(|_, held| held.floats.strong_count() > 0);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_are_held_once_and_let_go() {
        let mut shelf = Shelf::default();
        let mut lists = [[1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [0.0, 2.0], [-0.0, 2.0]]
            .map(|list| Aligned::new(&list));
        for list in &mut lists {
            shelf.share(list);
        }
        assert!(Arc::ptr_eq(&lists[0].floats, &lists[1].floats));
        for (index, other) in lists.iter().enumerate().skip(2) {
            let earlier = &lists[..index];
            assert!(
                earlier
                    .iter()
                    .all(|list| !Arc::ptr_eq(&list.floats, &other.floats))
            );
        }
        assert_eq!(lists[1][..], [1.0, 2.0]);
        drop(lists);
        shelf.tidy();
        assert!(shelf.by_digest.is_empty());
    }
}
