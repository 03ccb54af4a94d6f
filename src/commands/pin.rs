//! `rollcall people pin`: PINs and badges, read.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context as _, Result};

use crate::core::pin::Pin;

/// From standard input: an argument would stay in the shell's history and be
/// seen in the list of processes.
pub(super) fn read() -> Result<Pin> {
    let input = io::stdin();
    if input.is_terminal() {
        eprint!("PIN of 6 to 32 digits, or hold the badge to the reader: ");
        io::stderr().flush()?;
    }
    let mut line = String::new();
    input
        .lock()
        .read_line(&mut line)
        .context("reading the PIN")?;
    Ok(Pin::parse_new(&line)?)
}
