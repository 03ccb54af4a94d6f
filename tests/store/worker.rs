//! The store's thread: receipts after the commit, and nothing lost on the way.

use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use rollcall::clock::Clock;
use rollcall::core::embedding::Cosine;
use rollcall::core::enrolment::identity::AnotherPerson;
use rollcall::core::event::{PunchOutcome, Receipt, Sighting, SightingReason, Ticket};
use rollcall::core::person::PersonId;
use rollcall::store::worker::{Patience, StoreHandle, StoreRequest, Taken, spawn};
use rollcall::store::{EventFilter, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{code, day, enrolled, model, operator, person, punch, station};

const QUICK: Patience = Patience {
    first_retry: Duration::from_millis(1),
    longest_retry: Duration::from_millis(5),
    at_stop: Duration::from_millis(50),
};

struct Bench {
    folder: TempDir,
    ana: PersonId,
    handle: StoreHandle,
    receipts: Receiver<Receipt>,
}

fn bench() -> Bench {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    drop(store);
    let store = Store::open_with(folder.path(), Duration::from_millis(1)).unwrap();
    let (sender, receipts) = bounded(4);
    let handle = spawn(store, model(), Clock::start(), sender, QUICK).unwrap();
    Bench {
        folder,
        ana,
        handle,
        receipts,
    }
}

impl Bench {
    fn ask(&mut self, request: StoreRequest) {
        assert!(matches!(self.handle.send(request), Taken::Yes));
    }

    fn punch(&mut self, sequence: u32) {
        let at = format!("2026-11-23T08:00:00.{sequence:03}+01:00");
        let request = StoreRequest::Punch {
            ticket: Ticket(sequence.into()),
            punch: punch(self.ana, sequence, &at),
        };
        self.ask(request);
    }

    fn receipt(&self) -> Receipt {
        self.receipts.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    fn written(&self) -> usize {
        let store = Store::open_read_only(self.folder.path()).unwrap();
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len()
    }
}

#[test]
fn a_receipt_comes_after_the_commit() {
    let mut bench = bench();
    bench.punch(1);
    let Receipt::Punch { ticket, outcome } = bench.receipt() else {
        panic!("no receipt of a punch");
    };
    assert_eq!(ticket, Ticket(1));
    assert!(matches!(outcome, PunchOutcome::Recorded(_)));
    assert_eq!(bench.written(), 1);
    assert!(bench.handle.finish().is_empty());
}

#[test]
fn whoever_comes_back_is_not_enrolled_a_second_time() {
    let mut bench = bench();
    let mut store = Store::open(bench.folder.path()).unwrap();
    store.deactivate(&code("E-1"), operator()).unwrap();
    let mut enrol = |stated| {
        bench.ask(StoreRequest::Enrol {
            ticket: Ticket(1),
            person: person("E-2", "Anna"),
            stated,
        });
        loop {
            match bench.receipt() {
                Receipt::EnrolmentRefused { reason, .. } => return Err(reason),
                Receipt::Enrolled { person, .. } => return Ok(person.code),
                _ => {}
            }
        }
    };
    let reason = enrol(None).unwrap_err();
    assert!(
        reason.to_string().contains("(E-1), who is deactivated"),
        "{reason}"
    );
    let another = |than| AnotherPerson {
        than: code(than),
        similarity: Cosine(1.0),
    };
    assert!(enrol(Some(another("E-7"))).is_err(), "somebody else");
    assert_eq!(enrol(Some(another("E-1"))), Ok(code("E-2")));
}

#[test]
fn punches_outlast_a_locked_database_in_their_order() {
    let mut bench = bench();
    let other = Connection::open(bench.folder.path().join("station.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for sequence in 1..=3 {
        bench.punch(sequence);
    }
    let Receipt::Trouble(message) = bench.receipt() else {
        panic!("no trouble");
    };
    assert!(message.to_string().contains("locked"), "{message}");
    other.execute_batch("COMMIT").unwrap();
    let (mut tickets, mut recovered) = (vec![], false);
    while tickets.len() < 3 || !recovered {
        match bench.receipt() {
            Receipt::Trouble(_) => {}
            Receipt::Recovered => recovered = true,
            Receipt::Punch {
                ticket,
                outcome: PunchOutcome::Recorded(_),
            } => tickets.push(ticket.0),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(tickets, [1, 2, 3]);
    assert!(bench.handle.finish().is_empty());
}

#[test]
fn an_outage_refuses_at_once_what_an_operator_waits_for() {
    let mut bench = bench();
    let other = Connection::open(bench.folder.path().join("station.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.punch(1);
    assert!(matches!(bench.receipt(), Receipt::Trouble(_)));
    let ticket = Ticket(77);
    let person = person("E-2", "Bea");
    bench.ask(StoreRequest::Enrol {
        ticket,
        person,
        stated: None,
    });
    // Reading still works, and does not mean that writing does.
    bench.ask(StoreRequest::ReloadIfChanged {
        local_day: day("2026-11-23"),
    });
    loop {
        match bench.receipt() {
            Receipt::Trouble(_) => {}
            Receipt::EnrolmentRefused { ticket, reason } => {
                assert_eq!(ticket, Ticket(77));
                assert!(reason.to_string().contains("cannot be written"), "{reason}");
                break;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    other.execute_batch("COMMIT").unwrap();
    loop {
        match bench.receipt() {
            Receipt::Punch { ticket, .. } => assert_eq!(ticket, Ticket(1)),
            Receipt::Recovered => break,
            Receipt::Trouble(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(bench.handle.finish().is_empty());
    let store = Store::open_read_only(bench.folder.path()).unwrap();
    assert_eq!(store.everybody().unwrap().len(), 1);
}

#[test]
fn a_stop_works_off_the_queue_though_nobody_reads_receipts() {
    let mut bench = bench();
    // More than both channels hold.
    for sequence in 1..=100 {
        bench.punch(sequence);
    }
    assert!(bench.handle.finish().is_empty());
    let store = Store::open_read_only(bench.folder.path()).unwrap();
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len(),
        100
    );
}

#[test]
fn what_cannot_be_written_at_a_stop_is_handed_back() {
    let mut bench = bench();
    let other = Connection::open(bench.folder.path().join("station.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.punch(1);
    bench.punch(2);
    let left = bench.handle.finish();
    assert_eq!(left.iter().map(|p| p.sequence).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_punch_of_a_deleted_person_is_refused_and_blocks_nobody() {
    let mut bench = bench();
    bench.ask(StoreRequest::Punch {
        ticket: Ticket(7),
        punch: punch(PersonId(99), 1, "2026-11-23T08:00:00+01:00"),
    });
    bench.punch(1);
    let Receipt::Punch { ticket, outcome } = bench.receipt() else {
        panic!("no receipt of a punch");
    };
    assert_eq!(ticket, Ticket(7));
    assert!(matches!(outcome, PunchOutcome::Refused(reason) if reason.to_string().contains("99")));
    assert!(matches!(
        bench.receipt(),
        Receipt::Punch {
            outcome: PunchOutcome::Recorded(_),
            ..
        }
    ));
    bench.handle.finish();
}

#[test]
fn enrolment_is_confirmed_or_refused_and_a_snapshot_knows_it() {
    let mut bench = bench();
    for (ticket, code) in [(1, "E-2"), (2, "e-2")] {
        bench.ask(StoreRequest::Enrol {
            ticket: Ticket(ticket),
            person: person(code, "Bruno"),
            stated: None,
        });
    }
    let sighting = Sighting {
        camera: None,
        at: Clock::start().now(),
        reason: SightingReason::Unknown,
        candidate: None,
        liveness: None,
        look: None,
    };
    bench.ask(StoreRequest::Sighting(sighting, None));
    bench.ask(StoreRequest::Reload {
        local_day: day("2026-11-23"),
    });
    assert!(matches!(bench.receipt(), Receipt::Enrolled { templates, .. } if templates.len() == 2));
    let Receipt::EnrolmentRefused { reason, .. } = bench.receipt() else {
        panic!("not refused");
    };
    assert_eq!(reason.to_string(), "the code e-2 belongs to Bruno");
    let Receipt::Snapshot(snapshot) = bench.receipt() else {
        panic!("no snapshot");
    };
    assert_eq!(snapshot.people.len(), 2);
    bench.handle.finish();
    let store = Store::open_read_only(bench.folder.path()).unwrap();
    assert_eq!(store.sighting_count().unwrap(), 1);
}
