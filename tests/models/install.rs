//! `rollcall models install` as a user runs it.

use std::fs;
use std::io::Write;

use predicates::prelude::*;
use predicates::str::contains;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{NO, Station, pack};

/// A zip archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn picture() -> String {
    "tests/fixtures/faces/obama.jpg".to_owned()
}

#[test]
fn a_pack_is_installed_listed_verified_and_used() {
    let station = Station::new();
    let zip = archive(&[
        ("buffalo/det_10g.onnx", &pack("det_10g.onnx")),
        ("buffalo/w600k_r50.onnx", &pack("w600k_r50.onnx")),
        ("buffalo/2d106det.onnx", &pack("2d106det.onnx")),
        ("buffalo/README.md", b"# A pack"),
        ("buffalo/LICENSE", b"\n  For tests only\nand so on"),
    ]);
    let zip = station.file("buffalo.zip", &zip);
    station
        .command(&["models", "install", &zip])
        .assert()
        .success()
        .stdout(
            contains("installed as the detector det_10g: SCRFD")
                .and(contains("installed as the embedder w600k_r50: ArcFace"))
                .and(contains("212 numbers"))
                .and(contains("recognition.embedder = \"w600k_r50\""))
                .and(contains("non-commercial")),
        );
    let models = station.json(&["models", "list", "--json"]);
    let row = models
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == "w600k_r50")
        .unwrap()
        .clone();
    assert_eq!(row["kind"], "embedder");
    assert_eq!(row["in_use"], false);
    assert_eq!(row["licence"], "LICENSE: For tests only");
    assert!(row["source"].as_str().unwrap().contains("buffalo.zip"));
    station.command(&["models", "verify"]).assert().success();

    // Random weights find nobody, but they run.
    let look = |detector: &str, embedder: &str| {
        station
            .command(&["identify", "--json", &picture()])
            .env("ROLLCALL_RECOGNITION_DETECTOR", detector)
            .env("ROLLCALL_RECOGNITION_EMBEDDER", embedder)
            .assert()
    };
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            "Barack",
            "--code",
            "E-1",
            &picture(),
        ])
        .assert()
        .success();
    look("scrfd", "arcface").success();
    look("scrfd", "w600k_r50").code(NO);
    look("scrfd", "w600k_r51")
        .code(1)
        .stderr(contains("w600k_r51").and(contains("mobilefacenet_512, w600k_r50")));

    let weights = station.data().join("models/w600k_r50.onnx");
    fs::write(&weights, b"damaged").unwrap();
    station
        .command(&["models", "verify"])
        .assert()
        .code(NO)
        .stdout(contains("w600k_r50.onnx"));
}

#[test]
fn names_say_nothing_and_a_second_time_changes_nothing() {
    let station = Station::new();
    station.file("pack/weights.bin", &pack("det_500m.onnx"));
    station.file("pack/inner/notes.txt", b"not a model");
    let folder = station.dir.path().join("pack");
    let folder = folder.to_str().unwrap();
    station
        .command(&["models", "install", "--dry-run", folder])
        .assert()
        .success()
        .stdout(contains("would be installed as the detector weights"));
    assert!(station.installed_files().is_empty());
    for _ in 0..2 {
        station
            .command(&["models", "install", folder])
            .assert()
            .success();
        assert_eq!(station.installed_files(), ["manifest.toml", "weights.onnx"]);
    }
    station
        .command(&["models", "install", folder])
        .assert()
        .stdout(contains("there already, as weights"));
    // The same name and other contents: a second one, under another id.
    let other = station.file("weights.bin", &pack("det_10g.onnx"));
    station
        .command(&["models", "install", &other])
        .assert()
        .code(1)
        .stderr(contains("another model called weights").and(contains("--id")));
    station
        .command(&["models", "install", "--id", "det_10g", &other])
        .assert()
        .success();
    let before = fs::read(station.data().join("models/weights.onnx")).unwrap();
    assert_eq!(before, pack("det_500m.onnx"));
    station
        .command(&["models", "install", "--id", "../x", &other])
        .assert()
        .code(2);
    station
        .command(&[
            "models",
            "install",
            "--id",
            "scrfd",
            &other.replace("weights.bin", "pack"),
        ])
        .assert()
        .success()
        .stdout(contains("there already"));
}

#[test]
fn a_bad_package_installs_nothing() {
    let station = Station::new();
    let good = pack("det_500m.onnx");
    let truncated = &pack("w600k_r50.onnx")[..100_000];
    let renamed = rename_operator(&pack("w600k_r50.onnx"), "PRelu", "PRexu");
    let bomb = vec![0u8; 513 << 20];
    let mut damaged = archive(&[("det.onnx", &good)]);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let packages = [
        ("truncated.onnx", truncated.to_vec(), "truncated.onnx"),
        ("unsupported.onnx", renamed, "nothing in"),
        ("empty.zip", Vec::new(), "nothing in"),
        (
            "traversal.zip",
            archive(&[("det.onnx", &good), ("../../evil.onnx", &good)]),
            "leads out of it",
        ),
        (
            "half.zip",
            archive(&[("det.onnx", &good), ("r50.onnx", truncated)]),
            "nothing was installed",
        ),
        (
            "bomb.zip",
            archive(&[("det.onnx", &good), ("bomb.onnx", &bomb)]),
            "bomb.onnx has more than 512 MB",
        ),
        ("damaged.zip", damaged, "damaged.zip"),
        ("text.onnx", b"not a model".to_vec(), "text.onnx"),
    ];
    for (name, bytes, message) in packages {
        let path = station.file(name, &bytes);
        station
            .command(&["models", "install", &path])
            .assert()
            .code(1)
            .stderr(contains(message));
        assert!(station.installed_files().is_empty(), "{name}");
    }
    let missing = station.dir.path().join("missing.zip");
    station
        .command(&["models", "install", missing.to_str().unwrap()])
        .assert()
        .code(1)
        .stderr(contains("missing.zip"));
    // The node that cannot be run is named.
    let path = station.dir.path().join("unsupported.onnx");
    station
        .command(&["models", "install", path.to_str().unwrap()])
        .assert()
        .stdout(contains("cannot be run").and(contains("PRexu")));
}

/// The same network with another operator in place of one; the names are equally long.
fn rename_operator(onnx: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut onnx = onnx.to_vec();
    let places: Vec<usize> = onnx
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty());
    for place in places {
        onnx[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    onnx
}
