//! `rollcall service status`.

use std::collections::BTreeMap;
use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::machine::Machine;
use super::steps::SOON;
use super::{Found, RUNTIME_FOLDER, UNIT, find_unit, noted, unit};
use crate::cli::{JsonArgs, Outcome};
use crate::commands::table::print_json;

/// What is asked of systemd.
const PROPERTIES: [&str; 9] = [
    "ActiveState",
    "SubState",
    "UnitFileState",
    "MainPID",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "ExecMainStartTimestamp",
    "NRestarts",
    "StatusText",
];

/// How the service is.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    is_installed: bool,
    is_running: bool,
    /// In words.
    state: String,
    process: Option<u32>,
    /// Whether it starts with the machine.
    is_enabled: bool,
    restarts: u32,
    last_start: Option<String>,
    /// What the station says of itself.
    says: Option<String>,
    data_folder: Option<PathBuf>,
    program: Option<PathBuf>,
    socket: Option<PathBuf>,
}

/// Runs the command: "no" if the service does not run.
pub(super) fn run(args: JsonArgs, machine: &Machine) -> Result<Outcome> {
    let report = examine(machine)?;
    if args.json {
        print_json(&report)?;
    } else {
        for line in report.lines() {
            println!("{line}");
        }
    }
    Ok(if report.is_running {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// Finds out how the service is.
pub(super) fn examine(machine: &Machine) -> Result<Report> {
    let mut report = Report {
        is_installed: false,
        is_running: false,
        state: format!(
            "no service is installed; install one with: {}",
            super::as_root("install")
        ),
        process: None,
        is_enabled: false,
        restarts: 0,
        last_start: None,
        says: None,
        data_folder: None,
        program: None,
        socket: None,
    };
    let text = match find_unit(machine)? {
        Found::Nothing => {
            if !machine.has_systemd() {
                "systemd does not run on this machine, and no service is installed"
                    .clone_into(&mut report.state);
            }
            return Ok(report);
        }
        Found::Foreign(words) => {
            report.state = words;
            return Ok(report);
        }
        Found::Ours(text) => text,
    };
    report.is_installed = true;
    report.data_folder = noted(&text, unit::NOTED_DATA_FOLDER).map(PathBuf::from);
    report.program = noted(&text, unit::NOTED_PROGRAM).map(PathBuf::from);
    report.socket = socket(machine);
    if machine.has_systemd() {
        report.ask_systemd(machine)?;
    } else {
        "installed, but systemd does not run on this machine".clone_into(&mut report.state);
    }
    Ok(report)
}

impl Report {
    fn ask_systemd(&mut self, machine: &Machine) -> Result<()> {
        let properties = format!("--property={}", PROPERTIES.join(","));
        let question = ["systemctl", "show", UNIT, &properties].map(str::to_owned);
        let answer = machine.run(&question, SOON)?;
        let found: BTreeMap<&str, &str> = answer
            .output
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let get = |name: &str| found.get(name).copied();
        self.is_running = matches!(get("ActiveState"), Some("active" | "reloading"));
        self.is_enabled = get("UnitFileState") == Some("enabled");
        let number = |name| get(name).and_then(|value| value.parse().ok());
        self.process = number("MainPID").filter(|process| *process > 0);
        self.restarts = number("NRestarts").unwrap_or(0);
        self.last_start = get("ExecMainStartTimestamp").map(str::to_owned);
        // systemd keeps the last words of a station that has ended.
        self.says = get("StatusText")
            .filter(|_| self.is_running)
            .map(str::to_owned);
        self.state = state(get);
        Ok(())
    }

    /// The same for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.state.clone()];
        let mut tell = |what: &str, words: String| lines.push(format!("{what:15} {words}"));
        if let Some(process) = self.process {
            tell("process", process.to_string());
        }
        if let Some(says) = &self.says {
            tell("says", says.clone());
        }
        if self.is_installed {
            let at = self.last_start.as_deref().unwrap_or("at an unknown time");
            tell(
                "restarts",
                match self.restarts {
                    0 => "none since it was started".to_owned(),
                    1 => format!("one by itself; last start {at}"),
                    many => format!("{many} by itself; last start {at}"),
                },
            );
            let starts = if self.is_enabled { "yes" } else { "no" };
            tell("with machine", starts.to_owned());
        }
        if let Some(folder) = &self.data_folder {
            tell("records", folder.display().to_string());
        }
        if let Some(program) = &self.program {
            tell("program", program.display().to_string());
        }
        if self.is_installed {
            tell(
                "socket",
                self.socket.as_ref().map_or_else(
                    || format!("none to be seen in {RUNTIME_FOLDER} (members of its group see it)"),
                    |socket| socket.display().to_string(),
                ),
            );
        }
        lines
    }
}

/// What systemd says, in words.
fn state<'a>(get: impl Fn(&str) -> Option<&'a str>) -> String {
    let since = |name| {
        get(name)
            .map(|time| format!(" since {time}"))
            .unwrap_or_default()
    };
    match (get("ActiveState"), get("SubState")) {
        (Some("active"), _) => format!("running{}", since("ActiveEnterTimestamp")),
        (Some("reloading"), _) => "running; reads its configuration again".to_owned(),
        (Some("activating"), Some("auto-restart")) => {
            "it has ended and is started again in a moment; see journalctl -u rollcall".to_owned()
        }
        (Some("activating"), _) => "starting".to_owned(),
        (Some("deactivating"), _) => "ending".to_owned(),
        (Some("failed"), _) => format!(
            "failed{}; see journalctl -u rollcall",
            since("InactiveEnterTimestamp")
        ),
        (Some("inactive"), _) => format!(
            "installed, not running{}; start it with: sudo systemctl start rollcall",
            since("InactiveEnterTimestamp")
        ),
        (other, _) => format!("installed; systemd calls it {}", other.unwrap_or("unknown")),
    }
}

/// The socket by which dashboards reach the station.
fn socket(machine: &Machine) -> Option<PathBuf> {
    let entries = std::fs::read_dir(machine.at(RUNTIME_FOLDER)).ok()?;
    let mut sockets = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| PathBuf::from(RUNTIME_FOLDER).join(entry.file_name()));
    sockets.next()
}
