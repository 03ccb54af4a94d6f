//! The program as a user runs it: real networks, real pictures, real files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;
use image::{Rgb, RgbImage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

/// The exit code for "no".
const NO: i32 = 3;

struct Station {
    dir: TempDir,
}

impl Station {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("rollcall").unwrap();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments);
        command
    }

    /// Runs a station until it says this, and ends it then. What it has said.
    fn runs_until(&self, arguments: &[&str], words: &str) -> String {
        let mut station = std::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(station.stdout.take().unwrap()).lines() {
            said += &line.unwrap();
            said.push('\n');
            if said.contains(words) {
                let pid = Pid::from_raw(station.id().try_into().unwrap());
                // It may be ending by itself.
                let _ = kill(pid, Signal::SIGTERM);
            }
        }
        assert!(station.wait().unwrap().success(), "{said}");
        assert!(said.contains(words), "{said}");
        said
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!(
                "{arguments:?}: {e}\n{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }

    fn enrol(&self, name: &str, code: &str, picture: &str) {
        let picture = face(picture);
        self.command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            name,
            "--code",
            code,
            &picture,
        ])
        .assert()
        .success();
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn picture(&self, name: &str, picture: &RgbImage) -> String {
        let path = self.dir.path().join(name);
        picture.save(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn face(name: &str) -> String {
    format!("tests/fixtures/faces/{name}")
}

fn open(name: &str) -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(face(name));
    image::open(path).unwrap().to_rgb8()
}

/// The names found in each picture, by `identify --json`.
fn names(report: &Value) -> Vec<Vec<String>> {
    report
        .as_array()
        .unwrap()
        .iter()
        .map(|picture| {
            let faces = picture["faces"].as_array().unwrap();
            faces
                .iter()
                .map(|f| f["code"].as_str().unwrap_or("unknown").to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn enrolled_people_are_named_and_strangers_are_not() {
    let station = Station::new();
    station.enrol("Barack Obama", "O-1", "obama.jpg");
    station.enrol("Joe Biden", "B-1", "biden.jpg");
    let known = [
        "obama2.jpg",
        "obama3.jpg",
        "obama_partial_face.jpg",
        "obama_partial_face2.jpg",
    ]
    .map(face);
    let mut arguments = vec!["identify", "--json"];
    arguments.extend(known.iter().map(String::as_str));
    station.command(&arguments).assert().code(0);
    assert_eq!(names(&station.json(&arguments)), vec![vec!["O-1"]; 4]);

    let strangers = [
        "solvay_conference_1927.jpg",
        "astronaut.jpg",
        "newton.jpg",
        "coffee.jpg",
    ]
    .map(face);
    let mut arguments = vec!["identify", "--json"];
    arguments.extend(strangers.iter().map(String::as_str));
    station.command(&arguments).assert().code(NO);
    let found = names(&station.json(&arguments));
    assert_eq!(
        found.iter().map(Vec::len).collect::<Vec<_>>(),
        [29, 1, 1, 0]
    );
    assert!(
        found.iter().flatten().all(|code| code == "unknown"),
        "{found:?}"
    );
}

#[test]
fn enrolment_copes_with_what_people_have() {
    let station = Station::new();
    let portrait = open("obama.jpg");
    station.enrol("Barack Obama", "O-1", "obama2.jpg");
    let grey = image::DynamicImage::ImageRgb8(portrait.clone()).to_luma8();
    grey.save(station.dir.path().join("grey.png")).unwrap();
    let mut with_alpha = image::DynamicImage::ImageRgb8(portrait.clone()).to_rgba8();
    with_alpha.pixels_mut().take(5000).for_each(|p| p.0[3] = 0);
    with_alpha
        .save(station.dir.path().join("alpha.png"))
        .unwrap();
    // The face fills the picture from brow to chin.
    let (width, height) = portrait.dimensions();
    let tight = image::imageops::crop_imm(
        &portrait,
        width * 42 / 100,
        height * 10 / 100,
        width * 24 / 100,
        height * 26 / 100,
    );
    station.picture("tight.png", &tight.to_image());
    let large = image::imageops::resize(
        &portrait,
        width * 4000 / height,
        4000,
        image::imageops::FilterType::Triangle,
    );
    station.picture("large.jpg", &large);
    for name in ["grey.png", "alpha.png", "tight.png", "large.jpg"] {
        let path = station.dir.path().join(name);
        let report = station.json(&["identify", "--json", path.to_str().unwrap()]);
        assert_eq!(names(&report), [["O-1"]], "{name}");
    }
}

#[test]
fn what_cannot_be_enrolled_is_refused_with_the_reason() {
    let station = Station::new();
    let solvay = face("solvay_conference_1927.jpg");
    let not_a_picture = station.file("letter.jpg", b"Dear Sir or Madam,");
    let truncated = {
        let bytes =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(face("obama.jpg"))).unwrap();
        station.file("half.jpg", &bytes[..bytes.len() / 2])
    };
    let empty = station.file("empty.png", b"");
    let flat = station.picture("flat.png", &RgbImage::from_pixel(400, 400, Rgb([90; 3])));
    let tiny = {
        let small = image::imageops::thumbnail(&open("obama.jpg"), 48, 60);
        let mut picture = RgbImage::from_pixel(640, 480, Rgb([120; 3]));
        image::imageops::replace(&mut picture, &small, 300, 200);
        station.picture("tiny.png", &picture)
    };
    let blurred = station.picture(
        "blurred.png",
        &image::imageops::blur(&open("obama.jpg"), 14.0),
    );
    for (picture, message) in [
        (solvay.as_str(), "29 faces were found"),
        (not_a_picture.as_str(), "letter.jpg"),
        (truncated.as_str(), "half.jpg"),
        (empty.as_str(), "empty.png"),
        (flat.as_str(), "no face was found"),
        (tiny.as_str(), "come closer"),
        (blurred.as_str(), "hold still"),
        ("no/such/file.jpg", "no/such/file.jpg"),
    ] {
        station
            .command(&[
                "enrol",
                "--consent",
                "today",
                "--name",
                "Somebody",
                "--code",
                "S-1",
                picture,
            ])
            .assert()
            .code(1)
            .stderr(contains(message).and(contains("none of the pictures can be used")));
    }
    assert_eq!(
        station
            .json(&["people", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        0
    );
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            "Front Row",
            "--code",
            "S-1",
            "--largest",
            &solvay,
        ])
        .assert()
        .success();
}

#[test]
fn a_gigantic_picture_is_refused_before_it_is_decoded() {
    let station = Station::new();
    // A PNG whose header promises 20000 × 20000 pixels and whose body has next to none.
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, body) in [
        (b"IHDR", &b"\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0"[..]),
        (b"IDAT", &b"\x78\x9c\x03\0\0\0\0\x01"[..]),
        (b"IEND", &b""[..]),
    ] {
        let chunk = [&kind[..], body].concat();
        png.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        png.extend(&chunk);
        png.extend(crc32(&chunk).to_be_bytes());
    }
    let path = station.file("gigantic.png", &png);
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            "Somebody",
            "--code",
            "S-1",
            &path,
        ])
        .assert()
        .code(1)
        .stderr(contains("gigantic.png").and(contains("20000")));
}

/// CRC-32 of ISO 3309, as PNG has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            (c >> 1) ^ (0xEDB8_8320 & (c & 1).wrapping_neg())
        })
    })
}

