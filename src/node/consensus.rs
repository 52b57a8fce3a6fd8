//! SCP at work: which slot is running, when it begins, and with which quorum set; `hearing` tells SCP what was heard.
//!
//! SCP is only ever asked about the first slot that is not decided: then its answers depend on the log alone, and the
//! quorum set can change between slots and never inside one. A slot begins when the node has something to nominate, or
//! when the first statement about it arrives; nominating comes before hearing, so that nothing said is overlooked
//! (NOTES 28).

mod effects;

use super::config::Application;
use super::decoding::ProposalSet;
use super::event::{MessageRefusal, NodeEvent, SlotStart};
use super::node::{Lifecycle, Node};
use super::persisted::StateChange;
use super::proposal::value_of;
use crate::scp::{
    Envelope, EvidenceMode, LocalNode, NodeId, QuorumSet, QuorumSetId, Scp, SlotIndex, SlotState,
    Value,
};
use std::sync::Arc;

/// How many decided slots SCP remembers, to answer laggards.
const SLOTS_IN_MEMORY: u64 = 8;

/// Whether trust has changed since the last quorum set was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trusted {
    AsBefore,
    Changed,
}

/// SCP and what the node knows about its running slot.
#[derive(Clone, Debug)]
pub(super) struct Consensus {
    scp: Scp,
    trusted: Trusted,
    quorum_set: Option<Arc<QuorumSet>>,
    quorum_sets: u32,
    /// The last slot that has begun: its quorum set stays.
    begun: Option<SlotIndex>,
    /// The last slot in which the node has nominated or joined as an echoer.
    joined: Option<SlotIndex>,
    nominated: Option<Value>,
    may_renominate: bool,
    choice: Option<Value>,
    is_choice_new: bool,
    reported: Option<(SlotIndex, Arc<SlotState>)>,
    /// What has been heard about the running slot in this step and SCP does not know yet.
    inbox: Vec<Arc<Envelope>>,
}

impl Consensus {
    pub(super) fn new(me: NodeId, choice: Option<Value>) -> Consensus {
        let local = LocalNode {
            id: me,
            quorum_set: QuorumSetId { owner: me, nth: 0 },
            is_validator: true,
        };
        Consensus {
            scp: Scp::new(local, EvidenceMode::Record),
            trusted: Trusted::Changed,
            quorum_set: None,
            quorum_sets: 0,
            begun: None,
            joined: None,
            nominated: None,
            may_renominate: false,
            choice,
            is_choice_new: false,
            reported: None,
            inbox: Vec::new(),
        }
    }

    /// The quorum set that counts now.
    pub(super) fn quorum_set(&self) -> Option<&Arc<QuorumSet>> {
        self.quorum_set.as_ref()
    }

    /// Trust has changed; it counts from the next slot on.
    pub(super) fn trust_changed(&mut self) {
        self.trusted = Trusted::Changed;
    }

    /// There is something new to nominate.
    pub(super) fn pool_grew(&mut self) {
        self.may_renominate = true;
    }

    /// `Choice`: the value to nominate from now on.
    pub(super) fn choose(&mut self, value: Value) {
        self.choice = Some(value);
        self.is_choice_new = true;
        self.may_renominate = true;
    }

    /// Does the node take part in `slot`?
    pub(super) fn has_joined(&self, slot: SlotIndex) -> bool {
        self.joined == Some(slot)
    }

    /// The node's latest statements about `slot`.
    pub(super) fn own_statements(&self, slot: SlotIndex) -> Vec<Arc<Envelope>> {
        self.scp.own_statements(slot).cloned().collect()
    }

    /// Everybody's latest statements about `slot`.
    pub(super) fn statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.scp.statements(slot)
    }

    /// Forgets what is too old to be asked about, now that `next` is the slot to decide.
    pub(super) fn forget_old_slots(&mut self, next: SlotIndex) {
        let first = next.0.saturating_sub(SLOTS_IN_MEMORY);
        self.scp.forget_slots_before(SlotIndex(first));
        self.nominated = None;
    }

    /// Checks the invariants of SCP.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.scp.check_invariants()
    }
}

impl Node {
    /// Takes up own statements from before a crash: the slot goes on with the quorum set that it had.
    pub(super) fn restore_slot(
        &mut self,
        quorum_sets: u32,
        set: Option<&Arc<QuorumSet>>,
        own: &[Arc<Envelope>],
    ) {
        let slot = self.log.next_slot();
        self.consensus.quorum_sets = quorum_sets;
        if let Some(set) = set {
            self.use_quorum_set(set);
        }
        for envelope in own.iter().filter(|envelope| envelope.slot == slot) {
            self.consensus.begun = Some(slot);
            let mut refusal = None;
            let effects = self.with_scp(|scp, driver, out| {
                refusal = scp.restore(driver, Arc::clone(envelope), out).err();
            });
            // A refusal of what the node itself has said is among the effects.
            if let Some(why) = refusal.filter(|_| envelope.from != self.me) {
                self.refuse(envelope.from, MessageRefusal::Scp(why));
            }
            self.apply_effects(slot, effects);
        }
    }

