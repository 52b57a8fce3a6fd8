//! Checks of calls between nodes before the host sees them: cheap checks first, signatures last.
//!
//! | step | check | refusal |
//! |---|---|---|
//! | 1 | the source address is not banned | 429 |
//! | 2 | at most 1024 messages; each has this endpoint and this receiver | 422; misdirected |
//! | 3 | the sender is known, and so is the relaying node | outsider |
//! | 4 | the relaying node is not banned | 429 |
//! | 5 | the message has not arrived before | duplicate |
//! | 6 | the sender, or the relaying node, has budget left | 429; busy |
//! | 7 | the signatures: that of the relaying node, then those of the messages | bad signature |
//!
//! So a stranger costs no signature check at all, and a known node at most its budget. The host repeats steps 2, 3 and 5,
//! because its state may have changed in between.

use super::bans::Bans;
use super::problem::ProblemDetails;
use super::rate_limit::CheckBudgets;
use crate::live::inbound_counters::InboundCounters;
use crate::live::known_keys::{KeyClass, KnownKeys};
use crate::live::message_cache::MessageCache;
use crate::live::peer_client::{MessageEndpoint, PeerContext};
use crate::live::wire::{
    MessageName, Receipt, ReceiptCode, Receipts, Signed, UnverifiedBundle, UnverifiedMessage,
    VerifiedMessage, WireBody, WireError,
};
use crate::node::NodeKey;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Most messages of a call. Nodes send at most 128 in one call.
const MESSAGES_MAX: usize = 1024;
/// Points of a source address for an invalid signature.
const FORGERY_POINTS: f64 = 1.0;
/// Points of a node for a bundle that contains an invalid signature. A correct node verifies before it relays.
const BAD_BUNDLE_POINTS: f64 = 15.0;
/// Why a stranger is refused.
const STRANGER: &str = "its sender has not announced itself";
/// Why a stranger's bundle is refused.
const STRANGE_BUNDLE: &str = "the relaying node has not announced itself";

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

/// The messages of a call: those that the host gets, and the receipts of the others.
#[derive(Debug)]
pub(super) struct CheckedMessages {
    /// The messages that passed all checks, in order.
    valid: Vec<VerifiedMessage>,
    /// One entry per message of the call: its refusal, or `None` if it is in `valid`.
    refused: Vec<Option<Receipt>>,
}

impl CheckedMessages {
    /// Takes the messages for the host.
    pub(super) fn take_valid(&mut self) -> Vec<VerifiedMessage> {
        std::mem::take(&mut self.valid)
    }

    /// The receipts of all messages of the call, in order. `received` are those of the host.
    pub(super) fn receipts(self, received: Receipts) -> Receipts {
        let mut receipts = received.results.into_iter();
        let results = self.refused.into_iter();
        Receipts {
            results: results
                .filter_map(|refused| refused.or_else(|| receipts.next()))
                .collect(),
            log: received.log,
        }
    }
}

/// Makes the checks. All threads of the worker pool share one value.
pub(super) struct MessageChecks {
    network: String,
    own: NodeKey,
    known: Arc<KnownKeys>,
    cache: Arc<MessageCache>,
    counters: Arc<InboundCounters>,
    budgets: CheckBudgets,
    bans: Bans,
}

impl MessageChecks {
    /// Checks for the node with this context.
    #[must_use]
    pub(super) fn new(context: &PeerContext) -> MessageChecks {
        MessageChecks {
            network: context.network.clone(),
            own: context.identity.key(),
            known: Arc::clone(&context.known_keys),
            cache: Arc::clone(&context.message_cache),
            counters: Arc::clone(&context.inbound_counters),
            budgets: CheckBudgets::default(),
            bans: Bans::default(),
        }
    }

    /// Checks a source address before its call is read.
    ///
    /// # Errors
    /// 429 while it is banned.
    pub(super) fn address(&self, from: IpAddr) -> Result<(), ProblemDetails> {
        let checked = self.bans.check_address(from);
        checked.inspect_err(|_| self.counters.count("calls_of_banned_addresses"))
    }

    /// Checks the beginning of a bundle, so that the rest of a stranger's bundle need not be received.
    ///
    /// # Errors
    /// 403 if it names a relaying node that is not known.
    pub(super) fn bundle_start(&self, start: &[u8]) -> Result<(), ProblemDetails> {
        match relaying_node(start) {
            Some(key) if !self.known.is_known(key) => Err(self.strange_bundle()),
            _ => Ok(()),
        }
    }

