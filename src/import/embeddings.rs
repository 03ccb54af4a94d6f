//! Embeddings of another system, one face a line.
//!
//! Two layouts are understood, each with or without a header line:
//! - `name, v0, v1, … v511`: the name and one column for each of the 512 numbers;
//! - `name, "[v0, v1, … v511]"`: the name and one quoted list, its numbers
//!   separated by commas or spaces, as Python and `NumPy` print it.
//!
//! Every vector must have 512 finite numbers and unit length; one that was not
//! normalised may come from another stage of the network and is refused.

use super::Rows;
use super::table::{BadLine, ImportError, bad_csv, finish, line_of, without_mark};
use crate::core::embedding::Embedding;
use crate::core::person::PersonName;

/// Numbers of an embedding.
pub const DIM: usize = 512;

/// How far from one a length may be: what rounding to a few digits does.
const MOST_DEVIATION: f64 = 0.01;

/// A face and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedEmbedding {
    /// The person's name.
    pub name: PersonName,
    /// The face.
    pub embedding: Embedding,
}

/// Reads the file.
///
/// # Errors
/// If it has neither layout; every bad line is listed.
pub fn read(bytes: &[u8]) -> Result<Rows<NamedEmbedding>, ImportError> {
    let bytes = without_mark(bytes);
    let records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes)
        .into_records();
    let mut found = Rows {
        rows: Vec::new(),
        lines: Vec::new(),
    };
    let mut bad = Vec::new();
    for (number, record) in records.enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                bad.push(bad_csv(bytes, &error));
                continue;
            }
        };
        let line = line_of(bytes, record.position());
        if number == 0 && is_header(&record) {
            continue;
        }
        match row(&record) {
            Ok(value) => {
                found.rows.push(value);
                found.lines.push(line);
            }
            Err(problem) => bad.push(BadLine { line, problem }),
        }
    }
    finish(found, bad)
}

fn is_header(record: &csv::StringRecord) -> bool {
    let second = record.get(1).unwrap_or_default();
    !second.starts_with('[') && second.parse::<f64>().is_err()
}

fn row(record: &csv::StringRecord) -> Result<NamedEmbedding, String> {
    let name = PersonName::parse(record.get(0).unwrap_or_default()).map_err(|e| e.to_string())?;
    let values: Vec<&str> = match record.len() {
        2 => list(record.get(1).unwrap_or_default())?,
        _ => record.iter().skip(1).collect(),
    };
    if values.len() != DIM {
        return Err(format!(
            "it has {} numbers; {DIM} were expected, as columns or as one quoted list",
            values.len()
        ));
    }
    let numbers: Vec<f32> = values
        .iter()
        .enumerate()
        .map(|(place, text)| {
            text.parse::<f32>()
                .ok()
                .filter(|value| value.is_finite())
                .ok_or_else(|| format!("number {place} is {text:?}, which is none"))
        })
        .collect::<Result<_, _>>()?;
    let length = numbers
        .iter()
        .map(|&v| f64::from(v).powi(2))
        .sum::<f64>()
        .sqrt();
    if (length - 1.0).abs() > MOST_DEVIATION {
        return Err(format!(
            "the vector has the length {length:.3}, not 1: take the normalised embeddings"
        ));
    }
    let embedding = Embedding::from_raw(numbers).map_err(|e| e.to_string())?;
    Ok(NamedEmbedding { name, embedding })
}

fn list(cell: &str) -> Result<Vec<&str>, String> {
    let inner = cell
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or("its second column is no list in square brackets")?;
    Ok(inner
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(scale: f64) -> Vec<String> {
        let value = scale / (DIM as f64).sqrt();
        vec![format!("{value:.6}"); DIM]
    }

    #[test]
    fn both_layouts_are_read_with_and_without_a_header() {
        let columns = format!("Ana,{}\n", vector(1.0).join(","));
        let quoted = format!("\"Torres, Ana\",\"[{}]\"\n", vector(1.0).join(", "));
        let numpy = format!("Ana,\"[{}]\"\n", vector(1.0).join("\n "));
        for (file, name) in [(&columns, "Ana"), (&quoted, "Torres, Ana"), (&numpy, "Ana")] {
            for header in ["", "name,embedding\n"] {
                let read = read(format!("{header}{file}").as_bytes()).unwrap();
                assert_eq!(read.rows.len(), 1);
                assert_eq!(read.rows[0].name.as_str(), name);
                assert_eq!(read.rows[0].embedding.dim(), DIM);
            }
        }
    }

    #[test]
    fn what_is_no_embedding_is_refused_with_its_line() {
        let good = vector(1.0).join(",");
        let unscaled = vector(20.0).join(",");
        let short = vector(1.0)[..511].join(",");
        let nan = format!("NaN,{}", vector(1.0)[1..].join(","));
        let word = format!("0.1x,{}", vector(1.0)[1..].join(","));
        let file = format!(
            "Ana,{good}\nB,{unscaled}\nC,{short}\nD,{nan}\nE,{word}\n,{good}\nF,\"0.1 0.2\"\n"
        );
        let error = read(file.as_bytes()).unwrap_err().to_string();
        for (line, words) in [
            (2, "length 20.0"),
            (3, "511 numbers"),
            (4, "\"NaN\""),
            (5, "\"0.1x\""),
            (6, "name is empty"),
            (7, "square brackets"),
        ] {
            let found = error.lines().find(|l| l.contains(&format!("line {line}:")));
            assert!(
                found.is_some_and(|l| l.contains(words)),
                "line {line}: {error}"
            );
        }
        assert!(!error.contains("line 1:"), "{error}");
        assert_eq!(read(b"name,embedding\n"), Err(ImportError::Empty));
    }
}
