//! The audit trail as a hash chain, in which tampering shows.
//!
//! Each record hashes its predecessor's hash and its own content. A record about
//! an attendance event also carries the hash of that row as the deed left it, so
//! that a row changed behind the program's back no longer fits. [`super::coverage`] does the
//! same for people with their faces, and for the settings.
//!
//! What it does not do: somebody who can write the file and knows this program
//! can make a new, consistent chain. It then ends in another hash; whoever noted
//! the old one (`doctor` prints it, every backup keeps it) sees the difference.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::Store;
use super::audit::AuditRecord;
use super::coverage::{Covered, Covers};
use super::error::{Fault, StoreError};
use rollcall_core::attendance::EventId;

/// What is hashed of an attendance event. A later migration that adds a column adds it to
/// [`ADDED`]'s count, and it is hashed only where it has a value: else every hash that was ever
/// written would be wrong.
const CONTENT: &str =
    "SELECT id, person_id, local_day, sequence, at_utc_us, utc_offset_secs, direction,
        source, similarity, margin, liveness, model, created_at, void_at, void_by, void_reason,
        picture, clock_state, clock_batch, replaces, operator, reason, camera
     FROM attendance_event";

/// How many of those columns, the last ones, were added by later migrations.
const ADDED: usize = 1;

/// What the first record takes for its predecessor's hash.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// In the place of the hash of a person whose code is nobody's any more.
pub(super) const GONE: &str = GENESIS;

/// Action under which old events are erased; `detail` lists them as ranges.
pub(super) const EXPIRE: &str = "attendance.expire";

/// Name in the trail of what a migration does.
const MIGRATION: &str = "rollcall";

/// What a look at the whole trail has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// Number of records.
    pub records: u64,
    /// Hash of the last one; whoever notes it can later see a chain made anew.
    pub head: String,
    /// The first thing that does not fit.
    pub broken: Option<BrokenLink>,
}

/// Why the records and the events do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLink {
    /// A record was changed, or one before it removed.
    #[error(
        "record {record} of the audit trail ({action} by {actor} at {at}) was changed, or one before it removed"
    )]
    Record {
        /// Its number.
        record: i64,
        /// What it says was done.
        action: String,
        /// By whom.
        actor: String,
        /// When.
        at: String,
    },
    /// Records at the end were removed.
    #[error("the audit trail ends with record {last}, though {written} were written")]
    CutOff {
        /// The last that is there.
        last: i64,
        /// The last that was ever written.
        written: i64,
    },
    /// An event is not what its last record says.
    #[error("attendance event {event} was changed after record {record} of the audit trail")]
    Event {
        /// The event.
        event: i64,
        /// The record it should match.
        record: i64,
    },
    /// An event is recorded and not there.
    #[error("attendance event {event} of record {record} of the audit trail is missing")]
    Missing {
        /// The event.
        event: i64,
        /// The record that names it.
        record: i64,
    },
    /// Somebody is not as their last record says.
    #[error(
        "person {code} (name, activity, team, consent, PIN or faces) was changed after record {record} of the audit trail"
    )]
    Person {
        /// The person's code.
        code: String,
        /// The record it should match.
        record: i64,
    },
    /// Somebody is recorded and not there, or under another code.
    #[error("person {code} of record {record} of the audit trail is missing")]
    MissingPerson {
        /// The person's code.
        code: String,
        /// The record that names it.
        record: i64,
    },
    /// Somebody is there whom nothing records.
    #[error("person {code} was added past the audit trail")]
    UnrecordedPerson {
        /// The person's code.
        code: String,
    },
    /// The settings are not what their last record says.
    #[error(
        "the settings or tokens in the database were changed after record {record} of the audit trail"
    )]
    Settings {
        /// The record they should match; 0 if none is about them.
        record: i64,
    },
    /// An event is there that nothing records.
    #[error("attendance event {event} was added past the audit trail")]
    Unrecorded {
        /// The event.
        event: i64,
    },
}

impl Store {
    /// Works through the whole trail and holds it against the attendance events.
    ///
    /// # Errors
    /// If the database cannot be read; a broken chain is part of the answer.
    pub fn verify_chain(&self) -> Result<ChainReport, StoreError> {
        self.read("verifying the audit trail", |tx| verify(tx))
    }

    /// Number of records.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn trail_length(&self) -> Result<u64, StoreError> {
        self.read("counting the records of the audit trail", |tx| {
            Ok(tx.query_row("SELECT count(*) FROM audit", [], |row| row.get(0))?)
        })
    }

    /// The hash of the record with this place in the trail, counted from 1: the end of the
    /// trail when it was so long. `None` if it is not that long.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn hash_of_record(&self, place: u64) -> Result<Option<String>, StoreError> {
        let Some(before) = place.checked_sub(1) else {
            return Ok(Some(GENESIS.to_owned()));
        };
        self.read("looking up a record of the audit trail", |tx| {
            let hash = tx
                .prepare_cached("SELECT hash FROM audit ORDER BY id LIMIT 1 OFFSET ?1")?
                .query_row([before], |row| row.get(0))
                .optional()?;
            Ok(hash)
        })
    }
}

