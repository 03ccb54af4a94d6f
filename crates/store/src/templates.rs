//! Templates: what people are recognised by, what follows them, and what is not theirs.

use rusqlite::{Connection, Row, params};

use super::error::{Fault, StoreError};
use super::people::{Album, GalleryRows, NewTemplate, SkippedTemplate, by_code, by_id};
use super::sql::Stamp;
use super::vault::{Content, Vault};
use super::{Author, Store, audit, pictures};
use rollcall_core::adaptation::MOST_ADAPTIVE;
use rollcall_core::embedding::{Embedding, ModelId};
use rollcall_core::gallery::{Template, TemplateKind};
use rollcall_core::person::{PersonCode, PersonId, TemplateId};

impl Store {
    /// Adds a template that the station has made itself; of more than a few the oldest goes.
    ///
    /// # Errors
    /// If the person is gone or the database cannot be written.
    pub fn adapt(
        &mut self,
        person: PersonId,
        new: &NewTemplate,
        author: Author<'_>,
    ) -> Result<(), StoreError> {
        let vault = self.vault.clone();
        self.write("adapting a template", |tx| {
            let person = by_id(tx, person)?;
            tx.prepare_cached(
                "INSERT INTO template (person_id, embedding, dim, model, quality, created_at, kind)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                person.id,
                vault.seal(Content::Template, &new.embedding.to_le_bytes())?,
                new.embedding.dim(),
                new.model,
                new.quality,
                Stamp(author.at),
                TemplateKind::Adaptive
            ])?;
            tx.prepare_cached(
                "DELETE FROM template WHERE id IN (
                     SELECT id FROM template WHERE person_id = ?1 AND kind = ?2
                     ORDER BY id DESC LIMIT -1 OFFSET ?3)",
            )?
            .execute(params![person.id, TemplateKind::Adaptive, MOST_ADAPTIVE])?;
            audit::append(tx, author, "person.adapt", person.code.as_str(), "")
        })
    }

    /// Takes all templates back that the station has made itself, of one person or of all,
    /// and says how many there were.
    ///
    /// # Errors
    /// If nobody has the code or the database cannot be written.
    pub fn forget_adaptive(
        &mut self,
        code: Option<&PersonCode>,
        author: Author<'_>,
    ) -> Result<usize, StoreError> {
        let forgotten = self.write("forgetting adaptive templates", |tx| {
            let person = code.map(|code| by_code(tx, code)).transpose()?;
            let owners: Vec<(PersonCode, u64)> = tx
                .prepare_cached(
                    "SELECT p.code, count(*) FROM template t JOIN person p ON p.id = t.person_id
                     WHERE t.kind = ?1 AND (?2 IS NULL OR t.person_id = ?2) GROUP BY p.id",
                )?
                .query_map(
                    params![TemplateKind::Adaptive, person.as_ref().map(|p| p.id)],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?
                .collect::<Result<_, _>>()?;
            let forgotten = tx
                .prepare_cached(
                    "DELETE FROM template WHERE kind = ?1 AND (?2 IS NULL OR person_id = ?2)",
                )?
                .execute(params![TemplateKind::Adaptive, person.map(|p| p.id)])?;
            for (owner, templates) in owners {
                let detail = format!("{templates} templates");
                audit::append(
                    tx,
                    author,
                    "person.forget-adaptive",
                    owner.as_str(),
                    &detail,
                )?;
            }
            Ok(forgotten)
        })?;
        self.empty_log();
        Ok(forgotten)
    }
}

/// Whose templates are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of people who are recognised.
    Active,
    /// Of those who are not.
    NotActive,
    /// Of both.
    Everybody,
}

impl Whose {
    /// The values of `person.active` that are wanted.
    fn activity(self) -> [bool; 2] {
        match self {
            Self::Active => [true, true],
            Self::NotActive => [false, false],
            Self::Everybody => [false, true],
        }
    }
}

