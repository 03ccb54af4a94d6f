//! The rooms of the house: who may use what, checked by reading the sources.
//!
//! These are the invariants of ARCHITECTURE.md that neither the compiler nor the
//! dependencies of the crates hold.

#![allow(clippy::unwrap_used, reason = "helpers of tests too")]

use std::path::{Path, PathBuf};

/// A source file without its comments, and the room it is in: a crate, or `rollcall`.
struct Source {
    path: PathBuf,
    room: String,
    code: String,
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rooms = vec![("rollcall".to_owned(), root.join("src"))];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        rooms.push((name, path.join("src")));
    }
    let mut sources = Vec::new();
    for (room, folder) in rooms {
        for file in rust_files(&folder) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            sources.push(Source {
                room: room.clone(),
                path: file.strip_prefix(root).unwrap().to_path_buf(),
                code,
            });
        }
    }
    assert!(
        sources.len() > 200,
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
    assert_none(&trespasses(&words, |s| {
        s.room != "core" || s.path.ends_with("column.rs")
    }));
}

/// Crates that one room alone may name, whatever its own dependencies are.
#[test]
fn what_belongs_to_one_room_is_named_in_no_other() {
    for (words, rooms) in [
        (&["rusqlite"][..], &["store"][..]),
        (&["candle_nn", "candle_onnx"], &["engine"]),
        (&["candle_core"], &["engine", "recognition"]),
        (&["ratatui", "crossterm"], &["dashboard"]),
        (&["nokhwa", "v4l::"], &["camera"]),
    ] {
        assert_none(&trespasses(words, |s| {
            rooms.contains(&s.room.as_str()) || s.path.ends_with("core/src/column.rs")
        }));
    }
}

#[test]
fn only_the_clock_reads_the_time_of_day() {
    assert_none(&trespasses(
        &["Local::now", "Utc::now", "SystemTime::now"],
        |s| s.path.ends_with("system/src/clock.rs"),
    ));
}

#[test]
fn no_channel_is_unbounded() {
    assert_none(&trespasses(&["unbounded", "mpsc::channel"], |_| false));
}

#[test]
fn unsafe_lives_in_the_kernels_and_one_call_to_the_allocator() {
    assert_none(&trespasses(
        &["unsafe {", "unsafe fn", "unsafe impl"],
        |s| s.room == "engine" || s.path.ends_with("crates/system/src/allocator.rs"),
    ));
}

#[test]
fn main_is_short() {
    let main = sources()
        .into_iter()
        .find(|s| s.path == Path::new("src/main.rs"))
        .unwrap();
    assert!(main.code.lines().count() <= 40);
}

/// The only ways out to a terminal are `rollcall_system::print`, which spells out what a
/// terminal would obey, and the few writers that name the function which does.
#[test]
fn nothing_is_printed_past_the_one_who_makes_it_printable() {
    for source in sources() {
        let own = source.path.ends_with("crates/system/src/print.rs");
        let is_covered = source.room == "rollcall";
        for printing in ["println!(", "eprintln!(", "print!(", "eprint!("] {
            let prints = source.code.contains(printing);
            let says = format!("{}: {printing}", source.path.display());
            assert!(
                own || is_covered || !prints,
                "{says}: use rollcall_system::print"
            );
            let past = source.code.contains(&format!("std::{printing}"));
            assert!(!past, "{says}");
        }
        let writes = source.code.contains("stdout().lock()");
        let tames = ["printable", "Printable"]
            .iter()
            .any(|name| source.code.contains(name));
        assert!(
            !writes || tames,
            "{} writes as it is",
            source.path.display()
        );
    }
    let covers = |source: &Source| {
        let words = "#[macro_use]\nextern crate rollcall_system;";
        source.path == Path::new("src/lib.rs") && source.code.contains(words)
    };
    assert!(sources().iter().any(covers), "src/lib.rs lacks the macros");
}

/// Which rooms each room may name: what its crate does not depend on, Cargo keeps out of it
/// already.
#[test]
fn the_rooms_depend_on_each_other_in_one_direction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (room, may_use) in [
        ("messages", &[][..]),
        ("core", &[]),
        ("system", &["core"]),
        ("protocol", &["core"]),
        ("engine", &[]),
        ("picture", &["core", "system"]),
        ("camera", &["core", "system", "picture"]),
        ("recognition", &["core", "system", "engine"]),
        ("store", &["core", "system"]),
        ("link", &["core", "system", "picture", "protocol"]),
        ("dashboard", &["core", "system", "protocol"]),
        (
            "server",
            &["core", "system", "picture", "protocol", "store"],
        ),
        (
            "station",
            &[
                "core",
                "system",
                "protocol",
                "picture",
                "camera",
                "recognition",
                "store",
                "config",
                "cases",
            ],
        ),
        ("sheet", &[]),
        (
            "cases",
            &[
                "core",
                "system",
                "protocol",
                "picture",
                "engine",
                "recognition",
                "camera",
                "store",
                "config",
                "sheet",
            ],
        ),
        (
            "config",
            &[
                "core",
                "system",
                "protocol",
                "camera",
                "store",
                "recognition",
            ],
        ),
    ] {
        let manifest = root.join("crates").join(room).join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            panic!("there is no room {room}");
        };
        // What its tests need is another matter.
        let dependencies = text.split("[dev-dependencies]").next().unwrap();
        for line in dependencies.lines() {
            let named = line.strip_prefix("rollcall-");
            let Some(used) = named.and_then(|rest| rest.split(['.', ' ']).next()) else {
                continue;
            };
            // What is said to people is said the same way everywhere.
            let may_say = room != "engine" && used == "messages";
            assert!(may_say || may_use.contains(&used), "{room} uses {used}");
        }
    }
}
