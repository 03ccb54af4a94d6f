//! People, their templates and their pictures.

use std::path::{Path, PathBuf};

use rollcall::core::embedding::{Cosine, ModelId};
use rollcall::core::enrolment::identity::AnotherPerson;
use rollcall::core::event::PunchOutcome;
use rollcall::core::person::{Person, PersonName};
use rollcall::store::{Attendance, Author, EventFilter, Store, StoreError};
use rusqlite::Connection;

use super::{code, enrolled, model, operator, person, punch, station, template, void};

const EIGHT: &str = "2026-11-23T08:00:00+01:00";

fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for person in std::fs::read_dir(folder.join("faces"))
        .into_iter()
        .flatten()
    {
        for file in std::fs::read_dir(person.unwrap().path()).unwrap() {
            found.push(file.unwrap().path());
        }
    }
    found.sort();
    found
}

#[test]
fn a_person_is_enrolled_with_templates_and_pictures() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, mut store) = station();
    let new = person("E-1", "  محمد \"Mo\" O'Neil; DROP TABLE person;--");
    let (ana, templates) = store.add_person(&new, operator()).unwrap();
    assert_eq!((ana.name, ana.template_count), (new.name, 2));
    let gallery = store.load_gallery(&model()).unwrap();
    assert_eq!(gallery.templates.templates().collect::<Vec<_>>(), templates);
    let found = pictures(folder.path());
    assert_eq!(found.len(), 2);
    for picture in found {
        assert_eq!(
            std::fs::read(&picture).unwrap(),
            b"\xff\xd8 a picture \xff\xd9"
        );
        let mode = std::fs::metadata(&picture).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(store.audit_trail(9).unwrap()[0].action, "person.enrol");
}

#[test]
fn that_it_is_another_person_is_written_with_the_person() {
    let (_folder, mut store) = station();
    let stated = AnotherPerson {
        than: code("E-7"),
        similarity: Cosine(0.71),
    };
    let new = person("E-1", "Ana");
    store
        .add_stated_person(&new, Some(&stated), operator())
        .unwrap();
    store
        .add_stated_templates(&code("E-1"), &new.templates, None, operator())
        .unwrap();
    let trail: Vec<(String, String)> = store
        .audit_trail(9)
        .unwrap()
        .into_iter()
        .map(|entry| (entry.action, entry.detail))
        .collect();
    let found: Vec<_> = trail
        .iter()
        .filter(|(a, _)| a == "person.another")
        .collect();
    assert_eq!(
        found,
        [&(
            "person.another".to_owned(),
            "stated to be another person than E-7, similarity 0.71".to_owned()
        )]
    );
}

#[test]
fn a_code_names_its_holder_whatever_its_case() {
    let (folder, mut store) = station();
    store
        .add_person(&person("E-1a", "Ana"), operator())
        .unwrap();
    let error = store
        .add_person(&person("e-1A", "Bruno"), operator())
        .unwrap_err();
    assert_eq!(error.to_string(), "the code e-1A belongs to Ana");
    assert_eq!(pictures(folder.path()).len(), 2);
    assert_eq!(store.people().unwrap().len(), 1);
}

#[test]
fn nobody_is_enrolled_without_a_face() {
    let (_folder, mut store) = station();
    let mut faceless = person("E-1", "Ana");
    faceless.templates.clear();
    let error = store.add_person(&faceless, operator()).unwrap_err();
    assert!(matches!(error, StoreError::NoTemplates { .. }));
    assert!(store.people().unwrap().is_empty());
}

#[test]
fn templates_are_added_and_never_share_a_picture() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    // The same author at the same microsecond.
    let more = [template(&[0.0, 1.0]), template(&[0.6, 0.8])];
    let (ana, _) = store
        .add_templates(&code("e-1"), &more, operator())
        .unwrap();
    assert_eq!(ana.template_count, 4);
    assert_eq!(pictures(folder.path()).len(), 4);
    let error = store
        .add_templates(&code("E-9"), &more, operator())
        .unwrap_err();
    assert_eq!(error.to_string(), "nobody has the code E-9");
    assert_eq!(pictures(folder.path()).len(), 4);
}

