//! Who may read the data: its owner only.
//!
//! What this program makes has these modes from the start; this is for what was
//! copied, restored by hand or made under a careless umask.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{CONFIGURATION_ASIDE, PICTURES_FOLDER};

/// Bits that let others than the owner in.
pub(super) const OTHERS: u32 = 0o077;

/// Files and folders of the station that others may read, with their modes.
pub fn readable_by_others(data_dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    look(data_dir, &mut found);
    for path in own_files(data_dir) {
        look(&path, &mut found);
    }
    found
}

/// Takes the access of others away from the database and the pictures. The data
/// folder itself is left to its owner: it may be shared on purpose.
pub(super) fn close(data_dir: &Path) {
    for path in own_files(data_dir) {
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let mode = metadata.permissions().mode();
        if metadata.is_symlink() || mode & OTHERS == 0 {
            continue;
        }
        let closed = std::fs::Permissions::from_mode(mode & !OTHERS);
        match std::fs::set_permissions(&path, closed) {
            Ok(()) => {
                tracing::warn!(path = %path.display(), "others could read this; now they cannot");
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "others can read this");
            }
        }
    }
}

fn look(path: &Path, found: &mut Vec<(PathBuf, u32)>) {
    if let Ok(metadata) = std::fs::symlink_metadata(path) {
        let mode = metadata.permissions().mode() & 0o777;
        if !metadata.is_symlink() && mode & OTHERS != 0 {
            found.push((path.to_path_buf(), mode));
        }
    }
}

/// Begins of the names in the data folder that hold names, faces or a copy of everything.
const OURS: [&str; 4] = ["station.", PICTURES_FOLDER, "logs", CONFIGURATION_ASIDE];

/// Folders below these are looked into: pictures are one folder deeper than logs.
const DEPTH: usize = 2;

/// The database with its journals and what lies aside, pictures and logs.
fn own_files(data_dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in list(data_dir) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if OURS.iter().any(|begin| name.starts_with(begin)) {
            collect(path, DEPTH, &mut files);
        }
    }
    files
}

fn collect(path: PathBuf, depth: usize, files: &mut Vec<PathBuf>) {
    // Not through links: what they point to is not ours.
    let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir());
    if is_folder && depth > 0 {
        for inner in list(&path) {
            collect(inner, depth - 1, files);
        }
    }
    files.push(path);
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_is_closed_and_links_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let person = folder.path().join("faces/E-1");
        std::fs::create_dir_all(&person).unwrap();
        let owner_only = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), owner_only).unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open(elsewhere.path(), 0o644);
        std::os::unix::fs::symlink(elsewhere.path(), person.join("link")).unwrap();
        std::fs::create_dir(folder.path().join("logs")).unwrap();
        open(&folder.path().join("logs"), 0o755);
        for (name, mode) in [
            ("station.db", 0o644),
            ("station.db.aside-1", 0o640),
            ("faces/E-1/face-1.jpg", 0o664),
            ("logs/rollcall.log", 0o644),
            ("config.toml", 0o644),
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
            open(&folder.path().join(name), mode);
        }
        open(&person, 0o755);
        open(&folder.path().join("faces"), 0o755);
        assert_eq!(readable_by_others(folder.path()).len(), 7);
        close(folder.path());
        assert_eq!(readable_by_others(folder.path()), []);
        let mode = std::fs::metadata(elsewhere.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o644);
    }
}
