//! The log of an attendance terminal (the `attlog.dat` of `ZKTeco` and others): lines without a header, of code,
//! moment and a few numbers, among them the state that somebody's key chose.

use super::super::columns::{Column, Field};
use super::super::dates::Stamp;
use super::super::directions::Said;
use super::super::grid::{Grid, Record};
use super::super::hints::{Directions, Hints};
use super::super::problem::ImportError;
use crate::core::attendance::Direction;
use crate::core::person::PersonCode;

/// Column of the code.
pub(super) const CODE: usize = 0;
/// Column of the moment.
pub(super) const MOMENT: usize = 1;
/// Column of the terminal's number, or in what terminals send by themselves, of the state.
const DEVICE: usize = 2;
/// Column of the state, or in what terminals send by themselves, of how it was verified.
const STATE: usize = 3;

/// `None` if it is no such log; else the column of the state.
pub(super) fn recognise(grid: &Grid, hints: &Hints) -> Option<Result<Option<usize>, ImportError>> {
    let first = grid.records.first()?;
    let lines = grid.records.iter().filter(|record| is_line(record)).count();
    if !is_line(first) || lines * 10 < grid.records.len() * 9 {
        return None;
    }
    Some(state_of(grid, hints))
}

fn is_line(record: &Record) -> bool {
    let stamp = Stamp::split(record.cell(MOMENT));
    record.len() > STATE
        && PersonCode::parse(record.cell(CODE)).is_ok()
        && !stamp.date.is_empty()
        && !stamp.time.is_empty()
        && record
            .cells()
            .skip(DEVICE)
            .all(|cell| cell.bytes().all(|b| b.is_ascii_digit()))
}

fn state_of(grid: &Grid, hints: &Hints) -> Result<Option<usize>, ImportError> {
    if let Some((_, Column::Place(place))) = hints
        .map
        .iter()
        .find(|(field, _)| *field == Field::Direction)
    {
        return Ok(Some(*place));
    }
    if hints.directions == Some(Directions::Alternate) {
        return Ok(None);
    }
    let varies = |place| {
        let mut cells = grid.records.iter().map(|record| record.cell(place));
        let first = cells.next();
        cells.any(|cell| Some(cell) != first)
    };
    let are_states = |place| {
        grid.records
            .iter()
            .all(|record| said(record.cell(place)).is_some())
    };
    match (varies(DEVICE) && are_states(DEVICE), are_states(STATE)) {
        // Several terminals, or the form in which the state comes first.
        (true, _) => Err(ImportError::question(
            "the state, in or out, could be its third or its fourth column",
            "say which: --map direction=#3 or --map direction=#4, or --directions alternate",
        )),
        (false, true) => Ok(Some(STATE)),
        (false, false) => Err(ImportError::question(
            "its fourth column is no state of a terminal",
            "say which column is: --map direction=#3, or --directions alternate",
        )),
    }
}

/// What a state means: 0 in, 1 out, 2 out for a break, 3 back, 4 and 5 overtime, 255 none.
pub(super) fn said(cell: &str) -> Option<Said> {
    match cell {
        "0" | "3" | "4" => Some(Said::Way(Direction::In)),
        "1" | "2" | "5" => Some(Said::Way(Direction::Out)),
        "255" => Some(Said::Present),
        _ => None,
    }
}
