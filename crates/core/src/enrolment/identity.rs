//! Whether new faces may become those of a person: the one check for every door. The
//! dashboard, `enrol`, `enrol --dir`, `import` and the review of unknown faces all ask it.
//!
//! Invariants:
//! - The answer depends on the two faces that are compared, not on how many people are
//!   enrolled or who came first.
//! - Somebody who merely resembles another person is welcome, and is told apart from then on
//!   as people who look alike are (`gallery/policy`).
//! - Whoever is not active any more is asked about like anybody else: a returning employee
//!   keeps the code and the attendance.
//! - A face that is taken for another person's is refused until somebody states that it is
//!   another person, such as a twin. Who stated it, and about whom, goes into the audit trail.

use crate::embedding::{Cosine, Embedding};
use crate::gallery::{Gallery, LOOKALIKES, MatchPolicy};
use crate::person::{PersonCode, PersonId};
use crate::say;
use rollcall_messages::{Message, Said};

/// Two faces so similar are taken for one person's: of pairs of strangers one in ten million
/// is. (Extrapolated from the reference figures in [`crate::calibration`].)
pub const SAME_PERSON: Cosine = Cosine(0.6);

/// How similar a face has to be to one the person has: two pictures of one person, perhaps
/// years apart.
pub const LEAST_LIKENESS: Cosine = Cosine(0.2);

/// Whose the faces are said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Somebody who is not enrolled.
    Newcomer,
    /// Somebody who is: these are more samples, or what the camera has seen.
    Enrolled(PersonId),
}

/// Of whom it was stated that the faces are not theirs, however similar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated<'a> {
    /// Nothing was stated.
    Nothing,
    /// It is another person than these.
    AnotherThan(&'a [PersonId]),
    /// It is another person, whoever it resembles.
    AnotherPerson,
}

/// Another person whom a face is like.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Resemblance {
    /// Who.
    pub person: PersonId,
    /// How much.
    pub similarity: Cosine,
}

/// Why the faces are not taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objection {
    /// They are taken for those of this other person. A statement overrules it.
    AnotherPersons(Resemblance),
    /// One is unlike every sample of the person whose it is said to be.
    Unlike(Cosine),
}

/// The faces are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Admission {
    /// The most similar other person, if similar enough to be told apart with more care.
    pub resembles: Option<Resemblance>,
    /// The statement without which they would not have been taken.
    pub overruled: Option<Resemblance>,
}

/// A statement that is to be remembered: another person than the one with this code.
#[derive(Debug, Clone, PartialEq)]
pub struct AnotherPerson {
    /// Code of the person whom the face was taken for.
    pub than: PersonCode,
    /// How similar they are.
    pub similarity: Cosine,
}

impl std::fmt::Display for AnotherPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said().fmt(f)
    }
}

impl Said for AnotherPerson {
    fn said(&self) -> Message {
        say::stated_another_person(&self.than, self.similarity)
    }
}

/// The similarity from which two faces are taken for one person's. A station that is asked
/// for more before it gives a name does not confuse two people who are less similar.
pub fn same_person(policy: &MatchPolicy) -> Cosine {
    Cosine(SAME_PERSON.0.max(policy.threshold.0))
}

/// Whether `faces` may become, or may have been, those of the person they are said to be.
///
/// # Errors
/// The gravest objection: that of the most similar face.
pub fn check(
    gallery: &Gallery,
    policy: &MatchPolicy,
    claim: Claim,
    faces: &[&Embedding],
    stated: Stated<'_>,
) -> Result<Admission, Objection> {
    if let Claim::Enrolled(person) = claim {
        let own = faces
            .iter()
            .filter_map(|face| gallery.similarity_to_enrolled(person, face));
        if let Some(least) = own
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|s| *s < LEAST_LIKENESS)
        {
            return Err(Objection::Unlike(least));
        }
    }
    let mut admission = Admission::default();
    let mut objection = None;
    for face in faces {
        for other in nearest_others(gallery, claim, face) {
            let is_taken_for = is_taken_for(gallery, policy, claim, face, other);
            match (is_taken_for, stated.covers(other.person)) {
                (true, false) => raise(&mut objection, other),
                (true, true) => raise(&mut admission.overruled, other),
                (false, _) => {}
            }
            if other.similarity >= LOOKALIKES {
                raise(&mut admission.resembles, other);
            }
        }
    }
    match objection {
        Some(other) => Err(Objection::AnotherPersons(other)),
        None => Ok(admission),
    }
}

