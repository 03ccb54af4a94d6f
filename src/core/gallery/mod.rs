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
mod search;
#[cfg(test)]
mod tests;

use std::fmt;

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

/// All templates of one model.
#[derive(Clone, Default)]
pub struct Gallery {
    codes: Codes,
    owners: Vec<Owner>,
}

/// Whose template a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    person: PersonId,
    template: TemplateId,
}

/// The most similar person in the gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        before - self.len()
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
