//! Deeds on real records, and what takes them back.

use super::*;
use rollcall_config::ConfigFile;
use rollcall_core::day::{AttendanceMode, AttendancePolicy};
use rollcall_core::embedding::{Cosine, Embedding, ModelId};
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::worktime::alteration::PersonAlteration;
use rollcall_store::{NewPerson, NewTemplate};

/// The commands with a configuration file and nothing else.
struct FileOnly {
    file: ConfigFile,
    /// Is there as long as anybody reads it.
    _data: Arc<tempfile::TempDir>,
}

impl DeskCommands for FileOnly {
    fn doctor(&self) -> Vec<PageLine> {
        Vec::new()
    }

    fn calibration(&self) -> Result<Vec<PageLine>> {
        anyhow::bail!("not here")
    }

    fn write_threshold(&self) -> Result<Message> {
        anyhow::bail!("not here")
    }

    fn export(&self, _: NaiveDate, _: NaiveDate) -> Result<Message> {
        anyhow::bail!("not here")
    }

    fn settings(&self) -> Result<Vec<SettingRow>> {
        Ok(self.file.settings(|_| None)?)
    }

    fn reconfiguration(&self) -> Result<Reconfiguration> {
        anyhow::bail!("there is no station here")
    }

    fn foresee(&self, change: &SettingChange) -> Result<Alteration> {
        let mut alteration = Alteration::default();
        if change.key == "time_zone" {
            let code = PersonCode::parse("P-001")?;
            alteration.people.insert(code, PersonAlteration::default());
        }
        Ok(alteration)
    }

    fn set(&self, change: &SettingChange, _: &Alteration) -> Result<()> {
        let value = change.value.as_deref();
        Ok(self.file.set(&change.section, &change.key, value)?)
    }
}

/// Records of one person, Ana Torres, in a folder of their own.
pub(crate) struct Desk {
    pub(crate) data: Arc<tempfile::TempDir>,
    pub(crate) rules: DeskRules,
    pub(crate) clock: Clock,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let attendance = AttendancePolicy {
            mode: AttendanceMode::Toggle,
            cooldown: std::time::Duration::from_mins(5),
            day_starts_at: chrono::NaiveTime::MIN,
        };
        let model = ModelId::from_sha256("00");
        let rules = DeskRules {
            data_dir: data.path().to_path_buf(),
            work_plan: WorkPlan::without_shifts(attendance, Arc::new(chrono::Utc)),
            review: ReviewRules {
                model: model.clone(),
                matching: MatchPolicy {
                    threshold: Cosine(0.4),
                    per_tenfold: 0.0,
                    min_margin: 0.05,
                },
                attendance,
                consent_required: false,
            },
            commands: Arc::new(FileOnly {
                file: ConfigFile {
                    path: data.path().join("config.toml"),
                },
                _data: Arc::clone(&data),
            }),
        };
        let mut store = Store::open(data.path()).unwrap();
        let clock = Clock::start();
        let author = Author {
            name: "olga",
            at: clock.now().wall,
        };
        let template = NewTemplate {
            embedding: Embedding::from_raw(vec![1.0, 0.0]).unwrap(),
            model,
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
        Self { data, rules, clock }
    }

    fn does(&self, question: Question) -> Result<Done, Message> {
        match self.rules.find(question, self.clock) {
            Answer::Done(done) => done,
            other => panic!("{other:?}"),
        }
    }

    fn person(&self) -> Result<PersonFile, Message> {
        let code = PersonCode::parse("P-001").unwrap();
        match self.rules.find(Question::Person(code), self.clock) {
            Answer::Person(file) => *file,
            other => panic!("{other:?}"),
        }
    }
}

fn deed(change: PersonChange) -> Question {
    Question::ChangePerson(PersonDeed {
        code: PersonCode::parse("P-001").unwrap(),
        change,
        by: "olga".into(),
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
    let done = desk.does(deed(PersonChange::Erase)).unwrap();
    assert!(done.said.to_string().contains("1 templates") && done.undo.is_none());
    assert!(desk.person().unwrap_err().to_string().contains("P-001"));
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
    let Answer::Settings(Ok(rows)) = desk.rules.find(Question::Settings, desk.clock) else {
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

#[test]
fn a_setting_that_alters_the_past_is_changed_only_when_that_is_agreed() {
    let desk = Desk::new();
    let change = SettingChange {
        section: "attendance".into(),
        key: "time_zone".into(),
        value: Some("Asia/Tokyo".into()),
        by: "olga".into(),
        is_agreed: false,
    };
    let asked = desk
        .rules
        .find(Question::ChangeSetting(change.clone()), desk.clock);
    let Answer::AltersThePast(asked, alteration) = asked else {
        panic!("not asked: {asked:?}");
    };
    assert_eq!((&asked, alteration.is_none()), (&change, false));
    assert!(!desk.data.path().join("config.toml").exists());
    let agreed = SettingChange {
        is_agreed: true,
        ..change
    };
    let done = desk.does(Question::ChangeSetting(agreed)).unwrap();
    let Some(Question::ChangeSetting(undo)) = done.undo else {
        panic!("nothing takes it back");
    };
    assert!(!undo.is_agreed, "the way back alters the past as well");
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
        model: ModelId::from_sha256("00"),
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
                model: ModelId::from_sha256("00"),
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
            Answer::Reviewed(told) => told,
            other => panic!("{other:?}"),
        }
    };
    let stranger = sighting(&desk, 0.05, 0.1);
    let of_another = sighting(&desk, 0.3, 0.55);
    let own = sighting(&desk, 0.35, 0.1);
    for stated in [false, true] {
        let refused = assign(&[own, stranger], stated).unwrap_err();
        assert!(
            refused.to_string().contains("unlike all samples of P-002"),
            "{refused}"
        );
        assert!(
            refused
                .to_string()
                .contains(&format!("sighting {stranger}:")),
            "{refused}"
        );
    }
    let refused = assign(&[of_another], false).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("already enrolled as P-003 (P-003)"),
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
    assert!(twice.to_string().contains("was assigned before"), "{twice}");
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
