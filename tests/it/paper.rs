//! Claims of the papers on which the core relies, one test each. "Draft" is draft-mazieres-dinrg-scp-05 (sections by
//! title), "whitepaper" is the Stellar Consensus Protocol paper of 2015 (sections and figures by number).
//!
//! This file covers quorums and federated voting. Nomination and ballots have a file each.

mod ballots;
mod nomination;

use crate::scp_net::{Net, SLOT, of, self_and, value};
use quorumscope::scp::{
    Ballot, Effect, NodeId, NodeSet, QuorumSet, ScpEvent, ScpRefusal, SlotState, Statement,
    VotingRule,
};

fn ballot(n: u32, x: &str) -> Ballot {
    Ballot::new(n, value(x))
}

fn prepare(b: Ballot, p: Option<Ballot>, n_c: u32, n_h: u32) -> Statement {
    Statement::Prepare {
        ballot: b,
        prepared: p,
        prepared_prime: None,
        n_c,
        n_h,
    }
}

fn nominate(voted: &[&str], accepted: &[&str]) -> Statement {
    let values = |texts: &[&str]| texts.iter().map(|text| value(text)).collect();
    Statement::Nominate {
        voted: values(voted),
        accepted: values(accepted),
    }
}

fn state(net: &Net, place: usize) -> SlotState {
    net.scps[place].slot_state(SLOT).unwrap()
}

/// Delivers `statement` of node `from` to node 0. Returns the result and the effects.
fn receive(
    net: &mut Net,
    from: u32,
    statement: Statement,
) -> (Result<(), ScpRefusal>, Vec<Effect>) {
    let mut out = Vec::new();
    let result = net.scps[0].receive(&net.driver, &Net::envelope(from, statement), &mut out);
    net.scps[0].check_invariants().unwrap();
    (result, out)
}

/// Node 0 of a network of `nodes` nodes that all trust `threshold` of all. The test sends the statements of the other
/// nodes.
fn one_of(nodes: u32, threshold: u32) -> Net {
    let all: Vec<u32> = (0..nodes).collect();
    let sets = all.iter().map(|_| of(threshold, &all)).collect();
    let mut net = Net::new(sets);
    net.down.extend(1..nodes as usize);
    net
}

/// All quorums of a network, with nodes numbered from 1 as in the whitepaper.
fn quorums(sets: &[QuorumSet]) -> Vec<Vec<u32>> {
    let members = |bits: u32| (0..sets.len() as u32).filter(move |n| bits >> n & 1 == 1);
    (1..1_u32 << sets.len())
        .filter(|&bits| {
            let nodes: NodeSet = members(bits).map(NodeId).collect();
            members(bits).all(|n| sets[n as usize].is_slice(&nodes))
        })
        .map(|bits| members(bits).map(|n| n + 1).collect())
        .collect()
}

/// Quorum sets of nodes v1.. of a whitepaper figure, numbered from 0.
fn figure_2() -> Vec<QuorumSet> {
    let rest = of(3, &[1, 2, 3]);
    vec![of(3, &[0, 1, 2]), rest.clone(), rest.clone(), rest]
}

fn figure_3() -> Vec<QuorumSet> {
    let top = || of(3, &[0, 1, 2, 3]);
    let middle = |n| self_and(n, 2, &[0, 1, 2, 3]);
    let leaf = |n| self_and(n, 2, &[4, 5, 6, 7]);
    let mut sets = vec![top(), top(), top(), top()];
    sets.extend((4..8).map(middle));
    sets.extend((8..10).map(leaf));
    sets
}

/// All nodes propose their own letter, except those in `down`. Returns the decisions.
fn decide(sets: Vec<QuorumSet>, down: &[usize]) -> Vec<String> {
    let mut net = Net::new(sets);
    net.down.extend(down);
    for place in 0..net.scps.len() {
        let letter = char::from(b'a' + place as u8).to_string();
        net.nominate(place, &letter);
    }
    net.run(400);
    net.decisions()
}

/// Whitepaper 3.1, figure 2: a slice need not be a quorum. {v1,v2,v3} is a slice of v1 but not a quorum: v2 needs v4.
#[test]
fn a_quorum_contains_a_slice_of_each_member() {
    assert_eq!(quorums(&figure_2()), [vec![2, 3, 4], vec![1, 2, 3, 4]]);
}

/// Whitepaper 3.1, figure 2: the network works without v1, but not without any other node.
#[test]
fn figure_2_needs_every_member_of_its_only_minimal_quorum() {
    let decided = decide(figure_2(), &[0]);
    assert!(decided[0] == "-" && decided[1] != "-");
    assert!(decided[1..].iter().all(|value| *value == decided[1]));
    for crashed in 1..4 {
        assert_eq!(decide(figure_2(), &[crashed]), ["-"; 4]);
    }
}

