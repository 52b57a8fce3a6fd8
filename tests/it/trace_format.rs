//! The trace format: nodes are named by key, so a trace reads the same under any node numbers.

use super::runs::{EVENTFUL, NETWORKS, built_in, records, scenario};
use super::trace_lines::{registry, renumbered, trace_lines};
use quorumscope::node::{Input, Output, Peer, Recipient};
use quorumscope::scenario::Scenario;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::{Inline, Threads};
use quorumscope::time::{Span, Time};
use quorumscope::trace::format::{Decoded, Decoder, Encoder};
use quorumscope::trace::{Digest, NodeRegistry, Record};

/// All node numbers in the `Debug` output of a record.
fn numbers(record: &Record) -> Vec<u32> {
    let text = format!("{record:?}");
    let found = text.split("NodeId(").skip(1);
    found
        .map(|rest| rest.split(')').next().unwrap().parse().unwrap())
        .collect()
}

fn check(scenario: &Scenario, span: Span) -> usize {
    let all = records(scenario, Inline, span);
    let peers: Vec<Peer> = all
        .iter()
        .filter_map(|record| match record {
            Record::NodeAdded { config, .. } => Some(config.peer.clone()),
            _ => None,
        })
        .collect();
    let last = peers.len() as u32 - 1;
    let mut mirrored = registry(peers.iter().rev());
    let (other, mapped) = renumbered(scenario, &all, &mut mirrored);
    assert_eq!(mapped.len(), all.len());
    let mut found = 0;
    for (record, mapped) in all.iter().zip(&mapped) {
        let (mut expected, mut mapped_numbers) = (numbers(record), numbers(mapped));
        mapped_numbers.iter_mut().for_each(|n| *n = last - *n);
        expected.sort_unstable();
        mapped_numbers.sort_unstable();
        assert_eq!(mapped_numbers, expected, "{}: {record:?}", scenario.name);
        assert!(is_evidence_ordered(mapped), "{mapped:?}");
        found += expected.len();
    }
    let (_, back) = renumbered(&other, &mapped, &mut registry(&peers));
    for (record, back) in all.iter().zip(&back) {
        assert!(
            back == record,
            "{}: {record:?} came back as {back:?}",
            scenario.name
        );
    }
    found
}

/// Whether the witnesses of all evidence in a record ascend.
fn is_evidence_ordered(record: &Record) -> bool {
    let text = format!("{record:?}");
    let witnesses = text.split("witness: [").skip(1);
    witnesses.into_iter().all(|rest| {
        let list = rest.split(']').next().unwrap();
        let numbers: Vec<u32> = list
            .split("NodeId(")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap().parse().unwrap())
            .collect();
        numbers.is_sorted()
    })
}

#[test]
fn every_node_number_is_mapped_and_maps_back() {
    for (name, text) in NETWORKS {
        let found = check(&scenario(name, 3, None, text), EVENTFUL);
        assert!(found > 1_000, "{name}");
    }
    for name in ["demo", "w2", "w4", "s1", "backup"] {
        let found = check(&built_in(name, 1), Span::from_ms(8_000));
        assert!(found > 300, "{name}");
    }
}

fn digest(scenario: &Scenario, records: &[Record]) -> String {
    let mut digest = Digest::new(scenario);
    records.iter().for_each(|record| digest.add(record));
    digest.finish()
}

#[test]
fn the_digest_is_equal_for_both_executors_and_for_a_trace_that_was_read() {
    for (name, text) in NETWORKS {
        let scenario = scenario(name, 3, None, text);
        let [inline, threads] =
            [Inline, Threads].map(|kind| records(&scenario, kind, Span::from_ms(6_000)));
        let expected = digest(&scenario, &inline);
        assert_eq!(digest(&scenario, &threads), expected, "{name}");
        let mut numbers = NodeRegistry::default();
        let (read_scenario, read) = renumbered(&scenario, &inline, &mut numbers);
        assert_eq!(digest(&read_scenario, &read), expected, "{name}");
        let fewer = digest(&scenario, &inline[..inline.len() - 1]);
        assert_ne!(fewer, expected, "{name}");
    }
}

