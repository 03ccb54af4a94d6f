//! What is opened, what is refused, and that refusing changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rollcall::store::{DATABASE_FILE, EventFilter, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{enrolled, operator, punch, station};

/// A folder whose database file holds these bytes.
fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(DATABASE_FILE), bytes).unwrap();
    folder
}

fn refused(folder: &TempDir) -> StoreError {
    let path = folder.path().join(DATABASE_FILE);
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), before, "{error}");
    assert!(error.to_string().contains(DATABASE_FILE), "{error}");
    error
}

#[test]
fn folder_and_file_are_readable_by_their_owner_only() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("data");
    let _store = Store::open(&folder).unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.clone()), 0o700);
    assert_eq!(mode(folder.join(DATABASE_FILE)), 0o600);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = folder_with(&b"attendance of last week, typed by hand\n".repeat(100));
    assert!(matches!(refused(&folder), StoreError::NotADatabase { .. }));
}

#[test]
fn a_damaged_database_is_refused() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for sequence in 1..200 {
        let at = "2026-11-23T08:00:00+01:00";
        store.record(&punch(ana, sequence, at), operator()).unwrap();
    }
    drop(store);
    let path = folder.path().join(DATABASE_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    // The header stays: the damage is in the pages behind it.
    for byte in &mut bytes[8192..] {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&folder);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let other = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    other
        .execute_batch("CREATE TABLE recipe (name TEXT)")
        .unwrap();
    drop(other);
    assert!(matches!(refused(&folder), StoreError::Foreign { .. }));
}

#[test]
fn a_missing_database_beside_pictures_is_not_made_anew() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    drop(store);
    std::fs::remove_file(folder.path().join(DATABASE_FILE)).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }), "{error}");
    assert!(!folder.path().join(DATABASE_FILE).exists());
    assert_eq!(
        std::fs::read_dir(folder.path().join("faces/E-1"))
            .unwrap()
            .count(),
        2
    );
}

#[test]
fn a_locked_database_is_named_after_the_timeout() {
    let (folder, store) = station();
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = Store::open_with(folder.path(), Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(!error.is_permanent());
    other.execute_batch("COMMIT").unwrap();
    Store::open_with(folder.path(), Duration::from_millis(20)).unwrap();
}

#[test]
fn a_listing_reads_while_the_dashboard_writes() {
    let (folder, mut writer) = station();
    let ana = enrolled(&mut writer, "E-1");
    let reader = Store::open_read_only(folder.path()).unwrap();
    let eight = "2026-11-23T08:00:00+01:00";
    writer.record(&punch(ana, 1, eight), operator()).unwrap();
    let other = Connection::open(writer.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let events = reader
        .events(&EventFilter::of_day(super::day("2026-11-23")))
        .unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn reading_makes_no_database() {
    let folder = TempDir::new().unwrap();
    let error = Store::open_read_only(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn writing_through_a_reader_says_read_only() {
    let (folder, mut writer) = station();
    let ana = enrolled(&mut writer, "E-1");
    let mut reader = Store::open_read_only(folder.path()).unwrap();
    let eight = "2026-11-23T08:00:00+01:00";
    let error = reader
        .record(&punch(ana, 1, eight), operator())
        .unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_read_only_folder_is_named() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(folder.join("probe"), "").is_ok() {
        // Permissions do not bind the superuser, so there is nothing to see here.
        return;
    }
    let error = Store::open(&folder).unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    assert!(error.to_string().contains(DATABASE_FILE), "{error}");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused() {
    let parent = TempDir::new().unwrap();
    std::fs::write(parent.path().join("data"), "").unwrap();
    let error = Store::open(&parent.path().join("data")).unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    std::fs::create_dir_all(parent.path().join("other").join(DATABASE_FILE)).unwrap();
    let error = Store::open(&parent.path().join("other")).unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
}