#[test]
fn a_renamed_person_leaves_no_name_in_the_audit_trail() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let name = PersonName::parse("Anabel").unwrap();
    assert_eq!(
        store.rename(&code("E-1"), &name, operator()).unwrap().name,
        name
    );
    let trail = serde_json::to_string(&store.audit_trail(9).unwrap()).unwrap();
    assert!(trail.contains("person.rename"));
    assert!(!trail.contains("Ana"), "{trail}");
}

#[test]
fn a_deactivated_person_is_kept_and_not_recognised() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    store.deactivate(&code("E-1"), operator()).unwrap();
    assert!(store.load_gallery(&model()).unwrap().templates.is_empty());
    assert_eq!(store.people().unwrap()[0].templates, 2);
    assert_eq!(pictures(folder.path()).len(), 2);
    store.activate(&code("E-1"), operator()).unwrap();
    assert_eq!(store.load_gallery(&model()).unwrap().templates.len(), 2);
}

#[test]
fn a_deleted_person_leaves_attendance_and_nothing_else() {
    let (folder, mut store) = station();
    let mut new = person("E-1", "Quetzalcoatl");
    new.templates = vec![template(&(1..=512u16).map(f32::from).collect::<Vec<_>>())];
    let face = new.templates[0].embedding.to_le_bytes();
    let (ana, _) = store.add_person(&new, operator()).unwrap();
    store.record(&punch(ana.id, 1, EIGHT), operator()).unwrap();
    store
        .erase_person(&code("E-1"), Attendance::KeepsCode, operator())
        .map(|_| ())
        .unwrap();

    assert!(store.people().unwrap().is_empty());
    assert!(store.load_gallery(&model()).unwrap().templates.is_empty());
    assert!(pictures(folder.path()).is_empty());
    let rows = store.attendance(&EventFilter::default()).unwrap();
    assert_eq!(
        (rows[0].code.as_str(), rows[0].name.as_str()),
        ("E-1", "(deleted)")
    );
    let error = store
        .record(&punch(ana.id, 2, EIGHT), operator())
        .unwrap_err();
    assert!(matches!(error, StoreError::NoSuchPerson(_)) && error.is_permanent());
    // The hours of two people must not come together under one code.
    let error = store
        .add_person(&person("e-1", "Bruno"), operator())
        .unwrap_err();
    assert!(matches!(error, StoreError::CodeRetired { .. }), "{error}");

    drop(store);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for (what, part) in [("name", &b"Quetzalcoatl"[..]), ("face", &face[1000..1032])] {
                let found = bytes.windows(part.len()).any(|w| w == part);
                assert!(!found, "the {what} is still in {}", path.display());
            }
        }
    }
}

#[test]
fn the_list_says_when_somebody_was_last_seen() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    assert_eq!(store.people().unwrap()[0].last_seen, None);
    store.record(&punch(ana, 1, EIGHT), operator()).unwrap();
    let late = "2026-11-23T17:00:00+01:00";
    let PunchOutcome::Recorded(event) = store.record(&punch(ana, 2, late), operator()).unwrap()
    else {
        panic!("not recorded");
    };
    assert_eq!(
        store.person_row(&code("e-1")).unwrap().last_seen,
        Some(super::time(late))
    );
    void(&mut store, event.id, "somebody else").unwrap();
    assert_eq!(
        store.people().unwrap()[0].last_seen,
        Some(super::time(EIGHT))
    );
}

#[test]
fn a_damaged_template_is_left_out_and_reported() {
    let (_folder, mut store) = station();
    let ana = enrolled(&mut store, "E-1");
    let mut other = template(&[1.0, 0.0]);
    other.model = ModelId::from_sha256("ffff");
    store
        .add_templates(&code("E-1"), &[other], operator())
        .unwrap();
    let shell = Connection::open(store.path()).unwrap();
    let zeros = "UPDATE template SET embedding = zeroblob(8) WHERE id = 1";
    assert_eq!(shell.execute(zeros, []).unwrap(), 1);
    let gallery = store.load_gallery(&model()).unwrap();
    assert_eq!(gallery.templates.len(), 1);
    assert_eq!(gallery.skipped.len(), 1);
    assert_eq!(gallery.skipped[0].reason, "the embedding has length zero");
    assert_eq!(gallery.other_models, [(ana, 1)]);
}

