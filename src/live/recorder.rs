//! Recorder: the records of this node, written to a trace file and streamed to the subscribers of `GET /events`.
//!
//! Both get the same records, after the commit of the steps that they describe. A subscriber first gets a snapshot of
//! the present state as records. A subscriber that reads too slowly gets a `gap` and has to subscribe again.

use super::clock::{Clock, unix_us};
use super::command::{OutboundMessage, Subscription};
use super::node_directory::NodeDirectory;
use crate::net::{LossReason, Position};
use crate::node::{Input, NodeConfig, Output, Peer};
use crate::scenario::Scenario;
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::format::Encoder;
use crate::trace::{Record, Snapshot, TraceError, TraceWriter};
use serde::Serialize;
use serde_json::value::RawValue;
use std::f64::consts::TAU;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Capacity of the channel of a subscriber, in records.
const RECORDS_WAITING: usize = 8_192;
/// Interval of flushing the trace. A killed process loses at most the records of this time.
const FLUSH_INTERVAL: Span = Span::from_ms(1_000);
/// Radius of the circle in which nodes are drawn, in metres.
const RADIUS_M: f64 = 400.0;

/// The first event of a stream.
#[derive(Serialize)]
struct HelloEvent<'a> {
    epoch_unix_us: u64,
    now_unix_us: u64,
    key: &'a str,
    name: &'a str,
    /// The lines of a trace up to its scenario.
    preamble: Vec<&'a RawValue>,
}

/// Records of one node.
pub(super) struct Recorder {
    scenario: Arc<Scenario>,
    config: Arc<NodeConfig>,
    epoch_unix_us: u64,
    trace: Option<TraceWriter>,
    flushed_at: Time,
    subscribers: broadcast::Sender<Arc<str>>,
    /// Records of steps whose commit is pending.
    unpublished: Vec<Record>,
    /// Writes the lines of the stream.
    encoder: Encoder,
    recorded_nodes: usize,
    last: (Time, u32),
    snapshot: Snapshot,
}

/// The position of a node in the picture: on a spiral, which has room for any number of nodes.
#[must_use]
pub(super) fn place(node: NodeId) -> Position {
    let nth = f64::from(node.0);
    let (turn, radius) = (nth * TAU * 0.381_966, RADIUS_M * (nth / (nth + 6.0)).sqrt());
    Position {
        x_m: 500.0 + radius * turn.cos(),
        y_m: 500.0 + radius * turn.sin(),
    }
}

impl Recorder {
    /// A recorder of the node with this configuration, the only one of `scenario`, with a trace file if there is one.
    #[must_use]
    pub(super) fn new(
        config: Arc<NodeConfig>,
        scenario: Arc<Scenario>,
        clock: &Clock,
        trace: Option<TraceWriter>,
    ) -> Recorder {
        let mut encoder = Encoder::for_stream(&scenario);
        encoder.scenario(&scenario, &mut Vec::new());
        let mut recorder = Recorder {
            scenario,
            config,
            epoch_unix_us: clock.epoch_unix_us(),
            trace,
            flushed_at: Time::ZERO,
            subscribers: broadcast::Sender::new(RECORDS_WAITING),
            unpublished: Vec::new(),
            encoder,
            recorded_nodes: 1,
            last: (Time::ZERO, 0),
            snapshot: Snapshot::default(),
        };
        let added = recorder.added();
        recorder.record(added);
        recorder
    }

    fn added(&self) -> Record {
        Record::NodeAdded {
            at: Time::ZERO,
            config: Arc::clone(&self.config),
            position: place(NodeId(0)),
            organization: None,
        }
    }

    /// Keeps a record until [`Recorder::publish`].
    fn record(&mut self, record: Record) {
        if self.is_recording() || introduces(&record) {
            self.unpublished.push(record);
        }
    }

    fn is_recording(&self) -> bool {
        self.trace.is_some() || self.subscribers.receiver_count() > 0
    }

    /// Writes the unpublished records to the trace file and sends them to subscribers. The host calls this after a
    /// commit, so a record never describes a step that a crash could undo.
    pub(super) fn publish(&mut self) {
        for record in std::mem::take(&mut self.unpublished) {
            self.write(|trace| trace.write(&record));
            // Later subscribers get the introductions of nodes from the encoder.
            if self.subscribers.receiver_count() > 0 || introduces(&record) {
                for line in lines(&mut self.encoder, &record) {
                    // The last subscriber may have disconnected meanwhile.
                    drop(self.subscribers.send(line));
                }
            }
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut TraceWriter) -> Result<(), TraceError>) {
        if let Some(trace) = &mut self.trace
            && let Err(error) = write(trace)
        {
            tracing::error!(%error, "the trace cannot be written; the node continues without it");
            self.trace = None;
        }
    }

