//! Whether the faces of a file may become those of the people it names: all of them are
//! checked before any is written.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};

use super::{Context, described};
use crate::core::embedding::{Cosine, ModelId};
use crate::core::enrolment::identity::{self, AnotherPerson, Claim, Stated};
use crate::core::gallery::{Gallery, Template};
use crate::core::person::{Person, PersonCode, PersonId, PersonName, TemplateId};
use crate::import::embeddings::Whose;
use crate::store::{NewTemplate, Store};

/// What had to be stated of whom, for the audit trail.
pub(super) type Statements = BTreeMap<Whose, Statement>;

/// That somebody is another person than this one.
pub(super) struct Statement {
    /// The other one, who may be in the file too and has no code before being written.
    than: Result<PersonCode, Whose>,
    similarity: Cosine,
}

impl Statement {
    /// With the other's code. The trail keeps codes only: names can be erased.
    pub(super) fn resolve(&self, everybody: &Everybody) -> Option<AnotherPerson> {
        let code = match &self.than {
            Ok(code) => code.clone(),
            Err(whose) => everybody.holder_of(whose).ok()??.code.clone(),
        };
        Some(AnotherPerson {
            than: code,
            similarity: self.similarity,
        })
    }
}

/// Compares everybody of the file with everybody there is, who may not be active, and with
/// each other.
///
/// # Errors
/// If somebody is taken for another person, or is unlike the person of that name.
pub(super) fn check(
    people: &BTreeMap<Whose, Vec<NewTemplate>>,
    another_person: bool,
    everybody: &Everybody,
    store: &Store,
    context: &Context,
) -> Result<Statements> {
    let mut galleries: HashMap<ModelId, Gallery> = HashMap::new();
    let policy = context.config.policies().matching;
    let stated = if another_person {
        Stated::AnotherPerson
    } else {
        Stated::Nothing
    };
    let (mut statements, mut refused) = (Statements::new(), Vec::new());
    for (index, (whose, templates)) in people.iter().enumerate() {
        let holder = everybody.holder_of(whose)?;
        // No row has a number below one.
        let id = holder.map_or(PersonId(-1 - index as i64), |person| person.id);
        let claim = holder.map_or(Claim::Newcomer, |person| Claim::Enrolled(person.id));
        for template in templates {
            let model = &template.model;
            if !galleries.contains_key(model) {
                galleries.insert(
                    model.clone(),
                    store.load_everybodys_gallery(model)?.templates,
                );
            }
            let gallery = &galleries[model];
            match identity::check(gallery, &policy, claim, &[&template.embedding], stated) {
                Ok(admission) => {
                    if let Some(other) = admission.overruled {
                        let enrolled = everybody.with_id(other.person);
                        let than = match (enrolled, newcomer(other.person, people)) {
                            (Some(person), _) => Ok(person.code.clone()),
                            (None, Some(whose)) => Err(whose.clone()),
                            (None, None) => continue,
                        };
                        let similarity = other.similarity;
                        let statement = Statement { than, similarity };
                        statements.entry(whose.clone()).or_insert(statement);
                    }
                }
                Err(objection) => {
                    let called = |id| known_as(id, everybody, people);
                    refused.push(format!(
                        "{}: {}",
                        name_of(whose)?,
                        objection.in_words(called)
                    ));
                    break;
                }
            }
        }
        // The next ones are compared with this one too.
        for template in templates {
            if let Some(gallery) = galleries.get_mut(&template.model) {
                gallery.insert(&Template {
                    id: TemplateId(id.0),
                    person: id,
                    embedding: template.embedding.clone(),
                });
            }
        }
    }
    if !refused.is_empty() {
        bail!(
            "{}\nnothing was imported; if they are other people, say --another-person",
            refused.join("\n")
        );
    }
    Ok(statements)
}

fn known_as(
    id: PersonId,
    everybody: &Everybody,
    people: &BTreeMap<Whose, Vec<NewTemplate>>,
) -> Option<String> {
    if let Some(person) = everybody.with_id(id) {
        return Some(described(person));
    }
    Some(name_of(newcomer(id, people)?).ok()?.to_string())
}

/// Whom of the file a number below one stands for.
fn newcomer(id: PersonId, people: &BTreeMap<Whose, Vec<NewTemplate>>) -> Option<&Whose> {
    people.keys().nth(usize::try_from(-1 - id.0).ok()?)
}

/// The people there are, found by number, code and name: a file may be as long as they are
/// many.
pub(super) struct Everybody {
    people: Vec<Person>,
    by_id: HashMap<PersonId, usize>,
    by_code: HashMap<PersonCode, usize>,
    by_name: HashMap<PersonName, Vec<usize>>,
}

impl Everybody {
    /// Those who were not deleted.
    pub(super) fn of(store: &Store) -> Result<Self> {
        let mut everybody = Self {
            people: Vec::new(),
            by_id: HashMap::new(),
            by_code: HashMap::new(),
            by_name: HashMap::new(),
        };
        for person in store.everybody()? {
            everybody.add(person);
        }
        Ok(everybody)
    }

    /// Takes somebody in who was just written.
    pub(super) fn add(&mut self, person: Person) {
        let index = self.people.len();
        self.by_id.insert(person.id, index);
        self.by_code.insert(person.code.clone(), index);
        let namesakes = self.by_name.entry(person.name.clone()).or_default();
        namesakes.push(index);
        self.people.push(person);
    }

    fn with_id(&self, id: PersonId) -> Option<&Person> {
        self.people.get(*self.by_id.get(&id)?)
    }

    fn with_code(&self, code: &PersonCode) -> Option<&Person> {
        self.people.get(*self.by_code.get(code)?)
    }

    /// Who has the code, or without a code the name. What a file calls a name may be the code
    /// of somebody who is enrolled.
    ///
    /// # Errors
    /// If two people have the name, or the code is somebody else's than the file says.
    pub(super) fn holder_of(&self, whose: &Whose) -> Result<Option<&Person>> {
        let name = match whose {
            Whose::Name(name) => name,
            Whose::Code(code, name) => {
                let holder = self.with_code(code);
                if let (Some(person), Some(name)) = (holder, name)
                    && person.name != *name
                {
                    bail!(
                        "the code {code} belongs to {}, and the file says {name}",
                        person.name
                    );
                }
                return Ok(holder);
            }
        };
        match self.by_name.get(name).map_or(&[][..], Vec::as_slice) {
            [] => {}
            [only] => return Ok(self.people.get(*only)),
            _ => bail!(
                "two people are called {name}, and the file does not say which; rename one first"
            ),
        }
        let code = PersonCode::parse(name.as_str()).ok();
        Ok(code.and_then(|code| self.with_code(&code)))
    }
}

/// The name of somebody whom a file may know by code alone: then it is the code, until
/// somebody gives a name.
pub(super) fn name_of(whose: &Whose) -> Result<PersonName> {
    match whose {
        Whose::Name(name) | Whose::Code(_, Some(name)) => Ok(name.clone()),
        Whose::Code(code, None) => Ok(PersonName::parse(code.as_str())?),
    }
}
