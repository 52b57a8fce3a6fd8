//! What flies between nodes.

use super::config::Peer;
use super::proposal::Proposal;
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex, Statement, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a message for ever: the `nth` that `sender` created. Relaying keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// Who created it.
    pub sender: NodeId,
    /// Counted from 1 at its sender.
    pub nth: u64,
}

/// A message. Relays pass it on as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// For this node only; others relay it without looking. `None`: for everybody.
    pub to: Option<NodeId>,
    /// Re-sent or periodic: verdicts, idleness and limits ignore it.
    pub housekeeping: bool,
    /// What it says.
    pub body: Body,
}

/// What a node passes on of others' in one transmission: everything new that it has heard since it passed something on
/// last. Never empty. What is in it keeps its name and is judged as if it had come alone; the bundle itself has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Announcements, in the order in which they were heard.
    pub announcements: Vec<Arc<Announcement>>,
    /// Messages, in the order in which they arrived.
    pub messages: Vec<Arc<Message>>,
}

impl Bundle {
    /// Is there nothing in it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.announcements.is_empty() && self.messages.is_empty()
    }

    /// What it counts as in pictures: the farthest step of all that is in it.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        let kinds = self.messages.iter().map(|message| message.kind());
        kinds
            .max_by_key(|kind| kind.weight())
            .unwrap_or(MessageKind::Announce)
    }

    /// Verdicts, idleness and limits ignore it if they ignore all that is in it.
    #[must_use]
    pub fn is_housekeeping(&self) -> bool {
        self.announcements.is_empty() && self.messages.iter().all(|message| message.housekeeping)
    }
}

/// The contents of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A statement of SCP together with the quorum set that it names.
    Scp {
        /// The statement.
        envelope: Arc<Envelope>,
        /// The sender's quorum set.
        quorum_set: Arc<QuorumSet>,
    },
    /// A proposal, vouched for as certified by the one who passes it on.
    Proposal(Arc<Proposal>),
    /// Question to the trusted-node service: whom do you know?
    PeersQuestion,
    /// Answer of the trusted-node service.
    Peers {
        /// Everyone the sender knows and has not seen leave.
        known: Arc<[Peer]>,
        /// Whom the sender trusts.
        trusted: Arc<[NodeId]>,
    },
    /// What was decided from this slot on?
    CatchUpQuestion {
        /// First slot that the sender lacks.
        from_slot: SlotIndex,
    },
    /// Decisions the sender has recorded, ascending without gaps.
    CatchUpAnswer {
        /// Slot and decided value.
        decided: Arc<[(SlotIndex, Value)]>,
    },
}

/// What kind of message it is, for pictures and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Announcement of discovery.
    Announce,
    /// A proposal.
    Proposal,
    /// A vote: a nomination without accepted values, or a PREPARE without accepted ballots.
    Vote,
    /// A statement that accepts something.
    Accept,
    /// EXTERNALIZE.
    Externalize,
    /// Question to, or answer from, a service (trusted nodes, catching up).
    Service,
    /// A chunk of a file.
    Chunk,
}

impl MessageKind {
    /// What counts where several kinds go together: the farthest step of SCP, then data, then services.
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
    /// What kind of message it is.
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
}

/// What an announcement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementKind {
    /// The node with the broadcast role builds the network: answer me.
    Beacon,
    /// I am here: the answer to a beacon, and what a newcomer says by itself.
    Here,
    /// I leave; take me out of your sets.
    Leaving,
}

/// A broadcast of discovery. It is heard by all within reach and relayed once by each of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Announcement {
    /// Whom it is about.
    pub peer: Peer,
    /// What it says.
    pub kind: AnnouncementKind,
    /// Counted from 1 at that peer; a lower or equal number is old news.
    pub nth: u64,
    /// How often it has been relayed: 0 = heard from the peer itself.
    pub hops: u32,
}
