//! What nodes say to each other: `Statement` inside an `Envelope`, in the shape stellar-core sends it (NOTES 1-4).

use super::id::{Counter, NodeId, QuorumSetId, SlotIndex};
use super::value::Value;
use serde::{Deserialize, Serialize};

/// A ballot `<n, x>`; ordered by counter, then by the bytes of the value (NOTES 37).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// The counter.
    pub n: Counter,
    /// The value.
    pub x: Value,
}

/// What a node pledges. One variant per message type of the draft, in stellar-core's fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// Votes to nominate and accepted nominations; both strictly ascending, `accepted` a subset of `voted` if honest.
    Nominate {
        /// X: values voted for.
        voted: Vec<Value>,
        /// Y: values accepted.
        accepted: Vec<Value>,
    },
    /// Votes to prepare `ballot`, accepts `prepared` and `prepared_prime`, votes to commit `n_c..=n_h`.
    Prepare {
        /// b: the current ballot.
        ballot: Ballot,
        /// p: the highest ballot accepted as prepared.
        prepared: Option<Ballot>,
        /// p': the second highest, incompatible with p.
        prepared_prime: Option<Ballot>,
        /// Lowest counter voted to commit; 0 = none.
        n_c: Counter,
        /// Highest counter confirmed prepared; 0 = none.
        n_h: Counter,
    },
    /// Accepts commit of `n_commit..=n_h` (the draft's SCPCommit).
    Confirm {
        /// b: the current ballot.
        ballot: Ballot,
        /// Counter of p.
        n_prepared: Counter,
        /// Lowest counter accepted as committed.
        n_commit: Counter,
        /// Highest counter accepted as committed.
        n_h: Counter,
    },
    /// The slot is decided: commit of `commit` is confirmed.
    Externalize {
        /// c: lowest ballot confirmed committed.
        commit: Ballot,
        /// Highest counter confirmed committed.
        n_h: Counter,
    },
}

/// One statement of one node about one slot. The signature is the transport's business.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// Who says it.
    pub from: NodeId,
    /// About which slot.
    pub slot: SlotIndex,
    /// The sender's quorum set at the time.
    pub quorum_set: QuorumSetId,
    /// What it says.
    pub statement: Statement,
}
