//! What is changed about a person.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, NaiveDate};

use rollcall_core::person::{Expectation, Person, PersonCode, PersonName};
use rollcall_core::worktime::alteration::Alteration;
use rollcall_protocol::{Agreement, PersonChange, PersonDeed};
use rollcall_store::{Attendance, Author, ErasureReceipt, Imported, ImportedPerson, Store};

use crate::context::Context;
use crate::error::CaseError;
use crate::{Outcome, past};

/// What was changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// The person has another name.
    Renamed {
        /// With the new one.
        person: Person,
        /// The one of before.
        before: PersonName,
    },
    /// The person is recognised again.
    Active(Person),
    /// The person is no longer recognised.
    Inactive {
        /// Who.
        person: Person,
        /// The days before this one stay as they were.
        from: NaiveDate,
    },
    /// The person has agreed.
    Consented(NaiveDate),
    /// The person is expected.
    ExpectedFrom(NaiveDate),
    /// The person has this schedule.
    Team(Option<String>),
    /// The person has a PIN or badge.
    HasPin(Person),
    /// The person has none.
    HasNoPin,
    /// So many templates that the station had made are gone.
    Forgotten(usize),
    /// The person is erased.
    Erased {
        /// What is gone and what stays.
        receipt: ErasureReceipt,
        /// What became of the days that have passed.
        alteration: Alteration,
    },
}

/// Changes something about a person. What alters days that have passed, and every erasure, has to
/// be agreed to.
///
/// # Errors
/// If nobody has the code, the records forbid it, or they cannot be written.
pub fn change(
    context: &Context,
    store: &mut Store,
    deed: &PersonDeed,
    at: DateTime<FixedOffset>,
) -> Result<Outcome<Changed>, CaseError> {
    let code = &deed.code;
    let author = Author { name: &deed.by, at };
    // Before anything is asked about nobody.
    let person = store.person(code)?;
    let alteration = altered(context, store, deed)?;
    let agreement = match &deed.change {
        PersonChange::Erase | PersonChange::Anonymise => Some(Agreement::Erases {
            name: person.name.to_string(),
            code: code.clone(),
            alteration: alteration.clone(),
        }),
        _ if alteration.is_none() => None,
        _ => Some(Agreement::AltersThePast(alteration.clone())),
    };
    if let Some(agreement) = agreement.filter(|_| !deed.is_agreed) {
        return Ok(Outcome::Asks(agreement));
    }
    let changed = write(store, &person, &deed.change, (&alteration, author))?;
    past::note(store, &alteration, code.as_str(), author)?;
    Ok(Outcome::Done(changed))
}

/// Adds people, and takes over what is said anew of those who are there: all of them or none. What
/// alters days that have passed has to be agreed to.
///
/// # Errors
/// [`CaseError::Row`] if one of them is refused, or else if the records cannot be written.
pub fn import(
    context: &Context,
    store: &mut Store,
    (people, is_agreed): (&[ImportedPerson], bool),
    author: Author<'_>,
) -> Result<Outcome<Imported>, CaseError> {
    let stated: HashMap<&PersonCode, &ImportedPerson> =
        people.iter().map(|row| (&row.code, row)).collect();
    let alteration = past::foreseen(store, context, &|person| {
        if let Some(row) = stated.get(&person.code) {
            row.apply_to(person);
        }
    })?;
    if !alteration.is_none() && !is_agreed {
        return Ok(Outcome::Asks(Agreement::AltersThePast(alteration)));
    }
    let imported = store
        .import_people(people, author)
        .map_err(|(row, error)| CaseError::Row { row, error })?;
    past::note(store, &alteration, "people", author)?;
    Ok(Outcome::Done(imported))
}

/// What it does to days that have passed.
fn altered(
    context: &Context,
    store: &Store,
    PersonDeed { code, change, .. }: &PersonDeed,
) -> Result<Alteration, CaseError> {
    let alter: &dyn Fn(&mut Person) = match change {
        PersonChange::InactiveFrom(from) => &|person| person.expectation.pause_from(*from),
        PersonChange::ExpectedFrom(from) => &|person| person.expectation.from = Some(*from),
        PersonChange::Team(team) => &|person| person.team.clone_from(team),
        // With the team and the first day goes what the person was expected to do: of the days
        // that have passed the punches stay, but no absence.
        PersonChange::Erase | PersonChange::Anonymise => &|person| {
            person.team = None;
            person.expectation = Expectation::never();
        },
        // The past stays as it was: without a day of its own, the person is expected up to
        // yesterday, or again from today.
        PersonChange::Active(_)
        | PersonChange::Rename(_)
        | PersonChange::Consent
        | PersonChange::ConsentOn(_)
        | PersonChange::Pin(_)
        | PersonChange::ForgetAdaptive => return Ok(Alteration::default()),
    };
    past::foreseen(store, context, &|person| {
        if person.code == *code {
            alter(person);
        }
    })
}

fn write(
    store: &mut Store,
    person: &Person,
    change: &PersonChange,
    (alteration, author): (&Alteration, Author<'_>),
) -> Result<Changed, CaseError> {
    let code = &person.code;
    let today = author.at.date_naive();
    Ok(match change {
        PersonChange::Rename(name) => Changed::Renamed {
            before: person.name.clone(),
            person: store.rename(code, name, author)?,
        },
        PersonChange::Active(true) => Changed::Active(store.activate(code, author)?),
        PersonChange::Active(false) => Changed::Inactive {
            person: store.deactivate(code, author)?,
            from: today,
        },
        PersonChange::InactiveFrom(from) => Changed::Inactive {
            person: store.deactivate_from(code, *from, author)?,
            from: *from,
        },
        PersonChange::Consent => consented(store, code, today, author)?,
        PersonChange::ConsentOn(day) => consented(store, code, *day, author)?,
        PersonChange::ExpectedFrom(from) => {
            store.expect_from(code, *from, author)?;
            Changed::ExpectedFrom(*from)
        }
        PersonChange::Team(team) => {
            store.set_team(code, team.as_deref(), author)?;
            Changed::Team(team.clone())
        }
        PersonChange::Pin(Some(pin)) => {
            store.set_pin(code, pin, author)?;
            Changed::HasPin(person.clone())
        }
        PersonChange::Pin(None) => {
            store.clear_pin(code, author)?;
            Changed::HasNoPin
        }
        PersonChange::ForgetAdaptive => {
            Changed::Forgotten(store.forget_adaptive(Some(code), author)?)
        }
        PersonChange::Erase => Changed::Erased {
            receipt: store.erase_person(code, Attendance::KeepsCode, author)?,
            alteration: alteration.clone(),
        },
        PersonChange::Anonymise => Changed::Erased {
            receipt: store.erase_person(code, Attendance::Anonymised, author)?,
            alteration: alteration.clone(),
        },
    })
}

fn consented(
    store: &mut Store,
    code: &PersonCode,
    day: NaiveDate,
    author: Author<'_>,
) -> Result<Changed, CaseError> {
    store.set_consent(code, day, author)?;
    Ok(Changed::Consented(day))
}

#[cfg(test)]
mod tests;
