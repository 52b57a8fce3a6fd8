//! `Replica`: log replication, which starts slots, applies the effects of SCP, records decisions, and catches up.
//!
//! It owns the parts that follow the log: [`Ledger`], [`Consensus`], [`Resend`] and [`CatchUp`]. Methods that may start
//! a slot take [`Discovery`] mutably, because a new quorum set takes effect at the start of a slot.

use super::catch_up::{CatchUp, CatchUpStep, CatchUpView};
use super::consensus::{Consensus, timer_kind};
use super::context::{Context, Lifecycle};
use super::contract::Recipient;
use super::discovery::Discovery;
use super::event::{FetchError, MessageRefusal, NodeEvent};
use super::ledger::{Ledger, check_content, refuse_proposal};
use super::message::{Body, Message};
use super::outbox::TrafficClass;
use super::persisted::Persisted;
use super::pool::Certification;
use super::probation::TrustEdit;
use super::proposal::{Content, Proposal};
use super::quorum_closure::LearnOutcome;
use super::resend::Resend;
use super::rollback::{Remembered, Rollback};
use crate::scp::{
    Effect, Envelope, NodeId, QuorumSet, ScpEvent, ScpTimer, SlotIndex, Statement, Value,
};
use std::sync::Arc;

/// Statements about slots farther ahead are refused. Catching up fetches the decisions of these slots.
const SLOTS_AHEAD_MAX: u64 = 64;

/// The replication of the log at one node.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    ledger: Ledger,
    consensus: Consensus,
    resend: Resend,
    catch_up: CatchUp,
    rollback: Rollback,
}

impl Replica {
    pub(super) fn new(cx: &Context) -> Replica {
        Replica {
            ledger: Ledger::new(cx),
            consensus: Consensus::new(cx),
            resend: Resend::default(),
            catch_up: CatchUp::default(),
            rollback: Rollback::default(),
        }
    }

    /// Restores the state from before a crash. Decisions are not reported again. The running slot continues with its
    /// previous quorum set.
    pub(super) fn restore(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        persisted: &Persisted,
    ) {
        self.ledger.restore(cx, discovery, persisted);
        let (nth, set) = (persisted.quorum_sets, persisted.quorum_set.as_ref());
        self.consensus.restore_quorum_set(cx, nth, set);
        let slot = self.ledger.next_slot();
        let own = persisted.statements.iter();
        for envelope in own.filter(|envelope| envelope.slot == slot) {
            let ledger = &self.ledger;
            let effects = self
                .consensus
                .restore_statement(cx, ledger, discovery, slot, envelope);
            self.apply_effects(cx, discovery, slot, effects);
        }
        self.ledger.restore_pool(cx, &persisted.pool);
        self.ledger.start_fetches(cx, discovery);
    }

    /// Discovery has settled: puts the first quorum set into effect.
    pub(super) fn adopt_quorum_set(&mut self, cx: &mut Context, discovery: &mut Discovery) {
        let next = self.ledger.next_slot();
        self.consensus.adopt_quorum_set(cx, next, discovery);
    }

    /// Replaces the quorum set at once, within the running slot, too.
    pub(super) fn override_quorum_set(&mut self, cx: &mut Context, discovery: &mut Discovery) {
        let slot = self.ledger.next_slot();
        let effects = self
            .consensus
            .override_quorum_set(cx, &self.ledger, discovery);
        self.apply_effects(cx, discovery, slot, effects);
    }

    /// An operator changes the trust set. A removed node no longer counts in the running slot either; an added one
    /// counts from the next slot on.
    pub(super) fn edit_trust(
        &mut self,
        cx: &mut Context,
        discovery: &mut Discovery,
        edit: TrustEdit,
    ) {
        discovery.edit_trust(cx, edit);
        if matches!(edit, TrustEdit::Remove(_)) && cx.lifecycle == Lifecycle::Ready {
            self.override_quorum_set(cx, discovery);
        }
    }

