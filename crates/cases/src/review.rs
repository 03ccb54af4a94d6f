//! What somebody decides about faces that were given no name, with the checks of an
//! enrolment.

use std::path::Path;

use chrono::{DateTime, FixedOffset};

use rollcall_core::attendance::Direction;
use rollcall_core::correction::{Correction, Deed, When};
use rollcall_core::day::AttendancePolicy;
use rollcall_core::embedding::{Cosine, Embedding, ModelId};
use rollcall_core::enrolment::identity::{self, AnotherPerson, Claim, Objection, Stated};
use rollcall_core::gallery::MatchPolicy;
use rollcall_core::person::{Person, PersonId};
use rollcall_core::review::{Assignment, Visitor, group};
use rollcall_picture as picture;
use rollcall_protocol::Agreement;
use rollcall_store::{Author, NewTemplate, SightingRow, SightingState, Store, StoreError};

use crate::Outcome;
use crate::error::CaseError;
use crate::say;

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
pub fn visitors(store: &Store) -> Result<Vec<Visitor>, StoreError> {
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

/// Who was seen, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// Who.
    pub person: Person,
    /// How many sightings.
    pub sightings: usize,
    /// The punch that was added, and the time that the clock on the wall showed.
    pub punch: Option<(Direction, DateTime<FixedOffset>)>,
    /// The sighting whose face is a sample now.
    pub sample: Option<i64>,
}

/// Says who was seen, adds the best of the faces as a sample and the missed punch if that
/// is asked for. What can be refused comes first, so that all or nothing is done. A face that is
/// taken for somebody else's has to be stated to be another person's.
///
/// # Errors
/// If the person or a sighting is not there, a check refuses the face, or the database
/// cannot be written.
pub fn assign(
    store: &mut Store,
    assignment: &Assignment,
    rules: &ReviewRules,
    at: DateTime<FixedOffset>,
) -> Result<Outcome<Assigned>, CaseError> {
    let code = &assignment.code;
    let person = store
        .everybody()?
        .into_iter()
        .find(|person| person.code == *code)
        .ok_or_else(|| CaseError::NoSuchCode(code.clone()))?;
    let chosen = chosen_of(store, &assignment.sightings)?;
    if assignment.punch.is_some()
        && let Some(row) = chosen
            .iter()
            .find(|row| row.state == SightingState::Assigned)
    {
        return Err(CaseError::AssignedBefore(row.sighting));
    }
    let stated = match compare(&chosen, &person, assignment, store, rules)? {
        Outcome::Done(stated) => stated,
        Outcome::Asks(agreement) => return Ok(Outcome::Asks(agreement)),
    };
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
    if let Some(direction) = assignment.punch {
        store.correct(&missed(direction, &best, assignment, rules), at)?;
    }
    let is_sample = sample.is_some();
    if let Some(sample) = sample {
        store.add_stated_templates(code, &[sample], stated.as_ref(), author)?;
    } else if let Some(stated) = stated {
        store.note(author, "person.another", code.as_str(), &stated.to_string())?;
    }
    store.assign_sightings(&assignment.sightings, code, author)?;
    Ok(Outcome::Done(Assigned {
        person,
        sightings: assignment.sightings.len(),
        punch: assignment.punch.map(|direction| (direction, best.at)),
        sample: is_sample.then_some(best.sighting),
    }))
}

/// The punch that was missed when the face was seen.
fn missed(
    direction: Direction,
    seen: &SightingRow,
    assignment: &Assignment,
    rules: &ReviewRules,
) -> Correction {
    let reason = assignment
        .reason
        .clone()
        .unwrap_or_else(|| say::seen_not_recognised(seen.sighting).to_string());
    Correction {
        deed: Deed::Add {
            code: assignment.code.clone(),
            when: When {
                at: seen.at,
                local_day: rules.attendance.local_day(&seen.at),
            },
            direction,
        },
        operator: assignment.by.clone(),
        reason,
        face: None,
    }
}

