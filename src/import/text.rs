//! The bytes of a file as text, whatever encoding a spreadsheet or a clock wrote it in.
//!
//! Invariants:
//! - What is valid UTF-8, or has a byte order mark, is read as that. Anything else is read
//!   as Windows-1252 only if Firefox's detector takes it for that too; else it is a question.
//! - What is no text is refused with the name of its kind. A pickle is never opened:
//!   reading one runs the code in it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::problem::ImportError;

/// A file as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// What it says, without a byte order mark.
    pub(super) text: String,
    /// The encoding it was read in.
    pub(super) encoding: &'static str,
}

/// Reads the bytes in the encoding that was stated, else in the one they are in.
pub(super) fn decode(bytes: &[u8], stated: Option<&'static Encoding>) -> Result<Text, ImportError> {
    let (encoding, bytes) = match (stated, Encoding::for_bom(bytes)) {
        (Some(stated), Some((marked, length))) if stated == marked => (stated, &bytes[length..]),
        (Some(stated), _) => (stated, bytes),
        (None, Some((marked, length))) => (marked, &bytes[length..]),
        (None, None) => (encoding_of(bytes)?, bytes),
    };
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else {
        return Err(not_in(encoding, bytes));
    };
    if let Some(line) = line_with_control(&text) {
        return Err(ImportError::question(
            format!(
                "line {line} has control characters, so it is not {} text",
                encoding.name()
            ),
            "save the table as CSV, or say --encoding",
        ));
    }
    Ok(Text {
        text: text.into_owned(),
        encoding: encoding.name(),
    })
}

fn not_in(encoding: &'static Encoding, bytes: &[u8]) -> ImportError {
    let line = match std::str::from_utf8(bytes) {
        Err(error) if encoding == UTF_8 => line_at(bytes, error.valid_up_to()),
        _ => 1,
    };
    ImportError::question(
        format!("line {line} is not {} text", encoding.name()),
        "say which it is with --encoding, e.g. --encoding windows-1252",
    )
}

/// The encoding of bytes without a mark.
fn encoding_of(bytes: &[u8]) -> Result<&'static Encoding, ImportError> {
    if let Some(encoding) = wide(bytes) {
        return Ok(encoding);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return Ok(UTF_8);
    }
    // Two encodings in one file: whichever is taken, some of the names are wrong.
    let is_partly_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if is_partly_utf8 {
        return Err(not_in(UTF_8, bytes));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess == WINDOWS_1252 || is_western(bytes) {
        return Ok(WINDOWS_1252);
    }
    let at = bytes.iter().position(|byte| !byte.is_ascii());
    let line = line_at(bytes, at.unwrap_or_default());
    Err(ImportError::question(
        format!(
            "line {line} is neither UTF-8 nor plainly Windows-1252; it looks like {}",
            guess.name()
        ),
        format!(
            "say which it is with --encoding, e.g. --encoding {}",
            guess.name().to_lowercase()
        ),
    ))
}

/// UTF-16 without a mark: in tables every other byte is zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.len() / 2;
    if pairs < 2 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |offset: usize| {
        bytes
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (first, second) = (zeros(0), zeros(1));
    match (first, second) {
        (0, second) if second * 2 > pairs => Some(UTF_16LE),
        (first, 0) if first * 2 > pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether every word reads as one of Western Europe: a short name or two is too little for
/// a detector, but `Díaz` and `Núñez` are no words in any other single-byte encoding.
fn is_western(bytes: &[u8]) -> bool {
    /// Letters and marks of Spanish, Portuguese, Catalan, French and German.
    const LETTERS: &str = "áéíóúàèòâêôãõçñüïäöÁÉÍÓÚÀÈÒÂÊÔÃÕÇÑÜÏÄÖßªº¿¡´’“”«»·€–";
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let is_word = |word: &str| {
        let foreign = word.chars().filter(|c| !c.is_ascii()).count();
        let plain = word.chars().filter(char::is_ascii_alphabetic).count();
        word.chars().all(|c| c.is_ascii() || LETTERS.contains(c)) && foreign <= plain.max(1)
    };
    text.split(|c: char| c.is_ascii() && !c.is_ascii_alphabetic())
        .all(is_word)
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    // Of n lines n - 1 end.
    bytes[..at.min(bytes.len())]
        .split(|byte| *byte == b'\n')
        .count()
}

fn line_with_control(text: &str) -> Option<usize> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{1a}');
    text.split('\n')
        .position(|line| line.contains(is_control))
        .map(|line| line + 1)
}

/// What kind of file these bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, or nothing that is known.
    Text,
    /// A `NumPy` array.
    Npy,
    /// An archive of `NumPy` arrays.
    Npz,
    /// JSON.
    Json,
}

