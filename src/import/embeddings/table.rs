//! Embeddings in a table: one column for each number, or one that holds a list.

use std::collections::HashMap;

use super::super::columns::{Columns, Field, plain};
use super::super::grid::{self, Grid, Record};
use super::super::hints::Hints;
use super::super::people::{Names, names_if_any};
use super::super::problem::ImportError;
use super::super::text::Text;
use super::super::understood::Understood;
use super::{DIM, Faces, Whose, called_after, named, vector, whose_is_it};
use crate::core::person::{PersonCode, PersonName};

/// Columns of numbers from which a table has one for each.
const MANY: usize = 64;

const WANTED: [Field; 5] = [
    Field::Code,
    Field::Name,
    Field::FirstName,
    Field::LastName,
    Field::Embedding,
];

/// Reads the table.
pub(super) fn read(text: &Text, hints: &Hints) -> Result<Faces, ImportError> {
    let grid = grid::read(&text.text, hints, |grid| Plan::of(grid, hints).map(drop))?;
    let plan = Plan::of(&grid, hints)?;
    let mut faces = Faces {
        understood: Understood::table(text.encoding, &grid, &plan.columns),
        ..Faces::default()
    };
    plan.describe(&mut faces.understood);
    let rows = plan.rows(&grid);
    if let (Owner::Listed, Some(names)) = (&plan.owner, &hints.names) {
        super::as_many_names(names.len(), rows.len())?;
    }
    let mut known = HashMap::new();
    for (index, record) in rows.iter().enumerate() {
        let whose = plan.whose(record, index, &mut known);
        let face = whose.and_then(|whose| Ok((whose, plan.numbers(record)?)));
        faces.push(record.line, face);
    }
    Ok(faces)
}

/// Where whose face it is stands.
#[derive(Debug, Clone)]
enum Owner {
    Columns {
        code: Option<usize>,
        names: Option<Names>,
    },
    /// One person's, whoever that is.
    One(PersonName),
    /// Named elsewhere, one a row.
    Listed,
}

#[derive(Debug, Clone)]
enum Numbers {
    /// A list in one column.
    List(usize),
    /// One in each of these columns, in this order.
    Columns(Vec<usize>),
}

struct Plan<'h> {
    columns: Columns,
    has_header: bool,
    owner: Owner,
    numbers: Numbers,
    hints: &'h Hints,
}

impl<'h> Plan<'h> {
    fn of(grid: &Grid, hints: &'h Hints) -> Result<Self, ImportError> {
        let mut columns = Columns::find(grid, &WANTED, hints)?;
        let first = grid.records.first().ok_or(ImportError::Empty)?;
        let has_header = columns.has_header() || counts_up(first) || !holds_face(first);
        if has_header && !columns.has_header() {
            columns.headers = first.cells().map(str::to_owned).collect();
        }
        let rows = if has_header {
            &grid.records[1..]
        } else {
            &grid.records[..]
        };
        let sample = rows.first().ok_or(ImportError::Empty)?;
        let owner = known_owner(&columns, hints);
        let numbers = numbers_of(&columns, rows, sample, owner.as_ref())?;
        let owner = match owner {
            Some(owner) => owner,
            None => guessed_owner(&columns, sample, &numbers, hints)?,
        };
        Ok(Self {
            columns,
            has_header,
            owner,
            numbers,
            hints,
        })
    }

