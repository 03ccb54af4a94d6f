//! `rollcall import`: people, attendance and embeddings of other systems.

mod hints;
mod show;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use serde::Serialize;

use super::import_identity::{self, Everybody, Statements};
use super::table::print_json;
use super::{Context, Look, data_folder, operator, past, stills};
use crate::cases::{self, Agreement, CaseError};
use crate::cli::{
    ImportAttendanceArgs, ImportCommand, ImportEmbeddingsArgs, ImportFileArgs, ImportPeopleArgs,
    Outcome,
};
use crate::core::embedding::{Embedding, ModelId};
use crate::core::person::PersonName;
use crate::import::embeddings::{self, NamedEmbedding, Whose};
use crate::import::{self, Calendar, FreeCodes, Roster, Rows};
use crate::inference::manifest::ModelFamily;
use crate::store::{Imported, ImportedPerson, NewPerson, NewTemplate, Store, StoreError};

/// Similarity from which two templates are the same numbers, rounded differently.
const SAME_TEMPLATE: f32 = 0.999_99;

/// Runs the command.
pub(super) fn run(command: &ImportCommand, context: &Context) -> Result<Outcome> {
    match command {
        ImportCommand::People(args) => import_people(args, context),
        ImportCommand::Attendance(args) => import_attendance(args, context),
        ImportCommand::Embeddings(args) => import_embeddings(args, context),
    }
}

fn import_people(args: &ImportPeopleArgs, context: &Context) -> Result<Outcome> {
    let source = &args.source;
    let hints = hints::of_people(args)?;
    let bytes = read_file(&source.file)?;
    let roster = roster(context)?;
    let read = with_calendar(context, |calendar| {
        import::people(&bytes, calendar, &roster, &hints)
    });
    let Some(rows) = understood(read, source)? else {
        return Ok(Outcome::Done);
    };
    let imported = apply_people(&rows, args, context)?;
    report(source, imported, "people")
}

/// Adds people, and takes over what the file says anew of those who are there: if that alters
/// days that have passed, after asking.
fn apply_people(
    rows: &Rows<ImportedPerson>,
    args: &ImportPeopleArgs,
    context: &Context,
) -> Result<Imported> {
    let mut store = store_to_fill(context)?;
    let operator = operator();
    let mut import = |is_agreed| {
        let author = context.author(&operator);
        cases::people::import(context, &mut store, (&rows.rows, is_agreed), author)
    };
    let mut outcome = import(false);
    if let Ok(cases::Outcome::Asks(Agreement::AltersThePast(alteration))) = &outcome {
        past::confirm(alteration, args.yes)?;
        outcome = import(true);
    }
    match outcome {
        Ok(cases::Outcome::Done(imported)) => Ok(imported),
        Ok(cases::Outcome::Asks(agreement)) => bail!("nothing was imported: {agreement}"),
        Err(CaseError::Row { row, error }) => located(Err((row, error)), rows, &args.source.file),
        Err(error) => Err(error.into()),
    }
}

fn import_attendance(args: &ImportAttendanceArgs, context: &Context) -> Result<Outcome> {
    let source = &args.source;
    let hints = hints::of_attendance(args)?;
    let bytes = read_file(&source.file)?;
    let roster = roster_of(&context.store_to_read()?)?;
    let read = with_calendar(context, |calendar| {
        import::attendance(&bytes, calendar, &roster, &hints)
    });
    let Some(mut rows) = understood(read, source)? else {
        return Ok(Outcome::Done);
    };
    // Whatever offset a time was written with, it is measured by the station's clock.
    for event in &mut rows.rows {
        event.when.at = context.clock.localise(event.when.at);
    }
    let operator = operator();
    let mut store = super::store_to_change(context)?;
    let outcome = store.import_events(&rows.rows, &hints.file_name, context.author(&operator));
    report(source, located(outcome, &rows, &source.file)?, "punches")
}

