//! What is erased, when, and what is told about it.

use std::collections::BTreeSet;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::backup::failed;
use super::error::{Fault, StoreError};
use super::sql::{Day, Stamp};
use super::vault::Content;
use super::{
    AttendanceRow, AuditEntry, Author, EventFilter, PersonRow, Store, audit, chain, people,
    pictures, templates,
};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::gallery::TemplateKind;
use rollcall_core::person::{PersonCode, PersonId};

/// Setting with the day before which events may be erased; a trigger reads it.
const ERASED_BEFORE: &str = "retention.erased_before";

/// How long each kind of data is kept, in days; `None` is for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// That an unknown face was seen.
    pub sightings: Option<u32>,
    /// The faces of people without a name; that they were seen stays.
    pub strangers: Option<u32>,
    /// Pictures that people were enrolled with; their templates stay.
    pub pictures: Option<u32>,
    /// Attendance events.
    pub events: Option<u32>,
}

/// What was erased because its time was over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Sightings.
    pub sightings: usize,
    /// Faces of people without a name.
    pub strangers: usize,
    /// Pictures.
    pub pictures: usize,
    /// Events.
    pub events: usize,
}

/// What of a person was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasureReceipt {
    /// The code under which the attendance stays; another one if it was anonymised.
    pub code: String,
    /// When.
    pub erased_at: DateTime<FixedOffset>,
    /// Templates erased.
    pub templates: usize,
    /// Pictures erased.
    pub pictures: usize,
    /// Sightings that named the person as a candidate and no longer do.
    pub sightings: usize,
    /// Events that stay.
    pub events_kept: usize,
    /// Whether the code that led to the events is gone too.
    pub anonymised: bool,
    /// Hash of the audit record about it.
    pub trail_head: String,
}

/// Whether the attendance keeps the code it was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attendance {
    /// It stays under the code: people are paid by it.
    KeepsCode,
    /// It stays under a code that was drawn at random.
    Anonymised,
}

/// Everything that is held about a person.
#[derive(Debug, Serialize)]
pub struct PersonData {
    /// Name, code, consent.
    pub person: PersonRow,
    /// The face as vectors.
    pub templates: Vec<TemplateData>,
    /// Check-ins and check-outs, voided ones too.
    pub attendance: Vec<AttendanceRow>,
    /// Times at which an unknown face was most like this person's.
    pub sightings: Vec<String>,
    /// What was done with the data, and by whom.
    pub audit: Vec<AuditEntry>,
}

/// A face as a vector.
#[derive(Debug, Serialize)]
pub struct TemplateData {
    /// The network that made it.
    pub model: String,
    /// When.
    pub created_at: String,
    /// Its picture, if one is kept.
    pub picture: Option<String>,
    /// Whether it is of an enrolment, followed the face since, or is a face that is not theirs.
    pub kind: TemplateKind,
    /// Its numbers.
    pub vector: Vec<f32>,
}

