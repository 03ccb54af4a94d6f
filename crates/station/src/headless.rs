//! The station without a dashboard: one line per event on standard output.

use std::time::Duration;

use anyhow::Result;

use super::printer::Printer;
use super::{LAST_RECEIPTS, Parts, Runtime, both};
use rollcall_camera::CameraState;

/// Runs until the source ends or a signal asks for the end.
///
/// # Errors
/// If a worker cannot be started or dies, the source cannot be used, or punches are left
/// that could not be written.
pub fn run(parts: Parts) -> Result<()> {
    let mut runtime = Runtime::start(parts)?;
    let run = operate(&mut runtime).and_then(|()| source_was_usable(&runtime));
    both(run, runtime.finish())
}

fn operate(runtime: &mut Runtime) -> Result<()> {
    let no_input = crossbeam_channel::never::<()>();
    let mut printer = Printer::start()?;
    let mut printed = 0;
    while !runtime.is_stopping() && !runtime.is_finished() {
        runtime.wait(&no_input, Duration::from_millis(250))?;
        print_new_lines(runtime, &mut printed, &mut printer)?;
    }
    // The last receipts are waited for here, so that their lines are printed, too.
    let patience_ends = runtime.now().monotonic + LAST_RECEIPTS;
    while runtime.station().unconfirmed() > 0 && runtime.now().monotonic < patience_ends {
        runtime.wait(&no_input, Duration::from_millis(50))?;
    }
    let last = print_new_lines(runtime, &mut printed, &mut printer);
    printer.finish();
    last
}

/// A file that could not be read must not look like one in which nobody was seen.
fn source_was_usable(runtime: &Runtime) -> Result<()> {
    match runtime.camera_stats().state {
        CameraState::Failed(reason) => anyhow::bail!(reason),
        _ => Ok(()),
    }
}

fn print_new_lines(runtime: &Runtime, printed: &mut u64, printer: &mut Printer) -> Result<()> {
    let log = runtime.station().log();
    let lines: Vec<String> = log
        .since(*printed)
        .map(|entry| {
            let time = entry.at.wall.format("%Y-%m-%dT%H:%M:%S%:z");
            format!("{time} {}", entry.notice)
        })
        .collect();
    *printed = log.written();
    printer.print(&lines)
}
