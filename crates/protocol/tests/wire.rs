//! What travels between a station and its front ends arrives as it was sent, and what is
//! not as it should be is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use rollcall_messages::Message;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Days, FixedOffset, TimeDelta};
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use rollcall_core::attendance::{AttendanceEvent, Direction, EventId, EventSource, Provenance};
use rollcall_core::consensus::{TrackId, Verdict};
use rollcall_core::event::{Intent, Seat};
use rollcall_core::frame::Moment;
use rollcall_core::geometry::BoundingBox;
use rollcall_core::liveness::Liveness;
use rollcall_core::notice::{Log, LogEntry, Notice};
use rollcall_core::person::{Expectation, Person, PersonCode, PersonId, PersonName};
use rollcall_core::pin::Pin;
use rollcall_protocol::{
    Command, DayMeasure, DayView, EnrolmentView, Facts, HealthView, ModeView, Portrait, Roster,
    Sight, StationView, TrackView, Update,
};

fn start() -> DateTime<FixedOffset> {
    "2026-11-23T08:00:00+01:00".parse().unwrap()
}

/// As it comes out at the other end.
fn carried<T: serde::Serialize + serde::de::DeserializeOwned>(sent: &T) -> T {
    serde_json::from_str(&serde_json::to_string(sent).unwrap()).unwrap()
}

fn person(id: i64, name: &str) -> Person {
    Person {
        id: PersonId(id),
        code: PersonCode::parse(&format!("P-{id:03}")).unwrap(),
        name: PersonName::parse(name).unwrap(),
        active: id % 3 != 0,
        created_at: start(),
        team: (id % 2 == 0).then(|| "office".to_owned()),
        template_count: 5,
        expectation: Expectation::default(),
    }
}

fn events(person: i64, minutes: &[i64]) -> Arc<[AttendanceEvent]> {
    let events = minutes
        .iter()
        .zip(1..)
        .map(|(&minute, sequence)| AttendanceEvent {
            id: EventId(person * 100 + i64::from(sequence)),
            person: PersonId(person),
            at: start() + TimeDelta::minutes(minute),
            local_day: start().date_naive(),
            sequence,
            direction: if sequence % 2 == 1 {
                Direction::In
            } else {
                Direction::Out
            },
            source: EventSource::Pin,
            similarity: None,
            margin: Some(0.25),
            liveness: None,
            void: None,
            provenance: Provenance::default(),
        });
    events.collect()
}

/// What a view is made of, small enough to differ by chance.
#[derive(Debug, Clone)]
struct Sketch {
    source: String,
    people: BTreeMap<i64, String>,
    retired: Vec<u8>,
    days_later: u64,
    punches: BTreeMap<i64, Vec<i64>>,
    tracks: Vec<(u64, f32)>,
    enroller: Option<(u64, String)>,
    unconfirmed: usize,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let names = prop_oneof![Just("Ana"), Just("李小龍"), Just("محمد علي")];
    let people = proptest::collection::btree_map(1i64..8, names.prop_map(str::to_owned), 0..7);
    let times = proptest::collection::vec(0i64..600, 1..4);
    (
        prop_oneof![Just("usb".to_owned()), Just("demo".to_owned())],
        people,
        proptest::collection::vec(1u8..9, 0..3),
        0u64..2,
        proptest::collection::btree_map(1i64..8, times, 0..7),
        proptest::collection::vec((0u64..9, 0f32..640.0), 0..3),
        proptest::option::of((1u64..4, "[a-z]{1,6}")),
        0usize..3,
    )
        .prop_map(
            |(source, people, retired, days_later, punches, tracks, enroller, unconfirmed)| {
                Sketch {
                    source,
                    people,
                    retired,
                    days_later,
                    punches,
                    tracks,
                    enroller,
                    unconfirmed,
                }
            },
        )
}

