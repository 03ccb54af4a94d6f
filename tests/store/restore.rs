//! Archives that somebody made to do harm: each is refused, or does nothing by itself.

use std::io::Read;
use std::path::{Path, PathBuf};

use rollcall::store::{
    CONFIGURATION_ASIDE, CheckedBackup, DATABASE_FILE, RestorePlan, RestoredConfiguration,
    StationLock, Store, StoreError,
};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::backup::{backed_up, lived_in, restore_plan};
use super::{code, enrolled, operator, station};

/// An archive taken apart, to be put together again in another way.
struct Forgery {
    folder: TempDir,
    manifest: serde_json::Value,
    files: Vec<(String, Vec<u8>)>,
}

impl Forgery {
    fn of(archive: &Path) -> Self {
        let mut reader = tar::Archive::new(std::fs::File::open(archive).unwrap());
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for entry in reader.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.push((name, bytes));
        }
        let (_, manifest) = files.remove(0);
        Self {
            folder: TempDir::new().unwrap(),
            manifest: serde_json::from_slice(&manifest).unwrap(),
            files,
        }
    }

    /// A backup of a station with one person and three punches.
    fn new() -> Self {
        let (folder, _store) = lived_in();
        Self::of(&backed_up(folder.path()))
    }

    fn set(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.retain(|(known, _)| known != name);
        self.files.push((name.to_owned(), bytes));
    }

    /// Changes the database as somebody with a shell would.
    fn sql(&mut self, sql: &str) {
        let path = self.folder.path().join(DATABASE_FILE);
        let database = self.files.iter().find(|(n, _)| n == DATABASE_FILE).unwrap();
        std::fs::write(&path, &database.1).unwrap();
        let shell = Connection::open(&path).unwrap();
        shell.execute_batch(sql).unwrap();
        drop(shell);
        self.set(DATABASE_FILE, std::fs::read(&path).unwrap());
    }

    /// The manifest that fits the files, as a forger makes it.
    fn describe(&mut self) {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(path, bytes)| {
                let digest = Sha256::digest(bytes);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({ "path": path, "size": bytes.len(), "sha256": hex })
            })
            .collect();
        self.manifest["files"] = files.into();
    }

    fn write(&self) -> PathBuf {
        self.write_with(|_| {})
    }

    fn write_with(&self, more: impl FnOnce(&mut tar::Builder<std::fs::File>)) -> PathBuf {
        let path = self.folder.path().join("forged.tar");
        let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
        let manifest = serde_json::to_vec(&self.manifest).unwrap();
        append(&mut archive, "manifest.json", &manifest);
        for (name, bytes) in &self.files {
            append(&mut archive, name, bytes);
        }
        more(&mut archive);
        archive.into_inner().unwrap();
        path
    }

    fn packed(mut self) -> (Self, PathBuf) {
        self.describe();
        let path = self.write();
        (self, path)
    }
}

/// An entry whose name nobody has looked at.
fn append(archive: &mut tar::Builder<std::fs::File>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    let field = &mut header.as_gnu_mut().unwrap().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    archive.append(&header, bytes).unwrap();
}

fn refusal(archive: &Path) -> String {
    let to = TempDir::new().unwrap();
    let data = to.path().join("data");
    let error = CheckedBackup::open(archive, &data, None).unwrap_err();
    let left: Vec<_> = std::fs::read_dir(&data).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let words = error.to_string();
    assert!(!words.contains(['\u{1b}', '\u{202e}', '\n']), "{words:?}");
    words
}

#[test]
fn a_forgery_that_changes_nothing_is_restored() {
    let (_forgery, archive) = Forgery::new().packed();
    let to = TempDir::new().unwrap();
    let checked = CheckedBackup::open(&archive, to.path(), None).unwrap();
    assert_eq!(checked.broken, None);
    let lock = StationLock::take(to.path()).unwrap();
    checked.install(to.path(), &restore_plan(), &lock).unwrap();
    Store::open(to.path()).unwrap();
}

#[test]
fn another_schema_is_refused() {
    for (sql, words) in [
        (
            "CREATE TRIGGER helper AFTER INSERT ON attendance_event
             BEGIN UPDATE person SET active = 0; END",
            "\"helper\" was added",
        ),
        (
            "DROP TRIGGER attendance_event_is_never_changed",
            "\"attendance_event_is_never_changed\" is missing",
        ),
        ("CREATE VIEW v AS SELECT * FROM person", "\"v\" was added"),
        ("CREATE TABLE notes (text)", "\"notes\" was added"),
        (
            "DROP INDEX template_by_person",
            "\"template_by_person\" is missing",
        ),
        (
            "ALTER TABLE setting ADD COLUMN more TEXT",
            "\"setting\" was changed",
        ),
        (
            "CREATE TRIGGER \"\u{1b}[2J\u{202e}\" AFTER INSERT ON person BEGIN SELECT 1; END",
            "was added",
        ),
    ] {
        let mut forgery = Forgery::new();
        forgery.sql(sql);
        let (_forgery, archive) = forgery.packed();
        let refusal = refusal(&archive);
        assert!(refusal.contains(words), "{sql}: {refusal}");
    }
}

