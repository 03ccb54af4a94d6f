//! The dashboard's languages: English, which stands in the sources, and catalogues from
//! English sentences to those of another language, one file each.
//!
//! Invariant: only the screen is translated. The log file, the database and the command
//! line speak English whatever the operator reads, so that records can be compared and
//! messages looked up.
//!
//! What other rooms have said is English already when it comes here. It is found in the
//! catalogue by its fixed words ([`Language::sentence`]); what they stand around is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::path::Path;
use std::sync::LazyLock;

use chrono::format::{DelayedFormat, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use serde::Deserialize;

/// Longest catalogue that is read.
const MOST_BYTES: u64 = 1 << 20;

/// Catalogues that the program brings.
const BUILT_IN: [(&str, &str); 1] = [("es", include_str!("../../../languages/es.toml"))];

/// Letters besides its holes that a sentence has at least, to be found by them.
const LEAST_LETTERS: usize = 3;

/// How often a hole's own words are looked up: a reason in a message in a notice.
const DEEPEST: u8 = 3;

/// Why a language cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// There is no catalogue of it.
    #[error("there is no catalogue of the language {code:?}; {known} are here")]
    Unknown {
        /// What was asked for.
        code: String,
        /// What there is.
        known: String,
    },
    /// The catalogue cannot be read.
    #[error("cannot read the catalogue {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The catalogue is not valid.
    #[error("the catalogue {path} is not valid: {message}")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

/// What a catalogue file holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    /// What the language calls itself.
    name: String,
    dates: Dates,
    /// English to this language.
    sentences: HashMap<String, String>,
}

/// Names in dates, beginning with January and Monday.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dates {
    months: [String; 12],
    short_months: [String; 12],
    weekdays: [String; 7],
    short_weekdays: [String; 7],
}

/// A sentence with holes, cut at them.
#[derive(Debug)]
struct Pattern {
    literals: Vec<String>,
    holes: Vec<String>,
    said: String,
}

/// A language of the dashboard.
#[derive(Debug, Default)]
pub struct Language {
    name: Option<String>,
    dates: Option<Dates>,
    sentences: HashMap<String, String>,
    /// Those with holes, the one with the most words of its own first.
    patterns: Vec<Pattern>,
}

