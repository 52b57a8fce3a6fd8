//! `quorumscope bench scp`: under both executors, the measured networks deliver as many messages as stellar-core.

use quorumscope::commands::bench_scp::{FlatNetwork, InlineNetwork, SlotWork, ThreadedNetwork};
use quorumscope::scp::{EvidenceMode, NodeId};
use std::process::{Command, Output};

fn inline(nodes: usize, slots: usize, recording: EvidenceMode) -> Vec<SlotWork> {
    let mut network = InlineNetwork::new(nodes, recording);
    (0..slots).map(|_| network.run_slot().unwrap()).collect()
}

fn threads(nodes: usize, slots: usize, recording: EvidenceMode) -> Vec<SlotWork> {
    let mut network = ThreadedNetwork::new(nodes, recording).unwrap();
    (0..slots).map(|_| network.run_slot().unwrap()).collect()
}

fn deliveries_per_slot(work: &[SlotWork]) -> f64 {
    let total: u64 = work.iter().map(|slot| slot.deliveries).sum();
    (total as f64 / work.len() as f64).round()
}

/// The expected numbers were counted with stellar-core's own code under the same rules. Four nodes need a second round
/// in about every fifth slot, so their average is taken over more slots.
#[test]
fn a_slot_takes_as_many_deliveries_as_in_stellar_core() {
    let references = [
        (4, 20, 73.0),
        (16, 5, 1365.0),
        (64, 5, 22_869.0),
        (128, 2, 92_202.0),
    ];
    for (nodes, slots, reference) in references {
        let work = inline(nodes, slots, EvidenceMode::Skip);
        assert_eq!(deliveries_per_slot(&work), reference, "{nodes} nodes");
    }
}

#[test]
fn both_executors_do_the_same_work() {
    for (nodes, slots) in [(1, 3), (2, 3), (3, 5), (4, 40), (7, 10), (16, 3), (40, 2)] {
        let expected = inline(nodes, slots, EvidenceMode::Skip);
        assert_eq!(
            threads(nodes, slots, EvidenceMode::Skip),
            expected,
            "{nodes} nodes"
        );
    }
}

#[test]
fn recording_evidence_changes_no_work() {
    let expected = inline(7, 10, EvidenceMode::Skip);
    assert_eq!(inline(7, 10, EvidenceMode::Record), expected);
    assert_eq!(threads(7, 10, EvidenceMode::Record), expected);
}

#[test]
fn node_names_have_the_order_of_node_numbers() {
    for nodes in [1, 100, 101, 1000] {
        let network = FlatNetwork::new(nodes);
        let names: Vec<&str> = network.nodes().map(|node| network.name(node)).collect();
        assert!(names.is_sorted() && names.len() == nodes);
    }
    assert_eq!(FlatNetwork::new(100).name(NodeId(7)), "n07");
    assert_eq!(FlatNetwork::new(101).name(NodeId(7)), "n007");
}

fn bench(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorumscope"));
    command.args(["bench", "scp"]).args(args).output().unwrap()
}

#[test]
fn costs_are_printed_as_a_table_and_as_json() {
    for executor in ["inline", "threads"] {
        let args = ["--nodes", "4,16", "--slots", "2", "--executor", executor];
        let output = bench(&args);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|row| row.split_whitespace().collect())
            .collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(
            rows[2][..2] == ["16", executor] && rows[2][3] == "1365",
            "{text}"
        );

        let output = bench(&[&args[..], &["--json", "--evidence"]].concat());
        let costs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let costs = costs.as_array().unwrap();
        assert_eq!(costs.len(), 2);
        for (row, (nodes, deliveries, broadcasts)) in
            costs.iter().zip([(4, 69, 28), (16, 1365, 112)])
        {
            assert_eq!(row["nodes"], nodes);
            assert_eq!(row["executor"], executor);
            assert_eq!(row["deliveries_per_slot"], deliveries);
            assert_eq!(row["broadcasts_per_slot"], broadcasts);
            assert!(row["cpu_ms_per_slot"].as_f64().unwrap() > 0.0);
            assert!(row["peak_rss_mb"].is_null() || row["peak_rss_mb"].as_f64().unwrap() > 0.5);
            assert_eq!(row.as_object().unwrap().len(), 6);
        }
    }
}

#[test]
fn arguments_out_of_range_are_refused() {
    for args in [
        ["--nodes", "0"],
        ["--nodes", "4,1001"],
        ["--nodes", "many"],
        ["--slots", "0"],
        ["--executor", "fibers"],
    ] {
        let output = bench(&args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains(args[0]) && output.stdout.is_empty(),
            "{error}"
        );
    }
}
