//! REST: what people, programs and other nodes ask of a node. Documented at `/openapi.json`, which is made from this code.
//!
//! Absent here: deciding anything. Calls become commands to the thread of the node; its answers become responses.

mod auth;
mod events;
mod files;
mod in_flight;
mod messages;
mod peer_logs;
mod problem;
mod propose;
mod queries;
mod server;

pub(super) use server::{ServeError, Server};

use super::command::{HostCommand, ReplySender};
use super::config::LiveConfig;
use super::file_store::FileStore;
use super::message_cache::MessageCache;
use crate::node::NodeKey;
use auth::TokenBuckets;
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use crossbeam_channel::{Sender, TrySendError};
use peer_logs::PeerLogFetcher;
use problem::ProblemDetails;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{oneshot, watch};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What all handlers share.
pub(super) struct Api {
    /// The thread of the node.
    pub host: Sender<HostCommand>,
    /// What the process was told.
    pub config: Arc<LiveConfig>,
    /// The node's own key.
    pub key: NodeKey,
    /// What has come from others.
    pub seen: Arc<MessageCache>,
    /// The files.
    pub files: FileStore,
    /// True when everything ends.
    pub ending: watch::Receiver<bool>,
    buckets: TokenBuckets,
    peer_logs: PeerLogFetcher,
    description: std::sync::OnceLock<utoipa::openapi::OpenApi>,
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

/// How a person shows the token of the node, where it has one.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

impl Api {
    /// What handlers share.
    #[must_use]
    pub(super) fn new(
        host: Sender<HostCommand>,
        config: Arc<LiveConfig>,
        key: NodeKey,
        seen: Arc<MessageCache>,
        files: FileStore,
        ending: watch::Receiver<bool>,
    ) -> Api {
        Api {
            host,
            config,
            key,
            seen,
            files,
            ending,
            buckets: TokenBuckets::default(),
            peer_logs: PeerLogFetcher::default(),
            description: std::sync::OnceLock::new(),
        }
    }

    /// Asks the thread of the node.
    async fn ask<T>(
        &self,
        command: impl FnOnce(ReplySender<T>) -> HostCommand,
    ) -> Result<T, ProblemDetails> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply))?;
        match self.answer(answer, self.request_timeout()).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(ProblemDetails::unavailable("the node is stopping")),
            None => Err(ProblemDetails::unavailable(
                "the node is busy, or cannot store anything at present; see /healthz",
            )),
        }
    }

    /// What the thread of the node answers within `timeout`. When it has ended nobody will: what is still in its queue
    /// lies there as long as anybody could send to it, and so an answer could be waited for in vain.
    async fn answer<T>(
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

    fn tell(&self, command: HostCommand) -> Result<(), ProblemDetails> {
        self.host.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => ProblemDetails::unavailable("too many calls are waiting"),
            TrySendError::Disconnected(_) => ProblemDetails::unavailable("the node is stopping"),
        })
    }
}

/// All routes, and their description.
pub(super) fn router(api: Arc<Api>) -> axum::Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(propose::propose))
        .routes(routes!(messages::vote))
        .routes(routes!(messages::catch_up))
        .routes(routes!(messages::relay))
        .routes(routes!(messages::relay_offer))
        .routes(routes!(queries::status))
        .routes(routes!(queries::peers, messages::tell_peers))
        .routes(routes!(files::file))
        .routes(routes!(events::events))
        .routes(routes!(queries::healthz))
        .routes(routes!(queries::metrics))
        .routes(routes!(openapi))
        .split_for_parts();
    drop(api.description.set(description));
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", responses((status = OK, description = "OpenAPI", body = Object)))]
async fn openapi(State(api): State<Arc<Api>>) -> Json<utoipa::openapi::OpenApi> {
    Json(api.description.get().cloned().unwrap_or_default())
}

async fn nothing_here(uri: Uri) -> ProblemDetails {
    let why = format!("there is nothing at {}; see /openapi.json", uri.path());
    ProblemDetails::new(StatusCode::NOT_FOUND, why)
}

async fn not_so(method: Method, uri: Uri) -> ProblemDetails {
    let why = format!("{method} is not for {}; see /openapi.json", uri.path());
    ProblemDetails::new(StatusCode::METHOD_NOT_ALLOWED, why)
}