    /// Checks the messages of a call to `endpoint`.
    ///
    /// # Errors
    /// 422 for no or too many messages.
    pub(super) fn messages(
        &self,
        from: IpAddr,
        messages: Vec<Signed>,
        endpoint: MessageEndpoint,
    ) -> Result<CheckedMessages, ProblemDetails> {
        check_count(messages.len())?;
        let mut seen = BTreeSet::new();
        let mut checked = CheckedMessages {
            valid: Vec::new(),
            refused: Vec::new(),
        };
        let mut is_forged = false;
        for signed in messages {
            let message = self.direct_message(signed, endpoint, &mut seen);
            let refused = message.map(|message| checked.valid.push(message)).err();
            let code = refused.as_ref().map(|refused| refused.verdict);
            is_forged |= code == Some(ReceiptCode::BadSignature);
            checked.refused.push(refused);
        }
        if is_forged {
            self.blame_address(from);
        }
        Ok(checked)
    }

    /// Checks a bundle and its messages.
    ///
    /// # Errors
    /// If the relaying node is unknown, banned or without budget, or if the bundle or a message in it is malformed or
    /// has an invalid signature. A correct node does not relay such a message.
    pub(super) fn bundle(
        &self,
        from: IpAddr,
        signed: Signed,
    ) -> Result<(NodeKey, CheckedMessages), ProblemDetails> {
        let unreadable = |error: &WireError| refuse(Receipt::from(error));
        let bundle = UnverifiedBundle::read(signed).map_err(|error| unreadable(&error))?;
        let relaying = bundle.from();
        let Some(class) = self.known.class(relaying) else {
            return Err(self.strange_bundle());
        };
        self.bans
            .check_key(relaying)
            .inspect_err(|_| self.counters.count("bundles_of_banned_nodes"))?;
        check_count(bundle.len())?;
        self.charge(relaying, class, 1, bundle.bytes())?;
        let messages = bundle.verify_relaying_node(&self.network);
        let messages = messages.map_err(|error| {
            self.blame_address(from);
            refuse(Receipt::from(&error))
        })?;
        let mut seen = BTreeSet::new();
        let mut unverified = Vec::new();
        for signed in messages {
            let message = UnverifiedMessage::read(signed).map_err(|error| unreadable(&error))?;
            let message = self.cheap_checks(message, &seen);
            if let Ok((message, _)) = &message {
                seen.insert(message.name());
            }
            unverified.push(message);
        }
        let to_check = unverified.iter().flatten();
        let signatures = to_check.map(|(message, _)| message.signatures()).sum();
        self.charge(relaying, class, signatures, 0)?;
        let checked = self.verify_relayed(unverified);
        let checked = checked.map_err(|error| {
            if self.bans.blame_key(relaying, BAD_BUNDLE_POINTS) {
                tracing::warn!(key = %relaying, "banned from relaying: it relays messages with invalid signatures");
            }
            refuse(Receipt::from(&error))
        })?;
        Ok((relaying, checked))
    }

    /// Checks the signed query of `GET /peers`. `None` if its sender is not known: the answer is then not signed.
    ///
    /// # Errors
    /// If it is malformed, without budget, or its signature is invalid.
    pub(super) fn question(
        &self,
        from: IpAddr,
        signed: Signed,
    ) -> Result<Option<VerifiedMessage>, Receipt> {
        let message = UnverifiedMessage::read(signed).map_err(|error| Receipt::from(&error))?;
        let Some(class) = self.known.class(message.claimed().sender) else {
            return Ok(None);
        };
        let verified = self.verify(message, class);
        verified.map(Some).inspect_err(|refused| {
            if refused.verdict == ReceiptCode::BadSignature {
                self.blame_address(from);
            }
        })
    }

    fn direct_message(
        &self,
        signed: Signed,
        at: MessageEndpoint,
        seen: &mut BTreeSet<MessageName>,
    ) -> Result<VerifiedMessage, Receipt> {
        let message = UnverifiedMessage::read(signed).map_err(|error| Receipt::from(&error))?;
        if endpoint(&message.claimed().body) != Some(at) {
            return Err(Receipt::refused(
                ReceiptCode::Misdirected,
                "messages of this kind have another endpoint",
            ));
        }
        let (message, class) = self.cheap_checks(message, seen)?;
        let name = message.name();
        let verified = self.verify(message, class)?;
        // Only a message whose signature is valid makes a later one of the same call a duplicate.
        seen.insert(name);
        Ok(verified)
    }

