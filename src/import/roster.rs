//! Who the rows of a file speak of, among the people there are.

use std::collections::{HashMap, HashSet};

use super::columns::plain;
use super::hints::{By, Hints};
use super::problem::ImportError;
use crate::core::person::{PersonCode, PersonName};

/// The people there are.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    people: Vec<(PersonCode, PersonName)>,
    by_code: HashMap<PersonCode, usize>,
    by_name: HashMap<String, Vec<usize>>,
    codes: FreeCodes,
}

/// Numbers behind a prefix that nobody has or had.
#[derive(Debug, Clone, Default)]
pub struct FreeCodes {
    taken: HashSet<PersonCode>,
    /// The prefix that was asked for last, and its number: those up to it are taken.
    last: (String, usize),
}

impl Roster {
    /// Of everybody, and of the codes that anybody has or had.
    pub fn new(people: Vec<(PersonCode, PersonName)>, codes_ever_used: &[PersonCode]) -> Self {
        let mut roster = Self {
            codes: FreeCodes::besides(codes_ever_used),
            ..Self::default()
        };
        for (index, (code, name)) in people.iter().enumerate() {
            roster.by_code.insert(code.clone(), index);
            roster
                .by_name
                .entry(plain(name.as_str()))
                .or_default()
                .push(index);
        }
        roster.people = people;
        roster
    }

    /// Who has the code.
    pub(super) fn with_code(&self, code: &str) -> Option<&(PersonCode, PersonName)> {
        let code = PersonCode::parse(code).ok()?;
        self.people.get(*self.by_code.get(&code)?)
    }

    /// Whether anybody is called so, without case and accents.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.by_name.contains_key(&plain(name))
    }

    /// The one who has the name: as it is written, else without case and accents.
    pub(super) fn with_name(&self, name: &str) -> Result<&(PersonCode, PersonName), String> {
        let namesakes = self
            .by_name
            .get(&plain(name))
            .map_or(&[][..], Vec::as_slice);
        let people: Vec<_> = namesakes.iter().map(|index| &self.people[*index]).collect();
        let exact: Vec<_> = people
            .iter()
            .filter(|(_, known)| known.as_str() == name)
            .collect();
        match (people.as_slice(), exact.as_slice()) {
            ([], _) => Err(format!(
                "nobody is called {name}; import or enrol the people first"
            )),
            ([only], _) => Ok(only),
            (_, [only]) => Ok(only),
            _ => {
                let codes: Vec<&str> = people.iter().map(|(code, _)| code.as_str()).collect();
                Err(format!(
                    "{name} could be {}; give the file a column of codes",
                    codes.join(" or ")
                ))
            }
        }
    }

    /// The first number behind the prefix that nobody has or had.
    pub(super) fn free_code(&mut self, prefix: &str) -> Result<PersonCode, ImportError> {
        self.codes.next(prefix)
    }
}

impl FreeCodes {
    /// Those that are not among the codes that anybody has or had.
    pub fn besides(codes_ever_used: &[PersonCode]) -> Self {
        Self {
            taken: codes_ever_used.iter().cloned().collect(),
            last: Default::default(),
        }
    }

    /// Gives a code away that was not asked for here.
    pub fn take(&mut self, code: PersonCode) {
        self.taken.insert(code);
    }

    /// The first number behind the prefix that is free, which it then is no longer.
    ///
    /// # Errors
    /// If what is behind the prefix can be no code.
    pub fn next(&mut self, prefix: &str) -> Result<PersonCode, ImportError> {
        let refused = |why: String| ImportError::question(why, "correct --code-prefix");
        if self.last.0 != prefix {
            self.last = (prefix.to_owned(), 0);
        }
        // As many numbers as there are codes may be taken, and no more.
        for number in self.last.1 + 1..=self.last.1 + self.taken.len() + 1 {
            let text = format!("{prefix}{number:03}");
            let code = PersonCode::parse(&text).map_err(|error| refused(error.to_string()))?;
            if self.taken.insert(code.clone()) {
                self.last.1 = number;
                return Ok(code);
            }
        }
        Err(refused("no code is free".into()))
    }
}

/// Whom a row names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// The person's code.
    pub(super) code: String,
    /// The person's name.
    pub(super) name: String,
    /// Is one of both; the file does not say which.
    pub(super) either: String,
}

/// How the rows of a file name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By code; a name beside it must be that person's.
    Code,
    /// By code, whatever the names are.
    CodeAlone,
    /// By name.
    Name,
    /// By a code of another system, which nobody has here, so by name.
    NameInstead,
}

impl Naming {
    /// As the operator says, else by whatever the rows can be told by.
    pub(super) fn of<'w>(
        rows: &(impl Iterator<Item = &'w Who> + Clone),
        roster: &Roster,
        hints: &Hints,
    ) -> Self {
        match hints.by {
            Some(By::Code) => return Self::CodeAlone,
            Some(By::Name) => return Self::Name,
            None => {}
        }
        let has = |part: fn(&Who) -> &String| rows.clone().any(|who| !part(who).is_empty());
        match (has(|who| &who.code), has(|who| &who.name)) {
            (false, _) => Self::Name,
            (true, true)
                if rows
                    .clone()
                    .any(|who| roster.with_code(&who.code).is_some()) =>
            {
                Self::Code
            }
            (true, true) if rows.clone().any(|who| roster.with_name(&who.name).is_ok()) => {
                Self::NameInstead
            }
            (true, _) => Self::Code,
        }
    }