/// Appends a record to the chain.
pub(super) fn append(tx: &Connection, record: &AuditRecord<'_>) -> Result<(), Fault> {
    let hash = link(&head(tx)?, record);
    tx.prepare_cached(
        "INSERT INTO audit (at, actor, action, subject, detail, content, hash, covers)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        record.at,
        record.actor,
        record.action,
        record.subject,
        record.detail,
        record.content,
        hash,
        record.covers.map(Covers::word)
    ])?;
    Ok(())
}

/// Hash of the last record.
pub(super) fn head(tx: &Connection) -> Result<String, Fault> {
    let last = tx
        .prepare_cached("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_else(|| GENESIS.to_owned()))
}

/// The columns of [`CONTENT`] in a database of schema version 1 that is being migrated, which
/// has no later ones yet.
fn content_of_adopted(tx: &Connection, event: EventId) -> Result<String, Fault> {
    let columns = CONTENT.replace(", camera", ", NULL");
    let hash = tx
        .prepare_cached(&format!("{columns} WHERE id = ?1"))?
        .query_row([event], row_hash)?;
    Ok(hash)
}

/// The hash of an attendance event as it stands, over the columns of [`CONTENT`].
pub(super) fn content_of(tx: &Connection, event: EventId) -> Result<String, Fault> {
    let hash = tx
        .prepare_cached(&format!("{CONTENT} WHERE id = ?1"))?
        .query_row([event], row_hash)?;
    Ok(hash)
}

/// Chains the records and adopts the events of a database of schema version 1.
pub(super) fn adopt_version_1(tx: &Connection) -> Result<(), Fault> {
    let mut previous = GENESIS.to_owned();
    {
        let mut insert = tx.prepare(
            "INSERT INTO audit (id, at, actor, action, subject, detail, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut old =
            tx.prepare("SELECT id, at, actor, action, subject, detail FROM audit_1 ORDER BY id")?;
        let mut rows = old.query([])?;
        while let Some(row) = rows.next()? {
            let [at, actor, action, subject, detail] =
                [1, 2, 3, 4, 5].map(|i| row.get::<_, String>(i));
            let record = AuditRecord {
                at: &at?,
                actor: &actor?,
                action: &action?,
                subject: &subject?,
                detail: &detail?,
                content: None,
                covers: None,
            };
            previous = link(&previous, &record);
            insert.execute(params![
                row.get::<_, i64>(0)?,
                record.at,
                record.actor,
                record.action,
                record.subject,
                record.detail,
                previous
            ])?;
        }
    }
    tx.execute_batch("DROP TABLE audit_1")?;
    let mut events = tx.prepare("SELECT id, created_at FROM attendance_event ORDER BY id")?;
    // As the table was then.
    let mut insert = tx.prepare(
        "INSERT INTO audit (at, actor, action, subject, detail, content, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let (id, created_at): (i64, String) = (row.get(0)?, row.get(1)?);
        let content = content_of_adopted(tx, EventId(id))?;
        let record = AuditRecord {
            at: &created_at,
            actor: MIGRATION,
            action: "attendance.adopt",
            subject: &id.to_string(),
            detail: "from schema version 1",
            content: Some(&content),
            covers: None,
        };
        previous = link(&previous, &record);
        insert.execute(params![
            record.at,
            record.actor,
            record.action,
            record.subject,
            record.detail,
            record.content,
            previous
        ])?;
    }
    Ok(())
}

/// Numbers as ranges: `1-3,7`.
pub(super) fn as_ranges(sorted: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &number in sorted {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words = ranges.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    words.collect::<Vec<_>>().join(",")
}

fn ranges_hold(ranges: &str, number: i64) -> bool {
    ranges.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.parse::<i64>(), last.parse::<i64>()), (Ok(first), Ok(last)) if (first..=last).contains(&number))
    })
}

