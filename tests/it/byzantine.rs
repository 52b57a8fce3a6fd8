//! Byzantine nodes that equivocate: they send different statements to different nodes. If the quorum sets tolerate
//! their number, intact nodes never contradict each other or decide differently, and all of them decide once the
//! Byzantine nodes fall silent.

mod equivocation;
mod liveness;
mod network;
mod safety_checker;

use equivocation::equivocation;
use network::{ByzantineNetwork, Event, NetworkShape};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use safety_checker::Fault;
use std::collections::BTreeMap;

/// The values that intact nodes propose and Byzantine nodes use.
const VALUES: [&str; 4] = ["b", "d", "a", "c"];

fn events() -> impl Strategy<Value = Vec<Event>> {
    let any = || 0..60_usize;
    let next = prop_oneof![
        1 => any().prop_map(Event::Propose),
        12 => any().prop_map(Event::Deliver),
        2 => any().prop_map(Event::DeliverBatch),
        2 => any().prop_map(Event::Expire),
        4 => (any(), any(), equivocation()).prop_map(|(from, to, statement)| Event::Equivocate(from, to, statement)),
    ];
    proptest::collection::vec(next, 0..250)
}

/// Runs the events and returns the faults. Termination is required only if all nodes nominate before they receive
/// anything, because a node that has not nominated only stores what it receives (NOTES 28). If a Byzantine node then
/// gives it a candidate, it votes for no other value and never accepts the values that it has stored, so composites
/// differ permanently. Termination is not required either if a Byzantine node that claims a decision makes an intact
/// node accept a commit of the highest counter: if every quorum needs all intact nodes, the others would have to count
/// up to that counter.
fn faults(
    shape: NetworkShape,
    (prev, all_start, events): (u8, bool, Vec<Event>),
) -> BTreeMap<Fault, String> {
    let mut network = ByzantineNetwork::new(shape, prev);
    if all_start {
        network.propose_all();
    }
    for event in &events {
        network.apply(event);
    }
    if !network.settle() && all_start && !network.is_out_of_counters() {
        network.checker.report(Fault::Undecided, network.states());
    }
    network.checker.faults
}

fn case() -> impl Strategy<Value = (u8, bool, Vec<Event>)> {
    (0..8_u8, any::<bool>(), events())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn one_byzantine_node_of_four_causes_no_fault(case in case()) {
        let faults = faults(NetworkShape { nodes: 4, threshold: 3, byzantine: 1 }, case);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }

    #[test]
    fn two_byzantine_nodes_of_seven_cause_no_fault(case in case()) {
        let faults = faults(NetworkShape { nodes: 7, threshold: 5, byzantine: 2 }, case);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }
}

/// The same search finds faults with one Byzantine node too many.
#[test]
fn two_byzantine_nodes_of_four_cause_disagreement() {
    let shape = NetworkShape {
        nodes: 4,
        threshold: 3,
        byzantine: 2,
    };
    let mut runner = TestRunner::deterministic();
    let found = (0..1000).any(|_| {
        let case = case().new_tree(&mut runner).unwrap().current();
        let faults = faults(shape, case);
        faults.contains_key(&Fault::Contradiction) && faults.contains_key(&Fault::Disagreement)
    });
    assert!(found);
}
