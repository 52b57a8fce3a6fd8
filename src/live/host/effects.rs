//! What the node wants done, carried out in order once everything that must survive a crash has been stored.

use super::{Host, OFFER_INTERVAL, PeerState, STORING_RETRY};
use crate::live::command::{OutboundMessage, SendOutcome};
use crate::live::peer_client::{MessageEndpoint, PeerRequest};
use crate::live::wire::{
    Datagram, LogHead, MessageName, Signed, VERSION, WireAnnouncement, WireError, WireMessage,
};
use crate::node::{Announcement, AnnouncementKind, Body, FileInfo, Message, Recipient};
use crate::scp::NodeId;
use crate::trace::FlightId;
use std::net::SocketAddr;
use std::sync::Arc;

/// How often a goodbye is broadcast: packets can be lost.
const LEAVE_REPEATS: usize = 3;

/// Something to do outside the node.
pub(super) enum HostEffect {
    /// Send a message.
    Send(Recipient, Arc<Message>),
    /// Broadcast.
    Announce(Arc<Announcement>),
    /// Get a file.
    Fetch(FileInfo, Vec<NodeId>),
    /// Answer somebody.
    Answer(Box<dyn FnOnce() + Send>),
}

impl Host {
    /// Stores what must survive, and then does what waits for that. If it cannot be stored, everything waits on.
    pub(super) fn commit(&mut self) {
        let unstored = self.directory.take_unstored();
        self.batch.numbers.extend(unstored.numbers);
        for (id, signed) in unstored.announcements {
            // Strings and numbers only: it can be written.
            let bytes = serde_json::to_vec(&signed).unwrap_or_default();
            self.batch.announcements.push((id, bytes));
        }
        if self.clock.now() < self.retry_at {
            return;
        }
        if !self.batch.is_empty() {
            if let Err(error) = self.store.commit(&self.batch) {
                if self.storage_error.is_none() {
                    tracing::error!(%error, "nothing leaves this node until it can store again");
                }
                self.storage_error = Some(error.to_string());
                self.retry_at = self.clock.now() + STORING_RETRY;
                return;
            }
            self.batch = super::WriteBatch::default();
            self.counters.count("transactions");
        }
        if self.storage_error.take().is_some() {
            tracing::info!("storing works again");
        }
        for effect in std::mem::take(&mut self.effects) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: HostEffect) {
        match effect {
            HostEffect::Send(to, message) => self.send(to, &message),
            HostEffect::Announce(said) => self.announce(&said),
            HostEffect::Fetch(file, holders) => {
                let places = holders.into_iter();
                let (nodes, bases) = places
                    .filter_map(|node| {
                        Some((node, format!("http://{}", self.directory.http(node)?)))
                    })
                    .unzip();
                self.holders.insert(file.sha256.clone(), nodes);
                self.fetcher.start(file, bases);
            }
            HostEffect::Answer(answer) => answer(),
        }
    }

    /// Everybody who is there.
    fn neighbours(&self) -> Vec<(NodeId, SocketAddr)> {
        let known = self.view.known.keys();
        known
            .filter_map(|&node| Some((node, self.directory.http(node)?)))
            .collect()
    }

    pub(super) fn sign(&self, message: &Message) -> Option<Signed> {
        let wire = WireMessage::new(message, &self.directory);
        let signed = wire.sign(&self.context.identity, &self.context.network);
        signed
            .inspect_err(|error| tracing::error!(%error, "a message could not be written"))
            .ok()
    }

    fn send(&mut self, to: Recipient, message: &Message) {
        let receivers = match to {
            Recipient::Node(node) => self
                .directory
                .http(node)
                .map(|http| (node, http))
                .into_iter()
                .collect(),
            Recipient::Neighbours => self.neighbours(),
            Recipient::NeighboursExcept(except) => {
                let mut neighbours = self.neighbours();
                neighbours.retain(|(node, _)| *node != except);
                neighbours
            }
        };
        if receivers.is_empty() {
            return;
        }
        let Some(signed) = self.sign(message) else {
            return;
        };
        for (node, http) in receivers {
            let flight = self.flight(node, message);
            let request = match &message.body {
                Body::Scp { .. } => {
                    PeerRequest::Deliver(MessageEndpoint::Vote, signed.clone(), flight)
                }
                Body::Proposal(_) => {
                    PeerRequest::Deliver(MessageEndpoint::Propose, signed.clone(), flight)
                }
                Body::Peers { .. } => {
                    PeerRequest::Deliver(MessageEndpoint::Peers, signed.clone(), flight)
                }
                Body::PeersQuestion => PeerRequest::QueryPeers(signed.clone(), flight),
                Body::CatchUpQuestion { .. } | Body::CatchUpAnswer { .. } => {
                    PeerRequest::Deliver(MessageEndpoint::CatchUp, signed.clone(), flight)
                }
            };
            if !self.clients.send(node, http, request) {
                let why = "too much is waiting for it".to_owned();
                self.delivery_report(node, &[flight], SendOutcome::Lost(why));
            }
        }
    }

    fn flight(&mut self, to: NodeId, message: &Message) -> OutboundMessage {
        self.flights += 1;
        OutboundMessage {
            id: FlightId(self.flights - 1),
            at: self.clock.now(),
            to,
            kind: message.kind(),
            message: message.id,
            housekeeping: message.housekeeping,
        }
    }

