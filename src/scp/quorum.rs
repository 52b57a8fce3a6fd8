//! Quorums: is there one among the nodes that satisfy something, which one, and the smallest that still is one.
//!
//! The local node need not be in it: the question is whether what remains satisfies the local quorum set (NOTES 16).

use super::compiled_set::CompiledSet;
use super::ledger::{Ledger, SenderSet};
use super::node_set::NodeSet;
use super::set_registry::SetRegistry;

/// What a quorum test looks at besides the nodes in question.
#[derive(Clone, Copy)]
pub(super) struct Electorate<'a> {
    /// The quorum set of the local node; none if the application does not know it, then nothing is ever satisfied.
    pub(super) local: Option<&'a CompiledSet>,
    /// The quorum sets of everybody.
    pub(super) sets: &'a SetRegistry,
    /// Who has which of them.
    pub(super) ledger: &'a Ledger,
}

impl Electorate<'_> {
    /// The largest quorum among `nodes`, provided that it satisfies the local quorum set.
    ///
    /// Nodes whose own set is not satisfied by the rest are taken out until nothing changes. What is taken out could
    /// be in no quorum, so the order does not matter.
    pub(super) fn greatest_quorum(self, nodes: &NodeSet) -> Option<NodeSet> {
        let local = self.local?;
        if !local.is_slice(nodes) {
            return None;
        }
        let mut quorum = nodes.clone();
        while self.prune(&mut quorum) {
            if !local.is_slice(&quorum) {
                return None;
            }
        }
        Some(quorum)
    }

    /// One pass; true if somebody had to go.
    fn prune(self, quorum: &mut NodeSet) -> bool {
        let mut verdicts: Vec<Option<bool>> = vec![None; self.sets.len()];
        let leavers: NodeSet = quorum
            .iter()
            .filter(|&node| {
                let set = self.ledger.get(node).map(|recorded| recorded.set);
                !match set {
                    Some(SenderSet::Known(class)) => *verdicts[class.index()]
                        .get_or_insert_with(|| self.sets.compiled(class).is_slice(quorum)),
                    Some(SenderSet::Alone) => true,
                    Some(SenderSet::Unknown) | None => false,
                }
            })
            .collect();
        for node in leavers.iter() {
            quorum.remove(node);
        }
        !leavers.is_empty()
    }

    /// Drops members of `quorum` until no further one can go: what remains is a quorum that satisfies the local set,
    /// and without any one of its members it would contain none.
    ///
    /// One pass is enough: what cannot be spared now cannot be spared from a smaller set either.
    pub(super) fn minimal_quorum(self, mut quorum: NodeSet) -> NodeSet {
        let members: Vec<_> = quorum.iter().collect();
        for &node in members.iter().rev() {
            if !quorum.contains(node) {
                continue;
            }
            let mut rest = quorum.clone();
            rest.remove(node);
            if let Some(smaller) = self.greatest_quorum(&rest) {
                quorum = smaller;
            }
        }
        quorum
    }

    /// Do `nodes` block the local node?
    pub(super) fn is_v_blocking(self, nodes: &NodeSet) -> bool {
        self.local.is_some_and(|local| local.is_v_blocking(nodes))
    }

    /// Drops members of a blocking set until no further one can go.
    pub(super) fn minimal_blocking(self, mut nodes: NodeSet) -> NodeSet {
        let members: Vec<_> = nodes.iter().collect();
        for &node in members.iter().rev() {
            nodes.remove(node);
            if !self.is_v_blocking(&nodes) {
                nodes.insert(node);
            }
        }
        nodes
    }
}