    fn rows<'g>(&self, grid: &'g Grid) -> &'g [Record] {
        &grid.records[usize::from(self.has_header)..]
    }

    fn describe(&self, understood: &mut Understood) {
        let title = |place: usize| self.columns.title(place);
        let numbers = match &self.numbers {
            Numbers::List(place) => format!("a list in {}", title(*place)),
            Numbers::Columns(places) => match (places.first(), places.last()) {
                (Some(first), Some(last)) => format!("{} to {}", title(*first), title(*last)),
                _ => "none".into(),
            },
        };
        understood.fact("numbers", numbers);
        let owner = match &self.owner {
            Owner::One(name) => format!("all of {name}"),
            Owner::Listed => "as listed with --names".into(),
            Owner::Columns { code, names } => {
                let code = code.map(|place| format!("code = {}", title(place)));
                let names = names.map(|names| match names {
                    Names::Whole(place) => format!("name = {}", title(place)),
                    Names::Parts { first, last } => {
                        format!("name = {} and {}", title(first), title(last))
                    }
                });
                code.into_iter().chain(names).collect::<Vec<_>>().join(", ")
            }
        };
        understood.fact("people", owner);
    }

    fn whose(
        &self,
        record: &Record,
        index: usize,
        known: &mut HashMap<PersonCode, PersonName>,
    ) -> Result<Whose, String> {
        let (code, names) = match &self.owner {
            Owner::One(name) => return Ok(Whose::Name(name.clone())),
            Owner::Listed => {
                let names = self.hints.names.as_deref().unwrap_or_default();
                return named(names.get(index).map_or("", String::as_str));
            }
            Owner::Columns { code, names } => (code, names),
        };
        let name = names
            .map(|names| PersonName::parse(&names.name(record)).map_err(|error| error.to_string()))
            .transpose()?;
        let code = code
            .map(|place| PersonCode::parse(record.cell(place)).map_err(|error| error.to_string()))
            .transpose()?;
        match (code, name) {
            (None, Some(name)) => Ok(Whose::Name(name)),
            (None, None) => Err("it does not say whose it is".into()),
            (Some(code), None) => Ok(Whose::Code(code, None)),
            (Some(code), Some(name)) => {
                match known.entry(code.clone()).or_insert_with(|| name.clone()) {
                    known if *known != name => Err(format!(
                        "the code {code} is {known} further up, and {name} here"
                    )),
                    _ => Ok(Whose::Code(code, Some(name))),
                }
            }
        }
    }

    fn numbers(&self, record: &Record) -> Result<Vec<f32>, String> {
        match &self.numbers {
            Numbers::List(place) => match record.cell(*place) {
                "" => Err("it has no numbers".into()),
                cell => vector::numbers(cell),
            },
            Numbers::Columns(places) => {
                let last = places.iter().max().map_or(0, |last| last + 1);
                let width = self.columns.headers.len().max(last);
                if record.used() > width {
                    return Err(format!(
                        "it has {} cells; {width} were expected",
                        record.used()
                    ));
                }
                let filled = places
                    .iter()
                    .filter(|place| !record.cell(**place).is_empty())
                    .count();
                if filled < places.len() {
                    return Err(format!(
                        "it has {filled} numbers; {} were expected",
                        places.len()
                    ));
                }
                let read = |place: &usize| {
                    let cell = record.cell(*place);
                    vector::number(cell).ok_or_else(|| {
                        format!(
                            "{cell:?} in the column {} is no number",
                            self.columns.title(*place)
                        )
                    })
                };
                places.iter().map(read).collect()
            }
        }
    }
}

/// Whose the faces are, if the operator or a known header says it.
fn known_owner(columns: &Columns, hints: &Hints) -> Option<Owner> {
    if let Some(name) = hints
        .name
        .as_deref()
        .and_then(|name| PersonName::parse(name).ok())
    {
        return Some(Owner::One(name));
    }
    if hints.names.is_some() {
        return Some(Owner::Listed);
    }
    let names = names_if_any(columns);
    let code = columns.get(Field::Code).filter(|place| {
        // Beside a name, "id" numbers the rows.
        let is_plain_id = columns.candidates(Field::Code)[2].contains(place);
        let is_mapped = hints.map.iter().any(|(field, _)| *field == Field::Code);
        names.is_none() || !is_plain_id || is_mapped
    });
    (code.is_some() || names.is_some()).then_some(Owner::Columns { code, names })
}

/// Which columns have the numbers.
fn numbers_of(
    columns: &Columns,
    rows: &[Record],
    sample: &Record,
    owner: Option<&Owner>,
) -> Result<Numbers, ImportError> {
    if let Some(place) = columns.get(Field::Embedding) {
        return Ok(Numbers::List(place));
    }
    let lists: Vec<usize> = (0..sample.len())
        .filter(|place| vector::is_list(sample.cell(*place)))
        .collect();
    match lists.as_slice() {
        [only] => return Ok(Numbers::List(*only)),
        [] => {}
        _ => {
            return Err(ImportError::question(
                "several columns hold lists of numbers",
                "say which is the face, e.g. --map embedding=#3",
            ));
        }
    }
    let is_owner = |place: usize| match owner {
        Some(Owner::Columns { code, names }) => {
            let of_names = match names {
                Some(Names::Whole(name)) => *name == place,
                Some(Names::Parts { first, last }) => *first == place || *last == place,
                None => false,
            };
            of_names || *code == Some(place)
        }
        _ => false,
    };
    let is_number =
        |place: &usize| !is_owner(*place) && vector::number(sample.cell(*place)).is_some();
    let numeric: Vec<usize> = (0..sample.len()).filter(is_number).collect();
    if numeric.len() < MANY {
        return Err(columns
            .require(Field::Embedding)
            .err()
            .unwrap_or(ImportError::Empty));
    }
    if let Some(counted) = in_order_of_headers(columns, &numeric)? {
        return Ok(Numbers::Columns(counted));
    }
    // One too many at the front that counts the rows is the index of a data frame.
    let is_index = numeric.len() == DIM + 1 && counts_rows(rows, numeric[0]);
    Ok(Numbers::Columns(numeric[usize::from(is_index)..].to_vec()))
}

