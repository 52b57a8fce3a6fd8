//! Liars who tell each node something else. As long as there are no more of them than the quorum sets tolerate, the
//! others, who are then intact, neither contradict each other nor decide differently, whatever comes when; and once the
//! liars fall silent, all others decide.

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

/// What the nodes propose, and what the liars talk about.
const VALUES: [&str; 4] = ["b", "d", "a", "c"];

fn moves() -> impl Strategy<Value = Vec<Event>> {
    let any = || 0..60_usize;
    let next = prop_oneof![
        1 => any().prop_map(Event::Propose),
        12 => any().prop_map(Event::Deliver),
        2 => any().prop_map(Event::DeliverTogether),
        2 => any().prop_map(Event::Expire),
        4 => (any(), any(), equivocation()).prop_map(|(liar, to, lie)| Event::Equivocate(liar, to, lie)),
    ];
    proptest::collection::vec(next, 0..250)
}

/// Runs what was chosen. Only if all proposed before they heard anything have they got to decide: what arrives before
/// that is merely stored (NOTES 28). If a liar then gives such a node a candidate, it votes for no other value any more,
/// and never accepts a value that the others have told it of already; their composites stay different for good. Nor have
/// they if a liar that claims to have decided has made one of them accept a commit of the highest counter there is:
/// where all of them are needed, the others would have to count up to it.
fn faults(
    shape: NetworkShape,
    (prev, all_start, moves): (u8, bool, Vec<Event>),
) -> BTreeMap<Fault, String> {
    let mut world = ByzantineNetwork::new(shape, prev);
    if all_start {
        world.propose_all();
    }
    for what in &moves {
        world.make(what);
    }
    if !world.settle() && all_start && !world.is_out_of_counters() {
        world.checker.report(Fault::Undecided, world.states());
    }
    world.checker.faults
}

fn case() -> impl Strategy<Value = (u8, bool, Vec<Event>)> {
    (0..8_u8, any::<bool>(), moves())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn one_liar_among_four_splits_nobody(case in case()) {
        let faults = faults(NetworkShape { nodes: 4, threshold: 3, byzantine: 1 }, case);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }

    #[test]
    fn two_liars_among_seven_split_nobody(case in case()) {
        let faults = faults(NetworkShape { nodes: 7, threshold: 5, byzantine: 2 }, case);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }
}

/// The same search finds what it looks for, once there is a liar too many.
#[test]
fn one_liar_too_many_splits_them() {
    let shape = NetworkShape {
        nodes: 4,
        threshold: 3,
        byzantine: 2,
    };
    let mut runner = TestRunner::deterministic();
    let splits = (0..1000).any(|_| {
        let case = case().new_tree(&mut runner).unwrap().current();
        let faults = faults(shape, case);
        faults.contains_key(&Fault::Contradiction) && faults.contains_key(&Fault::Disagreement)
    });
    assert!(splits);
}
