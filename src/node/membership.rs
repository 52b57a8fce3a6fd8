//! Discovery and trust at work: starting, announcing, settling, refreshing, leaving.
//!
//! The beacon announces itself; whoever hears anything announces itself too; all pass announcements on once. Nodes
//! with a fixed quorum set, newcomers and nodes that start again speak without being asked. A node votes once it knows
//! enough nodes and its roster has been unchanged for a while.

use super::config::{Arrival, Peer, TrustPolicy};
use super::contract::{Output, Recipient, TimerKind};
use super::discovery::News;
use super::durable::{Change, Persisted};
use super::event::{NodeEvent, RefusedWhy, TrustCause};
use super::key::NodeKey;
use super::message::{Announcement, AnnouncementKind, Body, Message};
use super::node::{Life, Node};
use super::outbox::Purpose;
use crate::scp::{NodeId, NodeSet};
use std::sync::Arc;

/// How many neighbours are asked in one refresh whom they know; the next refresh asks the next ones.
const ASKED_PER_REFRESH: usize = 3;

impl Node {
    pub(super) fn start(&mut self, persisted: Option<&Persisted>) {
        self.life = Life::Discovering;
        let application = self.config.settings.application;
        self.out.event(NodeEvent::Started { application });
        if let Some(persisted) = persisted {
            self.is_restarted = true;
            self.restore(persisted);
        }
        let config = Arc::clone(&self.config);
        for peer in config.address_book.iter() {
            self.learn_peer(peer, self.me);
        }
        self.trust
            .recompute(&self.discovery, TrustCause::Configured);
        self.trust_changed();
        let speaks_first = config.arrival == Arrival::Newcomer
            || self.is_restarted
            || self.trust.is_fixed()
            || !config.address_book.is_empty();
        if config.is_beacon {
            self.wake(AnnouncementKind::Beacon);
            self.out
                .timer(TimerKind::Announce, config.settings.announce);
        } else if speaks_first {
            self.wake(AnnouncementKind::Here);
        }
    }

    fn wake(&mut self, kind: AnnouncementKind) {
        let announcement = self.discovery.announce(kind);
        self.out
            .keep(Change::Announcements(self.discovery.announcements()));
        self.out.push(Output::Announce(announcement));
        self.out
            .timer(TimerKind::Settle, self.config.settings.settle);
        self.out
            .timer(TimerKind::Refresh, self.config.settings.refresh);
    }

    /// An announcement is heard.
    pub(super) fn hear(&mut self, from: NodeId, announcement: &Arc<Announcement>) {
        let about = announcement.peer.id;
        if about == self.me || from == self.me {
            return;
        }
        let claims_to_be_first = announcement.hops == 0;
        if announcement.nth == 0 || claims_to_be_first && from != about || about.0 >= NodeId::LIMIT
        {
            return self.refuse(from, RefusedWhy::Malformed);
        }
        self.heard_directly(from);
        self.note_alive(about);
        let news = self.discovery.hear(announcement);
        if news == News::Old {
            return;
        }
        self.pass_on_announcement(from, announcement);
        match news {
            News::Joined => self.discovered(about, from),
            News::Departed => {
                self.out.event(NodeEvent::PeerLeft { node: about });
                self.trust
                    .reconsider(about, &self.discovery, TrustCause::Departed);
                self.trust_changed();
                self.roster_changed();
            }
            News::Renewed | News::DepartedUnknown | News::Old => {}
        }
        let is_goodbye = announcement.kind == AnnouncementKind::Leaving;
        if self.discovery.said().is_none() && !is_goodbye {
            self.wake(AnnouncementKind::Here);
        }
        if claims_to_be_first && !is_goodbye && self.life == Life::Ready {
            self.tell_peers(about, from, Purpose::Progress);
        }
    }

    /// Something came straight from `from`.
    pub(super) fn heard_directly(&mut self, from: NodeId) {
        if self.discovery.note_heard(from) && self.discovery.is_present(from) {
            self.trust
                .reconsider(from, &self.discovery, TrustCause::Discovered);
            self.trust_changed();
        }
    }

    /// Something that `node` has said has arrived, by whatever way.
    pub(super) fn note_alive(&mut self, node: NodeId) {
        if self.config.settings.forget_after.is_some() && self.discovery.is_present(node) {
            self.alive.insert(node, self.now);
            self.trust.remember(node, &self.discovery);
            self.trust_changed();
        }
    }

    fn learn_peer(&mut self, peer: &Peer, via: NodeId) {
        if peer.id.0 < NodeId::LIMIT && self.discovery.learn(peer) {
            self.discovered(peer.id, via);
        }
    }

    fn discovered(&mut self, node: NodeId, via: NodeId) {
        if let Some(peer) = self.discovery.peer(node).cloned() {
            self.out.event(NodeEvent::Discovered { peer, via });
        }
        if self.config.settings.forget_after.is_some() {
            self.alive.insert(node, self.now);
        }
        self.trust
            .reconsider(node, &self.discovery, TrustCause::Discovered);
        self.trust_changed();
        self.roster_changed();
    }

    fn trust_changed(&mut self) {
        self.consensus.trust_changed();
        if let Some(event) = self.trust.tell_growth() {
            self.out.event(event);
        }
    }

    /// A node with a fixed quorum set waits for nobody: who has crashed would keep it waiting.
    fn roster_changed(&mut self) {
        let is_waiting = self.life == Life::Discovering && self.discovery.said().is_some();
        if is_waiting && !self.trust.is_fixed() {
            self.out
                .timer(TimerKind::Settle, self.config.settings.settle);
        }
    }

