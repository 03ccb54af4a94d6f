//! The rooms of the house: who may use what, checked by reading the sources.
//!
//! These are the invariants of ARCHITECTURE.md that the compiler does not hold.

#![allow(clippy::unwrap_used, reason = "helpers of tests too")]

use std::path::{Path, PathBuf};

/// A source file without its comments, and the room it is in.
struct Source {
    path: PathBuf,
    room: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let relative = path.strip_prefix(&root).unwrap();
                let first = relative.iter().next().unwrap().to_string_lossy();
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .collect::<Vec<_>>()
                    .join("\n");
                sources.push(Source {
                    room: first.trim_end_matches(".rs").to_owned(),
                    path: relative.to_path_buf(),
                    code,
                });
            }
        }
    }
    assert!(
        sources.len() > 20,
        "only {} sources were found",
        sources.len()
    );
    sources
}

/// Every use of a word outside of the rooms that may use it.
fn trespasses(words: &[&str], allowed: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !allowed(s)) {
        for (number, line) in source.code.lines().enumerate() {
            if let Some(word) = words.iter().find(|w| line.contains(**w)) {
                found.push(format!(
                    "{}: `{word}` in line ~{number}: {line}",
                    source.path.display()
                ));
            }
        }
    }
    found
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_core_has_no_clock_thread_file_tensor_or_terminal() {
    let words = [
        "std::fs",
        "std::thread",
        "std::net",
        "std::process",
        "std::env",
        "std::io",
        "Instant",
        "SystemTime",
        "Utc::now",
        "Local::now",
        "chrono::Local",
        "Mutex",
        "RwLock",
        "mpsc",
        "crossbeam",
        "candle",
        "ratatui",
        "crossterm",
        "rusqlite",
        "nokhwa",
        "tracing::",
        "println!",
        "eprintln!",
        "rand::",
    ];
    assert_none(&trespasses(&words, |s| s.room != "core"));
}

#[test]
fn the_core_knows_no_other_room() {
    let rooms = [
        "crate::camera",
        "crate::cli",
        "crate::clock",
        "crate::config",
        "crate::inference",
        "crate::mailbox",
        "crate::runtime",
        "crate::stop",
        "crate::store",
        "crate::ui",
    ];
    assert_none(&trespasses(&rooms, |s| s.room != "core"));
}

#[test]
fn only_the_store_speaks_sql() {
    assert_none(&trespasses(&["rusqlite"], |s| s.room == "store"));
}

#[test]
fn only_inference_holds_tensors() {
    assert_none(&trespasses(
        &["candle_core", "candle_nn", "candle_onnx"],
        |s| s.room == "inference",
    ));
}

#[test]
fn only_the_ui_draws() {
    assert_none(&trespasses(&["ratatui", "crossterm"], |s| s.room == "ui"));
}

#[test]
fn only_the_camera_speaks_to_cameras() {
    assert_none(&trespasses(&["nokhwa", "v4l"], |s| s.room == "camera"));
}

#[test]
fn rooms_do_not_look_into_each_other() {
    for (room, others) in [
        (
            "camera",
            [
                "crate::inference",
                "crate::store",
                "crate::ui",
                "crate::runtime",
            ],
        ),
        (
            "inference",
            [
                "crate::camera",
                "crate::store",
                "crate::ui",
                "crate::runtime",
            ],
        ),
        (
            "store",
            [
                "crate::camera",
                "crate::inference",
                "crate::ui",
                "crate::runtime",
            ],
        ),
        (
            "ui",
            [
                "crate::camera",
                "crate::inference",
                "crate::store",
                "crate::runtime",
            ],
        ),
    ] {
        assert_none(&trespasses(&others, |s| s.room != room));
    }
}

#[test]
fn only_the_clock_reads_the_time_of_day() {
    assert_none(&trespasses(
        &["Local::now", "Utc::now", "SystemTime::now"],
        |s| s.room == "clock",
    ));
}

#[test]
fn no_channel_is_unbounded() {
    assert_none(&trespasses(&["unbounded", "mpsc::channel"], |_| false));
}

#[test]
fn unsafe_lives_in_the_kernels_only() {
    assert_none(&trespasses(
        &["unsafe {", "unsafe fn", "unsafe impl"],
        |s| s.path.starts_with("inference/engine"),
    ));
}

#[test]
fn main_is_short() {
    let main = sources()
        .into_iter()
        .find(|s| s.path == Path::new("main.rs"))
        .unwrap();
    assert!(main.code.lines().count() <= 40);
}
