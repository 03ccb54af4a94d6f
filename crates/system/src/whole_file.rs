//! Files that are there as a whole or not at all.

use std::io::{self, Write as _};
use std::path::Path;

/// Puts `bytes` in the place of the file at `path`, readable by its owner only. A power cut
/// leaves the old file or the new one.
///
/// # Errors
/// If the file cannot be written; the old one is left as it is.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
