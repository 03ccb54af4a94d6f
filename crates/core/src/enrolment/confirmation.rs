//! The samples of an enrolment, shown before anything is written.

use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;

use super::frozen::{FrozenFace, portrait};
use super::identity::{self, Admission, Claim, Objection, Resemblance, Stated};
use super::{Enrolment, EnrolmentSample};
use crate::embedding::Embedding;
use crate::frame::Moment;
use crate::gallery::{Gallery, MatchPolicy};
use crate::person::{PersonCode, PersonId, PersonName};

/// After this long nobody looks at the samples any more.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the operator is asked.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// Who is being enrolled.
    pub name: PersonName,
    /// Under which code.
    pub code: PersonCode,
    /// What would be written.
    pub samples: Vec<EnrolmentSample>,
    /// The faces of the samples.
    pub portraits: Vec<Arc<RgbImage>>,
    /// The face that was chosen.
    pub face: Option<FrozenFace>,
    /// The person whom these faces are taken for: it has to be stated that this is another.
    pub taken_for: Option<Resemblance>,
    /// The person whom they are like, if they are not taken for anybody.
    pub resembles: Option<Resemblance>,
    since: Moment,
}

impl Confirmation {
    /// Shows what an enrolment has taken.
    pub fn of(enrolment: Enrolment, gallery: &Gallery, policy: &MatchPolicy, now: &Moment) -> Self {
        let portrait_of = |sample: &EnrolmentSample| {
            Arc::new(portrait(&sample.frame.image, &sample.bounding_box))
        };
        let mut confirmation = Self {
            name: enrolment.name,
            code: enrolment.code,
            portraits: enrolment.samples.iter().map(portrait_of).collect(),
            samples: enrolment.samples,
            face: enrolment.face,
            taken_for: None,
            resembles: None,
            since: *now,
        };
        // What is found is kept in it.
        let _ = confirmation.check(gallery, policy, None);
        confirmation
    }

    /// Compares the samples with everybody; `another_than` is who was stated not to be this
    /// person.
    ///
    /// # Errors
    /// If they are taken for somebody else, who is then in `taken_for`.
    pub fn check(
        &mut self,
        gallery: &Gallery,
        policy: &MatchPolicy,
        another_than: Option<PersonId>,
    ) -> Result<Admission, Objection> {
        let faces: Vec<&Embedding> = self.samples.iter().map(|s| &s.embedding).collect();
        let others: Vec<PersonId> = another_than.into_iter().collect();
        let stated = Stated::AnotherThan(&others);
        let found = identity::check(gallery, policy, Claim::Newcomer, &faces, stated);
        match &found {
            Ok(admission) => self.resembles = admission.resembles,
            Err(Objection::AnotherPersons(other)) => self.taken_for = Some(*other),
            Err(Objection::Unlike(_)) => {}
        }
        found
    }

    /// Whether the operator has gone away over it.
    pub fn is_over(&self, now: &Moment) -> bool {
        now.since(&self.since) > PATIENCE
    }
}
