//! What the screen showed is on disk: punches under load, and everything that
//! can go wrong with a disk.
//!
//! A child process (this very file, started again) writes punches through the
//! real store and says which were acknowledged; it is killed at random moments.
//! `ROLLCALL_KILLS=300 cargo test --test durability -- --nocapture` kills it
//! three hundred times and prints the figures; the everyday run does it twenty
//! times. A killed process proves nothing about a power cut: that the data is
//! also synced is a setting, which the store's own tests hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use crossbeam_channel::bounded;
use rollcall::clock::Clock;
use rollcall::core::attendance::{Direction, EventSource, NewPunch};
use rollcall::core::embedding::{Embedding, ModelId};
use rollcall::core::event::{PunchOutcome, Receipt, Ticket};
use rollcall::core::person::{PersonCode, PersonId, PersonName};
use rollcall::store::worker::{Patience, StoreRequest, Taken, spawn};
use rollcall::store::{Author, EventFilter, NewPerson, NewTemplate, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

/// The folder a child works in; tells a child from a test.
const CHILD: &str = "ROLLCALL_DURABILITY_CHILD";

const PEOPLE: i64 = 8;
const DAY: &str = "2026-11-23";

fn time(micros: i64) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T06:00:00+01:00").unwrap()
        + TimeDelta::microseconds(micros)
}

fn author() -> Author<'static> {
    Author {
        name: "test",
        at: time(0),
    }
}

fn model() -> ModelId {
    ModelId::from_sha256("0123456789abcdef")
}

/// The punch at a place of a person's day: the same whenever it is made anew.
fn punch(person: i64, sequence: u32) -> NewPunch {
    NewPunch {
        camera: None,
        person: PersonId(person),
        at: time(i64::from(sequence) * 1000 + person),
        local_day: DAY.parse().unwrap(),
        sequence,
        direction: if sequence % 2 == 1 {
            Direction::In
        } else {
            Direction::Out
        },
        source: EventSource::Camera,
        similarity: None,
        margin: None,
        liveness: None,
        model: None,
        clock: None,
    }
}

fn newcomer(code: &str) -> NewPerson {
    NewPerson {
        name: PersonName::parse("Ana").unwrap(),
        code: PersonCode::parse(code).unwrap(),
        consent_at: None,
        templates: vec![NewTemplate {
            embedding: Embedding::from_raw(vec![1.0; 512]).unwrap(),
            model: model(),
            quality: 1.0,
            jpeg: Some([&[0xff, 0xd8][..], &[7; 3000], &[0xff, 0xd9]].concat()),
        }],
    }
}

fn populated(folder: &Path) -> Store {
    let mut store = Store::open(folder).unwrap();
    for number in 1..=PEOPLE {
        store
            .add_person(&newcomer(&format!("E-{number}")), author())
            .unwrap();
    }
    store
}

/// How many places of each person's day are taken.
fn places(store: &Store) -> BTreeMap<i64, Vec<u32>> {
    let mut places: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for event in store
        .events(&EventFilter::of_day(DAY.parse().unwrap()))
        .unwrap()
    {
        assert_eq!(event.at, punch(event.person.0, event.sequence).at);
        places
            .entry(event.person.0)
            .or_default()
            .push(event.sequence);
    }
    places
}