/// Whitepaper 3.2, figure 3: all nodes depend on the top tier. Without two of its nodes nothing is decided.
#[test]
fn lower_tiers_depend_on_the_top_tier() {
    let all = decide(figure_3(), &[]);
    assert!(all[0] != "-" && all.iter().all(|value| *value == all[0]));
    let one_down = decide(figure_3(), &[0]);
    assert!(one_down[1] != "-" && one_down[1..].iter().all(|value| *value == one_down[1]));
    assert_eq!(decide(figure_3(), &[0, 1]), ["-"; 10]);
    // v5 and v6 are in no quorum that the top tier needs. v9 and v10 need two nodes of the middle tier and have them.
    let middle_down = decide(figure_3(), &[4, 5]);
    assert!(middle_down[8] != "-" && middle_down[8] == middle_down[0]);
}

/// Whitepaper 3.2, figure 4: in a cycle of dependencies the only quorum is all nodes.
#[test]
fn a_cycle_needs_all_nodes() {
    let cycle = || (0..6).map(|n| of(2, &[n, (n + 1) % 6])).collect::<Vec<_>>();
    assert_eq!(quorums(&cycle()), [vec![1, 2, 3, 4, 5, 6]]);
    let decided = decide(cycle(), &[]);
    assert!(decided[0] != "-" && decided.iter().all(|value| *value == decided[0]));
    assert_eq!(decide(cycle(), &[3]), ["-"; 6]);
}

/// Whitepaper 4.1, figure 6: disjoint quorums decide differently without any faulty node.
#[test]
fn disjoint_quorums_disagree() {
    let sets = (0..6)
        .map(|n| {
            if n < 3 {
                of(3, &[0, 1, 2])
            } else {
                of(3, &[3, 4, 5])
            }
        })
        .collect();
    let decided = decide(sets, &[]);
    assert!(decided[..3].iter().all(|value| *value == decided[0]));
    assert!(decided[3..].iter().all(|value| *value == decided[3]));
    assert!(decided[0] != decided[3] && !decided.contains(&"-".to_owned()));
}

/// Whitepaper 4.1, figure 7: if quorums intersect only in v7, the whole network depends on v7.
#[test]
fn a_single_common_node_can_halt_both_sides() {
    let sets = || {
        let side = |n| {
            if n < 3 {
                of(4, &[0, 1, 2, 6])
            } else {
                of(4, &[3, 4, 5, 6])
            }
        };
        (0..6).map(side).chain([of(1, &[6])]).collect::<Vec<_>>()
    };
    assert!(quorums(&sets()).iter().all(|quorum| quorum.contains(&7)));
    assert_eq!(decide(sets(), &[6]), ["-"; 7]);
    let decided = decide(sets(), &[]);
    assert!(decided[6] != "-" && decided.iter().all(|value| *value == decided[6]));
}

/// Whitepaper 5.2 / draft "Federated voting": a v-blocking set hits every slice of one node.
#[test]
fn v_blocking_sets_hit_every_slice() {
    let nodes = |numbers: &[u32]| numbers.iter().map(|&n| NodeId(n)).collect::<NodeSet>();
    let three_of_four = of(3, &[0, 1, 2, 3]);
    assert!(three_of_four.is_v_blocking(&nodes(&[0, 1])));
    assert!(!three_of_four.is_v_blocking(&nodes(&[0])));
    // v4 is in all quorums of figure 2. It blocks v2, but not v1, whose only slice does not contain v4.
    assert!(figure_2()[1].is_v_blocking(&nodes(&[3])));
    assert!(!figure_2()[0].is_v_blocking(&nodes(&[3])));
    // self+2/4: any three of the four, or the node itself, are v-blocking.
    let tiered = self_and(4, 2, &[0, 1, 2, 3]);
    assert!(tiered.is_v_blocking(&nodes(&[4])) && tiered.is_v_blocking(&nodes(&[0, 1, 2])));
    assert!(!tiered.is_v_blocking(&nodes(&[0, 1])));
}

/// Whitepaper 5.3 / draft "Federated voting": a node accepts what a quorum votes for.
#[test]
fn a_quorum_of_votes_is_enough_to_accept() {
    let mut net = one_of(4, 3);
    for from in 1..4 {
        net.deliver(0, Net::envelope(from, prepare(ballot(1, "a"), None, 0, 0)));
        assert_eq!(state(&net, 0).p.is_some(), from == 3);
    }
    assert_eq!(state(&net, 0).p, Some(ballot(1, "a")));
    assert_eq!(state(&net, 0).h, None);
}

/// Whitepaper 5.3 / draft "Federated voting": a v-blocking set that accepts overrules the node's own vote.
#[test]
fn a_v_blocking_set_overrules_a_vote() {
    let mut net = one_of(4, 3);
    let own = Net::envelope(0, prepare(ballot(1, "b"), None, 0, 0));
    net.restore(0, own);
    let accepts_a = || prepare(ballot(1, "a"), Some(ballot(1, "a")), 0, 0);
    net.deliver(0, Net::envelope(1, accepts_a()));
    assert_eq!(state(&net, 0).p, None);
    net.deliver(0, Net::envelope(2, accepts_a()));
    assert_eq!(state(&net, 0).p, Some(ballot(1, "a")));
    assert_eq!(state(&net, 0).b, Some(ballot(1, "b")));
    let rule = net.events[0].iter().find_map(|event| match event {
        ScpEvent::AcceptedPrepared { evidence, .. } => Some(evidence.rule),
        _ => None,
    });
    assert_eq!(rule, Some(VotingRule::VBlocking));
}

