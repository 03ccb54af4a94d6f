//! The station without a dashboard: one line per event on standard output.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Parts, Runtime};
use crate::core::notice::LogEntry;

/// Runs until the source ends or a signal asks for the end.
///
/// # Errors
/// If a worker cannot be started or dies, or punches are left that could not be written.
pub fn run(parts: Parts) -> Result<()> {
    let mut runtime = Runtime::start(parts)?;
    let no_input = crossbeam_channel::never::<()>();
    let mut printer = Printer::default();
    while !runtime.is_stopping() && !runtime.is_finished() {
        runtime.wait(&no_input, Duration::from_millis(250))?;
        printer.print(&runtime)?;
    }
    let unwritten = runtime.finish()?;
    anyhow::ensure!(unwritten == 0, "{unwritten} punches could not be written");
    Ok(())
}

/// Remembers which lines of the log have been printed.
#[derive(Default)]
struct Printer {
    last: Option<LogEntry>,
}

impl Printer {
    fn print(&mut self, runtime: &Runtime) -> Result<()> {
        let log = runtime.station().log();
        let fresh = log.iter().rev().take_while(|entry| Some(*entry) != self.last.as_ref()).count();
        if fresh == 0 {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        for entry in log.iter().skip(log.iter().len() - fresh) {
            let time = entry.at.wall.format("%Y-%m-%dT%H:%M:%S%:z");
            writeln!(out, "{time} {}", entry.notice).context("writing to standard output")?;
        }
        out.flush().context("writing to standard output")?;
        self.last = log.iter().next_back().cloned();
        Ok(())
    }
}
