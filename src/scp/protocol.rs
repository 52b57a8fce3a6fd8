//! `Scp`: the protocol of one node over all slots. It is the only entry point of the module `scp`.

use super::context::{Emission, LocalNode, NodeContext};
use super::driver::Driver;
use super::event::{Effect, EvidenceMode, ScpEvent, ScpRefusal, ScpTimer, SlotState};
use super::id::{NodeId, QuorumSetId, SlotIndex};
use super::nomination_protocol::{NominateOutcome, NominationInput};
use super::quorum::registry::SetRegistry;
use super::slot::Slot;
use super::slot_table::{SlotLookup, SlotTable};
use super::statement::Envelope;
use super::transaction::{Transaction, transact};
use super::value::Value;
use std::sync::Arc;

/// The protocol of one node, over all slots. Slots are independent of each other (NOTES 15).
#[derive(Clone, Debug)]
pub struct Scp {
    local: LocalNode,
    evidence_mode: EvidenceMode,
    sets: SetRegistry,
    slots: SlotTable,
}

impl Scp {
    /// A node that has received nothing yet.
    #[must_use]
    pub fn new(local: LocalNode, evidence_mode: EvidenceMode) -> Scp {
        Scp {
            local,
            evidence_mode,
            sets: SetRegistry::default(),
            slots: SlotTable::default(),
        }
    }

