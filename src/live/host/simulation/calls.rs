//! Calls between hosts: one at a time for each pair, with answers that may get lost, as `peer_client` and `http` make them.

use super::machine::PendingReply;
use super::peer_queue::{CallContent, PeerQueue};
use super::world::{Call, CallResult, Event, World};
use crate::live::command::{HostCommand, SendOutcome};
use crate::live::file_store::HeldFiles;
use crate::live::peer_client::PeerRequest;
use crate::live::wire::{MessageName, VerifiedBundle};
use crate::scp::NodeId;
use crate::time::Span;
use std::net::SocketAddr;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// Timeout of a call.
const CALL_TIMEOUT: Span = Span::from_ms(10_000);

impl World {
    /// Queues a request for a node.
    pub(super) fn enqueue(
        &mut self,
        at: usize,
        node: NodeId,
        http: SocketAddr,
        request: PeerRequest,
    ) {
        let Some(process) = self.process(at) else {
            return;
        };
        let queue = process
            .queues
            .entry(node)
            .or_insert_with(|| PeerQueue::new(http));
        if queue.http != http {
            *queue = PeerQueue::new(http);
        }
        if let Some(PeerRequest::Deliver(_, _, message) | PeerRequest::QueryPeers(_, message)) =
            queue.push(request)
        {
            let outcome = SendOutcome::Lost("its queue of requests is full".to_owned());
            self.command(
                at,
                HostCommand::DeliveryReport(node, vec![message], outcome),
            );
        }
    }

    /// Starts a call for each queue that has requests and no call.
    pub(super) fn call_idle(&mut self, at: usize) {
        let nodes: Vec<NodeId> = match self.process(at) {
            Some(process) => process.queues.keys().copied().collect(),
            None => Vec::new(),
        };
        for node in nodes {
            self.call(at, node);
        }
    }

    pub(super) fn call(&mut self, from: usize, node: NodeId) {
        let id = self.calls_made + 1;
        let generation = self.machines[from].generation;
        let Some(queue) = self
            .process(from)
            .and_then(|process| process.queues.get_mut(&node))
        else {
            return;
        };
        let http = queue.http;
        let Some(content) = queue.call.is_none().then(|| queue.next()).flatten() else {
            return;
        };
        queue.call = Some(id);
        self.calls_made = id;
        let to = self.machine_at(http);
        let call = Call {
            from,
            generation,
            node,
            to: to.unwrap_or(usize::MAX),
            content,
        };
        self.calls.insert(id, call);
        match to.and_then(|to| self.links.transit(from, to)) {
            Some(transit) => {
                self.after(transit, Event::CallArrives(id));
                self.after(
                    CALL_TIMEOUT,
                    Event::CallEnds(id, CallResult::Lost("no answer in time")),
                );
            }
            None => {
                let span = self.dice.span_ms(500, 10_000);
                self.after(span, Event::CallEnds(id, CallResult::Lost("no connection")));
            }
        }
    }

