//! What each face of one frame has to say about who it is.

use crate::embedding::{Cosine, Embedding};
use crate::gallery::{Doubt, Gallery, Judgement, MatchPolicy};
use crate::observation::FaceObservation;
use crate::quality::{QualityGate, QualityIssue};

/// What one face of a frame has to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ballot {
    /// The face's vote; none if it was too poor for one or not looked at closely.
    pub(super) judgement: Option<Judgement>,
    /// What makes it too poor.
    pub(super) issue: Option<QualityIssue>,
}

/// The vote of every face. All of them are looked up in one pass over the gallery.
pub(super) fn ballots(
    faces: &[FaceObservation],
    gallery: &Gallery,
    matching: &MatchPolicy,
) -> Vec<Ballot> {
    let issues: Vec<Option<QualityIssue>> = faces
        .iter()
        .map(|face| QualityGate::RECOGNITION.check(&face.quality).err())
        .collect();
    let probes: Vec<Option<&Embedding>> = faces
        .iter()
        .zip(&issues)
        .map(|(face, issue)| face.embedding.as_ref().filter(|_| issue.is_none()))
        .collect();
    let voting: Vec<&Embedding> = probes.iter().copied().flatten().collect();
    let mut candidates = gallery.search_all(&voting).into_iter();
    let mut judgements: Vec<Option<Judgement>> = probes
        .iter()
        .map(|probe| probe.map(|probe| matching.judge(gallery, probe, candidates.next().flatten())))
        .collect();
    only_one_each(&mut judgements);
    let ballot = |(judgement, issue)| Ballot { judgement, issue };
    judgements.into_iter().zip(issues).map(ballot).collect()
}

/// A person is in a picture once: of several faces the most similar one, and the others
/// are nobody.
pub fn only_one_each(judgements: &mut [Option<Judgement>]) {
    let claims: Vec<Option<(crate::person::PersonId, Cosine)>> = judgements
        .iter()
        .map(|judgement| {
            let known = judgement.as_ref()?.known()?;
            Some((known.person, known.similarity))
        })
        .collect();
    for (i, judgement) in judgements.iter_mut().enumerate() {
        let (Some(judgement), Some((person, mine))) = (judgement, claims[i]) else {
            continue;
        };
        let is_beaten = claims.iter().enumerate().any(|(j, claim)| {
            claim.is_some_and(|(other, similarity)| {
                j != i && other == person && (similarity, i) > (mine, j)
            })
        });
        if is_beaten {
            judgement.doubt = Some(Doubt::AnotherFace);
        }
    }
}
