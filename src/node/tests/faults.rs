//! Tests of late joining, leaving, crashes, message loss and partitions.

use super::test_net::{Net, finder, fixed, note, settings};
use super::*;
use crate::scp::{NodeId, QuorumSet};
use crate::time::Span;
use std::sync::Arc;

#[test]
fn a_newcomer_joins_and_learns_the_log() {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut net = Net::new(finders(4, &settings));
    net.propose(1, note("before"));
    net.run_until(5_000);
    let mut config = finder(4, &settings);
    config.join_mode = JoinMode::Newcomer;
    net.add(config);
    net.run_until(8_000);
    assert_eq!(net.texts(4), ["before"]);
    assert_eq!(
        net.count(4, |event| matches!(event, NodeEvent::CatchingUp { .. })),
        1
    );
    assert_eq!(net.count(4, is_ready), 1);
    assert!(
        net.statements.keys().all(|(node, _)| node.0 != 4),
        "it makes no statement about decided slots"
    );
    net.propose(4, note("after"));
    net.run_until(20_000);
    for id in 0..5 {
        assert_eq!(net.texts(id), ["before", "after"], "{id}");
        assert_eq!(net.node(id).quorum_set().unwrap().validators.len(), 5);
    }
}

#[test]
fn a_quorum_set_never_changes_inside_a_slot() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    net.propose(1, note("first"));
    net.run_until(2_020);
    let mut config = finder(4, &settings(Application::Log));
    config.join_mode = JoinMode::Newcomer;
    net.add(config);
    net.run_until(30_000);
    net.propose(2, note("second"));
    net.run_until(60_000);
    for ((node, slot), statements) in &net.statements {
        let sets: std::collections::BTreeSet<_> =
            statements.iter().map(|one| one.quorum_set).collect();
        assert_eq!(sets.len(), 1, "{node:?} in {slot:?}");
    }
    assert!((0..5).all(|id| net.texts(id) == ["first", "second"]));
}

#[test]
fn a_node_that_leaves_is_removed_from_quorum_sets_and_a_crashed_one_is_not() {
    let mut net = Net::new(finders(5, &settings(Application::Log)));
    net.run_until(3_000);
    net.give(NodeId(4), Input::Leave);
    net.crash(3);
    net.run_until(4_000);
    net.propose(0, note("tea"));
    net.run_until(30_000);
    for id in 0..3 {
        let set = net.node(id).quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (3, 4));
        assert_eq!(net.texts(id), ["tea"]);
        assert_eq!(
            net.count(id, |event| matches!(event, NodeEvent::PeerLeft { .. })),
            1
        );
    }
    net.crash(2);
    net.propose(0, note("stuck"));
    net.run_until(90_000);
    assert_eq!(net.texts(0), ["tea"], "two of four nodes are not a quorum");
    let before = net.events.len();
    net.propose(4, note("ghost"));
    assert_eq!(
        net.events.len(),
        before,
        "a node that has left ignores inputs"
    );
}

#[test]
fn a_proposal_without_a_quorum_expires() {
    let mut settings = settings(Application::Log);
    settings.proposal_ttl = Span::from_ms(5_000);
    let mut net = Net::new(fixed_nodes(4, 4, &settings));
    net.crash(3);
    net.run_until(1_000);
    net.propose(0, note("tea"));
    net.run_until(7_000);
    for id in 0..3 {
        let missing = net.events_of(id).find_map(|event| match event {
            NodeEvent::ProposalExpired { missing, .. } => Some(missing.clone()),
            _ => None,
        });
        assert!(missing.unwrap().contains(&NodeId(3)));
    }
    net.run_until(60_000);
    assert!((0..3).all(|id| net.log(id).is_empty()));
}

#[test]
fn a_restarted_node_never_contradicts_its_earlier_statements() {
    for delay in (0..400).step_by(10) {
        let mut net = Net::new(finders(4, &settings(Application::Log)));
        net.run_until(2_000);
        net.propose(1, note("tea"));
        net.propose(3, note("coffee"));
        net.run_until(2_000 + delay);
        net.crash(3);
        net.run_until(2_000 + delay + 35);
        net.restart(3);
        net.run_until(40_000);
        assert_eq!(net.log(3), net.log(0), "crash after {delay} ms");
        assert!(
            net.texts(0).contains(&"tea".to_string()),
            "crash after {delay} ms"
        );
    }
}

