//! Commands of front ends: each is answered exactly once, whatever becomes of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

mod common;

use common::{Face, SEAT, World};
use proptest::prelude::*;
use rollcall::config::Config;
use rollcall::core::attendance::EventId;
use rollcall::core::correction::{Corrected, Correction, Deed};
use rollcall::core::event::{
    CommandId, Effect, Event, Intent, Outcome, PunchOutcome, Receipt, Seat,
};
use rollcall::core::person::{PersonCode, PersonId, PersonName};
use rollcall::core::pin::Pin;
use rollcall::core::station::Mode;
use rollcall::messages::Message;

const START: &str = "2026-11-23T08:00:00+01:00";

/// Where a second operator sits.
const OTHER: Seat = Seat(2);

/// Of Ana, who is enrolled.
const RIGHT_PIN: &str = "483920";

/// A station with Ana, who has a PIN.
fn world() -> World {
    let mut world = World::new(Config::default().policies(), START);
    let ana = world.add_person("Ana", "P-1");
    let pin = Pin::parse(RIGHT_PIN).unwrap();
    world.ledger.pins.push((pin, ana));
    world
}

fn enrol(code: &str) -> Intent {
    Intent::Enrol {
        name: PersonName::parse("Dana").unwrap(),
        code: PersonCode::parse(code).unwrap(),
        face: None,
        camera: None,
    }
}

fn confirm(code: &str) -> Intent {
    Intent::ConfirmEnrolment {
        code: PersonCode::parse(code).unwrap(),
        another_than: None,
    }
}

fn pin(digits: &str) -> Intent {
    Intent::EnterPin(Pin::parse(digits).unwrap())
}

fn correction() -> Intent {
    Intent::Correct(Box::new(Correction {
        deed: Deed::Void { event: EventId(1) },
        operator: "olga".into(),
        reason: "test".into(),
        face: None,
    }))
}

/// Somebody new, long enough for all samples.
fn show_dana(world: &mut World) {
    world.see_for(&[Face::of(9, 0.95)], 9.0);
}

/// The one answer to a command.
fn answer(world: &World, id: CommandId) -> Outcome {
    match world.answers_to(id)[..] {
        [outcome] => outcome.clone(),
        ref other => panic!("{} answers: {other:?}", other.len()),
    }
}

fn is_open(world: &World, id: CommandId) -> bool {
    world.answers_to(id).is_empty()
}

fn assert_refused(world: &World, id: CommandId, words: &str) {
    let refusal = answer(world, id).unwrap_err();
    assert!(refusal.to_string().contains(words), "{refusal}");
}

/// What the database refuses, takes or cannot place.
#[derive(Debug, Clone, Copy)]
enum Database {
    Does,
    Refuses,
    KnowsOfAnother,
}

/// Answers the oldest thing that the database was asked for.
fn database(world: &mut World, how: Database) {
    if world.unanswered.is_empty() {
        return;
    }
    let effect = world.unanswered.remove(0);
    let no = || "the disk is full".to_owned();
    let receipt = match (effect, how) {
        (Effect::Correct { ticket, .. }, Database::Does) => Some(Receipt::Corrected {
            ticket,
            outcome: Ok(Box::new(Corrected::default())),
        }),
        (Effect::Correct { ticket, .. }, _) => Some(Receipt::Corrected {
            ticket,
            outcome: Err(Message::verbatim(no())),
        }),
        (Effect::RecordPunch { ticket, .. }, Database::Refuses) => Some(Receipt::Punch {
            ticket,
            outcome: PunchOutcome::Refused(Message::verbatim(no())),
        }),
        (Effect::RecordPunch { ticket, punch }, Database::KnowsOfAnother) => {
            world.add_other_punch(punch.person, "2026-11-23T07:00:00+01:00");
            Some(world.ledger.record(ticket, &punch))
        }
        (Effect::Enrol { ticket, .. }, Database::Refuses) => Some(Receipt::EnrolmentRefused {
            ticket,
            reason: Message::verbatim(no()),
        }),
        (Effect::CheckPin { ticket, .. }, Database::Refuses) => Some(Receipt::PinChecked {
            ticket,
            holder: Err(Message::verbatim(no())),
        }),
        (effect, _) => world.perform(effect),
    };
    if let Some(receipt) = receipt {
        world.handle(Event::Receipt(receipt));
    }
}

