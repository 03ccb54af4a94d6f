//! Reading an archive that anybody may have made.
//!
//! Invariants:
//! - Nothing is written but plain files that the manifest describes, each once, at their size,
//!   under the names that a backup may hold.
//! - What an archive may ask for is bounded before it is given: memory by the work factor of
//!   its passphrase and the size of its manifest, disk by the space that is free.
//! - Extensions of the tar format (links, long names, sparse files, PAX headers) are refused:
//!   a backup of this program needs none.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::backup::{
    CONFIGURATION, FORMAT, LARGEST_CONFIGURATION, MANIFEST, Manifest, Passphrase, failed,
    is_expected, measure,
};
use super::error::StoreError;
use super::stored_path::LARGEST_PICTURE;
use super::{DATABASE_FILE, prepare_folder};
use rollcall_system::read_bounded;

/// Enough to describe [`MOST_FILES`] files.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Fifty pictures of each of 5,000 people.
const MOST_FILES: usize = 250_000;

/// A thousand years of a station's attendance.
const LARGEST_DATABASE: u64 = 64 << 30;

/// Free space that unpacking leaves on the disk: a station may be running on it.
const SPARE_SPACE: u64 = 64 << 20;

/// The largest scrypt work factor that is tried, as a power of two. It costs a gigabyte of
/// memory, which is the most that a small machine has; `age` itself writes 18.
const LARGEST_WORK_FACTOR: u8 = 20;

/// The bytes of an archive, decrypted if it is encrypted.
pub(super) fn readable(
    archive: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<Box<dyn Read>, StoreError> {
    let file = read_bounded::open(archive).map_err(|e| failed("open the backup", archive, e))?;
    let mut file = BufReader::new(file);
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
        (true, Some(passphrase)) => decrypted(file, archive, passphrase),
    }
}

fn decrypted(
    file: BufReader<File>,
    archive: &Path,
    Passphrase(passphrase): &Passphrase,
) -> Result<Box<dyn Read>, StoreError> {
    let mut identity = age::scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(LARGEST_WORK_FACTOR);
    let decryptor = age::Decryptor::new_buffered(file)
        .map_err(|e| bad(archive, format!("it cannot be decrypted: {e}")))?;
    let bytes = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    Ok(Box::new(bytes.map_err(|e| match e {
        age::DecryptError::ExcessiveWork { required, .. } => bad(archive, excessive(required)),
        e => bad(
            archive,
            format!("it cannot be decrypted with this passphrase: {e}"),
        ),
    })?))
}

fn excessive(required: u8) -> String {
    // 128 bytes in blocks of eight for each step: a kilobyte.
    let gigabytes = 1u64.checked_shl(u32::from(required.saturating_sub(20)));
    let memory = gigabytes.map_or_else(String::new, |g| format!(" and {g} GB of memory"));
    format!(
        "its passphrase asks for a work factor of {required}{memory}; at most \
         {LARGEST_WORK_FACTOR} is tried. It was not made by this program; if you know where it \
         comes from, decrypt it with `age --decrypt` and restore what comes out"
    )
}

/// The manifest of an archive; nothing behind it is read.
pub(super) fn manifest_of(
    archive: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<Manifest, StoreError> {
    let mut reader = tar::Archive::new(readable(archive, passphrase)?);
    let mut entries = reader.entries().map_err(|e| torn(archive, &e))?.raw(true);
    let first = entries.next().ok_or_else(|| bad(archive, "it is empty"))?;
    read_manifest(first.map_err(|e| torn(archive, &e))?, archive)
}

/// Unpacks everything into an empty folder and checks each file against the manifest.
pub(super) fn unpack(
    bytes: Box<dyn Read>,
    archive: &Path,
    into: &Path,
) -> Result<Manifest, StoreError> {
    let mut reader = tar::Archive::new(bytes);
    let mut entries = reader.entries().map_err(|e| torn(archive, &e))?.raw(true);
    let first = entries.next().ok_or_else(|| bad(archive, "it is empty"))?;
    let manifest = read_manifest(first.map_err(|e| torn(archive, &e))?, archive)?;
    check_room(&manifest, archive, into)?;
    let announced: HashMap<&str, u64> = manifest
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.size))
        .collect();
    let mut unpacked = HashSet::new();
    for entry in entries {
        let mut entry = entry.map_err(|e| torn(archive, &e))?;
        let path = name_of(&entry);
        let is_file = entry.header().entry_type() == tar::EntryType::Regular;
        if !is_file || announced.get(path.as_str()) != Some(&entry.size()) {
            let problem = format!("it holds {path:?}, which its manifest does not describe");
            return Err(bad(archive, problem));
        }
        if !unpacked.insert(path.clone()) {
            return Err(bad(archive, format!("it holds {path:?} twice")));
        }
        let target = into.join(&path);
        if let Some(folder) = target.parent() {
            prepare_folder(folder)?;
        }
        write_synced(&mut entry, &target).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => torn(archive, &e),
            _ => failed("unpack", &target, e),
        })?;
    }
    check_files(&manifest, archive, into)?;
    Ok(manifest)
}