    /// The checks of a message that need no signature. Returns the class of its sender.
    fn cheap_checks(
        &self,
        message: UnverifiedMessage,
        seen: &BTreeSet<MessageName>,
    ) -> Result<(UnverifiedMessage, KeyClass), Receipt> {
        let claimed = message.claimed();
        if claimed.to.is_some_and(|to| to != self.own) {
            let why = "it is for another node";
            return Err(Receipt::refused(ReceiptCode::Misdirected, why));
        }
        let Some(class) = self.known.class(claimed.sender) else {
            self.counters.count("messages_of_outsiders");
            return Err(Receipt::refused(ReceiptCode::Outsider, STRANGER));
        };
        let is_own = claimed.sender == self.own;
        if !is_own && (self.cache.contains(message.name()) || seen.contains(&message.name())) {
            self.counters.count("messages_duplicate");
            let why = "duplicate message";
            return Err(Receipt::refused(ReceiptCode::Duplicate, why));
        }
        Ok((message, class))
    }

    /// Verifies the signatures of a message at the expense of its sender.
    fn verify(
        &self,
        message: UnverifiedMessage,
        class: KeyClass,
    ) -> Result<VerifiedMessage, Receipt> {
        let sender = message.claimed().sender;
        let (signatures, bytes) = (message.signatures(), message.bytes());
        if !self.budgets.take(sender, class, signatures, bytes) {
            self.counters.count("messages_over_budget");
            let why = "its sender sends more than this node can check; wait a moment";
            return Err(Receipt::refused(ReceiptCode::Busy, why));
        }
        message.verify(&self.network).map_err(|error| {
            self.counters.count("messages_forged");
            Receipt::from(&error)
        })
    }

    /// Verifies the messages of a bundle that passed the cheap checks. The first invalid signature ends it.
    fn verify_relayed(
        &self,
        unverified: Vec<Result<(UnverifiedMessage, KeyClass), Receipt>>,
    ) -> Result<CheckedMessages, WireError> {
        let mut checked = CheckedMessages {
            valid: Vec::new(),
            refused: Vec::new(),
        };
        for message in unverified {
            let refused = match message {
                Err(refused) => Some(refused),
                Ok((message, _)) => {
                    let verified = message.verify(&self.network);
                    let verified =
                        verified.inspect_err(|_| self.counters.count("messages_forged"))?;
                    checked.valid.push(verified);
                    None
                }
            };
            checked.refused.push(refused);
        }
        Ok(checked)
    }

    fn charge(
        &self,
        key: NodeKey,
        class: KeyClass,
        signatures: usize,
        bytes: usize,
    ) -> Result<(), ProblemDetails> {
        if self.budgets.take(key, class, signatures, bytes) {
            return Ok(());
        }
        self.counters.count("bundles_over_budget");
        Err(ProblemDetails::new(
            StatusCode::TOO_MANY_REQUESTS,
            "this node relays more than this one can check; wait a moment",
        ))
    }

    fn blame_address(&self, from: IpAddr) {
        if self.bans.blame_address(from, FORGERY_POINTS) {
            tracing::warn!(address = %from, "banned: too many invalid signatures come from there");
        }
    }

    fn strange_bundle(&self) -> ProblemDetails {
        self.counters.count("bundles_of_outsiders");
        refuse(Receipt::refused(ReceiptCode::Outsider, STRANGE_BUNDLE))
    }
}

/// The response that refuses a whole call.
fn refuse(receipt: Receipt) -> ProblemDetails {
    ProblemDetails::refused(Receipts {
        results: vec![receipt],
        log: None,
    })
}

/// Checks the number of messages of a call.
fn check_count(messages: usize) -> Result<(), ProblemDetails> {
    if (1..=MESSAGES_MAX).contains(&messages) {
        return Ok(());
    }
    let why = format!("expected 1 to {MESSAGES_MAX} messages");
    Err(ProblemDetails::new(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// The relaying node that the first bytes of a bundle name, if they have the form in which nodes write bundles. A bundle
/// in another form is read as a whole.
fn relaying_node(start: &[u8]) -> Option<NodeKey> {
    let key = start.strip_prefix(br#"{"message":{"from":""#)?;
    let key = key.split(|&byte| byte == b'"').next()?;
    std::str::from_utf8(key).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
