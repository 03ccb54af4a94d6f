//! What changing a service takes, one step after the other: done, or only printed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::machine::Machine;
use crate::whole_file;

/// Units can be read by everybody.
const UNIT_MODE: u32 = 0o644;

/// How long systemd may take over what needs no service to start or end.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Write a unit.
    Write { path: PathBuf, text: String },
    /// Remove a unit.
    Remove { path: PathBuf },
    /// Run a program.
    Run {
        command: Vec<String>,
        patience: Duration,
    },
}

impl Step {
    /// Runs a program of which the machine knows soon.
    pub(super) fn run(command: &[&str]) -> Self {
        Self::run_within(SOON, command)
    }

    /// Runs a program that may take its time.
    pub(super) fn run_within(patience: Duration, command: &[&str]) -> Self {
        Self::Run {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            patience,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// If it fails; in words.
    pub(super) fn take(&self, machine: &Machine) -> Result<()> {
        match self {
            Step::Write { path, text } => {
                let writing = || format!("writing {}", path.display());
                whole_file::replace(path, text.as_bytes()).with_context(writing)?;
                std::fs::set_permissions(path, Permissions::from_mode(UNIT_MODE))
                    .with_context(writing)
            }
            Step::Remove { path } => {
                std::fs::remove_file(path).with_context(|| format!("removing {}", path.display()))
            }
            Step::Run { command, patience } => machine.run(command, *patience).map(|_| ()),
        }
    }

    /// Says what would be done.
    pub(super) fn announce(&self) {
        match self {
            Step::Write { path, text } => {
                println!("would write {}:\n", path.display());
                for line in text.lines() {
                    println!("    {line}");
                }
                println!();
            }
            Step::Remove { path } => println!("would remove {}", path.display()),
            Step::Run { command, .. } => println!("would run: {}", shell(command)),
        }
    }
}

/// A command as it is typed.
fn shell(words: &[String]) -> String {
    let quoted = words.iter().map(|word| typed(word));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A path as it is typed in a command.
pub(super) fn typed_path(path: &Path) -> String {
    typed(&path.to_string_lossy())
}

fn typed(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
