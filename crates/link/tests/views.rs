//! What a front end sees is what the station shows, whatever has changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use rollcall_messages::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::{Fake, Room, attach, person, until, wall};
use image::RgbImage;
use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_core::attendance::{AttendanceEvent, Direction, EventId, EventSource};
use rollcall_core::consensus::TrackId;
use rollcall_core::embedding::Cosine;
use rollcall_core::event::Seat;
use rollcall_core::frame::Moment;
use rollcall_core::notice::{LogEntry, Notice};
use rollcall_core::person::{PersonCode, PersonId};
use rollcall_protocol::{
    EnrolmentView, FaceView, Facts, Health, HealthView, ModeView, Portrait, StationView, Update,
};

/// Something that happens to a station.
#[derive(Debug, Clone)]
enum Change {
    Enrol(i64, String),
    Erase(i64),
    Punch(i64, u32),
    Forget(i64),
    Day(u32),
    Log(usize),
    Health(f32, u64),
    Facts(String),
    Enrolling(Option<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..2000_i64, "[A-Za-zñé ]{0,9}[a-z]").prop_map(|(id, name)| Change::Enrol(id, name)),
        1 => (0..2000_i64).prop_map(Change::Erase),
        3 => (0..2000_i64, 1..5_u32).prop_map(|(id, count)| Change::Punch(id, count)),
        1 => (0..2000_i64).prop_map(Change::Forget),
        1 => (1..28_u32).prop_map(Change::Day),
        2 => (1..700_usize).prop_map(Change::Log),
        2 => (0.0..60.0_f32, any::<u64>()).prop_map(|(rate, lost)| Change::Health(rate, lost)),
        1 => "\\PC{0,20}".prop_map(Change::Facts),
        1 => proptest::option::of(any::<u8>()).prop_map(Change::Enrolling),
    ]
}

fn event(person: i64, sequence: u32) -> AttendanceEvent {
    AttendanceEvent {
        id: EventId(person * 100 + i64::from(sequence)),
        person: PersonId(person),
        at: wall("2026-03-02T08:00:00+01:00"),
        local_day: "2026-03-02".parse().unwrap(),
        sequence,
        direction: Direction::In,
        source: EventSource::Camera,
        similarity: Some(Cosine(0.7)),
        margin: Some(0.25),
        liveness: None,
        void: None,
        provenance: rollcall_core::attendance::Provenance::default(),
    }
}

fn apply(view: &mut StationView, change: &Change) {
    match change {
        Change::Enrol(id, name) => {
            let person = person(*id, name);
            Arc::make_mut(&mut view.roster)
                .people
                .insert(PersonId(*id), person);
        }
        Change::Erase(id) => {
            let roster = Arc::make_mut(&mut view.roster);
            if roster.people.remove(&PersonId(*id)).is_some() {
                let code = PersonCode::parse(&format!("E-{id}")).unwrap();
                roster.retired_codes.push(code);
            }
        }
        Change::Punch(id, count) => {
            let events = (1..=*count).map(|sequence| event(*id, sequence)).collect();
            Arc::make_mut(&mut view.day)
                .events
                .insert(PersonId(*id), events);
        }
        Change::Forget(id) => {
            Arc::make_mut(&mut view.day).events.remove(&PersonId(*id));
        }
        Change::Day(day) => {
            let measure = &mut Arc::make_mut(&mut view.day).measure;
            measure.local_day = chrono::NaiveDate::from_ymd_opt(2026, 3, *day).unwrap();
            measure.team_plans = BTreeMap::new();
        }
        Change::Log(count) => {
            for number in 0..*count {
                let at = Moment {
                    monotonic: Duration::from_millis(number as u64),
                    wall: wall("2026-03-02T08:00:00.123456789+01:00"),
                };
                Arc::make_mut(&mut view.log).push(
                    &at,
                    Notice::Info(Message::verbatim(format!("line {number}"))),
                );
            }
        }
        Change::Health(rate, lost) => {
            let mut health = HealthView::default();
            health.camera.frames_per_second = *rate;
            health.camera.lost = *lost;
            health.camera.health = Health::Good;
            view.health = Arc::new(health);
        }
        Change::Facts(source) => {
            view.facts = Arc::new(Facts {
                source: source.clone(),
                ..(*view.facts).clone()
            });
        }
        Change::Enrolling(face) => {
            let face = face.map(|grey| FaceView {
                track: TrackId(u64::from(grey)),
                // JPEG changes pixels; that portraits travel is tested with the protocol.
                portrait: Portrait(Arc::new(RgbImage::new(0, 0))),
                candidate: None,
            });
            let name = rollcall_core::person::PersonName::parse("Ana").unwrap();
            view.enrolment = Arc::new(EnrolmentView {
                mode: ModeView::Saving { name, face },
                enroller: Some((Seat(3), "Bo".to_owned())),
            });
        }
    }
}

/// Whether two views show the same.
fn is_same(one: &StationView, other: &StationView) -> bool {
    let lines = |view: &StationView| -> Vec<Arc<LogEntry>> { view.log().iter().cloned().collect() };
    one.since(other).is_empty()
        && other.since(one).is_empty()
        && one.log().written() == other.log().written()
        && lines(one) == lines(other)
}

/// As it comes out at the other end.
fn carried(update: &Update) -> Update {
    serde_json::from_slice(&serde_json::to_vec(update).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_has_changed_makes_the_old_view_into_the_new_one(
        rounds in vec(vec(change(), 0..12), 1..12),
    ) {
        let (mut station, mut client) = (StationView::default(), StationView::default());
        for changes in rounds {
            let before = station.clone();
            for change in &changes {
                apply(&mut station, change);
            }
            for update in station.since(&before) {
                client.apply(carried(&update));
            }
            prop_assert!(is_same(&client, &station), "after {:?}", changes);
        }
        // And as it is for one that comes later.
        let mut late = StationView::default();
        for update in station.since(&StationView::default()) {
            late.apply(carried(&update));
        }
        prop_assert!(is_same(&late, &station));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_front_end_gets_there_however_fast_it_changes(
        rounds in vec(vec(change(), 1..6), 1..30),
    ) {
        let (room, fake) = (Room::new(), Fake::new());
        let server = room.serve(&fake);
        let early = attach(server.socket());
        for changes in &rounds {
            fake.show(|view| changes.iter().for_each(|change| apply(view, change)));
        }
        let station = fake.0.view.lock().unwrap().clone();
        until("the view is the station's", || is_same(&early.view(), &station));
        // One that attaches now has the whole of it at once.
        prop_assert!(is_same(&attach(server.socket()).view(), &station));
    }
}

#[test]
fn a_view_is_shown_only_when_it_is_whole() {
    let (room, fake) = (Room::new(), Fake::new());
    let server = room.serve(&fake);
    let client = attach(server.socket());
    // Each change touches many messages; the name is the same in all of them.
    for round in 0..60 {
        let name = format!("Round {round}");
        fake.show(|view| {
            view.roster = common::roster((0..1100).map(|id| person(id, &name)));
        });
        let view = client.view();
        let names: std::collections::BTreeSet<&str> =
            view.people().map(|person| person.name.as_str()).collect();
        assert!(names.len() <= 1, "{names:?}");
    }
}
