//! `Log`: the decisions of a node, slot after slot without a gap, and where each proposal was recorded.
//!
//! A decision enters only when all earlier ones are there. What is heard about later slots waits outside: statements in
//! `aside`, claims in `catch_up`.

use super::decoding::ProposalSet;
use super::limits::answer_of;
use super::proposal::ProposalId;
use crate::scp::{SlotIndex, Value};
use std::collections::BTreeMap;

/// The log of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    decided: Vec<(SlotIndex, Value)>,
    recorded: BTreeMap<ProposalId, SlotIndex>,
}

impl Log {
    /// The slot to be decided next.
    pub(super) fn next_slot(&self) -> SlotIndex {
        SlotIndex(self.decided.len() as u64 + 1)
    }

    /// The decision before [`Log::next_slot`]; the empty value before the first slot.
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

    /// The decisions from `slot` on, as many as one answer holds.
    pub(super) fn since(&self, slot: SlotIndex) -> &[(SlotIndex, Value)] {
        let from = usize::try_from(slot.0.saturating_sub(1)).unwrap_or(usize::MAX);
        answer_of(self.decided.get(from..).unwrap_or_default())
    }

    /// The slot in which a proposal was recorded.
    pub(super) fn slot_of(&self, id: ProposalId) -> Option<SlotIndex> {
        self.recorded.get(&id).copied()
    }

    /// Records the decision of [`Log::next_slot`].
    pub(super) fn append(&mut self, value: Value, proposals: &ProposalSet) {
        let slot = self.next_slot();
        for id in proposals.keys() {
            self.recorded.entry(*id).or_insert(slot);
        }
        self.decided.push((slot, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeKey;
    use crate::node::{Content, Proposal};
    use std::sync::Arc;

    #[test]
    fn decisions_are_found_by_slot_and_proposals_by_name() {
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