    /// The roster has been unchanged for long enough.
    pub(super) fn settled(&mut self) {
        let known = self.discovery.known();
        let is_enough = self.trust.is_fixed() || known >= self.config.settings.min_nodes;
        if self.life != Life::Discovering || self.trust.quorum_set().is_none() || !is_enough {
            return;
        }
        if let Some(event) = self.trust.tell() {
            self.out.event(event);
        }
        self.adopt_quorum_set();
        if self.config.arrival != Arrival::Founder || self.is_restarted {
            self.begin_catch_up();
        } else {
            self.become_ready();
        }
    }

    pub(super) fn become_ready(&mut self) {
        self.life = Life::Ready;
        let known = self.discovery.known();
        self.out.event(NodeEvent::Ready { known });
        self.certify_waiting();
    }

    pub(super) fn repeat_beacon(&mut self) {
        self.repeat_announcement();
        self.out
            .timer(TimerKind::Announce, self.config.settings.announce);
    }

    fn repeat_announcement(&mut self) {
        if let Some(said) = self.discovery.said() {
            self.out.push(Output::Announce(Arc::clone(said)));
        }
    }

    /// The periodic refresh: says that it is here, asks neighbours whom they know.
    pub(super) fn refresh(&mut self) {
        let refresh = self.config.settings.refresh;
        self.out.timer(TimerKind::Refresh, refresh);
        if !self.config.is_beacon {
            self.repeat_announcement();
        }
        let trusts_some = self.trust.members().len() > 1;
        let trust = &self.trust;
        let asked = self
            .discovery
            .next_to_ask(ASKED_PER_REFRESH, |node| !trusts_some || trust.trusts(node));
        for node in asked {
            let (via, body) = (Recipient::Node(node), Body::PeersQuestion);
            self.out.address(node, via, Purpose::Housekeeping, body);
        }
        self.forget_silent();
    }

    fn forget_silent(&mut self) {
        let Some(span) = self.config.settings.forget_after else {
            return;
        };
        let forgotten: NodeSet = self
            .alive
            .iter()
            .filter(|(_, last)| **last + span <= self.now)
            .map(|(node, _)| *node)
            .collect();
        self.trust.set_forgotten(forgotten, &self.discovery);
        self.trust_changed();
    }

    /// Somebody asks whom the node knows.
    pub(super) fn answer_peers(&mut self, from: NodeId, question: &Message) {
        self.tell_peers(question.id.sender, from, Purpose::of(question));
    }

    fn tell_peers(&mut self, node: NodeId, from: NodeId, purpose: Purpose) {
        let own = std::iter::once(&self.config.peer);
        let known = own.chain(self.discovery.present()).cloned().collect();
        let trusted = self.trust.members().iter().collect();
        let via = self.way_to(node, from);
        self.out
            .address(node, via, purpose, Body::Peers { known, trusted });
    }

    /// Somebody tells whom it knows. Who says it knows a node that has left has missed its goodbye: it is repeated.
    pub(super) fn hear_peers(&mut self, from: NodeId, known: &[Peer]) {
        for peer in known {
            if let Some(goodbye) = self.discovery.goodbye_of(peer.id) {
                let hops = goodbye.hops.saturating_add(1);
                let peer = goodbye.peer.clone();
                let repeated = Announcement {
                    peer,
                    hops,
                    ..**goodbye
                };
                self.out.push(Output::Announce(Arc::new(repeated)));
            } else {
                self.learn_peer(peer, from);
            }
        }
    }

    pub(super) fn set_trust(&mut self, policy: TrustPolicy) {
        self.out.keep(Change::Trust(policy.clone()));
        self.trust.set_policy(policy, &self.discovery);
        self.trust_changed();
        if self.life == Life::Discovering && self.discovery.said().is_some() {
            self.out
                .timer(TimerKind::Settle, self.config.settings.settle);
        }
    }

    pub(super) fn leave(&mut self) {
        self.relay_rest();
        let goodbye = self.discovery.announce(AnnouncementKind::Leaving);
        self.out
            .keep(Change::Announcements(self.discovery.announcements()));
        self.out.push(Output::Announce(goodbye));
        let slot = self.log.next_slot();
        for kind in [
            TimerKind::Nomination(slot),
            TimerKind::Ballot(slot),
            TimerKind::Announce,
            TimerKind::Settle,
            TimerKind::Refresh,
            TimerKind::Resend,
            TimerKind::Expire,
            TimerKind::CatchUp,
            TimerKind::Relay,
            TimerKind::RelayRepeats,
        ] {
            self.out.cancel(kind);
        }
        self.life = Life::Left;
        self.out.event(NodeEvent::Left);
    }

    /// The number of the node with this key, if it is known.
    pub(super) fn node_of(&self, key: NodeKey) -> Option<NodeId> {
        if key == self.key {
            return Some(self.me);
        }
        self.discovery.node_of(key)
    }

    /// How a message gets to `node`: straight, if it is heard directly or everybody hears everybody.
    pub(super) fn way_to(&self, node: NodeId, from: NodeId) -> Recipient {
        let is_direct = node == from || !self.relay.floods() || self.discovery.is_heard(node);
        if is_direct {
            Recipient::Node(node)
        } else {
            Recipient::Neighbours
        }
    }

    pub(super) fn refuse(&mut self, from: NodeId, why: RefusedWhy) {
        self.out.event(NodeEvent::Refused { from, why });
    }
}
