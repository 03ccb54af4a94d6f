//! The log file: one a day under the data folder, never the terminal.
//!
//! It tells what the program did, for whoever looks after the station. Names,
//! similarities and attendance belong in the database and are not repeated here.
//!
//! It never takes more room than eight files of 4 MB ([`capped`]), and what repeats is
//! counted instead of told ([`repeats`]).

mod capped;
mod repeats;

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use chrono::{DateTime, FixedOffset};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use capped::CappedLog;
use repeats::{Repeats, RepeatsLayer, Summary};

use crate::clock::Clock;
use rollcall_core::printable::printable_line;

/// Folder of the log files inside the data folder.
pub const FOLDER: &str = "logs";

/// This file is there once the log has been full. From then on it says enough without the
/// files that versions before this one made, one a day.
const FIRST_PUT_ASIDE: &str = "rollcall.1.log";
/// Lines that may wait for a slow disk; more are lost. Room for them is taken at the start, and
/// for the usual number that would be 4 MB.
const LINES_WAITING: usize = 4096;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The folder cannot be made.
    #[error("cannot make the log's folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be made.
    #[error("cannot write the log in {}: {source}", folder.display())]
    Create {
        /// Folder of the log.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The filter cannot be understood.
    #[error("the log filter {filter:?} is not valid: {source}")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
}

/// Whether panics are reported already.
static REPORTS: Once = Once::new();

/// From now on a panic leaves a report of its own beside the log: what failed, where, and
/// how it came there, for whoever is asked to mend it. What was done before with a panic
/// is done after it.
pub fn report_panics(data_dir: &Path, clock: Clock) {
    let folder = data_dir.join(FOLDER);
    REPORTS.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Some(path) = write_report(&folder, &clock.now().wall, info) {
                tracing::error!(report = %path.display(), "a panic was reported");
            }
            previous(info);
        }));
    });
}

fn write_report(
    folder: &Path,
    now: &DateTime<FixedOffset>,
    info: &std::panic::PanicHookInfo<'_>,
) -> Option<PathBuf> {
    let thread = std::thread::current();
    let text = format!(
        "rollcall {}\n{}\nthread {}\n{info}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        now.to_rfc3339(),
        thread.name().unwrap_or("without a name"),
        std::backtrace::Backtrace::force_capture()
    );
    let path = folder.join(format!("panic-{}.txt", now.format("%Y%m%dT%H%M%S%.6f")));
    crate::whole_file::replace(&path, text.as_bytes()).ok()?;
    Some(path)
}

/// The folder of the log, which only its owner can look into: the umask may be anything, and
/// the files of earlier versions are there.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Writes each message as one line without what a terminal would obey: whoever reads the
/// log with `less -R` or `tail` reads what cameras, archives and file names are called.
#[derive(Debug)]
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// A whole message, as the subscriber hands it over.
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(message);
        let words = text.strip_suffix('\n').unwrap_or(&text);
        let mut line = printable_line(words).into_owned();
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Keeps the log going; what was logged before it is dropped is on disk afterwards.
#[derive(Debug)]
pub struct LogGuard {
    /// Dropped first, which ends the thread.
    ending: Option<Sender<()>>,
    summing_up: Option<JoinHandle<()>>,
    _writing: WorkerGuard,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.ending = None;
        if let Some(thread) = self.summing_up.take() {
            // It has nothing to say that is not in the log.
            let _ = thread.join();
        }
    }
}

