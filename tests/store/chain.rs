//! Tampering with the file shows.

use rollcall::core::attendance::EventId;
use rollcall::store::{BrokenLink, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{enrolled, operator, punch, station, void};

/// A station with three punches, one of them voided.
fn lived_in() -> (TempDir, Store) {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for sequence in 1..=3 {
        let at = format!("2026-11-23T0{sequence}:00:00+01:00");
        store
            .record(&punch(ana, sequence, &at), operator())
            .unwrap();
    }
    void(&mut store, EventId(2), "wrong person").unwrap();
    assert_eq!(store.verify_chain().unwrap().broken, None);
    (folder, store)
}

/// What somebody with a shell does, who has taken our triggers away.
fn tampered(sql: &str) -> BrokenLink {
    let (_folder, store) = lived_in();
    let shell = Connection::open(store.path()).unwrap();
    let triggers: Vec<String> = shell
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        shell
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    let changed = shell.execute(sql, []).unwrap();
    assert_eq!(changed, 1, "{sql}");
    store.verify_chain().unwrap().broken.unwrap()
}

#[test]
fn a_changed_event_shows() {
    for change in [
        "at_utc_us = at_utc_us - 600000000",
        "local_day = '2026-11-24'",
        "direction = 'out'",
        "person_id = 1, similarity = 0.9",
        "utc_offset_secs = 0",
        "clock_state = 'synchronised'",
        "void_at = 'x', void_by = 'x', void_reason = 'x'",
    ] {
        let sql = format!("UPDATE attendance_event SET {change} WHERE id = 3");
        let broken = tampered(&sql);
        assert!(
            matches!(broken, BrokenLink::Event { event: 3, .. }),
            "{change}: {broken}"
        );
    }
    let broken = tampered("UPDATE attendance_event SET void_reason = 'x' WHERE id = 2");
    assert!(
        matches!(broken, BrokenLink::Event { event: 2, .. }),
        "{broken}"
    );
}

#[test]
fn an_added_or_removed_event_shows() {
    assert_eq!(
        tampered(
            "INSERT INTO attendance_event (person_id, local_day, sequence, at_utc_us,
                utc_offset_secs, direction, source, created_at)
             VALUES (1, '2026-11-22', 1, 0, 0, 'in', 'camera', 'then')"
        ),
        BrokenLink::Unrecorded { event: 4 }
    );
    let broken = tampered("DELETE FROM attendance_event WHERE id = 1");
    assert!(
        matches!(broken, BrokenLink::Missing { event: 1, .. }),
        "{broken}"
    );
}

#[test]
fn a_changed_trail_shows_where_it_breaks() {
    for change in [
        "UPDATE audit SET actor = 'somebody' WHERE id = 2",
        "UPDATE audit SET detail = 'x' WHERE id = 2",
        "UPDATE audit SET at = 'x' WHERE id = 2",
        "UPDATE audit SET content = NULL WHERE id = 2",
        "UPDATE audit SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE id = 2",
    ] {
        let broken = tampered(change);
        assert!(
            matches!(broken, BrokenLink::Record { record: 2, .. }),
            "{change}: {broken}"
        );
    }
    let broken = tampered("DELETE FROM audit WHERE id = 2");
    assert!(
        matches!(broken, BrokenLink::Record { record: 3, .. }),
        "{broken}"
    );
    let broken = tampered("DELETE FROM audit WHERE id = 5");
    assert_eq!(
        broken,
        BrokenLink::CutOff {
            last: 4,
            written: 5
        }
    );
}