fn drawn(sketch: &Sketch, log: Log) -> StationView {
    let people = sketch.people.iter();
    let people = people.map(|(&id, name)| (PersonId(id), Arc::new(person(id, name))));
    let retired = sketch.retired.iter();
    let punches = sketch.punches.iter();
    let tracks = sketch.tracks.iter().map(|&(id, left)| TrackView {
        id: TrackId(id),
        bounding_box: BoundingBox::new(left, 10.0, left + 80.0, 90.0),
        verdict: Verdict::Known(PersonId(1)),
        candidate: None,
        issue: None,
        liveness: Liveness::Live,
        liveness_score: Some(left / 640.0),
    });
    let name = PersonName::parse("Dana").unwrap();
    StationView {
        facts: Arc::new(Facts {
            source: sketch.source.clone(),
            ..Facts::default()
        }),
        roster: Arc::new(Roster {
            people: people.collect(),
            retired_codes: retired
                .map(|n| PersonCode::parse(&format!("R-{n}")).unwrap())
                .collect(),
        }),
        day: Arc::new(DayView {
            measure: DayMeasure {
                local_day: start().date_naive() + Days::new(sketch.days_later),
                ..DayMeasure::default()
            },
            events: punches
                .map(|(&id, minutes)| (PersonId(id), events(id, minutes)))
                .collect::<HashMap<_, _>>(),
        }),
        sight: Arc::new(Sight {
            size: Some((640, 480)),
            tracks: tracks.collect(),
            explanations: Vec::new(),
        }),
        enrolment: Arc::new(EnrolmentView {
            mode: match sketch.enroller {
                None => ModeView::Live,
                Some(_) => ModeView::Saving { name, face: None },
            },
            enroller: sketch
                .enroller
                .clone()
                .map(|(seat, operator)| (Seat(seat), operator)),
        }),
        health: Arc::new(HealthView {
            unconfirmed: sketch.unconfirmed,
            ..HealthView::default()
        }),
        log: Arc::new(log),
    }
}

/// A log to which so many lines were added.
fn longer(mut log: Log, lines: usize) -> Log {
    for _ in 0..lines {
        let now = Moment {
            monotonic: Duration::from_secs(log.written()),
            wall: start(),
        };
        let line = format!("line {}", log.written() + 1);
        log.push(&now, Notice::Warning(Message::verbatim(line)));
    }
    log
}

fn lines(log: &Log) -> Vec<LogEntry> {
    log.iter().map(|entry| (**entry).clone()).collect()
}

fn assert_same(view: &StationView, new: &StationView) {
    assert_eq!(view.facts, new.facts);
    assert_eq!(view.roster, new.roster);
    assert_eq!(view.day, new.day);
    assert_eq!(view.sight, new.sight);
    assert_eq!(view.enrolment, new.enrolment);
    assert_eq!(view.health, new.health);
    assert_eq!(view.log.written(), new.log.written());
    assert_eq!(lines(&view.log), lines(&new.log));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_has_changed_makes_the_old_view_into_the_new_one(
        (first, second) in (sketch(), sketch()),
        before in prop_oneof![0usize..4, 490usize..520],
        since in prop_oneof![0usize..4, 490usize..1100],
    ) {
        let old = drawn(&first, longer(Log::default(), before));
        let new = drawn(&second, longer((*old.log).clone(), since));
        let mut view = old.clone();
        for update in new.since(&old) {
            view.apply(carried(&update));
        }
        assert_same(&view, &new);
        prop_assert!(new.since(&view).is_empty(), "then there is nothing left to say");
        // Whoever has just come has seen nothing.
        let mut view = StationView::default();
        for update in new.since(&StationView::default()) {
            view.apply(carried(&update));
        }
        assert_same(&view, &new);
    }
}

#[test]
fn thousands_of_people_come_in_messages_of_a_bounded_size() {
    let mut view = StationView::default();
    let people = (1..=5000).map(|id| (PersonId(id), Arc::new(person(id, "Ana"))));
    let days = (1..=5000).map(|id| (PersonId(id), events(id, &[1, 2])));
    let new = StationView {
        roster: Arc::new(Roster {
            people: people.collect(),
            retired_codes: Vec::new(),
        }),
        day: Arc::new(DayView {
            measure: DayMeasure::default(),
            events: days.collect(),
        }),
        ..StationView::default()
    };
    let updates = new.since(&view);
    assert_eq!(updates.len(), 20);
    for update in updates {
        let message = serde_json::to_string(&update).unwrap();
        assert!(message.len() < 1_000_000, "{} bytes", message.len());
        view.apply(serde_json::from_str::<Update>(&message).unwrap());
    }
    assert_same(&view, &new);
}

#[test]
fn what_has_not_changed_is_not_said() {
    let sketch = Sketch {
        source: "usb".into(),
        people: BTreeMap::from([(1, "Ana".to_owned()), (2, "Ben".to_owned())]),
        retired: vec![],
        days_later: 0,
        punches: BTreeMap::from([(1, vec![1])]),
        tracks: vec![],
        enroller: None,
        unconfirmed: 0,
    };
    let old = drawn(&sketch, Log::default());
    // The same again, but not in the same place in memory.
    assert!(drawn(&sketch, Log::default()).since(&old).is_empty());
    let mut other = sketch;
    other.people.insert(2, "Benjamin".to_owned());
    let updates = drawn(&other, Log::default()).since(&old);
    let [Update::People(changed)] = &updates[..] else {
        panic!("{updates:?}")
    };
    assert_eq!(changed.len(), 1);
}

