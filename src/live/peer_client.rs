//! `PeerClients`: what this node sends to each other node, one named thread per node.
//!
//! A client sends in order, as much in one call as has gathered meanwhile and as a node takes. What cannot be delivered is
//! dropped together with everything behind it: the node sends again what matters, and old news is no use to anybody.
//! What is passed on for others is offered again until it is taken or forgotten. Absent here: what is sent.

mod batch;
mod response;

use super::command::{HostCommand, OutboundMessage, SendOutcome};
use super::config::BODY_BYTES_MAX;
use super::identity::Identity;
use super::message_cache::MessageCache;
use super::status::PeersView;
use super::wire::{LogHead, MessageName, Receipts, Signed, VerifiedMessage, WireBundle};
use crate::node::{FileInfo, Proposal};
use crate::scp::NodeId;
use batch::{MessageBatch, OfferBacklog, batches};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use response::{CallError, read};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use utoipa::ToSchema;

/// How many requests wait for one node.
const REQUESTS_MAX: usize = 4096;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it takes until what was not taken is offered again; then twice as long, and so on.
const OFFER_BACKOFF: Duration = Duration::from_secs(1);
/// ... but never longer than this.
const OFFER_BACKOFF_MAX: Duration = Duration::from_secs(60);
/// The header that carries a node's signed question.
pub(super) const QUESTION_HEADER: &str = "quorumscope-question";

/// Where a message is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageEndpoint {
    /// Statements of SCP.
    Vote,
    /// Proposals.
    Propose,
    /// Answers of the trusted-node service that were not asked for.
    Peers,
    /// Questions and answers about what was decided.
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

/// MessagesBody on their way to a node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagesBody {
    /// Each signed by its sender.
    pub messages: Vec<Signed>,
}

/// What a node could pass on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    /// Names of messages.
    pub have: Vec<MessageName>,
}

/// What of an offer is not known.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Want {
    /// Names of messages.
    pub want: Vec<MessageName>,
}

/// Something to do at one node.
pub(super) enum PeerRequest {
    /// Deliver a message.
    Deliver(MessageEndpoint, Signed, OutboundMessage),
    /// Ask whom it knows.
    QueryPeers(Signed, OutboundMessage),
    /// Offer what has come from others.
    Offer(Arc<[MessageName]>),
    /// Ask whether a proposed file can be read there.
    CheckFile(Arc<Proposal>, FileInfo),
}

