//! Embeddings of another system, one face a row.
//!
//! Tables ([`table`]), JSON ([`json`]) and arrays of `NumPy` ([`arrays`]). A vector need not be
//! normalised: networks of the `ArcFace` family give the raw output, and only its direction
//! says who it is. It is divided by its length, and that is said. It must have 512 numbers:
//! what has 128 is of another family and could never be compared.
//!
//! Which network made them is not in any of these files; whoever imports them says it.

mod arrays;
mod json;
mod npy;
mod table;
mod vector;

use super::columns::plain;
use super::hints::Hints;
use super::problem::{BadLine, ImportError, Unit};
use super::text::{self, Kind};
use super::understood::Understood;
use super::{Read, Rows, finish};
use crate::core::embedding::Embedding;
use crate::core::person::{PersonCode, PersonName};
use vector::Lengths;

/// Numbers of an embedding.
pub const DIM: usize = 512;

/// Whose a face is, as the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// The one of this name.
    Name(PersonName),
    /// The one of this code, and the name if the file has it too.
    Code(PersonCode, Option<PersonName>),
}

/// A face and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedEmbedding {
    /// Whose it is.
    pub whose: Whose,
    /// The face.
    pub embedding: Embedding,
}

/// Reads the file.
///
/// # Errors
/// If it is no such file or can be read in several ways; every bad row is listed.
pub fn read(bytes: &[u8], hints: &Hints) -> Result<Read<NamedEmbedding>, ImportError> {
    let mut faces = match text::kind_of(bytes)? {
        Kind::Npy => arrays::of_npy(bytes, hints)?,
        Kind::Npz => arrays::of_npz(bytes, hints)?,
        Kind::Json => json::read(&text::decode(bytes, hints.encoding)?, hints)?,
        Kind::Text => table::read(&text::decode(bytes, hints.encoding)?, hints)?,
    };
    let mut lengths = Lengths::default();
    let mut found = Rows {
        unit: faces.unit,
        ..Rows::default()
    };
    let mut bad = faces.bad;
    for (line, whose, numbers) in faces.found {
        match vector::embedding(numbers, &mut lengths) {
            Ok(embedding) => {
                let remark = &mut faces.understood;
                remark.row(|| format!("{}  512 numbers, {}", describe(&whose), lengths.last()));
                found.rows.push(NamedEmbedding { whose, embedding });
                found.lines.push(line);
            }
            Err(problem) => bad.push(BadLine { line, problem }),
        }
    }
    bad.sort_by_key(|bad| bad.line);
    let mut understood = faces.understood;
    understood.remarks.extend(lengths.remark());
    let mut people: Vec<&Whose> = found.rows.iter().map(|row| &row.whose).collect();
    people.sort();
    people.dedup();
    understood.fact(
        "faces",
        format!("{} of {} people", found.rows.len(), people.len()),
    );
    finish(found, bad, faces.unit).map(|rows| Read { rows, understood })
}

fn describe(whose: &Whose) -> String {
    match whose {
        Whose::Name(name) => name.to_string(),
        Whose::Code(code, None) => format!("code {code}"),
        Whose::Code(code, Some(name)) => format!("{name} (code {code})"),
    }
}

/// What a reader found: rows with their place, whose they are, and their numbers.
#[derive(Debug, Default)]
struct Faces {
    found: Vec<(u64, Whose, Vec<f32>)>,
    bad: Vec<BadLine>,
    unit: Unit,
    understood: Understood,
}

impl Faces {
    fn push(&mut self, place: u64, face: Result<(Whose, Vec<f32>), String>) {
        match face {
            Ok((whose, numbers)) => self.found.push((place, whose, numbers)),
            Err(problem) => self.bad.push(BadLine {
                line: place,
                problem,
            }),
        }
    }
}

fn named(name: &str) -> Result<Whose, String> {
    PersonName::parse(name)
        .map(Whose::Name)
        .map_err(|error| error.to_string())
}

/// The person whom a file is called after: a file for each person has no names inside.
fn called_after(hints: &Hints) -> Result<PersonName, ImportError> {
    /// Words in the names of files that are nobody's.
    const NOBODY: [&str; 20] = [
        "embed",
        "encoding",
        "emb",
        "face",
        "cara",
        "rostro",
        "vector",
        "feature",
        "descriptor",
        "data",
        "export",
        "people",
        "person",
        "student",
        "estudiante",
        "alumno",
        "employee",
        "empleado",
        "known",
        "database",
    ];
    let stem = hints
        .file_name
        .rsplit_once('.')
        .map_or(hints.file_name.as_str(), |(stem, _)| stem);
    let word = plain(stem);
    let is_nobody = NOBODY
        .iter()
        .any(|nobody| word.starts_with(nobody) || word.ends_with(nobody));
    match PersonName::parse(stem) {
        Ok(name) if !is_nobody && stem.chars().any(char::is_alphabetic) => Ok(name),
        _ => Err(whose_is_it()),
    }
}

fn whose_is_it() -> ImportError {
    ImportError::question(
        "it does not say whose the vectors are",
        "if all are of one person, say --name NAME; else give a text file with a name a line, one \
         for each vector, with --names FILE, or say which column has the names with --map \
         name=HEADER",
    )
}

fn as_many_names(names: usize, vectors: usize) -> Result<(), ImportError> {
    if names == vectors {
        return Ok(());
    }
    Err(ImportError::question(
        format!("there are {names} names for {vectors} vectors"),
        "give one name a line for each vector with --names FILE",
    ))
}
