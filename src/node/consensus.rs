//! `Consensus`: decides when the running slot of SCP starts, with which quorum set, and which statements SCP processes.
//!
//! SCP works on one slot only, the first undecided one. So the log contains all earlier decisions when SCP validates a
//! value, and the quorum set can change between slots but never within one. A slot starts when the node has a value to
//! nominate, or when the first statement about it arrives. The node nominates before it processes statements: SCP only
//! stores statements that arrive before nomination, without voting for their values (`tests/conformance/NOTES.md`, 28).
//!
//! Methods that call SCP return its [`Effect`]s; the node applies them.

use super::config::Application;
use super::context::Context;
use super::contract::TimerKind;
use super::discovery::Discovery;
use super::driver::NodeDriver;
use super::event::{MessageRefusal, NodeEvent, SlotStart};
use super::ledger::Ledger;
use super::message::Body;
use super::outbox::TrafficClass;
use super::pending_statements::PendingStatements;
use super::persisted::StateChange;
use super::quorum_closure::{ClosureMembership, LearnOutcome, QuorumClosure};
use crate::scp::{
    Effect, Envelope, EvidenceMode, LocalNode, NodeId, NodeSet, QuorumSet, QuorumSetId, Scp,
    ScpRefusal, ScpTimer, SlotIndex, SlotState, Statement, Value,
};
use std::sync::Arc;

/// The number of decided slots that SCP keeps, to answer nodes that are behind.
const SLOTS_IN_MEMORY: u64 = 8;

/// SCP, the quorum closure, and the statements that wait.
#[derive(Clone, Debug)]
pub(super) struct Consensus {
    scp: Scp,
    closure: QuorumClosure,
    pending: PendingStatements,
    /// The quorum set in effect.
    quorum_set: Option<Arc<QuorumSet>>,
    /// The number of quorum sets that the node has had.
    quorum_sets: u32,
    /// The last slot that has begun at this node. Its quorum set is fixed.
    begun: Option<SlotIndex>,
    /// The last slot in which the node has nominated, or joined as an echoer.
    joined: Option<SlotIndex>,
    nominated: Option<Value>,
    /// Whether the node may have a new value to nominate.
    may_renominate: bool,
    /// `Choice`: the value to nominate.
    choice: Option<Value>,
    is_choice_new: bool,
    /// The state of a slot in the latest event about it.
    reported: Option<(SlotIndex, Arc<SlotState>)>,
    /// Statements about the running slot that SCP has not processed yet.
    inbox: Vec<Arc<Envelope>>,
}

impl Consensus {
    pub(super) fn new(cx: &Context) -> Consensus {
        let me = cx.me();
        let local = LocalNode {
            id: me,
            quorum_set: QuorumSetId { owner: me, nth: 0 },
            is_validator: true,
        };
        Consensus {
            scp: Scp::new(local, EvidenceMode::Record),
            closure: QuorumClosure::default(),
            pending: PendingStatements::default(),
            quorum_set: None,
            quorum_sets: 0,
            begun: None,
            joined: None,
            nominated: None,
            may_renominate: false,
            choice: cx.config().initial_value.clone(),
            is_choice_new: false,
            reported: None,
            inbox: Vec::new(),
        }
    }

    /// Restores the quorum set that was in effect before a crash.
    pub(super) fn restore_quorum_set(
        &mut self,
        cx: &Context,
        nth: u32,
        set: Option<&Arc<QuorumSet>>,
    ) {
        self.quorum_sets = nth;
        if let Some(set) = set {
            self.use_quorum_set(cx, set);
        }
    }

