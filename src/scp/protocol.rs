//! `Scp`: the protocol of one node over all its slots; the only door into this module.

use super::driver::Driver;
use super::event::{Effect, Refusal, ScpTimer, SlotState};
use super::id::{NodeId, QuorumSetId, SlotIndex};
use super::statement::Envelope;
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
pub enum Nomination {
    /// It did.
    Updated,
    /// It did not.
    Unchanged,
}

/// Whether transitions are reported as [`Effect::Event`], with the evidence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// They are.
    Events,
    /// They are not; witness sets are never computed.
    Silent,
}

/// The protocol of one node, over all slots.
#[derive(Clone, Debug)]
pub struct Scp {
    local: LocalNode,
    recording: Recording,
}

impl Scp {
    /// A node that has not heard anything yet.
    #[must_use]
    pub fn new(local: LocalNode, recording: Recording) -> Scp {
        Scp { local, recording }
    }

    /// Nominates `value` for `slot`, where `prev` was decided for the slot before. Without a value the node joins as an
    /// echoer: it takes part in the rounds but never adds a value of its own.
    pub fn nominate<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        value: Option<Value>,
        prev: Value,
        out: &mut Vec<Effect>,
    ) -> Nomination {
        let _ = (driver, slot, value, prev, out, self.local, self.recording);
        Nomination::Unchanged
    }

    /// Takes in an envelope from the network.
    ///
    /// # Errors
    /// Why it was refused; then nothing has changed.
    pub fn receive<D: Driver>(
        &mut self,
        driver: &D,
        envelope: Arc<Envelope>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let _ = (driver, envelope, out);
        Err(Refusal::NotSane)
    }

    /// An armed timer ran out.
    pub fn timer_expired<D: Driver>(
        &mut self,
        driver: &D,
        slot: SlotIndex,
        timer: ScpTimer,
        out: &mut Vec<Effect>,
    ) {
        let _ = (driver, slot, timer, out);
    }

    /// Names another quorum set in all statements made from now on (NOTES 68).
    pub fn set_quorum_set(&mut self, id: QuorumSetId) {
        self.local.quorum_set = id;
    }

    /// Calls off nomination for `slot`.
    pub fn stop_nomination(&mut self, slot: SlotIndex, out: &mut Vec<Effect>) {
        let _ = (slot, out);
    }

    /// Rebuilds a slot from one of the node's own earlier envelopes, before anything else happens in it (NOTES 69).
    pub fn restore<D: Driver>(&mut self, driver: &D, envelope: Arc<Envelope>) {
        let _ = (driver, envelope);
    }

    /// All variables of `slot`, if anything has happened in it.
    #[must_use]
    pub fn slot_state(&self, slot: SlotIndex) -> Option<SlotState> {
        let _ = slot;
        None
    }

    /// The latest NOMINATE and the latest ballot statement that the node has sent for `slot`, for sending them again.
    pub fn own_statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        let _ = slot;
        std::iter::empty()
    }

    /// The latest statements of everybody about `slot`: nominations by sender, then ballot statements by sender.
    pub fn statements(&self, slot: SlotIndex) -> impl Iterator<Item = &Arc<Envelope>> {
        let _ = slot;
        std::iter::empty()
    }

    /// The decision of `slot`, once there is one.
    #[must_use]
    pub fn externalized(&self, slot: SlotIndex) -> Option<&Value> {
        let _ = slot;
        None
    }

    /// Forgets all slots before `slot`.
    pub fn forget_slots_before(&mut self, slot: SlotIndex) {
        let _ = slot;
    }

    /// Checks the invariants of the protocol in every slot.
    ///
    /// # Errors
    /// Which one is broken, and where.
    pub fn check_invariants(&self) -> Result<(), String> {
        Ok(())
    }
}
