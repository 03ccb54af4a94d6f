//! The gallery: all templates of all active people, and the search in it.

use super::embedding::{Cosine, Embedding, dot};
use super::person::{PersonId, TemplateId};

/// One enrolled embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Row number in the database.
    pub id: TemplateId,
    /// Whose face it is.
    pub person: PersonId,
    /// The face.
    pub embedding: Embedding,
}

/// All templates of one model, as one matrix.
#[derive(Debug, Clone, Default)]
pub struct Gallery {
    dim: usize,
    /// Row-major, one template a row.
    rows: Vec<f32>,
    owners: Vec<PersonId>,
}

/// The most similar person in the gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// Similarity of that person's best template.
    pub similarity: Cosine,
    /// The best *other* person, if there is another.
    pub runner_up: Option<(PersonId, Cosine)>,
}

impl Candidate {
    /// Similarity minus that of the runner-up, if there is one.
    pub fn margin(&self) -> Option<f32> {
        self.runner_up
            .map(|(_, second)| self.similarity.0 - second.0)
    }
}

/// When the most similar person is similar enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchPolicy {
    /// Least similarity.
    pub threshold: Cosine,
    /// Least distance to the runner-up.
    pub min_margin: f32,
}

/// Who a single face is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Identity {
    /// Similar enough to one person and not to another.
    Known(Candidate),
    /// A stranger, or too close between two people; the best candidate, if the gallery has any.
    Unknown(Option<Candidate>),
}

impl Gallery {
    /// Builds the matrix. Templates whose dimension differs from the first one's
    /// are left out: they were made by another model and compare to nothing here.
    pub fn new(templates: impl IntoIterator<Item = Template>) -> Self {
        let mut gallery = Self::default();
        for template in templates {
            gallery.insert(&template);
        }
        gallery
    }

    /// Adds one template; `false` if its dimension does not fit.
    pub fn insert(&mut self, template: &Template) -> bool {
        if self.owners.is_empty() {
            self.dim = template.embedding.dim();
        }
        if template.embedding.dim() != self.dim {
            return false;
        }
        self.rows.extend_from_slice(template.embedding.as_slice());
        self.owners.push(template.person);
        true
    }

    /// Number of templates.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether nobody is enrolled.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The most similar person and the runner-up, by exact comparison with every
    /// template. Equal similarities go to the person enrolled first.
    pub fn search(&self, probe: &Embedding) -> Option<Candidate> {
        if probe.dim() != self.dim {
            return None;
        }
        let mut best: Option<(PersonId, f32)> = None;
        let mut second: Option<(PersonId, f32)> = None;
        for (row, &owner) in self.rows.chunks_exact(self.dim).zip(&self.owners) {
            let similarity = dot(row, probe.as_slice());
            match best {
                Some((person, top)) if person == owner => {
                    best = Some((person, top.max(similarity)));
                }
                Some((_, top)) if similarity <= top => {
                    if second.is_none_or(|(_, s)| similarity > s) {
                        second = Some((owner, similarity));
                    }
                }
                _ => {
                    second = best.or(second);
                    best = Some((owner, similarity));
                }
            }
        }
        best.map(|(person, similarity)| Candidate {
            person,
            similarity: Cosine(similarity),
            runner_up: second.map(|(p, s)| (p, Cosine(s))),
        })
    }
}

impl MatchPolicy {
    /// Decides on one face from its best candidate.
    pub fn identify(&self, candidate: Option<Candidate>) -> Identity {
        match candidate {
            Some(c)
                if c.similarity >= self.threshold
                    && c.margin().is_none_or(|m| m >= self.min_margin) =>
            {
                Identity::Known(c)
            }
            other => Identity::Unknown(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn embedding(values: &[f32]) -> Embedding {
        Embedding::from_raw(values.to_vec()).unwrap()
    }

    fn template(id: i64, person: i64, values: &[f32]) -> Template {
        Template {
            id: TemplateId(id),
            person: PersonId(person),
            embedding: embedding(values),
        }
    }

    const POLICY: MatchPolicy = MatchPolicy {
        threshold: Cosine(0.4),
        min_margin: 0.05,
    };

    #[test]
    fn the_runner_up_is_another_person() {
        let gallery = Gallery::new([
            template(1, 1, &[1.0, 0.0, 0.0]),
            template(2, 1, &[0.9, 0.1, 0.0]),
            template(3, 2, &[0.0, 1.0, 0.0]),
        ]);
        let found = gallery.search(&embedding(&[1.0, 0.2, 0.0])).unwrap();
        assert_eq!(found.person, PersonId(1));
        assert_eq!(found.runner_up.unwrap().0, PersonId(2));
    }

    #[test]
    fn two_people_too_alike_are_nobody() {
        let gallery = Gallery::new([template(1, 1, &[1.0, 0.01]), template(2, 2, &[1.0, 0.0])]);
        let probe = gallery.search(&embedding(&[1.0, 0.0]));
        assert!(matches!(POLICY.identify(probe), Identity::Unknown(Some(_))));
    }

    #[test]
    fn an_empty_gallery_or_another_model_knows_nobody() {
        let probe = embedding(&[1.0, 0.0]);
        assert_eq!(
            POLICY.identify(Gallery::default().search(&probe)),
            Identity::Unknown(None)
        );
        let other_model = Gallery::new([template(1, 1, &[1.0, 0.0, 0.0])]);
        assert_eq!(other_model.search(&probe), None);
        let mut gallery = other_model;
        assert!(!gallery.insert(&template(2, 1, &[1.0, 0.0])));
    }

    fn arbitrary_gallery() -> impl Strategy<Value = Vec<(i64, [f32; 4])>> {
        prop::collection::vec((0i64..4, prop::array::uniform4(-1f32..1.0)), 0..12)
    }

    proptest! {
        #[test]
        fn search_agrees_with_a_plain_maximum_per_person(
            entries in arbitrary_gallery(), probe in prop::array::uniform4(-1f32..1.0),
        ) {
            let usable = |v: &[f32; 4]| v.iter().any(|x| x.abs() > 0.01);
            prop_assume!(usable(&probe) && entries.iter().all(|(_, v)| usable(v)));
            let templates: Vec<_> = entries.iter().enumerate()
                .map(|(i, (p, v))| template(i as i64, *p, v)).collect();
            let probe = embedding(&probe);
            let found = Gallery::new(templates.clone()).search(&probe);
            let mut per_person = std::collections::BTreeMap::<PersonId, f32>::new();
            for t in &templates {
                let s = per_person.entry(t.person).or_insert(f32::MIN);
                *s = s.max(t.embedding.similarity(&probe).0);
            }
            let mut sorted: Vec<f32> = per_person.values().copied().collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(found.map(|c| c.similarity.0), sorted.first().copied());
            prop_assert_eq!(found.and_then(|c| c.runner_up).map(|r| r.1.0), sorted.get(1).copied());
        }

        #[test]
        fn raising_the_threshold_never_adds_a_match(
            similarity in -1f32..1.0, second in -1f32..1.0, low in 0f32..1.0, rise in 0f32..1.0,
        ) {
            let candidate = Candidate {
                person: PersonId(1),
                similarity: Cosine(similarity),
                runner_up: Some((PersonId(2), Cosine(second.min(similarity)))),
            };
            let known = |t: f32| matches!(
                MatchPolicy { threshold: Cosine(t), min_margin: 0.05 }.identify(Some(candidate)),
                Identity::Known(_)
            );
            prop_assert!(known(low) || !known(low + rise));
        }
    }
}
