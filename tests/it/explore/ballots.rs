//! Ballot protocol from preset candidates: agreement and validity in every reachable state.

use super::local_states::{LocalId, LocalStates};
use super::search::{Bounds, Network, StateCount};
use super::symmetry::Symmetry;
use crate::scp_net::{Net, of, value};
use quorumscope::scp::{Counter, QuorumSet, Statement};
use std::collections::BTreeSet;

/// Node i has `candidates[i]` as its only candidate and is in its first ballot. An empty string means that the node has
/// no candidate yet.
///
/// To get a candidate, a node receives NOMINATEs from all others that accept the value. No other node receives them.
fn preset(locals: &mut LocalStates, candidates: &[&str]) -> Vec<LocalId> {
    let nodes = candidates.len();
    let begin = |(node, candidate): (usize, &&str)| {
        if candidate.is_empty() {
            return 0;
        }
        let mut local = locals.nominate(node, 0, candidate);
        for other in (0..nodes).filter(|&other| other != node) {
            let statement = Statement::Nominate {
                voted: vec![value(candidate)],
                accepted: vec![value(candidate)],
            };
            local = locals.receive(node, local, Net::envelope(other as u32, statement));
        }
        let slot = locals.state(node, local).slot();
        assert_eq!(slot.composite, Some(value(candidate)), "node {node}");
        assert_eq!(slot.b.map(|b| b.n), Some(1));
        local
    };
    candidates.iter().enumerate().map(begin).collect()
}

/// Searches all states that are reachable from these candidates. Only the ballot timers of the nodes in `may_time_out`
/// expire.
fn exhaust(
    sets: Vec<QuorumSet>,
    candidates: &[&str],
    counter_max: Counter,
    may_time_out: &[usize],
) -> StateCount {
    let mut locals = LocalStates::new(sets);
    let states = preset(&mut locals, candidates);
    let bounds = Bounds {
        counter_max,
        may_time_out: std::array::from_fn(|node| may_time_out.contains(&node)),
        round_max: 0,
        travel: [false, true],
    };
    let is_alike = |one: usize, other: usize| {
        candidates[one] == candidates[other]
            && bounds.may_time_out[one] == bounds.may_time_out[other]
    };
    let mut symmetry = Symmetry::new(&mut locals, &states, is_alike);
    let mut network = Network { locals, bounds };
    let proposed: BTreeSet<_> = candidates.iter().map(|text| value(text)).collect();
    let start = network.start(&states);
    network.exhaustive_search(start, &mut symmetry, |network, world, _| {
        let decided = network.decisions(world);
        assert!(decided.len() <= 1, "disagreement: {decided:?} in {world:?}");
        assert!(decided.is_subset(&proposed), "not proposed: {decided:?}");
    })
}

/// Also checks the number of states: a search that misses some must not pass for a proof.
#[track_caller]
fn check(sets: Vec<QuorumSet>, candidates: &[&str], counter_max: Counter, states: usize) {
    let all_nodes: Vec<usize> = (0..candidates.len()).collect();
    check_timeouts(sets, candidates, counter_max, &all_nodes, states);
}

#[track_caller]
fn check_timeouts(
    sets: Vec<QuorumSet>,
    candidates: &[&str],
    counter_max: Counter,
    may_time_out: &[usize],
    states: usize,
) {
    let met = exhaust(sets, candidates, counter_max, may_time_out);
    assert_eq!(met.states, states, "{met:?}");
    assert!(met.ends > 0);
}

fn pair(one: u32, other: u32) -> QuorumSet {
    of(2, &[one, other])
}

fn all(threshold: u32, nodes: u32) -> Vec<QuorumSet> {
    let members: Vec<u32> = (0..nodes).collect();
    vec![of(threshold, &members); nodes as usize]
}

#[test]
fn two_nodes_agree_in_all_reachable_states() {
    check(all(2, 2), &["a", "a"], 2, 57);
    // Neither node can change its value: only a quorum that prepares another value could cause that.
    check(all(2, 2), &["a", "b"], 2, 12);
}

#[test]
fn three_nodes_agree_in_all_reachable_states() {
    check(all(2, 3), &["a", "a", "a"], 2, 132_820);
    check(all(2, 3), &["a", "a", "b"], 2, 108_041);
    check(all(2, 3), &["a", "b", ""], 2, 88);
    check(all(2, 3), &["a", "b", "c"], 2, 1_500);
    check(
        vec![pair(0, 1), pair(0, 1), pair(1, 2)],
        &["a", "a", "b"],
        2,
        2_191,
    );
}

#[test]
fn four_nodes_agree_in_all_reachable_states() {
    check(all(3, 4), &["a", "a", "b", "b"], 2, 405_248);
    check(all(3, 4), &["a", "b", "c", ""], 2, 5_264);
    check(
        vec![pair(0, 1), pair(0, 1), pair(1, 2), pair(1, 3)],
        &["a", "a", "b", ""],
        2,
        71_428,
    );
    check(
        vec![pair(0, 1), pair(0, 1), pair(1, 2), pair(2, 3)],
        &["a", "a", "b", "b"],
        1,
        4_203,
    );
}

/// The threshold is three of four. All nodes have the same candidate, or one node has another.
#[test]
fn four_nodes_with_at_most_one_dissenter_agree_in_all_reachable_states() {
    check(all(3, 4), &["a", "a", "a", "a"], 1, 8_407_949);
    check(all(3, 4), &["a", "a", "a", "b"], 1, 1_104_984);
}

/// If two nodes may time out, the search has more than a hundred million states, even with symmetry reduction. So only
/// one node may time out here.
#[test]
fn four_nodes_agree_if_only_the_dissenter_times_out() {
    check_timeouts(all(3, 4), &["a", "a", "a", "b"], 2, &[3], 9_483_260);
}

#[test]
fn four_nodes_agree_if_only_one_node_of_the_majority_times_out() {
    check_timeouts(all(3, 4), &["a", "a", "a", "b"], 2, &[0], 7_654_589);
}
