//! A database that is deleted, moved or replaced while a station runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use rollcall::clock::Clock;
use rollcall::core::event::{PunchOutcome, Receipt, Ticket};
use rollcall::core::person::PersonId;
use rollcall::store::worker::{Patience, StoreHandle, StoreRequest, Taken, spawn};
use rollcall::store::{
    DATABASE_FILE, EventFilter, StationLock, Store, StoreError, latest_aside, set_aside,
};
use tempfile::TempDir;

use super::{day, enrolled, model, operator, punch, station};

const QUICK: Patience = Patience {
    first_retry: Duration::from_millis(1),
    longest_retry: Duration::from_millis(5),
    at_stop: Duration::from_millis(50),
};

/// A running station with one punch of Ana's on disk.
struct Running {
    folder: TempDir,
    ana: PersonId,
    handle: StoreHandle,
    receipts: Receiver<Receipt>,
}

fn running() -> Running {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let lock = Arc::new(StationLock::take(folder.path()).unwrap());
    store.hold(lock);
    let (sender, receipts) = bounded(4);
    let handle = spawn(store, model(), Clock::start(), sender, QUICK).unwrap();
    let mut running = Running {
        folder,
        ana,
        handle,
        receipts,
    };
    running.punch(1);
    assert!(running.is_recorded(1));
    running
}

impl Running {
    fn path(&self) -> PathBuf {
        self.folder.path().join(DATABASE_FILE)
    }

    fn ask(&mut self, request: StoreRequest) {
        assert!(matches!(self.handle.send(request), Taken::Yes));
    }

    fn punch(&mut self, sequence: u32) {
        let at = format!("2026-11-23T08:00:00.{sequence:03}+01:00");
        let punch = punch(self.ana, sequence, &at);
        self.ask(StoreRequest::Punch {
            ticket: Ticket(sequence.into()),
            punch,
        });
    }