/// What all clients share.
pub(super) struct PeerContext {
    /// The name of the network.
    pub network: String,
    /// Signs bundles.
    pub identity: Arc<Identity>,
    /// What has come from others.
    pub seen: Arc<MessageCache>,
    /// Where reports go.
    pub host: Sender<HostCommand>,
    /// Set when everything ends.
    pub stop: Arc<AtomicBool>,
}

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
    /// No clients yet.
    #[must_use]
    pub(super) fn new(context: Arc<PeerContext>) -> PeerClients {
        PeerClients {
            context,
            clients: BTreeMap::new(),
        }
    }

    /// Sends somebody on an request to `node`, which answers at `http`. False if there is no thread or too much to do.
    pub(super) fn send(&mut self, node: NodeId, http: SocketAddr, request: PeerRequest) -> bool {
        if self
            .clients
            .get(&node)
            .is_none_or(|client| client.http != http)
        {
            // A node that has moved is another one: the old thread ends when its channel closes.
            let Some(client) = ClientHandle::open(&self.context, node, http) else {
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

    /// Forgets the client to a node.
    pub(super) fn close(&mut self, node: NodeId) {
        self.clients.remove(&node);
    }
}

impl ClientHandle {
    fn open(context: &Arc<PeerContext>, node: NodeId, http: SocketAddr) -> Option<ClientHandle> {
        let (requests, queue) = bounded(REQUESTS_MAX);
        let client = PeerClient {
            context: Arc::clone(context),
            node,
            base: format!("http://{http}"),
            agent: agent(CALL_TIMEOUT),
            queue,
            pending: None,
            backlog: OfferBacklog::default(),
            offer_backoff: OFFER_BACKOFF,
        };
        thread::Builder::new()
            .name(format!("qs-client-{}", node.0))
            .spawn(move || client.run())
            .ok()?;
        Some(ClientHandle { http, requests })
    }
}

/// Makes calls that never take longer than `timeout`.
#[must_use]
pub(super) fn agent(timeout: Duration) -> ureq::Agent {
    super::http_client::http_client()
        .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
        .timeout_global(Some(timeout))
        .build()
        .new_agent()
}

struct PeerClient {
    context: Arc<PeerContext>,
    node: NodeId,
    base: String,
    agent: ureq::Agent,
    queue: Receiver<PeerRequest>,
    /// What was taken from the queue and did not fit.
    pending: Option<PeerRequest>,
    /// What is still to be offered.
    backlog: OfferBacklog,
    /// How long it waits before it offers again.
    offer_backoff: Duration,
}

impl PeerClient {
    fn run(mut self) {
        while !self.context.stop.load(Ordering::Relaxed) {
            let request = match self.pending.take() {
                Some(request) => request,
                None => match self.next() {
                    Ok(request) => request,
                    Err(RecvTimeoutError::Timeout) => {
                        self.offer();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            };
            match request {
                PeerRequest::Deliver(endpoint, signed, flight) => {
                    self.deliver(endpoint, signed, flight)
                }
                PeerRequest::QueryPeers(question, flight) => self.ask(&question, flight),
                PeerRequest::Offer(names) => {
                    self.backlog.put(names.iter().copied());
                    self.offer();
                }
                PeerRequest::CheckFile(proposal, file) => self.look(proposal, &file),
            }
        }
    }

    /// What is to be done next. While something waits to be offered again, not for ever.
    fn next(&self) -> Result<PeerRequest, RecvTimeoutError> {
        match self.backlog.is_empty() {
            true => Ok(self.queue.recv()?),
            false => self.queue.recv_timeout(self.offer_backoff),
        }
    }

    /// Delivers a message, and with it what comes next and goes to the same place.
    fn deliver(&mut self, endpoint: MessageEndpoint, first: Signed, flight: OutboundMessage) {
        let mut batch = MessageBatch::default();
        batch.take(&first);
        let mut call = MessagesBody {
            messages: vec![first],
        };
        let mut flights = vec![flight];
        loop {
            match self.queue.try_recv() {
                Ok(PeerRequest::Deliver(to, signed, flight))
                    if to == endpoint && batch.take(&signed) =>
                {
                    call.messages.push(signed);
                    flights.push(flight);
                }
                Ok(other) => {
                    self.pending = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        match self.post::<_, Receipts>(endpoint.path(), &call) {
            Ok(receipts) => self.report(flights, SendOutcome::Arrived(receipts.log)),
            Err(failure) => self.failed(flights, failure),
        }
    }

    fn failed(&mut self, flights: Vec<OutboundMessage>, failure: CallError) {
        match failure {
            CallError::Unreachable(why) => {
                self.give_up(flights, &why, SendOutcome::Lost(why.clone()))
            }
            CallError::Busy(why) => self.give_up(flights, &why, SendOutcome::Refused(why.clone())),
            // It takes other things.
            CallError::Refused(why) => self.report(flights, SendOutcome::Refused(why)),
        }
    }

    /// The node does not answer, or is too busy: nothing that waits for it gets there in time.
    fn give_up(&mut self, mut flights: Vec<OutboundMessage>, why: &str, delivery: SendOutcome) {
        let waiting = self.pending.take();
        for request in waiting.into_iter().chain(self.queue.try_iter()) {
            match request {
                PeerRequest::Deliver(_, _, flight) | PeerRequest::QueryPeers(_, flight) => {
                    flights.push(flight)
                }
                PeerRequest::Offer(names) => self.backlog.put(names.iter().copied()),
                PeerRequest::CheckFile(proposal, _) => {
                    let verdict = HostCommand::FileChecked(proposal, Err(why.to_owned()));
                    // The host is gone only when everything ends.
                    drop(self.context.host.send(verdict));
                }
            }
        }
        self.report(flights, delivery);
    }

    fn report(&self, flights: Vec<OutboundMessage>, delivery: SendOutcome) {
        let report = HostCommand::DeliveryReport(self.node, flights, delivery);
        drop(self.context.host.send(report));
    }

    fn ask(&mut self, question: &Signed, flight: OutboundMessage) {
        match self.peers(question) {
            Ok((answer, log)) => {
                if let Some(answer) = answer {
                    drop(
                        self.context
                            .host
                            .send(HostCommand::PeersAnswer(Box::new(answer))),
                    );
                }
                self.report(vec![flight], SendOutcome::Arrived(Some(log)));
            }
            Err(failure) => self.failed(vec![flight], failure),
        }
    }

    /// Asks the trusted-node service. The answer, if it is signed as it should be.
    fn peers(&self, question: &Signed) -> Result<(Option<VerifiedMessage>, LogHead), CallError> {
        let unwritten = |error: serde_json::Error| CallError::Refused(error.to_string());
        let header = serde_json::to_string(question).map_err(unwritten)?;
        let response = self
            .agent
            .get(format!("{}/peers", self.base))
            .header(QUESTION_HEADER, header)
            .call()
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        let answer: PeersView = read(response)?;
        let signed = answer
            .signed
            .and_then(|signed| VerifiedMessage::open(signed, &self.context.network).ok());
        Ok((signed, answer.log))
    }

    /// Offers what is still to be offered, and sends what is wanted.
    fn offer(&mut self) {
        let have = self.backlog.take();
        match self.pass_on(&have) {
            Ok(()) => self.offer_backoff = OFFER_BACKOFF,
            Err((failure, left)) => {
                if let CallError::Busy(why) | CallError::Refused(why) = &failure {
                    self.report(Vec::new(), SendOutcome::Refused(why.clone()));
                }
                // What is refused once is refused again.
                if !matches!(failure, CallError::Refused(_)) {
                    self.backlog.put(left);
                    self.offer_backoff = (2 * self.offer_backoff).min(OFFER_BACKOFF_MAX);
                }
            }
        }
    }

    /// Passes on what of these messages is wanted, in as many bundles as it takes. On failure also says what of them
    /// may still be wanted.
    fn pass_on(&self, have: &[MessageName]) -> Result<(), (CallError, Vec<MessageName>)> {
        let offer = Offer {
            have: have.to_vec(),
        };
        let answer = self.post::<_, Want>("/relay/offer", &offer);
        let answer = answer.map_err(|failure| (failure, have.to_vec()))?;
        let want: BTreeSet<MessageName> = answer.want.into_iter().collect();
        let wanted = have.iter().filter(|name| want.contains(name));
        let wanted: Vec<MessageName> = wanted.copied().collect();
        let mut batches = batches(self.context.seen.get(&wanted)).into_iter();
        while let Some(batch) = batches.next() {
            let (names, messages): (Vec<MessageName>, _) = batch.into_iter().unzip();
            match self.send_bundle(messages) {
                Ok(()) => {}
                Err(CallError::Refused(why)) => self.report(Vec::new(), SendOutcome::Refused(why)),
                Err(failure) => {
                    let rest = batches.flatten().map(|(name, _)| name);
                    return Err((failure, names.into_iter().chain(rest).collect()));
                }
            }
        }
        Ok(())
    }

    fn send_bundle(&self, messages: Vec<Signed>) -> Result<(), CallError> {
        let bundle = WireBundle {
            from: self.context.identity.key(),
            messages,
        };
        let signed = bundle
            .sign(&self.context.identity, &self.context.network)
            .map_err(|error| CallError::Refused(error.to_string()))?;
        self.post::<_, Receipts>("/relay", &signed).map(drop)
    }

    /// Can the file be read there, with this hash and size?
    fn look(&mut self, proposal: Arc<Proposal>, file: &FileInfo) {
        let url = format!("{}/files/{}", self.base, file.sha256);
        let verdict = match self.agent.head(url).call() {
            Err(error) => Err(error.to_string()),
            Ok(response) => {
                let length = response
                    .headers()
                    .get("content-length")
                    .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
                match (response.status().as_u16(), length) {
                    (200, Some(length)) if length == file.size_bytes => Ok(()),
                    (200, length) => Err(format!(
                        "it has {} bytes at its origin, not {}",
                        length.map_or("unknown".to_owned(), |length| length.to_string()),
                        file.size_bytes
                    )),
                    (status, _) => Err(format!("its origin answers with status {status}")),
                }
            }
        };
        drop(
            self.context
                .host
                .send(HostCommand::FileChecked(proposal, verdict)),
        );
    }

    fn post<T: Serialize, A: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        content: &T,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(content).map_err(|e| CallError::Refused(e.to_string()))?;
        if body.len() > BODY_BYTES_MAX {
            let why = format!(
                "not sent: {path} with {} bytes, and no node takes more than {BODY_BYTES_MAX}",
                body.len()
            );
            return Err(CallError::Refused(why));
        }
        let response = self
            .agent
            .post(format!("{}{path}", self.base))
            .content_type("application/json")
            .send(&body[..])
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        read(response)
    }
}
