//! One `NumPy` array, as `numpy.save` writes it (format 1 to 3).
//!
//! Deliberately absent: arrays of Python objects, which are pickles.

use super::super::problem::ImportError;

/// Most dimensions of an array.
const MOST_DIMENSIONS: usize = 3;

/// What an array holds, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// Numbers with a fraction.
    Numbers(Vec<f32>),
    /// Texts, or whole numbers as texts.
    Texts(Vec<String>),
}

/// An array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    /// Its dimensions, slowest first.
    pub(super) shape: Vec<usize>,
    /// What it holds.
    pub(super) data: Data,
}

/// Reads an array.
pub(super) fn read(bytes: &[u8]) -> Result<Array, ImportError> {
    parse(bytes).map_err(|what| {
        ImportError::OtherKind(format!("it is no NumPy array that can be read: {what}"))
    })
}

fn parse(bytes: &[u8]) -> Result<Array, String> {
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("it does not begin as one")?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err("its version is not known".into()),
    };
    let (header, values) = rest
        .split_at_checked(length)
        .ok_or("it ends within its header")?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is no text")?;
    let kind = Kind::parse(&quoted(header, "descr")?)?;
    let shape = shape(header)?;
    let count = shape
        .iter()
        .try_fold(1usize, |count, size| count.checked_mul(*size))
        .ok_or("it is too large")?;
    let size = count.checked_mul(kind.size).ok_or("it is too large")?;
    if values.len() != size {
        return Err(format!(
            "its header speaks of {size} bytes, and {} follow",
            values.len()
        ));
    }
    let mut data = kind.values(values)?;
    if is_true(header, "fortran_order")? {
        data = match data {
            Data::Numbers(values) => Data::Numbers(transposed(values, &shape)?),
            Data::Texts(texts) => Data::Texts(transposed(texts, &shape)?),
        };
    }
    Ok(Array { shape, data })
}

/// What follows a key of the header, which is the literal of a Python dictionary.
fn after<'h>(header: &'h str, key: &str) -> Result<&'h str, String> {
    let missing = || format!("its header does not say {key}");
    let at = ['\'', '"'].into_iter().find_map(|quote| {
        let quoted = format!("{quote}{key}{quote}");
        header.find(&quoted).map(|at| at + quoted.len())
    });
    let rest = header[at.ok_or_else(missing)?..].trim_start();
    rest.strip_prefix(':')
        .map(str::trim_start)
        .ok_or_else(missing)
}

fn quoted(header: &str, key: &str) -> Result<String, String> {
    let rest = after(header, key)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let quote = quote.ok_or("it is a table of several types; save the vectors alone")?;
    let (text, _) = rest[1..]
        .split_once(quote)
        .ok_or("its header is cut short")?;
    Ok(text.to_owned())
}

fn is_true(header: &str, key: &str) -> Result<bool, String> {
    let rest = after(header, key)?;
    match (rest.starts_with("True"), rest.starts_with("False")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(format!("its header does not say {key}")),
    }
}

fn shape(header: &str) -> Result<Vec<usize>, String> {
    let rest = after(header, "shape")?
        .strip_prefix('(')
        .ok_or("its shape is not understood")?;
    let (inner, _) = rest.split_once(')').ok_or("its shape is not understood")?;
    let sizes: Vec<usize> = inner
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| "its shape is not understood")?;
    match sizes.len() {
        0..=MOST_DIMENSIONS => Ok(sizes),
        many => Err(format!("it has {many} dimensions")),
    }
}

/// The type of its values.
struct Kind {
    is_big_endian: bool,
    letter: u8,
    /// Bytes of a value.
    size: usize,
}

