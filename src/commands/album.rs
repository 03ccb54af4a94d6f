//! The pictures of one person on the disk, taken in one after the other.

use std::path::Path;

use anyhow::{Result, bail};

use super::KnownPeople;
use super::stills::{self, Still};
use crate::core::embedding::Cosine;
use crate::core::observation::FaceObservation;
use crate::core::person::Person;
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
    pub(super) threshold: Cosine,
    pub(super) templates: Vec<NewTemplate>,
}

impl Album<'_> {
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
    fn refuse_other_person(&self, template: &NewTemplate) -> Result<()> {
        let alike = |other: &NewTemplate| other.embedding.similarity(&template.embedding);
        if let Some(first) = self.templates.first()
            && self.templates.iter().all(|t| alike(t) < SAME_PERSON)
        {
            bail!(
                "it shows somebody else than the first picture, similarity {}",
                alike(first)
            );
        }
        let Some(candidate) = self.known.gallery.search(&template.embedding) else {
            return Ok(());
        };
        let is_existing = |id| self.existing.is_some_and(|p| p.id == id);
        if candidate.similarity >= self.threshold && !is_existing(candidate.person) {
            let holder = self.known.person(candidate.person);
            bail!(
                "this face is already enrolled as {}, similarity {}",
                holder.map_or_else(|| "somebody".into(), |p| format!("{} ({})", p.name, p.code)),
                candidate.similarity
            );
        }
        Ok(())
    }
}
