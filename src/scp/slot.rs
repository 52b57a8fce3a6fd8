//! State of one slot at one node.

use super::ballot_protocol::BallotProtocol;
use super::context::{Context, Emission, NodeContext};
use super::driver::Driver;
use super::event::SlotState;
use super::id::SlotIndex;
use super::nomination_protocol::NominationProtocol;
use super::statement::Envelope;
use super::undo::{Rollback, Undoable};
use super::value::Value;
use std::sync::Arc;

/// The state of both protocols in one slot.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    index: SlotIndex,
    nomination: NominationProtocol,
    ballot: BallotProtocol,
    emission: Undoable<Emission>,
}

impl Slot {
    /// A slot in which nothing has happened.
    pub(super) fn new(index: SlotIndex, emission: Emission) -> Slot {
        Slot {
            index,
            nomination: NominationProtocol::default(),
            ballot: BallotProtocol::default(),
            emission: Undoable::new(emission),
        }
    }

    /// Resets the slot to one in which nothing has happened. Keeps the allocations.
    pub(super) fn reuse(&mut self, index: SlotIndex, emission: Emission) {
        self.index = index;
        self.nomination.clear();
        self.ballot.clear();
        self.emission = Undoable::new(emission);
    }

    /// Its number.
    pub(super) fn index(&self) -> SlotIndex {
        self.index
    }

    /// Both protocols and the context of a step.
    pub(super) fn step_parts<'a, D: Driver>(
        &'a mut self,
        node: NodeContext<'a, D>,
    ) -> (
        Context<'a, D>,
        &'a mut NominationProtocol,
        &'a mut BallotProtocol,
    ) {
        let cx = node.in_slot(self.index, &mut self.emission);
        (cx, &mut self.nomination, &mut self.ballot)
    }

    /// Stops nomination.
    pub(super) fn stop_nomination(&mut self) {
        self.nomination.stop();
    }

    /// Checks the invariants that the current transaction may have violated.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_dirty(&self) -> Result<(), &'static str> {
        self.ballot.check_dirty()
    }

    /// Checks all invariants.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        self.nomination.check_invariants()?;
        self.ballot.check_invariants()
    }

    /// The decision, once there is one.
    pub(super) fn externalized(&self) -> Option<&Value> {
        self.ballot.externalized()
    }

    /// The latest NOMINATE and the latest ballot statement that the node has sent. Empty while emission is suppressed.
    pub(super) fn own_statements(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        let sent = [self.nomination.last_sent(), self.ballot.last_sent()];
        sent.into_iter()
            .flatten()
            .filter(|_| *self.emission == Emission::Enabled)
    }

    /// The latest statements of all nodes: nominations by sender, then ballot statements by sender.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        let ballots = self.ballot.latest().envelopes();
        self.nomination.latest().envelopes().chain(ballots)
    }

    /// All variables, for display.
    pub(super) fn state(&self) -> SlotState {
        let mut state = SlotState {
            fully_validated: *self.emission == Emission::Enabled,
            ..SlotState::default()
        };
        self.nomination.write_state(&mut state);
        self.ballot.write_state(&mut state);
        state
    }
}

impl Rollback for Slot {
    #[inline]
    fn checkpoint(&mut self) {
        self.nomination.checkpoint();
        self.ballot.checkpoint();
        self.emission.checkpoint();
    }

    fn rollback(&mut self) {
        self.nomination.rollback();
        self.ballot.rollback();
        self.emission.rollback();
    }
}
