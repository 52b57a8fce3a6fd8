//! The requests of one host to one node, in order, and one call at a time, as `peer_client` makes them.

use crate::live::command::OutboundMessage;
use crate::live::peer_client::PeerRequest;
use crate::live::wire::{MessageName, Signed};
use crate::node::{FileInfo, Proposal};
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// Capacity of the queue.
const REQUESTS_MAX: usize = 4096;
/// Most messages of a call.
const MESSAGES_PER_CALL: usize = 128;

/// The content of a call.
#[derive(Clone)]
pub(super) enum CallContent {
    Deliver(Vec<(Signed, OutboundMessage)>),
    QueryPeers(Signed, OutboundMessage),
    /// An offer, and the bundle of the messages that the receiver wants.
    Offer(Vec<MessageName>),
    CheckFile(Arc<Proposal>, FileInfo),
}

impl CallContent {
    /// The messages whose delivery the host waits for.
    pub(super) fn messages(&self) -> Vec<OutboundMessage> {
        match self {
            CallContent::Deliver(messages) => messages.iter().map(|(_, one)| *one).collect(),
            CallContent::QueryPeers(_, message) => vec![*message],
            CallContent::Offer(_) | CallContent::CheckFile(..) => Vec::new(),
        }
    }
}

/// The queue of one node.
pub(super) struct PeerQueue {
    pub(super) http: SocketAddr,
    /// The call that is under way.
    pub(super) call: Option<u64>,
    waiting: VecDeque<PeerRequest>,
    offers: BTreeSet<MessageName>,
    /// Whether offers wait for their retry.
    pub(super) is_backing_off: bool,
}

impl PeerQueue {
    pub(super) fn new(http: SocketAddr) -> PeerQueue {
        PeerQueue {
            http,
            call: None,
            waiting: VecDeque::new(),
            offers: BTreeSet::new(),
            is_backing_off: false,
        }
    }

    /// Adds a request. Returns it if the queue is full.
    pub(super) fn push(&mut self, request: PeerRequest) -> Option<PeerRequest> {
        match request {
            PeerRequest::Offer(names) => self.offers.extend(names.iter().copied()),
            request if self.waiting.len() >= REQUESTS_MAX => return Some(request),
            request => self.waiting.push_back(request),
        }
        None
    }

    /// Offers these names again later.
    pub(super) fn offer_again(&mut self, names: Vec<MessageName>) {
        self.offers.extend(names);
        self.is_backing_off = true;
    }

    /// Removes and returns the content of the next call.
    pub(super) fn next(&mut self) -> Option<CallContent> {
        let Some(first) = self.waiting.pop_front() else {
            let has_offer = !self.offers.is_empty() && !self.is_backing_off;
            let offer =
                || CallContent::Offer(std::mem::take(&mut self.offers).into_iter().collect());
            return has_offer.then(offer);
        };
        Some(match first {
            PeerRequest::Deliver(endpoint, signed, message) => {
                let mut messages = vec![(signed, message)];
                while messages.len() < MESSAGES_PER_CALL
                    && let Some(PeerRequest::Deliver(to, signed, message)) = self.waiting.front()
                    && *to == endpoint
                {
                    messages.push((signed.clone(), *message));
                    self.waiting.pop_front();
                }
                CallContent::Deliver(messages)
            }
            PeerRequest::QueryPeers(query, message) => CallContent::QueryPeers(query, message),
            PeerRequest::Offer(names) => CallContent::Offer(names.to_vec()),
            PeerRequest::CheckFile(proposal, file) => CallContent::CheckFile(proposal, file),
        })
    }

    /// Drops all requests, because the node does not answer. Returns the messages, and the proposals whose files are
    /// not checked.
    pub(super) fn drop_all(&mut self) -> (Vec<OutboundMessage>, Vec<Arc<Proposal>>) {
        let (mut messages, mut proposals) = (Vec::new(), Vec::new());
        for request in self.waiting.drain(..) {
            match request {
                PeerRequest::Deliver(_, _, message) | PeerRequest::QueryPeers(_, message) => {
                    messages.push(message);
                }
                PeerRequest::Offer(_) => {}
                PeerRequest::CheckFile(proposal, _) => proposals.push(proposal),
            }
        }
        (messages, proposals)
    }
}
