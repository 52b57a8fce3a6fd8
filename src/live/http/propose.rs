//! `POST /propose`: notes and files of clients, and signed proposals of nodes.

use super::Api;
use super::auth::Access;
use super::body::media_type;
use super::messages::deliver_messages;
use super::problem::{ProblemDetails, ProblemResponses};
use super::queries::bad_query;
use crate::live::command::{HostCommand, ProposalOutcome, ProposeError};
use crate::live::file_store::{FileStore, FilesError};
use crate::live::peer_client::MessageEndpoint;
use crate::live::status::{FileView, ProposalView};
use crate::live::wire::{Receipts, Signed};
use crate::node::{Content, FileInfo, ProposalId, ProposalRefusal};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Longest wait for a decision, in milliseconds.
const WAIT_MS_MAX: u64 = 600_000;

/// Lowest average rate of an upload that is accepted.
const UPLOAD_BYTES_PER_SECOND: u64 = 1_024;

/// The proposal: exactly one of the fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeBody {
    /// A short text, 1 to 1,000 bytes without control characters.
    #[schema(nullable = false)]
    note: Option<String>,
    /// The name of a file in the node's files folder.
    #[schema(nullable = false)]
    file: Option<String>,
    /// Between nodes: signed proposals.
    #[schema(nullable = false)]
    messages: Option<Vec<Signed>>,
}

/// Parameters of a proposal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProposeParams {
    /// Name of the file that is the body.
    file: Option<String>,
    /// Longest time to wait until the proposal is decided or expires, in milliseconds.
    #[param(minimum = 0, maximum = 600_000)]
    wait_ms: Option<u64>,
}

/// The state of a proposal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalStatus {
    /// The proposal, with its id.
    proposal: ProposalView,
    /// `pending`, `agreed` or `rejected`.
    state: &'static str,
    /// The slot in which it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<u64>,
}

/// The response to a proposal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ProposeReply {
    /// For clients.
    ProposalStatus(Box<ProposalStatus>),
    /// For nodes.
    Receipts(Receipts),
}

/// Proposes a note (`{"note": "tea"}`), a file of the node's folder (`{"file": "photo.jpg"}`), or, with `?file=NAME`,
/// the file that is the body, which must arrive with at least 1,024 bytes in a second on average after the first seconds.
/// The node answers when the proposal is durable. Other nodes send `{"messages": [..]}` and get receipts.
#[utoipa::path(post, path = "/propose", params(ProposeParams), security((), ("token" = [])),
    request_body(content((ProposeBody = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses(
    (status = OK, description = "Decided while you waited; for nodes: receipts.", body = ProposeReply),
    (status = ACCEPTED, description = "The proposal is durable and not decided yet.", body = ProposalStatus),
    ProblemResponses))]
pub(super) async fn propose(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    params: Result<Query<ProposeParams>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemDetails> {
    let Query(params) = params.map_err(|error| bad_query(&error))?;
    if params.wait_ms.is_some_and(|wait_ms| wait_ms > WAIT_MS_MAX) {
        let why = format!("wait_ms: expected at most {WAIT_MS_MAX}");
        return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
    }
    let content = match &params.file {
        Some(_) if media_type(&headers) == Some("application/json") => {
            let why = "with ?file=NAME the body is that file; expected application/octet-stream";
            return Err(ProblemDetails::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        Some(name) => {
            api.auth.authorize(Access::Write, from, &headers)?;
            Content::File(upload(&api, name, body).await?)
        }
        None if media_type(&headers) == Some("application/octet-stream") => {
            let why = "expected ?file=NAME with the name of the file that is the body";
            return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
        }
        None => match api
            .body
            .json::<ProposeBody>(from.ip(), &headers, body)
            .await?
            .request()?
        {
            ProposeRequest::Messages(messages) => {
                let Json(receipts) =
                    deliver_messages(&api, from, &headers, messages, MessageEndpoint::Propose)
                        .await?;
                return Ok(Json(ProposeReply::Receipts(receipts)).into_response());
            }
            ProposeRequest::Note(text) => {
                api.auth.authorize(Access::Write, from, &headers)?;
                Content::Note(text)
            }
            ProposeRequest::File(name) => {
                api.auth.authorize(Access::Write, from, &headers)?;
                Content::File(describe(&api, name).await?)
            }
        },
    };
    let id = api
        .host
        .ask(|reply| HostCommand::Propose(content.clone(), reply))
        .await?
        .map_err(|error| propose_problem(&error))?;
    let wait = Duration::from_millis(params.wait_ms.unwrap_or(0));
    let outcome = outcome_of(&api, id, wait).await;
    Ok(respond(id, &content, outcome))
}

enum ProposeRequest {
    Note(String),
    File(String),
    Messages(Vec<Signed>),
}

impl ProposeBody {
    fn request(self) -> Result<ProposeRequest, ProblemDetails> {
        match (self.note, self.file, self.messages) {
            (Some(text), None, None) => Ok(ProposeRequest::Note(text)),
            (None, Some(name), None) => Ok(ProposeRequest::File(name)),
            (None, None, Some(messages)) => Ok(ProposeRequest::Messages(messages)),
            _ => Err(ProblemDetails::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "expected exactly one of note, file and messages",
            )),
        }
    }
}

/// Waits for the outcome of a proposal for at most `wait`.
async fn outcome_of(api: &Api, id: ProposalId, wait: Duration) -> Option<ProposalOutcome> {
    if wait.is_zero() {
        return None;
    }
    let (reply, answer) = tokio::sync::oneshot::channel();
    api.host.send(HostCommand::AwaitDecision(id, reply)).ok()?;
    api.host.wait(answer, wait).await?.ok()
}

/// Stores the body as a file with this name.
async fn upload(api: &Api, name: &str, body: Body) -> Result<FileInfo, ProblemDetails> {
    let (files, name) = (api.files.clone(), name.to_owned());
    let mut file = blocking(move || files.receive(&name)).await?;
    let mut stream = body.into_data_stream();
    let began = tokio::time::Instant::now();
    let timeout = api.body.timeout();
    loop {
        let next = tokio::time::timeout(timeout, stream.next()).await;
        if is_too_slow(file.received_bytes(), began.elapsed(), timeout) {
            let why = format!(
                "the file arrives with less than {UPLOAD_BYTES_PER_SECOND} bytes in a second"
            );
            return Err(ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, why));
        }
        match next {
            Err(_) => return Err(api.body.timed_out()),
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                return Err(ProblemDetails::new(
                    StatusCode::BAD_REQUEST,
                    error.to_string(),
                ));
            }
            Ok(Some(Ok(chunk))) => {
                file = blocking(move || file.write(&chunk).map(|()| file)).await?;
            }
        }
    }
    Ok(blocking(move || file.finish()).await?.file)
}

/// Describes a file in the folder of the node.
async fn describe(api: &Api, name: String) -> Result<FileInfo, ProblemDetails> {
    let files: FileStore = api.files.clone();
    blocking(move || files.describe(&name)).await
}

/// Whether an upload is too slow on average. The first `timeout` does not count, because connections start slowly (TCP
/// slow start).
fn is_too_slow(received_bytes: u64, elapsed: Duration, timeout: Duration) -> bool {
    let counted = elapsed.saturating_sub(timeout).as_secs();
    received_bytes < counted.saturating_mul(UPLOAD_BYTES_PER_SECOND)
}

/// Runs blocking file operations on tokio's blocking pool.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, ProblemDetails> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| ProblemDetails::unavailable("the node is stopping"))?;
    done.map_err(|error| file_problem(&error))
}

