//! Punches of another system.
//!
//! Three shapes of tables: one punch a row, one coming and one going a row, and the lines of
//! an attendance terminal without a header. A punch without a direction gets it from the
//! station's own rule; one without a day is a question.

use std::collections::HashMap;

use super::directions::{Sighting, alternate};
use super::grid;
use super::hints::Hints;
use super::problem::{BadLine, ImportError, Unit};
use super::roster::{Naming, Roster, Who};
use super::text;
use super::understood::Understood;
use super::{Calendar, Read, Rows, finish};
use crate::core::attendance::Direction;
use crate::core::correction::When;
use crate::core::person::PersonCode;
use crate::store::ImportedEvent;

mod layout;
mod reader;
mod terminal;

use layout::Layout;
use reader::Reader;

/// Reads punches.
///
/// # Errors
/// If the file is no such table or can be read in several ways; every bad line is listed.
pub fn attendance(
    bytes: &[u8],
    calendar: &Calendar<'_>,
    roster: &Roster,
    hints: &Hints,
) -> Result<Read<ImportedEvent>, ImportError> {
    super::refuse_arrays(bytes)?;
    let text = text::decode(bytes, hints.encoding)?;
    let grid = grid::read(&text.text, hints, |grid| Layout::of(grid, hints).map(drop))?;
    let layout = Layout::of(&grid, hints)?;
    let mut understood = Understood::table(text.encoding, &grid, &layout.columns);
    understood.columns(&layout.columns, &layout.used);
    let mut reader = Reader::of(layout, &grid, calendar, hints)?;
    reader.describe(&mut understood);
    let (punches, mut bad) = reader.read(&grid);
    let naming = Naming::of(&punches.iter().map(|punch| &punch.who), roster, hints);
    understood.fact("people", naming.describe());
    let mut named = Vec::with_capacity(punches.len());
    for punch in punches {
        match naming.person(&punch.who, roster) {
            Ok(code) => named.push((punch, code)),
            Err(problem) => bad.push(BadLine {
                line: punch.line,
                problem,
            }),
        }
    }
    let found = directed(named, &mut bad, calendar, hints, &mut understood)?;
    understood.remark_on(
        reader.absences,
        "say that somebody was absent; there is no punch in them",
    );
    understood.remark_on(
        reader.past_midnight,
        "go past midnight: the time of going is of the next day",
    );
    for event in &found.rows {
        understood.row(|| describe(event));
    }
    understood.fact("punches", found.rows.len().to_string());
    bad.sort_by_key(|bad| bad.line);
    finish(found, bad, Unit::Line).map(|rows| Read { rows, understood })
}

fn describe(event: &ImportedEvent) -> String {
    let When { at, local_day } = event.when;
    format!(
        "{}  {at}  {}  (day {local_day})",
        event.code, event.direction
    )
}

/// A punch whose person and direction may still be open.
#[derive(Debug)]
struct Punch {
    line: u64,
    who: Who,
    when: When,
    direction: Option<Direction>,
}

/// Gives every punch its direction.
fn directed(
    punches: Vec<(Punch, PersonCode)>,
    bad: &mut Vec<BadLine>,
    calendar: &Calendar<'_>,
    hints: &Hints,
    understood: &mut Understood,
) -> Result<Rows<ImportedEvent>, ImportError> {
    let is_open = punches.iter().any(|(punch, _)| punch.direction.is_none());
    let all_open = punches.iter().all(|(punch, _)| punch.direction.is_none());
    let source = match (is_open, all_open) {
        (false, _) => "as the file says",
        (true, _) => "by the order of a person's punches in a day, as at this station",
    };
    understood.fact("directions", source);
    if hints.directions.is_none() {
        ask_if_one_way(&punches)?;
    }
    let mut found = Rows::default();
    let mut push = |punch: &Punch, code, direction| {
        found.lines.push(punch.line);
        found.rows.push(ImportedEvent {
            code,
            when: punch.when,
            direction,
        });
    };
    if !is_open {
        for (punch, code) in punches {
            if let Some(direction) = punch.direction {
                push(&punch, code, direction);
            }
        }
        return Ok(found);
    }
    let mut sightings = Vec::with_capacity(punches.len());
    for (punch, code) in &punches {
        if punch.direction.is_some() && !all_open {
            bad.push(BadLine {
                line: punch.line,
                problem: "it has a direction and others have none: say --directions alternate to \
                          take them all by their order"
                    .into(),
            });
        }
        sightings.push(Sighting {
            code: code.clone(),
            when: punch.when,
        });
    }
    let mut left_out = 0;
    for ((punch, code), direction) in punches
        .into_iter()
        .zip(alternate(&sightings, calendar.rule))
    {
        match direction {
            Some(direction) => push(&punch, code, direction),
            None => left_out += 1,
        }
    }
    understood.remark_on(
        left_out,
        "would have been no punch at this station either (too soon after another, or the person \
         was there already) and was left out",
    );
    Ok(found)
}

/// A terminal whose direction keys nobody presses writes that everybody only comes.
fn ask_if_one_way(punches: &[(Punch, PersonCode)]) -> Result<(), ImportError> {
    let Some(way) = punches.first().and_then(|(punch, _)| punch.direction) else {
        return Ok(());
    };
    if punches
        .iter()
        .any(|(punch, _)| punch.direction != Some(way))
    {
        return Ok(());
    }
    let mut firsts = HashMap::new();
    let again = punches.iter().find(|(punch, code)| {
        let first = *firsts
            .entry((code.as_str(), punch.when.local_day))
            .or_insert(punch.when.at);
        // The same punch twice is one punch.
        first != punch.when.at
    });
    match again {
        None => Ok(()),
        Some((punch, code)) => Err(ImportError::question(
            format!(
                "every punch is {way}, though {code} has several on {}; a terminal whose keys for \
                 the direction nobody uses writes that",
                punch.when.local_day
            ),
            "say --directions alternate to take them by their order, or --directions stated",
        )),
    }
}