    /// The person of a row.
    pub(super) fn person(self, who: &Who, roster: &Roster) -> Result<PersonCode, String> {
        if !who.either.is_empty() {
            return either(&who.either, roster);
        }
        match self {
            Self::Name | Self::NameInstead if who.name.is_empty() => {
                Err("the name is empty".into())
            }
            Self::Name | Self::NameInstead => {
                roster.with_name(&who.name).map(|(code, _)| code.clone())
            }
            Self::Code | Self::CodeAlone if who.code.is_empty() => Err("the code is empty".into()),
            Self::Code | Self::CodeAlone => {
                let Some((code, name)) = roster.with_code(&who.code) else {
                    PersonCode::parse(&who.code).map_err(|error| error.to_string())?;
                    return Err(format!(
                        "nobody has the code {}; import or enrol the people first",
                        who.code
                    ));
                };
                let is_other = !who.name.is_empty() && plain(&who.name) != plain(name.as_str());
                if self == Self::Code && is_other {
                    return Err(format!(
                        "{code} is {name} here and {} in the file: say --by code or --by name",
                        who.name
                    ));
                }
                Ok(code.clone())
            }
        }
    }

    /// In words.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Code => "by code",
            Self::CodeAlone => "by code, whatever their names in the file",
            Self::Name => "by name",
            Self::NameInstead => "by name, since nobody here has any of the file's codes",
        }
    }
}

fn either(text: &str, roster: &Roster) -> Result<PersonCode, String> {
    match (roster.with_code(text), roster.with_name(text)) {
        (Some((code, _)), Ok((other, _))) if code != other => Err(format!(
            "{text} is the code of one person and the name of another: say --by code or --by name"
        )),
        (Some((code, _)), _) | (None, Ok((code, _))) => Ok(code.clone()),
        (None, Err(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(people: &[(&str, &str)]) -> Roster {
        let people = people
            .iter()
            .map(|(code, name)| {
                (
                    PersonCode::parse(code).unwrap(),
                    PersonName::parse(name).unwrap(),
                )
            })
            .collect();
        Roster::new(people, &[PersonCode::parse("P-001").unwrap()])
    }

    fn who(code: &str, name: &str) -> Who {
        Who {
            code: code.into(),
            name: name.into(),
            either: String::new(),
        }
    }

    #[test]
    fn a_name_is_somebody_only_if_it_is_one_persons() {
        let roster = roster(&[
            ("E-1", "Ana Torres"),
            ("E-2", "Bruno Díaz"),
            ("E-3", "Eva"),
            ("E-4", "Eva"),
            ("E-5", "EVA"),
        ]);
        let code = |name: &str| roster.with_name(name).map(|(code, _)| code.to_string());
        assert_eq!(code("BRUNO DIAZ").unwrap(), "E-2");
        assert_eq!(code("Ana_Torres").unwrap(), "E-1");
        assert_eq!(code("EVA").unwrap(), "E-5");
        assert!(code("Eva").unwrap_err().contains("E-3 or E-4"));
        assert!(
            code("Carla")
                .unwrap_err()
                .contains("nobody is called Carla")
        );
    }

    #[test]
    fn codes_of_another_system_give_way_to_names_and_contradictions_are_asked() {
        let roster = roster(&[("1", "Eva Gil"), ("E-1", "Ana Torres")]);
        let hints = Hints::default();
        let rows = [who("7", "Ana Torres")];
        let naming = Naming::of(&rows.iter(), &roster, &hints);
        assert_eq!(naming, Naming::NameInstead);
        assert_eq!(naming.person(&rows[0], &roster).unwrap().as_str(), "E-1");
        let rows = [who("1", "Ana Torres")];
        let naming = Naming::of(&rows.iter(), &roster, &hints);
        assert!(
            naming
                .person(&rows[0], &roster)
                .unwrap_err()
                .contains("--by")
        );
        let by = |by| {
            Naming::of(
                &rows.iter(),
                &roster,
                &Hints {
                    by: Some(by),
                    ..Hints::default()
                },
            )
        };
        assert_eq!(
            by(By::Code).person(&rows[0], &roster).unwrap().as_str(),
            "1"
        );
        assert_eq!(
            by(By::Name).person(&rows[0], &roster).unwrap().as_str(),
            "E-1"
        );
    }

    #[test]
    fn a_free_code_is_nobodys() {
        let mut roster = roster(&[]);
        assert_eq!(roster.free_code("p-").unwrap().as_str(), "p-002");
        assert_eq!(roster.free_code("P-").unwrap().as_str(), "P-003");
        assert!(roster.free_code("../").is_err());
    }
}
