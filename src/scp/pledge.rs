//! `Pledge`: what a ballot statement can promise, as a question that it answers with yes or no (NOTES 40, 50, 58, 59).
//!
//! Federated voting counts the nodes whose latest statement makes a pledge. "Votes" always means votes or accepts.

use super::id::Counter;
use super::statement::{Ballot, Statement};
use super::value::Value;

/// Something that a ballot statement may pledge. `V` is a value: lent where a question is asked, owned where it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pledge<V> {
    /// What is pledged.
    pub(super) promise: Promise,
    /// About which value; none where only counters matter.
    pub(super) x: Option<V>,
}

/// What may be pledged about a value x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Votes for or accepts prepare(n, x).
    VotesPrepare(Counter),
    /// Accepts prepare(n, x).
    AcceptsPrepare(Counter),
    /// Votes for or accepts commit(n, x) for all n of the interval.
    VotesCommit(Interval),
    /// Accepts commit(n, x) for all n of the interval.
    AcceptsCommit(Interval),
    /// Votes for or accepts commit(n, x) for some n: a necessary condition, cheap to keep.
    VotesSomeCommit,
    /// Accepts commit(n, x) for some n.
    AcceptsSomeCommit,
    /// Says something about committing x at counters above n.
    CommitBeyond(Counter),
    /// Has heard of counter n, whatever the value: what "heard from quorum" counts.
    AtCounter(Counter),
    /// Has a counter above n, whatever the value: what catching up counts.
    AboveCounter(Counter),
}

/// Counters `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    /// The lowest.
    pub(super) low: Counter,
    /// The highest.
    pub(super) high: Counter,
}

impl Promise {
    /// How many shelves there are.
    pub(super) const SHELVES: usize = 9 * Promise::COUNTERS;
    /// How many counters in a row are told apart.
    const COUNTERS: usize = 4;

    /// Where to look for it first: promises that are asked for in turn are on different shelves.
    #[inline]
    pub(super) const fn shelf(self) -> usize {
        let (kind, n) = match self {
            Promise::VotesPrepare(n) => (0, n),
            Promise::AcceptsPrepare(n) => (1, n),
            Promise::VotesCommit(interval) => (2, interval.high),
            Promise::AcceptsCommit(interval) => (3, interval.high),
            Promise::VotesSomeCommit => (4, 0),
            Promise::AcceptsSomeCommit => (5, 0),
            Promise::CommitBeyond(n) => (6, n),
            Promise::AtCounter(n) => (7, n),
            Promise::AboveCounter(n) => (8, n),
        };
        kind * Promise::COUNTERS + n as usize % Promise::COUNTERS
    }

    /// The pledge of this about `x`.
    pub(super) fn of(self, x: &Value) -> Pledge<&Value> {
        Pledge {
            promise: self,
            x: Some(x),
        }
    }

    /// The pledge of this, which is about counters alone.
    pub(super) fn of_any(self) -> Pledge<&'static Value> {
        Pledge {
            promise: self,
            x: None,
        }
    }
}

impl Pledge<&Value> {
    /// The same, to be kept.
    pub(super) fn to_owned(self) -> Pledge<Value> {
        Pledge {
            promise: self.promise,
            x: self.x.cloned(),
        }
    }

    /// Does `statement` make this pledge?
    #[inline]
    pub(super) fn is_made_by(self, statement: &Statement) -> bool {
        match self.x {
            Some(x) => self.promise.is_made_about(x, statement),
            None => self.promise.is_made_by_counter_of(statement),
        }
    }
}

impl Pledge<Value> {
    /// Is it this pledge?
    #[inline]
    pub(super) fn is(&self, other: Pledge<&Value>) -> bool {
        self.promise == other.promise && self.x.as_ref() == other.x
    }

    /// The same, lent.
    pub(super) fn lent(&self) -> Pledge<&Value> {
        Pledge {
            promise: self.promise,
            x: self.x.as_ref(),
        }
    }
}

impl Promise {
    #[inline]
    fn is_made_about(self, x: &Value, statement: &Statement) -> bool {
        match self {
            Promise::VotesPrepare(n) => {
                votes_prepare(statement, n, x) || accepts_prepare(statement, n, x)
            }
            Promise::AcceptsPrepare(n) => accepts_prepare(statement, n, x),
            Promise::VotesCommit(interval) => votes_commit(statement, x, interval),
            Promise::AcceptsCommit(interval) => accepts_commit(statement, x, interval),
            Promise::VotesSomeCommit => match statement {
                Statement::Prepare { ballot, n_c, .. } => *n_c != 0 && ballot.x == *x,
                _ => statement.ballot_value() == Some(x),
            },
            Promise::AcceptsSomeCommit => {
                !matches!(statement, Statement::Prepare { .. })
                    && statement.ballot_value() == Some(x)
            }
            Promise::CommitBeyond(n) => match statement {
                Statement::Prepare {
                    ballot, n_c, n_h, ..
                } => *n_c != 0 && *n_h > n && ballot.x == *x,
                Statement::Confirm { ballot, n_h, .. } => *n_h > n && ballot.x == *x,
                Statement::Externalize { commit, .. } => n < Counter::MAX && commit.x == *x,
                Statement::Nominate { .. } => false,
            },
            Promise::AtCounter(_) | Promise::AboveCounter(_) => {
                self.is_made_by_counter_of(statement)
            }
        }
    }

    fn is_made_by_counter_of(self, statement: &Statement) -> bool {
        match self {
            Promise::AtCounter(n) => match statement {
                Statement::Prepare { ballot, .. } => ballot.n >= n,
                _ => true,
            },
            Promise::AboveCounter(n) => statement.counter() > n,
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
