//! The station's transitions: what each event does in each mode.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

mod common;
#[path = "station/elsewhere.rs"]
mod elsewhere;

use common::{Face, GOOD, World};
use rollcall::config::Config;
use rollcall::core::attendance::{EventId, EventSource};
use rollcall::core::consensus::{Track, TrackId, Verdict};
use rollcall::core::correction::{Correction, Deed};
use rollcall::core::embedding::{Cosine, Embedding};
use rollcall::core::enrolment::Hint;
use rollcall::core::event::{Effect, Event, Intent, PunchOutcome, Receipt, Snapshot};
use rollcall::core::liveness::{LivenessDemand, Side};
use rollcall::core::notice::Severity;
use rollcall::core::person::{PersonCode, PersonId, PersonName};
use rollcall::core::pin::Pin;
use rollcall::core::quality::{FaceQuality, QualityIssue};
use rollcall::core::station::{Mode, Policies, PunchState};
use rollcall::messages::Message;

const START: &str = "2026-11-23T08:00:00+01:00";

fn world() -> World {
    World::new(Config::default().policies(), START)
}

fn enrol(name: &str, code: &str) -> Intent {
    Intent::Enrol {
        name: PersonName::parse(name).unwrap(),
        code: PersonCode::parse(code).unwrap(),
        face: None,
        camera: None,
    }
}

/// As [`enrol`], of a face that is held fast.
fn enrol_face(name: &str, code: &str, face: TrackId) -> Intent {
    Intent::Enrol {
        name: PersonName::parse(name).unwrap(),
        code: PersonCode::parse(code).unwrap(),
        face: Some(face),
        camera: None,
    }
}

/// The faces that are held fast, the largest first.
fn held(world: &World) -> Vec<TrackId> {
    match world.station.mode() {
        Mode::Choosing(choosing) => choosing.faces.iter().map(|face| face.track).collect(),
        other => panic!("not choosing but {other:?}"),
    }
}

fn hint(world: &World) -> Hint {
    match world.station.mode() {
        Mode::Enrolling(enrolment) => enrolment.hint,
        other => panic!("not enrolling but {other:?}"),
    }
}

fn kept(world: &World) -> usize {
    match world.station.mode() {
        Mode::Enrolling(enrolment) => enrolment.samples.len(),
        other => panic!("not enrolling but {other:?}"),
    }
}

#[test]
fn enrolling_takes_spaced_samples_and_then_knows_the_face() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.intend(enrol("Bruno", "P-2"));
    assert_eq!(hint(&world), Hint::NoFace);
    let bruno = Face::of(7, 0.9);
    world.see(std::slice::from_ref(&bruno));
    assert_eq!((hint(&world), kept(&world)), (Hint::Kept, 1));
    world.see(std::slice::from_ref(&bruno));
    assert_eq!(
        (hint(&world), kept(&world)),
        (Hint::Hold, 1),
        "two frames at once are the same picture"
    );
    world.see_for(std::slice::from_ref(&bruno), 1.0);
    assert_eq!(
        (hint(&world), kept(&world)),
        (Hint::Turn(Side::Left), 2),
        "two samples face the camera, then the head is to turn"
    );
    world.see_for(&[bruno.clone().turned(0.2)], 0.5);
    assert_eq!((hint(&world), kept(&world)), (Hint::Turn(Side::Right), 3));
    world.see_for(&[bruno.clone().turned(-0.2)], 0.3);
    assert_eq!(kept(&world), 4);
    world.see_for(std::slice::from_ref(&bruno), 2.0);
    assert_eq!(world.ledger.people.len(), 1, "first somebody confirms");
    world.confirm(None);
    assert!(matches!(world.station.mode(), Mode::Live));
    assert_eq!(world.ledger.people.len(), 2);
    assert_eq!(world.ledger.people[1].template_count, 5);
    world.see_for(std::slice::from_ref(&bruno), 1.0);
    assert_eq!(world.punches(), ["Bruno in 08:00:04"]);
    assert!(
        world
            .log()
            .iter()
            .any(|l| l == "enrolled Bruno (P-2) with 5 samples")
    );
}

