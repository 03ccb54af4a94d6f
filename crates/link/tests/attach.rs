//! Front ends at the socket of a station.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use rollcall_messages::Message;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{Fake, Room, answers, attach, person, roster, said, until, wall};
use image::RgbImage;
use rollcall_core::event::Seat;
use rollcall_link::{Hello, LinkError};
use rollcall_protocol::{Command, LinkState, PreviewWish};

#[test]
fn a_front_end_sees_the_station_and_is_answered() {
    let (room, fake) = (Room::new(), Fake::new());
    fake.show(|view| view.roster = roster((0..1200).map(|i| person(i, "Ana Torres"))));
    fake.log("first");
    let server = room.serve(&fake);
    let mut client = attach(server.socket());
    // The first view is whole.
    assert_eq!(client.state(), LinkState::Connected);
    assert_eq!(client.view().facts.station_name, "Front door");
    assert_eq!(client.view().people().count(), 1200);
    assert_eq!(client.view().log().written(), 1);
    assert_ne!(client.seat(), Seat(0));

    let number = client.send(Command::TestCamera);
    let told = answers(&mut client, 1);
    assert_eq!(
        (told[0].number, said(&told[0])),
        (number, "TestCamera".to_owned())
    );

    fake.log("second");
    fake.show(|view| view.roster = roster([person(5, "Bo Li")]));
    until("the changes arrive", || client.view().people().count() == 1);
    assert_eq!(client.view().log().written(), 2);
    assert_eq!(client.view().people().next(), Some(&*person(5, "Bo Li")));
}

#[test]
fn a_large_station_is_seen_at_once() {
    let (room, fake) = (Room::new(), Fake::new());
    fake.show(|view| view.roster = roster((0..5000).map(|i| person(i, "Ana Torres Ferrer"))));
    let server = room.serve(&fake);
    let began = Instant::now();
    let client = attach(server.socket());
    let took = began.elapsed();
    println!("5,000 people after {took:?}");
    assert_eq!(client.view().people().count(), 5000);
    // 300 ms on a quiet machine; this one may be building something else.
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_station_that_has_ended_takes_nobody_in() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    fake.end("it is over");
    let error = rollcall_link::attach(server.socket(), common::ana())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.to_string(), "it is over");
    until("its seat is left", || fake.seated() == 0);
}

#[test]
fn the_station_knows_who_is_there_and_when_they_leave() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let hello = Hello {
        operator: "  Ana   Torres".to_owned(),
        watches_only: true,
    };
    let client = rollcall_link::attach(server.socket(), hello).unwrap();
    let guest = fake.0.guests.lock().unwrap()[0].clone();
    let peer = guest.peer.unwrap();
    assert_eq!(guest.operator, "Ana Torres");
    assert!(guest.watches_only);
    assert_eq!(peer.uid, nix::unistd::geteuid().as_raw());
    assert_eq!(peer.process, std::process::id() as i32);
    assert_eq!(server.guests(), 1);
    drop(client);
    until("the seat is left", || {
        fake.seated() == 0 && server.guests() == 0
    });
}

#[test]
fn clocks_are_the_stations() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let client = attach(server.socket());
    let (here, there) = (client.now(), fake.now());
    let apart = there.monotonic.abs_diff(here.monotonic);
    assert!(apart < Duration::from_millis(200), "{apart:?}");
    assert_eq!(
        here.wall.offset(),
        wall("2026-01-01T00:00:00+09:00").offset()
    );
}

#[test]
fn pictures_come_as_large_and_as_often_as_they_are_wanted() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let client = attach(server.socket());
    fake.show_picture(RgbImage::from_pixel(640, 480, image::Rgb([200, 100, 50])));
    std::thread::sleep(Duration::from_millis(50));
    assert!(client.picture(0).is_none(), "nobody asked for it");

    client.wish(PreviewWish {
        width: 160,
        rate: 10.0,
    });
    until("the picture comes", || client.picture(0).is_some());
    let (number, frame) = client.picture(0).unwrap();
    assert_eq!(frame.image.dimensions(), (160, 120));
    assert!(frame.image.get_pixel(80, 60).0[0].abs_diff(200) < 6);
    assert!(client.picture(number).is_none());
    let age = client.now().since(&frame.captured_at);
    assert!(age < Duration::from_secs(2), "{age:?}");

    // Never more often than was asked for. That it is not less often is held where time is
    // an argument, by the tests of the rhythm.
    let began = Instant::now();
    let (mut seen, mut last) = (0, number);
    until("ten more have come", || {
        fake.show_picture(RgbImage::new(640, 480));
        if let Some((number, _)) = client.picture(last) {
            (last, seen) = (number, seen + 1);
        }
        seen == 10
    });
    assert!(
        began.elapsed() > Duration::from_millis(800),
        "{:?}",
        began.elapsed()
    );

    client.wish(PreviewWish {
        width: 0,
        rate: f32::NAN,
    });
    until("none are wanted", || {
        fake.wishes().last() == Some(&PreviewWish::NONE)
    });
    assert_eq!(client.state(), LinkState::Connected);
}

