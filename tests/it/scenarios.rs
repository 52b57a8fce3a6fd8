//! Outcomes of known networks, and of random networks with quorum intersection and without faults.

use super::runs::{Run, built_in, do_intersect, imported, run, scenario};
use proptest::prelude::*;
use quorumscope::node::view::BackupAnswer;
use quorumscope::scenario::{Action, Scenario};
use quorumscope::scp::{NodeId, SlotIndex};
use quorumscope::sim::ExecutorKind::{Inline, Threads};
use quorumscope::time::Time;
use quorumscope::trace::outcome::{Outcome, StopCondition};

const SEEDS: std::ops::Range<u64> = 0..4;

fn until_externalized(scenario: &Scenario) -> Run {
    run(scenario, Inline, StopCondition::Externalized)
}

/// The scenario with these nodes crashed from the start.
fn crashed(mut scenario: Scenario, crashed: &[u32]) -> Scenario {
    let crash = |node: &u32| {
        (
            Time::ZERO,
            Action::Crash {
                node: NodeId(*node),
            },
        )
    };
    scenario.events.splice(0..0, crashed.iter().map(crash));
    scenario
}

fn check(name: &str, down: &[u32], expected: Outcome) {
    for seed in SEEDS {
        let run = until_externalized(&crashed(built_in(name, seed), down));
        assert_eq!(
            run.outcome,
            expected,
            "{name}, seed {seed}, down {down:?}: {:?}",
            run.decided()
        );
        if expected == Outcome::NoProgress {
            assert!(
                run.decided().values().all(Vec::is_empty),
                "{name}: {:?}",
                run.decided()
            );
        }
    }
}

#[test]
fn w1_a_crash_of_any_of_three_critical_nodes_halts_the_network() {
    check("w1", &[], Outcome::Agreed);
    check("w1", &[0], Outcome::Agreed);
    for down in 1..4 {
        check("w1", &[down], Outcome::NoProgress);
    }
}

#[test]
fn w2_crashes_of_two_top_tier_nodes_halt_the_network() {
    check("w2", &[], Outcome::Agreed);
    check("w2", &[2], Outcome::Agreed);
    check("w2", &[4, 8], Outcome::Agreed);
    check("w2", &[0, 3], Outcome::NoProgress);
}

#[test]
fn w3_any_crash_halts_the_ring() {
    check("w3", &[], Outcome::Agreed);
    for down in 0..6 {
        check("w3", &[down], Outcome::NoProgress);
    }
}

#[test]
fn w4_forks_without_a_fault() {
    for seed in SEEDS {
        let run = until_externalized(&built_in("w4", seed));
        assert_eq!(run.outcome, Outcome::Violated);
        let expected = [
            "v1=red", "v2=red", "v3=red", "v4=blue", "v5=blue", "v6=blue",
        ];
        assert_eq!(run.decided()[&1], expected);
    }
}

#[test]
fn w5_agrees_with_a_correct_middle_node_and_halts_without_it() {
    check("w5", &[], Outcome::Agreed);
    check("w5", &[6], Outcome::NoProgress);
}

/// Four nodes, two values with two votes each: neither value can win by votes alone, but ballots agree on one.
#[test]
fn w7_a_split_vote_ends_in_agreement() {
    let mut text = String::from("application = \"choice\"\n[quorum_sets]\n");
    text += "three = { threshold = 3, validators = [\"v1\", \"v2\", \"v3\", \"v4\"] }\n";
    for (name, value) in [("v1", "a"), ("v2", "a"), ("v3", "b"), ("v4", "b")] {
        text +=
            &format!("[[nodes]]\nname = \"{name}\"\nquorum_set = \"three\"\nvalue = \"{value}\"\n");
    }
    for seed in 0..20 {
        let run = until_externalized(&scenario("w7", seed, None, &text));
        assert_eq!(run.outcome, Outcome::Agreed);
        let decided = &run.decided()[&1];
        assert!(
            decided.len() == 4 && ["a", "b"].contains(&&decided[0][3..]),
            "{decided:?}"
        );
    }
}

#[test]
fn s1_forks_without_a_byzantine_node() {
    for seed in SEEDS {
        let run = until_externalized(&built_in("s1", seed));
        assert_eq!(run.outcome, Outcome::Violated);
        assert_eq!(
            run.decided()[&1],
            ["A=pizza", "B=pizza", "C=burger", "D=burger", "E=burger"]
        );
    }
}

