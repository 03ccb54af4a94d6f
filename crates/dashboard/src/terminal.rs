//! Takes the terminal for the dashboard and gives it back, whatever happens.
//!
//! Invariant: while a [`Terminal`] lives, nothing but it writes to the screen;
//! after it, or before the message of a panic, the screen is as it was.

use crate::say;
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use super::graphics::{self, Canvas, Encoder, Graphics, Protocol};
use super::language::Language;
use super::widgets::marks;
use super::{App, Status, draw};
use rollcall_core::frame::FrameId;
use rollcall_core::printable::printable;
use rollcall_protocol::StationView;
use rollcall_system::outlet::{Offered, Outlet, Written};

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
    inner: ratatui::Terminal<CrosstermBackend<Page>>,
    outlet: Outlet,
    graphics: Option<Graphics>,
    encoder: Encoder,
    /// What the picture on the screen shows; none if there is none.
    shown: Option<(Canvas, FrameId)>,
    bytes: Vec<u8>,
}

/// Pixels across a picture that the terminal scales itself. More would cost a slow link
/// its rate and show little more of a face; JPEG is smaller than compressed pixels.
const MOST_ACROSS: [(Protocol, u32); 2] = [(Protocol::Kitty, 240), (Protocol::Iterm2, 360)];

/// The thread that has the terminal at the moment, if any.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// What could not be said while the dashboard was on the screen.
static HELD_BACK: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What writes to the terminal.
static OUTLET: Mutex<Option<Outlet>> = Mutex::new(None);

/// How long a terminal may take for what was drawn last.
const LAST_DRAWING: Duration = Duration::from_millis(500);

static HOOK: Once = Once::new();

