//! `Refusals`: what is remembered of searches for a quorum that found none, to spare the next ones.
//!
//! In a large network where everybody trusts neighbours, statements come in one by one, and nearly all searches are in
//! vain until the last region has spoken. If there was no quorum among some nodes, there can be one among these and a few
//! more only if one of the new ones is in it. It is not if its own slices lack somebody, or if those who would satisfy
//! them lack somebody: that is seen by looking around the new nodes, not at the whole network.

use super::id::NodeId;
use super::ledger::SenderSet;
use super::node_set::NodeSet;
use super::quorum::Electorate;
use super::set_registry::SetClass;

/// How many searches are remembered: about as many as there are different pledges at a time.
const KEPT: usize = 4;
/// With more new nodes than this the search itself is cheaper.
const NEW_MAX: usize = 16;
/// With more changes of quorum sets than this everything is forgotten: honest nodes change theirs once in a slot.
const CHANGES_MAX: usize = 1 << 15;
/// Among fewer nodes than this the search itself is cheap.
const NODES_MIN: u32 = 24;

/// A search in vain.
#[derive(Clone, Debug)]
struct Refusal {
    nodes: NodeSet,
    /// How many changes of quorum sets were known to it.
    changes: usize,
}

/// The last searches in vain among the statements of a ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    /// The local quorum set that they were in vain for.
    local: Option<SetClass>,
    kept: Vec<Refusal>,
    oldest: usize,
    /// Whose quorum set has become another one, in order.
    changed: Vec<NodeId>,
}

impl Refusals {
    /// The quorum set of `node` has become another one.
    pub(super) fn note_change(&mut self, node: NodeId) {
        if self.changed.len() >= CHANGES_MAX {
            self.forget();
        }
        if !self.kept.is_empty() {
            self.changed.push(node);
        }
    }

    /// Something was undone: nothing is known any more.
    pub(super) fn forget(&mut self) {
        *self = Refusals::default();
    }

    fn keep(&mut self, local: Option<SetClass>, nodes: &NodeSet) {
        if self.local != local {
            self.forget();
            self.local = local;
        }
        let refusal = Refusal {
            nodes: nodes.clone(),
            changes: self.changed.len(),
        };
        // What it contains says nothing beyond it.
        let within = |kept: &Refusal| kept.nodes.is_subset(nodes);
        match self.kept.iter().position(within) {
            Some(at) => self.kept[at] = refusal,
            None if self.kept.len() < KEPT => self.kept.push(refusal),
            None => {
                self.kept[self.oldest] = refusal;
                self.oldest = (self.oldest + 1) % KEPT;
            }
        }
    }

    /// Those of `nodes` that the refusal with the fewest of them has not seen; none if there are too many.
    fn unseen(&self, local: Option<SetClass>, nodes: &NodeSet) -> Option<Vec<NodeId>> {
        if self.local != local {
            return None;
        }
        let unseen_by = |refusal: &Refusal| {
            let new = nodes.beyond(&refusal.nodes);
            let changed = self.changed.get(refusal.changes..)?.iter().copied();
            let changed = changed.filter(|&node| nodes.contains(node));
            let mut unseen: Vec<NodeId> = new.take(NEW_MAX + 1).collect();
            unseen.extend(changed.take(NEW_MAX + 1));
            (unseen.len() <= NEW_MAX).then_some(unseen)
        };
        let found = self.kept.iter().filter_map(unseen_by);
        found.min_by_key(Vec::len)
    }
}

impl Electorate<'_> {
    /// Is it known that there is no quorum among `nodes` that satisfies the local quorum set?
    pub(super) fn is_refused(self, nodes: &NodeSet) -> bool {
        let size = nodes.len();
        if size < NODES_MIN {
            return false;
        }
        let unseen = self.ledger.refusals().unseen(self.local_class, nodes);
        let Some(unseen) = unseen else {
            return false;
        };
        let steps = if size < 8 * NODES_MIN { 1 } else { 2 };
        let is_out = |node: &NodeId| !self.may_stay(*node, nodes, steps);
        if !unseen.iter().all(is_out) {
            return false;
        }
        if !unseen.is_empty() {
            self.ledger.refusals_mut().keep(self.local_class, nodes);
        }
        true
    }

    /// There is no quorum among `nodes` that satisfies the local quorum set.
    pub(super) fn refuse(self, nodes: &NodeSet) {
        if nodes.len() >= NODES_MIN {
            self.ledger.refusals_mut().keep(self.local_class, nodes);
        }
    }

    /// Could `node` be in a quorum among `nodes`, as far as one sees going from it so many steps?
    fn may_stay(self, node: NodeId, nodes: &NodeSet, steps: u32) -> bool {
        let class = match self.ledger.get(node).map(|recorded| recorded.set) {
            Some(SenderSet::Known(class)) => class,
            Some(SenderSet::Alone) => return true,
            Some(SenderSet::Unknown) | None => return false,
        };
        let set = self.sets.compiled(class);
        if steps == 0 {
            return set.is_slice(nodes);
        }
        set.is_slice_of(|member| nodes.contains(member) && self.may_stay(member, nodes, steps - 1))
            .unwrap_or_else(|| set.is_slice(nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::compiled_set::CompiledSet;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::ledger::{Ledger, Recorded};
    use crate::scp::quorum_set::QuorumSet;
    use crate::scp::set_registry::SetRegistry;
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

    fn said(registry: &mut SetRegistry, square: &Square, from: NodeId, alone: bool) -> Recorded {
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
            _ if alone => SenderSet::Alone,
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        };
        Recorded { envelope, set }
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
            let mut ledger = Ledger::default();
            let local_id = QuorumSetId { owner: NodeId(local), nth: 1 };
            let local_class = registry.resolve(&square, local_id);
            let compiled = CompiledSet::new(&square.set_of(NodeId(local)));
            let mut nodes = NodeSet::new();
            let mut found = 0;
            for (at, &node) in order.iter().enumerate() {
                let new = said(&mut registry, &square, NodeId(node), false);
                ledger.record(new);
                nodes.insert(NodeId(node));
                if let Some(&decider) = decided.get(at / 6).filter(|_| at % 6 == 0) {
                    let new = said(&mut registry, &square, NodeId(decider), true);
                    ledger.record(new);
                    nodes.insert(NodeId(decider));
                }
                let fresh = ledger.clone();
                fresh.refusals_mut().forget();
                let ask = |ledger: &Ledger| {
                    let local = Some(&compiled);
                    let electorate = Electorate { local, local_class, sets: &registry, ledger };
                    electorate.greatest_quorum(&nodes)
                };
                let expected = ask(&fresh);
                prop_assert_eq!(&ask(&ledger), &expected);
                found += usize::from(expected.is_some());
            }
            prop_assert!(found > 0, "when all have spoken there is a quorum");
        }
    }
}
