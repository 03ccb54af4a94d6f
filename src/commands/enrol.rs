//! `rollcall enrol`: a person from pictures on the disk.

use anyhow::{Result, bail};
use serde::Serialize;

use super::album::Album;
use super::table::print_json;
use super::{Context, KnownPeople, Look, data_folder, enrol_camera, enrol_folder, operator};
use crate::cli::{EnrolArgs, Outcome};
use crate::core::person::{Person, PersonCode, PersonName};
use crate::store::{NewPerson, Store};

#[derive(Serialize)]
struct Report {
    code: String,
    name: String,
    templates: usize,
    pictures: Vec<PictureReport>,
}

#[derive(Serialize)]
struct PictureReport {
    image: String,
    kept: bool,
    /// Why the picture was refused.
    reason: Option<String>,
}

/// Runs the command: "no" if some of the pictures were refused.
pub(super) fn run(args: &EnrolArgs, context: &Context) -> Result<Outcome> {
    if args.camera.is_some() {
        return enrol_camera::run(args, context);
    }
    if let Some(people) = &args.dir {
        return enrol_folder::run(people, args, context);
    }
    let (Some(name), Some(code)) = (&args.name, &args.code) else {
        bail!("say who it is with --name and --code, or name a folder of people with --dir");
    };
    let (name, code) = (PersonName::parse(name)?, PersonCode::parse(code)?);
    let consent = args.consent.as_deref();
    let consent_at = consent
        .map(|text| context.parse_consent(text))
        .transpose()?;
    let folder = data_folder::for_work(context)?;
    if let Some(remark) = &folder.remark {
        eprintln!("{remark}");
    }
    let mut store = Store::open(&folder.path)?;
    let existing = existing_person(&store, &name, &code, args.add)?;
    let has_consent = match &existing {
        Some(person) => store.person_row(&person.code)?.consent_at.is_some(),
        None => false,
    };
    if context.config.privacy.consent_required && consent_at.is_none() && !has_consent {
        bail!(
            "{name} has to agree before a face is kept: say when with --consent today or \
             --consent 2026-11-23"
        );
    }
    let mut recogniser = context.recogniser(Look::Still)?;
    let known = KnownPeople::to_compare(&store, recogniser.model_id())?;

    let mut album = Album {
        largest: args.largest,
        existing: existing.as_ref(),
        another_person: args.another_person,
        ..Album::new(&known, context.config.policies().matching)
    };
    let mut pictures = Vec::with_capacity(args.images.len());
    for path in &args.images {
        let outcome = album.add(path, &mut recogniser);
        if let Err(reason) = &outcome {
            eprintln!("refused {}: {reason:#}", path.display());
        }
        pictures.push(PictureReport {
            image: path.display().to_string(),
            kept: outcome.is_ok(),
            reason: outcome.err().map(|reason| format!("{reason:#}")),
        });
    }
    if let Some(remark) = album.remark() {
        eprintln!("{name} {remark}");
    }
    let stated = album.statement();
    let templates = album.templates;
    if templates.is_empty() {
        bail!("{name} was not enrolled: none of the pictures can be used");
    }
    let refused = pictures.iter().filter(|p| !p.kept).count();
    let operator = operator();
    let author = context.author(&operator);
    let (person, added) = match existing {
        Some(person) => {
            if let Some(at) = consent_at {
                store.set_consent(&person.code, at, author)?;
            }
            store.add_stated_templates(&person.code, &templates, stated.as_ref(), author)?
        }
        None => store.add_stated_person(
            &NewPerson {
                name,
                code,
                consent_at,
                templates,
            },
            stated.as_ref(),
            author,
        )?,
    };
    if args.json {
        print_json(&Report {
            code: person.code.to_string(),
            name: person.name.to_string(),
            templates: added.len(),
            pictures,
        })?;
    } else {
        println!(
            "enrolled {} ({}) with {} pictures",
            person.name,
            person.code,
            added.len()
        );
    }
    Ok(if refused == 0 {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// The person to add pictures to, if that is what is asked.
fn existing_person(
    store: &Store,
    name: &PersonName,
    code: &PersonCode,
    add: bool,
) -> Result<Option<Person>> {
    let holder = store.everybody()?.into_iter().find(|p| p.code == *code);
    match (holder, add) {
        (None, false) => Ok(None),
        (None, true) => bail!("nobody has the code {code}; enrol the person without --add"),
        (Some(holder), false) => bail!(
            "the code {code} belongs to {}; to add pictures to that person, say --add",
            holder.name
        ),
        (Some(holder), true) if holder.name != *name => bail!(
            "the code {code} belongs to {}, not to {name}; nothing was added",
            holder.name
        ),
        (Some(holder), true) => Ok(Some(holder)),
    }
}
