//! What the program does about archives, umasks and tails that were cut off, at the command
//! line. No network is loaded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A data folder with two people and three punches.
struct Station {
    dir: TempDir,
}

impl Station {
    fn lived_in() -> Self {
        let station = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        for (name, text) in [
            ("people", "code,name\nE-1,Ana Torres\nE-2,Bruno\n"),
            (
                "attendance",
                "code,direction,time\nE-1,in,2026-11-02 08:00+01:00\nE-1,out,2026-11-02 16:30+01:00\n",
            ),
        ] {
            let file = station.dir.path().join(format!("{name}.csv"));
            std::fs::write(&file, text).unwrap();
            station.succeeds(&["import", name, file.to_str().unwrap()]);
        }
        station
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with("umask 022", arguments)
    }

    fn run_with(&self, umask: &str, arguments: &[&str]) -> Output {
        Command::new("sh")
            .args(["-c", &format!("{umask}; exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_rollcall"))
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("TZ", "Europe/Berlin")
            .env("ROLLCALL_OPERATOR", "olga")
            .output()
            .unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn newest_backup(&self) -> String {
        let folder = self.data().join("backups");
        let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        found.pop().unwrap().to_str().unwrap().to_owned()
    }
}

#[test]
fn a_configuration_in_a_backup_is_shown_and_put_in_force_on_demand() {
    let station = Station::lived_in();
    let evil = "[welcome]\ncommand = [\"sh\", \"-c\", \"id > /tmp/x\"]\n";
    std::fs::write(station.data().join("config.toml"), evil).unwrap();
    station.succeeds(&["backup"]);
    let archive = station.newest_backup();
    let to = Station {
        dir: tempfile::tempdir().unwrap(),
    };
    let asked = to.run(&["restore", &archive]);
    assert!(!asked.status.success());
    let words = String::from_utf8(asked.stdout).unwrap();
    assert!(
        words.contains("RUNS A PROGRAM") && words.contains("id > /tmp/x"),
        "{words}"
    );
    to.succeeds(&["restore", &archive, "--yes"]);
    assert!(!to.data().join("config.toml").exists());
    let aside = to.data().join("config-from-backup.toml");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), evil);
    to.succeeds(&["restore", &archive, "--yes", "--with-config"]);
    let in_force = std::fs::read_to_string(to.data().join("config.toml")).unwrap();
    assert_eq!(in_force, evil);
}

#[test]
fn doctor_misses_what_was_cut_off_the_trail_together_with_its_counter() {
    let station = Station::lived_in();
    station.succeeds(&["people", "rename", "E-2", "Bruno Díaz"]);
    station.succeeds(&["backup"]);
    let doctor = || String::from_utf8(station.run(&["doctor"]).stdout).unwrap();
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
    let station = Station::lived_in();
    let database = station.data().join("station.db");
    std::fs::rename(
        &database,
        station.data().join("station.db.aside-20261123T080000Z"),
    )
    .unwrap();
    let words = String::from_utf8(station.run(&["doctor"]).stdout).unwrap();
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
        let station = Station::lived_in();
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
            let output = station.run_with(umask, arguments);
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
        station.run_with(umask, &run);
        assert!(station.data().join("logs").is_dir());
        assert_eq!(readable_by_others(&station.data()), Vec::<PathBuf>::new());
        assert_eq!(readable_by_others(out.path()), Vec::<PathBuf>::new());
    }
}
