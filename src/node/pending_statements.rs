//! `PendingStatements`: a bounded buffer of statements that cannot be processed yet.
//!
//! A statement waits here while its slot has not started, while the node does not vote, or while the membership of its
//! sender in the quorum closure is unknown. Because of this buffer, results do not depend on the order of arrival. It
//! contains the last few statements per sender, slot and [`PendingKind`]. Beyond [`LISTS_MAX`] lists it drops the lists
//! of the highest slots.

use crate::lists;
use crate::scp::{Envelope, NodeId, NodeSet, SlotIndex, Statement, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The maximum number of statements per sender, slot and kind.
const PER_SENDER: usize = 4;
/// The maximum number of lists, one per sender, slot and kind.
const LISTS_MAX: usize = 1 << 14;

/// The part of the protocol that a statement belongs to. Nominations are delivered before ballots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PendingKind {
    Nomination,
    Ballot,
}

type PendingKey = (SlotIndex, PendingKind, NodeId);

/// Buffered statements, by slot, kind and sender.
#[derive(Clone, Debug, Default)]
pub(super) struct PendingStatements {
    lists: BTreeMap<PendingKey, Vec<Arc<Envelope>>>,
}

impl PendingStatements {
    pub(super) fn insert(&mut self, envelope: &Arc<Envelope>) {
        let kind = match envelope.statement {
            Statement::Nominate { .. } => PendingKind::Nomination,
            _ => PendingKind::Ballot,
        };
        let list = self
            .lists
            .entry((envelope.slot, kind, envelope.from))
            .or_default();
        if list.contains(envelope) {
            return;
        }
        if list.len() >= PER_SENDER {
            lists::remove(list, 0);
        }
        list.push(Arc::clone(envelope));
        if self.lists.len() > LISTS_MAX {
            self.lists.pop_last();
        }
    }

    /// The lists about `slot`, from a kind on.
    #[expect(
        clippy::disallowed_methods,
        reason = "a range without an end does not start after it"
    )]
    fn lists_from(
        &self,
        slot: SlotIndex,
        first: PendingKind,
    ) -> impl Iterator<Item = (&PendingKey, &Vec<Arc<Envelope>>)> {
        let first = (slot, first, NodeId(0));
        let lists = self.lists.range(first..);
        lists.take_while(move |((at, ..), _)| *at == slot)
    }

    /// Removes the statements of `senders` about `slot`: nominations first, each list in order of arrival.
    pub(super) fn take(&mut self, slot: SlotIndex, senders: &NodeSet) -> Vec<Arc<Envelope>> {
        let ready: Vec<_> = self
            .lists_from(slot, PendingKind::Nomination)
            .filter(|((_, _, sender), _)| senders.contains(*sender))
            .map(|(key, _)| *key)
            .collect();
        ready
            .iter()
            .filter_map(|key| self.lists.remove(key))
            .flatten()
            .collect()
    }

    /// Drops all statements about slots before `slot`.
    pub(super) fn forget_before(&mut self, slot: SlotIndex) {
        let first = (slot, PendingKind::Nomination, NodeId(0));
        self.lists = self.lists.split_off(&first);
    }

    /// The senders of EXTERNALIZE statements for `slot`, with the values that they have decided.
    pub(super) fn decisions(&self, slot: SlotIndex) -> impl Iterator<Item = (NodeId, &Value)> {
        self.lists_from(slot, PendingKind::Ballot)
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
    fn statements_are_taken_by_slot_and_sender_with_nominations_first() {
        let mut pending = PendingStatements::default();
        for one in [
            externalize(1, 2, "a"),
            nominate(1, 2, "a"),
            nominate(2, 2, "b"),
            nominate(1, 3, "c"),
        ] {
            pending.insert(&one);
            pending.insert(&one);
        }
        assert_eq!(pending.decisions(SlotIndex(2)).count(), 1);
        let senders: NodeSet = [NodeId(1)].into_iter().collect();
        let taken = pending.take(SlotIndex(2), &senders);
        assert_eq!(taken, [nominate(1, 2, "a"), externalize(1, 2, "a")]);
        assert!(pending.take(SlotIndex(2), &senders).is_empty());
        pending.forget_before(SlotIndex(3));
        assert_eq!(pending.lists.len(), 1);
    }

    #[test]
    fn the_buffer_is_bounded_and_drops_the_highest_slots() {
        let mut pending = PendingStatements::default();
        for nth in 0..10 {
            pending.insert(&nominate(7, 1, &format!("{nth}")));
        }
        for slot in 2..=LISTS_MAX as u64 + 20 {
            pending.insert(&nominate(7, slot, "a"));
        }
        assert_eq!(pending.lists.len(), LISTS_MAX);
        let senders: NodeSet = [NodeId(7)].into_iter().collect();
        let first = pending.take(SlotIndex(1), &senders);
        assert_eq!(first.len(), PER_SENDER);
        assert_eq!(first.last(), Some(&nominate(7, 1, "9")));
    }
}
