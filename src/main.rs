//! Parses the arguments, runs the command, and turns its outcome into an exit code.

use std::process::ExitCode;

use nix::sys::stat::{Mode, umask};
use rollcall::cli::{Cli, FAILED};
use rollcall::commands;
use rollcall_system::{allocator, print};

/// What this program writes is its owner's: logs, exports and snapshots hold names and faces,
/// whatever the umask is that it was started with.
const OWNER_ONLY: Mode = Mode::from_bits_truncate(0o077);

fn main() -> ExitCode {
    allocator::keep_little_back();
    umask(OWNER_ONLY);
    match commands::run(Cli::from_arguments()) {
        Ok(outcome) => match print::failure() {
            None => ExitCode::from(outcome.exit_code()),
            Some(reason) => {
                print::error(&format_args!("cannot write to standard output: {reason}"));
                ExitCode::from(FAILED)
            }
        },
        Err(error) => {
            print::error(&sentence(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// An error and its causes. Many name their cause themselves; it is said once.
fn sentence(error: &anyhow::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    causes.fold(String::new(), |said, cause| {
        if said.is_empty() || cause.is_empty() {
            said + &cause
        } else if said.ends_with(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}
