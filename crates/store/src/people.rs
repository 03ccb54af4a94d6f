//! People and their templates.
//!
//! A person who is *deactivated* keeps everything and is no longer recognised.
//! A person who is *deleted* (see [`super::privacy`]) loses name, consent,
//! templates and pictures; the row stays with its code, because the attendance that people are paid by
//! refers to it, and for the same reason the code is never given to another.

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::error::{Fault, StoreError};
use super::sql::{ConsentDay, Day, Stamp, event_time};
use super::templates::{Whose, gallery, insert_templates};
use super::vault::Vault;
use super::{Author, Store, audit, pictures};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::enrolment::identity::{self, AnotherPerson};
use rollcall_core::gallery::{Gallery, Template};
use rollcall_core::person::{
    Expectation, Pause, Person, PersonCode, PersonId, PersonName, TemplateId,
};
use rollcall_core::plausible;
use rollcall_core::printable::Wording;

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
    #[serde(serialize_with = "as_text")]
    pub code: PersonCode,
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
    /// First day on which the person is expected, if that is not the day of enrolment.
    pub expected_from: Option<NaiveDate>,
    /// Whether the person has a PIN or badge.
    pub has_pin: bool,
    /// Number of templates, of whichever model.
    pub templates: usize,
    /// Time of the latest standing attendance event.
    pub last_seen: Option<DateTime<FixedOffset>>,
}

fn as_text<S: serde::Serializer>(code: &PersonCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.as_str())
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
        check_consent(new.consent_at, author)?;
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
                        p.expected_from,
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
            .find(|row| row.code == *code)
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

    /// Stops recognising the person, who is expected up to the day before, and keeps
    /// everything.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn deactivate(
        &mut self,
        code: &PersonCode,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.set_active(code, Activity::Inactive, author.at.date_naive(), author)
    }

    /// The same from an earlier day on.
    ///
    /// # Errors
    /// As [`Store::deactivate`], and if the day is to come or cannot be.
    pub fn deactivate_from(
        &mut self,
        code: &PersonCode,
        day: NaiveDate,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.set_active(code, Activity::Inactive, day, author)
    }

    /// Recognises the person again, who is expected from today on; the days of being inactive
    /// stay free.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn activate(
        &mut self,
        code: &PersonCode,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        self.set_active(code, Activity::Active, author.at.date_naive(), author)
    }

    /// States from which day on the person is expected.
    ///
    /// # Errors
    /// If nobody has the code, the day cannot be, or the database cannot be written.
    pub fn expect_from(
        &mut self,
        code: &PersonCode,
        day: NaiveDate,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        plausible::first_day(day)?;
        self.write("changing from when a person is expected", |tx| {
            let person = by_code(tx, code)?;
            set_expected_from(tx, &person, day, author)?;
            by_id(tx, person.id)
        })
    }

    fn set_active(
        &mut self,
        code: &PersonCode,
        activity: Activity,
        day: NaiveDate,
        author: Author<'_>,
    ) -> Result<Person, StoreError> {
        plausible::first_day(day)?;
        if day > author.at.date_naive() {
            return Err(StoreError::DayToCome { day });
        }
        let (active, action) = match activity {
            Activity::Active => (true, "person.activate"),
            Activity::Inactive => (false, "person.deactivate"),
        };
        self.write("changing whether a person is recognised", |tx| {
            let person = by_code(tx, code)?;
            tx.prepare_cached("UPDATE person SET active = ?2 WHERE id = ?1")?
                .execute(params![person.id, active])?;
            match activity {
                Activity::Inactive => begin_pause(tx, person.id, day)?,
                Activity::Active => end_pause(tx, person.id, day)?,
            }
            let detail = format!("from {day}");
            audit::append(tx, author, action, person.code.as_str(), &detail)?;
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
            set_team(tx, &person, team, author)
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
        check_consent(Some(consent_at), author)?;
        self.write("noting a consent", |tx| {
            let person = by_code(tx, code)?;
            set_consent(tx, &person, consent_at, author)
        })
    }

    /// Every code that anybody has or had.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn codes_ever_used(&self) -> Result<Vec<PersonCode>, StoreError> {
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
        self.read("reading the gallery", |tx| {
            gallery(tx, model, Whose::Active, &self.vault)
        })
    }

    /// The same with those of people who are not active: whose face a new one may be.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn load_everybodys_gallery(&self, model: &ModelId) -> Result<GalleryRows, StoreError> {
        self.read("reading the gallery", |tx| {
            gallery(tx, model, Whose::Everybody, &self.vault)
        })
    }

    /// Refuses a newcomer whose face is that of somebody who is not active: whoever comes back
    /// keeps the code and the attendance. `stated` is of whom it was said to be another.
    ///
    /// # Errors
    /// If it is, or the database cannot be read.
    pub(super) fn refuse_deactivated(
        &self,
        new: &NewPerson,
        stated: Option<&AnotherPerson>,
    ) -> Result<(), StoreError> {
        let mut found = None;
        for template in &new.templates {
            let theirs = self.read("reading the gallery", |tx| {
                gallery(tx, &template.model, Whose::NotActive, &self.vault)
            })?;
            if let Some(owner) = identity::owner(&theirs.templates, &template.embedding) {
                found = Some(owner);
                break;
            }
        }
        let Some(owner) = found else { return Ok(()) };
        let person = self.read("looking up a person", |tx| by_id(tx, owner.person))?;
        if stated.is_some_and(|stated| stated.than == person.code) {
            return Ok(());
        }
        Err(StoreError::DeactivatedFace {
            name: person.name.to_string(),
            code: person.code.to_string(),
            similarity: owner.similarity,
        })
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

/// From this day on the person is not expected. A pause that reaches it goes on.
fn begin_pause(tx: &Connection, person: PersonId, day: NaiveDate) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM pause WHERE person_id = ?1 AND from_day >= ?2")?
        .execute(params![person, Day(day)])?;
    let continued = tx
        .prepare_cached(
            "UPDATE pause SET until_day = NULL
             WHERE person_id = ?1 AND (until_day IS NULL OR until_day >= ?2)",
        )?
        .execute(params![person, Day(day)])?;
    if continued == 0 {
        tx.prepare_cached("INSERT INTO pause (person_id, from_day) VALUES (?1, ?2)")?
            .execute(params![person, Day(day)])?;
    }
    Ok(())
}

