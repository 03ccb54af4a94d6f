//! Embeddings as `NumPy` arrays: one file, or several in an archive with their names.

use std::io::{Cursor, Read as _};

use super::super::columns::{Field, plain};
use super::super::hints::Hints;
use super::super::problem::{ImportError, Unit};
use super::super::understood::Understood;
use super::npy::{self, Array, Data};
use super::{Faces, Whose, as_many_names, named, whose_is_it};
use crate::core::person::PersonCode;

/// Most bytes of an archive, unpacked: a small one can hold a great many.
const MOST_BYTES: u64 = 512 << 20;

/// Reads an array of vectors, which does not say whose they are.
pub(super) fn of_npy(bytes: &[u8], hints: &Hints) -> Result<Faces, ImportError> {
    let vectors = vectors_of(npy::read(bytes)?)?;
    let mut faces = faces("a NumPy array");
    let owners = stated_owners(vectors.len(), hints)?.ok_or_else(whose_is_it)?;
    fill(&mut faces, owners, vectors);
    Ok(faces)
}

/// Reads an archive: vectors beside a list of names, or an array for each person.
pub(super) fn of_npz(bytes: &[u8], hints: &Hints) -> Result<Faces, ImportError> {
    let mut faces = faces("an archive of NumPy arrays");
    let (mut numbers, mut lists) = (Vec::new(), Vec::new());
    for (key, array) in unpack(bytes)? {
        match array.data {
            Data::Numbers(_) => numbers.push((key, vectors_of(array)?)),
            Data::Texts(texts) => lists.push((key, texts)),
        }
    }
    if hints.name.is_none() && hints.names.is_none() && lists.is_empty() {
        for (key, vectors) in numbers {
            // What numpy.savez calls arrays that were given no name.
            if key.starts_with("arr_") || means(&key, Field::Embedding) {
                return Err(whose_is_it());
            }
            let owners = vectors.iter().map(|_| named(&key)).collect();
            fill(&mut faces, owners, vectors);
        }
        return Ok(faces);
    }
    let vectors = match numbers.len() {
        1 => numbers.remove(0).1,
        count => {
            let known = numbers
                .into_iter()
                .filter(|(key, _)| means(key, Field::Embedding));
            let mut known: Vec<_> = known.map(|(_, vectors)| vectors).collect();
            match known.len() {
                1 => known.remove(0),
                _ => {
                    return Err(ImportError::OtherKind(format!(
                        "it has {count} arrays of numbers beside its names, and none alone is called embeddings"
                    )));
                }
            }
        }
    };
    let owners = match stated_owners(vectors.len(), hints)? {
        Some(owners) => owners,
        None => listed_owners(lists, vectors.len())?,
    };
    fill(&mut faces, owners, vectors);
    Ok(faces)
}

fn faces(form: &str) -> Faces {
    let mut faces = Faces {
        unit: Unit::Entry,
        understood: Understood::default(),
        ..Faces::default()
    };
    faces.understood.fact("form", form);
    faces
}

fn fill(faces: &mut Faces, owners: Vec<Result<Whose, String>>, vectors: Vec<Vec<f32>>) {
    for (whose, vector) in owners.into_iter().zip(vectors) {
        let place = (faces.found.len() + faces.bad.len()) as u64 + 1;
        faces.push(place, whose.map(|whose| (whose, vector)));
    }
}

/// Whose the vectors are, if the operator says it.
fn stated_owners(
    count: usize,
    hints: &Hints,
) -> Result<Option<Vec<Result<Whose, String>>>, ImportError> {
    if let Some(name) = &hints.name {
        return Ok(Some((0..count).map(|_| named(name)).collect()));
    }
    let Some(names) = &hints.names else {
        return Ok(None);
    };
    as_many_names(names.len(), count)?;
    Ok(Some(names.iter().map(|name| named(name)).collect()))
}

/// Whose they are by a list in the archive: the only one, else the one that is called so.
fn listed_owners(
    lists: Vec<(String, Vec<String>)>,
    count: usize,
) -> Result<Vec<Result<Whose, String>>, ImportError> {
    let fitting: Vec<_> = lists
        .into_iter()
        .filter(|(_, texts)| texts.len() == count)
        .collect();
    let named_list = |field| {
        let mut lists = fitting.iter().filter(|(key, _)| means(key, field));
        lists.next().filter(|_| lists.next().is_none())
    };
    if let Some((_, names)) = named_list(Field::Name) {
        return Ok(names.iter().map(|name| named(name)).collect());
    }
    if let Some((_, codes)) = named_list(Field::Code) {
        let whose = |code: &String| match PersonCode::parse(code) {
            Ok(code) => Ok(Whose::Code(code, None)),
            Err(error) => Err(error.to_string()),
        };
        return Ok(codes.iter().map(whose).collect());
    }
    match fitting.as_slice() {
        // Numbers that no word calls codes may be the classes of a training.
        [(_, names)] if !names.iter().all(|name| name.parse::<i64>().is_ok()) => {
            Ok(names.iter().map(|name| named(name)).collect())
        }
        _ => Err(whose_is_it()),
    }
}

/// Whether a key means a field, in the plural too.
pub(super) fn means(key: &str, field: Field) -> bool {
    let word = plain(key);
    let singular = word.strip_suffix('s').unwrap_or(&word);
    let shorter = word.strip_suffix("es").unwrap_or(&word);
    [word.as_str(), singular, shorter]
        .iter()
        .any(|word| field.rank(word).is_some())
}

/// The rows of an array of vectors.
fn vectors_of(array: Array) -> Result<Vec<Vec<f32>>, ImportError> {
    let Data::Numbers(numbers) = array.data else {
        return Err(ImportError::OtherKind(
            "it holds no vectors: save them as float32".into(),
        ));
    };
    let size = array.shape.last().copied().unwrap_or(0);
    if size == 0 {
        return Err(ImportError::Empty);
    }
    Ok(numbers.chunks_exact(size).map(<[f32]>::to_vec).collect())
}

fn unpack(bytes: &[u8]) -> Result<Vec<(String, Array)>, ImportError> {
    let broken = |error: &dyn std::fmt::Display| {
        ImportError::OtherKind(format!("it is no archive that can be read: {error}"))
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut left = MOST_BYTES;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = entry.name().map_err(|error| broken(&error))?.into_owned();
        let Some(key) = name.strip_suffix(".npy") else {
            return Err(ImportError::OtherKind(format!(
                "it is an archive with {name:?} in it, and not one of NumPy arrays (.npz)"
            )));
        };
        let mut unpacked = Vec::new();
        entry
            .take(left + 1)
            .read_to_end(&mut unpacked)
            .map_err(|error| broken(&error))?;
        let length = unpacked.len() as u64;
        left = left
            .checked_sub(length)
            .ok_or_else(|| broken(&"it is longer than 512 MiB"))?;
        arrays.push((key.to_owned(), npy::read(&unpacked)?));
    }
    Ok(arrays)
}
