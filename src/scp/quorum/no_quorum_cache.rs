//! `NoQuorumCache`: what is remembered of searches for a quorum that found none, to spare the next ones.
//!
//! In a large network where everybody trusts neighbours, statements come in one by one, and nearly all searches are in
//! vain until the last region has spoken. If there was no quorum among some nodes, there can be one among these and a few
//! more only if one of the new ones is in it. It is not if its own slices lack somebody, or if those who would satisfy
//! them lack somebody: that is seen by looking around the new nodes, not at the whole network.

use super::latest::SenderSet;
use super::node_set::NodeSet;
use super::registry::SetClass;
use super::search::QuorumChecker;
use crate::scp::id::NodeId;

/// How many searches are remembered: about as many as there are different pledges at a time.
const ENTRIES_MAX: usize = 4;
/// With more new nodes than this the search itself is cheaper.
const NEW_MAX: usize = 16;
/// With more changes of quorum sets than this everything is forgotten: honest nodes change theirs once in a slot.
const CHANGES_MAX: usize = 1 << 15;
/// Among fewer nodes than this the search itself is cheap.
const NODES_MIN: u32 = 24;

/// A search in vain.
#[derive(Clone, Debug)]
struct FailedSearch {
    nodes: NodeSet,
    /// How many changes of quorum sets were known to it.
    changes: usize,
}

/// The last searches in vain among the statements of a latest.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct NoQuorumCache {
    /// The local quorum set that they were in vain for.
    local: Option<SetClass>,
    entries: Vec<FailedSearch>,
    oldest: usize,
    /// Whose quorum set has become another one, in order.
    changed: Vec<NodeId>,
}

impl NoQuorumCache {
    /// The quorum set of `node` has become another one.
    pub(in crate::scp) fn note_set_change(&mut self, node: NodeId) {
        if self.changed.len() >= CHANGES_MAX {
            self.clear();
        }
        if !self.entries.is_empty() {
            self.changed.push(node);
        }
    }

    /// Something was undone: nothing is known any more.
    pub(in crate::scp) fn clear(&mut self) {
        *self = NoQuorumCache::default();
    }

    fn insert(&mut self, local: Option<SetClass>, nodes: &NodeSet) {
        if self.local != local {
            self.clear();
            self.local = local;
        }
        let search = FailedSearch {
            nodes: nodes.clone(),
            changes: self.changed.len(),
        };
        // What it contains says nothing beyond it.
        let within = |entry: &FailedSearch| entry.nodes.is_subset(nodes);
        match self.entries.iter().position(within) {
            Some(at) => self.entries[at] = search,
            None if self.entries.len() < ENTRIES_MAX => self.entries.push(search),
            None => {
                self.entries[self.oldest] = search;
                self.oldest = (self.oldest + 1) % ENTRIES_MAX;
            }
        }
    }

    /// Those of `nodes` that the search with the fewest of them has not seen; none if there are too many.
    fn unexplored(&self, local: Option<SetClass>, nodes: &NodeSet) -> Option<Vec<NodeId>> {
        if self.local != local {
            return None;
        }
        let unexplored_by = |search: &FailedSearch| {
            let new = nodes.difference(&search.nodes);
            let changed = self.changed.get(search.changes..)?.iter().copied();
            let changed = changed.filter(|&node| nodes.contains(node));
            let mut unexplored: Vec<NodeId> = new.take(NEW_MAX + 1).collect();
            unexplored.extend(changed.take(NEW_MAX + 1));
            (unexplored.len() <= NEW_MAX).then_some(unexplored)
        };
        let found = self.entries.iter().filter_map(unexplored_by);
        found.min_by_key(Vec::len)
    }
}

