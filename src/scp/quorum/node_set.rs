//! Bitset of nodes. The innermost loop of SCP counts the common members of two bitsets.
//!
//! The set grows to the highest member it has ever had. Numbers from [`NodeId::LIMIT`] on are never members.

use crate::scp::id::NodeId;

const BITS: usize = u64::BITS as usize;

/// The number of words that are stored inline, without an allocation. They hold the first 128 nodes.
const INLINE: usize = 2;

/// The position of the word with the bit of `node`.
#[inline]
const fn word_of(node: NodeId) -> usize {
    node.index() / BITS
}

/// The bit of `node` in its word.
#[inline]
const fn bit_of(node: NodeId) -> u64 {
    // The shift is modulo the bits of a word.
    1_u64.wrapping_shl(node.0)
}

/// A set of nodes.
#[derive(Clone, Debug, Default)]
pub struct NodeSet {
    inline: [u64; INLINE],
    /// The words after the inline ones.
    spilled: Vec<u64>,
}

impl NodeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> NodeSet {
        NodeSet {
            inline: [0; INLINE],
            spilled: Vec::new(),
        }
    }

    /// The set with the single member `node`.
    pub(crate) fn of(node: NodeId) -> NodeSet {
        let mut set = NodeSet::new();
        set.insert(node);
        set
    }

    /// The number of words of [`InlineBits`].
    pub(crate) const INLINE_WORDS: usize = INLINE;

    /// The inline words, if all members are in them.
    pub(crate) fn as_inline(&self) -> Option<InlineBits> {
        let is_all = self.spilled.iter().all(|&word| word == 0);
        is_all.then_some(InlineBits(self.inline))
    }

    /// The word with the bit of `node`; `None` beyond the end of the set.
    #[inline]
    fn word_mut(&mut self, node: NodeId) -> Option<&mut u64> {
        let at = word_of(node);
        match at.checked_sub(INLINE) {
            None => self.inline.get_mut(at),
            Some(at) => self.spilled.get_mut(at),
        }
    }

    fn words(&self) -> impl Iterator<Item = &u64> {
        self.inline.iter().chain(&self.spilled)
    }

    /// Adds `node`. Returns false if it is a member already or its number is out of range.
    #[inline]
    pub fn insert(&mut self, node: NodeId) -> bool {
        if node.0 >= NodeId::LIMIT {
            return false;
        }
        if let Some(at) = word_of(node).checked_sub(INLINE)
            && at >= self.spilled.len()
        {
            self.spilled.resize(at.saturating_add(1), 0);
        }
        let bit = bit_of(node);
        match self.word_mut(node) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }

    /// Removes `node`. Returns false if it is not a member.
    #[inline]
    pub fn remove(&mut self, node: NodeId) -> bool {
        let bit = bit_of(node);
        match self.word_mut(node) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                true
            }
            _ => false,
        }
    }

    /// Adds or removes `node`.
    #[inline]
    pub(crate) fn assign(&mut self, node: NodeId, member: Membership) {
        if let Some(word) = self.word_mut(node) {
            let value = u64::from(member == Membership::In).wrapping_shl(node.0);
            *word = *word & !bit_of(node) | value;
        } else if member == Membership::In {
            self.insert(node);
        }
    }

    /// Whether `node` is a member.
    #[must_use]
    #[inline]
    pub fn contains(&self, node: NodeId) -> bool {
        let at = word_of(node);
        let word = match at.checked_sub(INLINE) {
            None => self.inline.get(at),
            Some(at) => self.spilled.get(at),
        };
        word.is_some_and(|word| word & bit_of(node) != 0)
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> u32 {
        let ones = |words: &[u64]| words.iter().map(|word| word.count_ones()).sum::<u32>();
        ones(&self.inline).saturating_add(ones(&self.spilled))
    }

    /// Whether the set has no member.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        let are_zero = |words: &[u64]| words.iter().all(|&word| word == 0);
        are_zero(&self.inline) && are_zero(&self.spilled)
    }

    /// The number of common members.
    #[must_use]
    #[inline]
    pub fn intersection_len(&self, other: &NodeSet) -> u32 {
        let of_both = |(a, b): (&u64, &u64)| (a & b).count_ones();
        let inline: u32 = self.inline.iter().zip(&other.inline).map(of_both).sum();
        let spilled: u32 = self.spilled.iter().zip(&other.spilled).map(of_both).sum();
        inline.saturating_add(spilled)
    }

    /// Whether every member is a member of `other`.
    #[must_use]
    #[inline]
    pub fn is_subset(&self, other: &NodeSet) -> bool {
        let are_within = |words: &[u64], others: &[u64]| {
            let both = words.iter().zip(others);
            both.fold(0, |beyond, (word, with)| beyond | word & !with) == 0
        };
        let more = self.spilled.get(other.spilled.len()..).unwrap_or_default();
        are_within(&self.inline, &other.inline)
            && are_within(&self.spilled, &other.spilled)
            && more.iter().all(|&word| word == 0)
    }

    /// The members that are not in `other`, ascending.
    pub fn difference(&self, other: &NodeSet) -> impl Iterator<Item = NodeId> {
        let others = other.words().copied().chain(std::iter::repeat(0));
        members(self.words().zip(others).map(|(word, with)| word & !with))
    }

    /// Removes all members that are not in `other`.
    pub fn intersect_with(&mut self, other: &NodeSet) {
        self.spilled.truncate(other.spilled.len());
        let keep = |(word, with): (&mut u64, &u64)| *word &= with;
        self.inline.iter_mut().zip(&other.inline).for_each(keep);
        self.spilled.iter_mut().zip(&other.spilled).for_each(keep);
    }

    /// Adds all members of `other`.
    pub fn union_with(&mut self, other: &NodeSet) {
        if self.spilled.len() < other.spilled.len() {
            self.spilled.resize(other.spilled.len(), 0);
        }
        let add = |(word, with): (&mut u64, &u64)| *word |= with;
        self.inline.iter_mut().zip(&other.inline).for_each(add);
        self.spilled.iter_mut().zip(&other.spilled).for_each(add);
    }

    /// Removes all members. Keeps the allocation.
    pub(crate) fn clear(&mut self) {
        self.inline = [0; INLINE];
        self.spilled.clear();
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        members(self.words().copied())
    }
}

