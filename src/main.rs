//! Parses the arguments, runs the command, and turns its outcome into an exit code.

use std::process::ExitCode;

use rollcall::cli::Cli;
use rollcall::commands;
use rollcall_system::print;

/// The command failed; it has said why.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    match commands::run(Cli::from_arguments()) {
        Ok(outcome) => match print::failure() {
            None => ExitCode::from(outcome.exit_code()),
            Some(reason) => {
                print::error(&format_args!("cannot write to standard output: {reason}"));
                ExitCode::from(FAILED)
            }
        },
        Err(error) => {
            print::error(&error);
            ExitCode::from(FAILED)
        }
    }
}
