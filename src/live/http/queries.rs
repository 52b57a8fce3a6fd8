//! Read-only queries: `GET /status`, `GET /peers`, `GET /healthz`, `GET /metrics`.

use super::Api;
use super::auth::Access;
use super::messages::common_point;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use crate::live::peer_client::QUESTION_HEADER;
use crate::live::status::{PeersView, Status, StatusQuery};
use crate::live::wire::{ReceiptCode, Signed};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::IntoParams;

/// Default number of log entries in a status.
const ENTRIES: u32 = 100;
/// Most log entries in a status.
const ENTRIES_MAX: u32 = 10_000;
/// Most bytes of log entries if `limit` is not given.
const ENTRIES_BYTES: usize = 1 << 20;
/// Most bytes of log entries if `limit` is given.
const ENTRIES_BYTES_MAX: usize = 8 << 20;

/// Parameters of a status query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusParams {
    /// First slot of the log entries; without it, the newest entries. The status contains fewer entries than requested
    /// if more would be too long; request the rest from the next slot on.
    #[param(minimum = 0, format = "uint64")]
    from_slot: Option<u64>,
    /// Most log entries, by default 100. A status contains at most 1 MiB of entries, or about 8 MiB if `limit` is
    /// given, but its first entry may be longer.
    #[param(minimum = 0, maximum = 10_000)]
    limit: Option<u32>,
    /// Also asks all known nodes for their logs: `all`, or `all=true`.
    #[param(value_type = Option<String>, pattern = "^(true|false)?$")]
    all: Option<String>,
}

impl StatusParams {
    /// The same query about the log, for another node.
    fn query(&self) -> String {
        let mut query = Vec::new();
        query.extend(self.from_slot.map(|slot| format!("from_slot={slot}")));
        query.extend(self.limit.map(|limit| format!("limit={limit}")));
        query.join("&")
    }
}

/// The state of the node: slots and phases, log, trusted nodes, quorum set, backups, known nodes.
#[utoipa::path(get, path = "/status", params(StatusParams), responses(
    (status = OK, body = Status),
    ProblemResponses))]
pub(super) async fn status(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    params: Result<Query<StatusParams>, QueryRejection>,
) -> Result<Response, ProblemDetails> {
    api.auth.authorize(Access::Read, from, &headers)?;
    let Query(params) = params.map_err(|error| bad_query(&error))?;
    let limit = params.limit.unwrap_or(ENTRIES);
    if limit > ENTRIES_MAX {
        let why = format!("limit={limit}, expected at most {ENTRIES_MAX}");
        return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
    }
    let query = StatusQuery {
        from_slot: params.from_slot,
        limit: limit as usize,
        bytes: match params.limit {
            Some(_) => ENTRIES_BYTES_MAX,
            None => ENTRIES_BYTES,
        },
    };
    let mut draft = api
        .host
        .ask(|reply| HostCommand::Status(query, reply))
        .await?;
    let asks_all = match params.all.as_deref() {
        None | Some("false") => false,
        Some("" | "true") => true,
        Some(other) => {
            let why = format!("all={other}, expected all, all=true or all=false");
            return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
        }
    };
    if asks_all {
        let nodes = draft.status.nodes.clone();
        let logs = api.peer_logs.logs_of(nodes, params.query()).await?;
        draft.status.all = Some(logs);
    }
    // Serializing megabytes would delay other requests on this thread.
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&draft.finish())).await;
    let Ok(Ok(body)) = written else {
        return Err(ProblemDetails::unavailable(
            "the status could not be serialized",
        ));
    };
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((content_type, body).into_response())
}

pub(super) fn bad_query(error: &QueryRejection) -> ProblemDetails {
    ProblemDetails::new(
        StatusCode::BAD_REQUEST,
        format!("the query: {}", error.body_text()),
    )
}

/// The trusted-node service: which nodes this node knows and trusts, and why.
#[utoipa::path(get, path = "/peers", params(
    ("quorumscope-question" = Option<String>, Header, description = "Between nodes: a signed query as JSON. The answer is then signed, too.")), responses(
    (status = OK, body = PeersView),
    ProblemResponses))]
pub(super) async fn peers(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<PeersView>, ProblemDetails> {
    let Some(question) = headers.get(QUESTION_HEADER) else {
        api.auth.authorize(Access::Read, from, &headers)?;
        return Ok(Json(api.host.ask(HostCommand::Peers).await?));
    };
    let unreadable = |why: String| {
        ProblemDetails::new(
            StatusCode::BAD_REQUEST,
            format!("the header {QUESTION_HEADER}: {why}"),
        )
    };
    api.checks.address(from.ip())?;
    let signed: Signed = serde_json::from_slice(question.as_bytes())
        .map_err(|error| unreadable(error.to_string()))?;
    let (checks, bytes) = (Arc::clone(&api.checks), question.len());
    let check = move || checks.question(from.ip(), signed);
    let checked = api.workers.run(bytes, check).await?;
    let query = checked.map_err(|refused| match refused.verdict {
        ReceiptCode::Busy => ProblemDetails::unavailable(refused.why.unwrap_or_default()),
        _ => unreadable(refused.why.unwrap_or_default()),
    })?;
    let mut peers = match query {
        // A stranger gets what every caller may read.
        None => {
            api.auth.authorize(Access::Read, from, &headers)?;
            api.host.ask(HostCommand::Peers).await?
        }
        Some(query) => {
            let query = Box::new(query);
            let (peers, signed) = api
                .host
                .ask(|reply| HostCommand::PeersQuery(query, reply))
                .await?;
            PeersView { signed, ..peers }
        }
    };
    peers.log.common = common_point(&api, &headers);
    Ok(Json(peers))
}

/// Health check: 204, or 503 with the reason.
#[utoipa::path(get, path = "/healthz", responses(
    (status = NO_CONTENT, description = "The node is healthy."),
    (status = "5XX", body = ProblemDetails, content_type = "application/problem+json")))]
pub(super) async fn healthz(State(api): State<Arc<Api>>) -> Result<StatusCode, ProblemDetails> {
    match api.host.ask(HostCommand::Health).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(trouble) => Err(ProblemDetails::unavailable(trouble)),
    }
}

/// Counters and gauges in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", responses(
    (status = OK, body = String, content_type = "text/plain"),
    (status = "5XX", body = ProblemDetails, content_type = "application/problem+json")))]
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, ProblemDetails> {
    let text = api.host.ask(HostCommand::Metrics).await?;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((content_type, text).into_response())
}
