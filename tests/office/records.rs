//! Records: corrections, imports, exports, backups, PINs.

use std::path::Path;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use super::{Station, as_text};

/// The exit code for "no".
const NO: i32 = 3;

/// Two people of another system, two punches, nobody's face.
fn lived_in() -> Station {
    Station::with(
        "code,name,team\nE-1,Ana Torres,Night\nE-2,=Bruno,\n",
        "code,direction,time\nE-1,in,2026-11-02 08:00+01:00\nE-1,out,2026-11-02 16:30+01:00\nE-2,in,2026-11-03 08:00+01:00\n",
    )
}

/// A zone is only there where its data is installed.
fn has_zones() -> bool {
    Path::new("/usr/share/zoneinfo/Europe/Berlin").exists()
}

#[test]
fn corrections_are_signed_and_nothing_is_lost() {
    let station = lived_in();
    station
        .run(&[
            "attendance",
            "add",
            "E-2",
            "out",
            "--at",
            "2026-11-03 16:00+01:00",
        ])
        .code(2)
        .stderr(contains("--reason"));
    let why = ["--reason", "the camera was off"];
    let add = [
        "attendance",
        "add",
        "E-2",
        "out",
        "--at",
        "2026-11-03 16:00+01:00",
    ];
    station
        .run(&[&add[..], &why].concat())
        .success()
        .stdout(contains("added").and(contains("=Bruno (E-2) out 2026-11-03 16:00:00")));
    station
        .run(&[&add[..], &why].concat())
        .code(1)
        .stderr(contains("says the same already"));
    let change = [
        "attendance",
        "change",
        "1",
        "--at",
        "2026-11-02 07:45+01:00",
        "--by",
        "otto",
        "--json",
    ];
    let done = station.json(&[&change[..], &why].concat());
    assert_eq!((&done["voided"], &done["added"]), (&1.into(), &5.into()));
    station
        .run(&[&["attendance", "void", "1"][..], &why].concat())
        .code(1)
        .stderr(contains("voided before by otto: the camera was off"));
    station
        .run(&[&["attendance", "change", "2"][..], &why].concat())
        .code(2);
    let rows = station.json(&["attendance", "list", "--code", "E-1", "--json"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 3, "nothing is overwritten");
    let new = rows.iter().find(|r| r["event"] == 5).unwrap();
    assert_eq!(
        (&new["replaces"], &new["operator"]),
        (&1.into(), &"otto".into())
    );
    // The trail fits; doctor has other complaints on a machine without a camera.
    let findings = station.json(&["doctor", "--json"]);
    let trail = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["what"] == "trail")
        .unwrap();
    assert_eq!(trail["verdict"], "ok");
}

#[test]
fn an_hour_that_occurs_twice_is_asked_about() {
    if !has_zones() {
        eprintln!("SKIPPED: no time zones are installed");
        return;
    }
    let station = lived_in();
    let add = |at: &str| {
        station.run(&[
            "attendance",
            "add",
            "E-1",
            "in",
            "--at",
            at,
            "--reason",
            "forgotten",
        ])
    };
    add("2026-10-25 02:30")
        .code(1)
        .stderr(contains("occurs twice"));
    add("2026-03-29 02:30")
        .code(1)
        .stderr(contains("does not occur"));
    add("2026-10-25 02:30+01:00").success();
    add("yesterday").code(1).stderr(contains("is not a time"));
}

#[test]
fn tampering_with_the_file_is_found() {
    let station = lived_in();
    let database = rusqlite::Connection::open(station.data().join("station.db")).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER attendance_event_is_never_changed;
             UPDATE attendance_event SET at_utc_us = at_utc_us - 3600000000 WHERE id = 1;",
        )
        .unwrap();
    drop(database);
    station
        .run(&["doctor"])
        .code(NO)
        .stdout(contains("BAD   trail").and(contains("attendance event 1 was changed")));
}

