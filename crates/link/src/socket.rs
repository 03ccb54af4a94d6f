//! Unix sockets: paths of any length, waiting with a limit, and who is at the other end.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::socket::sockopt::{PeerCredentials, SendTimeout};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, getsockopt, setsockopt};
use nix::sys::time::TimeVal;
use rollcall_protocol::Peer;

/// Bytes of a path that the kernel takes for a socket, without the zero at its end.
const LONGEST_PATH: usize = 107;

/// Connects to a socket. A listener that takes nobody in is waited for only so long.
pub(crate) fn connect(path: &Path, limit: Duration) -> io::Result<UnixStream> {
    let (path, _folder) = short(path)?;
    let address = UnixAddr::new(&path)?;
    let kind = SockType::Stream;
    let fd: OwnedFd =
        nix::sys::socket::socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None)?;
    let limit = TimeVal::new(limit.as_secs() as i64, limit.subsec_micros().into());
    setsockopt(&fd, SendTimeout, &limit)?;
    nix::sys::socket::connect(fd.as_raw_fd(), &address)?;
    let stream = UnixStream::from(fd);
    stream.set_write_timeout(None)?;
    Ok(stream)
}

/// Listens at a socket that is not there yet.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    let (path, _folder) = short(path)?;
    UnixListener::bind(path)
}

/// A path that the kernel takes for a socket, and what has to stay open as long as it is used.
fn short(socket: &Path) -> io::Result<(PathBuf, Option<File>)> {
    if socket.as_os_str().len() <= LONGEST_PATH {
        return Ok((socket.to_owned(), None));
    }
    let (Some(folder), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(folder)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    Ok((path, Some(folder)))
}

/// Who is at the other end, by the kernel's word.
pub(crate) fn peer_of(stream: &UnixStream) -> Option<Peer> {
    let found = getsockopt(stream, PeerCredentials).ok()?;
    Some(Peer {
        uid: found.uid(),
        process: found.pid(),
    })
}

/// A connection that one thread reads and another writes.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    stream: Arc<UnixStream>,
    /// All reading has to be done by then.
    deadline: Option<Instant>,
}

impl Socket {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream: Arc::new(stream),
            deadline: None,
        }
    }

    /// From now on all reading together has so much time.
    pub(crate) fn read_within(&mut self, limit: Duration) {
        self.deadline = Some(Instant::now() + limit);
    }

    /// From now on each reading has so much time; any if none.
    pub(crate) fn wait_for(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.deadline = None;
        self.stream.set_read_timeout(limit)
    }

    /// From now on each writing of anything has so much time.
    pub(crate) fn give_up_writing_after(&self, limit: Duration) -> io::Result<()> {
        self.stream.set_write_timeout(Some(limit))
    }

    /// Ends the connection for both sides, and wakes up who reads or writes.
    pub(crate) fn close(&self) {
        // It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub(crate) fn peer(&self) -> Option<Peer> {
        peer_of(&self.stream)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.stream.set_read_timeout(Some(left))?;
        }
        (&*self.stream).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a read or a write has taken longer than it may.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
