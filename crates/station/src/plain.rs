//! The station for screen readers and very slow lines: events as lines of words, and
//! commands as typed lines. Nothing on the screen moves.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::printer::Printer;
use super::{Parts, Runtime, TICK, both};
use rollcall_core::event::{Event, Intent};
use rollcall_core::pin::Pin;
use rollcall_dashboard::{Language, plain};

/// Lines that may wait for the main thread.
const LINES_WAITING: usize = 16;

/// Runs until the operator types `quit`, the source ends or a signal asks for the end.
///
/// # Errors
/// If a worker cannot be started or dies, standard output is gone, or punches are left
/// that could not be written.
pub fn run(parts: Parts, language: &'static Language) -> Result<()> {
    let mut runtime = Runtime::start(parts)?;
    let run = operate(&mut runtime, language);
    both(run, runtime.finish())
}

fn operate(runtime: &mut Runtime, language: &'static Language) -> Result<()> {
    let (sender, lines) = bounded(LINES_WAITING);
    // It ends with the process: a read of a terminal cannot be interrupted.
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || read(&sender))
        .context("starting the thread that reads the keyboard")?;
    let mut printer = Printer::start()?;
    printer.print(&[plain::greeting(language)])?;
    let mut printed = 0;
    let mut is_listening = true;
    let silence = crossbeam_channel::never();
    while !runtime.is_stopping() && !runtime.is_finished() {
        let typed: &Receiver<Typed> = if is_listening { &lines } else { &silence };
        match runtime.wait(typed, TICK)? {
            Some(Typed::Line(line)) => answer(&line, runtime, language, &mut printer)?,
            Some(Typed::End { was_typed: true }) => runtime.stop_flag().request(),
            Some(Typed::End { was_typed: false }) => is_listening = false,
            None => {}
        }
        let log = runtime.station().log();
        let new: Vec<String> = log
            .since(printed)
            .map(|entry| plain::entry(entry, language))
            .collect();
        printed = log.written();
        printer.print(&new)?;
    }
    printer.finish();
    Ok(())
}

/// What came from standard input.
enum Typed {
    Line(String),
    End {
        /// Whether somebody pressed Ctrl-D, and no file simply ended.
        was_typed: bool,
    },
}

fn read(lines: &Sender<Typed>) {
    let stdin = io::stdin();
    for line in stdin.lock().lines().map_while(Result::ok) {
        if lines.send(Typed::Line(line)).is_err() {
            return;
        }
    }
    let was_typed = stdin.is_terminal();
    // Nobody receives it if the station has ended meanwhile.
    let _ = lines.send(Typed::End { was_typed });
    // The channel stays open, for a closed one means that the terminal is lost.
    if !was_typed {
        loop {
            std::thread::park();
        }
    }
}

fn answer(
    line: &str,
    runtime: &mut Runtime,
    language: &'static Language,
    printer: &mut Printer,
) -> Result<()> {
    let line = line.trim();
    let Some(command) = plain::Command::parse(line, language) else {
        return match Pin::parse(line) {
            Ok(pin) => {
                runtime.take_in(Event::Intent(Intent::EnterPin(pin)));
                Ok(())
            }
            Err(problem) if line.starts_with(|c: char| c.is_ascii_digit()) => {
                printer.print(&[plain::sentence(&problem, language)])
            }
            Err(_) => printer.print(&plain::help(language)),
        };
    };
    let lines = match command {
        plain::Command::Quit => {
            runtime.stop_flag().request();
            return Ok(());
        }
        plain::Command::Help => plain::help(language),
        plain::Command::Today => plain::today(runtime.station(), &runtime.now(), language),
        plain::Command::In => plain::who_is_in(runtime.station(), &runtime.now(), language),
        plain::Command::Camera => {
            let state = runtime.camera_stats().state.to_string();
            vec![plain::sentence(&state, language)]
        }
    };
    printer.print(&lines)
}
