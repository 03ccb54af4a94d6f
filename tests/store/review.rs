//! Faces without a name: kept for a while, looked at, assigned or forgotten.

use rollcall::core::correction::Deed;
use rollcall::core::embedding::{Cosine, Embedding};
use rollcall::core::event::{Sighting, SightingReason};
use rollcall::core::frame::Moment;
use rollcall::store::{SightedFace, SightingState, Store, StoreError};

use super::{code, correction, enrolled, model, operator, punch, station, time};

fn face(values: [f32; 2]) -> SightedFace {
    SightedFace {
        embedding: Embedding::from_raw(values.to_vec()).unwrap(),
        model: model(),
        quality: 0.5,
        jpeg: b"\xff\xd8 a stranger \xff\xd9".to_vec(),
    }
}

fn see(store: &mut Store, face: Option<&SightedFace>) {
    let sighting = Sighting {
        camera: None,
        at: Moment {
            monotonic: std::time::Duration::ZERO,
            wall: time("2026-11-23T08:00:00+01:00"),
        },
        reason: SightingReason::Unknown,
        candidate: None,
        liveness: None,
        look: None,
    };
    store.record_sighting(&sighting, face).unwrap();
}

#[test]
fn a_sighting_is_assigned_ignored_or_erased_and_its_face_goes_with_it() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    for _ in 0..3 {
        see(&mut store, Some(&face([0.0, 1.0])));
    }
    see(&mut store, None);
    let rows = store.sightings(true).unwrap();
    assert_eq!(
        rows.iter()
            .map(|r| (r.sighting, r.face.is_some()))
            .collect::<Vec<_>>(),
        [(4, false), (3, true), (2, true), (1, true)]
    );
    store
        .assign_sightings(&[1], &code("E-1"), operator())
        .unwrap();
    store.ignore_sightings(&[2, 4], operator()).unwrap();
    store.delete_sightings(&[3], operator()).unwrap();
    assert!(store.sightings(true).unwrap().is_empty());
    let rows = store.sightings(false).unwrap();
    let said: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                r.sighting,
                r.state,
                r.face.is_some(),
                r.assigned_to.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (4, SightingState::Ignored, false, None),
            (2, SightingState::Ignored, false, None),
            (1, SightingState::Assigned, true, Some("E-1")),
        ]
    );
    assert_eq!(store.sighting_picture(2).unwrap(), None);
    assert_eq!(
        store.sighting_picture(1).unwrap().unwrap(),
        face([0.0, 1.0]).jpeg
    );
    for error in [
        store.ignore_sightings(&[1, 9], operator()).unwrap_err(),
        store.delete_sightings(&[9], operator()).unwrap_err(),
        store.sighting_picture(9).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSuchSighting(9)), "{error}");
    }
    assert_eq!(
        store.sightings(false).unwrap()[2].state,
        SightingState::Assigned,
        "all or none"
    );
    assert!(store.verify_chain().unwrap().broken.is_none());
}

#[test]
fn strangers_faces_are_bounded() {
    let (_folder, mut store) = station();
    for _ in 0..505 {
        see(&mut store, Some(&face([0.0, 1.0])));
    }
    let rows = store.sightings(true).unwrap();
    assert_eq!(rows.len(), 505);
    assert_eq!(rows.iter().filter(|row| row.face.is_some()).count(), 500);
    assert!(rows[0].face.is_some() && rows[504].face.is_none());
}

#[test]
fn a_face_that_was_disowned_is_not_that_person_any_more() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    store
        .record(&punch(ana, 1, "2026-11-23T08:00:00+01:00"), operator())
        .unwrap();
    let event = store
        .attendance(&rollcall::store::EventFilter::default())
        .unwrap()[0]
        .event;
    let stranger = Embedding::from_raw(vec![0.6, 0.8]).unwrap();
    let mut disown = correction(
        Deed::Disown {
            event: rollcall::core::attendance::EventId(event),
        },
        "that was her sister",
    );
    disown.face = Some((stranger.clone(), model()));
    let done = store.correct(&disown, operator().at).unwrap();
    assert!(done.disowned && done.voided.unwrap().void.is_some());
    let gallery = store.load_gallery(&model()).unwrap().templates;
    assert_eq!(gallery.len(), 2, "it is no template to be recognised by");
    let similarity = gallery.search(&stranger).unwrap().similarity;
    assert!(gallery.is_ruled_out(ana, &stranger, similarity));
    assert!(!gallery.is_ruled_out(
        ana,
        &Embedding::from_raw(vec![1.0, 0.0]).unwrap(),
        Cosine(1.0)
    ));
    assert_eq!(store.people().unwrap()[0].templates, 2);
    assert_eq!(store.everybody().unwrap()[0].template_count, 2);
    let receipt = store
        .erase_person(
            &code("E-1"),
            rollcall::store::Attendance::KeepsCode,
            operator(),
        )
        .unwrap();
    assert_eq!(receipt.templates, 3);
}

#[test]
fn templates_that_the_station_makes_are_few_and_can_be_taken_back() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let bruno = enrolled(&mut store, "E-2");
    for (person, looks) in [(ana, 5), (bruno, 1)] {
        for _ in 0..looks {
            let template = super::template(&[0.6, 0.8]);
            store.adapt(person, &template, operator()).unwrap();
        }
    }
    let count = |store: &Store| store.load_gallery(&model()).unwrap().templates.len();
    assert_eq!(count(&store), 2 + 3 + 2 + 1);
    let gallery = store.load_gallery(&model()).unwrap().templates;
    let face = Embedding::from_raw(vec![0.6, 0.8]).unwrap();
    let own = gallery.similarity_to_enrolled(ana, &face).unwrap();
    assert!(
        (own.0 - 0.96).abs() < 1e-3,
        "the enrolled [0.8, 0.6] is the nearest: {own}"
    );
    assert_eq!(
        store
            .forget_adaptive(Some(&code("E-1")), operator())
            .unwrap(),
        3
    );
    assert_eq!(store.forget_adaptive(None, operator()).unwrap(), 1);
    assert_eq!(count(&store), 4);
}
