//! Order of the statements of a node. The rules follow the draft and share no code with the protocol.

use quorumscope::scp::{Ballot, Counter, Statement};

/// The fields that grow from statement to statement: type, b, p, p', and counters.
type Progress<'a> = (
    u8,
    Option<&'a Ballot>,
    Option<&'a Ballot>,
    Option<&'a Ballot>,
    Counter,
    Counter,
);

/// Whether `next` may follow `last`, if both have the same slot and kind. An equal statement may follow. Otherwise the
/// type and then the fields grow, and the value of an accepted commit stays the same.
pub(crate) fn may_follow(last: &Statement, next: &Statement) -> bool {
    match (last, next) {
        (
            Statement::Nominate { voted, accepted },
            Statement::Nominate {
                voted: more_voted,
                accepted: more_accepted,
            },
        ) => {
            voted.iter().all(|value| more_voted.contains(value))
                && accepted.iter().all(|value| more_accepted.contains(value))
        }
        (Statement::Nominate { .. }, _) | (_, Statement::Nominate { .. }) => false,
        _ => {
            let same_commit = committed(last).is_none() || committed(last) == committed(next);
            same_commit && (last == next || progress(last) < progress(next))
        }
    }
}

/// The value whose commit the statement accepts.
fn committed(statement: &Statement) -> Option<&quorumscope::scp::Value> {
    match statement {
        Statement::Nominate { .. } | Statement::Prepare { .. } => None,
        Statement::Confirm { ballot, .. } => Some(&ballot.x),
        Statement::Externalize { commit, .. } => Some(&commit.x),
    }
}

fn progress(statement: &Statement) -> Progress<'_> {
    match statement {
        Statement::Nominate { .. } => (0, None, None, None, 0, 0),
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_h,
            ..
        } => (
            1,
            Some(ballot),
            prepared.as_ref(),
            prepared_prime.as_ref(),
            0,
            *n_h,
        ),
        Statement::Confirm {
            ballot,
            n_prepared,
            n_h,
            ..
        } => (2, Some(ballot), None, None, *n_prepared, *n_h),
        Statement::Externalize { .. } => (3, None, None, None, 0, 0),
    }
}

#[test]
fn statements_are_ordered_as_in_the_draft() {
    let ballot = |n, x: &str| Ballot::new(n, x.into());
    let prepare = |n, p: Option<Ballot>| Statement::Prepare {
        ballot: ballot(n, "a"),
        prepared: p,
        prepared_prime: None,
        n_c: 0,
        n_h: 0,
    };
    let confirm = |x: &str| Statement::Confirm {
        ballot: ballot(1, x),
        n_prepared: 1,
        n_commit: 1,
        n_h: 1,
    };
    let nominate = |voted: &[&str]| Statement::Nominate {
        voted: voted.iter().map(|&value| value.into()).collect(),
        accepted: Vec::new(),
    };
    assert!(may_follow(
        &prepare(1, None),
        &prepare(1, Some(ballot(1, "a")))
    ));
    assert!(!may_follow(
        &prepare(1, Some(ballot(1, "a"))),
        &prepare(1, None)
    ));
    assert!(!may_follow(&prepare(2, None), &prepare(1, None)));
    assert!(may_follow(&prepare(2, None), &confirm("a")));
    assert!(!may_follow(&confirm("a"), &prepare(3, None)));
    assert!(!may_follow(&confirm("a"), &confirm("b")));
    assert!(may_follow(&confirm("a"), &confirm("a")));
    assert!(may_follow(&nominate(&["a"]), &nominate(&["a", "b"])));
    assert!(!may_follow(&nominate(&["a", "b"]), &nominate(&["b"])));
    assert!(!may_follow(&nominate(&["a"]), &prepare(1, None)));
}
