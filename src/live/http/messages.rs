//! Calls between nodes: signed messages, relayed bundles and offers. Signatures are verified here, so that forgeries do
//! not reach the host.

use super::Api;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use crate::live::peer_client::{MessageEndpoint, MessagesBody, Offer, Want};
use crate::live::wire::{
    Receipt, ReceiptCode, Receipts, Signed, VerifiedBundle, VerifiedMessage, WireBody,
};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// Most messages of a call.
const MESSAGES_MAX: usize = 1024;
/// Most names of an offer.
const NAMES_MAX: usize = 65_536;

/// The endpoint for a kind of message. A peers query is a header of `GET /peers`.
fn endpoint(body: &WireBody) -> Option<MessageEndpoint> {
    match body {
        WireBody::Statement(_) => Some(MessageEndpoint::Vote),
        WireBody::Proposal { .. } => Some(MessageEndpoint::Propose),
        WireBody::Peers { .. } => Some(MessageEndpoint::Peers),
        WireBody::CatchUpQuestion { .. } | WireBody::CatchUpAnswer { .. } => {
            Some(MessageEndpoint::CatchUp)
        }
        WireBody::PeersQuestion => None,
    }
}

async fn deliver(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    at: MessageEndpoint,
) -> Result<Json<Receipts>, ProblemDetails> {
    let call: MessagesBody = api.body.json(headers, body).await?;
    deliver_messages(api, call.messages, at).await
}

/// Verifies messages, passes the valid ones to the host, and returns a receipt for each, in order.
///
/// # Errors
/// 422 for no or too many messages. A single message that is refused is an error, too.
pub(super) async fn deliver_messages(
    api: &Api,
    messages: Vec<Signed>,
    at: MessageEndpoint,
) -> Result<Json<Receipts>, ProblemDetails> {
    if !(1..=MESSAGES_MAX).contains(&messages.len()) {
        let why = format!("expected 1 to {MESSAGES_MAX} messages");
        return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let mut valid = Vec::new();
    let mut results = Vec::new();
    for signed in messages {
        results.push(match VerifiedMessage::open(signed, &api.network) {
            Ok(message) if endpoint(&message.message.body) == Some(at) => {
                valid.push(message);
                None
            }
            Ok(_) => Some(Receipt::refused(
                ReceiptCode::Misdirected,
                "messages of this kind have another endpoint",
            )),
            Err(error) => Some(Receipt::from(&error)),
        });
    }
    let received = match valid.is_empty() {
        true => Receipts {
            results: Vec::new(),
            // The host was not asked.
            log: None,
        },
        false => {
            api.host
                .ask(|reply| HostCommand::Messages(valid, reply))
                .await?
        }
    };
    let mut receipts = received.results.into_iter();
    let results: Vec<Receipt> = results
        .into_iter()
        .filter_map(|result| result.or_else(|| receipts.next()))
        .collect();
    let log = received.log;
    respond(Receipts { results, log })
}

fn respond(receipts: Receipts) -> Result<Json<Receipts>, ProblemDetails> {
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
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, &headers, body, MessageEndpoint::Vote).await
}

/// Delivers signed questions and answers about decided slots.
#[utoipa::path(post, path = "/catch-up", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn catch_up(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, &headers, body, MessageEndpoint::CatchUp).await
}

/// Delivers the signed list of the nodes that the sender knows.
#[utoipa::path(post, path = "/peers", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn deliver_peers(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    deliver(&api, &headers, body, MessageEndpoint::Peers).await
}

/// Offers messages that the sender can relay. The answer lists those that this node does not have.
#[utoipa::path(post, path = "/relay/offer", request_body = Offer, responses(
    (status = OK, body = Want),
    ProblemResponses))]
pub(super) async fn relay_offer(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Want>, ProblemDetails> {
    let mut offer: Offer = api.body.json(&headers, body).await?;
    if offer.have.len() > NAMES_MAX {
        let why = format!("expected at most {NAMES_MAX} names");
        return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    offer.have.retain(|name| name.sender != api.key);
    let want = api.message_cache.unknown(&offer.have);
    Ok(Json(Want { want }))
}

/// Delivers a signed bundle of messages of other nodes.
#[utoipa::path(post, path = "/relay", request_body = Signed, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn relay(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    let signed: Signed = api.body.json(&headers, body).await?;
    match VerifiedBundle::open(&signed, &api.network) {
        Ok(bundle) => {
            let bundle = Box::new(bundle);
            let receipts = api
                .host
                .ask(|reply| HostCommand::Bundle(bundle, reply))
                .await?;
            Ok(Json(receipts))
        }
        Err(error) => respond(Receipts {
            results: vec![Receipt::from(&error)],
            log: None,
        }),
    }
}
