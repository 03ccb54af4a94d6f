//! Restoring a backup.
//!
//! Invariants:
//! - Nothing is touched before the whole archive was unpacked beside it and
//!   checked: every hash, the database's soundness, its version, its audit trail.
//! - What is there is set aside, never overwritten. The database comes last, so
//!   that an interrupted restore leaves a folder that refuses to start.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use tempfile::TempDir;

use super::backup::{
    CONFIGURATION, FORMAT, MANIFEST, Manifest, Passphrase, failed, is_expected, measure,
    owner_only, sync_folder,
};
use super::error::StoreError;
use super::salvage::make_room;
use super::{Author, DATABASE_FILE, PICTURES_FOLDER, SetAside, StationLock, Store, prepare_folder};

/// More than any manifest needs: a name of 100 bytes for each of a million pictures.
const LARGEST_MANIFEST: u64 = 256 << 20;

/// A backup that was unpacked and found good; dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct CheckedBackup {
    archive: PathBuf,
    unpacked: TempDir,
    /// What it consists of.
    pub manifest: Manifest,
}

impl CheckedBackup {
    /// Unpacks `archive` into a temporary folder inside `data_dir` and checks it.
    ///
    /// # Errors
    /// If it cannot be read or decrypted, is not whole, holds what it should not,
    /// or its database is damaged, of a later program, or not the one the manifest
    /// describes.
    pub fn open(
        archive: &Path,
        data_dir: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, StoreError> {
        prepare_folder(data_dir)?;
        let unpacked = tempfile::Builder::new()
            .prefix(".rollcall-restore-")
            .permissions(owner_only())
            .tempdir_in(data_dir)
            .map_err(|e| failed("make a temporary folder in", data_dir, e))?;
        let file = File::open(archive).map_err(|e| failed("open the backup", archive, e))?;
        let bytes = readable(BufReader::new(file), archive, passphrase)?;
        let manifest = unpack(bytes, archive, unpacked.path())?;
        check_files(&manifest, archive, unpacked.path())?;
        check_database(&manifest, archive, unpacked.path())?;
        Ok(Self {
            archive: archive.to_path_buf(),
            unpacked,
            manifest,
        })
    }

    /// Puts the backup in the place of what is in `data_dir`, which is set aside.
    ///
    /// # Errors
    /// If something cannot be moved; the message names it, and what was set aside
    /// is where the moved files are.
    pub fn install(
        self,
        data_dir: &Path,
        author: Author<'_>,
        _lock: &StationLock,
    ) -> Result<SetAside, StoreError> {
        let unpacked = self.unpacked.path();
        let has_configuration = unpacked.join(CONFIGURATION).exists();
        let mut names = vec![PICTURES_FOLDER, DATABASE_FILE];
        if has_configuration {
            names.push(CONFIGURATION);
        }
        let aside = make_room(data_dir, &names, author.at)?;
        for name in [CONFIGURATION, PICTURES_FOLDER, DATABASE_FILE] {
            let (from, to) = (unpacked.join(name), data_dir.join(name));
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
        Store::open(data_dir)?.note(author, "backup.restore", "database", &name)?;
        Ok(aside)
    }
}

fn bad(archive: &Path, problem: impl Into<String>) -> StoreError {
    StoreError::Archive {
        path: archive.to_path_buf(),
        problem: problem.into(),
    }
}

fn readable<'a>(
    mut file: BufReader<File>,
    archive: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<Box<dyn Read + 'a>, StoreError> {
    use std::io::BufRead;
    let start = file
        .fill_buf()
        .map_err(|e| failed("read the backup", archive, e))?;
    let is_encrypted = start.starts_with(b"age-encryption.org/");
    match (is_encrypted, passphrase) {
        (false, _) => Ok(Box::new(file)),
        (true, None) => Err(bad(
            archive,
            "it is encrypted; say where its passphrase is with --passphrase-file",
        )),
        (true, Some(Passphrase(passphrase))) => {
            let identity = age::scrypt::Identity::new(passphrase.clone());
            let decryptor = age::Decryptor::new_buffered(file)
                .map_err(|e| bad(archive, format!("it cannot be decrypted: {e}")))?;
            let bytes = decryptor
                .decrypt(std::iter::once(&identity as &dyn age::Identity))
                .map_err(|e| {
                    bad(
                        archive,
                        format!("it cannot be decrypted with this passphrase: {e}"),
                    )
                })?;
            Ok(Box::new(bytes))
        }
    }
}

fn unpack(bytes: Box<dyn Read + '_>, archive: &Path, into: &Path) -> Result<Manifest, StoreError> {
    let torn = |e: io::Error| {
        bad(
            archive,
            format!("it is damaged or not a backup of Rollcall: {e}"),
        )
    };
    let mut reader = tar::Archive::new(bytes);
    let mut manifest: Option<Manifest> = None;
    for entry in reader.entries().map_err(torn)? {
        let mut entry = entry.map_err(torn)?;
        let path = entry.path().map_err(torn)?.to_string_lossy().into_owned();
        let Some(manifest) = &manifest else {
            if path != MANIFEST || entry.size() > LARGEST_MANIFEST {
                return Err(bad(
                    archive,
                    "it does not begin with a manifest, so it is no backup of Rollcall",
                ));
            }
            let mut json = Vec::new();
            entry.read_to_end(&mut json).map_err(torn)?;
            manifest = Some(read_manifest(&json, archive)?);
            continue;
        };
        let announced = manifest.files.iter().find(|file| file.path == path);
        let is_file = entry.header().entry_type() == tar::EntryType::Regular;
        if !is_file || announced.is_none_or(|file| file.size != entry.size()) {
            return Err(bad(
                archive,
                format!("it holds {path:?}, which its manifest does not describe"),
            ));
        }
        let target = into.join(&path);
        if let Some(folder) = target.parent() {
            prepare_folder(folder)?;
        }
        write_synced(&mut entry, &target).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => torn(e),
            _ => failed("unpack", &target, e),
        })?;
    }
    manifest.ok_or_else(|| bad(archive, "it is empty"))
}

