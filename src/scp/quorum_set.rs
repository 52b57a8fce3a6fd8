//! Quorum sets: the nodes that a node trusts, as nested thresholds.
//!
//! The protocol tests slices and v-blocking sets millions of times, for which it uses compiled sets.

use super::id::NodeId;
use super::quorum::node_set::NodeSet;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A set that is satisfied when at least `threshold` of its entries (validators and inner sets) are satisfied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumSet {
    /// The number of entries that must be satisfied.
    pub threshold: u32,
    /// Nodes named directly.
    pub validators: Vec<NodeId>,
    /// Nested sets. Each counts as one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<QuorumSet>,
}

/// Why a quorum set is not sane (NOTES 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuorumSetError {
    /// A threshold is 0.
    ThresholdZero,
    /// A threshold is higher than the number of entries.
    ThresholdTooHigh,
    /// A node is named twice.
    NodeTwice(NodeId),
    /// It is nested deeper than [`QuorumSet::DEPTH_MAX`].
    TooDeep,
    /// It names no node.
    Empty,
    /// It names more nodes than [`QuorumSet::NODES_MAX`].
    TooManyNodes,
}

impl QuorumSetError {
    /// The message for users. `name` returns the name of a node.
    #[must_use]
    pub fn to_text(self, name: impl FnOnce(NodeId) -> String) -> String {
        match self {
            QuorumSetError::ThresholdZero | QuorumSetError::ThresholdTooHigh => {
                "a threshold lies outside 1 to the number of entries that it counts".to_owned()
            }
            QuorumSetError::NodeTwice(node) => {
                let name = name(node);
                format!("it names {name} twice, expected each node at most once")
            }
            QuorumSetError::TooDeep => {
                format!(
                    "expected at most {} levels of inner sets",
                    QuorumSet::DEPTH_MAX
                )
            }
            QuorumSetError::Empty => "expected at least one node in it".to_owned(),
            QuorumSetError::TooManyNodes => {
                format!("expected at most {} nodes in it", QuorumSet::NODES_MAX)
            }
        }
    }
}

impl QuorumSet {
    /// The maximum number of levels below the top (NOTES 9; the draft allows 2).
    pub const DEPTH_MAX: u32 = 4;
    /// The maximum number of nodes that a set may name (NOTES 9).
    pub const NODES_MAX: usize = 1000;
    /// Levels below this depth are ignored, which bounds recursion. It is far above [`QuorumSet::DEPTH_MAX`].
    pub(super) const RECURSION_MAX: u32 = 150;

    /// A set without inner sets.
    #[must_use]
    pub fn flat(threshold: u32, validators: impl IntoIterator<Item = NodeId>) -> QuorumSet {
        QuorumSet {
            threshold,
            validators: validators.into_iter().collect(),
            inner: Vec::new(),
        }
    }

    /// Checks whether a statement may name this set (NOTES 9).
    ///
    /// # Errors
    /// The first defect found.
    pub fn check_sane(&self) -> Result<(), QuorumSetError> {
        let mut seen = NodeSet::new();
        let mut count = 0;
        self.check_level(0, &mut seen, &mut count)?;
        match count {
            0 => Err(QuorumSetError::Empty),
            1..=QuorumSet::NODES_MAX => Ok(()),
            _ => Err(QuorumSetError::TooManyNodes),
        }
    }

    fn check_level(
        &self,
        depth: u32,
        seen: &mut NodeSet,
        count: &mut usize,
    ) -> Result<(), QuorumSetError> {
        if depth > QuorumSet::DEPTH_MAX {
            return Err(QuorumSetError::TooDeep);
        }
        if self.threshold == 0 {
            return Err(QuorumSetError::ThresholdZero);
        }
        if self.threshold as usize > self.entries() {
            return Err(QuorumSetError::ThresholdTooHigh);
        }
        *count = count.saturating_add(self.validators.len());
        for &node in &self.validators {
            if node.0 < NodeId::LIMIT && !seen.insert(node) {
                return Err(QuorumSetError::NodeTwice(node));
            }
        }
        self.inner
            .iter()
            .try_for_each(|inner| inner.check_level(depth.saturating_add(1), seen, count))
    }