#[test]
fn names_codes_and_clashes_are_checked() {
    let station = Station::new();
    station.enrol("Barack Obama", "O-1", "obama.jpg");
    let obama2 = face("obama2.jpg");
    let biden = face("biden.jpg");
    for (name, code, picture, message) in [
        ("", "X-1", &biden, "the name is empty"),
        ("a\u{1b}[31mb", "X-1", &biden, "control character U+001B"),
        (&"x".repeat(500), "X-1", &biden, "at most 80"),
        ("Joe", "../etc", &biden, "the code holds"),
        ("Joe", "", &biden, "the code is empty"),
        ("Joe", "o-1", &biden, "belongs to Barack Obama"),
        (
            "Anna",
            "X-1",
            &obama2,
            "already enrolled as Barack Obama (O-1)",
        ),
    ] {
        station
            .command(&[
                "enrol",
                "--consent",
                "today",
                "--name",
                name,
                "--code",
                code,
                picture,
            ])
            .assert()
            .code(1)
            .stderr(contains(message));
    }
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--add",
            "--name",
            "Barack Obama",
            "--code",
            "O-1",
            &obama2,
            &biden,
        ])
        .assert()
        .code(NO)
        .stderr(contains("somebody else than the first picture"));
    // What is added has to be like the person, too.
    let add = ["enrol", "--add", "--name", "Barack Obama", "--code", "O-1"];
    station
        .command(&[&add[..], &[&biden]].concat())
        .assert()
        .code(1)
        .stderr(contains("unlike all samples"));
    let twin = ["enrol", "--consent", "today", "--name", "Anna", "--code"];
    station
        .command(&[&twin[..], &["X-1", &obama2]].concat())
        .assert()
        .code(1)
        .stderr(contains("say --another-person"));
    station
        .command(&[&twin[..], &["X-1", "--another-person", &obama2]].concat())
        .assert()
        .success()
        .stderr(contains("looks like Barack Obama (O-1)"));
    let people = station.json(&["people", "list", "--json"]);
    assert_eq!(people[0]["templates"], 2);
    station.enrol("محمد علي", "M-1", "astronaut.jpg");
    assert_eq!(
        station.json(&["people", "show", "M-1", "--json"])["name"],
        "محمد علي"
    );
}