fn import_embeddings(args: &ImportEmbeddingsArgs, context: &Context) -> Result<Outcome> {
    let names = args.names.as_deref().map(read_file).transpose()?;
    let names = names
        .map(String::from_utf8)
        .transpose()
        .context("the file of --names is not UTF-8")?;
    let hints = hints::of_embeddings(args, names.as_deref())?;
    let bytes = read_file(&args.source.file)?;
    let model = args
        .model
        .as_deref()
        .map(|model| named_model(model, context))
        .transpose()?;
    let Some(rows) = understood(embeddings::read(&bytes, &hints), &args.source)? else {
        return Ok(Outcome::Done);
    };
    let consent_at = args
        .consent
        .as_deref()
        .map(|text| context.parse_consent(text))
        .transpose()?;
    if consent_at.is_none() && context.config.privacy.consent_required {
        bail!(
            "say with --consent DATE when these people agreed to be recognised, or ask them first"
        );
    }
    let model = model.context("say with --model which network made the vectors")?;
    let mut people = by_person(&rows, &model);
    if let Some(folder) = &args.pictures {
        add_pictures(&mut people, folder, context)?;
    }
    let mut store = store_to_fill(context)?;
    let everybody = Everybody::of(&store)?;
    let stated = args.another_person;
    let statements = import_identity::check(&people, stated, &everybody, &store, context)?;
    let people = (people, statements, everybody);
    let imported = add_templates(people, consent_at, args, &mut store, context)?;
    report(&args.source, imported, "templates")
}

/// The templates of each person of the file, in its order of names.
fn by_person(rows: &Rows<NamedEmbedding>, model: &ModelId) -> BTreeMap<Whose, Vec<NewTemplate>> {
    let mut people: BTreeMap<Whose, Vec<NewTemplate>> = BTreeMap::new();
    for NamedEmbedding { whose, embedding } in &rows.rows {
        people.entry(whose.clone()).or_default().push(NewTemplate {
            embedding: embedding.clone(),
            model: model.clone(),
            quality: 1.0,
            jpeg: None,
        });
    }
    people
}

/// Adds what the network in use makes of the pictures: `FOLDER/NAME.jpg` or `FOLDER/NAME/*`.
fn add_pictures(
    people: &mut BTreeMap<Whose, Vec<NewTemplate>>,
    folder: &Path,
    context: &Context,
) -> Result<()> {
    let mut recogniser = context.recogniser(Look::Still)?;
    for (whose, templates) in people {
        for path in pictures_of(&import_identity::name_of(whose)?, folder)? {
            let still = match stills::look_at(&path, &mut recogniser) {
                Ok(still) => still,
                Err(error) => {
                    eprintln!("left out {}: {error:#}", path.display());
                    continue;
                }
            };
            match still.faces.as_slice() {
                [face] => templates.push(still.template_of(face, &recogniser)?),
                faces => eprintln!(
                    "left out {}: {} faces were found",
                    path.display(),
                    faces.len()
                ),
            }
        }
    }
    Ok(())
}

