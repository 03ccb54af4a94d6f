//! Imports: all of a file or nothing, and the same file twice is the same file once.

use rollcall::core::attendance::Direction;
use rollcall::core::correction::When;
use rollcall::core::person::PersonName;
use rollcall::core::plausible::Implausible;
use rollcall::store::{Author, EventFilter, Imported, ImportedEvent, ImportedPerson, StoreError};

use super::{code, day, enrolled, operator, station, time, void};
use rollcall::core::attendance::EventId;

fn imported(code_text: &str, name: &str) -> ImportedPerson {
    ImportedPerson {
        code: code(code_text),
        name: PersonName::parse(name).unwrap(),
        team: Some("Night".into()),
        expected_from: None,
        consent_at: None,
    }
}

/// In the evening of the day that the other tests are at noon of.
fn evening() -> Author<'static> {
    Author {
        name: "olga",
        at: time("2026-11-23T20:00:00+01:00"),
    }
}

fn imported_of(added: usize, known: usize) -> Imported {
    Imported {
        added,
        known,
        changed: 0,
    }
}

fn event(code_text: &str, at: &str, direction: Direction) -> ImportedEvent {
    ImportedEvent {
        code: code(code_text),
        when: When {
            at: time(at),
            local_day: time(at).date_naive(),
        },
        direction,
    }
}

#[test]
fn people_are_imported_once() {
    let (_folder, mut store) = station();
    let people = [imported("E-1", "Ana"), imported("E-2", "Bruno")];
    let first = store.import_people(&people, operator()).unwrap();
    assert_eq!(first, imported_of(2, 0));
    let again = store.import_people(&people, operator()).unwrap();
    assert_eq!(again, imported_of(0, 2));
    let people = store.everybody().unwrap();
    assert_eq!(people.iter().filter(|p| p.team.is_some()).count(), 2);
    // One bad row, and none is added.
    let mixed = [imported("E-3", "Carla"), imported("e-1", "Somebody else")];
    let (row, error) = store.import_people(&mixed, operator()).unwrap_err();
    assert!(
        matches!(error, StoreError::CodeTaken { .. }) && row == 1,
        "{row}: {error}"
    );
    assert_eq!(store.people().unwrap().len(), 2);
}

#[test]
fn punches_are_imported_once_also_after_one_was_voided() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let events = [
        event("E-1", "2026-11-23T08:00:00+01:00", Direction::In),
        event("e-1", "2026-11-23T16:00:00+01:00", Direction::Out),
        // The same moment, written with another offset.
        event("E-1", "2026-11-23T15:00:00+00:00", Direction::Out),
    ];
    let first = store.import_events(&events, "old.csv", evening()).unwrap();
    assert_eq!(first, imported_of(2, 1));
    void(&mut store, EventId(2), "not so").unwrap();
    let again = store.import_events(&events, "old.csv", evening()).unwrap();
    assert_eq!(again, imported_of(0, 3));
    let rows = store.attendance(&EventFilter::default()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].source, "import");
    assert_eq!(rows[0].reason.as_deref(), Some("imported from old.csv"));
    let unknown = [
        events[0].clone(),
        event("E-9", "2026-11-23T08:00:00+01:00", Direction::In),
    ];
    let (row, error) = store
        .import_events(&unknown, "old.csv", operator())
        .unwrap_err();
    assert!(
        matches!(error, StoreError::NoSuchCode { .. }) && row == 1,
        "{row}: {error}"
    );
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn what_cannot_have_happened_is_refused_with_its_row_and_nothing_is_added() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let good = event("E-1", "2026-11-20T08:00:00+01:00", Direction::In);
    for bad in [
        "1899-12-31T08:00:00+01:00",
        "1970-01-01T00:00:00+00:00",
        "2030-01-01T08:00:00+01:00",
        "2063-01-01T08:00:00+01:00",
        "9999-12-31T23:59:00+00:00",
    ] {
        let rows = [good.clone(), event("E-1", bad, Direction::Out)];
        let (row, error) = store.import_events(&rows, "a.csv", operator()).unwrap_err();
        assert_eq!(row, 1, "{bad}");
        assert!(
            matches!(
                error,
                StoreError::Implausible(Implausible::TooOld { .. } | Implausible::Future { .. })
            ),
            "{bad}: {error}"
        );
    }
    let mut elsewhere = good;
    elsewhere.when.local_day = day("2020-01-01");
    let (_, error) = store
        .import_events(&[elsewhere], "a.csv", operator())
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Implausible(Implausible::OtherDay { .. })),
        "{error}"
    );
    assert_eq!(store.event_count().unwrap(), 0);
    let mut agreed = imported("E-2", "Bea");
    agreed.consent_at = Some(day("2030-01-01"));
    let (_, error) = store.import_people(&[agreed], operator()).unwrap_err();
    assert!(
        matches!(error, StoreError::Implausible(Implausible::Consent(_))),
        "{error}"
    );
}