impl Kind {
    fn parse(descr: &str) -> Result<Self, String> {
        let (order, rest) = match descr.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            rest => (b'<', rest),
        };
        let (letter, digits) = rest.split_first().ok_or("it has no type")?;
        if *letter == b'O' {
            return Err(
                "it holds Python objects as a pickle, and reading one runs the code in it: save plain arrays \
                 (numbers as float32, names as text)"
                    .into(),
            );
        }
        let number: usize = std::str::from_utf8(digits)
            .ok()
            .and_then(|d| d.parse().ok())
            .ok_or("its type is not understood")?;
        let size = match (letter, number) {
            (b'f', 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'S', 1..=4096) => number,
            (b'U', 1..=4096) => number * 4,
            _ => {
                return Err(format!(
                    "values of the type {descr:?} are not read: save the vectors as float32"
                ));
            }
        };
        Ok(Self {
            is_big_endian: order == b'>',
            letter: *letter,
            size,
        })
    }

    fn values(&self, bytes: &[u8]) -> Result<Data, String> {
        let chunks = bytes.chunks_exact(self.size);
        Ok(match self.letter {
            b'f' => Data::Numbers(chunks.map(|chunk| self.float(chunk)).collect()),
            b'S' => {
                let text = |chunk: &[u8]| {
                    String::from_utf8(chunk.to_vec())
                        .map(|text| text.trim_end_matches('\0').to_owned())
                };
                let texts: Result<_, _> = chunks.map(text).collect();
                Data::Texts(texts.map_err(|_| "its texts are not UTF-8")?)
            }
            b'U' => {
                let letters = |chunk: &[u8]| {
                    chunk
                        .chunks_exact(4)
                        .map(|c| char::from_u32(self.whole(c) as u32))
                        .collect::<Option<String>>()
                };
                let texts: Option<Vec<String>> = chunks.map(letters).collect();
                let texts = texts.ok_or("its texts hold what is no character")?;
                Data::Texts(
                    texts
                        .into_iter()
                        .map(|text| text.trim_end_matches('\0').to_owned())
                        .collect(),
                )
            }
            b'i' => Data::Texts(chunks.map(|chunk| self.signed(chunk).to_string()).collect()),
            _ => Data::Texts(chunks.map(|chunk| self.whole(chunk).to_string()).collect()),
        })
    }

    fn float(&self, chunk: &[u8]) -> f32 {
        match self.size {
            4 => f32::from_bits(self.whole(chunk) as u32),
            _ => f64::from_bits(self.whole(chunk)) as f32,
        }
    }

    fn whole(&self, chunk: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        if self.is_big_endian {
            chunk.iter().fold(0, add)
        } else {
            chunk.iter().rev().fold(0, add)
        }
    }

    fn signed(&self, chunk: &[u8]) -> i64 {
        let unused = 64 - 8 * self.size as u32;
        ((self.whole(chunk) << unused) as i64) >> unused
    }
}

/// From column-major to row-major order.
fn transposed<T: Clone>(values: Vec<T>, shape: &[usize]) -> Result<Vec<T>, String> {
    match *shape {
        [] | [_] => Ok(values),
        [rows, columns] => Ok((0..rows)
            .flat_map(|row| (0..columns).map(move |column| column * rows + row))
            .map(|at| values[at].clone())
            .collect()),
        _ => Err("it is in column-major order: save it with numpy.ascontiguousarray".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array as `numpy.save` writes it.
    pub(in crate::import) fn npy(descr: &str, order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values);
        bytes
    }

    #[test]
    fn numbers_of_either_width_order_and_end_are_the_same() {
        let values = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns = [1.0f32, 4.0, 2.0, 5.0, 3.0, 6.0];
        let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let big: Vec<u8> = values
            .iter()
            .flat_map(|v| f64::from(*v).to_be_bytes())
            .collect();
        let fortran: Vec<u8> = columns.iter().flat_map(|v| v.to_le_bytes()).collect();
        for bytes in [
            npy("<f4", "False", "(2, 3)", &little),
            npy(">f8", "False", "(2, 3)", &big),
            npy("<f4", "True", "(2, 3)", &fortran),
        ] {
            let array = read(&bytes).unwrap();
            assert_eq!(
                (array.shape.as_slice(), array.data),
                (&[2, 3][..], Data::Numbers(values.to_vec()))
            );
        }
    }

    #[test]
    fn texts_and_whole_numbers_are_texts() {
        let wide: Vec<u8> = "Ana\0Eva\0"
            .chars()
            .flat_map(|c| (c as u32).to_le_bytes())
            .collect();
        assert_eq!(
            read(&npy("<U4", "False", "(2,)", &wide)).unwrap().data,
            Data::Texts(vec!["Ana".into(), "Eva".into()])
        );
        assert_eq!(
            read(&npy("|S3", "False", "(2,)", b"AnaEv\0")).unwrap().data,
            Data::Texts(vec!["Ana".into(), "Ev".into()])
        );
        let whole: Vec<u8> = [7i16, -1].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(
            read(&npy("<i2", "False", "(2,)", &whole)).unwrap().data,
            Data::Texts(vec!["7".into(), "-1".into()])
        );
    }

    #[test]
    fn what_lies_about_itself_is_refused() {
        let good = npy("<f4", "False", "(2,)", &[0; 8]);
        read(&good).unwrap();
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "{length}");
        }
        for (descr, order, shape) in [
            ("<f4", "False", "(3,)"),
            ("<f4", "False", "(18446744073709551615, 2)"),
            ("<f4", "Perhaps", "(2,)"),
            ("<f4", "False", "(1, 1, 1, 2)"),
            ("<c8", "False", "(1,)"),
            ("<f4", "False", "2"),
        ] {
            assert!(
                read(&npy(descr, order, shape, &[0; 8])).is_err(),
                "{descr} {order} {shape}"
            );
        }
        let pickle = read(&npy("|O", "False", "(2,)", b"\x80\x04"))
            .unwrap_err()
            .to_string();
        assert!(pickle.contains("runs the code"), "{pickle}");
    }
}
