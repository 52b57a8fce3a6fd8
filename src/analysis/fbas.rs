//! Federated Byzantine agreement system (FBAS): a quorum configuration with one quorum set per node.
//!
//! The model has no faults and no reachability.

use crate::scp::{NodeId, QuorumSet};
use std::sync::Arc;

/// A quorum configuration. Node `i` has the `i`-th quorum set.
///
/// A node without a quorum set, or with a malformed one (SCP refuses its ballots), belongs to no quorum. Neither does a
/// member of a quorum set that is not a node of the configuration. A node is not implicitly a member of its own quorum
/// set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fbas {
    quorum_sets: Vec<Option<Arc<QuorumSet>>>,
}

impl Fbas {
    /// The configuration in which node `i` has `quorum_sets[i]`. Malformed sets are dropped.
    #[must_use]
    pub fn new(mut quorum_sets: Vec<Option<Arc<QuorumSet>>>) -> Fbas {
        for set in &mut quorum_sets {
            set.take_if(|set| set.check_sane().is_err());
        }
        Fbas { quorum_sets }
    }

    /// The number of nodes, with and without a usable quorum set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.quorum_sets.len()
    }

    /// Whether the configuration has no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quorum_sets.is_empty()
    }

    /// The quorum set of `node`, if it has a usable one.
    #[must_use]
    pub fn quorum_set(&self, node: NodeId) -> Option<&QuorumSet> {
        self.quorum_sets.get(node.index())?.as_deref()
    }

    /// The configuration restricted to `nodes` (ascending, distinct): all other nodes are removed from the quorum sets.
    /// Node `i` of the result is `nodes[i]`. It has the same quorums inside `nodes`.
    pub(super) fn restricted_to(&self, nodes: &[NodeId]) -> Fbas {
        let pruned = |node: &NodeId| prune(self.quorum_set(*node)?, nodes).map(Arc::new);
        Fbas {
            quorum_sets: nodes.iter().map(pruned).collect(),
        }
    }
}

/// `set` with only the entries that `nodes` can satisfy, renumbered. `None` if they cannot satisfy it.
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
