//! Embeddings in JSON: lists under names, lists of objects, or two lists side by side; one
//! document, or one a line.

use serde_json::{Map, Value};

use super::super::columns::{Field, plain};
use super::super::hints::Hints;
use super::super::problem::{ImportError, Unit};
use super::super::text::Text;
use super::super::understood::Understood;
use super::{Faces, Whose, as_many_names, called_after, named, vector};
use crate::core::person::{PersonCode, PersonName};

/// Reads the documents.
pub(super) fn read(text: &Text, hints: &Hints) -> Result<Faces, ImportError> {
    let mut reader = Reader {
        hints,
        faces: Faces {
            unit: Unit::Entry,
            understood: Understood::default(),
            ..Faces::default()
        },
        entry: 0,
    };
    reader.faces.understood.fact("encoding", text.encoding);
    reader.faces.understood.fact("form", "JSON");
    for document in serde_json::Deserializer::from_str(&text.text).into_iter::<Value>() {
        let document = document.map_err(|error| {
            ImportError::OtherKind(format!("it is no JSON that can be read: {error}"))
        })?;
        reader.value(document, None)?;
    }
    if let Some(names) = &hints.names {
        as_many_names(names.len(), reader.entry as usize)?;
    }
    Ok(reader.faces)
}

struct Reader<'h> {
    hints: &'h Hints,
    faces: Faces,
    entry: u64,
}

impl Reader<'_> {
    /// Reads what stands under a key, which is whose it is unless it says so itself.
    fn value(&mut self, value: Value, owner: Option<&Whose>) -> Result<(), ImportError> {
        match value {
            Value::Array(items) if items.iter().all(Value::is_number) && !items.is_empty() => {
                self.face(Ok(numbers(&items)), owner)
            }
            Value::Array(items) => items
                .into_iter()
                .try_for_each(|item| self.value(item, owner)),
            Value::String(text) => self.face(vector::numbers(&text), owner),
            Value::Object(object) => self.object(object, owner),
            other => self.face(Err(format!("{other} is no list of numbers")), owner),
        }
    }

    fn object(
        &mut self,
        mut object: Map<String, Value>,
        owner: Option<&Whose>,
    ) -> Result<(), ImportError> {
        let Some(key) = key_of(&object, Field::Embedding) else {
            return object
                .into_iter()
                .try_for_each(|(key, value)| match named(&key) {
                    Ok(whose) => self.value(value, Some(&whose)),
                    Err(problem) => self.face(Err(problem), owner),
                });
        };
        let faces = object.remove(&key).unwrap_or_default();
        if let Some(owners) = lists_of_owners(&object) {
            let Value::Array(faces) = faces else {
                return self.face(Err(format!("{key:?} is no list")), owner);
            };
            as_many_names(owners.len(), faces.len())?;
            return owners
                .into_iter()
                .zip(faces)
                .try_for_each(|(whose, face)| match whose {
                    Ok(whose) => self.value(face, Some(&whose)),
                    Err(problem) => self.face(Err(problem), owner),
                });
        }
        match owner_of(&object) {
            Some(Ok(whose)) => self.value(faces, Some(&whose)),
            Some(Err(problem)) => self.face(Err(problem), owner),
            None => self.value(faces, owner),
        }
    }

    fn face(
        &mut self,
        numbers: Result<Vec<f32>, String>,
        owner: Option<&Whose>,
    ) -> Result<(), ImportError> {
        self.entry += 1;
        let whose = match (&self.hints.name, &self.hints.names, owner) {
            (Some(name), _, _) => named(name),
            (None, Some(names), _) => named(
                names
                    .get(self.entry as usize - 1)
                    .map_or("", String::as_str),
            ),
            (None, None, Some(owner)) => Ok(owner.clone()),
            (None, None, None) => Ok(Whose::Name(called_after(self.hints)?)),
        };
        self.faces
            .push(self.entry, whose.and_then(|whose| Ok((whose, numbers?))));
        Ok(())
    }
}

fn numbers(items: &[Value]) -> Vec<f32> {
    items
        .iter()
        .map(|item| item.as_f64().unwrap_or(f64::NAN) as f32)
        .collect()
}

/// The key that means the field; the surest one.
fn key_of(object: &Map<String, Value>, field: Field) -> Option<String> {
    let ranked = object
        .keys()
        .filter_map(|key| Some((field.rank(&plain(key))?, key)));
    ranked
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, key)| key.clone())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whose the face of an object is, if it says so.
fn owner_of(object: &Map<String, Value>) -> Option<Result<Whose, String>> {
    let text = |field| key_of(object, field).and_then(|key| text_of(&object[&key]));
    let code_key = key_of(object, Field::Code);
    // Beside a name, "id" numbers the entries.
    let is_plain_id = code_key
        .as_deref()
        .is_some_and(|key| Field::Code.rank(&plain(key)) == Some(2));
    let name = text(Field::Name);
    let code = text(Field::Code).filter(|_| name.is_none() || !is_plain_id);
    Some(match (code, name) {
        (Some(code), name) => of_code(&code, name.as_deref()),
        (None, Some(name)) => named(&name),
        (None, None) => return None,
    })
}

fn of_code(code: &str, name: Option<&str>) -> Result<Whose, String> {
    let code = PersonCode::parse(code).map_err(|error| error.to_string())?;
    let name = name
        .map(PersonName::parse)
        .transpose()
        .map_err(|error| error.to_string())?;
    Ok(Whose::Code(code, name))
}

/// The owners of many faces, listed beside them.
fn lists_of_owners(object: &Map<String, Value>) -> Option<Vec<Result<Whose, String>>> {
    let list = |field| {
        let key = key_of_list(object, field)?;
        object[&key].as_array().map(|items| {
            items
                .iter()
                .map(|item| text_of(item).unwrap_or_default())
                .collect::<Vec<_>>()
        })
    };
    match (list(Field::Name), list(Field::Code)) {
        (Some(names), _) => Some(names.iter().map(|name| named(name)).collect()),
        (None, Some(codes)) => Some(codes.iter().map(|code| of_code(code, None)).collect()),
        (None, None) => None,
    }
}

/// "names" beside "name".
fn key_of_list(object: &Map<String, Value>, field: Field) -> Option<String> {
    object
        .iter()
        .filter(|(_, value)| value.is_array())
        .map(|(key, _)| key)
        .find(|key| super::arrays::means(key, field))
        .cloned()
}