/// The columns whose headers end in numbers that go on without a gap, in that order: a table
/// may have been sorted by its headers, `f0, f1, f10, f100`.
fn in_order_of_headers(
    columns: &Columns,
    numeric: &[usize],
) -> Result<Option<Vec<usize>>, ImportError> {
    let mut groups: HashMap<String, Vec<(u32, usize)>> = HashMap::new();
    for &place in numeric {
        let header = columns.headers.get(place).map_or("", String::as_str);
        let digits = header.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (prefix, number) = header.split_at(header.len() - digits);
        if let Ok(number) = number.parse() {
            groups
                .entry(prefix.to_lowercase())
                .or_default()
                .push((number, place));
        }
    }
    let Some(mut group) = groups
        .into_values()
        .max_by_key(Vec::len)
        .filter(|group| group.len() >= MANY)
    else {
        return Ok(None);
    };
    group.sort_unstable();
    if group.windows(2).any(|pair| pair[1].0 != pair[0].0 + 1) {
        return Err(ImportError::question(
            "the numbers in the headers of its columns do not go on without a gap, so that their order is not certain",
            "export the table again with the columns 0 to 511, or with one list in a column",
        ));
    }
    Ok(Some(group.into_iter().map(|(_, place)| place).collect()))
}

/// Whose the faces are if no header says it: the one column of words, else the file's name.
fn guessed_owner(
    columns: &Columns,
    sample: &Record,
    numbers: &Numbers,
    hints: &Hints,
) -> Result<Owner, ImportError> {
    let is_of_numbers = |place: usize| match numbers {
        Numbers::List(list) => *list == place,
        Numbers::Columns(places) => places.contains(&place),
    };
    let others: Vec<usize> = (0..sample.len())
        .filter(|place| !is_of_numbers(*place) && !sample.cell(*place).is_empty())
        .collect();
    let counts = |place: &usize| match columns.headers.get(*place) {
        Some(header) => is_count(header),
        // The index that was set aside.
        None => {
            matches!(numbers, Numbers::Columns(_)) && vector::number(sample.cell(*place)).is_some()
        }
    };
    let words: Vec<usize> = others.into_iter().filter(|place| !counts(place)).collect();
    match words.as_slice() {
        [] => called_after(hints).map(Owner::One),
        [only] if vector::number(sample.cell(*only)).is_none() => Ok(Owner::Columns {
            code: None,
            names: Some(Names::Whole(*only)),
        }),
        [only] => Err(ImportError::question(
            format!(
                "the column {} may have people's codes, or count the rows",
                columns.title(*only)
            ),
            format!(
                "say --map code=#{}, or whose they are with --name NAME",
                only + 1
            ),
        )),
        _ => Err(whose_is_it()),
    }
}

/// Whether a header is of a column that counts rows or names pictures.
fn is_count(header: &str) -> bool {
    let word = plain(header);
    ["", "unnamed0", "index", "row", "n", "no"].contains(&word.as_str())
        || [
            "image", "imagen", "picture", "photo", "foto", "file", "archivo", "path", "sample",
            "muestra", "frame",
        ]
        .iter()
        .any(|name| word.starts_with(name))
}

/// Whether a row is a header of numbers: 0, 1, 2 and so on, in any order.
fn counts_up(record: &Record) -> bool {
    let mut whole: Vec<u32> = record
        .cells()
        .filter_map(|cell| cell.parse().ok())
        .collect();
    whole.sort_unstable();
    whole.len() >= MANY && whole.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

fn holds_face(record: &Record) -> bool {
    record.cells().any(vector::is_list)
        || record
            .cells()
            .filter(|cell| vector::number(cell).is_some())
            .count()
            >= MANY
}

fn counts_rows(rows: &[Record], place: usize) -> bool {
    let mut numbers = rows
        .iter()
        .map(|record| record.cell(place).parse::<u64>().ok());
    let Some(Some(first @ 0..=1)) = numbers.next() else {
        return false;
    };
    numbers
        .zip(first + 1..)
        .all(|(number, expected)| number == Some(expected))
}
