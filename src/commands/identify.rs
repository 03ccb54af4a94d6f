//! `rollcall identify`: who is in pictures, by the gallery of this station.

use anyhow::Result;
use serde::Serialize;

use super::stills::{self, Still};
use super::table::{Table, print_json};
use super::{Context, KnownPeople, Look};
use crate::cli::{IdentifyArgs, Outcome};
use crate::core::consensus::only_one_each;
use crate::core::gallery::{Candidate, Judgement};
use crate::core::observation::FaceObservation;
use crate::core::quality::FaceQuality;

#[derive(Serialize)]
struct PictureRow {
    image: String,
    /// Set if the picture could not be looked at.
    error: Option<String>,
    faces: Vec<FaceRow>,
}

#[derive(Serialize)]
struct FaceRow {
    /// Left, top, right, bottom in pixels.
    bounding_box: [f32; 4],
    detector_score: f32,
    /// "known" or "unknown".
    outcome: &'static str,
    code: Option<String>,
    name: Option<String>,
    similarity: Option<f32>,
    margin: Option<f32>,
    /// What was asked for.
    threshold: Option<f32>,
    min_margin: Option<f32>,
    /// Why the face is not the best candidate.
    doubt: Option<String>,
    best_candidate: Option<String>,
    quality: FaceQuality,
}

/// Runs the command: "no" if in one of the pictures nobody is known.
pub(super) fn run(args: &IdentifyArgs, context: &Context) -> Result<Outcome> {
    let mut recogniser = context.recogniser(Look::Still)?;
    let known = KnownPeople::of(&context.store_to_read()?, recogniser.model_id())?;
    let mut rows = Vec::with_capacity(args.images.len());
    for path in &args.images {
        let (faces, error) = match stills::look_at(path, &mut recogniser) {
            Ok(still) => (name_faces(&still, &known, context), None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        rows.push(PictureRow {
            image: path.display().to_string(),
            error,
            faces,
        });
    }
    if args.json {
        print_json(&rows)?;
    } else {
        print_table(&rows)?;
    }
    let failed = rows.iter().filter(|row| row.error.is_some()).count();
    anyhow::ensure!(
        failed == 0,
        "{failed} of {} pictures could not be read",
        rows.len()
    );
    let all_known = rows
        .iter()
        .all(|row| row.faces.iter().any(|face| face.code.is_some()));
    Ok(if all_known {
        Outcome::Done
    } else {
        Outcome::No
    })
}

fn name_faces(still: &Still, known: &KnownPeople, context: &Context) -> Vec<FaceRow> {
    let policy = context.config.policies().matching;
    let mut judgements: Vec<Option<Judgement>> = still
        .faces
        .iter()
        .map(|face| {
            let probe = face.embedding.as_ref()?;
            Some(policy.look_up(&known.gallery, probe))
        })
        .collect();
    only_one_each(&mut judgements);
    still
        .faces
        .iter()
        .zip(judgements)
        .map(|(face, judgement)| face_row(face, judgement, known))
        .collect()
}

fn face_row(face: &FaceObservation, judgement: Option<Judgement>, known: &KnownPeople) -> FaceRow {
    let candidate: Option<Candidate> = judgement.and_then(|j| j.candidate);
    let person = judgement
        .and_then(|j| j.known())
        .and_then(|c| known.person(c.person));
    let b = face.detection.bounding_box;
    FaceRow {
        bounding_box: [b.left, b.top, b.right, b.bottom],
        detector_score: face.detection.score,
        outcome: if person.is_some() { "known" } else { "unknown" },
        code: person.map(|p| p.code.to_string()),
        name: person.map(|p| p.name.to_string()),
        similarity: candidate.map(|c| c.similarity.0),
        margin: candidate.and_then(|c| c.margin()),
        threshold: judgement.map(|j| j.threshold.0),
        min_margin: judgement.map(|j| j.min_margin),
        doubt: judgement.and_then(|j| j.doubt).map(|d| d.to_string()),
        best_candidate: candidate
            .and_then(|c| known.person(c.person))
            .map(|p| p.code.to_string()),
        quality: face.quality,
    }
}

fn print_table(rows: &[PictureRow]) -> Result<()> {
    let mut table = Table::new(&[
        "Image",
        "Face at",
        "Who",
        "Code",
        "Similarity",
        "Best candidate",
    ]);
    for row in rows {
        if let Some(error) = &row.error {
            eprintln!("{error}");
        } else if row.faces.is_empty() {
            table.row([row.image.clone(), "-".into(), "no face".into()]);
        }
        for face in &row.faces {
            let [left, top, right, bottom] = face.bounding_box;
            table.row([
                row.image.clone(),
                format!("{left:.0},{top:.0} {:.0}x{:.0}", right - left, bottom - top),
                face.name.clone().unwrap_or_else(|| "unknown".into()),
                face.code.clone().unwrap_or_else(|| "-".into()),
                face.similarity
                    .map_or_else(|| "-".into(), |s| format!("{s:.3}")),
                face.best_candidate.clone().unwrap_or_else(|| "-".into()),
            ]);
        }
    }
    Ok(table.print()?)
}