#[test]
fn a_network_that_restarts_continues_the_running_slot() {
    for delay in (0..300).step_by(30) {
        let mut net = Net::new(fixed_nodes(3, 4, &settings(Application::Log)));
        net.run_until(2_000);
        net.propose(1, note("tea"));
        net.run_until(2_000 + delay);
        (0..4).for_each(|id| net.crash(id));
        net.run_until(4_000);
        (0..4).for_each(|id| net.restart(id));
        net.run_until(30_000);
        net.propose(2, note("coffee"));
        net.run_until(80_000);
        assert!(
            (1..4).all(|id| net.log(id) == net.log(0)),
            "after {delay} ms"
        );
        assert!(
            net.texts(0).contains(&"coffee".to_string()),
            "after {delay} ms"
        );
    }
}

#[test]
fn a_proposal_known_to_its_origin_only_survives_a_crash() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    net.reach = Box::new(|_, from, _| from != NodeId(3));
    net.propose(3, note("tea"));
    net.run_until(2_100);
    net.crash(3);
    net.reach = Box::new(|_, _, _| true);
    net.run_until(4_000);
    assert!(net.log(0).is_empty());
    net.restart(3);
    net.run_until(60_000);
    assert!((0..4).all(|id| net.texts(id) == ["tea"]));
}

#[test]
fn a_replaced_trust_policy_survives_a_crash() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    let pair = Arc::new(QuorumSet::flat(2, [NodeId(2), NodeId(3)]));
    net.give(
        NodeId(3),
        Input::SetTrust(TrustPolicy::Fixed(Arc::clone(&pair))),
    );
    net.crash(3);
    net.run_until(3_000);
    net.restart(3);
    net.run_until(20_000);
    assert_eq!(net.node(3).quorum_set(), Some(&pair));
}

#[test]
fn message_loss_delays_decisions_and_never_prevents_them() {
    for (seed, relaying) in (0..6).zip([Relaying::Direct, Relaying::Flood].into_iter().cycle()) {
        let mut settings = settings(Application::Log);
        settings.relaying = relaying;
        settings.proposal_ttl = Span::from_ms(1_000_000);
        let mut net = Net::new(finders(4, &settings));
        net.reach = Box::new(move |nth, _, _| {
            let mixed = (nth + seed * 1000).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            mixed % 10 >= 3
        });
        net.propose(0, note("tea"));
        net.propose(2, note("coffee"));
        net.run_until(400_000);
        for id in 0..4 {
            let mut texts = net.texts(id);
            texts.sort();
            assert_eq!(texts, ["coffee", "tea"], "node {id}, seed {seed}");
        }
    }
}

#[test]
fn a_partitioned_minority_catches_up_after_the_partition_heals() {
    let settings = settings(Application::Log);
    let configs = (0..5)
        .map(|id| {
            let others = (0..5).filter(|&node| node != id).map(NodeId);
            let others = QuorumSet::flat(2, others);
            let set = QuorumSet {
                threshold: 2,
                validators: vec![NodeId(id)],
                inner: vec![others],
            };
            fixed(id as usize, &set, &settings)
        })
        .collect();
    let mut net = Net::new(configs);
    net.run_until(1_000);
    net.reach = Box::new(|_, a, b| (a.0 < 3) == (b.0 < 3));
    for nth in 0..15 {
        net.propose(0, note(&format!("{nth}")));
        net.propose(4, note(&format!("lonely {nth}")));
        net.run_until(1_500 + nth * 1_000);
    }
    net.run_until(22_000);
    assert!(net.log(3).is_empty() && net.log(4).is_empty());
    assert!(net.log(0).len() > 10 && net.log(0) == net.log(2));
    net.reach = Box::new(|_, _, _| true);
    net.run_until(60_000);
    assert!((1..5).all(|id| net.log(id) == net.log(0)));
    assert!(net.texts(0).contains(&"lonely 3".to_string()));
}

#[test]
fn forget_after_removes_crashed_nodes_from_quorum_sets() {
    let mut settings = settings(Application::Log);
    settings.forget_after = Some(Span::from_ms(12_000));
    // Otherwise two remaining nodes are too few for a quorum set.
    settings.min_nodes = 2;
    let mut net = Net::new(finders(4, &settings));
    net.run_until(3_000);
    net.crash(2);
    net.crash(3);
    net.run_until(40_000);
    net.propose(0, note("tea"));
    net.run_until(60_000);
    assert_eq!(net.texts(0), ["tea"]);
    assert_eq!(net.node(1).quorum_set().unwrap().validators.len(), 2);
}
