//! `rollcall review`: faces that were given no name, and who they were.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, KnownPeople, embedder_id, operator};
use crate::cli::{AssignArgs, Outcome, ReviewCommand, SightingsArgs};
use crate::core::correction::{Correction, Deed, When};
use crate::core::person::{Person, PersonCode};
use crate::core::review::{Unfit, group, may_join};
use crate::picture;
use crate::store::{NewTemplate, SightingRow, SightingState, Store};
use crate::ui::{Charset, ColourDepth, picture_as_text};

/// Cells of a picture that `show` prints.
const PICTURE: (u16, u16) = (60, 24);

/// Sightings of one visitor, as far as the faces tell.
#[derive(Serialize)]
struct Visitor {
    /// From 1; for this listing only.
    group: usize,
    sightings: Vec<SightingRow>,
}

/// Runs the command.
pub(super) fn run(command: &ReviewCommand, context: &Context) -> Result<Outcome> {
    match command {
        ReviewCommand::List { all, json } => list(*all, *json, context)?,
        ReviewCommand::Show { sighting } => show(*sighting, context)?,
        ReviewCommand::Assign(args) => assign(args, context)?,
        ReviewCommand::Ignore(args) => {
            let mut store = context.store_to_change()?;
            let chosen = args.chosen(&store)?;
            store.ignore_sightings(&chosen, context.author(&operator()))?;
            println!("{} sightings ignored; their faces are erased", chosen.len());
        }
        ReviewCommand::Delete(args) => {
            let mut store = context.store_to_change()?;
            let chosen = args.chosen(&store)?;
            store.delete_sightings(&chosen, context.author(&operator()))?;
            println!("{} sightings erased", chosen.len());
        }
    }
    Ok(Outcome::Done)
}

fn list(all: bool, json: bool, context: &Context) -> Result<()> {
    let rows = context.store_to_read()?.sightings(!all)?;
    let visitors = visitors(rows);
    if json {
        return Ok(print_json(&visitors)?);
    }
    let mut table = Table::new(&[
        "Group",
        "Faces",
        "First",
        "Last",
        "Why",
        "Most like",
        "Sim",
        "State",
        "Numbers",
    ]);
    for visitor in &visitors {
        let rows = &visitor.sightings;
        let times = rows.iter().map(|row| row.at);
        let best = rows.iter().max_by(|a, b| {
            a.similarity
                .unwrap_or(-1.0)
                .total_cmp(&b.similarity.unwrap_or(-1.0))
        });
        let numbers: Vec<String> = rows.iter().map(|row| row.sighting.to_string()).collect();
        let time = |at: Option<DateTime<FixedOffset>>| {
            at.map_or_else(String::new, |at| at.format("%m-%d %H:%M").to_string())
        };
        table.row([
            visitor.group.to_string(),
            rows.iter()
                .filter(|row| row.face.is_some())
                .count()
                .to_string(),
            time(times.clone().min()),
            time(times.max()),
            words(rows, |row| row.reason.clone()),
            best.and_then(|row| row.candidate.clone())
                .unwrap_or_else(|| "-".into()),
            best.and_then(|row| row.similarity)
                .map_or_else(|| "-".into(), |s| format!("{s:.2}")),
            words(rows, |row| match (row.state, &row.assigned_to) {
                (SightingState::Open, _) => "open".into(),
                (SightingState::Ignored, _) => "ignored".into(),
                (SightingState::Assigned, code) => {
                    format!("was {}", code.as_deref().unwrap_or("somebody"))
                }
            }),
            numbers.join(" "),
        ]);
    }
    Ok(table.print()?)
}

/// What the rows say, each word once.
fn words(rows: &[SightingRow], word: impl Fn(&SightingRow) -> String) -> String {
    let mut words: Vec<String> = rows.iter().map(word).collect();
    words.sort();
    words.dedup();
    words.join(", ")
}

/// Groups rows by their faces; a row without one stands alone.
fn visitors(rows: Vec<SightingRow>) -> Vec<Visitor> {
    let (faces, faceless): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.face.is_some());
    let vectors: Vec<_> = faces
        .iter()
        .filter_map(|row| Some((&row.face.as_ref()?.0, row.quality.unwrap_or_default())))
        .collect();
    let groups = group(&vectors);
    let mut faces: Vec<Option<SightingRow>> = faces.into_iter().map(Some).collect();
    let groups = groups.into_iter().map(|members| {
        let rows = members.into_iter().filter_map(|index| faces[index].take());
        rows.collect::<Vec<_>>()
    });
    let alone = faceless.into_iter().map(|row| vec![row]);
    groups
        .collect::<Vec<_>>()
        .into_iter()
        .chain(alone)
        .zip(1..)
        .map(|(sightings, group)| Visitor { group, sightings })
        .collect()
}