#[test]
fn who_does_not_turn_is_enrolled_all_the_same() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see_for(&[Face::of(7, 0.9)], 5.0);
    assert_eq!((hint(&world), kept(&world)), (Hint::Turn(Side::Right), 2));
    world.see_for(&[Face::of(7, 0.9)], 3.5);
    world.confirm(None);
    assert_eq!(world.ledger.people[0].template_count, 5);
}

#[test]
fn poor_frames_in_between_do_not_ask_for_a_pose_for_ever() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    let blurred = Face {
        quality: FaceQuality {
            sharpness: 0.0,
            ..GOOD
        },
        ..Face::of(7, 0.9)
    };
    for _ in 0..30 {
        world.see_for(&[Face::of(7, 0.9)], 0.2);
        world.see_for(std::slice::from_ref(&blurred), 0.2);
    }
    world.confirm(None);
    assert_eq!(world.ledger.people[0].template_count, 5);
}

#[test]
fn a_look_that_was_not_close_changes_nothing() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    let glanced = Face {
        is_examined: false,
        ..Face::of(7, 0.9)
    };
    for _ in 0..30 {
        world.see_for(&[Face::of(7, 0.9)], 0.2);
        world.see_for(std::slice::from_ref(&glanced), 0.2);
    }
    world.confirm(None);
    assert_eq!(world.ledger.people[0].template_count, 5);
}

#[test]
fn only_the_face_that_was_there_is_enrolled() {
    let mut world = world();
    let bruno = Face::of(7, 0.9);
    world.see_for(std::slice::from_ref(&bruno), 1.0);
    world.intend(Intent::ChooseFace);
    let chosen = held(&world)[0];
    // While the name is typed Bruno goes, and somebody else stands in his place.
    world.wait(12.0);
    world.intend(enrol_face("Bruno", "P-2", chosen));
    world.see_for(&[Face::of(8, 0.9)], 20.0);
    assert_eq!((hint(&world), kept(&world)), (Hint::AnotherFace, 0));
    // Somebody in the background is not him either, and does not hide him.
    world.see_for(&[Face::of(8, 0.9).at_x(400.0), bruno.clone()], 2.0);
    assert_eq!(kept(&world), 2);
    world.see_for(std::slice::from_ref(&bruno), 9.0);
    let Mode::Confirming(asked) = world.station.mode() else {
        panic!("{:?}", world.station.mode())
    };
    assert_eq!(asked.portraits.len(), 5);
    let is_bruno = |sample: &Embedding| sample.similarity(&asked.samples[0].embedding).0 > 0.9;
    assert!(
        asked
            .samples
            .iter()
            .all(|sample| is_bruno(&sample.embedding))
    );
    world.confirm(None);
    assert_eq!(world.ledger.people[0].template_count, 5);
}

#[test]
fn of_several_faces_the_largest_is_offered_and_another_can_be_chosen() {
    let mut world = world();
    let far = Face {
        size: 90.0,
        ..Face::of(8, 0.9).at_x(400.0)
    };
    let faces = [far, Face::of(7, 0.9).at_x(50.0)];
    world.see_for(&faces, 1.0);
    world.intend(Intent::ChooseFace);
    let Mode::Choosing(choosing) = world.station.mode() else {
        panic!("{:?}", world.station.mode())
    };
    let lefts: Vec<f32> = choosing
        .faces
        .iter()
        .map(|face| face.look.bounding_box.left)
        .collect();
    assert_eq!(lefts, [50.0, 400.0]);
    let smaller = held(&world)[1];
    world.intend(enrol_face("Carla", "P-3", smaller));
    world.see_for(&faces, 10.0);
    world.confirm(None);
    let carla = Face::of(8, 0.9);
    world.see_for(&[carla], 1.0);
    assert_eq!(world.punches().len(), 1, "her face, not the nearer one");
}

