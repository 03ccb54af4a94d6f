//! `rollcall people`: list and change people.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, operator, past, pin, re_embed};
use crate::cases::people::{self as cases, Changed};
use crate::cases::{Agreement, Outcome};
use crate::cli::{self, PeopleCommand, PinCommand};
use crate::core::gallery::TemplateKind;
use crate::core::person::{PersonCode, PersonName};
use crate::protocol::{PersonChange, PersonDeed};
use crate::store::{ErasureReceipt, PersonData, PersonRow};

/// Runs the command.
pub(super) fn run(command: &PeopleCommand, context: &Context) -> Result<cli::Outcome> {
    let alter = |code: &str, what, yes| -> Result<()> {
        let code = PersonCode::parse(code)?;
        let changed = change(code.clone(), what, yes, context)?;
        print_changed(&code, &changed);
        Ok(())
    };
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
        PeopleCommand::ForgetAdaptive {
            code: Some(code), ..
        } => alter(code, PersonChange::ForgetAdaptive, false)?,
        PeopleCommand::ForgetAdaptive { code: None, .. } => {
            let operator = operator();
            let mut store = super::store_to_change(context)?;
            print_forgotten(store.forget_adaptive(None, context.author(&operator))?);
        }
        PeopleCommand::Rename { code, name } => {
            alter(code, PersonChange::Rename(PersonName::parse(name)?), false)?;
        }
        PeopleCommand::Deactivate { code, from, yes } => {
            let what = from.map_or(PersonChange::Active(false), PersonChange::InactiveFrom);
            alter(code, what, *yes)?;
        }
        PeopleCommand::Activate { code } => alter(code, PersonChange::Active(true), false)?,
        PeopleCommand::Consent { code, date } => {
            alter(
                code,
                PersonChange::ConsentOn(context.parse_consent(date)?),
                false,
            )?;
        }
        PeopleCommand::Expect { code, from, yes } => {
            alter(code, PersonChange::ExpectedFrom(*from), *yes)?;
        }
        PeopleCommand::Team { code, team, yes } => {
            alter(code, PersonChange::Team(team.clone()), *yes)?;
        }
        PeopleCommand::Pin(PinCommand::Set { code }) => {
            // Before somebody types a PIN for nobody.
            context.store_to_read()?.person(&PersonCode::parse(code)?)?;
            alter(code, PersonChange::Pin(Some(pin::read()?)), false)?;
        }
        PeopleCommand::Pin(PinCommand::Clear { code }) => {
            alter(code, PersonChange::Pin(None), false)?;
        }
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
            let how = if *anonymise {
                PersonChange::Anonymise
            } else {
                PersonChange::Erase
            };
            delete(&PersonCode::parse(code)?, how, *json, *yes, context)?;
        }
    }
    Ok(cli::Outcome::Done)
}

/// Has something changed about a person, once it was agreed to what it brings along.
fn change(code: PersonCode, change: PersonChange, yes: bool, context: &Context) -> Result<Changed> {
    let mut deed = PersonDeed {
        code,
        change,
        by: operator(),
        is_agreed: false,
    };
    let mut store = super::store_to_change(context)?;
    let mut ask = |deed: &PersonDeed| cases::change(context, &mut store, deed, context.now());
    let asked = match ask(&deed)? {
        Outcome::Done(changed) => return Ok(changed),
        Outcome::Asks(agreement) => agreement,
    };
    match &asked {
        Agreement::AltersThePast(alteration) => past::confirm(alteration, yes)?,
        // Nobody erases with a key that was meant for something else.
        Agreement::Erases { .. } | Agreement::AnotherPerson { .. } if !yes => {
            bail!(to_agree(&asked))
        }
        Agreement::Erases { .. } | Agreement::AnotherPerson { .. } => {}
    }
    deed.is_agreed = true;
    match ask(&deed)? {
        Outcome::Done(changed) => Ok(changed),
        Outcome::Asks(agreement) => bail!(to_agree(&agreement)),
    }
}

fn to_agree(agreement: &Agreement) -> String {
    format!("{agreement}. Say --yes to do it")
}

/// Says what was changed.
fn print_changed(code: &PersonCode, changed: &Changed) {
    match changed {
        Changed::Renamed { person, .. } => println!("{code} is now called {}", person.name),
        Changed::Active(person) => println!("{} ({code}) is recognised again", person.name),
        Changed::Inactive { person, from } => println!(
            "{} ({code}) is no longer recognised; the days before {from} stay as they were",
            person.name
        ),
        Changed::Consented(day) => println!("{code} agreed on {day}"),
        Changed::ExpectedFrom(day) => println!("{code} is expected from {day} on"),
        Changed::Team(Some(team)) => println!("{code} is in the team {team}"),
        Changed::Team(None) => println!("{code} is in no team"),
        Changed::HasPin(person) => println!("{} ({code}) has a PIN now", person.name),
        Changed::HasNoPin => println!("{code} has no PIN any more"),
        Changed::Forgotten(forgotten) => print_forgotten(*forgotten),
        Changed::Erased {
            receipt,
            alteration,
        } => {
            print_receipt(code.as_str(), receipt);
            println!("{alteration}");
        }
    }
}

fn print_forgotten(forgotten: usize) {
    println!("{forgotten} templates that the station had made itself are gone");
}

/// Erases a person; as JSON, only the receipt stands on standard output.
fn delete(
    code: &PersonCode,
    how: PersonChange,
    json: bool,
    yes: bool,
    context: &Context,
) -> Result<()> {
    let changed = change(code.clone(), how, yes, context)?;
    match &changed {
        Changed::Erased {
            receipt,
            alteration,
        } if json => {
            eprintln!("{alteration}");
            print_json(receipt)?;
        }
        changed => print_changed(code, changed),
    }
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