    /// Restores a statement of the node about the running slot `slot`.
    pub(super) fn restore_statement(
        &mut self,
        cx: &mut Context,
        ledger: &Ledger,
        discovery: &Discovery,
        slot: SlotIndex,
        envelope: &Arc<Envelope>,
    ) -> Vec<Effect> {
        self.begun = Some(slot);
        let mut refusal = None;
        let effects = self.with_scp(cx, ledger, discovery, |scp, driver, out| {
            refusal = scp.restore(driver, Arc::clone(envelope), out).err();
        });
        // The refusal of a statement of this node is among the effects.
        if let Some(why) = refusal.filter(|_| envelope.from != cx.me()) {
            cx.refuse(envelope.from, MessageRefusal::Scp(why));
        }
        effects
    }

    /// Restores a statement of the node that others remember, with the quorum set that it names.
    pub(super) fn restore_remembered(
        &mut self,
        cx: &mut Context,
        ledger: &Ledger,
        discovery: &Discovery,
        (envelope, set): (&Arc<Envelope>, &Arc<QuorumSet>),
    ) -> Vec<Effect> {
        let nth = envelope.quorum_set.nth;
        self.raise_quorum_sets(nth);
        self.put_into_effect(cx, envelope.quorum_set, set);
        let quorum_set = Arc::clone(set);
        cx.out.persist(StateChange::QuorumSet { nth, quorum_set });
        cx.out
            .persist(StateChange::OwnStatement(Arc::clone(envelope)));
        self.restore_statement(cx, ledger, discovery, envelope.slot, envelope)
    }

    /// Later quorum sets of the node get higher numbers than `nth`.
    pub(super) fn raise_quorum_sets(&mut self, nth: u32) {
        self.quorum_sets = self.quorum_sets.max(nth);
    }

    // The quorum set.

    /// Puts the quorum set of the present trust set into effect, unless the slot `next` has begun.
    pub(super) fn adopt_quorum_set(
        &mut self,
        cx: &mut Context,
        next: SlotIndex,
        discovery: &mut Discovery,
    ) {
        if self.begun == Some(next) {
            return;
        }
        let Some(set) = discovery.take_quorum_set(cx) else {
            return;
        };
        self.install_quorum_set(cx, next, set);
    }

    /// Replaces the quorum set within the running slot at the request of an operator, and repeats the node's statements
    /// with the new set.
    pub(super) fn override_quorum_set(
        &mut self,
        cx: &mut Context,
        ledger: &Ledger,
        discovery: &mut Discovery,
    ) -> Vec<Effect> {
        let slot = ledger.next_slot();
        if self.begun != Some(slot) {
            self.adopt_quorum_set(cx, slot, discovery);
            return Vec::new();
        }
        let Some(set) = discovery.take_quorum_set(cx) else {
            return Vec::new();
        };
        let Some(id) = self.install_quorum_set(cx, slot, set) else {
            return Vec::new();
        };
        cx.out.event(NodeEvent::QuorumSetOverridden { slot });
        let named: Vec<QuorumSetId> = self
            .scp
            .statements(slot)
            .map(|envelope| envelope.quorum_set)
            .collect();
        for id in named {
            self.closure.note_named(id);
        }
        self.with_scp(cx, ledger, discovery, |scp, driver, out| {
            scp.replace_quorum_set(driver, slot, id, out);
        })
    }

    /// Puts a quorum set into effect from the slot `next` on. Returns its id, or `None` if it is in effect already.
    fn install_quorum_set(
        &mut self,
        cx: &mut Context,
        next: SlotIndex,
        set: QuorumSet,
    ) -> Option<QuorumSetId> {
        if self.quorum_set.as_deref() == Some(&set) {
            return None;
        }
        self.quorum_sets = self.quorum_sets.saturating_add(1);
        let quorum_set = Arc::new(set);
        let id = self.use_quorum_set(cx, &quorum_set);
        cx.out.persist(StateChange::QuorumSet {
            nth: id.nth,
            quorum_set: Arc::clone(&quorum_set),
        });
        cx.out.event(NodeEvent::QuorumSetChanged {
            id,
            quorum_set,
            from_slot: next,
        });
        Some(id)
    }