/// Two pairs of nodes change their quorum sets to their own pair: the pairs decide separately from the next slot on.
#[test]
fn a_changed_quorum_set_takes_effect_at_the_next_slot() {
    let event = |at_ms: u32, rest: &str| format!("[[events]]\nat_ms = {at_ms}\naction = {rest}\n");
    let mut text = String::from("application = \"log\"\n[quorum_sets]\n");
    text += "all = { threshold = 3, validators = [\"a\", \"b\", \"c\", \"d\"] }\n";
    text += "left = { threshold = 2, validators = [\"a\", \"b\"] }\n";
    text += "right = { threshold = 2, validators = [\"c\", \"d\"] }\n";
    for name in ["a", "b", "c", "d"] {
        text += &format!("[[nodes]]\nname = \"{name}\"\nquorum_set = \"all\"\n");
    }
    text += &event(1000, "\"propose\"\nnode = \"a\"\nnote = \"together\"");
    for (node, set) in [("a", "left"), ("b", "left"), ("c", "right"), ("d", "right")] {
        text += &event(
            1100,
            &format!("\"set_trust\"\nnode = \"{node}\"\nquorum_set = \"{set}\""),
        );
    }
    text += &event(9000, "\"propose\"\nnode = \"a\"\nnote = \"left\"");
    text += &event(9000, "\"propose\"\nnode = \"d\"\nnote = \"right\"");
    let run = until_externalized(&scenario("split", 3, None, &text));
    assert_eq!(run.outcome, Outcome::Violated);
    let decided = run.decided();
    let of = |slot: u64, name: &str| {
        let found = decided[&slot]
            .iter()
            .find_map(|one| one.strip_prefix(&format!("{name}=")));
        found.unwrap().to_owned()
    };
    assert!(["b", "c", "d"].iter().all(|name| of(1, name) == of(1, "a")));
    assert!(of(1, "a").contains("together"));
    assert!(of(2, "a") == of(2, "b") && of(2, "c") == of(2, "d") && of(2, "a") != of(2, "d"));
}

/// An imported network with two disjoint quorums gets a proposal in each of them, and forks.
#[test]
fn an_imported_network_without_quorum_intersection_forks() {
    let node = |name: &str, members: [&str; 2]| {
        let validators = members.map(|member| format!("\"{member}\"")).join(",");
        format!(
            "{{\"publicKey\": \"{name}\", \"quorumSet\": {{\"threshold\": 2, \"validators\": [{validators}]}}}}"
        )
    };
    let (left, right) = (["A", "B"], ["C", "D"]);
    let list = [
        node("A", left),
        node("B", left),
        node("C", right),
        node("D", right),
    ];
    let network = imported("factions", &format!("[{}]", list.join(",")));
    assert!(network.description.contains("do not intersect"));
    let run = until_externalized(&network);
    assert_eq!(run.outcome, Outcome::Violated);
}

#[test]
fn s2_is_stuck_with_four_of_five_and_decides_with_three_of_five() {
    check("s2", &[], Outcome::NoProgress);
    check("s2-3of5", &[], Outcome::Agreed);
    let decided = until_externalized(&built_in("s2-3of5", 0)).decided();
    for name in ["B=", "C=", "E="] {
        assert!(
            decided[&1].iter().any(|it| it.starts_with(name)),
            "{decided:?}"
        );
    }
}

#[test]
fn s3_the_smaller_side_waits_and_follows() {
    for seed in SEEDS {
        let run = until_externalized(&built_in("s3", seed));
        assert_eq!(run.outcome, Outcome::Agreed);
        let healed_at = Time::from_ms(20_000);
        for (slot, summary) in run.world.slots() {
            assert_eq!(summary.nodes_by_value().len(), 1, "slot {slot:?}");
            for (node, (at, _)) in &summary.decided {
                let is_smaller_side = node.index() >= 3;
                assert_eq!(
                    is_smaller_side,
                    *at > healed_at,
                    "slot {slot:?}, node {node:?} at {at}"
                );
            }
        }
        assert_eq!(run.world.slots()[&SlotIndex(4)].decided.len(), 5);
    }
}

#[test]
fn r1_survives_the_loss_of_two_organisations_and_not_of_three() {
    check("r1", &[], Outcome::Agreed);
    check("r1", &[15, 16, 17, 18, 19, 20], Outcome::Agreed);
    check("r1", &[12, 13, 15, 16, 18, 19], Outcome::NoProgress);
    check("r1", &[12, 15, 16, 18, 19], Outcome::Agreed);
}