#[test]
fn a_history_is_one_of_absence_too_from_its_first_day_on() {
    let (_folder, mut store) = station();
    let mut stated = imported("E-2", "Bea");
    stated.expected_from = Some(day("2026-11-02"));
    store
        .import_people(&[imported("E-1", "Ana"), stated], operator())
        .unwrap();
    let history = ["E-1", "E-2"].map(|code| {
        [
            event(code, "2026-10-19T08:00:00+02:00", Direction::In),
            event(code, "2026-10-05T08:00:00+02:00", Direction::In),
        ]
    });
    store
        .import_events(&history.concat(), "old.csv", operator())
        .unwrap();
    let first_days = |store: &rollcall::store::Store| -> Vec<_> {
        let people = store.everybody().unwrap().into_iter();
        people.map(|person| person.expectation.from).collect()
    };
    assert_eq!(
        first_days(&store),
        [Some(day("2026-10-05")), Some(day("2026-11-02"))],
        "what an operator has stated stays"
    );
    let earlier = event("E-1", "2026-09-01T08:00:00+02:00", Direction::In);
    store
        .import_events(&[earlier], "older.csv", operator())
        .unwrap();
    assert_eq!(first_days(&store)[0], Some(day("2026-09-01")));
    let trail = store.audit_trail(10).unwrap();
    let said = trail.iter().filter(|line| line.action == "person.expected");
    assert_eq!(said.count(), 2);
}

#[test]
fn a_file_that_says_something_new_of_somebody_is_taken_at_its_word() {
    let (_folder, mut store) = station();
    let first = imported("E-1", "Ana");
    store
        .import_people(std::slice::from_ref(&first), operator())
        .unwrap();
    let moved = ImportedPerson {
        code: code("e-1"),
        team: Some("Day".into()),
        expected_from: Some(day("2026-10-01")),
        consent_at: Some(day("2026-10-01")),
        ..first.clone()
    };
    let done = store
        .import_people(std::slice::from_ref(&moved), operator())
        .unwrap();
    assert_eq!((done.added, done.known, done.changed), (0, 1, 1));
    let mut foreseen = store.everybody().unwrap().remove(0);
    assert_eq!(foreseen.team.as_deref(), Some("Day"));
    assert_eq!(foreseen.expectation.from, Some(day("2026-10-01")));
    assert!(store.people().unwrap()[0].consent_at.is_some());
    let again = store.import_people(&[moved], operator()).unwrap();
    assert_eq!(again.changed, 0);
    // A file that says nothing of a team takes none away, and another case is no other team.
    let silent = ImportedPerson {
        team: None,
        ..first
    };
    assert_eq!(
        store
            .import_people(std::slice::from_ref(&silent), operator())
            .unwrap()
            .changed,
        0
    );
    let loud = ImportedPerson {
        team: Some(" DAY".into()),
        ..silent
    };
    assert_eq!(
        store
            .import_people(std::slice::from_ref(&loud), operator())
            .unwrap()
            .changed,
        0
    );
    let before = foreseen.clone();
    loud.apply_to(&mut foreseen);
    assert_eq!(foreseen, before);
}
