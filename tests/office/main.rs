//! What an office does with the records at the command line. No network is loaded, so this
//! runs without the models.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "helpers of tests too"
)]

mod imports;
mod outputs;
mod payroll;
mod records;
mod trust;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;

/// A data folder, and the files beside it.
struct Station {
    dir: TempDir,
    zone: Option<&'static str>,
}

impl Station {
    /// With nothing in it.
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            zone: None,
        }
    }

    /// With these people and punches, as tables.
    fn with(people: &str, punches: &str) -> Self {
        let station = Self::new();
        station.import(people, punches);
        station
    }

    fn import(&self, people: &str, punches: &str) {
        let people = self.file("people.csv", people);
        self.done(&["import", "people", &people]);
        let punches = self.file("punches.csv", punches);
        self.done(&["import", "attendance", &punches]);
    }

    /// In this time zone, whether the machine has its data or not.
    fn in_zone(self, zone: &'static str) -> Self {
        Self {
            zone: Some(zone),
            ..self
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Its path.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        as_text(&path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("rollcall").unwrap();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .env_remove("LC_ALL")
            .env_remove("LC_NUMERIC")
            .env("LANG", "C.UTF-8")
            .env("TZ", "Europe/Berlin")
            .env("ROLLCALL_OPERATOR", "olga")
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments);
        if let Some(zone) = self.zone {
            command.env("ROLLCALL_ATTENDANCE_TIME_ZONE", zone);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Assert {
        self.command(arguments).assert()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds prints.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that fails says.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// What a command prints, which need not succeed: `doctor` has findings.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.output(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{arguments:?}: {error}\n{said}")
        })
    }
}

fn as_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
