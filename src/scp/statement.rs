//! Protocol messages: a `Statement` in an `Envelope`, with the fields of stellar-core (NOTES 1-4).

use super::id::{Counter, NodeId, QuorumSetId, SlotIndex};
use super::value::Value;
use serde::{Deserialize, Serialize};

/// A ballot `<n, x>`, ordered by counter and then by the bytes of the value (NOTES 37).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// The counter.
    pub n: Counter,
    /// The value.
    pub x: Value,
}

impl Ballot {
    /// A ballot.
    #[must_use]
    pub fn new(n: Counter, x: Value) -> Ballot {
        Ballot { n, x }
    }

    /// `~`: whether both have the same value.
    #[must_use]
    pub fn is_compatible(&self, other: &Ballot) -> bool {
        self.x == other.x
    }

    /// `<=` and `~`: preparing `other` implies preparing this one.
    #[must_use]
    pub fn is_below_compatible(&self, other: &Ballot) -> bool {
        self.n <= other.n && self.is_compatible(other)
    }

    /// `<=` and not `~`: preparing `other` aborts this one.
    #[must_use]
    pub fn is_below_incompatible(&self, other: &Ballot) -> bool {
        self <= other && !self.is_compatible(other)
    }
}

/// The content of a message. It has one variant for each message type of the draft, with the fields of stellar-core.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// Votes to nominate and accepted nominations, both strictly ascending. In a statement of an honest node,
    /// `accepted` is a subset of `voted`.
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
        /// Lowest counter voted to commit; 0 if none.
        n_c: Counter,
        /// Highest counter confirmed prepared; 0 if none.
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

/// The source of a statement that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementSource {
    /// The local node. Before its first ballot it processes its own statements with counter 0 (NOTES 64).
    Own,
    /// Another node.
    Peer,
}

impl Statement {
    /// Whether it is a NOMINATE and not a ballot statement.
    #[must_use]
    pub const fn is_nominate(&self) -> bool {
        matches!(self, Statement::Nominate { .. })
    }

    /// Whether the statement is consistent (NOTES 5-8). The quorum set is not checked.
    pub(super) fn is_sane(&self, source: StatementSource) -> bool {
        match self {
            Statement::Nominate { voted, accepted } => {
                let ascending = |values: &[Value]| values.is_sorted_by(|a, b| a < b);
                !(voted.is_empty() && accepted.is_empty())
                    && ascending(voted)
                    && ascending(accepted)
            }
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => {
                let ordered = match (prepared_prime, prepared) {
                    (Some(second), Some(first)) => second.is_below_incompatible(first),
                    _ => true,
                };
                (ballot.n > 0 || source == StatementSource::Own)
                    && ordered
                    && (*n_h == 0 || prepared.as_ref().is_some_and(|p| *n_h <= p.n))
                    && (*n_c == 0 || (*n_h != 0 && n_c <= n_h && *n_h <= ballot.n))
            }
            Statement::Confirm {
                ballot,
                n_commit,
                n_h,
                ..
            } => ballot.n > 0 && *n_h <= ballot.n && n_commit <= n_h,
            Statement::Externalize { commit, n_h } => commit.n > 0 && *n_h >= commit.n,
        }
    }

    /// Whether it may replace `old`, an earlier statement of the same sender and kind (NOTES 11, 12).
    #[must_use]
    pub fn is_newer_than(&self, old: &Statement) -> bool {
        match (old, self) {
            (
                Statement::Nominate { voted, accepted },
                Statement::Nominate {
                    voted: more_voted,
                    accepted: more_accepted,
                },
            ) => {
                contains_all(more_voted, voted)
                    && contains_all(more_accepted, accepted)
                    && (more_voted.len() > voted.len() || more_accepted.len() > accepted.len())
            }
            (
                Statement::Prepare {
                    ballot: b,
                    prepared: p,
                    prepared_prime: second,
                    n_h: h,
                    ..
                },
                Statement::Prepare {
                    ballot,
                    prepared,
                    prepared_prime,
                    n_h,
                    ..
                },
            ) => (ballot, prepared, prepared_prime, n_h) > (b, p, second, h),
            (
                Statement::Confirm {
                    ballot: b,
                    n_prepared: p,
                    n_h: h,
                    ..
                },
                Statement::Confirm {
                    ballot,
                    n_prepared,
                    n_h,
                    ..
                },
            ) => (ballot, n_prepared, n_h) > (b, p, h),
            _ => self.rank() > old.rank(),
        }
    }

    /// The order of the message types within a slot.
    const fn rank(&self) -> u8 {
        match self {
            Statement::Nominate { .. } => 0,
            Statement::Prepare { .. } => 1,
            Statement::Confirm { .. } => 2,
            Statement::Externalize { .. } => 3,
        }
    }

    /// The value of a ballot statement; `None` for a NOMINATE.
    #[must_use]
    pub fn ballot_value(&self) -> Option<&Value> {
        match self {
            Statement::Nominate { .. } => None,
            Statement::Prepare { ballot, .. } | Statement::Confirm { ballot, .. } => {
                Some(&ballot.x)
            }
            Statement::Externalize { commit, .. } => Some(&commit.x),
        }
    }

    /// The counter that catching up compares (NOTES 58); 0 for a NOMINATE.
    #[must_use]
    pub const fn counter(&self) -> Counter {
        match self {
            Statement::Nominate { .. } => 0,
            Statement::Prepare { ballot, .. } | Statement::Confirm { ballot, .. } => ballot.n,
            Statement::Externalize { .. } => Counter::MAX,
        }
    }
}

/// Whether ascending `more` contains all of ascending `fewer`. For lists that are not ascending the result is
/// arbitrary; the caller refuses such statements as not sane.
fn contains_all(more: &[Value], fewer: &[Value]) -> bool {
    let mut rest = more.iter();
    fewer.iter().all(|value| rest.any(|other| other == value))
}

/// A statement of one node about one slot. The transport adds the signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// The sender.
    pub from: NodeId,
    /// The slot.
    pub slot: SlotIndex,
    /// The quorum set of the sender at that time.
    pub quorum_set: QuorumSetId,
    /// The statement.
    pub statement: Statement,
}

impl Envelope {
    /// Whether this envelope replaces `old`, an earlier one of the same sender and kind: its statement is newer, or it
    /// repeats the statement with a later quorum set of the sender.
    ///
    /// The second case extends the reference, in which a set changes only along with a statement. An operator who
    /// replaces the quorum set of a halted slot needs it: the node has nothing newer to say, and its old set would
    /// count until the slot ends. It applies only to ids of the sender itself ([`QuorumSetId::owner`]), whose numbers
    /// increase.
    #[must_use]
    pub fn supersedes(&self, old: &Envelope) -> bool {
        self.statement.is_newer_than(&old.statement)
            || self.statement == old.statement && self.has_later_set_than(old)
    }

    fn has_later_set_than(&self, old: &Envelope) -> bool {
        let (new, old) = (self.quorum_set, old.quorum_set);
        new.owner == self.from && old.owner == self.from && new.nth > old.nth
    }
}
