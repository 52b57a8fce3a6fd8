//! `Discovery`: peer discovery and trust, with announcements, the roster, the trust set and the trusted-node service.
//!
//! The beacon announces itself. A node that receives an announcement announces itself, too, and all nodes relay each
//! new announcement once. Nodes with a fixed quorum set, newcomers and restarted nodes announce themselves unprompted.
//! A node votes once it knows `min_nodes` nodes and its roster has been unchanged for the settle time.

use super::config::{JoinMode, Peer, Relaying};
use super::context::{Context, Lifecycle};
use super::contract::{Output, Recipient, TimerKind};
use super::event::{MessageRefusal, NodeEvent, TrustCause};
use super::key::NodeKey;
use super::message::{Announcement, AnnouncementKind, Body};
use super::outbox::TrafficClass;
use super::peer_list::PeersAnswer;
use super::persisted::{Persisted, StateChange};
use super::probation::{Probation, TrustEdit};
use super::roster::{Roster, RosterChange};
use super::trust_policy::TrustPolicy;
use super::trust_set::TrustSet;
use crate::scp::{NodeId, NodeSet, QuorumSet, SlotIndex};
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of neighbours that one refresh asks for their peers. The next refresh continues with the next neighbours.
const ASKED_PER_REFRESH: usize = 3;
/// Most outputs of a start besides those about the address book.
const START_OUTPUTS: usize = 8;

/// The peers of one node and its trust in them.
#[derive(Clone, Debug)]
pub(super) struct Discovery {
    roster: Roster,
    trust: TrustSet,
    /// Which discovered nodes count; `None` if all of them do.
    probation: Option<Probation>,
    /// By node, when the last message or announcement that it created arrived. Empty unless `forget_after` is set.
    last_alive: BTreeMap<NodeId, Time>,
    /// The node's own latest announcement, which every refresh repeats.
    own_announcement: Option<Arc<Announcement>>,
    /// The number of announcements that the node has made.
    announcements: u64,
    /// Whether trust has changed since [`Discovery::take_quorum_set`].
    is_quorum_set_stale: bool,
    /// The latest answer of the trusted-node service, and the trusted nodes in it. In a large network most nodes ask
    /// every other node, and all answers of a node are equal.
    answer: Option<(NodeSet, Arc<PeersAnswer>)>,
}

impl Discovery {
    pub(super) fn new(cx: &Context) -> Discovery {
        let config = cx.config();
        Discovery {
            roster: Roster::new(config.peer.clone()),
            trust: TrustSet::new(
                cx.me(),
                config.trust.clone(),
                config.threshold,
                config.settings.min_nodes,
            ),
            probation: config.settings.admission.map(Probation::new),
            last_alive: BTreeMap::new(),
            own_announcement: None,
            announcements: 0,
            is_quorum_set_stale: true,
            answer: None,
        }
    }

    /// Restores the number of announcements, the policy and the standings from before a crash.
    pub(super) fn restore(&mut self, persisted: &Persisted) {
        self.announcements = persisted.announcements;
        if let Some(policy) = &persisted.trust {
            self.trust.restore(policy.clone());
        }
        if let (Some(probation), Some(standings)) = (&mut self.probation, persisted.standings()) {
            let decided = persisted.decided.last().map_or(0, |(slot, _)| slot.0);
            probation.restore(&standings, SlotIndex(decided.saturating_add(1)));
        }
    }

    /// The number of announcements that the node has made.
    pub(super) fn announcements(&self) -> u64 {
        self.announcements
    }

    /// Continues after announcement number `announcements`, which the node has made before it was rolled back. The
    /// quorum set is computed again.
    pub(super) fn raise_announcements(&mut self, cx: &mut Context, announcements: u64) {
        self.is_quorum_set_stale = true;
        if announcements > self.announcements {
            self.announcements = announcements;
            if let Some(kind) = self.own_announcement.as_ref().map(|own| own.kind) {
                self.transmit_announcement(cx, kind);
            }
        }
    }

    /// Adds the address book to the roster and announces the node if its configuration says so.
    pub(super) fn start(&mut self, cx: &mut Context, is_restarted: bool) {
        let config = Arc::clone(cx.config());
        cx.out
            .reserve(config.address_book.len().saturating_add(START_OUTPUTS));
        for peer in config.address_book.iter() {
            self.add_peer(cx, peer, config.peer.id);
        }
        self.apply_standings(cx, TrustCause::Configured);
        self.trust.recompute(&self.roster, TrustCause::Configured);
        self.trust_changed(cx);
        let is_unprompted = config.join_mode == JoinMode::Newcomer
            || is_restarted
            || self.trust.is_fixed()
            || !config.address_book.is_empty();
        if config.is_beacon {
            self.announce(cx, AnnouncementKind::Beacon);
            cx.out.timer(TimerKind::Announce, config.settings.announce);
        } else if is_unprompted {
            self.announce(cx, AnnouncementKind::Here);
        }
    }

