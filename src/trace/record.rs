//! `Record`: one event of a run. The sequence of records is the event log from which everything else is derived.

use super::world_parts::EventLogEntry;
use crate::net::{LossReason, Position};
use crate::node::view::NodeEvent;
use crate::node::{FileInfo, Input, MessageId, MessageKind, NodeConfig, Output, Peer};
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Time;
use std::sync::Arc;

/// Number of a transmission, from 0, in the order of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightId(pub u64);

/// One event. Records are in the order of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A node starts to exist. It gets the next number. If its number and key are already known, the node starts over:
    /// its earlier records no longer count.
    NodeAdded {
        /// When it starts to exist.
        at: Time,
        /// Its configuration.
        config: Arc<NodeConfig>,
        /// Its position in metres.
        position: Position,
        /// Its organisation, if known.
        organization: Option<Arc<str>>,
    },
    /// Other nodes refer to a node whose own steps are not recorded. It gets the next number. If its steps are recorded
    /// later, a `NodeAdded` with the same number and key precedes them.
    NodeReferenced {
        /// When it happens.
        at: Time,
        /// Number, name and key.
        peer: Peer,
        /// The position at which it is drawn, in metres.
        position: Position,
    },
    /// A user or the scenario acted on the network.
    Acted {
        /// When it happens.
        at: Time,
        /// The action.
        action: Action,
    },
    /// A node processed an input.
    Stepped {
        /// When it happens.
        at: Time,
        /// Causal step within the instant, from 0.
        generation: u32,
        /// The node.
        node: NodeId,
        /// The input that it processed.
        input: Input,
        /// Its outputs, in order.
        outputs: Vec<Output>,
    },
    /// A transmission that will arrive. One record per receiver.
    Sent {
        /// When it is sent.
        at: Time,
        /// When it arrives.
        arrives_at: Time,
        /// Number of the transmission.
        flight: FlightId,
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
        /// Kind of message.
        kind: MessageKind,
        /// The message; `None` for announcements, chunks and bundles. The contents of a bundle are in the step that sends
        /// it and in the step that receives it.
        message: Option<MessageId>,
        /// Whether it is periodic or re-sent: outcome and idleness ignore it.
        housekeeping: bool,
    },
    /// A transmission that will not arrive.
    Lost {
        /// When it is sent, or when it is lost on the way.
        at: Time,
        /// Number of the transmission.
        flight: FlightId,
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
        /// Kind of message.
        kind: MessageKind,
        /// Whether it is periodic or re-sent: outcome and idleness ignore it.
        housekeeping: bool,
        /// Cause of the loss.
        why: LossReason,
    },
    /// A transmission carries a chunk of a file. The transmission has a separate `Sent` or `Lost` record.
    Chunk {
        /// When it is sent.
        at: Time,
        /// The transmission.
        flight: FlightId,
        /// The file.
        file: FileInfo,
        /// Number of the chunk, from 0.
        index: u32,
        /// Number of chunks of the file.
        of: u32,
    },
}

impl Record {
    /// Replaces the number of the record's transmission, if it has one.
    pub fn map_flight(&mut self, number: impl FnOnce(FlightId) -> FlightId) {
        if let Record::Sent { flight, .. }
        | Record::Lost { flight, .. }
        | Record::Chunk { flight, .. } = self
        {
            *flight = number(*flight);
        }
    }

    /// Shifts all times by a number of microseconds, forwards or backwards, but not to before zero.
    pub fn shift(&mut self, by_us: i64) {
        let shifted = |at: Time| Time(at.0.saturating_add_signed(by_us));
        match self {
            Record::Sent { at, arrives_at, .. } => {
                *at = shifted(*at);
                *arrives_at = shifted(*arrives_at);
            }
            Record::NodeAdded { at, .. }
            | Record::NodeReferenced { at, .. }
            | Record::Acted { at, .. }
            | Record::Stepped { at, .. }
            | Record::Lost { at, .. }
            | Record::Chunk { at, .. } => *at = shifted(*at),
        }
    }

    /// The events in the record, in the order in which the node reported them.
    pub fn events(&self) -> impl Iterator<Item = &NodeEvent> {
        let outputs: &[Output] = match self {
            Record::Stepped { outputs, .. } => outputs,
            _ => &[],
        };
        outputs.iter().filter_map(|output| match output {
            Output::Event(event) => Some(event),
            _ => None,
        })
    }

    /// Whether the record shows no progress: a transmission, or periodic work without a notable event. Stepping and
    /// idleness skip these records.
    #[must_use]
    pub fn is_housekeeping(&self) -> bool {
        match self {
            Record::Stepped { input, outputs, .. } => {
                let is_routine = match input {
                    Input::Timer(timer) => timer.is_housekeeping(),
                    Input::Receive { message, .. } => message.housekeeping,
                    Input::Relayed { bundle, .. } => {
                        bundle.messages.iter().all(|message| message.housekeeping)
                    }
                    Input::ReceiveAnnouncement { .. } => true,
                    _ => false,
                };
                let mut events = outputs.iter().filter_map(|output| match output {
                    Output::Event(event) => Some(event),
                    _ => None,
                });
                is_routine && !events.any(EventLogEntry::is_notable)
            }
            Record::Acted { .. } | Record::NodeAdded { .. } | Record::NodeReferenced { .. } => {
                false
            }
            Record::Sent { .. } | Record::Lost { .. } | Record::Chunk { .. } => true,
        }
    }

    /// When the event happens.
    #[must_use]
    pub fn at(&self) -> Time {
        match self {
            Record::NodeAdded { at, .. }
            | Record::NodeReferenced { at, .. }
            | Record::Acted { at, .. }
            | Record::Stepped { at, .. }
            | Record::Sent { at, .. }
            | Record::Lost { at, .. }
            | Record::Chunk { at, .. } => *at,
        }
    }
}
