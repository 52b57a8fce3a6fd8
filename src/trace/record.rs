//! `Record`: one thing that happened.

use super::parts::EventLogEntry;
use crate::net::{LossReason, Position};
use crate::node::{FileInfo, Input, MessageId, MessageKind, NodeConfig, Output, Peer};
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Numbers the transmissions of a run, from 0, in the order in which they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlightId(pub u64);

/// One thing that happened. The order of records is the order of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A node is there from now on (at the start, or added). Its number is the next one. If its number and key are known
    /// already, it is told anew from the beginning: what was said of it before counts no more.
    NodeAdded {
        /// When.
        at: Time,
        /// What it was told.
        config: Arc<NodeConfig>,
        /// Where it stands.
        position: Position,
        /// Its organisation, if known.
        organization: Option<Arc<str>>,
    },
    /// Somebody is known by name only: what it does itself is not in this recording. Its number is the next one. A
    /// `NodeAdded` with the same number and key may follow, from when on its own steps are told.
    #[serde(rename = "node_met")]
    NodeReferenced {
        /// When.
        at: Time,
        /// Who.
        peer: Peer,
        /// Where it is drawn.
        position: Position,
    },
    /// Somebody did something, or the scenario file did.
    Acted {
        /// When.
        at: Time,
        /// What.
        action: Action,
    },
    /// A node did a step.
    Stepped {
        /// When.
        at: Time,
        /// Causal step within the instant.
        generation: u32,
        /// Which node.
        node: NodeId,
        /// What happened to it.
        input: Input,
        /// What it did, in order.
        outputs: Vec<Output>,
    },
    /// A transmission set out and will arrive. One record per receiver.
    Sent {
        /// When it set out.
        at: Time,
        /// When it arrives.
        arrives_at: Time,
        /// Its number.
        flight: FlightId,
        /// From.
        from: NodeId,
        /// To.
        to: NodeId,
        /// What kind of message.
        kind: MessageKind,
        /// Which message; `None` for announcements, chunks and bundles (what is in a bundle is said by the step that
        /// sends it, and again by the step that receives it).
        message: Option<MessageId>,
        /// Whether it is housekeeping.
        housekeeping: bool,
    },
    /// A transmission that will not arrive.
    Lost {
        /// When it set out, or when it was lost on the way.
        at: Time,
        /// Its number.
        flight: FlightId,
        /// From.
        from: NodeId,
        /// To.
        to: NodeId,
        /// What kind of message.
        kind: MessageKind,
        /// Whether it is housekeeping.
        housekeeping: bool,
        /// Why.
        why: LossReason,
    },
    /// A chunk of a file set out (its flight has a `Sent` or `Lost` record of its own).
    Chunk {
        /// When.
        at: Time,
        /// The flight that carries it.
        flight: FlightId,
        /// Of which file.
        file: FileInfo,
        /// Which chunk, from 0.
        index: u32,
        /// How many there are.
        of: u32,
    },
}

impl Record {
    /// Moves it in time by so many microseconds, either way; nothing happens before zero.
    pub fn shift(&mut self, by_us: i64) {
        let moved = |at: Time| Time(at.0.saturating_add_signed(by_us));
        match self {
            Record::Sent { at, arrives_at, .. } => {
                *at = moved(*at);
                *arrives_at = moved(*arrives_at);
            }
            Record::NodeAdded { at, .. }
            | Record::NodeReferenced { at, .. }
            | Record::Acted { at, .. }
            | Record::Stepped { at, .. }
            | Record::Lost { at, .. }
            | Record::Chunk { at, .. } => *at = moved(*at),
        }
    }

    /// Whether it says nothing about progress: the daily routine as long as nothing comes of it, and transmissions (what
    /// they bring about is a record of its own).
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
                    Input::Heard { .. } => true,
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

    /// When it happened.
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
