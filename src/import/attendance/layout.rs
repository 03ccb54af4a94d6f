//! Which columns of a table of punches say who, when and which way.

use super::super::columns::{Columns, Field};
use super::super::dates::{DateForm, Dates, Stamp, TimeOfDay};
use super::super::directions::{Dictionary, Said};
use super::super::grid::{Grid, Record};
use super::super::hints::{Directions, Hints};
use super::super::people::{Names, names_if_any};
use super::super::problem::ImportError;
use super::terminal;

const WANTED: [Field; 11] = [
    Field::Code,
    Field::Name,
    Field::FirstName,
    Field::LastName,
    Field::Time,
    Field::Date,
    Field::UtcOffset,
    Field::Day,
    Field::Voided,
    Field::In,
    Field::Out,
];

/// Where the times are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// One punch a row.
    Single(usize),
    /// When the person came, and when the person went.
    Pair {
        /// Came.
        came: Option<usize>,
        /// Went.
        went: Option<usize>,
    },
}

/// Where the direction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In words.
    Words(usize),
    /// As a state of a terminal.
    State(usize),
    /// Nowhere.
    Open,
}

/// Which columns are what.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) columns: Columns,
    /// The columns in use.
    pub(super) used: Vec<(Field, usize)>,
    pub(super) code: Option<usize>,
    pub(super) names: Option<Names>,
    /// A column of codes or names; which, the file does not say.
    pub(super) either: Option<usize>,
    pub(super) times: Times,
    pub(super) date: Option<usize>,
    pub(super) way: Way,
}

impl Layout {
    pub(super) fn of(grid: &Grid, hints: &Hints) -> Result<Self, ImportError> {
        let columns = Columns::find(grid, &WANTED, hints)?;
        if columns.has_header() {
            return Self::by_columns(columns, grid, hints);
        }
        match terminal::recognise(grid, hints) {
            Some(state) => Ok(Self::of_terminal(columns, state?)),
            None if hints.map.is_empty() => Self::by_content(columns, grid, hints),
            None => Self::by_columns(columns, grid, hints),
        }
    }

    fn of_terminal(columns: Columns, state: Option<usize>) -> Self {
        let mut used = vec![
            (Field::Code, terminal::CODE),
            (Field::Time, terminal::MOMENT),
        ];
        used.extend(state.map(|place| (Field::Direction, place)));
        Self {
            columns,
            used,
            code: Some(terminal::CODE),
            names: None,
            either: None,
            times: Times::Single(terminal::MOMENT),
            date: None,
            way: state.map_or(Way::Open, Way::State),
        }
    }

    fn by_columns(columns: Columns, grid: &Grid, hints: &Hints) -> Result<Self, ImportError> {
        let (code, names) = (columns.get(Field::Code), names_if_any(&columns));
        if code.is_none() && names.is_none() {
            columns.require(Field::Code)?;
        }
        let (times, date) = times(&columns, hints)?;
        let way = match times {
            Times::Single(_) => direction(&columns, grid, hints)?,
            Times::Pair { .. } => status(&columns, grid, hints),
        };
        let mut used = columns.found.clone();
        if let Way::Words(place) = way {
            used.push((Field::Direction, place));
        }
        Ok(Self {
            used,
            code,
            names,
            either: None,
            times,
            date,
            way,
            columns,
        })
    }

    /// Without a header the cells must tell which column is what.
    fn by_content(columns: Columns, grid: &Grid, hints: &Hints) -> Result<Self, ImportError> {
        let kinds: Vec<Content> = (0..grid.width())
            .map(|place| Content::of(grid, place, hints))
            .collect();
        let one = |kind: Content| {
            let mut places = (0..kinds.len()).filter(|place| kinds[*place] == kind);
            match (places.next(), places.next()) {
                (found, None) => Ok(found),
                _ => Err(unnamed(grid)),
            }
        };
        let (who, way) = (one(Content::Text)?, one(Content::Direction)?);
        let (time, date) = match (
            one(Content::Moment)?,
            one(Content::Time)?,
            one(Content::Date)?,
        ) {
            (Some(moment), None, None) => (moment, None),
            (None, Some(time), date) => (time, date),
            _ => return Err(unnamed(grid)),
        };
        let Some(who) = who else {
            return Err(unnamed(grid));
        };
        let way = match way {
            Some(place) if hints.directions != Some(Directions::Alternate) => Way::Words(place),
            _ => Way::Open,
        };
        let mut used = vec![(Field::Name, who), (Field::Time, time)];
        used.extend(date.map(|place| (Field::Date, place)));
        if let Way::Words(place) = way {
            used.push((Field::Direction, place));
        }
        Ok(Self {
            columns,
            used,
            code: None,
            names: None,
            either: Some(who),
            times: Times::Single(time),
            date,
            way,
        })
    }
}

fn unnamed(grid: &Grid) -> ImportError {
    let first: Vec<&str> = grid
        .records
        .first()
        .map(|record| record.cells().take(8).collect())
        .unwrap_or_default();
    ImportError::question(
        format!(
            "its first line names no columns that are known: {}",
            first.join(" | ")
        ),
        "say which column is what, e.g. --map name=#1 --map date=#2 --map time=#3, or \
         --map name=HEADER",
    )
}

