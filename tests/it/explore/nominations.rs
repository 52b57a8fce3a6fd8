//! Nomination from different proposals: only proposed values are nominated, and once everything has arrived all nodes
//! have the same candidates.

use super::local_states::{LocalId, LocalStates};
use super::search::{Bounds, NODES_MAX, Network, StateCount};
use super::symmetry::Symmetry;
use crate::scp_net::{of, value};
use quorumscope::scp::{QuorumSet, Value};
use std::collections::BTreeSet;

/// Node i proposes `proposals[i]`. Ballot statements do not travel.
fn exhaust(sets: Vec<QuorumSet>, proposals: &[&str], round_max: u32) -> StateCount {
    let mut locals = LocalStates::new(sets);
    let begin = |(node, proposal): (usize, &&str)| locals.nominate(node, 0, proposal);
    let states: Vec<LocalId> = proposals.iter().enumerate().map(begin).collect();
    let bounds = Bounds {
        counter_max: 0,
        may_time_out: [true; NODES_MAX],
        round_max,
        travel: [true, false],
    };
    let mut network = Network { locals, bounds };
    let proposed: BTreeSet<Value> = proposals.iter().map(|text| value(text)).collect();
    let start = network.start(&states);
    // Leaders depend on node numbers, so there is no symmetry.
    network.exhaustive_search(start, &mut Symmetry::default(), |network, world, is_end| {
        let slots: Vec<_> = (0..proposals.len())
            .map(|node| network.state(world, node).slot())
            .collect();
        for slot in &slots {
            assert!(slot.voted.is_subset(&proposed) && slot.accepted.is_subset(&slot.voted));
            assert!(slot.candidates.is_subset(&slot.accepted));
        }
        if is_end {
            let with_candidates = slots.iter().filter(|slot| !slot.candidates.is_empty());
            let sets: BTreeSet<_> = with_candidates.map(|slot| &slot.candidates).collect();
            assert!(
                sets.len() <= 1,
                "they end with different candidates: {sets:?}"
            );
        }
    })
}

#[track_caller]
fn check(sets: Vec<QuorumSet>, proposals: &[&str], round_max: u32, states: usize) {
    let met = exhaust(sets, proposals, round_max);
    assert_eq!(met.states, states, "{met:?}");
    assert!(met.ends > 0);
}

fn all(threshold: u32, nodes: u32) -> Vec<QuorumSet> {
    let members: Vec<u32> = (0..nodes).collect();
    vec![of(threshold, &members); nodes as usize]
}

#[test]
fn nomination_gives_equal_candidates_in_all_final_states() {
    check(all(2, 2), &["a", "b"], 3, 34);
    check(all(2, 3), &["a", "b", "a"], 2, 7_337);
    check(all(2, 3), &["a", "b", "b"], 3, 58_049);
    check(all(3, 4), &["a", "b", "a", "b"], 1, 62_110);
}
