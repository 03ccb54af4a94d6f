//! The files of the log, which never take more room than they may.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file that is written to; older ones have a number before the ending.
const NAME: &str = "rollcall.log";

/// A file that has become so long is put aside.
const MOST_BYTES: u64 = 4 << 20;

/// Files, the one that is written to included.
const MOST_FILES: usize = 8;

/// A line that is longer is cut: what cameras and files are called has no limit.
const LONGEST_LINE: usize = 4 << 10;

/// Writes lines into a file, and puts it aside when it is full.
///
/// What fails here is not told: there is nobody to tell it to but this log. It goes on as
/// soon as it can.
#[derive(Debug)]
pub(super) struct CappedLog {
    folder: PathBuf,
    file: Option<File>,
    bytes: u64,
    most_bytes: u64,
}

impl CappedLog {
    /// Goes on with the log in `folder`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut log = Self {
            folder: folder.to_path_buf(),
            file: None,
            bytes: 0,
            most_bytes: MOST_BYTES,
        };
        log.open_file()?;
        Ok(log)
    }

    fn open_file(&mut self) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.path(0))?;
        self.bytes = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    /// The file that was put aside so many times.
    fn path(&self, age: usize) -> PathBuf {
        match age {
            0 => self.folder.join(NAME),
            age => self.folder.join(format!("rollcall.{age}.log")),
        }
    }

    fn put_aside(&mut self) {
        self.file = None;
        for age in (1..MOST_FILES).rev() {
            // Where there are fewer yet, there is nothing to rename.
            let _ = fs::rename(self.path(age - 1), self.path(age));
        }
    }
}

impl Write for CappedLog {
    /// Takes one line, with its end.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(line.len() as u64) > self.most_bytes {
            self.put_aside();
        }
        if self.file.is_none() {
            self.open_file()?;
        }
        let (kept, ending) = cut(line);
        let Some(file) = &mut self.file else {
            return Ok(line.len());
        };
        let written = file.write_all(kept).and_then(|()| file.write_all(ending));
        self.bytes += (kept.len() + ending.len()) as u64;
        if written.is_err() {
            // A disk that was full may have room later, a folder that was moved be back.
            self.file = None;
        }
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// What is kept of a line, and how it ends then.
fn cut(line: &[u8]) -> (&[u8], &'static [u8]) {
    if line.len() <= LONGEST_LINE {
        return (line, b"");
    }
    let is_inside = |at: &usize| line[*at] & 0b1100_0000 == 0b1000_0000;
    let end = (LONGEST_LINE - 3..=LONGEST_LINE)
        .rev()
        .find(|at| !is_inside(at));
    (&line[..end.unwrap_or(LONGEST_LINE)], "…\n".as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_in(folder: &Path) -> u64 {
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum()
    }

    #[test]
    fn a_log_that_is_written_for_ever_keeps_its_size_and_its_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = CappedLog::open(folder.path()).unwrap();
        log.most_bytes = 10_000;
        for number in 0..20_000 {
            writeln!(log, "line {number}").unwrap();
        }
        assert!(bytes_in(folder.path()) <= 10_000 * MOST_FILES as u64);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST_FILES);
        let newest = fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert!(newest.ends_with("line 19999\n"), "{newest}");
        let before = fs::read_to_string(folder.path().join("rollcall.1.log")).unwrap();
        let next = newest.lines().next().unwrap().replace("line ", "");
        let last = before.lines().last().unwrap().replace("line ", "");
        assert_eq!(next.parse(), last.parse::<u32>().map(|last| last + 1));
    }

    #[test]
    fn it_goes_on_where_it_ended_and_survives_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for line in ["one\n", "two\n"] {
            let mut log = CappedLog::open(folder.path()).unwrap();
            log.write_all(line.as_bytes()).unwrap();
        }
        let path = folder.path().join(NAME);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        let mut log = CappedLog::open(folder.path()).unwrap();
        log.most_bytes = 10;
        let logs = folder.path().to_path_buf();
        folder.close().unwrap();
        assert!(log.write_all(b"nowhere to go\n").is_err());
        fs::create_dir(&logs).unwrap();
        log.write_all(b"here again\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "here again\n");
        fs::remove_dir_all(logs).unwrap();
    }

    #[test]
    fn an_endless_line_is_cut_between_characters() {
        for filling in ["x", "é", "€", "😀"] {
            let folder = tempfile::tempdir().unwrap();
            let mut log = CappedLog::open(folder.path()).unwrap();
            let line = format!("a{}\n", filling.repeat(LONGEST_LINE));
            log.write_all(line.as_bytes()).unwrap();
            let text = fs::read_to_string(folder.path().join(NAME)).unwrap();
            assert!(text.len() <= LONGEST_LINE + 4 && text.ends_with("…\n"));
        }
    }
}
