//! Programs of different versions, and what is no program of ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::raw::Raw;
use common::{Fake, Room, ana, answers, attach, said, until};
use rollcall_link::{Found, LinkError, MAJOR, MINOR};
use rollcall_protocol::{Command, LinkState};

fn hello(major: u32, more: &str) -> String {
    format!(r#"{{"hello":{{"protocol":{{"major":{major},"minor":0}},"build":"7.7.7"{more}}}}}"#)
}

/// A listener where a station could be.
fn somebody(room: &Room) -> (UnixListener, PathBuf) {
    let socket = room.socket();
    (UnixListener::bind(&socket).unwrap(), socket)
}

#[test]
fn a_client_of_another_major_version_is_told_which_side_to_update() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    for (major, expected) in [
        (MAJOR - 1, "update this program"),
        (MAJOR + 1, "update the station"),
    ] {
        let mut raw = Raw::connect(server.socket());
        raw.say(&hello(major, r#","new":{"things":[]}"#));
        let answer = raw.hear().unwrap().unwrap();
        assert!(
            answer.starts_with(r#"{"refused":{"code":"other_protocol","said":"#),
            "{answer}"
        );
        assert!(
            answer.contains(expected) && answer.contains("7.7.7"),
            "{answer}"
        );
        assert_eq!(raw.hear().unwrap(), None);
    }
    assert_eq!(
        fake.0.guests.lock().unwrap().len(),
        0,
        "it never had a seat"
    );
}

#[test]
fn a_station_of_another_major_version_is_refused_in_words() {
    for (major, expected) in [
        (MAJOR - 1, "update the station"),
        (MAJOR + 1, "update this program"),
    ] {
        let room = Room::new();
        let (listener, socket) = somebody(&room);
        let station = std::thread::spawn(move || {
            Raw::accept(&listener).say(&hello(major, ""));
        });
        let error = rollcall_link::attach(&socket, ana())
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(&error, LinkError::Refused { code, .. } if code == "other_protocol"));
        assert!(error.to_string().contains(expected), "{error}");
        station.join().unwrap();
    }
}

#[test]
fn a_newer_client_is_served_as_far_as_the_station_knows() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut raw = Raw::connect(server.socket());
    let newer = format!(
        r#"{{"hello":{{"protocol":{{"major":{MAJOR},"minor":{},"patch":4}},"features":["x"],"operator":"Bo","mood":"good"}}}}"#,
        MINOR + 1
    );
    raw.say(&newer);
    assert!(raw.hear_of("hello").is_some());
    assert!(raw.hear_of("complete").is_some());
    // Messages that are unknown and want no answer, and fields that are.
    raw.say(r#"{"wave":{"hand":"left"}}"#);
    raw.say(r#"{"preview":{"width":0,"rate":0.0,"colour":"grey"}}"#);
    // Commands that are unknown, or known with something unknown in them.
    raw.say(r#"{"command":{"number":1,"command":{"dance":{"steps":3}},"why":"joy"}}"#);
    let answer = raw.hear_of("told").unwrap();
    assert!(
        answer.contains(r#""number":1,"reply":{"refused":{"code":"unknown""#),
        "{answer}"
    );
    raw.say(r#"{"sing":{"number":2}}"#);
    assert!(raw.hear_of("told").unwrap().contains(r#""number":2,"#));
    raw.say(r#"{"command":{"number":3,"command":"test_camera","why":"joy"}}"#);
    let answer = raw.hear_of("told").unwrap();
    assert!(
        answer.contains(r#""number":3,"reply":{"done":{"code":"","args":{},"said":"TestCamera"}"#),
        "{answer}"
    );
    // A command that is no command is answered too.
    raw.say(r#"{"command":{"number":4,"command":{"intent":{"enrol":{"name":"\u001b[2J","code":"E-1","face":null}}}}}"#);
    let answer = raw.hear_of("told").unwrap();
    assert!(
        answer.contains(r#""number":4,"reply":{"refused":"#),
        "{answer}"
    );
}

#[test]
fn a_newer_station_is_understood_as_far_as_the_client_knows() {
    let room = Room::new();
    let (listener, socket) = somebody(&room);
    let station = std::thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.say(&format!(
            r#"{{"hello":{{"protocol":{{"major":{MAJOR},"minor":{},"patch":1}},"mood":"good"}}}}"#,
            MINOR + 1
        ));
        raw.say(r#"{"weather":{"is":"fine"}}"#);
        raw.say(r#"{"update":{"weather":{"is":"fine"}}}"#);
        raw.say(r#"{"update":{"facts":{"station_name":"Newer","garden":true}}}"#);
        raw.say(r#"{"complete":{"at":5}}"#);
        let command = raw.hear().unwrap().unwrap();
        assert!(
            command.contains(r#""number":1,"command":"test_camera""#),
            "{command}"
        );
        raw.say(r#"{"told":{"number":1,"reply":{"sung":"la la"}}}"#);
        raw.say(r#"{"told":{"number":1,"reply":{"done":{"said":"twice"}}}}"#);
        raw.say(r#"{"told":{"number":99,"reply":{"done":{"said":"never asked"}}}}"#);
        raw
    });
    let mut client = attach(&socket);
    assert_eq!(client.view().facts.station_name, "Newer");
    client.send(Command::TestCamera);
    let told = answers(&mut client, 1);
    assert!(said(&told[0]).starts_with("Unknown: the station has answered something"));
    std::thread::sleep(Duration::from_millis(50));
    assert!(client.replies().is_empty());
    assert_eq!(client.state(), LinkState::Connected);
    drop(station.join().unwrap());
}

#[test]
fn a_station_that_was_updated_meanwhile_ends_the_client() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let client = attach(server.socket());
    let socket = server.socket().to_owned();
    drop(server);
    let listener = UnixListener::bind(&socket).unwrap();
    Raw::accept(&listener).say(&hello(MAJOR + 1, ""));
    until("the client gives up", || {
        matches!(client.state(), LinkState::Ended(_))
    });
    let LinkState::Ended(Some(words)) = client.state() else {
        panic!("no words");
    };
    assert!(words.to_string().contains("update this program"), "{words}");
}

#[test]
fn who_says_nothing_is_sent_away() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut raw = Raw::connect(server.socket());
    let began = Instant::now();
    let answer = raw.hear().unwrap().unwrap();
    assert!(answer.contains(r#""code":"late""#), "{answer}");
    assert!((1900..3000).contains(&began.elapsed().as_millis()));
    assert_eq!(raw.hear().unwrap(), None);
    until("its place is free", || server.guests() == 0);
}

#[test]
fn a_station_that_says_nothing_is_an_error_within_two_seconds() {
    let room = Room::new();
    let (_listener, socket) = somebody(&room);
    // It is there all the same, so that nobody starts another one.
    assert_eq!(
        room.places.find(&room.data_dir()),
        Found::Live(socket.clone())
    );
    let began = Instant::now();
    let error = rollcall_link::attach(&socket, ana())
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, LinkError::NotAStation { .. }), "{error}");
    assert!((1900..3000).contains(&began.elapsed().as_millis()));
}

#[test]
fn nonsense_ends_the_connection_with_words() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    for nonsense in [
        "7",
        "{",
        r#"{"command":{"command":"test_camera"}}"#,
        r#"{"preview":{"width":"wide"}}"#,
        r#"{"hello":{"protocol":{"major":2}}}"#,
    ] {
        let mut raw = Raw::attach(server.socket());
        raw.say(nonsense);
        let answer = raw.hear_of("refused").unwrap();
        assert!(answer.contains(r#""code":"unreadable""#), "{answer}");
        assert_eq!(raw.hear().unwrap(), None, "{nonsense}");
    }
    let mut raw = Raw::connect(server.socket());
    raw.say(r#"{"command":{"number":1,"command":"test_camera"}}"#);
    assert!(raw.hear().unwrap().unwrap().contains("has to be hello"));
    let mut raw = Raw::connect(server.socket());
    raw.say(r#"{"hello":{"protocol":{"major":2},"operator":"\u001b[2Jroot"}}"#);
    assert!(raw.hear().unwrap().unwrap().contains("control character"));
    until("all places are free", || server.guests() == 0);
}

#[test]
fn a_station_is_found_by_its_data_folder() {
    let (room, fake) = (Room::new(), Fake::new());
    let find = || room.places.find(&room.data_dir());
    assert_eq!(find(), Found::None);
    let server = room.serve(&fake);
    assert_eq!(find(), Found::Live(server.socket().to_owned()));
    assert_eq!(
        fake.0.guests.lock().unwrap().len(),
        0,
        "asking takes no seat"
    );
    let other = room.root.path().join("other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(room.places.find(&other), Found::None);
    drop(server);
    assert_eq!(find(), Found::None);
}

#[test]
fn a_station_of_another_version_is_found_so_that_it_can_be_named() {
    let room = Room::new();
    let (listener, socket) = somebody(&room);
    let station = std::thread::spawn(move || {
        Raw::accept(&listener).say(&hello(MAJOR + 1, ""));
    });
    assert_eq!(room.places.find(&room.data_dir()), Found::Live(socket));
    station.join().unwrap();
}