/// An old schema is brought up to date; what was added to it must not run on the way.
#[test]
fn an_added_trigger_in_an_old_schema_is_refused_too() {
    let mut forgery = Forgery::new();
    let old = forgery.folder.path().join("old.db");
    let shell = Connection::open(&old).unwrap();
    shell
        .execute_batch(include_str!("../fixtures/station_v1.sql"))
        .unwrap();
    shell
        .execute_batch("CREATE TRIGGER t AFTER INSERT ON setting BEGIN DELETE FROM sighting; END")
        .unwrap();
    drop(shell);
    forgery.files.clear();
    forgery.set(DATABASE_FILE, std::fs::read(&old).unwrap());
    let (_forgery, archive) = forgery.packed();
    assert!(refusal(&archive).contains("\"t\" was added"));
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_refused() {
    for path in [
        "/etc/hostname",
        "../secret.jpg",
        "faces/../../secret.jpg",
        "faces/E-1/../../../secret.jpg",
        "config.toml",
        "faces/E-1/a\u{1b}[2J.jpg",
    ] {
        let mut forgery = Forgery::new();
        forgery.sql(&format!(
            "UPDATE template SET picture = '{path}' WHERE id = 1"
        ));
        let (_forgery, archive) = forgery.packed();
        let refusal = refusal(&archive);
        assert!(
            refusal.contains("not the path of a picture"),
            "{path}: {refusal}"
        );
    }
}

/// The same in a database that was not restored but copied there by hand.
#[test]
fn a_path_that_leads_out_of_the_folder_is_never_followed() {
    for outside in ["absolute", "../secret.jpg", "faces/../../secret.jpg"] {
        let parent = TempDir::new().unwrap();
        let secret = parent.path().join("secret.jpg");
        std::fs::write(&secret, b"\xff\xd8 secret \xff\xd9").unwrap();
        let data = parent.path().join("data");
        let mut store = Store::open(&data).unwrap();
        enrolled(&mut store, "E-1");
        let shell = Connection::open(store.path()).unwrap();
        let path = match outside {
            "absolute" => secret.to_str().unwrap(),
            relative => relative,
        };
        shell
            .execute("UPDATE template SET picture = ?1 WHERE id = 1", [path])
            .unwrap();
        let error = store.picture(path).unwrap_err();
        assert!(matches!(error, StoreError::PathOutside { .. }), "{error}");
        let problems = store.picture_problems().unwrap();
        assert!(problems[0].contains("not the path"), "{problems:?}");
        let copies = parent.path().join("copies");
        store.export_person(&code("E-1"), &copies).unwrap_err();
        assert!(!copies.join("secret.jpg").exists());
        let archive = backed_up(&data);
        assert!(
            !std::fs::read(archive)
                .unwrap()
                .windows(6)
                .any(|w| w == b"secret" && path.len() < 6),
            "it was copied into a backup"
        );
        let lock = StationLock::take(&data).unwrap();
        store
            .seal(&parent.path().join("key"), &lock, operator())
            .unwrap();
        store
            .erase_person(
                &code("E-1"),
                rollcall::store::Attendance::KeepsCode,
                operator(),
            )
            .unwrap();
        drop(store);
        Store::open(&data).unwrap();
        assert_eq!(
            std::fs::read(&secret).unwrap(),
            b"\xff\xd8 secret \xff\xd9",
            "{outside}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for sql in [
        "UPDATE person SET code = '../../x'",
        "UPDATE person SET created_at = 'yesterday'",
    ] {
        let mut forgery = Forgery::new();
        forgery.sql(sql);
        let (_forgery, archive) = forgery.packed();
        assert!(refusal(&archive).contains("cannot be used"), "{sql}");
    }
}

#[test]
fn what_was_changed_past_the_trail_is_told() {
    let mut forgery = Forgery::new();
    forgery.sql("UPDATE person SET name = 'Mallory'");
    let (_forgery, archive) = forgery.packed();
    let to = TempDir::new().unwrap();
    let checked = CheckedBackup::open(&archive, to.path(), None).unwrap();
    let words = checked.broken.as_ref().unwrap().to_string();
    assert!(words.contains("E-1"), "{words}");
}

#[test]
fn a_key_file_is_not_read_because_an_archive_says_so() {
    let mut forgery = Forgery::new();
    forgery.sql("INSERT INTO setting VALUES ('vault', '0123456789abcdef /dev/zero')");
    let (_forgery, archive) = forgery.packed();
    let to = TempDir::new().unwrap();
    let checked = CheckedBackup::open(&archive, to.path(), None).unwrap();
    assert_eq!(checked.key.as_ref().unwrap().path, Path::new("/dev/zero"));
    let lock = StationLock::take(to.path()).unwrap();
    let error = checked
        .install(to.path(), &restore_plan(), &lock)
        .unwrap_err();
    assert!(matches!(error, StoreError::KeyNotNamed { .. }), "{error}");
    assert!(!to.path().join(DATABASE_FILE).exists());
}

#[test]
fn a_sealed_backup_is_restored_with_the_key_that_the_operator_names() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let keys = TempDir::new().unwrap();
    let (key, other) = (keys.path().join("key"), keys.path().join("moved"));
    let lock = StationLock::take(folder.path()).unwrap();
    store.seal(&key, &lock, operator()).unwrap();
    let archive = backed_up(folder.path());
    drop((store, lock));
    // Here it is in use: nothing has to be said.
    let lock = StationLock::take(folder.path()).unwrap();
    CheckedBackup::open(&archive, folder.path(), None)
        .unwrap()
        .install(folder.path(), &restore_plan(), &lock)
        .unwrap();
    // On another machine it is where the operator has put it.
    std::fs::rename(&key, &other).unwrap();
    let to = TempDir::new().unwrap();
    let install = |key_file: &Path| {
        let plan = RestorePlan {
            key_file: Some(key_file),
            ..restore_plan()
        };
        let lock = StationLock::take(to.path()).unwrap();
        CheckedBackup::open(&archive, to.path(), None)
            .unwrap()
            .install(to.path(), &plan, &lock)
    };
    for wrong in ["/dev/zero", "/etc/hostname", "/nowhere"] {
        install(Path::new(wrong)).unwrap_err();
        assert!(!to.path().join(DATABASE_FILE).exists(), "{wrong}");
    }
    install(&other).unwrap();
    let restored = Store::open(to.path()).unwrap();
    assert_eq!(restored.key_place().unwrap().unwrap().path, other);
    assert_eq!(restored.verify_chain().unwrap().broken, None);
    assert!(restored.picture_problems().unwrap().is_empty());
}

#[test]
fn a_configuration_is_put_in_force_only_when_that_is_asked_for() {
    let evil = b"[welcome]\ncommand = [\"touch\", \"/tmp/pwned\"]\n".to_vec();
    for configuration in [
        RestoredConfiguration::LaidAside,
        RestoredConfiguration::PutInForce,
    ] {
        let mut forgery = Forgery::new();
        forgery.set("config.toml", evil.clone());
        let (_forgery, archive) = forgery.packed();
        let to = TempDir::new().unwrap();
        std::fs::write(to.path().join("config.toml"), "# mine\n").unwrap();
        let checked = CheckedBackup::open(&archive, to.path(), None).unwrap();
        assert!(checked.configuration.as_ref().unwrap().contains("welcome"));
        let plan = RestorePlan {
            configuration,
            ..restore_plan()
        };
        let lock = StationLock::take(to.path()).unwrap();
        checked.install(to.path(), &plan, &lock).unwrap();
        let in_force = std::fs::read(to.path().join("config.toml")).unwrap();
        if configuration == RestoredConfiguration::PutInForce {
            assert_eq!(in_force, evil);
        } else {
            assert_eq!(in_force, b"# mine\n");
            assert_eq!(
                std::fs::read(to.path().join(CONFIGURATION_ASIDE)).unwrap(),
                evil
            );
        }
    }
}

#[test]
fn entries_that_are_no_files_or_not_described_are_refused() {
    let mut forgery = Forgery::new();
    forgery.describe();
    let database = forgery.files.iter().find(|f| f.0 == DATABASE_FILE).unwrap();
    let database = database.1.clone();
    let twice = forgery.write_with(|archive| append(archive, DATABASE_FILE, &database));
    assert!(refusal(&twice).contains("twice"));
    let stray = forgery.write_with(|archive| append(archive, "faces/E-1/stray.jpg", b"x"));
    assert!(refusal(&stray).contains("does not describe"));
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::Fifo,
        tar::EntryType::Char,
        tar::EntryType::GNUSparse,
        tar::EntryType::XHeader,
        tar::EntryType::GNULongName,
    ] {
        let archive = forgery.write_with(|archive| {
            let mut header = tar::Header::new_gnu();
            header.set_path("faces/E-1/link.jpg").unwrap();
            header.set_entry_type(kind);
            header.set_size(0);
            header.set_cksum();
            archive.append(&header, &[][..]).unwrap();
        });
        let refusal = refusal(&archive);
        assert!(refusal.contains("does not describe"), "{kind:?}: {refusal}");
    }
}

