//! Corrections: nothing is overwritten, everything is signed.

use rollcall::core::attendance::{Direction, EventId, EventSource};
use rollcall::core::correction::{Change, Correction, Deed, When};
use rollcall::core::event::PunchOutcome;
use rollcall::core::printable::WordingError;
use rollcall::store::{EventFilter, Store, StoreError};

use super::{code, correction, day, enrolled, operator, punch, station, time, void};

const EIGHT: &str = "2026-11-23T08:00:00+01:00";
const NOON: &str = "2026-11-23T12:00:00+01:00";

fn when(at: &str) -> When {
    When {
        at: time(at),
        local_day: time(at).date_naive(),
    }
}

fn added(code_text: &str, at: &str, direction: Direction) -> Deed {
    Deed::Add {
        code: code(code_text),
        when: when(at),
        direction,
    }
}

fn changed(event: i64, change: Change) -> Deed {
    Deed::Change {
        event: EventId(event),
        change,
    }
}

fn correct(
    store: &mut Store,
    deed: Deed,
) -> Result<rollcall::core::correction::Corrected, StoreError> {
    store.correct(&correction(deed, "camera was off"), operator().at)
}

/// Standing events as `code time direction`.
fn standing(store: &Store) -> Vec<String> {
    let rows = store.attendance(&EventFilter::default()).unwrap();
    rows.iter()
        .filter(|row| !row.voided)
        .map(|row| format!("{} {} {}", row.code, &row.time[..5], row.direction))
        .collect()
}

#[test]
fn an_added_punch_takes_the_next_place_and_is_signed() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    let done = correct(&mut store, added("e-1", NOON, Direction::Out)).unwrap();
    let event = done.added.unwrap();
    assert_eq!((event.sequence, event.source), (2, EventSource::Manual));
    assert_eq!(event.provenance.operator.as_deref(), Some("olga"));
    assert_eq!(event.provenance.reason.as_deref(), Some("camera was off"));
    assert_eq!(store.audit_trail(1).unwrap()[0].detail, "camera was off");
    // The station did not know of it and decides for the same place.
    let stale = store.record(&punch(ana, 2, NOON), operator()).unwrap();
    assert!(matches!(stale, PunchOutcome::Superseded { .. }));
}

#[test]
fn the_same_punch_is_not_added_twice() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    correct(&mut store, added("E-1", NOON, Direction::Out)).unwrap();
    let again = correct(&mut store, added("E-1", NOON, Direction::Out)).unwrap_err();
    assert!(
        matches!(again, StoreError::SameEvent { event: EventId(1) }),
        "{again}"
    );
    assert_eq!(standing(&store), ["E-1 12:00 out"]);
    // Taken back, it may be added again.
    void(&mut store, EventId(1), "not so").unwrap();
    correct(&mut store, added("E-1", NOON, Direction::Out)).unwrap();
    assert_eq!(standing(&store), ["E-1 12:00 out"]);
}

#[test]
fn a_changed_event_is_voided_and_replaced_in_one_step() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    enrolled(&mut store, "E-2");
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    let to_bruno = Change {
        code: Some(code("E-2")),
        when: Some(when("2026-11-23T08:05:00+01:00")),
        ..Change::default()
    };
    let done = correct(&mut store, changed(1, to_bruno)).unwrap();
    let (old, new) = (done.voided.unwrap(), done.added.unwrap());
    assert_eq!(old.void.unwrap().reason, "camera was off");
    assert_eq!(new.provenance.replaces, Some(old.id));
    assert_eq!(new.direction, Direction::In, "what is not changed stays");
    assert_eq!(standing(&store), ["E-2 08:05 in"]);
    // Undoing is another correction.
    let back = Change {
        code: Some(code("E-1")),
        when: Some(when(EIGHT)),
        ..Change::default()
    };
    correct(&mut store, changed(new.id.0, back)).unwrap();
    assert_eq!(standing(&store), ["E-1 08:00 in"]);
    assert_eq!(
        store
            .events(&EventFilter::of_day(day("2026-11-23")))
            .unwrap()
            .len(),
        3
    );
    assert!(store.verify_chain().unwrap().broken.is_none());
}

#[test]
fn a_correction_that_cannot_be_done_leaves_everything_as_it_was() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    correct(&mut store, added("E-1", NOON, Direction::In)).unwrap();
    let trail = store.audit_trail(100).unwrap();
    let at = |at: &str| Change {
        when: Some(when(at)),
        ..Change::default()
    };
    let nobody = Change {
        code: Some(code("E-9")),
        ..Change::default()
    };
    for (deed, expected) in [
        (changed(1, Change::default()), "like that already"),
        (changed(1, at(EIGHT)), "like that already"),
        // The old event is voided first, and that must be taken back too.
        (changed(1, at(NOON)), "event 2 says the same"),
        (changed(1, nobody), "nobody has the code E-9"),
        (changed(9, at(NOON)), "no attendance event 9"),
        (added("E-9", NOON, Direction::In), "nobody has the code E-9"),
        (Deed::Void { event: EventId(9) }, "no attendance event 9"),
    ] {
        let error = correct(&mut store, deed.clone()).unwrap_err();
        assert!(error.to_string().contains(expected), "{deed:?}: {error}");
        assert!(error.is_permanent(), "{deed:?}");
    }
    let unsigned = Correction {
        operator: " ".into(),
        ..correction(changed(1, at("2026-11-23T09:00:00+01:00")), "why")
    };
    let error = store.correct(&unsigned, operator().at).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Wording(WordingError::Empty {
            what: "name of the operator"
        })
    ));
    assert_eq!(standing(&store), ["E-1 08:00 in", "E-1 12:00 in"]);
    assert_eq!(store.audit_trail(100).unwrap(), trail);
}
