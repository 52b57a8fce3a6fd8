//! `QuorumView`: the inputs of a quorum test, in addition to the nodes that it tests.

use super::compiled_set::CompiledSet;
use super::latest_statements::{LatestStatements, SenderSet};
use super::node_set::NodeSet;
use super::registry::{SetClass, SetRegistry};
use crate::scp::id::NodeId;

/// The local quorum set, the latest statements, and the quorum sets of their senders.
#[derive(Clone, Copy)]
pub(super) struct QuorumView<'a> {
    /// The class of the local quorum set. `None` if the application does not know the set: then no set of nodes is a
    /// quorum or v-blocking.
    pub(super) local: Option<SetClass>,
    /// All quorum sets resolved so far.
    pub(super) sets: &'a SetRegistry,
    /// The statements whose senders vote.
    pub(super) latest: &'a LatestStatements,
}

impl<'a> QuorumView<'a> {
    /// The local quorum set.
    #[inline(always)]
    pub(super) fn local_set(self) -> Option<&'a CompiledSet> {
        self.local.map(|class| self.sets.compiled(class))
    }

    /// The quorum set of `node`; `None` if the node has made no statement.
    #[inline(always)]
    pub(super) fn set_of(self, node: NodeId) -> Option<SenderSet> {
        self.latest.get(node).map(|latest| latest.set)
    }

    /// Whether `nodes` contain a slice of the local node.
    #[inline(always)]
    pub(super) fn is_local_slice(self, nodes: &NodeSet) -> bool {
        self.local_set().is_some_and(|local| local.is_slice(nodes))
    }

    /// Whether `nodes` are v-blocking for the local node.
    #[inline(always)]
    pub(super) fn is_v_blocking(self, nodes: &NodeSet) -> bool {
        self.local_set()
            .is_some_and(|local| local.is_v_blocking(nodes))
    }
}
