//! What leaves the program: text on its way to a terminal, files that an operator names,
//! workbooks, and what is read where nothing can be written.

use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::Path;

use calamine::{Data, DataType as _, Reader as _, Xlsx, open_workbook};
use serde_json::Value;

use super::Station;

/// An escape sequence, a C1 control and a mark that turns the line around.
const HOSTILE: &str = "x\u{1b}[31m\u{9b}2J\u{202e}y";

/// Ana's Monday and Tuesday of another system; her Tuesday lacks its end.
fn lived_in() -> Station {
    let station = Station::new().in_zone("Europe/Madrid");
    station.import(
        "code,name,team\nE-1,Ana Núñez,Night\nE-2,Bruno,\n",
        "code,direction,time\n\
         E-1,in,2026-11-02 08:00+01:00\nE-1,out,2026-11-02 16:30+01:00\n\
         E-1,in,2026-11-03 08:15:30+01:00\n",
    );
    station
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n') || ('\u{202A}'..='\u{202E}').contains(&c)
}

fn assert_tame(printed: &str) {
    assert!(!printed.contains(is_hostile), "{printed:?}");
    assert!(
        printed.contains("x\\u001b[31m\\u009b2J\\u202ey"),
        "{printed:?}"
    );
}

#[test]
fn nothing_that_came_from_elsewhere_reaches_the_terminal_as_a_command() {
    let station = lived_in();
    // The name of a file that is not there, in an error.
    assert_tame(&station.refused(&["import", "people", HOSTILE]));
    // A value of an option, in what the command line says about it.
    // (clap leaves the escape sequences of colours out altogether).
    for arguments in [
        &["attendance", "export", "--csv", "--view", HOSTILE][..],
        &["attendance", "list", HOSTILE],
    ] {
        let said = station.refused(arguments);
        assert!(!said.contains(is_hostile), "{said:?}");
        assert!(said.contains("\\u009b2J\\u202ey"), "{said:?}");
    }
    // The name of a file that was read, in what the records keep of it.
    let name = format!("{HOSTILE}.csv");
    let punches = station.file(
        &name,
        "code,direction,time\nE-2,in,2026-11-03 09:00+01:00\n",
    );
    station.done(&["import", "attendance", &punches]);
    assert_tame(&station.done(&["audit", "list"]));
    // JSON says the same, and a reader gets what it stands for.
    assert_tame(&station.done(&["attendance", "list", "--json"]));
    let rows = station.json(&["attendance", "list", "--json"]);
    let reason = rows.as_array().unwrap().last().unwrap()["reason"]
        .as_str()
        .unwrap();
    assert!(reason.contains(HOSTILE), "{reason:?}");
    // Data for other programs stays as it is.
    let csv = station.done(&["attendance", "export", "--csv"]);
    assert!(csv.contains(HOSTILE));
    // A value in the configuration.
    let config = station.path("data").join("config.toml");
    let value = HOSTILE
        .replace('\u{1b}', "\\u001b")
        .replace('\u{9b}', "\\u009b");
    std::fs::write(config, format!("[attendance]\nmode = \"{value}\"\n")).unwrap();
    let said = station.refused(&["attendance", "list"]);
    assert!(!said.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{said:?}");
}

#[test]
fn no_text_passes_for_a_line_of_its_own() {
    let station = lived_in();
    let forged = "missing\nrollcall: all is well";
    let said = station.refused(&["import", "people", forged]);
    assert!(
        said.lines().skip(1).all(|line| line.starts_with("  ")),
        "{said:?}"
    );
}

#[test]
fn teams_reasons_and_operators_are_checked_at_the_door() {
    let station = lived_in();
    for words in [HOSTILE, "\u{3164}", "\u{200b}\u{2060}"] {
        station.refused(&["people", "team", "E-1", words]);
        station.refused(&["people", "rename", "E-1", words]);
        station.refused(&["attendance", "void", "1", "--reason", words]);
        station.refused(&[
            "attendance",
            "void",
            "1",
            "--reason",
            "twice",
            "--by",
            words,
        ]);
    }
    let people = station.file("more.csv", "code,name,team\nE-3,Carla,a\u{202e}b\n");
    let said = station.refused(&["import", "people", &people]);
    assert!(said.contains("line 2") && said.contains("U+202E"), "{said}");
}

#[test]
fn output_that_cannot_be_printed_is_a_failure() {
    let station = lived_in();
    for arguments in [
        &["config", "--sample"][..],
        &["people", "show", "E-1"],
        &["attendance", "list"],
        &["attendance", "export", "--csv"],
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command
            .arg("--data-dir")
            .arg(station.path("data"))
            .args(arguments);
        let status = command
            .stdout(full)
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn corrections_say_when_and_by_whom() {
    let station = lived_in();
    let today = chrono::Utc::now().format("%Y-").to_string();
    let why = ["--reason", "forgot to punch", "--by", "otto"];
    let add = [
        "attendance",
        "add",
        "E-1",
        "out",
        "--at",
        "2026-11-03 17:00",
    ];
    station.done(&[&add[..], &why].concat());
    station.done(&[&["attendance", "void", "2"][..], &why].concat());
    let list = station.done(&["attendance", "list"]);
    assert!(
        list.contains(&format!("made {today}")) && list.contains("by otto"),
        "{list}"
    );
    assert!(list.contains(&format!("voided {today}")), "{list}");
    let range = ["--from", "2026-11-02", "--to", "2026-11-03"];
    let report = station.json(&[&["attendance", "report", "--json"][..], &range].concat());
    let corrections: Vec<&Value> = report["days"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|day| day["corrections"].as_array().unwrap())
        .collect();
    assert_eq!(corrections.len(), 2, "{report:#}");
    for (correction, what) in corrections.iter().zip(["voided", "added"]) {
        assert_eq!(
            (&correction["what"], &correction["by"]),
            (&what.into(), &"otto".into())
        );
        assert!(correction["at"].as_str().unwrap().starts_with(&today));
        assert_eq!(correction["reason"], "forgot to punch");
    }
    let columns = "code,day,corrected,corrected_by,corrected_at";
    let export = [
        "attendance",
        "export",
        "--csv",
        "--view",
        "days",
        "--columns",
        columns,
    ];
    let days = station.done(&[&export[..], &range].concat());
    assert!(
        days.contains(&format!("E-1,2026-11-03,yes,otto,{today}")),
        "{days}"
    );
}

#[test]
fn the_trail_is_listed_and_filtered() {
    let station = lived_in();
    let void = [
        "attendance",
        "void",
        "1",
        "--reason",
        "not hers",
        "--by",
        "otto",
    ];
    station.done(&void);
    station.done(&["people", "rename", "E-2", "Bruno Díaz"]);
    let actions = |arguments: &[&str]| -> Vec<String> {
        let rows = station.json(&[&["audit", "list", "--json"], arguments].concat());
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = actions(&[]);
    assert_eq!(all.last().unwrap(), "person.rename");
    assert_eq!(actions(&["--by", "otto"]), ["attendance.void"]);
    assert_eq!(
        actions(&["--action", "attendance.void"]),
        ["attendance.void"]
    );
    assert_eq!(actions(&["--action", "attend"]), [""; 0]);
    let hers = actions(&["--person", "e-1"]);
    assert_eq!(
        hers.iter()
            .filter(|action| *action == "attendance.import")
            .count(),
        3
    );
    assert!(hers.contains(&"attendance.void".to_owned()));
    assert!(!hers.contains(&"person.rename".to_owned()));
    assert_eq!(actions(&["--last", "1"]), ["person.rename"]);
    assert_eq!(actions(&["--to", "2001-01-01"]), [""; 0]);
    let table = station.done(&["audit", "list", "--by", "otto"]);
    assert!(table.contains("event 1") && table.contains("E-1") && table.contains("not hers"));
}

#[test]
fn a_stated_day_stays_when_the_time_is_changed() {
    let station = lived_in();
    let why = ["--reason", "night shift"];
    let add = [
        "attendance",
        "add",
        "E-2",
        "out",
        "--at",
        "2026-11-05 01:00",
        "--day",
        "2026-11-04",
    ];
    station.done(&[&add[..], &why].concat());
    let change = |event: &str, at: &str| {
        let change = ["attendance", "change", event, "--at", at];
        station.done(&[&change[..], &why].concat())
    };
    let said = change("4", "2026-11-05 00:30");
    assert!(
        said.contains("2026-11-05 00:30:00 +01:00 (day 2026-11-04)"),
        "{said}"
    );
    // A time alone is on the date of the event, and the day stays.
    let said = change("5", "02:15");
    assert!(
        said.contains("2026-11-05 02:15:00 +01:00 (day 2026-11-04)"),
        "{said}"
    );
    let far = ["attendance", "change", "6", "--at", "2026-11-20 08:00"];
    let said = station.refused(&[&far[..], &why].concat());
    assert!(said.contains("--day"), "{said}");
    // Without a stated day the day is that of the time.
    let said = change("1", "07:45:10");
    assert!(
        said.contains("2026-11-02 07:45:10 +01:00 (day 2026-11-02)"),
        "{said}"
    );
    let add = [
        "attendance",
        "add",
        "E-2",
        "in",
        "--at",
        "22:00",
        "--day",
        "2026-11-06",
    ];
    let said = station.done(&[&add[..], &why].concat());
    assert!(
        said.contains("2026-11-06 22:00:00 +01:00 (day 2026-11-06)"),
        "{said}"
    );
}

#[test]
fn an_output_is_written_into_pipes_and_through_links() {
    let station = lived_in();
    let expected = station.done(&["attendance", "export", "--csv"]);
    let pipe = station.path("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut read = String::new();
            std::fs::File::open(pipe)
                .unwrap()
                .read_to_string(&mut read)
                .unwrap();
            read
        }
    });
    station.done(&[
        "attendance",
        "export",
        "--csv",
        "-o",
        pipe.to_str().unwrap(),
    ]);
    assert_eq!(reader.join().unwrap(), expected);
    assert!(
        std::fs::symlink_metadata(&pipe)
            .unwrap()
            .file_type()
            .is_fifo()
    );
    // A workbook is made in a pipe as well as in a file.
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).unwrap()
    });
    station.done(&[
        "attendance",
        "export",
        "--xlsx",
        "-o",
        pipe.to_str().unwrap(),
    ]);
    assert!(reader.join().unwrap().starts_with(b"PK\x03\x04"));
    let (link, target) = (station.path("link.csv"), station.path("target.csv"));
    std::fs::write(&target, "old").unwrap();
    symlink("target.csv", &link).unwrap();
    station.done(&[
        "attendance",
        "export",
        "--csv",
        "-o",
        link.to_str().unwrap(),
    ]);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), expected);
}

