//! Reading what has a name, up to a limit.
//!
//! A name that somebody typed, or that stands in a configuration or an archive, may lead to
//! a device that never ends, to a pipe that nobody writes, or to a file that is larger than
//! the memory. So everything that is read whole comes through here:
//! what is no ordinary file is refused before it is opened, since opening some devices does
//! something; a pipe is read only where a person may well give one, and not for ever if it
//! is silent; and nothing is longer than its reader says.
//!
//! Errors are [`io::Error`]s whose words go after the name of the file, which the caller adds.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Keys, passphrases, identities: a line or two.
pub const SECRET_BYTES: u64 = 64 << 10;

/// What a person writes by hand: configurations, calendars, manifests, catalogues.
pub const TEXT_BYTES: u64 = 8 << 20;

/// Tables of other systems.
pub const TABLE_BYTES: u64 = 256 << 20;

/// A pipe that says nothing for this long is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// The bytes of an ordinary file.
///
/// # Errors
/// If it cannot be read, is no ordinary file, or has more than `most` bytes.
pub fn file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    // A length that is known to be too great need not be read first.
    if file.metadata()?.len() > most {
        return Err(too_long(most));
    }
    stream(file, most)
}

/// The text of an ordinary file, without a byte order mark.
///
/// # Errors
/// As [`fn@file`], and if it is not UTF-8.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    as_text(file(path, most)?)
}

/// The bytes of an ordinary file or of a pipe, such as a shell makes with `<(COMMAND)` or
/// `/dev/stdin`.
///
/// # Errors
/// As [`fn@file`], and if the pipe is silent for half a minute.
pub fn file_or_pipe(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.file_type().is_fifo() {
        let pipe = open_at_once(path)?;
        if pipe.metadata()?.file_type().is_fifo() {
            return stream(PatientPipe(pipe), most);
        }
    }
    file(path, most)
}

/// Opens an ordinary file, for what is too long to be read whole.
///
/// # Errors
/// If it cannot be opened or is no ordinary file.
pub fn open(path: &Path) -> io::Result<File> {
    check_ordinary(&fs::metadata(path)?)?;
    let file = open_at_once(path)?;
    // What lies under the name may have been exchanged meanwhile.
    check_ordinary(&file.metadata()?)?;
    Ok(file)
}

/// All that `reader` holds.
///
/// # Errors
/// If it cannot be read or holds more than `most` bytes.
pub fn stream(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_long(most));
    }
    Ok(bytes)
}

/// Bytes as text, without a byte order mark.
///
/// # Errors
/// If they are not UTF-8.
pub fn as_text(bytes: Vec<u8>) -> io::Result<String> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|b| *b == b'\n').count();
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {line} is not UTF-8 text: save it as UTF-8"),
        )
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Never waits for the other end of a pipe. For ordinary files the flag means nothing.
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)
}

fn check_ordinary(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let (error, what) = if kind.is_dir() {
        (io::ErrorKind::IsADirectory, "a folder")
    } else if kind.is_fifo() {
        (io::ErrorKind::InvalidInput, "a pipe")
    } else if kind.is_socket() {
        (io::ErrorKind::InvalidInput, "a socket")
    } else {
        (io::ErrorKind::InvalidInput, "a device")
    };
    Err(io::Error::new(
        error,
        format!("it is {what}, and an ordinary file is needed"),
    ))
}

fn too_long(most: u64) -> io::Error {
    let most = match most {
        0..1024 => format!("{most} bytes"),
        1024..0x10_0000 => format!("{} KiB", most >> 10),
        _ => format!("{} MiB", most >> 20),
    };
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it is longer than {most}, the most that is read"),
    )
}

/// A pipe that is waited for with a limit.
struct PatientPipe(File);

impl Read for PatientPipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.wait()?;
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome,
            }
        }
    }
}

impl PatientPipe {
    fn wait(&self) -> io::Result<()> {
        let limit = PollTimeout::try_from(LONGEST_SILENCE).unwrap_or(PollTimeout::MAX);
        let mut watched = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, limit) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!(
                    "it is a pipe into which nothing was written for {} s",
                    LONGEST_SILENCE.as_secs()
                ),
            )),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use nix::sys::stat::Mode;

    use super::*;

    fn message<T: std::fmt::Debug>(outcome: io::Result<T>) -> String {
        outcome.unwrap_err().to_string()
    }

    fn pipe_in(folder: &Path) -> PathBuf {
        let path = folder.join("pipe");
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        path
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, [7; 2048]).unwrap();
        assert_eq!(file(&path, 2048).unwrap(), [7; 2048]);
        assert!(message(file(&path, 2047)).contains("longer than 1 KiB"));
        assert!(message(file(&path, 3)).contains("longer than 3 bytes"));
        assert_eq!(
            file(&folder.path().join("b"), 9).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn a_file_without_a_length_is_read_up_to_its_limit_too() {
        let status = Path::new("/proc/self/status");
        assert!(file(status, TEXT_BYTES).unwrap().starts_with(b"Name:"));
        assert!(message(file(status, 10)).contains("longer than 10 bytes"));
    }

    #[test]
    fn folders_devices_and_pipes_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe_in(folder.path());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for (path, word) in [
            (Path::new("/dev/zero"), "a device"),
            (link.as_path(), "a device"),
            (folder.path(), "a folder"),
            (pipe.as_path(), "a pipe"),
        ] {
            assert!(message(file(path, 9)).contains(word), "{}", path.display());
            assert!(message(open(path)).contains(word), "{}", path.display());
        }
        assert!(message(file_or_pipe(&link, 9)).contains("a device"));
    }

    #[test]
    fn a_pipe_is_read_where_one_may_be_given_and_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = pipe_in(folder.path());
        for (most, is_read) in [(6, true), (5, false)] {
            let writer = {
                let path = path.clone();
                std::thread::spawn(move || {
                    let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
                    pipe.write_all(b"abc").unwrap();
                    std::thread::sleep(Duration::from_millis(30));
                    // Whoever has heard enough hangs up.
                    let _ = pipe.write_all(b"def");
                })
            };
            let read = file_or_pipe(&path, most);
            writer.join().unwrap();
            if is_read {
                assert_eq!(read.unwrap(), b"abcdef");
            } else {
                assert!(message(read).contains("longer than 5 bytes"));
            }
        }
    }

    #[test]
    fn text_has_no_byte_order_mark_and_names_the_line_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"\xef\xbb\xbfcaf\xc3\xa9\n").unwrap();
        assert_eq!(text(&path, 99).unwrap(), "café\n");
        fs::write(&path, b"one\ntwo\ncaf\xe9\n").unwrap();
        assert!(message(text(&path, 99)).contains("line 3"));
    }
}