fn write_synced(from: &mut impl Read, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    io::copy(from, &mut file)?;
    file.sync_all()
}

fn read_manifest(json: &[u8], archive: &Path) -> Result<Manifest, StoreError> {
    #[derive(serde::Deserialize)]
    struct Layout {
        format: u32,
    }
    let unreadable =
        |e: serde_json::Error| bad(archive, format!("its manifest cannot be read: {e}"));
    let Layout { format } = serde_json::from_slice(json).map_err(unreadable)?;
    if format != FORMAT {
        let problem = format!(
            "it has the layout {format}, and this program reads {FORMAT}: update this program"
        );
        return Err(bad(archive, problem));
    }
    let manifest: Manifest = serde_json::from_slice(json).map_err(unreadable)?;
    if !manifest.files.iter().any(|file| file.path == DATABASE_FILE) {
        return Err(bad(archive, "its manifest names no database"));
    }
    if let Some(file) = manifest.files.iter().find(|file| !is_expected(&file.path)) {
        return Err(bad(
            archive,
            format!(
                "its manifest names {:?}, which is no file of a station",
                file.path
            ),
        ));
    }
    Ok(manifest)
}

fn check_files(manifest: &Manifest, archive: &Path, unpacked: &Path) -> Result<(), StoreError> {
    for file in &manifest.files {
        let path = unpacked.join(&file.path);
        if !path.is_file() {
            return Err(bad(
                archive,
                format!("{} is missing in it; it is not whole", file.path),
            ));
        }
        let (size, sha256) = measure(&path)?;
        if size != file.size || sha256 != file.sha256 {
            return Err(bad(archive, format!("{} in it is damaged", file.path)));
        }
    }
    Ok(())
}

fn check_database(manifest: &Manifest, archive: &Path, unpacked: &Path) -> Result<(), StoreError> {
    let described = |e: StoreError| bad(archive, format!("its database cannot be used: {e}"));
    // Brings a database of an earlier schema up to date, in the temporary folder.
    let store = Store::open(unpacked).map_err(described)?;
    store.check().map_err(described)?;
    let trail = store.verify_chain()?;
    let is_of_this_schema = manifest.schema == super::schema::VERSION;
    if is_of_this_schema && trail.head != manifest.trail_head {
        return Err(bad(
            archive,
            "its audit trail is not the one its manifest describes",
        ));
    }
    drop(store);
    Ok(())
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
