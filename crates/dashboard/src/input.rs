//! What the operator does with the keyboard, and the thread that listens to it.
//!
//! The thread reads the terminal itself ([`decoder`] says why), tells badge readers from
//! people ([`burst`]), and gives on what it made of the bytes. It always reads what waits,
//! so that when a key came is known even while the dashboard is busy.

mod burst;
mod decoder;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{SendTimeoutError, Sender};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use signal_hook::consts::SIGWINCH;

use burst::BurstReader;
use decoder::Decoder;

use rollcall_system::stop::StopFlag;

/// Everything that comes from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A reader has typed the number of a badge, and Enter: what it typed without the Enter.
    /// [`rollcall_core::pin::Pin::parse`] takes it.
    Badge(String),
    /// The terminal has another size now; the next drawing finds out which.
    Resized,
    /// The terminal can no longer be read, e.g. because the connection broke.
    Lost(String),
}

/// A key, without the ones that mean nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl, in lower case.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A function key, from 1.
    F(u8),
}

/// How long a wait lasts before the stop flag is looked at again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Bytes that are read at once.
const BYTES_AT_ONCE: usize = 4096;

/// Starts the thread that reads the terminal. It ends on a stop, when nobody
/// receives any more, or after it has reported [`Input::Lost`].
///
/// # Errors
/// If there is no terminal to read, or the system refuses another thread or the signal of
/// a resize.
pub fn spawn(stop: StopFlag, inputs: Sender<Input>) -> io::Result<JoinHandle<()>> {
    let resized = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGWINCH, Arc::clone(&resized))?;
    let mut keyboard = Keyboard {
        line: Line::open()?,
        started: Instant::now(),
        decoder: Decoder::default(),
        burst: BurstReader::default(),
        resized,
    };
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || {
            while !stop.is_requested() {
                let read = keyboard
                    .read()
                    .unwrap_or_else(|error| vec![Input::Lost(error.to_string())]);
                for input in read {
                    let is_last = matches!(input, Input::Lost(_));
                    if !deliver(&inputs, input, &stop) || is_last {
                        return;
                    }
                }
            }
        })
}

/// The terminal and what is made of its bytes.
struct Keyboard {
    line: Line,
    started: Instant,
    decoder: Decoder,
    burst: BurstReader,
    /// Set by the signal of a resize.
    resized: Arc<AtomicBool>,
}

impl Keyboard {
    /// Waits for a while and gives out what has come.
    fn read(&mut self) -> io::Result<Vec<Input>> {
        let deadlines = [self.decoder.deadline(), self.burst.deadline()];
        let now = self.started.elapsed();
        let wait = deadlines
            .into_iter()
            .flatten()
            .map(|deadline| deadline.saturating_sub(now))
            .fold(PATIENCE, Duration::min);
        let is_ready = self.line.wait(wait)?;
        let mut decoded = Vec::new();
        let mut given = Vec::new();
        if is_ready {
            let mut bytes = [0; BYTES_AT_ONCE];
            let count = self.line.read(&mut bytes)?;
            let at = self.started.elapsed();
            self.decoder.take(&bytes[..count], at, &mut decoded);
        } else {
            self.decoder.elapse(self.started.elapsed(), &mut decoded);
        }
        let now = self.started.elapsed();
        for input in decoded {
            self.burst.take(input, now, &mut given);
        }
        if !is_ready {
            self.burst.elapse(now, &mut given);
        }
        // Dragging a window's corner sends hundreds of sizes; one redraw answers them all.
        if self.resized.swap(false, Ordering::SeqCst) {
            given.push(Input::Resized);
        }
        Ok(given)
    }
}

/// The line to the terminal.
enum Line {
    Stdin(io::Stdin),
    Controlling(File),
}

impl Line {
    /// The one that `crossterm` has put into raw mode: standard input if it is a terminal,
    /// else the controlling terminal.
    fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(Line::Stdin(stdin));
        }
        File::open("/dev/tty").map(Line::Controlling)
    }

    fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Line::Stdin(stdin) => stdin.as_fd(),
            Line::Controlling(file) => file.as_fd(),
        }
    }

    /// Waits for something to read, but no longer than `patience`.
    fn wait(&self, patience: Duration) -> io::Result<bool> {
        let mut watched = [PollFd::new(self.fd(), PollFlags::POLLIN)];
        // Rounded up, or the last millisecond of a wait would be spent asking.
        let patience = patience.as_micros().div_ceil(1000) as u16;
        match poll(&mut watched, patience) {
            // A resize interrupts the wait.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let seen = watched[0].revents().unwrap_or(PollFlags::empty());
        if seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
            return Err(closed());
        }
        Ok(seen.contains(PollFlags::POLLIN))
    }

    /// Reads what waits. Not through `Stdin`, whose buffer would hide it from the next wait.
    fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match nix::unistd::read(self.fd(), bytes) {
            Ok(0) => Err(closed()),
            Ok(count) => Ok(count),
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the terminal was closed")
}

/// Waits for the reader, but not beyond a stop; `false` if nobody reads any more.
fn deliver(inputs: &Sender<Input>, mut input: Input, stop: &StopFlag) -> bool {
    loop {
        match inputs.send_timeout(input, PATIENCE) {
            Ok(()) => return true,
            Err(SendTimeoutError::Timeout(unsent)) if !stop.is_requested() => input = unsent,
            Err(_) => return false,
        }
    }
}