    /// Whether every level demands more than half of its entries. Then any two slices of the set have a common node.
    /// The protocol does not require majorities, but a configuration should.
    #[must_use]
    pub fn demands_majorities(&self) -> bool {
        (self.threshold as usize).saturating_mul(2) > self.entries()
            && self.inner.iter().all(QuorumSet::demands_majorities)
    }

    /// The number of entries at this level.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.validators.len().saturating_add(self.inner.len())
    }

    /// Whether `nodes` contain a slice.
    #[must_use]
    pub fn is_slice(&self, nodes: &NodeSet) -> bool {
        self.reaches(nodes, 0, |level| level.threshold)
    }

    /// Whether `nodes` are v-blocking, which means that they hit every slice.
    #[must_use]
    pub fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        self.reaches(nodes, 0, QuorumSet::blocking)
    }

    /// The number of entries that a v-blocking set must hit at this level; 0 if no set is v-blocking.
    pub(super) fn blocking(&self) -> u32 {
        let count = u32::try_from(self.entries()).unwrap_or(u32::MAX);
        match self.threshold {
            0 => 0,
            threshold => count.saturating_sub(threshold).saturating_add(1),
        }
    }

    /// Whether `nodes` hit at least `wanted` entries (more than 0) of this level, and likewise of the inner sets.
    fn reaches(&self, nodes: &NodeSet, depth: u32, wanted: fn(&QuorumSet) -> u32) -> bool {
        let wanted_here = wanted(self) as usize;
        let inner = match depth < QuorumSet::RECURSION_MAX {
            true => self.inner.as_slice(),
            false => &[],
        };
        let nodes_hit = self.validators.iter().filter(|&&node| nodes.contains(node));
        let inner_hit = inner
            .iter()
            .filter(|inner| inner.reaches(nodes, depth.saturating_add(1), wanted));
        let hit = nodes_hit.map(drop).chain(inner_hit.map(drop));
        wanted_here > 0 && hit.take(wanted_here).count() == wanted_here
    }

    /// The normal form: an inner set of a single node becomes a validator, a level that only wraps one set is dropped,
    /// and all levels are sorted.
    #[must_use]
    pub fn normalised(&self) -> QuorumSet {
        let mut set = self.simplified(None, 0);
        set.sort();
        set
    }

    /// The normal form without `node`, which counts as present: the threshold of each level that names it is lowered.
    #[must_use]
    pub fn without(&self, node: NodeId) -> QuorumSet {
        let mut set = self.simplified(Some(node), 0);
        set.sort();
        set
    }

    fn simplified(&self, removed: Option<NodeId>, depth: u32) -> QuorumSet {
        let mut validators: Vec<NodeId> = self.validators.clone();
        validators.retain(|&node| Some(node) != removed);
        let taken = self.validators.len().saturating_sub(validators.len());
        let mut inner = Vec::new();
        if depth < QuorumSet::RECURSION_MAX {
            for set in &self.inner {
                let set = set.simplified(removed, depth.saturating_add(1));
                match (set.threshold, set.validators.as_slice()) {
                    (1, &[single]) if set.inner.is_empty() => validators.push(single),
                    _ => inner.push(set),
                }
            }
        }
        let threshold = self.threshold.saturating_sub(taken as u32);
        if threshold == 1
            && validators.is_empty()
            && inner.len() == 1
            && let Some(only) = inner.pop()
        {
            return only;
        }
        QuorumSet {
            threshold,
            validators,
            inner,
        }
    }

    /// Sorts every level by validators, then inner sets, then threshold.
    fn sort(&mut self) {
        self.validators.sort_unstable();
        for set in &mut self.inner {
            set.sort();
        }
        self.inner.sort_by(QuorumSet::normal_order);
    }

    /// The order of sets in a normal form. It differs from the order of `Ord`.
    fn normal_order(&self, other: &QuorumSet) -> Ordering {
        let inner = |a: &QuorumSet, b: &QuorumSet| {
            let pairs = a.inner.iter().zip(&b.inner);
            pairs
                .map(|(a, b)| a.normal_order(b))
                .find(|order| order.is_ne())
                .unwrap_or(a.inner.len().cmp(&b.inner.len()))
        };
        (self.validators.cmp(&other.validators))
            .then_with(|| inner(self, other))
            .then(self.threshold.cmp(&other.threshold))
    }

    /// The fraction of slices that contain `node`, scaled to `u64::MAX` and rounded up at each level from the
    /// innermost. Only the first occurrence of the node counts (NOTES 20).
    #[must_use]
    pub fn weight(&self, node: NodeId) -> u64 {
        self.weight_below(node, 0)
    }

    fn weight_below(&self, node: NodeId, depth: u32) -> u64 {
        let share = |of: u64| share(of, self.threshold, self.entries());
        if self.validators.contains(&node) {
            return share(u64::MAX);
        }
        if depth >= QuorumSet::RECURSION_MAX {
            return 0;
        }
        self.inner
            .iter()
            .map(|set| set.weight_below(node, depth.saturating_add(1)))
            .find(|&weight| weight > 0)
            .map_or(0, share)
    }

    /// Every node in the set, at any level.
    #[must_use]
    pub fn nodes(&self) -> NodeSet {
        let mut nodes = NodeSet::new();
        self.collect_nodes(&mut nodes, 0);
        nodes
    }

    fn collect_nodes(&self, nodes: &mut NodeSet, depth: u32) {
        nodes.extend(self.validators.iter().copied());
        if depth < QuorumSet::RECURSION_MAX {
            for set in &self.inner {
                set.collect_nodes(nodes, depth.saturating_add(1));
            }
        }
    }
}