#[test]
fn a_folder_that_cannot_be_written_is_read() {
    let station = lived_in();
    let list = station.done(&["attendance", "list"]);
    // SQLite cannot make its index here, as on a read-only disk, whoever asks.
    // A reader leaves an index behind, which a disk that was unmounted does not have.
    let _ = std::fs::remove_file(station.path("data").join("station.db-shm"));
    symlink(
        "/nonexistent/index",
        station.path("data").join("station.db-shm"),
    )
    .unwrap();
    assert_eq!(station.done(&["attendance", "list"]), list);
    station.done(&["attendance", "report", "--month", "2026-11"]);
    station.done(&["attendance", "export", "--json"]);
    station.done(&["people", "list"]);
    station.done(&["audit", "list"]);
    let doctor = station.output(&["doctor"]);
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("is sound"), "{said}");
}

/// A cell with a format of time.
fn in_hours(cell: &Data) -> f64 {
    match cell {
        Data::DateTime(time) => time.as_f64() * 24.0,
        other => panic!("{other:?} is no time"),
    }
}

fn workbook(path: &Path) -> Xlsx<std::io::BufReader<std::fs::File>> {
    open_workbook(path).unwrap()
}

#[test]
fn a_workbook_calculates_and_speaks_the_operators_language() {
    let station = lived_in();
    let config = station.path("data").join("config.toml");
    std::fs::write(config, "[dashboard]\nlanguage = \"es\"\n").unwrap();
    let path = station.path("november.xlsx");
    let export = ["attendance", "export", "--xlsx", "--month", "2026-11", "-o"];
    station.done(&[&export[..], &[path.to_str().unwrap()]].concat());
    let mut book = workbook(&path);
    assert_eq!(book.sheet_names(), ["Eventos", "Días", "Personas"]);
    let events = book.worksheet_range("Eventos").unwrap();
    assert_eq!(events.get((0, 1)).unwrap(), &Data::String("Día".into()));
    let day = events.get((1, 1)).unwrap().as_date().unwrap();
    assert_eq!(day.to_string(), "2026-11-02");
    let time = events.get((3, 5)).unwrap().as_time().unwrap();
    assert_eq!(time.to_string(), "08:15:30");
    let days = book.worksheet_range("Días").unwrap();
    let column = |name: &str| {
        let head = days.rows().next().unwrap().iter();
        head.clone()
            .position(|cell| cell == name)
            .unwrap_or_else(|| panic!("{head:?}"))
    };
    let first_in = days.get((1, column("Primera entrada"))).unwrap();
    assert_eq!(
        first_in.as_datetime().unwrap().to_string(),
        "2026-11-02 08:00:00"
    );
    // 8:30 as a part of a day, so that it adds up.
    let hours = days.get((1, column("Horas"))).unwrap();
    assert!((in_hours(hours) - 8.5).abs() < 1e-9, "{hours}");
    let last = days.rows().next_back().unwrap();
    assert_eq!(last[0], Data::String("Total".into()));
    assert!((in_hours(&last[column("Horas")]) - 8.5).abs() < 1e-9);
    let formulas = book.worksheet_formula("Días").unwrap();
    let sums: Vec<&String> = formulas
        .used_cells()
        .map(|(_, _, formula)| formula)
        .collect();
    assert!(
        sums.iter().any(|sum| sum.contains("SUBTOTAL(109")),
        "{sums:?}"
    );
    drop(book);
    // What calamine does not read.
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
    let mut page = String::new();
    let mut file = archive.by_name("xl/worksheets/sheet2.xml").unwrap();
    file.read_to_string(&mut page).unwrap();
    for part in [
        "<autoFilter ref=\"A1:",
        "state=\"frozen\"",
        "orientation=\"landscape\"",
        "fitToHeight=\"0\"",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    drop(file);
    let mut names = String::new();
    archive
        .by_name("xl/workbook.xml")
        .unwrap()
        .read_to_string(&mut names)
        .unwrap();
    assert!(names.contains("_xlnm.Print_Titles"), "{names}");
}

#[test]
fn a_csv_opens_in_the_spreadsheet_of_a_country() {
    let station = lived_in();
    let export = |more: &[&str]| {
        let columns = ["--view", "days", "--columns", "code,hours"];
        let range = ["--from", "2026-11-02", "--to", "2026-11-02"];
        station.done(
            &[
                &["attendance", "export", "--csv"][..],
                &columns,
                &range,
                more,
            ]
            .concat(),
        )
    };
    assert_eq!(export(&[]), "code,hours\r\nE-1,8.5000\r\n");
    let spanish = "\u{feff}code;hours\r\nE-1;8,5000\r\n";
    assert_eq!(export(&["--for-excel", "es"]), spanish);
    assert_eq!(
        export(&["--separator", ";", "--decimal", ",", "--bom"]),
        spanish
    );
    assert_eq!(
        export(&["--for-excel", "es", "--separator", "tab"]),
        spanish.replace(';', "\t")
    );
    let config = station.path("data").join("config.toml");
    std::fs::write(config, "[dashboard]\nlanguage = \"es\"\n").unwrap();
    assert_eq!(export(&["--for-excel"]), spanish);
    station.refused(&["attendance", "export", "--csv", "--for-excel", "xx"]);
    station.refused(&["attendance", "export", "--csv", "--separator", "ab"]);
    station.refused(&["attendance", "export", "--json", "--bom"]);
}

#[test]
fn tables_that_are_written_row_by_row_agree() {
    let station = lived_in();
    for view in ["events", "days", "people"] {
        let export = |format| {
            let export = [
                "attendance",
                "export",
                format,
                "--view",
                view,
                "--to",
                "2026-11-30",
            ];
            station.done(&export)
        };
        let json: Value = serde_json::from_str(&export("--json")).unwrap();
        let csv = export("--csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let head = reader.headers().unwrap().clone();
        let mut rows = 0;
        for (record, object) in reader.records().zip(json.as_array().unwrap()) {
            let record = record.unwrap();
            rows += 1;
            for (name, text) in head.iter().zip(&record) {
                match &object[name] {
                    Value::Null => assert_eq!(text, "", "{view} {name}"),
                    Value::String(words) => assert_eq!(text, words, "{view} {name}"),
                    number => {
                        let number = number.as_f64().unwrap();
                        assert!((number - text.parse::<f64>().unwrap()).abs() < 1e-9);
                    }
                }
            }
        }
        assert_eq!(rows, json.as_array().unwrap().len());
        assert!(rows > 0, "{view}");
    }
}
