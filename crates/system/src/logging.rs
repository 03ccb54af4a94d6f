//! The log file: one a day under the data folder, never the terminal.
//!
//! It tells what the program did, for whoever looks after the station. Names,
//! similarities and attendance belong in the database and are not repeated here.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

use chrono::{DateTime, FixedOffset};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use crate::clock::Clock;

/// Folder of the log files inside the data folder.
pub const FOLDER: &str = "logs";

/// Files kept, one a day.
const DAYS_KEPT: usize = 14;

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
        source: tracing_appender::rolling::InitError,
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

/// Starts logging to a file. `filter` is used unless `RUST_LOG` is set. What is
/// logged before the guard is dropped is on disk afterwards.
///
/// # Errors
/// If the folder cannot be written or the filter is not valid.
pub fn start(data_dir: &Path, filter: &str) -> Result<WorkerGuard, LoggingError> {
    let folder = data_dir.join(FOLDER);
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| filter.to_owned());
    let parsed =
        EnvFilter::try_new(&filter).map_err(|source| LoggingError::Filter { filter, source })?;
    // The appender prints to the terminal if it has to make the folder itself.
    make_folder(&folder).map_err(|source| LoggingError::Folder {
        folder: folder.clone(),
        source,
    })?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("rollcall")
        .filename_suffix("log")
        .max_log_files(DAYS_KEPT)
        .build(&folder)
        .map_err(|source| LoggingError::Create { folder, source })?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    // A second start in the same process (tests) keeps the first one's log.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_ansi(false)
        .with_thread_names(true)
        .with_target(false)
        .with_writer(writer)
        .try_init();
    Ok(guard)
}