/// The digest is what `sha256sum` prints for the lines between `scenario` and `end`.
#[test]
fn the_digest_is_the_hash_of_the_lines_after_the_scenario() {
    use sha2::{Digest as _, Sha256};
    let scenario = built_in("w2", 1);
    let records = records(&scenario, Inline, Span::from_ms(3_000));
    let lines = trace_lines(&scenario, &records);
    let scenario_line = lines
        .iter()
        .position(|line| line.starts_with("{\"scenario\""));
    let mut hash = Sha256::new();
    for line in &lines[scenario_line.unwrap() + 1..] {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    let expected: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(digest(&scenario, &records), expected);
}

#[test]
fn objects_that_occur_often_are_defined_once() {
    let scenario = built_in("w2", 1);
    let lines = trace_lines(&scenario, &records(&scenario, Inline, Span::from_ms(6_000)));
    for kind in ["message", "envelope", "quorum_set", "node"] {
        let start = format!("{{\"{kind}\":");
        let mut defined: Vec<&String> = lines
            .iter()
            .filter(|line| line.starts_with(&start))
            .collect();
        let count = defined.len();
        assert!(count > 0, "{kind}");
        defined.sort();
        defined.dedup();
        assert_eq!(defined.len(), count, "{kind}");
    }
}

#[test]
fn a_stream_can_be_joined_after_its_introductions() {
    let scenario = built_in("w2", 1);
    let all = records(&scenario, Inline, Span::from_ms(3_000));
    let mut encoder = Encoder::for_stream(&scenario);
    let mut preamble = Vec::new();
    encoder.scenario(&scenario, &mut preamble);
    let (first, rest) = all.split_at(all.len() / 2);
    first
        .iter()
        .for_each(|record| encoder.record(record, &mut Vec::new()));
    let mut bytes = encoder.introductions();
    // The scenario follows the nodes that it names.
    bytes.extend(&preamble);
    rest.iter()
        .for_each(|record| encoder.record(record, &mut bytes));
    let (mut decoder, mut numbers) = (Decoder::default(), NodeRegistry::default());
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let decoded = lines.filter_map(|line| match decoder.line(line, &mut numbers).unwrap() {
        Decoded::Record(record) => Some(*record),
        _ => None,
    });
    assert!(decoded.eq(rest.iter().cloned()));
}

/// Only a Byzantine node names nodes that were never introduced. A trace keeps its messages as they are.
#[test]
fn unknown_nodes_keep_their_numbers_and_are_refused_with_common_numbers() {
    let scenario = built_in("w1", 1);
    let record = Record::Stepped {
        at: Time::ZERO,
        generation: 0,
        node: NodeId(0),
        input: Input::Leave,
        outputs: vec![Output::Send {
            to: Recipient::Node(NodeId(77)),
            message: std::sync::Arc::new(quorumscope::node::Message {
                id: quorumscope::node::MessageId {
                    sender: NodeId(0),
                    nth: 1,
                },
                to: Some(NodeId(77)),
                housekeeping: false,
                body: quorumscope::node::Body::PeersQuestion,
            }),
        }],
    };
    let lines = trace_lines(&scenario, std::slice::from_ref(&record));
    let read = |mut decoder: Decoder| {
        let mut numbers = NodeRegistry::default();
        let mut last = None;
        for line in &lines {
            last = Some(decoder.line(line.as_bytes(), &mut numbers)?);
        }
        Ok::<_, quorumscope::trace::format::InvalidLine>(last)
    };
    let Some(Decoded::Record(found)) = read(Decoder::default()).unwrap() else {
        panic!("no record")
    };
    assert_eq!(*found, record);
    let error = read(Decoder::with_common_numbers())
        .unwrap_err()
        .to_string();
    assert!(error.contains("introduces the node \"#77\""), "{error}");
}
