//! How much is written to the terminal, and how long writing it takes.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Bytes.
    pub bytes: u64,
    /// Time in which a write did not return: the link was full.
    pub blocked: Duration,
}

/// The totals of a [`Metered`] writer, for others to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    bytes: Arc<AtomicU64>,
    blocked_nanos: Arc<AtomicU64>,
}

impl Meter {
    pub(super) fn read(&self) -> Written {
        Written {
            bytes: self.bytes.load(Ordering::Relaxed),
            blocked: Duration::from_nanos(self.blocked_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// A writer that is measured.
#[derive(Debug)]
pub(super) struct Metered<W> {
    inner: W,
    meter: Meter,
}

impl<W> Metered<W> {
    pub(super) fn new(inner: W, meter: Meter) -> Self {
        Self { inner, meter }
    }

    fn count<T>(
        &mut self,
        write: impl FnOnce(&mut W) -> io::Result<T>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> io::Result<T> {
        let started = Instant::now();
        let done = write(&mut self.inner);
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.meter.blocked_nanos.fetch_add(nanos, Ordering::Relaxed);
        if let Ok(done) = &done {
            let bytes = bytes(done) as u64;
            self.meter.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        done
    }
}

impl<W: Write> Write for Metered<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.count(|inner| inner.write(buf), |written| *written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.count(Write::flush, |()| 0)
    }
}