    /// Makes the first announcement and starts the timers that follow it.
    fn announce(&mut self, cx: &mut Context, kind: AnnouncementKind) {
        self.transmit_announcement(cx, kind);
        cx.out.timer(TimerKind::Settle, cx.settings().settle);
        cx.out.timer(TimerKind::Refresh, cx.settings().refresh);
    }

    fn transmit_announcement(&mut self, cx: &mut Context, kind: AnnouncementKind) {
        self.announcements = self.announcements.saturating_add(1);
        let announcement = Arc::new(Announcement {
            peer: cx.config().peer.clone(),
            kind,
            nth: self.announcements,
            hops: 0,
        });
        self.own_announcement = Some(Arc::clone(&announcement));
        cx.out
            .persist(StateChange::Announcements(self.announcements));
        cx.out.push(Output::Announce(announcement));
    }

    /// Handles an announcement that `from` transmitted. Returns true if it is new and has to be relayed.
    pub(super) fn receive_announcement(
        &mut self,
        cx: &mut Context,
        from: NodeId,
        announcement: &Arc<Announcement>,
    ) -> bool {
        let about = announcement.peer.id;
        if about == cx.me() || from == cx.me() {
            return false;
        }
        let is_first_hand = announcement.hops == 0;
        if announcement.nth == 0 || is_first_hand && from != about || about.0 >= NodeId::LIMIT {
            cx.refuse(from, MessageRefusal::Malformed);
            return false;
        }
        self.note_neighbour(cx, from);
        self.note_alive(cx, about);
        let change = self.roster.apply(announcement);
        match change {
            RosterChange::None => return false,
            RosterChange::Joined => self.peer_added(cx, about, from),
            RosterChange::Left => self.peer_left(cx, about),
            RosterChange::Restarted | RosterChange::LeftUnknown => {}
        }
        let is_leaving = announcement.kind == AnnouncementKind::Leaving;
        if self.own_announcement.is_none() && !is_leaving {
            self.announce(cx, AnnouncementKind::Here);
        }
        if is_first_hand && !is_leaving && cx.lifecycle == Lifecycle::Ready {
            self.send_peers(cx, about, from, TrafficClass::Progress);
        }
        true
    }

    /// A transmission has arrived directly from `from`.
    pub(super) fn note_neighbour(&mut self, cx: &mut Context, from: NodeId) {
        if self.roster.add_neighbour(from) && self.roster.is_present(from) {
            self.trust
                .update(from, &self.roster, TrustCause::Discovered);
            self.trust_changed(cx);
        }
    }

    /// A message or announcement that `node` created has arrived, directly or relayed.
    pub(super) fn note_alive(&mut self, cx: &mut Context, node: NodeId) {
        if let Some(probation) = &mut self.probation {
            probation.note_message(node, cx.now);
        }
        if cx.settings().forget_after.is_some() && self.roster.is_present(node) {
            self.last_alive.insert(node, cx.now);
            self.trust.remember(node, &self.roster);
            self.trust_changed(cx);
        }
    }

    fn add_peer(&mut self, cx: &mut Context, peer: &Peer, via: NodeId) {
        if peer.id.0 < NodeId::LIMIT && self.roster.add(peer) {
            self.peer_added(cx, peer.id, via);
        }
    }

    fn peer_added(&mut self, cx: &mut Context, node: NodeId, via: NodeId) {
        if let Some(peer) = self.roster.peer(node).cloned() {
            cx.out.event(NodeEvent::Discovered { peer, via });
        }
        if cx.settings().forget_after.is_some() {
            self.last_alive.insert(node, cx.now);
        }
        if let Some(probation) = &mut self.probation {
            probation.discovered(node);
            self.apply_standings(cx, TrustCause::Discovered);
        }
        self.trust
            .update(node, &self.roster, TrustCause::Discovered);
        self.trust_changed(cx);
        self.roster_changed(cx);
    }

    fn peer_left(&mut self, cx: &mut Context, node: NodeId) {
        cx.out.event(NodeEvent::PeerLeft { node });
        self.trust.update(node, &self.roster, TrustCause::Departed);
        self.trust_changed(cx);
        self.roster_changed(cx);
    }

    fn trust_changed(&mut self, cx: &mut Context) {
        self.is_quorum_set_stale = true;
        if let Some(event) = self.trust.take_growth_event() {
            cx.out.event(event);
        }
    }

    /// Restarts the settle timer. A node with a fixed quorum set does not wait again: its set does not depend on the
    /// roster.
    fn roster_changed(&mut self, cx: &mut Context) {
        if !self.trust.is_fixed() {
            self.restart_settle_timer(cx);
        }
    }

