//! Cameras elsewhere in the state machine: each with tracks and votes of its own, all with one
//! record of what a person has done.

use rollcall::core::camera_name::CameraName;
use rollcall::core::consensus::Verdict;
use rollcall::core::event::Intent;
use rollcall::core::station::{Mode, PunchReceipt};

use super::common::{Face, World};
use super::{enrol, kept, world};

fn camera(name: &str) -> CameraName {
    CameraName::parse(name).unwrap()
}

/// The receipt of each face of the latest frame of a camera.
fn receipts(world: &World, name: &str) -> Vec<PunchReceipt> {
    let reports = world.station.report(&Some(camera(name)), &world.now());
    reports.into_iter().map(|face| face.receipt).collect()
}

fn verdict(world: &World, name: &str) -> Verdict {
    let camera = Some(camera(name));
    let mut tracks = world.station.faces_at(&camera);
    tracks.next().unwrap().verdict
}

#[test]
fn a_picture_a_second_is_a_punch_after_three_and_one_second_visit_is_none() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    let ana = Face::of(0, 0.9);
    for look in 1..=6 {
        world.see_at("gate", std::slice::from_ref(&ana));
        let receipt = receipts(&world, "gate").remove(0);
        match look {
            3 => assert!(
                matches!(receipt, PunchReceipt::Recorded { .. }),
                "{receipt:?}"
            ),
            _ => assert_eq!(receipt, PunchReceipt::None, "look {look}"),
        }
        world.advance(1.3);
    }
    assert_eq!(world.punches().len(), 1);
    let event = &world.ledger.events[0];
    assert_eq!(event.provenance.camera, Some(camera("gate")));
    assert!(world.log().iter().any(|line| line.ends_with("camera gate")));
    // No look of the own camera was among them.
    assert_eq!(world.station.faces_in_sight().count(), 0);
}

#[test]
fn what_is_written_elsewhere_costs_no_vote_unless_it_is_a_face() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    let ana = Face::of(0, 0.9);
    for _ in 0..3 {
        world.see_at("gate", std::slice::from_ref(&ana));
        world.advance(1.0);
        world.reload();
    }
    assert_eq!(world.punches().len(), 1);
    // Another face may be whose look it was.
    world.advance(600.0);
    for person in 1..=3 {
        world.see_at("gate", std::slice::from_ref(&ana));
        world.advance(1.0);
        world.add_person("Ben", &format!("P-1{person}"));
    }
    assert_eq!(world.punches().len(), 1);
}

#[test]
fn who_walks_across_the_picture_of_a_slow_camera_is_followed_by_looks() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    for x in [0.0, 250.0, 500.0] {
        world.see_at("gate", &[Face::of(0, 0.9).at_x(x)]);
        world.advance(1.5);
    }
    assert_eq!(world.punches().len(), 1);
}

#[test]
fn two_looks_are_no_name_however_long_the_camera_takes() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    let ana = Face::of(0, 0.99);
    for _ in 0..5 {
        // Two looks, then a pause that is longer than a visit may have.
        for _ in 0..2 {
            world.see_at("gate", std::slice::from_ref(&ana));
            assert_eq!(verdict(&world, "gate"), Verdict::Deciding);
            world.advance(1.0);
        }
        world.wait(20.0);
    }
    assert!(world.punches().is_empty());
}

#[test]
fn a_stranger_has_no_name_at_any_pace() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    for gap in [0.1, 0.5, 1.0, 2.0, 3.0] {
        for look in 0..20 {
            // Once in a while a look is as like as a name needs.
            let likeness = if look % 4 == 0 { 0.6 } else { 0.3 };
            world.see_at("gate", &[Face::of(0, likeness)]);
            world.advance(gap);
        }
    }
    assert!(world.punches().is_empty(), "{:?}", world.punches());
}

#[test]
fn votes_of_two_cameras_do_not_add_up_and_their_punches_do() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    let ana = Face::of(0, 0.9);
    for name in ["gate", "hall", "gate", "hall"] {
        world.see_at(name, std::slice::from_ref(&ana));
        world.advance(0.2);
    }
    assert!(world.punches().is_empty(), "two looks each");
    for _ in 0..10 {
        for name in ["gate", "hall"] {
            world.see_at(name, std::slice::from_ref(&ana));
            world.advance(0.1);
        }
        world.see(std::slice::from_ref(&ana));
    }
    assert_eq!(world.punches().len(), 1, "one person, one punch");
    // The visit and the cooldown are the person's, wherever the person is.
    world.wait(30.0);
    for _ in 0..5 {
        world.see_at("yard", std::slice::from_ref(&ana));
        world.advance(0.5);
    }
    assert_eq!(world.punches().len(), 1, "within the cooldown");
    world.wait(300.0);
    for _ in 0..5 {
        world.see_at("yard", std::slice::from_ref(&ana));
        world.advance(0.5);
    }
    assert_eq!(world.punches().len(), 2);
    assert_eq!(
        world.ledger.events[1].provenance.camera,
        Some(camera("yard"))
    );
}

#[test]
fn a_punch_is_saving_until_its_receipt_has_come() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.answering = false;
    let ana = Face::of(0, 0.9);
    for _ in 0..3 {
        world.see_at("gate", std::slice::from_ref(&ana));
        world.advance(0.2);
    }
    assert_eq!(receipts(&world, "gate"), [PunchReceipt::Saving]);
    world.answer_all();
    assert!(matches!(
        receipts(&world, "gate")[..],
        [PunchReceipt::Recorded { .. }]
    ));
}

#[test]
fn an_enrolment_takes_samples_at_its_own_camera_only() {
    let mut world = world();
    let bruno = Face::of(7, 0.9);
    let Intent::Enrol {
        name, code, face, ..
    } = enrol("Bruno", "P-2")
    else {
        panic!("it is an enrolment");
    };
    world.intend(Intent::Enrol {
        name,
        code,
        face,
        camera: Some(camera("gate")),
    });
    for _ in 0..5 {
        world.see(&[Face::of(9, 0.9)]);
        world.see_at("hall", &[Face::of(8, 0.9)]);
        world.advance(0.5);
    }
    assert_eq!(kept(&world), 0);
    for turn in [0.0, 0.0, 0.2, -0.2, 0.0, 0.0, 0.0] {
        world.see_at("gate", &[bruno.clone().turned(turn)]);
        world.see_at("hall", &[Face::of(8, 0.9)]);
        world.advance(1.0);
    }
    assert!(
        matches!(world.station.mode(), Mode::Confirming(_)),
        "{:?}",
        world.station.mode()
    );
    world.confirm(None);
    assert_eq!(world.ledger.people.len(), 1);
    for _ in 0..3 {
        world.see_at("hall", std::slice::from_ref(&bruno));
        world.advance(1.0);
    }
    assert!(matches!(verdict(&world, "hall"), Verdict::Known(_)));
}
