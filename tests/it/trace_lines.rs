//! Helpers for tests that read and write the lines of traces.

// Only builds with the feature `net` read the events of processes.
#![cfg_attr(not(feature = "net"), allow(dead_code))]

use quorumscope::net::Position;
use quorumscope::node::{Input, Peer};
use quorumscope::scenario::Scenario;
use quorumscope::scp::NodeId;
use quorumscope::time::Time;
use quorumscope::trace::format::{Decoded, Decoder, Encoder};
use quorumscope::trace::merge::ProcessTrace;
use quorumscope::trace::{NodeRegistry, Record};
use std::fmt::Debug;
use std::sync::Arc;

fn split(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The lines of a trace from its scenario on, definitions included.
pub(crate) fn trace_lines(scenario: &Scenario, records: &[Record]) -> Vec<String> {
    let mut encoder = Encoder::for_trace(scenario);
    let mut bytes = Vec::new();
    encoder.scenario(scenario, &mut bytes);
    let records = records.iter();
    records.for_each(|record| encoder.record(record, &mut bytes));
    split(&bytes)
}

/// The `hello` event of a process that started at `epoch_unix_us`, and the events that follow.
pub(crate) fn stream_lines(trace: &ProcessTrace, epoch_unix_us: u64) -> (String, Vec<String>) {
    let scenario = &trace.scenario;
    let mut encoder = Encoder::for_stream(scenario);
    let mut preamble = Vec::new();
    encoder.scenario(scenario, &mut preamble);
    let preamble: Vec<serde_json::Value> = split(&preamble)
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let peer = &scenario.nodes[0].config.peer;
    let hello = serde_json::json!({
        "epoch_unix_us": epoch_unix_us, "key": peer.key, "name": peer.name, "preamble": preamble,
    });
    let mut bytes = Vec::new();
    let records = trace.records.iter();
    records.for_each(|record| encoder.record(record, &mut bytes));
    (hello.to_string(), split(&bytes))
}

/// Reads the events of `GET /events`.
#[derive(Default)]
pub(crate) struct StreamReader {
    registry: NodeRegistry,
    decoder: Decoder,
}

impl StreamReader {
    /// The scenario in a `hello` event.
    pub(crate) fn hello(&mut self, data: &str) -> Arc<Scenario> {
        let hello: serde_json::Value = serde_json::from_str(data).unwrap();
        let lines = hello["preamble"].as_array().unwrap().iter();
        let mut decoded = lines.map(|line| self.decode(&line.to_string()));
        decoded
            .find_map(|decoded| match decoded {
                Decoded::Scenario(scenario) => Some(scenario),
                _ => None,
            })
            .unwrap()
    }

    /// The record in a `record` event; `None` for a definition.
    pub(crate) fn record(&mut self, data: &str) -> Option<Record> {
        match self.decode(data) {
            Decoded::Record(record) => Some(*record),
            _ => None,
        }
    }

    fn decode(&mut self, line: &str) -> Decoded {
        let decoded = self.decoder.line(line.as_bytes(), &mut self.registry);
        decoded.unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// Scenario and records with the node numbers of `registry`.
pub(crate) fn renumbered(
    scenario: &Scenario,
    records: &[Record],
    registry: &mut NodeRegistry,
) -> (Arc<Scenario>, Vec<Record>) {
    let mut decoder = Decoder::with_common_numbers();
    let (mut found, mut mapped) = (None, Vec::new());
    for line in trace_lines(scenario, records) {
        match decoder.line(line.as_bytes(), registry).unwrap() {
            Decoded::Scenario(scenario) => found = Some(scenario),
            Decoded::Record(record) => mapped.push(*record),
            Decoded::Definition | Decoded::End(_) => {}
        }
    }
    (found.unwrap(), mapped)
}

/// A registry that numbers these nodes in this order.
pub(crate) fn registry<'a>(peers: impl IntoIterator<Item = &'a Peer>) -> NodeRegistry {
    let mut registry = NodeRegistry::default();
    for peer in peers {
        registry.number(&peer.key, &peer.name);
    }
    registry
}

/// Renumbers traces of processes, each with its own node numbers, to common node numbers.
pub(crate) fn with_common_numbers(traces: Vec<ProcessTrace>) -> (Vec<ProcessTrace>, NodeRegistry) {
    let mut by_start: Vec<&ProcessTrace> = traces.iter().collect();
    by_start.sort_by_key(|trace| trace.epoch_unix_us);
    let own = by_start
        .iter()
        .map(|trace| &trace.scenario.nodes[0].config.peer);
    let mut registry = registry(own);
    let traces = traces.into_iter().map(|trace| {
        let (scenario, records) = renumbered(&trace.scenario, &trace.records, &mut registry);
        ProcessTrace {
            scenario,
            records,
            ..trace
        }
    });
    let traces = traces.collect();
    (traces, registry)
}

/// The node numbers in the `Debug` output of an object, each once.
pub(crate) fn node_numbers(object: &impl Debug) -> Vec<NodeId> {
    let mut found = Vec::new();
    for rest in format!("{object:?}").split("NodeId(").skip(1) {
        let node = NodeId(rest.split(')').next().unwrap().parse().unwrap());
        if !found.contains(&node) {
            found.push(node);
        }
    }
    found
}

/// Renumbers an input that names `peers` to the node numbers of `registry`.
pub(crate) fn renumbered_input(
    scenario: &Scenario,
    input: Input,
    peers: &[Peer],
    registry: &mut NodeRegistry,
) -> Input {
    let position = Position { x_m: 0.0, y_m: 0.0 };
    let introduced = peers.iter().map(|peer| Record::NodeReferenced {
        at: Time::ZERO,
        peer: peer.clone(),
        position,
    });
    let step = Record::Stepped {
        at: Time::ZERO,
        generation: 0,
        node: peers.first().map_or(NodeId(0), |peer| peer.id),
        input,
        outputs: Vec::new(),
    };
    let mut encoder = Encoder::for_stream(scenario);
    let mut bytes = Vec::new();
    introduced
        .chain([step])
        .for_each(|record| encoder.record(&record, &mut bytes));
    let mut decoder = Decoder::with_common_numbers();
    let decoded = split(&bytes).into_iter().map(|line| {
        let decoded = decoder.line(line.as_bytes(), registry);
        decoded.unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    let records = decoded.filter_map(|decoded| match decoded {
        Decoded::Record(record) => Some(*record),
        _ => None,
    });
    match records.last() {
        Some(Record::Stepped { input, .. }) => input,
        other => panic!("no step: {other:?}"),
    }
}
