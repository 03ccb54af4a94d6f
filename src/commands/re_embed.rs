//! `rollcall people re-embed`: templates of another embedder, made anew from the
//! pictures that were kept.
//!
//! Every person is one transaction, and who is done already is left alone, so that
//! the command can be interrupted and run again.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::table::print_json;
use super::{Context, Look, operator, stills};
use crate::cli::{Outcome, ReEmbedArgs};
use crate::core::embedding::{Cosine, Embedding};
use crate::core::person::{Person, PersonCode, TemplateId};
use crate::inference::recogniser::Recogniser;
use crate::store::{ForeignTemplate, Replacement, StationLock, Store};

/// Two pictures of one person, perhaps years apart, are at least this alike.
const SAME_PERSON: Cosine = Cosine(0.25);

#[derive(Serialize)]
struct Report {
    code: String,
    name: String,
    /// Templates made anew now.
    redone: usize,
    /// Those that could not be, and why.
    problems: Vec<String>,
}

/// Runs the command: "no" if some templates could not be made anew.
pub(super) fn run(args: &ReEmbedArgs, context: &Context) -> Result<Outcome> {
    let mut store = super::store_to_change(context)?;
    // A station that runs with the old embedder would lose the templates it compares with.
    let _lock = StationLock::take(context.data_dir())
        .context("stop the station first, and start it again with the new embedder")?;
    let mut recogniser = context.recogniser(Look::Still)?;
    let people = match &args.code {
        Some(code) => vec![store.person(&PersonCode::parse(code)?)?],
        None => store.everybody()?,
    };
    let login = operator();
    let mut reports = Vec::new();
    for person in people {
        let foreign = store.foreign_templates(person.id, recogniser.model_id())?;
        if foreign.is_empty() {
            continue;
        }
        let done = store.embeddings_of(person.id, recogniser.model_id())?;
        let (mut replacements, mut problems) = embed_again(&store, &foreign, &mut recogniser);
        problems.extend(refuse_odd_ones(&mut replacements, &done));
        if !replacements.is_empty() {
            let model = recogniser.model_id().clone();
            store.re_embed(&person.code, &model, &replacements, context.author(&login))?;
        }
        let report = report(&person, replacements.len(), problems);
        if !args.json {
            print(&report);
        }
        reports.push(report);
    }
    if args.json {
        print_json(&reports)?;
    } else if reports.is_empty() {
        println!("all templates were made by the embedder in use");
    }
    let all_redone = reports.iter().all(|report| report.problems.is_empty());
    Ok(if all_redone {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// The person's templates as the embedder in use makes them, and what could not be made.
fn embed_again(
    store: &Store,
    foreign: &[ForeignTemplate],
    recogniser: &mut Recogniser,
) -> (Vec<Replacement>, Vec<String>) {
    let mut replacements = Vec::new();
    let mut problems = Vec::new();
    for template in foreign {
        match embed_picture(store, template, recogniser) {
            Ok(replacement) => replacements.push(replacement),
            Err(error) => problems.push(format!("template {}: {error:#}", template.id.0)),
        }
    }
    (replacements, problems)
}

/// Takes out those that are like none of the others nor of `done`: where now
/// another face is the largest, its template would open the door to that face.
fn refuse_odd_ones(replacements: &mut Vec<Replacement>, done: &[Embedding]) -> Vec<String> {
    let all: Vec<(Option<TemplateId>, Embedding)> = replacements
        .iter()
        .map(|new| (Some(new.id), new.embedding.clone()))
        .chain(done.iter().map(|embedding| (None, embedding.clone())))
        .collect();
    let mut problems = Vec::new();
    replacements.retain(|new| {
        let mut others = all.iter().filter(|(id, _)| *id != Some(new.id)).peekable();
        let is_odd = others.peek().is_some()
            && others.all(|(_, other)| other.similarity(&new.embedding) < SAME_PERSON);
        if is_odd {
            problems.push(format!(
                "template {}: its face is unlike those of the person's other pictures",
                new.id.0
            ));
        }
        !is_odd
    });
    problems
}

fn embed_picture(
    store: &Store,
    template: &ForeignTemplate,
    recogniser: &mut Recogniser,
) -> Result<Replacement> {
    let Some(picture) = &template.picture else {
        bail!("no picture of it was kept; enrol the person again");
    };
    let image = crate::picture::decode(&store.picture(picture)?, Path::new(picture))?;
    let still = stills::examine(image, recogniser)?;
    // What is kept is a portrait, so the face it is of is the largest one in it.
    let face = still
        .faces
        .first()
        .with_context(|| format!("no face was found in {picture}"))?;
    Ok(Replacement {
        id: template.id,
        embedding: face
            .embedding
            .clone()
            .with_context(|| format!("the face in {picture} is too poor to embed"))?,
        quality: face.quality.score(),
    })
}

fn report(person: &Person, redone: usize, problems: Vec<String>) -> Report {
    Report {
        code: person.code.to_string(),
        name: person.name.to_string(),
        redone,
        problems,
    }
}

fn print(report: &Report) {
    println!(
        "{} {}: {} made anew",
        report.code, report.name, report.redone
    );
    for problem in &report.problems {
        eprintln!("{}: {problem}", report.code);
    }
}
