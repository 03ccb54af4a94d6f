//! The pictures of one person on the disk, taken in one after the other.

use std::path::Path;

use anyhow::{Result, bail};

use super::stills::{self, Still};
use super::{KnownPeople, described};
use crate::core::embedding::Cosine;
use crate::core::enrolment::identity::{self, AnotherPerson, Claim, Resemblance, Stated};
use crate::core::gallery::MatchPolicy;
use crate::core::observation::FaceObservation;
use crate::core::person::{Person, PersonId};
use crate::core::quality::QualityGate;
use crate::inference::recogniser::Recogniser;
use crate::store::NewTemplate;

/// Two pictures of one person, perhaps years apart, are at least this alike.
pub(super) const SAME_PERSON: Cosine = Cosine(0.25);

/// Collects the pictures of one person.
pub(super) struct Album<'a> {
    /// Whether of several faces in a picture the largest is taken.
    pub(super) largest: bool,
    pub(super) known: &'a KnownPeople,
    /// The person the pictures are added to.
    pub(super) existing: Option<&'a Person>,
    pub(super) matching: MatchPolicy,
    /// Whether it was stated that this is another person than one the face is like.
    pub(super) another_person: bool,
    pub(super) templates: Vec<NewTemplate>,
    /// The most similar other person, if similar enough for a word.
    pub(super) resembles: Option<Resemblance>,
    /// The one of whom it had to be stated that this is another.
    pub(super) overruled: Option<Resemblance>,
}

impl<'a> Album<'a> {
    /// An empty one, for a newcomer.
    pub(super) fn new(known: &'a KnownPeople, matching: MatchPolicy) -> Self {
        Self {
            largest: false,
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
    pub(super) fn statement(&self) -> Option<AnotherPerson> {
        let other = self.overruled?;
        Some(AnotherPerson {
            than: self.known.person(other.person)?.code.clone(),
            similarity: other.similarity,
        })
    }

    /// Whom the person looks like, in words.
    pub(super) fn remark(&self) -> Option<String> {
        let other = self.resembles?;
        let name = self.name(other.person)?;
        Some(format!(
            "looks like {name}, similarity {}",
            other.similarity
        ))
    }

    fn name(&self, id: PersonId) -> Option<String> {
        self.known.person(id).map(described)
    }

    /// Adds a picture, or says why not.
    pub(super) fn add(&mut self, path: &Path, recogniser: &mut Recogniser) -> Result<()> {
        let still = stills::look_at(path, recogniser)?;
        let face = self.only_face(&still)?;
        if let Err(issue) = QualityGate::RECOGNITION.check(&face.quality) {
            bail!("the face is not good enough: {issue}");
        }
        let template = still.template_of(face, recogniser)?;
        self.refuse_other_person(&template)?;
        self.templates.push(template);
        Ok(())
    }

    fn only_face<'s>(&self, still: &'s Still) -> Result<&'s FaceObservation> {
        match still.faces.as_slice() {
            [] => bail!("no face was found"),
            [face] => Ok(face),
            [largest, ..] if self.largest => Ok(largest),
            faces => bail!(
                "{} faces were found; cut the picture to one, or take the largest with --largest",
                faces.len()
            ),
        }
    }

    /// A picture of somebody else would open the door to both.
    fn refuse_other_person(&mut self, template: &NewTemplate) -> Result<()> {
        let alike = |other: &NewTemplate| other.embedding.similarity(&template.embedding);
        if let Some(first) = self.templates.first()
            && self.templates.iter().all(|t| alike(t) < SAME_PERSON)
        {
            bail!(
                "it shows somebody else than the first picture, similarity {}",
                alike(first)
            );
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
                let more = |a: Option<Resemblance>, b: Option<Resemblance>| match (a, b) {
                    (Some(a), Some(b)) if a.similarity < b.similarity => Some(b),
                    (a, b) => a.or(b),
                };
                self.resembles = more(self.resembles, admission.resembles);
                self.overruled = more(self.overruled, admission.overruled);
                Ok(())
            }
            Err(objection @ identity::Objection::AnotherPersons(_)) => bail!(
                "{}; if it is another person, say --another-person",
                objection.in_words(|id| self.name(id))
            ),
            Err(objection) => bail!("{}", objection.in_words(|id| self.name(id))),
        }
    }
}
