//! Leader election of nomination rounds: selects the nodes that may propose and that other nodes echo (NOTES 20-23).

use super::driver::Driver;
use super::id::{NodeId, SlotIndex};
use super::quorum::node_set::NodeSet;
use super::quorum_set::{QuorumSet, share};
use super::value::Value;
use smallvec::SmallVec;

/// The maximum number of consecutive rounds without a new leader that are skipped. Without this limit, tiny weights
/// would make the search too long. Sane networks skip a few rounds, or a few thousand if a node trusts a thousand
/// nodes.
const SKIPPED_ROUNDS_MAX: u32 = 1 << 16;

/// The winners of a round: one, unless priorities are equal.
type Winners = SmallVec<[NodeId; 2]>;

/// Nodes with their weights.
type Weights = SmallVec<[(NodeId, u64); 8]>;

/// The inputs of an election.
pub(super) struct LeaderElection<'a, D> {
    /// The application, for its hashes and timeouts.
    pub(super) driver: &'a D,
    /// The slot.
    pub(super) slot: SlotIndex,
    /// The decision of the previous slot.
    pub(super) prev: &'a Value,
    /// The local node, which can lead, too.
    pub(super) local: NodeId,
    /// The local quorum set, if it is known.
    pub(super) set: Option<&'a QuorumSet>,
}

impl<D: Driver> LeaderElection<'_, D> {
    /// Starts the round after `round`: skips rounds without a new leader, adds the new leaders to `leaders`, and
    /// returns the round reached.
    pub(super) fn next_round(&self, round: u32, leaders: &mut NodeSet) -> u32 {
        let weights = self.weights();
        let mut winners = SmallVec::new();
        let mut round = round.saturating_add(1);
        let before = leaders.len();
        // All nodes with a weight and the local node can lead.
        for _ in 0..SKIPPED_ROUNDS_MAX {
            if leaders.len() as usize > weights.len() {
                break;
            }
            self.find_winners(round, &weights, &mut winners);
            leaders.extend(winners.iter().copied());
            if leaders.len() > before {
                break;
            }
            round = round.saturating_add(1);
        }
        round
    }

    /// The other nodes with their weights, ascending by node. A node with weight 0 cannot lead.
    fn weights(&self) -> Weights {
        let Some(set) = self.set else {
            return Weights::new();
        };
        if set.inner.is_empty() && set.validators.is_sorted_by(|a, b| a < b) {
            return self.weights_of_flat(set);
        }
        let mut weights = set.without(self.local).weights();
        weights.retain(|&(node, _)| node != self.local);
        weights.into()
    }

    /// The weights of a flat set that names no node twice. All of them are equal.
    fn weights_of_flat(&self, set: &QuorumSet) -> Weights {
        let others = set.validators.iter().filter(|&&node| node != self.local);
        let count = others.clone().count();
        let taken = set.validators.len().saturating_sub(count) as u32;
        let weight = share(u64::MAX, set.threshold.saturating_sub(taken), count);
        match weight {
            0 => Weights::new(),
            _ => others.map(|&node| (node, weight)).collect(),
        }
    }

    /// The nodes with the highest priority in `round`.
    fn find_winners(&self, round: u32, weights: &[(NodeId, u64)], winners: &mut Winners) {
        let mut best = self.priority(round, self.local);
        winners.clear();
        winners.push(self.local);
        for &(node, weight) in weights {
            let Some(priority) = self.priority_from(best.max(1), round, node, weight) else {
                continue;
            };
            if priority > best {
                best = priority;
                winners.clear();
            }
            winners.push(node);
        }
    }

    /// The priority of a neighbour if it is at least `least`. A node that is not a neighbour has no priority.
    ///
    /// Hashing dominates the cost of an election, and one failed test is enough, so the likelier failure is tested
    /// first.
    fn priority_from(&self, least: u64, round: u32, node: NodeId, weight: u64) -> Option<u64> {
        let reaches = |priority: &u64| *priority >= least;
        if weight < u64::MAX.saturating_sub(least) {
            let is_neighbour = self.is_neighbour(round, node, weight);
            let priority = is_neighbour.then(|| self.priority(round, node));
            priority.filter(reaches)
        } else {
            let priority = Some(self.priority(round, node)).filter(reaches);
            priority.filter(|_| self.is_neighbour(round, node, weight))
        }
    }

    fn is_neighbour(&self, round: u32, node: NodeId, weight: u64) -> bool {
        let (driver, slot, prev) = (self.driver, self.slot, self.prev);
        // No hash exceeds the greatest weight, so the hash is not needed.
        weight == u64::MAX || driver.neighbour_hash(slot, prev, round, node) <= weight
    }

    fn priority(&self, round: u32, node: NodeId) -> u64 {
        self.driver.priority_hash(self.slot, self.prev, round, node)
    }
}