fn chosen_of(store: &Store, chosen: &[i64]) -> Result<Vec<SightingRow>, CaseError> {
    let rows = store.sightings(false)?;
    let row = |number: &i64| {
        let row = rows.iter().find(|row| row.sighting == *number);
        row.cloned().ok_or(CaseError::NoSuchSighting(*number))
    };
    chosen.iter().map(row).collect()
}

/// Of several the one whose face was seen best.
fn best_of(chosen: Vec<SightingRow>) -> Result<SightingRow, CaseError> {
    let quality = |row: &SightingRow| row.quality.unwrap_or(-1.0);
    let best = chosen
        .into_iter()
        .max_by(|a, b| quality(a).total_cmp(&quality(b)));
    best.ok_or(CaseError::NoSighting)
}

/// Compares every face that is kept with the person whose it is said to be. What had to be
/// stated for it, if anything.
fn compare(
    chosen: &[SightingRow],
    person: &Person,
    assignment: &Assignment,
    store: &Store,
    rules: &ReviewRules,
) -> Result<Outcome<Option<AnotherPerson>>, CaseError> {
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
            if let Some(agreement) = taken_for(row, person, assignment, rules) {
                return Ok(Outcome::Asks(agreement));
            }
            continue;
        };
        let claim = Claim::Enrolled(person.id);
        match identity::check(&gallery, &rules.matching, claim, &[&face], stated) {
            Ok(admission) => overruled = overruled.or(admission.overruled),
            Err(Objection::Unlike(similarity)) => {
                return Err(CaseError::Unlike {
                    sighting: row.sighting,
                    name: person.name.clone(),
                    similarity,
                });
            }
            Err(Objection::AnotherPersons(other)) => {
                let whose = holder(other.person).map_or_else(|| "somebody".to_owned(), described);
                return Ok(Outcome::Asks(Agreement::AnotherPerson {
                    sighting: row.sighting,
                    whose,
                    similarity: other.similarity,
                }));
            }
        }
    }
    Ok(Outcome::Done(overruled.and_then(|other| {
        Some(AnotherPerson {
            than: holder(other.person)?.code.clone(),
            similarity: other.similarity,
        })
    })))
}

/// Who somebody is, for a sentence about a face.
pub fn described(person: &Person) -> String {
    let (name, code) = (&person.name, &person.code);
    if person.active {
        format!("{name} ({code})")
    } else {
        format!("{name} ({code}, deactivated; `people activate {code}` undoes that)")
    }
}

/// A face that is no longer kept cannot be compared; what was found at the time can.
fn taken_for(
    row: &SightingRow,
    person: &Person,
    assignment: &Assignment,
    rules: &ReviewRules,
) -> Option<Agreement> {
    let (candidate, similarity) = (row.candidate.as_ref()?, Cosine(row.similarity?));
    let is_another = *candidate != person.code.as_str();
    let is_taken_for = similarity >= identity::same_person(&rules.matching);
    (is_another && is_taken_for && !assignment.another_person).then(|| Agreement::AnotherPerson {
        sighting: row.sighting,
        whose: candidate.clone(),
        similarity,
    })
}

/// The face of a sighting as a sample.
fn sample(
    row: &SightingRow,
    person: &Person,
    store: &Store,
    rules: &ReviewRules,
) -> Result<NewTemplate, CaseError> {
    let number = row.sighting;
    let Some((face, model)) = &row.face else {
        return Err(CaseError::FaceNotKept(number));
    };
    if *model != rules.model {
        return Err(CaseError::OtherEmbedder(number));
    }
    let has_consent = store.person_row(&person.code)?.consent_at.is_some();
    if rules.consent_required && !has_consent {
        return Err(CaseError::NeedsConsent {
            name: person.name.clone(),
            code: person.code.clone(),
        });
    }
    Ok(NewTemplate {
        embedding: face.clone(),
        model: model.clone(),
        quality: row.quality.unwrap_or_default(),
        jpeg: store.sighting_picture(number)?,
    })
}
