//! Statement predicates: tests of whether a ballot statement makes a claim (NOTES 40, 50, 58, 59).
//!
//! Federated voting counts the nodes whose latest statement satisfies a predicate. "Votes" always means "votes for or
//! accepts".

use crate::scp::id::Counter;
use crate::scp::statement::{Ballot, Statement};
use crate::scp::value::Value;

/// A claim about a value. `V` is `&Value` in a query and `Value` in a tally.
#[derive(Clone, Copy, Debug)]
pub(in crate::scp) struct Predicate<V> {
    claim: Claim,
    /// The value; `None` if only counters matter.
    x: Option<V>,
}

/// A claim that a ballot statement may make about a value x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Votes to prepare <n, x>.
    VotesPrepare(Counter),
    /// Accepts <n, x> as prepared.
    AcceptsPrepare(Counter),
    /// Votes to commit <n, x> for all n of the interval.
    VotesCommit(Interval),
    /// Accepts commit of <n, x> for all n of the interval.
    AcceptsCommit(Interval),
    /// Votes to commit <n, x> for some n. This is a necessary condition of the interval claims, and cheap to tally.
    VotesSomeCommit,
    /// Accepts commit of <n, x> for some n.
    AcceptsSomeCommit,
    /// Votes to commit <m, x> for some m above n.
    CommitBeyond(Counter),
    /// Is at counter n or above, with any value. "Heard from quorum" counts this claim.
    AtCounter(Counter),
    /// Is at a counter above n, with any value. Catching up counts this claim.
    AboveCounter(Counter),
}

/// Counters `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// The lowest counter.
    pub low: Counter,
    /// The highest counter.
    pub high: Counter,
}

impl Claim {
    /// The number of different results of [`Claim::lookup_slot`].
    pub(super) const LOOKUP_SLOTS: usize = 9 * Claim::COUNTERS;
    const COUNTERS: usize = 1 << Claim::COUNTER_BITS;
    const COUNTER_BITS: u32 = 2;

    /// A cheap hash. Claims that are queried alternately have different slots.
    #[inline]
    pub(super) const fn lookup_slot(self) -> usize {
        let (kind, n) = match self {
            Claim::VotesPrepare(n) => (0, n),
            Claim::AcceptsPrepare(n) => (1, n),
            Claim::VotesCommit(interval) => (2, interval.high),
            Claim::AcceptsCommit(interval) => (3, interval.high),
            Claim::VotesSomeCommit => (4, 0),
            Claim::AcceptsSomeCommit => (5, 0),
            Claim::CommitBeyond(n) => (6, n),
            Claim::AtCounter(n) => (7, n),
            Claim::AboveCounter(n) => (8, n),
        };
        (kind << Claim::COUNTER_BITS) | (n as usize % Claim::COUNTERS)
    }

    /// Whether `statement` makes this claim about `x`.
    #[must_use]
    pub fn is_made_by(self, statement: &Statement, x: &Value) -> bool {
        self.about(x).holds_for(statement)
    }

    /// This claim about `x`.
    pub(in crate::scp) fn about(self, x: &Value) -> Predicate<&Value> {
        Predicate {
            claim: self,
            x: Some(x),
        }
    }

    /// This claim, which must be about counters only.
    pub(in crate::scp) fn about_counters(self) -> Predicate<&'static Value> {
        Predicate {
            claim: self,
            x: None,
        }
    }
}

impl Predicate<&Value> {
    /// The predicate with an owned value, for a tally.
    pub(super) fn to_owned(self) -> Predicate<Value> {
        Predicate {
            claim: self.claim,
            x: self.x.cloned(),
        }
    }

    /// The claim without its value.
    pub(super) fn claim(self) -> Claim {
        self.claim
    }

    /// Whether `statement` makes the claim.
    #[inline]
    pub(in crate::scp) fn holds_for(self, statement: &Statement) -> bool {
        match self.x {
            Some(x) => self.claim.holds_for_value(x, statement),
            None => self.claim.holds_for_counter(statement),
        }
    }
}

