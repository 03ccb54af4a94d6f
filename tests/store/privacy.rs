//! What is erased is gone, what is told about it is true, and nothing else is touched.

use rollcall::core::embedding::{Cosine, Embedding};
use rollcall::core::event::{Sighting, SightingReason};
use rollcall::core::frame::Moment;
use rollcall::core::gallery::Candidate;
use rollcall::core::person::TemplateId;
use rollcall::core::pin::Pin;
use rollcall::store::{
    Attendance, EventFilter, RetentionPolicy, RetentionReport, SightedFace, Store, StoreError,
};
use rusqlite::Connection;

use super::{code, day, enrolled, model, operator, person, punch, station, time};

fn pin(digits: &str) -> Pin {
    Pin::parse_new(digits).unwrap()
}

fn sighted_face() -> SightedFace {
    SightedFace {
        embedding: Embedding::from_raw(vec![0.0, 1.0]).unwrap(),
        model: model(),
        quality: 0.5,
        jpeg: b"\xff\xd8 a stranger \xff\xd9".to_vec(),
    }
}

/// A sighting that looked a little like the first person.
fn sighted(store: &mut Store, at: &str) {
    let id = store.everybody().unwrap()[0].id;
    let sighting = Sighting {
        camera: None,
        at: Moment {
            monotonic: std::time::Duration::ZERO,
            wall: time(at),
        },
        reason: SightingReason::Spoof,
        candidate: Some(Candidate {
            person: id,
            template: TemplateId(1),
            similarity: Cosine(0.2),
            runner_up: None,
        }),
        liveness: None,
        look: None,
    };
    store
        .record_sighting(&sighting, Some(&sighted_face()))
        .unwrap();
}

#[test]
fn an_erased_person_leaves_a_receipt_and_attendance_only() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    sighted(&mut store, "2026-11-23T09:00:00+01:00");
    store
        .set_pin(&code("E-1"), &pin("483920"), operator())
        .unwrap();
    store
        .set_team(&code("E-1"), Some("Night"), operator())
        .unwrap();
    let receipt = store
        .erase_person(&code("E-1"), Attendance::KeepsCode, operator())
        .unwrap();
    assert_eq!(
        (
            receipt.templates,
            receipt.pictures,
            receipt.sightings,
            receipt.events_kept
        ),
        (2, 2, 1, 1)
    );
    let chain = store.verify_chain().unwrap();
    assert_eq!((chain.broken, chain.head), (None, receipt.trail_head));
    assert_eq!(store.person_of_pin(&pin("483920")).unwrap(), None);
    assert!(!folder.path().join("faces/E-1").exists());
    drop(store);
    let bytes = std::fs::read(folder.path().join("station.db")).unwrap();
    for secret in [&b"Ana"[..], b"Night"] {
        let found = bytes.windows(secret.len()).any(|w| w == secret);
        // The trail says that a team was set; it holds no names.
        assert!(
            !found || secret == b"Night",
            "{secret:?} is still in the file"
        );
    }
}

#[test]
fn anonymised_attendance_is_cut_off_from_its_code() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    let receipt = store
        .erase_person(&code("E-1"), Attendance::Anonymised, operator())
        .unwrap();
    assert!(receipt.anonymised && receipt.code.starts_with("anon-"));
    let rows = store.attendance(&EventFilter::default()).unwrap();
    assert_eq!((rows.len(), &rows[0].code), (1, &receipt.code));
    let trail = store.audit_trail(100).unwrap();
    assert!(trail.iter().all(|line| !line.subject.contains("anon-")));
    assert_eq!(store.verify_chain().unwrap().broken, None);
}

