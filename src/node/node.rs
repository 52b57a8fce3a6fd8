//! `Node`: dispatches inputs to the parts of the node, which contain the logic.
//!
//! Each part has private fields and takes a [`Context`] (time, identity, settings, outbox):
//!
//! | part | task |
//! |---|---|
//! | [`Discovery`] | announcements, roster, trust set |
//! | [`Relay`] | duplicate suppression, flooding |
//! | [`Replica`] | replication of the log: SCP, proposals, backups, re-sending, catching up |

use super::catch_up::CatchUpStep;
use super::config::{JoinMode, NodeConfig};
use super::context::{Context, Lifecycle};
use super::contract::{Input, Output, TimerKind};
use super::discovery::Discovery;
use super::event::{MessageRefusal, NodeEvent};
use super::message::{Announcement, Body, Bundle, Message};
use super::outbox::TrafficClass;
use super::persisted::Persisted;
use super::relay::{Freshness, Relay};
use super::replica::Replica;
use super::rollback::Remembered;
use super::trust_policy::TrustPolicy;
use crate::scp::{NodeId, ScpTimer};
#[cfg(test)]
use crate::scp::{QuorumSet, SlotIndex, Value};
use crate::time::Time;
use std::sync::Arc;

/// One participant of a network. The same inputs at the same times give the same outputs.
#[derive(Clone, Debug)]
pub struct Node {
    cx: Context,
    /// Whether the node ran before and has to catch up.
    is_restarted: bool,
    /// Whether the configured quorum set replaces another one with which the running slot began before the restart.
    has_new_fixed_set: bool,
    discovery: Discovery,
    relay: Relay,
    replica: Replica,
}

impl Node {
    /// A node that has not started. It ignores all inputs before [`Input::Start`].
    #[must_use]
    pub fn new(config: Arc<NodeConfig>) -> Node {
        let cx = Context::new(config);
        Node {
            is_restarted: false,
            has_new_fixed_set: false,
            discovery: Discovery::new(&cx),
            relay: Relay::new(cx.settings()),
            replica: Replica::new(&cx),
            cx,
        }
    }

