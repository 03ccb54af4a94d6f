//! Faces that were given no name, and what became of them.
//!
//! Invariants:
//! - The face of somebody who was not enrolled is kept only where the configuration says
//!   so, only for a time ([`super::privacy`]), and never more than [`MOST_FACES`] of them.
//! - It is erased as soon as somebody has said that it does not matter.

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::error::{Fault, StoreError};
use super::sql::Stamp;
use super::vault::{Content, Vault};
use super::{Author, Store, audit, people};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::event::{Sighting, SightingReason};
use rollcall_core::person::PersonCode;

/// Faces of strangers that are kept at most; the oldest go first.
const MOST_FACES: u32 = 500;

/// The face of a sighting.
#[derive(Debug, Clone, PartialEq)]
pub struct SightedFace {
    /// The face as a vector.
    pub embedding: Embedding,
    /// The network that made it.
    pub model: ModelId,
    /// How good it was, 0..=1.
    pub quality: f32,
    /// The face as a picture.
    pub jpeg: Vec<u8>,
}

/// What became of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SightingState {
    /// Nobody has looked at it.
    Open,
    /// It does not matter.
    Ignored,
    /// It was somebody who is enrolled.
    Assigned,
}

/// A sighting as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SightingRow {
    /// Its number.
    pub sighting: i64,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// `unknown`, `undecided` or `spoof`.
    pub reason: String,
    /// Code of the most similar person.
    pub candidate: Option<String>,
    /// Similarity to that person.
    pub similarity: Option<f32>,
    /// Distance to the next best person.
    pub margin: Option<f32>,
    /// Liveness, if judged.
    pub liveness: Option<f32>,
    /// How good the face was, if it is kept.
    pub quality: Option<f32>,
    /// What became of it.
    pub state: SightingState,
    /// Code of the person it was.
    pub assigned_to: Option<String>,
    /// The face and the network that made it, if it is kept.
    #[serde(skip)]
    pub face: Option<(Embedding, ModelId)>,
}

impl Store {
    /// Writes a sighting, with its face if that shall be kept.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn record_sighting(
        &mut self,
        sighting: &Sighting,
        face: Option<&SightedFace>,
    ) -> Result<(), StoreError> {
        let reason = match sighting.reason {
            SightingReason::Unknown => "unknown",
            SightingReason::Undecided => "undecided",
            SightingReason::Spoof => "spoof",
        };
        let candidate = sighting.candidate;
        let vault = self.vault.clone();
        self.write("writing a sighting", |tx| {
            tx.prepare_cached(
                "INSERT INTO sighting (at, reason, candidate, similarity, margin, liveness, camera)
                 VALUES (?1, ?2, (SELECT id FROM person WHERE id = ?3), ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                Stamp(sighting.at.wall),
                reason,
                candidate.map(|c| c.person),
                candidate.map(|c| c.similarity.0),
                candidate.and_then(|c| c.margin()),
                sighting.liveness,
                sighting.camera,
            ])?;
            if let Some(face) = face {
                keep_face(tx, tx.last_insert_rowid(), face, &vault)?;
            }
            Ok(())
        })
    }

    /// Number of sightings of all time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn sighting_count(&self) -> Result<u64, StoreError> {
        self.read("counting sightings", |tx| {
            Ok(tx.query_row("SELECT count(*) FROM sighting", [], |row| row.get(0))?)
        })
    }

    /// The sightings that are still there, the latest first; only open ones on demand.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn sightings(&self, only_open: bool) -> Result<Vec<SightingRow>, StoreError> {
        self.read("listing sightings", |tx| {
            let rows = tx
                .prepare_cached(
                    "SELECT s.id, s.at, s.reason, c.code AS candidate, s.similarity, s.margin,
                        s.liveness, s.quality, s.state, a.code AS assigned_to,
                        s.embedding, s.dim, s.model
                     FROM sighting s
                     LEFT JOIN person c ON c.id = s.candidate
                     LEFT JOIN person a ON a.id = s.assigned_to
                     WHERE NOT ?1 OR s.state = 'open' ORDER BY s.id DESC",
                )?
                .query_map([only_open], |row| sighting_row(row, &self.vault))?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }

    /// The picture of a sighting, if it is kept.
    ///
    /// # Errors
    /// If there is no such sighting or the database cannot be read.
    pub fn sighting_picture(&self, sighting: i64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("reading the picture of a sighting", |tx| {
            let sealed: Option<Vec<u8>> = tx
                .prepare_cached("SELECT picture FROM sighting WHERE id = ?1")?
                .query_row([sighting], |row| row.get(0))
                .optional()?
                .ok_or(StoreError::NoSuchSighting(sighting))?;
            let opened = sealed.map(|bytes| {
                let opened = self.vault.open(Content::Picture, &bytes);
                opened.map(std::borrow::Cow::into_owned)
            });
            Ok(opened.transpose()?)
        })
    }

    /// Says that sightings do not matter, which erases their faces.
    ///
    /// # Errors
    /// If one of them is not there, or the database cannot be written.
    pub fn ignore_sightings(
        &mut self,
        sightings: &[i64],
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("ignoring sightings", |tx| {
            for &sighting in sightings {
                let changed = tx
                    .prepare_cached(
                        "UPDATE sighting SET state = 'ignored', assigned_to = NULL,
                            embedding = NULL, dim = NULL, model = NULL, picture = NULL,
                            reviewed_at = ?2, reviewed_by = ?3 WHERE id = ?1",
                    )?
                    .execute(params![sighting, Stamp(author.at), author.name])?;
                require_one(changed, sighting)?;
            }
            audit::append(tx, author, "review.ignore", "sightings", &list(sightings))
        })
    }

    /// Erases sightings altogether.
    ///
    /// # Errors
    /// If one of them is not there, or the database cannot be written.
    pub fn delete_sightings(
        &mut self,
        sightings: &[i64],
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("erasing sightings", |tx| {
            for &sighting in sightings {
                let changed = tx
                    .prepare_cached("DELETE FROM sighting WHERE id = ?1")?
                    .execute([sighting])?;
                require_one(changed, sighting)?;
            }
            audit::append(tx, author, "review.delete", "sightings", &list(sightings))
        })?;
        self.empty_log();
        Ok(())
    }

    /// Says who was seen.
    ///
    /// # Errors
    /// If one of the sightings or the person is not there, or the database cannot be
    /// written.
    pub fn assign_sightings(
        &mut self,
        sightings: &[i64],
        code: &PersonCode,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        self.write("assigning sightings", |tx| {
            let person = people::by_code(tx, code)?.id;
            for &sighting in sightings {
                let changed = tx
                    .prepare_cached(
                        "UPDATE sighting SET state = 'assigned', assigned_to = ?2,
                            reviewed_at = ?3, reviewed_by = ?4 WHERE id = ?1",
                    )?
                    .execute(params![sighting, person, Stamp(author.at), author.name])?;
                require_one(changed, sighting)?;
            }
            let detail = list(sightings);
            audit::append(tx, author, "review.assign", code.as_str(), &detail)
        })
    }
}

