//! Tests of discovery, trust and agreement without faults.

use super::test_net::{Net, finder, fixed, note, settings};
use super::*;
use crate::scp::{NodeId, QuorumSet, SlotIndex, Value};
use std::sync::Arc;

#[test]
fn four_nodes_discover_each_other_and_agree_on_a_note() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(2, note("tea"));
    net.run_until(10_000);
    for id in 0..4 {
        assert_eq!(net.count(id, is_ready), 1);
        assert_eq!(net.texts(id), ["tea"]);
        let set = net.node(id).quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (3, 4));
    }
    let decided = net.log(0);
    assert!((1..4).all(|id| net.log(id) == decided));
}

#[test]
fn too_few_nodes_never_vote() {
    let mut net = Net::new(finders(3, &settings(Application::Log)));
    net.propose(0, note("tea"));
    net.run_until(20_000);
    assert!((0..3).all(|id| net.count(id, is_ready) == 0 && net.log(id).is_empty()));
    assert!(net.statements.is_empty());
}

#[test]
fn without_a_beacon_no_node_transmits() {
    let mut configs = finders(4, &settings(Application::Log));
    configs[0].is_beacon = false;
    let mut net = Net::new(configs);
    net.run_until(60_000);
    assert_eq!(net.sent, 0);
}

#[test]
fn a_line_of_nodes_agrees_over_many_hops() {
    let mut settings = settings(Application::Log);
    settings.relaying = Relaying::Flood;
    let mut net = Net::new(finders(7, &settings));
    net.reach = Box::new(row);
    net.propose(6, note("far away"));
    net.propose(0, note("near"));
    net.run_until(30_000);
    for id in 0..7 {
        let mut texts = net.texts(id);
        texts.sort();
        assert_eq!(texts, ["far away", "near"], "{id}");
    }
}

#[test]
fn in_range_policy_trusts_the_direct_neighbours() {
    let mut settings = settings(Application::Log);
    settings.relaying = Relaying::Flood;
    let mut configs = finders(5, &settings);
    for config in &mut configs {
        config.trust = TrustPolicy::InRange;
    }
    let mut net = Net::new(configs);
    net.reach = Box::new(|_, a, b| a.0.abs_diff(b.0) <= 2);
    net.propose(4, note("tea"));
    net.run_until(30_000);
    let set = net.node(0).quorum_set().unwrap();
    assert_eq!(set.validators, [NodeId(0), NodeId(1), NodeId(2)]);
    assert!((0..5).all(|id| net.texts(id) == ["tea"]));
}

#[test]
fn every_proposal_is_recorded_exactly_once_over_several_slots() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    for nth in 0..12 {
        net.propose(nth % 4, note(&format!("note {nth}")));
        let now = 2_000 + u64::from(nth) * 30;
        net.run_until(now);
    }
    net.run_until(60_000);
    let mut texts = net.texts(0);
    assert_eq!(net.log(0), net.log(3));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 12);
    assert_eq!(net.texts(0).len(), 12);
    assert!(net.log(0).len() > 1);
}

#[test]
fn conflicting_choices_converge_to_one_value() {
    for count in [4, 5, 7] {
        let mut settings = settings(Application::Choice);
        settings.choice_slots = 3;
        let threshold = Threshold::TwoThirds.of(count as u32);
        let mut configs = fixed_nodes(threshold, count, &settings);
        for (nth, config) in configs.iter_mut().enumerate() {
            config.initial_value = Some(Value::from(if nth % 2 == 0 { "0" } else { "1" }));
        }
        let mut net = Net::new(configs);
        net.run_until(60_000);
        assert_eq!(net.log(0).len(), 3, "`choice_slots` slots are decided");
        assert!((1..count as u32).all(|id| net.log(id) == net.log(0)));
        net.propose(1, Content::Choice("9".into()));
        net.run_until(120_000);
        assert_eq!(net.log(0).len(), 4, "a new choice starts another slot");
        assert!((1..count as u32).all(|id| net.log(id) == net.log(0)));
    }
}

#[test]
fn invalid_proposals_are_refused_immediately() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(0, Content::Choice("1".into()));
    net.propose(0, note(""));
    let refused: Vec<_> = net
        .events_of(0)
        .filter_map(|event| match event {
            NodeEvent::ProposalRefused { id, from, why } => Some((*id, from.0, *why)),
            _ => None,
        })
        .collect();
    let expected = [
        ProposalRefusal::WrongApplication,
        ProposalRefusal::Malformed,
    ];
    assert_eq!(refused, expected.map(|why| (None, 0, why)));
    let mut config = finder(4, &settings(Application::Log));
    config.trust = TrustPolicy::None;
    net.add(config);
    net.propose(4, note("tea"));
    let why = ProposalRefusal::NotParticipating;
    let is_refused =
        |event: &NodeEvent| matches!(event, NodeEvent::ProposalRefused { why: w, .. } if *w == why);
    assert_eq!(net.count(4, is_refused), 1);
}

#[test]
fn a_node_outside_every_closure_is_refused_and_follows_the_decisions() {
    let settings = settings(Application::Log);
    let top = QuorumSet::flat(3, (0..4).map(NodeId));
    let mut configs: Vec<_> = (0..4).map(|id| fixed(id, &top, &settings)).collect();
    let follower = QuorumSet {
        threshold: 2,
        validators: vec![NodeId(4)],
        inner: vec![QuorumSet::flat(2, (0..4).map(NodeId))],
    };
    configs.push(fixed(4, &follower, &settings));
    let mut net = Net::new(configs);
    net.run_until(1_000);
    net.propose(0, note("one"));
    net.run_until(5_000);
    net.propose(0, note("two"));
    net.run_until(10_000);
    let is_outside = |event: &NodeEvent| {
        let why = MessageRefusal::OutsideClosure;
        matches!(event, NodeEvent::Refused { from: NodeId(4), why: w } if *w == why)
    };
    assert!(net.count(0, is_outside) > 0);
    assert!((0..5).all(|id| net.texts(id) == ["one", "two"]));
}

#[test]
fn a_new_trust_policy_takes_effect_at_the_next_slot() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    let alone = Arc::new(QuorumSet::flat(1, [NodeId(0)]));
    net.give(
        NodeId(0),
        Input::SetTrust(TrustPolicy::Fixed(Arc::clone(&alone))),
    );
    let changed = net.events_of(0).filter_map(|event| match event {
        NodeEvent::QuorumSetChanged {
            quorum_set,
            from_slot,
            ..
        } => Some((quorum_set.clone(), *from_slot)),
        _ => None,
    });
    assert_eq!(changed.last(), Some((alone, SlotIndex(1))));
    net.propose(0, note("alone"));
    assert_eq!(net.texts(0), ["alone"]);
}

#[test]
fn an_idle_network_sends_housekeeping_only() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(0, note("tea"));
    net.run_until(20_000);
    let (events, statements) = (net.events.len(), net.statements.len());
    net.run_until(120_000);
    assert_eq!(
        (net.events.len(), net.statements.len()),
        (events, statements)
    );
}