/// The response for an error of the file store.
fn file_problem(error: &FilesError) -> ProblemDetails {
    let status = match error {
        FilesError::Name { .. } | FilesError::NoName { .. } | FilesError::Hash { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        FilesError::NotAFile { .. } => StatusCode::NOT_FOUND,
        FilesError::TooLarge { .. } | FilesError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        FilesError::Changed { .. } | FilesError::Busy { .. } => StatusCode::CONFLICT,
        FilesError::Io { source, .. } => match source.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    ProblemDetails::new(status, error.to_string())
}

fn propose_problem(error: &ProposeError) -> ProblemDetails {
    let status = match error {
        ProposeError::Refused(ProposalRefusal::PoolFull) => StatusCode::TOO_MANY_REQUESTS,
        ProposeError::Refused(ProposalRefusal::InLog) => StatusCode::CONFLICT,
        ProposeError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ProposeError::KeyInUse(_) => StatusCode::CONFLICT,
        ProposeError::Storage(_)
        | ProposeError::Stopping
        | ProposeError::Restarting
        | ProposeError::RolledBack => StatusCode::SERVICE_UNAVAILABLE,
    };
    ProblemDetails::new(status, error.to_string())
}

fn respond(id: ProposalId, content: &Content, outcome: Option<ProposalOutcome>) -> Response {
    let (status, state, slot) = match outcome {
        Some(ProposalOutcome::Decided(slot)) => (StatusCode::OK, "agreed", Some(slot.0)),
        Some(ProposalOutcome::Expired) => (StatusCode::OK, "rejected", None),
        None => (StatusCode::ACCEPTED, "pending", None),
    };
    let (note, file) = match content {
        Content::Note(text) => (Some(text.clone()), None),
        Content::File(file) => (None, Some(FileView::from(file))),
        Content::Choice(value) => (Some(value.to_string()), None),
    };
    let proposal = ProposalView {
        origin: id.origin,
        nth: id.nth,
        note,
        file,
    };
    let proposed = Box::new(ProposalStatus {
        proposal,
        state,
        slot,
    });
    (status, Json(ProposeReply::ProposalStatus(proposed))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_uploads_are_detected_after_the_timeout() {
        let timeout = Duration::from_secs(10);
        let is_slow = |bytes, ms| is_too_slow(bytes, Duration::from_millis(ms), timeout);
        assert!(!is_slow(0, 10_999), "the first 10 s do not count");
        assert!(is_slow(14, 11_200), "a byte in 0.8 s");
        assert!(is_slow(1_023, 11_000));
        assert!(!is_slow(1_024, 11_000));
        assert!(!is_slow(60 * 1_024, 70_000));
        assert!(is_slow(60 * 1_024 - 1, 70_000));
    }
}
