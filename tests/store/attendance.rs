//! That a punch is written once, and never changed.

use std::sync::Barrier;

use proptest::prelude::*;
use rollcall::core::attendance::{AttendanceEvent, Direction, EventId, EventSource};
use rollcall::core::clock_trust::{ClockReading, ClockState};
use rollcall::core::correction::{Deed, When};
use rollcall::core::event::PunchOutcome;
use rollcall::core::person::PersonId;
use rollcall::core::printable::WordingError;
use rollcall::store::{Attendance, EventFilter, Store, StoreError};
use rusqlite::Connection;

use super::{code, day, enrolled, model, operator, person, punch, station, void};

const EIGHT: &str = "2026-11-23T08:00:00.123456789+01:00";
const NINE: &str = "2026-11-23T09:00:00+01:00";

#[test]
fn a_punch_reads_back_as_it_was_decided() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let decided = punch(ana, 1, EIGHT);
    let PunchOutcome::Recorded(event) = store.record(&decided, operator()).unwrap() else {
        panic!("not recorded");
    };
    assert_eq!(event.at.to_rfc3339(), "2026-11-23T08:00:00.123456+01:00");
    assert_eq!((event.person, event.sequence), (ana, 1));
    assert_eq!(event.similarity, decided.similarity);
    assert_eq!((event.margin, event.liveness), (Some(0.4), None));
    assert_eq!(event.source, EventSource::Camera);
    assert_eq!(event.void, None);
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap(),
        [event]
    );
}

#[test]
fn a_retry_after_a_crash_finds_its_own_row() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let decided = punch(ana, 1, EIGHT);
    // Committed, and the process is gone before anybody reads the receipt.
    store.record(&decided, operator()).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert!(matches!(
        store.record(&decided, operator()).unwrap(),
        PunchOutcome::AlreadyRecorded(_)
    ));
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_place_that_is_taken_sends_the_decision_back() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    let outcome = store.record(&punch(ana, 1, NINE), operator()).unwrap();
    assert!(matches!(outcome, PunchOutcome::Superseded { .. }));
    let mut other_direction = punch(ana, 1, EIGHT);
    other_direction.direction = Direction::Out;
    let outcome = store.record(&other_direction, operator()).unwrap();
    assert!(matches!(outcome, PunchOutcome::Superseded { .. }));
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn racing_writers_record_one_of_their_punches() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let start = Barrier::new(4);
    let outcomes: Vec<PunchOutcome> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|racer| {
                let (start, folder) = (&start, folder.path());
                scope.spawn(move || {
                    let mut store = Store::open(folder).unwrap();
                    // Two make the very same decision, two each one of their own.
                    let at = format!("2026-11-23T08:00:0{}+01:00", u32::max(racer, 1));
                    start.wait();
                    store.record(&punch(ana, 1, &at), operator()).unwrap()
                })
            })
            .collect();
        racers.into_iter().map(|r| r.join().unwrap()).collect()
    });
    let recorded = |o: &&PunchOutcome| matches!(o, PunchOutcome::Recorded(_));
    assert_eq!(outcomes.iter().filter(recorded).count(), 1, "{outcomes:?}");
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_database_itself_refuses_to_forget() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let PunchOutcome::Recorded(event) = store.record(&punch(ana, 1, EIGHT), operator()).unwrap()
    else {
        panic!("not recorded");
    };
    store.record(&punch(ana, 2, NINE), operator()).unwrap();
    void(&mut store, event.id, "wrong person").unwrap();
    // A connection without any of our settings, as of somebody with a shell.
    let shell = Connection::open(store.path()).unwrap();
    let before = store.attendance(&EventFilter::default()).unwrap();
    for attempt in [
        "DELETE FROM attendance_event",
        "UPDATE attendance_event SET at_utc_us = at_utc_us + 1 WHERE id = 2",
        "UPDATE attendance_event SET direction = 'in' WHERE id = 2",
        "UPDATE attendance_event SET person_id = 2, id = 9 WHERE id = 2",
        "UPDATE attendance_event SET void_at = NULL, void_by = NULL, void_reason = NULL",
        "UPDATE attendance_event SET void_reason = 'another' WHERE id = 1",
        "UPDATE attendance_event SET void_at = '2026-11-23T12:00:00Z' WHERE id = 2",
        "INSERT OR REPLACE INTO attendance_event SELECT * FROM attendance_event WHERE id = 2",
        "INSERT OR REPLACE INTO attendance_event (person_id, local_day, sequence, at_utc_us,
            utc_offset_secs, direction, source, created_at)
         VALUES (1, '2026-11-23', 2, 0, 0, 'in', 'manual', 'now')",
        "UPDATE attendance_event SET clock_state = 'synchronised' WHERE id = 2",
        "INSERT INTO attendance_event (person_id, local_day, sequence, at_utc_us, utc_offset_secs,
            direction, source, created_at, replaces, operator, reason)
         VALUES (1, '2026-11-23', 9, 0, 0, 'in', 'manual', 'now', 2, 'olga', 'not voided')",
        "DELETE FROM person",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'nobody'",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
    ] {
        assert!(shell.execute(attempt, []).is_err(), "allowed: {attempt}");
    }
    assert_eq!(store.attendance(&EventFilter::default()).unwrap(), before);
}

