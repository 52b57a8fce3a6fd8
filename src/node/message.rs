//! Wire messages between nodes: discovery announcements, messages, and bundles of relayed messages.

use super::config::Peer;
use super::peer_list::PeersAnswer;
use super::proposal::Proposal;
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex, Statement, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The unique identifier of a message. Relaying does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// The node that created the message.
    pub sender: NodeId,
    /// Sequence number at the sender, counted from 1.
    pub nth: u64,
}

/// A message. Relays forward it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its identifier, used for duplicate suppression.
    pub id: MessageId,
    /// The destination; other nodes relay the message without reading it. `None`: all nodes.
    pub to: Option<NodeId>,
    /// Whether the message is re-sent or periodic. Outcome checks, idle detection and limits ignore
    /// such messages.
    pub housekeeping: bool,
    /// The contents.
    pub body: Body,
}

/// The messages and announcements of other nodes that a node relays in one transmission. A bundle is never empty. Each
/// item keeps its identifier and is handled as if it had arrived separately. The bundle itself has no identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Announcements, in order of arrival.
    pub announcements: Vec<Arc<Announcement>>,
    /// Messages, in order of arrival.
    pub messages: Vec<Arc<Message>>,
}

impl Bundle {
    /// Whether the bundle has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announcements.is_empty() && self.messages.is_empty()
    }

    /// The kind of the whole bundle: the kind of the item with the greatest weight.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        let kinds = self.messages.iter().map(|message| message.kind());
        kinds
            .max_by_key(|kind| kind.weight())
            .unwrap_or(MessageKind::Announce)
    }

    /// Whether all items are housekeeping.
    #[must_use]
    pub fn is_housekeeping(&self) -> bool {
        self.announcements.is_empty() && self.messages.iter().all(|message| message.housekeeping)
    }
}

/// The contents of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// An SCP statement together with the quorum set that it names.
    Scp {
        /// The statement.
        envelope: Arc<Envelope>,
        /// The sender's quorum set.
        quorum_set: Arc<QuorumSet>,
    },
    /// A proposal. Relaying it certifies it.
    Proposal(Arc<Proposal>),
    /// Query to the trusted-node service for the known peers.
    PeersQuestion,
    /// Answer of the trusted-node service.
    Peers(Arc<PeersAnswer>),
    /// Query for decisions.
    CatchUpQuestion {
        /// The first slot whose decision the sender lacks.
        from_slot: SlotIndex,
    },
    /// Decisions that the sender has recorded, in ascending order of slots without gaps.
    CatchUpAnswer {
        /// Slot and decided value.
        decided: Arc<[(SlotIndex, Value)]>,
    },
}

/// The kind of a message, for pictures and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A discovery announcement.
    Announce,
    /// A proposal.
    Proposal,
    /// A vote: a NOMINATE without accepted values, or a PREPARE without a prepared ballot.
    Vote,
    /// A statement that accepts something.
    Accept,
    /// EXTERNALIZE.
    Externalize,
    /// Query to a service or its answer (trusted nodes, catching up).
    Service,
    /// A chunk of a file.
    Chunk,
}

impl MessageKind {
    /// Rank of the kind in a bundle: SCP by its steps, then data, then services.
    #[must_use]
    pub const fn weight(self) -> u8 {
        match self {
            MessageKind::Announce => 0,
            MessageKind::Service => 1,
            MessageKind::Proposal => 2,
            MessageKind::Chunk => 3,
            MessageKind::Vote => 4,
            MessageKind::Accept => 5,
            MessageKind::Externalize => 6,
        }
    }
}

impl Message {
    /// The kind of this message.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match &self.body {
            Body::Scp { envelope, .. } => match &envelope.statement {
                Statement::Nominate { accepted, .. } if accepted.is_empty() => MessageKind::Vote,
                Statement::Prepare { prepared: None, .. } => MessageKind::Vote,
                Statement::Externalize { .. } => MessageKind::Externalize,
                _ => MessageKind::Accept,
            },
            Body::Proposal(_) => MessageKind::Proposal,
            _ => MessageKind::Service,
        }
    }

    /// Whether the message is consistent: its numbers are in range, a statement and its quorum set belong to the
    /// sender, and the slots of an answer are consecutive.
    pub(super) fn is_well_formed(&self) -> bool {
        let sender = self.id.sender;
        let has_valid_id = self.id.nth > 0 && sender.0 < NodeId::LIMIT;
        has_valid_id
            && match &self.body {
                Body::Scp { envelope, .. } => {
                    envelope.from == sender
                        && envelope.quorum_set.owner == sender
                        && envelope.slot > SlotIndex(0)
                }
                Body::CatchUpAnswer { decided } => {
                    let first = decided.first().map_or(1, |(slot, _)| slot.0);
                    let mut expected = first..u64::MAX;
                    first > 0
                        && decided
                            .iter()
                            .all(|(slot, _)| expected.next() == Some(slot.0))
                }
                Body::Proposal(_)
                | Body::PeersQuestion
                | Body::Peers(_)
                | Body::CatchUpQuestion { .. } => true,
            }
    }
}

/// The kind of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementKind {
    /// The beacon starts discovery. Receivers announce themselves.
    Beacon,
    /// A node takes part: the answer to a beacon, or the unprompted announcement of a newcomer.
    Here,
    /// A node leaves. Receivers remove it from their trust sets.
    Leaving,
}

/// A discovery broadcast. All nodes in reach receive it, and each of them relays it once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Announcement {
    /// The node that the announcement is about.
    pub peer: Peer,
    /// What the node announces.
    pub kind: AnnouncementKind,
    /// Sequence number at that node, counted from 1. A lower or equal number is a duplicate.
    pub nth: u64,
    /// How many times it has been relayed; 0 if it comes from the node itself.
    pub hops: u32,
}

impl Announcement {
    /// The announcement as a node relays it: with one more hop.
    pub(super) fn relayed(&self) -> Announcement {
        Announcement {
            hops: self.hops.saturating_add(1),
            ..self.clone()
        }
    }
}