impl Store {
    /// Erases name, consent, PIN, templates and pictures of a person.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn erase_person(
        &mut self,
        code: &PersonCode,
        attendance: Attendance,
        author: Author<'_>,
    ) -> Result<ErasureReceipt, StoreError> {
        let (receipt, erased) = self.write("deleting a person", |tx| {
            let person = people::by_code(tx, code)?;
            let erased = templates::picture_paths(tx, person.id)?;
            let run = |sql: &str| -> Result<usize, Fault> {
                Ok(tx.prepare_cached(sql)?.execute([person.id])?)
            };
            let templates = run("DELETE FROM template WHERE person_id = ?1")?;
            let sightings = run("UPDATE sighting SET candidate = NULL WHERE candidate = ?1")?;
            // A face that was said to be theirs is theirs.
            run("DELETE FROM sighting WHERE assigned_to = ?1")?;
            // Before `deleted_at`: a deleted person may have none of these.
            run(
                "UPDATE person SET team = NULL, pin_hash = NULL, salt = NULL, expected_from = NULL
                 WHERE id = ?1",
            )?;
            run("DELETE FROM pause WHERE person_id = ?1")?;
            empty_row(tx, person.id, people::ERASED_NAME, author)?;
            if attendance == Attendance::KeepsCode {
                audit::append(tx, author, "person.delete", person.code.as_str(), "")?;
            } else {
                audit::append_gone(tx, author, "person.delete", person.code.as_str())?;
                // No line of the trail holds both codes.
                run("UPDATE person SET code = 'anon-' || lower(hex(randomblob(6))) WHERE id = ?1")?;
            }
            let receipt = ErasureReceipt {
                code: tx.query_row("SELECT code FROM person WHERE id = ?1", [person.id], |r| {
                    r.get(0)
                })?,
                erased_at: author.at,
                templates,
                pictures: erased.len(),
                sightings,
                events_kept: tx.query_row(
                    "SELECT count(*) FROM attendance_event WHERE person_id = ?1",
                    [person.id],
                    |row| row.get(0),
                )?,
                anonymised: attendance == Attendance::Anonymised,
                trail_head: chain::head(tx)?,
            };
            Ok((receipt, erased))
        })?;
        pictures::remove(&self.data_dir, &erased);
        self.empty_log();
        Ok(receipt)
    }

    /// Erases what is older than the policy keeps it. `today` is the local day.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn retain(
        &mut self,
        policy: &RetentionPolicy,
        today: NaiveDate,
        author: Author<'_>,
    ) -> Result<RetentionReport, StoreError> {
        let (report, erased) = self.write("erasing what is too old", |tx| {
            let mut report = RetentionReport::default();
            let mut erased = Vec::new();
            if let Some(limit) = limit(policy.sightings, today) {
                report.sightings = tx
                    .prepare_cached("DELETE FROM sighting WHERE substr(at, 1, 10) < ?1")?
                    .execute([Day(limit)])?;
            }
            if let Some(limit) = limit(policy.strangers, today) {
                report.strangers = tx
                    .prepare_cached(
                        "UPDATE sighting SET embedding = NULL, dim = NULL, model = NULL,
                            picture = NULL
                         WHERE embedding IS NOT NULL AND substr(at, 1, 10) < ?1",
                    )?
                    .execute([Day(limit)])?;
            }
            if let Some(limit) = limit(policy.pictures, today) {
                erased = expired_pictures(tx, limit, author)?;
                report.pictures = erased.len();
            }
            if let Some(limit) = limit(policy.events, today) {
                report.events = expire_events(tx, limit, author)?;
            }
            if report != RetentionReport::default() {
                let detail = format!(
                    "{} sightings, {} faces without a name, {} pictures, {} events",
                    report.sightings, report.strangers, report.pictures, report.events
                );
                audit::append(tx, author, "retention", "data", &detail)?;
            }
            Ok((report, erased))
        })?;
        pictures::remove(&self.data_dir, &erased);
        if report != RetentionReport::default() {
            self.empty_log();
        }
        Ok(report)
    }

    /// Everything that is held about a person.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be read.
    pub fn person_data(&self, code: &PersonCode) -> Result<PersonData, StoreError> {
        let person = self.person_row(code)?;
        let filter = EventFilter {
            code: Some(code.clone()),
            ..EventFilter::default()
        };
        let attendance = self.attendance(&filter)?;
        self.read("collecting a person's data", |tx| {
            let id = people::by_code(tx, code)?.id;
            let templates = tx
                .prepare("SELECT model, created_at, picture, embedding, kind FROM template WHERE person_id = ?1 ORDER BY id")?
                .query_map([id], |row| {
                    let bytes: Vec<u8> = row.get("embedding")?;
                    let bytes = self.vault.open(Content::Template, &bytes).map_err(FromSqlError::other)?;
                    let numbers = bytes.chunks_exact(4);
                    Ok(TemplateData {
                        model: row.get("model")?,
                        created_at: row.get("created_at")?,
                        picture: row.get("picture")?,
                        kind: row.get("kind")?,
                        vector: numbers.map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect(),
                    })
                })?
                .collect::<Result<_, _>>()?;
            let sightings = tx
                .prepare("SELECT at FROM sighting WHERE candidate = ?1 ORDER BY id")?
                .query_map([id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(PersonData {
                person,
                templates,
                attendance,
                sightings,
                audit: audit::about(tx, code.as_str())?,
            })
        })
    }

    /// Writes [`Store::person_data`] and the person's pictures into a new folder.
    ///
    /// # Errors
    /// If the folder is there already, or something cannot be read or written.
    pub fn export_person(
        &self,
        code: &PersonCode,
        folder: &Path,
    ) -> Result<PersonData, StoreError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let data = self.person_data(code)?;
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(|e| failed("make the folder", folder, e))?;
        let create = |path: &Path, bytes: &[u8]| {
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .and_then(|mut file| file.write_all(bytes))
                .map_err(|e| failed("write", path, e))
        };
        let json = serde_json::to_vec_pretty(&data)
            .map_err(|e| failed("write", folder, std::io::Error::other(e)))?;
        create(&folder.join("data.json"), &json)?;
        for relative in data.templates.iter().filter_map(|t| t.picture.as_deref()) {
            let bytes = self.picture(relative)?;
            let name = Path::new(relative).file_name().unwrap_or_default();
            create(&folder.join(name), &bytes)?;
        }
        Ok(data)
    }

    /// All templates of a person with the networks that made them, those that are known not to
    /// be theirs left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn templates_of(&self, person: PersonId) -> Result<Vec<(ModelId, Embedding)>, StoreError> {
        self.read("reading templates", |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT model, embedding, dim FROM template
                 WHERE person_id = ?1 AND kind <> ?2 ORDER BY id",
            )?;
            let mut rows = statement.query(params![person, TemplateKind::Negative])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let bytes: Vec<u8> = row.get("embedding")?;
                // A damaged one is like none; `doctor` reports it.
                let embedding = self.vault.open(Content::Template, &bytes).ok();
                let embedding = embedding
                    .and_then(|bytes| Embedding::from_le_bytes(&bytes, row.get("dim").ok()?).ok());
                if let Some(embedding) = embedding {
                    let model: String = row.get("model")?;
                    found.push((ModelId::from_sha256(&model), embedding));
                }
            }
            Ok(found)
        })
    }

    /// The write-ahead log still holds old pages; a reader that keeps them for a
    /// moment is no failure, the next checkpoint takes them.
    pub(super) fn empty_log(&self) {
        let emptied = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the log of the database could not be emptied yet");
        }
    }
}