    /// Nominates `value` for `slot`; `prev` is the decision of the previous slot. Without a value the node only echoes
    /// the values of its leaders. An input that would violate an invariant is refused with an event and changes
    /// nothing.
    pub fn nominate<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        value: Option<Value>,
        prev: Value,
        out: &mut Vec<Effect>,
    ) -> NominateOutcome {
        let result = self.transact(driver, slot, out, |tx| {
            Ok(tx.nominate(NominationInput { value, prev })?)
        });
        result.unwrap_or_else(|why| {
            self.report_refusal(slot, self.local.id, why, out);
            NominateOutcome::Unchanged
        })
    }

    /// Processes an envelope from the network.
    ///
    /// # Errors
    /// The reason of the refusal. A refused envelope changes nothing. The refusal is also an event, unless it is
    /// [`ScpRefusal::NotNewer`].
    pub fn receive<D: Driver>(
        &mut self,
        driver: &D,
        envelope: &Arc<Envelope>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ScpRefusal> {
        let (slot, from) = (envelope.slot, envelope.from);
        let result = if from.0 >= NodeId::LIMIT {
            Err(ScpRefusal::NotSane)
        } else {
            self.transact(driver, slot, out, |tx| tx.receive(envelope))
        };
        if let Err(why) = result {
            self.report_refusal(slot, from, why, out);
        }
        result
    }

    /// Processes envelopes about `slot` that arrived together. Returns the senders of refused envelopes with the
    /// reasons.
    ///
    /// The result is that of receiving them one after the other, except that all are recorded before any is followed
    /// up, and equal statements are followed up once. In a large network this saves most searches for quorums.
    pub fn receive_batch<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        envelopes: &[Arc<Envelope>],
        out: &mut Vec<Effect>,
    ) -> Vec<(NodeId, ScpRefusal)> {
        let mut refused = Vec::new();
        let is_plain =
            |envelope: &Arc<Envelope>| envelope.slot == slot && envelope.from.0 < NodeId::LIMIT;
        let is_batch = envelopes.len() > 1 && envelopes.iter().all(is_plain);
        let done = is_batch
            && self
                .transact(driver, slot, out, |tx| {
                    Ok(tx.receive_batch(envelopes, &mut refused)?)
                })
                .is_ok();
        if done {
            for &(from, why) in &refused {
                self.report_refusal(slot, from, why, out);
            }
            return refused;
        }
        // A single envelope, or a batch in which one violates an invariant: each gets its own transaction.
        refused.clear();
        for envelope in envelopes {
            if let Err(why) = self.receive(driver, envelope, out) {
                refused.push((envelope.from, why));
            }
        }
        refused
    }

    /// An armed timer expired. It is no longer running at the time of this call.
    pub fn timer_expired<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        timer: ScpTimer,
        out: &mut Vec<Effect>,
    ) {
        if self.slots.get(slot).is_none() {
            return;
        }
        let result = self.transact(driver, slot, out, |tx| Ok(tx.timer_expired(timer)?));
        if let Err(why) = result {
            self.report_refusal(slot, self.local.id, why, out);
        }
    }

    /// Changes the quorum set that statements name from now on (NOTES 68).
    pub fn set_quorum_set(&mut self, id: QuorumSetId) {
        self.local.quorum_set = id;
    }

    /// Replaces the quorum set within `slot`, and repeats the node's statements about it with the new set.
    ///
    /// This is a tool against a slot that cannot end, not a part of SCP: statements that the node has made under the
    /// old set count under the new one, so two nodes that replace their sets can decide differently.
    pub fn replace_quorum_set<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        id: QuorumSetId,
        out: &mut Vec<Effect>,
    ) {
        self.set_quorum_set(id);
        if self.slots.get(slot).is_none() {
            return;
        }
        let result = self.transact(driver, slot, out, |tx| Ok(tx.repeat_with_new_set()?));
        if let Err(why) = result {
            self.report_refusal(slot, self.local.id, why, out);
        }
    }

    /// Stops nomination for `slot`. A running timer continues and has no effect when it expires (NOTES 33).
    pub fn stop_nomination(&mut self, slot: SlotIndex) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.stop_nomination();
        }
    }

    /// Restores a slot from an earlier envelope of this node, before any other input to the slot (NOTES 69).
    ///
    /// # Errors
    /// The reason of the refusal: the envelope is from another node or not sane, or the slot has advanced already. A
    /// refused envelope changes nothing. The refusal is also an event.
    pub fn restore<D: Driver>(
        &mut self,
        driver: &D,
        envelope: Arc<Envelope>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ScpRefusal> {
        let (slot, from) = (envelope.slot, envelope.from);
        let result = if from == self.local.id {
            self.transact(driver, slot, out, |tx| tx.restore(&envelope))
        } else {
            Err(ScpRefusal::NotOwn)
        };
        if let Err(why) = result {
            self.report_refusal(slot, from, why, out);
        }
        result
    }

    /// All variables of `slot`; `None` if nothing has happened in it.
    #[must_use]
    pub fn slot_state(&self, slot: SlotIndex) -> Option<SlotState> {
        self.slots.get(slot).map(Slot::state)
    }

    /// The latest NOMINATE and the latest ballot statement that the node has sent for `slot`, for sending them again.
    pub fn own_statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.slots
            .get(slot)
            .into_iter()
            .flat_map(Slot::own_statements)
    }

    /// The latest statements of all nodes about `slot`: nominations by sender, then ballot statements by sender.
    pub fn statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.slots.get(slot).into_iter().flat_map(Slot::statements)
    }

    /// The decision of `slot`, once there is one.
    #[must_use]
    pub fn externalized(&self, slot: SlotIndex) -> Option<&Value> {
        self.slots.get(slot)?.externalized()
    }

    /// Removes all slots before `slot`.
    pub fn forget_slots_before(&mut self, slot: SlotIndex) {
        self.slots.remove_before(slot);
    }

    /// Checks the invariants of the protocol in every slot.
    ///
    /// # Errors
    /// The violated invariant and its slot.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.slots.iter().try_for_each(|slot| {
            slot.check_invariants().map_err(|invariant| {
                format!("slot {}: invariant violated: {invariant}", slot.index().0)
            })
        })
    }

    /// Processes one input in one slot. A slot that was added for a refused input is removed again.
    fn transact<D: Driver, T>(
        &mut self,
        driver: &D,
        index: SlotIndex,
        out: &mut Vec<Effect>,
        work: impl FnOnce(&mut Transaction<'_, D>) -> Result<T, ScpRefusal>,
    ) -> Result<T, ScpRefusal> {
        let emission = match self.local.is_validator {
            true => Emission::Enabled,
            false => Emission::Suppressed,
        };
        let (slot, lookup) = self.slots.get_or_add(index, emission);
        let node = NodeContext {
            driver,
            local: self.local,
            sets: &mut self.sets,
            evidence_mode: self.evidence_mode,
            out,
        };
        let result = transact(slot, node, work);
        if result.is_err() && lookup == SlotLookup::New {
            self.slots.remove(index);
        }
        result
    }

    /// Reports a refused input. Outdated copies are normal in a flooding network and cause no event.
    fn report_refusal(
        &self,
        slot: SlotIndex,
        from: NodeId,
        why: ScpRefusal,
        out: &mut Vec<Effect>,
    ) {
        if self.evidence_mode == EvidenceMode::Record && why != ScpRefusal::NotNewer {
            let event = ScpEvent::Refused { slot, from, why };
            out.push(Effect::Event(event));
        }
    }
}
