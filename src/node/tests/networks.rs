//! Tests of quorum configurations with known behaviour, with the `Choice` application.

use super::test_net::{Net, fixed, settings};
use super::{Application, NodeConfig, Threshold, fixed_nodes};
use crate::scp::{NodeId, QuorumSet, Value};
use crate::time::Span;
use std::collections::BTreeSet;

fn flat(threshold: u32, nodes: &[u32]) -> QuorumSet {
    QuorumSet::flat(threshold, nodes.iter().map(|&node| NodeId(node)))
}

/// Each slice contains the node itself and `threshold` of `nodes`.
fn with_self(id: u32, threshold: u32, nodes: &[u32]) -> QuorumSet {
    QuorumSet {
        threshold: 2,
        validators: vec![NodeId(id)],
        inner: vec![flat(threshold, nodes)],
    }
}

/// Nodes with these quorum sets and these initial values, for one slot.
fn choosers(sets: &[QuorumSet], values: &[&str]) -> Vec<NodeConfig> {
    let settings = settings(Application::Choice);
    sets.iter()
        .zip(values.iter().cycle())
        .enumerate()
        .map(|(id, (set, value))| NodeConfig {
            initial_value: Some(Value::from(*value)),
            ..fixed(id, set, &settings)
        })
        .collect()
}

/// The decided values; `None` if a node has not decided.
fn decided(net: &Net, nodes: &[u32]) -> Option<BTreeSet<Value>> {
    nodes
        .iter()
        .map(|&id| net.log(id).first().cloned())
        .collect()
}

fn assert_agreed(net: &Net, nodes: &[u32]) {
    assert_eq!(decided(net, nodes).map(|values| values.len()), Some(1));
}

fn assert_undecided(net: &Net, nodes: &[u32]) {
    assert!(nodes.iter().all(|&id| net.log(id).is_empty()));
}

#[test]
fn one_sided_trust_follows_the_only_quorum() {
    let core = flat(3, &[1, 2, 3]);
    let sets = [flat(3, &[0, 1, 2]), core.clone(), core.clone(), core];
    let mut net = Net::new(choosers(&sets, &["0", "1"]));
    net.run_until(60_000);
    assert_agreed(&net, &[0, 1, 2, 3]);
    let mut net = Net::new(choosers(&sets, &["0", "1"]));
    net.crash(3);
    net.run_until(60_000);
    assert_undecided(&net, &[0, 1, 2]);
}

fn tiers() -> Vec<QuorumSet> {
    let top = [0, 1, 2, 3];
    let mut sets = vec![flat(3, &top); 4];
    sets.extend((4..8).map(|id| with_self(id, 2, &top)));
    sets.extend((8..10).map(|id| with_self(id, 2, &[4, 5, 6, 7])));
    sets
}

#[test]
fn lower_tiers_follow_the_top_tier() {
    let mut net = Net::new(choosers(&tiers(), &["0", "1", "2"]));
    net.run_until(60_000);
    assert_agreed(&net, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let mut net = Net::new(choosers(&tiers(), &["0", "1", "2"]));
    net.crash(2);
    net.run_until(60_000);
    assert_agreed(&net, &[0, 1, 3, 4, 5, 6, 7, 8, 9]);
    let mut net = Net::new(choosers(&tiers(), &["0", "1", "2"]));
    net.crash(2);
    net.crash(0);
    net.run_until(60_000);
    assert_undecided(&net, &[1, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_ring_of_quorum_sets_needs_every_node() {
    let sets: Vec<QuorumSet> = (0..6).map(|id| flat(2, &[id, (id + 1) % 6])).collect();
    let mut net = Net::new(choosers(&sets, &["0", "1"]));
    net.run_until(120_000);
    assert_agreed(&net, &[0, 1, 2, 3, 4, 5]);
    let mut net = Net::new(choosers(&sets, &["0", "1"]));
    net.crash(4);
    net.run_until(60_000);
    assert_undecided(&net, &[0, 1, 2, 3, 5]);
}

#[test]
fn disjoint_quorums_decide_independently() {
    let mut sets = vec![flat(3, &[0, 1, 2]); 3];
    sets.extend(vec![flat(3, &[3, 4, 5]); 3]);
    let values = ["0", "0", "0", "1", "1", "1"];
    let mut net = Net::new(choosers(&sets, &values));
    net.run_until(60_000);
    let all = decided(&net, &[0, 1, 2, 3, 4, 5]);
    assert_eq!(all, Some([Value::from("0"), Value::from("1")].into()));
}

#[test]
fn a_node_in_every_slice_that_trusts_only_itself_dictates_the_value() {
    let mut sets = vec![flat(4, &[0, 1, 2, 6]); 3];
    sets.extend(vec![flat(4, &[3, 4, 5, 6]); 3]);
    sets.push(flat(1, &[6]));
    let mut net = Net::new(choosers(&sets, &["0", "0", "0", "1", "1", "1", "2"]));
    net.run_until(60_000);
    let all = decided(&net, &[0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(all, Some([Value::from("2")].into()));
    net.crash(6);
    net.run_until(61_000);
    net.restart(6);
    net.propose(0, super::Content::Choice(Value::from("3")));
    net.run_until(200_000);
    assert!((0..7).all(|id| net.log(id).len() == 2));
}

#[test]
fn two_crashes_stop_a_threshold_of_four_of_five_and_not_of_three() {
    for (threshold, goes_on) in [(4, false), (3, true)] {
        let sets = vec![flat(threshold, &[0, 1, 2, 3, 4]); 5];
        let mut net = Net::new(choosers(&sets, &["0", "1"]));
        net.crash(0);
        net.crash(3);
        net.run_until(60_000);
        if goes_on {
            assert_agreed(&net, &[1, 2, 4]);
        } else {
            assert_undecided(&net, &[1, 2, 4]);
        }
    }
}

#[test]
fn slow_links_between_disjoint_quorums_cause_a_fork_without_byzantine_nodes() {
    let sets = vec![flat(2, &[0, 1, 2, 3, 4]); 5];
    let mut net = Net::new(choosers(
        &sets,
        &["pizza", "pizza", "burger", "burger", "burger"],
    ));
    net.latency = Box::new(|a, b| Span::from_ms(if (a.0 < 2) == (b.0 < 2) { 50 } else { 20_000 }));
    net.run_until(100_000);
    assert_eq!(decided(&net, &[0, 1]), Some([Value::from("pizza")].into()));
    assert_eq!(
        decided(&net, &[2, 3, 4]),
        Some([Value::from("burger")].into())
    );
}

#[test]
fn a_larger_network_agrees() {
    let settings = settings(Application::Choice);
    let mut configs = fixed_nodes(Threshold::TwoThirds.of(25), 25, &settings);
    for (id, config) in configs.iter_mut().enumerate() {
        config.initial_value = Some(Value::from(format!("{}", id % 7).as_str()));
    }
    let mut net = Net::new(configs);
    net.run_until(60_000);
    let all: Vec<u32> = (0..25).collect();
    assert_agreed(&net, &all);
}
