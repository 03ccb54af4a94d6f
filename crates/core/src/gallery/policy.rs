//! When a face is somebody.
//!
//! Most faces that a station sees are to be told from everybody who is enrolled, not
//! from one person: the more people, the likelier that one of them happens to look
//! like a stranger. So that a stranger's risk of being taken for *somebody* stays the
//! same, the similarity that is asked for rises with the number of people. (P. J.
//! Phillips, P. Grother and R. Micheals, "Evaluation methods in face recognition", in
//! *Handbook of Face Recognition*, 2011: the false positive identification rate grows
//! with the size of the gallery.)

use super::{Candidate, Gallery};
use crate::embedding::{Cosine, Embedding};
use crate::person::PersonId;
use crate::say;
use rollcall_messages::{Message, Said, Text};

/// When the most similar person is similar enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatchPolicy {
    /// Least similarity if one person is enrolled.
    pub threshold: Cosine,
    /// By how much it rises with every tenfold of people.
    pub per_tenfold: f32,
    /// Least distance to the runner-up; between people who look alike, twice as much.
    pub min_margin: f32,
}

/// Two people whose best templates are so similar look alike: relatives, mostly.
/// Of pairs of strangers one in a thousand are.
pub const LOOKALIKES: Cosine = Cosine(0.335);

/// Margin between people who look alike, as a multiple of the usual one.
const LOOKALIKE_MARGIN: f32 = 2.0;

/// What a single look at a face says.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    /// The most similar person, if anybody is enrolled.
    pub candidate: Option<Candidate>,
    /// Similarity that was asked for.
    pub threshold: Cosine,
    /// Margin that was asked for.
    pub min_margin: f32,
    /// Why the face is nobody; without a doubt it is the candidate.
    pub doubt: Option<Doubt>,
}

/// Why a face is not the most similar person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Doubt {
    /// Nobody is enrolled.
    NobodyEnrolled,
    /// Not similar enough.
    TooUnlike,
    /// The runner-up is nearly as similar.
    TooCloseToRunnerUp,
    /// The operator has said of a face that is more similar still that it is not that person.
    RuledOut,
    /// Another face of the same picture is more similar to that person.
    AnotherFace,
}

