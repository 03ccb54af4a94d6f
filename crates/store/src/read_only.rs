//! Reading a database whose folder cannot be written: on a read-only disk, an archived
//! copy, or the folder of another user.
//!
//! A database in WAL mode is read through an index that SQLite keeps beside it (`-shm`).
//! Where that cannot be made, there are two cases, and none of them may show a state that
//! is out of date without saying so:
//!
//! - No log (`-wal`) is there: everything is in the database file, which is read as it is.
//! - A log is there that has not been folded in, as after a power cut: it holds the newest
//!   punches. SQLite then keeps the index in memory.
//!
//! Invariant: neither is done while another program has the database open, whose changes
//! would go unnoticed; nor with a journal that would have to be rolled back first.

use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// SQLite's file access without locks; what is read here nobody writes.
const WITHOUT_LOCKS: &str = "unix-none";

/// Bytes of a database file by which SQLite locks it, and how many: its "pending" byte, the
/// "reserved" one, and those that readers share.
const LOCKED_FROM: libc::off_t = 0x4000_0000;
const LOCKED_BYTES: libc::off_t = 512;

/// Opens the database at `path` to read it.
pub(super) fn connect(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    match look(&connection) {
        Ok(()) => Ok(connection),
        Err(error) if is_of_folder(&error) => {
            drop(connection);
            connect_without_index(path, flags)?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// `None` if what would be read could be out of date.
fn connect_without_index(path: &Path, flags: OpenFlags) -> rusqlite::Result<Option<Connection>> {
    if has_content(&beside(path, "-journal")) || is_in_use(path) {
        return Ok(None);
    }
    let connection = if has_content(&beside(path, "-wal")) {
        let connection = Connection::open_with_flags_and_vfs(path, flags, WITHOUT_LOCKS)?;
        // The index is kept in memory; nothing is folded in at the end.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection
    } else {
        let unchanging = format!("file:{}?immutable=1", in_uri(path));
        Connection::open_with_flags(unchanging, flags | OpenFlags::SQLITE_OPEN_URI)?
    };
    look(&connection)?;
    Ok(Some(connection))
}

/// Reads something, for SQLite opens its files only then.
fn look(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Whether the error is that a file beside the database cannot be made.
fn is_of_folder(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there is anything in a file. One that cannot be looked at may hold something.
fn has_content(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(metadata) => metadata.len() > 0,
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Whether another program has the database open. Only asked where it cannot be opened the
/// ordinary way, for closing a file gives up this process's own locks on it.
fn is_in_use(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return true;
    };
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: LOCKED_FROM,
        l_len: LOCKED_BYTES,
        l_pid: 0,
    };
    match fcntl(&file, FcntlArg::F_GETLK(&mut lock)) {
        Ok(_) => lock.l_type != libc::F_UNLCK as libc::c_short,
        // A file system without locks has none.
        Err(_) => false,
    }
}

/// The path as SQLite reads it in an address.
fn in_uri(path: &Path) -> String {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let bytes = path.as_os_str().as_bytes().iter();
    bytes.fold(String::new(), |mut uri, &byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            uri.push(byte.into());
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(100);

    /// A database in WAL mode with one row.
    fn written(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        let batch = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
            CREATE TABLE punch (at TEXT); INSERT INTO punch VALUES ('first');";
        connection.execute_batch(batch).unwrap();
        connection
    }

    /// From now on SQLite cannot make its index there, as on a read-only disk, whoever asks.
    fn refuse_index(path: &Path) {
        symlink("/nonexistent/index", beside(path, "-shm")).unwrap();
    }

    fn punches(path: &Path) -> rusqlite::Result<Vec<String>> {
        let connection = connect(path, PATIENCE)?;
        let mut statement = connection.prepare("SELECT at FROM punch ORDER BY rowid")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    #[test]
    fn a_database_that_was_closed_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        // What would mean something in an address.
        let path = folder.path().join("100%?x#y.db");
        drop(written(&path));
        refuse_index(&path);
        assert_eq!(punches(&path).unwrap(), ["first"]);
    }

    #[test]
    fn what_is_in_the_log_only_is_read_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        let connection = written(&path);
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO punch VALUES ('newest');")
            .unwrap();
        // What a power cut leaves: the log is not folded in.
        let copy = folder.path().join("copy.db");
        for suffix in ["", "-wal"] {
            std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
        }
        let log = std::fs::read(beside(&copy, "-wal")).unwrap();
        refuse_index(&copy);
        assert_eq!(punches(&copy).unwrap(), ["first", "newest"]);
        assert_eq!(std::fs::read(beside(&copy, "-wal")).unwrap(), log);
    }

    #[test]
    fn a_journal_that_has_to_be_rolled_back_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        drop(written(&path));
        refuse_index(&path);
        std::fs::write(beside(&path, "-journal"), b"half a change").unwrap();
        assert!(punches(&path).is_err());
    }
}