impl QuorumChecker<'_> {
    /// Is it known that there is no quorum among `nodes` that satisfies the local quorum set?
    pub(in crate::scp) fn is_known_without_quorum(self, nodes: &NodeSet) -> bool {
        let size = nodes.len();
        if size < NODES_MIN {
            return false;
        }
        let unexplored = self
            .latest
            .no_quorum_cache()
            .unexplored(self.local_class, nodes);
        let Some(unexplored) = unexplored else {
            return false;
        };
        let steps = if size < 8 * NODES_MIN { 1 } else { 2 };
        let is_out = |node: &NodeId| !self.may_be_in_quorum(*node, nodes, steps);
        if !unexplored.iter().all(is_out) {
            return false;
        }
        if !unexplored.is_empty() {
            self.latest
                .no_quorum_cache_mut()
                .insert(self.local_class, nodes);
        }
        true
    }

    /// There is no quorum among `nodes` that satisfies the local quorum set.
    pub(in crate::scp) fn remember_no_quorum(self, nodes: &NodeSet) {
        if nodes.len() >= NODES_MIN {
            self.latest
                .no_quorum_cache_mut()
                .insert(self.local_class, nodes);
        }
    }

    /// Could `node` be in a quorum among `nodes`, as far as one sees going from it so many steps?
    fn may_be_in_quorum(self, node: NodeId, nodes: &NodeSet, steps: u32) -> bool {
        let class = match self.latest.get(node).map(|recorded| recorded.set) {
            Some(SenderSet::Known(class)) => class,
            Some(SenderSet::Singleton) => return true,
            Some(SenderSet::Unknown) | None => return false,
        };
        let set = self.sets.compiled(class);
        if steps == 0 {
            return set.is_slice(nodes);
        }
        set.is_slice_of(|member| {
            nodes.contains(member) && self.may_be_in_quorum(member, nodes, steps - 1)
        })
        .unwrap_or_else(|| set.is_slice(nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::quorum::compiled_set::CompiledSet;
    use crate::scp::quorum::latest::{LatestStatement, LatestStatements};
    use crate::scp::quorum::registry::SetRegistry;
    use crate::scp::quorum_set::QuorumSet;
    use crate::scp::statement::{Envelope, Statement};
    use crate::scp::stub_driver::StubDriver;
    use proptest::prelude::*;
    use std::sync::Arc;

    const SIDE: u32 = 9;
    const COUNT: u32 = SIDE * SIDE;

    /// Nodes on a square that trust those around them.
    struct Square {
        share: (u32, u32),
    }

    impl Square {
        fn set_of(&self, node: NodeId) -> Arc<QuorumSet> {
            let (x, y) = (node.0 % SIDE, node.0 / SIDE);
            let near =
                |other: &u32| (other % SIDE).abs_diff(x) <= 1 && (other / SIDE).abs_diff(y) <= 1;
            let members: Vec<NodeId> = (0..COUNT).filter(near).map(NodeId).collect();
            let threshold = members.len() as u32 * self.share.0 / self.share.1 + 1;
            Arc::new(QuorumSet::flat(threshold, members))
        }
    }

    impl StubDriver for Square {
        fn quorum_set_of(&self, owner: NodeId) -> Option<Arc<QuorumSet>> {
            Some(self.set_of(owner))
        }
    }

    fn said(
        registry: &mut SetRegistry,
        square: &Square,
        from: NodeId,
        alone: bool,
    ) -> LatestStatement {
        let quorum_set = QuorumSetId {
            owner: from,
            nth: 1,
        };
        let (voted, accepted) = (vec![], vec![]);
        let envelope = Arc::new(Envelope {
            from,
            slot: SlotIndex(1),
            quorum_set,
            statement: Statement::Nominate { voted, accepted },
        });
        let set = match registry.resolve(square, quorum_set) {
            _ if alone => SenderSet::Singleton,
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        };
        LatestStatement { envelope, set }
    }

    proptest! {
        /// Nodes speak in any order, some decide meanwhile: what is remembered never changes the answer.
        #[test]
        fn what_is_remembered_changes_no_answer(
            order in Just((0..COUNT).collect::<Vec<u32>>()).prop_shuffle(),
            decided in prop::collection::vec(0..COUNT, 0..12),
            share in prop_oneof![Just((2, 3)), Just((1, 2)), Just((1, 4))],
            local in 0..COUNT,
        ) {
            let square = Square { share };
            let mut registry = SetRegistry::default();
            let mut latest = LatestStatements::default();
            let local_id = QuorumSetId { owner: NodeId(local), nth: 1 };
            let local_class = registry.resolve(&square, local_id);
            let compiled = CompiledSet::new(&square.set_of(NodeId(local)));
            let mut nodes = NodeSet::new();
            let mut found = 0;
            for (at, &node) in order.iter().enumerate() {
                let new = said(&mut registry, &square, NodeId(node), false);
                latest.record(new);
                nodes.insert(NodeId(node));
                if let Some(&decider) = decided.get(at / 6).filter(|_| at % 6 == 0) {
                    let new = said(&mut registry, &square, NodeId(decider), true);
                    latest.record(new);
                    nodes.insert(NodeId(decider));
                }
                let fresh = latest.clone();
                fresh.no_quorum_cache_mut().clear();
                let ask = |latest: &LatestStatements| {
                    let local = Some(&compiled);
                    let checker = QuorumChecker { local, local_class, sets: &registry, latest };
                    checker.greatest_quorum(&nodes)
                };
                let expected = ask(&fresh);
                prop_assert_eq!(&ask(&latest), &expected);
                found += usize::from(expected.is_some());
            }
            prop_assert!(found > 0, "when all have spoken there is a quorum");
        }
    }
}
