//! Restoring a backup.
//!
//! An archive may be a stranger's: what is in it is read like any other input.
//!
//! Invariants:
//! - Nothing is touched before the whole archive was unpacked beside it and
//!   checked: every hash, the database's soundness, its schema, its rows, its audit trail.
//! - What is there is set aside, never overwritten. The database comes last, so
//!   that an interrupted restore leaves a folder that refuses to start.
//! - Nothing in an archive takes effect outside of it by itself: its configuration, which may
//!   run a program, is put in force only when that is asked for, and the key file that its
//!   database names is not read unless this station uses it already.

use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::backup::{
    CONFIGURATION, LARGEST_CONFIGURATION, Manifest, Passphrase, failed, sync_folder,
};
use super::error::StoreError;
use super::salvage::make_room;
use super::stored_path::StoredPath;
use super::unpack::{bad, readable, unpack};
use super::vault::KEY_FILE_VARIABLE;
use super::workplace::{self, Workplace};
use super::{
    Author, BrokenLink, DATABASE_FILE, KeyPlace, PICTURES_FOLDER, SetAside, StationLock, Store,
    attendance, people, prepare_folder,
};
use rollcall_system::read_bounded;

/// Begin of the names of the folders in which archives are unpacked.
const WORKPLACE: &str = ".rollcall-restore-";

/// Where the configuration of an archive lies that is not put in force.
pub const CONFIGURATION_ASIDE: &str = "config-from-backup.toml";

/// A backup that was unpacked and found good; dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct CheckedBackup {
    archive: PathBuf,
    unpacked: Workplace,
    /// What it consists of.
    pub manifest: Manifest,
    /// Its configuration, if it holds one: text that somebody else may have written.
    pub configuration: Option<String>,
    /// Where its database says that the key of its faces is, if they are sealed.
    pub key: Option<KeyPlace>,
    /// What does not fit in its audit trail.
    pub broken: Option<BrokenLink>,
}

/// What an operator has said about a restore.
#[derive(Debug, Clone, Copy)]
pub struct RestorePlan<'a> {
    /// Who restores, and when.
    pub author: Author<'a>,
    /// What becomes of the configuration in the archive.
    pub configuration: RestoredConfiguration,
    /// Where the key of a sealed station is.
    pub key_file: Option<&'a Path>,
}

/// What becomes of the configuration in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoredConfiguration {
    /// It is laid beside the station's own as [`CONFIGURATION_ASIDE`].
    LaidAside,
    /// It takes the place of the station's own.
    PutInForce,
}