pub(super) fn bad(archive: &Path, problem: impl Into<String>) -> StoreError {
    StoreError::Archive {
        path: archive.to_path_buf(),
        problem: problem.into(),
    }
}

fn torn(archive: &Path, error: &io::Error) -> StoreError {
    // The words may quote what is in the archive.
    let words = error.to_string();
    let words = words.escape_debug();
    bad(
        archive,
        format!("it is damaged or not a backup of Rollcall: {words}"),
    )
}

fn name_of<R: Read>(entry: &tar::Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).into_owned()
}

fn write_synced(from: &mut impl Read, path: &Path) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    io::copy(from, &mut file)?;
    file.sync_all()
}

fn read_manifest<R: Read>(
    mut entry: tar::Entry<'_, R>,
    archive: &Path,
) -> Result<Manifest, StoreError> {
    #[derive(serde::Deserialize)]
    struct Layout {
        format: u32,
    }
    let is_file = entry.header().entry_type() == tar::EntryType::Regular;
    if !is_file || name_of(&entry) != MANIFEST || entry.size() > LARGEST_MANIFEST {
        return Err(bad(
            archive,
            "it does not begin with a manifest, so it is no backup of Rollcall",
        ));
    }
    let mut json = Vec::new();
    entry
        .read_to_end(&mut json)
        .map_err(|e| torn(archive, &e))?;
    let unreadable = |e: serde_json::Error| {
        let words = e.to_string();
        bad(
            archive,
            format!("its manifest cannot be read: {}", words.escape_debug()),
        )
    };
    let Layout { format } = serde_json::from_slice(&json).map_err(unreadable)?;
    if format != FORMAT {
        let problem = format!(
            "it has the layout {format}, and this program reads {FORMAT}: update this program"
        );
        return Err(bad(archive, problem));
    }
    let manifest: Manifest = serde_json::from_slice(&json).map_err(unreadable)?;
    check_manifest(&manifest, archive)?;
    Ok(manifest)
}

fn check_manifest(manifest: &Manifest, archive: &Path) -> Result<(), StoreError> {
    let files = &manifest.files;
    if !files.iter().any(|file| file.path == DATABASE_FILE) {
        return Err(bad(archive, "its manifest names no database"));
    }
    if files.len() > MOST_FILES {
        let problem = format!(
            "its manifest names {} files; at most {MOST_FILES} are read",
            files.len()
        );
        return Err(bad(archive, problem));
    }
    let mut names = HashSet::new();
    for file in files {
        let path = &file.path;
        if !is_expected(path) {
            let problem = format!("its manifest names {path:?}, which is no file of a station");
            return Err(bad(archive, problem));
        }
        if !names.insert(path.as_str()) {
            return Err(bad(archive, format!("its manifest names {path:?} twice")));
        }
        let largest = match path.as_str() {
            DATABASE_FILE => LARGEST_DATABASE,
            CONFIGURATION => LARGEST_CONFIGURATION,
            _ => LARGEST_PICTURE,
        };
        if file.size > largest {
            let problem = format!(
                "{path:?} in it has {} bytes; at most {largest} are read",
                file.size
            );
            return Err(bad(archive, problem));
        }
    }
    Ok(())
}

/// Before the first byte is written: a full disk would stop the station that runs on it.
fn check_room(manifest: &Manifest, archive: &Path, into: &Path) -> Result<(), StoreError> {
    let disk = statvfs(into).map_err(|e| failed("ask for the free space at", into, e.into()))?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let needed = manifest
        .files
        .iter()
        .fold(SPARE_SPACE, |sum, file| sum.saturating_add(file.size));
    if needed > free {
        let megabytes = |bytes: u64| bytes >> 20;
        let problem = format!(
            "unpacking it needs {} MB, and {} MB are free at {}: make room",
            megabytes(needed),
            megabytes(free),
            into.display()
        );
        return Err(bad(archive, problem));
    }
    Ok(())
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