    fn receipt(&self) -> Receipt {
        self.receipts.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn trouble(&self) -> String {
        match self.receipt() {
            Receipt::Trouble(message) => message.to_string(),
            other => panic!("no trouble but {other:?}"),
        }
    }

    /// Waits for the receipt of a punch, through any trouble.
    fn is_recorded(&self, sequence: u32) -> bool {
        loop {
            match self.receipt() {
                Receipt::Punch { ticket, outcome } => {
                    assert_eq!(ticket, Ticket(sequence.into()));
                    return matches!(
                        outcome,
                        PunchOutcome::Recorded(_) | PunchOutcome::AlreadyRecorded(_)
                    );
                }
                Receipt::Trouble(_) | Receipt::Recovered => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

fn punches_in(store: &Store) -> usize {
    let filter = EventFilter::of_day(day("2026-11-23"));
    store.events(&filter).unwrap().len()
}

#[test]
fn a_deleted_database_is_noticed_without_a_punch_and_its_records_are_saved() {
    let mut running = running();
    for tail in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{tail}", running.path().display())).unwrap();
    }
    running.ask(StoreRequest::ReloadIfChanged {
        local_day: day("2026-11-23"),
    });
    let trouble = running.trouble();
    assert!(trouble.contains("was deleted or moved away"), "{trouble}");
    assert!(trouble.contains("saved as"), "{trouble}");
    running.punch(2);
    let left = running.handle.finish();
    assert_eq!(left.len(), 1, "the punch was shown as done");
    assert!(!running.folder.path().join(DATABASE_FILE).exists());
    // The copy holds what was acknowledged, and no empty database takes its place.
    let copy = latest_aside(running.folder.path()).unwrap();
    let error = Store::open(running.folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Aside { .. }), "{error}");
    std::fs::rename(copy, running.folder.path().join(DATABASE_FILE)).unwrap();
    let store = Store::open(running.folder.path()).unwrap();
    assert_eq!(punches_in(&store), 1);
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn a_moved_database_is_waited_for_and_loses_nothing() {
    let mut running = running();
    let elsewhere = TempDir::new_in(running.folder.path()).unwrap();
    let moved = elsewhere.path().join(DATABASE_FILE);
    std::fs::rename(running.path(), &moved).unwrap();
    running.punch(2);
    let trouble = running.trouble();
    assert!(trouble.contains("was deleted or moved away"), "{trouble}");
    // Nobody makes an empty one beside a running station.
    assert!(matches!(
        Store::open_existing(running.folder.path()),
        Err(StoreError::Missing { .. } | StoreError::Lost { .. } | StoreError::LogWithout { .. })
    ));
    std::fs::rename(&moved, running.path()).unwrap();
    assert!(running.is_recorded(2));
    assert!(running.handle.finish().is_empty());
    let store = Store::open(running.folder.path()).unwrap();
    assert_eq!(punches_in(&store), 2);
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn another_database_in_its_place_is_not_written_to() {
    let mut running = running();
    let other = TempDir::new().unwrap();
    {
        let mut store = Store::open(other.path()).unwrap();
        enrolled(&mut store, "E-1");
    }
    std::fs::rename(running.path(), running.folder.path().join("moved.db")).unwrap();
    std::fs::copy(other.path().join(DATABASE_FILE), running.path()).unwrap();
    running.punch(2);
    let trouble = running.trouble();
    assert!(
        trouble.contains("was replaced by another file"),
        "{trouble}"
    );
    assert_eq!(running.handle.finish().len(), 1);
    let store = Store::open(running.folder.path()).unwrap();
    assert_eq!(punches_in(&store), 0);
    store.check().unwrap();
    // What was moved is whole without the log that stayed behind.
    let moved = TempDir::new().unwrap();
    std::fs::rename(
        running.folder.path().join("moved.db"),
        moved.path().join(DATABASE_FILE),
    )
    .unwrap();
    assert_eq!(punches_in(&Store::open(moved.path()).unwrap()), 1);
}

#[test]
fn a_deleted_log_is_made_again_and_loses_nothing() {
    let mut running = running();
    for tail in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{tail}", running.path().display())).unwrap();
    }
    running.punch(2);
    assert!(running.is_recorded(2));
    let beside = Store::open_read_only(running.folder.path()).unwrap();
    assert_eq!(punches_in(&beside), 2, "others see what was shown as done");
    drop(beside);
    assert!(running.handle.finish().is_empty());
    let store = Store::open(running.folder.path()).unwrap();
    assert_eq!(punches_in(&store), 2);
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn a_deleted_lock_file_keeps_others_out_and_a_second_station_is_noticed() {
    let mut running = running();
    let lock = running.folder.path().join("station.lock");
    std::fs::remove_file(&lock).unwrap();
    running.punch(2);
    assert!(running.is_recorded(2));
    assert!(matches!(
        StationLock::take(running.folder.path()),
        Err(StoreError::StationRuns { .. })
    ));
    std::fs::remove_file(&lock).unwrap();
    let second = StationLock::take(running.folder.path()).unwrap();
    running.punch(3);
    let trouble = running.trouble();
    assert!(trouble.contains("another station"), "{trouble}");
    drop(second);
    assert!(running.is_recorded(3));
    assert!(running.handle.finish().is_empty());
}

/// Whether this process holds a lock on the file, by its number.
fn is_locked(path: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(path).unwrap().ino();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("POSIX") && line.contains(&format!(":{inode} ")))
}

/// Closing any descriptor of a file takes this process's locks on it away; without them
/// another process takes the log of a running station for its own and removes it.
#[test]
fn opening_the_database_again_leaves_the_locks_of_a_running_station() {
    let (folder, store) = station();
    assert!(is_locked(store.path()));
    drop(Store::open(folder.path()).unwrap());
    drop(Store::open_read_only(folder.path()).unwrap());
    assert!(is_locked(store.path()));
}

#[test]
fn a_damaged_database_is_set_aside_as_it_was_with_its_log() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    // A copy of the files of an open database is what a crash leaves.
    let crashed = TempDir::new().unwrap();
    let tails = ["", "-wal", "-shm"];
    for tail in tails {
        let name = format!("{DATABASE_FILE}{tail}");
        let mut bytes = std::fs::read(folder.path().join(&name)).unwrap();
        assert!(!bytes.is_empty(), "{name}");
        if tail.is_empty() {
            for byte in &mut bytes[8192..] {
                *byte ^= 0x5a;
            }
        }
        std::fs::write(crashed.path().join(&name), bytes).unwrap();
    }
    let before = tails
        .map(|tail| std::fs::read(crashed.path().join(format!("{DATABASE_FILE}{tail}"))).unwrap());
    for _ in 0..2 {
        let error = Store::open(crashed.path()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    let lock = StationLock::take(crashed.path()).unwrap();
    let aside = set_aside(crashed.path(), operator().at, &lock).unwrap();
    for (tail, before) in tails.iter().zip(&before) {
        let after = std::fs::read(format!("{}{tail}", aside.database.display())).unwrap();
        assert!(after == *before, "{tail:?} was changed");
    }
    let error = Store::open_read_only(crashed.path()).unwrap_err();
    assert!(matches!(error, StoreError::Aside { .. }), "{error}");
}

#[test]
fn the_log_of_a_database_that_is_missing_is_not_thrown_away() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    let left = TempDir::new().unwrap();
    let log = left.path().join(format!("{DATABASE_FILE}-wal"));
    std::fs::copy(folder.path().join(format!("{DATABASE_FILE}-wal")), &log).unwrap();
    let before = std::fs::read(&log).unwrap();
    for empty in [false, true] {
        if empty {
            std::fs::write(left.path().join(DATABASE_FILE), "").unwrap();
        }
        let error = Store::open(left.path()).unwrap_err();
        assert!(matches!(error, StoreError::LogWithout { .. }), "{error}");
        assert!(std::fs::read(&log).unwrap() == before);
    }
}
