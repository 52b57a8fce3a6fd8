//! What other nodes send: signed messages, bundles, offers. Signatures are checked here, before the node is bothered.

use super::Api;
use super::problem::{ProblemDetails, ProblemResponses};
use crate::live::command::HostCommand;
use crate::live::peer_client::{MessageEndpoint, MessagesBody, Offer, Want};
use crate::live::wire::{
    Receipt, ReceiptCode, Receipts, Signed, VerifiedBundle, VerifiedMessage, WireBody, WireError,
};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// How many messages one call may carry.
const MESSAGES_MAX: usize = 1024;
/// How many names one offer may have.
const NAMES_MAX: usize = 65_536;

/// Where a message of this kind belongs.
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

impl Api {
    /// Reads the messages of a call and delivers them.
    async fn deliver(
        &self,
        headers: &HeaderMap,
        body: Body,
        at: MessageEndpoint,
    ) -> Result<Json<Receipts>, ProblemDetails> {
        let call: MessagesBody = self.json(headers, body).await?;
        self.take(call.messages, at).await
    }

    /// Opens messages, lets the node judge those that are what they should be, and puts the receipts together again.
    pub(super) async fn take(
        &self,
        messages: Vec<Signed>,
        at: MessageEndpoint,
    ) -> Result<Json<Receipts>, ProblemDetails> {
        if !(1..=MESSAGES_MAX).contains(&messages.len()) {
            let why = format!("expected 1 to {MESSAGES_MAX} messages");
            return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
        }
        let mut good = Vec::new();
        let mut results = Vec::new();
        for signed in messages {
            let opened = VerifiedMessage::open(signed, &self.config.network);
            results.push(match opened {
                Ok(opened) if endpoint(&opened.message.body) == Some(at) => {
                    good.push(opened);
                    None
                }
                Ok(_) => Some(Receipt::refused(
                    ReceiptCode::Misdirected,
                    "messages of this kind are taken elsewhere",
                )),
                Err(error) => Some(receipt_for(&error)),
            });
        }
        let judged = match good.is_empty() {
            true => Receipts {
                results: Vec::new(),
                // The node has not been bothered with this.
                log: None,
            },
            false => self.ask(|reply| HostCommand::Messages(good, reply)).await?,
        };
        let mut verdicts = judged.results.into_iter();
        let results: Vec<Receipt> = results
            .into_iter()
            .filter_map(|result| result.or_else(|| verdicts.next()))
            .collect();
        let log = judged.log;
        finish(Receipts { results, log })
    }
}

fn finish(receipts: Receipts) -> Result<Json<Receipts>, ProblemDetails> {
    let is_any_taken = receipts
        .results
        .iter()
        .any(|receipt| receipt.verdict == ReceiptCode::Accepted);
    if is_any_taken || receipts.results.len() > 1 {
        Ok(Json(receipts))
    } else {
        Err(ProblemDetails::refused(receipts))
    }
}

fn receipt_for(error: &WireError) -> Receipt {
    let verdict = match error {
        WireError::BadSignature(_) => ReceiptCode::BadSignature,
        _ => ReceiptCode::Invalid,
    };
    Receipt::refused(verdict, error.to_string())
}

/// Signed statements of SCP. A single message that is refused makes an error; of several each has its receipt.
#[utoipa::path(post, path = "/vote", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn vote(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.deliver(&headers, body, MessageEndpoint::Vote).await
}

/// Signed questions and answers about what was decided.
#[utoipa::path(post, path = "/catch-up", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn catch_up(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.deliver(&headers, body, MessageEndpoint::CatchUp).await
}

/// Another node tells whom it knows.
#[utoipa::path(post, path = "/peers", request_body = MessagesBody, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn tell_peers(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    api.deliver(&headers, body, MessageEndpoint::Peers).await
}

/// Another node says what it could pass on; the answer says what of it is not known here.
#[utoipa::path(post, path = "/relay/offer", request_body = Offer, responses(
    (status = OK, body = Want),
    ProblemResponses))]
pub(super) async fn relay_offer(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Want>, ProblemDetails> {
    let mut offer: Offer = api.json(&headers, body).await?;
    if offer.have.len() > NAMES_MAX {
        let why = format!("expected at most {NAMES_MAX} names");
        return Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    offer.have.retain(|name| name.sender != api.key);
    let want = api.seen.unknown(&offer.have);
    Ok(Json(Want { want }))
}

/// A signed bundle of what others have said.
#[utoipa::path(post, path = "/relay", request_body = Signed, responses(
    (status = OK, body = Receipts),
    ProblemResponses))]
pub(super) async fn relay(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Receipts>, ProblemDetails> {
    let signed: Signed = api.json(&headers, body).await?;
    match VerifiedBundle::open(&signed, &api.config.network) {
        Ok(bundle) => {
            let bundle = Box::new(bundle);
            let receipts = api.ask(|reply| HostCommand::Bundle(bundle, reply)).await?;
            Ok(Json(receipts))
        }
        Err(error) => finish(Receipts {
            results: vec![receipt_for(&error)],
            log: None,
        }),
    }
}
