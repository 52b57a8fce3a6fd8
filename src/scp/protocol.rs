//! `Scp`: the protocol of one node over all its slots; the only door into this module.

use super::driver::Driver;
use super::event::{Effect, ScpEvent, ScpRefusal, ScpTimer, SlotState};
use super::id::{NodeId, QuorumSetId, SlotIndex};
use super::nomination_protocol::NominationInput;
use super::quorum::registry::SetRegistry;
use super::slot::{Emission, Slot};
use super::slot_table::{SlotLookup, SlotTable};
use super::statement::{Envelope, StatementSource};
use super::transaction::Transaction;
use super::value::Value;
use std::sync::Arc;

/// Who the local node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalNode {
    /// Its number.
    pub id: NodeId,
    /// The quorum set it names in its statements.
    pub quorum_set: QuorumSetId,
    /// False: it follows the protocol but never says anything (NOTES 67).
    pub is_validator: bool,
}

/// Whether a call to [`Scp::nominate`] made the node vote for something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NominateOutcome {
    /// It did.
    Updated,
    /// It did not.
    Unchanged,
}

/// Whether transitions are reported as [`Effect::Event`], with the evidence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceMode {
    /// They are.
    Record,
    /// They are not; witness sets are never computed.
    Skip,
}

/// The protocol of one node, over all slots. Slots are independent of each other (NOTES 15).
#[derive(Clone, Debug)]
pub struct Scp {
    local: LocalNode,
    evidence_mode: EvidenceMode,
    sets: SetRegistry,
    slots: SlotTable,
}

impl Scp {
    /// A node that has not heard anything yet.
    #[must_use]
    pub fn new(local: LocalNode, evidence_mode: EvidenceMode) -> Scp {
        Scp {
            local,
            evidence_mode,
            sets: SetRegistry::default(),
            slots: SlotTable::default(),
        }
    }

    /// Nominates `value` for `slot`, where `prev` was decided for the slot before. Without a value the node joins as an
    /// echoer: it takes part in the rounds but never adds a value of its own. What would break an invariant is refused
    /// with an event, and nothing has changed.
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

    /// Takes in an envelope from the network.
    ///
    /// # Errors
    /// Why it was refused; then nothing has changed. Except for mere stale copies, the refusal is also an event.
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
            self.transact(driver, slot, out, |tx| {
                if envelope.statement.is_nominate() {
                    tx.process_nominate(envelope)
                } else {
                    tx.process_ballot(envelope, StatementSource::Peer)
                }
            })
        };
        if let Err(why) = result {
            self.report_refusal(slot, from, why, out);
        }
        result
    }

    /// Takes in envelopes about `slot` that have come together, and returns whose were refused and why.
    ///
    /// It is as if they had come one after the other, except that what they bring about is looked for when all are
    /// known, and once for what many of them say: in a large network searching for quorums is what costs.
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
        let together = envelopes.len() > 1 && envelopes.iter().all(is_plain);
        let done = together
            && self
                .transact(driver, slot, out, |tx| {
                    Ok(tx.process_batch(envelopes, &mut refused)?)
                })
                .is_ok();
        if done {
            for &(from, why) in &refused {
                self.report_refusal(slot, from, why, out);
            }
            return refused;
        }
        // There is only one, or one of them breaks an invariant: then each for itself.
        refused.clear();
        for envelope in envelopes {
            if let Err(why) = self.receive(driver, envelope, out) {
                refused.push((envelope.from, why));
            }
        }
        refused
    }

    /// An armed timer ran out. It no longer runs when this is called.
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
        let result = self.transact(driver, slot, out, |tx| match timer {
            ScpTimer::Nomination => Ok(tx.nomination_timed_out()?),
            ScpTimer::Ballot => Ok(tx.ballot_timed_out()?),
        });
        if let Err(why) = result {
            self.report_refusal(slot, self.local.id, why, out);
        }
    }

    /// Names another quorum set in all statements made from now on (NOTES 68).
    pub fn set_quorum_set(&mut self, id: QuorumSetId) {
        self.local.quorum_set = id;
    }

    /// Calls off nomination for `slot`. A running timer is left alone: when it runs out, nothing happens (NOTES 33).
    pub fn stop_nomination(&mut self, slot: SlotIndex) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.nomination_mut().nominating.set(false);
        }
    }

    /// Rebuilds a slot from one of the node's own earlier envelopes, before anything else happens in it (NOTES 69).
    ///
    /// # Errors
    /// Why it was refused: it is another node's, not sane, or comes too late. Then nothing has changed, and the refusal
    /// is also an event.
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

    /// All variables of `slot`, if anything has happened in it.
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

    /// The latest statements of everybody about `slot`: nominations by sender, then ballot statements by sender.
    pub fn statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        self.slots.get(slot).into_iter().flat_map(|slot| {
            let ballots = slot.ballots.latest().envelopes();
            slot.nominations.latest().envelopes().chain(ballots)
        })
    }

    /// The decision of `slot`, once there is one.
    #[must_use]
    pub fn externalized(&self, slot: SlotIndex) -> Option<&Value> {
        self.slots.get(slot)?.externalized()
    }

    /// Forgets all slots before `slot`.
    pub fn forget_slots_before(&mut self, slot: SlotIndex) {
        self.slots.forget_before(slot);
    }

    /// Checks the invariants of the protocol in every slot.
    ///
    /// # Errors
    /// Which one is broken, and where.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.slots.iter().try_for_each(|slot| {
            slot.check_invariants()
                .map_err(|what| format!("slot {}: broken invariant: {what}", slot.index.0))
        })
    }

    /// Works off one input in one slot: all of it, or nothing.
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
        let local_set = self.sets.resolve_local(driver, self.local.quorum_set);
        let (slot, lookup) = self.slots.get_or_add(index, emission);
        slot.checkpoint();
        let effects_before = out.len();
        let result = work(&mut Transaction {
            driver,
            local: self.local,
            local_set,
            sets: &mut self.sets,
            slot,
            out,
            evidence_mode: self.evidence_mode,
            level: 0,
        })
        .and_then(|value| match slot.check_dirty() {
            Ok(()) => Ok(value),
            Err(_) => Err(ScpRefusal::BreaksInvariant),
        });
        if result.is_err() {
            slot.rollback();
            out.truncate(effects_before);
            if lookup == SlotLookup::New {
                self.slots.remove(index);
            }
        }
        result
    }

    /// Says that an input was refused. Stale copies are everyday gossip and not worth an event.
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
