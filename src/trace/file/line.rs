//! The lines of a trace file, as they are written and read.

use super::Provenance;
use crate::node::{Announcement, Message, Recipient};
use crate::scenario::Scenario;
use crate::scp::NodeId;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first line, written.
#[derive(Serialize)]
pub(super) struct HeaderOut<'a> {
    pub(super) format: &'a str,
    pub(super) version: u32,
    pub(super) seed: u64,
    #[serde(flatten)]
    pub(super) provenance: &'a Provenance,
    pub(super) scenario: &'a Scenario,
}

/// What is looked at first in the first line: all versions have it.
#[derive(Deserialize)]
pub(super) struct Probe {
    pub(super) format: String,
    pub(super) version: u32,
}

/// The first line, read.
#[derive(Deserialize)]
pub(super) struct HeaderIn {
    #[serde(flatten)]
    pub(super) provenance: Provenance,
    pub(super) scenario: Scenario,
}

/// A line that says what a number stands for.
#[derive(Serialize)]
pub(super) struct MessageOut<'a> {
    pub(super) message: &'a Message,
}

/// The same, read.
#[derive(Deserialize)]
pub(super) struct MessageIn {
    pub(super) message: Message,
}

/// A node that is there as the scenario says.
#[derive(Serialize, Deserialize)]
pub(super) struct NodeLine {
    pub(super) node_of_scenario: NodeOfScenario,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NodeOfScenario {
    pub(super) at: Time,
    pub(super) number: u32,
}

/// A step: `Stepped<&Input, &Output>` is written, `Stepped<Input, Output>` is read.
#[derive(Serialize, Deserialize)]
pub(super) struct StepLine<I, O> {
    pub(super) stepped: Stepped<I, O>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Stepped<I, O> {
    pub(super) at: Time,
    pub(super) generation: u32,
    pub(super) node: NodeId,
    /// Either this ...
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) received: Option<Received>,
    /// ... or this ...
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) relayed: Option<Relayed>,
    /// ... or that.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<I>,
    /// Outputs other than `send` and `relay`, in order.
    pub(super) outputs: Vec<O>,
    /// Ascending by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sends: Vec<SendOutput>,
    /// Ascending by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) relays: Vec<RelayOutput>,
}

/// Without asking anything of `T`.
fn none<T>() -> Option<T> {
    None
}

/// The input `receive`, with the message's number.
#[derive(Serialize, Deserialize)]
pub(super) struct Received {
    pub(super) from: NodeId,
    pub(super) message: u64,
}

/// The output `send`, with the message's number.
#[derive(Serialize, Deserialize)]
pub(super) struct SendOutput {
    pub(super) position: usize,
    pub(super) to: Recipient,
    pub(super) message: u64,
}

/// The input `relayed`.
#[derive(Serialize, Deserialize)]
pub(super) struct Relayed {
    pub(super) from: NodeId,
    pub(super) bundle: BundleLine,
}

/// The output `relay`.
#[derive(Serialize, Deserialize)]
pub(super) struct RelayOutput {
    pub(super) position: usize,
    pub(super) to: Recipient,
    pub(super) bundle: BundleLine,
}

/// A bundle, with the numbers of its messages.
#[derive(Serialize, Deserialize)]
pub(super) struct BundleLine {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) announcements: Vec<Arc<Announcement>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<u64>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct EndLine {
    pub(super) end: End,
}

#[derive(Serialize, Deserialize)]
pub(super) struct End {
    pub(super) records: u64,
}