fn times(columns: &Columns, hints: &Hints) -> Result<(Times, Option<usize>), ImportError> {
    let is_mapped = |field| hints.map.iter().any(|(mapped, _)| *mapped == field);
    let (came, went) = (columns.get(Field::In), columns.get(Field::Out));
    let (time, date) = (columns.get(Field::Time), columns.get(Field::Date));
    let has_pair = came.is_some() || went.is_some();
    match time {
        Some(time) if !has_pair || is_mapped(Field::Time) => Ok((Times::Single(time), date)),
        Some(time) if !is_mapped(Field::In) && !is_mapped(Field::Out) => {
            Err(ImportError::question(
                format!(
                    "it has a column of times, {}, and columns of coming and going",
                    columns.title(time)
                ),
                "say which counts: --map time=HEADER, or --map in=HEADER and --map out=HEADER",
            ))
        }
        _ if has_pair => Ok((Times::Pair { came, went }, date)),
        // A column of days may hold whole moments.
        _ => match date {
            Some(moment) => Ok((Times::Single(moment), None)),
            None => columns
                .require(Field::Time)
                .map(|time| (Times::Single(time), None)),
        },
    }
}

/// The column of the direction: the one whose cells are known words.
fn direction(columns: &Columns, grid: &Grid, hints: &Hints) -> Result<Way, ImportError> {
    if hints.directions == Some(Directions::Alternate) {
        return Ok(Way::Open);
    }
    let mapped = hints
        .map
        .iter()
        .any(|(field, _)| *field == Field::Direction);
    if mapped {
        let found = Columns::find(grid, &[Field::Direction], hints)?;
        return Ok(found.get(Field::Direction).map_or(Way::Open, Way::Words));
    }
    let mut unknown = None;
    for (rank, places) in columns.candidates(Field::Direction).into_iter().enumerate() {
        let known: Vec<usize> = places
            .iter()
            .copied()
            .filter(|place| rank == 0 || knows_any(columns, grid, *place, hints))
            .collect();
        if !known.is_empty() {
            let place = columns.only(Field::Direction, &known)?;
            return Ok(place.map_or(Way::Open, Way::Words));
        }
        let filled = places
            .into_iter()
            .filter_map(|place| Some((place, first_cell(columns, grid, place)?)));
        unknown = unknown.or(filled.into_iter().next());
    }
    match unknown {
        None => Ok(Way::Open),
        Some((place, cell)) => Err(ImportError::question(
            format!(
                "the column {} may say in and out, and its words, e.g. {cell:?}, are not known",
                columns.title(place)
            ),
            "say what they mean with --in WORD --out WORD, or --directions alternate if they are \
             no directions",
        )),
    }
}

/// A column that says who was absent, beside columns of coming and going.
fn status(columns: &Columns, grid: &Grid, hints: &Hints) -> Way {
    let mut places = columns.candidates(Field::Direction).into_iter().flatten();
    let found = places.find(|place| {
        let words = Dictionary::of(hints, cells(columns, grid, *place));
        let mut said = cells(columns, grid, *place).map(|cell| words.read(cell));
        said.any(|said| matches!(said, Some(Said::Absent | Said::Present)))
    });
    found.map_or(Way::Open, Way::Words)
}

fn cells<'g>(columns: &Columns, grid: &'g Grid, place: usize) -> impl Iterator<Item = &'g str> {
    let cells = columns
        .rows(grid)
        .iter()
        .map(move |record: &Record| record.cell(place));
    cells.filter(|cell| !cell.is_empty())
}

fn first_cell(columns: &Columns, grid: &Grid, place: usize) -> Option<String> {
    cells(columns, grid, place).next().map(str::to_owned)
}

fn knows_any(columns: &Columns, grid: &Grid, place: usize, hints: &Hints) -> bool {
    let words = Dictionary::of(hints, cells(columns, grid, place));
    cells(columns, grid, place).any(|cell| words.read(cell).is_some())
}

/// What all cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Moment,
    Date,
    Time,
    Direction,
    Text,
    Nothing,
}

impl Content {
    fn of(grid: &Grid, place: usize, hints: &Hints) -> Self {
        let cells = || {
            grid.records
                .iter()
                .map(|record| record.cell(place))
                .filter(|cell| !cell.is_empty())
        };
        let Some(first) = cells().next() else {
            return Self::Nothing;
        };
        let words = Dictionary::of(hints, cells());
        let content = Self::of_cell(first, hints, &words);
        if cells().all(|cell| Self::of_cell(cell, hints, &words) == content) {
            content
        } else {
            Self::Text
        }
    }

    fn of_cell(cell: &str, hints: &Hints, words: &Dictionary) -> Self {
        let Stamp { date, time } = Stamp::split(cell);
        let forms = [DateForm::Ymd, DateForm::Dmy, DateForm::Mdy];
        let is_day = |text: &str| {
            forms
                .iter()
                .chain(&hints.dates)
                .any(|form| Dates::stated(form).day(text).is_some())
        };
        let is_time = |text: &str| TimeOfDay::parse(text, hints.times.as_deref()).is_some();
        match (date.is_empty(), time.is_empty()) {
            (false, false) if is_time(time) && is_day(date) => Self::Moment,
            (false, true) if is_day(date) => Self::Date,
            (true, false) if is_time(time) => Self::Time,
            _ if words.read(cell).is_some() => Self::Direction,
            _ => Self::Text,
        }
    }
}
