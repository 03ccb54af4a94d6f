//! `rollcall enrol`: a person from pictures on the disk.

use anyhow::{Result, bail};
use serde::Serialize;

use super::album::Album;
use super::table::print_json;
use super::{Context, KnownPeople, Look, data_folder, enrol_camera, enrol_folder, operator};
use crate::cases::enrolment::{self, Faces, Who};
use crate::cli::{EnrolArgs, Outcome};
use crate::core::person::{PersonCode, PersonName};
use crate::store::Store;

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
    let who = Who {
        name: name.clone(),
        code,
        consent_at,
    };
    let existing = enrolment::holder(context, &store, &who, args.add)?;
    let mut recogniser = context.recogniser(Look::Still)?;
    let known = KnownPeople::to_compare(&store, recogniser.model_id())?;

    let mut faces = Faces::of(&known, context.config.policies().matching);
    faces.existing = existing.as_ref();
    faces.another_person = args.another_person;
    let mut album = Album {
        largest: args.largest,
        faces,
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
    let faces = album.faces;
    if faces.templates.is_empty() {
        bail!("{name} was not enrolled: none of the pictures can be used");
    }
    let refused = pictures.iter().filter(|p| !p.kept).count();
    let operator = operator();
    let author = context.author(&operator);
    let (person, added) = enrolment::enrol(&mut store, (who, existing.as_ref()), faces, author)?;
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