    fn use_quorum_set(&mut self, cx: &Context, set: &Arc<QuorumSet>) -> QuorumSetId {
        let id = QuorumSetId {
            owner: cx.me(),
            nth: self.quorum_sets,
        };
        self.put_into_effect(cx, id, set);
        id
    }

    fn put_into_effect(&mut self, cx: &Context, id: QuorumSetId, set: &Arc<QuorumSet>) {
        self.closure.learn(id, set);
        self.closure.rebuild(cx.me(), set);
        self.quorum_set = Some(Arc::clone(set));
        self.scp.set_quorum_set(id);
    }

    // Starting a slot.

    /// Whether the node starts the next slot without a statement of another node.
    pub(super) fn is_slot_due(&self, cx: &Context, ledger: &Ledger) -> bool {
        let next = ledger.next_slot();
        if self.has_joined(next) {
            return false;
        }
        let is_wanted = match cx.settings().application {
            Application::Log => true,
            Application::Choice => {
                next.0 <= u64::from(cx.settings().choice_slots) || self.is_choice_new
            }
        };
        self.begun == Some(next) || is_wanted && self.own_value(cx, ledger).is_some()
    }

    /// Takes part in the next slot: with a value, or as an echoer.
    pub(super) fn join(
        &mut self,
        cx: &mut Context,
        ledger: &Ledger,
        discovery: &mut Discovery,
    ) -> Vec<Effect> {
        let slot = ledger.next_slot();
        if self.has_joined(slot) {
            return Vec::new();
        }
        self.adopt_quorum_set(cx, slot, discovery);
        let value = self.own_value(cx, ledger);
        let start = match value {
            Some(_) => SlotStart::Own,
            None => SlotStart::Echo,
        };
        cx.out.event(NodeEvent::SlotStarted { slot, start });
        self.begun = Some(slot);
        self.joined = Some(slot);
        self.nominate(cx, ledger, discovery, value)
    }

    /// Nominates again if the node has a new value and has not voted in the running slot. Without this a leader that
    /// joined without a value would never nominate one.
    pub(super) fn renominate(
        &mut self,
        cx: &Context,
        ledger: &Ledger,
        discovery: &Discovery,
    ) -> Vec<Effect> {
        let slot = ledger.next_slot();
        if !self.may_renominate || !self.has_joined(slot) {
            return Vec::new();
        }
        self.may_renominate = false;
        let is_open = self.scp.slot_state(slot).is_some_and(|state| {
            state.voted.is_empty() && state.accepted.is_empty() && state.b.is_none()
        });
        if !is_open {
            return Vec::new();
        }
        let value = self.own_value(cx, ledger);
        if value.is_none() || value == self.nominated {
            return Vec::new();
        }
        self.nominate(cx, ledger, discovery, value)
    }

    fn nominate(
        &mut self,
        cx: &Context,
        ledger: &Ledger,
        discovery: &Discovery,
        value: Option<Value>,
    ) -> Vec<Effect> {
        let (slot, previous) = (ledger.next_slot(), ledger.log().previous_value());
        if value.is_some() {
            self.is_choice_new = false;
        }
        self.may_renominate = false;
        self.nominated.clone_from(&value);
        self.with_scp(cx, ledger, discovery, |scp, driver, out| {
            let _ = scp.nominate(driver, slot, value, previous, out);
        })
    }

    /// The value that the node nominates in the next slot.
    fn own_value(&self, cx: &Context, ledger: &Ledger) -> Option<Value> {
        match cx.settings().application {
            Application::Choice => self.choice.clone(),
            Application::Log => ledger.next_value(cx),
        }
    }

    /// `Choice`: replaces the value to nominate.
    pub(super) fn set_choice(&mut self, value: Value) {
        self.choice = Some(value);
        self.is_choice_new = true;
        self.may_renominate = true;
    }

    /// The pool has grown: allows another nomination.
    pub(super) fn pool_grew(&mut self) {
        self.may_renominate = true;
    }