    /// Certifies the deferred proposals, because the node votes from now on.
    pub(super) fn certify_deferred(&mut self, cx: &mut Context, discovery: &Discovery) {
        if self.ledger.certify_deferred(cx, discovery) {
            self.consensus.pool_grew();
        }
    }

    // Statements.

    /// Handles a statement that `from` transmitted. Returns true if the message is to be relayed.
    pub(super) fn receive_statement(
        &mut self,
        cx: &mut Context,
        discovery: &mut Discovery,
        from: NodeId,
        message: &Message,
        (envelope, quorum_set): (&Arc<Envelope>, &Arc<QuorumSet>),
    ) -> bool {
        let (sender, slot, set_id) = (envelope.from, envelope.slot, envelope.quorum_set);
        let learned = self.consensus.learn_quorum_set(set_id, quorum_set);
        if learned == LearnOutcome::Equivocation {
            cx.refuse(sender, MessageRefusal::Malformed);
            return false;
        }
        self.resend.note_statement(envelope);
        discovery.note_statement(cx, sender, slot);
        if discovery.trust().never_votes() {
            return true;
        }
        let next = self.ledger.next_slot();
        if slot == next {
            self.consensus.note_named(set_id);
        }
        if slot < next {
            self.answer_node_behind(cx, discovery, from, message, envelope);
        } else if slot.0 > next.0.saturating_add(SLOTS_AHEAD_MAX) {
            self.note_ahead(cx, discovery, sender, slot);
            cx.refuse(sender, MessageRefusal::FarFuture);
        } else if slot > next || cx.lifecycle != Lifecycle::Ready {
            self.note_ahead(cx, discovery, sender, slot);
            self.consensus.defer_statement(envelope);
        } else {
            self.receive_current_statement(cx, discovery, message, envelope);
        }
        true
    }

    /// Handles a statement about the running slot at a node that votes.
    fn receive_current_statement(
        &mut self,
        cx: &mut Context,
        discovery: &mut Discovery,
        message: &Message,
        envelope: &Arc<Envelope>,
    ) {
        if envelope.statement.is_nominate() {
            // A NOMINATE of any sender starts the slot. Otherwise a node that trusts only itself would never join it.
            self.join_slot(cx, discovery);
        }
        if self.ledger.next_slot() > envelope.slot {
            return;
        }
        if !self.consensus.queue_statement(envelope) && !message.housekeeping {
            cx.refuse(envelope.from, MessageRefusal::OutsideClosure);
        }
    }

    fn note_ahead(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        sender: NodeId,
        slot: SlotIndex,
    ) {
        if discovery.trust().contains(sender) {
            let next = self.ledger.next_slot();
            self.catch_up.note_ahead(cx, next, sender, slot);
        }
    }

    /// Handles a statement about a decided slot. A sender that repeats such a statement is behind and receives the
    /// decision: directly if it is in reach, otherwise with the next re-sending, which serves any number of nodes.
    fn answer_node_behind(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        from: NodeId,
        message: &Message,
        envelope: &Envelope,
    ) {
        let is_behind =
            message.housekeeping && !matches!(envelope.statement, Statement::Externalize { .. });
        if !is_behind {
            return;
        }
        let (slot, sender) = (envelope.slot, envelope.from);
        let Recipient::Node(_) = discovery.route_to(cx, sender, from) else {
            return self.resend.request(slot);
        };
        let class = TrafficClass::Housekeeping;
        match self.consensus.own_decision(slot) {
            Some(body) => {
                let via = Recipient::Node(sender);
                cx.out.send_to(sender, via, class, body);
            }
            None => self.send_decisions(cx, discovery, (sender, from), slot, class),
        }
    }

    // Proposals and files.

    /// Handles the proposal of a client.
    pub(super) fn propose(&mut self, cx: &mut Context, discovery: &Discovery, content: Content) {
        if let Some(why) = check_content(cx, discovery, &content) {
            let me = cx.me();
            return refuse_proposal(cx, None, me, why);
        }
        match content {
            Content::Choice(value) => self.consensus.set_choice(value),
            content => {
                if self.ledger.propose(cx, content) {
                    self.consensus.pool_grew();
                }
            }
        }
    }

