//! The contract of a node: what goes in, what comes out.

use super::config::TrustPolicy;
use super::event::NodeEvent;
use super::message::{Announcement, Bundle, Message};
use super::persisted::{Persisted, StateChange};
use super::proposal::{Content, FileInfo};
use crate::scp::{NodeId, SlotIndex};
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The timers a node can have running, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// End of a nomination round of this slot.
    Nomination(SlotIndex),
    /// End of a ballot of this slot.
    Ballot(SlotIndex),
    /// Next broadcast of the beacon.
    Announce,
    /// The roster has been unchanged long enough.
    Settle,
    /// Ask the trusted-node service again.
    Refresh,
    /// Send latest statements again.
    Resend,
    /// The oldest proposal of the pool expires.
    Expire,
    /// Ask again for what is missing (catching up).
    CatchUp,
    /// What has been heard meanwhile is passed on.
    Relay,
    /// The same, as far as it is housekeeping.
    RelayRepeats,
}

impl TimerKind {
    /// Periodic work that says nothing about progress: verdicts and idleness ignore it.
    #[must_use]
    pub fn is_housekeeping(self) -> bool {
        !matches!(
            self,
            TimerKind::Nomination(_) | TimerKind::Ballot(_) | TimerKind::Settle | TimerKind::Relay
        )
    }
}

/// Why a file did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchError {
    /// None of the holders could be reached.
    Unreachable,
    /// What arrived has another hash.
    HashMismatch,
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// It starts, with what it kept if it ran before.
    Start(Option<Arc<Persisted>>),
    /// A message arrives from a neighbour, who may only have relayed it.
    Receive {
        /// The neighbour.
        from: NodeId,
        /// The message.
        message: Arc<Message>,
    },
    /// An announcement is heard.
    Heard {
        /// The neighbour who transmitted it.
        from: NodeId,
        /// What it says.
        announcement: Arc<Announcement>,
    },
    /// What a neighbour passes on arrives.
    Relayed {
        /// The neighbour.
        from: NodeId,
        /// What it passes on.
        bundle: Arc<Bundle>,
    },
    /// A timer ran out; it is no longer running.
    Timer(TimerKind),
    /// Somebody asks this node to propose.
    Propose(Content),
    /// Somebody changes whom this node trusts.
    SetTrust(TrustPolicy),
    /// A fetch asked for earlier ended.
    Fetched {
        /// Hash of the content.
        sha256: String,
        /// From whom it came, or why it did not.
        result: Result<NodeId, FetchError>,
    },
    /// It is asked to leave.
    Leave,
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// This neighbour (lost if it is out of reach).
    Node(NodeId),
    /// Everyone within reach.
    Neighbours,
    /// Everyone within reach except this one (relaying).
    NeighboursExcept(NodeId),
}

/// What a node wants done, in this order. `Persist` before `Send` means durable before sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Send a message.
    Send {
        /// To whom.
        to: Recipient,
        /// What.
        message: Arc<Message>,
    },
    /// Pass on, in one transmission, what others have said.
    Relay {
        /// To whom.
        to: Recipient,
        /// What.
        bundle: Arc<Bundle>,
    },
    /// Broadcast to everyone within reach.
    Announce(Arc<Announcement>),
    /// Start a timer, replacing the running one of this kind.
    SetTimer(TimerKind, Span),
    /// Stop a timer if it is running.
    CancelTimer(TimerKind),
    /// Keep these over a crash: all of them or none.
    Persist(Vec<StateChange>),
    /// Get this file from any of the holders and answer with `Fetched`.
    Fetch {
        /// The file.
        file: FileInfo,
        /// Nodes that should hold it, the preferred first.
        holders: Vec<NodeId>,
    },
    /// Something happened.
    Event(NodeEvent),
}
