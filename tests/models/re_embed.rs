//! People whom another embedder knew.

use std::fs;

use predicates::prelude::*;
use predicates::str::contains;
use rollcall::store::StationLock;
use rusqlite::Connection;

use crate::{NO, Station, in_repository};

fn face(name: &str) -> String {
    format!("tests/fixtures/faces/{name}")
}

/// Two people, both enrolled with an embedder that is no longer in use.
fn station_of_another_embedder() -> Station {
    let station = Station::new();
    for (name, code, pictures) in [
        ("Barack", "E-1", vec!["obama.jpg", "obama2.jpg"]),
        ("Joe", "E-2", vec!["biden.jpg"]),
    ] {
        let pictures: Vec<String> = pictures.into_iter().map(face).collect();
        let mut arguments = vec![
            "enrol",
            "--consent",
            "today",
            "--name",
            name,
            "--code",
            code,
        ];
        arguments.extend(pictures.iter().map(String::as_str));
        station.command(&arguments).assert().success();
    }
    let sql =
        "UPDATE template SET model = 'ffffffffffffffff', dim = 2, embedding = x'0000803f0000803f'";
    assert_eq!(shell(&station).execute(sql, []).unwrap(), 3);
    station
}

fn shell(station: &Station) -> Connection {
    Connection::open(station.data().join("station.db")).unwrap()
}

/// The pictures of a person, in the order of its templates.
fn pictures(station: &Station, code: &str) -> Vec<String> {
    let shell = shell(station);
    let mut statement = shell
        .prepare(
            "SELECT t.picture FROM template t JOIN person p ON p.id = t.person_id
             WHERE p.code = ?1 ORDER BY t.id",
        )
        .unwrap();
    let rows = statement.query_map([code], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn nobody_is_compared_across_embedders_and_re_embedding_brings_all_back() {
    let station = station_of_another_embedder();
    let identify = || station.command(&["identify", &face("obama3.jpg")]).assert();
    identify().code(NO);
    station
        .command(&["doctor"])
        .assert()
        .stdout(contains("people re-embed").and(contains("E-1, E-2")));
    let before = pictures(&station, "E-1");
    station
        .command(&["people", "re-embed", "--code", "E-1"])
        .assert()
        .success()
        .stdout(contains("E-1 Barack: 2 made anew"));
    identify().success();
    assert_eq!(pictures(&station, "E-1"), before);
    // What is done is left alone, so an interrupted run is simply started again.
    let rest = station.json(&["people", "re-embed", "--json"]);
    assert_eq!(rest.as_array().unwrap().len(), 1);
    assert_eq!(rest[0]["code"], "E-2");
    station
        .command(&["people", "re-embed"])
        .assert()
        .success()
        .stdout(contains("all templates"));
}

#[test]
fn what_cannot_be_made_anew_is_said_and_kept() {
    let station = station_of_another_embedder();
    let of_barack = pictures(&station, "E-1");
    // One picture is gone, the other person's now shows a rocket.
    fs::remove_file(station.data().join(&of_barack[0])).unwrap();
    let of_joe = &pictures(&station, "E-2")[0];
    let rocket = in_repository("tests/fixtures/faces/rocket.jpg");
    fs::copy(rocket, station.data().join(of_joe)).unwrap();
    for (first_run, redone) in [(true, 1), (false, 0)] {
        let assert = station.command(&["people", "re-embed"]).assert().code(NO);
        let assert = assert.stdout(contains(format!("E-1 Barack: {redone} made anew")));
        assert.stderr(contains(of_barack[0].as_str()).and(contains("E-2: template 3: no face")));
        let kept: usize = shell(&station)
            .query_row("SELECT count(*) FROM template WHERE dim = 2", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(kept, 2, "first run: {first_run}");
    }
}

#[test]
fn another_persons_face_in_a_kept_picture_is_not_taken() {
    let station = station_of_another_embedder();
    let of_barack = pictures(&station, "E-1");
    let of_joe = pictures(&station, "E-2");
    station
        .command(&[
            "enrol",
            "--consent",
            "today",
            "--name",
            "Barack",
            "--code",
            "E-1",
            "--add",
        ])
        .arg(face("obama3.jpg"))
        .assert()
        .success();
    let data = station.data();
    fs::copy(data.join(&of_joe[0]), data.join(&of_barack[1])).unwrap();
    // Also not when, the second time, it is the only one left to do.
    for _ in 0..2 {
        station
            .command(&["people", "re-embed", "--code", "E-1"])
            .assert()
            .code(NO)
            .stderr(contains("unlike"));
    }
    station
        .command(&["identify", &face("biden.jpg")])
        .assert()
        .code(NO);
}

#[test]
fn a_running_station_keeps_its_templates() {
    let station = station_of_another_embedder();
    let _running = StationLock::take(&station.data()).unwrap();
    station
        .command(&["people", "re-embed"])
        .assert()
        .code(1)
        .stderr(contains("stop the station first"));
}
