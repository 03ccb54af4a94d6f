//! The pictures people were enrolled with: `faces/<code>/face-….jpg`.
//!
//! Invariants:
//! - A picture has its final name only when its bytes are on disk.
//! - Pictures are written and orphans removed under the database's write lock,
//!   so that nobody removes what another process is about to refer to.
//! - Files whose names are not of our making are left alone.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::Store;
use super::error::{Fault, StoreError};
use super::stored_path::StoredPath;
use rollcall_core::person::PersonCode;

/// The folder of all pictures within the data folder.
pub(super) const FOLDER: &str = "faces";

const PREFIX: &str = "face-";
const SUFFIX: &str = ".jpg";
const TEMPORARY_PREFIX: &str = ".rollcall-";

/// Writes one picture of `code` and gives its path relative to the data folder.
pub(super) fn write(
    data_dir: &Path,
    code: &PersonCode,
    at: DateTime<FixedOffset>,
    jpeg: &[u8],
) -> Result<String, StoreError> {
    let all = data_dir.join(FOLDER);
    let folder = all.join(code.as_str());
    refuse_link(&all)
        .and_then(|()| refuse_link(&folder))
        .and_then(|()| write_in(&folder, at, jpeg))
        .map(|name| format!("{FOLDER}/{code}/{name}"))
        .map_err(|source| StoreError::File {
            doing: "write a picture into",
            path: folder,
            source,
        })
}

fn write_in(folder: &Path, at: DateTime<FixedOffset>, jpeg: &[u8]) -> io::Result<String> {
    if !folder.is_dir() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        // The new folder's own entry has to survive a power cut too.
        for parent in folder.ancestors().skip(1).take(2) {
            sync_folder(parent)?;
        }
    }
    // Readable by the owner only, as `tempfile` makes them.
    let mut temporary = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .tempfile_in(folder)?;
    temporary.write_all(jpeg)?;
    temporary.as_file().sync_all()?;
    let stamp = at.to_utc().format("%Y%m%d-%H%M%S%.6f");
    let mut number = 1u32;
    loop {
        let name = format!("{PREFIX}{stamp}-{number}{SUFFIX}");
        match temporary.persist_noclobber(folder.join(&name)) {
            Ok(_) => {
                sync_folder(folder)?;
                return Ok(name);
            }
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                temporary = taken.file;
                number += 1;
            }
            Err(failed) => return Err(failed.error),
        }
    }
}

/// Pictures are written where they belong, not where a link leads.
fn refuse_link(folder: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(io::Error::other(
            "it is a link or a file, and has to be a folder",
        )),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Removes pictures by their columns, as far as possible, and their folders if nothing is left
/// in them. What cannot be removed now is an orphan, and removed at the next start; what is no
/// path of a picture is left alone.
pub(super) fn remove(data_dir: &Path, relative: &[String]) {
    for text in relative {
        match StoredPath::parse(text) {
            Ok(path) => remove_one(data_dir, &path),
            Err(error) => tracing::warn!(%error, "picture not removed"),
        }
    }
}

fn remove_one(data_dir: &Path, path: &StoredPath) {
    if let Err(error) = path.remove(data_dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%path, %error, "picture not removed");
    }
}

/// Whether there is any picture of ours below `faces`.
pub(super) fn holds_any(faces: &Path) -> bool {
    list(faces).is_ok_and(|found| found.iter().any(|p| is_picture(p)))
}

impl Store {
    /// The pictures that the database refers to and that are missing or torn, in
    /// words. The templates made from them are in the database and still work.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn picture_problems(&self) -> Result<Vec<String>, StoreError> {
        let problem = |relative: String| match self.picture(&relative) {
            Ok(jpeg) if is_whole(&jpeg) => None,
            Ok(_) | Err(StoreError::Unsealable) => Some(format!("{relative} is torn")),
            Err(StoreError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("{relative} is missing"))
            }
            Err(StoreError::PathOutside { path }) => Some(format!(
                "{path:?} is not the path of a picture of this station"
            )),
            Err(e) => Some(format!("{relative} cannot be read: {e}")),
        };
        Ok(self.pictures()?.into_iter().filter_map(problem).collect())
    }

    /// Paths of all pictures that the database refers to, relative to the data folder.
    pub(super) fn pictures(&self) -> Result<Vec<String>, StoreError> {
        self.read("listing the pictures", |tx| {
            let pictures = tx
                .prepare_cached(
                    "SELECT picture FROM template WHERE picture IS NOT NULL ORDER BY id",
                )?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(pictures)
        })
    }

    /// Removes pictures that no template refers to: a crash came between the
    /// picture and the commit, or between the erasure of a person and of the files.
    pub(super) fn remove_orphaned_pictures(&mut self) -> Result<usize, StoreError> {
        let data_dir = self.data_dir.clone();
        let faces = data_dir.join(FOLDER);
        self.write("looking for pictures without a template", |tx| {
            let kept: HashSet<PathBuf> = tx
                .prepare_cached("SELECT picture FROM template WHERE picture IS NOT NULL")?
                .query_map([], |row| row.get::<_, String>(0))?
                .map(|path| path.map(|p| data_dir.join(p)))
                .collect::<Result<_, _>>()?;
            let found = list(&faces).map_err(|source| {
                Fault::Store(StoreError::File {
                    doing: "look through",
                    path: faces.clone(),
                    source,
                })
            })?;
            let orphans: Vec<StoredPath> = found
                .iter()
                .filter(|path| is_temporary(path) || (is_picture(path) && !kept.contains(*path)))
                .filter_map(|path| {
                    let folder = path.parent().and_then(file_name);
                    folder.zip(file_name(path))
                })
                .map(|(folder, name)| StoredPath::found(folder, name))
                .collect();
            for orphan in &orphans {
                remove_one(&data_dir, orphan);
            }
            Ok(orphans.len())
        })
    }
}

/// Whether a JPEG begins and ends as it should; a torn one lacks its end.
fn is_whole(jpeg: &[u8]) -> bool {
    jpeg.len() >= 4 && jpeg.starts_with(&[0xff, 0xd8]) && jpeg.ends_with(&[0xff, 0xd9])
}

/// All files one folder below `faces`; none if there is no such folder.
fn list(faces: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if std::fs::symlink_metadata(faces).is_ok_and(|found| found.is_symlink()) {
        tracing::warn!(path = %faces.display(), "this is a link; no picture is taken from there");
        return Ok(files);
    }
    let folders = match std::fs::read_dir(faces) {
        Ok(folders) => folders,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(e) => return Err(e),
    };
    for folder in folders {
        let folder = folder?;
        // Not through links: what they point to is not ours.
        if folder.file_type()?.is_dir() {
            for file in std::fs::read_dir(folder.path())? {
                files.push(file?.path());
            }
        }
    }
    Ok(files)
}

fn is_picture(path: &Path) -> bool {
    file_name(path).is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

fn is_temporary(path: &Path) -> bool {
    file_name(path).is_some_and(|name| name.starts_with(TEMPORARY_PREFIX))
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
