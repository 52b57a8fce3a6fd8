//! What SCP tells the outside: effects to carry out, and transitions with the evidence that justified them.

use super::id::{Counter, NodeId, SlotIndex};
use super::statement::{Ballot, Envelope};
use super::value::Value;
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The two timers that a slot can have running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScpTimer {
    /// Ends a nomination round.
    Nomination,
    /// Ends a ballot.
    Ballot,
}

/// What the caller must do, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Broadcast this envelope. The node itself has processed it already.
    Emit(Arc<Envelope>),
    /// Arm (or re-arm, replacing) the timer.
    SetTimer {
        /// Of which slot.
        slot: SlotIndex,
        /// Which of its timers.
        timer: ScpTimer,
        /// How long from now.
        span: Span,
    },
    /// Disarm the timer, whether or not it was running.
    StopTimer {
        /// Of which slot.
        slot: SlotIndex,
        /// Which of its timers.
        timer: ScpTimer,
    },
    /// The slot is decided; at most once per slot.
    Externalized {
        /// Which slot.
        slot: SlotIndex,
        /// The decision.
        value: Value,
    },
    /// Something happened that is worth explaining. Only if events are switched on.
    Event(ScpEvent),
}

/// The rule by which a node moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VotingRule {
    /// A quorum containing slices of this node voted for or accepted it (accept), or accepted it (confirm).
    Quorum,
    /// A v-blocking set accepted it.
    VBlocking,
}

/// Why a transition was allowed: the rule, the nodes that fulfil it and what each of them said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule applied.
    pub rule: VotingRule,
    /// The witness set, ascending. No member can be dropped without the rule failing.
    pub witness: Vec<NodeId>,
    /// The envelope of each witness that counted, in the order of `witness`.
    pub envelopes: Vec<Arc<Envelope>>,
}

/// Why a node voted to nominate a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteReason {
    /// It leads this round and proposes its own value.
    OwnProposal,
    /// It echoes a leader.
    Echo(NodeId),
    /// A value that reached the threshold was not valid; this is what could be extracted from it.
    Extracted,
}

/// Why the current ballot changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BallotReason {
    /// Nomination yielded a composite candidate.
    Candidate,
    /// The ballot timer ran out.
    Timeout,
    /// A v-blocking set is at higher counters.
    CatchUp(Evidence),
    /// A higher ballot was confirmed prepared.
    ConfirmedPrepared,
    /// A commit was accepted that the current ballot does not cover.
    AcceptedCommit,
}

/// Why an input was refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScpRefusal {
    /// Not newer than what the sender said before.
    NotNewer,
    /// The statement contradicts itself (NOTES 5-8).
    NotSane,
    /// The sender's quorum set is unknown.
    UnknownQuorumSet,
    /// The sender's quorum set is not sane.
    #[serde(rename = "insane_quorum_set")]
    MalformedQuorumSet,
    /// A value in it is not valid.
    InvalidValue,
    /// The slot is decided, and for another value.
    OtherValueDecided,
    /// Following it would break an invariant of the protocol (only liars or counter overflow get here; NOTES 7).
    BreaksInvariant,
    /// To be restored, but it is another node's statement.
    NotOwn,
    /// To be restored, but the slot has gone on without it.
    ComesTooLate,
}

