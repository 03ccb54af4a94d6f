//! `rollcall enrol --dir`: many people from a folder of their pictures.
//!
//! Each person is one transaction, and whoever is enrolled already is skipped, so that an
//! interrupted run is simply started again.

use std::path::Path;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::album::Album;
use super::picture_groups::{Group, Groups, display_name, groups_in};
use super::table::{Table, print_json};
use super::{Context, KnownPeople, Look, data_folder, operator};
use crate::cases::enrolment::{Faces, SAME_PERSON};
use crate::cli::{EnrolArgs, Outcome};
use crate::core::enrolment::identity::AnotherPerson;
use crate::core::gallery::Template;
use crate::core::person::{Expectation, Person, PersonCode, PersonId, PersonName, TemplateId};
use crate::core::printable::printable_line;
use crate::inference::recogniser::Recogniser;
use crate::store::{NewPerson, NewTemplate, Store};

/// Samples of a person that are kept at most; more only take time at every look.
const MOST_SAMPLES: usize = 10;

/// What became of a folder.
#[derive(Debug, Serialize)]
struct FolderReport {
    folder: String,
    name: Option<String>,
    code: Option<String>,
    outcome: &'static str,
    /// Why it was skipped or refused.
    reason: Option<String>,
    samples: usize,
    refused_pictures: Vec<RefusedPicture>,
}

#[derive(Debug, Serialize)]
struct RefusedPicture {
    image: String,
    reason: String,
}

const ENROLLED: &str = "enrolled";
const SKIPPED: &str = "skipped";
const REFUSED: &str = "refused";

