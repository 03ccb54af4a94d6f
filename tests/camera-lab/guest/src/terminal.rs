//! A terminal for the dashboard, with nobody at it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use nix::pty::{Winsize, openpty};
use nix::unistd::ttyname;

/// The question for the cursor's place, which the dashboard asks when it starts.
const WHERE_IS_THE_CURSOR: &[u8] = b"\x1b[6n";
const AT_THE_TOP: &[u8] = b"\x1b[1;1R";

/// A pseudo-terminal whose output is read and thrown away.
pub(crate) struct Terminal {
    slave: OwnedFd,
    path: PathBuf,
}

impl Terminal {
    pub(crate) fn open() -> io::Result<Self> {
        let size = Winsize {
            ws_row: 40,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None)?;
        let path = ttyname(&pair.slave)?;
        let master = File::from(pair.master);
        thread::spawn(move || answer(master));
        Ok(Self {
            slave: pair.slave,
            path,
        })
    }

    /// One more handle, for a process to use.
    pub(crate) fn stdio(&self) -> io::Result<Stdio> {
        Ok(Stdio::from(self.slave.try_clone()?))
    }

    /// Makes the window as wide as that, which sends the process a signal.
    pub(crate) fn resize(&self, columns: usize) -> io::Result<()> {
        let status = Command::new("/bin/busybox")
            .args(["stty", "-F"])
            .arg(&self.path)
            .args(["rows", "40", "cols", &columns.to_string()])
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("stty: {status}")))
        }
    }
}

/// Reads until the terminal is closed, and answers as a terminal does.
fn answer(mut master: File) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        let asked = buffer[..length]
            .windows(WHERE_IS_THE_CURSOR.len())
            .any(|window| window == WHERE_IS_THE_CURSOR);
        if asked && master.write_all(AT_THE_TOP).is_err() {
            return;
        }
    }
}
