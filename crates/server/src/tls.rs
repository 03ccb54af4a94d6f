//! TLS by files, which are read again when they have been renewed.
//!
//! Invariant: files that cannot be used change nothing; the certificates in use stay, and the
//! log says why.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rollcall_system::read_bounded;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::{ServerError, TlsFiles};

/// Longest file of certificates.
const MOST_BYTES: u64 = 1 << 20;

/// How often it is looked whether the files are others.
pub(crate) const LOOK_FOR_RENEWAL: Duration = Duration::from_secs(10);

/// The certificates in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    present: RwLock<Arc<CertifiedKey>>,
    /// What the files looked like when they were read.
    seen: std::sync::Mutex<Stamp>,
}

/// Time and length of both files.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificates {
    /// Reads the files.
    pub(crate) fn read(files: TlsFiles) -> Result<Arc<Self>, ServerError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let seen = stamp(&files);
        let present = RwLock::new(Arc::new(load(&files, &provider)?));
        Ok(Arc::new(Self {
            files,
            provider,
            present,
            seen: std::sync::Mutex::new(seen),
        }))
    }

    /// What takes connections in with them.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, ServerError> {
        let refused = |reason: rustls::Error| self.refused(&reason);
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again if they have changed.
    pub(crate) fn renew(&self) {
        let now = stamp(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        match load(&self.files, &self.provider) {
            Ok(renewed) => {
                let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
                *present = Arc::new(renewed);
                tracing::info!("the renewed certificates are in use");
            }
            Err(error) => {
                tracing::warn!(%error, "the changed certificates are not in use");
            }
        }
    }

    fn refused(&self, reason: &rustls::Error) -> ServerError {
        refused(&self.files, reason)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&present))
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn load(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, ServerError> {
    let bytes = read(&files.certificate)?;
    let chain = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unreadable(&files.certificate, &error))?;
    if chain.is_empty() {
        let none = "there is no certificate in it";
        return Err(unreadable(&files.certificate, &none));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|error| unreadable(&files.key, &error))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|reason| refused(files, &reason))
}

fn read(path: &Path) -> Result<Vec<u8>, ServerError> {
    read_bounded::file(path, MOST_BYTES).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> ServerError {
    ServerError::TlsFile {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn refused(files: &TlsFiles, reason: &rustls::Error) -> ServerError {
    ServerError::Tls {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        reason: reason.to_string(),
    }
}