/// Runs the command: "no" if a person or a picture was refused.
pub(super) fn run(people: &Path, args: &EnrolArgs, context: &Context) -> Result<Outcome> {
    let Groups { groups, nobodys } = groups_in(people)?;
    anyhow::ensure!(
        !groups.is_empty(),
        "{} has no folder in it; it takes one for each person, or pictures that are called \
         NAME_UNIXTIME_NUMBER.jpg",
        people.display()
    );
    for picture in &nobodys {
        eprintln!(
            "left out {}: it is in nobody's folder, and is not called NAME_UNIXTIME_NUMBER.jpg",
            picture.display()
        );
    }
    let consent_at = args
        .consent
        .as_deref()
        .map(|text| context.parse_consent(text))
        .transpose()?;
    if context.config.privacy.consent_required && consent_at.is_none() {
        bail!("all of them have to agree before a face is kept: say when with --consent");
    }
    let data = data_folder::for_work(context)?;
    let mut store = Store::open(&data.path)?;
    let mut recogniser = context.recogniser(Look::Still)?;
    let mut known = KnownPeople::to_compare(&store, recogniser.model_id())?;
    let mut codes = store.codes_ever_used()?;
    let operator = operator();
    let bar = progress_bar(groups.len());
    let mut reports = Vec::with_capacity(groups.len());
    for group in &groups {
        bar.set_message(printable_line(&group.label).into_owned());
        let (mut report, new) = prepare(group, args, &known, &codes, &mut recogniser, context);
        if let Some((mut new, stated)) = new {
            new.consent_at = consent_at;
            codes.push(new.code.clone());
            let added = if args.dry_run {
                imagined(&new, known.people.len())
            } else {
                match store.add_stated_person(&new, stated.as_ref(), context.author(&operator)) {
                    Ok(added) => added,
                    // A full disk is full for all of them: what is done is done.
                    Err(error) if !error.is_permanent() => return Err(error.into()),
                    Err(error) => {
                        report.outcome = REFUSED;
                        report.reason = Some(error.to_string());
                        reports.push(report);
                        bar.inc(1);
                        continue;
                    }
                }
            };
            // The next folder is compared with this one too.
            let (person, templates) = added;
            known.people.push(person);
            for template in &templates {
                known.gallery.insert(template);
            }
        }
        reports.push(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    print(&reports, args)?;
    let is_clean =
        |report: &FolderReport| report.outcome != REFUSED && report.refused_pictures.is_empty();
    Ok(if reports.iter().all(is_clean) {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// None where nobody watches.
fn progress_bar(folders: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos}/{len} {wide_bar} {msg}");
    let bar = ProgressBar::new(folders as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What a person of this folder would be, or why there is none.
fn prepare(
    group: &Group,
    args: &EnrolArgs,
    known: &KnownPeople,
    codes: &[PersonCode],
    recogniser: &mut Recogniser,
    context: &Context,
) -> (FolderReport, Option<(NewPerson, Option<AnotherPerson>)>) {
    let mut report = FolderReport {
        folder: group.label.clone(),
        name: None,
        code: None,
        outcome: REFUSED,
        reason: None,
        samples: 0,
        refused_pictures: Vec::new(),
    };
    let (name, code) = match named(&report.folder) {
        Ok(named) => named,
        Err(error) => {
            report.reason = Some(error.to_string());
            return (report, None);
        }
    };
    report.name = Some(name.to_string());
    if let Some(holder) = holder(&name, code.as_ref(), known) {
        report.code = Some(holder.code.to_string());
        if holder.name == name {
            report.outcome = SKIPPED;
            report.reason = Some("is enrolled already".into());
        } else {
            report.reason = Some(format!(
                "the code {} belongs to {}",
                holder.code, holder.name
            ));
        }
        return (report, None);
    }
    let Some(code) = code.or_else(|| free_code(known, codes)) else {
        report.reason = Some("no code is free; call the folder NAME (CODE)".into());
        return (report, None);
    };
    report.code = Some(code.to_string());
    let mut faces = Faces::of(known, context.config.policies().matching);
    faces.another_person = args.another_person;
    let mut album = Album {
        largest: args.largest,
        faces,
    };
    if group.pictures.is_empty() {
        report.reason = Some("there is no file in it".into());
        return (report, None);
    }
    for picture in &group.pictures {
        if let Err(error) = album.add(picture, recogniser) {
            report.refused_pictures.push(RefusedPicture {
                image: display_name(picture),
                reason: format!("{error:#}"),
            });
        }
    }
    report.reason = album.remark();
    let stated = album.faces.statement();
    let templates = best(album.faces.templates);
    if templates.is_empty() {
        report.reason = Some("none of the pictures can be used".into());
        return (report, None);
    }
    report.outcome = ENROLLED;
    report.samples = templates.len();
    let new = NewPerson {
        name,
        code,
        consent_at: None,
        templates,
    };
    (report, Some((new, stated)))
}

/// "Ana Torres (E-017)" has a code, "Ana Torres" has none.
fn named(folder: &str) -> Result<(PersonName, Option<PersonCode>)> {
    let coded = folder
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    Ok(match coded {
        Some((name, code)) => (PersonName::parse(name)?, Some(PersonCode::parse(code)?)),
        None => (PersonName::parse(folder)?, None),
    })
}

/// Who has the code, or without a code the name.
fn holder<'k>(
    name: &PersonName,
    code: Option<&PersonCode>,
    known: &'k KnownPeople,
) -> Option<&'k Person> {
    known.people.iter().find(|person| match code {
        Some(code) => person.code == *code,
        None => person.name == *name,
    })
}

fn free_code(known: &KnownPeople, codes: &[PersonCode]) -> Option<PersonCode> {
    let last = known.people.last().map(|person| &person.code);
    PersonCode::after(last, codes.len(), |code| codes.contains(code))
}

/// The samples that are kept: those unlike most of the others go (somebody else in a few of
/// the pictures), and of many those stay that are least alike, the best one in any case.
fn best(mut templates: Vec<NewTemplate>) -> Vec<NewTemplate> {
    let alike = |a: &NewTemplate, b: &NewTemplate| a.embedding.similarity(&b.embedding);
    let friends: Vec<usize> = templates
        .iter()
        .map(|one| {
            templates
                .iter()
                .filter(|other| alike(one, other) >= SAME_PERSON)
                .count()
        })
        .collect();
    let half = templates.len().div_ceil(2);
    let mut friends = friends.into_iter();
    templates.retain(|_| friends.next().is_some_and(|friends| friends >= half));
    templates.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    while templates.len() > MOST_SAMPLES {
        let nearest = |index: usize| {
            let others = (0..templates.len()).filter(|other| *other != index);
            let likeness = others.map(|other| alike(&templates[index], &templates[other]).0);
            likeness.fold(-1.0, f32::max)
        };
        let most_alike = (1..templates.len()).max_by(|a, b| nearest(*a).total_cmp(&nearest(*b)));
        templates.remove(most_alike.unwrap_or(1));
    }
    templates
}

/// A person as the database would have made it, for a run that writes nothing.
fn imagined(new: &NewPerson, people: usize) -> (Person, Vec<Template>) {
    // No row has a number below one.
    let id = -1 - people as i64;
    let person = Person {
        id: PersonId(id),
        code: new.code.clone(),
        name: new.name.clone(),
        team: None,
        active: true,
        created_at: chrono::DateTime::default(),
        template_count: new.templates.len(),
        expectation: Expectation::default(),
    };
    let templates = new.templates.iter().map(|template| Template {
        id: TemplateId(id),
        person: person.id,
        embedding: template.embedding.clone(),
    });
    let templates = templates.collect();
    (person, templates)
}

fn print(reports: &[FolderReport], args: &EnrolArgs) -> Result<()> {
    if args.json {
        return Ok(print_json(&reports)?);
    }
    let mut table = Table::new(&["Folder", "Code", "Outcome", "Samples", "Why"]);
    for report in reports {
        table.row([
            report.folder.clone(),
            report.code.clone().unwrap_or_default(),
            report.outcome.to_owned(),
            report.samples.to_string(),
            report.reason.clone().unwrap_or_default(),
        ]);
        for picture in &report.refused_pictures {
            table.row([
                format!("  {}", picture.image),
                String::new(),
                "refused".into(),
                String::new(),
                picture.reason.clone(),
            ]);
        }
    }
    table.print()?;
    let count = |outcome| {
        reports
            .iter()
            .filter(|report| report.outcome == outcome)
            .count()
    };
    let done = if args.dry_run {
        "would be enrolled"
    } else {
        "enrolled"
    };
    println!(
        "{} {done}, {} skipped, {} refused",
        count(ENROLLED),
        count(SKIPPED),
        count(REFUSED)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::embedding::{Embedding, ModelId};

    #[test]
    fn a_folder_is_called_by_its_person() {
        let named = |folder| named(folder).map(|(n, c)| (n.to_string(), c.map(|c| c.to_string())));
        let ana = |code: Option<&str>| ("Ana Torres".to_owned(), code.map(str::to_owned));
        assert_eq!(named("Ana Torres").unwrap(), ana(None));
        assert_eq!(named("Ana Torres (E-017)").unwrap(), ana(Some("E-017")));
        assert_eq!(named("Ana (Torres) (E-017)").unwrap().0, "Ana (Torres)");
        assert!(named("(E-017)").is_err());
        assert!(named("Ana ()").is_err());
    }

    fn sample(axis: usize, own: usize, quality: f32) -> NewTemplate {
        let mut values = vec![0.0; 40];
        values[axis] = 0.8;
        values[4 + own] = 0.6;
        NewTemplate {
            embedding: Embedding::from_raw(values).unwrap(),
            model: ModelId::from_sha256("00"),
            quality,
            jpeg: None,
        }
    }

    #[test]
    fn of_many_samples_few_and_different_ones_are_kept_and_strangers_go() {
        let mut samples: Vec<NewTemplate> = (0..12).map(|n| sample(0, n, 0.5)).collect();
        samples.push(sample(0, 3, 0.9));
        samples.push(sample(1, 20, 0.9));
        let kept = best(samples);
        assert_eq!(kept.len(), MOST_SAMPLES);
        assert_eq!(kept[0].quality, 0.9, "the best one stays");
        let stranger = sample(1, 20, 0.9);
        assert!(
            kept.iter()
                .all(|t| t.embedding.similarity(&stranger.embedding) < SAME_PERSON)
        );
        // The twin of the best one went first.
        let twin = sample(0, 3, 0.5);
        assert_eq!(
            kept.iter()
                .filter(|t| t.embedding == twin.embedding)
                .count(),
            1
        );
        assert_eq!(best(vec![sample(0, 0, 0.5)]).len(), 1);
    }
}
