//! The medium as a scenario describes it.

use crate::scp::NodeId;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// Where a node stands, in metres; x to the right, y down.
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

/// Transit time of a message: uniform over `min..=max`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Shortest.
    pub min: Span,
    /// Longest.
    pub max: Span,
}

/// Another latency for messages from any node of `from` to any node of `to` (in this direction only).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRule {
    /// Senders.
    pub from: Vec<NodeId>,
    /// Receivers.
    pub to: Vec<NodeId>,
    /// Their latency.
    pub latency: Latency,
}

/// The whole medium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediumSpec {
    /// Latency where no rule says otherwise.
    pub latency: Latency,
    /// Probability that a message is lost, 0.0 to 1.0.
    pub loss: f64,
    /// `Some(range)`: radio, only nodes within this distance in metres hear each other, positions are physical.
    /// `None`: everybody reaches everybody, positions are only a matter of view.
    pub radio_range_m: Option<f64>,
    /// The first rule that matches a link gives its latency.
    pub links: Vec<LinkRule>,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// Bad luck.
    Chance,
    /// A partition lies between the two.
    Cut,
    /// The receiver moved out of range while it was under way, or was never in range.
    OutOfRange,
    /// The sender is silenced.
    SenderSilent,
    /// The receiver is not running.
    ReceiverDown,
}
