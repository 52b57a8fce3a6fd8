//! The contract of a node: its inputs, outputs and timers.

use super::event::{FetchError, NodeEvent};
use super::message::{Announcement, Bundle, Message};
use super::persisted::{Persisted, StateChange};
use super::probation::TrustEdit;
use super::proposal::{Content, FileInfo};
use super::rollback::Remembered;
use super::trust_policy::TrustPolicy;
use crate::scp::{NodeId, SlotIndex};
use crate::time::Span;
use std::sync::Arc;

/// The timers of a node. Each kind runs at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKind {
    /// End of a nomination round of this slot.
    Nomination(SlotIndex),
    /// End of a ballot of this slot.
    Ballot(SlotIndex),
    /// The beacon broadcasts again.
    Announce,
    /// The roster has been unchanged for the settle time.
    Settle,
    /// The node queries the trusted-node service again.
    Refresh,
    /// The node sends its latest statements again.
    Resend,
    /// The oldest proposal in the pool expires.
    Expire,
    /// The node asks for missing decisions again.
    CatchUp,
    /// The node relays the announcements and progress messages that it has received meanwhile.
    Relay,
    /// The node relays the housekeeping messages that it has received meanwhile.
    RelayRepeats,
}

impl TimerKind {
    /// Whether this is periodic work that shows no progress. Outcome checks and idle detection ignore it.
    #[must_use]
    pub fn is_housekeeping(self) -> bool {
        !matches!(
            self,
            TimerKind::Nomination(_) | TimerKind::Ballot(_) | TimerKind::Settle | TimerKind::Relay
        )
    }

    /// All timers that can run while `slot` is the next slot.
    pub(super) fn all(slot: SlotIndex) -> [TimerKind; 10] {
        [
            TimerKind::Nomination(slot),
            TimerKind::Ballot(slot),
            TimerKind::Announce,
            TimerKind::Settle,
            TimerKind::Refresh,
            TimerKind::Resend,
            TimerKind::Expire,
            TimerKind::CatchUp,
            TimerKind::Relay,
            TimerKind::RelayRepeats,
        ]
    }
}

/// An input of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The node starts, with its persistent state if it ran before.
    Start(Option<Arc<Persisted>>),
    /// A message arrives.
    Receive {
        /// The neighbour that transmitted it; it may only relay the message.
        from: NodeId,
        /// The message.
        message: Arc<Message>,
    },
    /// An announcement arrives.
    ReceiveAnnouncement {
        /// The neighbour that transmitted it; it may only relay the announcement.
        from: NodeId,
        /// The announcement.
        announcement: Arc<Announcement>,
    },
    /// A bundle of relayed messages arrives.
    Relayed {
        /// The neighbour that transmitted it.
        from: NodeId,
        /// The bundle.
        bundle: Arc<Bundle>,
    },
    /// A timer expired. It no longer runs.
    Timer(TimerKind),
    /// A client proposes this content at the node.
    Propose(Content),
    /// A user replaces the trust policy of the node.
    SetTrust(TrustPolicy),
    /// An operator adds a discovered node to the trust set, or removes it.
    EditTrust(TrustEdit),
    /// Another node has returned the newest messages of this node.
    Remembered(Arc<Remembered>),
    /// The host drops a discovered node that is not trusted, to make room for another one.
    Forget(NodeId),
    /// A fetch ended.
    Fetched {
        /// SHA-256 of the content, in hexadecimal digits.
        sha256: String,
        /// The node that delivered the file, or the reason for the failure.
        result: Result<NodeId, FetchError>,
    },
    /// A user asks the node to leave.
    Leave,
}

/// The receivers of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// One neighbour. The transmission is lost if the node is out of reach.
    Node(NodeId),
    /// All nodes in reach.
    Neighbours,
    /// All nodes in reach except this one, from which the content came.
    NeighboursExcept(NodeId),
}

/// An output of a node. Outputs take effect in order: a `Persist` is durable before the outputs after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Transmit a message that the node created.
    Send {
        /// The receivers.
        to: Recipient,
        /// The message.
        message: Arc<Message>,
    },
    /// Transmit messages of other nodes.
    Relay {
        /// The receivers.
        to: Recipient,
        /// The messages and announcements.
        bundle: Arc<Bundle>,
    },
    /// Broadcast an announcement to all nodes in reach.
    Announce(Arc<Announcement>),
    /// Start a timer. It replaces a running one of the same kind.
    SetTimer(TimerKind, Span),
    /// Stop a timer if it runs.
    CancelTimer(TimerKind),
    /// Make these changes durable: all of them or none.
    Persist(Vec<StateChange>),
    /// Fetch a file from one of the holders, then give the node an [`Input::Fetched`].
    Fetch {
        /// The file.
        file: FileInfo,
        /// Nodes that should hold it, in order of preference.
        holders: Vec<NodeId>,
    },
    /// Report an event.
    Event(NodeEvent),
}
