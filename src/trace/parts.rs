//! What the [`World`](super::World) consists of: nodes, messages under way, spreading broadcasts, lines of the log.

use crate::net::{LossReason, Position};
use crate::node::view::NodeView;
use crate::node::{Announcement, AnnouncementKind, MessageKind, NodeConfig, NodeEvent};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::sync::Arc;

/// How a node is, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// It runs.
    Running,
    /// It runs, but nothing it sends gets out.
    Silent,
    /// It has stopped without a word.
    Crashed,
    /// It has said goodbye.
    Left,
    /// Nobody knows: others speak of it, but what it does itself is not in the recording.
    Unseen,
}

/// A node as the world sees it.
#[derive(Clone, Debug)]
pub struct WorldNode {
    /// What it was told. Of a node that is [`NodeStatus::Unseen`] only `peer` is known, the rest is a guess.
    pub config: Arc<NodeConfig>,
    /// Where it stands.
    pub position: Position,
    /// Its organisation, if known.
    pub organization: Option<Arc<str>>,
    /// How it is.
    pub status: NodeStatus,
    /// When it appeared.
    pub added_at: Time,
    /// What it told.
    pub view: NodeView,
}

/// A message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// When it set out.
    pub sent_at: Time,
    /// When it arrives, or when it has fallen if it is lost.
    pub arrives_at: Time,
    /// What kind of message.
    pub kind: MessageKind,
    /// Whether it is housekeeping.
    pub housekeeping: bool,
    /// Why it will not arrive; `None` = it will.
    pub lost: Option<LossReason>,
}

/// A broadcast of discovery that is spreading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broadcast {
    /// Who transmits.
    pub node: NodeId,
    /// From where.
    pub center: Position,
    /// What it says.
    pub kind: AnnouncementKind,
    /// Whether it is relayed for another.
    pub hops: u32,
    /// When it set out.
    pub at: Time,
    /// When it has reached everyone it reaches.
    pub until: Time,
}

/// How many transmissions there have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounters {
    /// Set out, lost ones included.
    pub sent: u64,
    /// Arrived.
    pub delivered: u64,
    /// Lost.
    pub lost: u64,
    /// Steps that nodes have done.
    pub steps: u64,
}

/// One line of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct EventLogEntry {
    /// When.
    pub at: Time,
    /// Who.
    pub node: NodeId,
    /// What.
    pub event: NodeEvent,
}

impl WorldNode {
    /// Whether nothing is known about it but what others say.
    #[must_use]
    pub fn is_unseen(&self) -> bool {
        self.status == NodeStatus::Unseen
    }
}

impl Broadcast {
    /// The ring of `announcement`, transmitted by `node` at `center`; it spreads for `span`.
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
    /// Whether people want to read about it: not the snapshots, not the daily routine.
    pub(super) fn is_notable(event: &NodeEvent) -> bool {
        !matches!(
            event,
            NodeEvent::Slot { .. } | NodeEvent::Started { .. } | NodeEvent::Refused { .. }
        )
    }
}