/// Which person of `gallery` a newcomer's face is taken for, whatever this station asks for
/// before it gives a name.
pub fn owner(gallery: &Gallery, face: &Embedding) -> Option<Resemblance> {
    let policy = MatchPolicy {
        threshold: SAME_PERSON,
        per_tenfold: 0.0,
        min_margin: 0.0,
    };
    let found = check(gallery, &policy, Claim::Newcomer, &[face], Stated::Nothing);
    match found {
        Err(Objection::AnotherPersons(other)) => Some(other),
        Ok(_) | Err(Objection::Unlike(_)) => None,
    }
}

/// Every other person worth a word, each by the most similar template.
fn nearest_others(gallery: &Gallery, claim: Claim, face: &Embedding) -> Vec<Resemblance> {
    let mut others: Vec<Resemblance> = Vec::new();
    // Most faces are like nobody, which the search finds without looking at each template.
    if gallery
        .search(face)
        .is_none_or(|nearest| nearest.similarity < LOOKALIKES)
    {
        return others;
    }
    for template in gallery.templates() {
        let person = template.person;
        if claim == Claim::Enrolled(person) || template.embedding.dim() != face.dim() {
            continue;
        }
        let similarity = template.embedding.similarity(face);
        if similarity < LOOKALIKES || gallery.is_ruled_out(person, face, similarity) {
            continue;
        }
        match others.iter_mut().find(|other| other.person == person) {
            Some(other) if other.similarity < similarity => other.similarity = similarity,
            Some(_) => {}
            None => others.push(Resemblance { person, similarity }),
        }
    }
    others
}

/// Whether a face is taken for that of this other person. Of somebody who is enrolled it must
/// not be more like another than like the person's own samples.
fn is_taken_for(
    gallery: &Gallery,
    policy: &MatchPolicy,
    claim: Claim,
    face: &Embedding,
    other: Resemblance,
) -> bool {
    let own = match claim {
        Claim::Newcomer => None,
        Claim::Enrolled(person) => gallery.similarity_to_enrolled(person, face),
    };
    match own {
        None => other.similarity >= same_person(policy),
        Some(own) => other.similarity > own && other.similarity >= policy.threshold,
    }
}

fn raise(found: &mut Option<Resemblance>, other: Resemblance) {
    if found.is_none_or(|before| before.similarity < other.similarity) {
        *found = Some(other);
    }
}

impl Stated<'_> {
    fn covers(self, person: PersonId) -> bool {
        match self {
            Self::Nothing => false,
            Self::AnotherThan(people) => people.contains(&person),
            Self::AnotherPerson => true,
        }
    }
}

