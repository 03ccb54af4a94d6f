//! The gallery's search against comparing with every template one by one.
//!
//! The size that a station is meant for takes minutes and an optimised build:
//! `cargo test --release --test gallery -- --ignored`

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

use std::collections::BTreeMap;

use rollcall::core::embedding::{Cosine, Embedding};
use rollcall::core::gallery::{Candidate, Gallery, Template};
use rollcall::core::person::{PersonId, TemplateId};

const DIM: usize = 512;
const QUERIES: usize = 10_000;

#[test]
fn search_is_identical_to_comparing_with_every_template() {
    let found = compare(&Population { templates: 200 });
    assert!(found.ties > 300, "{found:?}");
    assert!(found.within_a_thousandth > 1000, "{found:?}");
}

#[test]
#[ignore = "minutes of work: ten thousand queries, each compared with fifty thousand templates"]
fn search_is_identical_at_the_size_of_a_large_station() {
    let found = compare(&Population { templates: 50_000 });
    println!("{found:?}");
    assert!(found.ties > 300, "{found:?}");
}

/// How hard the queries were.
#[derive(Debug, Default)]
struct Hardness {
    /// The person and the runner-up are equally similar.
    ties: usize,
    /// They are nearly so.
    within_a_thousandth: usize,
}

/// Searches for every query and asserts that the answer is the plain maximum per
/// person, and that it is the answer on the unrounded numbers, too.
fn compare(population: &Population) -> Hardness {
    let mut random = Random(7);
    let raw = population.raw_templates(&mut random);
    let templates: Vec<Template> = raw
        .iter()
        .enumerate()
        .map(|(number, (person, values))| Template {
            id: TemplateId(number as i64),
            person: PersonId(*person),
            embedding: Embedding::from_raw(values.clone()).unwrap(),
        })
        .collect();
    let gallery: Gallery = templates.iter().cloned().collect();
    let mut hardness = Hardness::default();
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|n| query(n, &raw, &mut random)).collect();
    for batch in queries.chunks(7) {
        let probes: Vec<Embedding> = batch
            .iter()
            .map(|values| Embedding::from_raw(values.clone()).unwrap())
            .collect();
        let found = gallery.search_all(&probes.iter().collect::<Vec<_>>());
        for ((probe, found), values) in probes.iter().zip(found).zip(batch) {
            let found = found.unwrap();
            assert_eq!(found, brute_force(&templates, probe));
            agrees_with_unrounded(&raw, values, &found);
            let margin = found.margin().unwrap();
            hardness.ties += usize::from(margin == 0.0);
            hardness.within_a_thousandth += usize::from(margin < 1e-3);
        }
    }
    hardness
}

/// The best template of every person, the best person and the best other one.
fn brute_force(templates: &[Template], probe: &Embedding) -> Candidate {
    let mut best: BTreeMap<PersonId, (f32, TemplateId)> = BTreeMap::new();
    for template in templates {
        let similarity = template.embedding.similarity(probe).0;
        let of_person = best
            .entry(template.person)
            .or_insert((similarity, template.id));
        if similarity > of_person.0 {
            *of_person = (similarity, template.id);
        }
    }
    let mut people: Vec<_> = best.into_iter().collect();
    // Stable: of equal people the first one stays first.
    people.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let (person, (similarity, template)) = people[0];
    Candidate {
        person,
        template,
        similarity: Cosine(similarity),
        runner_up: people.get(1).map(|(p, (s, _))| (*p, Cosine(*s))),
    }
}

/// On the numbers as they were before they were rounded to the grid of an
/// embedding, the same person is best, or one that is not 10⁻⁶ behind.
fn agrees_with_unrounded(raw: &[(i64, Vec<f32>)], probe: &[f32], found: &Candidate) {
    const TOLERANCE: f64 = 2e-6;
    let (template, runner_up) = (&raw[found.template.0 as usize], found.runner_up.unwrap());
    let similarity = cosine(&template.1, probe);
    assert!((similarity - f64::from(found.similarity.0)).abs() < TOLERANCE);
    let (mut best, mut best_other) = (f32::MIN, f32::MIN);
    for (person, values) in raw {
        let similarity = dot_product(values, probe);
        best = best.max(similarity);
        if *person != found.person.0 {
            best_other = best_other.max(similarity);
        }
    }
    // The plain sums below are f32 themselves, so they are held to a wider bound.
    let tolerance = 4.0 * TOLERANCE as f32;
    assert!((best - found.similarity.0).abs() < tolerance);
    assert!((best_other - runner_up.1.0).abs() < tolerance);
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn dot_product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// People of whom some look alike, and some were enrolled twice.
struct Population {
    templates: usize,
}

impl Population {
    /// Unit vectors with the number of the person each belongs to, five a person.
    fn raw_templates(&self, random: &mut Random) -> Vec<(i64, Vec<f32>)> {
        let mut templates: Vec<(i64, Vec<f32>)> = Vec::with_capacity(self.templates);
        let mut family = random.direction();
        for number in 0..self.templates {
            let person = (number / 5) as i64;
            if number % 40 == 0 {
                family = random.direction();
            }
            let values = match number % 20 {
                // The very pictures of the person before, under another code.
                0 if number > 0 => templates[number - 5].1.clone(),
                // Pictures that hardly differ.
                1 | 2 => mixed(&templates[number - 1].1, 1.0, &random.direction(), 1e-3),
                // Brothers and sisters.
                _ => mixed(&family, 1.0, &random.direction(), 0.5),
            };
            templates.push((person, values));
        }
        templates
    }
}

/// A probe that is hard in one way or another.
fn query(number: usize, templates: &[(i64, Vec<f32>)], random: &mut Random) -> Vec<f32> {
    let (a, b) = (random.below(templates.len()), random.below(templates.len()));
    let (a, b) = (&templates[a].1, &templates[b].1);
    let near = templates[(random.below(templates.len() / 20)) * 20]
        .1
        .clone();
    let noise = random.direction();
    match number % 8 {
        0 => near,
        1 => a.clone(),
        2 => mixed(a, 1.0, b, 1.0),
        3 => mixed(a, 1.0, b, 1.0 + 1e-5),
        4 => mixed(a, 1.0, &noise, 0.01),
        5 => mixed(a, 1.0, &noise, 0.8),
        6 => mixed(&near, 1.0, &noise, 0.3),
        _ => noise,
    }
}

/// The direction between two.
fn mixed(a: &[f32], a_share: f32, b: &[f32], b_share: f32) -> Vec<f32> {
    let pairs = a.iter().zip(b);
    unit(pairs.map(|(a, b)| a * a_share + b * b_share).collect())
}

fn unit(values: Vec<f32>) -> Vec<f32> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    values.into_iter().map(|v| v / length).collect()
}

/// xorshift64*, so that every run asks the same questions.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    /// A unit vector whose components are about normally distributed.
    fn direction(&mut self) -> Vec<f32> {
        let component = |bits: u64| {
            let parts = (0..4).map(|i| (bits >> (16 * i) & 0xffff) as f32 / 65536.0 - 0.5);
            parts.sum::<f32>()
        };
        unit((0..DIM).map(|_| component(self.next())).collect())
    }
}
