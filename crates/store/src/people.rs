//! People and their templates.
//!
//! A person who is *deactivated* keeps everything and is no longer recognised.
//! A person who is *deleted* (see [`super::privacy`]) loses name, consent,
//! templates and pictures; the row stays with its code, because the attendance that people are paid by
//! refers to it, and for the same reason the code is never given to another.

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::error::{Fault, StoreError};
use super::sql::{ConsentDay, Day, Stamp, event_time};
use super::templates::{gallery, insert_templates};
use super::vault::Vault;
use super::{Author, Store, audit, pictures};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::enrolment::identity::AnotherPerson;
use rollcall_core::gallery::{Gallery, Template};
use rollcall_core::person::{Person, PersonCode, PersonId, PersonName, TemplateId};

/// What the name of an erased person reads.
pub(super) const ERASED_NAME: &str = "(deleted)";

/// Somebody to be enrolled.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Display name.
    pub name: PersonName,
    /// Unique code.
    pub code: PersonCode,
    /// The day on which the person agreed to be recognised, if that was noted.
    pub consent_at: Option<NaiveDate>,
    /// At least one.
    pub templates: Vec<NewTemplate>,
}

/// A face to be enrolled.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    /// The face as a vector.
    pub embedding: Embedding,
    /// The model that made it.
    pub model: ModelId,
    /// Score of the detector, 0..=1.
    pub quality: f32,
    /// The picture it was made from, as JPEG; `None` if none is to be kept.
    pub jpeg: Option<Vec<u8>>,
}

/// A person as listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonRow {
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// Whether the person is recognised.
    pub active: bool,
    /// When the person was enrolled.
    pub created_at: DateTime<FixedOffset>,
    /// The day on which the person agreed to be recognised, if that was noted.
    pub consent_at: Option<NaiveDate>,
    /// The group that schedules are chosen by.
    pub team: Option<String>,
    /// Whether the person has a PIN or badge.
    pub has_pin: bool,
    /// Number of templates, of whichever model.
    pub templates: usize,
    /// Time of the latest standing attendance event.
    pub last_seen: Option<DateTime<FixedOffset>>,
}

/// The templates of one model.
#[derive(Debug, Clone, Default)]
pub struct GalleryRows {
    /// Those of active people that can be compared.
    pub templates: Gallery,
    /// Those that are damaged.
    pub skipped: Vec<SkippedTemplate>,
    /// Active people with templates of other models, and how many.
    pub other_models: Vec<(PersonId, usize)>,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct SkippedTemplate {
    /// The template.
    pub id: TemplateId,
    /// Whose it is.
    pub person: PersonId,
    /// What is wrong with it.
    pub reason: String,
}

fn note_statement(
    tx: &Connection,
    author: Author<'_>,
    code: &PersonCode,
    stated: Option<&AnotherPerson>,
) -> Result<(), Fault> {
    match stated {
        Some(stated) => {
            let detail = stated.to_string();
            audit::append(tx, author, "person.another", code.as_str(), &detail)
        }
        None => Ok(()),
    }
}

impl Store {
    /// Enrols a person with all templates and pictures, or not at all.
    ///
    /// # Errors
    /// If the code is taken, no template is given, or something cannot be written.
    pub fn add_person(
        &mut self,
        new: &NewPerson,
        author: Author<'_>,
    ) -> Result<(Person, Vec<Template>), StoreError> {
        self.add_stated_person(new, None, author)
    }

    /// The same for a person who was stated to be another one than the face is like: that is
    /// written into the audit trail with it.
    ///
    /// # Errors
    /// As [`Self::add_person`].
    pub fn add_stated_person(
        &mut self,
        new: &NewPerson,
        stated: Option<&AnotherPerson>,
        author: Author<'_>,
    ) -> Result<(Person, Vec<Template>), StoreError> {
        if new.templates.is_empty() {
            return Err(StoreError::NoTemplates {
                code: new.code.to_string(),
            });
        }
        self.write_with_pictures("enrolling a person", |tx, album| {
            refuse_taken(tx, &new.code)?;
            tx.prepare_cached(
                "INSERT INTO person (code, name, consent_at, created_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                new.code,
                new.name,
                new.consent_at.map(Day),
                Stamp(author.at)
            ])?;
            let id = PersonId(tx.last_insert_rowid());
            let templates = insert_templates(tx, album, id, &new.code, &new.templates, author)?;
            let detail = format!("{} templates", templates.len());
            audit::append(tx, author, "person.enrol", new.code.as_str(), &detail)?;
            note_statement(tx, author, &new.code, stated)?;
            Ok((by_id(tx, id)?, templates))
        })
    }

    /// Adds templates to a person who is enrolled already.
    ///
    /// # Errors
    /// If nobody has the code or something cannot be written.
    pub fn add_templates(
        &mut self,
        code: &PersonCode,
        new: &[NewTemplate],
        author: Author<'_>,
    ) -> Result<(Person, Vec<Template>), StoreError> {
        self.add_stated_templates(code, new, None, author)
    }

