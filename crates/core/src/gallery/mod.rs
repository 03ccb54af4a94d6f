//! The gallery: all templates of all active people, and the search in it.
//!
//! Invariants:
//! - A search gives the person, the runner-up and the similarities that comparing
//!   the probe with every template by [`Embedding::similarity`] gives, bit by bit.
//! - A template takes 2.5 bytes a component and some 25 more; 50,000 of 512
//!   components take 63 MiB.
//! - Adding and removing a person moves that person's templates only.
//!
//! Deliberately absent: approximate indexes. A stranger must not be greeted by
//! name because an index looked into the wrong bucket.

mod codes;
mod policy;
mod search;
#[cfg(test)]
mod tests;

use crate::say;
use rollcall_messages::Text;
use std::collections::{HashMap, HashSet};
use std::fmt;

pub use self::policy::{Doubt, Judgement, LOOKALIKES, MatchPolicy};

use self::codes::Codes;
use super::embedding::{Cosine, Embedding};
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

/// Where a template comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateKind {
    /// An enrolment, or a sample that somebody has added.
    Enrolled,
    /// The station itself: it follows a face that changes.
    Adaptive,
    /// A face that was taken for the person and is not.
    Negative,
}

impl TemplateKind {
    /// What an operator calls it.
    pub fn word(self) -> Text {
        match self {
            Self::Enrolled => say::TEMPLATE_ENROLLED,
            Self::Adaptive => say::TEMPLATE_ADAPTIVE,
            Self::Negative => say::TEMPLATE_NEGATIVE,
        }
    }
}

/// All templates of one model. Two are equal if they answer every search alike.
#[derive(Clone, Default, PartialEq)]
pub struct Gallery {
    codes: Codes,
    owners: Vec<Owner>,
    /// How many templates each person has.
    templates_of: HashMap<PersonId, usize>,
    /// Faces that were once taken for a person and are not.
    negatives: Vec<(PersonId, Embedding)>,
    /// Templates that the station has made itself.
    adaptive: HashSet<TemplateId>,
}

/// Whose template a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    person: PersonId,
    template: TemplateId,
}

/// The most similar person in the gallery.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// That person's best template.
    pub template: TemplateId,
    /// Its similarity.
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

impl Gallery {
    /// A gallery of these templates. Templates whose dimension differs from the
    /// first one's are left out: they were made by another model and compare to
    /// nothing here.
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
            self.codes = Codes::new(template.embedding.dim());
        }
        if template.embedding.dim() != self.codes.dim() {
            return false;
        }
        self.codes.push(&template.embedding);
        self.owners.push(Owner {
            person: template.person,
            template: template.id,
        });
        *self.templates_of.entry(template.person).or_default() += 1;
        true
    }

    /// Removes all templates of a person and says how many there were.
    pub fn remove(&mut self, person: PersonId) -> usize {
        let before = self.len();
        // From the end, so that the row that takes a removed one's place has been looked at.
        for row in (0..before).rev() {
            if self.owners[row].person == person {
                self.codes.swap_remove(row);
                self.owners.swap_remove(row);
            }
        }
        self.templates_of.remove(&person);
        self.negatives.retain(|(owner, _)| *owner != person);
        before - self.len()
    }

    /// Says that a template is one of those that the station has made itself.
    pub fn mark_adaptive(&mut self, template: TemplateId) {
        self.adaptive.insert(template);
    }

    /// How similar a face is to a person's templates of an enrolment, those that the station
    /// has made itself left aside. `None` without any.
    pub fn similarity_to_enrolled(&self, person: PersonId, face: &Embedding) -> Option<Cosine> {
        self.owners
            .iter()
            .enumerate()
            .filter(|(_, o)| o.person == person && !self.adaptive.contains(&o.template))
            .map(|(row, _)| self.codes.embedding(row).similarity(face))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Remembers that a face is not this person, though it may look so.
    pub fn rule_out(&mut self, person: PersonId, face: Embedding) {
        self.negatives.push((person, face));
    }

    /// Whether a face, so similar to a person, is more similar still to one that was said
    /// not to be that person.
    pub fn is_ruled_out(&self, person: PersonId, face: &Embedding, similarity: Cosine) -> bool {
        self.negatives.iter().any(|(owner, negative)| {
            *owner == person
                && negative.dim() == face.dim()
                && negative.similarity(face) >= similarity
        })
    }

    /// How many people have a template.
    pub fn people_count(&self) -> usize {
        self.templates_of.len()
    }

    /// How similar two people are: by their two most similar templates. `None` if one of
    /// them has none.
    pub fn resemblance(&self, one: PersonId, other: PersonId) -> Option<Cosine> {
        let faces_of = |person| {
            self.owners
                .iter()
                .enumerate()
                .filter(move |(_, owner)| owner.person == person)
                .map(|(row, _)| self.codes.embedding(row))
        };
        let others: Vec<Embedding> = faces_of(other).collect();
        faces_of(one)
            .flat_map(|face| {
                let similarities = others.iter().map(|o| face.similarity(o));
                similarities.collect::<Vec<_>>()
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Number of templates.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether nobody is enrolled.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The templates, exactly as they were added.
    pub fn templates(&self) -> impl Iterator<Item = Template> {
        self.owners.iter().enumerate().map(|(row, owner)| Template {
            id: owner.template,
            person: owner.person,
            embedding: self.codes.embedding(row),
        })
    }

    /// Whose templates there are, in no order, a person as often as it has templates.
    pub fn people(&self) -> impl Iterator<Item = PersonId> {
        self.owners.iter().map(|owner| owner.person)
    }

    /// Bytes of memory that the gallery takes.
    pub fn bytes(&self) -> usize {
        self.codes.bytes() + self.owners.capacity() * size_of::<Owner>()
    }

    /// The most similar person and the runner-up. Equal similarities go to the
    /// person enrolled first. `None` if the gallery is empty or of another dimension.
    pub fn search(&self, probe: &Embedding) -> Option<Candidate> {
        self.search_all(&[probe]).pop().flatten()
    }

    /// [`Self::search`] for all faces of a frame in one pass over the gallery.
    pub fn search_all(&self, probes: &[&Embedding]) -> Vec<Option<Candidate>> {
        let fits = |probe: &&Embedding| !self.is_empty() && probe.dim() == self.codes.dim();
        let fitting: Vec<&Embedding> = probes.iter().copied().filter(fits).collect();
        let mut found = search::search(&self.codes, &self.owners, &fitting).into_iter();
        probes
            .iter()
            .map(|probe| {
                if fits(probe) {
                    found.next().flatten()
                } else {
                    None
                }
            })
            .collect()
    }
}

impl FromIterator<Template> for Gallery {
    fn from_iter<T: IntoIterator<Item = Template>>(templates: T) -> Self {
        Self::new(templates)
    }
}

/// The numbers of the faces themselves are nobody's business in a log.
impl fmt::Debug for Gallery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gallery")
            .field("templates", &self.len())
            .field("dim", &self.codes.dim())
            .finish_non_exhaustive()
    }
}
