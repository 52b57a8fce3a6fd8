//! The statement with which a node makes a claim, newer than its last one.

use quorumscope::explain::step::StatementClaim;
use quorumscope::scp::{Ballot, Claim, Counter, Statement, Value};

/// A statement that makes `claim` and replaces `old`. `None` if the node cannot make one.
pub(super) fn statement_with(claim: &StatementClaim, old: Option<&Statement>) -> Option<Statement> {
    match claim {
        StatementClaim::Nominates => Some(nomination(&Value::from("a"), false, old)),
        StatementClaim::VotesNominate(x) => Some(nomination(x, false, old)),
        StatementClaim::AcceptsNominate(x) => Some(nomination(x, true, old)),
        StatementClaim::Ballot(claim, x) => ballot_statement(*claim, x, old),
        StatementClaim::Counter(claim) => counter_statement(*claim, old),
    }
}

/// The decision for the value of the claim.
pub(super) fn decision_with(claim: &StatementClaim) -> Statement {
    let value = claim.value().cloned().unwrap_or_else(|| Value::from("a"));
    Statement::Externalize {
        commit: Ballot::new(1, value),
        n_h: 1,
    }
}

fn nomination(x: &Value, accepts: bool, old: Option<&Statement>) -> Statement {
    let (mut voted, mut accepted) = match old {
        Some(Statement::Nominate { voted, accepted }) => (voted.clone(), accepted.clone()),
        _ => (Vec::new(), Vec::new()),
    };
    let add = |values: &mut Vec<Value>| {
        values.push(x.clone());
        values.sort();
        values.dedup();
    };
    add(&mut voted);
    if accepts {
        add(&mut accepted);
    }
    Statement::Nominate { voted, accepted }
}

/// A ballot of `x` above that of `old`, at counter `n` or above.
fn next_ballot(n: Counter, x: &Value, old: Option<&Statement>) -> Option<Ballot> {
    let above = match old {
        Some(Statement::Prepare { ballot, .. } | Statement::Confirm { ballot, .. }) => {
            ballot.n.checked_add(1)?
        }
        _ => 1,
    };
    Some(Ballot::new(n.max(above), x.clone()))
}

fn ballot_statement(claim: Claim, x: &Value, old: Option<&Statement>) -> Option<Statement> {
    let (n, prepares, commits) = match claim {
        Claim::VotesPrepare(n) => (n, false, false),
        Claim::AcceptsPrepare(n) => (n, true, false),
        Claim::VotesCommit(interval) => (interval.high, true, true),
        Claim::AcceptsCommit(interval) => (interval.high, true, true),
        _ => return None,
    };
    let has_confirmed = matches!(old, Some(Statement::Confirm { .. }));
    if let Some(Statement::Confirm { ballot, .. }) = old
        && ballot.x != *x
    {
        return None;
    }
    let ballot = next_ballot(n, x, old)?;
    if has_confirmed || matches!(claim, Claim::AcceptsCommit(_)) {
        return Some(Statement::Confirm {
            ballot,
            n_prepared: n,
            n_commit: n,
            n_h: n,
        });
    }
    let counter = if commits { n } else { 0 };
    Some(Statement::Prepare {
        ballot,
        prepared: prepares.then(|| Ballot::new(n, x.clone())),
        prepared_prime: None,
        n_c: counter,
        n_h: counter,
    })
}

fn counter_statement(claim: Claim, old: Option<&Statement>) -> Option<Statement> {
    let n = match claim {
        Claim::AtCounter(n) => n,
        Claim::AboveCounter(n) => n.checked_add(1)?,
        _ => return None,
    };
    match old {
        None => Some(Statement::Prepare {
            ballot: Ballot::new(n, Value::from("a")),
            prepared: None,
            prepared_prime: None,
            n_c: 0,
            n_h: 0,
        }),
        Some(Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        }) => Some(Statement::Prepare {
            ballot: next_ballot(n, &ballot.x, old)?,
            prepared: prepared.clone(),
            prepared_prime: prepared_prime.clone(),
            n_c: *n_c,
            n_h: *n_h,
        }),
        Some(Statement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        }) => Some(Statement::Confirm {
            ballot: next_ballot(n, &ballot.x, old)?,
            n_prepared: *n_prepared,
            n_commit: *n_commit,
            n_h: *n_h,
        }),
        _ => None,
    }
}
