//! A station with one person who is expected and came once, for tests.

use std::sync::Arc;

use rollcall_config::Config;
use rollcall_core::attendance::Direction;
use rollcall_core::correction::{Correction, Deed, When};
use rollcall_core::embedding::Embedding;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_store::{NewPerson, NewTemplate, Store};
use rollcall_system::clock::Clock;

use crate::{Context, EnglishOnly, Places, embedder_id};

/// Shifts of people who are expected from Monday to Friday.
const CONFIG: &str = "[attendance]\ntime_zone = \"Europe/Lisbon\"\n\
    [[shift]]\nname = \"shop\"\nstart = \"09:00\"\nend = \"18:00\"\n\
    [[shift]]\nname = \"evening\"\nstart = \"16:00\"\nend = \"23:00\"\n\
    [[schedule]]\nshift = \"shop\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\
    [[schedule]]\nshift = \"evening\"\nteam = \"evening\"\ndays = [\"mon\", \"tue\"]\n";

/// Marta, code S-1, who has come on 2026-09-01 from 9 to 18.
pub(crate) struct Shop {
    pub(crate) context: Context,
    _data: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("config.toml"), CONFIG).unwrap();
        let config = Config::load(None, data.path(), |_| None).unwrap();
        let clock = Clock::start_in(config.zone());
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let context = Context {
            places: Places {
                data_dir: data.path().to_path_buf(),
                config: None,
                models_dir: Some(models.into()),
            },
            config,
            clock,
            languages: Arc::new(EnglishOnly),
        };
        let mut store = Store::open(data.path()).unwrap();
        enrol(&mut store, &context, "S-1", "Marta", vec![1.0, 0.0, 0.0]);
        let author = context.author("olga");
        let since = "2026-08-03".parse().unwrap();
        store.expect_from(&code("S-1"), since, author).unwrap();
        for (direction, time) in [(Direction::In, "09"), (Direction::Out, "18")] {
            let at = format!("2026-09-01T{time}:00:00+01:00").parse().unwrap();
            let correction = Correction {
                deed: Deed::Add {
                    code: code("S-1"),
                    when: When {
                        at,
                        local_day: "2026-09-01".parse().unwrap(),
                    },
                    direction,
                },
                operator: "olga".into(),
                reason: "from paper".into(),
                face: None,
            };
            store.correct(&correction, author.at).unwrap();
        }
        Self {
            context,
            _data: data,
        }
    }

    pub(crate) fn store(&self) -> Store {
        self.context.store_to_change().unwrap()
    }

    /// What the audit trail has of an action, the latest first.
    pub(crate) fn trail(&self, action: &str) -> Vec<String> {
        let entries = self.store().audit_trail(500).unwrap().into_iter();
        let of_action = entries.filter(|entry| entry.action == action);
        of_action
            .map(|entry| format!("{} {}", entry.subject, entry.detail))
            .collect()
    }
}

pub(crate) fn code(text: &str) -> PersonCode {
    PersonCode::parse(text).unwrap()
}

pub(crate) fn enrol(store: &mut Store, context: &Context, of: &str, name: &str, face: Vec<f32>) {
    let person = NewPerson {
        name: PersonName::parse(name).unwrap(),
        code: code(of),
        consent_at: None,
        templates: vec![NewTemplate {
            embedding: Embedding::from_raw(face).unwrap(),
            model: embedder_id(context).unwrap(),
            quality: 0.9,
            jpeg: None,
        }],
    };
    store.add_person(&person, context.author("olga")).unwrap();
}