/// The first day that is kept.
fn limit(days: Option<u32>, today: NaiveDate) -> Option<NaiveDate> {
    today.checked_sub_days(Days::new(days?.into()))
}

fn expired_pictures(
    tx: &Connection,
    limit: NaiveDate,
    author: Author<'_>,
) -> Result<Vec<String>, Fault> {
    let expired = tx
        .prepare_cached(
            "SELECT t.picture, p.code FROM template t JOIN person p ON p.id = t.person_id
             WHERE t.picture IS NOT NULL AND substr(t.created_at, 1, 10) < ?1",
        )?
        .query_map([Day(limit)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    tx.prepare_cached(
        "UPDATE template SET picture = NULL WHERE picture IS NOT NULL AND substr(created_at, 1, 10) < ?1",
    )?
    .execute([Day(limit)])?;
    let (pictures, codes): (Vec<String>, BTreeSet<String>) = expired.into_iter().unzip();
    for code in &codes {
        audit::append(tx, author, "person.pictures-expired", code, "")?;
    }
    Ok(pictures)
}

fn expire_events(tx: &Connection, limit: NaiveDate, author: Author<'_>) -> Result<usize, Fault> {
    let expired: Vec<i64> = tx
        .prepare_cached("SELECT id FROM attendance_event WHERE local_day < ?1 ORDER BY id")?
        .query_map([Day(limit)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if expired.is_empty() {
        return Ok(0);
    }
    tx.prepare_cached(
        "INSERT INTO setting (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![ERASED_BEFORE, Day(limit)])?;
    audit::append(
        tx,
        author,
        chain::EXPIRE,
        "attendance",
        &chain::as_ranges(&expired),
    )?;
    tx.prepare_cached("DELETE FROM attendance_event WHERE local_day < ?1")?
        .execute([Day(limit)])?;
    // The trigger that guards events guards all of them again.
    tx.prepare_cached("DELETE FROM setting WHERE key = ?1")?
        .execute([ERASED_BEFORE])?;
    Ok(expired.len())
}

/// Empties the row of a person who is deleted.
fn empty_row(tx: &Connection, id: PersonId, name: &str, author: Author<'_>) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE person SET name = ?2, active = 0, consent_at = NULL, deleted_at = ?3 WHERE id = ?1",
    )?
    .execute(params![id, name, Stamp(author.at)])?;
    Ok(())
}