#[test]
fn a_backup_reaches_every_node_that_lacks_the_file() {
    for seed in SEEDS {
        let run = until_externalized(&built_in("backup", seed));
        assert_eq!(run.outcome, Outcome::Agreed);
        for node in &run.world.nodes[1..] {
            let line = node.view.backup_log.values().next().unwrap();
            assert!(line.answer != BackupAnswer::NoHasIt && line.backed_up.is_some());
        }
        let run = until_externalized(&built_in("backup-held", seed));
        let has_it = |answer| {
            let lines = run
                .world
                .nodes
                .iter()
                .flat_map(|node| node.view.backup_log.values());
            lines.filter(|line| line.answer == answer).count()
        };
        assert_eq!(run.outcome, Outcome::Agreed);
        assert!(has_it(BackupAnswer::NoHasIt) >= 1);
    }
}

/// Most nodes are out of range of the node that has the file, so the file spreads from neighbour to neighbour.
#[test]
fn a_file_reaches_all_nodes_by_radio() {
    let mut text = String::from(
        "application = \"log\"\n[radio]\nrange_m = 250\n[trust]\npolicy = \"in_range\"\nthreshold = \"2/3\"\n",
    );
    let sha256 = "ab".repeat(32);
    text +=
        &format!("[[files]]\nname = \"photo.jpg\"\nsize_bytes = 200000\nsha256 = \"{sha256}\"\n");
    for nth in 0..8 {
        let held = if nth == 0 {
            "holds = [\"photo.jpg\"]\n"
        } else {
            ""
        };
        let at = 100 + 110 * nth;
        text += &format!("[[nodes]]\nname = \"n{nth}\"\nposition = [{at}, 400]\n{held}");
    }
    text += "[[events]]\nat_ms = 5000\naction = \"propose\"\nnode = \"n0\"\nfile = \"photo.jpg\"\n";
    let run = until_externalized(&scenario("chain", 1, None, &text));
    assert_eq!(run.outcome, Outcome::Agreed);
    for (id, node) in run.world.participants().skip(1) {
        let lines: Vec<_> = node.view.backup_log.values().collect();
        assert!(
            lines.len() == 1 && lines[0].backed_up.is_some(),
            "{id:?}: {lines:?}"
        );
    }
}

#[test]
fn the_demo_agrees_with_the_threads_executor() {
    let run = run(&built_in("demo", 3), Threads, StopCondition::Externalized);
    assert_eq!(run.outcome, Outcome::Agreed);
    assert_eq!(run.decided()[&1].len(), 20);
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Log,
    Choice,
    Radio,
}

fn network(shape: Shape, latency: (u64, u64), threshold: &str) -> String {
    let medium = format!("[medium]\nlatency_ms = [{}, {}]\n", latency.0, latency.1);
    let trust = |policy| format!("[trust]\npolicy = \"{policy}\"\nthreshold = \"{threshold}\"\n");
    let note = "[[events]]\nat_ms = 9000\naction = \"propose\"\nnode = \"n02\"\nnote = \"x\"\n";
    match shape {
        Shape::Log => format!(
            "application = \"log\"\n{medium}{}[random]\ncount = 9\n{note}",
            trust("found")
        ),
        Shape::Choice => format!(
            "application = \"choice\"\n{medium}{}[timing]\nchoice_slots = 2\n[random]\ncount = 9\nvalues = [\"a\", \"b\", \"c\"]\n",
            trust("found")
        ),
        Shape::Radio => format!(
            "application = \"log\"\n{medium}{}[radio]\nrange_m = 500\n[random]\ncount = 9\nrequire = [\"connected\", \"intersecting\"]\n{note}",
            trust("in_range")
        ),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]
    /// In a connected network with quorum intersection and without faults, all nodes externalize the same values.
    #[test]
    fn networks_with_quorum_intersection_agree_without_faults(
        shape in prop_oneof![Just(Shape::Log), Just(Shape::Choice), Just(Shape::Radio)],
        latency in prop_oneof![Just((0, 0)), Just((0, 100)), Just((40, 80)), Just((300, 300)), Just((10, 900))],
        threshold in prop_oneof![Just("2/3"), Just("majority")],
        nodes in 4usize..14,
        seed: u64,
    ) {
        let scenario = scenario("random", seed, Some(nodes), &network(shape, latency, threshold));
        let run = until_externalized(&scenario);
        let sets: Vec<_> = run.world.nodes.iter().map(|node| node.view.quorum_set.as_ref().map(|(_, set)| set.clone())).collect();
        prop_assume!(do_intersect(&sets));
        prop_assert_eq!(run.outcome, Outcome::Agreed);
        for (slot, summary) in run.world.slots() {
            prop_assert_eq!(summary.nodes_by_value().len(), 1, "slot {:?}", slot);
            prop_assert_eq!(summary.decided.len(), nodes, "slot {:?}", slot);
        }
    }
}
