//! `QuorumClosure`: the quorum sets of other nodes, and the transitive closure of the node's own quorum set.
//!
//! The closure contains every node that a quorum of this node may need: the members of its quorum set, the members of
//! their quorum sets, and so on. It is rebuilt for each slot from the quorum sets that the members name in that slot.
//! For a member without a statement in the slot, its latest known quorum set counts. Within a slot the closure only
//! grows. It is *complete* once every member has made a statement in the slot: quorum sets change between slots, so the
//! sets named in earlier slots prove nothing.
//!
//! Statements of members are processed. Statements of outsiders wait until the closure is complete and are then
//! refused. If a member never makes a statement, they wait indefinitely. This is harmless, because no quorum of this
//! node needs a node outside its closure.

use super::node_map::NodeMap;
use crate::lists;
use crate::scp::{NodeId, NodeSet, QuorumSet, QuorumSetId};
use std::sync::Arc;

/// The maximum number of stored quorum sets of one node. Statements about older slots may name older sets.
const SETS_PER_NODE: usize = 12;

/// Whether a node belongs to the closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClosureMembership {
    Inside,
    /// The closure is complete without the node.
    Outside,
    /// The closure is not complete, so the node may still become a member.
    Unknown,
}

/// The result of learning a quorum set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LearnOutcome {
    /// The set is known, or older than all stored ones.
    Known,
    New,
    /// The sender has used the same id for another set.
    Equivocation,
}

/// Quorum sets by owner, and the closure.
#[derive(Clone, Debug, Default)]
pub(super) struct QuorumClosure {
    /// By owner, in ascending order of the set numbers.
    by_owner: NodeMap<Vec<(u32, Arc<QuorumSet>)>>,
    own: Option<Arc<QuorumSet>>,
    closure: NodeSet,
    /// Members without a statement in this slot.
    silent: NodeSet,
    /// The number of the set that each node has named in this slot.
    named: NodeMap<u32>,
}

impl QuorumClosure {
    /// The quorum set with this id, if it is known.
    pub(super) fn get(&self, id: QuorumSetId) -> Option<&Arc<QuorumSet>> {
        let sets = self.by_owner.get(id.owner)?;
        let known = sets.iter().rev().find(|(nth, _)| *nth == id.nth);
        known.map(|(_, set)| set)
    }

    /// Stores a quorum set.
    pub(super) fn learn(&mut self, id: QuorumSetId, set: &Arc<QuorumSet>) -> LearnOutcome {
        if let Some(known) = self.get(id) {
            let is_same = Arc::ptr_eq(known, set) || known == set;
            return if is_same {
                LearnOutcome::Known
            } else {
                LearnOutcome::Equivocation
            };
        }
        let Some(sets) = self.by_owner.entry(id.owner) else {
            return LearnOutcome::Known;
        };
        // Most nodes never change their quorum set.
        let sets = sets.get_or_insert_with(|| Vec::with_capacity(1));
        let at = sets.partition_point(|(nth, _)| *nth < id.nth);
        lists::insert(sets, at, (id.nth, Arc::clone(set)));
        if sets.len() > SETS_PER_NODE {
            lists::remove(sets, 0);
        }
        LearnOutcome::New
    }

    /// The owner of `id` names this set in the running slot. The closure may grow.
    pub(super) fn note_named(&mut self, id: QuorumSetId) {
        let Some(named) = self.named.entry(id.owner) else {
            return;
        };
        if named.replace(id.nth) == Some(id.nth) {
            return;
        }
        if self.closure.contains(id.owner) {
            self.expand(vec![id.owner]);
        }
    }

    /// Rebuilds the closure of `own` for a new slot.
    pub(super) fn rebuild(&mut self, me: NodeId, own: &Arc<QuorumSet>) {
        self.own = Some(Arc::clone(own));
        self.named.clear();
        self.closure = own.nodes();
        self.closure.insert(me);
        self.silent = NodeSet::new();
        self.expand(self.closure.iter().filter(|&node| node != me).collect());
    }

