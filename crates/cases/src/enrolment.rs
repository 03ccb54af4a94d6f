//! Who is enrolled: whose a code is, whether the person has agreed, and whether the faces may be
//! the person's.

use chrono::NaiveDate;

use rollcall_core::embedding::Cosine;
use rollcall_core::enrolment::identity::{
    self, AnotherPerson, Claim, Objection, Resemblance, Stated,
};
use rollcall_core::gallery::{MatchPolicy, Template};
use rollcall_core::person::{Person, PersonCode, PersonName};
use rollcall_store::{Author, NewPerson, NewTemplate, Store};

use crate::context::Context;
use crate::error::CaseError;
use crate::networks::KnownPeople;
use crate::review::described;

/// Two pictures of one person, perhaps years apart, are at least this alike.
pub const SAME_PERSON: Cosine = Cosine(0.25);

/// Who is to be enrolled.
#[derive(Debug, Clone)]
pub struct Who {
    /// The name.
    pub name: PersonName,
    /// The code.
    pub code: PersonCode,
    /// When the person has agreed, if that is stated now.
    pub consent_at: Option<NaiveDate>,
}

/// Finds whom the faces are for: a newcomer, or the person of this code and name to whom they are
/// added.
///
/// # Errors
/// If the code is somebody else's, nobody has agreed, or the records cannot be read.
pub fn holder(
    context: &Context,
    store: &Store,
    who: &Who,
    adds: bool,
) -> Result<Option<Person>, CaseError> {
    let Who {
        name,
        code,
        consent_at,
    } = who;
    let found = store.everybody()?.into_iter().find(|p| p.code == *code);
    let existing = match (found, adds) {
        (None, false) => None,
        (None, true) => return Err(CaseError::NobodyToAddTo(code.clone())),
        (Some(holder), _) if adds && holder.name == *name => Some(holder),
        (Some(holder), _) => {
            return Err(CaseError::CodeIsTaken {
                code: code.clone(),
                holder: holder.name.clone(),
                is_adding: adds,
                name: name.clone(),
            });
        }
    };
    let has_agreed = match &existing {
        Some(person) => store.person_row(&person.code)?.consent_at.is_some(),
        None => false,
    };
    if context.config.privacy.consent_required && consent_at.is_none() && !has_agreed {
        return Err(CaseError::NobodyAgreed(name.clone()));
    }
    Ok(existing)
}

/// Writes faces that were admitted.
///
/// # Errors
/// If the records forbid it or cannot be written.
pub fn enrol(
    store: &mut Store,
    (who, existing): (Who, Option<&Person>),
    faces: Faces<'_>,
    author: Author<'_>,
) -> Result<(Person, Vec<Template>), CaseError> {
    let stated = faces.statement();
    let stated = stated.as_ref();
    if let Some(person) = existing {
        if let Some(at) = who.consent_at {
            store.set_consent(&person.code, at, author)?;
        }
        return Ok(store.add_stated_templates(&person.code, &faces.templates, stated, author)?);
    }
    let new = NewPerson {
        name: who.name,
        code: who.code,
        consent_at: who.consent_at,
        templates: faces.templates,
    };
    Ok(store.add_stated_person(&new, stated, author)?)
}

/// Faces of one person, admitted one after the other.
#[derive(Debug)]
pub struct Faces<'a> {
    known: &'a KnownPeople,
    /// The person they are added to.
    pub existing: Option<&'a Person>,
    matching: MatchPolicy,
    /// Whether it was stated that this is another person than one the face is like.
    pub another_person: bool,
    /// Those that were admitted.
    pub templates: Vec<NewTemplate>,
    resembles: Option<Resemblance>,
    overruled: Option<Resemblance>,
}

impl<'a> Faces<'a> {
    /// None yet, of a newcomer.
    pub fn of(known: &'a KnownPeople, matching: MatchPolicy) -> Self {
        Self {
            known,
            existing: None,
            matching,
            another_person: false,
            templates: Vec::new(),
            resembles: None,
            overruled: None,
        }
    }

    /// What the audit trail shall remember.
    pub fn statement(&self) -> Option<AnotherPerson> {
        let other = self.overruled?;
        Some(AnotherPerson {
            than: self.known.person(other.person)?.code.clone(),
            similarity: other.similarity,
        })
    }

    /// The most similar other person, if similar enough for a word.
    pub fn resembles(&self) -> Option<(&Person, Cosine)> {
        let other = self.resembles?;
        Some((self.known.person(other.person)?, other.similarity))
    }

    /// Admits a face. A picture of somebody else would open the door to both.
    ///
    /// # Errors
    /// If it is not the face of the others, or is taken for somebody else's.
    pub fn admit(&mut self, template: NewTemplate) -> Result<(), CaseError> {
        let alike = |other: &NewTemplate| other.embedding.similarity(&template.embedding);
        if let Some(first) = self.templates.first()
            && self.templates.iter().all(|t| alike(t) < SAME_PERSON)
        {
            return Err(CaseError::UnlikeTheFirst(alike(first)));
        }
        let claim = self
            .existing
            .map_or(Claim::Newcomer, |person| Claim::Enrolled(person.id));
        let stated = if self.another_person {
            Stated::AnotherPerson
        } else {
            Stated::Nothing
        };
        let faces = [&template.embedding];
        match identity::check(&self.known.gallery, &self.matching, claim, &faces, stated) {
            Ok(admission) => {
                self.resembles = more(self.resembles, admission.resembles);
                self.overruled = more(self.overruled, admission.overruled);
                self.templates.push(template);
                Ok(())
            }
            Err(Objection::AnotherPersons(other)) => Err(CaseError::AnotherPersons {
                whose: self
                    .known
                    .person(other.person)
                    .map_or_else(|| "somebody".to_owned(), described),
                similarity: other.similarity,
            }),
            Err(Objection::Unlike(similarity)) => Err(CaseError::UnlikeSamples(similarity)),
        }
    }
}

fn more(a: Option<Resemblance>, b: Option<Resemblance>) -> Option<Resemblance> {
    match (a, b) {
        (Some(a), Some(b)) if a.similarity < b.similarity => Some(b),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
