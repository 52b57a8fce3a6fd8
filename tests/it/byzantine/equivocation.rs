//! Statements of Byzantine nodes.

use crate::byzantine::VALUES;
use crate::scp_net::value;
use proptest::prelude::*;
use quorumscope::scp::{Ballot, Statement, Value};

/// A statement of a Byzantine node. Numbers select a node or a statement.
#[derive(Clone, Debug)]
pub(super) enum Equivocation {
    Invented(Statement),
    /// The latest statement of an intact node, repeated by the sender as its own. This is the most likely way to
    /// complete a quorum that only one node sees.
    Repeated(usize, usize),
    /// A statement about the ballot of an intact node, from a later stage than its own.
    Exaggerated(usize, u8),
}

fn any_value() -> impl Strategy<Value = Value> {
    proptest::sample::select(&VALUES[..]).prop_map(value)
}

fn counter() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 1..5_u32, 1 => Just(0), 1 => Just(u32::MAX)]
}

fn ballot() -> impl Strategy<Value = Ballot> {
    (counter(), any_value()).prop_map(|(n, x)| Ballot::new(n.max(1), x))
}

/// A statement that is almost always sane. Other tests cover the refusal of statements that are not sane.
fn statement() -> impl Strategy<Value = Statement> {
    let value_list = || proptest::collection::btree_set(any_value(), 0..4).prop_map(Vec::from_iter);
    let optional = || proptest::option::of(ballot());
    let prepare = (ballot(), optional(), optional(), any::<bool>(), 0..3_u32).prop_map(
        |(ballot, one, other, votes, back)| {
            let (prepared, second) = (one.clone().max(other.clone()), one.min(other));
            let of_another = |second: &Ballot| prepared.as_ref().is_some_and(|p| p.x != second.x);
            let prepared_prime = second.filter(of_another);
            let n_h = prepared.as_ref().map_or(0, |p| p.n.min(ballot.n));
            let n_c = if votes { n_h.saturating_sub(back) } else { 0 };
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            }
        },
    );
    let confirm =
        (ballot(), counter(), counter(), counter()).prop_map(|(ballot, n_prepared, c, h)| {
            let (n_commit, n_h) = (c.min(h), c.max(h).min(ballot.n));
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit: n_commit.min(n_h),
                n_h,
            }
        });
    prop_oneof![
        4 => (value_list(), value_list()).prop_map(|(voted, accepted)| Statement::Nominate { voted, accepted }),
        6 => prepare,
        3 => confirm,
        1 => (ballot(), counter()).prop_map(|(commit, n)| Statement::Externalize { n_h: commit.n.max(n), commit }),
    ]
}

/// A statement about the same ballot from a later stage.
pub(super) fn exaggerated(statement_of: &Statement, stage: u8) -> Option<Statement> {
    let x = statement_of.ballot_value()?.clone();
    let n = statement_of.counter();
    let ballot = Ballot::new(n, x);
    Some(match stage {
        0 => Statement::Prepare {
            prepared: Some(ballot.clone()),
            ballot,
            prepared_prime: None,
            n_c: 0,
            n_h: n,
        },
        1 => Statement::Prepare {
            prepared: Some(ballot.clone()),
            ballot,
            prepared_prime: None,
            n_c: 1,
            n_h: n,
        },
        2 => Statement::Confirm {
            ballot,
            n_prepared: 0,
            n_commit: 1,
            n_h: n,
        },
        3 => Statement::Confirm {
            ballot,
            n_prepared: n,
            n_commit: n,
            n_h: n,
        },
        _ => Statement::Externalize {
            commit: ballot,
            n_h: n,
        },
    })
}

pub(super) fn equivocation() -> impl Strategy<Value = Equivocation> {
    let any = || 0..60_usize;
    prop_oneof![
        1 => statement().prop_map(Equivocation::Invented),
        2 => (any(), any()).prop_map(|(whose, which)| Equivocation::Repeated(whose, which)),
        1 => (any(), 0..5_u8).prop_map(|(whose, stage)| Equivocation::Exaggerated(whose, stage)),
    ]
}
