//! The pictures of one person on the disk, taken in one after the other.

use std::path::Path;

use anyhow::{Result, bail};

use super::stills::{self, Still};
use crate::cases::CaseError;
use crate::cases::enrolment::Faces;
use crate::cases::review::described;
use crate::core::observation::FaceObservation;
use crate::core::quality::QualityGate;
use crate::inference::recogniser::Recogniser;

/// Collects the pictures of one person.
pub(super) struct Album<'a> {
    /// Whether of several faces in a picture the largest is taken.
    pub(super) largest: bool,
    /// The faces in them.
    pub(super) faces: Faces<'a>,
}

impl Album<'_> {
    /// Whom the person looks like, in words.
    pub(super) fn remark(&self) -> Option<String> {
        let (other, similarity) = self.faces.resembles()?;
        let name = described(other);
        Some(format!("looks like {name}, similarity {similarity}"))
    }

    /// Adds a picture, or says why not.
    pub(super) fn add(&mut self, path: &Path, recogniser: &mut Recogniser) -> Result<()> {
        let still = stills::look_at(path, recogniser)?;
        let face = self.only_face(&still)?;
        if let Err(issue) = QualityGate::RECOGNITION.check(&face.quality) {
            bail!("the face is not good enough: {issue}");
        }
        let template = still.template_of(face, recogniser)?;
        match self.faces.admit(template) {
            Err(error @ CaseError::AnotherPersons { .. }) => {
                bail!("{error}; if it is another person, say --another-person")
            }
            admitted => Ok(admitted?),
        }
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
}