#[test]
fn with_nobody_in_sight_the_next_who_comes_alone_is_held_fast() {
    let mut world = world();
    world.see(&[]);
    world.intend(Intent::ChooseFace);
    assert!(held(&world).is_empty());
    world.see(&[Face::of(7, 0.9)]);
    assert!(held(&world).is_empty(), "it was not said to wait for one");
    world.intend(Intent::AwaitFace);
    world.see(&[Face::of(7, 0.9).at_x(50.0), Face::of(8, 0.9).at_x(400.0)]);
    assert!(held(&world).is_empty(), "two are not one");
    world.see(&[Face::of(7, 0.9).at_x(50.0)]);
    let chosen = held(&world);
    world.see_for(&[Face::of(8, 0.9).at_x(400.0)], 3.0);
    assert_eq!(held(&world), chosen, "held fast");
    // A face that is not held is not enrolled.
    world.intend(enrol_face("Bruno", "P-2", TrackId(99)));
    assert!(world.log().last().unwrap().contains("choose again"));
    world.intend(enrol_face("Bruno", "P-2", chosen[0]));
    assert!(matches!(world.station.mode(), Mode::Enrolling(_)));
}

#[test]
fn a_face_that_was_looked_at_long_ago_is_not_held() {
    let mut world = world();
    world.see(&[Face::of(7, 0.9)]);
    for _ in 0..10 {
        world.advance(0.2);
        world.see(&[Face::of(7, 0.9).glanced(true)]);
    }
    world.intend(Intent::ChooseFace);
    assert!(held(&world).is_empty());
}

#[test]
fn only_what_is_shown_is_confirmed() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.intend(enrol("Bruno", "P-2"));
    world.see_for(&[Face::of(7, 0.9)], 9.0);
    world.intend(Intent::ConfirmEnrolment {
        code: PersonCode::parse("P-9").unwrap(),
        another_than: Some(ana),
    });
    assert_eq!(world.ledger.people.len(), 1, "another one was confirmed");
    world.wait(400.0);
    assert_eq!(
        world.log(),
        ["Bruno not enrolled: nobody has confirmed the pictures"]
    );
    assert!(
        matches!(world.station.mode(), Mode::Choosing(_)),
        "with his face"
    );
    world.intend(Intent::CancelEnrolment);
    assert!(matches!(world.station.mode(), Mode::Live));
}

#[test]
fn a_name_is_only_on_a_face_that_is_seen() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    let named = |world: &World| -> Vec<Option<PersonId>> {
        let faces = world.station.faces_in_sight();
        faces.map(Track::named).collect()
    };
    let shown = |world: &World| -> Vec<Verdict> {
        let faces = world.station.faces_in_sight();
        faces.map(|track| track.verdict).collect()
    };
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    assert_eq!(named(&world), [Some(ana)]);
    world.see(&[]);
    assert!(named(&world).is_empty(), "an empty wall has no name");
    // She is back after a frame, but whether it is her only a close look tells.
    world.advance(0.2);
    world.see(&[Face::of(0, 0.7).glanced(true)]);
    assert_eq!(
        (named(&world), shown(&world)),
        (vec![None], vec![Verdict::Deciding])
    );
    world.advance(0.2);
    world.see(&[Face::of(0, 0.7)]);
    assert_eq!(
        (named(&world), shown(&world)),
        (vec![Some(ana)], vec![Verdict::Known(ana)])
    );
    // A cut: another face in the same place, not looked at yet.
    world.advance(0.2);
    world.see(&[Face::stranger().glanced(false)]);
    assert_eq!(
        (named(&world), shown(&world)),
        (vec![None], vec![Verdict::Deciding])
    );
    let before = world.station.faces_in_sight().next().unwrap().id;
    let stranger = Face {
        alike: vec![(9, 0.95)],
        ..Face::stranger()
    };
    world.advance(0.2);
    world.see(&[stranger]);
    let now = world.station.faces_in_sight().next().unwrap();
    assert!(now.id != before && now.named().is_none());
}

#[test]
fn without_frames_nobody_is_in_sight() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    world.wait(2.0);
    assert_eq!(world.station.faces_in_sight().count(), 0);
}

