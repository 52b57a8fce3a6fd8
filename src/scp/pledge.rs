//! `Pledge`: what a ballot statement can promise, as a question that it answers with yes or no (NOTES 40, 50, 58, 59).
//!
//! Federated voting counts the nodes whose latest statement makes a pledge. "Votes" always means votes or accepts.

use super::id::Counter;
use super::statement::{Ballot, Statement};
use super::value::Value;

/// Something that a ballot statement may pledge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pledge {
    /// Votes for or accepts prepare(ballot).
    VotesPrepare(Ballot),
    /// Accepts prepare(ballot).
    AcceptsPrepare(Ballot),
    /// Votes for or accepts commit(n, x) for all n of the interval.
    VotesCommit(Value, Interval),
    /// Accepts commit(n, x) for all n of the interval.
    AcceptsCommit(Value, Interval),
    /// Votes for or accepts commit(n, x) for some n: a necessary condition, cheap to keep.
    VotesSomeCommit(Value),
    /// Accepts commit(n, x) for some n.
    AcceptsSomeCommit(Value),
    /// Says something about committing x at counters above n.
    CommitBeyond(Value, Counter),
    /// Has heard of counter n: what "heard from quorum" counts.
    AtCounter(Counter),
    /// Has a counter above n: what catching up counts.
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

impl Pledge {
    /// Does `statement` make this pledge?
    pub(super) fn is_made_by(&self, statement: &Statement) -> bool {
        match self {
            Pledge::VotesPrepare(ballot) => {
                votes_prepare(statement, ballot) || accepts_prepare(statement, ballot)
            }
            Pledge::AcceptsPrepare(ballot) => accepts_prepare(statement, ballot),
            Pledge::VotesCommit(x, interval) => votes_commit(statement, x, *interval),
            Pledge::AcceptsCommit(x, interval) => accepts_commit(statement, x, *interval),
            Pledge::VotesSomeCommit(x) => match statement {
                Statement::Prepare { ballot, n_c, .. } => *n_c != 0 && ballot.x == *x,
                _ => statement.ballot_value() == Some(x),
            },
            Pledge::AcceptsSomeCommit(x) => {
                !matches!(statement, Statement::Prepare { .. })
                    && statement.ballot_value() == Some(x)
            }
            Pledge::CommitBeyond(x, n) => match statement {
                Statement::Prepare {
                    ballot, n_c, n_h, ..
                } => *n_c != 0 && n_h > n && ballot.x == *x,
                Statement::Confirm { ballot, n_h, .. } => n_h > n && ballot.x == *x,
                Statement::Externalize { commit, .. } => *n < Counter::MAX && commit.x == *x,
                Statement::Nominate { .. } => false,
            },
            Pledge::AtCounter(n) => match statement {
                Statement::Prepare { ballot, .. } => ballot.n >= *n,
                _ => true,
            },
            Pledge::AboveCounter(n) => statement.counter() > *n,
        }
    }
}

fn votes_prepare(statement: &Statement, wanted: &Ballot) -> bool {
    match statement {
        Statement::Prepare { ballot, .. } => wanted.is_below_compatible(ballot),
        Statement::Confirm { ballot, .. } => ballot.is_compatible(wanted),
        Statement::Externalize { commit, .. } => commit.is_compatible(wanted),
        Statement::Nominate { .. } => false,
    }
}

fn accepts_prepare(statement: &Statement, wanted: &Ballot) -> bool {
    match statement {
        Statement::Prepare {
            prepared,
            prepared_prime,
            ..
        } => [prepared, prepared_prime]
            .into_iter()
            .flatten()
            .any(|ballot| wanted.is_below_compatible(ballot)),
        Statement::Confirm {
            ballot, n_prepared, ..
        } => wanted.n <= *n_prepared && ballot.is_compatible(wanted),
        Statement::Externalize { commit, .. } => commit.is_compatible(wanted),
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
