//! Takes connections in, within limits, and lets them go.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rollcall_protocol::{FrameDoor, Host};
use rollcall_system::stop::StopFlag;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{Instant, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::guests::{Activity, Guests};
use crate::house::{House, Peer};
use crate::problem::Problem;
use crate::tls::{Certificates, LOOK_FOR_RENEWAL};
use crate::{ServerError, Settings, routes};

/// Threads that compute, or wait for the station.
const HANDS: usize = 8;

/// How often it is looked whether the station ends.
const GLANCE: Duration = Duration::from_millis(50);

/// For a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// For a head to arrive, and for a connection to be idle.
const HEAD: Duration = Duration::from_secs(30);

/// For a request to arrive and be answered, as far as its first byte.
const REQUEST: Duration = Duration::from_secs(60);

/// Who takes nothing of an answer for so long is cut off.
const TAKE: Duration = Duration::from_secs(20);

/// Bytes of a head.
const HEAD_BYTES: usize = 32 << 10;

/// Lines of a head.
const HEAD_LINES: usize = 64;

/// For a machine without descriptors left: it is tried again, not at full speed.
const BREATH: Duration = Duration::from_millis(100);

/// For what is being answered when the station ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// A door that is open and not kept yet.
pub(crate) struct Door {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    certificates: Option<(Arc<Certificates>, TlsAcceptor)>,
    router: Router,
    guests: Guests,
    is_over: StopFlag,
}

impl Door {
    pub(crate) fn open(
        settings: Settings,
        host: Arc<dyn Host>,
        frames: Arc<dyn FrameDoor>,
        is_over: StopFlag,
    ) -> Result<Self, ServerError> {
        let certificates = match settings.tls.clone() {
            Some(files) => {
                let certificates = Certificates::read(files)?;
                let acceptor = certificates.acceptor()?;
                Some((certificates, acceptor))
            }
            None => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(HANDS)
            .thread_name("server-hand")
            .build()
            .map_err(ServerError::Runtime)?;
        let refused = |source| ServerError::Listen {
            address: settings.listen,
            source,
        };
        let listener = runtime
            .block_on(TcpListener::bind(settings.listen))
            .map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let guests = Guests::new(settings.connections);
        let house = Arc::new(House::new(settings, (host, frames), guests.clone())?);
        Ok(Self {
            runtime,
            listener,
            address,
            certificates,
            router: routes::of(house),
            guests,
            is_over,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the end.
    pub(crate) fn keep(self) {
        let Self {
            runtime,
            listener,
            certificates,
            router,
            guests,
            is_over,
            ..
        } = self;
        runtime.block_on(async {
            let mut glance = interval(GLANCE);
            let mut renewed = Instant::now();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let acceptor = certificates.as_ref().map(|(_, acceptor)| acceptor);
                        take_in(accepted, acceptor, &router, &guests).await;
                    }
                    _ = glance.tick() => {
                        if is_over.is_requested() {
                            break;
                        }
                        if let Some((certificates, _)) = &certificates
                            && renewed.elapsed() >= LOOK_FOR_RENEWAL
                        {
                            certificates.renew();
                            renewed = Instant::now();
                        }
                    }
                }
            }
            drop(listener);
            see_off(&guests).await;
        });
        runtime.shutdown_timeout(FAREWELL);
    }
}

/// Lets those go who are being answered.
async fn see_off(guests: &Guests) {
    let end = Instant::now() + FAREWELL;
    while guests.busy() > 0 && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn take_in(
    accepted: io::Result<(TcpStream, SocketAddr)>,
    acceptor: Option<&TlsAcceptor>,
    router: &Router,
    guests: &Guests,
) {
    let (stream, address) = match accepted {
        Ok(accepted) => accepted,
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
        Err(error) => {
            tracing::warn!(%error, "nobody can connect at the moment");
            return tokio::time::sleep(BREATH).await;
        }
    };
    let Some(place) = guests.enter(address.ip()) else {
        // Closed without a word: to say one would take what is short.
        tracing::warn!("a connection was refused: every place is busy");
        return;
    };
    // Small answers at once; a stream that does not know of it does without.
    let _ = stream.set_nodelay(true);
    let (number, acceptor, router) = (place.number(), acceptor.cloned(), router.clone());
    let task = tokio::spawn(async move {
        let activity = place.activity.clone();
        let served = (router, Peer(address.ip()), activity);
        match acceptor {
            None => serve(stream, served).await,
            Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => serve(stream, served).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => {}
            },
        }
        drop(place);
    });
    guests.seated(number, task.abort_handle());
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    (router, peer, activity): (Router, Peer, Activity),
) {
    let stream = TokioIo::new(crate::slow::Impatient::new(stream, TAKE));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, activity) = (router.clone(), activity.clone());
        async move {
            let busy = activity.begin();
            let response = answer(router, request.map(Body::new), peer).await;
            // A stream of events is no longer busy: it gives way to those who ask.
            drop(busy);
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_LINES)
        .serve_connection(stream, service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(mut router: Router, mut request: Request, peer: Peer) -> Response {
    request.extensions_mut().insert(peer);
    match timeout(REQUEST, router.call(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => Problem::too_slow().into_response(),
    }
}
