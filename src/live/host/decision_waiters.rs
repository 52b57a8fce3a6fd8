//! Long polling for decisions: callers who wait until a proposal is decided or expires.

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
    /// Takes over the decisions of a log that survived.
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

    /// Adds a caller. Callers who have given up are removed.
    pub(super) fn wait(&mut self, id: ProposalId, reply: ReplySender<ProposalOutcome>) {
        let waiting = self.waiting.entry(id).or_default();
        waiting.retain(|reply| !reply.is_closed());
        waiting.push(reply);
    }

    /// A proposal was decided in `slot`: returns those who waited for it.
    #[must_use]
    pub(super) fn decided(
        &mut self,
        id: ProposalId,
        slot: SlotIndex,
    ) -> Vec<ReplySender<ProposalOutcome>> {
        self.slots.insert(id, slot);
        self.waiting.remove(&id).unwrap_or_default()
    }

    /// A proposal has expired: returns those who waited for it.
    #[must_use]
    pub(super) fn expired(&mut self, id: ProposalId) -> Vec<ReplySender<ProposalOutcome>> {
        self.waiting.remove(&id).unwrap_or_default()
    }
}