/// From this day on the person is expected again.
fn end_pause(tx: &Connection, person: PersonId, day: NaiveDate) -> Result<(), Fault> {
    tx.prepare_cached(
        "DELETE FROM pause WHERE person_id = ?1 AND until_day IS NULL AND from_day >= ?2",
    )?
    .execute(params![person, Day(day)])?;
    tx.prepare_cached(
        "UPDATE pause SET until_day = ?2 WHERE person_id = ?1 AND until_day IS NULL",
    )?
    .execute(params![person, Day(day)])?;
    Ok(())
}

/// Notes the first day that an operator states.
pub(super) fn set_expected_from(
    tx: &Connection,
    person: &Person,
    day: NaiveDate,
    author: Author<'_>,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE person SET expected_from = ?2, expected_from_is_stated = 1 WHERE id = ?1",
    )?
    .execute(params![person.id, Day(day)])?;
    let detail = format!("from {day}");
    audit::append(tx, author, "person.expected", person.code.as_str(), &detail)
}

/// Notes the team, or none.
pub(super) fn set_team(
    tx: &Connection,
    person: &Person,
    team: Option<&str>,
    author: Author<'_>,
) -> Result<(), Fault> {
    let team = team.filter(|team| !team.trim().is_empty());
    let team = team.map(|team| Wording::parse("team", team)).transpose();
    let team = team.map_err(StoreError::from)?;
    let team = team.as_ref().map(Wording::as_str);
    tx.prepare_cached("UPDATE person SET team = ?2 WHERE id = ?1")?
        .execute(params![person.id, team])?;
    let detail = team.unwrap_or_default();
    audit::append(tx, author, "person.team", person.code.as_str(), detail)
}

