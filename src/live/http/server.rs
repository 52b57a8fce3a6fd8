//! HTTP server on one thread (`qs-http`): limits on connections, timeouts for slow clients, graceful shutdown, TLS.

use super::connections::{Connection, Connections};
use super::in_flight::InFlight;
use super::metered_stream::MeteredStream;
use super::places::PlaceLimits;
use super::problem::ProblemDetails;
use super::{Api, router};
#[cfg(feature = "tls")]
use crate::live::clock::deadline_after;
#[cfg(feature = "tls")]
use crate::live::tls::{TlsIdentity, is_handshake};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
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
use tokio::io::{AsyncRead, AsyncWrite};
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
    let state = ServerState {
        router: router(Arc::clone(&api)),
        timeout: api.body.timeout(),
        ending: ending.clone(),
        #[cfg(feature = "tls")]
        tls: api.tls.clone(),
    };
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
        let (state, place) = (state.clone(), Arc::new(place));
        connections.spawn(async move {
            tokio::select! {
                () = serve(stream, from, Arc::clone(&place), state) => {}
                () = place.displaced() => {}
            }
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await);
}

/// What all connections share.
#[derive(Clone)]
struct ServerState {
    router: axum::Router,
    /// Time limit for the headers of a request.
    timeout: Duration,
    ending: watch::Receiver<bool>,
    #[cfg(feature = "tls")]
    tls: Option<TlsIdentity>,
}

async fn serve(stream: TcpStream, from: SocketAddr, place: Arc<Connection>, state: ServerState) {
    // The operating system closes a connection whose data is not acknowledged in time. A client whose system
    // acknowledges data, but that does not read it, is recognized by `MeteredStream`.
    let blocked_max = state.timeout.saturating_mul(SLOW_READER_TIMEOUTS);
    let socket = SockRef::from(&stream);
    drop(socket.set_tcp_nodelay(true));
    #[cfg(target_os = "linux")]
    {
        drop(socket.set_tcp_user_timeout(Some(blocked_max)));
        drop(socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX));
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = state.tls.clone() {
        return serve_with_tls(&tls, stream, blocked_max, from, place, state).await;
    }
    let stream = MeteredStream::new(stream, blocked_max);
    serve_requests(stream, from, place, state, TokenUse::Allowed).await;
}

/// Serves TLS or plain HTTP, whichever the client begins. Errors of a handshake concern its client only.
#[cfg(feature = "tls")]
async fn serve_with_tls(
    tls: &TlsIdentity,
    stream: TcpStream,
    blocked_max: Duration,
    from: SocketAddr,
    place: Arc<Connection>,
    state: ServerState,
) {
    let deadline = deadline_after(state.timeout).into();
    let mut ending = state.ending.clone();
    let first = tokio::time::timeout_at(deadline, is_handshake(&stream));
    let first = tokio::select! {
        first = first => first,
        _ = ending.wait_for(|ending| *ending) => return,
    };
    match first {
        Ok(Ok(true)) => {
            let stream = MeteredStream::new(stream, blocked_max);
            let handshake = tokio::time::timeout_at(deadline, tls.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                serve_requests(stream, from, place, state, TokenUse::Allowed).await;
            }
        }
        Ok(Ok(false)) => {
            let stream = MeteredStream::new(stream, blocked_max);
            let token_use = TokenUse::in_clear(from);
            serve_requests(stream, from, place, state, token_use).await;
        }
        Ok(Err(_)) | Err(_) => {}
    }
}

/// Whether requests of a connection may carry a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenUse {
    Allowed,
    /// The token would be readable in the network although the node has a certificate.
    NeedsTls,
}

impl TokenUse {
    /// The rule for a connection without TLS at a node with a certificate.
    #[cfg(feature = "tls")]
    fn in_clear(from: SocketAddr) -> TokenUse {
        match from.ip().to_canonical().is_loopback() {
            true => TokenUse::Allowed,
            false => TokenUse::NeedsTls,
        }
    }

    fn forbids<B>(self, request: &Request<B>) -> bool {
        self == TokenUse::NeedsTls && request.headers().contains_key(header::AUTHORIZATION)
    }
}

fn token_in_clear() -> Response {
    let why = "the token was sent without TLS, so others may have read it: replace it, and call https:// instead of http://";
    ProblemDetails::new(StatusCode::FORBIDDEN, why).into_response()
}

async fn serve_requests(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    from: SocketAddr,
    place: Arc<Connection>,
    state: ServerState,
    token_use: TokenUse,
) {
    let ServerState {
        router,
        timeout,
        mut ending,
        ..
    } = state;
    let in_flight = InFlight::new(place);
    let service = service_fn(|request: Request<Incoming>| {
        let (router, guard) = (router.clone(), in_flight.begin());
        let mut request = request.map(|body| Body::new(in_flight.request_body(body)));
        async move {
            if token_use.forbids(&request) {
                return Ok(guard.attach(token_in_clear()));
            }
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

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn a_token_from_another_machine_needs_tls() {
        let of = |address: &str| TokenUse::in_clear(address.parse().unwrap());
        assert_eq!(of("127.0.0.1:9"), TokenUse::Allowed);
        assert_eq!(of("[::ffff:127.0.0.1]:9"), TokenUse::Allowed);
        let remote = of("192.0.2.1:9");
        assert_eq!(remote, TokenUse::NeedsTls);
        let with_token = Request::builder().header(header::AUTHORIZATION, "Bearer x");
        assert!(remote.forbids(&with_token.body(()).unwrap()));
        assert!(!remote.forbids(&Request::new(())), "calls of other nodes");
    }
}
