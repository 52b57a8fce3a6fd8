//! `PendingStatements`: statements that cannot be judged yet, kept until they can.
//!
//! A statement waits here while its slot has not come, while the node does not vote yet, or while it is not known
//! whether the sender matters to this node. So nothing depends on the order in which messages arrive. Bounded: of each
//! sender, slot and kind the last few; if there are too many altogether, the farthest slots go first.

use crate::scp::{Envelope, NodeId, NodeSet, SlotIndex, Statement, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many statements of one sender, slot and kind are kept.
const PER_SENDER: usize = 4;
/// How many lists of statements are kept altogether.
const LISTS_MAX: usize = 1 << 14;

/// Nominations come before ballots when a slot is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PendingKind {
    Nominate,
    Ballot,
}

/// Statements kept aside, by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingStatements {
    by_slot: BTreeMap<(SlotIndex, PendingKind, NodeId), Vec<Arc<Envelope>>>,
}

impl PendingStatements {
    /// Keeps a statement.
    pub(super) fn put(&mut self, envelope: &Arc<Envelope>) {
        let kind = match envelope.statement {
            Statement::Nominate { .. } => PendingKind::Nominate,
            _ => PendingKind::Ballot,
        };
        let list = self
            .by_slot
            .entry((envelope.slot, kind, envelope.from))
            .or_default();
        if list.contains(envelope) {
            return;
        }
        if list.len() >= PER_SENDER {
            list.remove(0);
        }
        list.push(Arc::clone(envelope));
        if self.by_slot.len() > LISTS_MAX {
            self.by_slot.pop_last();
        }
    }

    /// Takes out what senders among `senders` have said about `slot`: nominations first, in order of arrival.
    pub(super) fn take(&mut self, slot: SlotIndex, senders: &NodeSet) -> Vec<Arc<Envelope>> {
        let range = (slot, PendingKind::Nominate, NodeId(0))
            ..=(slot, PendingKind::Ballot, NodeId(u32::MAX));
        let ready: Vec<_> = self
            .by_slot
            .range(range)
            .filter(|((_, _, sender), _)| senders.contains(*sender))
            .map(|(key, _)| *key)
            .collect();
        ready
            .iter()
            .filter_map(|key| self.by_slot.remove(key))
            .flatten()
            .collect()
    }

    /// Forgets all slots before `slot`.
    pub(super) fn forget_before(&mut self, slot: SlotIndex) {
        self.by_slot = self
            .by_slot
            .split_off(&(slot, PendingKind::Nominate, NodeId(0)));
    }

    /// Who says that `slot` is decided, and how.
    pub(super) fn decisions(&self, slot: SlotIndex) -> impl Iterator<Item = (NodeId, &Value)> {
        let range =
            (slot, PendingKind::Ballot, NodeId(0))..=(slot, PendingKind::Ballot, NodeId(u32::MAX));
        self.by_slot
            .range(range)
            .flat_map(|(_, list)| list)
            .filter_map(|envelope| match &envelope.statement {
                Statement::Externalize { commit, .. } => Some((envelope.from, &commit.x)),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::{Ballot, QuorumSetId};

    fn envelope(from: u32, slot: u64, statement: Statement) -> Arc<Envelope> {
        let from = NodeId(from);
        Arc::new(Envelope {
            from,
            slot: SlotIndex(slot),
            quorum_set: QuorumSetId {
                owner: from,
                nth: 1,
            },
            statement,
        })
    }

    fn nominate(from: u32, slot: u64, value: &str) -> Arc<Envelope> {
        let (voted, accepted) = (vec![Value::from(value)], vec![]);
        envelope(from, slot, Statement::Nominate { voted, accepted })
    }

    fn externalize(from: u32, slot: u64, value: &str) -> Arc<Envelope> {
        let commit = Ballot {
            n: 1,
            x: Value::from(value),
        };
        envelope(from, slot, Statement::Externalize { commit, n_h: 1 })
    }

    #[test]
    fn statements_wait_for_their_slot_and_their_sender() {
        let mut aside = PendingStatements::default();
        for kept in [
            externalize(1, 2, "a"),
            nominate(1, 2, "a"),
            nominate(2, 2, "b"),
            nominate(1, 3, "c"),
        ] {
            aside.put(&kept);
            aside.put(&kept);
        }
        assert_eq!(aside.decisions(SlotIndex(2)).count(), 1);
        let senders: NodeSet = [NodeId(1)].into_iter().collect();
        let taken = aside.take(SlotIndex(2), &senders);
        assert_eq!(taken, [nominate(1, 2, "a"), externalize(1, 2, "a")]);
        assert!(aside.take(SlotIndex(2), &senders).is_empty());
        aside.forget_before(SlotIndex(3));
        assert_eq!(aside.by_slot.len(), 1);
    }

    #[test]
    fn a_flood_of_statements_is_bounded_and_costs_the_farthest_slots() {
        let mut aside = PendingStatements::default();
        for nth in 0..10 {
            aside.put(&nominate(7, 1, &format!("{nth}")));
        }
        for slot in 2..=LISTS_MAX as u64 + 20 {
            aside.put(&nominate(7, slot, "a"));
        }
        assert_eq!(aside.by_slot.len(), LISTS_MAX);
        let senders: NodeSet = [NodeId(7)].into_iter().collect();
        let first = aside.take(SlotIndex(1), &senders);
        assert_eq!(first.len(), PER_SENDER);
        assert_eq!(first.last(), Some(&nominate(7, 1, "9")));
    }
}
