//! Many people at once, and what the threshold costs them: `enrol --dir`, `calibrate`,
//! `review`, through the program with the real networks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::path::PathBuf;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

struct Station {
    dir: TempDir,
}

impl Station {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn people(&self) -> PathBuf {
        self.dir.path().join("people")
    }

    /// Puts public-domain pictures into the folder of a person.
    fn folder(&self, person: &str, pictures: &[&str]) {
        let folder = self.people().join(person);
        std::fs::create_dir_all(&folder).unwrap();
        for picture in pictures {
            let from = PathBuf::from("tests/fixtures/faces").join(picture);
            std::fs::copy(from, folder.join(picture)).unwrap();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("rollcall").unwrap();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .env("ROLLCALL_OPERATOR", "olga")
            .arg("--data-dir")
            .arg(self.dir.path().join("data"))
            .args(arguments);
        command
    }

    fn enrol(&self, more: &[&str]) -> Vec<Value> {
        let people = self.people();
        let arguments = ["enrol", "--json", "--dir", people.to_str().unwrap()];
        let output = self
            .command(&[&arguments[..], more].concat())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}"))
    }
}

fn outcomes(reports: &[Value]) -> Vec<String> {
    reports
        .iter()
        .map(|r| {
            format!(
                "{} {} {} {}",
                r["folder"].as_str().unwrap(),
                r["code"].as_str().unwrap_or("-"),
                r["outcome"].as_str().unwrap(),
                r["samples"]
            )
        })
        .collect()
}

#[test]
fn nothing_that_is_read_by_name_may_be_a_device() {
    let station = Station::new();
    let data = station.dir.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let zero = "/dev/zero";
    for arguments in [
        &["--config", zero, "people", "list"][..],
        &["import", "people", zero],
        &["import", "attendance", zero],
        &["models", "install", zero],
        &["run", "--headless", "--once", "--source", zero],
        &[
            "enrol",
            "--consent",
            "today",
            "--name",
            "A",
            "--code",
            "A-1",
            zero,
        ],
    ] {
        station
            .command(arguments)
            .timeout(std::time::Duration::from_secs(60))
            .assert()
            .failure()
            .stderr(contains("a device").or(contains("is not a file")));
    }
    let people = station.dir.path().join("people.csv");
    std::fs::write(&people, "code,name\nE-1,Ana\n").unwrap();
    let import = station.command(&["import", "people"]).arg(people).assert();
    import.success();
    std::os::unix::fs::symlink(zero, data.join("h.ics")).unwrap();
    std::fs::write(
        data.join("config.toml"),
        "[attendance]\nholidays = \"h.ics\"\n",
    )
    .unwrap();
    station
        .command(&["attendance", "report"])
        .timeout(std::time::Duration::from_secs(60))
        .assert()
        .failure()
        .stderr(contains("a device"));
}

#[test]
fn a_folder_of_people_is_enrolled_once_and_gone_on_with() {
    let station = Station::new();
    station.folder(
        "Barack Obama (O-1)",
        &["obama.jpg", "obama2.jpg", "coffee.jpg"],
    );
    station.folder("Joe Biden", &["biden.jpg"]);
    station.folder("Joe Biden's Twin", &["biden.jpg"]);
    station.folder("Nobody", &[]);
    station.folder(".hidden", &["newton.jpg"]);
    let expected = [
        "Barack Obama (O-1) O-1 enrolled 2",
        "Joe Biden O-2 enrolled 1",
        "Joe Biden's Twin O-3 refused 0",
        "Nobody O-3 refused 0",
    ];
    let dry = station.enrol(&["--consent", "today", "--dry-run"]);
    assert_eq!(outcomes(&dry), expected);
    assert_eq!(
        station.json(&["people", "list", "--json"]),
        Value::Array(vec![])
    );
    station
        .command(&["enrol", "--dir", station.people().to_str().unwrap()])
        .assert()
        .code(1)
        .stderr(contains("--consent"));
    let done = station.enrol(&["--consent", "today"]);
    assert_eq!(outcomes(&done), expected);
    let refused = |report: &Value| report["refused_pictures"][0]["reason"].to_string();
    assert!(refused(&done[0]).contains("no face"), "{:?}", done[0]);
    assert!(
        refused(&done[2]).contains("Joe Biden (O-2)"),
        "{:?}",
        done[2]
    );
    station.folder("Isaac Newton", &["newton.jpg"]);
    let again = station.enrol(&["--consent", "today"]);
    assert_eq!(
        outcomes(&again),
        [
            "Barack Obama (O-1) O-1 skipped 0",
            "Isaac Newton O-3 enrolled 1",
            "Joe Biden O-2 skipped 0",
            "Joe Biden's Twin O-4 refused 0",
            "Nobody O-4 refused 0",
        ]
    );
    station
        .command(&["identify", "tests/fixtures/faces/obama3.jpg"])
        .assert()
        .success()
        .stdout(contains("Barack Obama"));
}

