//! The files of a package of models: a single file, a folder or a zip archive.
//!
//! Nothing is unpacked to the disk: each file is read into memory, shown to the
//! caller and dropped, so that a name inside an archive never becomes a path. An
//! archive that names a path outside itself is refused all the same, whole: it
//! was made to do harm.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use rollcall_system::read_bounded;

/// The largest network that is read. The largest of InsightFace's has 261 MB.
pub const LARGEST_FILE: u64 = 512 << 20;

/// All files of a package together, unpacked.
pub const LARGEST_PACKAGE: u64 = 2 << 30;

/// Files of a package.
const MOST_FILES: usize = 1000;

/// Folders within folders.
const DEEPEST: usize = 4;

/// What every zip archive starts with that is not empty.
const ZIP_MAGIC: [u8; 4] = *b"PK\x03\x04";

/// A file of a package.
#[derive(Debug)]
pub struct PackagedFile {
    /// Its name within the package, without folders.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// Why a package cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder cannot be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The archive is damaged, or a kind that is not supported.
    #[error("reading the archive {}: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ZipError,
    },
    /// A file of the archive is damaged.
    #[error("reading {member} of the archive {}: {source}", path.display())]
    Member {
        /// The archive.
        path: PathBuf,
        /// The file.
        member: String,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// A file of the archive would be written outside the folder it is unpacked to.
    #[error("the archive {} is refused: {member:?} leads out of it", path.display())]
    Traversal {
        /// The archive.
        path: PathBuf,
        /// The name.
        member: String,
    },
    /// More bytes or files than a package of models has.
    #[error("{} is refused: {reason}", path.display())]
    TooLarge {
        /// The package.
        path: PathBuf,
        /// What there is too much of.
        reason: String,
    },
}

/// Shows every file of the package at `path` to `visit`, one at a time, in the
/// order of their names.
///
/// # Errors
/// If the package cannot be read, is damaged or too large, or `visit` fails.
pub fn visit_files<E: From<PackageError>>(
    path: &Path,
    mut visit: impl FnMut(PackagedFile) -> Result<(), E>,
) -> Result<(), E> {
    if path.is_dir() {
        let mut files = Vec::new();
        list_folder(path, 0, &mut files)?;
        let mut budget = Budget::new(path);
        for file in files {
            let packaged = read_file(&file, &mut budget)?;
            visit(packaged)?;
        }
        return Ok(());
    }
    let read_error = |source| PackageError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = read_bounded::open(path).map_err(read_error)?;
    let mut magic = Vec::new();
    Read::by_ref(&mut file)
        .take(ZIP_MAGIC.len() as u64)
        .read_to_end(&mut magic)
        .map_err(read_error)?;
    if magic == ZIP_MAGIC {
        visit_archive(path, file, visit)
    } else {
        visit(read_file(path, &mut Budget::new(path))?)
    }
}

fn visit_archive<E: From<PackageError>>(
    path: &Path,
    file: File,
    mut visit: impl FnMut(PackagedFile) -> Result<(), E>,
) -> Result<(), E> {
    let archive_error = |source| PackageError::Archive {
        path: path.to_owned(),
        source,
    };
    let mut archive = ZipArchive::new(file).map_err(archive_error)?;
    let mut members = check_members(path, &mut archive)?;
    members.sort();
    let mut budget = Budget::new(path);
    for (name, index) in members {
        let member = archive.by_index(index).map_err(archive_error)?;
        let bytes = budget.read(&name, member).map_err(|error| match error {
            ReadFailure::TooLarge(error) => error,
            ReadFailure::Io(source) => PackageError::Member {
                path: path.to_owned(),
                member: name.clone(),
                source,
            },
        })?;
        visit(PackagedFile { name, bytes })?;
    }
    Ok(())
}

