//! Reading files whose place somebody else may have chosen.
//!
//! A device has no end and a pipe may have no writer: neither is waited for, and no file is
//! read beyond what the caller can use.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens a plain file; a device, pipe or folder is an error and is not waited for.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    require(&file)?;
    Ok(file)
}

/// An error unless `file` is a plain file.
pub(super) fn require(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() {
        Ok(())
    } else {
        let words = "it is no plain file but a folder, device or pipe";
        Err(io::Error::new(io::ErrorKind::InvalidInput, words))
    }
}

/// All bytes of a plain file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_at_most(open(path)?, limit)
}

pub(super) fn read_at_most(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let words = format!("it is larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}
