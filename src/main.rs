//! Parses the arguments, runs the command, and turns its outcome into an exit code.

use std::process::ExitCode;

use rollcall::cli::Cli;
use rollcall::commands;

/// The command failed; it has said why.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    match commands::run(Cli::from_arguments()) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            eprintln!("rollcall: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}