#[test]
fn a_face_that_is_recognised_as_another_person_is_a_new_track() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    let bea = world.add_person("Bea", "P-2");
    // Sisters: either is like the other, and nearer to herself.
    let sister = |ana, bea| Face {
        alike: vec![(0, ana), (1, bea)],
        ..Face::of(0, 0.7)
    };
    world.see_for(&[sister(0.8, 0.4)], 1.0);
    let before = world.station.faces_in_sight().next().unwrap().id;
    world.see(&[sister(0.4, 0.8)]);
    let face = world.station.faces_in_sight().next().unwrap();
    assert!(face.id != before && face.named().is_none());
    world.see_for(&[sister(0.4, 0.8)], 1.0);
    let face = world.station.faces_in_sight().next().unwrap();
    assert_eq!(face.named(), Some(bea));
    assert_eq!(world.punches(), ["Ana in 08:00:00", "Bea in 08:00:01"]);
}

#[test]
fn people_who_look_alike_are_named_when_the_second_is_enrolled() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.intend(enrol("Bea", "P-2"));
    let bea = Face {
        alike: vec![(0, 0.38), (7, 0.9)],
        ..Face::of(7, 0.9)
    };
    world.see_for(&[bea], 9.0);
    world.confirm(None);
    let notice = "Bea looks like Ana (0.38): either is named only at twice the margin";
    assert!(
        world.log().iter().any(|line| line == notice),
        "{:?}",
        world.log()
    );
}

#[test]
fn a_picture_of_a_person_makes_no_punch_if_liveness_is_required() {
    let mut policies = Config::default().policies();
    policies.liveness.demand = LivenessDemand::LooksLive;
    let mut world = World::new(policies, "2026-11-23T08:00:00+01:00");
    world.add_person("Ana", "P-1");
    world.see_for(&[Face::of(0, 0.7).live(0.1)], 6.0);
    assert!(world.punches().is_empty());
    assert_eq!(world.log(), ["refused as a picture: looks like Ana 0.70"]);
    assert_eq!(world.sightings, 1);
    // Without a score there is no verdict, and no punch either.
    world.wait(5.0);
    world.see_for(&[Face::of(0, 0.7)], 3.0);
    assert!(world.punches().is_empty());
    world.wait(5.0);
    world.see_for(&[Face::of(0, 0.7).live(0.9)], 3.0);
    assert_eq!(world.punches().len(), 1);
}

#[test]
fn people_who_cross_keep_their_names() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.add_person("Ben", "P-2");
    let mut names = Vec::new();
    // Ana walks to the right, Ben to the left; in the middle Ana hides him.
    for step in 0_u8..31 {
        let way = f32::from(step) * 20.0;
        let mut faces = vec![Face::of(0, 0.7).at_x(way)];
        if !(13..=17).contains(&step) {
            faces.push(Face::of(1, 0.7).at_x(600.0 - way));
        }
        world.see(&faces);
        world.advance(0.1);
        names = world
            .station
            .tracks()
            .iter()
            .map(|track| (track.named(), track.detection.bounding_box.left))
            .collect();
    }
    names.sort_by(|a, b| a.1.total_cmp(&b.1));
    let people: Vec<_> = names.iter().map(|(person, _)| *person).collect();
    assert_eq!(people, [Some(PersonId(2)), Some(PersonId(1))]);
    let mut punches = world.punches();
    punches.sort();
    assert_eq!(punches.len(), 2, "{punches:?}");
}

#[test]
fn every_decision_can_be_explained() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.add_person("Ben", "P-2");
    let face = Face {
        alike: vec![(0, 0.7), (1, 0.3)],
        ..Face::of(0, 0.7)
    };
    world.see(std::slice::from_ref(&face));
    let explained = |world: &World| {
        let all = world.station.explain(&world.now());
        let [one] = all.as_slice() else {
            panic!("{all:?}");
        };
        let name = |person: Option<(PersonName, Cosine)>| person.map(|(name, _)| name.to_string());
        (
            name(one.best.clone()),
            name(one.runner_up.clone()),
            one.votes[0].1,
            one.punch,
            one.judgement.unwrap(),
        )
    };
    let (best, runner_up, votes, punch, judgement) = explained(&world);
    assert_eq!(
        (best.as_deref(), runner_up.as_deref()),
        (Some("Ana"), Some("Ben"))
    );
    assert_eq!((votes, punch), (1, PunchState::NoName));
    assert!((judgement.threshold.0 - 0.412 - 0.065 * 2_f32.log10()).abs() < 1e-6);
    world.see_for(&[face], 1.0);
    let (_, _, votes, punch, _) = explained(&world);
    assert_eq!(votes, 5);
    assert!(
        matches!(punch, PunchState::Cooldown { left } if left.as_secs() > 290),
        "{punch:?}"
    );
}