#[test]
fn voiding_says_who_and_why_and_happens_once() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    assert!(matches!(
        void(&mut store, EventId(1), "  "),
        Err(StoreError::Wording(WordingError::Empty { what: "reason" }))
    ));
    let event = void(&mut store, EventId(1), "wrong person").unwrap();
    let taken_back = event.void.unwrap();
    assert_eq!(
        (taken_back.by.as_str(), taken_back.reason.as_str()),
        ("olga", "wrong person")
    );
    let again = void(&mut store, EventId(1), "again").unwrap_err();
    assert!(
        again.to_string().contains("by olga: wrong person"),
        "{again}"
    );
    assert!(matches!(
        void(&mut store, EventId(99), "why"),
        Err(StoreError::NoSuchEvent(EventId(99)))
    ));
    let trail = store.audit_trail(10).unwrap();
    assert_eq!(trail[0].action, "attendance.void");
    assert_eq!(trail.len(), 3, "failures leave no line: {trail:?}");
}

#[test]
fn a_snapshot_knows_the_last_standing_event_before_the_day() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for (sequence, at) in [
        (1, "2026-11-20T08:00:00+01:00"),
        (1, "2026-11-22T08:00:00+01:00"),
        (2, "2026-11-22T16:00:00+01:00"),
        (1, EIGHT),
    ] {
        store.record(&punch(ana, sequence, at), operator()).unwrap();
    }
    void(&mut store, EventId(3), "left without").unwrap();
    let snapshot = store.snapshot(day("2026-11-23"), &model()).unwrap();
    assert_eq!(snapshot.events.len(), 1);
    let ids: Vec<_> = snapshot.last_before.iter().map(|e| e.id).collect();
    assert_eq!(ids, [EventId(2)]);
    assert_eq!((snapshot.people.len(), snapshot.templates.len()), (1, 2));
}

#[test]
fn a_listing_takes_days_and_person() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let (bruno, _) = store
        .add_person(&person("E-2", "محمد \"M\" O'Neil"), operator())
        .unwrap();
    store
        .record(&punch(ana, 1, "2026-11-22T08:00:00-03:30"), operator())
        .unwrap();
    store
        .record(&punch(bruno.id, 1, EIGHT), operator())
        .unwrap();
    let count = |filter| store.attendance(&filter).unwrap().len();
    let all = EventFilter::default();
    assert_eq!(count(all.clone()), 2);
    let from = Some(day("2026-11-23"));
    assert_eq!(
        count(EventFilter {
            from,
            ..all.clone()
        }),
        1
    );
    let to = Some(day("2026-11-22"));
    assert_eq!(count(EventFilter { to, ..all.clone() }), 1);
    let filter = EventFilter {
        code: Some(code("e-2")),
        ..all.clone()
    };
    assert_eq!(
        store.attendance(&filter).unwrap()[0].name,
        "محمد \"M\" O'Neil"
    );
    let first = &store.attendance(&all).unwrap()[0];
    assert_eq!(
        (first.time.as_str(), first.utc_offset.as_str()),
        ("08:00:00", "-03:30")
    );
}

