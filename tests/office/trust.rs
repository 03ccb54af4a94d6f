//! What the program does about archives, umasks and tails that were cut off.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Station, as_text};

/// Two people, one of whom came and went.
fn lived_in() -> Station {
    Station::with(
        "code,name\nE-1,Ana Torres\nE-2,Bruno\n",
        "code,direction,time\nE-1,in,2026-11-02 08:00+01:00\nE-1,out,2026-11-02 16:30+01:00\n",
    )
}

fn run_with(station: &Station, umask: &str, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", &format!("{umask}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_rollcall"))
        .arg("--data-dir")
        .arg(station.data())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TZ", "Europe/Berlin")
        .env("ROLLCALL_OPERATOR", "olga")
        .output()
        .unwrap()
}

fn newest_backup(station: &Station) -> String {
    let folder = station.data().join("backups");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    as_text(&found.pop().unwrap())
}

#[test]
fn a_configuration_in_a_backup_is_shown_and_put_in_force_on_demand() {
    let station = lived_in();
    let evil = "[welcome]\ncommand = [\"sh\", \"-c\", \"id > /tmp/x\"]\n";
    std::fs::write(station.data().join("config.toml"), evil).unwrap();
    station.done(&["backup"]);
    let archive = newest_backup(&station);
    let to = Station::new();
    let asked = to.output(&["restore", &archive]);
    assert!(!asked.status.success());
    let words = String::from_utf8(asked.stdout).unwrap();
    assert!(
        words.contains("RUNS A PROGRAM") && words.contains("id > /tmp/x"),
        "{words}"
    );
    to.done(&["restore", &archive, "--yes"]);
    assert!(!to.data().join("config.toml").exists());
    let aside = to.data().join("config-from-backup.toml");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), evil);
    to.done(&["restore", &archive, "--yes", "--with-config"]);
    let in_force = std::fs::read_to_string(to.data().join("config.toml")).unwrap();
    assert_eq!(in_force, evil);
}

#[test]
fn doctor_misses_what_was_cut_off_the_trail_together_with_its_counter() {
    let station = lived_in();
    station.done(&["people", "rename", "E-2", "Bruno Díaz"]);
    station.done(&["backup"]);
    let doctor = || String::from_utf8(station.output(&["doctor"]).stdout).unwrap();
    let before = doctor();
    assert!(
        before.contains("ok    trail     it goes on from the end"),
        "{before}"
    );
    let shell = rusqlite::Connection::open(station.data().join("station.db")).unwrap();
    let trigger: String = shell
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'audit_is_never_deleted'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    // The name is put back too: of itself, the trail fits together again.
    let name: String = shell
        .query_row("SELECT salt FROM person WHERE code = 'E-2'", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(name.len(), 32);
    shell
        .execute_batch(&format!(
            "DROP TRIGGER audit_is_never_deleted;
             DELETE FROM audit WHERE action = 'person.rename';
             UPDATE person SET name = 'Bruno' WHERE code = 'E-2';
             UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM audit) WHERE name = 'audit';
             {trigger};"
        ))
        .unwrap();
    drop(shell);
    let after = doctor();
    assert!(after.contains("fit together"), "{after}");
    assert!(
        after.contains("BAD   trail") && after.contains("cut off"),
        "{after}"
    );
}

#[test]
fn doctor_does_not_say_none_yet_of_a_database_that_was_there() {
    let station = lived_in();
    let database = station.data().join("station.db");
    std::fs::rename(
        &database,
        station.data().join("station.db.aside-20261123T080000Z"),
    )
    .unwrap();
    let words = String::from_utf8(station.output(&["doctor"]).stdout).unwrap();
    assert!(
        words.contains("BAD   database") && !words.contains("none yet"),
        "{words}"
    );
}

fn readable_by_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        if metadata.permissions().mode() & 0o077 != 0 {
            found.push(path.clone());
        }
        if metadata.is_dir() {
            found.extend(readable_by_others(&path));
        }
    }
    found
}

#[test]
fn what_is_written_is_its_owners_under_any_umask() {
    for umask in ["umask 000", "umask 022"] {
        let station = lived_in();
        let out = tempfile::tempdir().unwrap();
        let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
        let commands: [&[&str]; 5] = [
            &["attendance", "export", "--csv", "-o", &path("a.csv")],
            &["attendance", "export", "--xlsx", "-o", &path("a.xlsx")],
            &["people", "export-data", "E-1", "-o", &path("e-1")],
            &["backup", "--to", &path("backups")],
            &["backup"],
        ];
        for arguments in commands {
            let output = run_with(&station, umask, arguments);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {stderr}");
        }
        // It fails, and not before it has begun its log.
        let run = [
            "run",
            "--headless",
            "--source",
            "no-such-film.avi",
            "--once",
        ];
        run_with(&station, umask, &run);
        assert!(station.data().join("logs").is_dir());
        assert_eq!(readable_by_others(&station.data()), Vec::<PathBuf>::new());
        assert_eq!(readable_by_others(out.path()), Vec::<PathBuf>::new());
    }
}