#[test]
fn calibrate_says_what_is_known_and_writes_only_when_told() {
    let station = Station::new();
    station.folder("Barack Obama", &["obama.jpg", "obama2.jpg"]);
    station.folder("Joe Biden", &["biden.jpg"]);
    station.enrol(&["--consent", "today"]);
    let report = station.json(&["calibrate", "--json", "--target", "0.001"]);
    assert_eq!(
        (&report["people"], &report["templates"]),
        (&2.into(), &3.into())
    );
    assert_eq!(
        report["from_own_people"], false,
        "two people are no distribution"
    );
    assert_eq!(report["impostor"].as_array().unwrap().len(), 1);
    assert_eq!(report["genuine"].as_array().unwrap().len(), 2);
    let config = station.dir.path().join("data/config.toml");
    assert!(!config.exists());
    std::fs::write(&config, "# ours\n[recognition]\nthreshold = 0.5 # high\n").unwrap();
    station
        .command(&["calibrate", "--target", "0.001", "--write"])
        .assert()
        .success()
        .stdout(contains("one in").and(contains("no looks were counted yet")));
    let written = std::fs::read_to_string(&config).unwrap();
    let setting = report["proposed_setting"].as_f64().unwrap();
    assert!(setting < 0.4, "{setting}");
    assert_eq!(
        written,
        format!("# ours\n[recognition]\nthreshold = {setting:.3} # high\n")
    );
    station
        .command(&["calibrate", "--target", "2"])
        .assert()
        .failure();
}

#[test]
fn an_unknown_face_is_kept_for_review_and_becomes_somebody() {
    let station = Station::new();
    station.folder("Joe Biden (B-1)", &["biden.jpg"]);
    station.folder("Barack Obama (O-1)", &["obama.jpg"]);
    station.enrol(&["--consent", "today"]);
    // Somebody whom the station does not take for the person enrolled, since it is told to be
    // much more certain than one sample allows.
    std::fs::write(
        station.dir.path().join("data/config.toml"),
        "[recognition]\nthreshold = 0.95\n",
    )
    .unwrap();
    let run = [
        "run",
        "--headless",
        "--source",
        "tests/fixtures/faces/obama2.jpg",
        "--rate",
        "15",
    ];
    let mut watching = std::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data-dir")
        .arg(station.dir.path().join("data"))
        .args(run)
        .spawn()
        .unwrap();
    // A slow machine may take its time; one that never sees the face fails here.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(180);
    let listed = loop {
        let listed = station.json(&["review", "list", "--json"]);
        let is_seen = listed.as_array().is_some_and(|all| !all.is_empty());
        if is_seen || std::time::Instant::now() > patience {
            break listed;
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
    };
    watching.kill().unwrap();
    watching.wait().unwrap();
    let sighting = listed[0]["sightings"][0].clone();
    let number = sighting["sighting"].to_string();
    assert_eq!(sighting["reason"], "unknown");
    station
        .command(&["review", "show", &number])
        .assert()
        .success()
        .stdout(contains("quality").and(contains("not kept").not()));
    station
        .command(&["review", "assign", &number, "--to", "B-1", "--add"])
        .assert()
        .code(1)
        .stderr(contains("unlike all samples of Joe Biden"));
    station
        .command(&["review", "assign", &number, "--to", "O-1", "--punch", "in"])
        .assert()
        .success();
    assert_eq!(
        station.json(&["review", "list", "--json"]),
        Value::Array(vec![])
    );
    station
        .command(&["attendance", "today"])
        .assert()
        .stdout(contains("O-1"));
    station
        .command(&["review", "ignore", &number])
        .assert()
        .success();
    station
        .command(&["review", "show", &number])
        .assert()
        .success()
        .stdout(contains("its face is not kept"));
    station
        .command(&["review", "delete", "77"])
        .assert()
        .code(1)
        .stderr(contains("no sighting 77"));
}