#[test]
fn a_manifest_cannot_ask_for_more_than_a_station_has() {
    let mut forgery = Forgery::new();
    forgery.describe();
    let described = forgery.manifest["files"].clone();
    let mut refused = |change: &dyn Fn(&mut serde_json::Value), words: &str| {
        forgery.manifest["files"] = described.clone();
        change(&mut forgery.manifest["files"]);
        let refusal = refusal(&forgery.write());
        assert!(refusal.contains(words), "{words}: {refusal}");
    };
    let index = |files: &serde_json::Value, begin: &str| {
        let files = files.as_array().unwrap();
        let starts = |f: &serde_json::Value| f["path"].as_str().unwrap().starts_with(begin);
        files.iter().position(starts).unwrap()
    };
    refused(
        &|files| {
            let picture = index(files, "faces/");
            files[picture]["size"] = (1u64 << 40).into();
        },
        "are read",
    );
    refused(
        &|files| {
            let database = index(files, DATABASE_FILE);
            files[database]["size"] = u64::MAX.into();
        },
        "are read",
    );
    refused(
        &|files| {
            let again = files[0].clone();
            files.as_array_mut().unwrap().push(again);
        },
        "twice",
    );
    refused(
        &|files| {
            let picture = index(files, "faces/");
            let one = files[picture].clone();
            let many = (0..300_000).map(|number| {
                let mut file = one.clone();
                file["path"] = format!("faces/E-1/{number}.jpg").into();
                file
            });
            files.as_array_mut().unwrap().extend(many);
        },
        "files; at most",
    );
    refused(
        &|files| {
            // Each within its limit, and together more than any disk.
            let picture = index(files, "faces/");
            let one = files[picture].clone();
            let many = (0..200_000).map(|number| {
                let mut file = one.clone();
                file["path"] = format!("faces/E-1/{number}.jpg").into();
                file["size"] = (64u64 << 20).into();
                file
            });
            files.as_array_mut().unwrap().extend(many);
        },
        "make room",
    );
}