#[test]
fn an_enrolment_is_answered_when_the_person_is_on_disk() {
    let mut world = world();
    let chosen = world.intend(Intent::ChooseFace);
    assert!(answer(&world, chosen).is_ok());
    let begun = world.intend(enrol("P-2"));
    assert!(is_open(&world, begun));
    show_dana(&mut world);
    assert!(is_open(&world, begun), "nobody has confirmed it");
    world.answering = false;
    let confirmed = world.intend(confirm("P-2"));
    assert!(is_open(&world, begun) && is_open(&world, confirmed));
    world.answer_all();
    for id in [begun, confirmed] {
        let said = answer(&world, id).unwrap();
        assert!(said.to_string().contains("Dana"), "{said}");
    }
}

#[test]
fn an_enrolment_that_the_database_refuses_is_refused() {
    let mut world = world();
    let begun = world.intend(enrol("P-2"));
    show_dana(&mut world);
    world.answering = false;
    let confirmed = world.intend(confirm("P-2"));
    while !world.unanswered.is_empty() {
        database(&mut world, Database::Refuses);
    }
    assert_refused(&world, begun, "the disk is full");
    assert_refused(&world, confirmed, "the disk is full");
}

#[test]
fn an_enrolment_that_comes_to_nothing_is_refused_with_the_reason() {
    for (what, words) in [
        ("nobody came", "not enrolled"),
        ("nobody confirmed", "nobody has confirmed"),
        ("called off", "Dana"),
        ("left", "Dana"),
    ] {
        let mut world = world();
        let begun = world.intend(enrol("P-2"));
        match what {
            "nobody came" => world.wait(100.0),
            "nobody confirmed" => {
                show_dana(&mut world);
                // And then nobody tries again with the face.
                world.wait(1500.0);
            }
            "called off" => {
                let cancelled = world.intend(Intent::CancelEnrolment);
                assert!(answer(&world, cancelled).is_ok());
            }
            _ => world.handle(Event::SeatLeft(SEAT)),
        }
        assert_refused(&world, begun, words);
        assert!(world.station.enroller().is_none(), "{what}");
        world.wait(600.0);
        assert_refused(&world, begun, words);
    }
}

#[test]
fn what_cannot_be_begun_is_refused_at_once() {
    let mut world = world();
    for (intent, words) in [
        (enrol("P-1"), "belongs to Ana"),
        (confirm("P-1"), "not the time"),
        (Intent::AwaitFace, "not the time"),
    ] {
        let id = world.intend(intent);
        assert_refused(&world, id, words);
    }
    let nothing = world.intend(Intent::CancelEnrolment);
    assert!(answer(&world, nothing).is_ok(), "twice is as good as once");
    let begun = world.intend(enrol("P-2"));
    let again = world.intend(enrol("P-3"));
    assert_refused(&world, again, "not the time");
    show_dana(&mut world);
    let other = world.intend(confirm("P-9"));
    assert_refused(&world, other, "other pictures");
    assert!(is_open(&world, begun), "it goes on");
    let twin = world.intend(Intent::CancelEnrolment);
    assert!(answer(&world, twin).is_ok() && answer(&world, begun).is_err());
}

#[test]
fn pictures_of_somebody_else_are_not_confirmed_and_the_enrolment_goes_on() {
    let mut world = world();
    let begun = world.intend(enrol("P-2"));
    world.see_for(&[Face::of(0, 0.8)], 9.0);
    let unstated = world.intend(confirm("P-2"));
    assert_refused(&world, unstated, "somebody else");
    assert!(is_open(&world, begun));
    world.confirm(Some(PersonId(1)));
    assert!(answer(&world, begun).is_ok());
}