    // Statements of other nodes.

    /// Stores the quorum set that a statement names.
    pub(super) fn learn_quorum_set(
        &mut self,
        id: QuorumSetId,
        quorum_set: &Arc<QuorumSet>,
    ) -> LearnOutcome {
        self.closure.learn(id, quorum_set)
    }

    /// A statement about the running slot names this quorum set.
    pub(super) fn note_named(&mut self, id: QuorumSetId) {
        self.closure.note_named(id);
    }

    /// Buffers a statement that cannot be processed yet.
    pub(super) fn defer_statement(&mut self, envelope: &Arc<Envelope>) {
        self.pending.insert(envelope);
    }

    /// Queues a statement about the running slot for SCP, or buffers it while the membership of its sender in the
    /// closure is unknown. Returns false if the sender is outside.
    pub(super) fn queue_statement(&mut self, envelope: &Arc<Envelope>) -> bool {
        match self.closure.membership(envelope.from) {
            ClosureMembership::Inside => self.inbox.push(Arc::clone(envelope)),
            ClosureMembership::Unknown => self.pending.insert(envelope),
            ClosureMembership::Outside => return false,
        }
        true
    }

    /// Queues the buffered statements of closure members about the running slot. Returns false if there are none.
    pub(super) fn queue_pending(&mut self, next: SlotIndex) -> bool {
        let ready = self.pending.take(next, self.closure.closure());
        let has_some = !ready.is_empty();
        for envelope in &ready {
            self.closure.note_named(envelope.quorum_set);
        }
        self.inbox.extend(ready);
        has_some
    }

    /// Removes and returns the queued statements. SCP processes all of them in one batch.
    pub(super) fn take_inbox(&mut self) -> Vec<Arc<Envelope>> {
        std::mem::take(&mut self.inbox)
    }

    /// SCP processes statements about the slot `slot`.
    pub(super) fn receive(
        &mut self,
        cx: &mut Context,
        ledger: &Ledger,
        discovery: &Discovery,
        slot: SlotIndex,
        statements: &[Arc<Envelope>],
    ) -> Vec<Effect> {
        let mut refused = Vec::new();
        let effects = self.with_scp(cx, ledger, discovery, |scp, driver, out| {
            refused = scp.receive_batch(driver, slot, statements, out);
        });
        for (from, why) in refused {
            // Repeated and outdated statements are normal, so they are not reported.
            if why != ScpRefusal::NotNewer {
                cx.refuse(from, MessageRefusal::Scp(why));
            }
        }
        effects
    }

    /// A timer of the running slot expired.
    pub(super) fn timer_expired(
        &mut self,
        cx: &Context,
        ledger: &Ledger,
        discovery: &Discovery,
        slot: SlotIndex,
        timer: ScpTimer,
    ) -> Vec<Effect> {
        self.with_scp(cx, ledger, discovery, |scp, driver, out| {
            scp.timer_expired(driver, slot, timer, out);
        })
    }

