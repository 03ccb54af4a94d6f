//! A mailbox of one: the latest value wins, and what it replaced is counted.
//!
//! Frames travel through it. A consumer that is busy never makes the camera
//! wait and never works through a backlog of old pictures; the pictures it
//! missed are counted and shown. Facts that must not be lost do *not* travel
//! through it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Both ends of the mailbox; clones share it.
#[derive(Debug)]
pub struct Mailbox<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    slot: Mutex<Slot<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Slot<T> {
    value: Option<T>,
    closed: bool,
    /// Whether whoever waits shall stop waiting, once.
    is_nudged: bool,
    replaced: u64,
}

/// What a consumer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<T> {
    /// The newest value.
    Value(T),
    /// Nothing arrived in time.
    TimedOut,
    /// Nothing is left and nothing will come.
    Closed,
}

impl<T> Mailbox<T> {
    /// An empty, open mailbox.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                slot: Mutex::new(Slot {
                    value: None,
                    closed: false,
                    is_nudged: false,
                    replaced: 0,
                }),
                arrived: Condvar::new(),
            }),
        }
    }

    /// Puts `value` in; a value still waiting is replaced and counted as dropped.
    /// A closed mailbox discards it.
    pub fn put(&self, value: T) {
        let mut slot = self.lock();
        if slot.closed {
            return;
        }
        if slot.value.replace(value).is_some() {
            slot.replaced += 1;
        }
        self.shared.arrived.notify_one();
    }

    /// Takes the newest value if there is one.
    pub fn try_take(&self) -> Option<T> {
        self.lock().value.take()
    }

    /// Ends one wait for a value without any, the present one or the next: there is something
    /// else to look at.
    pub fn nudge(&self) {
        self.lock().is_nudged = true;
        self.shared.arrived.notify_one();
    }

    /// Waits up to `timeout` for a value, or for a nudge. A value put before closing is still
    /// delivered.
    pub fn take_timeout(&self, timeout: Duration) -> Received<T> {
        let slot = self.lock();
        let (mut slot, _) = self
            .shared
            .arrived
            .wait_timeout_while(slot, timeout, |s| {
                s.value.is_none() && !s.closed && !s.is_nudged
            })
            .unwrap_or_else(PoisonError::into_inner);
        slot.is_nudged = false;
        match slot.value.take() {
            Some(value) => Received::Value(value),
            None if slot.closed => Received::Closed,
            None => Received::TimedOut,
        }
    }

    /// Says that no value will come any more and wakes all who wait.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.arrived.notify_all();
    }

    /// How many values were replaced before anyone took them.
    pub fn replaced(&self) -> u64 {
        self.lock().replaced
    }

    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        // A slot is valid after every statement, so a panic elsewhere cannot have torn it.
        self.shared
            .slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_wins_and_the_rest_is_counted() {
        let mailbox = Mailbox::new();
        for i in 0..5 {
            mailbox.put(i);
        }
        assert_eq!(mailbox.try_take(), Some(4));
        assert_eq!(mailbox.try_take(), None);
        assert_eq!(mailbox.replaced(), 4);
    }

    #[test]
    fn closing_delivers_the_last_value_and_then_says_closed() {
        let mailbox = Mailbox::new();
        assert_eq!(
            mailbox.take_timeout(Duration::from_millis(1)),
            Received::TimedOut
        );
        mailbox.put(7);
        mailbox.close();
        mailbox.put(8);
        assert_eq!(mailbox.take_timeout(Duration::ZERO), Received::Value(7));
        assert_eq!(
            mailbox.take_timeout(Duration::from_secs(60)),
            Received::Closed
        );
    }

    #[test]
    fn a_nudge_ends_one_wait_and_loses_no_value() {
        let mailbox = Mailbox::<u8>::new();
        mailbox.nudge();
        assert_eq!(
            mailbox.take_timeout(Duration::from_secs(60)),
            Received::TimedOut
        );
        assert_eq!(mailbox.take_timeout(Duration::ZERO), Received::TimedOut);
        mailbox.nudge();
        mailbox.put(3);
        assert_eq!(mailbox.take_timeout(Duration::ZERO), Received::Value(3));
    }

    #[test]
    fn closing_wakes_a_waiting_consumer() {
        let mailbox = Mailbox::<u8>::new();
        let consumer = mailbox.clone();
        let waiter = std::thread::spawn(move || consumer.take_timeout(Duration::from_secs(60)));
        mailbox.close();
        assert_eq!(waiter.join().unwrap(), Received::Closed);
    }
}
