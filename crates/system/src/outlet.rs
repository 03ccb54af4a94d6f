//! Standard output that nobody waits for.
//!
//! A terminal that is not read (a laptop asleep with its connection open, Ctrl-S, a stalled
//! link) and a pipe whose reader has stopped block whoever writes to them, for hours. So a
//! thread of its own writes, and a station only leaves bytes for it.
//!
//! # Invariants
//! - Leaving bytes never blocks.
//! - What waits is bounded: what has no room is not taken, and whoever leaves it is told.
//! - Bytes are written in order, and what was taken is written whole unless the process ends.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait: a whole screen in true colour, or some thousand lines.
const MOST_WAITING: usize = 1 << 20;

/// The end at which bytes are left.
#[derive(Debug, Clone)]
pub struct Outlet {
    shared: Arc<Shared>,
}

/// What became of bytes that were offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// They will be written.
    Taken,
    /// There is no room: the reader has stopped.
    NoRoom,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Bytes.
    pub bytes: u64,
    /// Time in which a write did not return: the link was full.
    pub blocked: Duration,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Since when the thread has held bytes that are not written yet.
    writing_since: Option<Instant>,
    written: Written,
    /// Why nothing can be written any more.
    failed: Option<(io::ErrorKind, String)>,
}

impl Outlet {
    /// Starts the thread that writes to standard output.
    ///
    /// # Errors
    /// If standard output is closed, or the thread is refused.
    pub fn to_stdout() -> io::Result<Self> {
        // A descriptor of our own: the lock of `io::stdout` would be held while it blocks.
        Self::to(io::stdout().as_fd().try_clone_to_owned()?)
    }

    /// Starts a thread that writes to `target`.
    ///
    /// # Errors
    /// If the thread is refused.
    pub fn to(target: OwnedFd) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let outlet = Self {
            shared: Arc::clone(&shared),
        };
        // It is never joined: it may be blocked for ever, and ends with the process.
        std::thread::Builder::new()
            .name("outlet".into())
            .spawn(move || shared.write_all_to(&mut File::from(target)))?;
        Ok(outlet)
    }

    /// Leaves bytes to be written, all or none.
    ///
    /// # Errors
    /// If an earlier write failed: the reader is gone.
    pub fn offer(&self, bytes: &[u8]) -> io::Result<Offered> {
        let mut state = self.shared.lock();
        state.check()?;
        if state.waiting.len() + bytes.len() > MOST_WAITING && !state.waiting.is_empty() {
            return Ok(Offered::NoRoom);
        }
        state.waiting.extend_from_slice(bytes);
        drop(state);
        self.shared.changed.notify_all();
        Ok(Offered::Taken)
    }

    /// Whether everything that was left has been written.
    ///
    /// # Errors
    /// If a write failed: the reader is gone.
    pub fn is_idle(&self) -> io::Result<bool> {
        let state = self.shared.lock();
        state.check()?;
        Ok(state.is_idle())
    }

    /// What has been written so far, and how long that took; what is blocked now counts.
    pub fn written(&self) -> Written {
        let state = self.shared.lock();
        let now = state
            .writing_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        Written {
            bytes: state.written.bytes,
            blocked: state.written.blocked + now,
        }
    }

    /// Waits until everything is written, but not longer than `patience`; whether it is.
    pub fn drain(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.shared.lock();
        while !state.is_idle() && state.failed.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = match self.shared.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.is_idle()
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing_since.is_none()
    }

    fn check(&self) -> io::Result<()> {
        match &self.failed {
            Some((kind, words)) => Err(io::Error::new(*kind, words.clone())),
            None => Ok(()),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, target: &mut File) {
        loop {
            let bytes = self.next();
            let written = target.write_all(&bytes);
            let mut state = self.lock();
            if let Some(since) = state.writing_since.take() {
                state.written.blocked += since.elapsed();
            }
            state.written.bytes += bytes.len() as u64;
            if let Err(error) = written {
                state.failed = Some((error.kind(), error.to_string()));
                state.waiting = Vec::new();
                drop(state);
                self.changed.notify_all();
                return;
            }
            drop(state);
            self.changed.notify_all();
        }
    }

    /// What is to be written next.
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            if !state.waiting.is_empty() {
                state.writing_since = Some(Instant::now());
                return std::mem::take(&mut state.waiting);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_taken_arrives_whole_and_in_order() {
        let (mut reader, writer) = io::pipe().unwrap();
        let outlet = Outlet::to(writer.into()).unwrap();
        let mut expected = Vec::new();
        for line in 0..1000 {
            let line = format!("line {line}\n").into_bytes();
            while outlet.offer(&line).unwrap() == Offered::NoRoom {}
            expected.extend(line);
        }
        let mut found = vec![0; expected.len()];
        reader.read_exact(&mut found).unwrap();
        assert_eq!(found, expected);
        assert!(outlet.drain(Duration::from_secs(10)));
    }

    #[test]
    fn a_reader_that_stops_costs_no_time_and_bounded_memory() {
        let (mut reader, writer) = io::pipe().unwrap();
        let outlet = Outlet::to(writer.into()).unwrap();
        let chunk = vec![7; 10_000];
        let offers: Vec<Offered> = (0..1000).map(|_| outlet.offer(&chunk).unwrap()).collect();
        let taken = offers.iter().filter(|o| **o == Offered::Taken).count();
        assert!(
            (1..=400).contains(&taken),
            "{taken} chunks of 10 kB were taken"
        );
        assert!(!outlet.is_idle().unwrap());
        assert!(!outlet.drain(Duration::from_millis(20)));
        // Once it reads again, it gets all that was taken and nothing else.
        let mut found = vec![0; taken * chunk.len()];
        reader.read_exact(&mut found).unwrap();
        assert!(outlet.drain(Duration::from_secs(10)));
        assert!(found.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error() {
        let (reader, writer) = io::pipe().unwrap();
        let outlet = Outlet::to(writer.into()).unwrap();
        drop(reader);
        let until = Instant::now() + Duration::from_secs(10);
        let error = loop {
            if let Err(error) = outlet.offer(b"anybody there?") {
                break error;
            }
            assert!(Instant::now() < until, "the broken pipe was not noticed");
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