fn pictures_of(name: &PersonName, folder: &Path) -> Result<Vec<PathBuf>> {
    // A name is no path: nothing in it may lead out of the folder.
    if name.as_str().contains(['/', '\\']) || name.as_str().starts_with('.') {
        bail!("the name {name} cannot be that of a folder; import it without --pictures");
    }
    let mut found = Vec::new();
    let own = folder.join(name.as_str());
    if own.is_dir() {
        for entry in
            std::fs::read_dir(&own).with_context(|| format!("reading {}", own.display()))?
        {
            found.push(
                entry
                    .with_context(|| format!("reading {}", own.display()))?
                    .path(),
            );
        }
    }
    for ending in ["jpg", "jpeg", "png"] {
        found.push(folder.join(format!("{name}.{ending}")));
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn add_templates(
    (people, statements, mut everybody): (BTreeMap<Whose, Vec<NewTemplate>>, Statements, Everybody),
    consent_at: Option<NaiveDate>,
    args: &ImportEmbeddingsArgs,
    store: &mut Store,
    context: &Context,
) -> Result<Imported> {
    let operator = operator();
    let mut imported = Imported::default();
    let mut codes = FreeCodes::besides(&store.codes_ever_used()?);
    for (whose, templates) in people {
        let holder = everybody.holder_of(&whose)?;
        let known: Vec<(ModelId, Embedding)> = match holder {
            Some(person) => store.templates_of(person.id)?,
            None => Vec::new(),
        };
        let is_known = |new: &NewTemplate| {
            known.iter().any(|(model, old)| {
                *model == new.model && old.similarity(&new.embedding).0 >= SAME_TEMPLATE
            })
        };
        let (old, new): (Vec<_>, Vec<_>) = templates.into_iter().partition(is_known);
        imported.known += old.len();
        if new.is_empty() {
            continue;
        }
        imported.added += new.len();
        let author = context.author(&operator);
        let stated = statements.get(&whose).and_then(|s| s.resolve(&everybody));
        let stated = stated.as_ref();
        if let Some(person) = holder {
            store.add_stated_templates(&person.code, &new, stated, author)?;
        } else {
            let code = match &whose {
                Whose::Code(code, _) => code.clone(),
                Whose::Name(_) => codes.next(&args.code_prefix)?,
            };
            codes.take(code.clone());
            let person = NewPerson {
                name: import_identity::name_of(&whose)?,
                code,
                consent_at,
                templates: new,
            };
            let (person, _) = store.add_stated_person(&person, stated, author)?;
            everybody.add(person);
        }
    }
    Ok(imported)
}

/// The network that made the vectors: "current", or the SHA-256 of its weights.
fn named_model(text: &str, context: &Context) -> Result<ModelId> {
    if text == "current" {
        return Ok(context.manifest()?.find(ModelFamily::Arcface)?.model_id());
    }
    let is_hash = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    anyhow::ensure!(
        is_hash,
        "--model {text:?}: say \"current\" if the network in use made the vectors, or give at \
         least 16 digits of the SHA-256 of the weights that did; vectors of other networks are \
         kept and never compared"
    );
    Ok(ModelId::from_sha256(&text.to_ascii_lowercase()))
}

/// Lends the clock and the rules of the day to a reader.
fn with_calendar<T>(context: &Context, read: impl FnOnce(&Calendar<'_>) -> T) -> T {
    let policy = context.config.policies().attendance;
    let zone = match context.config.attendance.time_zone.as_str() {
        "" => "this machine's",
        name => name,
    };
    read(&Calendar {
        parse_time: &|text| match super::correction::parse_time(text, &context.clock) {
            // Whatever offset it was written with, its day is that of the clock here.
            Ok(at) => Ok(context.clock.localise(at)),
            Err(error) => Err(error.to_string()),
        },
        local_day: &|at| policy.local_day(at),
        today: context.clock.now().wall.date_naive(),
        rule: &policy,
        zone,
    })
}

/// The people there are; nobody where there is no station yet.
fn roster(context: &Context) -> Result<Roster> {
    if !context
        .data_dir()
        .join(crate::store::DATABASE_FILE)
        .exists()
    {
        return Ok(Roster::default());
    }
    roster_of(&context.store_to_read()?)
}

fn roster_of(store: &Store) -> Result<Roster> {
    let people = store
        .everybody()?
        .into_iter()
        .map(|person| (person.code, person.name));
    Ok(Roster::new(people.collect(), &store.codes_ever_used()?))
}

/// The rows that are to be imported; none of a run that only shows how the file was read.
fn understood<T>(
    read: Result<import::Read<T>, import::ImportError>,
    args: &ImportFileArgs,
) -> Result<Option<Rows<T>>> {
    let import::Read { rows, understood } =
        read.with_context(|| format!("importing {}", args.file.display()))?;
    if args.dry_run {
        show::print(&understood, args)?;
        return Ok(None);
    }
    show::remarks(&understood);
    Ok(Some(rows))
}

fn located<T>(
    outcome: Result<Imported, (usize, StoreError)>,
    rows: &Rows<T>,
    file: &Path,
) -> Result<Imported> {
    outcome.map_err(|(row, error)| {
        let line = rows.lines.get(row).copied().unwrap_or_default();
        anyhow::anyhow!(
            "{}, {} {line}: {error}; nothing was imported",
            file.display(),
            rows.unit
        )
    })
}

fn store_to_fill(context: &Context) -> Result<Store> {
    let folder = data_folder::for_work(context)?;
    if let Some(remark) = &folder.remark {
        eprintln!("{remark}");
    }
    let mut store = Store::open(&folder.path)?;
    past::say_notice(&mut store, context);
    Ok(store)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    // A shell may give a pipe: <(command).
    crate::read_bounded::file_or_pipe(path, crate::read_bounded::TABLE_BYTES)
        .with_context(|| format!("reading {}", path.display()))
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    imported: Imported,
}

fn report(args: &ImportFileArgs, imported: Imported, what: &str) -> Result<Outcome> {
    if args.json {
        print_json(&Report { imported })?;
    } else {
        print!(
            "{} {what} imported; {} were there already",
            imported.added, imported.known
        );
        match imported.changed {
            0 => println!(),
            changed => println!(", {changed} of them with something new"),
        }
    }
    Ok(Outcome::Done)
}
