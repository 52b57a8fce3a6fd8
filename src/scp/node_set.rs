//! `NodeSet`: a set of nodes as bits. Counting common members is the innermost loop of SCP.
//!
//! It grows to the highest member it has ever had; numbers from [`NodeId::LIMIT`] on are never members.

use super::id::NodeId;

const BITS: usize = u64::BITS as usize;

/// A set of nodes.
#[derive(Clone, Debug, Default)]
pub struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> NodeSet {
        NodeSet { words: Vec::new() }
    }

    /// Adds `node`; false if it was there already (or its number is out of range).
    pub fn insert(&mut self, node: NodeId) -> bool {
        if node.0 >= NodeId::LIMIT {
            return false;
        }
        let (word, bit) = (node.index() / BITS, 1 << (node.index() % BITS));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        fresh
    }

    /// Takes `node` out; false if it was not there.
    pub fn remove(&mut self, node: NodeId) -> bool {
        let bit = 1 << (node.index() % BITS);
        match self.words.get_mut(node.index() / BITS) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                true
            }
            _ => false,
        }
    }

    /// Puts `node` in or takes it out.
    pub(crate) fn assign(&mut self, node: NodeId, member: Membership) {
        // Of the many tallies that hear of a statement most have the node's word already.
        if let Some(word) = self.words.get_mut(node.index() / BITS) {
            let (bit, value) = (node.index() % BITS, u64::from(member == Membership::In));
            *word = *word & !(1 << bit) | value << bit;
            return;
        }
        match member {
            Membership::In => self.insert(node),
            Membership::Out => self.remove(node),
        };
    }

    /// Is `node` a member?
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.words
            .get(node.index() / BITS)
            .is_some_and(|word| word & (1 << (node.index() % BITS)) != 0)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Has it no member?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// How many members both sets have.
    #[must_use]
    pub fn common(&self, other: &NodeSet) -> u32 {
        self.words
            .iter()
            .zip(&other.words)
            .map(|(a, b)| (a & b).count_ones())
            .sum()
    }

    /// Is every member a member of `other` too?
    #[must_use]
    pub fn is_subset(&self, other: &NodeSet) -> bool {
        self.beyond(other).next().is_none()
    }

    /// The members that `other` does not have, ascending.
    pub fn beyond(&self, other: &NodeSet) -> impl Iterator<Item = NodeId> {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        members(
            self.words
                .iter()
                .zip(others)
                .map(|(word, with)| word & !with),
        )
    }

    /// Keeps only what `other` has too.
    pub fn intersect(&mut self, other: &NodeSet) {
        self.words.truncate(other.words.len());
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word &= with;
        }
    }

    /// Adds everything that `other` has.
    pub fn unite(&mut self, other: &NodeSet) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word |= with;
        }
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        members(self.words.iter().copied())
    }
}

fn members(words: impl Iterator<Item = u64>) -> impl Iterator<Item = NodeId> {
    words.enumerate().flat_map(|(at, word)| {
        std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|&rest| rest != 0)
            .map(move |rest| NodeId((at * BITS) as u32 + rest.trailing_zeros()))
    })
}

/// Whether a node is to be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// It is.
    In,
    /// It is not.
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
    /// Same members, however far each has grown.
    fn eq(&self, other: &NodeSet) -> bool {
        let (short, long) = if self.words.len() <= other.words.len() {
            (&self.words, &other.words)
        } else {
            (&other.words, &self.words)
        };
        long.starts_with(short) && long[short.len()..].iter().all(|&word| word == 0)
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
        #[test]
        fn it_is_a_set(a: BTreeSet<u8>, b: BTreeSet<u8>, gone: BTreeSet<u8>) {
            let nodes = |of: &BTreeSet<u8>| of.iter().map(|&n| NodeId(n.into())).collect::<NodeSet>();
            let numbers = |of: &NodeSet| of.iter().map(|n| n.0 as u8).collect::<Vec<u8>>();
            let (mut set, other) = (nodes(&a), nodes(&b));
            prop_assert_eq!(numbers(&set), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.common(&other) as usize, a.intersection(&b).count());
            for &n in &gone {
                prop_assert_eq!(set.remove(NodeId(n.into())), a.contains(&n));
            }
            let left: BTreeSet<u8> = a.difference(&gone).copied().collect();
            prop_assert_eq!(&set, &nodes(&left));
            prop_assert_eq!(set.len() as usize, left.len());
            prop_assert_eq!(set.is_empty(), left.is_empty());
            let beyond: Vec<u8> = set.beyond(&other).map(|n| n.0 as u8).collect();
            prop_assert_eq!(beyond, left.difference(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(set.is_subset(&other), left.is_subset(&b));
            let (mut both, mut either) = (set.clone(), set.clone());
            both.intersect(&other);
            either.unite(&other);
            prop_assert_eq!(numbers(&both), left.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(numbers(&either), left.union(&b).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_absurd_number_is_no_member_and_costs_nothing() {
        let mut set = NodeSet::new();
        assert!(!set.insert(NodeId(u32::MAX)));
        assert!(!set.contains(NodeId(u32::MAX)) && set.is_empty());
    }
}