    /// Handles a proposal that `from` transmitted. Returns true if the message is to be relayed.
    pub(super) fn receive_proposal(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        from: NodeId,
        message: &Message,
        proposal: &Arc<Proposal>,
    ) -> bool {
        let (result, is_relayed) = self
            .ledger
            .receive_proposal(cx, discovery, from, message, proposal);
        if result == Certification::Pooled {
            self.consensus.pool_grew();
        }
        is_relayed
    }

    /// The timer of the oldest proposal expired.
    pub(super) fn expire_proposals(&mut self, cx: &mut Context, discovery: &Discovery) {
        let (consensus, next) = (&self.consensus, self.ledger.next_slot());
        let statements = || consensus.statements(next);
        self.ledger.expire_proposals(cx, discovery, statements);
    }

    /// A fetch ended.
    pub(super) fn fetched(
        &mut self,
        cx: &mut Context,
        sha256: &str,
        result: Result<NodeId, FetchError>,
    ) {
        self.ledger.fetched(cx, sha256, result);
    }

    /// The re-send timer expired.
    pub(super) fn resend(&mut self, cx: &mut Context, discovery: &Discovery) {
        let next = self.ledger.next_slot();
        self.resend
            .timer_expired(cx, next, &self.consensus, discovery);
        self.ledger.resend(cx, discovery);
    }

    // Slots.

    /// Takes the steps that have become possible: adopts a quorum set, starts the next slot, processes waiting
    /// statements.
    pub(super) fn advance(&mut self, cx: &mut Context, discovery: &mut Discovery) {
        while cx.lifecycle == Lifecycle::Ready {
            let next = self.ledger.next_slot();
            discovery.advance_to(cx, next);
            self.consensus.adopt_quorum_set(cx, next, discovery);
            if self.consensus.is_slot_due(cx, &self.ledger) {
                self.join_slot(cx, discovery);
                continue;
            }
            let has_pending = self.consensus.queue_pending(next);
            self.deliver_statements(cx, discovery);
            if !has_pending {
                break;
            }
        }
        if cx.lifecycle == Lifecycle::Ready {
            let slot = self.ledger.next_slot();
            let effects = self.consensus.renominate(cx, &self.ledger, discovery);
            self.apply_effects(cx, discovery, slot, effects);
        }
        let (next, has_work) = (self.ledger.next_slot(), self.ledger.has_work_to_resend());
        self.resend.arm(cx, next, &self.consensus, has_work);
    }

    fn join_slot(&mut self, cx: &mut Context, discovery: &mut Discovery) {
        let slot = self.ledger.next_slot();
        discovery.end_founding(cx);
        self.repeat_remembered(cx, discovery, slot);
        let effects = self.consensus.join(cx, &self.ledger, discovery);
        self.apply_effects(cx, discovery, slot, effects);
    }

    // Rollback.

    /// The number of proposals that the node has made.
    pub(super) fn proposals(&self) -> u32 {
        self.ledger.proposals()
    }

    /// The durable state of the node is an older copy. Takes higher numbers, and stays silent in the running slot if it
    /// may have contradicted itself there.
    pub(super) fn rolled_back(&mut self, cx: &mut Context, remembered: &Remembered) {
        self.ledger.raise_proposals(cx, remembered.proposals);
        self.rollback.add(&remembered.statements);
        for (envelope, _) in &remembered.statements {
            self.consensus.raise_quorum_sets(envelope.quorum_set.nth);
        }
        let slot = self.ledger.next_slot();
        let has_statement = self.consensus.own_statements(slot).next().is_some();
        if has_statement && self.rollback.has_statement(slot) {
            self.rollback.stay_silent(slot);
        }
    }

