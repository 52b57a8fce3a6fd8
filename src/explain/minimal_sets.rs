//! Minimal sets of nodes with a property that larger sets keep, smallest first.
//!
//! The search is Reiter's hitting-set tree (1987), breadth first. A set N that lacks the property and cannot grow
//! without gaining it gives a conflict: each set with the property contains a node outside N. So the children of a set
//! add one node of a conflict each, and every minimal set of size k is found at depth k.

use crate::scp::{NodeId, NodeSet};
use std::collections::{BTreeSet, VecDeque};

/// Most sets that an explanation lists.
pub(super) const LISTED_MAX: usize = 8;
/// Most tests of the property in one search.
const TESTS_MAX: usize = 4_000;
/// Most minimal sets that a search counts.
const COUNTED_MAX: usize = 512;

/// Minimal sets of nodes, smallest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinimalSets {
    /// The smallest ones, each ascending.
    pub sets: Vec<Vec<NodeId>>,
    /// How many others exist at least.
    pub more: u64,
}

impl MinimalSets {
    /// The first [`LISTED_MAX`] of `found`, smallest first. `total` is the number of all minimal sets.
    pub(super) fn of(mut found: Vec<Vec<NodeId>>, total: u64) -> MinimalSets {
        found.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        found.dedup();
        let total = total.max(found.len() as u64);
        found.truncate(LISTED_MAX);
        MinimalSets {
            more: total - found.len() as u64,
            sets: found,
        }
    }

    /// Whether there is no such set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}

/// All minimal subsets of `candidates` for which `holds`. If the search is cut off, those found so far; at least one if
/// any exists.
pub(super) fn minimal_sets(
    candidates: &NodeSet,
    mut holds: impl FnMut(&NodeSet) -> bool,
) -> MinimalSets {
    if !holds(candidates) {
        return MinimalSets::default();
    }
    let mut search = Search {
        candidates,
        tests: 0,
        found: Vec::new(),
        seen: BTreeSet::new(),
        queue: VecDeque::from([NodeSet::new()]),
    };
    while let Some(path) = search.queue.pop_front() {
        if search.tests > TESTS_MAX || search.found.len() >= COUNTED_MAX {
            break;
        }
        search.visit(path, &mut holds);
    }
    let mut found: Vec<Vec<NodeId>> = search.found.iter().map(members).collect();
    if found.is_empty() {
        found.push(members(&shrunk(
            candidates.clone(),
            &NodeSet::new(),
            &mut holds,
        )));
    }
    let total = found.len() as u64;
    MinimalSets::of(found, total)
}

struct Search<'a> {
    candidates: &'a NodeSet,
    tests: usize,
    found: Vec<NodeSet>,
    seen: BTreeSet<Vec<NodeId>>,
    /// Sets to visit, smallest first.
    queue: VecDeque<NodeSet>,
}

impl Search<'_> {
    fn visit(&mut self, path: NodeSet, holds: &mut impl FnMut(&NodeSet) -> bool) {
        if self.found.iter().any(|found| found.is_subset(&path)) {
            return;
        }
        self.tests += 1;
        if holds(&path) {
            self.found.push(path);
            return;
        }
        let mut grown = path.clone();
        let mut conflict = Vec::new();
        for node in self.candidates.difference(&path) {
            grown.insert(node);
            self.tests += 1;
            if holds(&grown) {
                grown.remove(node);
                conflict.push(node);
            }
        }
        for node in conflict {
            let mut child = path.clone();
            child.insert(node);
            if self.seen.insert(members(&child)) {
                self.queue.push_back(child);
            }
        }
    }
}

/// A minimal subset of `nodes`, which must have the property. Removes the nodes outside `preferred` first.
pub(super) fn shrunk(
    mut nodes: NodeSet,
    preferred: &NodeSet,
    holds: &mut impl FnMut(&NodeSet) -> bool,
) -> NodeSet {
    let (kept, others): (Vec<NodeId>, Vec<NodeId>) = {
        let all: Vec<NodeId> = nodes.iter().collect();
        all.into_iter()
            .rev()
            .partition(|node| preferred.contains(*node))
    };
    for node in others.into_iter().chain(kept) {
        nodes.remove(node);
        if !holds(&nodes) {
            nodes.insert(node);
        }
    }
    nodes
}

pub(super) fn members(nodes: &NodeSet) -> Vec<NodeId> {
    nodes.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nodes(bits: u32) -> NodeSet {
        (0..8).filter(|n| bits >> n & 1 == 1).map(NodeId).collect()
    }

    proptest! {
        /// The property is to contain one of the given sets.
        #[test]
        fn all_minimal_sets_are_found(given in prop::collection::vec(1..256_u32, 1..6), pool in 0..256_u32) {
            let holds = |set: &NodeSet| given.iter().any(|bits| nodes(*bits).is_subset(set));
            let within: Vec<u32> = given.iter().copied().filter(|bits| bits & !pool == 0).collect();
            let is_minimal = |bits: &&u32| !within.iter().any(|other| other != *bits && other & !**bits == 0);
            let mut expected: Vec<Vec<NodeId>> =
                within.iter().filter(is_minimal).map(|bits| members(&nodes(*bits))).collect();
            expected.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
            expected.dedup();
            let found = minimal_sets(&nodes(pool), holds);
            prop_assert_eq!(found.sets, expected);
            prop_assert_eq!(found.more, 0);
        }
    }
}
