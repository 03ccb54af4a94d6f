//! Faces that were given no name, and why.
//!
//! Deliberately absent: their pictures. Whoever was not enrolled has not agreed
//! to be kept.

use rusqlite::params;

use super::Store;
use super::error::StoreError;
use super::sql::Stamp;
use crate::core::event::{Sighting, SightingReason};

impl Store {
    /// Writes a sighting.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn record_sighting(&mut self, sighting: &Sighting) -> Result<(), StoreError> {
        let reason = match sighting.reason {
            SightingReason::Unknown => "unknown",
            SightingReason::Undecided => "undecided",
            SightingReason::Spoof => "spoof",
        };
        let candidate = sighting.candidate;
        self.write("writing a sighting", |tx| {
            tx.prepare_cached(
                "INSERT INTO sighting (at, reason, candidate, similarity, margin, liveness)
                 VALUES (?1, ?2, (SELECT id FROM person WHERE id = ?3), ?4, ?5, ?6)",
            )?
            .execute(params![
                Stamp(sighting.at.wall),
                reason,
                candidate.map(|c| c.person),
                candidate.map(|c| c.similarity.0),
                candidate.and_then(|c| c.margin()),
                sighting.liveness,
            ])?;
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
}