#[test]
fn a_frame_is_refused_with_the_reason() {
    let refused = [
        (
            FaceQuality {
                eye_distance: 15.0,
                ..GOOD
            },
            QualityIssue::TooSmall,
        ),
        (
            FaceQuality {
                brightness: 30.0,
                ..GOOD
            },
            QualityIssue::TooDark,
        ),
        (
            FaceQuality {
                brightness: 250.0,
                ..GOOD
            },
            QualityIssue::TooBright,
        ),
        (FaceQuality { turn: 0.4, ..GOOD }, QualityIssue::Turned),
        (
            FaceQuality {
                tilt_degrees: -30.0,
                ..GOOD
            },
            QualityIssue::Tilted,
        ),
        (
            FaceQuality {
                contrast: 5.0,
                ..GOOD
            },
            QualityIssue::LowContrast,
        ),
        (
            FaceQuality {
                sharpness: 0.001,
                ..GOOD
            },
            QualityIssue::Blurred,
        ),
        (
            FaceQuality {
                detector_score: 0.52,
                ..GOOD
            },
            QualityIssue::Unclear,
        ),
    ];
    for (quality, issue) in refused {
        let mut world = world();
        world.intend(enrol("Bruno", "P-2"));
        world.see(&[Face {
            quality,
            ..Face::stranger()
        }]);
        assert_eq!((hint(&world), kept(&world)), (Hint::Quality(issue), 0));
    }
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see(&[Face::stranger().at_x(-40.0)]);
    assert_eq!(hint(&world), Hint::Quality(QualityIssue::OutOfFrame));
}

#[test]
fn two_near_faces_are_refused_and_a_far_one_is_not_minded() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see(&[Face::of(7, 0.9).at_x(50.0), Face::of(8, 0.9).at_x(400.0)]);
    assert_eq!((hint(&world), kept(&world)), (Hint::OneAtATime, 0));
    let bystander = Face {
        size: 60.0,
        ..Face::of(8, 0.9).at_x(400.0)
    };
    world.see(&[Face::of(7, 0.9).at_x(50.0), bystander]);
    assert_eq!((hint(&world), kept(&world)), (Hint::Kept, 1));
}

#[test]
fn another_face_in_the_middle_of_an_enrolment_is_not_mixed_in() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see(&[Face::of(7, 0.95)]);
    world.advance(1.0);
    world.see(&[Face::of(8, 0.95)]);
    assert_eq!((hint(&world), kept(&world)), (Hint::AnotherFace, 1));
}

#[test]
fn a_face_that_is_taken_for_somebody_is_enrolled_only_as_another_person() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    let bea = world.add_person("Bea", "P-2");
    world.intend(enrol("Anna", "P-3"));
    let twin = Face {
        alike: vec![(0, 0.7), (1, 0.2)],
        ..Face::of(0, 0.7)
    };
    world.see_for(&[twin], 9.0);
    for no_statement in [None, Some(bea)] {
        world.confirm(no_statement);
        let Mode::Confirming(asked) = world.station.mode() else {
            panic!("{:?}", world.station.mode())
        };
        assert_eq!(asked.taken_for.unwrap().person, ana);
        assert_eq!(world.ledger.people.len(), 2);
    }
    world.confirm(Some(ana));
    assert_eq!(world.ledger.people.len(), 3);
    let stated = &world.stated[0];
    assert_eq!(
        (stated.than.as_str(), stated.similarity.to_string().as_str()),
        ("P-1", "0.70")
    );
    assert!(
        world
            .log()
            .iter()
            .any(|l| l.contains("Anna looks like Ana")),
        "{:?}",
        world.log()
    );
}

