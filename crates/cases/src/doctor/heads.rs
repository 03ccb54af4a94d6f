//! Whether the audit trail still holds what the backups have seen of it.
//!
//! Somebody who cuts records off the end of a trail, and the counter with them, leaves one
//! that fits together. A backup notes how long the trail was and how it ended.

use chrono::{DateTime, FixedOffset};

use rollcall_store::{Store, StoreError, backups, made_at, manifest_of_backup};

use crate::context::Context;

/// Newest backups that are looked at; to open an encrypted one takes a second.
const MOST_PLAIN: usize = 50;
const MOST_ENCRYPTED: usize = 2;

/// What the backups say.
pub(super) enum Heads {
    /// There is none that can be read.
    NoneRead,
    /// All of so many are a part of the trail.
    Hold(usize),
    /// The trail is not what a backup has seen, in words.
    Broken(String),
}

/// Compares the trail with the backups in the configured folder.
pub(super) fn compare(store: &Store, context: &Context) -> Result<Heads, StoreError> {
    let restored = store.last_restore()?;
    let restored = restored.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
    let length = store.trail_length()?;
    let (mut plain, mut encrypted, mut held) = (0, 0, 0);
    for path in backups(&context.backup_folder())?.into_iter().rev() {
        if is_older_branch(restored, made_at(&path)) {
            break;
        }
        let seen = if path.extension().is_some_and(|e| e == "age") {
            encrypted += 1;
            if encrypted > MOST_ENCRYPTED {
                continue;
            }
            let passphrase = context.passphrase().ok().flatten();
            passphrase.map(|passphrase| manifest_of_backup(&path, Some(&passphrase)))
        } else {
            plain += 1;
            (plain <= MOST_PLAIN).then(|| manifest_of_backup(&path, None))
        };
        let Some(Ok(manifest)) = seen else {
            continue;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match store.hash_of_record(manifest.trail_records)? {
            Some(hash) if hash == manifest.trail_head => held += 1,
            Some(_) => {
                return Ok(Heads::Broken(format!(
                    "the audit trail is another one than in the backup {name}: record {} ended \
                     in {:.16} there",
                    manifest.trail_records, manifest.trail_head
                )));
            }
            None => {
                return Ok(Heads::Broken(format!(
                    "the audit trail has {length} records, and {} in the backup {name}: its end \
                     was cut off",
                    manifest.trail_records
                )));
            }
        }
    }
    Ok(if held == 0 {
        Heads::NoneRead
    } else {
        Heads::Hold(held)
    })
}

/// What was written between an older backup and its restore is in newer backups only.
fn is_older_branch(
    restored: Option<DateTime<FixedOffset>>,
    made: Option<DateTime<chrono::Utc>>,
) -> bool {
    restored
        .zip(made)
        .is_some_and(|(restored, made)| made < restored)
}
