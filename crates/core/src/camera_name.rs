//! The names of cameras elsewhere: those whose pictures come over the network.
//!
//! The station's own camera has no name. A name stands in records, addresses and logs, so it
//! is made of characters that mean nothing special in any of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const LONGEST: usize = 32;

/// Name of a camera elsewhere: 1 to 32 of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`, beginning
/// with a letter or digit. Cheap to copy: every frame carries it.
///
/// ```
/// use rollcall_core::camera_name::CameraName;
///
/// assert_eq!(CameraName::parse("gate-2").unwrap().as_str(), "gate-2");
/// assert!(CameraName::parse("../x").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CameraName(Arc<str>);

/// Why a text is no name of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a camera has 1 to {LONGEST} characters of a-z, A-Z, 0-9, '-', '_' and '.', \
     and begins with a letter or digit"
)]
pub struct CameraNameError;

impl CameraName {
    /// Checks a name.
    ///
    /// # Errors
    /// If it is empty, too long, or holds another character.
    pub fn parse(text: &str) -> Result<Self, CameraNameError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins_well && text.len() <= LONGEST && text.chars().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(CameraNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for CameraName {
    type Error = CameraNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<CameraName> for String {
    fn from(name: CameraName) -> Self {
        name.as_str().to_owned()
    }
}

impl std::str::FromStr for CameraName {
    type Err = CameraNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_something_in_an_address_or_a_line_is_refused() {
        for good in ["a", "gate-2", "3.floor_west", &"x".repeat(32)] {
            assert_eq!(CameraName::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            " ",
            "-a",
            ".hidden",
            "..",
            "a/b",
            "a b",
            "ñ",
            "a\u{1b}",
            &"x".repeat(33),
        ] {
            assert!(CameraName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_comes_over_the_wire_is_checked_as_if_it_was_typed() {
        let name: CameraName = serde_json::from_str("\"gate\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"gate\"");
        assert!(serde_json::from_str::<CameraName>("\"a/b\"").is_err());
    }
}
