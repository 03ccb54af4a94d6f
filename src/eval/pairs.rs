//! Lists of picture pairs in the format of Labeled Faces in the Wild.
//!
//! The first line holds the number of folds and the number of genuine pairs of
//! each (`10 300`), or only the latter. A line `Name 1 4` pairs two pictures of
//! one person, `Name 1 Other 2` those of two.

use std::fmt;
use std::path::{Path, PathBuf};

/// Pairs to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairList {
    /// In the order of the file.
    pub pairs: Vec<Pair>,
    /// Number of folds; 1 for a list without.
    pub folds: usize,
}

/// Two pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// One picture.
    pub first: PictureName,
    /// The other.
    pub second: PictureName,
    /// `true` if both show the same person.
    pub genuine: bool,
    /// Which fold the pair belongs to, from zero.
    pub fold: usize,
}

/// A person's picture by its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PictureName {
    /// Name of the person and of the folder.
    pub person: String,
    /// Number of the picture, from one.
    pub number: u32,
}

impl PictureName {
    /// `Name/Name_0001.jpg` under `dir`.
    pub fn path_in(&self, dir: &Path) -> PathBuf {
        dir.join(&self.person).join(format!("{self}.jpg"))
    }
}

impl fmt::Display for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:04}", self.person, self.number)
    }
}

/// Why a text is no list of pairs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairsError {
    /// The first line is not one or two numbers.
    #[error(
        "line 1 should hold the number of folds and of genuine pairs in each, such as \"10 300\", not {found:?}"
    )]
    Header {
        /// The line.
        found: String,
    },
    /// A line is no pair.
    #[error("line {line}: {reason}")]
    Line {
        /// Number of the line, from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The pairs are not as many as the first line says.
    #[error("line 1 promises {promised}, but there are {found}: is the file truncated?")]
    Count {
        /// What line 1 says.
        promised: String,
        /// What follows.
        found: usize,
    },
    /// There is nothing to compare.
    #[error("there are no pairs in it")]
    Empty,
}

/// Parses a list of pairs.
///
/// # Errors
/// If the text is not in the format, or incomplete.
pub fn parse(text: &str) -> Result<PairList, PairsError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    let header = lines.next().map_or("", |(_, line)| line);
    let (folds, genuine_per_fold) = parse_header(header)?;
    let mut pairs = lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            parse_pair(line).map_err(|reason| PairsError::Line {
                line: number,
                reason,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if pairs.is_empty() {
        return Err(PairsError::Empty);
    }
    check_counts(&pairs, folds, genuine_per_fold)?;
    if folds > 1 {
        for (index, pair) in pairs.iter_mut().enumerate() {
            pair.fold = index / (2 * genuine_per_fold);
        }
    }
    Ok(PairList { pairs, folds })
}

fn parse_header(line: &str) -> Result<(usize, usize), PairsError> {
    let numbers: Option<Vec<usize>> = line
        .split_whitespace()
        .map(|word| word.parse().ok().filter(|&n| n > 0))
        .collect();
    match numbers.as_deref() {
        Some(&[folds, genuine]) => Ok((folds, genuine)),
        Some(&[genuine]) => Ok((1, genuine)),
        _ => Err(PairsError::Header {
            found: line.to_owned(),
        }),
    }
}

/// A fold has as many impostor pairs as genuine ones; a single list may have any number.
fn check_counts(pairs: &[Pair], folds: usize, genuine_per_fold: usize) -> Result<(), PairsError> {
    let genuine = pairs.iter().filter(|pair| pair.genuine).count();
    if folds == 1 && genuine != genuine_per_fold {
        return Err(PairsError::Count {
            promised: format!("{genuine_per_fold} genuine pairs"),
            found: genuine,
        });
    }
    let promised = genuine_per_fold.saturating_mul(2).saturating_mul(folds);
    if folds > 1 && pairs.len() != promised {
        return Err(PairsError::Count {
            promised: format!("{folds} folds of 2 x {genuine_per_fold} pairs, {promised} in all"),
            found: pairs.len(),
        });
    }
    Ok(())
}

fn parse_pair(line: &str) -> Result<Pair, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (first, second, genuine) = match fields[..] {
        [person, first, second] => (picture(person, first)?, picture(person, second)?, true),
        [person, first, other, second] => (picture(person, first)?, picture(other, second)?, false),
        _ => {
            return Err(format!(
                "{line:?} is neither \"Name 1 2\" nor \"Name 1 Other 2\""
            ));
        }
    };
    if !genuine && first.person == second.person {
        return Err(format!(
            "{line:?} calls two pictures of one person different people"
        ));
    }
    Ok(Pair {
        first,
        second,
        genuine,
        fold: 0,
    })
}

fn picture(person: &str, number: &str) -> Result<PictureName, String> {
    // The name becomes part of a path, and must not lead out of the folder.
    if person.contains(['/', '\\']) || person == ".." || person == "." {
        return Err(format!("{person:?} is not a name"));
    }
    match number.parse() {
        Ok(number) if number > 0 => Ok(PictureName {
            person: person.to_owned(),
            number,
        }),
        _ => Err(format!("{number:?} is not the number of a picture")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_blocks_of_the_file() {
        let text = "2\t1\r\nA\t1\t4\r\nA\t1\tB\t12\r\nB\t2\t3\r\nC\t1\tB\t1\r\n";
        let list = parse(text).unwrap();
        assert_eq!(list.folds, 2);
        let folds: Vec<_> = list.pairs.iter().map(|p| (p.fold, p.genuine)).collect();
        assert_eq!(folds, [(0, true), (0, false), (1, true), (1, false)]);
        let path = list.pairs[1].second.path_in(Path::new("lfw"));
        assert_eq!(path, Path::new("lfw/B/B_0012.jpg"));
    }

    #[test]
    fn a_single_list_may_have_any_number_of_impostors() {
        for header in ["1\t1", "1"] {
            let list = parse(&format!("{header}\nA 1 2\nA 1 B 1\nA 2 B 1\n\n")).unwrap();
            assert_eq!((list.folds, list.pairs.len()), (1, 3));
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, message) in [
            ("", "line 1 should"),
            ("A 1 2\n", "line 1 should"),
            ("0 5\n", "line 1 should"),
            ("10 300\n", "no pairs"),
            ("1 1\nA 1\n", "line 2: \"A 1\" is neither"),
            ("1 1\nA 1 2\nA x B 1\n", "line 3: \"x\""),
            ("1 1\nA 0 2\n", "line 2: \"0\""),
            ("1 1\n../A 1 2\n", "line 2: \"../A\""),
            ("1 1\nA 1 2\nA 1 A 2\n", "line 3: "),
            ("1 2\nA 1 2\n", "2 genuine pairs, but there are 1"),
            ("2 1\nA 1 2\nA 1 B 1\nA 1 3\n", "4 in all, but there are 3"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }
}