    /// The same for faces that were stated not to be those of another person.
    ///
    /// # Errors
    /// As [`Self::add_templates`].
    pub fn add_stated_templates(
        &mut self,
        code: &PersonCode,
        new: &[NewTemplate],
        stated: Option<&AnotherPerson>,
        author: Author<'_>,
    ) -> Result<(Person, Vec<Template>), StoreError> {
        if new.is_empty() {
            return Err(StoreError::NoTemplates {
                code: code.to_string(),
            });
        }
        self.write_with_pictures("adding templates", |tx, album| {
            let person = by_code(tx, code)?;
            let templates = insert_templates(tx, album, person.id, &person.code, new, author)?;
            let detail = format!("{} templates", templates.len());
            audit::append(tx, author, "person.add", person.code.as_str(), &detail)?;
            note_statement(tx, author, &person.code, stated)?;
            Ok((by_id(tx, person.id)?, templates))
        })
    }

    /// Everybody who was not deleted, in the order of enrolment.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.read("listing people", |tx| {
            let rows = tx
                // Beside max(), SQLite takes the other columns from the row of the maximum.
                .prepare_cached(
                    "SELECT p.code, p.name, p.active, p.created_at, p.consent_at, p.team,
                        p.pin_hash IS NOT NULL AS has_pin,
                        (SELECT count(*) FROM template t
                 WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count,
                        max(e.at_utc_us) AS at_utc_us, e.utc_offset_secs
                     FROM person p
                     LEFT JOIN attendance_event e ON e.person_id = p.id AND e.void_at IS NULL
                     WHERE p.deleted_at IS NULL GROUP BY p.id ORDER BY p.id",
                )?
                .query_map([], person_row)?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    /// One person, as listed.
    ///
    /// # Errors
    /// If nobody has the code.
    pub fn person_row(&self, code: &PersonCode) -> Result<PersonRow, StoreError> {
        self.people()?
            .into_iter()
            .find(|row| row.code.eq_ignore_ascii_case(code.as_str()))
            .ok_or_else(|| StoreError::NoSuchCode {
                code: code.to_string(),
            })
    }

    /// The person with this code.
    ///
    /// # Errors
    /// If nobody has it.
    pub fn person(&self, code: &PersonCode) -> Result<Person, StoreError> {
        self.read("looking up a person", |tx| by_code(tx, code))
    }

    /// Changes the name.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn rename(
        &mut self,
        code: &PersonCode,
        name: &PersonName,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.write("renaming a person", |tx| {
            let person = by_code(tx, code)?;
            tx.prepare_cached("UPDATE person SET name = ?2 WHERE id = ?1")?
                .execute(params![person.id, name])?;
            audit::append(tx, author, "person.rename", person.code.as_str(), "")?;
            by_id(tx, person.id)
        })
    }

    /// Recognises the person no more, and keeps everything.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn deactivate(
        &mut self,
        code: &PersonCode,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.set_active(code, Activity::Inactive, author)
    }

    /// Recognises the person again.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn activate(
        &mut self,
        code: &PersonCode,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.set_active(code, Activity::Active, author)
    }

    fn set_active(
        &mut self,
        code: &PersonCode,
        activity: Activity,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        let (active, action) = match activity {
            Activity::Active => (true, "person.activate"),
            Activity::Inactive => (false, "person.deactivate"),
        };
        self.write("changing whether a person is recognised", |tx| {
            let person = by_code(tx, code)?;
            tx.prepare_cached("UPDATE person SET active = ?2 WHERE id = ?1")?
                .execute(params![person.id, active])?;
            audit::append(tx, author, action, person.code.as_str(), "")?;
            by_id(tx, person.id)
        })
    }

    /// Puts the person into a group that schedules are chosen by, or into none.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn set_team(
        &mut self,
        code: &PersonCode,
        team: Option<&str>,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("changing a team", |tx| {
            let person = by_code(tx, code)?;
            let team = team.map(str::trim).filter(|team| !team.is_empty());
            tx.prepare_cached("UPDATE person SET team = ?2 WHERE id = ?1")?
                .execute(params![person.id, team])?;
            let detail = team.unwrap_or_default();
            audit::append(tx, author, "person.team", person.code.as_str(), detail)
        })
    }

    /// Notes when the person agreed to be recognised.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn set_consent(
        &mut self,
        code: &PersonCode,
        consent_at: NaiveDate,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("noting a consent", |tx| {
            let person = by_code(tx, code)?;
            tx.prepare_cached("UPDATE person SET consent_at = ?2 WHERE id = ?1")?
                .execute(params![person.id, Day(consent_at)])?;
            let detail = consent_at.to_string();
            audit::append(tx, author, "person.consent", person.code.as_str(), &detail)
        })
    }

    /// Every code that anybody has or had.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn codes_ever_used(&self) -> Result<Vec<String>, StoreError> {
        self.read("listing codes", |tx| {
            let codes = tx
                .prepare_cached("SELECT code FROM person")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(codes)
        })
    }

    /// The templates of active people made by `model`, and what could not be used.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn load_gallery(&self, model: &ModelId) -> Result<GalleryRows, StoreError> {
        self.read("reading the gallery", |tx| gallery(tx, model, &self.vault))
    }

    /// A write that leaves no pictures behind if it fails.
    fn write_with_pictures<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection, &mut Album<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let (data_dir, vault) = (self.data_dir.clone(), self.vault.clone());
        let mut album = Album {
            data_dir: &data_dir,
            vault: &vault,
            written: Vec::new(),
        };
        let result = self.write(doing, |tx| work(tx, &mut album));
        if result.is_err() {
            pictures::remove(&data_dir, &album.written);
        }
        result
    }
}

