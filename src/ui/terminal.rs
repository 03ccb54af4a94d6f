//! Takes the terminal for the dashboard and gives it back, whatever happens.
//!
//! Invariant: while a [`Terminal`] lives, nothing but it writes to the screen;
//! after it, or before the message of a panic, the screen is as it was.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;

use super::meter::{Meter, Metered, Written};
use super::{App, Status, draw};
use crate::core::station::Station;

/// Why the dashboard has no terminal.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard output goes to a file or a pipe.
    #[error(
        "the dashboard needs a terminal, but standard output is none; `rollcall run --headless` works without"
    )]
    NoTerminal,
    /// The terminal does not do what it was asked.
    #[error("cannot set up the terminal for the dashboard: {0}")]
    SetUp(io::Error),
    /// The terminal is gone, e.g. because the connection broke.
    #[error("cannot draw the dashboard: {0}")]
    Draw(io::Error),
}

/// The terminal, taken for the dashboard; given back when dropped.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Metered<io::Stdout>>>,
    meter: Meter,
}

/// The thread that has the terminal at the moment, if any.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// What could not be said while the dashboard was on the screen.
static HELD_BACK: Mutex<Vec<String>> = Mutex::new(Vec::new());

static HOOK: Once = Once::new();

/// Whether the screen is still ours to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Terminal {
    /// Takes the terminal: alternate screen, no echo, no cursor, bracketed paste.
    ///
    /// # Errors
    /// If standard output is no terminal or refuses.
    pub fn open() -> Result<Self, TerminalError> {
        if !io::stdout().is_terminal() {
            return Err(TerminalError::NoTerminal);
        }
        HOOK.call_once(install_panic_hook);
        *lock(&OWNER) = Some(thread::current().id());
        TAKEN.store(true, Ordering::SeqCst);
        // From here on the guard undoes what has been done, also if the next step fails.
        let meter = Meter::default();
        let out = Metered::new(io::stdout(), meter.clone());
        let mut terminal = Self {
            inner: ratatui::Terminal::new(CrosstermBackend::new(out))
                .inspect_err(|_| restore())
                .map_err(TerminalError::SetUp)?,
            meter,
        };
        enable_raw_mode().map_err(TerminalError::SetUp)?;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )
        .map_err(TerminalError::SetUp)?;
        terminal.inner.clear().map_err(TerminalError::SetUp)?;
        Ok(terminal)
    }

    /// What has been written so far.
    pub fn written(&self) -> Written {
        self.meter.read()
    }

    /// Sounds the bell.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn ring(&mut self) -> Result<(), TerminalError> {
        let out = self.inner.backend_mut();
        out.write_all(b"\x07")
            .and_then(|()| Write::flush(out))
            .map_err(TerminalError::Draw)
    }

    /// Draws the dashboard; only what has changed is sent.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(
        &mut self,
        app: &App,
        station: &Station,
        status: &Status<'_>,
    ) -> Result<(), TerminalError> {
        self.inner
            .draw(|frame| draw(frame, app, station, status))
            .map_err(TerminalError::Draw)?;
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once. Nothing can be done about a terminal that
/// does not take itself back, so errors end here.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    *lock(&OWNER) = None;
    let mut out = io::stdout();
    let _ = execute!(
        out,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
    for message in lock(&HELD_BACK).drain(..) {
        // Not `eprintln!`, which panics where standard error is closed.
        let _ = writeln!(io::stderr(), "{message}");
    }
}

/// Restores the screen before the message of a panic is printed.
///
/// The panic of another thread is not the end of the dashboard: its message is
/// logged and printed once the screen is given back, instead of over it.
fn install_panic_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let owner = *lock(&OWNER);
        if owner.is_some_and(|owner| owner != thread::current().id()) {
            let name = thread::current().name().unwrap_or("unnamed").to_owned();
            let message = format!("thread '{name}' failed: {info}");
            tracing::error!("{message}");
            lock(&HELD_BACK).push(message);
        } else {
            restore();
            previous(info);
        }
    }));
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Both values are valid after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