    /// A call arrives at its receiver.
    pub(super) fn call_arrives(&mut self, id: u64) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let (from, to, content) = (call.from, call.to, call.content.clone());
        if self.process(to).is_none() {
            let refused = CallResult::Lost("connection refused");
            return self.after(Span::from_ms(1), Event::CallEnds(id, refused));
        }
        match content {
            CallContent::Deliver(messages) => {
                let messages = messages
                    .iter()
                    .filter_map(|(signed, _)| self.verify(signed));
                let messages = messages.collect();
                let (reply, receipts) = oneshot::channel();
                self.await_reply(to, id, PendingReply::Receipts(receipts));
                self.command(to, HostCommand::Messages(messages, reply));
            }
            CallContent::QueryPeers(query, _) => {
                let Some(query) = self.verify(&query) else {
                    return;
                };
                let (reply, peers) = oneshot::channel();
                self.await_reply(to, id, PendingReply::Peers(peers));
                self.command(to, HostCommand::PeersQuery(Box::new(query), reply));
            }
            CallContent::Offer(names) => self.relay(id, from, to, &names),
            CallContent::CheckFile(_, file) => {
                let result = match self.machines[to].files.is_held(&file.sha256) {
                    true => Ok(()),
                    false => Err("its origin answers with status 404".to_owned()),
                };
                self.answer(id, from, to, CallResult::FileChecked(result));
            }
        }
    }

    pub(super) fn await_reply(&mut self, at: usize, call: u64, reply: PendingReply) {
        if let Some(process) = self.process(at) {
            process.replies.insert(call, reply);
        }
    }

    /// An offer arrives. The messages that the receiver wants arrive with it.
    fn relay(&mut self, id: u64, from: usize, to: usize, names: &[MessageName]) {
        let own = self.machines[to].identity.key();
        let names: Vec<MessageName> = names
            .iter()
            .filter(|name| name.sender != own)
            .copied()
            .collect();
        let want = self
            .process(to)
            .map(|process| process.context.message_cache.unknown(&names));
        let found = self
            .process(from)
            .map(|process| process.context.message_cache.get(&want.unwrap_or_default()));
        let signed = found.unwrap_or_default();
        let messages: Vec<_> = signed
            .iter()
            .filter_map(|(_, signed)| self.verify(signed))
            .collect();
        if messages.is_empty() {
            return self.answer(id, from, to, CallResult::NothingWanted);
        }
        let bundle = VerifiedBundle {
            from: self.machines[from].identity.key(),
            messages,
        };
        let (reply, receipts) = oneshot::channel();
        self.await_reply(to, id, PendingReply::Receipts(receipts));
        self.command(to, HostCommand::Bundle(Box::new(bundle), reply));
    }

    /// The answer of a call leaves its receiver. If it is lost, the call ends by its timeout.
    fn answer(&mut self, id: u64, from: usize, to: usize, result: CallResult) {
        if let Some(transit) = self.links.transit(to, from) {
            self.after(transit, Event::CallEnds(id, result));
        }
    }

    /// Answers the calls to which the host has replied.
    pub(super) fn collect_replies(&mut self, at: usize) {
        let Some(process) = self.process(at) else {
            return;
        };
        let (mut answers, mut proofs) = (Vec::new(), Vec::new());
        process.replies.retain(|id, reply| {
            let result = match reply {
                PendingReply::Latest(reply) => match reply.try_recv() {
                    Ok(latest) => {
                        proofs.push((*id, latest));
                        return false;
                    }
                    Err(error) => Err(error),
                },
                PendingReply::Receipts(reply) => reply.try_recv().map(CallResult::Receipts),
                PendingReply::Peers(reply) => reply
                    .try_recv()
                    .map(|(peers, signed)| CallResult::Peers(peers.log, signed)),
            };
            match result {
                Ok(result) => answers.push((*id, result)),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Closed) => {}
            }
            false
        });
        for (id, (messages, announcement)) in proofs {
            self.proved(id, at, messages, announcement);
        }
        for (id, result) in answers {
            let head = match &result {
                CallResult::Receipts(receipts) => receipts.log.as_ref(),
                CallResult::Peers(head, _) => Some(head),
                _ => None,
            };
            self.observer
                .reported(at, head.map_or(0, |head| head.index));
            if let Some(from) = self.calls.get(&id).map(|call| call.from) {
                self.answer(id, from, at, result);
            }
        }
    }

    /// A call ends at its sender.
    pub(super) fn call_ends(&mut self, id: u64, result: CallResult) {
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        let is_current = self.machines[call.from].generation == call.generation;
        let queues = self
            .process(call.from)
            .filter(|_| is_current)
            .map(|process| &mut process.queues);
        let Some(queue) = queues.and_then(|queues| queues.get_mut(&call.node)) else {
            return;
        };
        if queue.call != Some(id) {
            // The node has a new address, so the queue has been replaced.
            return;
        }
        queue.call = None;
        let (at, node, mut messages) = (call.from, call.node, call.content.messages());
        match (call.content, result) {
            (CallContent::Offer(names), CallResult::Lost(_)) => {
                queue.offer_again(names);
                let span = self.dice.span_ms(1_000, 8_000);
                self.after(span, Event::OfferAgain(at, call.generation, node));
            }
            (CallContent::CheckFile(proposal, _), result) => {
                let result = match result {
                    CallResult::FileChecked(result) => result,
                    _ => Err("no answer".to_owned()),
                };
                self.command(at, HostCommand::FileChecked(proposal, result));
            }
            (CallContent::Deliver(..) | CallContent::QueryPeers(..), CallResult::Lost(why)) => {
                let (dropped, proposals) = queue.drop_all();
                messages.extend(dropped);
                for proposal in proposals {
                    self.command(at, HostCommand::FileChecked(proposal, Err(why.to_owned())));
                }
                let outcome = SendOutcome::Lost(why.to_owned());
                self.command(at, HostCommand::DeliveryReport(node, messages, outcome));
            }
            (CallContent::Deliver(..), CallResult::Receipts(receipts)) => {
                let outcome = SendOutcome::Arrived(receipts.log);
                self.command(at, HostCommand::DeliveryReport(node, messages, outcome));
            }
            (CallContent::QueryPeers(..), CallResult::Peers(head, answer)) => {
                if let Some(answer) = answer.and_then(|answer| self.verify(&answer)) {
                    self.command(at, HostCommand::PeersAnswer(Box::new(answer)));
                }
                let outcome = SendOutcome::Arrived(Some(head));
                self.command(at, HostCommand::DeliveryReport(node, messages, outcome));
            }
            _ => {}
        }
        self.call(at, node);
    }

    /// Offers are made again after a wait.
    pub(super) fn offer_again(&mut self, at: usize, generation: u64, node: NodeId) {
        let is_current = self.machines[at].generation == generation;
        if let Some(process) = self.process(at).filter(|_| is_current)
            && let Some(queue) = process.queues.get_mut(&node)
        {
            queue.is_backing_off = false;
            self.call(at, node);
        }
    }
}
