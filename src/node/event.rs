//! What a node tells about itself. The world, the caption and the event log are made of these.

use super::config::{Application, Peer};
use super::contract::FetchError;
use super::proposal::{FileInfo, Proposal, ProposalId};
use crate::scp::{
    NodeId, QuorumSet, QuorumSetId, ScpEvent, ScpRefusal, SlotIndex, SlotState, Value,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a trust set changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustCause {
    /// It was given at the start.
    Configured,
    /// Roster found a node.
    Discovered,
    /// A periodic refresh.
    Refreshed,
    /// A node said that it leaves.
    Departed,
    /// A node was silent for too long (the unsafe policy).
    Forgotten,
    /// A person changed it.
    Ordered,
}

/// Why a slot began at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotStart {
    /// It has something to nominate.
    Own,
    /// Another node's NOMINATE arrived; it joins as an echoer.
    Echo,
}

/// What a node said when it was asked to back up a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupAnswer {
    /// It voted for it.
    Yes,
    /// It holds the file already and did not vote for it.
    NoHasIt,
    /// The decision came without its being asked.
    NotAsked,
}

/// Why a proposal was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalRefusal {
    /// Empty, too long, or a file name with a folder in it, or a malformed hash.
    Malformed,
    /// In the log already.
    InLog,
    /// Neither its origin nor the one who passed it on is trusted.
    Untrusted,
    /// It does not fit the application of this network.
    WrongApplication,
    /// The node has left, or was never able to propose.
    NotParticipating,
    /// It was in the pool for too long before.
    Stale,
    /// The pool holds as many proposals as it can.
    PoolFull,
}

/// Why a message was refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageRefusal {
    /// SCP refused the statement.
    Scp(ScpRefusal),
    /// The sender lies outside the closure of this node's quorum set.
    OutsideClosure,
    /// The message contradicts itself.
    Malformed,
    /// Too far ahead of this node's log.
    FarFuture,
}

/// Something happened at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeEvent {
    /// It runs.
    Started {
        /// What it takes part in.
        application: Application,
    },
    /// It learned of a node.
    Discovered {
        /// Whom.
        peer: Peer,
        /// From whom it heard.
        via: NodeId,
    },
    /// Its trust set is now this (the node itself included).
    TrustChanged {
        /// All trusted nodes.
        trusted: Arc<BTreeSet<NodeId>>,
        /// Why.
        cause: TrustCause,
    },
    /// From slot `from_slot` on its quorum set is this.
    QuorumSetChanged {
        /// Its name.
        id: QuorumSetId,
        /// The set.
        quorum_set: Arc<QuorumSet>,
        /// First slot for which it counts.
        from_slot: SlotIndex,
    },
    /// It knows enough nodes and its roster is stable: it votes from now on.
    Ready {
        /// How many nodes it knows, itself included.
        known: u32,
    },
    /// It asks for the log before it votes.
    CatchingUp {
        /// First slot it lacks.
        from_slot: SlotIndex,
    },
    /// It knows that a node has left.
    PeerLeft {
        /// Who.
        node: NodeId,
    },
    /// It has left.
    Left,
    /// A proposal entered its pool, certified.
    ProposalPooled {
        /// The proposal.
        proposal: Arc<Proposal>,
        /// Who vouched for it: its origin, or a trusted node that passed it on.
        voucher: NodeId,
    },
    /// A proposal was not certified.
    ProposalRefused {
        /// Which, if it got a name.
        id: Option<ProposalId>,
        /// Who passed it on.
        from: NodeId,
        /// Why.
        why: ProposalRefusal,
    },
    /// A proposal stayed without a decision for too long: rejected.
    ProposalExpired {
        /// Which.
        id: ProposalId,
        /// Who voted for a value that contains it, as far as this node knows.
        voted: Vec<NodeId>,
        /// Whom this node trusts and who did not.
        missing: Vec<NodeId>,
    },
    /// A slot began here.
    SlotStarted {
        /// Which.
        slot: SlotIndex,
        /// Why.
        start: SlotStart,
    },
    /// A transition of SCP.
    Scp(ScpEvent),
    /// The variables of a slot are now these.
    Slot {
        /// Which.
        slot: SlotIndex,
        /// All of them.
        state: Arc<SlotState>,
    },
    /// A decision was appended to the log.
    Recorded {
        /// Of which slot.
        slot: SlotIndex,
        /// The decided value.
        value: Value,
        /// `Log` application: what it contains.
        proposals: Vec<Arc<Proposal>>,
    },
    /// What this node says to a backup that was decided, or that it was asked to vote for.
    BackupAnswered {
        /// The file.
        file: FileInfo,
        /// By which proposal.
        proposal: ProposalId,
        /// Its answer.
        answer: BackupAnswer,
    },
    /// A file has arrived whole and is recorded in the backup log.
    BackedUp {
        /// The file.
        file: FileInfo,
        /// From whom.
        from: NodeId,
    },
    /// A file could not be fetched; it will be tried again.
    BackupFailed {
        /// The file.
        file: FileInfo,
        /// Why.
        why: FetchError,
    },
    /// A message was refused.
    Refused {
        /// Whose it was.
        from: NodeId,
        /// Why.
        why: MessageRefusal,
    },
}
