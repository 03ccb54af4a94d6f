//! Front ends that do not read: nobody but they themselves notices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::raw::{Raw, text};
use common::{Fake, Room, attach, noise, offer, until};
use rollcall_link::Server;
use rollcall_system::stop::StopFlag;

const PREVIEW: &str = r#"{"preview":{"width":4000,"rate":60.0}}"#;

#[test]
fn who_is_frozen_for_long_leaves_its_seat() {
    let (room, fake) = (Room::new(), Fake::new());
    let patience = Duration::from_millis(300);
    let server =
        Server::start_with_patience(&room.place(), fake.host(), StopFlag::new(), patience).unwrap();
    let reading = attach(server.socket());
    let _frozen = Raw::attach(server.socket());
    // Nothing to say is nothing that is not read.
    std::thread::sleep(2 * patience);
    assert_eq!(fake.seated(), 2);
    let mut round = 0;
    until("the frozen one is gone", || {
        round += 1;
        offer(&fake, round);
        fake.seated() == 1
    });
    let name = format!("Somebody {round}");
    until("the other one is served", || {
        let view = reading.view();
        view.people()
            .next()
            .is_some_and(|p| p.name.as_str() == name)
    });
}

#[test]
fn who_does_not_read_answers_is_not_listened_to() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut raw = Raw::attach(server.socket());
    raw.0
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // Each answer is as long as the command, so that they fill the socket soon.
    let command = format!(
        r#"{{"command":{{"number":1,"command":{{"change_control":{{"name":"{}","step":"to_default"}}}}}}}}"#,
        "x".repeat(20_000)
    );
    let mut sent = 0;
    while raw.0.write_all(&text(&command)).is_ok() {
        sent += 1;
        assert!(sent < 2000, "everything is taken in");
    }
    let given = fake.0.commands.lock().unwrap().len();
    assert!(given < 200, "{given} commands were taken in");
    drop(raw);
    until("the seat is left", || fake.seated() == 0);
}

#[test]
fn a_station_ends_in_time_though_nobody_reads() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let frozen: Vec<Raw> = (0..4)
        .map(|_| {
            let mut raw = Raw::attach(server.socket());
            raw.say(PREVIEW);
            raw
        })
        .collect();
    fake.show_picture(noise(1280, 720, 3));
    for round in 0..20 {
        offer(&fake, round);
        std::thread::sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    drop(server);
    assert!(
        began.elapsed() < Duration::from_millis(700),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(fake.seated(), 0);
    drop(frozen);
    // It has left the seat and is about to end.
    until("no thread is left", || Arc::strong_count(&fake.0) == 1);
}
