//! The parts of a [`World`](super::World): nodes, transmissions in flight, broadcasts, event log.

use crate::net::{LossReason, Position};
use crate::node::view::NodeView;
use crate::node::{Announcement, AnnouncementKind, MessageKind, NodeConfig, NodeEvent};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::sync::Arc;

/// Condition of a node as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// It runs and is not silenced.
    Running,
    /// It runs, but all its messages are lost.
    Silent,
    /// It has stopped without announcing that it leaves.
    Crashed,
    /// It has announced that it leaves, and stopped.
    Left,
    /// Unknown: other nodes refer to it, but its own steps are not recorded.
    Referenced,
}

/// A node in the world.
#[derive(Clone, Debug)]
pub struct WorldNode {
    /// Its configuration. For an [`NodeStatus::Referenced`] node only `peer` is known; the rest is a default.
    pub config: Arc<NodeConfig>,
    /// Position in metres.
    pub position: Position,
    /// Its organisation, if known.
    pub organization: Option<Arc<str>>,
    /// Condition.
    pub status: NodeStatus,
    /// When it started to exist.
    pub added_at: Time,
    /// State that the node itself reported.
    pub view: NodeView,
}

/// A transmission in flight, or one that was lost a short time ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// When it was sent.
    pub sent_at: Time,
    /// When it arrives; for a lost one, when it disappears from the picture.
    pub arrives_at: Time,
    /// Kind of message.
    pub kind: MessageKind,
    /// Whether it is periodic or re-sent.
    pub housekeeping: bool,
    /// Cause of the loss; `None` if it arrives.
    pub lost: Option<LossReason>,
}

/// How long the world keeps a lost message, so that a picture can show its loss.
pub(super) const LOST_SHOWN: Span = Span::from_ms(400);

impl Flight {
    /// When the message was lost; `None` if it arrives.
    #[must_use]
    pub fn lost_at(&self) -> Option<Time> {
        self.lost?;
        Some((self.arrives_at - LOST_SHOWN).max(self.sent_at))
    }
}

/// A discovery broadcast that is spreading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broadcast {
    /// The transmitting node.
    pub node: NodeId,
    /// Its position at the time of sending.
    pub center: Position,
    /// Kind of announcement.
    pub kind: AnnouncementKind,
    /// How often the announcement has been relayed; 0 if its originator sent it.
    pub hops: u32,
    /// When it was sent.
    pub at: Time,
    /// When it has reached every receiver.
    pub until: Time,
}

/// Numbers of transmissions and steps since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounters {
    /// Transmissions sent, lost ones included.
    pub sent: u64,
    /// Transmissions that arrived.
    pub delivered: u64,
    /// Transmissions that were lost.
    pub lost: u64,
    /// Steps of all nodes.
    pub steps: u64,
}

/// One entry of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct EventLogEntry {
    /// When it happened.
    pub at: Time,
    /// The node.
    pub node: NodeId,
    /// The event.
    pub event: NodeEvent,
}

impl WorldNode {
    /// Whether only references by other nodes are known.
    #[must_use]
    pub fn is_referenced(&self) -> bool {
        self.status == NodeStatus::Referenced
    }
}

impl Broadcast {
    /// The broadcast of `announcement` by `node` at `center`; it spreads for `span`.
    pub(super) fn new(
        node: NodeId,
        center: Position,
        announcement: &Announcement,
        at: Time,
        span: Span,
    ) -> Broadcast {
        Broadcast {
            node,
            center,
            kind: announcement.kind,
            hops: announcement.hops,
            at,
            until: at + span,
        }
    }
}

impl EventLogEntry {
    /// Whether the event log shows the event. It shows neither slot states nor starts nor refused messages.
    pub(super) fn is_notable(event: &NodeEvent) -> bool {
        !matches!(
            event,
            NodeEvent::Slot { .. } | NodeEvent::Started { .. } | NodeEvent::Refused { .. }
        )
    }
}