    /// Another node returns messages whose numbers are known. While the node recovers, their statements may be newer
    /// than those that others have returned before.
    pub(super) fn remember_more(&mut self, cx: &mut Context, remembered: &Remembered) {
        if self.rollback.is_recovering() {
            self.rolled_back(cx, remembered);
        }
    }

    /// The node votes again after a rollback.
    pub(super) fn recovered(&mut self) {
        self.rollback.end();
    }

    /// Whether the node stays silent in the running slot.
    pub(super) fn is_silent(&self) -> bool {
        self.rollback.is_silent(self.ledger.next_slot())
    }

    /// Asks for decisions until the slot in which the node stays silent is decided.
    pub(super) fn keep_catching_up(&mut self, cx: &mut Context, discovery: &Discovery) {
        let view = view(&self.ledger, &self.consensus, discovery);
        self.catch_up.keep_going(cx, view);
    }

    /// Restores the node's own statements about `slot` that others remember, before it makes others.
    fn repeat_remembered(&mut self, cx: &mut Context, discovery: &Discovery, slot: SlotIndex) {
        for (envelope, set) in self.rollback.take(slot) {
            let remembered = (&envelope, &set);
            let ledger = &self.ledger;
            let effects = self
                .consensus
                .restore_remembered(cx, ledger, discovery, remembered);
            self.apply_effects(cx, discovery, slot, effects);
        }
    }

    /// SCP processes the queued statements in one batch.
    pub(super) fn deliver_statements(&mut self, cx: &mut Context, discovery: &mut Discovery) {
        let mut statements = self.consensus.take_inbox();
        if statements.is_empty() {
            return;
        }
        self.join_slot(cx, discovery);
        let slot = self.ledger.next_slot();
        statements.retain(|envelope| envelope.slot == slot);
        for envelope in &statements {
            self.ledger.reject_backups(cx, envelope);
        }
        let effects = self
            .consensus
            .receive(cx, &self.ledger, discovery, slot, &statements);
        self.apply_effects(cx, discovery, slot, effects);
    }

    /// A timer of SCP expired.
    pub(super) fn slot_timer_expired(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        slot: SlotIndex,
        timer: ScpTimer,
    ) {
        if cx.lifecycle != Lifecycle::Ready || slot != self.ledger.next_slot() {
            return;
        }
        let effects = self
            .consensus
            .timer_expired(cx, &self.ledger, discovery, slot, timer);
        self.apply_effects(cx, discovery, slot, effects);
    }

    fn apply_effects(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        slot: SlotIndex,
        effects: Vec<Effect>,
    ) {
        let has_changed = !effects.is_empty();
        for effect in effects {
            match effect {
                Effect::Emit(envelope) => {
                    self.resend.restart_backoff(envelope.slot);
                    self.consensus.emit(cx, &envelope);
                }
                Effect::SetTimer { slot, timer, span } => {
                    cx.out.timer(timer_kind(slot, timer), span);
                }
                Effect::StopTimer { slot, timer } => cx.out.cancel(timer_kind(slot, timer)),
                Effect::Externalized { value, .. } => self.record(cx, discovery, value, &[]),
                Effect::Event(event) => self.report_transition(cx, event),
            }
        }
        if has_changed {
            self.consensus.report_slot(cx, slot);
        }
    }

    fn report_transition(&mut self, cx: &mut Context, event: ScpEvent) {
        let voted = match &event {
            // A refused statement of another node is reported as a refusal of this node.
            ScpEvent::Refused { from, .. } if *from != cx.me() => return,
            ScpEvent::VotedNominate { value, .. } => Some(value.clone()),
            _ => None,
        };
        cx.out.event(NodeEvent::Scp(event));
        if let Some(value) = voted {
            self.ledger.accept_backups(cx, &value);
        }
    }

