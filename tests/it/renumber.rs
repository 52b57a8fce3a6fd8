//! Other numbers for nodes: none is forgotten, and nothing else changes.

use super::runs::{EVENTFUL, NETWORKS, built_in, records, scenario};
use quorumscope::scenario::Scenario;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::time::Span;
use quorumscope::trace::{Record, Renumber};

/// More than any network here has nodes: numbers from here on are new ones.
const SHIFT: u32 = 1_000;

/// Its own inverse, and it turns the order round.
fn mirrored(nodes: u32) -> impl Fn(NodeId) -> NodeId {
    move |node| NodeId(SHIFT + nodes - 1 - node.0)
}

/// All numbers of nodes in what a record says, as its debugging form tells.
fn numbers(record: &Record) -> Vec<u32> {
    let text = format!("{record:?}");
    let found = text.split("NodeId(").skip(1);
    found
        .map(|rest| rest.split(')').next().unwrap().parse().unwrap())
        .collect()
}

fn check(scenario: &Scenario, span: Span) -> usize {
    let all = records(scenario, Inline, span);
    let nodes = all
        .iter()
        .filter(|record| matches!(record, Record::NodeAdded { .. }))
        .count() as u32;
    let mut found = 0;
    for record in &all {
        let mut mapped = record.clone();
        mapped.renumber(&mut mirrored(nodes));
        let mut expected = numbers(record);
        let mut told = numbers(&mapped);
        found += told.len();
        assert!(
            told.iter().all(|n| *n >= SHIFT),
            "{}: {record:?} became {mapped:?}",
            scenario.name
        );
        for number in &mut told {
            *number = mirrored(nodes)(NodeId(*number)).0;
        }
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected, "{}: {record:?}", scenario.name);
        assert!(evidence_is_in_order(&mapped), "{mapped:?}");
        mapped.renumber(&mut mirrored(nodes));
        assert!(
            mapped == *record,
            "{}: {record:?} came back as {mapped:?}",
            scenario.name
        );
    }
    found
}

/// Witnesses are ascending, and each has its envelope at its place.
fn evidence_is_in_order(record: &Record) -> bool {
    let text = serde_json::to_value(record).unwrap();
    let mut pending = vec![&text];
    while let Some(value) = pending.pop() {
        if let Some(witness) = value.get("witness").and_then(|witness| witness.as_array()) {
            let numbers: Vec<_> = witness.iter().map(|n| n.as_u64()).collect();
            let envelopes = value["envelopes"].as_array().unwrap();
            let senders: Vec<_> = envelopes.iter().map(|e| e["from"].as_u64()).collect();
            if !numbers.is_sorted() || !senders.is_empty() && senders != numbers {
                return false;
            }
        }
        match value {
            serde_json::Value::Array(items) => pending.extend(items),
            serde_json::Value::Object(fields) => pending.extend(fields.values()),
            _ => {}
        }
    }
    true
}

#[test]
fn every_number_is_mapped_and_maps_back() {
    for (name, text) in NETWORKS {
        assert!(
            check(&scenario(name, 3, None, text), EVENTFUL) > 1_000,
            "{name}"
        );
    }
    for name in ["demo", "w2", "w4", "s1", "backup"] {
        assert!(
            check(&built_in(name, 1), Span::from_ms(8_000)) > 300,
            "{name}"
        );
    }
}
