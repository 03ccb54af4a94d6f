//! What the section `[server]` means: whether and where the station listens.
//!
//! Invariant: nothing but loopback is listened at in clear, unless somebody has written that
//! it shall be.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};

/// Serving over HTTP: cameras elsewhere, and programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port; empty for nowhere.
    pub listen: String,
    /// File of the certificates, PEM; a relative path is inside the data folder.
    pub certificate: String,
    /// File of their private key, PEM.
    pub key: String,
    /// Whether other addresses than loopback may be listened at without TLS.
    pub allow_plain_http: bool,
    /// Whether clients of the service that Rollcall replaces may post frames without a token.
    pub compatible_client: bool,
    /// The addresses, besides loopback, from which those may come.
    pub compatible_from: Vec<String>,
    /// Most pictures a second that one camera may send.
    pub frames_per_second: f64,
    /// Most kilobytes of one picture.
    pub picture_kilobytes: u32,
    /// Most connections at a time.
    pub connections: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: String::new(),
            certificate: String::new(),
            key: String::new(),
            allow_plain_http: false,
            compatible_client: false,
            compatible_from: Vec::new(),
            frames_per_second: 10.0,
            picture_kilobytes: 4096,
            connections: 256,
        }
    }
}

impl ServerConfig {
    /// Where it listens, if anywhere. What is refused by the checks counts as nowhere.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Whether it speaks TLS.
    pub fn is_encrypted(&self) -> bool {
        !self.certificate.is_empty()
    }

    /// The addresses from which clients without a token may come, besides loopback.
    pub fn trusted(&self) -> Vec<IpAddr> {
        let addresses = self.compatible_from.iter();
        addresses.filter_map(|text| text.parse().ok()).collect()
    }
}

impl Config {
    /// Checks the settings of this file.
    pub(super) fn validate_server(
        &self,
        check: impl Fn(bool, &'static str, String, &'static str) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let server = &self.server;
        check(
            server.listen.is_empty() || server.address().is_some(),
            "server.listen",
            format!("{:?}", server.listen),
            "an address and a port, such as \"127.0.0.1:4000\" or \"[::]:4000\", or \"\" for nowhere",
        )?;
        check(
            server.certificate.is_empty() == server.key.is_empty(),
            "server.certificate",
            format!("{:?}", server.certificate),
            "TLS needs both server.certificate and server.key; leave both empty for none",
        )?;
        let is_local = server.address().is_none_or(|at| at.ip().is_loopback());
        check(
            is_local || server.is_encrypted() || server.allow_plain_http,
            "server.listen",
            format!("{:?}", server.listen),
            "an address of this machine alone (127.0.0.1 or [::1]) as long as there is no TLS; \
             name server.certificate and server.key, or set server.allow_plain_http = true where \
             nobody else is on the network",
        )?;
        check(
            server.trusted().len() == server.compatible_from.len(),
            "server.compatible_from",
            format!("{:?}", server.compatible_from),
            "addresses such as \"192.0.2.7\", without ports",
        )?;
        check(
            (0.1..=60.0).contains(&server.frames_per_second),
            "server.frames_per_second",
            server.frames_per_second.to_string(),
            "from 0.1 to 60",
        )?;
        check(
            (64..=65_536).contains(&server.picture_kilobytes),
            "server.picture_kilobytes",
            server.picture_kilobytes.to_string(),
            "from 64 to 65536",
        )?;
        check(
            (8..=4096).contains(&server.connections),
            "server.connections",
            server.connections.to_string(),
            "from 8 to 4096",
        )
    }
}
