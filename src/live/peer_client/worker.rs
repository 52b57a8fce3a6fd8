//! `PeerClient`: the thread of one client. It takes requests from its queue, makes the calls, and reports outcomes to
//! the host.

use super::batch::{MessageBatch, OfferBacklog, batches};
use super::response::{CallError, read};
use super::{
    LOG_INDEX_HEADER, MessageEndpoint, MessagesBody, Offer, PeerContext, PeerRequest,
    QUESTION_HEADER, Want, agent,
};
use crate::live::command::{HostCommand, OutboundMessage, SendOutcome};
use crate::live::config::BODY_BYTES_MAX;
use crate::live::status::PeersView;
use crate::live::wire::{LogHead, MessageName, Receipts, Signed, VerifiedMessage, WireBundle};
use crate::node::{FileInfo, Proposal};
use crate::scp::NodeId;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Timeout of a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Exponential backoff of offers: the first wait. Each further wait is twice as long.
const OFFER_BACKOFF: Duration = Duration::from_secs(1);
/// Exponential backoff of offers: the longest wait.
const OFFER_BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The client of one node.
pub(super) struct PeerClient {
    context: Arc<PeerContext>,
    node: NodeId,
    base: String,
    agent: ureq::Agent,
    queue: Receiver<PeerRequest>,
    /// A request that was taken from the queue and did not fit into the batch.
    pending: Option<PeerRequest>,
    /// Names that the node has not accepted or refused yet.
    backlog: OfferBacklog,
    /// Wait before the next offer.
    offer_backoff: Duration,
}

impl PeerClient {
    /// A client for `node`, which answers at `http`.
    pub(super) fn new(
        context: Arc<PeerContext>,
        node: NodeId,
        http: SocketAddr,
        queue: Receiver<PeerRequest>,
    ) -> PeerClient {
        PeerClient {
            context,
            node,
            base: format!("http://{http}"),
            agent: agent(CALL_TIMEOUT),
            queue,
            pending: None,
            backlog: OfferBacklog::default(),
            offer_backoff: OFFER_BACKOFF,
        }
    }

