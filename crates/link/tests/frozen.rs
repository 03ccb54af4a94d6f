//! A front end that is stopped: memory stays as it is. Alone in its process, which is measured.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use std::time::{Duration, Instant};

use common::raw::Raw;
use common::{Fake, Room, answers, attach, noise, offer, resident, until};
use rollcall_protocol::{Command, PreviewWish};

const PREVIEW: &str = r#"{"preview":{"width":4000,"rate":60.0}}"#;

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