    /// Does whatever has become possible: another quorum set, the next slot, statements that have waited.
    pub(super) fn advance(&mut self) {
        while self.lifecycle == Lifecycle::Ready {
            self.adopt_quorum_set();
            if !self.begin_slot() && !self.deliver_pending() {
                break;
            }
        }
        self.renominate();
        self.arm_resend();
    }

    /// Makes a quorum set of the present trust, unless a slot is running.
    pub(super) fn adopt_quorum_set(&mut self) {
        let slot = self.log.next_slot();
        if self.consensus.begun == Some(slot) || self.consensus.trusted == Trusted::AsBefore {
            return;
        }
        self.consensus.trusted = Trusted::AsBefore;
        if let Some(event) = self.trust.take_event() {
            self.out.event(event);
        }
        let Some(set) = self.trust.quorum_set() else {
            return;
        };
        if self.consensus.quorum_set.as_deref() == Some(&set) {
            return;
        }
        self.consensus.quorum_sets = self.consensus.quorum_sets.saturating_add(1);
        let quorum_set = Arc::new(set);
        let id = self.use_quorum_set(&quorum_set);
        self.out.persist(StateChange::QuorumSet {
            nth: id.nth,
            quorum_set: Arc::clone(&quorum_set),
        });
        self.out.event(NodeEvent::QuorumSetChanged {
            id,
            quorum_set,
            from_slot: slot,
        });
    }

    fn use_quorum_set(&mut self, set: &Arc<QuorumSet>) -> QuorumSetId {
        let id = QuorumSetId {
            owner: self.me,
            nth: self.consensus.quorum_sets,
        };
        self.sets.learn(id, set);
        self.sets.rebuild(self.me, set);
        self.consensus.quorum_set = Some(Arc::clone(set));
        self.consensus.scp.set_quorum_set(id);
        id
    }

    /// What the node would nominate in the next slot by itself.
    fn own_value(&self) -> Option<Value> {
        match self.config.settings.application {
            Application::Choice => self.consensus.choice.clone(),
            Application::Log => {
                let (backup, me) = (&self.backup, self.key);
                let proposals: ProposalSet = self.pool.selection(|one| !backup.says_no(me, one));
                (!proposals.is_empty()).then(|| value_of(&proposals))
            }
        }
    }

    /// Begins the next slot if it is this node's turn to. True if it did.
    fn begin_slot(&mut self) -> bool {
        let slot = self.log.next_slot();
        if self.consensus.has_joined(slot) {
            return false;
        }
        let is_asked_for = match self.config.settings.application {
            Application::Log => true,
            Application::Choice => {
                let slots = u64::from(self.config.settings.choice_slots);
                slot.0 <= slots || self.consensus.is_choice_new
            }
        };
        let goes_on = self.consensus.begun == Some(slot);
        let is_due = goes_on || is_asked_for && self.own_value().is_some();
        if is_due {
            self.join_slot();
        }
        is_due
    }

    /// Takes part in the next slot from now on: with something to nominate, or as an echoer.
    pub(super) fn join_slot(&mut self) {
        let slot = self.log.next_slot();
        if self.consensus.has_joined(slot) {
            return;
        }
        self.adopt_quorum_set();
        let value = self.own_value();
        let start = match value {
            Some(_) => SlotStart::Own,
            None => SlotStart::Echo,
        };
        self.out.event(NodeEvent::SlotStarted { slot, start });
        self.consensus.begun = Some(slot);
        self.consensus.joined = Some(slot);
        self.nominate(value);
    }

    fn nominate(&mut self, value: Option<Value>) {
        let (slot, prev) = (self.log.next_slot(), self.log.previous_value());
        if value.is_some() {
            self.consensus.is_choice_new = false;
        }
        self.consensus.may_renominate = false;
        self.consensus.nominated.clone_from(&value);
        let effects = self.with_scp(|scp, driver, out| {
            let _ = scp.nominate(driver, slot, value, prev, out);
        });
        self.apply_effects(slot, effects);
    }

    /// Nominates again in a running slot if there is something new and the node has not voted for anything yet:
    /// otherwise a leader that joined empty-handed would stay so.
    fn renominate(&mut self) {
        let slot = self.log.next_slot();
        if self.lifecycle != Lifecycle::Ready
            || !self.consensus.may_renominate
            || !self.consensus.has_joined(slot)
        {
            return;
        }
        self.consensus.may_renominate = false;
        let is_open = self.consensus.scp.slot_state(slot).is_some_and(|state| {
            state.voted.is_empty() && state.accepted.is_empty() && state.b.is_none()
        });
        if !is_open {
            return;
        }
        let value = self.own_value();
        if value.is_some() && value != self.consensus.nominated {
            self.nominate(value);
        }
    }
}
