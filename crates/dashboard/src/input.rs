//! What the operator does with the keyboard, and the thread that listens to it.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};
use crossterm::event::{self, Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use rollcall_system::stop::StopFlag;

/// Everything that comes from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
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

impl Input {
    /// What a terminal event means here, if anything.
    pub fn from_terminal(event: TerminalEvent) -> Option<Self> {
        match event {
            // Terminals with the richer keyboard protocol report releases too.
            TerminalEvent::Key(key) if !key.is_release() => Key::from_terminal(key).map(Input::Key),
            TerminalEvent::Paste(text) => Some(Input::Paste(text)),
            TerminalEvent::Resize(..) => Some(Input::Resized),
            _ => None,
        }
    }
}

impl Key {
    fn from_terminal(key: KeyEvent) -> Option<Self> {
        Some(match key.code {
            KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => {
                Key::Ctrl(c.to_ascii_lowercase())
            }
            KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => return None,
            KeyCode::Char(c) => Key::Char(c),
            KeyCode::Enter => Key::Enter,
            KeyCode::Esc => Key::Esc,
            KeyCode::Tab => Key::Tab,
            KeyCode::BackTab => Key::BackTab,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::Up => Key::Up,
            KeyCode::Down => Key::Down,
            KeyCode::PageUp => Key::PageUp,
            KeyCode::PageDown => Key::PageDown,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            KeyCode::F(number) => Key::F(number),
            _ => return None,
        })
    }
}

/// How long a wait lasts before the stop flag is looked at again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Starts the thread that reads the terminal. It ends on a stop, when nobody
/// receives any more, or after it has reported [`Input::Lost`].
///
/// # Errors
/// If there is no terminal to read, or the system refuses another thread.
pub fn spawn(stop: StopFlag, inputs: Sender<Input>) -> io::Result<JoinHandle<()>> {
    let line = Line::open()?;
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || {
            while !stop.is_requested() {
                let input = match next_input(&line) {
                    Ok(Some(input)) => input,
                    Ok(None) => continue,
                    Err(error) => Input::Lost(error.to_string()),
                };
                let is_last = matches!(input, Input::Lost(_));
                if !deliver(&inputs, input, &stop) || is_last {
                    return;
                }
            }
        })
}

/// The line to the terminal, watched for its end.
///
/// `crossterm` reads a terminal that has hung up again and again and never comes
/// back from it, so it is asked only while the line stands.
enum Line {
    Stdin(io::Stdin),
    Controlling(File),
}

impl Line {
    /// The one that `crossterm` reads: standard input if it is a terminal, else
    /// the controlling terminal.
    fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(Line::Stdin(stdin));
        }
        File::open("/dev/tty").map(Line::Controlling)
    }

    /// Waits for something to read or for [`PATIENCE`].
    fn wait(&self) -> io::Result<()> {
        let line = match self {
            Line::Stdin(stdin) => stdin.as_fd(),
            Line::Controlling(file) => file.as_fd(),
        };
        let mut watched = [PollFd::new(line, PollFlags::POLLIN)];
        match poll(&mut watched, PATIENCE.as_millis() as u16) {
            // A resize interrupts the wait; crossterm knows of it.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        if watched[0].revents().is_some_and(|e| e.intersects(ended)) {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the terminal was closed",
            ));
        }
        Ok(())
    }
}

fn next_input(line: &Line) -> io::Result<Option<Input>> {
    line.wait()?;
    if !event::poll(Duration::ZERO)? {
        return Ok(None);
    }
    let input = Input::from_terminal(event::read()?);
    if input == Some(Input::Resized) {
        return resized();
    }
    Ok(input)
}

/// Dragging a window's corner sends hundreds of sizes; one redraw answers them all.
fn resized() -> io::Result<Option<Input>> {
    while event::poll(Duration::ZERO)? {
        match Input::from_terminal(event::read()?) {
            Some(Input::Resized) | None => {}
            // Every key leads to a redraw too, so the size is not forgotten.
            other => return Ok(other),
        }
    }
    Ok(Some(Input::Resized))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEventKind;

    #[test]
    fn keys_are_translated() {
        let translate = |code, modifiers, kind| {
            Input::from_terminal(TerminalEvent::Key(KeyEvent::new_with_kind(
                code, modifiers, kind,
            )))
        };
        let press = KeyEventKind::Press;
        let none = KeyModifiers::NONE;
        for (code, modifiers, kind, expected) in [
            (KeyCode::Char('É'), none, press, Some(Key::Char('É'))),
            (
                KeyCode::Char('C'),
                KeyModifiers::CONTROL,
                press,
                Some(Key::Ctrl('c')),
            ),
            (KeyCode::Char('c'), KeyModifiers::ALT, press, None),
            (KeyCode::Up, none, KeyEventKind::Repeat, Some(Key::Up)),
            (KeyCode::Up, none, KeyEventKind::Release, None),
            (KeyCode::F(5), none, press, Some(Key::F(5))),
            (KeyCode::Insert, none, press, None),
        ] {
            assert_eq!(translate(code, modifiers, kind), expected.map(Input::Key));
        }
        assert_eq!(
            Input::from_terminal(TerminalEvent::Resize(80, 24)),
            Some(Input::Resized)
        );
    }
}
