//! Messages at work: their form, passing them on, and what is done with each kind. Statements of SCP are sorted here
//! into those to hear now, those that wait and those that come too late.

use super::contract::Recipient;
use super::event::MessageRefusal;
use super::message::{Body, Message};
use super::node::{Lifecycle, Node};
use super::outbox::TrafficClass;
use super::quorum_closure::{ClosureMembership, LearnOutcome};
use super::relay::Freshness;
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex, Statement};
use std::sync::Arc;

/// Statements about slots farther ahead than this are refused; catching up brings their decisions.
const SLOTS_AHEAD_MAX: u64 = 64;

impl Node {
    /// A message arrives; `from` may only have passed it on.
    pub(super) fn receive(&mut self, from: NodeId, message: &Arc<Message>) {
        let sender = message.id.sender;
        if from == self.me || sender == self.me {
            return;
        }
        if from.0 >= NodeId::LIMIT {
            return self.refuse(sender, MessageRefusal::Malformed);
        }
        self.heard_directly(from);
        if self.relay.look_up(message.id) == Freshness::Seen {
            return;
        }
        if !is_well_formed(message) {
            return self.refuse(sender, MessageRefusal::Malformed);
        }
        self.relay.note(message.id);
        self.note_alive(sender);
        if message.to.is_some_and(|to| to != self.me) {
            return self.pass_on(from, message);
        }
        match &message.body {
            Body::Scp {
                envelope,
                quorum_set,
            } => {
                self.receive_statement(from, message, envelope, quorum_set);
            }
            Body::Proposal(proposal) => self.receive_proposal(from, message, proposal),
            Body::PeersQuestion => self.answer_peers(from, message),
            Body::Peers { known, .. } => self.hear_peers(from, known),
            Body::CatchUpQuestion { from_slot } => self.answer_catch_up(from, message, *from_slot),
            Body::CatchUpAnswer { decided } => self.hear_catch_up(sender, decided),
        }
    }

    fn receive_statement(
        &mut self,
        from: NodeId,
        message: &Arc<Message>,
        envelope: &Arc<Envelope>,
        quorum_set: &Arc<QuorumSet>,
    ) {
        let sender = envelope.from;
        if self.sets.learn(envelope.quorum_set, quorum_set) == LearnOutcome::Equivocation {
            return self.refuse(sender, MessageRefusal::Malformed);
        }
        self.pass_on(from, message);
        self.resend.note_statement(envelope);
        if self.trust.never_votes() {
            return;
        }
        let (slot, next) = (envelope.slot, self.log.next_slot());
        if slot == next {
            self.sets.note_named(envelope.quorum_set);
        }
        if slot < next {
            self.answer_laggard(from, message, envelope);
        } else if slot.0 > next.0.saturating_add(SLOTS_AHEAD_MAX) {
            self.note_ahead(sender, slot);
            self.refuse(sender, MessageRefusal::FarFuture);
        } else if slot > next || self.lifecycle != Lifecycle::Ready {
            self.note_ahead(sender, slot);
            self.pending.put(envelope);
        } else {
            if envelope.statement.is_nominate() {
                // Whoever it is: a slot begins. A node that trusts nobody else would not notice it otherwise.
                self.join_slot();
            }
            if self.log.next_slot() > slot {
                return;
            }
            match self.sets.membership(sender) {
                ClosureMembership::Inside => self.queue_statement(envelope),
                ClosureMembership::Unknown => self.pending.put(envelope),
                ClosureMembership::Outside if message.housekeeping => {}
                ClosureMembership::Outside => self.refuse(sender, MessageRefusal::OutsideClosure),
            }
        }
    }

    /// A statement about a slot that is decided here. Whoever repeats one is waiting: it is told the decision.
    ///
    /// Straight to it if it is within reach; otherwise the node's own EXTERNALIZE goes to everybody with the next
    /// re-sending, which serves any number of laggards.
    fn answer_laggard(&mut self, from: NodeId, message: &Message, envelope: &Envelope) {
        let is_waiting =
            message.housekeeping && !matches!(envelope.statement, Statement::Externalize { .. });
        if !is_waiting {
            return;
        }
        let (slot, sender) = (envelope.slot, envelope.from);
        let Recipient::Node(_) = self.route_to(sender, from) else {
            return self.resend.want(slot);
        };
        match self.own_decision(slot) {
            Some(body) => {
                let via = Recipient::Node(sender);
                self.out
                    .address(sender, via, TrafficClass::Housekeeping, body);
            }
            None => self.tell_decisions(sender, from, slot, TrafficClass::Housekeeping),
        }
    }

    /// The node's EXTERNALIZE of a slot, if SCP has decided it here and it is not too old.
    pub(super) fn own_decision(&self, slot: SlotIndex) -> Option<Body> {
        let own = self.consensus.own_statements(slot);
        let decision = own
            .iter()
            .find(|envelope| matches!(envelope.statement, Statement::Externalize { .. }))?;
        self.statement_body(decision)
    }

    /// A statement together with the quorum set that it names.
    pub(super) fn statement_body(&self, envelope: &Arc<Envelope>) -> Option<Body> {
        let quorum_set = self.sets.get(envelope.quorum_set)?;
        Some(Body::Scp {
            envelope: Arc::clone(envelope),
            quorum_set: Arc::clone(quorum_set),
        })
    }
}

/// Does the message contradict itself?
fn is_well_formed(message: &Message) -> bool {
    let sender = message.id.sender;
    let is_named = message.id.nth > 0 && sender.0 < NodeId::LIMIT;
    is_named
        && match &message.body {
            Body::Scp { envelope, .. } => {
                envelope.from == sender
                    && envelope.quorum_set.owner == sender
                    && envelope.slot > SlotIndex(0)
            }
            Body::CatchUpAnswer { decided } => {
                let first = decided.first().map_or(1, |(slot, _)| slot.0);
                let mut expected = first..u64::MAX;
                first > 0
                    && decided
                        .iter()
                        .all(|(slot, _)| expected.next() == Some(slot.0))
            }
            Body::Proposal(_)
            | Body::PeersQuestion
            | Body::Peers { .. }
            | Body::CatchUpQuestion { .. } => true,
        }
}
