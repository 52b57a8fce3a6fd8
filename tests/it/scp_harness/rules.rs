//! Rules that every statement and every state of a node obey, whatever Byzantine nodes send. The rules follow the draft
//! and share no code with the protocol.

use quorumscope::commands::conformance::format::{NamedBallot, NamedStatement};
use quorumscope::scp::SlotState;

type CheckResult = Result<(), &'static str>;

fn demand(condition: bool, otherwise: &'static str) -> CheckResult {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// Checks that a statement is free of contradictions.
pub(crate) fn check_sane(statement: &NamedStatement) -> CheckResult {
    match statement {
        NamedStatement::Nominate { voted, accepted } => {
            let ascends = |list: &[String]| list.windows(2).all(|pair| pair[0] < pair[1]);
            demand(
                !(voted.is_empty() && accepted.is_empty()),
                "an empty NOMINATE",
            )?;
            demand(ascends(voted) && ascends(accepted), "values out of order")
        }
        NamedStatement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => {
            demand(ballot.n > 0, "a ballot without counter")?;
            demand(n_c <= n_h && *n_h <= ballot.n, "not c <= h <= b")?;
            demand(*n_h == 0 || *n_c <= *n_h, "c without h")?;
            let p = prepared.as_ref();
            demand(
                *n_h == 0 || p.is_some_and(|p| p.n >= *n_h),
                "h is not prepared",
            )?;
            match (p, prepared_prime) {
                (_, None) => Ok(()),
                (None, Some(_)) => Err("p' without p"),
                (Some(p), Some(second)) => demand(
                    key(second) < key(p) && second.x != p.x,
                    "not p' < p, p' !~ p",
                ),
            }
        }
        NamedStatement::Confirm {
            ballot,
            n_commit,
            n_h,
            ..
        } => {
            demand(ballot.n > 0, "a ballot without counter")?;
            demand(n_commit <= n_h && *n_h <= ballot.n, "not c <= h <= b")
        }
        NamedStatement::Externalize { commit, n_h } => {
            demand(commit.n > 0 && *n_h >= commit.n, "not 0 < c <= h")
        }
    }
}

/// Checks that `next` may follow `last`: the type does not go back, and within one type the fields grow.
pub(crate) fn check_successor(last: &NamedStatement, next: &NamedStatement) -> CheckResult {
    let goes_up = match (last, next) {
        (
            NamedStatement::Nominate { voted, accepted },
            NamedStatement::Nominate {
                voted: more_voted,
                accepted: more_accepted,
            },
        ) => {
            let contained = voted.iter().all(|x| more_voted.contains(x))
                && accepted.iter().all(|x| more_accepted.contains(x));
            contained && voted.len() + accepted.len() < more_voted.len() + more_accepted.len()
        }
        (NamedStatement::Nominate { .. }, _) | (_, NamedStatement::Nominate { .. }) => false,
        (last, next) => progress(last) < progress(next),
    };
    demand(goes_up, "not newer than the last statement")
}

type Key<'a> = (u32, &'a [u8]);

fn key(ballot: &NamedBallot) -> Key<'_> {
    (ballot.n, ballot.x.as_bytes())
}

/// The fields that order ballot statements: type, b, p, p', h.
fn progress(statement: &NamedStatement) -> (u8, Key<'_>, Option<Key<'_>>, Option<Key<'_>>, u32) {
    match statement {
        NamedStatement::Nominate { .. } => (0, (0, b""), None, None, 0),
        NamedStatement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_h,
            ..
        } => (
            1,
            key(ballot),
            prepared.as_ref().map(key),
            prepared_prime.as_ref().map(key),
            *n_h,
        ),
        NamedStatement::Confirm {
            ballot,
            n_prepared,
            n_h,
            ..
        } => {
            let prepared: Key<'_> = (*n_prepared, b"");
            (2, key(ballot), Some(prepared), None, *n_h)
        }
        NamedStatement::Externalize { .. } => (3, (0, b""), None, None, 0),
    }
}

/// Checks that a slot loses no progress.
pub(crate) fn check_progress(was: &SlotState, is: &SlotState) -> CheckResult {
    demand(was.phase <= is.phase, "the phase goes back")?;
    demand(was.round <= is.round, "the round goes back")?;
    demand(was.leaders.is_subset(&is.leaders), "a leader is lost")?;
    demand(was.accepted.is_subset(&is.accepted), "Y shrinks")?;
    demand(was.voted.is_subset(&is.voted), "X shrinks")?;
    demand(was.candidates.is_subset(&is.candidates), "Z shrinks")?;
    demand(was.p <= is.p, "p goes back")?;
    demand(
        was.fully_validated || !is.fully_validated,
        "emission is enabled again",
    )?;
    demand(
        was.externalized.is_none() || was.externalized == is.externalized,
        "another decision",
    )
}
