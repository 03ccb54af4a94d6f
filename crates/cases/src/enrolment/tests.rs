use rollcall_core::embedding::Embedding;
use rollcall_protocol::RefusalCode;

use super::*;
use crate::embedder_id;
use crate::fixture::{Shop, code};

fn who(of: &str, name: &str, agreed: bool) -> Who {
    Who {
        name: PersonName::parse(name).unwrap(),
        code: code(of),
        consent_at: agreed.then(|| "2026-08-01".parse().unwrap()),
    }
}

#[test]
fn a_code_is_one_persons_and_nobody_is_enrolled_without_having_agreed() {
    let shop = Shop::new();
    for (who, adds, expected) in [
        (who("S-2", "Nuno", true), false, Ok(false)),
        (who("S-1", "Marta", true), true, Ok(true)),
        (
            who("S-2", "Nuno", false),
            false,
            Err(RefusalCode::NeedsConsent),
        ),
        (
            who("S-1", "Marta", false),
            true,
            Err(RefusalCode::NeedsConsent),
        ),
        (who("S-1", "Nuno", true), false, Err(RefusalCode::Taken)),
        (who("s-1", "Marta", true), false, Err(RefusalCode::Taken)),
        (who("S-1", "Nuno", true), true, Err(RefusalCode::Taken)),
        (who("S-9", "Nuno", true), true, Err(RefusalCode::NotFound)),
    ] {
        let found = holder(&shop.context, &shop.store(), &who, adds);
        let found = found.map(|found| found.is_some()).map_err(|e| e.code());
        assert_eq!(found, expected, "{who:?}, adds: {adds}");
    }
}

#[test]
fn a_face_that_is_taken_for_somebody_elses_is_admitted_only_when_that_is_stated() {
    let shop = Shop::new();
    let model = embedder_id(&shop.context).unwrap();
    let known = KnownPeople::to_compare(&shop.store(), &model).unwrap();
    let matching = shop.context.config.policies().matching;
    let face = |values: [f32; 3]| NewTemplate {
        embedding: Embedding::from_raw(values.to_vec()).unwrap(),
        model: model.clone(),
        quality: 0.9,
        jpeg: None,
    };
    let twin = [0.95, 0.3, 0.0];
    let mut faces = Faces::of(&known, matching);
    let refused = faces.admit(face(twin)).unwrap_err();
    assert_eq!(refused.code(), RefusalCode::AnotherPerson);
    assert!(refused.to_string().contains("Marta (S-1)"), "{refused}");
    assert!(faces.templates.is_empty());
    faces.another_person = true;
    faces.admit(face(twin)).unwrap();
    let stranger = faces.admit(face([0.0, 0.0, 1.0])).unwrap_err();
    assert_eq!(stranger.code(), RefusalCode::Refused, "not the first one");
    assert_eq!(faces.statement().unwrap().than, code("S-1"));
    let author = shop.context.author("olga");
    let newcomer = (who("S-2", "Nuno", true), None);
    let (person, templates) = enrol(&mut shop.store(), newcomer, faces, author).unwrap();
    assert_eq!((person.code, templates.len()), (code("S-2"), 1));
    let stated = shop.trail("person.another");
    assert!(stated.is_empty() || stated[0].contains("S-1"));
}
