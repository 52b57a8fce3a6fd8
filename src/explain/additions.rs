//! Additions: the smallest sets of further nodes with which a rule of federated voting applies.

use super::completions::{Completions, Goal, completions};
use super::minimal_sets::{MinimalSets, members, minimal_sets, shrunk};
use crate::scp::{Electorate, NodeId, NodeSet, QuorumSet};

/// Up to this many candidates all sets are searched if quorum sets differ.
pub(super) const SEARCHED_MAX: u32 = 14;

/// Most completions of the node's own set that are extended to a quorum. Each one takes as many searches as there are
/// candidates.
const EXTENDED_MAX: usize = 4;

/// The minimal sets of `candidates` with which `present` contain a quorum. `seed` is a quorum set that such a quorum
/// satisfies: that of the node itself.
///
/// Smallest first. With many candidates and different quorum sets this holds among the sets that complete `seed`; a
/// larger set that satisfies the other members, too, need not be the smallest one.
pub(super) fn quorum_additions(
    electorate: &Electorate,
    seed: &QuorumSet,
    present: &NodeSet,
    candidates: &NodeSet,
) -> MinimalSets {
    let mut holds = |added: &NodeSet| {
        let mut all = present.clone();
        all.union_with(added);
        electorate.greatest_quorum(&all).is_some()
    };
    if !holds(candidates) {
        return MinimalSets::default();
    }
    let Completions { smallest, count } = completions(seed, Goal::Slice, present, candidates);
    let as_sets = smallest.iter().map(|nodes| nodes.iter().copied().collect());
    let complete: Vec<NodeSet> = as_sets.collect();
    if complete.iter().all(&mut holds) {
        return MinimalSets::of(smallest, count);
    }
    if candidates.len() <= SEARCHED_MAX {
        return minimal_sets(candidates, holds);
    }
    let seeds = complete.iter().take(EXTENDED_MAX);
    let extended = seeds.map(|nodes| match holds(nodes) {
        true => members(nodes),
        false => members(&shrunk(candidates.clone(), nodes, &mut holds)),
    });
    let found: Vec<Vec<NodeId>> = extended.collect();
    MinimalSets::of(found, 0)
}

/// The minimal sets of `candidates` with which `present` are v-blocking for a node with the quorum set `local`, except
/// those for which `is_minimal` is false.
pub(super) fn blocking_additions(
    local: &QuorumSet,
    present: &NodeSet,
    candidates: &NodeSet,
    is_minimal: impl Fn(&[NodeId]) -> bool,
) -> MinimalSets {
    let Completions {
        mut smallest,
        count,
    } = completions(local, Goal::VBlocking, present, candidates);
    let kept = smallest.len();
    smallest.retain(|nodes| is_minimal(nodes));
    let dropped = (kept - smallest.len()) as u64;
    MinimalSets::of(smallest, count - dropped)
}
