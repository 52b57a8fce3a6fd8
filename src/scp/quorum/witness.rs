//! Making a quorum small: the witness that is shown should have nobody in it who can be spared.
//!
//! Absent here: finding a quorum (`quorum`).

use super::node_set::NodeSet;
use super::pruning::{LocalSet, Pruning};
use super::registry::SetClass;
use super::search::QuorumChecker;
use crate::scp::id::NodeId;

impl QuorumChecker<'_> {
    /// Drops members of `quorum` until no further one can go: what remains is a quorum that satisfies the local set,
    /// and without any one of its members it would contain none.
    ///
    /// One pass is enough: what cannot be spared now cannot be spared from a smaller set either. So whatever takes with
    /// it somebody who cannot be spared cannot be spared itself.
    pub(in crate::scp) fn minimal_quorum(self, quorum: &NodeSet) -> NodeSet {
        let Some(local) = self.local_class else {
            return quorum.clone();
        };
        match self.minimal_among_equals(local, quorum) {
            Some(minimal) => minimal,
            None => self.minimal_by_dropping(local, quorum),
        }
    }

    /// The same where all members have the local quorum set, or need nobody, and that set is flat: each of its nodes is
    /// worth as much as any other, so the lowest stay, as many as the threshold demands.
    fn minimal_among_equals(self, local: SetClass, quorum: &NodeSet) -> Option<NodeSet> {
        let set = self.sets.set(local);
        let are_equal = self.latest.uniform().cover(Some(local), quorum);
        if !set.inner.is_empty() || !self.sets.is_sane(local) || !are_equal {
            return None;
        }
        let compiled = self.sets.compiled(local);
        let members = quorum.iter().filter(|&node| compiled.names(node));
        Some(members.take(set.threshold as usize).collect())
    }

    /// The same for all quorums.
    pub(in crate::scp) fn minimal_by_dropping(self, local: SetClass, quorum: &NodeSet) -> NodeSet {
        let members: Vec<NodeId> = quorum.iter().collect();
        // Of a quorum nobody has to go.
        let (mut pruning, _) = Pruning::new(self, local, quorum);
        let mut needed = NodeSet::new();
        for &node in members.iter().rev() {
            if !pruning.nodes.remove(node) {
                continue;
            }
            let mut removed = vec![node];
            let (local_set, done) = pruning.propagate(&mut removed, &needed);
            if local_set == LocalSet::Unsatisfied {
                pruning.restore(&removed, done);
                needed.insert(node);
            }
        }
        pruning.nodes
    }
}