    /// Appends the decision of the next slot to the log. `reporters` are the peers that reported the adopted
    /// decision; the list is empty if SCP decided the slot at this node.
    fn record(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        value: Value,
        reporters: &[NodeId],
    ) {
        let slot = self.ledger.next_slot();
        let deciders = self.consensus.externalized_by(cx, slot);
        self.ledger
            .record(cx, discovery, value, reporters, &deciders);
        let next = self.ledger.next_slot();
        self.resend.note_recorded(slot);
        self.catch_up.forget_before(next);
        self.consensus.slot_decided(cx, next);
    }

    // Catching up.

    /// Starts catching up before the node votes.
    pub(super) fn begin_catch_up(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
    ) -> CatchUpStep {
        cx.lifecycle = Lifecycle::CatchingUp;
        let from_slot = self.ledger.next_slot();
        cx.out.event(NodeEvent::CatchingUp { from_slot });
        self.adopt_decisions(cx, discovery);
        let view = view(&self.ledger, &self.consensus, discovery);
        self.catch_up.begin(cx, view)
    }

    /// The catch-up timer expired.
    pub(super) fn catch_up_timer_expired(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
    ) -> CatchUpStep {
        let view = view(&self.ledger, &self.consensus, discovery);
        self.catch_up.timer_expired(cx, view)
    }

    /// Answers a query for decisions. `from` transmitted the query.
    pub(super) fn answer_catch_up(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        from: NodeId,
        question: &Message,
        from_slot: SlotIndex,
    ) {
        let sender = question.id.sender;
        let decided = SlotIndex(from_slot.0.saturating_sub(1));
        self.resend.note_decided(sender, decided);
        let class = TrafficClass::of(question);
        self.send_decisions(cx, discovery, (sender, from), from_slot, class);
    }

    /// Sends `node` the decisions from a slot on. `from` transmitted the message that is answered.
    fn send_decisions(
        &self,
        cx: &mut Context,
        discovery: &Discovery,
        (node, from): (NodeId, NodeId),
        from_slot: SlotIndex,
        class: TrafficClass,
    ) {
        let decided = self.ledger.log().since(from_slot).into();
        let via = discovery.route_to(cx, node, from);
        cx.out
            .send_to(node, via, class, Body::CatchUpAnswer { decided });
    }

    /// Handles the decisions that a peer has sent.
    pub(super) fn receive_decisions(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        sender: NodeId,
        decided: &[(SlotIndex, Value)],
    ) -> CatchUpStep {
        if !discovery.trust().contains(sender) {
            return CatchUpStep::Wait;
        }
        let next = self.ledger.next_slot();
        self.catch_up.add_answer(next, sender, decided);
        self.adopt_decisions(cx, discovery);
        let has_learned = self.ledger.next_slot() > next;
        let view = view(&self.ledger, &self.consensus, discovery);
        self.catch_up.answered(cx, view, has_learned)
    }

    /// Records the decisions that a v-blocking set reports, slot after slot.
    fn adopt_decisions(&mut self, cx: &mut Context, discovery: &Discovery) {
        loop {
            let next = self.ledger.next_slot();
            // At a voting node SCP processes the statements.
            let statements = (cx.lifecycle != Lifecycle::Ready)
                .then(|| self.consensus.pending_decisions(next))
                .into_iter()
                .flatten();
            let set = self.consensus.quorum_set().map(Arc::as_ref);
            let Some((value, reporters)) = self.catch_up.adoptable(next, set, statements) else {
                return;
            };
            self.record(cx, discovery, value, &reporters);
        }
    }

    pub(super) fn next_slot(&self) -> SlotIndex {
        self.ledger.next_slot()
    }

    /// The ledger, for tests.
    #[cfg(test)]
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The consensus part, for tests.
    #[cfg(test)]
    pub(super) fn consensus(&self) -> &Consensus {
        &self.consensus
    }
}

fn view<'a>(
    ledger: &Ledger,
    consensus: &'a Consensus,
    discovery: &'a Discovery,
) -> CatchUpView<'a> {
    CatchUpView {
        next: ledger.next_slot(),
        consensus,
        discovery,
    }
}