/// Tells the kinds that are read from those that are not.
pub(super) fn kind_of(bytes: &[u8]) -> Result<Kind, ImportError> {
    if bytes.starts_with(b"\x93NUMPY") {
        return Ok(Kind::Npy);
    }
    if let Some(words) = refusal(bytes) {
        return Err(ImportError::OtherKind(words.to_owned()));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(Kind::Npz);
    }
    let start = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    Ok(match start.first() {
        // A list in a table stands behind a name; no table begins with a bracket.
        Some(b'{' | b'[') => Kind::Json,
        _ => Kind::Text,
    })
}

fn refusal(bytes: &[u8]) -> Option<&'static str> {
    let begins = |start: &[u8]| bytes.starts_with(start);
    let is_pickle = matches!(bytes, [0x80, 2..=5, ..])
        || begins(b"(dp")
        || begins(b"(lp")
        || begins(b"ccopy_reg")
        || begins(b"cnumpy");
    if is_pickle {
        return Some(
            "it is a Python pickle, and reading one runs the code in it, so it is not opened: \
             where it was made, save the names and vectors as CSV, JSON or .npz (numpy.savez)",
        );
    }
    if begins(b"SQLite format 3\0") {
        return Some(
            "it is a database: export its table first, e.g. sqlite3 -header -csv FILE \
             \"SELECT * FROM attendance\" > attendance.csv",
        );
    }
    if begins(b"PK\x03\x04") && is_workbook(bytes) {
        return Some("it is a workbook: save the sheet as CSV");
    }
    if begins(b"\xd0\xcf\x11\xe0") {
        return Some("it is an old workbook (.xls): save the sheet as CSV");
    }
    if begins(b"\x1f\x8b") {
        return Some("it is compressed: unpack it first, e.g. gunzip FILE");
    }
    if begins(b"\x89HDF") {
        return Some("it is an HDF5 file: save its names and vectors as CSV or .npz");
    }
    if begins(b"%PDF") {
        return Some("it is a PDF: export the table as CSV");
    }
    None
}

/// Workbooks and files of `PyTorch` are zip archives too; the first name in them tells.
fn is_workbook(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(200)];
    [
        &b"[Content_Types].xml"[..],
        b"_rels/",
        b"xl/",
        b"mimetypeapplication/vnd",
    ]
    .iter()
    .any(|name| head.windows(name.len()).any(|window| window == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> String {
        decode(bytes, None).unwrap_err().to_string()
    }

    #[test]
    fn every_encoding_of_a_spreadsheet_reads_the_same() {
        let text = "code;name\r\nE-1;Iñaki Núñez\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let western = WINDOWS_1252.encode(text).0.into_owned();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8"),
            ([&[0xff, 0xfe][..], &little].concat(), "UTF-16LE"),
            ([&[0xfe, 0xff][..], &big].concat(), "UTF-16BE"),
            (little, "UTF-16LE"),
            (big, "UTF-16BE"),
            (western, "windows-1252"),
        ] {
            let read = decode(&bytes, None).unwrap();
            assert_eq!((read.text.as_str(), read.encoding), (text, encoding));
        }
    }

    #[test]
    fn what_could_be_several_encodings_is_a_question() {
        let cyrillic = encoding_rs::WINDOWS_1251
            .encode("код;имя\nE-1;Иван Петров\n")
            .0
            .into_owned();
        assert!(
            words(&cyrillic).contains("--encoding"),
            "{}",
            words(&cyrillic)
        );
        let stated = decode(&cyrillic, Some(encoding_rs::WINDOWS_1251)).unwrap();
        assert!(stated.text.contains("Иван Петров"));
        let mixed = [&b"name\nN\xc3\xba\xc3\xb1ez\n"[..], b"D\xedaz\n"].concat();
        assert!(words(&mixed).contains("line 3"), "{}", words(&mixed));
        assert!(decode(b"a\xed", Some(UTF_8)).is_err());
        assert!(words(b"name\nAna\0\0\n").contains("line 2"));
    }

    #[test]
    fn other_kinds_of_files_are_named() {
        for (bytes, word) in [
            (&b"\x80\x04\x95\x10"[..], "runs the code"),
            (b"(dp0\nS'a'", "runs the code"),
            (b"SQLite format 3\0...", "database"),
            (b"PK\x03\x04xxxxxxxxxxxx[Content_Types].xml", "workbook"),
            (b"\x1f\x8b\x08", "compressed"),
        ] {
            let error = kind_of(bytes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert_eq!(kind_of(b"\xef\xbb\xbf {\"a\""), Ok(Kind::Json));
        assert_eq!(kind_of(b"name,embedding"), Ok(Kind::Text));
    }
}
