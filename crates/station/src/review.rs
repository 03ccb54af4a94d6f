//! What somebody decides about faces that were given no name, with the checks of an
//! enrolment; for the dashboard and the command line.

use crate::say;
use rollcall_messages::Message;
use std::path::Path;

use anyhow::{Result, bail};
use chrono::{DateTime, FixedOffset};

use rollcall_core::correction::{Correction, Deed, When};
use rollcall_core::day::AttendancePolicy;
use rollcall_core::embedding::{Cosine, Embedding, ModelId};
use rollcall_core::enrolment::identity::{self, AnotherPerson, Claim, Objection, Stated};
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::person::{Person, PersonId};
use rollcall_core::review::{Assignment, Visitor, group};
use rollcall_picture as picture;
use rollcall_store::{Author, NewTemplate, SightingRow, SightingState, Store, StoreError};

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
) -> Result<Vec<Message>> {
    let code = &assignment.code;
    let person = store
        .everybody()?
        .into_iter()
        .find(|person| person.code == *code)
        .ok_or_else(|| StoreError::NoSuchCode {
            code: code.to_string(),
        })?;
    let chosen = chosen_of(store, &assignment.sightings)?;
    if assignment.punch.is_some()
        && let Some(row) = chosen
            .iter()
            .find(|row| row.state == SightingState::Assigned)
    {
        bail!(say::sighting_assigned_before(row.sighting));
    }
    let stated = compare(&chosen, &person, assignment, store, rules)?;
    let best = best_of(chosen)?;
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
            .unwrap_or_else(|| say::seen_not_recognised(best.sighting).to_string());
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
        let time = time.to_string();
        told.push(say::punch_was_added(&person.name, direction.text(), time));
    }
    if let Some(sample) = sample {
        store.add_stated_templates(code, &[sample], stated.as_ref(), author)?;
        told.push(say::face_is_sample(best.sighting, &person.name));
    }
    if let Some(stated) = stated.filter(|_| !assignment.add) {
        store.note(author, "person.another", code.as_str(), &stated.to_string())?;
    }
    store.assign_sightings(&assignment.sightings, code, author)?;
    let count = assignment.sightings.len();
    told.push(say::sightings_were(count, &person.name, code));
    Ok(told)
}

fn chosen_of(store: &Store, chosen: &[i64]) -> Result<Vec<SightingRow>> {
    let rows = store.sightings(false)?;
    let row = |number: &i64| {
        let row = rows.iter().find(|row| row.sighting == *number);
        row.cloned().ok_or_else(|| say::no_sighting(number).into())
    };
    chosen.iter().map(row).collect()
}

/// Of several the one whose face was seen best.
fn best_of(chosen: Vec<SightingRow>) -> Result<SightingRow> {
    let quality = |row: &SightingRow| row.quality.unwrap_or(-1.0);
    let best = chosen
        .into_iter()
        .max_by(|a, b| quality(a).total_cmp(&quality(b)));
    best.ok_or_else(|| Message::from(say::NAME_A_SIGHTING).into())
}

/// Compares every face that is kept with the person whose it is said to be. What had to be
/// stated for it, if anything.
fn compare(
    chosen: &[SightingRow],
    person: &Person,
    assignment: &Assignment,
    store: &Store,
    rules: &ReviewRules,
) -> Result<Option<AnotherPerson>> {
    let gallery = store.load_everybodys_gallery(&rules.model)?.templates;
    let everybody = store.everybody()?;
    let holder = |id: PersonId| everybody.iter().find(|p| p.id == id);
    let stated = if assignment.another_person {
        Stated::AnotherPerson
    } else {
        Stated::Nothing
    };
    let mut overruled = None;
    for row in chosen {
        let comparable =
            |(face, model): &(Embedding, ModelId)| (*model == rules.model).then(|| face.clone());
        let Some(face) = row.face.as_ref().and_then(comparable) else {
            refuse_what_was_seen(row, person, assignment, rules)?;
            continue;
        };
        let claim = Claim::Enrolled(person.id);
        match identity::check(&gallery, &rules.matching, claim, &[&face], stated) {
            Ok(admission) => overruled = overruled.or(admission.overruled),
            Err(Objection::Unlike(likeness)) => {
                bail!(say::sighting_unlike(row.sighting, &person.name, likeness))
            }
            Err(objection) => {
                let name = |id| holder(id).map(|p| format!("{} ({})", p.name, p.code));
                let reason = objection.in_words(name);
                bail!(say::sighting_refused(row.sighting, reason))
            }
        }
    }
    Ok(overruled.and_then(|other| {
        Some(AnotherPerson {
            than: holder(other.person)?.code.clone(),
            similarity: other.similarity,
        })
    }))
}

/// A face that is no longer kept cannot be compared; what was found at the time can.
fn refuse_what_was_seen(
    row: &SightingRow,
    person: &Person,
    assignment: &Assignment,
    rules: &ReviewRules,
) -> Result<()> {
    let (Some(candidate), Some(similarity)) = (&row.candidate, row.similarity) else {
        return Ok(());
    };
    let is_another = *candidate != person.code.as_str();
    let is_taken_for = Cosine(similarity) >= identity::same_person(&rules.matching);
    if is_another && is_taken_for && !assignment.another_person {
        let similarity = Cosine(similarity);
        bail!(say::sighting_enrolled_as(
            row.sighting,
            candidate,
            similarity
        ));
    }
    Ok(())
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
        bail!(say::face_not_kept(number));
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
    Ok(NewTemplate {
        embedding: face.clone(),
        model: model.clone(),
        quality: row.quality.unwrap_or_default(),
        jpeg: store.sighting_picture(number)?,
    })
}
