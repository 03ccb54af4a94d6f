//! Backups: whole, checked, and never put in the place of something that is lost by it.

use std::path::{Path, PathBuf};

use rollcall::core::attendance::EventId;
use rollcall::store::{
    BackupPlan, CONFIGURATION_ASIDE, CheckedBackup, EventFilter, Passphrase, RestorePlan,
    RestoredConfiguration, StationLock, Store, StoreError, back_up, backups, rotate,
};
use tempfile::TempDir;

use super::{enrolled, model, operator, punch, station, void};

pub(super) fn lived_in() -> (TempDir, Store) {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for sequence in 1..=3 {
        let at = format!("2026-11-23T0{sequence}:00:00+01:00");
        store
            .record(&punch(ana, sequence, &at), operator())
            .unwrap();
    }
    void(&mut store, EventId(2), "wrong person").unwrap();
    std::fs::write(
        folder.path().join("config.toml"),
        "[station]\nname = \"Door\"\n",
    )
    .unwrap();
    (folder, store)
}

fn plan(folder: &Path, passphrase: Option<&str>) -> BackupPlan {
    BackupPlan {
        folder: folder.join("backups"),
        passphrase: passphrase.and_then(Passphrase::new),
        at: operator().at,
    }
}

pub(super) fn backed_up(folder: &Path) -> PathBuf {
    back_up(folder, &plan(folder, None)).unwrap().0
}

fn restore(archive: &Path, to: &Path, passphrase: Option<&str>) -> Result<(), StoreError> {
    let passphrase = passphrase.and_then(Passphrase::new);
    let checked = CheckedBackup::open(archive, to, passphrase.as_ref())?;
    let lock = StationLock::take(to)?;
    checked.install(to, &restore_plan(), &lock).map(|_| ())
}

pub(super) fn restore_plan() -> RestorePlan<'static> {
    RestorePlan {
        author: operator(),
        configuration: RestoredConfiguration::LaidAside,
        key_file: None,
    }
}

fn assert_same_station(a: &Store, b: &Store) {
    let all = EventFilter::default();
    assert_eq!(a.attendance(&all).unwrap(), b.attendance(&all).unwrap());
    assert_eq!(a.people().unwrap(), b.people().unwrap());
    assert!(b.picture_problems().unwrap().is_empty());
    assert_eq!(b.load_gallery(&model()).unwrap().templates.len(), 2);
    assert_eq!(b.verify_chain().unwrap().broken, None);
}

#[test]
fn a_backup_is_restored_into_an_empty_folder() {
    // The station is running: its connection stays open.
    let (folder, store) = lived_in();
    let (archive, manifest) = back_up(folder.path(), &plan(folder.path(), None)).unwrap();
    assert_eq!((manifest.people, manifest.events), (1, 3));
    assert_eq!(manifest.trail_head, store.verify_chain().unwrap().head);
    let elsewhere = TempDir::new().unwrap();
    let to = elsewhere.path().join("new");
    restore(&archive, &to, None).unwrap();
    assert_same_station(&store, &Store::open(&to).unwrap());
    assert!(
        std::fs::read_to_string(to.join(CONFIGURATION_ASIDE))
            .unwrap()
            .contains("Door")
    );
    let mut names: Vec<_> = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("station."))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [CONFIGURATION_ASIDE, "faces"],
        "something was left behind, or a configuration was put in force"
    );
}

#[test]
fn an_encrypted_backup_needs_its_passphrase() {
    let (folder, store) = lived_in();
    let plan = plan(folder.path(), Some("correct horse"));
    let (archive, _) = back_up(folder.path(), &plan).unwrap();
    let bytes = std::fs::read(&archive).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"SQLite"), "it can be read");
    let elsewhere = TempDir::new().unwrap();
    let error = restore(&archive, elsewhere.path(), None).unwrap_err();
    assert!(error.to_string().contains("is encrypted"), "{error}");
    let error = restore(&archive, elsewhere.path(), Some("wrong horse")).unwrap_err();
    assert!(error.to_string().contains("cannot be decrypted"), "{error}");
    restore(&archive, elsewhere.path(), Some("correct horse")).unwrap();
    assert_same_station(&store, &Store::open(elsewhere.path()).unwrap());
}