    /// Adds the members of the sets of `owners`, transitively.
    fn expand(&mut self, mut owners: Vec<NodeId>) {
        while let Some(owner) = owners.pop() {
            let named = self.named.get(owner);
            match named {
                Some(_) => self.silent.remove(owner),
                None => self.silent.insert(owner),
            };
            let set = match named {
                Some(&nth) => self.get(QuorumSetId { owner, nth }),
                None => self
                    .by_owner
                    .get(owner)
                    .and_then(|sets| Some(&sets.last()?.1)),
            };
            // A set that equals the node's own adds nothing. In many networks all sets are equal.
            let Some(set) = set.filter(|set| self.own.as_ref() != Some(set)) else {
                continue;
            };
            for node in set.nodes().iter() {
                if self.closure.insert(node) {
                    owners.push(node);
                }
            }
        }
    }

    /// Whether `node` belongs to the closure.
    pub(super) fn membership(&self, node: NodeId) -> ClosureMembership {
        if self.closure.contains(node) {
            ClosureMembership::Inside
        } else if self.own.is_some() && self.silent.is_empty() {
            ClosureMembership::Outside
        } else {
            ClosureMembership::Unknown
        }
    }

    /// The members known so far.
    pub(super) fn closure(&self) -> &NodeSet {
        &self.closure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(threshold: u32, nodes: &[u32]) -> Arc<QuorumSet> {
        Arc::new(QuorumSet::flat(threshold, nodes.iter().map(|&n| NodeId(n))))
    }

    fn id(owner: u32, nth: u32) -> QuorumSetId {
        let owner = NodeId(owner);
        QuorumSetId { owner, nth }
    }

    fn name(closure: &mut QuorumClosure, id: QuorumSetId, set: &Arc<QuorumSet>) {
        assert_ne!(closure.learn(id, set), LearnOutcome::Equivocation);
        closure.note_named(id);
    }

    #[test]
    fn the_closure_grows_with_named_sets_until_it_is_complete() {
        let mut closure = QuorumClosure::default();
        assert_eq!(closure.membership(NodeId(1)), ClosureMembership::Unknown);
        closure.rebuild(NodeId(0), &set(2, &[0, 1]));
        assert_eq!(closure.membership(NodeId(1)), ClosureMembership::Inside);
        assert_eq!(closure.membership(NodeId(2)), ClosureMembership::Unknown);
        name(&mut closure, id(2, 1), &set(2, &[2, 3]));
        assert_eq!(
            closure.membership(NodeId(2)),
            ClosureMembership::Unknown,
            "node 1 may still name node 2"
        );
        name(&mut closure, id(1, 1), &set(2, &[1, 2]));
        assert_eq!(
            closure.membership(NodeId(3)),
            ClosureMembership::Inside,
            "nodes 1 and 2 name sets that lead to node 3"
        );
        assert_eq!(
            closure.membership(NodeId(4)),
            ClosureMembership::Unknown,
            "node 3 has not named a set"
        );
        name(&mut closure, id(3, 1), &set(1, &[3]));
        assert_eq!(closure.membership(NodeId(4)), ClosureMembership::Outside);
    }

    #[test]
    fn sets_named_in_an_earlier_slot_do_not_complete_the_closure() {
        let (own, mut closure) = (set(2, &[0, 1]), QuorumClosure::default());
        closure.rebuild(NodeId(0), &own);
        name(&mut closure, id(1, 1), &set(2, &[1, 0]));
        assert_eq!(closure.membership(NodeId(2)), ClosureMembership::Outside);
        closure.rebuild(NodeId(0), &own);
        assert_eq!(closure.membership(NodeId(2)), ClosureMembership::Unknown);
        closure.learn(id(1, 3), &set(1, &[1]));
        name(&mut closure, id(1, 2), &set(3, &[0, 1, 2]));
        assert_eq!(
            closure.membership(NodeId(2)),
            ClosureMembership::Inside,
            "the set named in this slot counts"
        );
    }

    #[test]
    fn using_one_id_for_two_sets_is_equivocation() {
        let mut closure = QuorumClosure::default();
        assert_eq!(closure.learn(id(1, 1), &set(1, &[1])), LearnOutcome::New);
        assert_eq!(closure.learn(id(1, 1), &set(1, &[1])), LearnOutcome::Known);
        assert_eq!(
            closure.learn(id(1, 1), &set(1, &[2])),
            LearnOutcome::Equivocation
        );
        for nth in 2..50 {
            closure.learn(id(1, nth), &set(1, &[nth]));
        }
        assert!(closure.get(id(1, 1)).is_none() && closure.get(id(1, 49)).is_some());
    }
}