pub(super) fn verify(tx: &Connection) -> Result<ChainReport, Fault> {
    let mut report = ChainReport {
        records: 0,
        head: GENESIS.to_owned(),
        broken: None,
    };
    // The last record of each event: its number and the row's hash.
    let mut recorded: HashMap<i64, (i64, String)> = HashMap::new();
    let mut expired: Vec<String> = Vec::new();
    let mut covered = Covered::default();
    let mut last_id = 0;
    let mut statement = tx.prepare(
        "SELECT id, at, actor, action, subject, detail, content, hash, covers FROM audit
         ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let [at, actor, action, subject, detail, hash] =
            [1, 2, 3, 4, 5, 7].map(|i| row.get::<_, String>(i));
        let (at, actor, action) = (at?, actor?, action?);
        let (subject, detail, hash) = (subject?, detail?, hash?);
        let content: Option<String> = row.get(6)?;
        let covers: Option<String> = row.get(8)?;
        let covers = covers.as_deref().and_then(Covers::of_word);
        last_id = row.get(0)?;
        let record = AuditRecord {
            at: &at,
            actor: &actor,
            action: &action,
            subject: &subject,
            detail: &detail,
            content: content.as_deref(),
            covers,
        };
        if link(&report.head, &record) != hash {
            report.broken = Some(BrokenLink::Record {
                record: last_id,
                action,
                actor,
                at,
            });
            return Ok(report);
        }
        report.records += 1;
        report.head = hash;
        if let (Some(content), Some(covers)) = (&content, covers) {
            covered.take_in(covers, &subject, last_id, content.clone());
        } else if let (Some(content), Ok(event)) = (content, subject.parse()) {
            recorded.insert(event, (last_id, content));
        } else if action == EXPIRE {
            expired.push(detail);
        }
    }
    let written: Option<i64> = tx
        .query_row(
            "SELECT seq FROM sqlite_sequence WHERE name = 'audit'",
            [],
            |r| r.get(0),
        )
        .optional()?;
    report.broken = match written {
        Some(written) if written != last_id => Some(BrokenLink::CutOff {
            last: last_id,
            written,
        }),
        _ => match verify_events(tx, recorded, &expired)? {
            None => covered.compare(tx)?,
            broken => broken,
        },
    };
    Ok(report)
}

fn verify_events(
    tx: &Connection,
    mut recorded: HashMap<i64, (i64, String)>,
    expired: &[String],
) -> Result<Option<BrokenLink>, Fault> {
    let mut statement = tx.prepare(&format!("{CONTENT} ORDER BY id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let event: i64 = row.get("id")?;
        match recorded.remove(&event) {
            None => return Ok(Some(BrokenLink::Unrecorded { event })),
            Some((record, content)) if row_hash(row)? != content => {
                return Ok(Some(BrokenLink::Event { event, record }));
            }
            Some(_) => {}
        }
    }
    let missing = recorded
        .into_iter()
        .filter(|(event, _)| !expired.iter().any(|ranges| ranges_hold(ranges, *event)))
        .min();
    Ok(missing.map(|(event, (record, _))| BrokenLink::Missing { event, record }))
}

fn link(previous: &str, record: &AuditRecord<'_>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    for text in [
        record.at,
        record.actor,
        record.action,
        record.subject,
        record.detail,
    ] {
        take_in(&mut hasher, b't', text.as_bytes());
    }
    match record.content {
        Some(content) => take_in(&mut hasher, b't', content.as_bytes()),
        None => take_in(&mut hasher, b'n', &[]),
    }
    // Records of before have no such word, and their hashes stay what they are.
    if let Some(covers) = record.covers {
        take_in(&mut hasher, b'c', covers.word().as_bytes());
    }
    hex(hasher)
}

fn row_hash(row: &rusqlite::Row<'_>) -> rusqlite::Result<String> {
    let mut hasher = Sha256::new();
    let columns = row.as_ref().column_count();
    take_in_columns(&mut hasher, row, 0..columns - ADDED)?;
    for column in columns - ADDED..columns {
        if row.get_ref(column)? != ValueRef::Null {
            // Which one it is, too: a value must not pass for that of another column.
            take_in(&mut hasher, b'a', &(column as u64).to_le_bytes());
            take_in_columns(&mut hasher, row, column..column + 1)?;
        }
    }
    Ok(hex(hasher))
}

/// All columns of a row, each with its type.
pub(super) fn take_in_row(hasher: &mut Sha256, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
    take_in_columns(hasher, row, 0..row.as_ref().column_count())
}

fn take_in_columns(
    hasher: &mut Sha256,
    row: &rusqlite::Row<'_>,
    columns: std::ops::Range<usize>,
) -> rusqlite::Result<()> {
    for column in columns {
        match row.get_ref(column)? {
            ValueRef::Null => take_in(hasher, b'n', &[]),
            ValueRef::Integer(value) => take_in(hasher, b'i', &value.to_le_bytes()),
            ValueRef::Real(value) => take_in(hasher, b'r', &value.to_le_bytes()),
            ValueRef::Text(value) => take_in(hasher, b't', value),
            ValueRef::Blob(value) => take_in(hasher, b'b', value),
        }
    }
    Ok(())
}

/// Type and length in front: no two lists of values run together alike.
fn take_in(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

pub(super) fn hex(hasher: Sha256) -> String {
    as_hex(&hasher.finalize())
}

/// Bytes as hexadecimal digits.
pub(super) fn as_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_were_made_of() {
        let ranges = as_ranges(&[1, 2, 3, 7, 9, 10]);
        assert_eq!(ranges, "1-3,7,9-10");
        for number in 0..12 {
            let held = [1, 2, 3, 7, 9, 10].contains(&number);
            assert_eq!(ranges_hold(&ranges, number), held, "{number}");
        }
        assert!(!ranges_hold("", 1));
    }
}
