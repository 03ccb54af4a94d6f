//! Lines on standard output, which a station never waits for.
//!
//! What nobody reads is left out, counted, and said once somebody reads again; the database
//! and the log file have it.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use rollcall_core::printable::printable_line;
use rollcall_system::outlet::{Offered, Outlet};

/// How long the last lines may take.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Prints lines.
pub(crate) struct Printer {
    outlet: Outlet,
    left_out: u64,
}

impl Printer {
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self {
            outlet: Outlet::to_stdout()?,
            left_out: 0,
        })
    }

    /// # Errors
    /// If standard output is gone.
    pub(crate) fn print(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            let mut text = String::new();
            if self.left_out > 0 {
                // Writing to a string does not fail.
                let _ = writeln!(
                    text,
                    "({} lines were not read and are left out)",
                    self.left_out
                );
            }
            text.push_str(&printable_line(line));
            text.push('\n');
            match self.outlet.offer(text.as_bytes())? {
                Offered::Taken => self.left_out = 0,
                Offered::NoRoom => self.left_out += 1,
            }
        }
        Ok(())
    }

    /// Gives the last lines a moment.
    pub(crate) fn finish(&self) {
        if !self.outlet.drain(LAST_LINES) {
            tracing::warn!("standard output is not read; the last lines are left out");
        }
    }
}