#[test]
fn people_are_changed_and_erased() {
    let station = Station::new();
    station.enrol("Barack Obama", "O-1", "obama.jpg");
    let picture = face("obama2.jpg");
    let who = || names(&station.json(&["identify", "--json", &picture]))[0][0].clone();
    assert_eq!(who(), "O-1");
    station
        .command(&["people", "rename", "O-1", "Barry"])
        .assert()
        .success();
    assert_eq!(
        station.json(&["people", "show", "O-1", "--json"])["name"],
        "Barry"
    );
    station
        .command(&["people", "deactivate", "O-1"])
        .assert()
        .success();
    assert_eq!(who(), "unknown");
    // Whoever comes back is activated, and does not become a second person.
    station
        .command(&["enrol", "--consent", "today", "--name", "Barry B"])
        .args(["--code", "O-2", &picture])
        .assert()
        .code(1)
        .stderr(contains("O-1, deactivated").and(contains("--another-person")));
    station
        .command(&["people", "activate", "O-1"])
        .assert()
        .success();
    assert_eq!(who(), "O-1");
    let pictures = station.data().join("faces/O-1");
    assert_eq!(std::fs::read_dir(&pictures).unwrap().count(), 1);
    station
        .command(&["people", "delete", "O-1"])
        .assert()
        .code(1)
        .stderr(contains("--yes"));
    assert_eq!(who(), "O-1");
    station
        .command(&["people", "delete", "O-1", "--yes"])
        .assert()
        .success();
    assert_eq!(who(), "unknown");
    assert!(!pictures.exists() || std::fs::read_dir(&pictures).unwrap().count() == 0);
    station
        .command(&["people", "show", "O-9"])
        .assert()
        .code(1)
        .stderr(contains("O-9"));
}

