//! Templates that the station makes itself, so that a face is still known when a beard
//! has grown or glasses have come.
//!
//! Invariants:
//! - Only a look that is beyond doubt becomes one, and at most one of a person a day.
//! - It has to be like the person's own samples, not only like other such templates: a
//!   chain of looks, each a little like the last, cannot lead to somebody else.
//! - They are few, known as what they are, and can all be taken back at once.

use super::embedding::{Cosine, Embedding};
use super::gallery::{Gallery, Judgement};
use super::person::PersonId;
use super::quality::{FaceQuality, QualityGate};

/// Templates of this kind that a person has at most; the oldest gives way.
pub const MOST_ADAPTIVE: usize = 3;

/// How much more similar than asked for, to the person's own samples.
const CLEARLY: f32 = 0.05;

/// Least distance to the runner-up.
const CLEAR_MARGIN: f32 = 0.25;

/// Beyond it the look says nothing that is not known.
const NOTHING_NEW: Cosine = Cosine(0.72);

/// Least liveness, where it is judged.
const LIVE: f32 = 0.8;

/// Whether a look at somebody who was recognised shall become a template.
pub fn is_worth_keeping(
    gallery: &Gallery,
    person: PersonId,
    judgement: &Judgement,
    face: &Embedding,
    quality: &FaceQuality,
    liveness: Option<f32>,
) -> bool {
    let Some(candidate) = judgement.known().filter(|c| c.person == person) else {
        return false;
    };
    let Some(own) = gallery.similarity_to_enrolled(person, face) else {
        return false;
    };
    own.0 >= judgement.threshold.0 + CLEARLY
        && candidate.similarity < NOTHING_NEW
        && candidate
            .margin()
            .is_none_or(|margin| margin >= CLEAR_MARGIN)
        && liveness.is_none_or(|live| live >= LIVE)
        && QualityGate::ENROLMENT.check(quality).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::{MatchPolicy, Template};
    use crate::person::TemplateId;

    const GOOD: FaceQuality = FaceQuality {
        eye_distance: 60.0,
        sharpness: 0.3,
        brightness: 120.0,
        contrast: 45.0,
        turn: 0.02,
        tilt_degrees: 1.0,
        mouth_contrast: 0.7,
        detector_score: 0.9,
    };

    const POLICY: MatchPolicy = MatchPolicy {
        threshold: Cosine(0.4),
        per_tenfold: 0.0,
        min_margin: 0.05,
    };

    fn face(similarities: [f32; 3]) -> Embedding {
        let rest = 1.0 - similarities.iter().map(|s| s * s).sum::<f32>();
        let mut values = similarities.to_vec();
        values.push(rest.max(0.0).sqrt());
        Embedding::from_raw(values).unwrap()
    }

    fn gallery() -> Gallery {
        let template = |id, person, embedding| Template {
            id: TemplateId(id),
            person: PersonId(person),
            embedding,
        };
        let mut gallery = Gallery::new([
            template(1, 1, face([1.0, 0.0, 0.0])),
            template(2, 2, face([0.0, 1.0, 0.0])),
            template(3, 1, face([0.5, 0.0, 0.8])),
        ]);
        gallery.mark_adaptive(TemplateId(3));
        gallery
    }

    fn keeps(look: &Embedding, quality: &FaceQuality, liveness: Option<f32>) -> bool {
        let gallery = gallery();
        let judgement = POLICY.look_up(&gallery, look);
        is_worth_keeping(&gallery, PersonId(1), &judgement, look, quality, liveness)
    }

    #[test]
    fn only_a_look_beyond_doubt_that_says_something_new_is_kept() {
        let changed = face([0.6, 0.1, 0.0]);
        assert!(keeps(&changed, &GOOD, None));
        assert!(keeps(&changed, &GOOD, Some(0.95)));
        assert!(!keeps(&changed, &GOOD, Some(0.6)), "perhaps a picture");
        assert!(!keeps(&face([0.9, 0.0, 0.0]), &GOOD, None), "nothing new");
        assert!(
            !keeps(&face([0.42, 0.0, 0.0]), &GOOD, None),
            "barely recognised"
        );
        assert!(
            !keeps(&face([0.6, 0.5, 0.0]), &GOOD, None),
            "somebody else is near"
        );
        assert!(!keeps(&face([0.1, 0.6, 0.0]), &GOOD, None), "somebody else");
        let turned = FaceQuality { turn: 0.4, ..GOOD };
        assert!(!keeps(&changed, &turned, None), "not good enough to enrol");
    }

    #[test]
    fn a_chain_of_looks_does_not_lead_away_from_the_person() {
        // Like the template that the station made, and hardly like the person's own.
        let drifted = face([0.3, 0.0, 0.65]);
        let judgement = POLICY.look_up(&gallery(), &drifted);
        assert!(judgement.known().is_some());
        assert!(!keeps(&drifted, &GOOD, None));
    }
}
