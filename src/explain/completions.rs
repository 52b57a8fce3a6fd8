//! Completions of a quorum set: the smallest sets of further nodes that complete a slice, or a v-blocking set.
//!
//! A sane quorum set names each node once, so the completions of its entries are disjoint and their sizes add up. The
//! recursion keeps the smallest ones of each entry and counts all.

use crate::scp::{NodeId, NodeSet, QuorumSet};

/// Most completions that are kept.
pub(super) const KEPT_MAX: usize = 24;

/// The set of nodes that is to be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A slice.
    Slice,
    /// A v-blocking set.
    VBlocking,
}

/// The smallest minimal completions, smallest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Completions {
    pub(super) smallest: Vec<Vec<NodeId>>,
    /// The number of all minimal completions; saturating.
    pub(super) count: u64,
}

impl Completions {
    fn nothing_missing() -> Completions {
        Completions {
            smallest: vec![Vec::new()],
            count: 1,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.smallest.as_slice(), [only] if only.is_empty())
    }

    /// The unions of one completion of each.
    fn joined(&self, other: &Completions) -> Completions {
        let both = |a: &Vec<NodeId>| {
            let joined = |b: &Vec<NodeId>| a.iter().chain(b).copied().collect();
            other.smallest.iter().map(joined).collect::<Vec<_>>()
        };
        let mut all = Completions {
            smallest: self.smallest.iter().flat_map(both).collect(),
            count: self.count.saturating_mul(other.count),
        };
        all.cut();
        all
    }

    fn add(&mut self, other: Completions) {
        self.smallest.extend(other.smallest);
        self.count = self.count.saturating_add(other.count);
        self.cut();
    }

    fn cut(&mut self) {
        self.smallest.sort_by_key(Vec::len);
        self.smallest.truncate(KEPT_MAX);
    }
}

/// The smallest sets of `candidates` that, with `present`, reach the goal for `set`. None if all candidates together do
/// not.
pub(super) fn completions(
    set: &QuorumSet,
    goal: Goal,
    present: &NodeSet,
    candidates: &NodeSet,
) -> Completions {
    let wanted = match goal {
        _ if set.threshold == 0 => return Completions::default(),
        Goal::Slice => set.threshold as usize,
        Goal::VBlocking => set.entries().saturating_sub(set.threshold as usize) + 1,
    };
    let of_node = |node: &NodeId| match (present.contains(*node), candidates.contains(*node)) {
        (true, _) => Completions::nothing_missing(),
        (false, true) => Completions {
            smallest: vec![vec![*node]],
            count: 1,
        },
        (false, false) => Completions::default(),
    };
    let nodes = set.validators.iter().map(of_node);
    let inner = set
        .inner
        .iter()
        .map(|inner| completions(inner, goal, present, candidates));
    let (done, open): (Vec<_>, Vec<_>) = nodes.chain(inner).partition(Completions::is_done);
    let missing = wanted.saturating_sub(done.len());
    if missing == 0 {
        return Completions::nothing_missing();
    }
    choose(missing, open.iter().filter(|entry| entry.count > 0))
}

/// The completions of exactly `missing` of the entries.
fn choose<'a>(missing: usize, entries: impl Iterator<Item = &'a Completions>) -> Completions {
    // By number of entries completed so far.
    let mut chosen = vec![Completions::default(); missing + 1];
    chosen[0] = Completions::nothing_missing();
    for entry in entries {
        for count in (0..missing).rev() {
            if chosen[count].count > 0 {
                let joined = chosen[count].joined(entry);
                chosen[count + 1].add(joined);
            }
        }
    }
    let mut complete = chosen.pop().unwrap_or_default();
    for nodes in &mut complete.smallest {
        nodes.sort_unstable();
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODES: u32 = 7;

    fn nodes(bits: u32) -> NodeSet {
        (0..NODES)
            .filter(|n| bits >> n & 1 == 1)
            .map(NodeId)
            .collect()
    }

    /// Nested sets that name each node at most once.
    fn sane_set() -> impl Strategy<Value = QuorumSet> {
        let parts = prop::collection::vec(0..4_usize, NODES as usize);
        (parts, prop::collection::vec(0..9_u32, 3)).prop_map(|(parts, thresholds)| {
            let of = |part| {
                let named = (0..NODES).filter(|n| parts[*n as usize] == part);
                named.map(NodeId).collect::<Vec<_>>()
            };
            let level =
                |validators: Vec<NodeId>, inner: Vec<QuorumSet>, threshold: u32| QuorumSet {
                    threshold: 1 + threshold % (validators.len() + inner.len()).max(1) as u32,
                    validators,
                    inner,
                };
            let inner = [(1, thresholds[1]), (2, thresholds[2])];
            let inner = inner.map(|(part, threshold)| level(of(part), vec![], threshold));
            let inner = inner.into_iter().filter(|set| set.entries() > 0).collect();
            level(of(0), inner, thresholds[0])
        })
    }

    proptest! {
        #[test]
        fn completions_are_the_minimal_sets(
            set in sane_set(), present in 0..1_u32 << NODES, pool in 0..1_u32 << NODES, blocks: bool,
        ) {
            let goal = if blocks { Goal::VBlocking } else { Goal::Slice };
            let reaches = |bits: u32| {
                let all = nodes(bits | present);
                if blocks { set.is_v_blocking(&all) } else { set.is_slice(&all) }
            };
            let pool = pool & !present;
            let within = (0..1_u32 << NODES).filter(|bits| bits & !pool == 0);
            let is_minimal = |bits: &u32| {
                reaches(*bits) && (0..NODES).all(|n| bits >> n & 1 == 0 || !reaches(bits & !(1 << n)))
            };
            let mut expected: Vec<Vec<NodeId>> =
                within.filter(is_minimal).map(|bits| nodes(bits).iter().collect()).collect();
            let found = completions(&set, goal, &nodes(present), &nodes(pool));
            prop_assert_eq!(found.count, expected.len() as u64);
            prop_assert!(found.smallest.is_sorted_by_key(Vec::len));
            if expected.len() <= KEPT_MAX {
                let mut smallest = found.smallest;
                smallest.sort();
                expected.sort();
                prop_assert_eq!(smallest, expected);
            } else {
                expected.sort_by_key(Vec::len);
                let sizes = |sets: &[Vec<NodeId>]| sets.iter().take(KEPT_MAX).map(Vec::len).collect::<Vec<_>>();
                prop_assert_eq!(sizes(&found.smallest), sizes(&expected));
            }
        }
    }
}