/// Not a test of its own: what the child does until it is killed.
#[test]
fn child() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let store = Store::open(Path::new(&folder)).unwrap();
    let mut next: BTreeMap<i64, u32> = (1..=PEOPLE).map(|person| (person, 1)).collect();
    for (person, taken) in places(&store) {
        // The last place again, as after a crash between the commit and the screen.
        next.insert(person, taken.into_iter().max().unwrap());
    }
    let (sender, receipts) = bounded(64);
    let mut handle = spawn(store, model(), Clock::start(), sender, Patience::default()).unwrap();
    let mut under_way: BTreeMap<u64, (i64, u32)> = BTreeMap::new();
    let mut out = std::io::stdout().lock();
    for ticket in 0u64.. {
        let person = 1 + (ticket % PEOPLE as u64) as i64;
        // One punch of a person at a time, as the station has it.
        while under_way.values().any(|(p, _)| *p == person) {
            let Ok(Receipt::Punch { ticket, outcome }) = receipts.recv() else {
                continue;
            };
            let (person, sequence) = under_way.remove(&ticket.0).unwrap();
            match outcome {
                PunchOutcome::Recorded(_) | PunchOutcome::AlreadyRecorded(_) => {}
                other => panic!("{other:?}"),
            }
            writeln!(out, "acknowledged {person} {sequence}").unwrap();
            out.flush().unwrap();
            next.insert(person, sequence + 1);
        }
        let sequence = next[&person];
        under_way.insert(ticket, (person, sequence));
        let request = StoreRequest::Punch {
            ticket: Ticket(ticket),
            punch: punch(person, sequence),
        };
        assert!(matches!(handle.send(request), Taken::Yes));
    }
}

fn start_child(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Numbers that look random and are the same on every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn every_acknowledged_punch_is_there_exactly_once_after_a_kill() {
    let kills: u32 = std::env::var("ROLLCALL_KILLS").map_or(20, |n| n.parse().unwrap());
    let folder = TempDir::new().unwrap();
    drop(populated(folder.path()));
    let mut dice = Dice(0x5eed);
    let mut acknowledged: BTreeSet<(i64, u32)> = BTreeSet::new();
    for kill in 1..=kills {
        let mut child = start_child(folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The moment is drawn in punches and then in microseconds, so that it falls
        // anywhere in the work whatever the speed of the machine.
        let mut left = dice.below(60);
        let pause = Duration::from_micros(dice.below(3000));
        let mut killed = false;
        for line in lines.map_while(Result::ok) {
            let Some(rest) = line.split("acknowledged ").nth(1) else {
                continue;
            };
            let Some((person, sequence)) = rest.split_once(' ') else {
                panic!("torn line {line:?}");
            };
            acknowledged.insert((person.parse().unwrap(), sequence.trim().parse().unwrap()));
            if left == 0 && !killed {
                std::thread::sleep(pause);
                child.kill().unwrap();
                killed = true;
            }
            left = left.saturating_sub(1);
        }
        assert!(killed, "the child ended by itself in round {kill}");
        child.wait().unwrap();

        let store = Store::open(folder.path()).unwrap();
        let found = places(&store);
        for (person, sequence) in &acknowledged {
            let there = found
                .get(person)
                .map_or(0, |p| p.iter().filter(|s| *s == sequence).count());
            assert_eq!(
                there, 1,
                "person {person} place {sequence} after kill {kill}"
            );
        }
        for (person, mut taken) in found {
            taken.sort_unstable();
            let whole: Vec<u32> = (1..=taken.len() as u32).collect();
            assert_eq!(taken, whole, "person {person} after kill {kill}");
        }
    }
    let store = Store::open(folder.path()).unwrap();
    store.check().unwrap();
    let chain = store.verify_chain().unwrap();
    assert_eq!(chain.broken, None);
    let written: usize = places(&store).values().map(Vec::len).sum();
    assert!(
        written > kills as usize,
        "there was no load: {written} punches"
    );
    println!(
        "{kills} kills: {} punches acknowledged, {written} found, none lost, none doubled",
        acknowledged.len()
    );
}

/// A file system of its own, a few megabytes large; `None` where this user may
/// not mount one, which is said loudly.
struct SmallDisk {
    at: TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let at = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size}"),
                "rollcall-test",
            ])
            .arg(at.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { at }),
            _ => {
                eprintln!("SKIPPED: only root may mount a small disk; run this test as root");
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.at.path())
            .status();
        assert!(done.unwrap().success(), "remount {options}");
    }

    fn data(&self) -> PathBuf {
        self.at.path().join("data")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.at.path())
            .status();
    }
}