impl CheckedBackup {
    /// Unpacks `archive` into a temporary folder inside `data_dir` and checks it.
    ///
    /// # Errors
    /// If it cannot be read or decrypted, is not whole, holds what it should not,
    /// or its database is damaged, of a later program, has other tables or triggers than this
    /// program makes, or is not the one the manifest describes.
    pub fn open(
        archive: &Path,
        data_dir: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, StoreError> {
        prepare_folder(data_dir)?;
        remove_leftovers(data_dir);
        let unpacked = Workplace::make(data_dir, WORKPLACE)?;
        let manifest = unpack(readable(archive, passphrase)?, archive, unpacked.path())?;
        let configuration = configuration(archive, unpacked.path())?;
        let store = check_database(&manifest, archive, unpacked.path())?;
        let key = store.key_place()?;
        let broken = store.verify_chain()?.broken;
        drop(store);
        Ok(Self {
            archive: archive.to_path_buf(),
            unpacked,
            manifest,
            configuration,
            key,
            broken,
        })
    }

    /// Puts the backup in the place of what is in `data_dir`, which is set aside.
    ///
    /// # Errors
    /// If its faces are sealed and nobody has said where their key is, or something cannot be
    /// moved; the message names it, and what was set aside is where the moved files are.
    pub fn install(
        self,
        data_dir: &Path,
        plan: &RestorePlan<'_>,
        _lock: &StationLock,
    ) -> Result<SetAside, StoreError> {
        let unpacked = self.unpacked.path();
        self.find_key(data_dir, plan)?;
        let configuration = self
            .configuration
            .as_ref()
            .map(|_| match plan.configuration {
                RestoredConfiguration::LaidAside => CONFIGURATION_ASIDE,
                RestoredConfiguration::PutInForce => CONFIGURATION,
            });
        let mut names = vec![PICTURES_FOLDER, DATABASE_FILE];
        names.extend(configuration);
        let aside = make_room(data_dir, &names, plan.author.at)?;
        let moves = [
            configuration.map(|name| (CONFIGURATION, name)),
            Some((PICTURES_FOLDER, PICTURES_FOLDER)),
            Some((DATABASE_FILE, DATABASE_FILE)),
        ];
        for (from, to) in moves.into_iter().flatten() {
            let (from, to) = (unpacked.join(from), data_dir.join(to));
            if from.exists() {
                std::fs::rename(&from, &to)
                    .map_err(|e| failed("move the restored file to", &to, e))?;
            }
            sync_folder(data_dir)?;
        }
        // Made with the configuration of a writer, and says itself where it comes from.
        let name = self
            .archive
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        Store::open(data_dir)?.note(plan.author, RESTORE, "database", &name)?;
        Ok(aside)
    }

    /// Makes sure that sealed faces can be opened, with a key that the operator has named or
    /// that this very station uses, before anything is moved.
    fn find_key(&self, data_dir: &Path, plan: &RestorePlan<'_>) -> Result<(), StoreError> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        let named = plan.key_file.map(Path::to_path_buf);
        let in_environment = || std::env::var_os(KEY_FILE_VARIABLE).map(PathBuf::from);
        let in_use = || {
            let present = Store::key_place_in(data_dir)?;
            (present == *key).then_some(present.path)
        };
        let file = named.or_else(in_environment).or_else(in_use);
        let file = file.ok_or_else(|| StoreError::KeyNotNamed {
            path: key.path.clone(),
            fingerprint: key.fingerprint.clone(),
        })?;
        let mut store = Store::open_unpacked(self.unpacked.path())?;
        store.name_key(&file, data_dir, plan.author)
    }
}

/// Action under which the trail says that a backup was restored.
pub(super) const RESTORE: &str = "backup.restore";

/// Removes what an interrupted restore has left: a readable copy of everything.
pub(super) fn remove_leftovers(data_dir: &Path) {
    workplace::remove_leftovers(data_dir, WORKPLACE);
}

/// What interrupted restores have left, for a report.
pub fn restore_leftovers(data_dir: &Path) -> Vec<PathBuf> {
    workplace::leftovers(data_dir, WORKPLACE)
}

fn configuration(archive: &Path, unpacked: &Path) -> Result<Option<String>, StoreError> {
    let path = unpacked.join(CONFIGURATION);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read_bounded::file(&path, LARGEST_CONFIGURATION)
        .map_err(|e| failed("read the configuration", &path, e))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| bad(archive, "the configuration in it is no text"))?;
    Ok(Some(text))
}

fn check_database(
    manifest: &Manifest,
    archive: &Path,
    unpacked: &Path,
) -> Result<Store, StoreError> {
    let described = |e: StoreError| match e {
        StoreError::ForeignSchema { differences, .. } => bad(
            archive,
            format!("its database is not as this program makes it: {differences}"),
        ),
        e => bad(archive, format!("its database cannot be used: {e}")),
    };
    // Brings a database of an earlier schema up to date, in the temporary folder.
    let store = Store::open_unpacked(unpacked).map_err(described)?;
    let strange = "its audit trail is not the one its manifest describes";
    let end = store
        .hash_of_record(manifest.trail_records)
        .map_err(described)?;
    if end.is_some_and(|hash| hash != manifest.trail_head) {
        return Err(bad(archive, strange));
    }
    let is_of_this_schema = manifest.schema == super::schema::VERSION;
    if is_of_this_schema && store.trail_length().map_err(described)? != manifest.trail_records {
        return Err(bad(archive, strange));
    }
    store.check_rows().map_err(described)?;
    Ok(store)
}

impl Store {
    /// Makes sure that everything in the database can be read and that no path in it leads
    /// out of the data folder.
    fn check_rows(&self) -> Result<(), StoreError> {
        for picture in self.pictures()? {
            StoredPath::parse(&picture)?;
        }
        self.read("reading everything", |tx| {
            people::all_ever(tx)?;
            attendance::check_all(tx)
        })
    }
}

/// When the restored state was current, for a message.
pub fn describe(manifest: &Manifest) -> String {
    let at: DateTime<FixedOffset> = manifest.made_at;
    format!(
        "{} people and {} events as of {}",
        manifest.people,
        manifest.events,
        at.format("%Y-%m-%d %H:%M:%S %:z")
    )
}
