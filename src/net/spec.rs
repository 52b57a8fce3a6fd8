//! Parameters of the network model, as a scenario file specifies them.

use crate::scp::NodeId;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// The position of a node in metres; x points right, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Metres from the left edge of the area.
    pub x_m: f64,
    /// Metres from the upper edge of the area.
    pub y_m: f64,
}

impl Position {
    /// Straight-line distance in metres.
    #[must_use]
    pub fn distance_m(self, other: Position) -> f64 {
        (self.x_m - other.x_m).hypot(self.y_m - other.y_m)
    }
}

/// Latency of a message: uniform over `min..=max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Shortest latency.
    pub min: Span,
    /// Longest latency.
    pub max: Span,
}

/// Overrides the latency of messages from any node of `from` to any node of `to`, in this direction only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRule {
    /// Senders.
    pub from: Vec<NodeId>,
    /// Receivers.
    pub to: Vec<NodeId>,
    /// The latency of these links.
    pub latency: Latency,
}

/// The parameters of the medium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediumSpec {
    /// Latency of links without a rule.
    pub latency: Latency,
    /// Probability that a message is lost, from 0.0 to 1.0.
    pub loss: f64,
    /// Radio range in metres: only nodes within this distance receive from each other. `None`: every node reaches every
    /// other node, and positions matter only for the picture.
    pub radio_range_m: Option<f64>,
    /// Latency rules; the first one that matches a link applies.
    pub links: Vec<LinkRule>,
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// Random loss.
    Random,
    /// The network is partitioned between sender and receiver.
    Partitioned,
    /// The receiver is out of radio range, or moved out of it while the message was in flight.
    OutOfRange,
    /// The sender is silenced.
    SenderSilent,
    /// The receiver is not running.
    ReceiverDown,
}