impl Language {
    /// English.
    pub fn english() -> &'static Self {
        static ENGLISH: LazyLock<Language> = LazyLock::new(Language::default);
        &ENGLISH
    }

    /// What the language calls itself.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("English")
    }

    /// The language of a setting: `auto` for that of the environment, or a code such as
    /// `es`. A file `<code>.toml` in `folder` goes before the one that the program brings.
    ///
    /// # Errors
    /// If a language that was named has no catalogue, or that is not valid.
    pub fn load(
        setting: &str,
        folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<&'static Self, LanguageError> {
        // The program has one language for as long as it runs.
        Self::find(setting, folder, environment).map(|found| match found {
            Some(language) => &*Box::leak(Box::new(language)),
            None => Self::english(),
        })
    }

    /// As [`Self::load`]; none is English.
    fn find(
        setting: &str,
        folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, LanguageError> {
        let is_asked = setting != "auto";
        let code = if is_asked {
            setting.to_owned()
        } else {
            of_environment(environment)
        };
        // It becomes part of a path.
        let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric());
        let file = folder.join(format!("{code}.toml"));
        if is_code && file.is_file() {
            let path = file.display().to_string();
            let text = read(&file).map_err(|source| LanguageError::Read {
                path: path.clone(),
                source,
            })?;
            return Self::parse(&text)
                .map(Some)
                .map_err(|message| LanguageError::Invalid { path, message });
        }
        if let Some((code, text)) = BUILT_IN.iter().find(|(known, _)| *known == code) {
            let path = format!("{code}.toml");
            return Self::parse(text)
                .map(Some)
                .map_err(|message| LanguageError::Invalid { path, message });
        }
        if !is_asked || code == "en" {
            return Ok(None);
        }
        Err(LanguageError::Unknown {
            code,
            known: known(folder).join(", "),
        })
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let catalogue: Catalogue = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut patterns = Vec::new();
        for (english, said) in &catalogue.sentences {
            let (literals, holes) = cut(english);
            let (_, used) = cut(said);
            for (index, hole) in used.iter().enumerate() {
                let wanted = hole.trim_end_matches('*');
                let is_known = match wanted {
                    "" => index < holes.len(),
                    name => place(name, &holes).is_some(),
                };
                if !is_known {
                    return Err(format!(
                        "{said:?} has a hole {{{wanted}}} that {english:?} lacks"
                    ));
                }
            }
            // With less of its own it would be found where it was not said.
            let letters = literals.iter().flat_map(|literal| literal.chars());
            let letters = letters.filter(|c| c.is_alphabetic()).count();
            if !holes.is_empty() && letters >= LEAST_LETTERS {
                patterns.push(Pattern {
                    literals,
                    holes,
                    said: said.clone(),
                });
            }
        }
        let own_words = |pattern: &Pattern| pattern.literals.iter().map(String::len).sum::<usize>();
        patterns.sort_by(|a, b| {
            own_words(b)
                .cmp(&own_words(a))
                .then_with(|| a.literals.cmp(&b.literals))
        });
        Ok(Self {
            name: Some(catalogue.name),
            dates: Some(catalogue.dates),
            sentences: catalogue.sentences,
            patterns,
        })
    }

    /// A sentence of the dashboard's own, without holes. A context in square brackets at
    /// its end tells words apart that are one in English; it is never shown.
    pub fn text<'a>(&'a self, english: &'a str) -> &'a str {
        match self.sentences.get(english) {
            Some(said) => said,
            None => without_context(english),
        }
    }

    /// A sentence of the dashboard's own; `values` fill its holes `{}`.
    pub(crate) fn fill(&self, english: &str, values: &[&dyn Display]) -> String {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        filled(self.text(english), &[], &values)
    }

    /// What another room has said.
    pub(crate) fn sentence<'a>(&'a self, english: &'a str) -> Cow<'a, str> {
        if self.patterns.is_empty() {
            return Cow::Borrowed(english);
        }
        self.found(english, DEEPEST)
            .or_else(|| self.found_as_sentence(english))
            .unwrap_or(Cow::Borrowed(english))
    }

    /// A day or moment by chrono's `pattern`, which may have another form in this language.
    pub(crate) fn day(&self, day: NaiveDate, pattern: &str) -> String {
        let pattern = self.with_names(self.text(pattern), day);
        day.format_with_items(StrftimeItems::new(&pattern))
            .to_string()
    }

    /// As [`Self::day`], with the time of day.
    pub(crate) fn moment(&self, at: &DateTime<FixedOffset>, pattern: &str) -> String {
        let pattern = self.with_names(self.text(pattern), at.date_naive());
        let formatted: DelayedFormat<_> = at.format(&pattern);
        formatted.to_string()
    }

    fn with_names<'a>(&self, pattern: &'a str, day: NaiveDate) -> Cow<'a, str> {
        let Some(dates) = &self.dates else {
            return Cow::Borrowed(pattern);
        };
        let (month, weekday) = (
            day.month0() as usize,
            day.weekday().num_days_from_monday() as usize,
        );
        let mut pattern = Cow::Borrowed(pattern);
        for (specifier, name) in [
            ("%B", &dates.months[month]),
            ("%b", &dates.short_months[month]),
            ("%A", &dates.weekdays[weekday]),
            ("%a", &dates.short_weekdays[weekday]),
        ] {
            if pattern.contains(specifier) {
                pattern = Cow::Owned(pattern.replace(specifier, &name.replace('%', "%%")));
            }
        }
        pattern
    }

    fn found<'a>(&'a self, english: &'a str, deep: u8) -> Option<Cow<'a, str>> {
        if let Some(said) = self.sentences.get(english) {
            return Some(Cow::Borrowed(said));
        }
        let deeper = deep.checked_sub(1)?;
        let (pattern, values) = self
            .patterns
            .iter()
            .find_map(|pattern| Some((pattern, pattern.values(english)?)))?;
        // What a star stands at is a sentence again.
        let mut said = String::new();
        pieces(&pattern.said, |piece| match piece {
            Piece::Words(words) => said.push_str(words),
            Piece::Hole(index, name) => {
                let place = hole_place(index, name, &pattern.holes);
                let value = values.get(place).copied().unwrap_or_default();
                if name.ends_with('*') {
                    let value = self.found(value, deeper).unwrap_or(Cow::Borrowed(value));
                    said.push_str(&value);
                } else {
                    said.push_str(value);
                }
            }
        });
        Some(Cow::Owned(said))
    }

    /// An error's message with a capital and a full stop, as the camera says it.
    fn found_as_sentence<'a>(&'a self, english: &'a str) -> Option<Cow<'a, str>> {
        let stem = english.strip_suffix('.')?;
        let said = self.found(stem, DEEPEST).map(Cow::into_owned).or_else(|| {
            let stem = with_first(stem, |c| c.to_lowercase().collect());
            self.found(&stem, DEEPEST).map(Cow::into_owned)
        })?;
        let said = with_first(&said, |c| c.to_uppercase().collect());
        Some(Cow::Owned(format!("{said}.")))
    }
}

