//! Templates that another embedder made, and their replacement.
//!
//! A template keeps its number and its picture; only what was computed from the
//! picture is replaced. All of a person's are replaced in one transaction, so that
//! a person is never half in one space and half in another because of a crash.

use rusqlite::params;

use super::error::{Fault, StoreError};
use super::vault::Content;
use super::{Author, Store, audit, people};
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::person::{PersonCode, PersonId, TemplateId};

/// A template that the embedder in use did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignTemplate {
    /// The template.
    pub id: TemplateId,
    /// The picture it was made of, relative to the data folder; `None` if none was kept.
    pub picture: Option<String>,
}

/// A template computed anew.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The template.
    pub id: TemplateId,
    /// The face as the new embedder sees it.
    pub embedding: Embedding,
    /// Quality of the face.
    pub quality: f32,
}

impl Store {
    /// The templates of a person that `model` did not make.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn foreign_templates(
        &self,
        person: PersonId,
        model: &ModelId,
    ) -> Result<Vec<ForeignTemplate>, StoreError> {
        self.read("looking for templates of another embedder", |tx| {
            let found = tx
                .prepare_cached(
                    "SELECT id, picture FROM template
                     WHERE person_id = ?1 AND model <> ?2 AND kind <> 'negative' ORDER BY id",
                )?
                .query_map(params![person, model], |row| {
                    Ok(ForeignTemplate {
                        id: row.get("id")?,
                        picture: row.get("picture")?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// The faces of a person as `model` sees them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn embeddings_of(
        &self,
        person: PersonId,
        model: &ModelId,
    ) -> Result<Vec<Embedding>, StoreError> {
        self.read("reading templates", |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT embedding, dim FROM template
                 WHERE person_id = ?1 AND model = ?2 AND kind <> 'negative'",
            )?;
            let mut rows = statement.query(params![person, model])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let bytes: Vec<u8> = row.get("embedding")?;
                // A damaged one is left out here as it is left out of the gallery.
                let opened = self.vault.open(Content::Template, &bytes);
                let dim = row.get("dim")?;
                found.extend(
                    opened
                        .map(|bytes| Embedding::from_le_bytes(&bytes, dim).ok())
                        .ok()
                        .flatten(),
                );
            }
            Ok(found)
        })
    }

    /// Replaces the embeddings of a person's templates, all or none.
    ///
    /// # Errors
    /// If the person or one of the templates is gone, or the database cannot be written.
    pub fn re_embed(
        &mut self,
        code: &PersonCode,
        model: &ModelId,
        replacements: &[Replacement],
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        let vault = self.vault.clone();
        self.write("replacing templates", |tx| {
            let person = people::by_code(tx, code)?;
            let mut statement = tx.prepare_cached(
                "UPDATE template SET embedding = ?3, dim = ?4, model = ?5, quality = ?6
                 WHERE id = ?1 AND person_id = ?2",
            )?;
            for new in replacements {
                let changed = statement.execute(params![
                    new.id,
                    person.id,
                    vault.seal(Content::Template, &new.embedding.to_le_bytes())?,
                    new.embedding.dim(),
                    model,
                    new.quality
                ])?;
                if changed == 0 {
                    return Err(Fault::Store(StoreError::NoSuchTemplate {
                        code: person.code.to_string(),
                        template: new.id.0,
                    }));
                }
            }
            let detail = format!("{} templates, model {model}", replacements.len());
            audit::append(tx, author, "person.re-embed", person.code.as_str(), &detail)
        })
    }
}
