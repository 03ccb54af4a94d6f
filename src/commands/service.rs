//! `rollcall service`: the station as a service of systemd, which starts it with the
//! machine, restarts it when it ends or hangs, and locks it into a sandbox.
//!
//! # Invariants
//! - A unit that this program did not write is never changed or removed.
//! - Records are never moved, changed or removed; what moves them is said.
//! - `--dry-run` changes nothing and needs neither root nor systemd.

mod install;
mod machine;
mod reach;
mod status;
mod steps;
#[cfg(test)]
mod tests;
mod uninstall;
mod unit;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cli::{Outcome, Places, ServiceCommand};
use crate::read_bounded;
use machine::Machine;

/// Name of the service, its user and its group.
const NAME: &str = "rollcall";

/// The unit as systemd calls it.
const UNIT: &str = "rollcall.service";

/// Where an administrator's units are.
const UNIT_FOLDER: &str = "/etc/systemd/system";

/// Other places of units. One of ours in [`UNIT_FOLDER`] would hide what is there.
const OTHER_UNIT_FOLDERS: [&str; 4] = [
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Records of a service, unless its operator names another folder.
const DATA_FOLDER: &str = "/var/lib/rollcall";

/// Folder of the service's socket.
const RUNTIME_FOLDER: &str = "/run/rollcall";

/// Runs the command.
pub(super) fn run(command: &ServiceCommand, places: &Places) -> Result<Outcome> {
    let machine = Machine::here();
    match command {
        ServiceCommand::Install(args) => install::run(*args, places, &machine),
        ServiceCommand::Uninstall(args) => uninstall::run(*args, &machine),
        ServiceCommand::Status(args) => status::run(*args, &machine),
    }
}

/// What is found under the name of our unit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Nothing,
    /// Written by this program, or an earlier version of it.
    Ours(String),
    /// Somebody else's; in words.
    Foreign(String),
}

/// Where our unit is.
fn unit_path(machine: &Machine) -> PathBuf {
    machine.at(UNIT_FOLDER).join(UNIT)
}

/// Looks for units of our name.
fn find_unit(machine: &Machine) -> Result<Found> {
    let path = unit_path(machine);
    match std::fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_symlink() => return Ok(Found::Foreign(link(&path))),
        Ok(_) => {
            let text = read_bounded::text(&path, read_bounded::TEXT_BYTES)?;
            return Ok(if text.starts_with(unit::MARK) {
                Found::Ours(text)
            } else {
                Found::Foreign(format!(
                    "{} was not written by Rollcall; if it is not needed, remove it, or rename \
                     it to keep it",
                    path.display()
                ))
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => bail!("looking at {}: {error}", path.display()),
    }
    let mut others = OTHER_UNIT_FOLDERS
        .iter()
        .map(|folder| machine.at(folder).join(UNIT));
    Ok(match others.find(|path| path.exists()) {
        Some(path) => Found::Foreign(format!(
            "{} belongs to something else, such as a package; remove that first",
            path.display()
        )),
        None => Found::Nothing,
    })
}

/// A link in the place of a unit.
fn link(path: &Path) -> String {
    let target = std::fs::read_link(path).unwrap_or_default();
    if target == Path::new("/dev/null") {
        format!("{UNIT} is masked, so it must not start; to allow it: sudo systemctl unmask {UNIT}")
    } else {
        format!(
            "{} is a link to {}, which Rollcall did not make; remove it first",
            path.display(),
            target.display()
        )
    }
}

/// What an installed unit says in our own section.
fn noted<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    let (_, ours) = unit.split_once(unit::OWN_SECTION)?;
    ours.lines()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// How the same command is run as root.
fn as_root(command: &str) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("rollcall"));
    format!("sudo {} service {command}", program.display())
}

/// Refuses what only root may do, and what needs systemd.
fn require_root_and_systemd(machine: &Machine, command: &str) -> Result<()> {
    if !machine.has_systemd() {
        bail!(
            "systemd does not run on this machine, so there is no service to {command}; let \
             what starts services here start `rollcall run --headless`"
        );
    }
    if !machine.is_root() {
        bail!("services belong to root; run: {}", as_root(command));
    }
    Ok(())
}
