//! `POST /propose`: from people and programs a note or a file, from nodes signed proposals.

use super::Api;
use super::auth::{Access, media_type};
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

/// Longest that somebody may wait for a decision.
const WAIT_MS_MAX: u64 = 600_000;

/// Whoever sends a file sends at least so much of it in a second, on average.
const UPLOAD_BYTES_PER_SECOND: u64 = 1_024;

/// What is proposed: exactly one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeBody {
    /// A short text, 1 to 1,000 bytes without control characters.
    #[schema(nullable = false)]
    note: Option<String>,
    /// The name of a file that lies in the node's files folder.
    #[schema(nullable = false)]
    file: Option<String>,
    /// Between nodes: signed proposals.
    #[schema(nullable = false)]
    messages: Option<Vec<Signed>>,
}

/// How it is proposed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProposeParams {
    /// The body is a file of this name.
    file: Option<String>,
    /// ProposeReply only when it is decided, or after so many milliseconds.
    #[param(minimum = 0, maximum = 600_000)]
    wait_ms: Option<u64>,
}

/// What became of a proposal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalStatus {
    /// The proposal, with the name it got.
    proposal: ProposalView,
    /// `pending`, `agreed` or `rejected`.
    state: &'static str,
    /// In which slot it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<u64>,
}

/// The answer to a proposal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ProposeReply {
    /// To people and programs.
    ProposalStatus(Box<ProposalStatus>),
    /// To nodes.
    Receipts(Receipts),
}

/// Proposes a note (`{"note": "tea"}`), a file of the node's folder (`{"file": "photo.jpg"}`), or, with `?file=NAME`,
/// the file that is the body, which has to come with at least 1,024 bytes in a second on average after the first seconds.
/// The answer comes as soon as the proposal survives a crash of the node. Other nodes send
/// `{"messages": [..]}`, and get receipts.
#[utoipa::path(post, path = "/propose", params(ProposeParams), security((), ("token" = [])),
    request_body(content((ProposeBody = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses(
    (status = OK, description = "Decided while you waited; for nodes: receipts.", body = ProposeReply),
    (status = ACCEPTED, description = "The node has it and goes on.", body = ProposalStatus),
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
            api.authorize(Access::Write, from, &headers)?;
            Content::File(api.take_file(name, body).await?)
        }
        None if media_type(&headers) == Some("application/octet-stream") => {
            let why = "expected ?file=NAME with the name of the file that is the body";
            return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
        }
        None => match api.json::<ProposeBody>(&headers, body).await?.request()? {
            ProposeRequest::Messages(messages) => {
                let Json(receipts) = api.take(messages, MessageEndpoint::Propose).await?;
                return Ok(Json(ProposeReply::Receipts(receipts)).into_response());
            }
            ProposeRequest::Note(text) => {
                api.authorize(Access::Write, from, &headers)?;
                Content::Note(text)
            }
            ProposeRequest::File(name) => {
                api.authorize(Access::Write, from, &headers)?;
                Content::File(api.describe(name).await?)
            }
        },
    };
    let id = api
        .ask(|reply| HostCommand::Propose(content.clone(), reply))
        .await?
        .map_err(|error| not_proposed(&error))?;
    let wait = Duration::from_millis(params.wait_ms.unwrap_or(0));
    let outcome = api.outcome(id, wait).await;
    Ok(answer(id, &content, outcome))
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

impl Api {
    /// What becomes of a proposal within `wait`.
    async fn outcome(&self, id: ProposalId, wait: Duration) -> Option<ProposalOutcome> {
        if wait.is_zero() {
            return None;
        }
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.tell(HostCommand::AwaitDecision(id, reply)).ok()?;
        self.answer(answer, wait).await?.ok()
    }

    /// Takes the body in as a file of this name.
    async fn take_file(&self, name: &str, body: Body) -> Result<FileInfo, ProblemDetails> {
        let (files, name) = (self.files.clone(), name.to_owned());
        let mut part = on_the_side(move || files.receive(&name)).await?;
        let mut stream = body.into_data_stream();
        let began = tokio::time::Instant::now();
        loop {
            let next = tokio::time::timeout(self.request_timeout(), stream.next()).await;
            if is_too_slow(
                part.received_bytes(),
                began.elapsed(),
                self.request_timeout(),
            ) {
                let why = format!(
                    "the file comes with less than {UPLOAD_BYTES_PER_SECOND} bytes in a second"
                );
                return Err(ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, why));
            }
            match next {
                Err(_) => return Err(self.too_slow()),
                Ok(None) => break,
                Ok(Some(Err(error))) => {
                    return Err(ProblemDetails::new(
                        StatusCode::BAD_REQUEST,
                        error.to_string(),
                    ));
                }
                Ok(Some(Ok(chunk))) => {
                    part = on_the_side(move || part.write(&chunk).map(|()| part)).await?;
                }
            }
        }
        Ok(on_the_side(move || part.finish()).await?.file)
    }

    /// A file that lies in the folder.
    async fn describe(&self, name: String) -> Result<FileInfo, ProblemDetails> {
        let files: FileStore = self.files.clone();
        on_the_side(move || files.describe(&name)).await
    }
}

/// Whether an upload comes too slowly on average. What comes within the first `timeout` is not judged, and the time is
/// not counted later either: connections need a while to get going.
fn is_too_slow(received_bytes: u64, elapsed: Duration, timeout: Duration) -> bool {
    let judged = elapsed.saturating_sub(timeout).as_secs();
    received_bytes < judged.saturating_mul(UPLOAD_BYTES_PER_SECOND)
}

/// Touches the disk on a thread on which nobody else waits.
async fn on_the_side<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, ProblemDetails> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| ProblemDetails::unavailable("the node is stopping"))?;
    done.map_err(|error| no_file(&error))
}

/// Why a file is not taken.
fn no_file(error: &FilesError) -> ProblemDetails {
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

fn not_proposed(error: &ProposeError) -> ProblemDetails {
    let status = match error {
        ProposeError::Refused(ProposalRefusal::PoolFull) => StatusCode::TOO_MANY_REQUESTS,
        ProposeError::Refused(ProposalRefusal::InLog) => StatusCode::CONFLICT,
        ProposeError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ProposeError::Storage(_) | ProposeError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    ProblemDetails::new(status, error.to_string())
}

fn answer(id: ProposalId, content: &Content, outcome: Option<ProposalOutcome>) -> Response {
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
    fn uploads_that_would_never_end_are_too_slow() {
        let timeout = Duration::from_secs(10);
        let is_slow = |bytes, ms| is_too_slow(bytes, Duration::from_millis(ms), timeout);
        assert!(!is_slow(0, 10_999), "not judged yet");
        assert!(is_slow(14, 11_200), "a byte in 0.8 s");
        assert!(is_slow(1_023, 11_000));
        assert!(!is_slow(1_024, 11_000));
        assert!(!is_slow(60 * 1_024, 70_000));
        assert!(is_slow(60 * 1_024 - 1, 70_000));
    }
}