    fn restart_settle_timer(&self, cx: &mut Context) {
        if cx.lifecycle == Lifecycle::Discovering && self.own_announcement.is_some() {
            cx.out.timer(TimerKind::Settle, cx.settings().settle);
        }
    }

    /// The settle timer expired. Returns true if the node knows enough peers to vote.
    pub(super) fn is_settled(&mut self, cx: &mut Context) -> bool {
        let is_enough = self.trust.is_fixed() || self.roster.len() >= cx.settings().min_nodes;
        let is_settled = cx.lifecycle == Lifecycle::Discovering
            && self.trust.quorum_set().is_some()
            && is_enough;
        if is_settled && let Some(event) = self.trust.take_event() {
            cx.out.event(event);
        }
        is_settled
    }

    /// The quorum set of the present trust set, if trust has changed since the last call and the set is usable.
    pub(super) fn take_quorum_set(&mut self, cx: &mut Context) -> Option<QuorumSet> {
        if !std::mem::take(&mut self.is_quorum_set_stale) {
            return None;
        }
        if let Some(event) = self.trust.take_event() {
            cx.out.event(event);
        }
        self.trust.quorum_set()
    }

    /// The announce timer of the beacon expired.
    pub(super) fn repeat_beacon(&mut self, cx: &mut Context) {
        self.repeat_announcement(cx);
        cx.out.timer(TimerKind::Announce, cx.settings().announce);
    }

    fn repeat_announcement(&self, cx: &mut Context) {
        if let Some(announcement) = &self.own_announcement {
            cx.out.push(Output::Announce(Arc::clone(announcement)));
        }
    }

    /// The refresh timer expired: repeats the announcement and asks some neighbours for the peers that they know.
    pub(super) fn refresh(&mut self, cx: &mut Context) {
        cx.out.timer(TimerKind::Refresh, cx.settings().refresh);
        if !cx.config().is_beacon {
            self.repeat_announcement(cx);
        }
        let trust = &self.trust;
        let trusts_others = trust.members().len() > 1;
        let asked = self.roster.next_to_ask(ASKED_PER_REFRESH, |node| {
            !trusts_others || trust.contains(node)
        });
        for node in asked {
            let (via, body) = (Recipient::Node(node), Body::PeersQuestion);
            cx.out.send_to(node, via, TrafficClass::Housekeeping, body);
        }
        self.admit(cx);
        self.forget_silent_nodes(cx);
    }

    // Admission.

    /// A statement of `node` about `slot` has arrived.
    pub(super) fn note_statement(&mut self, cx: &mut Context, node: NodeId, slot: SlotIndex) {
        if let Some(probation) = &mut self.probation {
            probation.note_statement(node, slot);
            self.apply_standings(cx, TrustCause::Admitted);
        }
    }

    /// The node takes part in its first slot.
    pub(super) fn end_founding(&mut self, cx: &mut Context) {
        if let Some(probation) = &mut self.probation {
            probation.end_founding();
            self.apply_standings(cx, TrustCause::Admitted);
        }
    }

    /// `next` is the first slot without a decision.
    pub(super) fn advance_to(&mut self, cx: &mut Context, next: SlotIndex) {
        if let Some(probation) = &mut self.probation {
            probation.advance_to(next);
            self.apply_standings(cx, TrustCause::Suspended);
        }
    }

    /// Admits the candidates whose probation is over.
    fn admit(&mut self, cx: &mut Context) {
        let (trust, roster) = (&self.trust, &self.roster);
        if let Some(probation) = &mut self.probation {
            let present = roster.present().map(|peer| peer.id).collect();
            probation.admit(&present, |count| trust.slice_size(count));
            self.apply_standings(cx, TrustCause::Admitted);
        }
    }

    /// An operator adds a node to the trust set or removes it.
    pub(super) fn edit_trust(&mut self, cx: &mut Context, edit: TrustEdit) {
        if let Some(probation) = &mut self.probation {
            probation.edit(edit);
            self.apply_standings(cx, TrustCause::Edited);
        }
        self.restart_settle_timer(cx);
    }

    /// Reports and stores changed standings, and updates the trust set.
    fn apply_standings(&mut self, cx: &mut Context, cause: TrustCause) {
        let Some(probation) = &mut self.probation else {
            return;
        };
        let changes = probation.take_changes();
        if let Some(standings) = probation.take_unsaved() {
            cx.out.persist(StateChange::Standings(standings));
        }
        if changes.is_empty() && cause != TrustCause::Configured {
            return;
        }
        for (node, standing) in changes {
            cx.out.event(NodeEvent::StandingChanged { node, standing });
        }
        self.trust
            .set_admitted(probation.counted(), &self.roster, cause);
        self.trust_changed(cx);
    }

