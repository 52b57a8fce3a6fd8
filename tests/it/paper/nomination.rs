//! Claims of the papers about nomination: leaders, candidates and their composite.

use super::{ballot, nominate, one_of, prepare, receive, state};
use crate::scp_net::{Net, SLOT, of, value};
use quorumscope::scp::{
    Driver, NodeId, QuorumSet, ScpRefusal, ScpTimer, SlotIndex, SlotState, Statement, Value,
};
use std::collections::BTreeSet;

/// The leaders of the first round of node 0, which nominates no value of its own.
fn first_leaders(net: &mut Net, slot: SlotIndex) -> BTreeSet<NodeId> {
    net.scps[0].nominate(&net.driver, slot, None, value("prev"), &mut Vec::new());
    net.scps[0].slot_state(slot).unwrap().leaders
}

/// Makes node 0 confirm exactly `values`: all others nominate and accept them.
fn make_candidates(net: &mut Net, values: &[&str]) -> SlotState {
    for from in 1..net.scps.len() as u32 {
        net.deliver(0, Net::envelope(from, nominate(values, values)));
    }
    let state = state(net, 0);
    assert_eq!(state.candidates, values.iter().map(|x| value(x)).collect());
    state
}

/// Draft "Nominate message": all nodes converge on the same candidates, whatever they propose.
#[test]
fn nomination_converges() {
    let all: Vec<u32> = (0..7).collect();
    let mut net = Net::new(all.iter().map(|_| of(5, &all)).collect());
    for place in 0..7 {
        net.nominate(place, ["a", "b", "c", "d", "e", "f", "g"][place]);
    }
    net.run(200);
    let decided = net.decisions();
    assert!(decided[0] != "-" && decided.iter().all(|value| *value == decided[0]));
    let candidates = state(&net, 0).candidates;
    assert!(candidates.iter().any(|x| x.to_string() == decided[0]));
    assert!((1..7).all(|place| state(&net, place).candidates == candidates));
}

/// Draft "Nominate message": a node with a candidate votes for no further value, but still accepts values.
#[test]
fn a_node_with_a_candidate_votes_for_no_further_value() {
    let mut net = one_of(4, 3);
    net.nominate(0, "own");
    let before = state(&net, 0).voted;
    for from in 1..4 {
        net.deliver(0, Net::envelope(from, nominate(&["m"], &["m"])));
    }
    assert!(state(&net, 0).candidates.contains(&value("m")));
    for round in 0..8 {
        net.expire(0, ScpTimer::Nomination);
        for from in 1..3 {
            let more = format!("n{round}");
            let voted: Vec<String> = (0..=round).map(|n| format!("n{n}")).collect();
            let mut all: Vec<&str> = voted.iter().map(String::as_str).collect();
            all.insert(0, "m");
            net.deliver(0, Net::envelope(from, nominate(&all, &["m"])));
            assert!(!state(&net, 0).voted.contains(&value(&more)));
        }
    }
    assert!(state(&net, 0).voted.is_superset(&before));
    net.deliver(0, Net::envelope(3, nominate(&["m", "n0"], &["m"])));
    assert!(
        state(&net, 0).accepted.contains(&value("n0")),
        "a quorum votes for it"
    );
}

/// Extension of the draft: a node that nominates without a value echoes others and never proposes.
#[test]
fn a_node_without_a_value_only_echoes() {
    let mut net = one_of(4, 3);
    let mut out = Vec::new();
    net.scps[0].nominate(&net.driver, SLOT, None, value("prev"), &mut out);
    for _ in 0..10 {
        net.expire(0, ScpTimer::Nomination);
    }
    assert!(state(&net, 0).voted.is_empty());
    assert_eq!(state(&net, 0).leaders.len(), 4, "all nodes have led");
    net.deliver(0, Net::envelope(2, nominate(&["m"], &[])));
    assert!(state(&net, 0).voted.contains(&value("m")));
}