    /// Processes an input that arrives at `now` and returns the outputs in order.
    ///
    /// It never fails. An invalid message becomes an event and changes nothing else. The node ignores an input that
    /// does not fit its lifecycle stage (a second start, any input after it has left).
    #[must_use]
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        self.cx.now = now;
        match (self.cx.lifecycle, input) {
            (Lifecycle::New, Input::Start(persisted)) => self.start(persisted.as_deref()),
            (Lifecycle::New | Lifecycle::Left, _) | (_, Input::Start(_)) => return Vec::new(),
            (_, input) => self.dispatch(input),
        }
        self.relay.flush(&mut self.cx);
        if !self.relay.is_collecting() {
            self.replica
                .deliver_statements(&mut self.cx, &mut self.discovery);
        }
        self.replica.advance(&mut self.cx, &mut self.discovery);
        self.cx.out.take()
    }

    fn dispatch(&mut self, input: Input) {
        let (cx, discovery) = (&mut self.cx, &mut self.discovery);
        match input {
            Input::Start(_) => {}
            Input::Receive { from, message } => self.receive(from, &message),
            Input::Relayed { from, bundle } => self.receive_bundle(from, &bundle),
            Input::ReceiveAnnouncement { from, announcement } => {
                self.receive_announcement(from, &announcement)
            }
            Input::Timer(kind) => self.timer_expired(kind),
            Input::Propose(content) => self.replica.propose(cx, discovery, content),
            Input::SetTrust(policy) => discovery.set_policy(cx, policy),
            Input::Remembered(remembered) => self.remembered(&remembered),
            Input::Forget(node) => discovery.forget(cx, node),
            Input::EditTrust(edit) => self.replica.edit_trust(cx, discovery, edit),
            Input::Fetched { sha256, result } => self.replica.fetched(cx, &sha256, result),
            Input::Leave => self.leave(),
        }
    }

    fn timer_expired(&mut self, kind: TimerKind) {
        let (cx, discovery) = (&mut self.cx, &mut self.discovery);
        match kind {
            TimerKind::Nomination(slot) => {
                let timer = ScpTimer::Nomination;
                self.replica.slot_timer_expired(cx, discovery, slot, timer);
            }
            TimerKind::Ballot(slot) => {
                let timer = ScpTimer::Ballot;
                self.replica.slot_timer_expired(cx, discovery, slot, timer);
            }
            TimerKind::Announce => discovery.repeat_beacon(cx),
            TimerKind::Settle => self.settle(),
            TimerKind::Refresh => discovery.refresh(cx),
            TimerKind::Resend => self.replica.resend(cx, discovery),
            TimerKind::Expire => self.replica.expire_proposals(cx, discovery),
            TimerKind::CatchUp => {
                let step = self.replica.catch_up_timer_expired(cx, discovery);
                self.continue_catch_up(step);
            }
            TimerKind::Relay | TimerKind::RelayRepeats => self.relay.timer_expired(kind),
        }
    }

    // Lifecycle.

    fn start(&mut self, persisted: Option<&Persisted>) {
        self.cx.lifecycle = Lifecycle::Discovering;
        let application = self.cx.settings().application;
        self.cx.out.event(NodeEvent::Started { application });
        if let Some(persisted) = persisted {
            self.is_restarted = true;
            self.cx.out.restore(persisted.messages);
            self.has_new_fixed_set = has_new_fixed_set(self.cx.config(), persisted);
            self.discovery.restore(persisted);
            self.replica
                .restore(&mut self.cx, &self.discovery, persisted);
        }
        self.discovery.start(&mut self.cx, self.is_restarted);
    }

    /// The settle timer expired: the node votes, or catches up first.
    fn settle(&mut self) {
        let (cx, discovery) = (&mut self.cx, &mut self.discovery);
        if !discovery.is_settled(cx) {
            return;
        }
        match self.has_new_fixed_set {
            true => self.replica.override_quorum_set(cx, discovery),
            false => self.replica.adopt_quorum_set(cx, discovery),
        }
        if cx.config().join_mode == JoinMode::Founder && !self.is_restarted {
            return self.become_ready();
        }
        let step = self.replica.begin_catch_up(cx, discovery);
        self.continue_catch_up(step);
    }

    fn continue_catch_up(&mut self, step: CatchUpStep) {
        if step == CatchUpStep::Wait {
            return;
        }
        match self.replica.is_silent() {
            true => self.replica.keep_catching_up(&mut self.cx, &self.discovery),
            false => self.become_ready(),
        }
    }

    /// Another node returns messages of this node. If this node does not know them, it was rolled back.
    fn remembered(&mut self, remembered: &Remembered) {
        let is_known = remembered.messages <= self.cx.out.reserved()
            && remembered.announcements <= self.discovery.announcements()
            && remembered.proposals <= self.replica.proposals();
        if is_known {
            return self.replica.remember_more(&mut self.cx, remembered);
        }
        let messages = remembered.messages;
        self.cx.out.event(NodeEvent::RolledBack { messages });
        self.cx.out.raise(messages);
        let announcements = remembered.announcements;
        self.discovery
            .raise_announcements(&mut self.cx, announcements);
        self.replica.rolled_back(&mut self.cx, remembered);
        if self.cx.lifecycle == Lifecycle::Ready {
            let step = self.replica.begin_catch_up(&mut self.cx, &self.discovery);
            self.continue_catch_up(step);
        }
    }

    fn become_ready(&mut self) {
        self.cx.lifecycle = Lifecycle::Ready;
        self.replica.recovered();
        let known = self.discovery.roster().len();
        self.cx.out.event(NodeEvent::Ready { known });
        self.replica.certify_deferred(&mut self.cx, &self.discovery);
    }

    fn leave(&mut self) {
        self.relay.flush_all(&mut self.cx);
        self.discovery.leave(&mut self.cx);
        for kind in TimerKind::all(self.replica.next_slot()) {
            self.cx.out.cancel(kind);
        }
        self.cx.lifecycle = Lifecycle::Left;
        self.cx.out.event(NodeEvent::Left);
    }

    // Messages.

    fn receive_announcement(&mut self, from: NodeId, announcement: &Arc<Announcement>) {
        let discovery = &mut self.discovery;
        if discovery.receive_announcement(&mut self.cx, from, announcement) {
            self.relay.queue_announcement(from, announcement);
        }
    }

    fn receive_bundle(&mut self, from: NodeId, bundle: &Bundle) {
        for announcement in &bundle.announcements {
            self.receive_announcement(from, announcement);
        }
        let mut has_noted_neighbour = false;
        for message in &bundle.messages {
            // Most messages are duplicates. One message is enough to note the neighbour that transmitted the bundle.
            if !has_noted_neighbour || self.relay.look_up(message.id) == Freshness::New {
                self.receive(from, message);
                has_noted_neighbour = true;
            }
        }
    }

    /// Handles a message that `from` transmitted; `from` may only relay it.
    fn receive(&mut self, from: NodeId, message: &Arc<Message>) {
        let sender = message.id.sender;
        if from == self.cx.me() || sender == self.cx.me() {
            return;
        }
        if from.0 >= NodeId::LIMIT {
            return self.cx.refuse(sender, MessageRefusal::Malformed);
        }
        self.discovery.note_neighbour(&mut self.cx, from);
        if self.relay.look_up(message.id) == Freshness::Seen {
            return;
        }
        if !message.is_well_formed() {
            return self.cx.refuse(sender, MessageRefusal::Malformed);
        }
        self.relay.note(message.id);
        self.discovery.note_alive(&mut self.cx, sender);
        let is_for_others = message.to.is_some_and(|to| to != self.cx.me());
        if is_for_others || self.receive_body(from, message) {
            self.relay.queue_message(self.cx.me(), from, message);
        }
    }

    /// Handles the body of a message. Returns true if the message is to be relayed.
    fn receive_body(&mut self, from: NodeId, message: &Arc<Message>) -> bool {
        let (cx, discovery, replica) = (&mut self.cx, &mut self.discovery, &mut self.replica);
        let sender = message.id.sender;
        match &message.body {
            Body::Scp {
                envelope,
                quorum_set,
            } => {
                let statement = (envelope, quorum_set);
                return replica.receive_statement(cx, discovery, from, message, statement);
            }
            Body::Proposal(proposal) => {
                return replica.receive_proposal(cx, discovery, from, message, proposal);
            }
            Body::PeersQuestion => {
                discovery.send_peers(cx, sender, from, TrafficClass::of(message));
            }
            Body::Peers(answer) => discovery.receive_peers(cx, from, (sender, answer)),
            Body::CatchUpQuestion { from_slot } => {
                replica.answer_catch_up(cx, discovery, from, message, *from_slot);
            }
            Body::CatchUpAnswer { decided } => {
                let step = replica.receive_decisions(cx, discovery, sender, decided);
                self.continue_catch_up(step);
            }
        }
        false
    }
}

/// Whether the configuration names a fixed quorum set, and the node ran with another one before.
fn has_new_fixed_set(config: &NodeConfig, persisted: &Persisted) -> bool {
    let TrustPolicy::Fixed(configured) = &config.trust else {
        return false;
    };
    let stored = persisted.quorum_set.as_ref();
    persisted.trust.is_none() && stored.is_some_and(|stored| stored != configured)
}

/// Access to the state, for tests.
#[cfg(test)]
impl Node {
    pub(super) fn config(&self) -> &Arc<NodeConfig> {
        self.cx.config()
    }

    pub(super) fn quorum_set(&self) -> Option<&Arc<QuorumSet>> {
        self.replica.consensus().quorum_set()
    }

    pub(super) fn decided(&self) -> &[(SlotIndex, Value)] {
        self.replica.ledger().log().decided()
    }

    pub(super) fn holds(&self, sha256: &str) -> bool {
        self.replica.ledger().backup().holds(sha256)
    }

    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.replica.consensus().check_invariants()
    }
}
