//! `rollcall people`: list and change people.

use std::path::Path;

use anyhow::{Result, bail};
use chrono::NaiveDate;
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, operator, past, pin, re_embed};
use crate::cli::{Outcome, PeopleCommand};
use crate::core::gallery::TemplateKind;
use crate::core::person::{Expectation, Person, PersonCode, PersonName};
use crate::core::worktime::alteration::Alteration;
use crate::store::{Attendance, Author, ErasureReceipt, PersonData, PersonRow, Store, StoreError};

/// Runs the command.
pub(super) fn run(command: &PeopleCommand, context: &Context) -> Result<Outcome> {
    let operator = operator();
    let author = context.author(&operator);
    match command {
        PeopleCommand::ReEmbed(args) => return re_embed::run(args, context),
        PeopleCommand::List(args) => {
            let rows = context.store_to_read()?.people()?;
            if args.json {
                print_json(&rows)?;
            } else {
                print_table(&rows)?;
            }
        }
        PeopleCommand::Show { code, json } => {
            let row = context
                .store_to_read()?
                .person_row(&PersonCode::parse(code)?)?;
            if *json {
                print_json(&row)?;
            } else {
                print_person(&row);
            }
        }
        PeopleCommand::Templates { code, json } => print_templates(code, *json, context)?,
        PeopleCommand::ForgetAdaptive { code, .. } => {
            let code = code.as_deref().map(PersonCode::parse).transpose()?;
            let mut store = context.store_to_change()?;
            let forgotten = store.forget_adaptive(code.as_ref(), author)?;
            println!("{forgotten} templates that the station had made itself are gone");
        }
        PeopleCommand::Rename { code, name } => {
            let (code, name) = (PersonCode::parse(code)?, PersonName::parse(name)?);
            let person = context.store_to_change()?.rename(&code, &name, author)?;
            println!("{} is now called {}", person.code, person.name);
        }
        PeopleCommand::Deactivate { code, from, yes } => {
            deactivate(&PersonCode::parse(code)?, *from, *yes, context, author)?;
        }
        PeopleCommand::Activate { code } => {
            let code = PersonCode::parse(code)?;
            let person = context.store_to_change()?.activate(&code, author)?;
            println!("{} ({}) is recognised again", person.name, person.code);
        }
        PeopleCommand::Consent { code, date } => {
            let code = PersonCode::parse(code)?;
            let day = context.parse_consent(date)?;
            context.store_to_change()?.set_consent(&code, day, author)?;
            println!("{code} agreed on {day}");
        }
        PeopleCommand::Expect { code, from, yes } => {
            expect(&PersonCode::parse(code)?, *from, *yes, context, author)?;
        }
        PeopleCommand::Team { code, team, yes } => {
            set_team(
                &PersonCode::parse(code)?,
                team.as_deref(),
                *yes,
                context,
                author,
            )?;
        }
        PeopleCommand::Pin(command) => pin::run(command, context, author)?,
        PeopleCommand::ExportData { code, output, json } => {
            let code = PersonCode::parse(code)?;
            let data = context.store_to_read()?.export_person(&code, output)?;
            if *json {
                print_json(&data)?;
            } else {
                print_exported(output, &data);
            }
        }
        PeopleCommand::Delete {
            code,
            anonymise,
            json,
            yes,
        } => {
            let attendance = if *anonymise {
                Attendance::Anonymised
            } else {
                Attendance::KeepsCode
            };
            let code = PersonCode::parse(code)?;
            delete(&code, attendance, (*yes, *json), context, author)?;
        }
    }
    Ok(Outcome::Done)
}

/// Writes a change of a person, once it was agreed to what it alters of days that have passed.
fn alter<T>(
    code: &PersonCode,
    (yes, context): (bool, &Context),
    author: Author<'_>,
    change: impl Fn(&mut Person),
    write: impl FnOnce(&mut Store) -> Result<T, StoreError>,
) -> Result<()> {
    let mut store = context.store_to_change()?;
    store.person(code)?;
    let alteration = past::foreseen(&store, context, &|person| {
        if person.code == *code {
            change(person);
        }
    })?;
    past::confirm(&alteration, yes)?;
    write(&mut store)?;
    past::note(&mut store, &alteration, code.as_str(), author)
}

fn expect(
    code: &PersonCode,
    from: NaiveDate,
    yes: bool,
    context: &Context,
    author: Author<'_>,
) -> Result<()> {
    let change = |person: &mut Person| person.expectation.from = Some(from);
    alter(code, (yes, context), author, change, |store| {
        store.expect_from(code, from, author)
    })?;
    println!("{code} is expected from {from} on");
    Ok(())
}

fn set_team(
    code: &PersonCode,
    team: Option<&str>,
    yes: bool,
    context: &Context,
    author: Author<'_>,
) -> Result<()> {
    let change = |person: &mut Person| person.team = team.map(str::to_owned);
    alter(code, (yes, context), author, change, |store| {
        store.set_team(code, team, author)
    })?;
    match team {
        Some(team) => println!("{code} is in the team {team}"),
        None => println!("{code} is in no team"),
    }
    Ok(())
}

