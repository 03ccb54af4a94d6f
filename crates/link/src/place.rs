//! Where the socket of a station lies.
//!
//! A service has `/run/rollcall`, which its service manager makes for it; everybody else has
//! a folder of their own. The name of the socket follows from the data folder alone, so that
//! the same folder, however it is written, has one socket, and a new version of the program
//! finds the station that an old one started.
//!
//! # Invariants
//! - A folder is used only if nobody but its owner (and root) can put something into it.
//! - A socket that answers is never replaced: who serves holds a lock beside the socket, and
//!   only who holds the lock removes what lies in its way.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{AccessFlags, access, geteuid};
use rollcall_system::lock_file;
use sha2::{Digest as _, Sha256};

use crate::error::LinkError;
use crate::session;
use crate::socket::{bind, connect, peer_of};

/// For connecting to somebody who may be stuck.
const PATIENCE: Duration = Duration::from_secs(1);

/// Letters of the data folder's name that are kept in that of the socket.
const STEM: usize = 24;

/// All places where sockets may lie.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the service.
    service: PathBuf,
    /// Whether this process is the service.
    is_service: bool,
    /// The folder of this user that goes with the session.
    session: Option<PathBuf>,
    /// Where session folders of other users lie.
    sessions: PathBuf,
    /// Where everybody can make folders.
    temporary: PathBuf,
    /// This user.
    user: u32,
}

impl Places {
    /// Those of this process.
    pub fn new() -> Self {
        let service = PathBuf::from("/run/rollcall");
        let given = std::env::var_os("RUNTIME_DIRECTORY").unwrap_or_default();
        let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Self {
            is_service: std::env::split_paths(&given).any(|folder| folder == service),
            service,
            session: session.filter(|folder| folder.is_absolute()),
            sessions: PathBuf::from("/run/user"),
            temporary: PathBuf::from("/tmp"),
            user: geteuid().as_raw(),
        }
    }

    /// Places below one folder, e.g. for a test: `run` is the service's, if there is one,
    /// `session` this user's, `sessions` those of others, `tmp` everybody's.
    pub fn below(root: &Path) -> Self {
        let session = root.join("session");
        Self {
            service: root.join("run"),
            is_service: false,
            session: session.is_dir().then_some(session),
            sessions: root.join("sessions"),
            temporary: root.join("tmp"),
            user: geteuid().as_raw(),
        }
    }

    /// Where a station with this data folder listens; makes the folder if there is none.
    ///
    /// # Errors
    /// If there is no folder that is safe.
    pub fn to_serve(&self, data_dir: &Path) -> Result<Place, LinkError> {
        let data_dir = canonical(data_dir);
        let may_write = AccessFlags::W_OK | AccessFlags::X_OK;
        let is_safe = checked(&self.service, &[0, self.user], 0o022);
        if self.is_service || (is_safe.is_ok() && access(&self.service, may_write).is_ok()) {
            is_safe?;
            return Ok(Place::new(&self.service, data_dir, true));
        }
        let session = self.session.as_ref().filter(|folder| folder.is_dir());
        let folder = match session {
            Some(folder) => folder.join("rollcall"),
            None => self.temporary_of(self.user),
        };
        make_private(&folder, self.user)?;
        Ok(Place::new(&folder, data_dir, false))
    }

    /// Looks everywhere for a station with this data folder.
    pub fn find(&self, data_dir: &Path) -> Found {
        let data_dir = canonical(data_dir);
        let mut barred = None;
        for (folder, owner) in self.candidates(&data_dir) {
            let socket = Place::new(&folder, data_dir.clone(), false).socket;
            match probe(&folder, &socket, owner, &data_dir) {
                Probe::Live => return Found::Live(socket),
                Probe::Barred => barred = barred.or(Some(socket)),
                Probe::None => {}
            }
        }
        barred.map_or(Found::None, Found::Barred)
    }

