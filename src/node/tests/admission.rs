//! Tests of admission: nodes that are found later cannot halt a network, and an operator frees a halted slot.

use super::test_net::{Net, note, settings};
use super::*;
use crate::time::Span;
use std::sync::Arc;

fn admitting(policy: AdmissionPolicy) -> NodeSettings {
    NodeSettings {
        admission: Some(AdmissionSettings {
            policy,
            probation: Span::from_ms(5_000),
        }),
        refresh: Span::from_ms(1_000),
        ..settings(Application::Log)
    }
}

/// Four nodes that have decided a slot, and then discover `count` nodes that send announcements and nothing else.
fn four_nodes_and_silent_strangers(settings: &NodeSettings, count: u32) -> Net {
    let mut net = Net::new(finders(4, settings));
    net.run_until(2_000);
    net.propose(0, note("before"));
    net.run_until(5_000);
    for stranger in 4..4 + count {
        net.place_silent(finder(stranger as usize, settings));
    }
    for second in 0..30 {
        for stranger in 4..4 + count {
            net.announce_as(stranger, second + 1);
        }
        net.run_until(5_000 + 1_000 * (second + 1));
    }
    net
}

fn texts_of_all(net: &Net) -> Vec<Vec<String>> {
    (0..4).map(|id| net.texts(id)).collect()
}

#[test]
fn two_silent_strangers_halt_a_network_that_trusts_whom_it_finds() {
    let mut net = four_nodes_and_silent_strangers(&settings(Application::Log), 2);
    net.propose(1, note("after"));
    net.run_until(100_000);
    assert_eq!(texts_of_all(&net), vec![["before"]; 4]);
}

#[test]
fn silent_strangers_do_not_halt_a_network_that_admits_them_one_by_one() {
    let settings = admitting(AdmissionPolicy::Anyone);
    let mut net = four_nodes_and_silent_strangers(&settings, 8);
    for nth in 0..6 {
        net.propose(nth % 4, note(&format!("after {nth}")));
        let now_ms = net.now.0 / 1000;
        net.run_until(now_ms + 10_000);
    }
    let expected = [
        "before", "after 0", "after 1", "after 2", "after 3", "after 4", "after 5",
    ];
    assert_eq!(texts_of_all(&net), vec![expected; 4]);
    // Each node gave a vote to one of them at a time, and took it back.
    let suspended = |event: &NodeEvent| {
        let cause = TrustCause::Suspended;
        matches!(event, NodeEvent::TrustChanged { cause: c, .. } if *c == cause)
    };
    assert!(net.count(0, suspended) > 0);
}

#[test]
fn an_honest_node_that_joins_later_gets_a_vote_and_keeps_it() {
    let settings = admitting(AdmissionPolicy::Anyone);
    let mut net = Net::new(finders(4, &settings));
    net.run_until(2_000);
    net.propose(0, note("0"));
    net.run_until(5_000);
    net.add(NodeConfig {
        join_mode: JoinMode::Newcomer,
        ..finder(4, &settings)
    });
    net.run_until(20_000);
    for nth in 1..8 {
        net.propose(nth % 5, note(&nth.to_string()));
        let now_ms = net.now.0 / 1000;
        net.run_until(now_ms + 5_000);
    }
    let expected = ["0", "1", "2", "3", "4", "5", "6", "7"];
    assert!((0..5).all(|id| net.texts(id) == expected));
    let established = NodeEvent::StandingChanged {
        node: NodeId(4),
        standing: Standing::Established,
    };
    for id in 0..4 {
        assert_eq!(net.count(id, |event| *event == established), 1);
        let set = net.node(id).quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (4, 5));
    }
}

/// Four nodes whose fixed quorum set needs 5 of 6, two of which do not exist. Slot 1 cannot end.
fn halted() -> (Net, QuorumSet) {
    let settings = settings(Application::Log);
    let halting = QuorumSet::flat(5, (0..6).map(NodeId));
    let nodes = (0..4).map(|id| fixed(id, &halting, &settings)).collect();
    let mut net = Net::new(nodes);
    net.run_until(2_000);
    net.propose(0, note("tea"));
    net.run_until(20_000);
    assert!((0..4).all(|id| net.texts(id).is_empty()));
    (net, QuorumSet::flat(3, (0..4).map(NodeId)))
}

#[test]
fn a_new_fixed_quorum_set_frees_the_running_slot_at_a_restart() {
    let (mut net, freeing) = halted();
    for id in 0..4 {
        net.crash(id);
        net.configs[id as usize].trust = TrustPolicy::Fixed(Arc::new(freeing.clone()));
        net.restart(id);
        let now_ms = net.now.0 / 1000;
        net.run_until(now_ms + 3_000);
    }
    net.run_until(60_000);
    for id in 0..4 {
        assert_eq!(net.texts(id), ["tea"]);
        let overridden = NodeEvent::QuorumSetOverridden { slot: SlotIndex(1) };
        assert_eq!(net.count(id, |event| *event == overridden), 1);
    }
}

#[test]
fn removing_the_nodes_that_halt_a_slot_frees_it_without_a_restart() {
    let settings = NodeSettings {
        min_nodes: 4,
        ..admitting(AdmissionPolicy::Anyone)
    };
    // Six founders need five. Two of them stop before the first slot.
    let mut net = Net::new(finders(6, &settings));
    net.run_until(3_000);
    net.crash(4);
    net.crash(5);
    net.propose(0, note("tea"));
    net.run_until(30_000);
    assert!((0..4).all(|id| net.texts(id).is_empty()));
    for id in 0..4 {
        for removed in [4, 5] {
            net.give(
                NodeId(id),
                Input::EditTrust(TrustEdit::Remove(NodeId(removed))),
            );
        }
    }
    net.run_until(60_000);
    assert!((0..4).all(|id| net.texts(id) == ["tea"]));
    // The removal is durable.
    net.crash(0);
    net.restart(0);
    net.run_until(65_000);
    let removed = net.persisted(0).standings.clone().unwrap().removed;
    assert_eq!(removed, [NodeId(4), NodeId(5)].into());
    assert_eq!(net.node(0).quorum_set().unwrap().validators.len(), 4);
}
