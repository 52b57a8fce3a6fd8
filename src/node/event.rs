//! `NodeEvent`: the events that a node reports. The world, captions and event logs are built from them.

use super::config::{Application, Peer};
use super::probation::Standing;
use super::proposal::{FileInfo, Proposal, ProposalId};
use crate::scp::{
    NodeId, QuorumSet, QuorumSetId, ScpEvent, ScpRefusal, SlotIndex, SlotState, Value,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a trust set changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrustCause {
    /// The configuration, at the start.
    Configured,
    /// Discovery of a peer.
    Discovered,
    /// A periodic refresh.
    Refreshed,
    /// A peer announced that it leaves.
    Departed,
    /// A peer was silent for longer than `forget_after` (the unsafe policy).
    Forgotten,
    /// A user replaced the policy.
    PolicyReplaced,
    /// The probation of a node is over.
    Admitted,
    /// A newcomer took no part in several slots.
    Suspended,
    /// An operator added or removed a node.
    Edited,
}

/// Why a slot started at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotStart {
    /// The node has a value to nominate.
    Own,
    /// A statement of another node arrived; the node joins as an echoer.
    Echo,
}

/// The answer of a node to the backup of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupAnswer {
    /// It voted for the backup.
    Yes,
    /// It holds the file already and did not vote for the backup.
    NoHasIt,
    /// The backup was decided before the node could vote on it.
    DecidedBeforeVote,
}

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FetchError {
    /// No holder could be reached.
    Unreachable,
    /// The content has another hash.
    HashMismatch,
}

/// Why a proposal was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProposalRefusal {
    /// It is empty or too long, its file name contains a folder, or its hash is malformed.
    Malformed,
    /// It is in the log already.
    InLog,
    /// Neither its sender nor the neighbour that relayed it is trusted.
    Untrusted,
    /// It does not fit the application of this network.
    WrongApplication,
    /// The node never votes.
    NotParticipating,
    /// It was in the pool before and expired.
    Stale,
    /// The pool is full.
    PoolFull,
}

/// Why a message was refused. A refused message changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageRefusal {
    /// SCP refused the statement.
    Scp(ScpRefusal),
    /// The sender is outside the closure of this node's quorum set.
    OutsideClosure,
    /// The message is inconsistent.
    Malformed,
    /// The statement is about a slot too far ahead of this node's log.
    FarFuture,
}

/// An event at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEvent {
    /// The node has started.
    Started {
        /// The application of its network.
        application: Application,
    },
    /// The node has learned of a peer.
    Discovered {
        /// The peer.
        peer: Peer,
        /// The node that transmitted the information; the node itself if its address book lists the peer.
        via: NodeId,
    },
    /// The trust set of the node has changed.
    TrustChanged {
        /// All trusted nodes, the node itself included.
        trusted: Arc<BTreeSet<NodeId>>,
        /// The cause of the change.
        cause: TrustCause,
    },
    /// The quorum set of the node has changed.
    QuorumSetChanged {
        /// The id that its statements name.
        id: QuorumSetId,
        /// The set.
        quorum_set: Arc<QuorumSet>,
        /// The first slot in which it is in effect.
        from_slot: SlotIndex,
    },
    /// The quorum set was replaced within a running slot, at the request of an operator. The node's earlier statements
    /// about the slot count with the new set, so this can break agreement.
    QuorumSetOverridden {
        /// The running slot.
        slot: SlotIndex,
    },
    /// The durable state of the node was replaced by an older copy: others remember messages that it does not. It stops
    /// voting until it has caught up.
    RolledBack {
        /// The highest message number that others remember.
        messages: u64,
    },
    /// The standing of a discovered node has changed.
    StandingChanged {
        /// The discovered node.
        node: NodeId,
        /// Its new standing.
        standing: Standing,
    },
    /// Discovery and catching up are over: the node votes.
    Ready {
        /// The number of nodes that it knows, itself included.
        known: u32,
    },
    /// The node starts to ask for missing decisions before it votes.
    CatchingUp {
        /// The first slot without a decision.
        from_slot: SlotIndex,
    },
    /// A peer has announced that it leaves.
    PeerLeft {
        /// The peer.
        node: NodeId,
    },
    /// The node has left.
    Left,
    /// A proposal was certified and is in the pool.
    ProposalPooled {
        /// The proposal.
        proposal: Arc<Proposal>,
        /// The node that certified it: its sender, or the trusted neighbour that relayed it.
        certified_by: NodeId,
    },
    /// A proposal was not certified.
    ProposalRefused {
        /// Its id; `None` if a client's proposal was refused before it got one.
        id: Option<ProposalId>,
        /// The neighbour that transmitted it.
        from: NodeId,
        /// The reason.
        why: ProposalRefusal,
    },
    /// A proposal was not decided within its time to live.
    ProposalExpired {
        /// Its id.
        id: ProposalId,
        /// Nodes that have made a statement in favour of it, as far as this node knows.
        voted: Vec<NodeId>,
        /// Trusted nodes that have made no such statement.
        missing: Vec<NodeId>,
    },
    /// A slot has started at the node.
    SlotStarted {
        /// The slot.
        slot: SlotIndex,
        /// The reason.
        start: SlotStart,
    },
    /// A transition of SCP.
    Scp(ScpEvent),
    /// The state of a slot has changed.
    Slot {
        /// The slot.
        slot: SlotIndex,
        /// All variables of the slot.
        state: Arc<SlotState>,
    },
    /// A decision was appended to the log.
    Recorded {
        /// The slot.
        slot: SlotIndex,
        /// The decided value.
        value: Value,
        /// `Log` application: the proposals in it.
        proposals: Vec<Arc<Proposal>>,
    },
    /// The node has answered a backup proposal: by its vote, or because the proposal was decided.
    BackupAnswered {
        /// The file.
        file: FileInfo,
        /// The proposal with the file.
        proposal: ProposalId,
        /// The answer.
        answer: BackupAnswer,
    },
    /// A decided file is complete and recorded in the backup log.
    BackedUp {
        /// The file.
        file: FileInfo,
        /// The node that delivered it; the node itself if it held the file already.
        from: NodeId,
    },
    /// A fetch failed and will be repeated.
    BackupFailed {
        /// The file.
        file: FileInfo,
        /// The reason.
        why: FetchError,
    },
    /// A message was refused.
    Refused {
        /// The sender of the message.
        from: NodeId,
        /// The reason.
        why: MessageRefusal,
    },
}
