//! Variables of the ballot protocol in one slot, with the letters of the draft.

use crate::scp::event::BallotPhase;
use crate::scp::id::Counter;
use crate::scp::quorum::registry::SetClass;
use crate::scp::statement::{Ballot, Envelope, Statement};
use crate::scp::undo::{Rollback, Undoable};
use crate::scp::value::Value;
use std::sync::Arc;

/// The variables of the ballot protocol.
#[derive(Clone, Debug, Default)]
pub(super) struct BallotState {
    /// The phase.
    pub(super) phase: Undoable<BallotPhase>,
    /// b: the current ballot.
    pub(super) b: Undoable<Option<Ballot>>,
    /// p: the highest ballot accepted as prepared.
    pub(super) p: Undoable<Option<Ballot>>,
    /// p': the second highest, incompatible with p.
    pub(super) p_prime: Undoable<Option<Ballot>>,
    /// h: the highest ballot confirmed prepared; from CONFIRM on the highest one with an accepted commit.
    pub(super) h: Undoable<Option<Ballot>>,
    /// c: the lowest ballot voted to commit; from CONFIRM on the lowest one with an accepted commit.
    pub(super) c: Undoable<Option<Ballot>>,
    /// z: the value for new ballots, which takes precedence over the composite.
    pub(super) z: Undoable<Option<Value>>,
    /// The latest combination of the nomination candidates.
    pub(super) composite: Undoable<Option<Value>>,
    /// Whether a quorum is at counter b.n or above.
    pub(super) heard_from_quorum: Undoable<bool>,
    /// The version of the quorum sets for which this quorum was found. The result is valid until a set changes.
    pub(super) heard_under_sets: Undoable<Option<(u64, Option<SetClass>)>>,
    /// Whether the ballot timer is running.
    pub(super) timer_armed: Undoable<bool>,
    /// The latest own statement.
    pub(super) last: Undoable<Option<Arc<Envelope>>>,
    /// The latest own statement that was sent.
    pub(super) last_sent: Undoable<Option<Arc<Envelope>>>,
}

impl BallotState {
    /// The own statement that these variables imply. Without a current ballot it has counter 0 and is never sent.
    pub(super) fn statement(&self) -> Statement {
        let n = |ballot: &Option<Ballot>| ballot.as_ref().map_or(0, |ballot| ballot.n);
        let ballot = match &*self.b {
            Some(b) => b.clone(),
            None => Ballot::new(0, Value::from("")),
        };
        match (*self.phase, &*self.c) {
            (BallotPhase::Externalize, Some(c)) => Statement::Externalize {
                commit: c.clone(),
                n_h: n(&self.h),
            },
            (BallotPhase::Confirm, _) => Statement::Confirm {
                ballot,
                n_prepared: n(&self.p),
                n_commit: n(&self.c),
                n_h: n(&self.h),
            },
            (BallotPhase::Prepare | BallotPhase::Externalize, _) => Statement::Prepare {
                ballot,
                prepared: Option::clone(&self.p),
                prepared_prime: Option::clone(&self.p_prime),
                n_c: n(&self.c),
                n_h: n(&self.h),
            },
        }
    }

    /// Sets the variables from an own ballot statement (NOTES 69).
    pub(super) fn restore(&mut self, envelope: &Arc<Envelope>) {
        let at = |n: Counter, x: &Value| (n != 0).then(|| Ballot::new(n, x.clone()));
        match &envelope.statement {
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => {
                self.b.set(Some(ballot.clone()));
                self.p.set(prepared.clone());
                self.p_prime.set(prepared_prime.clone());
                self.h.set(at(*n_h, &ballot.x));
                self.c.set(at(*n_c, &ballot.x));
            }
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            } => {
                self.phase.set(BallotPhase::Confirm);
                self.b.set(Some(ballot.clone()));
                self.p.set(Some(Ballot::new(*n_prepared, ballot.x.clone())));
                self.h.set(Some(Ballot::new(*n_h, ballot.x.clone())));
                self.c.set(Some(Ballot::new(*n_commit, ballot.x.clone())));
            }
            Statement::Externalize { commit, n_h } => {
                let infinite = Ballot::new(Counter::MAX, commit.x.clone());
                self.phase.set(BallotPhase::Externalize);
                self.b.set(Some(infinite.clone()));
                self.p.set(Some(infinite));
                self.h.set(Some(Ballot::new(*n_h, commit.x.clone())));
                self.c.set(Some(commit.clone()));
            }
            Statement::Nominate { .. } => return,
        }
        self.last.set(Some(Arc::clone(envelope)));
        self.last_sent.set(Some(Arc::clone(envelope)));
    }

    /// Checks the invariants that hold between any two inputs.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        let check = |holds: bool, invariant| if holds { Ok(()) } else { Err(invariant) };
        match &*self.b {
            Some(b) => check(b.n != 0, "b has a counter")?,
            None => check(!*self.heard_from_quorum, "heard_from_quorum requires b")?,
        }
        if let (Some(p), Some(p_prime)) = (&*self.p, &*self.p_prime) {
            check(p_prime.is_below_incompatible(p), "p' < p and p' !~ p")?;
        }
        check(self.p.is_some() || self.p_prime.is_none(), "p' needs p")?;
        if let Some(h) = &*self.h {
            let covered = |b: &Ballot| h.is_below_compatible(b);
            check(self.b.as_ref().is_some_and(covered), "h <= b and h ~ b")?;
        }
        if let Some(c) = &*self.c {
            let covered = |h: &Ballot| c.is_below_compatible(h);
            check(self.h.as_ref().is_some_and(covered), "c <= h and c ~ h")?;
        }
        if *self.phase != BallotPhase::Prepare {
            check(self.c.is_some(), "a commit is accepted")?;
            check(self.p_prime.is_none(), "p' is empty after PREPARE")?;
        }
        Ok(())
    }

    /// Checks that nothing newer than the latest own statement was sent.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_last_sent(&self) -> Result<(), &'static str> {
        match (&*self.last_sent, &*self.last) {
            (None, _) => Ok(()),
            (Some(sent), Some(last)) if !sent.supersedes(last) => Ok(()),
            (Some(_), _) => Err("nothing newer than the last own statement was sent"),
        }
    }
}

impl Rollback for BallotState {
    fn checkpoint(&mut self) {
        self.phase.checkpoint();
        self.b.checkpoint();
        self.p.checkpoint();
        self.p_prime.checkpoint();
        self.h.checkpoint();
        self.c.checkpoint();
        self.z.checkpoint();
        self.composite.checkpoint();
        self.heard_from_quorum.checkpoint();
        self.heard_under_sets.checkpoint();
        self.timer_armed.checkpoint();
        self.last.checkpoint();
        self.last_sent.checkpoint();
    }

    fn rollback(&mut self) {
        self.phase.rollback();
        self.b.rollback();
        self.p.rollback();
        self.p_prime.rollback();
        self.h.rollback();
        self.c.rollback();
        self.z.rollback();
        self.composite.rollback();
        self.heard_from_quorum.rollback();
        self.heard_under_sets.rollback();
        self.timer_armed.rollback();
        self.last.rollback();
        self.last_sent.rollback();
    }
}
