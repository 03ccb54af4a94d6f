//! What can go wrong with a socket, in words that say what to do.

use rollcall_messages::Message;
use std::io;
use std::path::PathBuf;

use rollcall_protocol::Peer;

/// Why there is no connection, or no server.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The operating system refuses.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A folder for sockets that somebody else could put something into.
    #[error("{} cannot be used for the station's socket: {reason}", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Another station has the socket.
    #[error(
        "a station for this data folder runs already{}; attach to it, or end it first",
        process.map(|peer| format!(" (process {} of user {})", peer.process, peer.uid)).unwrap_or_default()
    )]
    StationRuns {
        /// Which process, if that can be seen.
        process: Option<Peer>,
    },
    /// Nobody listens there.
    #[error("no station answers at {}: {source}", path.display())]
    NoStation {
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The station does not want this client.
    #[error("{said}")]
    Refused {
        /// For programs.
        code: String,
        /// Why, in the station's words.
        said: Message,
    },
    /// Something else listens there, or a station that is stuck.
    #[error("what listens at {} does not answer as a station does: {reason}", path.display())]
    NotAStation {
        /// The socket.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The operating system gives no thread.
    #[error("cannot start a thread for the station's socket: {0}")]
    Thread(#[source] io::Error),
}
