//! Negative cache: sets of nodes that are known to contain no quorum.
//!
//! In a large network statements arrive one at a time, and nearly all searches fail until the last missing
//! statements arrive. If some nodes contain no quorum, then these nodes and a few new ones contain a quorum only if
//! this quorum contains a new node. A new node cannot be in a quorum if each of its slices has missing members, or
//! members without a complete slice. A check of the neighbourhood of the new nodes finds this without a search through
//! the whole network.

use super::latest_statements::SenderSet;
use super::node_set::NodeSet;
use super::quorum_view::QuorumView;
use super::registry::SetClass;
use crate::scp::id::NodeId;

/// The maximum number of cached failures: about the number of predicates that are voted on at a time.
const ENTRIES_MAX: usize = 4;
/// With more new nodes than this, a search is cheaper.
const NEW_NODES_MAX: usize = 16;
/// Among fewer nodes than this, a search is cheap enough.
const NODES_MIN: u32 = 24;
/// From this size on the neighbourhood is explored two steps deep instead of one.
const DEEP_NODES_MIN: u32 = 8 * NODES_MIN;

/// A failed search.
#[derive(Clone, Debug)]
struct FailedSearch {
    nodes: NodeSet,
    /// [`LatestStatements::set_version`](super::latest_statements::LatestStatements::set_version) at the time of the search.
    set_version: u64,
}

/// The last failed searches among the latest statements of one kind. The cache never changes the result of a search.
#[derive(Clone, Debug, Default)]
pub(super) struct NoQuorumCache {
    /// The local quorum set of these searches.
    local: Option<SetClass>,
    entries: Vec<FailedSearch>,
    oldest: usize,
}

impl NoQuorumCache {
    /// Drops all entries.
    pub(super) fn clear(&mut self) {
        *self = NoQuorumCache::default();
    }

    /// Whether `nodes` are known to contain no quorum that satisfies the local quorum set.
    pub(super) fn rules_out(&mut self, view: QuorumView<'_>, nodes: &NodeSet) -> bool {
        let size = nodes.len();
        if size < NODES_MIN {
            return false;
        }
        let Some(new_nodes) = self.new_nodes(view, nodes) else {
            return false;
        };
        let steps = if size < DEEP_NODES_MIN { 1 } else { 2 };
        let is_out = |node: &NodeId| !may_be_in_quorum(view, *node, nodes, steps);
        if !new_nodes.iter().all(is_out) {
            return false;
        }
        if !new_nodes.is_empty() {
            self.insert(view, nodes);
        }
        true
    }

    /// Records that a search among `nodes` has failed.
    pub(super) fn insert_failure(&mut self, view: QuorumView<'_>, nodes: &NodeSet) {
        if nodes.len() >= NODES_MIN {
            self.insert(view, nodes);
        }
    }

    fn insert(&mut self, view: QuorumView<'_>, nodes: &NodeSet) {
        if self.local != view.local {
            self.clear();
            self.local = view.local;
        }
        let failure = FailedSearch {
            nodes: nodes.clone(),
            set_version: view.latest.set_version(),
        };
        // A failure among more nodes makes a failure among fewer of them redundant.
        let is_redundant = |entry: &FailedSearch| entry.nodes.is_subset(nodes);
        match self.entries.iter().position(is_redundant) {
            Some(at) => self.replace(at, failure),
            None if self.entries.len() < ENTRIES_MAX => self.entries.push(failure),
            None => {
                self.replace(self.oldest, failure);
                self.oldest = self.oldest.saturating_add(1) % ENTRIES_MAX;
            }
        }
    }

    fn replace(&mut self, at: usize, failure: FailedSearch) {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = failure;
        }
    }

    /// The nodes of `nodes` that are new to the closest entry, or have changed their quorum set since. `None` if they
    /// are too many for every entry.
    fn new_nodes(&self, view: QuorumView<'_>, nodes: &NodeSet) -> Option<Vec<NodeId>> {
        if self.local != view.local {
            return None;
        }
        let new_to = |entry: &FailedSearch| {
            let changed = view.latest.set_changes_since(entry.set_version)?;
            let changed = changed.iter().copied().filter(|&node| nodes.contains(node));
            let added = nodes.difference(&entry.nodes);
            let mut new: Vec<NodeId> = added.take(NEW_NODES_MAX + 1).collect();
            new.extend(changed.take(NEW_NODES_MAX + 1));
            (new.len() <= NEW_NODES_MAX).then_some(new)
        };
        let found = self.entries.iter().filter_map(new_to);
        found.min_by_key(Vec::len)
    }
}

