//! Deeds on real records, and what takes them back.

use super::*;
use rollcall_cases::{EnglishOnly, Places, embedder_id};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_store::{Attendance, NewPerson, NewTemplate};

/// Records of one person, Ana Torres, in a folder of their own.
pub(crate) struct Desk {
    pub(crate) data: Arc<tempfile::TempDir>,
    pub(crate) rules: DeskRules,
    pub(crate) clock: Clock,
    model: ModelId,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let clock = Clock::start();
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let context = Context {
            places: Places {
                data_dir: data.path().to_path_buf(),
                config: None,
                models_dir: Some(models.into()),
            },
            config: rollcall_config::Config::default(),
            clock,
            languages: Arc::new(EnglishOnly),
        };
        let model = embedder_id(&context).unwrap();
        let mut store = Store::open(data.path()).unwrap();
        let author = Author {
            name: "olga",
            at: clock.now().wall,
        };
        let template = NewTemplate {
            embedding: Embedding::from_raw(vec![1.0, 0.0]).unwrap(),
            model: model.clone(),
            quality: 0.9,
            jpeg: None,
        };
        let person = NewPerson {
            name: PersonName::parse("Ana Torres").unwrap(),
            code: PersonCode::parse("P-001").unwrap(),
            consent_at: None,
            templates: vec![template],
        };
        store.add_person(&person, author).unwrap();
        let source = "usb".parse().unwrap();
        Self {
            data,
            rules: DeskRules { context, source },
            clock,
            model,
        }
    }

    fn asks(&self, question: Question) -> Asked {
        match self.rules.find(question, self.clock) {
            Ok(Answer::Asks(asked)) => *asked,
            other => panic!("not asked: {other:?}"),
        }
    }

    fn does(&self, question: Question) -> Result<Done, String> {
        match self.rules.find(question, self.clock) {
            Ok(Answer::Done(done)) => done.map_err(|why| why.to_string()),
            Err(error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn person(&self) -> Result<PersonFile, String> {
        let code = PersonCode::parse("P-001").unwrap();
        match self.rules.find(Question::Person(code), self.clock) {
            Ok(Answer::Person(file)) => file.map_err(|why| why.to_string()),
            Err(error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

fn deed(change: PersonChange) -> Question {
    Question::ChangePerson(PersonDeed {
        code: PersonCode::parse("P-001").unwrap(),
        change,
        by: "olga".into(),
        is_agreed: false,
    })
}

#[test]
fn what_is_changed_about_a_person_is_there_and_can_be_undone() {
    let desk = Desk::new();
    let name = PersonName::parse("Ana María").unwrap();
    let done = desk.does(deed(PersonChange::Rename(name.clone()))).unwrap();
    assert_eq!(desk.person().unwrap().name, name);
    desk.does(done.undo.unwrap()).unwrap();
    assert_eq!(desk.person().unwrap().name.as_str(), "Ana Torres");
    let done = desk.does(deed(PersonChange::Active(false))).unwrap();
    assert!(!desk.person().unwrap().active);
    desk.does(done.undo.unwrap()).unwrap();
    assert!(desk.person().unwrap().active);
    desk.does(deed(PersonChange::Consent)).unwrap();
    let pin = rollcall_core::pin::Pin::parse_new("483920").unwrap();
    desk.does(deed(PersonChange::Pin(Some(pin)))).unwrap();
    let file = desk.person().unwrap();
    assert!(file.has_pin && file.consent_at.is_some());
    assert_eq!(
        (file.templates.len(), file.templates[0].kind.id()),
        (1, "template-enrolled")
    );
    desk.does(deed(PersonChange::Pin(None))).unwrap();
    assert!(!desk.person().unwrap().has_pin);
    let erase = desk.asks(deed(PersonChange::Erase));
    assert!(erase.agreement.to_string().contains("for good"));
    assert!(desk.person().is_ok(), "a question changes nothing");
    let done = desk.does(erase.agreed).unwrap();
    assert!(done.said.to_string().contains("1 template") && done.undo.is_none());
    assert!(desk.person().unwrap_err().contains("P-001"));
    let trail = Store::open_read_only(desk.data.path()).unwrap();
    let trail = trail.audit_trail(50).unwrap();
    for action in ["person.rename", "person.deactivate", "person.delete"] {
        let found = trail.iter().find(|entry| entry.action == action);
        assert_eq!(found.map(|e| e.actor.as_str()), Some("olga"), "{action}");
    }
}

#[test]
fn a_password_is_kept_by_an_undo_and_shown_to_nobody() {
    let desk = Desk::new();
    let secret = "http://door:secret@10.0.0.7/stream";
    let set = |value: Option<&str>| {
        Question::ChangeSetting(SettingChange {
            section: "camera".into(),
            key: "source".into(),
            value: value.map(str::to_owned),
            by: "olga".into(),
            is_agreed: false,
        })
    };
    let first = desk.does(set(Some(secret))).unwrap();
    assert!(
        first.said.to_string().contains("10.0.0.7") && !first.said.to_string().contains("secret")
    );
    let Ok(Answer::Settings(Ok(rows))) = desk.rules.find(Question::Settings, desk.clock) else {
        panic!("no settings")
    };
    let row = rows.iter().find(|row| row.key == "source").unwrap();
    assert!(!row.value.contains("secret"), "{}", row.value);
    let second = desk.does(set(Some("usb"))).unwrap();
    desk.does(second.undo.unwrap()).unwrap();
    let text = std::fs::read_to_string(desk.data.path().join("config.toml")).unwrap();
    assert!(text.contains(secret));
    desk.does(first.undo.unwrap()).unwrap();
    let text = std::fs::read_to_string(desk.data.path().join("config.toml")).unwrap();
    assert_eq!(text.trim(), "[camera]");
    let trail = Store::open_read_only(desk.data.path()).unwrap();
    let trail = trail.audit_trail(50).unwrap();
    assert!(trail.iter().any(|entry| entry.action == "config.set"));
    assert!(trail.iter().all(|entry| !entry.detail.contains("secret")));
}

/// What the room below is asked is decided there; this only holds that it is asked.
#[test]
fn what_is_refused_has_a_code_and_what_is_asked_about_a_way_to_agree() {
    let desk = Desk::new();
    let nobody = Question::ChangePerson(PersonDeed {
        code: PersonCode::parse("P-999").unwrap(),
        change: PersonChange::Active(false),
        by: "olga".into(),
        is_agreed: false,
    });
    let refused = desk.rules.find(nobody, desk.clock).unwrap_err();
    assert_eq!(refused.code(), RefusalCode::NotFound);
    let no_language = Question::ChangeSetting(SettingChange {
        section: "dashboard".into(),
        key: "language".into(),
        value: Some("xx".into()),
        by: "olga".into(),
        is_agreed: true,
    });
    let refused = desk.rules.find(no_language, desk.clock).unwrap_err();
    assert_eq!(refused.code(), RefusalCode::Invalid);
    let expected = deed(PersonChange::Team(Some("night".into())));
    assert!(
        desk.does(expected)
            .unwrap()
            .said
            .to_string()
            .contains("night")
    );
    let later = Question::ChangeSetting(SettingChange {
        section: "log".into(),
        key: "filter".into(),
        value: Some("warn".into()),
        by: "olga".into(),
        is_agreed: false,
    });
    assert!(desk.does(later).unwrap().needs_restart);
}

#[test]
fn a_start_that_the_configuration_would_not_let_is_refused_before_anything_ends() {
    let desk = Desk::new();
    let may = || desk.rules.may_restart("olga", desk.clock);
    let file = desk.data.path().join("config.toml");
    for wrong in [
        "[recognition]\nthreshold = 7.0\n",
        "[recognition]\nembedder = \"nothing\"\n",
        "[dashboard]\nlanguage = \"xx\"\n",
        "[camera]\nsource = \"demo\"\n",
        "[attendance]\nholidays = \"none.ics\"\n",
    ] {
        std::fs::write(&file, wrong).unwrap();
        assert!(may().is_err(), "{wrong}");
    }
    std::fs::write(&file, "[camera]\nsource = \"usb:1\"\n").unwrap();
    may().unwrap();
    let trail = Store::open_read_only(desk.data.path()).unwrap();
    let trail = trail.audit_trail(50).unwrap();
    let restarts = trail.iter().filter(|e| e.action == "station.restart");
    assert_eq!(restarts.count(), 1, "only what was done is noted");
}

/// A sighting of a face so similar to Ana's and Ben's.
fn sighting(desk: &Desk, ana: f32, ben: f32) -> i64 {
    let mut store = Store::open(desk.data.path()).unwrap();
    let rest = (1.0 - ana * ana - ben * ben).max(0.0).sqrt();
    let seen = rollcall_core::event::Sighting {
        camera: None,
        at: desk.clock.now(),
        reason: rollcall_core::event::SightingReason::Unknown,
        candidate: None,
        liveness: None,
        look: None,
    };
    let face = rollcall_store::SightedFace {
        embedding: Embedding::from_raw(vec![ana, ben, rest]).unwrap(),
        model: desk.model.clone(),
        quality: 0.5,
        jpeg: b"\xff\xd8 \xff\xd9".to_vec(),
    };
    store.record_sighting(&seen, Some(&face)).unwrap();
    store.sightings(true).unwrap()[0].sighting
}

#[test]
fn a_sighting_is_assigned_to_whom_it_is_like_and_to_nobody_else() {
    let desk = Desk::new();
    let mut store = Store::open(desk.data.path()).unwrap();
    let author = || Author {
        name: "olga",
        at: desk.clock.now().wall,
    };
    for (code, values) in [("P-002", [1.0, 0.0, 0.0]), ("P-003", [0.0, 1.0, 0.0])] {
        let person = NewPerson {
            name: PersonName::parse(code).unwrap(),
            code: PersonCode::parse(code).unwrap(),
            consent_at: None,
            templates: vec![NewTemplate {
                embedding: Embedding::from_raw(values.to_vec()).unwrap(),
                model: desk.model.clone(),
                quality: 0.9,
                jpeg: None,
            }],
        };
        store.add_person(&person, author()).unwrap();
    }
    // Whose sample is of another length, and would be compared with, active or not.
    let other_length = PersonCode::parse("P-001").unwrap();
    store
        .erase_person(&other_length, Attendance::KeepsCode, author())
        .unwrap();
    let assign = |sightings: &[i64], another_person| {
        let deed = ReviewDeed::Assign(rollcall_core::review::Assignment {
            sightings: sightings.to_vec(),
            code: PersonCode::parse("P-002").unwrap(),
            another_person,
            add: false,
            punch: Some(rollcall_core::attendance::Direction::In),
            reason: None,
            by: "olga".into(),
        });
        match desk.rules.find(Question::Review(deed), desk.clock) {
            Ok(Answer::Reviewed(told)) => told.map_err(|why| why.to_string()),
            Ok(Answer::Asks(asked)) => Err(asked.agreement.to_string()),
            Err(error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let stranger = sighting(&desk, 0.05, 0.1);
    let of_another = sighting(&desk, 0.3, 0.55);
    let own = sighting(&desk, 0.35, 0.1);
    for stated in [false, true] {
        let refused = assign(&[own, stranger], stated).unwrap_err();
        assert!(refused.contains("unlike all samples of P-002"), "{refused}");
        assert!(
            refused.contains(&format!("sighting {stranger}:")),
            "{refused}"
        );
    }
    let refused = assign(&[of_another], false).unwrap_err();
    assert!(
        refused.contains("already enrolled as P-003 (P-003)"),
        "{refused}"
    );
    let events = || {
        let events = Store::open_read_only(desk.data.path()).unwrap();
        events.events(&EventFilter::default()).unwrap().len()
    };
    assert_eq!(events(), 0, "what is refused does nothing");
    assign(&[own], false).unwrap();
    assert_eq!(events(), 1);
    let twice = assign(&[own], false).unwrap_err();
    assert!(twice.contains("was assigned before"), "{twice}");
    assign(&[of_another], true).unwrap();
    let trail = Store::open_read_only(desk.data.path()).unwrap();
    let trail = trail.audit_trail(50).unwrap();
    let stated = trail.iter().find(|e| e.action == "person.another").unwrap();
    assert!(
        stated.detail.contains("another person than P-003"),
        "{}",
        stated.detail
    );
}