const QUICK: Patience = Patience {
    first_retry: Duration::from_millis(2),
    longest_retry: Duration::from_millis(20),
    at_stop: Duration::from_millis(200),
};

fn next_receipt(receipts: &crossbeam_channel::Receiver<Receipt>) -> Receipt {
    receipts.recv_timeout(Duration::from_secs(60)).unwrap()
}

/// Breaks a disk, sends punches, mends it: all of them are written then, once,
/// and none was acknowledged before.
fn punches_wait_for(folder: &Path, break_it: impl FnOnce(), mend_it: impl FnOnce()) -> String {
    let store = populated(folder);
    let (sender, receipts) = bounded(1024);
    let mut handle = spawn(store, model(), Clock::start(), sender, QUICK).unwrap();
    break_it();
    for sequence in 1..=20 {
        for person in 1..=PEOPLE {
            let request = StoreRequest::Punch {
                ticket: Ticket(u64::from(sequence) * 100 + person as u64),
                punch: punch(person, sequence),
            };
            assert!(matches!(handle.send(request), Taken::Yes));
        }
    }
    let mut answered = 0;
    let trouble = loop {
        match next_receipt(&receipts) {
            Receipt::Trouble(message) => break message,
            // Room for a few may be left.
            Receipt::Punch { .. } => answered += 1,
            other => panic!("{other:?}"),
        }
    };
    let on_disk: usize = Store::open_read_only(folder)
        .and_then(|store| store.events(&EventFilter::of_day(DAY.parse().unwrap())))
        .map_or(answered, |events| events.len());
    assert!(
        on_disk >= answered,
        "{answered} acknowledged, {on_disk} on disk"
    );
    mend_it();
    while answered < 20 * PEOPLE as usize {
        handle.flush();
        match next_receipt(&receipts) {
            Receipt::Punch { outcome, .. } => {
                let written = matches!(
                    outcome,
                    PunchOutcome::Recorded(_) | PunchOutcome::AlreadyRecorded(_)
                );
                assert!(written, "{outcome:?}");
                answered += 1;
            }
            Receipt::Trouble(_) | Receipt::Recovered => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(handle.finish().is_empty());
    let store = Store::open(folder).unwrap();
    let whole: Vec<u32> = (1..=20).collect();
    for taken in places(&store).values_mut() {
        taken.sort_unstable();
        assert_eq!(*taken, whole);
    }
    assert_eq!(store.verify_chain().unwrap().broken, None);
    trouble.to_string()
}

#[test]
fn a_full_disk_delays_punches_and_loses_none() {
    let Some(disk) = SmallDisk::mount("16m") else {
        return;
    };
    let ballast = disk.at.path().join("ballast");
    let trouble = punches_wait_for(
        &disk.data(),
        || {
            let mut file = std::fs::File::create(&ballast).unwrap();
            while file.write_all(&[0; 4096]).is_ok() {}
        },
        || std::fs::remove_file(&ballast).unwrap(),
    );
    assert!(trouble.contains("disk is full"), "{trouble}");
}

#[test]
fn a_read_only_disk_is_named_and_works_again_when_it_is_mended() {
    let Some(disk) = SmallDisk::mount("8m") else {
        return;
    };
    let folder = disk.data();
    drop(populated(&folder));
    disk.remount("ro");
    let error = Store::open(&folder).unwrap_err();
    assert!(
        matches!(error, StoreError::ReadOnly { .. } | StoreError::File { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("station.db"), "{error}");
    disk.remount("rw");
    Store::open(&folder).unwrap();
}

#[test]
fn a_database_locked_by_another_program_delays_punches_and_loses_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("station.db");
    let other = std::cell::RefCell::new(None);
    let trouble = punches_wait_for(
        folder.path(),
        || {
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            *other.borrow_mut() = Some(connection);
        },
        || drop(other.borrow_mut().take()),
    );
    assert!(trouble.contains("locked"), "{trouble}");
}

#[test]
fn a_picture_torn_by_a_crash_is_never_referred_to() {
    let folder = TempDir::new().unwrap();
    let store = populated(folder.path());
    let kept = store.picture_problems().unwrap();
    assert!(kept.is_empty(), "{kept:?}");
    drop(store);
    // What a power cut leaves of a picture under way: a temporary file, half of it.
    let person = folder.path().join("faces/E-1");
    std::fs::write(person.join(".rollcall-x1y2z3"), [0xff, 0xd8, 7, 7]).unwrap();
    // And what a failing card makes of one that was whole.
    let whole = std::fs::read_dir(folder.path().join("faces/E-2")).unwrap();
    let whole = whole.map(|entry| entry.unwrap().path()).next().unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&whole, &bytes[..bytes.len() / 2]).unwrap();
    let lost = std::fs::read_dir(folder.path().join("faces/E-3")).unwrap();
    std::fs::remove_file(lost.map(|entry| entry.unwrap().path()).next().unwrap()).unwrap();

    let store = Store::open(folder.path()).unwrap();
    assert_eq!(std::fs::read_dir(&person).unwrap().count(), 1);
    let problems = store.picture_problems().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].contains("E-2") && problems[0].contains("torn"),
        "{problems:?}"
    );
    assert!(
        problems[1].contains("E-3") && problems[1].contains("missing"),
        "{problems:?}"
    );
    // Both are still recognised: the template is in the database.
    assert_eq!(store.load_gallery(&model()).unwrap().templates.len(), 8);
}

