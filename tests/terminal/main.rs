//! The dashboard at a pseudo-terminal: keys and badges, pictures, and output that nobody reads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    reason = "helpers of tests too"
)]

mod keyboard;
mod pixels;
mod unread;

use std::io::{Read as _, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A slow machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command without a terminal.
fn rollcall(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data-dir")
        .arg(data);
    command
}

/// A station at a terminal, from which nobody has read yet.
struct Line {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Line {
    fn start(size: PtySize, data: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_rollcall"));
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in environment {
            command.env(name, value);
        }
        command.args(["--data-dir", data.to_str().unwrap()]);
        command.args(arguments);
        let child = pair.slave.spawn_command(command).unwrap();
        Self {
            child,
            master: pair.master,
        }
    }

    /// All that is written from now on, in pieces.
    fn output(&self) -> Receiver<Vec<u8>> {
        let mut reader = self.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        output
    }

    fn keys(&self) -> Box<dyn Write + Send> {
        self.master.take_writer().unwrap()
    }
}
