//! A cell whose latest value anybody may look at, e.g. the newest picture of a camera.
//!
//! Unlike a [`Mailbox`](crate::mailbox::Mailbox) it is not emptied by being read, so that it
//! has any number of readers; each remembers the number of what it saw last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The cell; clones share it.
#[derive(Debug)]
pub struct Latest<T> {
    slot: Arc<Mutex<Slot<T>>>,
}

#[derive(Debug)]
struct Slot<T> {
    number: u64,
    value: Option<T>,
}

impl<T: Clone> Latest<T> {
    /// An empty cell.
    pub fn new() -> Self {
        let slot = Slot {
            number: 0,
            value: None,
        };
        Self {
            slot: Arc::new(Mutex::new(slot)),
        }
    }

    /// Puts `value` in the place of the one before.
    pub fn put(&self, value: T) {
        let mut slot = self.lock();
        slot.number += 1;
        // What was there is dropped when nobody waits for the lock any more.
        let before = slot.value.replace(value);
        drop(slot);
        drop(before);
    }

    /// The value and its number, if it is another than the one of the number `seen`; 0 is
    /// that of none.
    pub fn newer_than(&self, seen: u64) -> Option<(u64, T)> {
        let slot = self.lock();
        let value = slot.value.as_ref().filter(|_| slot.number != seen)?;
        Some((slot.number, value.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        // A slot is valid after every statement, so a panic elsewhere cannot have torn it.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<T: Clone> Default for Latest<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_sees_the_latest_once() {
        let cell = Latest::new();
        assert_eq!(cell.newer_than(0), None);
        cell.put('a');
        cell.put('b');
        let other = cell.clone();
        for reader in [&cell, &other] {
            assert_eq!(reader.newer_than(0), Some((2, 'b')));
            assert_eq!(reader.newer_than(2), None);
        }
        cell.put('b');
        assert_eq!(other.newer_than(2), Some((3, 'b')), "another, though equal");
    }
}
