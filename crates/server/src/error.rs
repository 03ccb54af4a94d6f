//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or not this machine's.
    #[error(
        "cannot listen at {address}: {source}; choose another address or port in [server] listen"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A file of TLS cannot be read.
    #[error("cannot read {}: {reason}; name the right files in [server] certificate and key", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Certificates and key do not go together.
    #[error("the certificates in {} cannot be used with the key in {}: {reason}", certificate.display(), key.display())]
    Tls {
        /// File of the certificates.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The records cannot be read.
    #[error(transparent)]
    Store(#[from] rollcall_store::StoreError),
    /// The runtime cannot be made.
    #[error("starting the server's runtime: {0}")]
    Runtime(io::Error),
    /// The system refuses another thread.
    #[error("starting the server's thread: {0}")]
    Thread(io::Error),
}