impl Predicate<Value> {
    /// Whether both make the same claim about the same value.
    #[inline]
    pub(super) fn equals(&self, other: Predicate<&Value>) -> bool {
        self.claim == other.claim && self.x.as_ref() == other.x
    }

    /// The predicate with a borrowed value.
    pub(super) fn as_ref(&self) -> Predicate<&Value> {
        Predicate {
            claim: self.claim,
            x: self.x.as_ref(),
        }
    }
}

impl Claim {
    #[inline]
    fn holds_for_value(self, x: &Value, statement: &Statement) -> bool {
        match self {
            Claim::VotesPrepare(n) => {
                votes_prepare(statement, n, x) || accepts_prepare(statement, n, x)
            }
            Claim::AcceptsPrepare(n) => accepts_prepare(statement, n, x),
            Claim::VotesCommit(interval) => votes_commit(statement, x, interval),
            Claim::AcceptsCommit(interval) => accepts_commit(statement, x, interval),
            Claim::VotesSomeCommit => match statement {
                Statement::Prepare { ballot, n_c, .. } => *n_c != 0 && ballot.x == *x,
                _ => statement.ballot_value() == Some(x),
            },
            Claim::AcceptsSomeCommit => {
                !matches!(statement, Statement::Prepare { .. })
                    && statement.ballot_value() == Some(x)
            }
            Claim::CommitBeyond(n) => match statement {
                Statement::Prepare {
                    ballot, n_c, n_h, ..
                } => *n_c != 0 && *n_h > n && ballot.x == *x,
                Statement::Confirm { ballot, n_h, .. } => *n_h > n && ballot.x == *x,
                Statement::Externalize { commit, .. } => n < Counter::MAX && commit.x == *x,
                Statement::Nominate { .. } => false,
            },
            Claim::AtCounter(_) | Claim::AboveCounter(_) => self.holds_for_counter(statement),
        }
    }

    fn holds_for_counter(self, statement: &Statement) -> bool {
        match self {
            Claim::AtCounter(n) => match statement {
                Statement::Prepare { ballot, .. } => ballot.n >= n,
                _ => true,
            },
            Claim::AboveCounter(n) => statement.counter() > n,
            _ => false,
        }
    }
}

fn votes_prepare(statement: &Statement, n: Counter, x: &Value) -> bool {
    match statement {
        Statement::Prepare { ballot, .. } => n <= ballot.n && ballot.x == *x,
        Statement::Confirm { ballot, .. } => ballot.x == *x,
        Statement::Externalize { commit, .. } => commit.x == *x,
        Statement::Nominate { .. } => false,
    }
}

fn accepts_prepare(statement: &Statement, n: Counter, x: &Value) -> bool {
    match statement {
        Statement::Prepare {
            prepared,
            prepared_prime,
            ..
        } => {
            let covers = |p: &Option<Ballot>| matches!(p, Some(p) if n <= p.n && p.x == *x);
            covers(prepared) || covers(prepared_prime)
        }
        Statement::Confirm {
            ballot, n_prepared, ..
        } => n <= *n_prepared && ballot.x == *x,
        Statement::Externalize { commit, .. } => commit.x == *x,
        Statement::Nominate { .. } => false,
    }
}

fn votes_commit(statement: &Statement, x: &Value, Interval { low, high }: Interval) -> bool {
    match statement {
        Statement::Prepare {
            ballot, n_c, n_h, ..
        } => *n_c != 0 && *n_c <= low && high <= *n_h && ballot.x == *x,
        Statement::Confirm {
            ballot, n_commit, ..
        } => *n_commit <= low && ballot.x == *x,
        Statement::Externalize { commit, .. } => commit.n <= low && commit.x == *x,
        Statement::Nominate { .. } => false,
    }
}

fn accepts_commit(statement: &Statement, x: &Value, Interval { low, high }: Interval) -> bool {
    match statement {
        Statement::Confirm {
            ballot,
            n_commit,
            n_h,
            ..
        } => *n_commit <= low && high <= *n_h && ballot.x == *x,
        Statement::Externalize { commit, .. } => commit.n <= low && commit.x == *x,
        Statement::Prepare { .. } | Statement::Nominate { .. } => false,
    }
}
