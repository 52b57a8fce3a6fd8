//! What anybody may ask: how the node is, whom it knows, whether it is well, its figures.

use super::Api;
use super::auth::Access;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use crate::live::peer_client::QUESTION_HEADER;
use crate::live::status::{PeersView, Status, StatusQuery};
use crate::live::wire::{Signed, VerifiedMessage};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::IntoParams;

/// Entries of a log that are shown if nobody says how many.
const ENTRIES: u32 = 100;
/// Entries of a log that are shown at most.
const ENTRIES_MAX: u32 = 10_000;
/// Bytes of entries that are shown if nobody says how many entries.
const ENTRIES_BYTES: usize = 1 << 20;
/// Bytes of entries that are shown at most.
const ENTRIES_BYTES_MAX: usize = 8 << 20;

/// What of the status is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusParams {
    /// First slot of the log that is shown; without it the newest entries are. Fewer entries than asked for are shown if
    /// more would be too long: what is missing comes with another call, from the next slot on.
    #[param(minimum = 0, format = "uint64")]
    from_slot: Option<u64>,
    /// How many entries of the log are shown at most, and of them about 8 MiB; if nothing is said, 100 and 1 MiB. One is
    /// always shown, however long.
    #[param(minimum = 0, maximum = 10_000)]
    limit: Option<u32>,
    /// Asks all known nodes for their logs, too: `all`, or `all=true`.
    #[param(value_type = Option<String>, pattern = "^(true|false)?$")]
    all: Option<String>,
}

impl StatusParams {
    /// The same question about the log, for another node.
    fn query(&self) -> String {
        let mut query = Vec::new();
        query.extend(self.from_slot.map(|slot| format!("from_slot={slot}")));
        query.extend(self.limit.map(|limit| format!("limit={limit}")));
        query.join("&")
    }
}

/// How the node is: its slot and phase, its log, whom it trusts, its quorum set, its backups, everybody it knows.
#[utoipa::path(get, path = "/status", params(StatusParams), responses(
    (status = OK, body = Status),
    ProblemResponses))]
pub(super) async fn status(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    params: Result<Query<StatusParams>, QueryRejection>,
) -> Result<Response, ProblemDetails> {
    api.authorize(Access::Read, from, &headers)?;
    let Query(params) = params.map_err(|error| bad_query(&error))?;
    let limit = params.limit.unwrap_or(ENTRIES);
    if limit > ENTRIES_MAX {
        let why = format!("limit={limit}, expected at most {ENTRIES_MAX}");
        return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
    }
    let question = StatusQuery {
        from_slot: params.from_slot,
        limit: limit as usize,
        bytes: match params.limit {
            Some(_) => ENTRIES_BYTES_MAX,
            None => ENTRIES_BYTES,
        },
    };
    let mut draft = api
        .ask(|reply| HostCommand::Status(question, reply))
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
    // Megabytes take their time to write, and other calls do not wait for that.
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&draft.finish())).await;
    let Ok(Ok(body)) = written else {
        return Err(ProblemDetails::unavailable(
            "the status could not be written",
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

/// The trusted-node service: whom this node has found and trusts, and why.
#[utoipa::path(get, path = "/peers", params(
    ("quorumscope-question" = Option<String>, Header, description = "Between nodes: a signed question, as JSON; the answer is then signed, too.")), responses(
    (status = OK, body = PeersView),
    ProblemResponses))]
pub(super) async fn peers(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<PeersView>, ProblemDetails> {
    let Some(question) = headers.get(QUESTION_HEADER) else {
        api.authorize(Access::Read, from, &headers)?;
        return Ok(Json(api.ask(HostCommand::Peers).await?));
    };
    let unreadable = |why: String| {
        ProblemDetails::new(
            StatusCode::BAD_REQUEST,
            format!("the header {QUESTION_HEADER}: {why}"),
        )
    };
    let signed: Signed = serde_json::from_slice(question.as_bytes())
        .map_err(|error| unreadable(error.to_string()))?;
    let opened = VerifiedMessage::open(signed, &api.config.network)
        .map_err(|error| unreadable(error.to_string()))?;
    let opened = Box::new(opened);
    let (mut peers, signed) = api
        .ask(|reply| HostCommand::PeersQuery(opened, reply))
        .await?;
    peers.signed = signed;
    Ok(Json(peers))
}

/// Whether the node is well: 204, or 503 and what is wrong.
#[utoipa::path(get, path = "/healthz", responses(
    (status = NO_CONTENT, description = "The node is well."),
    (status = "5XX", body = ProblemDetails, content_type = "application/problem+json")))]
pub(super) async fn healthz(State(api): State<Arc<Api>>) -> Result<StatusCode, ProblemDetails> {
    match api.ask(HostCommand::Health).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(trouble) => Err(ProblemDetails::unavailable(format!(
            "nothing leaves this node until it can store again: {trouble}"
        ))),
    }
}

/// Counters and gauges in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", responses(
    (status = OK, body = String, content_type = "text/plain"),
    (status = "5XX", body = ProblemDetails, content_type = "application/problem+json")))]
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, ProblemDetails> {
    let text = api.ask(HostCommand::Metrics).await?;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((content_type, text).into_response())
}
