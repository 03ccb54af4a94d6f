//! Two operators at two dashboards.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rollcall::core::correction::{Correction, Deed};
use rollcall::core::event::Intent;
use rollcall::protocol::{Client, Command, ModeView, Reply};

use super::{Dashboard, Home, PATIENCE, Service, alone, rounds};

/// What is answered to one command.
fn answer(client: &mut Client, command: Command) -> Reply {
    let number = client.send(command);
    let started = Instant::now();
    loop {
        let _ = client.news().recv_timeout(Duration::from_millis(20));
        if let Some(told) = client.replies().into_iter().find(|t| t.number == number) {
            return told.reply;
        }
        assert!(started.elapsed() < PATIENCE, "there is no answer");
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    started.elapsed()
}

fn choose() -> Command {
    Command::Intent(Intent::ChooseFace)
}

fn is_live(client: &Client) -> bool {
    *client.view().mode() == ModeView::Live
}

fn refusal(reply: Reply) -> String {
    match reply {
        Reply::Refused(refusal) => refusal.said.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn who_enrols_is_alone_and_makes_room_when_killed() {
    let _alone = alone();
    let home = Home::new(1);
    let mut service = Service::start(&home);
    let mut ben = service.attach("ben");
    let mut longest = Duration::ZERO;
    for _ in 0..rounds(3) {
        let mut ana = Dashboard::read(&home, "ana", &[]);
        ana.wait_for("Rollcall");
        ana.press("e");
        until("nobody enrols", || !is_live(&ben));
        let said = refusal(answer(&mut ben, choose()));
        assert!(said.starts_with("ana"), "{said}");
        assert!(
            said.ends_with("is enrolling somebody at the moment"),
            "{said}"
        );

        ana.signal(Signal::SIGKILL);
        longest = longest.max(until("it is not over", || is_live(&ben)));
        let begun = answer(&mut ben, choose());
        assert!(matches!(begun, Reply::Done(_)), "{begun:?}");
        until("it has not begun", || !is_live(&ben));
        let over = answer(&mut ben, Command::Intent(Intent::CancelEnrolment));
        assert!(matches!(over, Reply::Done(_)), "{over:?}");
        until("it is not called off", || is_live(&ben));
    }
    println!(
        "{} enrolments broken off by killing their dashboard: over after {} ms at most; ended in {} ms",
        rounds(3),
        longest.as_millis(),
        service.end().as_millis(),
    );
}

#[test]
fn the_second_who_corrects_a_punch_is_told() {
    let _alone = alone();
    let home = Home::new(1);
    let mut service = Service::start(&home);
    let (mut ana, mut ben) = (service.attach("ana"), service.attach("ben"));
    let (person, pin) = home.pins[0].clone();
    let punched = answer(&mut ana, Command::Intent(Intent::EnterPin(pin)));
    assert!(matches!(punched, Reply::Done(_)), "{punched:?}");
    until("it is not shown", || {
        !ben.view().events_of(person).is_empty()
    });
    let event = ben.view().events_of(person)[0].id;

    let void = |operator: &str| {
        Command::Intent(Intent::Correct(Box::new(Correction {
            deed: Deed::Void { event },
            operator: operator.to_owned(),
            reason: "twice at the door".to_owned(),
            face: None,
        })))
    };
    // Both have read the same screen.
    let (first, second) = (ana.send(void("ana")), ben.send(void("ben")));
    let mut replies = Vec::new();
    until("not both are answered", || {
        replies.extend(ana.replies().into_iter().map(|told| (first, told)));
        replies.extend(ben.replies().into_iter().map(|told| (second, told)));
        replies.len() == 2
    });
    let (done, refused): (Vec<_>, Vec<_>) = replies
        .into_iter()
        .map(|(_, told)| told.reply)
        .partition(|reply| matches!(reply, Reply::Done(_)));
    assert_eq!((done.len(), refused.len()), (1, 1), "{done:?} {refused:?}");
    let said = refused.into_iter().map(refusal).next().unwrap();
    println!("the second one is told: {said}");
    assert!(said.contains("voided"), "{said}");
    service.end();
    let voided: Vec<_> = home.events().into_iter().filter_map(|e| e.void).collect();
    assert_eq!(voided.len(), 1);
    let by = &voided[0].by;
    assert!(by.contains("(uid "), "{by}");
}
