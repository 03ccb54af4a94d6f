//! `rollcall people`: list and change people.

use anyhow::{Result, bail};

use super::table::{Table, print_json};
use super::{Context, operator, re_embed};
use crate::cli::{Outcome, PeopleCommand};
use crate::core::person::{PersonCode, PersonName};
use crate::store::PersonRow;

/// Runs the command.
pub(super) fn run(command: &PeopleCommand, context: &Context) -> Result<Outcome> {
    let operator = operator();
    let author = context.author(&operator);
    match command {
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
        PeopleCommand::Rename { code, name } => {
            let (code, name) = (PersonCode::parse(code)?, PersonName::parse(name)?);
            let person = context.store_to_change()?.rename(&code, &name, author)?;
            println!("{} is now called {}", person.code, person.name);
        }
        PeopleCommand::Deactivate { code } => {
            let code = PersonCode::parse(code)?;
            let person = context.store_to_change()?.deactivate(&code, author)?;
            println!("{} ({}) is recognised no more", person.name, person.code);
        }
        PeopleCommand::Activate { code } => {
            let code = PersonCode::parse(code)?;
            let person = context.store_to_change()?.activate(&code, author)?;
            println!("{} ({}) is recognised again", person.name, person.code);
        }
        PeopleCommand::Delete { code, yes } => {
            let code = PersonCode::parse(code)?;
            let mut store = context.store_to_change()?;
            let person = store.person(&code)?;
            if !yes {
                bail!(
                    "this erases the name, pictures and templates of {} ({}) for good; \
                     attendance stays under the code. Say --yes to do it",
                    person.name,
                    person.code
                );
            }
            store.delete_person(&code, author)?;
            println!("the data of {code} is erased; the attendance stays under the code");
        }
        PeopleCommand::ReEmbed(args) => return re_embed::run(args, context),
    }
    Ok(Outcome::Done)
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
            row.code.clone(),
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
