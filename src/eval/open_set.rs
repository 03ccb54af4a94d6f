//! Strangers in front of a station: how often they are given a name, by a single look and
//! by the vote.
//!
//! Each person in turn is the stranger, everybody else is enrolled with all pictures. A
//! visit is a picture seen from a little elsewhere, in other light and focus, in each look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use image::RgbImage;
use serde::Serialize;

use super::drawn::{Pose, add_noise, draw, room};
use crate::core::consensus::{ConsensusPolicy, Tracker, Verdict};
use crate::core::embedding::Embedding;
use crate::core::frame::{Frame, FrameId, Moment};
use crate::core::gallery::{Gallery, MatchPolicy, Template};
use crate::core::person::{PersonId, TemplateId};
use crate::core::quality::QualityGate;
use crate::inference::InferenceError;
use crate::inference::recogniser::Recogniser;
use crate::random::SplitMix;

/// Looks of a visit.
const LOOKS: u32 = 12;

/// Time between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// One person's pictures.
pub struct PersonPictures {
    /// The folder's name.
    pub name: String,
    /// At least one.
    pub pictures: Vec<RgbImage>,
}

/// What became of the strangers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenSetReport {
    /// People enrolled while each is the stranger.
    pub enrolled: usize,
    /// Similarity asked for among so many.
    pub threshold: f32,
    /// Looks at strangers that were good enough to be compared.
    pub looks: usize,
    /// Those that by themselves would have been given a name.
    pub looks_named: usize,
    /// Visits of strangers.
    pub visits: usize,
    /// Those that were given a name by the vote: who was taken for whom.
    pub visits_named: Vec<String>,
    /// The most similar a stranger ever was.
    pub highest_similarity: f32,
}

/// Lets everybody be the stranger, `visits` times with each picture.
///
/// # Errors
/// If a network fails.
pub fn strangers(
    people: &[PersonPictures],
    visits: u32,
    recogniser: &mut Recogniser,
    (matching, consensus): (&MatchPolicy, ConsensusPolicy),
    mut progress: impl FnMut(usize, usize),
) -> Result<OpenSetReport, InferenceError> {
    let everybody = enrol(people, recogniser)?;
    let pictures: usize = people.iter().map(|person| person.pictures.len()).sum();
    let total = pictures * visits as usize;
    let mut report = OpenSetReport {
        enrolled: everybody.people_count().saturating_sub(1),
        threshold: matching
            .threshold_among(everybody.people_count().saturating_sub(1))
            .0,
        looks: 0,
        looks_named: 0,
        visits: 0,
        visits_named: Vec::new(),
        highest_similarity: -1.0,
    };
    for (index, person) in people.iter().enumerate() {
        let mut others = everybody.clone();
        others.remove(PersonId(index as i64 + 1));
        for picture in &person.pictures {
            for _ in 0..visits {
                let mut random = SplitMix::new(report.visits as u64, 7);
                let named = visit(
                    picture,
                    &others,
                    recogniser,
                    matching,
                    consensus,
                    &mut random,
                    &mut report,
                )?;
                report.visits += 1;
                if let Some(PersonId(taken_for)) = named {
                    let other = people.get(taken_for as usize - 1);
                    let other = other.map_or("somebody", |p| p.name.as_str());
                    report
                        .visits_named
                        .push(format!("{} as {other}", person.name));
                }
                progress(report.visits, total);
            }
        }
    }
    Ok(report)
}

fn enrol(
    people: &[PersonPictures],
    recogniser: &mut Recogniser,
) -> Result<Gallery, InferenceError> {
    let mut gallery = Gallery::default();
    let mut next = 1;
    for (person, pictures) in (1..).map(PersonId).zip(people) {
        for picture in &pictures.pictures {
            let frame = draw(picture, &room(picture), &Pose::default());
            if let Some((_, embedding)) = largest_face(&frame, recogniser)? {
                gallery.insert(&Template {
                    id: TemplateId(next),
                    person,
                    embedding,
                });
                next += 1;
            }
        }
    }
    Ok(gallery)
}

type Seen = (crate::core::observation::FaceObservation, Embedding);

fn largest_face(
    frame: &RgbImage,
    recogniser: &mut Recogniser,
) -> Result<Option<Seen>, InferenceError> {
    let detections = recogniser.detector.detect(frame)?;
    let largest = detections
        .into_iter()
        .max_by(|a, b| a.bounding_box.area().total_cmp(&b.bounding_box.area()));
    let Some(largest) = largest else {
        return Ok(None);
    };
    let (faces, _) = recogniser.examine(frame, &[largest], &QualityGate::RECOGNITION)?;
    let face = faces.into_iter().next();
    Ok(face.and_then(|face| {
        let embedding = face.embedding.clone()?;
        Some((face, embedding))
    }))
}

fn visit(
    picture: &RgbImage,
    gallery: &Gallery,
    recogniser: &mut Recogniser,
    matching: &MatchPolicy,
    consensus: ConsensusPolicy,
    random: &mut SplitMix,
    report: &mut OpenSetReport,
) -> Result<Option<PersonId>, InferenceError> {
    let mut tracker = Tracker::new(consensus);
    let room = room(picture);
    let mut named = None;
    for look in 0..LOOKS {
        let pose = Pose {
            offset: (12.0 * random.signed_unit(), 12.0 * random.signed_unit()),
            height: 480.0 * (1.0 + 0.1 * random.signed_unit()),
            roll: 0.08 * random.signed_unit(),
            gain: 1.0 + 0.25 * random.signed_unit(),
            blur: (0.9 * random.signed_unit()).max(0.0),
            ..Pose::default()
        };
        let mut frame = draw(picture, &room, &pose);
        add_noise(&mut frame, 3.0, random);
        let Some((face, embedding)) = largest_face(&frame, recogniser)? else {
            continue;
        };
        report.looks += 1;
        let judgement = matching.look_up(gallery, &embedding);
        report.looks_named += usize::from(judgement.known().is_some());
        let similarity = judgement.candidate.map_or(-1.0, |c| c.similarity.0);
        report.highest_similarity = report.highest_similarity.max(similarity);
        let now = Moment {
            monotonic: BETWEEN * look,
            wall: DateTime::<FixedOffset>::default() + BETWEEN * look,
        };
        let frame = Arc::new(Frame {
            camera: None,
            id: FrameId(u64::from(look)),
            captured_at: now,
            image: frame,
        });
        tracker.observe(&frame, &[face], gallery, matching, &now);
        for track in tracker.tracks() {
            if let Verdict::Known(person) = track.verdict {
                named = Some(person);
            }
        }
    }
    Ok(named)
}

/// Everybody's pictures, by name.
pub fn by_name(pictures: impl IntoIterator<Item = (String, RgbImage)>) -> Vec<PersonPictures> {
    let mut people: BTreeMap<String, Vec<RgbImage>> = BTreeMap::new();
    for (name, picture) in pictures {
        people.entry(name).or_default().push(picture);
    }
    people
        .into_iter()
        .map(|(name, pictures)| PersonPictures { name, pictures })
        .collect()
}