#[test]
fn a_station_that_comes_back_is_found_again_and_every_command_answered_once() {
    let (room, fake) = (Room::new(), Fake::new());
    fake.show(|view| view.roster = roster([person(1, "Ana"), person(2, "Bo")]));
    let server = room.serve(&fake);
    let mut client = attach(server.socket());
    client.wish(PreviewWish {
        width: 64,
        rate: 5.0,
    });
    fake.0.is_silent.store(true, Ordering::SeqCst);
    let numbers: Vec<u64> = (0..10)
        .map(|_| client.send(Command::ReadControls))
        .collect();
    until("the commands arrive", || {
        fake.0.commands.lock().unwrap().len() == 10
    });
    drop(server);
    until("the loss is noticed", || {
        matches!(client.state(), LinkState::Lost(_))
    });
    assert_eq!(
        client.state(),
        LinkState::Lost(rollcall_protocol::say::STATION_HAS_ENDED.into())
    );
    let told = answers(&mut client, 10);
    assert_eq!(told.iter().map(|t| t.number).collect::<Vec<_>>(), numbers);
    assert!(told.iter().all(|t| said(t).starts_with("ConnectionLost")));
    // What is shown meanwhile is what was last known.
    assert_eq!(client.view().people().count(), 2);
    let refused = client.send(Command::ReadControls);
    let told = answers(&mut client, 1);
    assert_eq!(told[0].number, refused);
    assert!(
        said(&told[0]).starts_with("Unavailable"),
        "{}",
        said(&told[0])
    );

    let again = Fake::new();
    again.show(|view| view.roster = roster([person(2, "Bo")]));
    let server = room.serve(&again);
    let returned = Instant::now();
    until("it is found again", || {
        client.state() == LinkState::Connected
    });
    assert!(returned.elapsed() < Duration::from_secs(2));
    assert_eq!(client.view().people().count(), 1);
    until("pictures are wanted again", || again.wishes().len() == 1);
    let number = client.send(Command::TestCamera);
    let told = answers(&mut client, 1);
    assert_eq!(
        (told[0].number, said(&told[0])),
        (number, "TestCamera".to_owned())
    );
    assert!(client.replies().is_empty());
    drop(server);
}

#[test]
fn a_station_that_ends_says_so() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let client = attach(server.socket());
    fake.end("the camera's film is over");
    until("the end is heard", || {
        client.state() == LinkState::Lost(Message::verbatim("the camera's film is over".to_owned()))
    });
}

#[test]
fn a_stop_ends_the_server_at_once_whoever_is_attached() {
    let (room, fake) = (Room::new(), Fake::new());
    let stop = rollcall_system::stop::StopFlag::new();
    let server = rollcall_link::Server::start(&room.place(), fake.host(), stop.clone()).unwrap();
    let clients: Vec<_> = (0..5).map(|_| attach(server.socket())).collect();
    let socket = server.socket().to_owned();
    stop.request();
    let began = Instant::now();
    until("the socket is gone", || !socket.exists());
    assert!(began.elapsed() < Duration::from_millis(100));
    drop(server);
    assert!(began.elapsed() < Duration::from_millis(500));
    assert_eq!(fake.seated(), 0);
    until("all have noticed", || {
        clients
            .iter()
            .all(|client| client.state() != LinkState::Connected)
    });
}

#[test]
fn too_many_are_told_so_and_may_come_later() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let mut clients: Vec<_> = (0..32).map(|_| attach(server.socket())).collect();
    let refused = rollcall_link::attach(server.socket(), common::ana());
    let Err(LinkError::Refused { said, .. }) = refused.map(|_| ()) else {
        panic!("the 33rd was taken in");
    };
    assert!(said.to_string().contains("32 are attached"), "{said}");
    clients.pop();
    until("there is room again", || server.guests() < 32);
    attach(server.socket());
}

#[test]
fn nobody_there_is_an_error_in_words() {
    let room = Room::new();
    let error = rollcall_link::attach(&room.socket(), common::ana())
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, LinkError::NoStation { .. }));
    assert!(
        error.to_string().starts_with("no station answers at"),
        "{error}"
    );
}