#[test]
fn memory_is_bounded_while_the_database_is_away() {
    use rollcall::store::worker::MOST_PUNCHES;
    let folder = TempDir::new().unwrap();
    drop(populated(folder.path()));
    let store = Store::open_with(folder.path(), Duration::from_millis(1)).unwrap();
    let other = Connection::open(folder.path().join("station.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (sender, receipts) = bounded(4);
    let mut handle = spawn(store, model(), Clock::start(), sender, QUICK).unwrap();
    let mut refused = 0;
    for number in 0..MOST_PUNCHES as u32 + 500 {
        let request = StoreRequest::Punch {
            ticket: Ticket(number.into()),
            punch: punch(1 + i64::from(number) % PEOPLE, 1 + number / PEOPLE as u32),
        };
        match handle.send(request) {
            Taken::Yes => {}
            Taken::No(request) => {
                assert!(matches!(*request, StoreRequest::Punch { .. }));
                refused += 1;
            }
        }
        // Something that is no punch gives way first.
        let note = StoreRequest::Note {
            action: "test.note",
            detail: String::new(),
        };
        if let Taken::Yes = handle.send(note) {
            assert!(number < 2000, "a note was taken in the place of a punch");
        }
    }
    assert!(refused >= 500, "{refused}");
    drop(receipts);
    drop(other);
    drop(handle);
}

#[test]
fn a_database_set_aside_is_not_silently_begun_anew() {
    use rollcall::store::{StationLock, latest_aside, set_aside, start_fresh};
    let folder = TempDir::new().unwrap();
    drop(populated(folder.path()));
    let path = folder.path().join("station.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[8192..] {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, &bytes).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    let lock = StationLock::take(folder.path()).unwrap();
    let aside = set_aside(folder.path(), time(0), &lock).unwrap();
    assert_eq!(
        std::fs::read(&aside.database).unwrap(),
        bytes,
        "it was changed"
    );
    assert_eq!(latest_aside(folder.path()), Some(aside.database));
    for _ in 0..2 {
        let error = Store::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Aside { .. }), "{error}");
        assert!(error.to_string().contains("restore"), "{error}");
    }
    // Only on the operator's word, and the old pictures are kept too.
    let moved = start_fresh(folder.path(), time(0), &lock).unwrap();
    assert!(moved.moved[0].join("E-1").is_dir());
    let fresh = Store::open(folder.path()).unwrap();
    assert!(fresh.people().unwrap().is_empty());
}
