//! The gallery of a large station: 50,000 templates of 512 dimensions, one core.
//!
//! `cargo bench --bench gallery`

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot run should stop and say so"
)]

use chrono::Utc;
use divan::Bencher;
use divan::counter::ItemsCount;
use rollcall::core::embedding::{Embedding, ModelId};
use rollcall::core::gallery::{Gallery, Template};
use rollcall::core::person::{PersonCode, PersonId, PersonName, TemplateId};
use rollcall::store::{Author, NewPerson, NewTemplate, Store};

const TEMPLATES: usize = 50_000;
const DIM: usize = 512;
const TEMPLATES_OF_A_PERSON: usize = 5;

/// People in the database that is loaded: few, because each costs a transaction.
const PEOPLE: usize = 100;

fn main() {
    let gallery = gallery();
    let mib = gallery.bytes() as f64 / (1 << 20) as f64;
    println!("{TEMPLATES} templates of {DIM} dimensions: {mib:.1} MiB");
    drop(gallery);
    divan::main();
}

/// A stranger, and a face like that of an enrolled person.
#[divan::bench(args = ["stranger", "known"])]
fn search(bencher: Bencher, whose: &str) {
    let gallery = gallery();
    let probe = if whose == "known" {
        face(TEMPLATES as u64 / 2, 77)
    } else {
        face(1 << 40, 0)
    };
    bencher.bench_local(|| gallery.search(&probe));
}

/// All faces of a frame in one pass.
#[divan::bench(args = [2, 4, 8])]
fn search_faces_of_a_frame(bencher: Bencher, faces: usize) {
    let gallery = gallery();
    let probes: Vec<Embedding> = (0..faces as u64).map(|n| face(n * 31, 77)).collect();
    let probes: Vec<&Embedding> = probes.iter().collect();
    bencher
        .counter(ItemsCount::new(faces))
        .bench_local(|| gallery.search_all(&probes));
}

/// What an enrolment and its undoing cost a large gallery.
#[divan::bench]
fn add_and_remove_a_person(bencher: Bencher) {
    let mut gallery = gallery();
    let person = PersonId(1 << 40);
    let templates: Vec<Template> = (0..TEMPLATES_OF_A_PERSON as u64)
        .map(|n| Template {
            id: TemplateId((1 << 40) + n as i64),
            person,
            embedding: face(1 << 40, n),
        })
        .collect();
    bencher.bench_local(|| {
        for template in &templates {
            gallery.insert(template);
        }
        gallery.remove(person)
    });
}

/// What a station does at its start.
#[divan::bench(sample_count = 5)]
fn load_from_the_database(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelId::from_sha256("0123456789abcdef");
    let mut store = Store::open(folder.path()).unwrap();
    let author = Author {
        at: Utc::now().fixed_offset(),
        name: "bench",
    };
    for number in 0..PEOPLE {
        let templates = (0..TEMPLATES / PEOPLE).map(|n| NewTemplate {
            embedding: face(number as u64, n as u64),
            model: model.clone(),
            quality: 0.9,
            jpeg: None,
        });
        let person = NewPerson {
            name: PersonName::parse(&format!("Person {number}")).unwrap(),
            code: PersonCode::parse(&format!("E-{number}")).unwrap(),
            consent_at: None,
            templates: templates.collect(),
        };
        store.add_person(&person, author).unwrap();
    }
    bencher.bench_local(|| {
        let rows = store.load_gallery(&model).unwrap();
        assert_eq!(rows.templates.len(), TEMPLATES);
        rows
    });
}

fn gallery() -> Gallery {
    let templates = (0..TEMPLATES as u64).map(|number| {
        let person = number / TEMPLATES_OF_A_PERSON as u64;
        Template {
            id: TemplateId(number as i64),
            person: PersonId(person as i64),
            embedding: face(person, number),
        }
    });
    templates.collect()
}

/// A picture of a person: a direction of that person's own, and some of the picture's.
fn face(person: u64, picture: u64) -> Embedding {
    let values = (0..DIM as u64).map(|i| {
        noise(person, i) + 0.6 * noise(picture.wrapping_mul(0x9e37_79b9).wrapping_add(1), i)
    });
    Embedding::from_raw(values.collect()).unwrap()
}

/// A number of −1..1 that looks random (splitmix64).
fn noise(seed: u64, i: u64) -> f32 {
    let mut z = (seed << 16)
        .wrapping_add(i)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
}