#[test]
fn tables_are_exported_in_every_format() {
    let station = lived_in();
    let month = ["--month", "2026-11"];
    let days = [
        "attendance",
        "export",
        "--csv",
        "--view",
        "days",
        "--columns",
        "code,name,hours,check_out_missing,station",
    ];
    station.run(&[&days[..], &month].concat()).success().stdout(
        "code,name,hours,check_out_missing,station\r\n\
         E-1,Ana Torres,8.5000,no,Rollcall\r\n\
         E-2,'=Bruno,0.0000,yes,Rollcall\r\n",
    );
    let people = station.json(&[
        "attendance",
        "export",
        "--json",
        "--view",
        "people",
        "--week",
        "2026-W45",
    ]);
    assert_eq!(people[0]["hours"], 8.5);
    assert_eq!(people[1]["check_outs_missing"], 1);
    let workbook = as_text(&station.path("november.xlsx"));
    station
        .run(
            &[
                &["attendance", "export", "--xlsx", "-o", &workbook][..],
                &month,
            ]
            .concat(),
        )
        .success();
    assert!(std::fs::read(&workbook).unwrap().starts_with(b"PK"));
    station
        .run(&[
            "attendance",
            "export",
            "--csv",
            "--view",
            "days",
            "--columns",
            "wages",
        ])
        .code(1)
        .stderr(contains("no column \"wages\""));
    station.run(&["attendance", "export"]).code(2);
    station
        .run(&["attendance", "export", "--csv", "--month", "November"])
        .code(1);
    // What is exported can be imported elsewhere, once.
    let events = as_text(&station.path("events.csv"));
    station
        .run(&["attendance", "export", "--csv", "-o", &events])
        .success();
    station
        .run(&["import", "attendance", &events])
        .success()
        .stdout(contains("0 punches imported; 3 were there already"));
}

