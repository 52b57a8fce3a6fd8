//! Outputs of SCP: effects to execute, and transitions with the evidence that justifies them.

use super::id::{Counter, NodeId, SlotIndex};
use super::statement::{Ballot, Envelope, Statement};
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

/// An action for the caller. The caller executes effects in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Broadcast this envelope. The node has processed it already.
    Emit(Arc<Envelope>),
    /// Arm the timer. A running one is replaced.
    SetTimer {
        /// The slot.
        slot: SlotIndex,
        /// The timer of that slot.
        timer: ScpTimer,
        /// The time from now.
        span: Span,
    },
    /// Disarm the timer if it is running.
    StopTimer {
        /// The slot.
        slot: SlotIndex,
        /// The timer of that slot.
        timer: ScpTimer,
    },
    /// The slot is decided. This effect occurs at most once per slot.
    Externalized {
        /// The slot.
        slot: SlotIndex,
        /// The decision.
        value: Value,
    },
    /// A transition took place. This effect occurs only with [`EvidenceMode::Record`].
    Event(ScpEvent),
}

/// Whether transitions are reported as [`Effect::Event`], with the evidence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceMode {
    /// Transitions are reported.
    Record,
    /// Transitions are not reported, and witness sets are never computed.
    Skip,
}

/// The rule of federated voting that justifies a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VotingRule {
    /// A quorum that contains a slice of this node voted for or accepted it (to accept), or accepted it (to confirm).
    Quorum,
    /// A v-blocking set accepted it.
    VBlocking,
}

/// Why a transition was allowed: the rule, the witness set, and the statement of each witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule.
    pub rule: VotingRule,
    /// The witness set, ascending and minimal: without any one of its members the rule would not hold.
    pub witness: Vec<NodeId>,
    /// The envelope of each witness, in the order of `witness`.
    pub envelopes: Vec<Arc<Envelope>>,
}

/// Why a node voted to nominate a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteReason {
    /// The node leads this round and proposes its own value.
    OwnProposal,
    /// The node echoes this leader.
    Echo(NodeId),
    /// The value was extracted from an invalid value that could have been accepted.
    Extracted,
}

/// Why the current ballot changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BallotReason {
    /// Nomination produced a composite.
    Candidate,
    /// The ballot timer expired.
    Timeout,
    /// A v-blocking set is at higher counters.
    CatchUp(Evidence),
    /// A higher ballot was confirmed prepared.
    ConfirmedPrepared,
    /// The accepted commit is above the current ballot or has another value.
    AcceptedCommit,
}

/// Why an input was refused. A refused input changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScpRefusal {
    /// It is not newer than the sender's latest statement.
    NotNewer,
    /// The statement contradicts itself (NOTES 5-8).
    NotSane,
    /// The application does not know the sender's quorum set.
    UnknownQuorumSet,
    /// The sender's quorum set is not sane.
    MalformedQuorumSet,
    /// One of its values is not valid.
    InvalidValue,
    /// The slot is decided with another value.
    OtherValueDecided,
    /// Processing it would violate an invariant of the protocol. Only Byzantine nodes, counter overflow and a malformed
    /// own quorum set cause this (NOTES, section 7).
    BreaksInvariant,
    /// The statement to restore is from another node.
    NotOwn,
    /// The slot of the statement to restore has advanced already.
    SlotAdvanced,
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
    /// The node voted to nominate `value`.
    VotedNominate {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// The reason.
        reason: VoteReason,
    },
    /// The node accepted the nomination of `value`.
    AcceptedNominated {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// The evidence for the transition.
        evidence: Evidence,
    },
    /// The node confirmed the nomination of `value`, which is now a candidate.
    ConfirmedNominated {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// The evidence for the transition.
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
        /// The reason.
        reason: BallotReason,
    },
    /// The node accepted `ballot` as prepared.
    AcceptedPrepared {
        /// The slot.
        slot: SlotIndex,
        /// The ballot.
        ballot: Ballot,
        /// The evidence for the transition.
        evidence: Evidence,
    },
    /// The node confirmed `h` as prepared and, if `c` is given, voted to commit `c..=h`.
    ConfirmedPrepared {
        /// The slot.
        slot: SlotIndex,
        /// The highest ballot confirmed prepared.
        h: Ballot,
        /// The lowest ballot now voted to commit, if any.
        c: Option<Ballot>,
        /// The evidence for the transition.
        evidence: Evidence,
    },
    /// The node accepted the commit of `n_c..=n_h` with `value`.
    AcceptedCommit {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Lowest counter.
        n_c: Counter,
        /// Highest counter.
        n_h: Counter,
        /// The evidence for the transition.
        evidence: Evidence,
    },
    /// The node confirmed the commit of `n_c..=n_h` with `value`, which externalizes the slot.
    ConfirmedCommit {
        /// The slot.
        slot: SlotIndex,
        /// The value.
        value: Value,
        /// Lowest counter.
        n_c: Counter,
        /// Highest counter.
        n_h: Counter,
        /// The evidence for the transition.
        evidence: Evidence,
    },
    /// A vote to commit was withdrawn because a higher incompatible ballot was accepted as prepared.
    CommitVoteWithdrawn {
        /// The slot.
        slot: SlotIndex,
        /// The former lowest ballot voted to commit.
        c: Ballot,
    },
    /// A quorum is at this node's counter or above, so the ballot timer starts.
    HeardFromQuorum {
        /// The slot.
        slot: SlotIndex,
        /// The counter.
        n: Counter,
        /// A minimal quorum with its statements.
        evidence: Evidence,
    },
    /// A value could not be fully validated: the node follows this slot without sending statements (NOTES 13).
    NotFullyValidated {
        /// The slot.
        slot: SlotIndex,
    },
    /// An input was refused and changed nothing.
    Refused {
        /// The slot.
        slot: SlotIndex,
        /// The sender of the statement; the node itself for its own nominations and timers.
        from: NodeId,
        /// The reason.
        why: ScpRefusal,
    },
}

