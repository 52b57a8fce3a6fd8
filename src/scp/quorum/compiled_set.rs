//! Quorum sets compiled for fast tests: a level is a bitset, and members are counted by an intersection.
//!
//! In a radio network every node trusts only its neighbours. Bitsets of such quorum sets would be long and nearly all
//! zero, so these sets remain shared lists. A flat set of low node numbers takes two words.

use super::node_set::{InlineBits, NodeSet};
use crate::scp::id::NodeId;
use crate::scp::quorum_set::QuorumSet;
use std::sync::Arc;

/// A list with at most this many nodes per word of its bitset is faster to scan than the bitset.
const NODES_PER_WORD: usize = 4;
/// The number of bits of a word.
const BITS: usize = u64::BITS as usize;

/// A quorum set in compiled form. Malformed sets behave as in stellar-core: threshold 0 is never satisfied and never
/// blocked, and a repeated node counts as often as it is named (NOTES 9, 18).
#[derive(Clone, Debug)]
pub(super) struct CompiledSet {
    threshold: u32,
    /// The number of entries that a v-blocking set must hit; 0 if no set is v-blocking.
    blocking: u32,
    entries: Entries,
}

#[derive(Clone, Debug)]
enum Entries {
    /// A flat set of low node numbers, each named once.
    Inline(InlineBits),
    /// A flat set of few nodes among many.
    List(Arc<QuorumSet>),
    /// Any other set.
    Bits(Box<Bits>),
}

#[derive(Clone, Debug)]
struct Bits {
    members: NodeSet,
    /// Repetitions of nodes in `members`; empty in sane sets.
    repeated: Vec<NodeId>,
    inner: Vec<CompiledSet>,
}

impl CompiledSet {
    /// Compiles `set`.
    pub(super) fn new(set: &Arc<QuorumSet>) -> CompiledSet {
        let highest = set.validators.iter().map(|node| node.index()).max();
        let words = highest.map_or(0, |highest| (highest / BITS).saturating_add(1));
        let are_few = set.validators.len() <= words.saturating_mul(NODES_PER_WORD);
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
        let inner = if depth < QuorumSet::RECURSION_MAX {
            set.inner
                .iter()
                .map(|set| CompiledSet::at_depth(set, depth.saturating_add(1)))
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

    /// Whether the top level names `node`.
    pub(super) fn names(&self, node: NodeId) -> bool {
        match &self.entries {
            Entries::Inline(inline) => inline.contains(node),
            Entries::List(set) => set.validators.contains(&node),
            Entries::Bits(bits) => bits.members.contains(node),
        }
    }

    /// Whether `nodes` contain a slice.
    #[inline]
    pub(super) fn is_slice(&self, nodes: &NodeSet) -> bool {
        self.threshold != 0 && self.reaches(self.threshold, nodes, |inner| inner.is_slice(nodes))
    }

    /// Whether the members for which `counts` is true contain a slice. `None` if the set is not stored as a list.
    pub(super) fn is_slice_of(&self, mut counts: impl FnMut(NodeId) -> bool) -> Option<bool> {
        let Entries::List(set) = &self.entries else {
            return None;
        };
        if self.threshold == 0 {
            return Some(false);
        }
        let mut missing = self.threshold as usize;
        for (at, &node) in set.validators.iter().enumerate() {
            if missing > set.validators.len().saturating_sub(at) {
                return Some(false);
            }
            if counts(node) {
                missing = missing.saturating_sub(1);
                if missing == 0 {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Whether `nodes` hit every slice.
    #[inline]
    pub(super) fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        self.blocking != 0 && self.reaches(self.blocking, nodes, |inner| inner.is_v_blocking(nodes))
    }

    /// Whether `nodes` hit at least `wanted` entries. Inlined, because a call costs more than the test of two words.
    #[inline(always)]
    fn reaches(
        &self,
        wanted: u32,
        nodes: &NodeSet,
        inner_counts: impl Fn(&CompiledSet) -> bool,
    ) -> bool {
        match &self.entries {
            Entries::Inline(inline) => inline.has_common(wanted, nodes),
            Entries::List(set) => list_reaches(set, wanted, nodes),
            Entries::Bits(bits) => bits.reach(wanted, nodes, inner_counts),
        }
    }
}

/// Whether at least `wanted` entries of the list are in `nodes`.
fn list_reaches(set: &QuorumSet, wanted: u32, nodes: &NodeSet) -> bool {
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
            let repeated = self.repeated.iter().filter(|&&node| nodes.contains(node));
            count = count.saturating_add(repeated.count() as u32);
        }
        let mut inner = self.inner.iter();
        while count < wanted {
            match inner.next() {
                Some(set) => count = count.saturating_add(u32::from(inner_counts(set))),
                None => return false,
            }
        }
        true
    }
}
