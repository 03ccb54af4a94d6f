//! `rollcall service install`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::machine::Machine;
use super::reach::{self, Request};
use super::steps::{SOON, Step, typed_path};
use super::{Found, NAME, UNIT, find_unit, noted, unit, unit_path};
use crate::cli::{Outcome, Places, ServiceChangeArgs};

/// A little longer than systemd lets a station start.
const UNTIL_IT_RUNS: Duration = Duration::from_secs(330);

/// The end of the log that is shown when it does not start.
const LOG_LINES: &str = "15";

/// Runs the command.
pub(super) fn run(args: ServiceChangeArgs, places: &Places, machine: &Machine) -> Result<Outcome> {
    if !args.dry_run {
        super::require_root_and_systemd(machine, "install")?;
    }
    install(args, &Request::of(places)?, machine)
}

/// Installs what is asked for.
pub(super) fn install(
    args: ServiceChangeArgs,
    request: &Request,
    machine: &Machine,
) -> Result<Outcome> {
    let found = find_unit(machine)?;
    if let Found::Foreign(words) = &found {
        bail!("{words}; nothing was changed");
    }
    let planned = reach::plan(request, machine)?;
    let text = planned.unit.text()?;
    let begins = match &found {
        Found::Ours(_) if is_running(machine) => Begins::Again,
        _ if reach::left_behind(request, machine).is_some() => Begins::Later,
        _ => Begins::Now,
    };
    let steps = steps(request, &text, begins, machine);
    if args.dry_run {
        steps.iter().for_each(Step::announce);
        if !machine.has_systemd() {
            println!("note: systemd does not run on this machine");
        }
    } else {
        take(&steps, machine)?;
        println!("installed {}", unit_path(machine).display());
    }
    for remark in &planned.remarks {
        println!("note: {remark}");
    }
    if let Found::Ours(old) = &found {
        say_what_moved(old, request);
    }
    say_how_to_go_on(request, begins, args, machine);
    Ok(Outcome::Done)
}

/// When the station begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Now,
    /// It runs: the new unit, or the new program, takes over.
    Again,
    /// There are records that belong into its folder first.
    Later,
}

fn is_running(machine: &Machine) -> bool {
    let question = ["systemctl", "is-active", "--quiet", UNIT].map(str::to_owned);
    machine.has_systemd()
        && machine
            .ask(&question, SOON)
            .is_ok_and(|answer| answer.is_yes())
}

fn steps(request: &Request, text: &str, begins: Begins, machine: &Machine) -> Vec<Step> {
    let folder = request.data_folder.to_string_lossy();
    let mut steps = Vec::new();
    if machine.user(NAME).is_none() {
        // A home is named and not made; nobody can log in.
        let user = format!("u {NAME} - \"Rollcall attendance station\" /var/lib/{NAME}");
        steps.push(Step::run(&["systemd-sysusers", "--inline", &user]));
    }
    if reach::is_to_be_prepared(&request.data_folder) {
        let owner = format!("{NAME}:{NAME}");
        steps.push(Step::run(&[
            "install", "-d", "-m", "0700", "-o", NAME, "-g", NAME, "--", &folder,
        ]));
        steps.push(Step::run(&["chown", "-RhP", "--", &owner, &folder]));
    }
    steps.push(Step::Write {
        path: unit_path(machine),
        text: text.to_owned(),
    });
    steps.push(Step::run(&["systemctl", "daemon-reload"]));
    match begins {
        Begins::Now => steps.push(Step::run_within(
            UNTIL_IT_RUNS,
            &["systemctl", "enable", "--now", UNIT],
        )),
        Begins::Again => {
            steps.push(Step::run(&["systemctl", "enable", UNIT]));
            steps.push(Step::run_within(
                UNTIL_IT_RUNS,
                &["systemctl", "restart", UNIT],
            ));
        }
        Begins::Later => steps.push(Step::run(&["systemctl", "enable", UNIT])),
    }
    steps
}

fn take(steps: &[Step], machine: &Machine) -> Result<()> {
    for step in steps {
        let starts = matches!(step, Step::Run { patience, .. } if *patience == UNTIL_IT_RUNS);
        let began = Instant::now();
        let taken = step.take(machine);
        if starts && taken.is_err() {
            show_log(began, machine);
            return taken.context(
                "the service is installed and does not start; systemd tries again every three \
                 seconds",
            );
        }
        taken?;
    }
    Ok(())
}

/// What the station has said since then, before it ended.
fn show_log(began: Instant, machine: &Machine) {
    let since = format!("--since=-{}s", began.elapsed().as_secs() + 1);
    let question = [
        "journalctl",
        "--unit",
        UNIT,
        &since,
        "--lines",
        LOG_LINES,
        "--no-pager",
        "--output",
        "cat",
    ]
    .map(str::to_owned);
    if let Ok(answer) = machine.ask(&question, SOON) {
        for line in answer.output.lines() {
            eprintln!("    {line}");
        }
    }
}

/// An earlier unit had its records elsewhere.
fn say_what_moved(old: &str, request: &Request) {
    if let Some(folder) = noted(old, unit::NOTED_DATA_FOLDER)
        && folder != request.data_folder.to_string_lossy()
    {
        println!(
            "note: records were in {folder}, and stay there; the station now keeps them in {}",
            request.data_folder.display()
        );
    }
}

fn say_how_to_go_on(request: &Request, begins: Begins, args: ServiceChangeArgs, machine: &Machine) {
    let folder = request.data_folder.display();
    if let (Begins::Later, Some(words)) = (begins, reach::left_behind(request, machine)) {
        let local = request.local_data.clone().unwrap_or_default();
        println!(
            "{words}, and the service's folder {folder} is empty. The service is {} started: \
             end the station that runs here, if one does, then take the records along:\n    \
             sudo mv -T {} {} && sudo systemctl start {NAME}\n\
             or begin with nobody enrolled:\n    sudo systemctl start {NAME}",
            if args.dry_run { "not to be" } else { "not" },
            typed_path(&local),
            typed_path(&request.data_folder),
        );
        return;
    }
    if args.dry_run {
        return;
    }
    println!(
        "the station runs and starts with the machine; its records are in {plain}\n\
         its log:            journalctl -u {NAME}\n\
         how it is:          {program} service status\n\
         other commands:     sudo -u {NAME} {program} --data-dir {folder} people list\n\
         to use it yourself: sudo usermod -aG {NAME} {you}, and log in again",
        plain = request.data_folder.display(),
        folder = typed_path(&request.data_folder),
        program = typed_path(&request.program),
        you = std::env::var("SUDO_USER").unwrap_or_else(|_| "NAME".to_owned()),
    );
}