/// A transition of one slot, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScpEvent {
    /// A nomination round began.
    RoundStarted {
        /// The slot.
        slot: SlotIndex,
        /// The round, from 1.
        round: u32,
        /// All leaders so far, ascending.
        leaders: Vec<NodeId>,
        /// How long the round lasts.
        timeout: Span,
    },
    /// Voted to nominate `value`.
    VotedNominate {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Why.
        reason: VoteReason,
    },
    /// Accepted the nomination of `value`.
    AcceptedNominated {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Why.
        evidence: Evidence,
    },
    /// Confirmed the nomination of `value`: it is a candidate.
    ConfirmedNominated {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Why.
        evidence: Evidence,
    },
    /// The candidates were combined.
    Composite {
        /// The slot.
        slot: SlotIndex,
        /// The combination.
        value: Value,
    },
    /// The current ballot changed.
    BallotChanged {
        /// The slot.
        slot: SlotIndex,
        /// The ballot before, if any.
        from: Option<Ballot>,
        /// The ballot now.
        to: Ballot,
        /// Why.
        reason: BallotReason,
    },
    /// Accepted `ballot` as prepared.
    AcceptedPrepared {
        /// The slot.
        slot: SlotIndex,
        /// The ballot.
        ballot: Ballot,
        /// Why.
        evidence: Evidence,
    },
    /// Confirmed `h` as prepared and, if `c` is given, voted to commit `c..=h`.
    ConfirmedPrepared {
        /// The slot.
        slot: SlotIndex,
        /// The highest ballot confirmed prepared.
        h: Ballot,
        /// The lowest ballot now voted to commit, if any.
        c: Option<Ballot>,
        /// Why.
        evidence: Evidence,
    },
    /// Accepted commit of `n_c..=n_h` with `value`.
    AcceptedCommit {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Lowest counter.
        n_c: Counter,
        /// Highest counter.
        n_h: Counter,
        /// Why.
        evidence: Evidence,
    },
    /// Confirmed commit of `n_c..=n_h` with `value`: the slot is externalized.
    ConfirmedCommit {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Lowest counter.
        n_c: Counter,
        /// Highest counter.
        n_h: Counter,
        /// Why.
        evidence: Evidence,
    },
    /// A vote to commit was withdrawn because a higher incompatible ballot was accepted as prepared.
    CommitVoteWithdrawn {
        /// The slot.
        slot: SlotIndex,
        /// The former lowest ballot voted to commit.
        c: Ballot,
    },
    /// A quorum is at this node's counter or above (the ballot timer starts).
    HeardFromQuorum {
        /// The slot.
        slot: SlotIndex,
        /// At which counter.
        n: Counter,
        /// The quorum.
        evidence: Evidence,
    },
    /// A value could not be fully validated: the node computes on, but says nothing more about this slot.
    NotFullyValidated {
        /// The slot.
        slot: SlotIndex,
    },
    /// An input was refused; nothing changed.
    Refused {
        /// The slot.
        slot: SlotIndex,
        /// Whose statement it was (the node itself for its own proposals and timers).
        from: NodeId,
        /// Why.
        why: ScpRefusal,
    },
}

/// Where the ballot protocol of a slot stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum BallotPhase {
    /// Preparing.
    #[default]
    Prepare,
    /// A commit is accepted.
    Confirm,
    /// A commit is confirmed.
    Externalize,
}

/// All variables of one slot at one node, in the paper's letters: what an inspector shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotState {
    /// Phase of the ballot protocol.
    pub phase: BallotPhase,
    /// b: current ballot.
    pub b: Option<Ballot>,
    /// p: highest accepted prepared.
    pub p: Option<Ballot>,
    /// p': second highest accepted prepared, incompatible with p.
    pub p_prime: Option<Ballot>,
    /// h: highest confirmed prepared (from CONFIRM on: highest accepted commit).
    pub h: Option<Ballot>,
    /// c: lowest ballot voted to commit (from CONFIRM on: lowest accepted commit).
    pub c: Option<Ballot>,
    /// z: value that overrides the composite for new ballots.
    pub z: Option<Value>,
    /// A quorum is at counter b.n or above.
    pub heard_from_quorum: bool,
    /// `nominate` was called and nomination has not been called off.
    pub nominating: bool,
    /// Nomination round; 0 before the first.
    pub round: u32,
    /// Leaders of all rounds so far.
    pub leaders: BTreeSet<NodeId>,
    /// X: values voted for.
    pub voted: BTreeSet<Value>,
    /// Y: values accepted.
    pub accepted: BTreeSet<Value>,
    /// Z: candidates.
    pub candidates: BTreeSet<Value>,
    /// Latest combination of the candidates.
    pub composite: Option<Value>,
    /// False: the node is silent about this slot (NOTES 13).
    pub fully_validated: bool,
    /// The decision, once there is one.
    pub externalized: Option<Value>,
}