#[derive(Debug, Clone)]
enum Step {
    Punch {
        person: usize,
        sequence: u32,
        minute: u32,
    },
    Void(i64),
    Deactivate(usize),
    Activate(usize),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3usize, 1..5u32, 0..60u32)
            .prop_map(|(person, sequence, minute)| Step::Punch { person, sequence, minute }),
        2 => (1..12i64).prop_map(Step::Void),
        1 => (0..3usize).prop_map(Step::Deactivate),
        1 => (0..3usize).prop_map(Step::Activate),
        1 => (0..3usize).prop_map(Step::Delete),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the order: a place is taken once, nothing disappears or changes
    /// but for becoming void, and only active people are in the gallery.
    #[test]
    fn any_order_of_steps_keeps_the_invariants(steps in prop::collection::vec(step(), 1..40)) {
        const CODES: [&str; 3] = ["E-1", "E-2", "E-3"];
        let (_folder, mut store) = station();
        let ids: Vec<PersonId> = CODES.iter().map(|c| enrolled(&mut store, c)).collect();
        let mut before: Vec<AttendanceEvent> = vec![];
        for step in steps {
            // Refusals are part of the game; what matters is what is left behind.
            let _ = match step {
                Step::Punch { person, sequence, minute } => {
                    let at = format!("2026-11-23T08:{minute:02}:00+01:00");
                    store.record(&punch(ids[person], sequence, &at), operator()).map(|_| ())
                }
                Step::Void(id) => void(&mut store, EventId(id), "why").map(|_| ()),
                Step::Deactivate(i) => store.deactivate(&code(CODES[i]), operator()).map(|_| ()),
                Step::Activate(i) => store.activate(&code(CODES[i]), operator()).map(|_| ()),
                Step::Delete(i) => store.erase_person(&code(CODES[i]), Attendance::KeepsCode, operator()).map(|_| ()),
            };
            let mut events = store.events(&EventFilter::of_day(day("2026-11-23"))).unwrap();
            events.sort_by_key(|e| e.id);
            for (old, new) in before.iter().zip(&events) {
                let mut unvoided = new.clone();
                if old.void.is_none() {
                    unvoided.void = None;
                }
                prop_assert_eq!(old, &unvoided);
            }
            prop_assert!(events.len() >= before.len());
            let mut places: Vec<_> = events.iter().map(|e| (e.person, e.sequence)).collect();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), events.len());
            let snapshot = store.snapshot(day("2026-11-23"), &model()).unwrap();
            for person in snapshot.templates.people() {
                let owner = snapshot.people.iter().find(|p| p.id == person);
                prop_assert!(owner.is_some_and(|p| p.active));
            }
            before = events;
        }
    }
}

#[test]
fn what_the_camera_saw_at_an_impossible_time_is_kept_and_marked() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for (at, source) in [
        ("1970-01-01T00:10:00+00:00", EventSource::Camera),
        ("2063-05-05T08:00:00+02:00", EventSource::Pin),
    ] {
        let mut seen = punch(ana, 1, at);
        seen.source = source;
        seen.clock = Some(ClockReading {
            state: ClockState::Synchronised,
            jumps: 0,
        });
        let outcome = store.record(&seen, operator()).unwrap();
        let PunchOutcome::Recorded(event) = outcome else {
            panic!("{at} was lost: {outcome:?}");
        };
        let state = event.provenance.clock.map(|clock| clock.state);
        assert_eq!(state, Some(ClockState::Unsynchronised), "{at}");
    }
    assert_eq!(store.event_count().unwrap(), 2);
    // The clock of this machine is not blamed for them, nor for what somebody stated.
    assert_eq!(store.latest_seen().unwrap(), None);
    assert!(
        store
            .stated_at_impossible_times(&operator().at)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_somebody_states_has_to_be_possible() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let mut add = |at: &str, local_day: &str| {
        let deed = Deed::Add {
            code: code("E-1"),
            when: When {
                at: super::time(at),
                local_day: super::day(local_day),
            },
            direction: Direction::Out,
        };
        store.correct(&super::correction(deed, "forgotten"), operator().at)
    };
    for (at, local_day) in [
        ("1900-01-01T08:00:00+01:00", "1900-01-01"),
        ("2030-01-01T08:00:00+01:00", "2030-01-01"),
        ("2026-11-23T12:30:00+01:00", "2026-11-23"),
        ("2026-11-11T17:00:00+01:00", "2020-01-01"),
    ] {
        let error = add(at, local_day).unwrap_err();
        assert!(matches!(error, StoreError::Implausible(_)), "{at}: {error}");
        assert!(error.is_permanent());
    }
    add("2026-11-20T02:00:00+01:00", "2026-11-19").unwrap();
    // The same hours do not count on two days.
    let error = add("2026-11-20T02:00:00+01:00", "2026-11-20").unwrap_err();
    assert!(matches!(error, StoreError::SameEvent { .. }), "{error}");
}