/// `of * threshold / entries`, rounded up: the share of slices that each entry is in.
pub(super) fn share(of: u64, threshold: u32, entries: usize) -> u64 {
    let exact = u128::from(of).saturating_mul(u128::from(threshold));
    u64::try_from(exact.div_ceil(entries.max(1) as u128)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(numbers: &[u32]) -> NodeSet {
        numbers.iter().map(|&n| NodeId(n)).collect()
    }

    fn flat(threshold: u32, numbers: &[u32]) -> QuorumSet {
        QuorumSet::flat(threshold, numbers.iter().map(|&n| NodeId(n)))
    }

    #[test]
    fn three_of_four_is_blocked_by_two() {
        let set = flat(3, &[0, 1, 2, 3]);
        assert!(set.is_slice(&nodes(&[0, 1, 2])) && !set.is_slice(&nodes(&[0, 1])));
        assert!(set.is_v_blocking(&nodes(&[1, 3])) && !set.is_v_blocking(&nodes(&[3, 9])));
        assert_eq!(set.weight(NodeId(3)), u64::MAX / 4 * 3 + 3);
    }

    #[test]
    fn normal_form_unwraps_and_sorts() {
        let set = QuorumSet {
            threshold: 1,
            validators: vec![],
            inner: vec![QuorumSet {
                threshold: 2,
                validators: vec![NodeId(5), NodeId(1)],
                inner: vec![flat(1, &[3])],
            }],
        };
        assert_eq!(set.normalised(), flat(2, &[1, 3, 5]));
        assert_eq!(set.without(NodeId(3)).threshold, 2);
        assert_eq!(flat(2, &[1, 3, 5]).without(NodeId(3)), flat(1, &[1, 5]));
    }

    #[test]
    fn a_set_nested_2000_levels_deep_does_not_overflow_the_stack() {
        let mut set = flat(1, &[0]);
        for _ in 0..2000 {
            set = QuorumSet {
                threshold: 1,
                validators: vec![],
                inner: vec![set],
            };
        }
        assert_eq!(set.check_sane(), Err(QuorumSetError::TooDeep));
        assert!(!set.is_slice(&nodes(&[0])));
        assert!(set.weight(NodeId(0)) == 0 && set.nodes().is_empty());
        assert!(set.normalised().nodes().is_empty());
    }
}