/// Whitepaper 5.5 / draft "Federated voting": confirming takes a quorum that accepts; a v-blocking set is not enough.
#[test]
fn a_v_blocking_set_is_not_enough_to_confirm() {
    let mut net = one_of(5, 4);
    let accepts = || prepare(ballot(1, "a"), Some(ballot(1, "a")), 0, 0);
    for from in 1..3 {
        net.deliver(0, Net::envelope(from, accepts()));
    }
    // Two nodes block a threshold of four of five. Node 0 now accepts as well, so three nodes accept.
    assert_eq!(state(&net, 0).p, Some(ballot(1, "a")));
    assert_eq!(state(&net, 0).h, None);
    net.deliver(0, Net::envelope(3, accepts()));
    assert_eq!(state(&net, 0).h, Some(ballot(1, "a")));
}

/// Whitepaper 5.4, figure 10: a node must not act on a statement that it has only accepted. v1 has accepted a
/// statement, v3 has crashed, and v2 and v4 can never accept it. v2 cannot distinguish this case from a Byzantine v1.
#[test]
fn other_nodes_may_never_accept_what_one_node_has_accepted() {
    let all = [0, 1, 2, 3];
    let mut net = Net::new(all.iter().map(|_| of(3, &all)).collect());
    for (place, x) in ["a", "a", "a", "b"].into_iter().enumerate() {
        let own = Net::envelope(place as u32, prepare(ballot(1, x), None, 0, 0));
        net.restore(place, own);
    }
    let latest = |net: &Net, place: usize| {
        net.scps[place]
            .own_statements(SLOT)
            .last()
            .cloned()
            .unwrap()
    };
    // v1 receives all votes before v3 crashes.
    for from in 1..4 {
        let envelope = latest(&net, from);
        net.deliver(0, envelope);
    }
    assert_eq!(state(&net, 0).p, Some(ballot(1, "a")));
    net.down.insert(2);
    net.lose_all();
    let (v1, v2, v4) = (latest(&net, 0), latest(&net, 1), latest(&net, 3));
    for envelope in [&v1, &v4] {
        net.deliver(1, envelope.clone());
    }
    for envelope in [&v1, &v2] {
        net.deliver(3, envelope.clone());
    }
    assert_eq!((state(&net, 1).p, state(&net, 3).p), (None, None));
    net.resend();
    net.deliver_all();
    assert_eq!((state(&net, 1).p, state(&net, 3).p), (None, None));
}

/// Whitepaper 4.1: without quorum intersection delay alone forks the network.
#[test]
fn without_intersection_delay_alone_causes_a_fork() {
    let all = [0, 1, 2, 3, 4];
    let mut net = Net::new(all.iter().map(|_| of(2, &all)).collect());
    net.cut(&[0, 1], &[2, 3, 4]);
    for place in 0..5 {
        net.nominate(place, if place < 2 { "pizza" } else { "burger" });
    }
    net.run(200);
    assert_eq!(
        net.decisions(),
        ["pizza", "pizza", "burger", "burger", "burger"]
    );
}

/// Whitepaper 5.4.3: thresholds trade safety for liveness. With 4 of 5, two silent nodes stop all others; with 3 of 5
/// they do not.
#[test]
fn a_threshold_too_high_loses_liveness() {
    let all = [0, 1, 2, 3, 4];
    let with = |t| decide(all.iter().map(|_| of(t, &all)).collect(), &[0, 3]);
    assert_eq!(with(4), ["-"; 5]);
    let decided = with(3);
    assert!(decided[1] != "-" && decided[1] == decided[2] && decided[1] == decided[4]);
}

/// Whitepaper 4.1: a Byzantine node in the intersection can split the network.
#[test]
fn a_byzantine_node_in_every_intersection_splits_the_network() {
    // A, B, C, S, D. Byzantine node A runs twice, once on each side of the cut.
    let sets = vec![
        of(2, &[0, 1, 2]),
        of(2, &[0, 1, 2]),
        of(2, &[0, 1, 2]),
        of(2, &[0, 1, 2, 3]),
        of(2, &[0, 1, 2, 3, 4]),
    ];
    let mut net = Net::with_places(sets, &[0, 1, 2, 3, 4, 0]);
    net.cut(&[0, 1, 4], &[5, 2, 3]);
    for place in [0, 1, 4] {
        net.nominate(place, "pizza");
    }
    for place in [5, 2, 3] {
        net.nominate(place, "burger");
    }
    net.run(200);
    let expected = ["pizza", "pizza", "burger", "burger", "pizza", "burger"];
    assert_eq!(net.decisions(), expected);
}

/// Draft "Configuration": a node whose only slice is itself decides alone in one step.
#[test]
fn a_network_of_one_node_decides_in_one_step() {
    let mut net = Net::new(vec![of(1, &[0])]);
    net.nominate(0, "a");
    assert_eq!(net.decisions(), ["a"]);
}
