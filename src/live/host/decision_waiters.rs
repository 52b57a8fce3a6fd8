//! Long polling for decisions: callers that wait until a proposal is decided or expires.

use crate::live::command::{ProposalOutcome, ReplySender};
use crate::node::ProposalId;
use crate::node::view::LogEntry;
use crate::scp::SlotIndex;
use std::collections::BTreeMap;

/// Callers that wait, by proposal, and the slots of decided proposals.
#[derive(Default)]
pub(super) struct DecisionWaiters {
    waiting: BTreeMap<ProposalId, Vec<ReplySender<ProposalOutcome>>>,
    slots: BTreeMap<ProposalId, SlotIndex>,
}

impl DecisionWaiters {
    /// Restores the decisions of a persisted log.
    pub(super) fn restore(&mut self, log: &[LogEntry]) {
        for entry in log {
            let ids = entry.proposals.iter().map(|proposal| proposal.id);
            self.slots.extend(ids.map(|id| (id, entry.slot)));
        }
    }

    /// The slot in which a proposal was decided.
    #[must_use]
    pub(super) fn slot_of(&self, id: ProposalId) -> Option<SlotIndex> {
        self.slots.get(&id).copied()
    }

    /// Adds a caller. Removes callers that have stopped waiting.
    pub(super) fn wait(&mut self, id: ProposalId, reply: ReplySender<ProposalOutcome>) {
        let waiting = self.waiting.entry(id).or_default();
        waiting.retain(|reply| !reply.is_closed());
        waiting.push(reply);
    }

    /// Number of proposals that callers wait for, for tests.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Marks a proposal as decided in `slot`. Returns the callers that waited for it.
    #[must_use]
    pub(super) fn decided(
        &mut self,
        id: ProposalId,
        slot: SlotIndex,
    ) -> Vec<ReplySender<ProposalOutcome>> {
        self.slots.insert(id, slot);
        self.waiting.remove(&id).unwrap_or_default()
    }

    /// Returns the callers that waited for an expired proposal.
    #[must_use]
    pub(super) fn expired(&mut self, id: ProposalId) -> Vec<ReplySender<ProposalOutcome>> {
        self.waiting.remove(&id).unwrap_or_default()
    }
}
