//! HTTP clients to other nodes: one named thread (`qs-peer-N`) with a bounded queue per node.
//!
//! A client sends requests in order and batches consecutive messages for the same endpoint into one call. If the node
//! does not answer, the queue is dropped, because nodes re-send statements that are still relevant. Only offers of
//! relayed messages are kept and retried, with exponential backoff.

mod batch;
mod response;
mod worker;

use super::command::{HostCommand, OutboundMessage};
use super::identity::Identity;
use super::inbound_counters::InboundCounters;
use super::known_keys::KnownKeys;
use super::log_hash::CommittedLog;
use super::message_cache::MessageCache;
use super::wire::{MessageName, Signed};
use crate::node::{FileInfo, Proposal};
use crate::scp::NodeId;
use crossbeam_channel::{Sender, TrySendError, bounded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;
use utoipa::ToSchema;
use worker::PeerClient;

/// Capacity of the queue of one node.
const REQUESTS_MAX: usize = 4096;
/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The HTTP header with the signed query of `GET /peers`.
pub(super) const QUESTION_HEADER: &str = "quorumscope-question";

/// The HTTP header with the length of the caller's log. The answer states the hash of the answering node's log at this
/// length.
pub(super) const LOG_INDEX_HEADER: &str = "quorumscope-log-index";

/// The REST endpoint for a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageEndpoint {
    /// Statements of SCP.
    Vote,
    /// Proposals.
    Propose,
    /// Answers to peers queries that are not the response to a call.
    Peers,
    /// Questions and answers about decided slots.
    CatchUp,
}

impl MessageEndpoint {
    const fn path(self) -> &'static str {
        match self {
            MessageEndpoint::Vote => "/vote",
            MessageEndpoint::Propose => "/propose",
            MessageEndpoint::Peers => "/peers",
            MessageEndpoint::CatchUp => "/catch-up",
        }
    }
}

/// The body of a call that delivers messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagesBody {
    /// The messages, each signed by its sender.
    pub messages: Vec<Signed>,
}

/// Messages that a node can relay: IHAVE of lazy push gossip.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    /// Names of messages.
    pub have: Vec<MessageName>,
}

/// The messages of an offer that the receiver does not have.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Want {
    /// Names of messages.
    pub want: Vec<MessageName>,
}

/// A request to one node.
pub(super) enum PeerRequest {
    /// Delivers a message.
    Deliver(MessageEndpoint, Signed, OutboundMessage),
    /// Asks for its peers.
    QueryPeers(Signed, OutboundMessage),
    /// Offers messages of other nodes.
    Offer(Arc<[MessageName]>),
    /// Asks whether a proposed file can be read there.
    CheckFile(Arc<Proposal>, FileInfo),
}

/// The state that all clients share.
pub(super) struct PeerContext {
    /// Name of the network.
    pub network: String,
    /// Signs messages and bundles.
    pub identity: Arc<Identity>,
    /// Messages that can be relayed.
    pub message_cache: Arc<MessageCache>,
    /// Keys of the known nodes.
    pub known_keys: Arc<KnownKeys>,
    /// The hashes of the log.
    pub log: Arc<CommittedLog>,
    /// Counters of refusals before the host.
    pub inbound_counters: Arc<InboundCounters>,
    /// Receives delivery reports and answers.
    pub host: Sender<HostCommand>,
    /// Set when the process stops.
    pub stop: Arc<AtomicBool>,
}

/// The queue of a running client.
struct ClientHandle {
    http: SocketAddr,
    requests: Sender<PeerRequest>,
}

/// The clients to all nodes.
pub(super) struct PeerClients {
    context: Arc<PeerContext>,
    clients: BTreeMap<NodeId, ClientHandle>,
}

impl PeerClients {
    /// A set without clients. The first request to a node starts its client.
    #[must_use]
    pub(super) fn new(context: Arc<PeerContext>) -> PeerClients {
        PeerClients {
            context,
            clients: BTreeMap::new(),
        }
    }

    /// Queues a request for `node`, which answers at `http`. Returns false if the queue is full or no thread could be
    /// started.
    pub(super) fn send(&mut self, node: NodeId, http: SocketAddr, request: PeerRequest) -> bool {
        let known = self.clients.get(&node);
        if known.is_none_or(|client| client.http != http) {
            // The node has a new address. The old thread ends when its queue is dropped.
            let Some(client) = ClientHandle::start(&self.context, node, http) else {
                return false;
            };
            self.clients.insert(node, client);
        }
        let Some(client) = self.clients.get(&node) else {
            return false;
        };
        match client.requests.try_send(request) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Stops the client of a node.
    pub(super) fn close(&mut self, node: NodeId) {
        self.clients.remove(&node);
    }
}

impl ClientHandle {
    fn start(context: &Arc<PeerContext>, node: NodeId, http: SocketAddr) -> Option<ClientHandle> {
        let (requests, queue) = bounded(REQUESTS_MAX);
        let client = PeerClient::new(Arc::clone(context), node, http, queue);
        thread::Builder::new()
            .name(format!("qs-peer-{}", node.0))
            .spawn(move || client.run())
            .ok()?;
        Some(ClientHandle { http, requests })
    }
}

/// An HTTP client whose calls take at most `timeout`.
#[must_use]
pub(super) fn agent(timeout: Duration) -> ureq::Agent {
    super::http_client::http_client()
        .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
        .timeout_global(Some(timeout))
        .build()
        .new_agent()
}
