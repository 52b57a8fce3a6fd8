//! Runs committed effects: signs, addresses and sends the messages and announcements of the node.
//!
//! The runner owns the network. It accepts only [`CommittedEffects`], so nothing is sent before it is durable.

use super::announcements::Announcements;
use super::context::HostContext;
use super::messages::Messages;
use super::network::HostNetwork;
use super::transactional_outbox::{CommittedEffects, HostEffect};
use crate::live::command::{OutboundMessage, SendOutcome};
use crate::live::config::LiveConfig;
use crate::live::node_directory::NodeDirectory;
use crate::live::peer_client::{MessageEndpoint, PeerContext, PeerRequest};
use crate::live::wire::{
    Datagram, MessageName, Signed, VERSION, WireAnnouncement, WireError, WireMessage,
};
use crate::node::{
    Announcement, AnnouncementKind, Body, Content, FileInfo, Message, Proposal, Recipient,
};
use crate::scp::NodeId;
use crate::trace::FlightId;
use std::net::SocketAddr;
use std::sync::Arc;

/// How often a leaving node broadcasts its leave announcement. Datagrams get lost, and the node cannot repeat it later.
const LEAVE_REPEATS: usize = 3;

/// The parts of the host that effects read and update.
pub(super) struct EffectContext<'a> {
    /// Addresses, keys, the node, its log and its peers.
    pub(super) host: &'a mut HostContext,
    /// Address checks.
    pub(super) announcements: &'a mut Announcements,
    /// File checks.
    pub(super) messages: &'a mut Messages,
}

impl EffectContext<'_> {
    /// All known nodes that have announced an address.
    fn neighbours(&self) -> Vec<(NodeId, SocketAddr)> {
        let known = self.host.runtime.view().known.iter();
        known
            .filter_map(|node| Some((node, self.host.directory.http(node)?)))
            .collect()
    }

    fn receivers(&self, to: Recipient) -> Vec<(NodeId, SocketAddr)> {
        match to {
            Recipient::Node(node) => {
                let http = self.host.directory.http(node);
                http.map(|http| (node, http)).into_iter().collect()
            }
            Recipient::Neighbours => self.neighbours(),
            Recipient::NeighboursExcept(except) => {
                let mut neighbours = self.neighbours();
                neighbours.retain(|(node, _)| *node != except);
                neighbours
            }
        }
    }
}

/// Runs committed effects on the network.
pub(super) struct EffectRunner {
    network: Box<dyn HostNetwork>,
    peer_context: Arc<PeerContext>,
    config: Arc<LiveConfig>,
    next_flight: u64,
    /// Freshness mark of the last own announcement.
    last_mark_us: u64,
}

impl EffectRunner {
    /// A runner that sends through `network`.
    #[must_use]
    pub(super) fn new(
        network: Box<dyn HostNetwork>,
        peer_context: Arc<PeerContext>,
        config: Arc<LiveConfig>,
    ) -> EffectRunner {
        EffectRunner {
            network,
            peer_context,
            config,
            next_flight: 0,
            last_mark_us: 0,
        }
    }

    /// Runs the effects in order.
    pub(super) fn run(&mut self, committed: CommittedEffects, context: &mut EffectContext<'_>) {
        context.host.recorder.publish();
        for effect in committed.into_effects() {
            self.run_one(effect, context);
        }
        context.host.recorder.publish();
    }

    fn run_one(&mut self, effect: HostEffect, context: &mut EffectContext<'_>) {
        match effect {
            HostEffect::Send(to, message) => self.send(to, &message, context),
            HostEffect::Announce(announcement) => self.announce(&announcement, context),
            HostEffect::Fetch(file, holders) => self.fetch(file, holders, context),
            HostEffect::CheckFile(proposal) => self.check_file(&proposal, context),
            HostEffect::ProveAddress(key, http) => {
                if !self.network.prove(key, http) {
                    context.announcements.check_dropped(key);
                }
            }
            HostEffect::Offer(names) => self.offer(&names, context),
            HostEffect::Disconnect(node) => self.network.disconnect(node),
            HostEffect::Subscribe(reply) => {
                let subscription = context
                    .host
                    .recorder
                    .subscribe(context.host.clock.now(), &context.host.directory);
                drop(reply.send(subscription));
            }
            HostEffect::Reply(reply) => reply(),
        }
    }

    fn send(&mut self, to: Recipient, message: &Message, context: &mut EffectContext<'_>) {
        let receivers = context.receivers(to);
        if receivers.is_empty() {
            return;
        }
        let Some(signed) = sign(message, &context.host.directory, &self.peer_context) else {
            return;
        };
        for (node, http) in receivers {
            let outbound = OutboundMessage {
                id: FlightId(self.next_flight),
                at: context.host.clock.now(),
                to: node,
                kind: message.kind(),
                message: message.id,
                housekeeping: message.housekeeping,
            };
            self.next_flight = self.next_flight.wrapping_add(1);
            let deliver = |endpoint| PeerRequest::Deliver(endpoint, signed.clone(), outbound);
            let request = match &message.body {
                Body::Scp { .. } => deliver(MessageEndpoint::Vote),
                Body::Proposal(_) => deliver(MessageEndpoint::Propose),
                Body::Peers(_) => deliver(MessageEndpoint::Peers),
                Body::PeersQuestion => PeerRequest::QueryPeers(signed.clone(), outbound),
                Body::CatchUpQuestion { .. } | Body::CatchUpAnswer { .. } => {
                    deliver(MessageEndpoint::CatchUp)
                }
            };
            if !self.network.send(node, http, request) {
                let why = "its queue of requests is full".to_owned();
                context
                    .host
                    .report_delivery(node, &[outbound], SendOutcome::Lost(why));
            }
        }
    }