/// Starts logging to a file. `filter` is used unless `RUST_LOG` is set.
///
/// # Errors
/// If the folder cannot be written or the filter is not valid.
pub fn start(data_dir: &Path, filter: &str) -> Result<LogGuard, LoggingError> {
    let folder = data_dir.join(FOLDER);
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| filter.to_owned());
    let parsed =
        EnvFilter::try_new(&filter).map_err(|source| LoggingError::Filter { filter, source })?;
    make_folder(&folder).map_err(|source| LoggingError::Folder {
        folder: folder.clone(),
        source,
    })?;
    remove_old_files(&folder);
    let file = CappedLog::open(&folder).map_err(|source| LoggingError::Create {
        folder: folder.clone(),
        source,
    })?;
    let (writer, writing) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING)
        .finish(OneLine(file));
    let repeats = Arc::new(Repeats::default());
    let lines = fmt::layer()
        .with_ansi(false)
        .with_thread_names(true)
        .with_target(false)
        .with_writer(writer.clone());
    // A second start in the same process (tests) keeps the first one's log.
    let _ = tracing_subscriber::registry()
        .with(parsed)
        .with(lines)
        .with(RepeatsLayer(Arc::clone(&repeats)))
        .try_init();
    let (ending, ended) = channel();
    let summing_up = thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || sum_up(&repeats, writer, &ended))
        .map_err(|source| LoggingError::Create { folder, source })?;
    Ok(LogGuard {
        ending: Some(ending),
        summing_up: Some(summing_up),
        _writing: writing,
    })
}

/// Writes once in a while how often what was said.
fn sum_up(repeats: &Repeats, mut writer: NonBlocking, ended: &Receiver<()>) {
    loop {
        let is_end = !matches!(
            ended.recv_timeout(repeats::WINDOW),
            Err(RecvTimeoutError::Timeout)
        );
        for summary in repeats.sum_up(Instant::now(), is_end) {
            // A queue that is full drops lines; there is nobody else to tell it to.
            let _ = writer.write_all(line_of(&summary).as_bytes());
        }
        if is_end {
            return;
        }
    }
}

fn line_of(summary: &Summary) -> String {
    let mut time = String::new();
    // Without a time it is still said.
    let _ = fmt::time::SystemTime.format_time(&mut Writer::new(&mut time));
    format!("{time} {:>5} log: {}\n", summary.level, summary.text)
}

fn remove_old_files(folder: &Path) {
    if !folder.join(FIRST_PUT_ASIDE).exists() {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_of_a_day = name
            .to_str()
            .and_then(|name| name.strip_prefix("rollcall.20")?.strip_suffix(".log"))
            .is_some_and(|date| date.len() == "26-11-25".len());
        if is_of_a_day {
            // It is tried again at the next start.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_earlier_versions_go_when_there_is_enough_without_them() {
        let folder = tempfile::tempdir().unwrap();
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        for name in ["rollcall.2026-10-01.log", "rollcall.log", "panic-1.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        remove_old_files(folder.path());
        assert_eq!(names().len(), 3);
        std::fs::write(folder.path().join(FIRST_PUT_ASIDE), "").unwrap();
        remove_old_files(folder.path());
        assert_eq!(names(), ["panic-1.txt", "rollcall.1.log", "rollcall.log"]);
    }

    #[test]
    fn a_source_of_nothing_but_trouble_does_not_fill_the_disk() {
        let data = tempfile::tempdir().unwrap();
        let guard = start(data.path(), "info").unwrap();
        for number in 0..200_000 {
            tracing::warn!(number, "a damaged picture was skipped");
        }
        drop(guard);
        let log = std::fs::read_to_string(data.path().join(FOLDER).join("rollcall.log")).unwrap();
        assert!(log.len() < 20_000, "{} bytes", log.len());
        let last = log.lines().last().unwrap();
        assert!(last.contains("199980 more lines like this one"), "{last}");
    }

    #[test]
    fn a_message_is_one_line_that_no_terminal_obeys() {
        let mut log = OneLine(Vec::new());
        let message = "WARN camera says \u{1b}]0;x\u{7} and\n2026-01-01 INFO all is well\n";
        log.write_all(message.as_bytes()).unwrap();
        let written = String::from_utf8(log.0).unwrap();
        assert_eq!(
            written,
            "WARN camera says \\u001b]0;x\\u0007 and\\u000a2026-01-01 INFO all is well\n"
        );
    }
}
