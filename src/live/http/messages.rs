//! Calls between nodes: signed messages, relayed bundles and offers. [`MessageChecks`](super::message_checks) checks them
//! on the worker pool, so that forgeries and strangers do not reach the host.

use super::Api;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use crate::live::peer_client::{LOG_INDEX_HEADER, MessageEndpoint, MessagesBody, Offer, Want};
use crate::live::wire::{LogPoint, ReceiptCode, Receipts, Signed, VerifiedBundle};
use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;

/// Most names of an offer.
const NAMES_MAX: usize = 65_536;
/// Length of a name in an offer, in bytes.
const NAME_BYTES: usize = 100;

async fn deliver(
    api: &Api,
    from: SocketAddr,
    headers: &HeaderMap,
    body: Body,
    at: MessageEndpoint,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.checks.address(from.ip())?;
    let call: MessagesBody = api.body.json(from.ip(), headers, body).await?;
    deliver_messages(api, from, headers, call.messages, at).await
}

/// Checks messages, passes the valid ones to the host, and returns a receipt for each, in order.
///
/// # Errors
/// 422 for no or too many messages, 429 for a banned address, 503 if too many calls wait. A single message that is
/// refused is an error, too.
pub(super) async fn deliver_messages(
    api: &Api,
    from: SocketAddr,
    headers: &HeaderMap,
    messages: Vec<Signed>,
    at: MessageEndpoint,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.checks.address(from.ip())?;
    let bytes = messages.iter().map(|one| one.message.get().len()).sum();
    let checks = Arc::clone(&api.checks);
    let check = move || checks.messages(from.ip(), messages, at);
    let mut checked = api.workers.run(bytes, check).await??;
    let valid = checked.take_valid();
    let received = match valid.is_empty() {
        true => not_asked(),
        false => {
            api.host
                .ask(|reply| HostCommand::Messages(valid, reply))
                .await?
        }
    };
    respond(api, headers, checked.receipts(received))
}

/// The receipts of a host that was not asked.
fn not_asked() -> Receipts {
    Receipts {
        results: Vec::new(),
        log: None,
    }
}

/// The response with these receipts. If the caller has stated the length of its log, the head of this node's log says
/// which hash this log had at that length.
fn respond(
    api: &Api,
    headers: &HeaderMap,
    mut receipts: Receipts,
) -> Result<Json<Receipts>, ProblemDetails> {
    if let Some(log) = &mut receipts.log {
        log.common = common_point(api, headers);
    }
    let is_any_accepted = receipts
        .results
        .iter()
        .any(|receipt| receipt.verdict == ReceiptCode::Accepted);
    if is_any_accepted || receipts.results.len() > 1 {
        Ok(Json(receipts))
    } else {
        Err(ProblemDetails::refused(receipts))
    }
}

/// Delivers signed statements of SCP. A single refused message is an error; several messages get a receipt each.
#[utoipa::path(post, path = "/vote", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn vote(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, from, &headers, body, MessageEndpoint::Vote).await
}

/// Delivers signed questions and answers about decided slots.
#[utoipa::path(post, path = "/catch-up", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn catch_up(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, from, &headers, body, MessageEndpoint::CatchUp).await
}

/// Delivers the signed list of the nodes that the sender knows.
#[utoipa::path(post, path = "/peers", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn deliver_peers(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, from, &headers, body, MessageEndpoint::Peers).await
}

/// Offers messages that the sender can relay. The answer lists those that this node does not have.
#[utoipa::path(post, path = "/relay/offer", request_body = Offer, responses(
    (status = OK, body = Want),
    ProblemResponses))]
pub(super) async fn relay_offer(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Want>, ProblemDetails> {
    api.checks.address(from.ip())?;
    let mut offer: Offer = api.body.json(from.ip(), &headers, body).await?;
    if offer.have.len() > NAMES_MAX {
        let why = format!("expected at most {NAMES_MAX} names");
        return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let (own, cache) = (api.key, Arc::clone(&api.message_cache));
    let bytes = offer.have.len().saturating_mul(NAME_BYTES);
    let look_up = move || {
        offer.have.retain(|name| name.sender != own);
        cache.unknown(&offer.have)
    };
    let want = api.workers.run(bytes, look_up).await?;
    Ok(Json(Want { want }))
}

/// Delivers a signed bundle of messages of other nodes.
#[utoipa::path(post, path = "/relay", request_body = Signed, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn relay(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.checks.address(from.ip())?;
    let is_wanted = |start: &[u8]| api.checks.bundle_start(start);
    let signed: Signed = api
        .body
        .json_if(from.ip(), &headers, body, is_wanted)
        .await?;
    let checks = Arc::clone(&api.checks);
    let bytes = signed.message.get().len();
    let check = move || checks.bundle(from.ip(), signed);
    let (from, mut checked) = api.workers.run(bytes, check).await??;
    let messages = checked.take_valid();
    let received = match messages.is_empty() {
        true => not_asked(),
        false => {
            let bundle = Box::new(VerifiedBundle { from, messages });
            api.host
                .ask(|reply| HostCommand::Bundle(bundle, reply))
                .await?
        }
    };
    let mut receipts = checked.receipts(received);
    if let Some(log) = &mut receipts.log {
        log.common = common_point(&api, &headers);
    }
    Ok(Json(receipts))
}

/// The hash that this node's log had when it was as long as the caller's log, if the caller has stated its length.
pub(super) fn common_point(api: &Api, headers: &HeaderMap) -> Option<Box<LogPoint>> {
    let index = headers.get(LOG_INDEX_HEADER)?.to_str().ok()?.parse().ok()?;
    api.log.point(index).map(Box::new)
}
