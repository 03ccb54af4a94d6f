//! A language's words for codes, read from Fluent files.
//!
//! What needs no arguments is worked out once, so that a screen that is drawn ten times a
//! second looks words up and allocates nothing for them.

use std::collections::HashMap;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::facts::{self, EntryFacts};
use super::message::Message;
use super::room::Room;

/// Says which character stands before decimals, if it is another than the point.
pub const DECIMAL_MARK: &str = "decimal-mark";

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Its language has no such code.
    #[error("{language:?} is not the code of a language")]
    Language {
        /// What was written.
        language: String,
    },
    /// It is not Fluent.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// It says something twice.
    #[error("{id} stands there twice; remove one of them")]
    Twice {
        /// What.
        id: String,
    },
}

/// A language's words.
pub struct Catalogue {
    bundle: FluentBundle<FluentResource>,
    /// What needs no arguments.
    plain: HashMap<String, Box<str>>,
    facts: Vec<EntryFacts>,
    /// What could not be read of files that the program brings; a test finds it empty.
    unread: Vec<String>,
}

impl Catalogue {
    /// Reads a catalogue that an operator wrote.
    ///
    /// # Errors
    /// What is wrong with it first.
    pub fn parse(language: &str, text: &str) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::empty(language)?;
        let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| {
            let first = errors.into_iter().next();
            let at = first.as_ref().map_or(0, |error| error.pos.start);
            CatalogueError::Syntax {
                line: text.get(..at).unwrap_or_default().matches('\n').count() + 1,
                message: first
                    .map(|error| error.kind.to_string())
                    .unwrap_or_default(),
            }
        })?;
        if let Some(id) = catalogue.add(resource).into_iter().next() {
            return Err(CatalogueError::Twice { id });
        }
        catalogue.complete();
        Ok(catalogue)
    }

    /// Reads what the program brings: file names and their contents. What cannot be read is
    /// left out, and is a fault by [`Self::faults`].
    pub fn built_in(language: &str, files: &[(&str, &str)]) -> Self {
        let mut catalogue = Self::of(language.parse().unwrap_or_default());
        for (file, text) in files {
            let resource = FluentResource::try_new((*text).to_owned());
            let resource = resource.unwrap_or_else(|(resource, errors)| {
                let errors = errors.iter().map(|error| format!("{file}: {error}"));
                catalogue.unread.extend(errors);
                resource
            });
            let twice = catalogue.add(resource);
            let twice = twice.iter().map(|id| format!("{file}: {id} twice"));
            catalogue.unread.extend(twice);
        }
        catalogue.complete();
        catalogue
    }

    fn empty(language: &str) -> Result<Self, CatalogueError> {
        let parsed: Result<LanguageIdentifier, _> = language.parse();
        parsed.map(Self::of).map_err(|_| CatalogueError::Language {
            language: language.to_owned(),
        })
    }

    fn of(language: LanguageIdentifier) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Terminals show the marks as boxes, and no language here is written from the right.
        bundle.set_use_isolating(false);
        // A new bundle has no function of that name.
        let _ = bundle.add_function("SENTENCE", |positional, _| match positional {
            [FluentValue::String(text)] => FluentValue::from(with_capital(text)),
            _ => FluentValue::Error,
        });
        Self {
            bundle,
            plain: HashMap::new(),
            facts: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// Takes a file in; gives the codes that were there already.
    fn add(&mut self, resource: FluentResource) -> Vec<String> {
        let new = facts::of(&resource);
        let twice = new
            .iter()
            .filter(|entry| self.facts.iter().any(|known| known.id == entry.id))
            .map(|entry| entry.id.clone());
        let mut twice: Vec<String> = twice.collect();
        for (at, entry) in new.iter().enumerate() {
            if new[..at].iter().any(|before| before.id == entry.id) {
                twice.push(entry.id.clone());
            }
        }
        self.facts.extend(new);
        // It refuses what is there twice, which is known already.
        let _ = self.bundle.add_resource(resource);
        twice
    }

    fn complete(&mut self) {
        let plain = self.facts.iter().filter(|entry| entry.needs_nothing());
        let texts = plain.filter_map(|entry| {
            let words = self.format(&entry.id, None)?;
            Some((entry.id.clone(), words.into_boxed_str()))
        });
        self.plain = texts.collect();
        if self.text(DECIMAL_MARK) == Some(",") {
            self.bundle.set_formatter(Some(|value, _| match value {
                FluentValue::Number(number) => Some(number.as_string().replace('.', ",")),
                _ => None,
            }));
        }
    }

    /// What is said without arguments, if it is here.
    pub fn text(&self, id: &str) -> Option<&str> {
        self.plain.get(id).map(|words| &**words)
    }

    /// The message in this language, if it is here and its arguments fit; `nested` says the
    /// messages in it.
    pub fn say(&self, message: &Message, nested: &dyn Fn(&Message) -> String) -> Option<String> {
        let id = message.id();
        if let Some(words) = self.text(id) {
            return Some(words.to_owned());
        }
        let arguments: FluentArgs<'_> = message
            .arguments()
            .map(|(name, value)| (name, value.for_fluent(nested)))
            .collect();
        self.format(id, Some(&arguments))
    }

    fn format(&self, id: &str, arguments: Option<&FluentArgs<'_>>) -> Option<String> {
        let message = self.bundle.get_message(id)?;
        let mut errors = Vec::new();
        let said = self
            .bundle
            .format_pattern(message.value()?, arguments, &mut errors);
        // Rather another language than half a sentence.
        errors.is_empty().then(|| said.into_owned())
    }

    /// What a catalogue of these rooms lacks, has too much, or says of arguments that are not
    /// given. `decimal-mark` and `language-name` belong to catalogues and to no room.
    pub fn faults(&self, rooms: &[&Room]) -> Vec<String> {
        let codes = rooms.iter().flat_map(|room| room.codes());
        let mut faults = self.unread.clone();
        faults.extend(facts::faults(&self.facts, codes));
        faults
    }

    /// The codes that are here.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(|entry| entry.id.as_str())
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue")
            .field("locales", &self.bundle.locales)
            .field("entries", &self.facts.len())
            .finish_non_exhaustive()
    }
}

fn with_capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).collect()
}