impl Doubt {
    /// What the operator is told.
    pub fn text(self) -> Text {
        match self {
            Self::NobodyEnrolled => say::DOUBT_NOBODY_ENROLLED,
            Self::TooUnlike => say::DOUBT_TOO_UNLIKE,
            Self::TooCloseToRunnerUp => say::DOUBT_TOO_CLOSE,
            Self::RuledOut => say::DOUBT_RULED_OUT,
            Self::AnotherFace => say::DOUBT_ANOTHER_FACE,
        }
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

impl Said for Doubt {
    fn said(&self) -> Message {
        self.text().into()
    }
}

impl Judgement {
    /// Who it is, if anybody.
    pub fn known(&self) -> Option<Candidate> {
        self.candidate.filter(|_| self.doubt.is_none())
    }
}

impl MatchPolicy {
    /// Least similarity of a match if so many people are enrolled.
    pub fn threshold_among(&self, people: usize) -> Cosine {
        let tenfolds = (people.max(1) as f32).log10();
        Cosine((self.threshold.0 + self.per_tenfold * tenfolds).min(1.0))
    }

    /// Looks a face up and judges it.
    pub fn look_up(&self, gallery: &Gallery, probe: &Embedding) -> Judgement {
        self.judge(gallery, probe, gallery.search(probe))
    }

    /// Judges a face from what the search in the gallery has found for it.
    pub fn judge(
        &self,
        gallery: &Gallery,
        probe: &Embedding,
        candidate: Option<Candidate>,
    ) -> Judgement {
        let threshold = self.threshold_among(gallery.people_count());
        let min_margin = candidate.map_or(self.min_margin, |c| self.margin_of(gallery, &c));
        let doubt = match candidate {
            None => Some(Doubt::NobodyEnrolled),
            Some(c) if c.similarity < threshold => Some(Doubt::TooUnlike),
            Some(c) if c.margin().is_some_and(|margin| margin < min_margin) => {
                Some(Doubt::TooCloseToRunnerUp)
            }
            Some(c) if gallery.is_ruled_out(c.person, probe, c.similarity) => Some(Doubt::RuledOut),
            Some(_) => None,
        };
        Judgement {
            candidate,
            threshold,
            min_margin,
            doubt,
        }
    }

    fn margin_of(&self, gallery: &Gallery, candidate: &Candidate) -> f32 {
        let strict = LOOKALIKE_MARGIN * self.min_margin;
        let is_close = candidate.margin().is_some_and(|margin| margin < strict);
        let alike = |other: PersonId| {
            gallery
                .resemblance(candidate.person, other)
                .is_some_and(|similarity| similarity >= LOOKALIKES)
        };
        match candidate.runner_up {
            // What is not close needs no comparison.
            Some((other, _)) if is_close && alike(other) => strict,
            _ => self.min_margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::Template;
    use crate::person::TemplateId;
    use proptest::prelude::*;

    const POLICY: MatchPolicy = MatchPolicy {
        threshold: Cosine(0.4),
        per_tenfold: 0.065,
        min_margin: 0.05,
    };

    fn face(values: &[f32]) -> Embedding {
        Embedding::from_raw(values.to_vec()).unwrap()
    }

    fn gallery(faces: &[(i64, &[f32])]) -> Gallery {
        let template = |(id, (person, values)): (i64, &(i64, &[f32]))| Template {
            id: TemplateId(id),
            person: PersonId(*person),
            embedding: face(values),
        };
        (1..).zip(faces).map(template).collect()
    }

    fn among(people: usize) -> Gallery {
        let mut values = vec![0.0; people + 1];
        (0..people)
            .map(|person| {
                values.fill(0.0);
                values[person] = 1.0;
                Template {
                    id: TemplateId(person as i64),
                    person: PersonId(person as i64),
                    embedding: face(&values),
                }
            })
            .collect()
    }

    #[test]
    fn the_more_people_the_more_similarity_is_asked_for() {
        let asked = |people| POLICY.threshold_among(people).0;
        assert_eq!(asked(0), 0.4);
        assert_eq!(asked(1), 0.4);
        assert!((asked(10) - 0.465).abs() < 1e-6 && (asked(1000) - 0.595).abs() < 1e-6);
        // The same face, 0.5 like somebody.
        let doubt_among = |people: usize| {
            let mut values = vec![0.0; people + 1];
            values[0] = 0.5;
            values[people] = 0.75_f32.sqrt();
            POLICY.look_up(&among(people), &face(&values)).doubt
        };
        assert_eq!(doubt_among(30), None);
        assert_eq!(doubt_among(40), Some(Doubt::TooUnlike));
    }

    #[test]
    fn several_templates_of_a_person_count_once() {
        let gallery = gallery(&[(1, &[1.0, 0.0]), (1, &[0.9, 0.1]), (1, &[0.8, 0.2])]);
        assert_eq!(gallery.people_count(), 1);
    }

    #[test]
    fn people_who_look_alike_need_twice_the_margin() {
        let probe = face(&[0.70, 0.62, 0.354]);
        let strangers = gallery(&[(1, &[1.0, 0.0, 0.0]), (2, &[0.0, 1.0, 0.0])]);
        let judgement = POLICY.look_up(&strangers, &probe);
        assert_eq!((judgement.doubt, judgement.min_margin), (None, 0.05));
        // The same distance of 0.08 between siblings.
        let siblings = gallery(&[(1, &[0.8, 0.6, 0.0]), (2, &[0.6, 0.8, 0.0])]);
        let probe = face(&[0.8, 0.4, 0.45]);
        let judgement = POLICY.look_up(&siblings, &probe);
        let margin = judgement.candidate.unwrap().margin().unwrap();
        assert!((0.05..0.1).contains(&margin), "{margin}");
        assert_eq!(judgement.doubt, Some(Doubt::TooCloseToRunnerUp));
        assert_eq!(judgement.min_margin, 0.1);
    }

    #[test]
    fn a_face_that_was_ruled_out_is_that_person_no_more() {
        let mut gallery = gallery(&[(1, &[1.0, 0.0, 0.0]), (2, &[0.0, 0.0, 1.0])]);
        let mistaken = face(&[0.6, 0.8, 0.0]);
        assert_eq!(POLICY.look_up(&gallery, &mistaken).doubt, None);
        gallery.rule_out(PersonId(1), mistaken.clone());
        let doubt = |probe: &[f32]| POLICY.look_up(&gallery, &face(probe)).doubt;
        assert_eq!(doubt(&[0.6, 0.8, 0.0]), Some(Doubt::RuledOut));
        assert_eq!(doubt(&[0.7, 0.71, 0.0]), Some(Doubt::RuledOut));
        // The person proper is nearer to the own template than to that face.
        assert_eq!(doubt(&[0.95, 0.31, 0.0]), None);
        gallery.remove(PersonId(1));
        assert!(!gallery.is_ruled_out(PersonId(1), &mistaken, Cosine(0.1)));
    }

    #[test]
    fn resemblance_is_that_of_the_two_most_similar_templates() {
        let gallery = gallery(&[
            (1, &[1.0, 0.0]),
            (1, &[0.0, 1.0]),
            (2, &[0.6, 0.8]),
            (2, &[-1.0, 0.0]),
        ]);
        let resemblance = gallery.resemblance(PersonId(1), PersonId(2)).unwrap();
        assert!((resemblance.0 - 0.8).abs() < 1e-4);
        assert_eq!(gallery.resemblance(PersonId(1), PersonId(9)), None);
    }

    proptest! {
        #[test]
        fn raising_the_threshold_never_adds_a_match(
            similarity in -1f32..1.0, second in -1f32..1.0, low in 0f32..1.0, rise in 0f32..1.0,
        ) {
            let candidate = Candidate {
                person: PersonId(1),
                template: TemplateId(1),
                similarity: Cosine(similarity),
                runner_up: Some((PersonId(2), Cosine(second.min(similarity)))),
            };
            let known = |threshold: f32| {
                let policy = MatchPolicy { threshold: Cosine(threshold), ..POLICY };
                let probe = face(&[1.0, 0.0]);
                policy.judge(&Gallery::default(), &probe, Some(candidate)).known().is_some()
            };
            prop_assert!(known(low) || !known(low + rise));
        }
    }
}