#[test]
fn each_kind_is_erased_when_its_time_is_over() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    for (sequence, at) in [
        (1, "2026-01-05T08:00:00+01:00"),
        (2, "2026-01-05T16:00:00+01:00"),
        (1, "2026-11-20T08:00:00+01:00"),
    ] {
        store.record(&punch(ana, sequence, at), operator()).unwrap();
    }
    sighted(&mut store, "2026-10-01T09:00:00+01:00");
    sighted(&mut store, "2026-11-20T09:00:00+01:00");
    let nothing = store.retain(&RetentionPolicy::default(), day("2026-11-23"), operator());
    assert_eq!(nothing.unwrap(), RetentionReport::default());
    let policy = RetentionPolicy {
        sightings: Some(30),
        strangers: Some(1),
        pictures: None,
        events: Some(90),
    };
    let report = store
        .retain(&policy, day("2026-11-23"), operator())
        .unwrap();
    assert_eq!(
        (
            report.sightings,
            report.strangers,
            report.pictures,
            report.events
        ),
        (1, 1, 0, 2)
    );
    let again = store
        .retain(&policy, day("2026-11-23"), operator())
        .unwrap();
    assert_eq!(again, RetentionReport::default());
    assert_eq!(store.attendance(&EventFilter::default()).unwrap().len(), 1);
    // What was erased rightly is no gap in the trail, and the guard is up again.
    assert_eq!(store.verify_chain().unwrap().broken, None);
    let shell = Connection::open(store.path()).unwrap();
    assert!(shell.execute("DELETE FROM attendance_event", []).is_err());

    let pictures = RetentionPolicy {
        pictures: Some(30),
        ..RetentionPolicy::default()
    };
    let report = store
        .retain(&pictures, day("2027-01-23"), operator())
        .unwrap();
    assert_eq!(report.pictures, 2);
    assert_eq!(store.load_gallery(&model()).unwrap().templates.len(), 2);
    assert_eq!(store.picture_problems().unwrap(), Vec::<String>::new());
}

#[test]
fn a_person_is_given_everything_that_is_held() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store
        .add_person(&person("E-2", "Bruno"), operator())
        .unwrap();
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    sighted(&mut store, "2026-11-23T09:00:00+01:00");
    let to = folder.path().join("for-ana");
    let data = store.export_person(&code("e-1"), &to).unwrap();
    assert_eq!(
        (
            data.templates.len(),
            data.attendance.len(),
            data.sightings.len()
        ),
        (2, 1, 1)
    );
    assert_eq!(data.audit[0].action, "person.enrol");
    let json = std::fs::read_to_string(to.join("data.json")).unwrap();
    assert!(json.contains("Ana") && !json.contains("Bruno"));
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 3);
    let error = store.export_person(&code("E-1"), &to).unwrap_err();
    assert!(error.to_string().contains("for-ana"), "{error}");
}

#[test]
fn a_pin_is_unique_replaced_and_never_stored_as_it_is() {
    let (folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let bruno = enrolled(&mut store, "E-2");
    assert_eq!(store.person_of_pin(&pin("483920")).unwrap(), None);
    store
        .set_pin(&code("E-1"), &pin("483920"), operator())
        .unwrap();
    let error = store
        .set_pin(&code("E-2"), &pin("483920"), operator())
        .unwrap_err();
    assert!(matches!(error, StoreError::PinTaken) && error.is_permanent());
    store
        .set_pin(&code("E-2"), &pin("0071234567"), operator())
        .unwrap();
    assert_eq!(store.person_of_pin(&pin("483920")).unwrap(), Some(ana));
    assert_eq!(
        store.person_of_pin(&pin("0071234567")).unwrap(),
        Some(bruno)
    );
    assert_eq!(store.person_of_pin(&pin("71234567")).unwrap(), None);
    store
        .set_pin(&code("E-1"), &pin("592013"), operator())
        .unwrap();
    assert_eq!(store.person_of_pin(&pin("483920")).unwrap(), None);
    store.clear_pin(&code("E-1"), operator()).unwrap();
    assert_eq!(store.person_of_pin(&pin("592013")).unwrap(), None);
    let has_pin: Vec<bool> = store.people().unwrap().iter().map(|p| p.has_pin).collect();
    assert_eq!(has_pin, [false, true]);
    drop(store);
    let bytes = std::fs::read(folder.path().join("station.db")).unwrap();
    for digits in [&b"483920"[..], b"0071234567", b"592013"] {
        assert!(!bytes.windows(digits.len()).any(|w| w == digits));
    }
}
