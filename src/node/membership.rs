//! Roster and trust at work: starting, announcing, settling, refreshing, leaving.
//!
//! The beacon announces itself; whoever hears anything announces itself too; all pass announcements on once. Nodes
//! with a fixed quorum set, newcomers and nodes that start again speak without being asked. A node votes once it knows
//! enough nodes and its roster has been unchanged for a while.

use super::config::{JoinMode, Peer, TrustPolicy};
use super::contract::{Output, Recipient, TimerKind};
use super::discovery::RosterChange;
use super::event::{MessageRefusal, NodeEvent, TrustCause};
use super::key::NodeKey;
use super::message::{Announcement, AnnouncementKind, Body, Message};
use super::node::{Lifecycle, Node};
use super::outbox::TrafficClass;
use super::persisted::{Persisted, StateChange};
use crate::scp::{NodeId, NodeSet};
use std::sync::Arc;

/// How many neighbours are asked in one refresh whom they know; the next refresh asks the next ones.
const ASKED_PER_REFRESH: usize = 3;

impl Node {
    pub(super) fn start(&mut self, persisted: Option<&Persisted>) {
        self.lifecycle = Lifecycle::Discovering;
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
        self.trust.recompute(&self.roster, TrustCause::Configured);
        self.trust_changed();
        let speaks_first = config.join_mode == JoinMode::Newcomer
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
        let announcement = self.roster.announce(kind);
        self.out
            .persist(StateChange::Announcements(self.roster.announcements()));
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
            return self.refuse(from, MessageRefusal::Malformed);
        }
        self.heard_directly(from);
        self.note_alive(about);
        let news = self.roster.hear(announcement);
        if news == RosterChange::None {
            return;
        }
        self.pass_on_announcement(from, announcement);
        match news {
            RosterChange::Joined => self.discovered(about, from),
            RosterChange::Left => {
                self.out.event(NodeEvent::PeerLeft { node: about });
                self.trust
                    .reconsider(about, &self.roster, TrustCause::Departed);
                self.trust_changed();
                self.roster_changed();
            }
            RosterChange::Restarted | RosterChange::LeftUnknown | RosterChange::None => {}
        }
        let is_goodbye = announcement.kind == AnnouncementKind::Leaving;
        if self.roster.said().is_none() && !is_goodbye {
            self.wake(AnnouncementKind::Here);
        }
        if claims_to_be_first && !is_goodbye && self.lifecycle == Lifecycle::Ready {
            self.tell_peers(about, from, TrafficClass::Progress);
        }
    }

    /// Something came straight from `from`.
    pub(super) fn heard_directly(&mut self, from: NodeId) {
        if self.roster.note_heard(from) && self.roster.is_present(from) {
            self.trust
                .reconsider(from, &self.roster, TrustCause::Discovered);
            self.trust_changed();
        }
    }

    /// Something that `node` has said has arrived, by whatever way.
    pub(super) fn note_alive(&mut self, node: NodeId) {
        if self.config.settings.forget_after.is_some() && self.roster.is_present(node) {
            self.alive.insert(node, self.now);
            self.trust.remember(node, &self.roster);
            self.trust_changed();
        }
    }

    fn learn_peer(&mut self, peer: &Peer, via: NodeId) {
        if peer.id.0 < NodeId::LIMIT && self.roster.learn(peer) {
            self.discovered(peer.id, via);
        }
    }

    fn discovered(&mut self, node: NodeId, via: NodeId) {
        if let Some(peer) = self.roster.peer(node).cloned() {
            self.out.event(NodeEvent::Discovered { peer, via });
        }
        if self.config.settings.forget_after.is_some() {
            self.alive.insert(node, self.now);
        }
        self.trust
            .reconsider(node, &self.roster, TrustCause::Discovered);
        self.trust_changed();
        self.roster_changed();
    }

    fn trust_changed(&mut self) {
        self.consensus.trust_changed();
        if let Some(event) = self.trust.take_growth_event() {
            self.out.event(event);
        }
    }

    /// A node with a fixed quorum set waits for nobody: who has crashed would keep it waiting.
    fn roster_changed(&mut self) {
        let is_waiting = self.lifecycle == Lifecycle::Discovering && self.roster.said().is_some();
        if is_waiting && !self.trust.is_fixed() {
            self.out
                .timer(TimerKind::Settle, self.config.settings.settle);
        }
    }

    /// The roster has been unchanged for long enough.
    pub(super) fn settled(&mut self) {
        let known = self.roster.known();
        let is_enough = self.trust.is_fixed() || known >= self.config.settings.min_nodes;
        if self.lifecycle != Lifecycle::Discovering
            || self.trust.quorum_set().is_none()
            || !is_enough
        {
            return;
        }
        if let Some(event) = self.trust.take_event() {
            self.out.event(event);
        }
        self.adopt_quorum_set();
        if self.config.join_mode != JoinMode::Founder || self.is_restarted {
            self.begin_catch_up();
        } else {
            self.become_ready();
        }
    }

    pub(super) fn become_ready(&mut self) {
        self.lifecycle = Lifecycle::Ready;
        let known = self.roster.known();
        self.out.event(NodeEvent::Ready { known });
        self.certify_deferred();
    }

    pub(super) fn repeat_beacon(&mut self) {
        self.repeat_announcement();
        self.out
            .timer(TimerKind::Announce, self.config.settings.announce);
    }

    fn repeat_announcement(&mut self) {
        if let Some(said) = self.roster.said() {
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
            .roster
            .next_to_ask(ASKED_PER_REFRESH, |node| !trusts_some || trust.trusts(node));
        for node in asked {
            let (via, body) = (Recipient::Node(node), Body::PeersQuestion);
            self.out
                .address(node, via, TrafficClass::Housekeeping, body);
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
        self.trust.set_forgotten(forgotten, &self.roster);
        self.trust_changed();
    }

    /// Somebody asks whom the node knows.
    pub(super) fn answer_peers(&mut self, from: NodeId, question: &Message) {
        self.tell_peers(question.id.sender, from, TrafficClass::of(question));
    }

    fn tell_peers(&mut self, node: NodeId, from: NodeId, class: TrafficClass) {
        let own = std::iter::once(&self.config.peer);
        let known = own.chain(self.roster.present()).cloned().collect();
        let trusted = self.trust.members().iter().collect();
        let via = self.route_to(node, from);
        self.out
            .address(node, via, class, Body::Peers { known, trusted });
    }

    /// Somebody tells whom it knows. Who says it knows a node that has left has missed its goodbye: it is repeated.
    pub(super) fn hear_peers(&mut self, from: NodeId, known: &[Peer]) {
        for peer in known {
            if let Some(goodbye) = self.roster.goodbye_of(peer.id) {
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
        self.out.persist(StateChange::Trust(policy.clone()));
        self.trust.set_policy(policy, &self.roster);
        self.trust_changed();
        if self.lifecycle == Lifecycle::Discovering && self.roster.said().is_some() {
            self.out
                .timer(TimerKind::Settle, self.config.settings.settle);
        }
    }

    pub(super) fn leave(&mut self) {
        self.relay_rest();
        let goodbye = self.roster.announce(AnnouncementKind::Leaving);
        self.out
            .persist(StateChange::Announcements(self.roster.announcements()));
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
        self.lifecycle = Lifecycle::Left;
        self.out.event(NodeEvent::Left);
    }

    /// The number of the node with this key, if it is known.
    pub(super) fn node_of(&self, key: NodeKey) -> Option<NodeId> {
        if key == self.key {
            return Some(self.me);
        }
        self.roster.node_of(key)
    }

    /// How a message gets to `node`: straight, if it is heard directly or everybody hears everybody.
    pub(super) fn route_to(&self, node: NodeId, from: NodeId) -> Recipient {
        let is_direct = node == from || !self.relay.floods() || self.roster.is_heard(node);
        if is_direct {
            Recipient::Node(node)
        } else {
            Recipient::Neighbours
        }
    }

    pub(super) fn refuse(&mut self, from: NodeId, why: MessageRefusal) {
        self.out.event(NodeEvent::Refused { from, why });
    }
}