#[test]
fn a_code_in_use_is_refused_whatever_its_case() {
    let mut world = world();
    world.add_person("Ana", "p-1");
    world.intend(enrol("Bruno", "P-1"));
    assert!(matches!(world.station.mode(), Mode::Live));
    assert_eq!(
        world.log(),
        ["Bruno not enrolled: the code P-1 belongs to Ana"]
    );
}

#[test]
fn enrolling_can_be_called_off_and_gives_up_by_itself() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see(&[Face::of(7, 0.9)]);
    world.intend(Intent::CancelEnrolment);
    assert!(matches!(world.station.mode(), Mode::Live));
    world.intend(enrol("Bruno", "P-2"));
    world.wait(62.0);
    assert!(matches!(world.station.mode(), Mode::Live));
    assert_eq!(
        world.log(),
        [
            "enrolment of Bruno called off",
            "Bruno not enrolled: no good picture for a minute"
        ]
    );
    assert!(world.ledger.people.is_empty());
}

#[test]
fn a_second_enrolment_waits_for_the_first() {
    let mut world = world();
    world.intend(enrol("Bruno", "P-2"));
    world.see(&[Face::of(7, 0.9)]);
    world.intend(Intent::ChooseFace);
    world.intend(enrol("Carla", "P-3"));
    match world.station.mode() {
        Mode::Enrolling(enrolment) => assert_eq!(enrolment.name.as_str(), "Bruno"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refused_enrolment_leaves_nothing_behind() {
    let mut world = world();
    world.answering = false;
    world.intend(enrol("Bruno", "P-2"));
    world.see_for(&[Face::of(7, 0.9)], 9.0);
    world.confirm(None);
    let Some(Effect::Enrol {
        ticket, samples, ..
    }) = world.unanswered.pop()
    else {
        panic!("nothing to enrol: {:?}", world.unanswered);
    };
    assert_eq!(samples.len(), 5);
    assert!(matches!(world.station.mode(), Mode::Saving { .. }));
    world.handle(Event::Receipt(Receipt::EnrolmentRefused {
        ticket,
        reason: Message::verbatim("the disk is full"),
    }));
    assert!(
        matches!(world.station.mode(), Mode::Choosing(_)),
        "his face is still held, for another try"
    );
    assert_eq!(world.station.people().count(), 0);
    assert_eq!(
        world.log().last().unwrap(),
        "Bruno not enrolled: the disk is full"
    );
}

#[test]
fn checked_in_is_shown_only_after_the_receipt() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.answering = false;
    world.see_for(&[Face::of(0, 0.7)], 3.0);
    assert_eq!(
        world.unanswered.len(),
        1,
        "one decision, however long the answer takes"
    );
    assert_eq!(world.station.unconfirmed(), 1);
    assert!(world.station.events_of(ana).is_empty() && world.log().is_empty());
    world.answer_all();
    assert_eq!(world.station.unconfirmed(), 0);
    assert_eq!(world.station.events_of(ana).len(), 1);
    assert_eq!(world.log(), ["Ana checked in (0.70)"]);
}

#[test]
fn a_place_taken_by_another_program_costs_no_punch() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    // Another program wrote a check-in at 07:00 that this station has not read yet.
    world.add_other_punch(ana, "2026-11-23T07:00:00+01:00");
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    assert_eq!(world.punches(), ["Ana in 07:00:00", "Ana out 08:00:00"]);
    assert_eq!(world.station.unconfirmed(), 0);
}

#[test]
fn a_face_that_waited_while_a_later_event_was_entered_is_told_of() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.answering = false;
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    world.add_other_punch(ana, "2026-11-23T12:00:00+01:00");
    world.answer_all();
    assert_eq!(world.punches(), ["Ana in 12:00:00"]);
    assert_eq!(world.station.unconfirmed(), 0);
    assert_eq!(
        world.log(),
        [
            "punch of Ana refused: seen at 08:00:00, before the check-in of 12:00:00 that was \
             entered meanwhile; add it by hand if it counts"
        ]
    );
}

