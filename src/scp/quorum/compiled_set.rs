//! `CompiledSet`: a quorum set made ready for being asked often: a level is a bitset and counting is an intersection.
//!
//! Where everybody trusts only neighbours, as by radio, bits would be many and nearly all zero, and each node would hold
//! them for every other. Such a set stays the list that it is, which all nodes share. A plain set of low numbers on the
//! other hand is two words, and asking it takes a few instructions.

use super::node_set::{InlineBits, NodeSet};
use crate::scp::id::NodeId;
use crate::scp::quorum_set::QuorumSet;
use std::sync::Arc;

/// A list of up to this many nodes per word of bits is looked through faster than the bits are counted.
const NODES_PER_WORD: usize = 4;

/// A quorum set in the form in which it is asked. Insane sets are answered as the reference answers them: threshold 0
/// is never satisfied and never blocked, a repeated node counts as often as it is named (NOTES 9, 18).
#[derive(Clone, Debug)]
pub(crate) struct CompiledSet {
    threshold: u32,
    /// How many entries must be hit to block this level; 0 if it cannot be blocked.
    blocking: u32,
    entries: Entries,
}

#[derive(Clone, Debug)]
enum Entries {
    /// Low numbers, each named once, and nothing inside.
    Inline(InlineBits),
    /// Few of many nodes, and nothing inside.
    List(Arc<QuorumSet>),
    Bits(Box<Bits>),
}

#[derive(Clone, Debug)]
struct Bits {
    members: NodeSet,
    /// Further mentions of nodes that are in `members` already; empty in sane sets.
    repeated: Vec<NodeId>,
    inner: Vec<CompiledSet>,
}

impl CompiledSet {
    /// Levels deeper than this are never satisfied: a bound for the recursion, far beyond what is sane.
    pub(crate) const DEPTH_MAX: u32 = 150;

    /// Compiles `set`.
    pub(crate) fn new(set: &Arc<QuorumSet>) -> CompiledSet {
        let highest = set.validators.iter().map(|node| node.index()).max();
        let words = highest.map_or(0, |highest| highest / u64::BITS as usize + 1);
        let are_few = set.validators.len() <= NODES_PER_WORD * words;
        if set.inner.is_empty() && are_few && words > NodeSet::INLINE_WORDS {
            CompiledSet::with(set, Entries::List(Arc::clone(set)))
        } else {
            CompiledSet::at_depth(set, 0)
        }
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
        let bits = Bits {
            members,
            repeated,
            inner,
        };
        let entries = match bits.members.as_inline() {
            Some(inline) if bits.repeated.is_empty() && bits.inner.is_empty() => {
                Entries::Inline(inline)
            }
            _ => Entries::Bits(Box::new(bits)),
        };
        CompiledSet::with(set, entries)
    }

    fn with(set: &QuorumSet, entries: Entries) -> CompiledSet {
        CompiledSet {
            threshold: set.threshold,
            blocking: set.blocking(),
            entries,
        }
    }

    /// Is `node` named at the top level?
    pub(in crate::scp) fn names(&self, node: NodeId) -> bool {
        match &self.entries {
            Entries::Inline(inline) => inline.contains(node),
            Entries::List(set) => set.validators.contains(&node),
            Entries::Bits(bits) => bits.members.contains(node),
        }
    }

    /// Do `nodes` contain a slice?
    #[inline]
    pub(crate) fn is_slice(&self, nodes: &NodeSet) -> bool {
        self.threshold != 0 && self.reaches(self.threshold, nodes, |inner| inner.is_slice(nodes))
    }

    /// The same of those nodes that `counts` is true for. Only for a list; `None` for other sets.
    pub(in crate::scp) fn is_slice_of(
        &self,
        mut counts: impl FnMut(NodeId) -> bool,
    ) -> Option<bool> {
        let Entries::List(set) = &self.entries else {
            return None;
        };
        if self.threshold == 0 {
            return Some(false);
        }
        let mut missing = self.threshold as usize;
        for (at, &node) in set.validators.iter().enumerate() {
            if missing > set.validators.len() - at {
                return Some(false);
            }
            if counts(node) {
                missing -= 1;
                if missing == 0 {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Do `nodes` hit every slice?
    #[inline]
    pub(crate) fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        self.blocking != 0 && self.reaches(self.blocking, nodes, |inner| inner.is_v_blocking(nodes))
    }

    /// Two words are asked where the question stands: calling a function would take longer.
    #[inline(always)]
    fn reaches(
        &self,
        wanted: u32,
        nodes: &NodeSet,
        inner_counts: impl Fn(&CompiledSet) -> bool,
    ) -> bool {
        match &self.entries {
            Entries::Inline(inline) => inline.has_common(wanted, nodes),
            Entries::List(set) => names_as_many(set, wanted, nodes),
            Entries::Bits(bits) => bits.reach(wanted, nodes, inner_counts),
        }
    }
}

/// Are as many of the list as are `wanted` among `nodes`?
fn names_as_many(set: &QuorumSet, wanted: u32, nodes: &NodeSet) -> bool {
    let members = set.validators.iter().filter(|&&node| nodes.contains(node));
    members.take(wanted as usize).count() == wanted as usize
}

impl Bits {
    fn reach(
        &self,
        wanted: u32,
        nodes: &NodeSet,
        inner_counts: impl Fn(&CompiledSet) -> bool,
    ) -> bool {
        let mut count = self.members.intersection_len(nodes);
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