#[test]
fn what_is_there_is_set_aside_and_a_running_station_is_not_disturbed() {
    let (folder, mut store) = lived_in();
    let archive = backed_up(folder.path());
    enrolled(&mut store, "E-2");
    drop(store);
    let lock = StationLock::take(folder.path()).unwrap();
    let error = restore(&archive, folder.path(), None).unwrap_err();
    assert!(matches!(error, StoreError::StationRuns { .. }), "{error}");
    drop(lock);
    assert_eq!(
        Store::open(folder.path()).unwrap().people().unwrap().len(),
        2
    );
    restore(&archive, folder.path(), None).unwrap();
    let restored = Store::open(folder.path()).unwrap();
    assert_eq!(restored.people().unwrap().len(), 1);
    assert_eq!(restored.audit_trail(1).unwrap()[0].action, "backup.restore");
    let aside: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".aside-"))
        .collect();
    assert_eq!(aside.len(), 2, "database and pictures: {aside:?}");
    let configuration = folder.path().join("config.toml");
    assert!(configuration.exists(), "the station's own stays in force");
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_touched() {
    let (folder, store) = lived_in();
    let archive = backed_up(folder.path());
    let good = std::fs::read(&archive).unwrap();
    let to = TempDir::new().unwrap();
    let broken = to.path().join("broken.tar");
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&broken, bytes).unwrap();
        let target = to.path().join("data");
        let error = restore(&broken, &target, None).unwrap_err();
        assert!(error.to_string().contains("broken.tar"), "{what}: {error}");
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0, "{what}");
    };
    refused(b"", "empty");
    refused(b"not an archive at all, only some text in a file", "text");
    for part in [
        100,
        600,
        good.len() / 3,
        good.len() * 2 / 3,
        good.len() - 1600,
    ] {
        refused(&good[..part], &format!("cut off after {part} bytes"));
    }
    let database = good
        .windows(16)
        .position(|w| w == b"SQLite format 3\0")
        .unwrap();
    for offset in [100, 5000] {
        let mut bytes = good.clone();
        bytes[database + offset] ^= 1;
        refused(&bytes, "one bit of the database");
    }
    let jpeg = good
        .windows(12)
        .position(|w| w == b"\xff\xd8 a picture")
        .unwrap();
    let mut bytes = good.clone();
    bytes[jpeg + 5] ^= 1;
    refused(&bytes, "one bit of a picture");
    drop(store);
}

#[test]
fn an_archive_cannot_write_outside_of_its_folder() {
    let (folder, _store) = lived_in();
    let archive = backed_up(folder.path());
    let good = std::fs::read(&archive).unwrap();
    let to = TempDir::new().unwrap();
    for evil in ["../../evil.jpg", "/evil.jpg", "faces/../evil.j"] {
        // The same length, so that nothing else changes.
        let old = b"faces/E-1/face-";
        let mut bytes = good.clone();
        while let Some(at) = bytes.windows(old.len()).position(|w| w == old) {
            let mut name = evil.as_bytes().to_vec();
            name.resize(old.len(), b'x');
            bytes[at..at + old.len()].copy_from_slice(&name);
        }
        let broken = to.path().join("evil.tar");
        std::fs::write(&broken, bytes).unwrap();
        let error = restore(&broken, &to.path().join("data"), None).unwrap_err();
        assert!(
            matches!(error, StoreError::Archive { .. }),
            "{evil}: {error}"
        );
    }
}

#[test]
fn old_backups_make_room_for_new_ones() {
    let folder = TempDir::new().unwrap();
    for name in [
        "rollcall-20261123T080000000Z.tar",
        "rollcall-20261121T080000000Z.tar.age",
        "rollcall-20261122T080000000Z.tar",
        "notes.txt",
        "holiday.tar",
    ] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let removed = rotate(folder.path(), 2).unwrap();
    assert_eq!(removed.len(), 1);
    assert!(removed[0].ends_with("rollcall-20261121T080000000Z.tar.age"));
    assert_eq!(backups(folder.path()).unwrap().len(), 2);
    assert!(folder.path().join("notes.txt").exists() && folder.path().join("holiday.tar").exists());
}