/// The past stays as it was: without a day of its own, the person is expected up to yesterday.
fn deactivate(
    code: &PersonCode,
    from: Option<NaiveDate>,
    yes: bool,
    context: &Context,
    author: Author<'_>,
) -> Result<()> {
    let mut store = context.store_to_change()?;
    store.person(code)?;
    let person = if let Some(from) = from {
        let alteration = past::foreseen(&store, context, &|person| {
            if person.code == *code {
                person.expectation.pause_from(from);
            }
        })?;
        past::confirm(&alteration, yes)?;
        let person = store.deactivate_from(code, from, author)?;
        past::note(&mut store, &alteration, code.as_str(), author)?;
        person
    } else {
        store.deactivate(code, author)?
    };
    println!(
        "{} ({}) is no longer recognised; the days before {} stay as they were",
        person.name,
        person.code,
        from.unwrap_or(author.at.date_naive())
    );
    Ok(())
}

/// With the team and the first day goes what the person was expected to do: of the days that
/// have passed the punches stay, but no absence.
fn delete(
    code: &PersonCode,
    attendance: Attendance,
    (yes, json): (bool, bool),
    context: &Context,
    author: Author<'_>,
) -> Result<()> {
    let mut store = context.store_to_change()?;
    let person = store.person(code)?;
    let alteration = past::foreseen(&store, context, &|person| {
        if person.code == *code {
            person.team = None;
            person.expectation = Expectation::never();
        }
    })?;
    if !yes {
        bail!(erasure_warning(&person, &alteration));
    }
    let receipt = store.erase_person(code, attendance, author)?;
    past::note(&mut store, &alteration, code.as_str(), author)?;
    if json {
        eprintln!("{alteration}");
        return Ok(print_json(&receipt)?);
    }
    print_receipt(code.as_str(), &receipt);
    println!("{alteration}");
    Ok(())
}

fn print_exported(folder: &Path, data: &PersonData) {
    println!(
        "{}: {} templates, {} events, {} sightings, {} lines of the audit trail",
        folder.display(),
        data.templates.len(),
        data.attendance.len(),
        data.sightings.len(),
        data.audit.len()
    );
}

fn print_receipt(code: &str, receipt: &ErasureReceipt) {
    println!(
        "erased of {code} on {}",
        receipt.erased_at.format("%Y-%m-%d %H:%M:%S %:z")
    );
    println!("  name, consent, team and PIN");
    println!("  {} templates (face vectors)", receipt.templates);
    println!("  {} pictures", receipt.pictures);
    println!(
        "  the name in {} sightings of unknown faces",
        receipt.sightings
    );
    println!(
        "kept: {} attendance events, under {}",
        receipt.events_kept, receipt.code
    );
    println!("record in the audit trail: {}", receipt.trail_head);
    println!("Backups made before this still hold the data until they are rotated away.");
}

fn erasure_warning(person: &Person, alteration: &Alteration) -> String {
    let past = if alteration.is_none() {
        String::new()
    } else {
        format!(
            "\nWhen the person was expected is erased too: {alteration}. If people are paid by \
             these days, export them first"
        )
    };
    format!(
        "this erases the name, pictures and templates of {} ({}) for good; \
         attendance stays under the code. Say --yes to do it{past}",
        person.name, person.code
    )
}

fn print_table(rows: &[PersonRow]) -> Result<()> {
    let mut table = Table::new(&[
        "Code",
        "Name",
        "State",
        "Templates",
        "Enrolled",
        "Last seen",
    ]);
    for row in rows {
        table.row([
            row.code.to_string(),
            row.name.clone(),
            state(row).to_owned(),
            row.templates.to_string(),
            row.created_at.format("%Y-%m-%d").to_string(),
            last_seen(row),
        ]);
    }
    Ok(table.print()?)
}

fn print_person(row: &PersonRow) {
    println!("code       {}", row.code);
    println!("name       {}", row.name);
    println!("state      {}", state(row));
    println!("team       {}", row.team.as_deref().unwrap_or("-"));
    println!(
        "consent    {}",
        row.consent_at
            .map_or_else(|| "not noted".to_owned(), |day| day.to_string(),)
    );
    if let Some(day) = row.expected_from {
        println!("expected   from {day}");
    }
    println!("PIN        {}", if row.has_pin { "yes" } else { "no" });
    println!("templates  {}", row.templates);
    println!("enrolled   {}", row.created_at.format("%Y-%m-%d %H:%M"));
    println!("last seen  {}", last_seen(row));
}

fn state(row: &PersonRow) -> &'static str {
    if row.active { "active" } else { "inactive" }
}

fn last_seen(row: &PersonRow) -> String {
    row.last_seen.map_or_else(
        || "never".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M").to_string(),
    )
}

#[derive(Serialize)]
struct TemplateRow<'a> {
    kind: TemplateKind,
    created_at: &'a str,
    model: &'a str,
    picture: Option<&'a str>,
}

fn print_templates(code: &str, json: bool, context: &Context) -> Result<()> {
    let store = context.store_to_read()?;
    let data = store.person_data(&PersonCode::parse(code)?)?;
    let rows = data.templates.iter().map(|template| TemplateRow {
        kind: template.kind,
        created_at: &template.created_at,
        model: &template.model,
        picture: template.picture.as_deref(),
    });
    if json {
        return Ok(print_json(&rows.collect::<Vec<_>>())?);
    }
    let mut table = Table::new(&["Kind", "Made", "Model", "Picture"]);
    for row in rows {
        table.row([
            row.kind.word().to_string(),
            row.created_at.to_owned(),
            row.model.chars().take(12).collect(),
            row.picture.unwrap_or("-").to_owned(),
        ]);
    }
    Ok(table.print()?)
}
