//! Imports: all of a file or nothing, and the same file twice is the same file once.

use rollcall::core::attendance::Direction;
use rollcall::core::correction::When;
use rollcall::core::person::PersonName;
use rollcall::store::{EventFilter, Imported, ImportedEvent, ImportedPerson, StoreError};

use super::{code, enrolled, operator, station, time, void};
use rollcall::core::attendance::EventId;

fn imported(code_text: &str, name: &str) -> ImportedPerson {
    ImportedPerson {
        code: code(code_text),
        name: PersonName::parse(name).unwrap(),
        team: Some("Night".into()),
        consent_at: None,
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
    assert_eq!(first, Imported { added: 2, known: 0 });
    let again = store.import_people(&people, operator()).unwrap();
    assert_eq!(again, Imported { added: 0, known: 2 });
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
    let first = store.import_events(&events, "old.csv", operator()).unwrap();
    assert_eq!(first, Imported { added: 2, known: 1 });
    void(&mut store, EventId(2), "not so").unwrap();
    let again = store.import_events(&events, "old.csv", operator()).unwrap();
    assert_eq!(again, Imported { added: 0, known: 3 });
    let rows = store.attendance(&EventFilter::default()).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].source, "import");
    assert_eq!(rows[0].reason.as_deref(), Some("imported from old.csv"));
    let unknown = [
        events[0].clone(),
        event("E-9", "2026-11-24T08:00:00+01:00", Direction::In),
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