    /// Runs until the process stops or the queue is dropped.
    pub(super) fn run(mut self) {
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
                PeerRequest::Deliver(endpoint, signed, message) => {
                    self.deliver(endpoint, signed, message);
                }
                PeerRequest::QueryPeers(query, message) => self.query_peers(&query, message),
                PeerRequest::Offer(names) => {
                    self.backlog.add(names.iter().copied());
                    self.offer();
                }
                PeerRequest::CheckFile(proposal, file) => self.check_file(proposal, &file),
            }
        }
    }

    /// The next request. If offers wait for a retry, this times out after the backoff.
    fn next(&self) -> Result<PeerRequest, RecvTimeoutError> {
        match self.backlog.is_empty() {
            true => Ok(self.queue.recv()?),
            false => self.queue.recv_timeout(self.offer_backoff),
        }
    }

    /// Delivers a message, in one call with the following ones for the same endpoint.
    fn deliver(&mut self, endpoint: MessageEndpoint, first: Signed, message: OutboundMessage) {
        let mut batch = MessageBatch::default();
        batch.add(&first);
        let mut body = MessagesBody {
            messages: vec![first],
        };
        let mut messages = vec![message];
        loop {
            match self.queue.try_recv() {
                Ok(PeerRequest::Deliver(to, signed, message))
                    if to == endpoint && batch.add(&signed) =>
                {
                    body.messages.push(signed);
                    messages.push(message);
                }
                Ok(other) => {
                    self.pending = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        match self.post::<_, Receipts>(endpoint.path(), &body) {
            Ok(receipts) => self.report(messages, SendOutcome::Arrived(receipts.log)),
            Err(error) => self.failed(messages, error),
        }
    }

    fn failed(&mut self, messages: Vec<OutboundMessage>, error: CallError) {
        match error {
            CallError::Unreachable(why) => {
                self.drop_queue(messages, &why, SendOutcome::Lost(why.clone()));
            }
            CallError::Busy(why) => {
                self.drop_queue(messages, &why, SendOutcome::Refused(why.clone()));
            }
            // The node may accept other requests.
            CallError::Refused(why) => self.report(messages, SendOutcome::Refused(why)),
        }
    }

    /// Drops all requests except offers, because the node does not answer or is overloaded. Reports `outcome` for them.
    fn drop_queue(&mut self, mut messages: Vec<OutboundMessage>, why: &str, outcome: SendOutcome) {
        let waiting = self.pending.take();
        for request in waiting.into_iter().chain(self.queue.try_iter()) {
            match request {
                PeerRequest::Deliver(_, _, message) | PeerRequest::QueryPeers(_, message) => {
                    messages.push(message);
                }
                PeerRequest::Offer(names) => self.backlog.add(names.iter().copied()),
                PeerRequest::CheckFile(proposal, _) => {
                    self.send_to_host(HostCommand::FileChecked(proposal, Err(why.to_owned())));
                }
            }
        }
        self.report(messages, outcome);
    }

    fn report(&self, messages: Vec<OutboundMessage>, outcome: SendOutcome) {
        self.send_to_host(HostCommand::DeliveryReport(self.node, messages, outcome));
    }

    fn send_to_host(&self, command: HostCommand) {
        // The host is gone only when the process stops.
        drop(self.context.host.send(command));
    }

    fn query_peers(&mut self, query: &Signed, message: OutboundMessage) {
        match self.peers(query) {
            Ok((answer, log)) => {
                if let Some(answer) = answer {
                    self.send_to_host(HostCommand::PeersAnswer(Box::new(answer)));
                }
                self.report(vec![message], SendOutcome::Arrived(Some(log)));
            }
            Err(error) => self.failed(vec![message], error),
        }
    }

    /// Calls `GET /peers` with a signed query. Returns the signed answer, if its signature is valid, and the head of
    /// the node's log.
    fn peers(&self, query: &Signed) -> Result<(Option<VerifiedMessage>, LogHead), CallError> {
        let refused = |error: serde_json::Error| CallError::Refused(error.to_string());
        let header = serde_json::to_string(query).map_err(refused)?;
        let response = self
            .agent
            .get(format!("{}/peers", self.base))
            .header(QUESTION_HEADER, header)
            .header(LOG_INDEX_HEADER, self.context.log.index())
            .call()
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        let answer: PeersView = read(response)?;
        let signed = answer
            .signed
            .and_then(|signed| VerifiedMessage::open(signed, &self.context.network).ok());
        Ok((signed, answer.log))
    }

    /// Offers the backlog, and sends the messages that the node wants.
    fn offer(&mut self) {
        let have = self.backlog.take();
        match self.relay(&have) {
            Ok(()) => self.offer_backoff = OFFER_BACKOFF,
            Err((error, left)) => {
                if let CallError::Busy(why) | CallError::Refused(why) = &error {
                    self.report(Vec::new(), SendOutcome::Refused(why.clone()));
                }
                // A refused offer would be refused again.
                if !matches!(error, CallError::Refused(_)) {
                    self.backlog.add(left);
                    self.offer_backoff =
                        self.offer_backoff.saturating_mul(2).min(OFFER_BACKOFF_MAX);
                }
            }
        }
    }

    /// Offers messages and relays those that the node wants, in as many bundles as needed. An error contains the names
    /// of the messages that the node may still want.
    fn relay(&self, have: &[MessageName]) -> Result<(), (CallError, Vec<MessageName>)> {
        let offer = Offer {
            have: have.to_vec(),
        };
        let answer = self.post::<_, Want>("/relay/offer", &offer);
        let answer = answer.map_err(|error| (error, have.to_vec()))?;
        let want: BTreeSet<MessageName> = answer.want.into_iter().collect();
        let wanted = have.iter().filter(|name| want.contains(name));
        let wanted: Vec<MessageName> = wanted.copied().collect();
        let mut batches = batches(self.context.message_cache.get(&wanted)).into_iter();
        while let Some(batch) = batches.next() {
            let (names, messages): (Vec<MessageName>, _) = batch.into_iter().unzip();
            match self.send_bundle(messages) {
                Ok(()) => {}
                Err(CallError::Refused(why)) => {
                    self.report(Vec::new(), SendOutcome::Refused(why));
                }
                Err(error) => {
                    let rest = batches.flatten().map(|(name, _)| name);
                    return Err((error, names.into_iter().chain(rest).collect()));
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

    /// Calls `HEAD /files/{sha256}` to check whether the node serves the file with the proposed size.
    fn check_file(&mut self, proposal: Arc<Proposal>, file: &FileInfo) {
        let url = format!("{}/files/{}", self.base, file.sha256);
        let result = match self.agent.head(url).call() {
            Err(error) => Err(error.to_string()),
            Ok(response) => {
                let length = response
                    .headers()
                    .get("content-length")
                    .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
                match (response.status().as_u16(), length) {
                    (200, Some(length)) if length == file.size_bytes => Ok(()),
                    (200, Some(length)) => Err(format!(
                        "it has {length} bytes at its origin, not {}",
                        file.size_bytes
                    )),
                    (200, None) => Err("its origin does not state its size".to_owned()),
                    (status, _) => Err(format!("its origin answers with status {status}")),
                }
            }
        };
        self.send_to_host(HostCommand::FileChecked(proposal, result));
    }

    fn post<T: Serialize, A: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        content: &T,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(content).map_err(|e| CallError::Refused(e.to_string()))?;
        if body.len() > BODY_BYTES_MAX {
            let why = format!(
                "{path} not called: the body has {} bytes, more than the {BODY_BYTES_MAX} that nodes accept",
                body.len()
            );
            return Err(CallError::Refused(why));
        }
        let response = self
            .agent
            .post(format!("{}{path}", self.base))
            .content_type("application/json")
            .header(LOG_INDEX_HEADER, self.context.log.index())
            .send(body.as_slice())
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        read(response)
    }
}