fn keep_face(tx: &Connection, row: i64, face: &SightedFace, vault: &Vault) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE sighting SET embedding = ?2, dim = ?3, model = ?4, quality = ?5, picture = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        row,
        vault.seal(Content::Template, &face.embedding.to_le_bytes())?,
        face.embedding.dim(),
        face.model,
        face.quality,
        vault.seal(Content::Picture, &face.jpeg)?,
    ])?;
    tx.prepare_cached(
        "UPDATE sighting SET embedding = NULL, dim = NULL, model = NULL, picture = NULL
         WHERE id IN (SELECT id FROM sighting WHERE embedding IS NOT NULL
                      ORDER BY id DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([MOST_FACES])?;
    Ok(())
}

fn sighting_row(row: &Row<'_>, vault: &Vault) -> rusqlite::Result<SightingRow> {
    let bytes: Option<Vec<u8>> = row.get("embedding")?;
    let dim: Option<usize> = row.get("dim")?;
    let model: Option<String> = row.get("model")?;
    let face = bytes.zip(dim).zip(model).and_then(|((bytes, dim), model)| {
        // A damaged one is like none.
        let opened = vault.open(Content::Template, &bytes).ok()?;
        let embedding = Embedding::from_le_bytes(&opened, dim).ok()?;
        Some((embedding, ModelId::from_sha256(&model)))
    });
    Ok(SightingRow {
        sighting: row.get("id")?,
        at: row.get::<_, Stamp>("at")?.0,
        reason: row.get("reason")?,
        candidate: row.get("candidate")?,
        similarity: row.get("similarity")?,
        margin: row.get("margin")?,
        liveness: row.get("liveness")?,
        quality: row.get("quality")?,
        state: match row.get::<_, String>("state")?.as_str() {
            "ignored" => SightingState::Ignored,
            "assigned" => SightingState::Assigned,
            _ => SightingState::Open,
        },
        assigned_to: row.get("assigned_to")?,
        face,
    })
}

fn require_one(changed: usize, sighting: i64) -> Result<(), Fault> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::NoSuchSighting(sighting).into())
    }
}

fn list(sightings: &[i64]) -> String {
    let numbers: Vec<String> = sightings.iter().map(i64::to_string).collect();
    numbers.join(", ")
}
