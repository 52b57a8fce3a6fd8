//! Merges the traces of several processes into one run.
//!
//! The traces are read with one [`NodeRegistry`], so they agree on node numbers. Times count from the earliest start.
//! The nodes whose traces are merged come first, in the order of their starts; the others are known by reference only.

use super::format::{NodeRegistry, Provenance, SourceTrace};
use super::record::{FlightId, Record};
use crate::net::Position;
use crate::node::{NodeConfig, NodeEvent, Output, Peer};
use crate::scenario::{Action, Placement, Scenario, circle};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Size of the area in which the nodes are drawn, in metres.
const AREA_M: (f64, f64) = (1000.0, 800.0);
/// A process whose trace ends this long before the last one ends counts as crashed.
const CRASHED_BEFORE: Span = Span::from_ms(1_000);

/// The trace of one process, from its start to its end.
#[derive(Clone, Debug)]
pub struct ProcessTrace {
    /// Name of the trace for messages, usually its path.
    pub name: String,
    /// The scenario as the process knows it.
    pub scenario: Arc<Scenario>,
    /// The start of the process, in microseconds since 1970-01-01T00:00:00Z.
    pub epoch_unix_us: u64,
    /// Its records, with node numbers of the common registry and times since the start of the process.
    pub records: Vec<Record>,
}

/// The merged run.
#[derive(Clone, Debug)]
pub struct MergedTrace {
    /// The scenario, as far as the processes know it, without title and description.
    pub scenario: Scenario,
    /// The traces that were merged.
    pub provenance: Provenance,
    /// The records, ascending by time.
    pub records: Vec<Record>,
}

/// Why traces cannot be merged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The list of traces is empty.
    #[error("there is nothing to merge")]
    NoTraces,
    /// A trace contains the steps of no node or of several nodes.
    #[error(
        "{name}: it contains the steps of {nodes} nodes; expected the trace of one process, not of a simulation or of a merged run"
    )]
    NotOneProcess {
        /// The trace.
        name: String,
        /// Number of nodes.
        nodes: usize,
    },
    /// Two traces contain steps of the same node at the same time.
    #[error(
        "{one} and {other} both contain what node {node} did at the same time; expected one trace per start of a node. Was the same file given twice?"
    )]
    Overlap {
        /// A trace.
        one: String,
        /// Another trace.
        other: String,
        /// The node's name.
        node: Arc<str>,
    },
}

/// Merges traces that were read with `registry`.
///
/// # Errors
/// If no trace is given, a trace is not that of exactly one process, or two traces of a node overlap.
pub fn merge(
    traces: Vec<ProcessTrace>,
    registry: &NodeRegistry,
) -> Result<MergedTrace, MergeError> {
    let epochs = traces.iter().map(|trace| trace.epoch_unix_us);
    let epoch_unix_us = epochs.min().ok_or(MergeError::NoTraces)?;
    let parts: Result<Vec<Incarnation>, MergeError> = traces
        .iter()
        .map(|trace| Incarnation::new(trace, epoch_unix_us))
        .collect();
    let mut parts = parts?;
    parts.sort_by(|one, other| (one.zero_at, &one.peer.key).cmp(&(other.zero_at, &other.peer.key)));
    check_overlap(&parts)?;
    let sources = parts.iter().map(|part| SourceTrace {
        key: Arc::clone(&part.peer.key),
        zero_at: part.zero_at,
        nodes: part
            .nodes
            .iter()
            .map(|peer| Arc::clone(&peer.key))
            .collect(),
    });
    Ok(MergedTrace {
        provenance: Provenance {
            epoch_unix_us: Some(epoch_unix_us),
            sources: sources.collect(),
        },
        scenario: scenario(&parts),
        records: Merger::new(&parts, registry).records(),
    })
}

fn scenario(parts: &[Incarnation<'_>]) -> Scenario {
    Scenario {
        name: "merged".to_owned(),
        title: String::new(),
        description: String::new(),
        nodes: Vec::new(),
        area_m: AREA_M,
        placement: Placement::View,
        events: Vec::new(),
        remarks: Vec::new(),
        ..Scenario::clone(&parts[0].trace.scenario)
    }
}

/// One run of a node's process, from start to end.
struct Incarnation<'a> {
    trace: &'a ProcessTrace,
    peer: Peer,
    zero_at: Time,
    ends_at: Time,
    /// Whether the node announced that it leaves.
    has_left: bool,
    /// All nodes in the order in which the process numbered them.
    nodes: Vec<&'a Peer>,
}