pub(super) fn gallery(
    tx: &Connection,
    model: &ModelId,
    whose: Whose,
    vault: &Vault,
) -> Result<GalleryRows, Fault> {
    let mut found = GalleryRows::default();
    let mut statement = tx.prepare_cached(
        "SELECT t.id, t.person_id, t.embedding, t.dim, t.kind FROM template t
         JOIN person p ON p.id = t.person_id
         WHERE p.active IN (?2, ?3) AND t.model = ?1 ORDER BY t.id",
    )?;
    let [one, other] = whose.activity();
    let mut rows = statement.query(params![model, one, other])?;
    while let Some(row) = rows.next()? {
        let (id, person) = (row.get("id")?, row.get("person_id")?);
        match template(row, id, person, vault) {
            Ok(template) => {
                match row.get("kind")? {
                    TemplateKind::Negative => {
                        found.templates.rule_out(person, template.embedding);
                        continue;
                    }
                    TemplateKind::Adaptive => found.templates.mark_adaptive(id),
                    TemplateKind::Enrolled => {}
                }
                // Rows of one model have one size; another one is a damaged row.
                if !found.templates.insert(&template) {
                    let reason = format!(
                        "it has {} values, unlike the others of its model",
                        template.embedding.dim()
                    );
                    found.skipped.push(SkippedTemplate { id, person, reason });
                }
            }
            Err(reason) => found.skipped.push(SkippedTemplate { id, person, reason }),
        }
    }
    found.other_models = tx
        .prepare_cached(
            "SELECT t.person_id, count(*) FROM template t JOIN person p ON p.id = t.person_id
             WHERE p.active IN (?2, ?3) AND t.model <> ?1 GROUP BY t.person_id ORDER BY t.person_id",
        )?
        .query_map(params![model, one, other], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(found)
}

/// The template of a row, or what is wrong with it.
fn template(
    row: &Row<'_>,
    id: TemplateId,
    person: PersonId,
    vault: &Vault,
) -> Result<Template, String> {
    // Borrowed: at fifty thousand rows a copy of each is felt.
    let bytes = row.get_ref("embedding").map_err(|e| e.to_string())?;
    let bytes = bytes.as_blob().map_err(|e| e.to_string())?;
    let dim = row.get("dim").map_err(|e| e.to_string())?;
    let bytes = vault
        .open(Content::Template, bytes)
        .map_err(|e| e.to_string())?;
    let embedding = Embedding::from_le_bytes(&bytes, dim).map_err(|e| e.to_string())?;
    Ok(Template {
        id,
        person,
        embedding,
    })
}

pub(super) fn insert_templates(
    tx: &Connection,
    album: &mut Album<'_>,
    person: PersonId,
    code: &PersonCode,
    new: &[NewTemplate],
    author: Author<'_>,
) -> Result<Vec<Template>, Fault> {
    let mut templates = Vec::with_capacity(new.len());
    let mut statement = tx.prepare_cached(
        "INSERT INTO template (person_id, embedding, dim, model, quality, picture, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for template in new {
        let picture = match &template.jpeg {
            Some(jpeg) => {
                let sealed = album.vault.seal(Content::Picture, jpeg)?;
                let path = pictures::write(album.data_dir, code, author.at, &sealed)?;
                album.written.push(path.clone());
                Some(path)
            }
            None => None,
        };
        statement.execute(params![
            person,
            album
                .vault
                .seal(Content::Template, &template.embedding.to_le_bytes())?,
            template.embedding.dim(),
            template.model,
            template.quality,
            picture,
            Stamp(author.at)
        ])?;
        templates.push(Template {
            id: TemplateId(tx.last_insert_rowid()),
            person,
            embedding: template.embedding.clone(),
        });
    }
    Ok(templates)
}

pub(super) fn picture_paths(tx: &Connection, person: PersonId) -> Result<Vec<String>, Fault> {
    let paths = tx
        .prepare_cached(
            "SELECT picture FROM template WHERE person_id = ?1 AND picture IS NOT NULL",
        )?
        .query_map([person], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(paths)
}