/// A set of low node numbers, without an allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InlineBits([u64; INLINE]);

impl InlineBits {
    /// Whether `node` is a member.
    pub(crate) fn contains(self, node: NodeId) -> bool {
        let word = self.0.get(word_of(node));
        word.is_some_and(|word| word & bit_of(node) != 0)
    }

    /// Whether at least `wanted` members (more than 0) are in `nodes`.
    #[inline]
    pub(crate) fn has_common(self, wanted: u32, nodes: &NodeSet) -> bool {
        let mut missing = wanted;
        for (own, with) in self.0.iter().zip(&nodes.inline) {
            let both = own & with;
            if both != 0 {
                missing = missing.saturating_sub(both.count_ones());
            }
        }
        missing == 0
    }
}

fn members(words: impl Iterator<Item = u64>) -> impl Iterator<Item = NodeId> {
    words.enumerate().flat_map(|(at, word)| {
        // The sum cannot overflow: the highest member is below NodeId::LIMIT.
        let first = (at as u32).wrapping_mul(u64::BITS);
        std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|&rest| rest != 0)
            .map(move |rest| NodeId(first | rest.trailing_zeros()))
    })
}

/// Whether [`NodeSet::assign`] adds or removes a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// Add it.
    In,
    /// Remove it.
    Out,
}

impl From<bool> for Membership {
    fn from(is_member: bool) -> Membership {
        if is_member {
            Membership::In
        } else {
            Membership::Out
        }
    }
}

impl PartialEq for NodeSet {
    /// Sets are equal if they have the same members, even if their lengths differ.
    fn eq(&self, other: &NodeSet) -> bool {
        let (short, long) = if self.spilled.len() <= other.spilled.len() {
            (&self.spilled, &other.spilled)
        } else {
            (&other.spilled, &self.spilled)
        };
        self.inline == other.inline
            && long.starts_with(short)
            && long.iter().skip(short.len()).all(|&word| word == 0)
    }
}

impl Eq for NodeSet {}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        let mut set = NodeSet::new();
        set.extend(nodes);
        set
    }
}

impl Extend<NodeId> for NodeSet {
    fn extend<I: IntoIterator<Item = NodeId>>(&mut self, nodes: I) {
        for node in nodes {
            self.insert(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// The node numbers lie on both sides of the inline limit.
        #[test]
        fn a_node_set_behaves_like_a_btree_set(a: BTreeSet<u8>, b: BTreeSet<u8>, gone: BTreeSet<u8>) {
            let nodes = |of: &BTreeSet<u8>| of.iter().map(|&n| NodeId(n.into())).collect::<NodeSet>();
            let numbers = |of: &NodeSet| of.iter().map(|n| n.0 as u8).collect::<Vec<u8>>();
            let (mut set, other) = (nodes(&a), nodes(&b));
            prop_assert_eq!(numbers(&set), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.intersection_len(&other) as usize, a.intersection(&b).count());
            for &n in &gone {
                prop_assert_eq!(set.remove(NodeId(n.into())), a.contains(&n));
            }
            let left: BTreeSet<u8> = a.difference(&gone).copied().collect();
            prop_assert_eq!(&set, &nodes(&left));
            prop_assert_eq!(set.len() as usize, left.len());
            prop_assert_eq!(set.is_empty(), left.is_empty());
            let beyond: Vec<u8> = set.difference(&other).map(|n| n.0 as u8).collect();
            prop_assert_eq!(beyond, left.difference(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(set.is_subset(&other), left.is_subset(&b));
            let (mut both, mut either) = (set.clone(), set.clone());
            both.intersect_with(&other);
            either.union_with(&other);
            prop_assert_eq!(numbers(&both), left.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(numbers(&either), left.union(&b).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_number_out_of_range_is_not_a_member() {
        let mut set = NodeSet::new();
        assert!(!set.insert(NodeId(u32::MAX)));
        assert!(!set.contains(NodeId(u32::MAX)) && set.is_empty());
    }
}
