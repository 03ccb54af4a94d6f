//! What somebody decides about faces that were given no name, with the checks of an
//! enrolment; for the dashboard and the command line.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, FixedOffset};

use rollcall_core::correction::{Correction, Deed, When};
use rollcall_core::day::AttendancePolicy;
use rollcall_core::embedding::{Cosine, ModelId};
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::person::Person;
use rollcall_core::review::{Assignment, Unfit, Visitor, group, may_join};
use rollcall_picture as picture;
use rollcall_store::{Author, NewTemplate, SightingRow, Store};

/// What is checked.
#[derive(Debug, Clone)]
pub struct ReviewRules {
    /// The network in use.
    pub model: ModelId,
    /// When a face is somebody.
    pub matching: MatchPolicy,
    /// Which day a time counts for.
    pub attendance: AttendancePolicy,
    /// Whether a face is kept only of people who have agreed.
    pub consent_required: bool,
}

/// Groups sightings by their faces, the largest group first; one without a face stands alone.
pub fn grouped(rows: Vec<SightingRow>) -> Vec<Vec<SightingRow>> {
    let (faces, faceless): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.face.is_some());
    let vectors: Vec<_> = faces
        .iter()
        .filter_map(|row| Some((&row.face.as_ref()?.0, row.quality.unwrap_or_default())))
        .collect();
    let groups = group(&vectors);
    let mut faces: Vec<Option<SightingRow>> = faces.into_iter().map(Some).collect();
    let mut grouped: Vec<Vec<SightingRow>> = Vec::with_capacity(groups.len());
    for members in groups {
        let rows = members.into_iter().filter_map(|index| faces[index].take());
        grouped.push(rows.collect());
    }
    grouped.extend(faceless.into_iter().map(|row| vec![row]));
    grouped
}

/// Everybody without a name whom nobody has looked at, for the screen.
///
/// # Errors
/// If the database cannot be read.
pub fn visitors(store: &Store) -> Result<Vec<Visitor>> {
    let people = store.everybody()?;
    let name = |code: &str| {
        let person = people.iter().find(|person| person.code.as_str() == code);
        person.map_or_else(|| code.to_owned(), |person| person.name.to_string())
    };
    grouped(store.sightings(true)?)
        .into_iter()
        .filter_map(|rows| {
            let (first, last) = (
                rows.iter().map(|row| row.at).min()?,
                rows.iter().map(|row| row.at).max()?,
            );
            let nearest = rows
                .iter()
                .filter_map(|row| Some((row.candidate.as_ref()?, row.similarity?)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let mut reasons: Vec<String> = rows.iter().map(|row| row.reason.clone()).collect();
            reasons.sort();
            reasons.dedup();
            // The best face of a group comes first.
            let picture = store.sighting_picture(rows[0].sighting).ok().flatten();
            let picture = picture.and_then(|jpeg| picture::decode(&jpeg, Path::new("a face")).ok());
            Some(Ok(Visitor {
                sightings: rows.iter().map(|row| row.sighting).collect(),
                first,
                last,
                reason: reasons.join(", "),
                nearest: nearest.map(|(code, similarity)| (name(code), Cosine(similarity))),
                picture,
            }))
        })
        .collect()
}

/// Says who was seen, adds the best of the faces as a sample and the missed punch if that
/// is asked for, and tells what was done. What can be refused comes first, so that all or
/// nothing is done.
///
/// # Errors
/// If the person or a sighting is not there, a check refuses the face, or the database
/// cannot be written.
pub fn assign(
    store: &mut Store,
    assignment: &Assignment,
    rules: &ReviewRules,
    at: DateTime<FixedOffset>,
) -> Result<Vec<String>> {
    let code = &assignment.code;
    let person = store
        .everybody()?
        .into_iter()
        .find(|person| person.code == *code)
        .with_context(|| format!("nobody has the code {code}"))?;
    let best = best_of(store, &assignment.sightings)?;
    let sample = if assignment.add {
        Some(sample(&best, &person, store, rules)?)
    } else {
        None
    };
    let author = Author {
        name: &assignment.by,
        at,
    };
    let mut told = Vec::new();
    if let Some(direction) = assignment.punch {
        let reason = assignment
            .reason
            .clone()
            .unwrap_or_else(|| format!("was seen and not recognised, sighting {}", best.sighting));
        let correction = Correction {
            deed: Deed::Add {
                code: code.clone(),
                when: When {
                    at: best.at,
                    local_day: rules.attendance.local_day(&best.at),
                },
                direction,
            },
            operator: assignment.by.clone(),
            reason,
            face: None,
        };
        store.correct(&correction, at)?;
        let time = best.at.format("%H:%M:%S");
        told.push(format!("{} {direction} at {time} was added", person.name));
    }
    if let Some(sample) = sample {
        store.add_templates(code, &[sample], author)?;
        told.push(format!(
            "the face of sighting {} is a sample of {} now",
            best.sighting, person.name
        ));
    }
    store.assign_sightings(&assignment.sightings, code, author)?;
    told.push(format!(
        "{} sightings were {} ({code})",
        assignment.sightings.len(),
        person.name
    ));
    Ok(told)
}

/// Of several the one whose face was seen best.
fn best_of(store: &Store, chosen: &[i64]) -> Result<SightingRow> {
    let rows = store.sightings(false)?;
    let chosen = chosen
        .iter()
        .map(|number| {
            rows.iter()
                .find(|row| row.sighting == *number)
                .with_context(|| format!("there is no sighting {number}"))
        })
        .collect::<Result<Vec<_>>>()?;
    let quality = |row: &SightingRow| row.quality.unwrap_or(-1.0);
    let best = chosen
        .into_iter()
        .max_by(|a, b| quality(a).total_cmp(&quality(b)));
    best.cloned().context("name at least one sighting")
}

/// The face of a sighting as a sample.
fn sample(
    row: &SightingRow,
    person: &Person,
    store: &Store,
    rules: &ReviewRules,
) -> Result<NewTemplate> {
    let number = row.sighting;
    let Some((face, model)) = &row.face else {
        bail!("the face of sighting {number} is not kept any more");
    };
    anyhow::ensure!(
        *model == rules.model,
        "sighting {number} was made with another embedder than the one in use"
    );
    let has_consent = store.person_row(&person.code)?.consent_at.is_some();
    anyhow::ensure!(
        has_consent || !rules.consent_required,
        "{} has to agree before a face is kept: `rollcall people consent {}`",
        person.name,
        person.code
    );
    let gallery = store.load_gallery(model)?.templates;
    match may_join(&gallery, &rules.matching, person.id, face) {
        Ok(()) => {}
        Err(Unfit::Clash(candidate)) => {
            let holder = store.everybody()?.into_iter();
            let holder = holder.into_iter().find(|p| p.id == candidate.person);
            bail!(
                "this face is enrolled as {}, similarity {}",
                holder.map_or_else(|| "somebody".into(), |p| format!("{} ({})", p.name, p.code)),
                candidate.similarity
            )
        }
        Err(Unfit::Unlike(likeness)) => bail!(
            "this face is unlike all samples of {}, similarity {likeness}",
            person.name
        ),
    }
    Ok(NewTemplate {
        embedding: face.clone(),
        model: model.clone(),
        quality: row.quality.unwrap_or_default(),
        jpeg: store.sighting_picture(number)?,
    })
}
