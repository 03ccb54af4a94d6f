//! A year of a large station, exported: 500,000 events of 5,000 people.
//!
//! `cargo bench --bench year`
//!
//! Prints how long each export takes, how much memory it needs at most, and how large its
//! file is. With `ROLLCALL_YEAR=DIR` the station is made in that folder and used again.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot run should stop and say so"
)]

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use rollcall_core::attendance::Direction;
use rollcall_core::correction::When;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_store::{Author, ImportedEvent, ImportedPerson, Store};

const PEOPLE: usize = 5_000;
/// Each person comes and goes on fifty days of the year.
const DAYS_EACH: u64 = 50;
/// Days from one of those to the next.
const EVERY: u64 = 7;

/// What each export may need, in megabytes.
const MOST_MB: u64 = 100;

fn main() {
    let kept = std::env::var_os("ROLLCALL_YEAR").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| temporary.path().join("data"));
    if !folder.join("station.db").exists() {
        let started = Instant::now();
        write_year(&folder);
        println!("written in {:.0?}", started.elapsed());
    }
    for (format, view) in [
        ("--csv", Some("events")),
        ("--csv", Some("days")),
        ("--csv", Some("people")),
        ("--json", Some("events")),
        ("--xlsx", None),
    ] {
        measure(&folder, format, view, &temporary.path().join("out"));
    }
}

/// Runs one export as a process of its own, for its peak of memory.
fn measure(folder: &Path, format: &str, view: Option<&str>, output: &Path) {
    let mut command = Command::new("/usr/bin/time");
    command
        .args(["-f", "%M", env!("CARGO_BIN_EXE_rollcall"), "--data-dir"])
        .arg(folder)
        .args(["attendance", "export", format, "--to", "2025-12-31", "-o"])
        .arg(output);
    if let Some(view) = view {
        command.args(["--view", view]);
    }
    let started = Instant::now();
    let run = command.output().unwrap();
    let took = started.elapsed();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(
        run.status.success() && run.status.signal().is_none(),
        "{said}"
    );
    let peak_mb = said.lines().last().unwrap().parse::<u64>().unwrap() / 1024;
    let size_mb = std::fs::metadata(output).unwrap().len() >> 20;
    let view = view.unwrap_or("all");
    println!("{format:7} {view:7} {took:>8.1?}  peak {peak_mb:>4} MB  file {size_mb:>4} MB");
    assert!(peak_mb <= MOST_MB, "more than {MOST_MB} MB");
}

fn write_year(folder: &Path) {
    let mut store = Store::open(folder).unwrap();
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let author = Author {
        name: "bench",
        at: first.and_time(NaiveTime::MIN).and_utc().fixed_offset(),
    };
    let code = |person: usize| PersonCode::parse(&format!("E-{person}")).unwrap();
    let people: Vec<ImportedPerson> = (0..PEOPLE)
        .map(|person| ImportedPerson {
            code: code(person),
            name: PersonName::parse(&format!("Person {person}")).unwrap(),
            team: (person % 3 == 0).then(|| format!("Team {}", person % 7)),
            expected_from: None,
            consent_at: None,
        })
        .collect();
    let imported = store.import_people(&people, author);
    imported.map_err(|(_, error)| error).unwrap();
    let mut events = Vec::with_capacity(PEOPLE * DAYS_EACH as usize * 2);
    for visit in 0..DAYS_EACH {
        for person in 0..PEOPLE {
            let day = first + Days::new(visit * EVERY + person as u64 % EVERY);
            let midnight = day.and_time(NaiveTime::MIN).and_utc().fixed_offset();
            for (hour, direction) in [(8, Direction::In), (17, Direction::Out)] {
                let seconds = TimeDelta::seconds((person % 1800) as i64);
                events.push(ImportedEvent {
                    code: code(person),
                    when: When {
                        at: midnight + TimeDelta::hours(hour) + seconds,
                        local_day: day,
                    },
                    direction,
                });
            }
        }
    }
    // Everybody was enrolled on the first day, and all was recorded after the last.
    let author = Author {
        at: author.at + TimeDelta::days((DAYS_EACH * EVERY + EVERY) as i64),
        ..author
    };
    let imported = store.import_events(&events, "bench", author);
    imported.map_err(|(_, error)| error).unwrap();
}