/// Whether the screen is still ours to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Terminal {
    /// Takes the terminal: alternate screen, no echo, no cursor, bracketed paste. If
    /// `asks_for_pixels`, the terminal is asked whether it shows pictures; nobody else may
    /// read from it before this returns.
    ///
    /// # Errors
    /// If standard output is no terminal or refuses.
    pub fn open(asks_for_pixels: bool) -> Result<Self, TerminalError> {
        if !io::stdout().is_terminal() {
            return Err(TerminalError::NoTerminal);
        }
        HOOK.call_once(install_panic_hook);
        let outlet = Outlet::to_stdout().map_err(TerminalError::SetUp)?;
        *lock(&OUTLET) = Some(outlet.clone());
        let page = Page {
            outlet: outlet.clone(),
            bytes: Vec::new(),
        };
        let mut terminal = Self {
            inner: ratatui::Terminal::new(CrosstermBackend::new(page))
                .map_err(TerminalError::SetUp)?,
            outlet,
            graphics: None,
            encoder: Encoder::default(),
            shown: None,
            bytes: Vec::new(),
        };
        // From here on the guard undoes what has been done, also if the next step fails.
        terminal.take().map_err(TerminalError::SetUp)?;
        if asks_for_pixels {
            // One that cannot be asked shows none; if it is gone, drawing will tell.
            terminal.graphics = graphics::ask(terminal.inner.backend_mut()).unwrap_or(None);
            // An old terminal prints questions that it does not understand.
            terminal.blank().map_err(TerminalError::SetUp)?;
        }
        Ok(terminal)
    }

    /// What has been written so far.
    pub fn written(&self) -> Written {
        self.outlet.written()
    }

    /// Gives the terminal back while `stopped` runs, and takes it again.
    ///
    /// # Errors
    /// If the terminal is gone, or `stopped` failed.
    pub fn suspended(
        &mut self,
        language: &Language,
        stopped: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), TerminalError> {
        restore();
        let words = language.text(say::STOPPED);
        // Not `println!`, which panics where standard output is closed.
        let _ = writeln!(io::stdout(), "{words}");
        let done = stopped();
        self.take().map_err(TerminalError::SetUp)?;
        done.map_err(TerminalError::SetUp)
    }

    /// Takes the screen: everything is drawn anew.
    fn take(&mut self) -> io::Result<()> {
        *lock(&OWNER) = Some(thread::current().id());
        TAKEN.store(true, Ordering::SeqCst);
        self.shown = None;
        enable_raw_mode()?;
        execute!(
            self.inner.backend_mut(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        self.blank()
    }

    /// Empties the screen. Not by ratatui's `clear`, which asks where the cursor is and
    /// fails on a terminal that does not answer, or answers late.
    fn blank(&mut self) -> io::Result<()> {
        let size = self.inner.size()?;
        self.inner.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Whether the terminal has taken everything so far. While it has not, nothing new is
    /// worth drawing: a terminal that is not read gets the newest screen when it reads again.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn is_ready(&self) -> Result<bool, TerminalError> {
        self.outlet.is_idle().map_err(TerminalError::Draw)
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
        station: &StationView,
        status: &Status<'_>,
    ) -> Result<(), TerminalError> {
        self.inner
            .draw(|frame| draw(frame, app, station, status))
            .map_err(TerminalError::Draw)?;
        self.draw_picture(app, station, status)
            .map_err(TerminalError::Draw)
    }

    /// Whether the terminal shows pictures, and the size of its cells in pixels.
    pub fn pixels(&self) -> (bool, Option<(u16, u16)>) {
        let asked = self.graphics.map(|graphics| graphics.cell);
        (asked.is_some(), asked.or_else(cell_of_window))
    }

    /// Sends the picture itself to where the drawing left room for it.
    fn draw_picture(
        &mut self,
        app: &App,
        station: &StationView,
        status: &Status<'_>,
    ) -> io::Result<()> {
        let Some(Graphics { protocol, cell }) = self.graphics else {
            return Ok(());
        };
        let wanted = app.canvas.get().zip(status.frame);
        self.bytes.clear();
        match wanted {
            None if self.shown.is_none() => return Ok(()),
            None => {
                self.shown = None;
                graphics::clear(protocol, &mut self.bytes)?;
            }
            Some((canvas, frame)) => {
                if self.shown == Some((canvas, frame.id)) {
                    return Ok(());
                }
                self.shown = Some((canvas, frame.id));
                let cells = canvas.cells;
                let (across, down) = (
                    u32::from(cells.width) * u32::from(cell.0),
                    u32::from(cells.height) * u32::from(cell.1),
                );
                let most = MOST_ACROSS.iter().find(|(of, _)| *of == protocol);
                let (across, down) = match most {
                    // Whole bands, or the last one would reach below its cells.
                    None => (across, down - down % 6),
                    Some((_, most)) if across > *most => (*most, down * most / across),
                    Some(_) => (across, down),
                };
                let faces = marks(station, frame.image.width(), app.theme());
                let picture = graphics::paint(&frame.image, (across, down), &faces);
                // All at once, and the cursor back to where a form may have it.
                let (column, row) = (cells.x + 1, cells.y + 1);
                write!(self.bytes, "\x1b[?2026h\x1b7\x1b[{row};{column}H")?;
                let size = (cells.width, cells.height);
                self.encoder
                    .encode(protocol, &picture, size, &mut self.bytes)?;
                self.bytes.extend_from_slice(b"\x1b8\x1b[?2026l");
            }
        }
        let out = self.inner.backend_mut();
        out.write_all(&self.bytes)?;
        Write::flush(out)
    }
}

/// What is written during one drawing; it goes out with the flush, so that no part of a
/// drawing is left out.
struct Page {
    outlet: Outlet,
    bytes: Vec<u8>,
}

impl Write for Page {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        // Without room it stays here, for the next flush: the screen would be wrong without it.
        if self.outlet.offer(&self.bytes)? == Offered::Taken {
            self.bytes.clear();
        }
        Ok(())
    }
}

/// What the kernel knows of the window, if the terminal has told it.
fn cell_of_window() -> Option<(u16, u16)> {
    let size = crossterm::terminal::window_size().ok()?;
    let cell = (
        size.width.checked_div(size.columns)?,
        size.height.checked_div(size.rows)?,
    );
    (cell.0 > 0 && cell.1 > 0).then_some(cell)
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
    let outlet = lock(&OUTLET).clone();
    // A terminal that is not read would hold up the end of the station.
    let is_read = outlet.is_none_or(|outlet| outlet.drain(LAST_DRAWING));
    if is_read {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = out.flush();
    }
    let _ = disable_raw_mode();
    if !is_read {
        return;
    }
    for message in lock(&HELD_BACK).drain(..) {
        // Not `eprintln!`, which panics where standard error is closed.
        let _ = writeln!(io::stderr(), "{}", printable(&message));
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