fn show(number: i64, context: &Context) -> Result<()> {
    let store = context.store_to_read()?;
    let row = row(&store, number)?;
    let figure = |value: Option<f32>| value.map_or_else(|| "-".into(), |v| format!("{v:.2}"));
    println!(
        "{number}: {} at {}\nmost like {} ({}), margin {}, live {}, quality {}",
        row.reason,
        row.at.format("%Y-%m-%d %H:%M:%S"),
        row.candidate.as_deref().unwrap_or("nobody"),
        figure(row.similarity),
        figure(row.margin),
        figure(row.liveness),
        figure(row.quality),
    );
    match store.sighting_picture(number)? {
        None => println!("its face is not kept"),
        Some(jpeg) => {
            let image = picture::decode(&jpeg, std::path::Path::new("the picture of a sighting"))?;
            let environment = |name: &str| std::env::var(name).ok();
            let (colours, charset) = (
                ColourDepth::detect(environment),
                Charset::detect(environment),
            );
            print!("{}", picture_as_text(&image, PICTURE, colours, charset));
        }
    }
    Ok(())
}

fn row(store: &Store, number: i64) -> Result<SightingRow> {
    let mut rows = store.sightings(false)?.into_iter();
    rows.find(|row| row.sighting == number).with_context(|| {
        format!("there is no sighting {number}; `rollcall review list` shows them")
    })
}

impl SightingsArgs {
    /// The numbers that are named, and on demand those of faces like theirs.
    fn chosen(&self, store: &Store) -> Result<Vec<i64>> {
        if !self.alike {
            return Ok(self.sightings.clone());
        }
        let mut chosen = Vec::new();
        for visitor in visitors(store.sightings(true)?) {
            let numbers: Vec<i64> = visitor.sightings.iter().map(|row| row.sighting).collect();
            if numbers.iter().any(|number| self.sightings.contains(number)) {
                chosen.extend(numbers);
            }
        }
        for number in &self.sightings {
            if !chosen.contains(number) {
                chosen.push(*number);
            }
        }
        Ok(chosen)
    }
}

fn assign(args: &AssignArgs, context: &Context) -> Result<()> {
    let code = PersonCode::parse(&args.to)?;
    let mut store = context.store_to_change()?;
    let person = store
        .everybody()?
        .into_iter()
        .find(|person| person.code == code)
        .with_context(|| format!("nobody has the code {code}"))?;
    let chosen = args.which.chosen(&store)?;
    let best = best_of(&store, &chosen)?;
    let operator = args.by.clone().unwrap_or_else(operator);
    // What can be refused comes first, so that all or nothing is done.
    let sample = if args.add {
        Some(sample(&best, &person, &store, context)?)
    } else {
        None
    };
    if let Some(direction) = args.punch {
        let correction = Correction {
            deed: Deed::Add {
                code: code.clone(),
                when: When {
                    at: best.at,
                    local_day: context.config.policies().attendance.local_day(&best.at),
                },
                direction: direction.into(),
            },
            operator: operator.clone(),
            reason: args.reason.clone().unwrap_or_else(|| {
                format!("was seen and not recognised, sighting {}", best.sighting)
            }),
            face: None,
        };
        store.correct(&correction, context.clock.now().wall)?;
        println!(
            "a punch of {} at {} was added",
            person.name,
            best.at.format("%H:%M:%S")
        );
    }
    if let Some(sample) = sample {
        store.add_templates(&code, &[sample], context.author(&operator))?;
        println!(
            "the face of sighting {} is a sample of {} now",
            best.sighting, person.name
        );
    }
    store.assign_sightings(&chosen, &code, context.author(&operator))?;
    println!("{} sightings were {} ({code})", chosen.len(), person.name);
    Ok(())
}

/// Of several the one whose face was seen best.
fn best_of(store: &Store, chosen: &[i64]) -> Result<SightingRow> {
    let rows = chosen
        .iter()
        .map(|&number| row(store, number))
        .collect::<Result<Vec<_>>>()?;
    rows.into_iter()
        .max_by(|a, b| {
            a.quality
                .unwrap_or(-1.0)
                .total_cmp(&b.quality.unwrap_or(-1.0))
        })
        .context("name at least one sighting")
}

/// The face of a sighting as a sample, after the checks of an enrolment.
fn sample(
    row: &SightingRow,
    person: &Person,
    store: &Store,
    context: &Context,
) -> Result<NewTemplate> {
    let number = row.sighting;
    let Some((face, model)) = &row.face else {
        bail!("the face of sighting {number} is not kept any more");
    };
    anyhow::ensure!(
        embedder_id(context).as_ref() == Some(model),
        "sighting {number} was made with another embedder than the one in use"
    );
    let has_consent = store.person_row(&person.code)?.consent_at.is_some();
    anyhow::ensure!(
        has_consent || !context.config.privacy.consent_required,
        "{} has to agree before a face is kept: `rollcall people consent {}`",
        person.name,
        person.code
    );
    let known = KnownPeople::of(store, model)?;
    let policy = context.config.policies().matching;
    match may_join(&known.gallery, &policy, person.id, face) {
        Ok(()) => {}
        Err(Unfit::Clash(candidate)) => bail!(
            "this face is enrolled as {}, similarity {}",
            known
                .person(candidate.person)
                .map_or_else(|| "somebody".into(), |p| format!("{} ({})", p.name, p.code)),
            candidate.similarity
        ),
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