#[test]
fn a_second_front_end_is_told_who_is_enrolling() {
    let mut world = world();
    world.intend(Intent::ChooseFace);
    for intent in [
        Intent::ChooseFace,
        Intent::AwaitFace,
        enrol("P-3"),
        confirm("P-2"),
        Intent::CancelEnrolment,
    ] {
        let id = world.intend_at(OTHER, intent);
        assert_refused(&world, id, "operator 1 is enrolling");
    }
    assert!(matches!(world.station.mode(), Mode::Choosing(_)));
    assert_eq!(world.view().enrolment.enroller.as_ref().unwrap().0, SEAT);
    // What is no enrolment goes on at both.
    let punch = world.intend_at(OTHER, pin(RIGHT_PIN));
    assert!(answer(&world, punch).is_ok());
    // Nobody else's leaving ends it; its own does.
    world.handle(Event::SeatLeft(OTHER));
    assert!(matches!(world.station.mode(), Mode::Choosing(_)));
    world.handle(Event::SeatLeft(SEAT));
    assert!(matches!(world.station.mode(), Mode::Live));
    let begun = world.intend_at(OTHER, enrol("P-3"));
    assert!(is_open(&world, begun));
    assert_eq!(world.station.enroller(), Some((OTHER, "operator 2")));
}

#[test]
fn what_is_being_saved_is_saved_though_its_operator_has_left() {
    for how in [Database::Does, Database::Refuses] {
        let mut world = world();
        let begun = world.intend(enrol("P-2"));
        show_dana(&mut world);
        world.answering = false;
        world.intend(confirm("P-2"));
        world.handle(Event::SeatLeft(SEAT));
        assert!(matches!(world.station.mode(), Mode::Saving { .. }));
        while !world.unanswered.is_empty() {
            database(&mut world, how);
        }
        let is_done = matches!(how, Database::Does);
        assert_eq!(answer(&world, begun).is_ok(), is_done);
        assert_eq!(world.ledger.people.len(), if is_done { 2 } else { 1 });
        // Nobody waits for somebody who is gone.
        let next = world.intend_at(OTHER, Intent::ChooseFace);
        assert!(answer(&world, next).is_ok(), "{how:?}");
    }
}

#[test]
fn a_pin_is_answered_with_the_punch_on_disk_or_the_reason() {
    let mut world = world();
    world.answering = false;
    let right = world.intend(pin(RIGHT_PIN));
    database(&mut world, Database::Does);
    assert!(is_open(&world, right), "the punch is not on disk yet");
    let twice = world.intend(pin(RIGHT_PIN));
    world.unanswered.rotate_left(1);
    database(&mut world, Database::Does);
    assert_refused(&world, twice, "is being saved");
    world.answer_all();
    assert!(answer(&world, right).unwrap().to_string().contains("Ana"));
    let soon = world.intend(pin(RIGHT_PIN));
    assert_refused(&world, soon, "has just punched");
    for _ in 0..3 {
        let wrong = world.intend(pin("111222"));
        assert_refused(&world, wrong, "nobody has this one");
    }
    let locked = world.intend(pin(RIGHT_PIN));
    assert_refused(&world, locked, "too many wrong ones");
}

#[test]
fn a_pin_whose_punch_comes_to_nothing_is_refused() {
    let mut world = world();
    world.answering = false;
    let unread = world.intend(pin(RIGHT_PIN));
    database(&mut world, Database::Refuses);
    assert_refused(&world, unread, "the disk is full");
    let unwritten = world.intend(pin(RIGHT_PIN));
    database(&mut world, Database::Does);
    database(&mut world, Database::Refuses);
    assert_refused(&world, unwritten, "the disk is full");
}

#[test]
fn a_pin_whose_place_is_taken_is_answered_once_with_what_came_of_it() {
    // A check-in of an hour ago that the station did not know of: this is the check-out.
    let mut world = world();
    world.answering = false;
    world.add_other_punch(PersonId(1), "2026-11-23T07:00:00+01:00");
    let later = world.intend(pin(RIGHT_PIN));
    database(&mut world, Database::Does);
    database(&mut world, Database::Does);
    assert!(is_open(&world, later), "it is written in another place");
    world.answer_all();
    let said = answer(&world, later).unwrap();
    assert!(said.to_string().contains("checked out"), "{said}");
    // One of a moment ago: this is none.
    let mut world = self::world();
    world.answering = false;
    world.add_other_punch(PersonId(1), "2026-11-23T07:59:00+01:00");
    let again = world.intend(pin(RIGHT_PIN));
    world.answer_all();
    assert_refused(&world, again, "has punched already");
}