impl Pattern {
    /// What stands in the holes, if `text` is this sentence.
    fn values<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.literals.split_first()?;
        let (last, between) = rest.split_last()?;
        let mut left = text
            .strip_prefix(first.as_str())?
            .strip_suffix(last.as_str())?;
        let mut values = Vec::with_capacity(self.holes.len());
        for literal in between {
            let (value, after) = left.split_once(literal.as_str())?;
            values.push(value);
            left = after;
        }
        values.push(left);
        Some(values)
    }
}

/// "in" of `in [state]`.
fn without_context(english: &str) -> &str {
    match english.rsplit_once(" [") {
        Some((words, context)) if context.ends_with(']') => words,
        _ => english,
    }
}

/// A part of a sentence.
enum Piece<'a> {
    Words(&'a str),
    /// The how-manieth hole, and its name.
    Hole(usize, &'a str),
}

/// Cuts a sentence at its holes. Doubled braces are braces.
fn pieces<'a>(sentence: &'a str, mut take: impl FnMut(Piece<'a>)) {
    let mut rest = sentence;
    let mut holes = 0;
    while let Some(at) = rest.find(['{', '}']) {
        take(Piece::Words(&rest[..at]));
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
            take(Piece::Words(&tail[..1]));
            rest = after;
        } else if let (true, Some(end)) = (tail.starts_with('{'), tail.find('}')) {
            // A format such as `{value:.2}` is the value's own affair.
            let name = tail[1..end].split(':').next().unwrap_or_default();
            take(Piece::Hole(holes, name));
            holes += 1;
            rest = &tail[end + 1..];
        } else {
            take(Piece::Words(&tail[..1]));
            rest = &tail[1..];
        }
    }
    take(Piece::Words(rest));
}

/// The words around the holes, one more than these, and the holes' names.
fn cut(sentence: &str) -> (Vec<String>, Vec<String>) {
    let (mut literals, mut holes) = (vec![String::new()], Vec::new());
    pieces(sentence, |piece| match piece {
        Piece::Words(words) => {
            if let Some(last) = literals.last_mut() {
                last.push_str(words);
            }
        }
        Piece::Hole(_, name) => {
            holes.push(name.to_owned());
            literals.push(String::new());
        }
    });
    (literals, holes)
}

/// Which of the English sentence's `holes` a hole of the translation means.
fn hole_place(index: usize, name: &str, holes: &[String]) -> usize {
    match name.trim_end_matches('*') {
        "" => index,
        name => place(name, holes).unwrap_or(index),
    }
}

fn place(name: &str, holes: &[String]) -> Option<usize> {
    match name.parse::<usize>() {
        Ok(number) => (number < holes.len()).then_some(number),
        Err(_) => holes.iter().position(|hole| hole == name),
    }
}

fn filled(sentence: &str, holes: &[String], values: &[String]) -> String {
    let mut said = String::with_capacity(sentence.len() + 16);
    pieces(sentence, |piece| match piece {
        Piece::Words(words) => said.push_str(words),
        Piece::Hole(index, name) => {
            let place = match name.parse() {
                Ok(number) => number,
                Err(_) => hole_place(index, name, holes),
            };
            if let Some(value) = values.get(place) {
                // Writing to a string does not fail.
                let _ = said.write_str(value);
            }
        }
    });
    said
}

fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(change).unwrap_or_default();
    format!("{first}{}", rest.as_str())
}

/// As the C library: `LC_ALL` over `LC_MESSAGES` over `LANG`; the part before the country.
fn of_environment(environment: impl Fn(&str) -> Option<String>) -> String {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(environment)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let end = locale.find(['_', '.', '@']).unwrap_or(locale.len());
    locale[..end].to_lowercase()
}

fn read(file: &Path) -> std::io::Result<String> {
    rollcall_system::read_bounded::text(file, MOST_BYTES)
}