#[test]
fn what_a_crash_left_of_pictures_is_cleaned_and_the_rest_is_not_touched() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    drop(store);
    let person = folder.path().join("faces/E-1");
    let kept = pictures(folder.path());
    std::fs::write(person.join(".rollcall-Xy12"), "torn").unwrap();
    std::fs::write(person.join("face-20261123-080000.000000-1.jpg"), "orphan").unwrap();
    std::fs::write(person.join("holiday.jpg"), "the operator's own").unwrap();
    std::fs::create_dir(folder.path().join("faces/E-2")).unwrap();
    std::fs::write(folder.path().join("faces/E-2/face-1.jpg"), "orphan").unwrap();
    Store::open(folder.path()).unwrap();
    let mut expected = kept;
    expected.push(person.join("holiday.jpg"));
    expected.sort();
    assert_eq!(pictures(folder.path()), expected);
    assert!(!folder.path().join("faces/E-2").exists());
}

#[test]
fn settings_are_kept() {
    let (folder, mut store) = station();
    assert_eq!(store.setting("station.name").unwrap(), None);
    store
        .set_setting("station.name", "Main door", operator())
        .unwrap();
    store
        .set_setting("station.name", "Back door", operator())
        .unwrap();
    drop(store);
    let store = Store::open_read_only(folder.path()).unwrap();
    assert_eq!(
        store.setting("station.name").unwrap().as_deref(),
        Some("Back door")
    );
}

#[test]
fn whoever_leaves_and_comes_back_keeps_the_days_before_and_loses_those_between() {
    let (_folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let on = |at: &str| Author {
        name: "olga",
        at: super::time(at),
    };
    let day = super::day;
    let code = code("e-1");
    let left = store
        .deactivate(&code, on("2026-12-01T09:00:00+01:00"))
        .unwrap();
    let enrolled_on = day("2026-11-23");
    let includes =
        |person: &Person, date: &str| person.expectation.includes(day(date), enrolled_on);
    assert!(!left.active);
    assert!(includes(&left, "2026-11-30") && !includes(&left, "2026-12-01"));
    // Deactivated by mistake and taken back the same day: nothing happened.
    let back = store
        .activate(&code, on("2026-12-01T09:05:00+01:00"))
        .unwrap();
    assert!(back.active && back.expectation.pauses.is_empty());
    store
        .deactivate_from(&code, day("2026-11-27"), on("2026-12-01T09:10:00+01:00"))
        .unwrap();
    let back = store
        .activate(&code, on("2026-12-14T08:00:00+01:00"))
        .unwrap();
    for (date, expected) in [
        ("2026-11-26", true),
        ("2026-11-27", false),
        ("2026-12-13", false),
        ("2026-12-14", true),
    ] {
        assert_eq!(includes(&back, date), expected, "{date}");
    }
    assert_eq!(
        store.everybody_ever().unwrap()[0].expectation,
        back.expectation
    );
    // What is foreseen is what comes of it.
    let mut foreseen = back.expectation;
    foreseen.pause_from(day("2026-12-01"));
    let again = store
        .deactivate_from(&code, day("2026-12-01"), on("2026-12-20T08:00:00+01:00"))
        .unwrap();
    assert_eq!(again.expectation, foreseen);
    assert!(!includes(&again, "2026-12-14") && includes(&again, "2026-11-26"));
    let error = store
        .deactivate_from(&code, day("2026-12-21"), on("2026-12-20T08:00:00+01:00"))
        .unwrap_err();
    assert!(matches!(error, StoreError::DayToCome { .. }), "{error}");
}

#[test]
fn a_consent_that_cannot_be_is_refused_at_every_door() {
    let (_folder, mut store) = station();
    let mut newcomer = person("E-1", "Ana");
    newcomer.consent_at = Some(super::day("2030-01-01"));
    let error = store.add_person(&newcomer, operator()).unwrap_err();
    assert!(matches!(error, StoreError::Implausible(_)), "{error}");
    enrolled(&mut store, "E-1");
    for at in ["2026-11-24", "1900-01-01"] {
        let error = store
            .set_consent(&code("E-1"), super::day(at), operator())
            .unwrap_err();
        assert!(matches!(error, StoreError::Implausible(_)), "{at}: {error}");
    }
    let today = super::day("2026-11-23");
    store.set_consent(&code("E-1"), today, operator()).unwrap();
}
