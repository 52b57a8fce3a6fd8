//! `CompiledSet`: a quorum set made ready for being asked often: a level is a bitset and counting is an intersection.

use super::id::NodeId;
use super::node_set::NodeSet;
use super::quorum_set::QuorumSet;

/// A quorum set in the form in which it is asked. Insane sets are answered as the reference answers them: threshold 0
/// is never satisfied and never blocked, a repeated node counts as often as it is named (NOTES 9, 18).
#[derive(Clone, Debug)]
pub(crate) struct CompiledSet {
    threshold: u32,
    /// How many entries must be hit to block this level; 0 if it cannot be blocked.
    blocking: u32,
    members: NodeSet,
    /// Further mentions of nodes that are in `members` already; empty in sane sets.
    repeated: Vec<NodeId>,
    inner: Vec<CompiledSet>,
}

impl CompiledSet {
    /// Levels deeper than this are never satisfied: a bound for the recursion, far beyond what is sane.
    pub(crate) const DEPTH_MAX: u32 = 150;

    /// Compiles `set`.
    pub(crate) fn new(set: &QuorumSet) -> CompiledSet {
        CompiledSet::at_depth(set, 0)
    }

    fn at_depth(set: &QuorumSet, depth: u32) -> CompiledSet {
        let mut members = NodeSet::new();
        let repeated = set
            .validators
            .iter()
            .copied()
            .filter(|&node| !members.insert(node))
            .collect();
        let inner = if depth < CompiledSet::DEPTH_MAX {
            set.inner
                .iter()
                .map(|set| CompiledSet::at_depth(set, depth + 1))
                .collect()
        } else {
            Vec::new()
        };
        let entries = u32::try_from(set.entries()).unwrap_or(u32::MAX);
        CompiledSet {
            threshold: set.threshold,
            blocking: match set.threshold {
                0 => 0,
                threshold => entries.saturating_sub(threshold).saturating_add(1),
            },
            members,
            repeated,
            inner,
        }
    }

    /// Do `nodes` contain a slice?
    pub(crate) fn is_slice(&self, nodes: &NodeSet) -> bool {
        self.threshold != 0 && self.reaches(self.threshold, nodes, |inner| inner.is_slice(nodes))
    }

    /// Do `nodes` hit every slice?
    pub(crate) fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        self.blocking != 0 && self.reaches(self.blocking, nodes, |inner| inner.is_v_blocking(nodes))
    }

    fn reaches(
        &self,
        wanted: u32,
        nodes: &NodeSet,
        inner_counts: impl Fn(&CompiledSet) -> bool,
    ) -> bool {
        let mut count = self.members.common(nodes);
        if !self.repeated.is_empty() {
            let again = self.repeated.iter().filter(|&&node| nodes.contains(node));
            count += again.count() as u32;
        }
        let mut inner = self.inner.iter();
        while count < wanted {
            match inner.next() {
                Some(set) => count += u32::from(inner_counts(set)),
                None => return false,
            }
        }
        true
    }
}