#[test]
fn a_replayed_film_is_punched_once() {
    let station = Station::new();
    station.enrol("Barack Obama", "O-1", "obama2.jpg");
    let film = station.dir.path().join("film");
    std::fs::create_dir(&film).unwrap();
    let portrait = open("obama.jpg");
    for number in 0..8 {
        portrait.save(film.join(format!("{number}.jpg"))).unwrap();
    }
    let film = film.to_str().unwrap();
    let headless = [
        "run",
        "--headless",
        "--source",
        film,
        "--once",
        "--rate",
        "1",
    ];
    station
        .command(&headless)
        .assert()
        .success()
        .stdout(contains("Barack Obama checked in").count(1));
    // A second run within the cooldown, as after a power cut, adds nothing.
    station
        .command(&headless)
        .assert()
        .success()
        .stdout(contains("checked").not());
    let today = station.json(&["attendance", "today", "--json"]);
    assert_eq!(today.as_array().unwrap().len(), 1);
    assert_eq!(
        (&today[0]["code"], &today[0]["state"]),
        (&"O-1".into(), &"in".into())
    );
    assert_eq!(today[0]["events"].as_array().unwrap().len(), 1);
    assert_eq!(
        station
            .json(&["attendance", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    station
        .command(&["attendance", "export", "--csv"])
        .assert()
        .success()
        .stdout(contains(",O-1,Barack Obama,").and(contains(",in,camera,")));
    station
        .command(&[
            "attendance",
            "list",
            "--from",
            "2030-01-02",
            "--to",
            "2030-01-01",
        ])
        .assert()
        .code(1);
    station
        .command(&["attendance", "list", "--from", "yesterday"])
        .assert()
        .code(2);
}

#[test]
fn the_demonstration_keeps_out_of_real_attendance() {
    let station = Station::new();
    station.enrol("Barack Obama", "O-1", "obama.jpg");
    // With this seed he is the first of those who are enrolled.
    let demo = ["run", "--headless", "--source", "demo:10", "--once"];
    let said = station.runs_until(&demo, "Barack Obama checked in");
    assert!(said.contains("belongs to a real station"), "{said}");
    let codes: Vec<Value> = station
        .json(&["people", "list", "--json"])
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["code"].clone())
        .collect();
    assert_eq!(codes, ["O-1"]);
    assert!(
        station
            .json(&["attendance", "list", "--json"])
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(station.data().join("demo/station.db").exists());
}

#[test]
fn real_work_sets_a_demonstration_aside() {
    let station = Station::new();
    let none = station.file("none.jpg", b"");
    // A demonstration that made the folder: its database is marked.
    station
        .command(&[
            "run",
            "--headless",
            "--source",
            "demo",
            "--once",
            "--rate",
            "240",
        ])
        .assert()
        .success();
    assert_eq!(
        station
            .json(&["people", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        4
    );
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            "Nobody",
            "--code",
            "N-1",
            &none,
        ])
        .assert()
        .code(1)
        .stderr(contains("what the demonstration wrote was moved to"));
    assert!(
        station
            .json(&["people", "list", "--json"])
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(station.data().join("demo/station.db").exists());
}

#[test]
fn broken_networks_name_their_file() {
    let station = Station::new();
    let models = station.dir.path().join("models");
    std::fs::create_dir(&models).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for entry in std::fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, models.join(path.file_name().unwrap())).unwrap();
    }
    let dir = models.to_str().unwrap();
    let portrait = face("obama.jpg");
    let verify = ["--models-dir", dir, "models", "verify"];
    let identify = [
        "--models-dir",
        dir,
        "enrol",
        "--consent",
        "today",
        "--name",
        "A",
        "--code",
        "A-1",
        portrait.as_str(),
    ];
    station.command(&verify).assert().success();
    let weights = models.join("scrfd_2.5g.onnx");
    let bytes = std::fs::read(&weights).unwrap();

    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    station
        .command(&verify)
        .assert()
        .code(NO)
        .stdout(contains("BAD   scrfd_2.5g.onnx"));
    station
        .command(&identify)
        .assert()
        .code(1)
        .stderr(contains("scrfd_2.5g.onnx"));

    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&weights, &flipped).unwrap();
    station
        .command(&identify)
        .assert()
        .code(1)
        .stderr(contains("scrfd_2.5g.onnx"));

    std::fs::remove_file(&weights).unwrap();
    station
        .command(&identify)
        .assert()
        .code(1)
        .stderr(contains("scrfd_2.5g.onnx"));
    station
        .command(&["--models-dir", dir, "doctor"])
        .assert()
        .code(NO)
        .stdout(contains("scrfd_2.5g.onnx"));
    station
        .command(&["--models-dir", "no/such/folder", "models", "list"])
        .assert()
        .code(1)
        .stderr(contains("no/such/folder"));
}

#[test]
fn mistakes_in_the_configuration_say_where() {
    let station = Station::new();
    let config = station.file("my.toml", b"[camera]\nsource = \"usb\"\nsorce = \"usb\"\n");
    station
        .command(&["--config", &config, "config"])
        .assert()
        .code(1)
        .stderr(
            contains("my.toml")
                .and(contains("line 3"))
                .and(contains("sorce")),
        );
    station
        .command(&["config"])
        .env("ROLLCALL_RECOGNITION_THRESHOLD", "high")
        .assert()
        .code(1)
        .stderr(contains("ROLLCALL_RECOGNITION_THRESHOLD"));
    station
        .command(&["run", "--headless", "--source", "rtsp://camera"])
        .assert()
        .code(1);
    station.command(&["--demo", "doctor"]).assert().code(2);
    station.command(&["fly"]).assert().code(2);
    station
        .command(&["people", "list"])
        .assert()
        .code(1)
        .stderr(contains("no database"));
    station
        .command(&["--demo"])
        .assert()
        .code(1)
        .stderr(contains("needs a terminal"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::os::unix::process::ExitStatusExt;

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["config", "--sample"])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut complaint = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut complaint).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(complaint, "");
    assert_eq!(status.signal(), Some(signal_hook::consts::SIGPIPE));
}

/// The unit names this program, the networks and the folder that was asked for.
#[test]
fn a_dry_run_shows_the_service_that_would_be_installed() {
    let program = assert_cmd::cargo::cargo_bin("rollcall");
    let station = Station::new();
    let output = Command::cargo_bin("rollcall")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["service", "install", "--dry-run"])
        .args(["--data-dir", "/var/lib/rollcall-of-the-tests"])
        .env("HOME", station.dir.path())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // A repository in a temporary folder, or that is its owner's alone.
    if said.contains("among temporary files") || said.contains("sudo chmod ") {
        eprintln!("SKIPPED: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let start = shown
        .lines()
        .find(|line| line.trim_start().starts_with("ExecStart="))
        .unwrap();
    for part in [
        program.to_str().unwrap(),
        " --data-dir /var/lib/rollcall-of-the-tests ",
        concat!(env!("CARGO_MANIFEST_DIR"), "/models"),
        " run --headless",
    ] {
        assert!(start.contains(part), "{start}");
    }
    assert!(
        shown.contains("would run: systemctl daemon-reload"),
        "{shown}"
    );
    assert!(!Path::new("/var/lib/rollcall-of-the-tests").exists());
}
