//! `rollcall people pin`: PINs and badges.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context as _, Result};

use super::Context;
use crate::cli::PinCommand;
use crate::core::person::PersonCode;
use crate::core::pin::Pin;
use crate::store::Author;

/// Runs the command.
pub(super) fn run(command: &PinCommand, context: &Context, author: Author<'_>) -> Result<()> {
    match command {
        PinCommand::Set { code } => {
            let code = PersonCode::parse(code)?;
            let mut store = context.store_to_change()?;
            // Before somebody types a PIN for nobody.
            let person = store.person(&code)?;
            let pin = read_pin()?;
            store.set_pin(&code, &pin, author)?;
            println!("{} ({code}) has a PIN now", person.name);
        }
        PinCommand::Clear { code } => {
            let code = PersonCode::parse(code)?;
            context.store_to_change()?.clear_pin(&code, author)?;
            println!("{code} has no PIN any more");
        }
    }
    Ok(())
}

/// From standard input: an argument would stay in the shell's history and be
/// seen in the list of processes.
fn read_pin() -> Result<Pin> {
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