#[test]
fn a_correction_is_answered_by_the_database() {
    for how in [Database::Does, Database::Refuses] {
        let mut world = world();
        world.answering = false;
        let (mine, theirs) = (
            world.intend(correction()),
            world.intend_at(OTHER, correction()),
        );
        assert!(is_open(&world, mine) && is_open(&world, theirs));
        database(&mut world, how);
        let is_done = matches!(how, Database::Does);
        assert_eq!(answer(&world, mine).is_ok(), is_done);
        assert!(is_open(&world, theirs), "that has a ticket of its own");
        while is_open(&world, theirs) {
            database(&mut world, how);
        }
        for id in [mine, theirs] {
            assert_eq!(answer(&world, id).is_ok(), is_done, "once");
        }
    }
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Happens {
    Commanded(Seat, Intent),
    ConfirmedAsAsked(Seat),
    Left(Seat),
    Seen(usize, u32),
    Waited(u32),
    Database(Database),
}

fn happening() -> impl Strategy<Value = Happens> {
    let seat = || prop_oneof![Just(SEAT), Just(OTHER)];
    let code = || prop_oneof![Just("P-1"), Just("P-2"), Just("P-3")];
    let intent = prop_oneof![
        Just(Intent::ChooseFace),
        Just(Intent::AwaitFace),
        Just(Intent::CancelEnrolment),
        code().prop_map(enrol),
        code().prop_map(enrol),
        code().prop_map(confirm),
        prop_oneof![Just(RIGHT_PIN), Just("111222")].prop_map(pin),
        Just(correction()),
    ];
    let database = prop_oneof![
        3 => Just(Database::Does),
        1 => Just(Database::Refuses),
        1 => Just(Database::KnowsOfAnother),
    ];
    prop_oneof![
        6 => (seat(), intent).prop_map(|(seat, intent)| Happens::Commanded(seat, intent)),
        3 => seat().prop_map(Happens::ConfirmedAsAsked),
        1 => seat().prop_map(Happens::Left),
        4 => (prop_oneof![Just(0usize), Just(9)], prop_oneof![Just(1u32), Just(45)])
            .prop_map(|(axis, frames)| Happens::Seen(axis, frames)),
        2 => prop_oneof![Just(1u32), Just(20), Just(70), Just(400)].prop_map(Happens::Waited),
        5 => database.prop_map(Happens::Database),
    ]
}

fn happen(world: &mut World, what: Happens) -> Option<CommandId> {
    match what {
        Happens::Commanded(seat, intent) => return Some(world.intend_at(seat, intent)),
        Happens::ConfirmedAsAsked(seat) => {
            let Mode::Confirming(asked) = world.station.mode() else {
                return None;
            };
            let intent = Intent::ConfirmEnrolment {
                code: asked.code.clone(),
                another_than: asked.taken_for.map(|other| other.person),
            };
            return Some(world.intend_at(seat, intent));
        }
        Happens::Left(seat) => world.handle(Event::SeatLeft(seat)),
        Happens::Seen(axis, frames) => {
            world.see_for(&[Face::of(axis, 0.95)], f64::from(frames) / 5.0);
        }
        Happens::Waited(seconds) => world.wait(f64::from(seconds)),
        Happens::Database(how) => database(world, how),
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_command_is_answered_once_in_whatever_order_things_happen(
        story in proptest::collection::vec(happening(), 1..60)
    ) {
        let mut world = world();
        world.answering = false;
        let mut given = Vec::new();
        for what in story {
            given.extend(happen(&mut world, what));
            for id in &given {
                prop_assert!(world.answers_to(*id).len() <= 1, "{id:?} was answered twice");
            }
        }
        // Everything ends: the database answers, and what is waited for is given up.
        for _ in 0..20 {
            while !world.unanswered.is_empty() {
                database(&mut world, Database::Does);
            }
            world.wait(100.0);
        }
        for id in &given {
            prop_assert_eq!(world.answers_to(*id).len(), 1, "{:?}", id);
        }
        prop_assert_eq!(world.replies.len(), given.len());
        prop_assert!(world.station.enroller().is_none());
    }
}
