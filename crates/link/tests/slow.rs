//! Front ends that do not read: nobody but they themselves notices.

mod common;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::raw::{Raw, text};
use common::{Fake, Room, answers, attach, person, resident, roster, until};
use image::RgbImage;
use rollcall_link::Server;
use rollcall_protocol::{Command, PreviewWish};
use rollcall_system::stop::StopFlag;

const PREVIEW: &str = r#"{"preview":{"width":4000,"rate":60.0}}"#;

/// A picture that JPEG cannot make small.
fn noise(width: u32, height: u32, seed: u32) -> RgbImage {
    let mut state = seed | 1;
    RgbImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        image::Rgb([state as u8, (state >> 8) as u8, (state >> 16) as u8])
    })
}

/// Bytes of what this station would have had to say, with everything new each time.
fn offer(fake: &Fake, round: i64) -> usize {
    let name = format!("Somebody {round}");
    let people = (0..2000).map(|id| person(id, &name));
    fake.show(|view| view.roster = roster(people));
    2000 * 250
}

#[test]
fn what_is_not_read_costs_no_memory_and_nobody_else_anything() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut frozen = Raw::attach(server.socket());
    frozen.say(PREVIEW);
    let mut reading = attach(server.socket());
    reading.wish(PreviewWish {
        width: 64,
        rate: 30.0,
    });
    fake.show_picture(noise(1280, 720, 7));
    offer(&fake, 0);
    until("the reader has a picture", || reading.picture(0).is_some());
    let before = resident();
    let (mut offered, mut round, mut slowest) = (0, 0, Duration::ZERO);
    while offered < 200 << 20 {
        round += 1;
        offered += offer(&fake, round);
        if round % 20 == 0 {
            fake.show_picture(noise(1280, 720, round as u32));
            let began = Instant::now();
            reading.send(Command::TestCamera);
            answers(&mut reading, 1);
            slowest = slowest.max(began.elapsed());
        }
    }
    let name = format!("Somebody {round}");
    until("the reader has the newest", || {
        let view = reading.view();
        view.people()
            .next()
            .is_some_and(|p| p.name.as_str() == name)
    });
    let grown = resident().saturating_sub(before);
    println!(
        "{round} views, {} MB offered: {} kB grown, slowest answer {slowest:?}",
        offered >> 20,
        grown >> 10
    );
    assert!(grown < 24 << 20, "{grown} bytes were kept");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");

    // When it reads again, it gets to the newest view in two rounds, not in hundreds.
    let mut completes = 0;
    while let Some(message) = frozen.hear().unwrap() {
        completes += usize::from(message.starts_with(r#"{"complete""#));
        if message.contains(&format!(r#""name":"{name}""#)) {
            break;
        }
    }
    assert!(completes <= 3, "{completes} views were queued");
}

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
    assert_eq!(Arc::strong_count(&fake.0), 1, "a thread is left");
}