/// The header of an age file is text that anybody can change.
#[test]
fn an_excessive_work_factor_is_refused_before_any_memory_is_taken() {
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("greedy.tar.age");
    for factor in [21, 22, 30, 63] {
        let header = format!(
            "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA {factor}\n\
             AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        );
        let mut bytes = header.into_bytes();
        bytes.extend([0; 64]);
        std::fs::write(&archive, bytes).unwrap();
        let passphrase = rollcall::store::Passphrase::new("correct horse").unwrap();
        let to = TempDir::new().unwrap();
        let started = std::time::Instant::now();
        let error = CheckedBackup::open(&archive, to.path(), Some(&passphrase)).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains(&format!("work factor of {factor}")),
            "{words}"
        );
        assert!(started.elapsed().as_secs() < 5, "{factor} was computed");
    }
}

#[test]
fn a_passphrase_is_not_read_from_a_device() {
    let error = rollcall::store::Passphrase::read(Path::new("/dev/zero")).unwrap_err();
    assert!(error.to_string().contains("/dev/zero"), "{error}");
}

#[test]
fn what_an_interrupted_restore_has_left_goes_at_the_next_start() {
    let (folder, store) = lived_in();
    drop(store);
    let left = folder.path().join(".rollcall-restore-AbC123");
    std::fs::create_dir_all(left.join("faces/E-1")).unwrap();
    std::fs::write(left.join("station.db"), "everything").unwrap();
    assert_eq!(
        rollcall::store::restore_leftovers(folder.path()),
        [left.clone()]
    );
    Store::open(folder.path()).unwrap();
    assert!(!left.exists());
    // One that is at work stays.
    let archive = backed_up(folder.path());
    let checked = CheckedBackup::open(&archive, folder.path(), None).unwrap();
    Store::open(folder.path()).unwrap();
    let lock = StationLock::take(folder.path()).unwrap();
    checked
        .install(folder.path(), &restore_plan(), &lock)
        .unwrap();
}