    fn with_scp(
        &mut self,
        cx: &Context,
        ledger: &Ledger,
        discovery: &Discovery,
        work: impl FnOnce(&mut Scp, &NodeDriver<'_>, &mut Vec<Effect>),
    ) -> Vec<Effect> {
        let driver = NodeDriver {
            me: cx.key(),
            application: cx.settings().application,
            closure: &self.closure,
            log: ledger.log(),
            backup: ledger.backup(),
            decoder: ledger.decoder(),
            roster: discovery.roster(),
        };
        let mut effects = Vec::new();
        work(&mut self.scp, &driver, &mut effects);
        effects
    }

    // Effects.

    /// Persists and sends a statement of this node.
    pub(super) fn emit(&self, cx: &mut Context, envelope: &Arc<Envelope>) {
        cx.out
            .persist(StateChange::OwnStatement(Arc::clone(envelope)));
        if let Some(body) = self.statement_body(envelope) {
            cx.out.broadcast(TrafficClass::Progress, body);
        }
    }

    /// Reports the state of a slot if it has changed.
    pub(super) fn report_slot(&mut self, cx: &mut Context, slot: SlotIndex) {
        let Some(state) = self.scp.slot_state(slot) else {
            return;
        };
        let reported = self.reported.as_ref();
        if reported.is_some_and(|(at, reported)| *at == slot && **reported == state) {
            return;
        }
        let state = Arc::new(state);
        self.reported = Some((slot, Arc::clone(&state)));
        cx.out.event(NodeEvent::Slot { slot, state });
    }

    /// A decision was recorded: drops old slots and prepares the closure for the slot `next`.
    pub(super) fn slot_decided(&mut self, cx: &Context, next: SlotIndex) {
        self.pending.forget_before(next);
        let first = next.0.saturating_sub(SLOTS_IN_MEMORY);
        self.scp.forget_slots_before(SlotIndex(first));
        self.nominated = None;
        if let Some(set) = &self.quorum_set {
            self.closure.rebuild(cx.me(), set);
        }
    }

    // Queries.

    /// Whether the node takes part in `slot`.
    pub(super) fn has_joined(&self, slot: SlotIndex) -> bool {
        self.joined == Some(slot)
    }

    pub(super) fn quorum_set(&self) -> Option<&Arc<QuorumSet>> {
        self.quorum_set.as_ref()
    }

    /// The transitive closure of the quorum set: all nodes that a quorum of this node may need.
    pub(super) fn closure(&self) -> &NodeSet {
        self.closure.closure()
    }

    /// The latest statements of all nodes about `slot`.
    pub(super) fn statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.scp.statements(slot)
    }

    /// The other nodes that have externalized `slot`.
    pub(super) fn externalized_by(&self, cx: &Context, slot: SlotIndex) -> Vec<NodeId> {
        self.statements(slot)
            .filter(|envelope| matches!(envelope.statement, Statement::Externalize { .. }))
            .map(|envelope| envelope.from)
            .filter(|&node| node != cx.me())
            .collect()
    }

    /// The decisions of `slot` in buffered statements.
    pub(super) fn pending_decisions(
        &self,
        slot: SlotIndex,
    ) -> impl Iterator<Item = (NodeId, &Value)> {
        self.pending.decisions(slot)
    }

    /// The node's latest statements about `slot`.
    pub(super) fn own_statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.scp.own_statements(slot)
    }

    /// The node's latest statements about `slot`, ready to send.
    pub(super) fn own_statement_bodies(&self, slot: SlotIndex) -> Vec<Body> {
        self.scp
            .own_statements(slot)
            .filter_map(|envelope| self.statement_body(envelope))
            .collect()
    }

    /// The node's EXTERNALIZE for `slot`, ready to send. `None` if SCP has not decided the slot or has dropped it.
    pub(super) fn own_decision(&self, slot: SlotIndex) -> Option<Body> {
        let decision = self
            .scp
            .own_statements(slot)
            .find(|envelope| matches!(envelope.statement, Statement::Externalize { .. }))?;
        self.statement_body(decision)
    }

    fn statement_body(&self, envelope: &Arc<Envelope>) -> Option<Body> {
        let quorum_set = self.closure.get(envelope.quorum_set)?;
        Some(Body::Scp {
            envelope: Arc::clone(envelope),
            quorum_set: Arc::clone(quorum_set),
        })
    }

    /// Checks the invariants of SCP.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.scp.check_invariants()
    }
}

/// The node's timer for a timer of SCP.
pub(super) fn timer_kind(slot: SlotIndex, timer: ScpTimer) -> TimerKind {
    match timer {
        ScpTimer::Nomination => TimerKind::Nomination(slot),
        ScpTimer::Ballot => TimerKind::Ballot(slot),
    }
}