impl Objection {
    /// In words; `name` knows what people are called.
    pub fn in_words(&self, name: impl Fn(PersonId) -> Option<String>) -> Message {
        match self {
            Self::AnotherPersons(other) => {
                say::face_enrolled_as(say::or_somebody(name(other.person)), other.similarity)
            }
            Self::Unlike(likeness) => say::face_unlike_person(likeness),
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
    const ANA: PersonId = PersonId(1);
    const BEN: PersonId = PersonId(2);

    /// A face so similar to Ana's and Ben's; the rest on an axis of its own.
    fn face(ana: f32, ben: f32, own: usize) -> Embedding {
        let mut values = vec![0.0; 64];
        (values[0], values[1]) = (ana, ben);
        values[2 + own] = (1.0 - ana * ana - ben * ben).max(0.0).sqrt();
        Embedding::from_raw(values).unwrap()
    }

    fn template(id: i64, person: PersonId, embedding: Embedding) -> Template {
        Template {
            id: TemplateId(id),
            person,
            embedding,
        }
    }

    fn gallery() -> Gallery {
        Gallery::new([
            template(1, ANA, face(1.0, 0.0, 0)),
            template(2, BEN, face(0.0, 1.0, 0)),
        ])
    }

    fn ask(claim: Claim, face: &Embedding, stated: Stated<'_>) -> Result<Admission, Objection> {
        check(&gallery(), &POLICY, claim, &[face], stated)
    }

    #[test]
    fn who_resembles_is_welcome_and_who_is_the_same_is_asked_about() {
        let new = |face: &Embedding| ask(Claim::Newcomer, face, Stated::Nothing);
        assert_eq!(new(&face(0.2, 0.1, 5)), Ok(Admission::default()));
        for similarity in [0.41, 0.51, 0.54, 0.58] {
            let resembles = new(&face(similarity, 0.0, 5)).unwrap().resembles.unwrap();
            assert_eq!(resembles.person, ANA);
        }
        let same = new(&face(0.0, 0.7, 5));
        assert!(matches!(same, Err(Objection::AnotherPersons(other)) if other.person == BEN));
    }

    #[test]
    fn a_twin_is_taken_if_that_is_stated_of_the_right_person() {
        let twin = face(0.72, 0.65, 5);
        let new = |stated| ask(Claim::Newcomer, &twin, stated);
        assert!(new(Stated::Nothing).is_err());
        let half = new(Stated::AnotherThan(&[ANA]));
        assert!(matches!(half, Err(Objection::AnotherPersons(other)) if other.person == BEN));
        for stated in [Stated::AnotherThan(&[BEN, ANA]), Stated::AnotherPerson] {
            assert_eq!(new(stated).unwrap().overruled.unwrap().person, ANA);
        }
        let stranger = face(0.1, 0.1, 5);
        let needless = ask(Claim::Newcomer, &stranger, Stated::AnotherPerson);
        assert_eq!(needless, Ok(Admission::default()), "nothing to remember");
    }

    #[test]
    fn a_face_that_was_said_not_to_be_theirs_is_another_persons() {
        let mut gallery = gallery();
        let disowned = face(0.8, 0.0, 5);
        gallery.rule_out(ANA, disowned.clone());
        let found = check(
            &gallery,
            &POLICY,
            Claim::Newcomer,
            &[&disowned],
            Stated::Nothing,
        );
        assert_eq!(found, Ok(Admission::default()));
    }

    #[test]
    fn a_sample_is_neither_another_persons_nor_unlike_the_person() {
        let of_ana = |face: &Embedding| ask(Claim::Enrolled(ANA), face, Stated::Nothing);
        assert!(of_ana(&face(0.3, 0.2, 5)).is_ok());
        assert!(of_ana(&face(0.5, 0.45, 5)).is_ok(), "more like herself");
        for other in [face(0.25, 0.45, 5), face(0.6, 0.7, 5)] {
            let found = of_ana(&other);
            assert!(matches!(found, Err(Objection::AnotherPersons(other)) if other.person == BEN));
        }
        let stated = ask(
            Claim::Enrolled(ANA),
            &face(0.6, 0.7, 5),
            Stated::AnotherPerson,
        );
        assert_eq!(stated.unwrap().overruled.unwrap().person, BEN);
        for stated in [Stated::Nothing, Stated::AnotherPerson] {
            let unlike = ask(Claim::Enrolled(ANA), &face(0.05, 0.0, 5), stated);
            assert!(
                matches!(unlike, Err(Objection::Unlike(_))),
                "no statement helps"
            );
        }
        let nobody = ask(
            Claim::Enrolled(PersonId(3)),
            &face(0.5, 0.0, 5),
            Stated::Nothing,
        );
        assert!(
            nobody.is_ok(),
            "without samples only the same face is refused"
        );
    }

    #[test]
    fn one_of_several_faces_is_enough_for_an_objection() {
        let (own, foreign) = (face(0.1, 0.0, 5), face(0.0, 0.8, 6));
        let found = check(
            &gallery(),
            &POLICY,
            Claim::Newcomer,
            &[&own, &foreign],
            Stated::Nothing,
        );
        assert!(matches!(found, Err(Objection::AnotherPersons(other)) if other.person == BEN));
    }

    proptest! {
        /// Whoever comes first, and however many others there are: two people are either
        /// taken for one or not.
        #[test]
        fn the_order_in_which_people_come_changes_nothing(
            similarity in 0.0f32..0.99, others in 0usize..40,
        ) {
            let (one, two) = (face(1.0, 0.0, 0), face(similarity, 0.0, 1));
            let strangers = || (0..others).map(|n| {
                let mut values = vec![0.0; 64];
                values[10 + n] = 1.0;
                template(100 + n as i64, PersonId(100 + n as i64), Embedding::from_raw(values).unwrap())
            });
            let second = |first: &Embedding, second: &Embedding, crowd: bool| {
                let crowd = strangers().filter(|_| crowd);
                let gallery: Gallery = crowd.chain([template(1, ANA, first.clone())]).collect();
                check(&gallery, &POLICY, Claim::Newcomer, &[second], Stated::Nothing).is_ok()
            };
            let answers = [
                second(&one, &two, false), second(&two, &one, false),
                second(&one, &two, true), second(&two, &one, true),
            ];
            prop_assert_eq!(answers, [similarity < SAME_PERSON.0; 4]);
        }
    }
}
