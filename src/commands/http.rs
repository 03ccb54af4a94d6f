//! The server beside a station, as the configuration wants it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::config::Config;
use crate::runtime::Running;
use crate::server::{Server, Settings, TlsFiles};

/// Serves over HTTP, if that is configured. A station that cannot serve as it should does not
/// start: cameras elsewhere would be dark, and nobody would know.
pub(super) fn serve(config: &Config, data_dir: &Path, running: &Running) -> Result<Option<Server>> {
    let Some(settings) = settings(config, data_dir) else {
        return Ok(None);
    };
    let host = Arc::new(running.hub().clone());
    let server = Server::start(settings, Arc::clone(&host) as _, host)?;
    tracing::info!(address = %server.address(), "serving over HTTP");
    Ok(Some(server))
}

fn settings(config: &Config, data_dir: &Path) -> Option<Settings> {
    let server = &config.server;
    Some(Settings {
        listen: server.address()?,
        // `join` takes an absolute path as it is.
        tls: server.is_encrypted().then(|| TlsFiles {
            certificate: data_dir.join(&server.certificate),
            key: data_dir.join(&server.key),
        }),
        compatible: server.compatible_client.then(|| server.trusted()),
        language: config.dashboard.language.clone(),
        frames_per_second: server.frames_per_second,
        picture_bytes: server.picture_kilobytes as usize * 1024,
        connections: server.connections,
        data_dir: data_dir.to_path_buf(),
    })
}