impl Incarnation<'_> {
    fn new(trace: &ProcessTrace, epoch_unix_us: u64) -> Result<Incarnation<'_>, MergeError> {
        let mut own = Vec::new();
        let mut nodes = Vec::new();
        let (mut last, mut has_left) = (Time::ZERO, false);
        for record in &trace.records {
            last = last.max(record.at());
            match record {
                Record::NodeAdded { config, .. } => {
                    own.push(config);
                    nodes.push(&config.peer);
                }
                Record::NodeReferenced { peer, .. } => nodes.push(peer),
                Record::Stepped { outputs, .. } => has_left |= leaves(outputs),
                _ => {}
            }
        }
        let [config] = own.as_slice() else {
            let (name, nodes) = (trace.name.clone(), own.len());
            return Err(MergeError::NotOneProcess { name, nodes });
        };
        let zero_at = Time(trace.epoch_unix_us - epoch_unix_us);
        Ok(Incarnation {
            trace,
            peer: config.peer.clone(),
            zero_at,
            ends_at: zero_at + Span(last.0),
            has_left,
            nodes,
        })
    }
}

fn leaves(outputs: &[Output]) -> bool {
    outputs.contains(&Output::Event(NodeEvent::Left))
}

/// Refuses traces of one node that overlap. `parts` ascend by their start.
fn check_overlap(parts: &[Incarnation<'_>]) -> Result<(), MergeError> {
    let mut latest: BTreeMap<NodeId, &Incarnation<'_>> = BTreeMap::new();
    for part in parts {
        if let Some(before) = latest.insert(part.peer.id, part)
            && before.ends_at > part.zero_at
        {
            return Err(MergeError::Overlap {
                one: before.trace.name.clone(),
                other: part.trace.name.clone(),
                node: Arc::clone(&part.peer.name),
            });
        }
    }
    Ok(())
}

/// Merges the records of all traces in order of time.
struct Merger<'a> {
    parts: &'a [Incarnation<'a>],
    positions: Vec<Position>,
    /// The nodes that have been added, with their configurations.
    added: BTreeMap<NodeId, Arc<NodeConfig>>,
    left: BTreeSet<NodeId>,
    flights: BTreeMap<(usize, FlightId), FlightId>,
    merged: Vec<Record>,
}

impl<'a> Merger<'a> {
    /// Begins with references to all nodes, by number, because records may refer to any of them.
    fn new(parts: &'a [Incarnation<'a>], registry: &NodeRegistry) -> Merger<'a> {
        let positions = circle(registry.peers().len(), AREA_M);
        let nodes = registry.peers().iter().zip(&positions);
        let referenced = nodes.map(|(peer, position)| Record::NodeReferenced {
            at: Time::ZERO,
            peer: peer.clone(),
            position: *position,
        });
        Merger {
            parts,
            added: BTreeMap::new(),
            left: BTreeSet::new(),
            flights: BTreeMap::new(),
            merged: referenced.collect(),
            positions,
        }
    }

    fn records(mut self) -> Vec<Record> {
        let mut order = Vec::new();
        for (nth, part) in self.parts.iter().enumerate() {
            let records = part.trace.records.iter().enumerate();
            order.extend(records.map(|(at, record)| (part.zero_at + Span(record.at().0), nth, at)));
        }
        // A process records a transmission only after it has arrived, so its records are not in order of time.
        order.sort_by_key(|(at, part, _)| (*at, *part));
        let mut remaining: Vec<usize> =
            self.parts.iter().map(|it| it.trace.records.len()).collect();
        for (at, part, record) in order {
            self.add(part, self.parts[part].trace.records[record].clone());
            remaining[part] -= 1;
            if remaining[part] == 0 && self.crashes(part) {
                let node = self.parts[part].peer.id;
                let action = Action::Crash { node };
                self.merged.push(Record::Acted { at, action });
            }
        }
        self.merged
    }

    /// Whether a process crashes: it stops before the others or starts again, without announcing that it leaves.
    fn crashes(&self, nth: usize) -> bool {
        let part = &self.parts[nth];
        let ends_at = self.parts.iter().map(|part| part.ends_at).max();
        let mut later = self.parts[nth + 1..].iter();
        !part.has_left
            && (Some(part.ends_at + CRASHED_BEFORE) < ends_at
                || later.any(|later| later.peer.id == part.peer.id))
    }

    /// Adds a record of the `nth` trace, in the time and the flight numbers of the merged run.
    fn add(&mut self, nth: usize, mut record: Record) {
        let next = FlightId(self.flights.len() as u64);
        record.map_flight(|flight| *self.flights.entry((nth, flight)).or_insert(next));
        record.shift(i64::try_from(self.parts[nth].zero_at.0).unwrap_or(i64::MAX));
        let at = record.at();
        match &mut record {
            Record::NodeReferenced { .. } => return,
            Record::NodeAdded {
                config, position, ..
            } => {
                let node = config.peer.id;
                *position = self.positions[node.index()];
                let before = self.added.insert(node, Arc::clone(config));
                if let Some(before) = before
                    && !self.left.remove(&node)
                {
                    let action = Action::Restart { node };
                    self.merged.push(Record::Acted { at, action });
                    if before == *config {
                        return;
                    }
                }
            }
            Record::Stepped { node, outputs, .. } if leaves(outputs) => {
                self.left.insert(*node);
            }
            _ => {}
        }
        self.merged.push(record);
    }
}