fn portrait(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 2) as u8, (y * 3) as u8, x.midpoint(y) as u8])
    })
}

#[test]
fn a_picture_arrives_as_one_can_see_it() {
    for (width, height) in [(96, 96), (1, 1), (64, 120)] {
        let picture = portrait(width, height);
        let Portrait(arrived) = carried(&Portrait(Arc::new(picture.clone())));
        assert_eq!(arrived.dimensions(), (width, height));
        let off = picture.iter().zip(arrived.iter());
        let off: u32 = off.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        let mean = f64::from(off) / f64::from(width * height * 3);
        assert!(mean < 4.0, "{mean} off");
    }
    let Portrait(nothing) = carried(&Portrait(Arc::default()));
    assert!(nothing.is_empty());
}

#[test]
fn what_is_no_picture_or_too_large_a_one_is_refused() {
    let jpeg = |picture: &RgbImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Jpeg)
            .unwrap();
        bytes.into_inner()
    };
    let png = {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = portrait(8, 8);
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    };
    let mut cut = jpeg(&portrait(64, 64));
    cut.truncate(20);
    for (bytes, what) in [
        (jpeg(&RgbImage::new(2049, 1)), "too wide"),
        (jpeg(&RgbImage::new(1, 2049)), "too high"),
        (png, "another format"),
        (cut, "cut off"),
        (b"hello".to_vec(), "words"),
    ] {
        let text = format!("{:?}", BASE64_STANDARD.encode(bytes));
        assert!(serde_json::from_str::<Portrait>(&text).is_err(), "{what}");
    }
    assert!(serde_json::from_str::<Portrait>("\"%%%\"").is_err());
    let largest = jpeg(&RgbImage::new(2048, 2));
    let text = format!("{:?}", BASE64_STANDARD.encode(largest));
    assert!(serde_json::from_str::<Portrait>(&text).is_ok());
}

#[test]
fn words_are_checked_when_they_arrive_as_if_they_were_typed() {
    let enrol = |name: &str, code: &str| serde_json::json!({"intent": {"enrol": {"name": name, "code": code, "face": null}}});
    let read = |command: serde_json::Value| serde_json::from_value::<Command>(command);
    let good = read(enrol("Ana", "P-001")).unwrap();
    assert!(matches!(&good, Command::Intent(Intent::Enrol { .. })));
    assert_eq!(carried(&good), good);
    let long = "a".repeat(5000);
    for (name, code) in [
        ("", "P-001"),
        (" \u{200b} ", "P-001"),
        ("Ana\u{1b}[2J", "P-001"),
        ("Ana\u{0}", "P-001"),
        (&long, "P-001"),
        ("Ana", ""),
        ("Ana", "../P-001"),
        ("Ana", "P 001"),
        ("Ana", &long),
    ] {
        let refused = read(enrol(name, code));
        assert!(refused.is_err(), "{name:?} {code:?}: {refused:?}");
    }
    let rename = |name: &str| {
        let change = serde_json::json!({"code": "P-001", "by": "x", "change": {"rename": name}});
        read(serde_json::json!({"ask": {"change_person": change}}))
    };
    assert!(rename("Ana María").is_ok() && rename("Ana\u{1b}[2J").is_err());
    let pin = |digits: &str| read(serde_json::json!({"intent": {"enter_pin": digits}}));
    let right = pin("483920").unwrap();
    assert!(
        matches!(right, Command::Intent(Intent::EnterPin(p)) if p == Pin::parse("483920").unwrap())
    );
    for digits in ["", "1\n2", &"1".repeat(5000)] {
        assert!(pin(digits).is_err(), "{digits:?}");
    }
}

#[test]
fn a_name_that_the_records_hold_is_shown_though_nobody_could_type_it_today() {
    let mut old = person(1, "Ana");
    old.name = PersonName::kept("Ana\u{202e}\u{7}");
    let people = Update::People(vec![Arc::new(old.clone())]);
    let Update::People(arrived) = carried(&people) else {
        panic!("something else")
    };
    assert_eq!(*arrived[0], old);
}