    /// The stations of services on this machine, whatever their data folders.
    pub fn services(&self) -> Vec<PathBuf> {
        let is_safe = fs::symlink_metadata(&self.service).is_ok_and(|f| is_closed(&f, 0o022));
        let entries = is_safe.then(|| fs::read_dir(&self.service).ok()).flatten();
        let sockets = entries.into_iter().flatten().filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_socket = path.extension().is_some_and(|end| end == "sock");
            (is_socket && session::ask(&path).is_ok()).then_some(path)
        });
        let mut sockets: Vec<PathBuf> = sockets.collect();
        sockets.sort();
        sockets
    }

    /// The folders to look into, and whose they have to be.
    fn candidates(&self, data_dir: &Path) -> Vec<(PathBuf, Option<u32>)> {
        let mut candidates = vec![(self.service.clone(), None)];
        let mut personal = |folder: PathBuf, owner: u32| {
            if candidates.iter().all(|(known, _)| *known != folder) {
                candidates.push((folder, Some(owner)));
            }
        };
        if let Some(session) = &self.session {
            personal(session.join("rollcall"), self.user);
        }
        personal(self.temporary_of(self.user), self.user);
        // Root, for example, looks for the station of somebody else.
        if let Ok(owner) = fs::metadata(data_dir).map(|folder| folder.uid()) {
            let session = self.sessions.join(owner.to_string());
            personal(session.join("rollcall"), owner);
            personal(self.temporary_of(owner), owner);
        }
        candidates
    }

    fn temporary_of(&self, user: u32) -> PathBuf {
        self.temporary.join(format!("rollcall-{user}"))
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new()
    }
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A station answers at this socket.
    Live(PathBuf),
    /// There may be one, but this user may not talk to it.
    Barred(PathBuf),
    /// There is none.
    None,
}

enum Probe {
    Live,
    Barred,
    None,
}

fn probe(folder: &Path, socket: &Path, owner: Option<u32>, data_dir: &Path) -> Probe {
    let is_safe = match owner {
        Some(owner) => checked(folder, &[owner], 0o077).is_ok(),
        // The service has a user of its own; only root can have made its folder.
        None => fs::symlink_metadata(folder).is_ok_and(|found| is_closed(&found, 0o022)),
    };
    if !is_safe {
        return Probe::None;
    }
    match session::ask(socket) {
        Ok(hello) if Path::new(&hello.data_dir) == shown(data_dir) => Probe::Live,
        // One of another version, or one that is stuck: what is wrong is said when it is
        // attached to.
        Err(LinkError::Refused { .. } | LinkError::NotAStation { .. }) => Probe::Live,
        Err(LinkError::NoStation { source, .. })
            if source.kind() == ErrorKind::PermissionDenied && is_same_owner(folder, data_dir) =>
        {
            Probe::Barred
        }
        Ok(_) | Err(_) => Probe::None,
    }
}

/// Whether the station that has its socket in this folder can be the one of the data folder:
/// who may not look into the first sees no more. Others have nothing to do with it.
fn is_same_owner(folder: &Path, data_dir: &Path) -> bool {
    let owner = |path: &Path| fs::metadata(path).map(|found| found.uid()).ok();
    owner(data_dir).is_some_and(|user| owner(folder) == Some(user))
}

/// Where one station listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    socket: PathBuf,
    data_dir: PathBuf,
    is_shared: bool,
}

