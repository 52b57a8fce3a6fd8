//! `Fbas`: a quorum configuration, one quorum set per node. (Federated Byzantine agreement system, in the paper's words.)
//!
//! Absent: who is faulty, who can reach whom. What a node says it trusts is all there is here.

use super::circuit::{Circuit, GreatestQuorum};
use crate::scp::{NodeId, QuorumSet};
use std::sync::Arc;

/// A quorum configuration. Node `i` is the `i`-th entry.
///
/// A node without a quorum set, or with an insane one (SCP would refuse its ballots), belongs to no quorum and
/// contributes nothing to anybody's; so does a member that is named in a quorum set but is no node of the
/// configuration. A node is not implicitly a member of its own quorum set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fbas {
    quorum_sets: Vec<Option<Arc<QuorumSet>>>,
}

impl Fbas {
    /// The configuration in which node `i` has chosen `quorum_sets[i]`. Insane sets are dropped.
    #[must_use]
    pub fn new(mut quorum_sets: Vec<Option<Arc<QuorumSet>>>) -> Fbas {
        for slot in &mut quorum_sets {
            if slot.as_ref().is_some_and(|set| set.check_sane().is_err()) {
                *slot = None;
            }
        }
        Fbas { quorum_sets }
    }

    /// How many nodes there are, with and without a usable quorum set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.quorum_sets.len()
    }

    /// Whether there is no node at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quorum_sets.is_empty()
    }

    /// The usable quorum set of `node`, if it has one.
    #[must_use]
    pub fn quorum_set(&self, node: NodeId) -> Option<&QuorumSet> {
        self.quorum_sets.get(node.index())?.as_deref()
    }

    /// The greatest quorum among all nodes: the union of all quorums, empty if there is none. Ascending.
    #[must_use]
    pub fn greatest_quorum(&self) -> Vec<NodeId> {
        GreatestQuorum::compute(&Circuit::new(self)).nodes()
    }

    /// The configuration as it looks to quorums inside `nodes` (ascending, without repetition): everybody else is
    /// cut out of the quorum sets. Node `i` of the result is `nodes[i]`.
    pub(super) fn restricted_to(&self, nodes: &[NodeId]) -> Fbas {
        let pruned = |node: &NodeId| prune(self.quorum_set(*node)?, nodes).map(Arc::new);
        Fbas {
            quorum_sets: nodes.iter().map(pruned).collect(),
        }
    }
}

/// `set` without whatever only nodes outside `nodes` could satisfy, renumbered; `None` if nothing is left of it.
fn prune(set: &QuorumSet, nodes: &[NodeId]) -> Option<QuorumSet> {
    let number = |node: &NodeId| nodes.binary_search(node).ok();
    let validators = set.validators.iter().filter_map(number);
    let pruned = QuorumSet {
        threshold: set.threshold,
        validators: validators
            .filter_map(|number| u32::try_from(number).ok().map(NodeId))
            .collect(),
        inner: set
            .inner
            .iter()
            .filter_map(|inner| prune(inner, nodes))
            .collect(),
    };
    let entries = pruned.validators.len() + pruned.inner.len();
    (entries >= usize::try_from(set.threshold).ok()?).then_some(pruned)
}