/// Draft "Nominate message": leaders depend only on slot, round and trust, so nodes with equal quorum sets have the
/// same leaders.
#[test]
fn nodes_with_equal_quorum_sets_have_the_same_leaders() {
    let all: Vec<u32> = (0..5).collect();
    let mut net = Net::new(all.iter().map(|_| of(5, &all)).collect());
    for place in 0..5 {
        net.scps[place].nominate(&net.driver, SLOT, None, value("prev"), &mut Vec::new());
    }
    // With 5 of 5 every weight is the maximum, so all nodes are neighbours of all nodes.
    let leaders = state(&net, 0).leaders;
    assert_eq!(leaders.len(), 1);
    assert!((1..5).all(|place| state(&net, place).leaders == leaders));
}

/// Draft "Nominate message" / whitepaper 6.1: the neighbour with the highest priority leads. A node is its own
/// neighbour.
#[test]
fn the_neighbour_of_highest_priority_leads() {
    let mut net = one_of(7, 4);
    let prev = value("prev");
    let all = || (0..7).map(NodeId);
    let mut not_neighbours = 0;
    for slot in (1..=200).map(SlotIndex) {
        let driver = &net.driver;
        let priority = |node: &NodeId| driver.priority_hash(slot, &prev, 1, *node);
        // A slice is the node itself and three of the other six, so each of these is in half of the slices.
        let is_neighbour = |node: &NodeId| {
            node.0 == 0 || driver.neighbour_hash(slot, &prev, 1, *node) < u64::MAX / 2
        };
        let leader = all().filter(is_neighbour).max_by_key(priority).unwrap();
        if all().max_by_key(priority) != Some(leader) {
            not_neighbours += 1;
        }
        assert_eq!(first_leaders(&mut net, slot), BTreeSet::from([leader]));
    }
    assert!(not_neighbours > 0, "priority alone does not make a leader");
}

/// Draft "Nominate message" / whitepaper 6.1: a node in more slices is a neighbour more often, and so leads more often.
#[test]
fn a_node_in_more_slices_leads_more_often() {
    // Node 1 is in every slice of node 0, and each of the last three in a third of them.
    let set = QuorumSet {
        threshold: 3,
        validators: vec![NodeId(0), NodeId(1)],
        inner: vec![of(1, &[2, 3, 4])],
    };
    let mut net = Net::new(vec![set; 5]);
    let mut led = [0; 5];
    for slot in (1..=600).map(SlotIndex) {
        for leader in first_leaders(&mut net, slot) {
            led[leader.index()] += 1;
        }
    }
    for seldom in 2..5 {
        assert!(led[seldom] > 0 && led[1] > 2 * led[seldom], "{led:?}");
    }
}

/// Draft "Nominate message": each round adds leaders. A node also echoes the leaders of earlier rounds, but no other
/// nodes.
#[test]
fn leaders_accumulate_over_rounds() {
    let mut net = one_of(7, 5);
    let name = |node: u32| format!("of {node}");
    first_leaders(&mut net, SLOT);
    for from in 1..7 {
        net.deliver(0, Net::envelope(from, nominate(&[&name(from)], &[])));
    }
    let mut early = None;
    let mut before = state(&net, 0);
    while before.leaders.len() < 7 {
        net.expire(0, ScpTimer::Nomination);
        let now = state(&net, 0);
        assert!(now.round > before.round);
        assert!(now.leaders != before.leaders && now.leaders.is_superset(&before.leaders));
        let others = now
            .leaders
            .iter()
            .map(|leader| leader.0)
            .filter(|&n| n != 0);
        early = early.or(others.clone().next());
        let echoed: BTreeSet<Value> = others.map(|n| value(&name(n))).collect();
        assert_eq!(now.voted, echoed);
        before = now;
    }
    // A later value of an early leader is echoed as well.
    let early = early.unwrap();
    let late = nominate(&[&name(early), "of late"], &[]);
    net.deliver(0, Net::envelope(early, late));
    assert!(state(&net, 0).voted.contains(&value("of late")));
}

