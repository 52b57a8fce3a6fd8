//! Ballots and counters that a next step can be about: those that statements name (NOTES 39, 49).

use crate::scp::{Ballot, Counter, SlotState, Statement, Value};
use std::collections::BTreeSet;

/// All ballots that the statements name, ascending. Statements that support all counters of a value name the counter of
/// `b` if that has the value.
pub(super) fn named_ballots(statements: &[Statement], b: Option<&Ballot>) -> BTreeSet<Ballot> {
    let mut named = BTreeSet::new();
    let mut at = |n: Counter, x: &Value| {
        if n > 0 {
            named.insert(Ballot::new(n, x.clone()));
        }
    };
    for statement in statements {
        match statement {
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                ..
            } => {
                let others = [prepared.as_ref(), prepared_prime.as_ref()];
                for ballot in std::iter::once(ballot).chain(others.into_iter().flatten()) {
                    at(ballot.n, &ballot.x);
                }
            }
            Statement::Confirm {
                ballot, n_prepared, ..
            } => at(*n_prepared, &ballot.x),
            Statement::Externalize { commit, .. } => at(commit.n, &commit.x),
            Statement::Nominate { .. } => {}
        }
    }
    named.extend(b.cloned());
    named
}

/// Whether accepting `ballot` as prepared would change p or p'.
pub(super) fn raises_prepared(state: &SlotState, ballot: &Ballot) -> bool {
    let covers = |p: &Ballot| ballot.is_below_compatible(p);
    !state.p.as_ref().is_some_and(covers)
        && state.p_prime.as_ref().is_none_or(|second| ballot > second)
}

/// Whether the node has accepted `ballot` as prepared and would act on its confirmation.
pub(super) fn may_confirm_prepared(state: &SlotState, ballot: &Ballot) -> bool {
    let accepted = [state.p.as_ref(), state.p_prime.as_ref()];
    let covers = |p: &Ballot| ballot.is_below_compatible(p);
    let has_effect = state.z.as_ref() != Some(&ballot.x)
        || state
            .b
            .as_ref()
            .is_none_or(|b| b.x == ballot.x || ballot > b);
    accepted.into_iter().flatten().any(covers)
        && state.h.as_ref().is_none_or(|h| ballot > h)
        && has_effect
}

/// The counters at which a claim about committing `x` begins or ends.
pub(super) fn commit_counters(statements: &[Statement], x: &Value) -> BTreeSet<Counter> {
    let mut found = BTreeSet::new();
    for statement in statements {
        match statement {
            Statement::Prepare {
                ballot, n_c, n_h, ..
            } if *n_c != 0 && ballot.x == *x => found.extend([*n_c, *n_h]),
            Statement::Confirm {
                ballot,
                n_commit,
                n_h,
                ..
            } if ballot.x == *x => found.extend([*n_commit, *n_h]),
            Statement::Externalize { commit, n_h } if commit.x == *x => {
                found.extend([commit.n, *n_h]);
            }
            _ => {}
        }
    }
    found.remove(&0);
    found
}

/// [`commit_counters`] from c to h.
pub(super) fn own_counters(statements: &[Statement], c: &Ballot, h: &Ballot) -> BTreeSet<Counter> {
    let mut counters = commit_counters(statements, &c.x);
    counters.retain(|n| (c.n..=h.n).contains(n));
    counters
}

/// The values whose commit a statement accepts.
pub(super) fn committed_values(statements: &[Statement]) -> BTreeSet<Value> {
    let accepted = |statement: &Statement| match statement {
        Statement::Confirm { ballot, .. } => Some(ballot.x.clone()),
        Statement::Externalize { commit, .. } => Some(commit.x.clone()),
        Statement::Prepare { .. } | Statement::Nominate { .. } => None,
    };
    statements.iter().filter_map(accepted).collect()
}