    /// Transmissions have ended.
    pub(super) fn delivery_report(
        &mut self,
        node: NodeId,
        flights: &[OutboundMessage],
        delivery: SendOutcome,
    ) {
        let now = self.clock.now();
        let own = self.log_head();
        let contact: &mut PeerState = self.contacts.entry(node).or_default();
        match delivery {
            SendOutcome::Arrived(head) => {
                let differs = |head: &LogHead| {
                    head.index > 0 && head.index == own.index && head.hash != own.hash
                };
                if head.as_ref().is_some_and(differs) && !contact.has_other_log {
                    contact.has_other_log = true;
                    self.counters.count("logs_that_differ");
                    tracing::error!(
                        name = %self.directory.name(node), index = own.index,
                        "its log is another one: this network has split"
                    );
                }
                if contact.is_reachable == Some(false) {
                    tracing::info!(name = %self.directory.name(node), "answers again");
                }
                contact.is_reachable = Some(true);
                contact.refusal = None;
                contact.heard_at = Some(now);
                if head.is_some() {
                    contact.log = head;
                }
                self.counters.add("messages_sent", flights.len() as u64);
                for flight in flights {
                    self.recorder.sent(flight, now);
                }
            }
            SendOutcome::Refused(why) => {
                // It answers, after all. The same refusal again and again is said once.
                if contact.refusal.as_ref() != Some(&why) {
                    tracing::warn!(name = %self.directory.name(node), %why, "does not take a call");
                }
                contact.is_reachable = Some(true);
                contact.refusal = Some(why);
                contact.heard_at = Some(now);
                self.counters.count("calls_refused");
                self.counters.add("messages_lost", flights.len() as u64);
                for flight in flights {
                    self.recorder.lost(flight, now);
                }
            }
            SendOutcome::Lost(why) => {
                if contact.is_reachable != Some(false) {
                    tracing::warn!(name = %self.directory.name(node), %why, "does not answer");
                }
                contact.is_reachable = Some(false);
                self.counters.add("messages_lost", flights.len() as u64);
                for flight in flights {
                    self.recorder.lost(flight, now);
                }
            }
        }
    }

    /// Broadcasts what the node says about itself, or the goodbye of another that somebody has missed.
    fn announce(&mut self, said: &Announcement) {
        if said.peer.id != NodeId(0) {
            let missed = self.directory.announcement(said.peer.id).cloned();
            return self.broadcast(missed.ok_or(WireError::Malformed(
                "the goodbye of another node is not at hand".to_owned(),
            )));
        }
        let times = match said.kind {
            // There is no second chance to say it.
            AnnouncementKind::Leaving => LEAVE_REPEATS,
            AnnouncementKind::Beacon | AnnouncementKind::Here => 1,
        };
        for _ in 0..times {
            let own = self.own_announcement(said);
            self.broadcast(own);
        }
    }

    fn own_announcement(&mut self, said: &Announcement) -> Result<Signed, WireError> {
        let skew_us = self.config.limits.clock_skew_ms * 1000;
        self.mark_us = self.clock.next_mark_us(self.mark_us, skew_us);
        let identity = &self.context.identity;
        let own = WireAnnouncement {
            version: VERSION,
            network: self.config.network.clone(),
            key: identity.key(),
            name: self.config.name.clone(),
            http: self.config.advertise.unwrap_or(self.config.http),
            kind: said.kind,
            nth: said.nth,
            mark_us: self.mark_us,
        };
        let signed = own.sign(identity)?;
        self.directory.learn(&own, &signed)?;
        Ok(signed)
    }

    fn broadcast(&mut self, announcement: Result<Signed, WireError>) {
        let packet = announcement.and_then(|announcement| Datagram { announcement }.write());
        match packet {
            Err(error) => tracing::error!(%error, "the announcement could not be written"),
            Ok(packet) => match self.udp.send(&packet) {
                Ok(()) => self.counters.count("datagrams_sent"),
                Err(error) => {
                    self.counters.count("datagrams_not_sent");
                    tracing::debug!(%error, "the announcement could not be broadcast");
                }
            },
        }
    }

    /// Offers to everybody what has come from others: who cannot be reached by its author gets it from here.
    pub(super) fn offer(&mut self) {
        let now = self.clock.now();
        if now.since(self.offered_at) < OFFER_INTERVAL {
            return;
        }
        self.offered_at = now;
        let names = self.context.seen.take_unoffered();
        if names.is_empty() {
            return;
        }
        for (node, http) in self.neighbours() {
            let key = self.directory.key_of(node);
            let others: Vec<MessageName> = names
                .iter()
                .filter(|name| name.sender != key)
                .copied()
                .collect();
            if !others.is_empty() {
                self.clients
                    .send(node, http, PeerRequest::Offer(others.into()));
            }
        }
    }

    /// Takes back the answer of the trusted-node service that the last step wants sent to `asker`.
    pub(super) fn take_back_answer(&mut self, asker: NodeId) -> Option<Arc<Message>> {
        let at = self.effects.iter().rposition(|effect| {
            matches!(effect, HostEffect::Send(Recipient::Node(node), message)
                if *node == asker && matches!(message.body, Body::Peers { .. }))
        })?;
        match self.effects.remove(at) {
            HostEffect::Send(_, message) => Some(message),
            _ => None,
        }
    }
}
