//! A best-first search finds a fork if quorums do not intersect. The path to the fork is a readable transcript.

use super::local_states::{LocalId, LocalStates};
use super::search::{Bounds, GlobalState, NODES_MAX, Network};
use crate::scp_net::of;
use quorumscope::scp::{BallotPhase, QuorumSet, SlotState, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The search heuristic. It prefers states in which the nodes of two different values have advanced far.
fn heuristic(network: &Network, world: &GlobalState) -> i64 {
    let mut progress_by_value: BTreeMap<Value, i64> = BTreeMap::new();
    let mut rounds = 0;
    for node in 0..network.locals.nodes() {
        let slot = network.state(world, node).slot();
        rounds += i64::from(slot.round);
        let value_of_node = slot.b.as_ref().map(|b| &b.x).or(slot.accepted.last());
        if let Some(value) = value_of_node.or(slot.voted.last()) {
            *progress_by_value.entry(value.clone()).or_default() += progress(&slot);
        }
    }
    let mut progress_by_value: Vec<i64> = progress_by_value.into_values().collect();
    progress_by_value.sort_by_key(|progress| -progress);
    progress_by_value.resize(2, 0);
    3 * progress_by_value[1] + progress_by_value[0] + rounds
}

fn progress(slot: &SlotState) -> i64 {
    let phase = match slot.phase {
        BallotPhase::Prepare => 0,
        BallotPhase::Confirm => 40,
        BallotPhase::Externalize => 80,
    };
    let reached = [
        !slot.voted.is_empty(),
        !slot.accepted.is_empty(),
        !slot.candidates.is_empty(),
        slot.b.is_some(),
        slot.p.is_some(),
        slot.h.is_some(),
    ];
    phase + reached.iter().map(|&is| i64::from(is) * 8).sum::<i64>()
}

/// Searches for two decisions, replays the path, and compares it with the file `name` in `tests/transcripts/forks`.
fn check(name: &str, names: &[&str], sets: Vec<QuorumSet>, values: &[&str]) {
    let mut locals = LocalStates::new(sets);
    let begin = |(node, value): (usize, &&str)| locals.nominate(node, 0, value);
    let states: Vec<LocalId> = values.iter().enumerate().map(begin).collect();
    let bounds = Bounds {
        counter_max: 1,
        may_time_out: [true; NODES_MAX],
        round_max: 3,
        travel: [true, true],
    };
    let mut network = Network { locals, bounds };
    let start = network.start(&states);
    let is_fork = |network: &Network, world: &GlobalState| network.decisions(world).len() > 1;
    let found = network.best_first_search(start, heuristic, is_fork, 200_000);
    let (steps, visited) = found.expect("these quorums can decide differently");
    let mut world = start;
    let mut transcript = format!(
        "{name}: found after {visited} states, {} steps\n",
        steps.len()
    );
    for step in steps {
        let words = network.words(&world, step, names);
        let decided = network.decisions(&world).len();
        world = network.after(&world, step);
        transcript += &words;
        if network.decisions(&world).len() > decided {
            let values: Vec<String> = network
                .decisions(&world)
                .iter()
                .map(ToString::to_string)
                .collect();
            transcript += &format!("  => decided so far: {}", values.join(", "));
        }
        transcript.push('\n');
    }
    assert!(
        is_fork(&network, &world),
        "the path leads to the fork:
{transcript}"
    );
    println!("{transcript}");
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/transcripts/forks/{name}.txt"));
    if std::env::var_os("REWRITE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &transcript).unwrap();
    }
    assert_eq!(
        transcript,
        fs::read_to_string(&path).unwrap_or_default(),
        "{}",
        path.display()
    );
}

/// Whitepaper 4.1, figure 6: two triples, each of which is a quorum.
#[test]
fn w4_search_finds_a_fork() {
    let (left, right) = (of(3, &[0, 1, 2]), of(3, &[3, 4, 5]));
    let sets = [vec![left; 3], vec![right; 3]].concat();
    let names = ["v1", "v2", "v3", "v4", "v5", "v6"];
    check(
        "w4",
        &names,
        sets,
        &["red", "red", "red", "blue", "blue", "blue"],
    );
}

/// Any two of five nodes are a slice, so there are disjoint quorums although every node receives all statements.
#[test]
fn s1_search_finds_a_fork() {
    let names = ["A", "B", "C", "D", "E"];
    let values = ["pizza", "pizza", "burger", "burger", "burger"];
    check("s1", &names, vec![of(2, &[0, 1, 2, 3, 4]); 5], &values);
}