impl ScpEvent {
    /// The slot.
    #[must_use]
    pub fn slot(&self) -> SlotIndex {
        match self {
            ScpEvent::RoundStarted { slot, .. }
            | ScpEvent::VotedNominate { slot, .. }
            | ScpEvent::AcceptedNominated { slot, .. }
            | ScpEvent::ConfirmedNominated { slot, .. }
            | ScpEvent::Composite { slot, .. }
            | ScpEvent::BallotChanged { slot, .. }
            | ScpEvent::AcceptedPrepared { slot, .. }
            | ScpEvent::ConfirmedPrepared { slot, .. }
            | ScpEvent::AcceptedCommit { slot, .. }
            | ScpEvent::ConfirmedCommit { slot, .. }
            | ScpEvent::CommitVoteWithdrawn { slot, .. }
            | ScpEvent::HeardFromQuorum { slot, .. }
            | ScpEvent::NotFullyValidated { slot }
            | ScpEvent::Refused { slot, .. } => *slot,
        }
    }
}

/// The phase of the ballot protocol in a slot.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum BallotPhase {
    /// The node prepares ballots.
    #[default]
    Prepare,
    /// A commit is accepted.
    Confirm,
    /// A commit is confirmed.
    Externalize,
}

/// All variables of one slot at one node, with the letters of the draft, for display.
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
    /// Whether a quorum is at counter b.n or above.
    pub heard_from_quorum: bool,
    /// Whether nomination is running: `nominate` was called, and nomination was not stopped since.
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
    /// The latest combination of the candidates.
    pub composite: Option<Value>,
    /// Whether the node sends statements about this slot (NOTES 13, 67).
    pub fully_validated: bool,
    /// The decision, once there is one.
    pub externalized: Option<Value>,
}

impl SlotState {
    /// The NOMINATE that these variables imply; `None` before the first vote.
    #[must_use]
    pub fn nomination(&self) -> Option<Statement> {
        let list = |values: &BTreeSet<Value>| values.iter().cloned().collect::<Vec<_>>();
        let has_voted = !(self.voted.is_empty() && self.accepted.is_empty());
        has_voted.then(|| Statement::Nominate {
            voted: list(&self.voted),
            accepted: list(&self.accepted),
        })
    }

    /// The ballot statement that these variables imply; `None` if there is nothing to send. Without a current ballot the
    /// statement has counter 0: the node counts it, but does not send it (NOTES 64).
    #[must_use]
    pub fn ballot_statement(&self) -> Option<Statement> {
        let n = |ballot: &Option<Ballot>| ballot.as_ref().map_or(0, |ballot| ballot.n);
        if self.b.is_none() && self.p.is_none() {
            return None;
        }
        let ballot = match &self.b {
            Some(b) => b.clone(),
            None => Ballot::new(0, Value::from("")),
        };
        Some(match (self.phase, &self.c) {
            (BallotPhase::Externalize, Some(c)) => Statement::Externalize {
                commit: c.clone(),
                n_h: n(&self.h),
            },
            (BallotPhase::Confirm, _) => Statement::Confirm {
                ballot,
                n_prepared: n(&self.p),
                n_commit: n(&self.c),
                n_h: n(&self.h),
            },
            (BallotPhase::Prepare | BallotPhase::Externalize, _) => Statement::Prepare {
                ballot,
                prepared: self.p.clone(),
                prepared_prime: self.p_prime.clone(),
                n_c: n(&self.c),
                n_h: n(&self.h),
            },
        })
    }
}
