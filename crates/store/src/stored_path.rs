//! Paths that come out of a database or an archive, which somebody else may have written.
//!
//! Invariants:
//! - A stored path is `faces/FOLDER/NAME` and nothing else: no `..`, no absolute path, no
//!   hidden name, no control character.
//! - It is followed one folder at a time, never through a link, and only a plain file is read.
//!   Whatever a path says, nothing outside of the folder of pictures is read or removed.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::error::StoreError;
use super::pictures::FOLDER;
use rollcall_system::read_bounded;

/// Larger than any picture of a face that this program writes.
pub(super) const LARGEST_PICTURE: u64 = 64 << 20;

/// The place of a picture, relative to the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct StoredPath {
    folder: String,
    name: String,
}

impl StoredPath {
    /// Takes the text of a column or of an archive's entry.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(FOLDER), Some(folder), Some(name), None)
                if is_plain(folder) && is_plain(name) =>
            {
                Ok(Self::found(folder, name))
            }
            _ => Err(StoreError::PathOutside {
                path: text.to_owned(),
            }),
        }
    }

    /// A file that was seen on the disk, one folder below that of all pictures.
    pub(super) fn found(folder: &str, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Where it is, to be named in a message.
    pub(super) fn shown_in(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(FOLDER).join(&self.folder).join(&self.name)
    }

    /// Opens the picture to read it.
    pub(super) fn open(&self, data_dir: &Path) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let folder = self.open_folder(data_dir)?;
        let file = File::from(openat(folder, self.name.as_str(), flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no ordinary file"));
        }
        Ok(file)
    }

    /// The bytes of the picture.
    pub(super) fn read(&self, data_dir: &Path) -> io::Result<Vec<u8>> {
        read_bounded::stream(self.open(data_dir)?, LARGEST_PICTURE)
    }

    /// Removes the picture, and its folder if nothing is left in it.
    pub(super) fn remove(&self, data_dir: &Path) -> io::Result<()> {
        let all = open_real_folder(data_dir)?;
        let folder = below(&all, &self.folder)?;
        // A link is removed itself; what it points to stays.
        let removed = unlinkat(folder, self.name.as_str(), UnlinkatFlags::NoRemoveDir);
        // Fails if something is left in it, which is what is wanted.
        let _ = unlinkat(all, self.folder.as_str(), UnlinkatFlags::RemoveDir);
        Ok(removed?)
    }

    fn open_folder(&self, data_dir: &Path) -> io::Result<OwnedFd> {
        below(&open_real_folder(data_dir)?, &self.folder)
    }
}

impl std::fmt::Display for StoredPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{FOLDER}/{}/{}", self.folder, self.name)
    }
}

/// The folder of all pictures; an error if it is a link.
fn open_real_folder(data_dir: &Path) -> io::Result<OwnedFd> {
    below(&File::open(data_dir)?.into(), FOLDER)
}

fn below(folder: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

fn is_plain(part: &str) -> bool {
    // Codes are ASCII, and so are the names of pictures.
    let is_harmless = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    !part.is_empty() && part.len() <= 255 && !part.starts_with('.') && part.bytes().all(is_harmless)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> (tempfile::TempDir, StoredPath) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data/faces/E-1")).unwrap();
        std::fs::write(folder.path().join("secret.jpg"), "secret").unwrap();
        let path = StoredPath::parse("faces/E-1/face-1.jpg").unwrap();
        (folder, path)
    }

    #[test]
    fn only_a_file_of_one_persons_folder_is_a_stored_path() {
        for good in ["faces/E-1/face-1.jpg", "faces/9.x_y/a"] {
            assert_eq!(StoredPath::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "faces",
            "faces/E-1",
            "faces/E-1/",
            "faces//face-1.jpg",
            "faces/../secret.jpg",
            "faces/E-1/..",
            "faces/./face-1.jpg",
            "faces/E-1/.hidden",
            "faces/E-1/more/face-1.jpg",
            "/etc/passwd",
            "/faces/E-1/face-1.jpg",
            "../faces/E-1/face-1.jpg",
            "other/E-1/face-1.jpg",
            "faces/E-1/a\\b",
            "faces/E-1/a\u{1b}[2J",
            "faces/E-1/a\u{202e}gpj",
            "faces/E-1/a\0b",
        ] {
            let error = StoredPath::parse(bad).unwrap_err();
            assert!(matches!(error, StoreError::PathOutside { .. }), "{bad:?}");
        }
    }

    #[test]
    fn a_plain_picture_is_read_and_removed_with_its_folder() {
        let (folder, path) = folder();
        let data = folder.path().join("data");
        std::fs::write(data.join("faces/E-1/face-1.jpg"), "face").unwrap();
        assert_eq!(path.read(&data).unwrap(), b"face");
        path.remove(&data).unwrap();
        assert!(!data.join("faces/E-1").exists());
        assert_eq!(
            path.remove(&data).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn no_link_is_followed_at_any_step() {
        let (folder, path) = folder();
        let data = folder.path().join("data");
        let secret = folder.path().join("secret.jpg");
        symlink(&secret, data.join("faces/E-1/face-1.jpg")).unwrap();
        path.read(&data).unwrap_err();
        path.remove(&data).unwrap();
        assert!(secret.exists(), "only the link goes");

        let outside = folder.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("face-1.jpg"), "other").unwrap();
        symlink(&outside, data.join("faces/E-1")).unwrap();
        path.read(&data).unwrap_err();
        path.remove(&data).unwrap_err();
        assert!(outside.join("face-1.jpg").exists());

        std::fs::remove_file(data.join("faces/E-1")).unwrap();
        std::fs::remove_dir(data.join("faces")).unwrap();
        std::fs::create_dir_all(folder.path().join("all/E-1")).unwrap();
        std::fs::write(folder.path().join("all/E-1/face-1.jpg"), "other").unwrap();
        symlink(folder.path().join("all"), data.join("faces")).unwrap();
        path.read(&data).unwrap_err();
        path.remove(&data).unwrap_err();
        assert!(folder.path().join("all/E-1/face-1.jpg").exists());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let (folder, path) = folder();
        let data = folder.path().join("data");
        let pipe = data.join("faces/E-1/face-1.jpg");
        nix::unistd::mkfifo(&pipe, Mode::S_IRUSR).unwrap();
        path.read(&data).unwrap_err();
    }
}
