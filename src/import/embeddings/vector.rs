//! A vector in the ways that programs print one.

use super::DIM;
use crate::core::embedding::Embedding;

/// How far from one a length is that rounding to a few digits leaves.
const ROUNDING: f64 = 0.01;

/// What programs write around and between numbers. The longer ones come first.
const WRAPPERS: [&str; 9] = [
    "numpy.float32",
    "numpy.float64",
    "np.float32",
    "np.float64",
    "np.array",
    "numpy.array",
    "array",
    "tensor",
    "list",
];

/// The numbers of a list: joined by semicolons, commas or spaces, in any brackets, as Python,
/// `NumPy` and pandas print them.
pub(super) fn numbers(text: &str) -> Result<Vec<f32>, String> {
    if text.contains("...") || text.contains('…') {
        return Err(
            "the list was shortened with \"...\", so most of its numbers are not there: export it \
             again with numpy.set_printoptions(threshold=sys.maxsize), or as a list (tolist())"
                .into(),
        );
    }
    let bare = unwrapped(text);
    let inner = bare.trim();
    let has_semicolons = inner.contains(';');
    let is_between = |c: char| {
        if has_semicolons {
            c == ';'
        } else {
            c == ',' || c.is_whitespace()
        }
    };
    inner
        .split(is_between)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .enumerate()
        .map(|(place, part)| {
            number(part).ok_or_else(|| {
                format!(
                    "number {} of the list is {part:?}, which is none",
                    place + 1
                )
            })
        })
        .collect()
}

/// Without brackets, quotes, the names of types and what says the type.
fn unwrapped(text: &str) -> String {
    let text = match text.find("dtype") {
        Some(at) => text[..at].trim_end_matches(|c: char| c == ',' || c.is_whitespace()),
        None => text,
    };
    let mut bare = text.to_owned();
    if bare.contains(char::is_alphabetic) {
        for wrapper in WRAPPERS {
            bare = bare.replace(&format!("{wrapper}("), "(");
        }
    }
    bare.retain(|c| !matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '"' | '\''));
    bare
}

/// A number, with a point or a comma before its fraction.
pub(super) fn number(text: &str) -> Option<f32> {
    let value = match text.parse::<f32>() {
        Ok(value) => value,
        Err(_) if text.matches(',').count() == 1 && !text.contains('.') => {
            text.replace(',', ".").parse().ok()?
        }
        Err(_) => return None,
    };
    // "nan" and "inf" are numbers for Rust.
    value.is_finite().then_some(value)
}

/// Whether a cell is a list of numbers rather than a word or one number.
pub(super) fn is_list(cell: &str) -> bool {
    let first = cell.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let is_long =
        first.len() > 64 && cell.bytes().filter(u8::is_ascii_digit).count() * 3 > cell.len();
    is_long
        || (cell.starts_with(['[', '('])
            && first.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
}

/// The lengths of the vectors of a file.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Lengths {
    last: f64,
    /// Shortest and longest of those that are not one, and how many they are.
    others: Option<(f64, f64, usize)>,
}

impl Lengths {
    pub(super) fn last(&self) -> String {
        format!("length {:.3}", self.last)
    }

    fn add(&mut self, length: f64) {
        self.last = length;
        if (length - 1.0).abs() > ROUNDING {
            let (shortest, longest, count) = self.others.unwrap_or((length, length, 0));
            self.others = Some((shortest.min(length), longest.max(length), count + 1));
        }
    }

    /// What was done about them.
    pub(super) fn remark(&self) -> Option<String> {
        let (shortest, longest, count) = self.others?;
        Some(match count {
            1 => format!(
                "1 vector was divided by its length, {longest:.2}, since its direction alone counts"
            ),
            _ => format!(
                "{count} vectors were divided by their lengths, {shortest:.2} to {longest:.2}, since \
                 their directions alone count"
            ),
        })
    }
}

/// The embedding of as many numbers as the network in use gives, divided by their length.
pub(super) fn embedding(numbers: Vec<f32>, lengths: &mut Lengths) -> Result<Embedding, String> {
    match numbers.len() {
        DIM => {}
        128 => {
            return Err(format!(
                "it has 128 numbers, so it is of another model (as dlib and FaceNet make them) and \
                 can never be compared with {DIM}: enrol these people from pictures"
            ));
        }
        other => return Err(format!("it has {other} numbers; {DIM} were expected")),
    }
    let length = numbers
        .iter()
        .map(|&v| f64::from(v).powi(2))
        .sum::<f64>()
        .sqrt();
    let embedding = Embedding::from_raw(numbers).map_err(|error| error.to_string())?;
    lengths.add(length);
    Ok(embedding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_however_it_was_printed() {
        for text in [
            "0.5;-1.5e-05;2",
            "[0.5, -1.5e-05, 2.0]",
            "[ 5.0e-01 -1.5e-05\n  2.e+00]",
            "0.5 -1.5e-05 2",
            "(0.5, -1.5e-05, 2)",
            "[np.float32(0.5), np.float32(-1.5e-05), np.float32(2.0)]",
            "array([ 0.5, -1.5e-05,\n 2. ], dtype=float32)",
            "tensor([0.5, -1.5e-05, 2.])",
            "\"[0.5, -1.5e-05, 2]\"",
            "0,5; -0,000015; 2",
            "[[0.5, -1.5e-05, 2]]",
        ] {
            assert_eq!(numbers(text).unwrap(), [0.5, -1.5e-5, 2.0], "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_numbers_is_refused_in_words() {
        assert!(
            numbers("[0.1 0.2 ... 0.3]")
                .unwrap_err()
                .contains("shortened")
        );
        assert!(numbers("[0.1, None]").unwrap_err().contains("number 2"));
        assert!(numbers("[nan, 1]").unwrap_err().contains("\"nan\""));
        assert_eq!(numbers("[]"), Ok(Vec::new()));
        let mut lengths = Lengths::default();
        assert!(
            embedding(vec![0.1; 128], &mut lengths)
                .unwrap_err()
                .contains("another model")
        );
        assert!(
            embedding(vec![0.1; 511], &mut lengths)
                .unwrap_err()
                .contains("511 numbers")
        );
        assert!(embedding(vec![0.0; DIM], &mut lengths).is_err());
    }

    #[test]
    fn a_raw_vector_is_divided_by_its_length_and_that_is_said() {
        let mut lengths = Lengths::default();
        let raw = embedding(vec![1.0; DIM], &mut lengths).unwrap();
        let unit = embedding(vec![1.0 / (DIM as f32).sqrt(); DIM], &mut lengths).unwrap();
        assert!(raw.similarity(&unit).0 > 0.999_999);
        assert!(
            lengths.remark().unwrap().contains("22.63"),
            "{:?}",
            lengths.remark()
        );
    }

    #[test]
    fn a_list_is_told_from_a_word_and_from_a_number() {
        assert!(is_list("[0.1, 0.2]") && is_list("(1, 2)"));
        assert!(is_list(&"-0.45097408;1.6689448;".repeat(20)));
        for cell in ["Ana Torres", "0.5", "Ana_0.jpg", "", "[Ana]"] {
            assert!(!is_list(cell), "{cell}");
        }
    }
}
