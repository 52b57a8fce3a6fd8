//! REST interface of a node, for clients and other nodes. `/openapi.json` is generated from this code.
//!
//! | module | contents |
//! |---|---|
//! | `server` | accepts connections; timeouts, graceful shutdown |
//! | `connections`, `metered_stream` | which connection makes room for another; clients that read too slowly |
//! | `auth`, `origin`, `rate_limit` | bearer token; CSRF and DNS-rebinding guards; limits per address and per sender |
//! | `places` | limits per source address: connections, large bodies, downloads, event streams |
//! | `body`, `problem` | request bodies with limits; problem details (RFC 9457) |
//! | `message_checks`, `bans` | checks of calls between nodes, cheap ones first; bans that decay |
//! | `worker_pool` | two threads for signatures and large bodies |
//! | `propose`, `messages`, `queries`, `files`, `events`, `trust` | the handlers |
//! | `peer_logs` | `GET /status?all`: fan-out to all known nodes |
//! | `in_flight` | responses that are still being sent, for graceful shutdown |
//!
//! Handlers decide nothing: they send commands to the host and turn its replies into responses.

mod auth;
mod bans;
mod body;
mod connections;
mod events;
mod files;
mod in_flight;
mod message_checks;
mod messages;
mod metered_stream;
mod origin;
mod peer_logs;
mod places;
mod problem;
mod propose;
mod queries;
mod rate_limit;
mod server;
mod trust;
mod worker_pool;

pub(super) use server::{ServeError, Server};

use super::command::{HostCommand, ReplySender};
use super::config::LiveConfig;
use super::file_store::FileStore;
use super::identity::Identity;
use super::log_hash::CommittedLog;
use super::message_cache::MessageCache;
use super::peer_client::PeerContext;
use super::tls::TlsIdentity;
use crate::node::NodeKey;
use auth::Authorizer;
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use body::BodyReader;
use crossbeam_channel::{Sender, TrySendError};
use message_checks::MessageChecks;
use peer_logs::PeerLogFetcher;
use places::{PlaceLimits, Places};
use problem::ProblemDetails;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{oneshot, watch};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use worker_pool::WorkerPool;

/// The state that all handlers share.
pub(super) struct Api {
    host: HostClient,
    auth: Authorizer,
    body: BodyReader,
    checks: Arc<MessageChecks>,
    workers: Arc<WorkerPool>,
    /// Name of the network, for signatures.
    network: String,
    key: NodeKey,
    /// Signs address proofs.
    identity: Arc<Identity>,
    message_cache: Arc<MessageCache>,
    log: Arc<CommittedLog>,
    files: FileStore,
    peer_logs: PeerLogFetcher,
    connections_max: usize,
    /// Certificate of the REST interface.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "always `None`"))]
    tls: Option<TlsIdentity>,
    /// Downloads of files: half of the connections.
    downloads: Places,
    /// Streams of events: an eighth of the connections.
    event_streams: Places,
    description: OnceLock<utoipa::openapi::OpenApi>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quorumscope node",
        description = "One node of a network that agrees by the Stellar Consensus Protocol: propose notes and files, vote, look at logs. Errors are problem details (RFC 9457)."
    ),
    modifiers(&Token)
)]
struct Description;

/// The security scheme of the bearer token.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

impl Api {
    /// The state of the handlers of one node. `ending` becomes true when the process stops.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn new(
        context: &PeerContext,
        config: &LiveConfig,
        files: FileStore,
        ending: watch::Receiver<bool>,
    ) -> io::Result<Api> {
        let workers = Arc::new(WorkerPool::start()?);
        let body = BodyReader::new(&config.limits, Arc::clone(&workers));
        let connections = config.limits.connections;
        Ok(Api {
            host: HostClient {
                commands: context.host.clone(),
                timeout: body.timeout(),
                ending,
            },
            auth: Authorizer::new(config),
            body,
            checks: Arc::new(MessageChecks::new(context)),
            workers,
            network: context.network.clone(),
            key: context.identity.key(),
            identity: Arc::clone(&context.identity),
            message_cache: Arc::clone(&context.message_cache),
            log: Arc::clone(&context.log),
            files,
            peer_logs: PeerLogFetcher::default(),
            connections_max: connections,
            tls: config.tls.clone(),
            downloads: Places::new(PlaceLimits::shares_of(connections / 2)),
            event_streams: Places::new(PlaceLimits::shares_of(connections / 8)),
            description: OnceLock::new(),
        })
    }
}

/// Sends commands to the host and waits for its replies.
struct HostClient {
    commands: Sender<HostCommand>,
    timeout: Duration,
    ending: watch::Receiver<bool>,
}

impl HostClient {
    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    /// 503 if the queue of commands is full, the reply takes too long, or the node is stopping.
    async fn ask<T>(
        &self,
        command: impl FnOnce(ReplySender<T>) -> HostCommand,
    ) -> Result<T, ProblemDetails> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        match self.wait(answer, self.timeout).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(ProblemDetails::unavailable("the node is stopping")),
            None => Err(ProblemDetails::unavailable(
                "the node is busy, or cannot store anything at present; see /healthz",
            )),
        }
    }

    /// Waits for a reply for at most `timeout`. Stops waiting when the process stops, because commands that are still
    /// queued then are never handled, and their reply channels stay open.
    async fn wait<T>(
        &self,
        mut answer: oneshot::Receiver<T>,
        timeout: Duration,
    ) -> Option<Result<T, TryRecvError>> {
        let mut ending = self.ending.clone();
        tokio::select! {
            biased;
            answered = &mut answer => Some(answered.map_err(|_| TryRecvError::Closed)),
            _ = ending.wait_for(|ending| *ending) => Some(answer.try_recv()),
            () = tokio::time::sleep(timeout) => None,
        }
    }

    fn send(&self, command: HostCommand) -> Result<(), ProblemDetails> {
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                TrySendError::Full(_) => ProblemDetails::unavailable("too many calls are waiting"),
                TrySendError::Disconnected(_) => {
                    ProblemDetails::unavailable("the node is stopping")
                }
            })
    }
}

/// All routes. Their description is stored in `api`.
pub(super) fn router(api: Arc<Api>) -> axum::Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(propose::propose))
        .routes(routes!(messages::vote))
        .routes(routes!(messages::catch_up))
        .routes(routes!(messages::relay))
        .routes(routes!(messages::relay_offer))
        .routes(routes!(queries::status))
        .routes(routes!(queries::peers, messages::deliver_peers))
        .routes(routes!(files::file))
        .routes(routes!(events::events))
        .routes(routes!(trust::edit_trust))
        .routes(routes!(trust::prove_identity))
        .routes(routes!(queries::healthz))
        .routes(routes!(queries::metrics))
        .routes(routes!(openapi))
        .split_for_parts();
    drop(api.description.set(description));
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

/// The OpenAPI description of this interface.
#[utoipa::path(get, path = "/openapi.json", responses((status = OK, description = "OpenAPI", body = Object)))]
async fn openapi(State(api): State<Arc<Api>>) -> Json<utoipa::openapi::OpenApi> {
    Json(api.description.get().cloned().unwrap_or_default())
}

async fn not_found(uri: Uri) -> ProblemDetails {
    let why = format!("no resource at {}; see /openapi.json", uri.path());
    ProblemDetails::new(StatusCode::NOT_FOUND, why)
}

async fn method_not_allowed(method: Method, uri: Uri) -> ProblemDetails {
    let why = format!("{} does not accept {method}; see /openapi.json", uri.path());
    ProblemDetails::new(StatusCode::METHOD_NOT_ALLOWED, why)
}
