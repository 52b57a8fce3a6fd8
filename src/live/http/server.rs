//! HTTP server on one thread (`qs-http`): limits on connections, timeouts for slow clients, graceful shutdown.

use super::connections::{Connection, Connections};
use super::in_flight::InFlight;
use super::metered_stream::MeteredStream;
use super::places::PlaceLimits;
use super::{Api, router};
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Time for open requests when the process stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Time for closing an idle connection when the process stops.
const IDLE_CLOSE_TIMEOUT: Duration = Duration::from_millis(50);

/// How many times the timeout of a request a client may block the sending of responses.
const SLOW_READER_TIMEOUTS: u32 = 3;

/// Bytes of a response that the operating system accepts before it sends them. With more, it would not be visible how
/// fast a client reads.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 128 << 10;

/// Why the HTTP server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be bound.
    #[error("{address}: {source}; choose another address or port for --http")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The operating system starts no thread or runtime.
    #[error("the server could not be started: {0}")]
    Start(io::Error),
}

/// A bound socket that does not serve yet.
pub(crate) struct Server {
    listener: StdListener,
    address: SocketAddr,
}

impl Server {
    /// Binds the address.
    ///
    /// # Errors
    /// If it is in use, or not an address of this machine.
    pub(crate) fn bind(address: SocketAddr) -> Result<Server, ServeError> {
        let failed = |source| ServeError::Bind { address, source };
        let listener = StdListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Server { listener, address })
    }

    /// The address, with the port that the operating system has chosen.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves on a separate thread until `ending` becomes true. Open requests then have two more seconds.
    ///
    /// # Errors
    /// If no runtime or thread can be started.
    pub(crate) fn serve(
        self,
        api: Arc<Api>,
        ending: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(16)
            .build()
            .map_err(ServeError::Start)?;
        thread::Builder::new()
            .name("qs-http".to_owned())
            .spawn(move || {
                runtime.block_on(accept(self.listener, api, ending));
                runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            })
            .map_err(ServeError::Start)
    }
}

async fn accept(listener: StdListener, api: Arc<Api>, mut ending: watch::Receiver<bool>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the HTTP server cannot accept connections"),
    };
    let places = Connections::new(PlaceLimits::shares_of(api.connections_max));
    let router = router(Arc::clone(&api));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ending.wait_for(|ending| *ending) => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // For example, too many files are open. A moment later, fewer may be open.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Without a place, the connection is closed immediately, and clients try again.
        let Some(place) = places.open(from.ip()) else {
            continue;
        };
        let (router, ending, timeout) = (router.clone(), ending.clone(), api.body.timeout());
        let place = Arc::new(place);
        connections.spawn(async move {
            tokio::select! {
                () = serve(stream, from, Arc::clone(&place), router, timeout, ending) => {}
                () = place.displaced() => {}
            }
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await);
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    place: Arc<Connection>,
    router: axum::Router,
    timeout: Duration,
    mut ending: watch::Receiver<bool>,
) {
    // The operating system closes a connection whose data is not acknowledged in time. A client whose system
    // acknowledges data, but that does not read it, is recognized by `MeteredStream`.
    let socket = SockRef::from(&stream);
    drop(socket.set_tcp_nodelay(true));
    #[cfg(target_os = "linux")]
    {
        drop(socket.set_tcp_user_timeout(Some(SLOW_READER_TIMEOUTS * timeout)));
        drop(socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX));
    }
    let stream = MeteredStream::new(stream, SLOW_READER_TIMEOUTS * timeout);
    let in_flight = InFlight::new(place);
    let service = service_fn(|request: Request<Incoming>| {
        let (router, guard) = (router.clone(), in_flight.begin());
        let mut request = request.map(|body| Body::new(in_flight.request_body(body)));
        async move {
            request.extensions_mut().insert(ConnectInfo(from));
            router
                .oneshot(request)
                .await
                .map(|response| guard.attach(response))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // Errors of a connection concern its client only.
        ended = connection.as_mut() => return drop(ended),
        _ = ending.wait_for(|ending| *ending) => connection.as_mut().graceful_shutdown(),
    }
    if !in_flight.is_any() {
        // No response is in flight, so only buffered bytes are left to write.
        return drop(tokio::time::timeout(IDLE_CLOSE_TIMEOUT, connection).await);
    }
    drop(connection.await);
}