#[test]
fn a_day_that_cannot_be_read_is_said_until_it_can() {
    let mut world = world();
    for _ in 0..2 {
        world.handle(Event::Receipt(Receipt::Unreadable(Message::verbatim(
            "row 7 is torn",
        ))));
    }
    assert_eq!(
        world.station.trouble(),
        Some(&Message::verbatim("row 7 is torn"))
    );
    assert!(!world.station.writing_fails());
    assert_eq!(world.log().len(), 1);
    world.reload();
    assert_eq!(world.station.trouble(), None);
}

#[test]
fn a_punch_refused_for_good_is_said() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.answering = false;
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    let Some(Effect::RecordPunch { ticket, .. }) = world.unanswered.pop() else {
        panic!("no punch");
    };
    let outcome = PunchOutcome::Refused(Message::verbatim("the person was deleted"));
    world.handle(Event::Receipt(Receipt::Punch { ticket, outcome }));
    assert_eq!(
        world.log(),
        ["punch of Ana refused: the person was deleted"]
    );
    assert_eq!(
        world.station.log().iter().next().unwrap().notice.severity(),
        Severity::Bad
    );
}

#[test]
fn trouble_is_said_once_and_its_end_too() {
    let mut world = world();
    for _ in 0..3 {
        world.handle(Event::Receipt(Receipt::Trouble(Message::verbatim(
            "the disk is full",
        ))));
    }
    assert_eq!(
        world.station.trouble(),
        Some(&Message::verbatim("the disk is full"))
    );
    world.handle(Event::Receipt(Receipt::Recovered));
    world.handle(Event::Receipt(Receipt::Recovered));
    assert_eq!(world.station.trouble(), None);
    assert_eq!(world.log().len(), 2);
}

#[test]
fn a_person_removed_elsewhere_is_greeted_no_more() {
    let mut world = world();
    world.add_person("Ana", "P-1");
    world.ledger.people[0].active = false;
    world.ledger.templates.clear();
    world.reload();
    world.see_for(&[Face::of(0, 0.7)], 2.0);
    assert!(world.punches().is_empty());
}

#[test]
fn a_snapshot_of_yesterday_is_not_taken_for_today() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    let stale = Snapshot {
        people: world.ledger.people.clone(),
        templates: world.ledger.templates.iter().cloned().collect(),
        local_day: world.station.local_day().pred_opt().unwrap(),
        events: vec![],
        last_before: vec![],
        retired_codes: vec![],
        pin_tries: rollcall::core::pin::PinTries::default(),
    };
    world.handle(Event::Receipt(Receipt::Snapshot(Box::new(stale))));
    assert_eq!(world.station.events_of(ana).len(), 1);
}

#[test]
fn the_table_has_the_latest_first_and_then_who_is_missing() {
    let mut world = world();
    for (name, code) in [
        ("Ana", "P-1"),
        ("Bruno", "P-2"),
        ("Zoe", "P-3"),
        ("Carla", "P-4"),
    ] {
        world.add_person(name, code);
    }
    world.see_for(&[Face::of(1, 0.7)], 1.0);
    world.wait(3600.0);
    world.see_for(&[Face::of(0, 0.7)], 1.0);
    let now = world.now();
    let rows = world.station.today(&now);
    let names: Vec<&str> = rows.iter().map(|r| r.person.name.as_str()).collect();
    assert_eq!(names, ["Ana", "Bruno", "Carla", "Zoe"]);
    assert_eq!(rows[1].report.worked.as_secs() / 60, 60);
}

fn enter(world: &mut World, digits: &str) {
    world.intend(Intent::EnterPin(Pin::parse(digits).unwrap()));
}

#[test]
fn a_restart_does_not_end_the_wait_after_wrong_pins() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.ledger.pins.push((Pin::parse("483920").unwrap(), ana));
    world.ledger.pin_tries = rollcall::core::pin::PinTries {
        wrong: 4,
        last_at: Some(world.now().wall),
    };
    world.restart();
    enter(&mut world, "483920");
    assert_eq!(world.punches(), Vec::<String>::new());
    world.wait(31.0);
    enter(&mut world, "483920");
    assert_eq!(world.punches().len(), 1);
}

