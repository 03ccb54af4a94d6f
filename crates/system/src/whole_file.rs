//! Files that are there as a whole or not at all, and outputs that an operator has named.
//!
//! Invariants:
//! - A regular file is replaced in one step: a power cut leaves the old one or the new one,
//!   readable by its owner only.
//! - A symbolic link stays; the file that it points to is replaced.
//! - Pipes, devices and what another process has opened (`/dev/stdout`, `/dev/fd/3`) are
//!   written into. Replacing one would cut off its reader, or take a device away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc::O_NOCTTY;
use tempfile::NamedTempFile;

/// Links that are followed before they are taken for a circle; as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Puts `bytes` in the place of the file at `path`, or writes them into what is there if
/// that is no regular file.
///
/// # Errors
/// If the file cannot be written; an old one is left as it is.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes)?;
    output.finish()
}

/// Where an output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Destination {
    /// A regular file, or none yet, at this path behind all links.
    Regular(PathBuf),
    /// Something else, which is written into.
    Stream,
}

/// An output that is being written. Unless [`Output::finish`] is reached, a regular file
/// keeps what it had.
#[derive(Debug)]
pub enum Output {
    /// In the place of a regular file.
    Regular {
        /// What has been written.
        written: NamedTempFile,
        /// Where it belongs.
        target: PathBuf,
    },
    /// Into a pipe or a device.
    Stream(File),
}

impl Output {
    /// Opens the output that an operator has named. A pipe waits for its reader here.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        match destination(path)? {
            Destination::Stream => {
                let mut options = OpenOptions::new();
                // What somebody has written there before stays; a terminal does not become ours.
                options.append(true).custom_flags(O_NOCTTY);
                Ok(Self::Stream(options.open(path)?))
            }
            Destination::Regular(target) => Ok(Self::Regular {
                written: NamedTempFile::new_in(folder_of(&target))?,
                target,
            }),
        }
    }

    /// A folder beside the output for what is written on the way; none beside a pipe.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Regular { target, .. } => Some(folder_of(target)),
            Self::Stream(_) => None,
        }
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    /// If it cannot be written to the disk; an old file is left as it is.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Regular { written, target } => {
                written.as_file().sync_all()?;
                written.persist(&target)?;
                // The name is on the disk when its folder is; not all systems can do that.
                let _ = File::open(folder_of(&target)).and_then(|folder| folder.sync_all());
                Ok(())
            }
            Self::Stream(mut stream) => stream.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Regular { written, .. } => written.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Regular { written, .. } => written.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Follows the links of `path`, also where the last one points to nothing yet.
fn destination(path: &Path) -> io::Result<Destination> {
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let kind = match std::fs::symlink_metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Destination::Regular(target));
            }
            found => found?.file_type(),
        };
        if kind.is_symlink() {
            if is_open_elsewhere(&target)? {
                return Ok(Destination::Stream);
            }
            // `join` takes an absolute one as it is.
            target = folder_of(&target).join(std::fs::read_link(&target)?);
        } else if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        } else if kind.is_file() {
            return Ok(Destination::Regular(target));
        } else if kind.is_socket() {
            let words = "it is a socket; name a file or a pipe";
            return Err(io::Error::other(words));
        } else {
            return Ok(Destination::Stream);
        }
    }
    Err(io::Error::other("its links go in a circle"))
}

/// Whether a link is one of those under `/proc` that stand for an open file: what they say
/// about where it is may be out of date, and whoever opened it goes on writing there.
fn is_open_elsewhere(link: &Path) -> io::Result<bool> {
    let folder = std::fs::canonicalize(folder_of(link))?;
    Ok(folder.starts_with("/proc"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    fn is_link(path: &Path) -> bool {
        std::fs::symlink_metadata(path).unwrap().is_symlink()
    }

    #[test]
    fn a_regular_file_is_replaced_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        replace(&path, b"one").unwrap();
        let before = std::fs::metadata(&path).unwrap();
        assert_eq!(before.permissions().mode() & 0o777, 0o600);
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_ne!(std::fs::metadata(&path).unwrap().ino(), before.ino());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_finished_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        replace(&path, b"old").unwrap();
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"half").unwrap();
        drop(output);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("share");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("real.csv"), b"old").unwrap();
        let (near, far) = (folder.path().join("near"), folder.path().join("far"));
        symlink("share/real.csv", &near).unwrap();
        symlink(&near, &far).unwrap();
        replace(&far, b"new").unwrap();
        assert!(is_link(&near) && is_link(&far));
        assert_eq!(std::fs::read(place.join("real.csv")).unwrap(), b"new");
        // One that points to nothing yet makes it.
        let dangling = folder.path().join("dangling");
        symlink("share/later.csv", &dangling).unwrap();
        replace(&dangling, b"made").unwrap();
        assert!(is_link(&dangling));
        assert_eq!(std::fs::read(place.join("later.csv")).unwrap(), b"made");
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(replace(&circle, b"").is_err());
    }

    #[test]
    fn a_pipe_gets_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
        let link = folder.path().join("link");
        symlink("pipe", &link).unwrap();
        for path in [&pipe, &link] {
            let reader = std::thread::spawn({
                let pipe = pipe.clone();
                move || {
                    let mut read = String::new();
                    File::open(pipe).unwrap().read_to_string(&mut read).unwrap();
                    read
                }
            });
            replace(path, b"through the pipe").unwrap();
            assert_eq!(reader.join().unwrap(), "through the pipe");
        }
        let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
        assert!(kind.is_fifo(), "the pipe was replaced");
    }

    #[test]
    fn a_device_stays_a_device() {
        let full = Path::new("/dev/full");
        // Before anything is written: a test must not take the machine's device away.
        assert_eq!(destination(full).unwrap(), Destination::Stream);
        let refused = replace(full, b"no room").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        let folder = replace(Path::new("/dev"), b"").unwrap_err();
        assert_eq!(folder.kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn an_open_file_is_written_into() {
        use std::os::fd::AsRawFd as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, b"before ").unwrap();
        let open = File::open(&path).unwrap();
        let link = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
        replace(&link, b"after").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"before after");
    }
}