impl QuorumSet {
    /// Every node in the set with its [`QuorumSet::weight`], ascending by node. Nodes with weight 0 are left out.
    #[must_use]
    pub fn weights(&self) -> Vec<(NodeId, u64)> {
        let mut walk = WeightWalk::default();
        walk.visit(self);
        walk.weights.sort_unstable();
        walk.weights
    }
}

/// Walks all levels from the top, in the order in which [`QuorumSet::weight`] searches them.
#[derive(Default)]
struct WeightWalk {
    /// Threshold and number of entries of each level from the top to the current one.
    path: Vec<(u32, usize)>,
    seen: NodeSet,
    weights: Vec<(NodeId, u64)>,
}

impl WeightWalk {
    fn visit(&mut self, set: &QuorumSet) {
        self.path.push((set.threshold, set.entries()));
        // All validators of one level have the same weight.
        let levels = self.path.iter().rev();
        let weight = levels.fold(u64::MAX, |of, &level| share(of, level.0, level.1));
        if weight > 0 {
            for &node in &set.validators {
                if self.seen.insert(node) {
                    self.weights.push((node, weight));
                }
            }
        }
        if self.path.len() <= QuorumSet::RECURSION_MAX as usize {
            for inner in &set.inner {
                self.visit(inner);
            }
        }
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::stub_driver::StubDriver;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Hashes with few different values, including 0 and the maximum, so that ties are common.
    struct Hashes {
        neighbour: Vec<u64>,
        priority: Vec<u64>,
    }

    impl StubDriver for Hashes {
        fn neighbour_hash(&self, node: NodeId) -> u64 {
            self.neighbour[node.index()]
        }
        fn priority_hash(&self, node: NodeId) -> u64 {
            self.priority[node.index()]
        }
    }

    const NODES: usize = 6;

    fn number() -> impl Strategy<Value = u64> {
        (0..6_u64).prop_map(|nth| {
            if nth == 5 {
                u64::MAX
            } else {
                (nth << 62) | (nth / 4)
            }
        })
    }

    proptest! {
        /// The reference computes all hashes.
        #[test]
        fn winners_are_the_neighbours_with_the_highest_priority(
            neighbour in prop::collection::vec(number(), NODES),
            priority in prop::collection::vec(number(), NODES),
            weights in prop::collection::vec(number(), NODES - 1),
        ) {
            let weights: Vec<(NodeId, u64)> = (1..).map(NodeId).zip(weights).filter(|&(_, weight)| weight > 0).collect();
            let of = |&(node, weight): &(NodeId, u64)| match neighbour[node.index()] <= weight {
                true => priority[node.index()],
                false => 0,
            };
            let best = weights.iter().map(of).max().unwrap_or(0).max(priority[0]);
            let mut expected: BTreeSet<NodeId> =
                weights.iter().filter(|entry| of(entry) == best && best > 0).map(|&(node, _)| node).collect();
            if priority[0] == best {
                expected.insert(NodeId(0));
            }
            let driver = Hashes { neighbour, priority };
            let prev = Value::from("");
            let local = NodeId(0);
            let election = LeaderElection { driver: &driver, slot: SlotIndex(1), prev: &prev, local, set: None };
            let mut winners = Winners::new();
            election.find_winners(1, &weights, &mut winners);
            prop_assert_eq!(winners.iter().copied().collect::<BTreeSet<_>>(), expected);
        }
    }

    #[test]
    fn the_walk_gives_the_same_weights_as_single_queries() {
        let leaf = |t, nodes: &[u32]| QuorumSet::flat(t, nodes.iter().map(|&n| NodeId(n)));
        let set = QuorumSet {
            threshold: 2,
            validators: vec![NodeId(9), NodeId(1)],
            inner: vec![
                leaf(2, &[2, 3, 4]),
                leaf(0, &[5]),
                QuorumSet {
                    threshold: 1,
                    validators: vec![NodeId(5), NodeId(2)],
                    inner: vec![leaf(2, &[6, 7])],
                },
            ],
        };
        let weights = set.weights();
        assert_eq!(weights.len(), 8);
        for (node, weight) in weights {
            assert_eq!(weight, set.weight(node), "{node:?}");
        }
    }
}