#[test]
fn a_pin_punches_like_a_face_and_is_marked_as_one() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.ledger.pins.push((Pin::parse("483920").unwrap(), ana));
    enter(&mut world, "483920");
    assert_eq!(world.punches(), ["Ana in 08:00:00"]);
    let event = &world.station.events_of(ana)[0];
    assert_eq!((event.source, event.similarity), (EventSource::Pin, None));
    // Twice at once, or the face after the PIN, is one punch.
    enter(&mut world, "483920");
    world.see_for(&[Face::of(0, 0.7)], 3.0);
    assert_eq!(world.punches().len(), 1);
    assert_eq!(world.log()[1], "PIN: Ana has just punched; again in 5 min");
    // Somebody who stands in front of the camera may still leave by PIN.
    for _ in 0..200 {
        world.see_for(&[Face::of(0, 0.7)], 2.0);
    }
    enter(&mut world, "483920");
    assert_eq!(world.punches().len(), 2);
}

#[test]
fn wrong_pins_cost_time_and_no_name_is_said() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.ledger.pins.push((Pin::parse("483920").unwrap(), ana));
    for _ in 0..3 {
        enter(&mut world, "111222");
    }
    assert_eq!(world.log(), ["PIN: nobody has this one"; 3]);
    enter(&mut world, "483920");
    assert!(world.punches().is_empty(), "a right one waits too");
    assert_eq!(world.log()[3], "PIN: too many wrong ones; wait 15 seconds");
    world.wait(16.0);
    enter(&mut world, "483920");
    assert_eq!(world.punches().len(), 1);
}

#[test]
fn a_pin_of_somebody_inactive_opens_nothing() {
    let mut world = world();
    let ana = world.add_person("Ana", "P-1");
    world.ledger.pins.push((Pin::parse("483920").unwrap(), ana));
    world.ledger.people[0].active = false;
    world.reload();
    enter(&mut world, "483920");
    assert!(world.punches().is_empty());
    assert_eq!(world.log(), ["PIN: Ana is not active"]);
}

#[test]
fn a_face_that_changes_is_followed_once_a_day_if_that_is_wanted() {
    for adapts in [false, true] {
        let policies = Policies {
            adapts,
            ..Config::default().policies()
        };
        let mut world = World::new(policies, START);
        let ana = world.add_person("Ana", "E-1");
        for _ in 0..3 {
            world.see_for(&[Face::of(0, 0.6)], 2.0);
            world.wait(900.0);
        }
        assert_eq!(world.ledger.events.len(), 3);
        let expected: &[PersonId] = if adapts { &[ana] } else { &[] };
        assert_eq!(world.adapted, expected);
    }
}

#[test]
fn somebody_elses_punch_is_taken_back_with_the_face_it_was_made_of() {
    let mut world = world();
    world.add_person("Ana", "E-1");
    world.see_for(&[Face::of(0, 0.6)], 2.0);
    let event = world.ledger.events[0].id;
    for (event, is_remembered) in [(event, true), (EventId(77), false)] {
        world.intend(Intent::Correct(Box::new(Correction {
            deed: Deed::Disown { event },
            operator: "olga".into(),
            reason: "her sister".into(),
            face: None,
        })));
        let (_, sent) = world.corrections.last().unwrap();
        assert_eq!(sent.face.is_some(), is_remembered);
    }
}

/// What is left of the second is the database's: its commit takes milliseconds.
#[test]
fn a_known_face_has_punched_within_four_tenths_of_a_second() {
    let mut world = world();
    world.add_person("Ana", "E-1");
    let looks_a_second = 15.0;
    let mut looks = 0;
    while world.ledger.events.is_empty() {
        world.see(&[Face::of(0, 0.6)]);
        world.advance(1.0 / looks_a_second);
        looks += 1;
        assert!(f64::from(looks) / looks_a_second < 0.4, "{looks} looks");
    }
    assert!(looks >= 3, "one look is no name");
}