/// The files of an archive, by name and place. The whole archive is looked at
/// before a byte of it is unpacked.
fn check_members(
    path: &Path,
    archive: &mut ZipArchive<File>,
) -> Result<Vec<(String, usize)>, PackageError> {
    check_count(path, archive.len())?;
    let mut members = Vec::new();
    let mut unpacked: u64 = 0;
    for index in 0..archive.len() {
        let member = archive
            .by_index_raw(index)
            .map_err(|source| PackageError::Archive {
                path: path.to_owned(),
                source,
            })?;
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let inside = member.enclosed_name().filter(|_| !member.is_symlink());
        let Some(inside) = inside.filter(|_| !name.contains("..") && !name.contains('\\')) else {
            return Err(PackageError::Traversal {
                path: path.to_owned(),
                member: name,
            });
        };
        unpacked += member.size();
        if member.size() > LARGEST_FILE {
            return Err(too_large(path, too_large_file(&name)));
        }
        if unpacked > LARGEST_PACKAGE {
            return Err(too_large(path, too_large_package()));
        }
        if member.is_file()
            && let Some(name) = inside.file_name()
        {
            members.push((name.to_string_lossy().into_owned(), index));
        }
    }
    Ok(members)
}

fn list_folder(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), PackageError> {
    let read_error = |source| PackageError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(read_error)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(read_error)?;
        let path = entry.path();
        if kind.is_dir() {
            if depth + 1 == DEEPEST {
                let reason = format!("it has folders more than {DEEPEST} deep");
                return Err(too_large(folder, reason));
            }
            list_folder(&path, depth + 1, files)?;
        } else if path.is_file() {
            // A link to a file is a file; a link to a folder could lead in a circle.
            files.push(path);
        }
        check_count(folder, files.len())?;
    }
    Ok(())
}

fn read_file(path: &Path, budget: &mut Budget<'_>) -> Result<PackagedFile, PackageError> {
    let read_error = |source| PackageError::Read {
        path: path.to_owned(),
        source,
    };
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let file = read_bounded::open(path).map_err(read_error)?;
    let bytes = budget.read(&name, file).map_err(|error| match error {
        ReadFailure::TooLarge(error) => error,
        ReadFailure::Io(source) => read_error(source),
    })?;
    Ok(PackagedFile { name, bytes })
}

/// How much of a package may still be read.
struct Budget<'a> {
    package: &'a Path,
    left: u64,
}

enum ReadFailure {
    TooLarge(PackageError),
    Io(io::Error),
}

impl<'a> Budget<'a> {
    fn new(package: &'a Path) -> Self {
        Self {
            package,
            left: LARGEST_PACKAGE,
        }
    }

    /// Reads to the end or to the limit: an archive may lie about its sizes, and a
    /// file may grow while it is read.
    fn read(&mut self, name: &str, reader: impl Read) -> Result<Vec<u8>, ReadFailure> {
        let limit = LARGEST_FILE.min(self.left);
        let mut bytes = Vec::new();
        reader
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(ReadFailure::Io)?;
        let length = bytes.len() as u64;
        if length > limit {
            let reason = if limit == LARGEST_FILE {
                too_large_file(name)
            } else {
                too_large_package()
            };
            return Err(ReadFailure::TooLarge(too_large(self.package, reason)));
        }
        self.left -= length;
        Ok(bytes)
    }
}

fn check_count(package: &Path, count: usize) -> Result<(), PackageError> {
    if count > MOST_FILES {
        let reason = format!("it has more than {MOST_FILES} files");
        return Err(too_large(package, reason));
    }
    Ok(())
}

fn too_large_file(name: &str) -> String {
    format!("{name} has more than {} MB", LARGEST_FILE >> 20)
}

fn too_large_package() -> String {
    format!("it unpacks to more than {} MB", LARGEST_PACKAGE >> 20)
}

fn too_large(package: &Path, reason: String) -> PackageError {
    PackageError::TooLarge {
        path: package.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_read_to_the_limit_only() {
        let mut budget = Budget {
            package: Path::new("pack.zip"),
            left: 1000,
        };
        assert!(budget.read("a", &[7; 600][..]).is_ok());
        let Err(ReadFailure::TooLarge(error)) = budget.read("b", io::repeat(0)) else {
            panic!("it was read");
        };
        assert!(error.to_string().contains("pack.zip"), "{error}");
    }

    #[test]
    fn a_folder_that_leads_back_to_itself_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/a.onnx"), b"a").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("inner/again")).unwrap();
        let mut names = Vec::new();
        visit_files(folder.path(), |file| {
            names.push(file.name);
            Ok::<(), PackageError>(())
        })
        .unwrap();
        assert_eq!(names, ["a.onnx"]);
    }
}