    /// Broadcasts an own announcement, or repeats the leave announcement of another node.
    fn announce(&mut self, announcement: &Announcement, context: &mut EffectContext<'_>) {
        if announcement.peer.id != NodeId(0) {
            let stored = context
                .host
                .directory
                .signed_announcement(announcement.peer.id)
                .cloned();
            let signed = stored.ok_or(WireError::Malformed(
                "the announcement of another node is not stored".to_owned(),
            ));
            return self.broadcast(signed, context);
        }
        let times = match announcement.kind {
            AnnouncementKind::Leaving => LEAVE_REPEATS,
            AnnouncementKind::Beacon | AnnouncementKind::Here => 1,
        };
        for _ in 0..times {
            let signed = self.sign_announcement(announcement, context);
            self.broadcast(signed, context);
        }
    }

    fn sign_announcement(
        &mut self,
        announcement: &Announcement,
        context: &mut EffectContext<'_>,
    ) -> Result<Signed, WireError> {
        let skew_us = self.config.limits.clock_skew_ms.saturating_mul(1000);
        self.last_mark_us = context.host.clock.next_mark_us(self.last_mark_us, skew_us);
        let identity = &self.peer_context.identity;
        let own = WireAnnouncement {
            version: VERSION,
            network: self.config.network.clone(),
            key: identity.key(),
            name: self.config.name.clone(),
            http: self.config.advertise.unwrap_or(self.config.http),
            kind: announcement.kind,
            nth: announcement.nth,
            epoch: context.host.recovery.epoch(),
            messages: context.host.runtime.messages_reserved(),
            mark_us: self.last_mark_us,
        };
        let signed = own.sign(identity)?;
        context.host.directory.update(&own, &signed)?;
        Ok(signed)
    }

    fn broadcast(
        &mut self,
        announcement: Result<Signed, WireError>,
        context: &mut EffectContext<'_>,
    ) {
        let packet = announcement.and_then(|announcement| Datagram { announcement }.write());
        match packet.map(|packet| self.network.broadcast(&packet)) {
            Err(error) => tracing::error!(%error, "an announcement could not be written"),
            Ok(Ok(())) => context.host.counters.count("datagrams_sent"),
            Ok(Err(error)) => {
                context.host.counters.count("datagrams_not_sent");
                tracing::debug!(%error, "an announcement could not be broadcast");
            }
        }
    }

    fn fetch(&mut self, file: FileInfo, holders: Vec<NodeId>, context: &mut EffectContext<'_>) {
        let base_of = |node| {
            Some((
                node,
                format!("http://{}", context.host.directory.http(node)?),
            ))
        };
        let (nodes, bases) = holders.into_iter().filter_map(base_of).unzip();
        context.host.fetches.started(&file.sha256, nodes);
        self.network.fetch(file, bases);
    }

    fn check_file(&mut self, proposal: &Arc<Proposal>, context: &mut EffectContext<'_>) {
        let origin = context.host.directory.find(proposal.id.origin);
        let address =
            origin.and_then(|origin| Some((origin, context.host.directory.http(origin)?)));
        let is_asked = match (address, &proposal.content) {
            (Some((origin, http)), Content::File(file)) => {
                let request = PeerRequest::CheckFile(Arc::clone(proposal), file.clone());
                self.network.send(origin, http, request)
            }
            _ => false,
        };
        if !is_asked {
            context.messages.file_check_dropped(proposal);
        }
    }

    /// Offers messages to every known node except their author, so that nodes that the author cannot reach get them.
    fn offer(&mut self, names: &[MessageName], context: &mut EffectContext<'_>) {
        for (node, http) in context.neighbours() {
            let key = context.host.directory.key_of(node);
            let others = names.iter().filter(|name| name.sender != key);
            let others: Vec<MessageName> = others.copied().collect();
            if !others.is_empty() {
                // If the queue is full, the offer is dropped: authors send important messages again.
                self.network
                    .send(node, http, PeerRequest::Offer(others.into()));
            }
        }
    }
}

/// Converts a message to its wire form and signs it with the key of this node. `None` if it cannot be serialized.
pub(super) fn sign(
    message: &Message,
    directory: &NodeDirectory,
    context: &PeerContext,
) -> Option<Signed> {
    let wire = WireMessage::new(message, directory);
    let signed = wire.sign(&context.identity, &context.network);
    signed
        .inspect_err(|error| tracing::error!(%error, "a message could not be written"))
        .ok()
}