impl Place {
    fn new(folder: &Path, data_dir: PathBuf, is_shared: bool) -> Self {
        Self {
            socket: folder.join(name_of(&data_dir)),
            data_dir,
            is_shared,
        }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The data folder as a station names it.
    pub(crate) fn data_dir(&self) -> String {
        shown(&self.data_dir).to_string_lossy().into_owned()
    }

    /// Listens there, in the place of a station that is gone.
    pub(crate) fn listen(&self) -> Result<Listening, LinkError> {
        let failed = |doing| {
            move |source| LinkError::File {
                doing,
                path: self.socket.clone(),
                source,
            }
        };
        let lock = self.lock()?;
        let listener = match bind(&self.socket) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                self.remove_stale()?;
                bind(&self.socket)
            }
            other => other,
        };
        let listener = listener.map_err(failed("listen at"))?;
        let found = fs::symlink_metadata(&self.socket).map_err(failed("look at"))?;
        let listening = Listening {
            listener,
            socket: self.socket.clone(),
            identity: (found.dev(), found.ino()),
            _lock: lock,
        };
        self.open_to_guests(&found)
            .map_err(failed("change the mode of"))?;
        Ok(listening)
    }

    /// Whoever may read the folder of the service may talk to it; otherwise only the owner.
    fn open_to_guests(&self, found: &Metadata) -> io::Result<()> {
        let mode = if self.is_shared { 0o660 } else { 0o600 };
        fs::set_permissions(&self.socket, Permissions::from_mode(mode))?;
        let folder = self.socket.parent().map(fs::metadata).transpose()?;
        if let Some(folder) = folder.filter(|folder| self.is_shared && folder.gid() != found.gid())
        {
            // Root has started the station: the guests are the group of the folder.
            std::os::unix::fs::chown(&self.socket, None, Some(folder.gid()))?;
        }
        Ok(())
    }

    fn lock(&self) -> Result<File, LinkError> {
        let path = self.socket.with_extension("lock");
        let failed = |source| LinkError::File {
            doing: "lock",
            path: path.clone(),
            source,
        };
        let held = lock_file::take(&path).map_err(failed)?;
        held.ok_or_else(|| self.station_runs())
    }

    fn station_runs(&self) -> LinkError {
        let stream = connect(&self.socket, PATIENCE).ok();
        LinkError::StationRuns {
            process: stream.and_then(|stream| peer_of(&stream)),
        }
    }

    /// Removes a socket that nobody listens at.
    fn remove_stale(&self) -> Result<(), LinkError> {
        let failed = |source| LinkError::File {
            doing: "replace",
            path: self.socket.clone(),
            source,
        };
        let found = fs::symlink_metadata(&self.socket).map_err(failed)?;
        if !found.file_type().is_socket() {
            return Err(failed(io::Error::other("it is no socket")));
        }
        match connect(&self.socket, PATIENCE) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            _ => return Err(self.station_runs()),
        }
        tracing::info!(socket = %self.socket.display(), "replacing the socket of a station that is gone");
        fs::remove_file(&self.socket).map_err(failed)
    }
}

/// A socket that is listened at. It goes with this, if it is still the same one.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) listener: UnixListener,
    socket: PathBuf,
    identity: (u64, u64),
    _lock: File,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.socket);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            // Whoever finds it sees that nobody listens.
            let _ = fs::remove_file(&self.socket);
        }
    }
}

/// A name that tells a person which folder it is of, and a program that it is of no other.
fn name_of(data_dir: &Path) -> OsString {
    let stem = data_dir.file_name().unwrap_or_default().to_string_lossy();
    let readable = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let stem: String = stem.chars().filter(readable).take(STEM).collect();
    let hash = Sha256::digest(data_dir.as_os_str().as_bytes());
    let hash = hash
        .iter()
        .take(8)
        .fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let dash = if stem.is_empty() { "" } else { "-" };
    OsString::from(format!("{stem}{dash}{hash:016x}.sock"))
}

/// The folder without links and detours, as far as it exists.
fn canonical(data_dir: &Path) -> PathBuf {
    if let Ok(found) = fs::canonicalize(data_dir) {
        return found;
    }
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => canonical(parent).join(name),
        _ => absolute,
    }
}

/// As it travels in text.
fn shown(data_dir: &Path) -> PathBuf {
    PathBuf::from(data_dir.to_string_lossy().into_owned())
}

/// Makes a folder that is this user's alone, or checks that it is.
fn make_private(folder: &Path, user: u32) -> Result<(), LinkError> {
    let failed = |source| LinkError::File {
        doing: "make",
        path: folder.to_owned(),
        source,
    };
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    if found.is_dir() && found.uid() == user && !is_closed(&found, 0o077) {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    checked(folder, &[user], 0o077)
}

/// Checks that nobody but its owner can put something into a folder.
fn checked(folder: &Path, owners: &[u32], open: u32) -> Result<(), LinkError> {
    let found = fs::symlink_metadata(folder).map_err(|source| LinkError::File {
        doing: "look at",
        path: folder.to_owned(),
        source,
    })?;
    let reason = if !found.is_dir() {
        "it is no folder, or a link; remove it"
    } else if !owners.contains(&found.uid()) {
        "it belongs to somebody else; remove it, or set XDG_RUNTIME_DIR"
    } else if !is_closed(&found, open) {
        "others may write into it; take that right away"
    } else {
        return Ok(());
    };
    Err(LinkError::Unsafe {
        path: folder.to_owned(),
        reason,
    })
}

fn is_closed(found: &Metadata, open: u32) -> bool {
    found.is_dir() && found.mode() & open == 0
}

#[cfg(test)]
mod tests;