    fn forget_silent_nodes(&mut self, cx: &mut Context) {
        let Some(span) = cx.settings().forget_after else {
            return;
        };
        let forgotten: NodeSet = self
            .last_alive
            .iter()
            .filter(|(_, last)| **last + span <= cx.now)
            .map(|(node, _)| *node)
            .collect();
        self.trust.set_forgotten(forgotten, &self.roster);
        self.trust_changed(cx);
    }

    /// Answers a query of the trusted-node service with the known peers and the trust set. `from` transmitted the
    /// query.
    pub(super) fn send_peers(
        &mut self,
        cx: &mut Context,
        node: NodeId,
        from: NodeId,
        class: TrafficClass,
    ) {
        let body = Body::Peers(self.peers_answer(cx));
        let via = self.route_to(cx, node, from);
        cx.out.send_to(node, via, class, body);
    }

    /// The known peers and the trust set: the latest answer again while both are the same.
    fn peers_answer(&mut self, cx: &Context) -> Arc<PeersAnswer> {
        let (present, members) = (self.roster.present_ids(), self.trust.members());
        if let Some((trusted, answer)) = &self.answer
            && trusted == members
            && answer.known.ids() == present
        {
            return Arc::clone(answer);
        }
        let own = std::iter::once(&cx.config().peer);
        let answer = Arc::new(PeersAnswer {
            known: own.chain(self.roster.present()).cloned().collect(),
            trusted: members.iter().collect(),
        });
        self.answer = Some((members.clone(), Arc::clone(&answer)));
        answer
    }

    /// Handles an answer of the trusted-node service. A sender that still lists a departed node has missed the
    /// departure, so this node repeats the last announcement of the departed node.
    pub(super) fn receive_peers(
        &mut self,
        cx: &mut Context,
        from: NodeId,
        (sender, answer): (NodeId, &PeersAnswer),
    ) {
        if let Some(probation) = &mut self.probation {
            probation.note_trusted(sender, answer.trusted.iter().copied());
        }
        if answer.known.ids().is_subset(self.roster.present_ids()) {
            return;
        }
        for peer in answer.known.iter() {
            match self.roster.leave_announcement(peer.id) {
                Some(leaving) => {
                    let repeated = leaving.relayed();
                    cx.out.push(Output::Announce(Arc::new(repeated)));
                }
                None => self.add_peer(cx, peer, from),
            }
        }
    }

    /// Drops a discovered node, unless it is trusted. It can be discovered again.
    pub(super) fn forget(&mut self, cx: &mut Context, node: NodeId) {
        if self.trust.contains(node) || !self.roster.remove(node) {
            return;
        }
        if let Some(probation) = &mut self.probation {
            probation.forget(node);
        }
        self.last_alive.remove(&node);
        // The id may return with another key.
        self.answer = None;
        cx.out.event(NodeEvent::PeerLeft { node });
    }

    /// Replaces the trust policy at the request of a user.
    pub(super) fn set_policy(&mut self, cx: &mut Context, policy: TrustPolicy) {
        cx.out.persist(StateChange::Trust(policy.clone()));
        self.trust.set_policy(policy, &self.roster);
        self.trust_changed(cx);
        self.restart_settle_timer(cx);
    }

    /// Announces that the node leaves.
    pub(super) fn leave(&mut self, cx: &mut Context) {
        self.transmit_announcement(cx, AnnouncementKind::Leaving);
    }

    /// The route of a message to `node`: direct if the two nodes are neighbours or all nodes are, otherwise by
    /// relaying. `from` transmitted the message that is answered.
    pub(super) fn route_to(&self, cx: &Context, node: NodeId, from: NodeId) -> Recipient {
        let is_direct = node == from
            || cx.settings().relaying == Relaying::Direct
            || self.roster.is_neighbour(node);
        if is_direct {
            Recipient::Node(node)
        } else {
            Recipient::Neighbours
        }
    }

    /// The id of the node with this key, if it is known.
    pub(super) fn node_of(&self, cx: &Context, key: NodeKey) -> Option<NodeId> {
        if key == cx.key() {
            return Some(cx.me());
        }
        self.roster.node_of(key)
    }

    /// The trusted nodes in direct reach.
    pub(super) fn trusted_neighbours(&self) -> NodeSet {
        let members = self.trust.members().iter();
        members
            .filter(|&node| self.roster.is_neighbour(node))
            .collect()
    }

    pub(super) fn has_left(&self, node: NodeId) -> bool {
        self.roster.leave_announcement(node).is_some()
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(super) fn trust(&self) -> &TrustSet {
        &self.trust
    }
}
