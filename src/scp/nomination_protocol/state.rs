//! Variables of the nomination protocol in one slot.

use super::NominationInput;
use crate::scp::quorum::node_set::NodeSet;
use crate::scp::statement::Envelope;
use crate::scp::undo::{Rollback, Undoable};
use crate::scp::value_set::ValueSet;
use std::sync::Arc;

/// The variables, with the letters of the draft if it has any.
#[derive(Clone, Debug, Default)]
pub(super) struct NominationState {
    /// Whether `nominate` was called and nomination was not stopped since.
    pub(super) nominating: Undoable<bool>,
    /// The round; 0 before the first.
    pub(super) round: Undoable<u32>,
    /// The leaders of all rounds so far.
    pub(super) leaders: Undoable<NodeSet>,
    /// X: values voted for.
    pub(super) voted: ValueSet,
    /// Y: values accepted.
    pub(super) accepted: ValueSet,
    /// Z: candidates, which are the values confirmed.
    pub(super) candidates: ValueSet,
    /// The arguments of the last call of `nominate`.
    pub(super) input: Undoable<Option<NominationInput>>,
    /// The last own NOMINATE that was newer than the previous one. It was sent unless emission is suppressed.
    pub(super) last: Undoable<Option<Arc<Envelope>>>,
}

impl NominationState {
    /// Resets all variables. Keeps the allocations.
    pub(super) fn clear(&mut self) {
        let mut sets =
            [&mut self.voted, &mut self.accepted, &mut self.candidates].map(std::mem::take);
        sets.iter_mut().for_each(ValueSet::clear);
        let [voted, accepted, candidates] = sets;
        *self = NominationState {
            voted,
            accepted,
            candidates,
            ..NominationState::default()
        };
    }

    /// Checks the invariants that hold between any two inputs.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        if self.candidates.difference(&self.accepted).next().is_some() {
            return Err("Z is a subset of Y");
        }
        if !*self.nominating && *self.round == 0 {
            // The slot is restored or has never nominated. X and Y are those of the restored statement, if any.
            return Ok(());
        }
        if self.leaders.is_empty() {
            return Err("a round has leaders");
        }
        Ok(())
    }
}

impl Rollback for NominationState {
    fn checkpoint(&mut self) {
        self.nominating.checkpoint();
        self.round.checkpoint();
        self.leaders.checkpoint();
        self.voted.checkpoint();
        self.accepted.checkpoint();
        self.candidates.checkpoint();
        self.input.checkpoint();
        self.last.checkpoint();
    }

    fn rollback(&mut self) {
        self.nominating.rollback();
        self.round.rollback();
        self.leaders.rollback();
        self.voted.rollback();
        self.accepted.rollback();
        self.candidates.rollback();
        self.input.rollback();
        self.last.rollback();
    }
}
