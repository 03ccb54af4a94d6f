//! Events of a doubtful clock: marked, and shifted once.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta};
use rollcall::core::attendance::{EventId, NewPunch};
use rollcall::core::clock_repair::{ClockRepair, ClockSpan};
use rollcall::core::clock_trust::{ClockReading, ClockState};
use rollcall::core::correction::Corrected;
use rollcall::core::day::{AttendanceMode, AttendancePolicy};
use rollcall::core::event::PunchOutcome;
use rollcall::core::person::PersonId;
use rollcall::store::{Author, Calendar, EventFilter, Store, StoreError};

use super::{enrolled, punch, station, time, void};

fn doubtful(person: PersonId, sequence: u32, at: &str, state: ClockState, jumps: u32) -> NewPunch {
    NewPunch {
        clock: Some(ClockReading { state, jumps }),
        ..punch(person, sequence, at)
    }
}

fn the_day_after() -> Author<'static> {
    Author {
        name: "olga",
        at: time("2026-11-24T12:00:00+01:00"),
    }
}

fn record(store: &mut Store, punch: &NewPunch) -> i64 {
    match store.record(punch, the_day_after()).unwrap() {
        PunchOutcome::Recorded(event) => event.provenance.clock.unwrap().batch,
        other => unreachable!("{other:?}"),
    }
}

fn repair(store: &mut Store, span: ClockSpan) -> Result<Vec<Corrected>, StoreError> {
    let repair = ClockRepair {
        span,
        shift: TimeDelta::hours(2),
        operator: "olga".into(),
        reason: "the battery was flat".into(),
    };
    let calendar = Calendar {
        policy: AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: std::time::Duration::from_secs(300),
            day_starts_at: NaiveTime::MIN,
        },
        localise: &|at: DateTime<FixedOffset>| at,
    };
    store.repair_clock(&repair, &calendar, the_day_after().at)
}

fn batch(number: i64) -> ClockSpan {
    ClockSpan {
        batch: Some(number),
        between: None,
    }
}

#[test]
fn a_batch_is_one_error_of_the_clock() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let at = |minute: u32| format!("2026-11-23T08:{minute:02}:00+01:00");
    let unsynchronised = |sequence, jumps| {
        doubtful(
            ana,
            sequence,
            &at(sequence),
            ClockState::Unsynchronised,
            jumps,
        )
    };
    assert_eq!(record(&mut store, &unsynchronised(1, 0)), 1);
    assert_eq!(record(&mut store, &unsynchronised(2, 0)), 1);
    assert_eq!(record(&mut store, &unsynchronised(3, 1)), 2);
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(record(&mut store, &unsynchronised(4, 0)), 3, "another run");
}

#[test]
fn only_doubtful_events_are_shifted_and_only_once() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for (sequence, at, state) in [
        (1, "2026-11-23T06:00:00+01:00", ClockState::Unsynchronised),
        (2, "2026-11-23T23:00:00+01:00", ClockState::Jumped),
        (3, "2026-11-23T23:30:00+01:00", ClockState::Synchronised),
    ] {
        record(&mut store, &doubtful(ana, sequence, at, state, 0));
    }
    let done = repair(&mut store, batch(1)).unwrap();
    assert_eq!(done.len(), 2);
    let rows = store.attendance(&EventFilter::default()).unwrap();
    let said: Vec<String> = rows
        .iter()
        .filter(|r| !r.voided)
        .map(|r| format!("{} {} {}", r.day, r.time, r.remark()))
        .collect();
    assert_eq!(
        said,
        [
            "2026-11-23 08:00:00 replaces 1; made 2026-11-24 12:00 by olga",
            "2026-11-23 23:30:00 ",
            "2026-11-24 01:00:00 replaces 2; made 2026-11-24 12:00 by olga",
        ]
    );
    assert_eq!(repair(&mut store, batch(1)).unwrap(), []);
    let report = store.verify_chain().unwrap();
    assert_eq!(report.broken, None);
    let last = &store.audit_trail(1).unwrap()[0];
    assert_eq!(last.action, "clock.repair");
    assert_eq!(last.detail, "2 events by +2:00:00: the battery was flat");
}

#[test]
fn a_span_limits_the_repair() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let at = |hour: u32| format!("2026-11-23T{hour:02}:00:00+01:00");
    for hour in 1..=4 {
        record(
            &mut store,
            &doubtful(ana, hour, &at(hour), ClockState::Unsynchronised, 0),
        );
    }
    let span = ClockSpan {
        between: Some((time(&at(2)), time(&at(3)))),
        batch: None,
    };
    let shifted = store.doubtful_events(&span).unwrap();
    assert_eq!(shifted.iter().map(|e| e.id.0).collect::<Vec<_>>(), [2, 3]);
    // A repair that fails half-way is none: 04:00 + 2 h is what event 5 says already.
    let six = doubtful(ana, 6, &at(6), ClockState::Synchronised, 0);
    record(&mut store, &six);
    let before = store.audit_trail(100).unwrap();
    let error = repair(&mut store, ClockSpan::default()).unwrap_err();
    assert!(matches!(error, StoreError::SameEvent { .. }), "{error}");
    assert_eq!(store.audit_trail(100).unwrap(), before);
    // Events that only follow each other at the distance of the shift do not clash.
    void(&mut store, EventId(5), "not so").unwrap();
    assert_eq!(repair(&mut store, ClockSpan::default()).unwrap().len(), 4);
}