/// Notes when the person agreed.
pub(super) fn set_consent(
    tx: &Connection,
    person: &Person,
    consent_at: NaiveDate,
    author: Author<'_>,
) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE person SET consent_at = ?2 WHERE id = ?1")?
        .execute(params![person.id, Day(consent_at)])?;
    let detail = consent_at.to_string();
    audit::append(tx, author, "person.consent", person.code.as_str(), &detail)
}

/// Whether somebody can have agreed then.
pub(super) fn check_consent(
    consent_at: Option<NaiveDate>,
    author: Author<'_>,
) -> Result<(), StoreError> {
    if let Some(day) = consent_at {
        plausible::consent(day, author.at.date_naive())?;
    }
    Ok(())
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

/// What [`person`] reads besides `active`. Who was deleted is expected on no day.
macro_rules! person_columns {
    () => {
        "p.id, p.code, p.name, p.team, p.created_at, p.expected_from,
         CASE WHEN p.deleted_at IS NULL
              THEN (SELECT group_concat(from_day || '/' || coalesce(until_day, ''), ' ')
                    FROM pause WHERE pause.person_id = p.id)
              ELSE '0001-01-01/' END AS pauses,
         (SELECT count(*) FROM template t
          WHERE t.person_id = p.id AND t.kind <> 'negative') AS template_count"
    };
}

/// Everybody who was not deleted, in the order of enrolment.
pub(super) fn all(tx: &Connection) -> Result<Vec<Person>, Fault> {
    let people = tx
        .prepare_cached(concat!(
            "SELECT p.active, ",
            person_columns!(),
            "
             FROM person p WHERE p.deleted_at IS NULL ORDER BY p.id"
        ))?
        .query_map([], person)?
        .collect::<Result<_, _>>()?;
    Ok(people)
}

/// Those who were deleted too; a deleted person is not active and in no team.
pub(super) fn all_ever(tx: &Connection) -> Result<Vec<Person>, Fault> {
    let people = tx
        .prepare_cached(concat!(
            "SELECT p.active AND p.deleted_at IS NULL AS active, ",
            person_columns!(),
            "
             FROM person p ORDER BY p.id"
        ))?
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
    tx.prepare_cached(concat!(
        "SELECT p.active, ",
        person_columns!(),
        "
         FROM person p WHERE p.id = ?1 AND p.deleted_at IS NULL"
    ))?
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
    tx.prepare_cached(concat!(
        "SELECT p.active, ",
        person_columns!(),
        "
         FROM person p WHERE p.code = ?1 AND p.deleted_at IS NULL"
    ))?
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
        expectation: expectation(row)?,
    })
}

fn expectation(row: &Row<'_>) -> rusqlite::Result<Expectation> {
    let pauses: Option<String> = row.get("pauses")?;
    let pauses = pauses.as_deref().unwrap_or_default();
    let day = |text: &str| {
        let day = text.parse::<NaiveDate>();
        day.map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
    };
    let pauses = pauses.split_whitespace().map(|pause| {
        let (from, until) = pause.split_once('/').unwrap_or((pause, ""));
        Ok(Pause {
            from: day(from)?,
            until: (!until.is_empty()).then(|| day(until)).transpose()?,
        })
    });
    Ok(Expectation {
        from: row.get::<_, Option<Day>>("expected_from")?.map(|day| day.0),
        pauses: pauses.collect::<rusqlite::Result<_>>()?,
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
        expected_from: row.get::<_, Option<Day>>("expected_from")?.map(|day| day.0),
        has_pin: row.get("has_pin")?,
        templates: row.get("template_count")?,
        last_seen: at
            .zip(offset)
            .and_then(|(at, offset)| event_time(at, offset)),
    })
}
