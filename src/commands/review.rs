//! `rollcall review`: faces that were given no name, and who they were.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, operator};
use crate::cases::{self, review};
use crate::cli::{AssignArgs, Outcome, ReviewCommand, SightingsArgs};
use crate::core::person::PersonCode;
use crate::core::review::Assignment;
use crate::picture;
use crate::print;
use crate::runtime::desk::told;
use crate::store::{SightingRow, SightingState, Store};
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
            let mut store = super::store_to_change(context)?;
            let chosen = args.chosen(&store)?;
            store.ignore_sightings(&chosen, context.author(&operator()))?;
            println!("{} sightings ignored; their faces are erased", chosen.len());
        }
        ReviewCommand::Delete(args) => {
            let mut store = super::store_to_change(context)?;
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

fn visitors(rows: Vec<SightingRow>) -> Vec<Visitor> {
    let groups = review::grouped(rows).into_iter().zip(1..);
    groups
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
            print::picture(&picture_as_text(&image, PICTURE, colours, charset));
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
    let mut store = super::store_to_change(context)?;
    let assignment = Assignment {
        sightings: args.which.chosen(&store)?,
        code: PersonCode::parse(&args.to)?,
        add: args.add,
        another_person: args.another_person,
        punch: args.punch.map(Into::into),
        reason: args.reason.clone(),
        by: args.by.clone().unwrap_or_else(operator),
    };
    let rules = context.review_rules()?;
    match review::assign(&mut store, &assignment, &rules, context.now())? {
        cases::Outcome::Done(assigned) => {
            for line in told(&assigned) {
                println!("{line}");
            }
        }
        cases::Outcome::Asks(agreement) => {
            bail!("{agreement}; if it is another person, say --another-person")
        }
    }
    Ok(())
}