#[test]
fn a_bad_file_is_refused_as_a_whole_with_its_lines() {
    let station = lived_in();
    let bad = station.file("bad.csv", "code,name\nE-3,Carla\n../x,Dora\nE-4,\n");
    station.run(&["import", "people", &bad]).code(1).stderr(
        contains("bad.csv")
            .and(contains("line 3"))
            .and(contains("line 4")),
    );
    let clash = station.file("clash.csv", "code,name\nE-3,Carla\nE-1,Somebody Else\n");
    station
        .run(&["import", "people", &clash])
        .code(1)
        .stderr(contains("line 3").and(contains("belongs to Ana Torres")));
    assert_eq!(
        station
            .json(&["people", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let value = 1.0 / 512f64.sqrt();
    let vector = vec![format!("{value:.6}"); 512].join(",");
    let faces = station.file("faces.csv", &format!("Carla Ng,{vector}\n"));
    let import = [
        "import",
        "embeddings",
        &faces,
        "--model",
        "0123456789abcdef0123",
    ];
    station.run(&import).code(1).stderr(contains("--consent"));
    let import = [&import[..], &["--consent", "2026-11-01"]].concat();
    station
        .run(&import)
        .success()
        .stdout(contains("1 templates imported"));
    station
        .run(&import)
        .success()
        .stdout(contains("0 templates imported; 1 were there"));
    let nameless = [
        "import",
        "embeddings",
        &faces,
        "--model",
        "arcface",
        "--consent",
        "today",
    ];
    station.run(&nameless).code(1).stderr(contains("SHA-256"));
}

#[test]
fn a_backup_is_checked_and_then_put_in_place() {
    let station = lived_in();
    let passphrase = station.file("passphrase", "correct horse\n");
    let to = as_text(&station.path("stick"));
    let made = station.json(&[
        "backup",
        "--to",
        &to,
        "--passphrase-file",
        &passphrase,
        "--json",
    ]);
    let archive = made["archive"].as_str().unwrap().to_owned();
    let elsewhere = Station::new();
    let restore = ["restore", &archive, "--passphrase-file", &passphrase];
    elsewhere
        .run(&["restore", &archive, "--dry-run"])
        .code(1)
        .stderr(contains("is encrypted"));
    elsewhere.run(&restore).code(1).stderr(contains("--yes"));
    elsewhere
        .run(&[&restore[..], &["--dry-run"]].concat())
        .success()
        .stdout(contains("2 people and 3 events").and(contains("nothing was changed")));
    assert!(!elsewhere.data().join("station.db").exists());
    elsewhere
        .run(&[&restore[..], &["--yes"]].concat())
        .success();
    assert_eq!(
        elsewhere.json(&["attendance", "list", "--json"]),
        station.json(&["attendance", "list", "--json"])
    );
}

#[test]
fn a_damaged_database_is_set_aside_and_the_way_back_is_named() {
    let station = lived_in();
    station.run(&["backup"]).success();
    let path = station.data().join("station.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[8192..] {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, &bytes).unwrap();
    let headless = [
        "run",
        "--headless",
        "--source",
        "no-such-film.avi",
        "--once",
    ];
    let advice = || contains("the last backup is").and(contains("restore"));
    station
        .run(&headless)
        .code(1)
        .stderr(contains("damaged").and(contains("set aside")).and(advice()));
    assert!(!path.exists());
    // A second start is no fresh start, and neither is another command.
    station
        .run(&headless)
        .code(1)
        .stderr(contains("lies aside").and(advice()));
    station.run(&["people", "list"]).code(1);
    assert!(!path.exists());
    let backups = std::fs::read_dir(station.data().join("backups")).unwrap();
    let backup = backups.map(|entry| entry.unwrap().path()).next().unwrap();
    station
        .run(&["restore", backup.to_str().unwrap(), "--yes"])
        .success();
    assert_eq!(
        station
            .json(&["attendance", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // A sound database is not given up.
    station
        .run(&["run", "--headless", "--start-fresh"])
        .code(1)
        .stderr(contains("is sound"));
}

#[test]
fn pins_consent_and_a_persons_data() {
    let station = lived_in();
    let set = |code: &str, pin: &str| {
        let mut command = station.command(&["people", "pin", "set", code]);
        command.write_stdin(format!("{pin}\n")).assert()
    };
    set("E-1", "483920").success();
    set("E-2", "483920")
        .code(1)
        .stderr(contains("somebody else has this PIN"));
    set("E-2", "123456").code(1).stderr(contains("too easy"));
    set("E-2", "48").code(1).stderr(contains("6 to 32 digits"));
    set("E-9", "483921")
        .code(1)
        .stderr(contains("nobody has the code E-9"));
    station.run(&["people", "pin", "clear", "E-1"]).success();
    set("E-2", "483920").success();
    station
        .run(&["people", "consent", "E-1", "2999-01-01"])
        .code(1)
        .stderr(contains("to come"));
    station
        .run(&["people", "consent", "E-1", "2026-01-02"])
        .success();
    // A day of which no clock in Beirut showed the midnight.
    station
        .command(&["people", "consent", "E-1", "2025-03-30"])
        .env("ROLLCALL_ATTENDANCE_TIME_ZONE", "Asia/Beirut")
        .assert()
        .success()
        .stdout(contains("agreed on 2025-03-30"));
    let to = as_text(&station.path("for-ana"));
    let data = station.json(&["people", "export-data", "E-1", "-o", &to, "--json"]);
    assert_eq!(data["attendance"].as_array().unwrap().len(), 2);
    assert_eq!(data["person"]["team"], "Night");
    let receipt = station.json(&["people", "delete", "E-1", "--anonymise", "--yes", "--json"]);
    assert_eq!(receipt["events_kept"], 2);
    assert!(receipt["code"].as_str().unwrap().starts_with("anon-"));
}

const DAY_SHIFT: &str = "[[shift]]\nname = \"day\"\nstart = \"07:30\"\nend = \"17:00\"\n\
    breaks = [\"12:00-12:30\"]\ngrace_mins = 5\n\
    [[schedule]]\nshift = \"day\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n";

#[test]
fn a_report_measures_days_against_shifts() {
    let station = lived_in();
    let config = station.data().join("config.toml");
    let period = [
        "attendance",
        "report",
        "--from",
        "2026-11-02",
        "--to",
        "2026-11-03",
        "--json",
    ];
    std::fs::write(&config, DAY_SHIFT).unwrap();
    let report = station.json(&period);
    let [ana, absent, bruno] = report["days"].as_array().unwrap().as_slice() else {
        panic!("{report}");
    };
    // Expected from the first day of the imported history on.
    assert_eq!(
        (&absent["code"], &absent["state"]),
        (&"E-1".into(), &"absent".into())
    );
    // From 08:00 to 16:30 without the unpaid half-hour.
    assert_eq!(
        (&ana["worked_minutes"], &ana["break_minutes"]),
        (&480.into(), &30.into())
    );
    assert_eq!(
        (&ana["late_minutes"], &ana["early_minutes"]),
        (&30.into(), &30.into())
    );
    assert_eq!(
        (ana["team"].as_str(), ana["shift"].as_str()),
        (Some("Night"), Some("day"))
    );
    // Forgotten, so closed at the shift's end, and said.
    assert_eq!(bruno["worked_minutes"], 510);
    assert_eq!(bruno["flags"], serde_json::json!(["forgotten-check-out"]));
    let people = report["people"].as_array().unwrap();
    assert_eq!(
        people[0]["worked_minutes_by_week"],
        serde_json::json!({ "2026-W45": 480 })
    );
    assert_eq!(people[1]["days_flagged"], 1);

    let ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261103\nSUMMARY:Fair\n\
        END:VEVENT\nEND:VCALENDAR\n";
    std::fs::write(station.data().join("h.ics"), ics).unwrap();
    std::fs::write(
        &config,
        format!("[attendance]\nholidays = \"h.ics\"\n{DAY_SHIFT}"),
    )
    .unwrap();
    let report = station.json(&period);
    assert_eq!(report["days"][1]["shift"], Value::Null);
    assert_eq!(report["days"][1]["worked_minutes"], 0);

    let week = station.json(&[
        "attendance",
        "report",
        "--week",
        "2026-W45",
        "--team",
        "night",
        "--json",
    ]);
    assert_eq!(week["people"].as_array().unwrap().len(), 1);
    station
        .run(&["attendance", "report", "--month", "2026-11"])
        .success()
        .stdout(contains("Ana Torres").and(contains("8:00")));
    station
        .run(&["attendance", "report", "--person", "E-9"])
        .failure()
        .stderr(contains("nobody has the code E-9"));
}

#[test]
fn nobody_is_absent_before_being_enrolled() {
    let station = lived_in();
    std::fs::write(station.data().join("config.toml"), DAY_SHIFT).unwrap();
    let absent = station.json(&["attendance", "absent", "--day", "2026-10-30", "--json"]);
    assert_eq!(absent, serde_json::json!([]));
    let late = station.json(&["attendance", "late", "--day", "2026-11-02", "--json"]);
    assert_eq!(late[0]["code"], "E-1");
    assert_eq!(
        station.json(&["attendance", "who", "--json"]),
        serde_json::json!([])
    );
}

#[test]
fn a_shift_over_the_start_of_a_day_is_refused_with_advice() {
    let station = lived_in();
    let night = "[[shift]]\nname = \"night\"\nstart = \"22:00\"\nend = \"06:00\"\n";
    std::fs::write(station.data().join("config.toml"), night).unwrap();
    station
        .run(&["attendance", "today"])
        .failure()
        .stderr(contains("choose a day_starts_at outside of every shift"));
}

#[test]
fn a_station_is_encrypted_with_a_key_that_is_kept_elsewhere() {
    let station = lived_in();
    let key = as_text(&station.path("key"));
    let inside = station.data().join("key");
    station
        .run(&["encrypt", "--key-file", inside.to_str().unwrap()])
        .code(1)
        .stderr(contains("inside of the data folder"));
    station
        .run(&["encrypt", "--key-file", &key])
        .success()
        .stdout(contains("Keep a copy"));
    station.run(&["attendance", "list"]).success();
    let elsewhere = as_text(&station.path("moved"));
    std::fs::rename(&key, &elsewhere).unwrap();
    station
        .run(&["people", "list"])
        .code(1)
        .stderr(contains("ROLLCALL_KEY_FILE"));
    station
        .command(&["people", "list"])
        .env("ROLLCALL_KEY_FILE", &elsewhere)
        .assert()
        .success();
    station
        .command(&["decrypt"])
        .env("ROLLCALL_KEY_FILE", &elsewhere)
        .assert()
        .success();
    station.run(&["people", "list"]).success();
    station
        .run(&["decrypt"])
        .code(1)
        .stderr(contains("not encrypted"));
}
