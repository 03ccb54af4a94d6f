//! What is kept of faces: a portrait and the vector, of people who are enrolled and for a
//! while of those without a name.

use anyhow::Result;

use super::{Consent, Runtime};
use rollcall_core::enrolment::EnrolmentSample;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::sighted::BestLook;
use rollcall_picture as picture;
use rollcall_store::{NewPerson, NewTemplate, SightedFace};

impl Runtime {
    /// What is kept of a stranger's face. Without its picture it is of no use.
    pub(super) fn sighted_face(&self, look: BestLook) -> Option<SightedFace> {
        let portrait = picture::portrait(&look.frame.image, &look.bounding_box);
        match picture::encode_jpeg(&portrait, picture::PORTRAIT_QUALITY) {
            Ok(jpeg) => Some(SightedFace {
                embedding: look.embedding,
                model: self.model.clone(),
                quality: look.quality,
                jpeg,
            }),
            Err(error) => {
                tracing::warn!(%error, "the picture of a stranger was not kept");
                None
            }
        }
    }

    pub(super) fn new_person(
        &self,
        name: PersonName,
        code: PersonCode,
        samples: &[EnrolmentSample],
    ) -> Result<NewPerson> {
        let templates = samples
            .iter()
            .map(|sample| {
                let portrait = picture::portrait(&sample.frame.image, &sample.bounding_box);
                Ok(NewTemplate {
                    embedding: sample.embedding.clone(),
                    model: self.model.clone(),
                    quality: sample.quality.score(),
                    jpeg: Some(picture::encode_jpeg(&portrait, picture::PORTRAIT_QUALITY)?),
                })
            })
            .collect::<Result<_>>()?;
        Ok(NewPerson {
            name,
            code,
            consent_at: match self.consent {
                Consent::Asked => Some(self.now().wall.date_naive()),
                Consent::NotAsked => None,
            },
            templates,
        })
    }
}
