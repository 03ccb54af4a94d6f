//! The station over HTTP: cameras elsewhere send pictures, programs ask and change.
//!
//! This is the one room with an asynchronous runtime: a single thread of its own (`server`)
//! that serves every connection, and a few for what computes. The rest of the house does not
//! know of it: the server joins a station as a dashboard does ([`Host`]), and hands over
//! pictures by [`FrameDoor`]; neither ever waits for it.
//!
//! # Invariants
//! - It listens nowhere unless it is configured to, and to other machines only with TLS or by
//!   its owner's word (held by `rollcall_config`).
//! - Nothing is read before it is known who sends it: a request without a valid token is
//!   answered before its body. Heads, bodies, times, connections and pictures have limits, and
//!   whoever is slow is cut off.
//! - A punch is told as recorded after it is on disk, never before.
//! - Tokens are in no log and no answer; what is changed stands in the audit trail with the
//!   name of the token and the address that it came from.
//! - CORS is closed: no page in a browser may use this server from elsewhere, since no answer
//!   has a header that lets it.
//!
//! Deliberately absent: HTTP/2 and 3, compression, sessions and cookies, pages for browsers.

mod api;
mod auth;
mod compatible;
mod door;
mod error;
mod extract;
mod frames;
mod guests;
mod house;
mod pace;
mod problem;
mod routes;
mod slow;
mod tls;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

pub use error::ServerError;

use rollcall_protocol::{FrameDoor, Host};
use rollcall_system::stop::StopFlag;

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Files of the certificates and of their key; in clear without.
    pub tls: Option<TlsFiles>,
    /// Whether clients of the service that Rollcall replaces are served, and from where besides
    /// loopback.
    pub compatible: Option<Vec<IpAddr>>,
    /// The language that those are answered in, e.g. `es`.
    pub language: String,
    /// Most pictures a second of one camera.
    pub frames_per_second: f64,
    /// Most bytes of one picture.
    pub picture_bytes: usize,
    /// Most connections at a time.
    pub connections: usize,
    /// The folder of the records, where tokens are looked up.
    pub data_dir: PathBuf,
}

/// Where certificates and key are.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificates, PEM, the server's own first.
    pub certificate: PathBuf,
    /// Their private key, PEM.
    pub key: PathBuf,
}

/// A server that runs, for as long as this is kept.
pub struct Server {
    address: SocketAddr,
    is_over: StopFlag,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    /// If it cannot listen there, the certificates are of no use, or there are no records.
    pub fn start(
        settings: Settings,
        host: Arc<dyn Host>,
        frames: Arc<dyn FrameDoor>,
    ) -> Result<Self, ServerError> {
        let is_over = StopFlag::new();
        let open = door::Door::open(settings, host, frames, is_over.clone())?;
        let address = open.address();
        let thread = std::thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || open.keep())
            .map_err(ServerError::Thread)?;
        Ok(Self {
            address,
            is_over,
            thread: Some(thread),
        })
    }

    /// Where it listens; the port that was chosen if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.request();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported when it happened.
            let _ = thread.join();
        }
    }
}