/// A necessary condition for `node` to be in a quorum among `nodes`. It checks members up to `steps` steps away.
fn may_be_in_quorum(view: QuorumView<'_>, node: NodeId, nodes: &NodeSet, steps: u32) -> bool {
    let class = match view.set_of(node) {
        Some(SenderSet::Known(class)) => class,
        Some(SenderSet::Singleton) => return true,
        Some(SenderSet::Unknown) | None => return false,
    };
    let set = view.sets.compiled(class);
    let Some(steps) = steps.checked_sub(1) else {
        return set.is_slice(nodes);
    };
    let may_count = |member| nodes.contains(member) && may_be_in_quorum(view, member, nodes, steps);
    set.is_slice_of(may_count)
        .unwrap_or_else(|| set.is_slice(nodes))
}

#[cfg(test)]
mod tests {
    use super::super::latest_statements::{LatestStatement, LatestStatements};
    use super::super::quorum_search::greatest_quorum;
    use super::super::registry::SetRegistry;
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::quorum_set::QuorumSet;
    use crate::scp::statement::{Envelope, Statement};
    use crate::scp::stub_driver::StubDriver;
    use proptest::prelude::*;
    use std::sync::Arc;

    const SIDE: u32 = 9;
    const COUNT: u32 = SIDE * SIDE;

    /// Nodes on a square grid. Each node requires more than `share` of its neighbourhood, itself included.
    struct Grid {
        share: (u32, u32),
    }

    impl StubDriver for Grid {
        fn quorum_set_of(&self, owner: NodeId) -> Option<Arc<QuorumSet>> {
            let (x, y) = (owner.0 % SIDE, owner.0 / SIDE);
            let near =
                |other: &u32| (other % SIDE).abs_diff(x) <= 1 && (other / SIDE).abs_diff(y) <= 1;
            let members: Vec<NodeId> = (0..COUNT).filter(near).map(NodeId).collect();
            let threshold = members.len() as u32 * self.share.0 / self.share.1 + 1;
            Some(Arc::new(QuorumSet::flat(threshold, members)))
        }
    }

    #[derive(Clone, Copy, PartialEq)]
    enum HasDecided {
        No,
        Yes,
    }

    fn statement_of(
        registry: &mut SetRegistry,
        grid: &Grid,
        from: NodeId,
        has_decided: HasDecided,
    ) -> LatestStatement {
        let quorum_set = QuorumSetId {
            owner: from,
            nth: 1,
        };
        let envelope = Arc::new(Envelope {
            from,
            slot: SlotIndex(1),
            quorum_set,
            statement: Statement::Nominate {
                voted: vec![],
                accepted: vec![],
            },
        });
        let set = match registry.resolve(grid, quorum_set) {
            _ if has_decided == HasDecided::Yes => SenderSet::Singleton,
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        };
        LatestStatement { envelope, set }
    }

    proptest! {
        /// Statements arrive in any order, some nodes decide meanwhile, and some transactions are rolled back.
        #[test]
        fn the_cache_never_changes_the_result_of_a_search(
            order in Just((0..COUNT).collect::<Vec<u32>>()).prop_shuffle(),
            decided in prop::collection::vec(0..COUNT, 0..12),
            undone in prop::collection::vec(prop::bool::weighted(0.1), COUNT as usize),
            share in prop_oneof![Just((2, 3)), Just((1, 2)), Just((1, 4))],
            local in 0..COUNT,
        ) {
            let grid = Grid { share };
            let mut registry = SetRegistry::default();
            let mut latest = LatestStatements::default();
            let mut cache = NoQuorumCache::default();
            let local_id = QuorumSetId { owner: NodeId(local), nth: 1 };
            let local = registry.resolve(&grid, local_id);
            let mut nodes = NodeSet::new();
            let mut found = 0;
            for (at, &node) in order.iter().enumerate() {
                latest.checkpoint();
                latest.record(statement_of(&mut registry, &grid, NodeId(node), HasDecided::No));
                nodes.insert(NodeId(node));
                if let Some(&decider) = decided.get(at / 6).filter(|_| at % 6 == 0) {
                    latest.record(statement_of(&mut registry, &grid, NodeId(decider), HasDecided::Yes));
                    nodes.insert(NodeId(decider));
                }
                let view = QuorumView { local, sets: &registry, latest: &latest };
                let expected = greatest_quorum(view, &mut NoQuorumCache::default(), &nodes);
                prop_assert_eq!(&greatest_quorum(view, &mut cache, &nodes), &expected);
                found += usize::from(expected.is_some());
                if undone[at] {
                    while latest.rollback_one().is_some() {}
                    let has_statement = |node: &NodeId| latest.get(*node).is_some();
                    nodes = nodes.iter().filter(has_statement).collect();
                }
            }
            if !undone.contains(&true) {
                prop_assert!(found > 0, "all nodes together are a quorum");
            }
        }
    }
}