/// Draft "Input and output": the composite depends on the set of candidates and not on their order of arrival.
#[test]
fn the_composite_does_not_depend_on_the_order_of_candidates() {
    let composites = |order: [&str; 3]| {
        let mut net = one_of(4, 3);
        net.nominate(0, "own");
        let up_to = |count: usize| {
            let mut values = order[..count].to_vec();
            values.sort_unstable();
            make_candidates(&mut net, &values).composite.unwrap()
        };
        (1..4).map(up_to).map(|x| x.to_string()).collect::<Vec<_>>()
    };
    // The application of these tests combines to the greatest value.
    assert_eq!(composites(["a", "b", "c"]), ["a", "b", "c"]);
    assert_eq!(composites(["b", "a", "c"]), ["b", "b", "c"]);
    assert_eq!(composites(["c", "b", "a"]), ["c", "c", "c"]);
}

/// Draft "Prepare message" (`ballot.value`): a later candidate changes the value of the next ballot, not of the current
/// one.
#[test]
fn a_later_candidate_changes_only_the_next_ballot() {
    let mut net = one_of(4, 3);
    net.nominate(0, "own");
    assert_eq!(make_candidates(&mut net, &["m"]).b, Some(ballot(1, "m")));
    let later = make_candidates(&mut net, &["m", "z"]);
    assert_eq!(later.composite, Some(value("z")));
    assert_eq!(later.b, Some(ballot(1, "m")));
    net.expire(0, ScpTimer::Ballot);
    assert_eq!(state(&net, 0).b, Some(ballot(2, "z")));
}

/// Draft "Prepare message" (`ballot.value`): the value of a ballot confirmed prepared takes precedence over later
/// composites.
#[test]
fn a_prepared_value_takes_precedence_over_later_candidates() {
    let mut net = one_of(4, 3);
    net.nominate(0, "own");
    make_candidates(&mut net, &["m"]);
    let accepts = || prepare(ballot(1, "m"), Some(ballot(1, "m")), 0, 0);
    for from in 1..4 {
        net.deliver(0, Net::envelope(from, accepts()));
    }
    assert_eq!(state(&net, 0).h, Some(ballot(1, "m")));
    let later = make_candidates(&mut net, &["m", "z"]);
    assert_eq!(later.composite, Some(value("z")));
    net.expire(0, ScpTimer::Ballot);
    assert_eq!(state(&net, 0).b, Some(ballot(2, "m")));
}

/// Draft "Nominate message": the values of a node only grow. A NOMINATE that lacks a known value is not newer; ballot
/// statements are independent of it.
#[test]
fn a_nomination_that_lacks_a_value_is_refused() {
    let more = || nominate(&["a", "b"], &["a"]);
    let lacking: [Statement; 5] = [
        nominate(&["a"], &["a"]),
        nominate(&["a", "b"], &[]),
        nominate(&["a", "c", "d"], &["a"]),
        nominate(&["a", "b", "c"], &["b", "c"]),
        more(),
    ];
    let mut net = one_of(4, 3);
    net.nominate(0, "own");
    assert_eq!(receive(&mut net, 1, more()).0, Ok(()));
    let statements = |net: &Net| net.scps[0].statements(SLOT).cloned().collect::<Vec<_>>();
    let before = (state(&net, 0), statements(&net));
    for old in lacking {
        assert_eq!(receive(&mut net, 1, old).0, Err(ScpRefusal::NotNewer));
        assert_eq!((state(&net, 0), statements(&net)), before);
    }
    assert_eq!(
        receive(&mut net, 1, prepare(ballot(1, "a"), None, 0, 0)).0,
        Ok(())
    );
    let grown = nominate(&["a", "b", "c"], &["a"]);
    assert_eq!(receive(&mut net, 1, grown).0, Ok(()));
}