/// What a setting may say: what the program brings, and the catalogues in `folder`.
fn known(folder: &Path) -> Vec<String> {
    let own = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let own = own.filter_map(|entry| {
        let path = entry.path();
        let is_catalogue = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        is_catalogue.then(|| path.file_stem()?.to_str().map(str::to_owned))?
    });
    let mut known: Vec<String> = own
        .chain(BUILT_IN.iter().map(|(code, _)| (*code).to_owned()))
        .collect();
    known.sort();
    known.dedup();
    ["auto", "en"]
        .into_iter()
        .map(str::to_owned)
        .chain(known.into_iter().filter(|code| code != "en"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"
name = "Test"
[dates]
months = ["m1","m2","m3","m4","m5","m6","m7","m8","m9","m10","m11","m12"]
short_months = ["1","2","3","4","5","6","7","8","9","10","nov","12"]
weekdays = ["w1","w2","w3","w4","w5","w6","w7"]
short_weekdays = ["lu","ma","3","4","5","6","7"]
[sentences]
"#;

    fn language(sentences: &str) -> Language {
        Language::parse(&format!("{HEAD}{sentences}")).unwrap()
    }

    #[test]
    fn what_others_say_is_found_by_its_fixed_words() {
        let test = language(
            r#"
"in" = "dentro"
"{name} checked {direction}" = "{name}: {direction*}"
"{name} checked {direction} ({similarity})" = "{name}, {direction*} <{similarity}>"
"not corrected: {0}" = "sin corregir: {0*}"
"the {what} is empty" = "{what*} vacío"
"reason" = "motivo"
"no usable picture arrives" = "no llega imagen"
"#,
        );
        for (english, said) in [
            ("in", "dentro"),
            ("Ana checked in", "Ana: dentro"),
            ("Ana checked in (0.71)", "Ana, dentro <0.71>"),
            ("in checked in", "in: dentro"),
            (
                "not corrected: the reason is empty",
                "sin corregir: motivo vacío",
            ),
            ("No usable picture arrives.", "No llega imagen."),
            ("something else", "something else"),
        ] {
            assert_eq!(test.sentence(english), said);
        }
        assert_eq!(Language::english().sentence("in"), "in");
        let short = language(r#""{} to {}" = "de {} a {}""#);
        assert_eq!(
            short.sentence("go to bed"),
            "go to bed",
            "too little to go by"
        );
        let short = language(r#""{} {} {} to {}" = "{} {} del {} al {}""#);
        let said = "two of six are strangers; press e to enrol one";
        assert_eq!(short.sentence(said), said);
        let short = language(r#""{} to {}" = "de {} a {}""#);
        assert_eq!(short.fill("{} to {}", &[&1, &2]), "de 1 a 2");
    }

    #[test]
    fn a_context_tells_words_apart_and_is_not_shown() {
        let test = language("\"in\" = \"entrada\"\n\"in [state]\" = \"dentro\"");
        assert_eq!(
            (test.text("in"), test.text("in [state]")),
            ("entrada", "dentro")
        );
        assert_eq!(Language::english().text("in [state]"), "in");
    }

    #[test]
    fn holes_may_change_their_order() {
        let test = language(r#""{} of {} in" = "de {1}, {0} dentro""#);
        assert_eq!(test.fill("{} of {} in", &[&3, &"31"]), "de 31, 3 dentro");
        assert_eq!(
            Language::english().fill("{} of {} in", &[&3, &31]),
            "3 of 31 in"
        );
        let braces = Language::english().fill("{{{}}}", &[&"x {} y"]);
        assert_eq!(braces, "{x {} y}", "values are not read again");
    }

    #[test]
    fn dates_have_the_language_s_names_and_order() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let test = language(r#""%a %-d %b %Y" = "%a, %-d.%b %Y""#);
        assert_eq!(test.day(day, "%a %-d %b %Y"), "ma, 24.nov 2026");
        assert_eq!(
            Language::english().day(day, "%a %-d %b %Y"),
            "Tue 24 Nov 2026"
        );
    }

    #[test]
    fn a_hole_that_english_lacks_is_an_error() {
        for wrong in [
            r#""{} of {}" = "{2}""#,
            r#""{name} checked" = "{nombre}""#,
            r#""nobody" = "{}""#,
        ] {
            let error = Language::parse(&format!("{HEAD}{wrong}")).unwrap_err();
            assert!(error.contains("hole"), "{error}");
        }
    }

    #[test]
    fn the_setting_or_the_environment_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let load = |setting: &str, lang: &str| {
            let lang = lang.to_owned();
            Language::load(setting, folder.path(), move |name| {
                (name == "LANG").then(|| lang.clone())
            })
            .map(|language| language.name().to_owned())
        };
        assert_eq!(load("auto", "es_MX.UTF-8").unwrap(), "Español");
        assert_eq!(load("auto", "tlh_QO.UTF-8").unwrap(), "English");
        assert_eq!(load("auto", "").unwrap(), "English");
        assert_eq!(load("en", "es_ES.UTF-8").unwrap(), "English");
        std::fs::write(folder.path().join("ca.toml"), HEAD).unwrap();
        let refused = load("tlh", "").unwrap_err().to_string();
        assert!(refused.ends_with("auto, en, ca, es are here"), "{refused}");
        assert!(load("../es", "").is_err());
        std::fs::write(folder.path().join("es.toml"), HEAD).unwrap();
        assert_eq!(load("es", "").unwrap(), "Test", "one's own goes first");
        std::fs::write(folder.path().join("es.toml"), "name = 3").unwrap();
        assert!(matches!(load("es", ""), Err(LanguageError::Invalid { .. })));
    }
}
