//! Availability compared with all sets of nodes.

use super::definitions::{Nodes, satisfied};
use super::random_network::story;
use crate::runs::built_in;
use proptest::prelude::*;
use quorumscope::explain::availability::{Availability, AvailabilityCheck};
use quorumscope::net::Position;
use quorumscope::node::{NodeConfig, Peer, TrustPolicy};
use quorumscope::scenario::Action;
use quorumscope::scp::{NodeId, QuorumSet};
use quorumscope::time::Time;
use quorumscope::trace::outcome::deciders;
use quorumscope::trace::{Record, World};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The condition of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Runs,
    /// It runs in the other part of a partition.
    CutOff,
    Crashed,
    Silent,
}

fn world(sets: &[QuorumSet], conditions: &[Condition]) -> World {
    let scenario = Arc::new(built_in("s2", 1));
    let template = scenario.nodes[0].config.clone();
    let mut world = World::new(scenario);
    let at = Time::ZERO;
    for (id, set) in (0..).map(NodeId).zip(sets) {
        let name = format!("n{}", id.0);
        let config = NodeConfig {
            peer: Peer {
                id,
                name: name.as_str().into(),
                key: name.as_str().into(),
            },
            trust: TrustPolicy::Fixed(Arc::new(set.clone())),
            ..(*template).clone()
        };
        world.apply(&Record::NodeAdded {
            at,
            config: Arc::new(config),
            position: Position::default(),
            organization: None,
        });
    }
    let mut act = |action| world.apply(&Record::Acted { at, action });
    let with = |wanted| {
        let nodes = (0..).map(NodeId).zip(conditions);
        nodes
            .filter(move |(_, it)| **it == wanted)
            .map(|(id, _)| id)
    };
    act(Action::Partition {
        groups: vec![with(Condition::CutOff).collect()],
    });
    for node in with(Condition::Crashed) {
        act(Action::Crash { node });
    }
    for node in with(Condition::Silent) {
        act(Action::Silence { node });
    }
    world
}

/// Whether some of `nodes` are a quorum with all of `members`.
fn serves(sets: &[QuorumSet], nodes: &Nodes, members: &[NodeId]) -> bool {
    let all: Vec<NodeId> = nodes.iter().copied().collect();
    (0..1_u32 << all.len()).any(|bits| {
        let chosen = (0..all.len()).filter(|at| bits >> at & 1 == 1);
        let chosen: Nodes = chosen.map(|at| all[at]).collect();
        members.iter().all(|node| chosen.contains(node))
            && chosen
                .iter()
                .all(|node| satisfied(&sets[node.index()], &chosen))
    })
}

/// Compares with all subsets of the nodes that are missing.
fn check(sets: &[QuorumSet], found: &Availability, reached: &Nodes, members: &[NodeId]) {
    let is_served = |node: &NodeId| serves(sets, reached, &[*node]);
    assert_eq!(found.available, members.iter().all(is_served), "{found:?}");
    let blocked: Vec<NodeId> = members
        .iter()
        .copied()
        .filter(|node| !is_served(node))
        .collect();
    assert_eq!(found.blocked, blocked);
    if found.available {
        assert!(found.bring_back.is_empty());
        return;
    }
    let all = (0..sets.len() as u32).map(NodeId);
    let missing: Vec<NodeId> = all.filter(|node| !reached.contains(node)).collect();
    let suffices = |bits: u32| {
        let back = (0..missing.len()).filter(|at| bits >> at & 1 == 1);
        let nodes: Nodes = reached
            .iter()
            .copied()
            .chain(back.map(|at| missing[at]))
            .collect();
        members.iter().all(|node| serves(sets, &nodes, &[*node]))
    };
    let suffices: Vec<bool> = (0..1_u32 << missing.len()).map(suffices).collect();
    let minimal = (0..suffices.len()).filter(|bits| {
        let without = |at: usize| suffices[bits & !(1 << at)];
        suffices[*bits] && (0..missing.len()).all(|at| bits >> at & 1 == 0 || !without(at))
    });
    let minimal: BTreeSet<Vec<NodeId>> = minimal
        .map(|bits| {
            let back = (0..missing.len()).filter(|at| bits >> at & 1 == 1);
            back.map(|at| missing[at]).collect()
        })
        .collect();
    let listed = &found.bring_back.sets;
    assert!(
        listed.iter().all(|set| minimal.contains(set)),
        "{found:?}: {minimal:?}"
    );
    assert_eq!(
        listed.len() as u64 + found.bring_back.more,
        minimal.len() as u64
    );
    assert!(listed.is_sorted_by_key(Vec::len));
}

fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let condition = prop_oneof![
        5 => Just(Condition::Runs),
        1 => Just(Condition::CutOff),
        1 => Just(Condition::Crashed),
        1 => Just(Condition::Silent),
    ];
    prop::collection::vec(condition, 7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn availability_matches_all_sets_of_nodes(story in story(), conditions in conditions()) {
        let sets = &story.sets;
        let conditions = &conditions[..sets.len()];
        let world = world(sets, conditions);
        let availability = AvailabilityCheck::new(&world);
        let with = |wanted| {
            let nodes = (0..).map(NodeId).zip(conditions);
            nodes.filter(move |(_, it)| **it == wanted).map(|(id, _)| id).collect::<Nodes>()
        };
        let parts = [with(Condition::Runs), with(Condition::CutOff)];
        for part in &parts {
            for node in part {
                check(sets, &availability.for_node(*node), part, &[*node]);
            }
        }
        // The result for all nodes is that of the largest part without a quorum.
        let deciders = deciders(&world);
        let inside = |part: &Nodes| -> Vec<NodeId> {
            deciders.iter().copied().filter(|node| part.contains(node)).collect()
        };
        let lacks = |part: &&Nodes| inside(part).iter().any(|node| !serves(sets, part, &[*node]));
        let first = |part: &Nodes| part.first().copied();
        let mut blocked: Vec<&Nodes> = parts.iter().filter(lacks).collect();
        blocked.sort_by_key(|part| (std::cmp::Reverse(part.len()), first(part)));
        let found = availability.for_all();
        match blocked.first() {
            Some(part) => check(sets, &found, part, &inside(part)),
            None => prop_assert_eq!(found.available, !deciders.is_empty()),
        }
    }
}
