//! `Log`: the replicated log, which contains the decisions of a node, one per slot without gaps.
//!
//! A decision is appended only after all earlier ones. Information about later slots waits elsewhere: statements in
//! `pending_statements`, answers of peers in `catch_up`.

use super::context::Context;
use super::contract::TimerKind;
use super::event::NodeEvent;
use super::limits::answer_of;
use super::persisted::StateChange;
use super::proposal::{ProposalId, ProposalSet};
use crate::scp::{SlotIndex, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The log of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    decided: Vec<(SlotIndex, Value)>,
    /// The slot of each recorded proposal.
    slots: BTreeMap<ProposalId, SlotIndex>,
}

impl Log {
    /// The first slot without a decision.
    pub(super) fn next_slot(&self) -> SlotIndex {
        SlotIndex(self.decided.len() as u64).next()
    }

    /// The latest decision; the empty value before the first one.
    pub(super) fn previous_value(&self) -> Value {
        self.decided
            .last()
            .map_or_else(|| Value::from(""), |(_, value)| value.clone())
    }

    /// All decisions.
    #[cfg(test)]
    pub(super) fn decided(&self) -> &[(SlotIndex, Value)] {
        &self.decided
    }

    /// The decisions from `slot` on, as many as fit into one catch-up answer.
    pub(super) fn since(&self, slot: SlotIndex) -> &[(SlotIndex, Value)] {
        let from = usize::try_from(slot.0.saturating_sub(1)).unwrap_or(usize::MAX);
        answer_of(self.decided.get(from..).unwrap_or_default())
    }

    /// The slot in which a proposal was recorded.
    pub(super) fn slot_of(&self, id: ProposalId) -> Option<SlotIndex> {
        self.slots.get(&id).copied()
    }

    /// Appends a decision, makes it durable, stops the timers of its slot and reports it.
    pub(super) fn record(&mut self, cx: &mut Context, value: Value, proposals: &ProposalSet) {
        let slot = self.next_slot();
        self.append(value.clone(), proposals);
        cx.out.persist(StateChange::Decided {
            slot,
            value: value.clone(),
        });
        cx.out.cancel(TimerKind::Nomination(slot));
        cx.out.cancel(TimerKind::Ballot(slot));
        let proposals = proposals.values().map(Arc::clone).collect();
        cx.out.event(NodeEvent::Recorded {
            slot,
            value,
            proposals,
        });
    }

    /// Appends the decision of [`Log::next_slot`].
    pub(super) fn append(&mut self, value: Value, proposals: &ProposalSet) {
        let slot = self.next_slot();
        for id in proposals.keys() {
            self.slots.entry(*id).or_insert(slot);
        }
        self.decided.push((slot, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, NodeKey, Proposal};

    #[test]
    fn decisions_are_found_by_slot_and_proposals_by_id() {
        let mut log = Log::default();
        assert_eq!(
            (log.next_slot(), log.previous_value()),
            (SlotIndex(1), Value::from(""))
        );
        let id = ProposalId {
            origin: NodeKey::of("G2"),
            nth: 1,
        };
        let content = Content::Note("tea".into());
        let proposals: ProposalSet = [(id, Arc::new(Proposal { id, content }))].into();
        log.append(Value::from("a"), &ProposalSet::new());
        log.append(Value::from("b"), &proposals);
        assert_eq!(log.slot_of(id), Some(SlotIndex(2)));
        assert_eq!(log.since(SlotIndex(2)), [(SlotIndex(2), Value::from("b"))]);
        assert!(log.since(SlotIndex(3)).is_empty());
        assert!(log.since(SlotIndex(u64::MAX)).is_empty());
        assert_eq!(log.since(SlotIndex(0)).len(), 2);
    }
}
