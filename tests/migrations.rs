//! Databases of stations in the field: each version that was ever released is
//! stored beside this test, and must open with everything that was in it.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

use chrono::NaiveDate;
use rollcall::core::embedding::ModelId;
use rollcall::store::{DATABASE_FILE, EventFilter, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

fn stored(sql: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    database.execute_batch(sql).unwrap();
    folder
}

const VERSION_1: &str = include_str!("fixtures/station_v1.sql");

/// The schema as SQLite keeps it, without what only differs in its layout.
fn schema(folder: &TempDir) -> Vec<String> {
    let database = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let mut statement = database
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
        .unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    rows.map(|sql| {
        sql.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    })
    .collect()
}

#[test]
fn a_version_1_station_opens_with_everything_in_it() {
    let folder = stored(VERSION_1);
    let store = Store::open(folder.path()).unwrap();
    let people = store.people().unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(
        (people[0].code.as_str(), people[0].name.as_str()),
        ("E-1", "Ana Torres")
    );
    let rows = store.attendance(&EventFilter::default()).unwrap();
    let said: Vec<_> = rows
        .iter()
        .map(|r| {
            format!(
                "{} {} {} {} {}",
                r.code, r.time, r.direction, r.source, r.voided
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "E-1 07:55:00 in camera false",
            "E-2 08:02:00 in manual false",
            "E-1 16:31:00 out camera true",
        ]
    );
    let model = ModelId::from_sha256("0123456789abcdef");
    let day = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
    let snapshot = store.snapshot(day, &model).unwrap();
    let template = snapshot.templates.templates().next().unwrap();
    assert_eq!(template.embedding.as_slice(), [0.5; 4]);
    assert_eq!(snapshot.last_before.len(), 1);
    let trail = store.audit_trail(9).unwrap();
    assert_eq!(trail.last().unwrap().actor, "olga");
    let report = store.verify_chain().unwrap();
    // One voided event, three adopted events, two adopted people, the adopted settings.
    assert_eq!((report.records, report.broken), (7, None));
    assert_eq!(
        store.setting("station.name").unwrap().as_deref(),
        Some("Main door")
    );
}

#[test]
fn a_migrated_station_has_the_schema_of_a_new_one() {
    let (old, new) = (stored(VERSION_1), TempDir::new().unwrap());
    Store::open(old.path()).unwrap();
    Store::open(new.path()).unwrap();
    assert_eq!(schema(&old), schema(&new));
}

/// The rows are moved into a new table; what held them must hold them there too.
#[test]
fn a_migrated_station_is_as_well_guarded() {
    let folder = stored(VERSION_1);
    let store = Store::open(folder.path()).unwrap();
    let shell = Connection::open(store.path()).unwrap();
    for attempt in [
        "DELETE FROM attendance_event WHERE id = 1",
        "UPDATE attendance_event SET direction = 'out' WHERE id = 1",
        "UPDATE attendance_event SET void_reason = 'x' WHERE id = 2",
        "DELETE FROM audit",
        "UPDATE audit SET hash = 'x'",
    ] {
        assert!(shell.execute(attempt, []).is_err(), "allowed: {attempt}");
    }
    let next: i64 = shell
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'attendance_event'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(next, 3, "numbers of events are never given twice");
}

#[test]
fn a_database_of_a_later_program_is_refused_and_left_alone() {
    let folder = stored(VERSION_1);
    let path = folder.path().join(DATABASE_FILE);
    let database = Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 1000).unwrap();
    drop(database);
    let before = std::fs::read(&path).unwrap();
    for error in [
        Store::open(folder.path()).unwrap_err(),
        Store::open_read_only(folder.path()).unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::Newer { found: 1000, .. }),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn opening_twice_changes_nothing() {
    let folder = stored(VERSION_1);
    Store::open(folder.path()).unwrap();
    let once = schema(&folder);
    Store::open(folder.path()).unwrap();
    assert_eq!(schema(&folder), once);
}

/// Before pauses were kept, a person was inactive or not; the trail knows since when.
#[test]
fn somebody_who_was_inactive_keeps_the_days_before() {
    let folder = stored(VERSION_1);
    let path = folder.path().join(DATABASE_FILE);
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "UPDATE person SET active = 0 WHERE code = 'E-1';
             INSERT INTO audit (at, actor, action, subject, detail)
             VALUES ('2026-11-20T09:00:00+01:00', 'olga', 'person.deactivate', 'e-1', '');",
        )
        .unwrap();
    drop(database);
    let store = Store::open(folder.path()).unwrap();
    let people = store.everybody().unwrap();
    let pauses = &people[0].expectation.pauses;
    assert_eq!(pauses.len(), 1);
    assert_eq!(
        pauses[0].from,
        NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
    );
    assert_eq!(pauses[0].until, None);
}
