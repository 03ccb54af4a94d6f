//! `rollcall service uninstall`.

use anyhow::{Result, bail};

use super::machine::Machine;
use super::steps::{SOON, Step};
use super::{DATA_FOLDER, Found, NAME, UNIT, UNIT_FOLDER, find_unit, noted, unit, unit_path};
use crate::cli::{Outcome, ServiceChangeArgs};

/// Runs the command.
pub(super) fn run(args: ServiceChangeArgs, machine: &Machine) -> Result<Outcome> {
    let text = match find_unit(machine)? {
        Found::Nothing => {
            println!("no service is installed; nothing to do");
            return Ok(Outcome::Done);
        }
        Found::Foreign(words) => bail!("{words}; nothing was changed"),
        Found::Ours(text) => text,
    };
    let steps = [
        Step::run(&["systemctl", "disable", "--now", UNIT]),
        Step::Remove {
            path: unit_path(machine),
        },
        Step::run(&["systemctl", "daemon-reload"]),
    ];
    let folder = noted(&text, unit::NOTED_DATA_FOLDER).unwrap_or(DATA_FOLDER);
    if args.dry_run {
        steps.iter().for_each(Step::announce);
        println!("the records in {folder} would be kept");
        return Ok(Outcome::Done);
    }
    super::require_root_and_systemd(machine, "uninstall")?;
    for step in &steps {
        step.take(machine)?;
    }
    // A service that has failed is listed until it is forgotten; one that has not is not known.
    let forget = ["systemctl", "reset-failed", UNIT].map(str::to_owned);
    let _ = machine.ask(&forget, SOON);
    println!("the service has ended and is removed");
    println!("kept: the records in {folder}, and the user {NAME}, to whom they belong");
    let own = machine.at(UNIT_FOLDER).join(format!("{UNIT}.d"));
    if own.exists() {
        println!("kept: your own settings in {}", own.display());
    }
    Ok(Outcome::Done)
}
