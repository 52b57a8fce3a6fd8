//! Borrowed ballots: most candidates are only compared, and cloning a `Value` would increment a reference count.

use super::id::Counter;
use super::statement::{Ballot, Statement};
use super::value::Value;
use smallvec::SmallVec;

/// Ballots that may be accepted or confirmed as prepared. Honest nodes name only a few.
pub(super) type PrepareCandidates<'a> = SmallVec<[BallotRef<'a>; 4]>;

/// A ballot with a borrowed value, in the order of ballots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BallotRef<'a> {
    pub(super) n: Counter,
    pub(super) x: &'a Value,
}

impl<'a> BallotRef<'a> {
    pub(super) fn new(n: Counter, x: &'a Value) -> BallotRef<'a> {
        BallotRef { n, x }
    }

    pub(super) fn of(ballot: &'a Ballot) -> BallotRef<'a> {
        BallotRef {
            n: ballot.n,
            x: &ballot.x,
        }
    }

    pub(super) fn to_ballot(self) -> Ballot {
        Ballot::new(self.n, self.x.clone())
    }

    /// Whether this ballot is `<=` and `~` the other.
    pub(super) fn is_below_compatible(self, other: &Ballot) -> bool {
        self.n <= other.n && *self.x == other.x
    }

    /// Whether this ballot is `<=` but not `~` the other.
    pub(super) fn is_below_incompatible(self, other: &Ballot) -> bool {
        !self.is_above(other) && *self.x != other.x
    }

    pub(super) fn is_above(self, other: &Ballot) -> bool {
        self > BallotRef::of(other)
    }
}

/// The ballots that a statement can help to prepare: at most three, highest first, without duplicates.
/// stellar-core calls the statement a hint: only ballots that it supports can newly reach a threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct HintBallots<'a> {
    tops: [Option<BallotRef<'a>>; 3],
}

impl<'a> HintBallots<'a> {
    /// The ballots of `hint`; none for a NOMINATE.
    pub(super) fn of(hint: &'a Statement) -> HintBallots<'a> {
        let at = |n: Counter, x: &'a Value| Some(BallotRef { n, x });
        let tops = match hint {
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                ..
            } => {
                let others = [prepared.as_ref(), prepared_prime.as_ref()];
                return HintBallots::descending(BallotRef::of(ballot), others);
            }
            Statement::Confirm {
                ballot, n_prepared, ..
            } => {
                let top = at(Counter::MAX, &ballot.x);
                let prepared = at(*n_prepared, &ballot.x);
                [top, prepared.filter(|_| prepared != top), None]
            }
            Statement::Externalize { commit, .. } => [at(Counter::MAX, &commit.x), None, None],
            Statement::Nominate { .. } => [None; 3],
        };
        HintBallots { tops }
    }

    fn descending(first: BallotRef<'a>, others: [Option<&'a Ballot>; 2]) -> HintBallots<'a> {
        let [second, third] = others.map(|other| other.map(BallotRef::of));
        let mut tops = [Some(first), second, third];
        tops.sort_unstable_by(|a, b| b.cmp(a));
        let [first, second, third] = tops;
        let second_if_new = second.filter(|_| second != first);
        let third_if_new = third.filter(|_| third != second);
        HintBallots {
            tops: [first, second_if_new, third_if_new],
        }
    }

    /// The ballots, highest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = BallotRef<'a>> + '_ {
        self.tops.iter().flatten().copied()
    }

    /// Drops the ballots for which `keep` is false.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(BallotRef<'a>) -> bool) {
        for top in &mut self.tops {
            *top = top.filter(|&ballot| keep(ballot));
        }
    }

    /// Whether no ballot is left.
    pub(super) fn is_empty(&self) -> bool {
        self.tops.iter().all(Option::is_none)
    }
}

/// Adds the ballots of `statement` that are compatible with `top` and not above it. A statement that supports all
/// counters adds `top` itself.
pub(super) fn collect_prepare_candidates<'a>(
    statement: &Statement,
    top: BallotRef<'a>,
    add: &mut impl FnMut(BallotRef<'a>),
) {
    let at = |n: Counter| BallotRef { n, x: top.x };
    match statement {
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            ..
        } => [Some(ballot), prepared.as_ref(), prepared_prime.as_ref()]
            .into_iter()
            .flatten()
            .filter(|ballot| ballot.n <= top.n && ballot.x == *top.x)
            .for_each(|ballot| add(at(ballot.n))),
        Statement::Confirm {
            ballot, n_prepared, ..
        } if ballot.x == *top.x => {
            add(top);
            if *n_prepared < top.n {
                add(at(*n_prepared));
            }
        }
        Statement::Externalize { commit, .. } if commit.x == *top.x => add(top),
        Statement::Confirm { .. } | Statement::Externalize { .. } | Statement::Nominate { .. } => {}
    }
}