#[derive(Debug, Clone, Copy)]
enum Activity {
    Active,
    Inactive,
}

/// The pictures written within a transaction.
pub(super) struct Album<'a> {
    pub(super) data_dir: &'a std::path::Path,
    pub(super) vault: &'a Vault,
    pub(super) written: Vec<String>,
}

/// Everybody who was not deleted, in the order of enrolment.
pub(super) fn all(tx: &Connection) -> Result<Vec<Person>, Fault> {
    let people = tx
        .prepare_cached(
            "SELECT p.id, p.code, p.name, p.team, p.active, p.created_at, p.deleted_at,
                (SELECT count(*) FROM template t
                 WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count
             FROM person p WHERE p.deleted_at IS NULL ORDER BY p.id",
        )?
        .query_map([], person)?
        .collect::<Result<_, _>>()?;
    Ok(people)
}

/// Those who were deleted too; a deleted person is not active and in no team.
pub(super) fn all_ever(tx: &Connection) -> Result<Vec<Person>, Fault> {
    let people = tx
        .prepare_cached(
            "SELECT p.id, p.code, p.name, p.team, p.active AND p.deleted_at IS NULL AS active,
                p.created_at,
                (SELECT count(*) FROM template t
                 WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count
             FROM person p ORDER BY p.id",
        )?
        .query_map([], person)?
        .collect::<Result<_, _>>()?;
    Ok(people)
}

/// Codes that stand in old records and belong to nobody any more.
pub(super) fn retired_codes(tx: &Connection) -> Result<Vec<PersonCode>, Fault> {
    let codes = tx
        .prepare_cached("SELECT code FROM person WHERE deleted_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(codes)
}

pub(super) fn by_id(tx: &Connection, id: PersonId) -> Result<Person, Fault> {
    tx.prepare_cached(
        "SELECT p.id, p.code, p.name, p.team, p.active, p.created_at,
            (SELECT count(*) FROM template t
                 WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count
         FROM person p WHERE p.id = ?1 AND p.deleted_at IS NULL",
    )?
    .query_row([id], person)
    .optional()?
    .ok_or(Fault::Store(StoreError::NoSuchPerson(id)))
}

/// Makes sure that the person was not deleted, whatever else the row holds.
pub(super) fn require(tx: &Connection, id: PersonId) -> Result<(), Fault> {
    let exists = tx
        .prepare_cached("SELECT 1 FROM person WHERE id = ?1 AND deleted_at IS NULL")?
        .exists([id])?;
    if exists {
        Ok(())
    } else {
        Err(StoreError::NoSuchPerson(id).into())
    }
}

pub(super) fn by_code(tx: &Connection, code: &PersonCode) -> Result<Person, Fault> {
    tx.prepare_cached(
        "SELECT p.id, p.code, p.name, p.team, p.active, p.created_at,
            (SELECT count(*) FROM template t
                 WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count
         FROM person p WHERE p.code = ?1 AND p.deleted_at IS NULL",
    )?
    .query_row([code], person)
    .optional()?
    .ok_or_else(|| {
        Fault::Store(StoreError::NoSuchCode {
            code: code.to_string(),
        })
    })
}

pub(super) fn refuse_taken(tx: &Connection, code: &PersonCode) -> Result<(), Fault> {
    let holder: Option<(String, bool)> = tx
        .prepare_cached("SELECT name, deleted_at IS NOT NULL FROM person WHERE code = ?1")?
        .query_row([code], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let code = code.to_string();
    match holder {
        None => Ok(()),
        Some((_, true)) => Err(StoreError::CodeRetired { code }.into()),
        Some((holder, false)) => Err(StoreError::CodeTaken { code, holder }.into()),
    }
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        active: row.get("active")?,
        created_at: row.get::<_, Stamp>("created_at")?.0,
        team: row.get("team")?,
        template_count: row.get("template_count")?,
    })
}

fn person_row(row: &Row<'_>) -> rusqlite::Result<PersonRow> {
    let at: Option<i64> = row.get("at_utc_us")?;
    let offset: Option<i32> = row.get("utc_offset_secs")?;
    Ok(PersonRow {
        code: row.get("code")?,
        name: row.get("name")?,
        active: row.get("active")?,
        created_at: row.get::<_, Stamp>("created_at")?.0,
        consent_at: row
            .get::<_, Option<ConsentDay>>("consent_at")?
            .map(|day| day.0),
        team: row.get("team")?,
        has_pin: row.get("has_pin")?,
        templates: row.get("template_count")?,
        last_seen: at
            .zip(offset)
            .and_then(|(at, offset)| event_time(at, offset)),
    })
}