    /// Flushes the trace about once a second.
    pub(super) fn flush_if_due(&mut self, now: Time) {
        if now.since(self.flushed_at) >= FLUSH_INTERVAL {
            self.flushed_at = now;
            self.write(TraceWriter::flush);
        }
    }

    /// Records a step of the node.
    pub(super) fn stepped(&mut self, at: Time, input: Input, outputs: &[Output]) {
        let generation = if self.last.0 == at {
            self.last.1.saturating_add(1)
        } else {
            0
        };
        self.last = (at, generation);
        self.snapshot.note(at, NodeId(0), &input, outputs);
        if !self.is_recording() {
            return;
        }
        self.record(Record::Stepped {
            at,
            generation,
            node: NodeId(0),
            input,
            outputs: outputs.to_vec(),
        });
    }

    /// Records nodes that were added to the directory since the last call.
    pub(super) fn new_nodes(&mut self, at: Time, directory: &NodeDirectory) {
        while self.recorded_nodes < directory.len() {
            if let Some(record) = reference_record(at, self.recorded_nodes, directory) {
                self.record(record);
            }
            self.recorded_nodes = self.recorded_nodes.saturating_add(1);
        }
    }

    /// Records that a message has arrived.
    pub(super) fn sent(&mut self, flight: &OutboundMessage, arrived_at: Time) {
        self.record(Record::Sent {
            at: flight.at,
            arrives_at: arrived_at,
            flight: flight.id,
            from: NodeId(0),
            to: flight.to,
            kind: flight.kind,
            message: Some(flight.message),
            housekeeping: flight.housekeeping,
        });
    }

    /// Records that a message was lost.
    pub(super) fn lost(&mut self, flight: &OutboundMessage, at: Time) {
        self.record(Record::Lost {
            at,
            flight: flight.id,
            from: NodeId(0),
            to: flight.to,
            kind: flight.kind,
            housekeeping: flight.housekeeping,
            why: LossReason::ReceiverDown,
        });
    }

    /// Starts a stream: a snapshot, then every later record.
    pub(super) fn subscribe(&mut self, at: Time, directory: &NodeDirectory) -> Subscription {
        self.publish();
        // The snapshot has a separate encoder, because it is not part of the stream of earlier subscribers.
        let mut encoder = Encoder::for_stream(&self.scenario);
        let mut preamble = Vec::new();
        let others = 1..self.recorded_nodes.min(directory.len());
        // A fixed quorum set in the scenario refers to other nodes.
        encoder.introduce(&self.config.peer, &mut preamble);
        for peer in others.clone().filter_map(|number| peer(number, directory)) {
            encoder.introduce(&peer, &mut preamble);
        }
        encoder.scenario(&self.scenario, &mut preamble);
        let mut snapshot = vec![self.hello(&preamble)];
        let mut records = vec![self.added()];
        records.extend(others.filter_map(|number| reference_record(at, number, directory)));
        records.extend(self.snapshot.records(NodeId(0)));
        for record in &records {
            snapshot.extend(lines(&mut encoder, record));
        }
        Subscription {
            snapshot,
            records: self.subscribers.subscribe(),
        }
    }

    fn hello(&self, preamble: &[u8]) -> Arc<str> {
        let preamble = String::from_utf8_lossy(preamble);
        let hello = HelloEvent {
            epoch_unix_us: self.epoch_unix_us,
            now_unix_us: unix_us(),
            key: &self.config.peer.key,
            name: &self.config.peer.name,
            // Each line is JSON.
            preamble: preamble.lines().flat_map(serde_json::from_str).collect(),
        };
        // The event contains only numbers and texts, so writing it to memory cannot fail.
        serde_json::to_string(&hello).unwrap_or_default().into()
    }

    /// Completes the trace file. Unpublished records are dropped, because their steps are not durable.
    pub(super) fn finish(&mut self) {
        if let Some(Err(error)) = self.trace.take().map(TraceWriter::finish) {
            tracing::error!(%error, "the recording could not be completed");
        }
    }
}

fn peer(number: usize, directory: &NodeDirectory) -> Option<Peer> {
    directory.peer(NodeId(u32::try_from(number).ok()?))
}

fn reference_record(at: Time, number: usize, directory: &NodeDirectory) -> Option<Record> {
    let peer = peer(number, directory)?;
    let position = place(peer.id);
    Some(Record::NodeReferenced { at, peer, position })
}

/// Whether a record introduces a node.
fn introduces(record: &Record) -> bool {
    matches!(record, Record::NodeReferenced { .. })
}

/// The lines of a record, introductions of nodes included.
fn lines(encoder: &mut Encoder, record: &Record) -> Vec<Arc<str>> {
    let mut bytes = Vec::new();
    encoder.record(record, &mut bytes);
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(Arc::from)
        .collect()
}
